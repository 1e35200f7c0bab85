"""Runs the trials of a sweep, some at once, and stops those that are bad while they train. No TensorFlow."""

import collections
import math
import os
import time
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from gan.console import signals
from gan.console.progress import Progress
from gan.distributed import sweep_results, sweep_study
from gan.distributed.sweep_study import STAGES, SweepPlan, SweepStudy
from gan.distributed.trial_process import TrialProcess
from gan.training.quality_record import QualityLine

_SECONDS_BETWEEN_LOOKS = 0.5
_MOST_LOSSES = 3  # of a trial's process, or of its worker


class Extent(NamedTuple):
    """How much is tried.

    Attributes:
        trials: of the whole sweep, those of earlier runs among them.
        max_minutes: of training of each.
    """

    trials: int
    max_minutes: float


class Trial(Protocol):
    """A trial that was begun: a TrialProcess, or a RemoteTrial."""

    is_lost: bool  # whether it must be begun again

    @property
    def exit_code(self) -> int | None:
        """How it ended; None while it runs."""

    def measured(self) -> list[QualityLine]:
        """What was measured so far."""

    def ask_to_stop(self) -> None:
        """Asks it to end its step, to save and to end."""

    def wait(self) -> None:
        """Waits until it has ended; ends it after some time."""

    def last_line(self) -> str:
        """The last line that it printed."""


class Trials(Protocol):
    """Where trials run: LocalTrials or RemoteTrials."""

    def places(self) -> int:
        """How many can run at a time, as far as is known now."""

    def begin(self, name: str, flags: Mapping[str, Any]) -> Trial:
        """Begins a trial with these flags of train in the folder of this name, or goes on with it."""


class LocalTrials:
    """Trials on this machine, so many at a time.

    Args:
        folder: of the sweep, on disk.
        workers: how many run at a time.
    """

    def __init__(self, folder: str, workers: int) -> None:
        self._folder, self._workers = folder, workers

    def places(self) -> int:
        """How many can run at a time."""
        return self._workers

    def begin(self, name: str, flags: Mapping[str, Any]) -> TrialProcess:
        """Begins a trial, or goes on with it."""
        return TrialProcess(os.path.join(self._folder, name), flags)


class _Running:
    """A trial that trains."""

    def __init__(self, trial: Any, process: Trial) -> None:
        self.trial, self.process = trial, process
        self.is_pruned = False
        self.stage = 0  # the last one that was reported
        self.best: QualityLine | None = None
        self.seen: set[tuple[int, float]] = set()  # steps and minutes of its measurements

    @property
    def name(self) -> str:
        return sweep_study.folder_of(self.trial)


class TrialLoop:
    """The trials of a sweep until enough are done, or a signal comes.

    Args:
        trials: where they run.
        study: what is known so far.
        plan: what all trials have in common.
        extent: how much is tried.
    """

    def __init__(self, trials: Trials, study: SweepStudy, plan: SweepPlan, extent: Extent) -> None:
        self._trials, self._study, self._plan, self._extent = trials, study, plan, extent
        self._losses: collections.Counter[str] = collections.Counter()  # by trial
        self._running: list[_Running] = []
        self._sign = -1 if plan.maximize else 1

    def run(self) -> int:
        """Runs them; returns the exit code: 0, or 128 + the signal's number."""
        ended = sum(row.state not in ("waiting", "unfinished") for row in self._study.rows())
        with signals.SignalCatcher() as catcher:
            with Progress("sweep", max(self._extent.trials, ended), "trial", ended) as progress:
                self._progress = progress
                try:
                    while not catcher.caught:
                        self._start_some()
                        if not self._running and not self._is_more():
                            break
                        time.sleep(_SECONDS_BETWEEN_LOOKS)
                        self._look()
                finally:
                    self._stop_all()
            return catcher.exit_code

    def _start_some(self) -> None:
        while len(self._running) < self._trials.places() and self._is_more():
            trial = self._study.ask(self._plan.space)
            name = sweep_study.folder_of(trial)
            process = self._trials.begin(name, {**self._plan.flags, **trial.params})
            self._running.append(_Running(trial, process))
            self._progress.say(f"{name} begins: {sweep_results.words(trial.params)}")

    def _is_more(self) -> bool:
        return self._study.has_waiting or len(self._study.rows()) < self._extent.trials

    def _look(self) -> None:
        """Takes note of what the trials have measured, and of those that ended."""
        for one in list(self._running):
            exit_code = one.process.exit_code  # asked first: what it measured at its end is there then
            if one.process.is_lost:
                self._running.remove(one)
                self._begin_again(one, "workers were lost with it, or failed")
                continue
            self._follow(one)
            if exit_code is not None and signals.is_of_signal(exit_code) and not one.is_pruned:  # from elsewhere
                self._running.remove(one)
                self._begin_again(one, "times it was stopped from elsewhere")
            elif exit_code is not None:
                self._running.remove(one)
                self._progress.say(self._end(one, exit_code))
                self._progress.update(1, "")
        if any(one.best for one in self._running):
            self._progress.update(0, ", ".join(self._state(one) for one in self._running))

    def _begin_again(self, one: _Running, what: str) -> None:
        """Puts a trial that ended through no fault of its own into the queue, unless that happens again and again."""
        self._losses[one.name] += 1
        if self._losses[one.name] >= _MOST_LOSSES:
            why = one.process.last_line() or "nothing was heard of them"
            self._study.fail(one.trial, f"{_MOST_LOSSES} {what}: {why}")
            self._progress.update(1, "")
        else:
            self._study.queue_again(one.trial)

    def _follow(self, one: _Running) -> None:
        """Reports the best so far at each stage, and stops the trial if it is bad."""
        measured = [line for line in one.process.measured() if line.chosen and math.isfinite(line.cost)]
        for line in measured:
            if (line.step, line.minutes) in one.seen:
                continue
            one.seen.add((line.step, line.minutes))
            stage = min(STAGES, round(STAGES * line.minutes / self._extent.max_minutes))
            if one.best:
                self._report(one, stage - 1)
            if one.best is None or line.cost < one.best.cost:
                one.best = line
            self._report(one, stage)
        is_judged = 0 < one.stage < STAGES and not one.is_pruned and one.process.exit_code is None
        if is_judged and self._study.is_bad(one.trial):
            one.is_pruned = True
            one.process.ask_to_stop()

    def _report(self, one: _Running, last: int) -> None:
        """Reports the best so far for all stages up to one."""
        assert one.best
        for stage in range(one.stage + 1, last + 1):
            one.trial.report(self._sign * one.best.cost, stage)
            one.stage = stage

    def _end(self, one: _Running, exit_code: int) -> str:
        """Notes how a trial ended; returns it in words."""
        if one.is_pruned and one.best and exit_code:  # it may have come to its end meanwhile
            self._study.prune(one.trial, one.best.step, one.best.minutes)
            return f"{one.name} is stopped, others were better by then: {self._found(one.best)}"
        if exit_code == 0 and one.best:
            self._study.finish(one.trial, self._sign * one.best.cost, one.best.step, one.best.minutes)
            best = self._study.best()
            told = f"; best so far: {best.name}, {best.value:.4g}" if best and best.value is not None else ""
            return f"{one.name}: {self._found(one.best)}{told}"
        reason = one.process.last_line() if exit_code else f"nothing was measured; {one.process.last_line()}"
        self._study.fail(one.trial, reason)
        return f"{one.name} failed: {reason}"

    def _found(self, line: QualityLine) -> str:
        return f"{line.chosen} {line.value:.4g} at step {line.step}, after {line.minutes:.1f} minutes"

    def _state(self, one: _Running) -> str:
        return f"{one.name} {one.best.value:.4g} at {one.best.minutes:.1f} min" if one.best else f"{one.name} begins"

    def _stop_all(self) -> None:
        """Has the trials save and end; they stay unfinished, and the same sweep goes on with them."""
        if not self._running:
            return
        self._progress.say("the trials end their steps and save")
        for one in self._running:
            one.process.ask_to_stop()
        for one in self._running:
            one.process.wait()
