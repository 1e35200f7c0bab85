"""Flags of `sweep`: its own, and those of train, which all trials get. No TensorFlow."""

import dataclasses
import os
import typing
from typing import Any

from gan.console import flags
from gan.console.errors import UserError
from gan.console.flags import flag
from gan.distributed import search_space, sweep_study
from gan.distributed.search_space import Dimension
from gan.distributed.sweep_study import PRUNERS, SweepPlan
from gan.distributed.trial_room import TrialData
from gan.distributed.worker_flags import WorkerFlags
from gan.storage import cache, files, paths
from gan.training import training_flags
from gan.training.training_flags import TrainingFlags

USUAL_METRIC, USUAL_MINUTES = "frechet", 8.0
_NO_END = 10**6  # epochs
_MEASUREMENTS = 16  # of a trial, if nothing else is said
# What belongs to one trial, or makes no sense in many.
_OWN = ("train_dir", "log_dir", "start_new_model", "dry_run", "export_generated_images", "image_dir")
_DATA = ("train_data_pattern", "eval_data_pattern", "calibration_data_pattern")
_SET = ("train_data_pattern", "keep_best", "quality_minutes", "max_minutes")  # by the sweep, for all trials alike


@dataclasses.dataclass(frozen=True)
class _OwnFlags:
    """What the sweep itself wants to know."""

    search: str | None = flag(
        None,
        "File in YAML: flags of train, and between which values to look. Needed, unless --show is given.",
    )
    sweep_dir: str = flag(
        "sweep/", "Folder for the trials, on disk. The same command goes on with a sweep that was stopped or killed."
    )
    trials: int = flag(30, "How many trials, those of earlier runs among them.", at_least=1)
    metric: str | None = flag(
        None,
        f"What decides, as --keep_best of train names it; not set is what --keep_best says, or {USUAL_METRIC}.",
    )
    pruner: str = flag(
        "median",
        "Which trials are stopped while they train: median stops what is worse than the median of former trials at "
        "the same time; hyperband stops more of them and earlier.",
        choices=PRUNERS,
    )
    first_trials: int = flag(
        8,
        "How many trials are drawn at random, and run to their end, before the search learns from them.",
        at_least=1,
    )
    show: bool = flag(False, "Shows the trials of sweep_dir, draws the pictures again, and ends.")


@dataclasses.dataclass(frozen=True)
class SweepFlags(TrainingFlags, _OwnFlags, WorkerFlags):
    """Flags of the command, by name."""

    GONE = {**TrainingFlags.GONE, "at_once": "--workers has it now"}

    num_epochs: int = flag(
        _NO_END, "Passes over the data after which a trial ends, if --max_minutes did not end it.", at_least=1
    )
    train_data_pattern: str = flag(
        "", "TFRecord files to train on, on disk: one pattern, or several with commas. Needed, unless --show is given."
    )


def metric_of(config: SweepFlags) -> str:
    """What decides."""
    return config.metric or config.keep_best or USUAL_METRIC


def minutes_of(config: SweepFlags) -> float:
    """Minutes of training of each trial."""
    return config.max_minutes or USUAL_MINUTES


def plan_of(config: SweepFlags, maximize: bool) -> SweepPlan:
    """What all trials have in common.

    Raises:
        UserError: a flag is needed, belongs to one trial alone, or the search space is not right.
    """
    for name in ("search", "train_data_pattern"):
        if not getattr(config, name):
            raise UserError(f"--{name} is needed")
    common = _common_flags(config)
    space = _space(config, common)
    fixed = {name: value for name, value in common.items() if name not in space}
    return SweepPlan(space, fixed, metric_of(config), maximize)


def first_values(config: SweepFlags, plan: SweepPlan) -> dict[str, Any]:
    """What the command line, the flag file and the defaults say of the flags that are searched."""
    return {name: training_flags.in_force(config, name) for name in plan.space}


def check_data(config: SweepFlags, plan: SweepPlan) -> None:
    """Raises UserError if a file of data that a trial would read is not there, or workers could not be given it."""
    for name in _DATA:
        if name in plan.space and config.scheduler is not None:
            raise UserError(
                f"--search with {name} is for one machine; leave --scheduler out, or {name} out of --search"
            )
        searched = plan.space.get(name)
        for pattern in searched.ends() if searched else [getattr(config, name)]:
            if pattern:
                cache.find_files(str(pattern), name)


def idle(plan: SweepPlan) -> list[str]:
    """Sentences about flags that do nothing in some trials, by the first and the last values of the search space."""
    told = []
    for end in (0, -1):
        values = {**plan.flags, **{name: dimension.ends()[end] for name, dimension in plan.space.items()}}
        told += training_flags.idle(_parsed(values))
    return list(dict.fromkeys(told))


def data_of(plan: SweepPlan) -> TrialData:
    """The data files on this machine's disks that trials need; workers read from buckets themselves.

    Raises:
        UserError: there are no such files.
    """
    named = {name: plan.flags[name] for name in _DATA if plan.flags.get(name)}
    on_disk = {name: pattern for name, pattern in named.items() if not paths.is_remote(pattern)}
    found = {name: cache.find_files(pattern, name) for name, pattern in on_disk.items()}
    return TrialData({name: dict(map(_numbered, enumerate(listed))) for name, listed in found.items()})


def _numbered(file: tuple[int, str]) -> tuple[str, bytes]:
    """The name on a worker, which no other file has, and the content of a file."""
    return f"{file[0]:04d}-{os.path.basename(file[1])}", files.read(file[1])


def _common_flags(config: SweepFlags) -> dict[str, Any]:
    """Flags of train that differ from their defaults, and those that the sweep sets."""
    fields = {field.name: field.default for field in dataclasses.fields(TrainingFlags)}
    given = {name: getattr(config, name) for name, default in fields.items() if getattr(config, name) != default}
    for name in _OWN:
        if name in given:
            raise UserError(f"--{name} is each trial's own in a sweep; leave it out")
    minutes = minutes_of(config)
    measured = minutes / _MEASUREMENTS if config.quality_minutes is None else config.quality_minutes
    return {**given, "max_minutes": minutes, "quality_minutes": measured, "keep_best": metric_of(config)}


def _space(config: SweepFlags, common: dict[str, Any]) -> dict[str, Dimension]:
    hints = typing.get_type_hints(TrainingFlags)
    taken = (*_OWN, *_SET)
    types = {name: _plain(hint) for name, hint in hints.items() if name not in taken and name != "GONE"}
    assert config.search
    optional = [field.name for field in dataclasses.fields(TrainingFlags) if field.default is None]
    space = search_space.read(config.search, types, taken, optional)
    ends = {name: dimension.ends() for name, dimension in space.items()}
    for name, values in ends.items():
        beside = [{}, *({other: end} for other, found in ends.items() if other != name for end in found)]
        for value in values:
            _try(config.search, {name: value}, [{**common, **others} for others in beside])
    return space


def _try(path: str, tried: dict[str, Any], beside: list[dict[str, Any]]) -> None:
    """Raises UserError if train would refuse a value beside all that other flags can be, one of them at a time."""
    mistake = ""
    for others in beside:
        try:
            training_flags.check(_parsed({**others, **tried}))
            return
        except (flags.FlagError, UserError) as error:
            mistake = mistake or f"--search={path}: {next(iter(tried))}: {error}"
    raise UserError(mistake)


def _parsed(values: dict[str, Any]) -> TrainingFlags:
    """The flags of a trial."""
    return flags.parse(TrainingFlags, ["train", *flags.words_of(values)])


def _plain(hint: Any) -> type:
    """int of `int | None`."""
    return next((each for each in typing.get_args(hint) if each is not type(None)), hint)


assert sweep_study.STAGES >= _MEASUREMENTS  # each measurement has a stage of its own
