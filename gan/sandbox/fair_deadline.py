"""Until when a process must answer: time in which other programs kept it from running does not count (Linux).

The kernel tells how long each thread stood ready and waited for a processor. A process that sleeps waits for none, so
its time is the wall clock's; one that starts more threads than there are cores waits for itself, which counts. No
TensorFlow.
"""

import contextlib
import os
import time
from typing import NamedTuple

MOST_STRETCH = 20  # times its limit: then it is over, however busy the machine is
_FIRST_LOOK = 0.25  # share of the limit that passes before anything is read: most answers come at once
_GLANCE = 0.2  # seconds between two looks, at least


class Used(NamedTuple):
    """What a process had of this machine since it began."""

    processor: float  # seconds of all threads together
    waited: float  # seconds in which the thread that waited longest was ready to run, but did not


class Waiting:
    """Counts from now on how long others keep a process waiting.

    Args:
        pid: of the process.
    """

    def __init__(self, pid: int) -> None:
        self._pid, self._begun, self._before = pid, time.monotonic(), _used_by_threads(pid)

    def seconds(self) -> float:
        """Seconds in which others had the processors that the process was ready to use; 0 if it is gone."""
        after, passed = _used_by_threads(self._pid), time.monotonic() - self._begun
        if not after:
            return 0.0
        nothing = Used(0.0, 0.0)
        new = [Used(*(b - a for a, b in zip(self._before.get(one, nothing), used))) for one, used in after.items()]
        # With threads enough to fill all cores a process waits for itself: what it got then counts.
        others = passed - sum(used.processor for used in new) / _cores(self._pid)
        return max(0.0, min(others, max(used.waited for used in new)))


class FairDeadline:
    """A deadline for a process, for framing.receive.

    Args:
        pid: of the process.
        seconds: that it may take, by the wall clock if nobody else uses the machine.
    """

    def __init__(self, pid: int, seconds: float) -> None:
        self._pid, self._seconds = pid, seconds
        self._begun = time.monotonic()
        self._waiting: Waiting | None = None

    def left(self) -> float:
        """Seconds until it is worth asking again; 0 or less if the time is over."""
        passed = time.monotonic() - self._begun
        if self._waiting is None:
            if (first := _FIRST_LOOK * self._seconds - passed) > 0:
                return first
            self._waiting = Waiting(self._pid)
        if passed >= MOST_STRETCH * self._seconds:
            return 0.0
        left = self._seconds - passed + self._waiting.seconds()
        return max(left, _GLANCE) if left > 0 else left


def _used_by_threads(pid: int) -> dict[int, Used]:
    """Thread -> what it had of the machine; {} if the system does not tell it, or the process is gone."""
    found = {}
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(OSError, ValueError):  # a thread may end meanwhile
                with open(f"/proc/{pid}/task/{thread}/schedstat", encoding="ascii") as file:
                    processor, waited, _ = (int(number) for number in file.read().split())
                found[int(thread)] = Used(processor / 1e9, waited / 1e9)
    return found


def _cores(pid: int) -> int:
    """Cores that a process may use, at least 1."""
    with contextlib.suppress(AttributeError, OSError):  # as elsewhere than on Linux
        return len(os.sched_getaffinity(pid)) or 1
    return os.cpu_count() or 1
