"""Hands jobs to the workers of a pool, and takes their results in any order. No TensorFlow.

Each worker first opens a room, and is refused if something is different there. Jobs of one block need the same
snapshots, so a worker goes on with its block as long as there are jobs of it. What a lost worker had is handed to
others. A job that is lost again and again is given back to the caller.
"""

import collections
import dataclasses
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from gan.console.errors import HostError
from gan.distributed import snapshot_room, worker_pool
from gan.distributed.attendance import SECONDS_BETWEEN_LOOKS, Attendance
from gan.distributed.snapshot_room import RoomPlan, RoomReport, SnapshotRoom
from gan.distributed.worker_pool import WorkerPool, first_line, host_of

_AHEAD = 2  # jobs that a worker has at a time: it need not wait for the next one
_MOST_TRIES = 3  # of a job whose workers are lost or fail, and of a worker that fails


@dataclasses.dataclass(frozen=True, eq=False)
class Job:
    """A piece of work for one worker.

    Attributes:
        block: jobs of the same block need the same snapshots.
        function: of a module; takes the worker's SnapshotRoom and `argument`.
        argument: for the function.
        snapshots: digests of the snapshots that must be there.
    """

    block: int
    function: Callable[[SnapshotRoom, Any], Any]
    argument: Any
    snapshots: tuple[str, ...]


class Callbacks(NamedTuple):
    """What a dispatcher asks its caller.

    Attributes:
        home: tells what a worker must have in common with this machine.
        files: digest -> name -> content, of a snapshot's files; raises HostError if they are gone.
        take: is given a job and its result, or None if nobody could do it. Returns what went wrong that is no team's
            fault but perhaps the worker's; None if nothing did.
        say: prints a line.
        is_stopped: whether no more jobs are to be begun.
    """

    home: Callable[[], RoomReport]
    files: Callable[[str], Mapping[str, bytes]]
    take: Callable[[Job, Any], str | None]
    say: Callable[[str], None]
    is_stopped: Callable[[], bool] = lambda: False


@dataclasses.dataclass
class _Worker:
    """A worker that is there."""

    address: str
    room: Any  # call that opens it
    checked: Any  # see attendance.Member
    block: int | None = None
    failures: int = 0  # calls in a row that came to nothing
    problems: int = 0  # jobs in a row in which something went wrong that is no team's
    kept: dict[str, Any] = dataclasses.field(default_factory=dict)  # digest -> call that keeps it; None once it has
    begun: dict[Any, Job] = dataclasses.field(default_factory=dict)  # call -> job


class Dispatcher:
    """Has the workers of a pool do jobs.

    Args:
        pool: of the workers.
        plan: of their rooms.
        other_bits: whether workers may take part that compute slightly other numbers.
        callbacks: of the caller.
    """

    def __init__(self, pool: WorkerPool, plan: RoomPlan, other_bits: bool, callbacks: Callbacks) -> None:
        self._pool, self._plan, self._other_bits, self._ask = pool, plan, other_bits, callbacks
        self._waiting: collections.deque[Job] = collections.deque()
        self._attendance = Attendance(pool, callbacks.say, self._join, self._why_refused, self._put_back)
        self._tries: collections.Counter[Job] = collections.Counter()
        self._home: RoomReport | None = None
        self._is_one_of_each_host = False

    def run(self, jobs: Iterable[Job], one_of_each_host: bool = False) -> None:
        """Has all jobs done, or gives them back to the caller. Workers keep their rooms until `close`.

        Args:
            jobs: what is to be done.
            one_of_each_host: gives jobs to one worker of each machine alone, one at a time, so that nobody disturbs it.

        Raises:
            PoolLost: the scheduler or all workers are gone.
            UserError: no worker may take part.
        """
        self._waiting.extend(jobs)
        if not self._waiting:
            return
        self._is_one_of_each_host = one_of_each_host
        self._attendance.look()  # for workers, which prepare themselves meanwhile
        self._home = self._home or self._ask.home()
        self._attendance.wait_anew()
        while (self._waiting and not self._ask.is_stopped()) or self._begun():
            self._attendance.look()
            self._attendance.check()
            if not self._ask.is_stopped():
                self._hand_out()
            self._take_results()

    def close(self) -> None:
        """Drops all calls, so that the rooms of the workers close."""
        self._attendance.members.clear()

    @property
    def _workers(self) -> list[_Worker]:
        return list(self._attendance.members.values())

    def _begun(self) -> list[Any]:
        return [call for worker in self._workers for call in worker.begun]

    def _join(self, address: str, neighbours: int) -> _Worker:
        room = self._pool.submit(address, snapshot_room.open_room, self._plan, neighbours)
        return _Worker(address, room, self._pool.submit(address, snapshot_room.report_of, room))

    def _why_refused(self, report: RoomReport) -> str | None:
        assert self._home
        return snapshot_room.why_refused(self._home, report, self._other_bits)

    def _put_back(self, lost: _Worker) -> None:
        """Lets others do what a worker had begun."""
        for number, job in enumerate(lost.begun.values()):
            if number == 0:  # the others waited behind it
                self._note_try(job)
            else:
                self._waiting.appendleft(job)

    def _note_try(self, job: Job) -> None:
        self._tries[job] += 1
        if self._tries[job] >= _MOST_TRIES:
            self._ask.take(job, None)
        else:
            self._waiting.appendleft(job)

    def _hand_out(self) -> None:
        for worker in self._takers():
            ahead = 1 if self._is_one_of_each_host else _AHEAD
            while len(worker.begun) < ahead and self._waiting:
                job = self._next_job(worker)
                worker.block = job.block
                try:
                    calls = [self._kept(worker, digest) for digest in job.snapshots]
                except HostError:  # which the caller will see, too
                    self._ask.take(job, None)
                    continue
                needed = [call for call in calls if call is not None]
                call = self._pool.submit(worker.address, _do, worker.room, needed, job.function, job.argument)
                worker.begun[call] = job

    def _takers(self) -> list[_Worker]:
        """The workers that jobs are given to."""
        takers = [worker for worker in self._workers if worker.checked is None]
        if not self._is_one_of_each_host:
            return takers
        busy = [worker for worker in takers if worker.begun]
        return list({host_of(worker.address): worker for worker in reversed([*busy, *takers])}.values())

    def _kept(self, worker: _Worker, digest: str) -> Any:
        """The call that has a worker keep a snapshot; None once it is done: Dask remembers what a call was given."""
        if digest not in worker.kept:
            files = self._ask.files(digest)
            worker.kept[digest] = self._pool.submit(worker.address, snapshot_room.keep_in, worker.room, digest, files)
        call = worker.kept[digest]
        if call is not None and call.status == "finished":
            worker.kept[digest] = None
        return worker.kept[digest]

    def _next_job(self, worker: _Worker) -> Job:
        """The next one of the worker's block; else of a block that nobody has; else any."""
        taken = {other.block for other in self._workers}
        chosen = next((job for job in self._waiting if job.block == worker.block), None)
        chosen = chosen or next((job for job in self._waiting if job.block not in taken), None)
        chosen = chosen or self._waiting[0]
        self._waiting.remove(chosen)
        return chosen

    def _take_results(self) -> None:
        calls = self._begun() + [one.checked for one in self._workers if one.checked is not None]
        if not calls:
            time.sleep(SECONDS_BETWEEN_LOOKS / 4)
            return
        done = set(self._pool.wait(calls, SECONDS_BETWEEN_LOOKS))
        for worker in self._workers:
            for call in [call for call in worker.begun if call in done]:
                if worker.address in self._attendance.members:
                    self._take(worker, call)

    def _take(self, worker: _Worker, call: Any) -> None:
        job = worker.begun.pop(call)
        try:
            result = worker_pool.result_of(call)
        except worker_pool.ResultLost:  # if its worker is, too, the attendance will tell
            worker.begun[call] = job
            return
        except Exception as error:
            self._note_try(job)
            worker.failures += 1
            if worker.failures >= _MOST_TRIES:
                why = f"it failed {_MOST_TRIES} times, the last time with: {first_line(error)}"
                self._attendance.refuse(worker.address, why)
            return
        worker.failures = 0
        if self._ask.take(job, result):
            worker.problems += 1
        else:
            worker.problems = 0
        if worker.problems >= _MOST_TRIES:  # a snapshot may be the reason, so the worker is checked
            worker.problems = 0
            worker.checked = self._pool.submit(worker.address, snapshot_room.report_of, worker.room)


def _do(room: SnapshotRoom, kept: Sequence[str], function: Callable[[SnapshotRoom, Any], Any], argument: Any) -> Any:
    """What a worker does; `kept` are there when it begins."""
    with room.lock:
        return function(room, argument)
