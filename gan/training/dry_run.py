"""What a training would do, without doing it: checks everything, tries some steps in memory, writes nothing."""

import contextlib
import math
import os
import shutil
import time
from collections.abc import Iterable
from typing import NamedTuple

import tensorflow.compat.v1 as tf

from gan.console.errors import StateError, UserError
from gan.snapshots import checkpoint_files, training_options
from gan.snapshots.checkpoint_files import Found
from gan.storage import files, paths
from gan.training import folders, learning_rate, one_process, record, start
from gan.training.one_process import OneProcess
from gan.training.position import EndOfRun
from gan.training.settings import FolderSettings, TrainingSettings
from gan.training.start import Run

LEAST_SECONDS, MOST_SECONDS = 1, 5  # for the steps that are timed
STATES_AT_ONCE = 3  # training states on the disk while the third is written and two are kept


class TriedSteps(NamedTuple):
    """Some training steps, done in memory."""

    number: int
    seconds_per_step: float


def try_out(settings: TrainingSettings) -> int:
    """Checks everything about a training and says what it would do.

    Returns:
        The exit code 0.

    Raises:
        UserError: the training would end with this error, too.
    """
    strategy = one_process.make(settings.batch, lambda: False)
    _check_folders(settings.folders)
    state = start.find_state(settings.folders.train_dir, settings.folders.start_new_model)
    _say_folder(settings.folders, state)
    with contextlib.ExitStack() as stack:
        run = start.prepare(settings, state, strategy, stack)
        end = EndOfRun(settings.stop, run.position, settings.images_per_step)
        _say_data(settings, run)
        _say_networks(settings, run)
        if end.is_reached(run.position):
            _say(f"would end at once: it is trained already, {run.position}")
        else:
            tried = _try_steps(settings, run, strategy)
            _say_course(settings, run, end, tried)
            _say_changes(settings, run)
            _warn_of_full_disk(settings, run)
    _say_removal(settings.folders)
    _say("nothing was written")
    return 0


def _say(line: str) -> None:
    print(f"dry run: {line}", flush=True)


def _check_folders(settings: FolderSettings) -> None:
    """Raises StateError if a folder cannot be used. A folder in a bucket is only found readable."""
    folders.check_is_folder(settings.train_dir)
    named = {"train_dir": settings.train_dir, "log_dir": settings.log_dir, "image_dir": settings.image_dir}
    for flag, folder in named.items():
        if folder and not paths.is_remote(folder):
            _check_writable(folder, flag)
    if not paths.is_remote(settings.train_dir):
        state_folder = os.path.join(settings.train_dir, checkpoint_files.STATE_FOLDER)
        if os.path.exists(state_folder):
            _check_writable(state_folder, "train_dir")
        if files.is_locked(os.path.join(state_folder, ".lock")):
            raise StateError(
                f"--train_dir={settings.train_dir} is in use by another training run; end it, or name another folder"
            )


def _check_writable(folder: str, flag: str) -> None:
    """Raises StateError if a folder on disk, which need not exist yet, cannot be written."""
    there = _nearest_existing(folder)
    if not os.path.isdir(there):
        raise StateError(f"--{flag}={folder} cannot be written: {there} is a file; name another folder")
    if not os.access(there, os.W_OK | os.X_OK):
        raise StateError(
            f"--{flag}={folder} cannot be written: no permission for {there}; ask its owner, or name another folder"
        )


def _nearest_existing(folder: str) -> str:
    there = os.path.abspath(folder)
    while not os.path.lexists(there):
        there = os.path.dirname(there)
    return there


def _say_folder(settings: FolderSettings, state: Found | None) -> None:
    steps = checkpoint_files.snapshot_steps(settings.train_dir)
    held = f"holds snapshots of the steps {', '.join(map(str, steps))}" if steps else "holds no snapshots"
    if not paths.is_remote(settings.train_dir) and not os.path.exists(settings.train_dir):
        held = "does not exist yet"
    does = f"would go on from step {state.step}" if state else "would begin from scratch"
    unknown = "; whether it can be written was not tried" if paths.is_remote(settings.train_dir) else ""
    _say(f"train_dir {settings.train_dir} {held}; training {does}{unknown}")


def _say_data(settings: TrainingSettings, run: Run) -> None:
    number = len(settings.data.files)
    _say(
        f"data: {run.position.num_images:,} images of {settings.data.size} pixels in {number} "
        f"{'file' if number == 1 else 'files'}, SHA-256 {run.data_sha256[:16]}..."
    )


def _say_networks(settings: TrainingSettings, run: Run) -> None:
    for kind, name in settings.game.models._asdict().items():
        variables = [v for v in run.training.variables if v.op.name in run.training.graph.serving_weights]
        sizes = [math.prod(v.shape.as_list()) for v in variables if v.op.name.startswith(f"{kind}/")]
        _say(f"{kind} {name}: {sum(sizes):,} parameters")


def _try_steps(settings: TrainingSettings, run: Run, strategy: OneProcess) -> TriedSteps:
    """Does some steps, which change nothing but the variables in memory; raises UserError if they fail."""
    graph, penalty = run.training.graph, settings.game.penalty
    losses = {"discriminator": graph.discriminator_loss, "generator": graph.generator_loss}
    strategy.begin(run.seed, run.data_sha256)
    step, images_seen = run.position.step, run.position.images_seen
    period = penalty.steps if penalty else 1  # so that steps with a penalty have the share that they have in the run
    number, begun, seconds = -1, 0.0, 0.0  # the first step is not timed: TensorFlow sets itself up in it
    while number < 1 or (seconds < MOST_SECONDS and (number % period or seconds < LEAST_SECONDS)):
        values, step, images_seen = strategy.step(losses, step, images_seen)
        if not all(map(math.isfinite, values.values())):
            raise UserError(f"the losses of step {step} are not finite; {learning_rate.way_out(step)}")
        number += 1
        begun = begun or time.monotonic()
        seconds = time.monotonic() - begun
    run.exporter.load(run.training.weights(step))
    run.exporter.samples()
    return TriedSteps(number, seconds / number)


def _say_course(settings: TrainingSettings, run: Run, end: EndOfRun, tried: TriedSteps) -> None:
    position, size = run.position, settings.images_per_step
    images_per_second = size / max(tried.seconds_per_step, 1e-9)
    _say(f"{tried.number} steps of {size} images tried in memory: {images_per_second:,.0f} images/s")
    seconds = end.seconds_left(position, tried.seconds_per_step)
    steps = min(end.step - position.step, round(seconds / max(tried.seconds_per_step, 1e-9)))
    images = position.images_seen + steps * size
    seed = "the seed would be drawn" if settings.seed is None and not position.step else f"seed {run.seed}"
    _say(
        f"would train for about {_duration(seconds)}, from step {position.step:,} to {position.step + steps:,}: "
        f"{images:,} images, {images / position.num_images:.1f} epochs; {seed}"
    )


def _say_changes(settings: TrainingSettings, run: Run) -> None:
    """Says what differs from the training so far."""
    before = training_options.read(settings.folders.train_dir) if run.position.step else None
    if before:
        now = training_options.continued(before, record.options_of(run, settings), run.position.step)
        changed = now.sessions[-1].changed.items()
        _say("changed: " + (", ".join(f"{name} {old} -> {new}" for name, (old, new) in changed) or "nothing"))


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"


def _warn_of_full_disk(settings: TrainingSettings, run: Run) -> None:
    """Says if the disk has no room for the snapshots and states, besides those that are there."""
    if paths.is_remote(settings.folders.train_dir):
        return
    snapshot, state = _bytes(run.training.graph.serving_weights.values()), _bytes(run.training.variables)
    needed = snapshot * (settings.snapshots.keep + 1) + state * STATES_AT_ONCE
    needed -= sum(size for _, size in _files_of_training(settings.folders))
    free = shutil.disk_usage(_nearest_existing(settings.folders.train_dir)).free
    if needed > free:
        _say(f"warning: snapshots and states need {needed / 1e6:,.0f} MB more, and the disk has {free / 1e6:,.0f} MB")


def _bytes(tensors: Iterable[tf.Tensor]) -> int:
    return sum(tensor.dtype.size * math.prod(tensor.shape.as_list()) for tensor in tensors)


def _say_removal(settings: FolderSettings) -> None:
    """Says what --start_new_model removes."""
    found = _files_of_training(settings)
    if not found:
        return
    told = f"{len(found)} files, {sum(size for _, size in found) / 1e6:,.1f} MB"
    names = ", ".join(sorted(path.removeprefix(settings.train_dir).lstrip("/") for path, _ in found))
    verb = "would remove" if settings.start_new_model else "is not given; it would remove"
    _say(f"--start_new_model {verb} {told}: {names}")


def _files_of_training(settings: FolderSettings) -> list[tuple[str, int]]:
    """(path, bytes) of each file that --start_new_model removes."""
    log_dir = folders.separate_log_dir(settings)
    inner = [
        paths.join(settings.train_dir, name) for name in (checkpoint_files.STATE_FOLDER, checkpoint_files.BEST_FOLDER)
    ]
    wanted = [(folder, checkpoint_files.is_of_training) for folder in (settings.train_dir, *inner)]
    if log_dir:
        wanted.append((log_dir, checkpoint_files.is_log))
    return [
        (paths.join(folder, name), entry.size)
        for folder, is_wanted in wanted
        for name, entry in files.entries(folder).items()
        if is_wanted(name)
    ]
