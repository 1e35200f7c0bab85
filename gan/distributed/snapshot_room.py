"""Where a worker keeps and opens snapshots that were sent to it, each in a confined process. No TensorFlow.

Such a room is the result of a call of the worker, and stays with it. Dask drops it when the process that asked for it
drops it or is gone; then its processes end and its files are removed.
"""

import collections
import contextlib
import hashlib
import importlib.metadata
import os
import tempfile
import threading
import weakref
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from gan.console.errors import HostError
from gan.distributed import code_version
from gan.distributed.code_version import CodeVersion
from gan.random_noise_generator import Use, uniform_noise
from gan.sandbox import memory_watch, sandbox, staging
from gan.sandbox.child_process import SandboxLimits
from gan.sandbox.sandbox import SandboxedSnapshot

_HOUSE_TEAM = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "house_team")
_HOUSE_PIXELS, _PROBED_IMAGES = 2500, 15
_FEWEST_OPEN = 4
_PASSABLE = 0o711  # a folder in which confined processes, of other users, open their snapshots
_MEMORY_OF_ONE = 64 * 2**20  # bytes; most snapshots take less


class RoomPlan(NamedTuple):
    """What a worker gets before its first job.

    Attributes:
        size: pixels of an image.
        limits: what a snapshot may use.
        most_open: snapshots to keep open at a time; fewer if the worker has little memory.
        shared: what all jobs need, such as real images.
    """

    size: int
    limits: SandboxLimits
    most_open: int
    shared: Any


class RoomReport(NamedTuple):
    """What must be the same at home and at a worker."""

    code: CodeVersion
    held: tuple[str, ...]  # layers of sandbox.confinement
    missing: dict[str, str]  # layer -> why not
    bits: str  # of numbers that the house team's networks give here


class SnapshotRoom:
    """Opens snapshots from files that were sent here, and keeps those open that were used last.

    Args:
        plan: what it is for.
        neighbours: workers on this machine, this one included: they share its memory.
        folder: in which a folder for the files is made; None for the system's.

    Attributes:
        plan: as given.
        isolation: how well this machine confines snapshots.
        lock: of who works here; a worker may have several threads.

    Raises:
        HostError: no process can be confined here.
    """

    def __init__(self, plan: RoomPlan, neighbours: int = 1, folder: str | None = None) -> None:
        self.plan, self.lock = plan, threading.Lock()
        budget = plan.limits.all_memory or memory_watch.usual_budget()
        share = budget // neighbours if budget else None
        self._limits = plan.limits._replace(all_memory=share)
        fitting = share // _MEMORY_OF_ONE if share else plan.most_open
        self.most_open = max(_FEWEST_OPEN, min(plan.most_open, fitting))
        self._open: collections.OrderedDict[str, SandboxedSnapshot] = collections.OrderedDict()  # by digest
        self._resources = contextlib.ExitStack()
        self.close = weakref.finalize(self, self._resources.close)
        self._folder = self._resources.enter_context(
            tempfile.TemporaryDirectory(prefix="gan-room-", dir=folder, ignore_cleanup_errors=True)
        )
        os.chmod(self._folder, _PASSABLE)
        self._sandbox = self._resources.enter_context(sandbox.Sandbox(self._limits, self._folder))
        self.isolation = self._sandbox.isolation()

    def keep(self, digest: str, content: Mapping[str, bytes]) -> None:
        """Keeps the files of a snapshot, as staging.packed gives them; raises HostError or OSError if it cannot."""
        staging.unpack(self._folder, digest, content)

    def open(self, digest: str, path: str) -> SandboxedSnapshot:
        """A snapshot, opened unless it is open; if there are too many, the one unused for longest is closed.

        Args:
            digest: of its files, which `keep` has kept.
            path: to be shown.

        Raises:
            HostError: this machine failed.
        """
        opened = self._open.pop(digest, None)
        if opened is None or opened.closed:
            while len(self._open) >= self.most_open or len(self._open) > 1 and self._sandbox.is_crowded():
                self._open.popitem(last=False)[1].close()
            staged = staging.restage(self._folder, digest, path)
            if staged is None:
                raise HostError(f"the files of {path} were not sent to this worker")
            opened = self._sandbox.start(staged, self.plan.size)
        self._open[digest] = opened
        return opened

    def restart(self) -> None:
        """Ends all processes, after this machine failed; the next snapshot is opened in a new sandbox."""
        self._open.clear()
        with contextlib.suppress(HostError):
            self._sandbox.close()
        self._sandbox = sandbox.Sandbox(self._limits, self._folder, self.isolation.held)
        self._resources.callback(self._sandbox.close)

    def report(self) -> RoomReport:
        """Tells what must be the same at home and at a worker; raises HostError if this machine failed."""
        return report(self._sandbox.start, self.isolation)


def report(start: Callable[[staging.Staged, int], SandboxedSnapshot], isolation: sandbox.Isolation) -> RoomReport:
    """Tells what must be the same at home and at a worker.

    Args:
        start: opens a snapshot of so many pixels.
        isolation: how well it is confined.

    Raises:
        HostError: this machine failed.
    """
    with tempfile.TemporaryDirectory(prefix="gan-room-", ignore_cleanup_errors=True) as folder:
        os.chmod(folder, _PASSABLE)
        staged = staging.stage(_HOUSE_TEAM, folder)
        with contextlib.closing(start(staged, _HOUSE_PIXELS)) as house:
            images = house.generate(uniform_noise(_PROBED_IMAGES, Use.EVALUATION_NOISE))
            said = house.discriminate(images, 1)
    tensorflow = importlib.metadata.version("tensorflow").encode()
    bits = hashlib.sha256(tensorflow + images.tobytes() + said.tobytes()).hexdigest()
    return RoomReport(code_version.here(), isolation.held, isolation.missing, bits)


def open_room(plan: RoomPlan, neighbours: int) -> SnapshotRoom:
    """What a worker is asked for first."""
    from dask.distributed import get_worker

    return SnapshotRoom(plan, neighbours, get_worker().local_directory)


def report_of(room: SnapshotRoom) -> RoomReport:
    """What a worker is asked for next; see SnapshotRoom.report."""
    return room.report()


def keep_in(room: SnapshotRoom, digest: str, content: Mapping[str, bytes]) -> str:
    """Lets a worker keep a snapshot's files; returns the digest."""
    room.keep(digest, content)
    return digest


def why_refused(home: RoomReport, worker: RoomReport, other_bits: bool = False) -> str | None:
    """Why a worker cannot take part, as the end of a sentence; None if it can.

    Args:
        home: of the machine that gives the work.
        worker: of the worker.
        other_bits: whether it may compute slightly other numbers.
    """
    if why := code_version.why_refused(worker.code):
        return why
    if lost := [layer for layer in home.held if layer not in worker.held]:
        layers = ", ".join(f"{layer} ({worker.missing.get(layer, 'unknown')})" for layer in lost)
        return f"it cannot confine snapshots as this machine does: {layers}"
    if home.bits != worker.bits and not other_bits:
        return (
            "its processor or its TensorFlow gives other numbers than this machine's, so that results would depend on "
            "who played; --allow_other_bits takes it all the same"
        )
    return None
