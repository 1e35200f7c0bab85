"""Mistakes that a user can mend. Commands print them as one sentence and leave with exit code 1."""

from gan import printable

_LONGEST = 1000  # characters of what is wrong with a snapshot


class UserError(Exception):
    """Something given by the user is wrong; the message is one sentence that names it and the way out."""


class DataError(UserError):
    """A data file is missing, damaged or holds something other than images of the expected size."""


class ContractError(UserError):
    """A snapshot breaks a rule of the contest's contract; the message says which.

    Args:
        message: the sentence.
        why: the same without the snapshot's path, for those who know which one it is; None for the message itself.
    """

    def __init__(self, message, why=None):
        super().__init__(message)
        self.why = why or message

    @classmethod
    def of(cls, path, why):
        """The error for the snapshot at a path; `why` says what is wrong with it."""
        why = printable.cleaned(str(why))[:_LONGEST]  # strangers choose the names of what they hand in
        return cls(f"{printable.cleaned(str(path))} breaks the contract: {why}", why)


class HostError(UserError):
    """This machine failed, not a team: no process could be started, or one was killed from outside."""


class NoPermission(UserError):
    """A bucket is closed to whoever asks."""


class StateError(UserError):
    """A training directory cannot be used as asked: not writable, full, or of other networks."""


def reason(error):
    """The sentence in TensorFlow's many-lined message that says what went wrong."""
    message = str(getattr(error, "message", None) or error)
    told = message.partition("Original stack trace")[0].partition("\n\t [[")[0].strip().splitlines()
    nodes = [index for index, line in enumerate(told) if line.startswith("Node: ")]
    if nodes:  # what comes before says where
        return (told[nodes[-1] + 1 :] or told)[0]
    return (told or [type(error).__name__])[-1 if message.startswith("Graph execution error") else 0]
