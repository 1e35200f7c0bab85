"""What a run has before its first step: the data, both graphs, and the state that it goes on from."""

import contextlib
import secrets
from typing import NamedTuple

import tensorflow.compat.v1 as tf

from gan import readers
from gan.console.errors import StateError, UserError
from gan.snapshots import checkpoint_files, saver
from gan.snapshots.checkpoint_files import Found
from gan.snapshots.exporter import SnapshotExporter
from gan.storage import paths
from gan.training.one_process import OneProcess
from gan.training.position import Position
from gan.training.session import Place, TrainingSession
from gan.training.settings import TrainingSettings


class Run(NamedTuple):
    """A training that is ready for its next step."""

    seed: int
    data_sha256: str  # see readers
    training: TrainingSession
    exporter: SnapshotExporter  # the weights are loaded
    position: Position


def find_state(folder: str, start_new_model: bool) -> Found | None:
    """Finds the state to go on from in a train_dir, which may be in a bucket: then the state is copied to the disk.

    Returns:
        None if the training begins.

    Raises:
        StateError: there is a snapshot without a state, or no state can be read.
    """
    if start_new_model:
        return None
    state = _state_in_bucket(folder) if paths.is_remote(folder) else saver.readable_state(folder)
    snapshot = checkpoint_files.latest_own_snapshot(folder)
    if snapshot and not state:
        raise StateError(
            f"{snapshot.path} is a snapshot without the training state to go on from; choose another --train_dir, "
            "or --start_new_model to delete it and begin from scratch"
        )
    return state


def _state_in_bucket(folder: str) -> Found | None:
    """The newest state of a train_dir in a bucket, copied to the disk; raises StateError if it is damaged."""
    state = checkpoint_files.latest_state(folder)
    damage = saver.damage_of(state.prefix) if state else None
    if state and damage:
        raise StateError(f"{state.path} is damaged: {damage}; training would look for an older state")
    return state


def prepare(settings: TrainingSettings, state: Found | None, strategy: OneProcess, stack: contextlib.ExitStack) -> Run:
    """Reads the data, builds both graphs, gives all variables their values, and tries the networks out.

    Args:
        settings: what to train.
        state: what to go on from, or None.
        strategy: does the steps.
        stack: closes the sessions.

    Raises:
        UserError: the data or the networks are not right, or the state is of others.
    """
    seed = _seed(settings.seed, state)
    data = settings.data
    reader = readers.open_reader(data.files, data.size, data.memory_mb, data.threads)
    data_sha256 = reader.fingerprint()
    place = Place(strategy.placement, strategy.exchange, seed, seed)
    training = TrainingSession(settings.game, settings.step, settings.batch, reader, place)
    stack.callback(training.close)
    names = [*training.graph.serving_weights, training.graph.counters.global_step.op.name]
    exporter = SnapshotExporter(settings.game.models, data.size, settings.snapshots, names, data.files, seed)
    stack.callback(exporter.close)
    strategy.open(training)
    position = _restore(training, state, seed, reader.num_images)
    exporter.load(training.weights(position.step))
    exporter.warn_of_refusal()
    return Run(seed, data_sha256, training, exporter, position)


def _restore(training: TrainingSession, state: Found | None, seed: int, num_images: int) -> Position:
    """Gives all variables their values, from a state or first ones; returns where the training stands."""
    counters, session = training.graph.counters, training.session
    training.run(training.local_initializer)
    if state:
        saver.restore_state(training.saver, session, state, training.variables)
    else:
        training.run(training.initializer)
        counters.seed.load(seed, session)
    training.copy_to_devices()
    images_before = session.run(counters.num_images)
    counters.num_images.load(num_images, session)
    if state and images_before not in (num_images, 0):  # 0: a state of version 1.0.0 may not say it
        print(
            f"warning: trained on {images_before} images so far, now on {num_images}; epochs are counted in the latter"
        )
    return current_position(training, num_images)


def current_position(training: TrainingSession, num_images: int) -> Position:
    """Where the training stands whose variables have their values."""
    counters = training.graph.counters
    step, images_seen, seconds = training.run([counters.global_step, counters.images_seen, counters.seconds])
    return Position(int(step), int(images_seen), float(seconds), num_images)


def _seed(asked: int | None, state: Found | None) -> int:
    """The seed of the state if there is one; else the seed asked for; else a new one."""
    if state is None:
        return asked if asked is not None else secrets.randbelow(2**31)
    saved = int(tf.train.load_checkpoint(state.prefix).get_tensor("seed"))
    if asked not in (None, saved):
        raise UserError(
            f"--seed={asked}: {state.prefix} was trained with seed {saved}, which goes on; leave --seed out"
        )
    return saved
