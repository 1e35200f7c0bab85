"""What a sweep knows: Optuna's study in the SQLite file of its folder, so that a killed sweep goes on. No TensorFlow.

Optuna cannot go on with a trial that was running when its sweep ended. So such a trial is put in the queue again as a
new one of the study, with the same flags and the same folder. For people both are one trial, named for its folder.
"""

import functools
import json
import math
import os
import random
import sqlite3
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from gan.console.errors import UserError
from gan.distributed import search_space
from gan.distributed.search_space import Dimension, NumberRange

DATABASE = "sweep.sqlite"
PRUNERS = ("median", "hyperband", "none")
STAGES = 20  # parts of a trial's time; trials are compared with each other at the end of each
_GIVEN = "fixed_params"  # Optuna's name for the values with which a trial was put into the queue
_STUDY, _FOLDER, _REASON, _STEP, _MINUTES, _PLAN = "sweep", "folder", "reason", "step", "minutes", "plan"


class SweepPlan(NamedTuple):
    """What all trials of a sweep have in common. It never changes, or trials could not be compared.

    Attributes:
        space: flag -> what to look through.
        flags: of train in every trial: name -> value.
        metric: what decides, such as frechet.
        maximize: whether a larger number is better.
    """

    space: Mapping[str, Dimension]
    flags: Mapping[str, Any]
    metric: str
    maximize: bool

    def outside(self, values: Mapping[str, Any]) -> str:
        """Flags with values that the space does not hold, such as "--batch_size=8"; empty if it holds all."""
        found = {name: values.get(name) for name, each in self.space.items() if not each.contains(values.get(name))}
        return ", ".join(f"--{name} not set" if value is None else f"--{name}={value}" for name, value in found.items())

    def as_json(self) -> dict[str, Any]:
        """The plan as a value for JSON."""
        space = {name: list(dimension) for name, dimension in self.space.items()}
        plan = {"space": space, "flags": dict(self.flags), "metric": self.metric, "maximize": self.maximize}
        return dict(json.loads(json.dumps(plan)))  # as it is read back: without tuples


class Judging(NamedTuple):
    """How trials are chosen and stopped.

    Attributes:
        pruner: one of PRUNERS.
        first_trials: that are drawn at random, and of which none is stopped.
        seed: of what is drawn; None for any.
    """

    pruner: str
    first_trials: int
    seed: int | None


class TrialRow(NamedTuple):
    """A trial for people.

    Attributes:
        name: of its folder.
        state: done, pruned, failed, unfinished or waiting.
        value: the best that was measured; None if nothing was.
        minutes: of training until the best was measured.
        step: when the best was measured.
        flags: what was tried: name -> value.
        reason: why it failed; empty if it did not.
    """

    name: str
    state: str
    value: float | None
    minutes: float | None
    step: int | None
    flags: dict[str, Any]
    reason: str


def optuna() -> Any:
    """The library; raises UserError if it is not installed."""
    try:
        import optuna
    except ImportError:
        raise UserError("sweeps need the library Optuna, which `pip install 'gan-contest[sweep]'` installs") from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    return optuna


class SweepStudy:
    """The trials of a sweep, past and to come.

    Args:
        folder: of the sweep, on disk.
        judging: how trials are chosen and stopped; None for a sweep that is only looked at.

    Raises:
        UserError: Optuna is missing, or the file is no sweep.
    """

    def __init__(self, folder: str, judging: Judging | None = None) -> None:
        self._optuna = optuna()
        self._path = os.path.join(folder, DATABASE)
        self._judging = judging
        self._study: Any = None
        if os.path.exists(self._path):
            self._load()
        elif judging is None:
            raise UserError(f"--sweep_dir={folder} holds no sweep")

    @property
    def study(self) -> Any:
        """Optuna's own."""
        assert self._study is not None, "begin or load it first"
        return self._study

    @property
    def plan(self) -> dict[str, Any]:
        """What all trials have in common, as SweepPlan.as_json gives it."""
        return dict(self.study.user_attrs[_PLAN])

    def begin(self, plan: SweepPlan, first: Mapping[str, Any]) -> bool:
        """Begins the sweep, or goes on with it.

        Args:
            plan: what all trials have in common.
            first: flags of the first trial; they are left out if the space does not hold them.

        Returns:
            Whether it goes on with an earlier one.

        Raises:
            UserError: an earlier one has another plan.
        """
        if self._study is None:
            self._make(plan, first)
            return False
        self._check_same(plan)
        self._requeue_unfinished()
        return True

    def ask(self, space: Mapping[str, Dimension]) -> Any:
        """The next trial, of optuna.Trial; `folder_of` has its folder, `params` its flags.

        No other trial had all of its flags, as long as there are such.
        """
        tried = [row.flags for row in self.rows() if row.name]
        trial = self._asked(space)
        if not folder_of(trial) and search_space.is_tried(space, trial.params, tried):
            assert self._judging
            draws = random.Random(None if self._judging.seed is None else self._judging.seed + len(tried))
            if others := search_space.untried(space, tried, draws):
                self.fail(trial, "another trial had its flags")
                self.study.enqueue_trial(others)
                trial = self._asked(space)
        if not folder_of(trial):
            trial.set_user_attr(_FOLDER, f"trial-{len(self._latest()):03d}")
        return trial

    def _asked(self, space: Mapping[str, Dimension]) -> Any:
        return self.study.ask({name: self._distribution(dimension) for name, dimension in space.items()})

    def finish(self, trial: Any, value: float, step: int, minutes: float) -> None:
        """Notes the best number of a trial that came to its end."""
        self._note_best(trial, step, minutes)
        self.study.tell(trial, value)

    def prune(self, trial: Any, step: int, minutes: float) -> None:
        """Notes that a trial was stopped since it was bad."""
        self._note_best(trial, step, minutes)
        self.study.tell(trial, state=self._optuna.trial.TrialState.PRUNED)

    def is_bad(self, trial: Any) -> bool:
        """Whether to stop a trial, by what it has reported; never one of the first trials."""
        assert self._judging
        number = int(folder_of(trial).rpartition("-")[2])  # Optuna's own also counts what was put in the queue again
        return number >= self._judging.first_trials and bool(trial.should_prune())

    def fail(self, trial: Any, reason: str) -> None:
        """Notes why a trial failed."""
        trial.set_user_attr(_REASON, reason)
        self.study.tell(trial, state=self._optuna.trial.TrialState.FAIL)

    def rows(self) -> list[TrialRow]:
        """All trials: one for each folder, then those that wait for one."""
        waiting = [trial for trial in self._of_state("WAITING") if not folder_of(trial)]
        return [self._row(trial) for trial in [*self._latest().values(), *waiting]]

    def best(self) -> TrialRow | None:
        """The best of those that came to their end; None if none did."""
        return self._row(self.study.best_trial) if self._of_state("COMPLETE") else None

    @property
    def has_waiting(self) -> bool:
        """Whether trials are in the queue."""
        return bool(self._of_state("WAITING"))

    def _make(self, plan: SweepPlan, first: Mapping[str, Any]) -> None:
        partial = self._path + ".part"  # a kill leaves no sweep without its plan
        if os.path.exists(partial):
            os.remove(partial)
        direction = "maximize" if plan.maximize else "minimize"
        study = self._optuna.create_study(storage=_storage(partial), study_name=_STUDY, direction=direction)
        study.set_user_attr(_PLAN, plan.as_json())
        if not plan.outside(first):
            study.enqueue_trial({name: first[name] for name in plan.space})
        os.replace(partial, self._path)
        self._load()

    def _load(self) -> None:
        options = {"sampler": self._sampler(), "pruner": self._pruner()} if self._judging else {}
        try:
            self._study = self._optuna.load_study(study_name=_STUDY, storage=_storage(self._path), **options)
            self._study.user_attrs[_PLAN]
        except Exception as error:  # Optuna passes on the errors of SQLAlchemy and Alembic
            why = str(error).splitlines()[0]
            if isinstance(error, KeyError) or "not a database" in why:  # without the study, or its plan
                raise UserError(f"{self._path} is no sweep ({why}); remove it") from error
            raise UserError(f"{self._path} cannot be read: {why}") from error
        if options:
            drawn = len(self._study.get_trials(deepcopy=False))
            self._study.sampler = self._sampler(drawn)

    def _sampler(self, drawn: int = 0) -> Any:
        """What draws flags. A sweep that goes on must not draw again what it drew at its start."""
        assert self._judging
        seed = None if self._judging.seed is None else self._judging.seed + drawn
        return self._optuna.samplers.TPESampler(n_startup_trials=self._judging.first_trials, seed=seed)

    def _pruner(self) -> Any:
        assert self._judging
        pruners = self._optuna.pruners
        if self._judging.pruner == "median":
            return pruners.MedianPruner(n_startup_trials=self._judging.first_trials, n_warmup_steps=STAGES // 5)
        if self._judging.pruner == "hyperband":
            return pruners.HyperbandPruner(min_resource=STAGES // 5, max_resource=STAGES)
        return pruners.NopPruner()

    def _check_same(self, plan: SweepPlan) -> None:
        now, then = plan.as_json(), self.plan
        if now == then:
            return
        names = {*now["flags"], *then["flags"]} - {"keep_best"}  # which is --metric
        differ = sorted(f"--{name}" for name in names if now["flags"].get(name) != then["flags"].get(name))
        differ += ["--search"] if now["space"] != then["space"] else []
        differ += ["--metric"] if now["metric"] != then["metric"] else []
        raise UserError(
            f"{self._path} was begun with another {' and '.join(differ)}, so its trials cannot be compared with new "
            "ones; give what it was begun with, or another --sweep_dir"
        )

    def queue_again(self, trial: Any) -> None:
        """Puts a trial that was begun into the queue; see this file's first lines."""
        begun = self.study.get_trials(deepcopy=False)[trial.number]
        # A sweep that was killed while Optuna noted the values left some of them only among those that were given.
        values = {**begun.system_attrs.get(_GIVEN, {}), **begun.params}
        if folder := folder_of(begun):
            self.study.enqueue_trial(values, user_attrs={_FOLDER: folder})
        elif _GIVEN in begun.system_attrs:
            self.study.enqueue_trial(values)
        self.study.tell(trial.number, state=self._optuna.trial.TrialState.FAIL)

    def _requeue_unfinished(self) -> None:
        """Puts the trials of a sweep that ended in the middle into the queue."""
        waiting = {folder_of(trial) for trial in self._of_state("WAITING")} - {""}
        for trial in self._of_state("RUNNING"):
            if folder_of(trial) in waiting:
                self.study.tell(trial.number, state=self._optuna.trial.TrialState.FAIL)
            else:
                self.queue_again(trial)

    def _distribution(self, dimension: Dimension) -> Any:
        kinds = self._optuna.distributions
        if not isinstance(dimension, NumberRange):
            return kinds.CategoricalDistribution(dimension.values)
        if dimension.is_whole:
            return kinds.IntDistribution(
                int(dimension.low), int(dimension.high), dimension.log, int(dimension.step or 1)
            )
        return kinds.FloatDistribution(dimension.low, dimension.high, dimension.log, dimension.step)

    def _of_state(self, name: str) -> list[Any]:
        return list(self.study.get_trials(deepcopy=False, states=[self._optuna.trial.TrialState[name]]))

    def _latest(self) -> dict[str, Any]:
        """Folder -> the last trial that used it."""
        trials = self.study.get_trials(deepcopy=False)
        return {folder: trial for trial in trials if (folder := folder_of(trial))}

    def _note_best(self, trial: Any, step: int, minutes: float) -> None:
        trial.set_user_attr(_STEP, step)
        trial.set_user_attr(_MINUTES, minutes)

    def _row(self, trial: Any) -> TrialRow:
        states = self._optuna.trial.TrialState
        words = {states.COMPLETE: "done", states.PRUNED: "pruned", states.FAIL: "failed", states.WAITING: "waiting"}
        state = words.get(trial.state, "unfinished")
        value = trial.value if state == "done" else _last(trial.intermediate_values)
        attributes = trial.user_attrs
        flags = dict(trial.params or trial.system_attrs.get(_GIVEN, {}))
        minutes, step = attributes.get(_MINUTES), attributes.get(_STEP)
        return TrialRow(folder_of(trial), state, value, minutes, step, flags, attributes.get(_REASON, ""))


def folder_of(trial: Any) -> str:
    """The name of the folder of one of Optuna's trials; empty if it has none yet."""
    return str(trial.user_attrs.get(_FOLDER, ""))


def _last(values: Mapping[int, float]) -> float | None:
    found = [values[stage] for stage in sorted(values) if math.isfinite(values[stage])]
    return found[-1] if found else None


def _storage(path: str) -> Any:
    """Where Optuna keeps a study. In a URL the path could not have a %, a ? or braces, so SQLite itself opens it."""
    opened = functools.partial(sqlite3.connect, os.path.abspath(path), check_same_thread=False)
    return optuna().storages.RDBStorage("sqlite:///of-creator", engine_kwargs={"creator": opened})


def names_of(rows: Sequence[TrialRow]) -> list[str]:
    """The flags that were searched, in order."""
    return list(dict.fromkeys(name for row in rows for name in row.flags))
