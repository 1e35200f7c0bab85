"""Mistakes that a user can correct. Commands print them as one sentence and end with exit code 1."""

import errno
import os
import re
from typing import Any, NamedTuple

from gan.console import printable

_DEBUG_MARK = re.compile(r"\[?(?:https?://)?goo\.gle/debug\w+\]?:?\s*")  # that protocol buffers put before their texts
_BOLD = re.compile(r"\x1b\[1m(.+?)\x1b\[0m", re.DOTALL)
_NODE = re.compile(r"\{\{(?:function_)?node ([^{}\s]*)\}\}")  # how TensorFlow names a node
_WAYS_OUT = {
    errno.ENOSPC: "make room there, or name a folder on another disk",
    errno.EDQUOT: "your quota there is used up: delete something, or name another folder",
    errno.EFBIG: "the system limits the size of a file (ulimit -f), or the disk's format does",
    errno.EROFS: "name a folder that can be written to",
    errno.EACCES: "ask its owner for the right, or name another path",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
    errno.ENFILE: "end other programs, which have too many files open",
    errno.ENOMEM: "end other programs, or take a machine with more memory",
    errno.ENAMETOOLONG: "give it a shorter name",
    errno.EIO: "the disk may be failing; copy what is there to another one",
    errno.ESTALE: "the network drive was lost; mount it again",
}
_LONGEST = 4000  # characters of what is wrong with a snapshot


class UserError(Exception):
    """Something that the user gave is wrong; the message is one sentence that names it and what to do."""


class DataError(UserError):
    """A data file is missing, damaged or does not hold images of the expected size."""


class ProcessLost(UserError):
    """Another process of a job is gone. The job goes on if all its processes are started again."""


class Fault(NamedTuple):
    """What went wrong, as it is stored: a code, and what completes its sentence. contest.faults makes the sentence."""

    code: str  # a key of contest.faults.SENTENCES
    parameters: dict[str, Any]  # what JSON can hold, or another Fault

    def __hash__(self) -> int:  # a dict has none
        return hash(self.code)


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


class BucketRefused(UserError):
    """A bucket answers that it does not do what was asked: a setting of the bucket, or a file in it, is to blame.

    Args:
        message: the sentence, with the path and the server's own words.
        fault: the same as a Fault, without them; None for OTHER.
        is_certain: whether the answer tells of this bucket alone, whoever asks. If not, the credentials in use may be
            to blame as well.
    """

    def __init__(self, message: str, fault: Fault | None = None, is_certain: bool = False) -> None:
        super().__init__(message)
        self.fault = fault or Fault(OTHER, {"text": message})
        self.is_certain = is_certain


class NoPermission(BucketRefused):
    """The credentials in use give no access to a bucket."""

    def __init__(self, message: str) -> None:
        super().__init__(message, Fault("bucket_closed", {"reason": "no permission"}))


class BucketSilent(UserError):
    """A bucket did not answer, or its server failed: to ask again may help."""

    fault = Fault("bucket_silent", {})


class StateError(UserError):
    """A folder cannot be used as asked: it is missing, in use, not writable, full, or of other networks."""


def of_system(error: OSError, named: bool = False) -> str:
    """One sentence for what the system refused: the path, the system's words, and a way out.

    Args:
        error: of the system.
        named: whether the reader knows the path already.
    """
    if named:
        error = OSError(error.errno, error.strerror or str(error))
    where = f"{printable.escaped(os.fsdecode(error.filename))}: " if isinstance(error.filename, (str, bytes)) else ""
    way_out = _WAYS_OUT.get(error.errno or 0)
    return f"{where}{error.strerror or error}{f'; {way_out}' if way_out else ''}"


def reason(error: BaseException) -> str:
    """The sentence in a message of many lines by TensorFlow or Keras that says what went wrong."""
    message = str(getattr(error, "message", None) or error)
    if bold := _BOLD.search(message):  # as Keras 3 marks it
        message = bold[1]
    message = _NODE.sub(r"\1", _DEBUG_MARK.sub("", message))
    lines = message.partition("Original stack trace")[0].partition("\n\t [[")[0].strip().splitlines()
    nodes = [index for index, line in enumerate(lines) if line.startswith("Node: ")]
    if nodes:  # the lines before say in which place of the code
        return (lines[nodes[-1] + 1 :] or lines)[0]
    return (lines or [type(error).__name__])[-1 if message.startswith("Graph execution error") else 0]
