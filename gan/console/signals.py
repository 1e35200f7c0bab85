"""Signals that ask a process to stop, noted so that it can save first."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any


class Interrupted(Exception):
    """A signal came while there was nothing to save; the message says during what."""


class SignalCatcher:
    """Notes SIGINT, SIGTERM and SIGHUP, which would end the process otherwise. A second one acts as usual.

    Use as a context manager, in the main thread.

    Attributes:
        caught: the signal's number, or None.
    """

    def __init__(self) -> None:
        self.caught: int | None = None
        self._former: dict[int, Any] = {}

    @property
    def exit_code(self) -> int:
        """128 + the signal's number, or 0 if none came."""
        return 128 + self.caught if self.caught else 0

    def __enter__(self) -> "SignalCatcher":
        self._former = {number: signal.signal(number, self._catch) for number in (signal.SIGINT, *_of_the_end())}
        return self

    def __exit__(self, *exception: Any) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)

    def _catch(self, number: int, frame: FrameType | None) -> None:
        self.caught = number
        signal.signal(number, self._former[number])


@contextlib.contextmanager
def terminated_as_interrupted() -> Iterator[Callable[[], None]]:
    """Lets SIGTERM and SIGHUP end the block as Ctrl-C does, so that files are closed; then the process dies of it.

    Supervisors stop a process by SIGTERM, and look whether it died of that. SIGHUP comes from a closed terminal. Does
    nothing outside the main thread.

    Yields:
        What raises KeyboardInterrupt if a signal came. Call it now and then: Python drops what a signal raises while
        it finalizes an object.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: None
        return
    caught = 0

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal caught
        caught = number
        raise KeyboardInterrupt

    def check() -> None:
        if caught:
            raise KeyboardInterrupt

    ctrl_c = [] if signal.getsignal(signal.SIGINT) is signal.SIG_IGN else [signal.SIGINT]  # as in a script's background
    former = {number: signal.signal(number, interrupt) for number in (*ctrl_c, *_of_the_end())}
    try:
        yield check
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
        if caught and caught != signal.SIGINT:
            signal.raise_signal(caught)


def _of_the_end() -> list[int]:
    """The signals beside Ctrl-C that ask a process to end."""
    hangs_up = hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN  # as under nohup
    return [signal.SIGTERM, signal.SIGHUP] if hangs_up else [signal.SIGTERM]
