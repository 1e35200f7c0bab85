"""Signals that ask a process to stop, noted so that it can save first."""

import contextlib
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

_SECONDS_TO_UNWIND = 0.05  # until a finalizer in which a signal came is over


def is_of_signal(exit_code: int) -> bool:
    """Whether a command ended as SignalCatcher lets it end, or before it could: it can be run again to go on."""
    numbers = (signal.SIGINT, *_of_the_end())
    return exit_code in (*(128 + number for number in numbers), *(-number for number in numbers))


class Interrupted(Exception):
    """A signal came while there was nothing to save; the message says during what."""


class SignalCatcher:
    """Notes SIGINT, SIGTERM and SIGHUP, which would end the process otherwise. A second one acts as usual.

    An ignored SIGINT stays ignored: Ctrl-C does not reach what a script runs in its background.

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
        self._former = {number: signal.signal(number, self._catch) for number in (*_ctrl_c(), *_of_the_end())}
        return self

    def __exit__(self, *exception: Any) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)

    def _catch(self, number: int, frame: FrameType | None) -> None:
        self.caught = number
        signal.signal(number, self._former[number])


@contextlib.contextmanager
def interrupts_kept() -> Iterator[None]:
    """Sends a signal again if Python drops the KeyboardInterrupt that came of it in the block.

    Python drops what is raised while an object is finalized or garbage is collected, and the program would go on.
    """
    former = sys.unraisablehook
    main = threading.main_thread().ident
    again: list[threading.Timer] = []

    def hook(dropped: "sys.UnraisableHookArgs") -> None:
        if not issubclass(dropped.exc_type, KeyboardInterrupt):
            former(dropped)
            return
        number = next(iter(getattr(dropped.exc_value, "args", ())), signal.SIGINT)
        again.append(threading.Timer(_SECONDS_TO_UNWIND, signal.pthread_kill, (main, number)))
        again[-1].start()

    sys.unraisablehook = hook
    try:
        yield
    finally:
        sys.unraisablehook = former
        for timer in again:
            timer.cancel()


@contextlib.contextmanager
def terminated_as_interrupted() -> Iterator[None]:
    """Lets SIGTERM and SIGHUP end the block as Ctrl-C does, so that files are closed; then the process dies of it.

    Supervisors stop a process by SIGTERM, and look whether it died of that. SIGHUP comes from a closed terminal. Does
    nothing outside the main thread.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    caught = 0

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal caught
        caught = number
        raise KeyboardInterrupt(number)

    former = {number: signal.signal(number, interrupt) for number in (*_ctrl_c(), *_of_the_end())}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
        if caught and caught != signal.SIGINT:
            signal.raise_signal(caught)


def _of_the_end() -> list[int]:
    """The signals beside Ctrl-C that ask a process to end."""
    hangs_up = hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN  # as under nohup
    return [signal.SIGTERM, signal.SIGHUP] if hangs_up else [signal.SIGTERM]


def _ctrl_c() -> list[int]:
    """Ctrl-C, unless it is ignored, as in a script's background."""
    return [] if signal.getsignal(signal.SIGINT) is signal.SIG_IGN else [signal.SIGINT]
