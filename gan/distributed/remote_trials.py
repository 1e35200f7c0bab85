"""Trials of a sweep on the workers of a scheduler, one at a time on each. No TensorFlow.

A worker has no disk in common with the sweep: it gets the training data when it joins, and with each trial what the
trial's folder holds. While the trial trains, the sweep's folder gets what it saves, so that another worker can go on
from there if this one is lost or if the sweep is killed; when it has ended, or was stopped, it gets all of its files.
"""

import os
import time
from collections.abc import Callable, Mapping
from typing import Any

from gan.distributed import code_version, trial_room
from gan.distributed.attendance import SECONDS_BETWEEN_LOOKS, Attendance
from gan.distributed.trial_process import SECONDS_TO_SAVE
from gan.distributed.trial_room import TrialData, TrialFiles, TrialState
from gan.distributed.worker_pool import ResultLost, WorkerPool, first_line, result_of
from gan.training.quality_record import QualityLine

_SECONDS_BETWEEN_COPIES = 20.0  # of what a trial saves: a state has some megabytes


class RemoteTrial:
    """A trial that a worker trains.

    Args:
        call: asks the worker something: a function of trial_room, and what it takes beside the room.
        train_dir: folder of this trial, on disk here.
        flags: of train, but train_dir.

    Attributes:
        is_lost: whether its worker is gone, or failed.
    """

    def __init__(self, call: Callable[..., Any], train_dir: str, flags: Mapping[str, Any]) -> None:
        self._call, self._train_dir = call, train_dir
        self._state = TrialState(None, [], "", 0)
        self._copied, self._next_copy = 0, time.monotonic() + _SECONDS_BETWEEN_COPIES  # TrialState.saved; when
        self._exit_code: int | None = None
        self.is_lost = False
        name, content = os.path.basename(train_dir), trial_room.packed(train_dir)
        self._asked = self._begun = call(trial_room.begin, name, dict(flags), content)
        self._is_fetching = False

    @property
    def exit_code(self) -> int | None:
        """How it ended, once its files are here; None before."""
        if self._exit_code is None and not self.is_lost and self._asked.done():
            self._advance()
        return self._exit_code

    def measured(self) -> list[QualityLine]:
        """What was measured so far."""
        return self._state.measured

    def last_line(self) -> str:
        """The last line that it printed."""
        return self._state.last_line

    def ask_to_stop(self) -> None:
        """Asks it to end its step, to save and to end."""
        if not self.is_lost:
            self._stopping = self._call(trial_room.stop, self._begun)

    def wait(self, seconds: float = SECONDS_TO_SAVE) -> None:
        """Waits until it has ended and its files are here; kills it after some seconds."""
        self._wait_for_files(seconds)
        if self.exit_code is None and not self.is_lost and not self._is_fetching:
            self._is_fetching, self._asked = True, self._call(trial_room.content_of, True)
        self._wait_for_files(seconds)

    def _wait_for_files(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while self.exit_code is None and not self.is_lost and time.monotonic() < end:
            time.sleep(SECONDS_BETWEEN_LOOKS / 4)

    def _advance(self) -> None:
        """Goes on after an answer: looks again, or fetches the files of a trial that has ended."""
        try:
            answer = result_of(self._asked)
        except ResultLost:  # if its worker is, too, the attendance will tell
            return
        except Exception as error:
            self._state = self._state._replace(last_line=first_line(error))
            self.is_lost = True
            return
        if isinstance(answer, TrialFiles):
            trial_room.bring_home(self._train_dir, answer)
        if self._is_fetching:
            self._exit_code = -1 if self._state.exit_code is None else self._state.exit_code
            return
        if isinstance(answer, TrialState):
            self._state = answer
        self._is_fetching = self._state.exit_code is not None
        if self._is_fetching or self._is_copy_due():
            self._asked = self._call(trial_room.content_of, False)
        else:
            self._asked = self._call(trial_room.look)

    def _is_copy_due(self) -> bool:
        """Whether the sweep's folder is to get what the trial has saved since; it counts as copied then."""
        if self._state.saved == self._copied or time.monotonic() < self._next_copy:
            return False
        self._copied, self._next_copy = self._state.saved, time.monotonic() + _SECONDS_BETWEEN_COPIES
        return True


class _Place:
    """A worker, its room and its trial."""

    def __init__(self, pool: WorkerPool, address: str, data: TrialData) -> None:
        self._pool, self._address = pool, address
        self._room = pool.submit(address, trial_room.open_trials, data)
        self.checked: Any = self.call(trial_room.code_of)  # see attendance.Member
        self.trial: RemoteTrial | None = None

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return self._pool.submit(self._address, function, self._room, *arguments)

    @property
    def is_free(self) -> bool:
        ended = self.trial is None or self.trial.exit_code is not None or self.trial.is_lost
        return self.checked is None and ended


class RemoteTrials:
    """Begins trials on workers that have none.

    Args:
        pool: of the workers.
        folder: of the sweep, on disk.
        data: what all trials need.
        say: prints a line.
    """

    def __init__(self, pool: WorkerPool, folder: str, data: TrialData, say: Callable[[str], None]) -> None:
        self._folder = folder
        self._attendance = Attendance(
            pool, say, lambda address, neighbours: _Place(pool, address, data), code_version.why_refused, _leave
        )

    def places(self) -> int:
        """How many workers take part, each with one trial at a time.

        Raises:
            PoolLost: the scheduler or all workers are gone.
            UserError: no worker may take part.
        """
        self._attendance.look()
        self._attendance.check()
        for address, place in list(self._attendance.members.items()):
            if place.trial and place.trial.is_lost:  # or it would fail with one trial after the other
                self._attendance.refuse(address, f"it failed: {place.trial.last_line()}")
        return sum(place.checked is None for place in self._attendance.members.values())

    def begin(self, name: str, flags: Mapping[str, Any]) -> RemoteTrial:
        """Begins a trial, or goes on with it, on a worker that has none."""
        place = next(place for place in self._attendance.members.values() if place.is_free)
        place.trial = RemoteTrial(place.call, os.path.join(self._folder, name), flags)
        return place.trial


def _leave(place: _Place) -> None:
    if place.trial:
        place.trial.is_lost = True
