"""Mistakes that a user can mend. Commands print them as one sentence and leave with exit code 1."""

from typing import Any, NamedTuple

from gan.console import printable

_LONGEST = 1000  # characters of what is wrong with a snapshot


class UserError(Exception):
    """Something given by the user is wrong; the message is one sentence that names it and the way out."""


class DataError(UserError):
    """A data file is missing, damaged or holds something other than images of the expected size."""


class Fault(NamedTuple):
    """What went wrong, as it is stored: a code, and what completes its sentence. contest.faults makes the sentence."""

    code: str  # a key of contest.faults.SENTENCES
    parameters: dict[str, Any]  # what JSON can hold


OTHER = "other"  # code of what has no sentence of its own; its parameter `text` is the whole sentence


class ContractError(UserError):
    """A snapshot breaks a rule of the contest's contract; the message says which.

    Args:
        message: the sentence.
        why: the same without the snapshot's path, for those who know which one it is; None for the message itself.
        fault: the same as a Fault; None for OTHER.
    """

    def __init__(self, message: str, why: str | None = None, fault: Fault | None = None) -> None:
        super().__init__(message)
        self.why = why or message
        self.fault = fault or Fault(OTHER, {"text": self.why})

    @classmethod
    def of(cls, path: str, why: object) -> "ContractError":
        """The error for the snapshot at a path; `why` says what is wrong with it, a sentence or a ContractError."""
        fault = why.fault if isinstance(why, ContractError) else None
        why = printable.cleaned(str(why))[:_LONGEST]  # strangers choose the names of what they hand in
        return cls(f"{printable.cleaned(str(path))} breaks the contract: {why}", why, fault)


class HostError(UserError):
    """This machine failed, not a team: no process could be started, or one was killed from outside.

    Args:
        message: the sentence.
        fault: the same as a Fault; None for OTHER.
    """

    def __init__(self, message: str, fault: Fault | None = None) -> None:
        super().__init__(message)
        self.fault = fault or Fault(OTHER, {"text": message})


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
