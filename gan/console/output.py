"""Standard output and standard error that never end the work: what nobody can read is escaped or dropped.

A terminal may lack a character, a reader may have gone (`| head`), a disk under `> log` may be full. No TensorFlow.
"""

import contextlib
import errno
import io
import os
import sys
from collections.abc import Iterator
from typing import Any

_GONE = {errno.EPIPE, errno.EIO}  # nobody reads any more: the reader of a pipe, or a terminal, was closed


class LastingStream:
    """A text stream that goes on as if all were well after what is written to it can be written no more.

    Args:
        stream: where to write.

    Attributes:
        lost: the error that ended it; None if all was written.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.lost: Exception | None = None
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")

    def write(self, text: str) -> int:
        """Writes a text, with escapes for characters that the stream's encoding lacks."""
        try:
            try:
                self._stream.write(text)
            except UnicodeEncodeError:  # a stream that cannot be reconfigured
                encoding = self._stream.encoding
                self._stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        except (OSError, ValueError) as error:  # a closed file raises ValueError
            self._lose(error)
        return len(text)

    def flush(self) -> None:
        """Brings what was written to whoever reads it."""
        try:
            self._stream.flush()
        except (OSError, ValueError) as error:
            self._lose(error)

    def _lose(self, error: Exception) -> None:
        """Notes the error, and drops all further output, also that of other libraries."""
        if self.lost is not None:
            return
        self.lost = error
        with contextlib.suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)
        if isinstance(error, OSError) and error.errno not in _GONE and sys.stderr is not self:
            print(f"the output cannot be written ({error.strerror}); the work goes on without it", file=sys.stderr)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextlib.contextmanager
def lasting() -> Iterator[None]:
    """Makes sys.stdout and sys.stderr lasting for the time of a `with` block."""
    _open_missing()
    former = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (each if isinstance(each, LastingStream) else LastingStream(each) for each in former)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        sys.stdout, sys.stderr = former


def announce(line: str) -> None:
    """Prints a line that people need to see, such as where the work was saved: to stderr if nobody reads stdout."""
    print(line, flush=True)
    if getattr(sys.stdout, "lost", None):
        print(line, file=sys.stderr, flush=True)


def _open_missing() -> None:
    """Opens what was closed before the process began (`>&-`), so that no other file gets its number."""
    if sys.stdin is not None and sys.stdout is not None and sys.stderr is not None:
        return
    while (opened := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(opened, True)
    os.close(opened)
    sys.stdin = sys.stdin or io.TextIOWrapper(io.FileIO(0, closefd=False), encoding="utf-8")
    sys.stdout = sys.stdout or io.TextIOWrapper(io.FileIO(1, "w", closefd=False), encoding="utf-8")
    sys.stderr = sys.stderr or io.TextIOWrapper(io.FileIO(2, "w", closefd=False), encoding="utf-8")
