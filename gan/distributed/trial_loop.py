"""Runs the trials of a sweep, some at once, and stops those that are bad while they train. No TensorFlow."""

import math
import os
import time
from typing import Any, NamedTuple

from gan.console.progress import Progress
from gan.console.signals import SignalCatcher
from gan.distributed import sweep_results, sweep_study
from gan.distributed.sweep_study import STAGES, SweepPlan, SweepStudy
from gan.distributed.trial_process import TrialProcess
from gan.training.quality_record import QualityLine

_SECONDS_BETWEEN_LOOKS = 0.5


class Extent(NamedTuple):
    """How much is tried.

    Attributes:
        trials: of the whole sweep, those of earlier runs among them.
        at_once: how many run at a time.
        max_minutes: of training of each.
    """

    trials: int
    at_once: int
    max_minutes: float


class _Running:
    """A trial that trains."""

    def __init__(self, trial: Any, process: TrialProcess) -> None:
        self.trial, self.process = trial, process
        self.is_pruned = False
        self.stage = 0  # the last one that was reported
        self.best: QualityLine | None = None
        self.measurements = 0

    @property
    def name(self) -> str:
        return sweep_study.folder_of(self.trial)


class TrialLoop:
    """The trials of a sweep until enough are done, or a signal comes.

    Args:
        folder: of the sweep, on disk.
        study: what is known so far.
        plan: what all trials have in common.
        extent: how much is tried.
    """

    def __init__(self, folder: str, study: SweepStudy, plan: SweepPlan, extent: Extent) -> None:
        self._folder, self._study, self._plan, self._extent = folder, study, plan, extent
        self._running: list[_Running] = []
        self._sign = -1 if plan.maximize else 1

    def run(self) -> int:
        """Runs them; returns the exit code: 0, or 128 + the signal's number."""
        ended = sum(row.state not in ("waiting", "unfinished") for row in self._study.rows())
        with SignalCatcher() as signals:
            with Progress("sweep", max(self._extent.trials, ended), "trial", ended) as progress:
                self._progress = progress
                try:
                    while not signals.caught:
                        self._start_some()
                        if not self._running:
                            break
                        time.sleep(_SECONDS_BETWEEN_LOOKS)
                        self._look()
                finally:
                    self._stop_all()
            return signals.exit_code

    def _start_some(self) -> None:
        while len(self._running) < self._extent.at_once:
            if not self._study.has_waiting and len(self._study.rows()) >= self._extent.trials:
                return
            trial = self._study.ask(self._plan.space)
            name = sweep_study.folder_of(trial)
            process = TrialProcess(os.path.join(self._folder, name), {**self._plan.flags, **trial.params})
            self._running.append(_Running(trial, process))
            self._progress.say(f"{name} begins: {sweep_results.words(trial.params)}")

    def _look(self) -> None:
        """Takes note of what the trials have measured, and of those that ended."""
        for one in list(self._running):
            exit_code = one.process.exit_code  # asked first: what it measured at its end is there then
            self._follow(one)
            if exit_code is not None:
                self._running.remove(one)
                self._progress.say(self._end(one, exit_code))
                self._progress.update(1, "")
        if any(one.best for one in self._running):
            self._progress.update(0, ", ".join(self._state(one) for one in self._running))

    def _follow(self, one: _Running) -> None:
        """Reports the best so far at each stage, and stops the trial if it is bad."""
        measured = [line for line in one.process.measured() if line.chosen and math.isfinite(line.cost)]
        for line in measured[one.measurements :]:
            stage = min(STAGES, round(STAGES * line.minutes / self._extent.max_minutes))
            if one.best:
                self._report(one, stage - 1)
            if one.best is None or line.cost < one.best.cost:
                one.best = line
            self._report(one, stage)
        one.measurements = len(measured)
        is_judged = 0 < one.stage < STAGES and not one.is_pruned and one.process.exit_code is None
        if is_judged and one.trial.should_prune():
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
