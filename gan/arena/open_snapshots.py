"""Keeps the snapshots of teams open, each in its confined process, so that a match need not open them again.

No TensorFlow in this process.
"""

import collections
import contextlib
import os
import shutil
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from gan.arena import notes
from gan.arena.schema import Team
from gan.console.errors import (
    OTHER,
    BucketRefused,
    BucketSilent,
    ContractError,
    Fault,
    HostError,
    StateError,
    UserError,
)
from gan.contest import faults
from gan.sandbox import child_process, memory_watch, sandbox, staging
from gan.sandbox.sandbox import SandboxedSnapshot

PAUSES = (0.0, 1.0, 5.0)  # seconds before each try of what fails by this machine's fault
FEWEST_OPEN, MOST_OPEN = 8, 128  # snapshots that are kept open at a time, by the machine's memory
_IN_TWO_MATCHES = 4
_MEMORY_OF_ONE = 64 * 2**20  # bytes, of half of the machine's; most take less; for others see sandbox.memory_watch

_Done = TypeVar("_Done")


class MachineFailed(Exception):
    """This machine failed again and again.

    Args:
        fault: of the last time.
    """

    def __init__(self, fault: Fault) -> None:
        super().__init__(faults.sentence(fault))
        self.fault = fault


def usual_number() -> int:
    """How many snapshots this machine can keep open at a time."""
    memory = memory_watch.machine_memory()
    if memory is None:
        return FEWEST_OPEN
    return max(FEWEST_OPEN, min(MOST_OPEN, memory // 2 // _MEMORY_OF_ONE))


class OpenSnapshots:
    """The snapshots that are open, the ones used last, and the sandbox that they run in. Use as a context manager.

    Args:
        folder: with the copies of all that was handed in; what a killed copying left there is removed.
        size: pixels of an image.
        limits: what a snapshot may use.
        most: snapshots to keep open at a time, 2 or more: to open one again takes longer than a half round.

    Attributes:
        folder: as given.
        isolation: how well this machine confines snapshots.
    """

    def __init__(self, folder: str, size: int, limits: child_process.SandboxLimits, most: int) -> None:
        self.folder, self._size, self._limits, self._most = folder, size, limits, most
        self._sandbox: sandbox.Sandbox | None = None
        self._open: collections.OrderedDict[str, SandboxedSnapshot] = collections.OrderedDict()  # by digest
        self._deaths: collections.Counter[str] = collections.Counter()  # of processes, by digest
        self._expected: list[SandboxedSnapshot] = []
        self._must_hold: tuple[str, ...] = ()
        try:
            self.isolation = self._running_sandbox().isolation()
            self._must_hold = self.isolation.held
            staging.clear(folder)
        except BaseException:
            self.restart()
            raise

    def __enter__(self) -> "OpenSnapshots":
        return self

    def __exit__(self, *_: object) -> None:
        self.restart()

    def open(self, staged: staging.Staged) -> SandboxedSnapshot:
        """A snapshot, opened unless it is open.

        If there are too many, one that is needed last, or else the one unused for longest, is closed.
        """
        opened = self._open.pop(staged.digest, None)
        if opened is None or opened.closed:
            while len(self._open) >= self._most or len(self._open) > 1 and self._running_sandbox().is_crowded():
                self._open.popitem(last=False)[1].close()
            opened = self._running_sandbox().start(staged, self._size, deaths=self._deaths)
        self._open[staged.digest] = opened
        return opened

    def start(self, staged: staging.Staged, size: int) -> SandboxedSnapshot:
        """Opens a snapshot for a moment, beside those that are kept open; the caller closes it."""
        return self._running_sandbox().start(staged, size)

    def open_kept(self, team: Team) -> SandboxedSnapshot:
        """The snapshot that a team handed in, from the copy that was kept; raises HostError if the copy is gone."""
        digest = team.snapshot or ""
        staged = staging.restage(self.folder, digest, team.path)
        if staged is None:
            copy = os.path.join(self.folder, digest)
            raise faults.host_failure(notes.COPY_GONE, team=team.name, path=copy)
        return self.open(staged)

    def expect(self, teams: Sequence[Team]) -> None:
        """Begins to open what these teams handed in, if there is room, and waits for none.

        What goes wrong shows again when the snapshot is used.

        Args:
            teams: of the next match.
        """
        self._expected = []
        if self._most < _IN_TWO_MATCHES or self._running_sandbox().is_crowded():
            return
        for team in teams:
            if team.snapshot and not team.fault:
                with contextlib.suppress(UserError, OSError):
                    self._expected.append(self.open_kept(team))

    def await_expected(self) -> None:
        """Waits until all that `expect` began to open is open, or has failed."""
        for snapshot in self._expected:
            if not snapshot.closed:
                with contextlib.suppress(UserError, OSError):
                    snapshot.wait()

    def close(self, digest: str | None) -> None:
        """Closes a snapshot that is not needed soon: others stay open for longer."""
        if digest is not None and digest in self._open:
            with contextlib.suppress(HostError):  # gone already
                self._open.pop(digest).close()

    def needed_last(self, digest: str | None) -> None:
        """Lets a snapshot be the first to be closed if there are too many: all others are needed before it."""
        if digest is not None and digest in self._open:
            self._open.move_to_end(digest, last=False)

    def close_all(self) -> None:
        """Closes all snapshots, to leave the memory to others."""
        while self._open:
            with contextlib.suppress(HostError):  # gone already
                self._open.popitem()[1].close()

    def remove(self, digest: str) -> None:
        """Closes a snapshot and removes the copy of its files."""
        self.close(digest)
        shutil.rmtree(os.path.join(self.folder, digest), ignore_errors=True)

    def forget_deaths(self, digest: str | None) -> None:
        """Counts the deaths of a snapshot's process from 0 again, as after a match."""
        self._deaths.pop(digest or "", None)

    def restart(self) -> None:
        """Ends all processes; the next snapshot is opened in a new sandbox."""
        self._open.clear()
        ended, self._sandbox = self._sandbox, None
        if ended:
            ended.close()

    def try_often(self, action: Callable[[], _Done], on_failure: Callable[[int, Fault], None]) -> _Done:
        """Tries something three times, with new processes if the sandbox failed.

        Args:
            action: what to do.
            on_failure: called with the number of the try, from 1, and with what this machine failed at; it may raise
                MachineFailed to end the tries.

        Raises:
            ContractError, StateError: from `action`, at once: to try again would not help.
            MachineFailed: this machine failed each time.
        """
        failed = Fault(OTHER, {"text": "nothing was tried"})
        for attempt, pause in enumerate(PAUSES, 1):
            time.sleep(pause)
            try:
                return action()
            except (ContractError, StateError):
                raise
            except (BucketRefused, BucketSilent) as error:  # it was asked often enough, beside the others
                on_failure(attempt, Fault(OTHER, {"text": str(error)}))  # in the server's words, for the organiser
                raise MachineFailed(notes.of(error)) from error
            except (UserError, OSError) as error:
                failed = notes.of(error)
                if isinstance(error, HostError) and failed.code != notes.COPY_GONE:
                    self.restart()
                on_failure(attempt, failed)
                if failed.code == notes.COPY_GONE:  # it does not come back by itself
                    break
        raise MachineFailed(failed)

    def _running_sandbox(self) -> sandbox.Sandbox:
        if self._sandbox is None:
            self._sandbox = sandbox.Sandbox(self._limits, self.folder, self._must_hold)
        return self._sandbox
