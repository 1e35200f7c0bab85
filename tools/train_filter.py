"""Trains the nonsense filter of a finished training by itself, and writes the snapshot with it anew.

    python tools/train_filter.py --snapshot=house_team_run --train_data_pattern='data/train*.tfrecords' \\
        --calibration_data_pattern='data/validation*.tfrecords' --output_dir=gan/house_team

A filter learns beside both networks and neither hears of it (gan/training/filter_training.py), so it may go on alone,
in every step, until it has seen far more nonsense than the networks had time for. Both networks stay as they are. What
is drawn in training may have changed since: then the filter learns that, too.

The snapshot is written again after every 5,000 steps. To go on from there, give --output_dir as --snapshot.
"""

import dataclasses
import os
import sys
import time
from collections.abc import Iterator
from typing import NamedTuple

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[0] = ROOT

import numpy as np

from gan.console import command, tensorflow_import
from gan.console.errors import UserError
from gan.console.flags import flag
from gan.storage import cache
from gan.training import compute_type, training_flags

tensorflow_import.import_tensorflow()

import tensorflow.compat.v1 as tf

from gan import readers
from gan.networks import nonsense_filter
from gan.snapshots import checkpoint_files
from gan.snapshots.exporter import SnapshotExporter
from gan.training import filter_training
from gan.training.settings import TrainingSettings

AVERAGING_DECAY = 0.9995
SHOWN, WRITTEN = 500, 5000  # steps


@dataclasses.dataclass(frozen=True)
class FilterTrainingConfig:
    """Flags of the command, by name."""

    snapshot: str = flag(None, "Folder or snapshot of a training with --nonsense_filter.", required=True)
    train_data_pattern: str = flag(None, "TFRecord files of 50x50 faces to learn from.", required=True)
    calibration_data_pattern: str = flag(None, "TFRecord files of held-out faces.", required=True)
    output_dir: str = flag(None, "Folder to write the snapshot to.", required=True)
    recipe: str = flag("gan/recipes/faces_60min.flags", "Flag file that the networks were trained with.")
    steps: int = flag(40_000, "Steps of training.", at_least=1)
    batch_size: int = flag(64, "Photographs in a step, and as many images that are none.", at_least=2)
    new_filter: bool = flag(False, "Whether to begin with a filter that knows nothing.")
    seed: int = flag(0, "Seed of weights, batches and nonsense.", at_least=0)


class Step(NamedTuple):
    """What the training runs."""

    place: tf.Tensor  # int64 [2], fed: the seed and the number of the step
    update: tf.Operation
    loss: tf.Tensor  # as it was before the update
    averages: dict[str, tf.Tensor]  # by the names of the filter's variables


def main(argv: list[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    return command.run(train, FilterTrainingConfig, argv)


def train(config: FilterTrainingConfig) -> None:
    """Trains, and writes the snapshot."""
    found = checkpoint_files.latest_snapshot(config.snapshot)
    if found is None:
        raise UserError(f"--snapshot={config.snapshot}: there is no snapshot")
    weights = _weights(found.prefix)
    if not any(name.startswith(f"{nonsense_filter.SCOPE}/") for name in weights):
        raise UserError(f"--snapshot={config.snapshot} has no nonsense filter; --nonsense_filter of gan.train adds one")
    files = cache.find_files(config.train_data_pattern, "train_data_pattern")
    flags = (f"--calibration_data_pattern={config.calibration_data_pattern}", f"--batch_size={config.batch_size}")
    settings = training_flags.settings_of(training_flags.of_recipe(config.recipe, files, *flags), files)
    os.makedirs(config.output_dir, exist_ok=True)
    exporter = SnapshotExporter(settings.game.models, settings.data.size, settings.snapshots, weights, files)
    exporter.load(weights)
    exporter.warn_of_refusal()
    for steps, averages in _trained(config, settings, weights):
        exporter.load({**weights, **averages})
        exporter.write(config.output_dir, found.step, keep=1)
        print(f"{steps} steps: wrote {os.path.join(config.output_dir, checkpoint_files.SNAPSHOT)}-{found.step}")
    exporter.close()


def _weights(prefix: str) -> dict[str, np.ndarray]:
    """The values of a snapshot's variables, by name."""
    reader = tf.train.load_checkpoint(prefix)
    return {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}


def _trained(
    config: FilterTrainingConfig, settings: TrainingSettings, weights: dict[str, np.ndarray]
) -> Iterator[tuple[int, dict[str, np.ndarray]]]:
    """The number of steps, and the averages of the filter's weights, each time that they are to be written."""
    data = settings.data
    reader = readers.open_reader(data.files, data.size, data.memory_mb, data.threads)
    with tf.Graph().as_default():
        tf.set_random_seed(config.seed)
        step = _step(reader.connect(), compute_type.compute_type(settings.step.compute_type))
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            if not config.new_filter:
                for variable in nonsense_filter.variables():
                    variable.load(weights[variable.op.name], session)
            reader.start(session)
            began, losses = time.monotonic(), []
            for number in range(config.steps):
                feed = reader.feed(config.seed, number * config.batch_size, config.batch_size)
                losses.append(session.run([step.loss, step.update], {**feed, step.place: [config.seed, number]})[0])
                done = number + 1
                if done % SHOWN == 0 or done == config.steps:
                    print(f"step {done}, {time.monotonic() - began:.0f} s: loss {np.mean(losses):.4f}", flush=True)
                    losses = []
                if done % WRITTEN == 0 or done == config.steps:
                    yield done, session.run(step.averages)


def _step(real_images: tf.Tensor, dtype: str) -> Step:
    place = tf.placeholder(tf.int64, [2])
    number = tf.train.get_or_create_global_step()
    learn, loss = filter_training.take_step_alone(real_images, place, tf.as_dtype(dtype))
    with tf.control_dependencies([learn]):
        update, averages = filter_training.average(number, AVERAGING_DECAY)
    with tf.control_dependencies([update]):
        return Step(place, tf.assign_add(number, 1).op, loss, averages)


if __name__ == "__main__":
    sys.exit(main())
