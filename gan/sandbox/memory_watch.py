"""One budget of memory for all confined processes: each has a limit, but all limits together promise too much.

A thread looks at what the processes take. If that is more than the budget, or if the machine has little memory left,
the process that takes the most beyond its share is ended, so that the kernel need not choose one. What a process
shares with the one that forked it counts for nobody. No TensorFlow.
"""

import contextlib
import os
import sys
import threading
from typing import NamedTuple, Protocol

from gan.sandbox import memory_groups

LOOK_SECONDS = 0.2  # between two looks
_SHARE_OF_MACHINE = 0.6  # of its memory, for all confined processes together
_SHARE_LEFT = 0.05  # of its memory; with less left, processes beyond their share are ended
_CROWDED = 0.75  # of the budget; from here on no snapshot is kept open that is not needed
_FEWEST = 2  # processes that a match needs, and that share the budget at least


class Excess(NamedTuple):
    """What a process took too much."""

    taken: int  # bytes
    share: int  # bytes that it could have taken


class Watched(Protocol):
    """A process that may be ended."""

    @property
    def pid(self) -> int | None:
        """Its number; None if it is gone."""

    def end_for_memory(self, excess: "Excess | None") -> None:
        """Ends it, since memory is short; None if others than the watched processes are the reason."""


def machine_memory() -> int | None:
    """Bytes of memory that this machine, or the container or service that we are in, has; None if nobody says."""
    try:
        found = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None
    limit = memory_groups.limit()
    return found if limit is None else min(found, limit)


def usual_budget() -> int | None:
    """Bytes for all confined processes together if nothing else is said; None if the system does not say."""
    machine = machine_memory()
    return int(machine * _SHARE_OF_MACHINE) if machine else None


class MemoryWatch:
    """Watches processes from a thread of its own, on Linux. Close it.

    Args:
        parent: pid of the process that forks them.
        budget: bytes for all of them; None for a share of this machine's memory.
    """

    def __init__(self, parent: int, budget: int | None = None) -> None:
        machine = machine_memory() or 0
        self._parent, self._budget = parent, budget or int(machine * _SHARE_OF_MACHINE)
        self._fewest_left = int(machine * _SHARE_LEFT)
        self._watched: list[Watched] = []
        self._lock, self._closed = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._watch, name="memory of snapshots", daemon=True)
        if self._budget and os.path.exists("/proc/self/statm"):
            self._thread.start()

    def add(self, process: Watched) -> None:
        """Watches a process until it is gone."""
        with self._lock:
            self._watched.append(process)

    @property
    def budget(self) -> int | None:
        """Bytes for all processes together; None if this system does not tell what they take."""
        return self._budget if self._thread.is_alive() else None

    def is_crowded(self) -> bool:
        """Whether the processes take so much that those that are not needed should be closed."""
        if not self._thread.is_alive():
            return False
        limit = self._budget * _CROWDED
        with self._lock:
            if _bytes_left() < self._fewest_left:
                return True
            return self._at_most() > limit and sum(self._taken().values()) > limit

    def close(self) -> None:
        """Ends the watch."""
        self._closed.set()
        if self._thread.is_alive():
            self._thread.join()

    def _watch(self) -> None:
        while not self._closed.wait(LOOK_SECONDS):
            with self._lock:
                self._watched = [process for process in self._watched if process.pid is not None]
                self._look()

    def _look(self) -> None:
        """Ends the process that takes the most beyond its share, if all take too much or if little memory is left."""
        is_short = _bytes_left() < self._fewest_left
        if not is_short and self._at_most() <= self._budget:
            return
        taken = self._taken()
        is_beyond = sum(taken.values()) > self._budget
        if not taken or not (is_short or is_beyond):
            return
        share = self._budget // max(_FEWEST, len(taken))
        largest = max(self._watched, key=lambda process: taken.get(process.pid or 0, 0))
        if (most := taken.get(largest.pid or 0, 0)) > share:
            largest.end_for_memory(Excess(most, share) if is_beyond else None)

    def _at_most(self) -> int:
        """Bytes that all take, roughly, which is cheap to know: those in memory beyond those of their parent."""
        shared = _resident(self._parent)
        return sum(max(0, _resident(process.pid) - shared) for process in self._watched if process.pid is not None)

    def _taken(self) -> dict[int, int]:
        """Pid -> bytes that nobody else has. The kernel counts page by page, which takes a millisecond for each."""
        pids = [process.pid for process in self._watched]
        return {pid: _private(pid, self._parent) for pid in pids if pid is not None}


def _resident(pid: int) -> int:
    with contextlib.suppress(OSError, ValueError, IndexError), open(f"/proc/{pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def _private(pid: int, parent: int) -> int:
    """Bytes of a process that it shares with none; those beyond its parent's if the system does not tell these."""
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
            return sum(int(line.split()[1]) * 1024 for line in file if line.startswith("Private_"))
    except ProcessLookupError:
        return 0
    except (OSError, ValueError, IndexError):
        return max(0, _resident(pid) - _resident(parent))


def _bytes_left() -> int:
    """Bytes that this machine and the groups that we are in can still give; as good as endless if nobody says."""
    left = memory_groups.left()
    return min(_bytes_left_of_machine(), sys.maxsize if left is None else left)


def _bytes_left_of_machine() -> int:
    with contextlib.suppress(OSError, ValueError, IndexError), open("/proc/meminfo", encoding="ascii") as file:
        for line in file:
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return sys.maxsize
