"""Trains a generator and a discriminator on TFRecords of images and writes snapshots to hand in.

    python -m gan.train --train_data_pattern='data/train*.tfrecords' --train_dir=run1

Stop it with Ctrl-C whenever you like: it saves and leaves. The same command goes on from there.
Watch it with `python -m gan.watch --log_dir=run1`. Add --dry_run to see what it would do.
"""

import contextlib
import dataclasses
import functools
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if not __package__:  # `python train.py` inside gan/: the package is found one folder up
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# Measuring the quality means many small matrices for numpy, which is slow with several threads beside a training.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from gan.console import command, tensorflow_import
from gan.console.errors import UserError
from gan.data import pixels
from gan.distributed import tf_config
from gan.sandbox import sandbox
from gan.storage import cache
from gan.training import training_flags
from gan.training.training_flags import TrainingFlags

if TYPE_CHECKING:
    from gan.distributed import together
    from gan.measure import evaluation, training_quality


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    return command.run(train, TrainingFlags, argv)


def train(config: TrainingFlags) -> int:
    """Checks what can be checked at once, imports TensorFlow, and does this process's part."""
    training_flags.check(config)
    _check_metric(config)
    place = tf_config.from_environment()
    if place and not place.is_one_machine:
        for flag, usual in (("replay_share", 0.0), ("nonsense_filter", False)):
            if getattr(config, flag) != usual:
                raise UserError(f"--{flag} works in one process only; TF_CONFIG names a cluster")
    for sentence in training_flags.idle(config):
        print(f"warning: {sentence}")
    if config.dry_run:
        return _try_out(config, place)
    if place:
        # Without it a process waits for another one that was killed.
        os.environ.setdefault("GRPC_FAIL_FAST", "true")
        # What TensorFlow logs of a lost process in many lines, we say in one.
        if os.environ.get("TF_CPP_MIN_LOG_LEVEL") == "2":  # as this package sets it
            os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
        # Several processes may be on one machine, and the first would take all of its GPUs' memory.
        os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    return _PARTS[place.job if place else tf_config.CHIEF](config, place)


def _try_out(config: TrainingFlags, place: tf_config.Cluster | None) -> int:
    files = _import_and_find(config, config.train_data_pattern, "train_data_pattern")
    from gan.training import dry_run

    settings = training_flags.settings_of(config, files)
    _evaluator(config, files)  # which tells if there are too few images to measure
    if place and not place.is_one_machine:
        from gan.training import one_process

        one_process.check_batch(settings.batch, place.replicas)
    return dry_run.try_out(settings)


def _be_chief(config: TrainingFlags, place: tf_config.Cluster | None) -> int:
    files = _import_and_find(config, config.train_data_pattern, "train_data_pattern")
    from gan.training import loop, one_process

    make: loop.MakeStrategy = one_process.make
    if place and not place.is_one_machine:
        make = _together(config, place)
    with tf_config.listening(place.chief) if place and place.is_one_machine else contextlib.nullcontext():
        return loop.train(training_flags.settings_of(config, files), make, _evaluator(config, files))


def _evaluator(config: TrainingFlags, files: Sequence[str]) -> "training_quality.TrainingQuality | None":
    """What measures the quality while it trains; None if nobody asked for it."""
    if config.quality_minutes is None and not config.keep_best:
        return None
    from gan.measure import training_quality

    return training_quality.TrainingQuality(files, pixels.image_size(config.use_mnist), config.keep_best)


def _check_metric(config: TrainingFlags) -> None:
    """Raises UserError if no best snapshot can be chosen by a metric."""
    if config.keep_best:
        from gan.measure import metric_registry

        metric_registry.choice(config.keep_best, pixels.image_size(config.use_mnist), "keep_best")


def _be_worker(config: TrainingFlags, place: tf_config.Cluster) -> int:
    files = _import_and_find(config, config.train_data_pattern, "train_data_pattern")
    from gan.distributed import worker

    return worker.work(training_flags.settings_of(config, files), _together(config, place))


def _together(config: TrainingFlags, place: tf_config.Cluster) -> "Callable[..., together.Together]":
    """What makes the steps of a process of a cluster."""
    from gan.distributed import together

    return functools.partial(
        together.make, cluster=place, seconds=config.collective_timeout_secs, flags=dataclasses.asdict(config)
    )


def _be_parameter_server(config: TrainingFlags, place: tf_config.Cluster) -> int:
    print(f"{place.name} has nothing to do: training needs no parameter servers; leave ps out of TF_CONFIG", flush=True)
    return 0


def _be_evaluator(config: TrainingFlags, place: tf_config.Cluster) -> int:
    if not config.eval_data_pattern:
        raise UserError("--eval_data_pattern is needed: TF_CONFIG says that this is the evaluator")
    files = _import_and_find(config, config.eval_data_pattern, "eval_data_pattern")
    from gan.data import tfrecords
    from gan.measure import evaluation
    from gan.snapshots import mirror

    print(f"evaluating the snapshots in {config.train_dir} until the job ends", flush=True)
    where = evaluation.results_folder(config.train_dir, config.log_dir)
    with sandbox.Sandbox() as opener, mirror.writable_folder(where) as folder:
        size = pixels.image_size(config.use_mnist)
        images = tfrecords.read_all(files, size, config.num_readers)
        judge = evaluation.Evaluator(opener, images, folder, _evaluation_options(config))
        judge.watch(config.train_dir, over=tf_config.JobEnd(place, config.collective_timeout_secs).reached)
    return 0


def _evaluation_options(config: TrainingFlags) -> "evaluation.EvaluationOptions":
    """What the evaluator reports; a loss that asks for features cannot be told from a snapshot."""
    from gan.measure import evaluation
    from gan.networks import loss_values, registry

    loss = registry.load(registry.LOSS, config.label_loss, "label_loss")
    return evaluation.EvaluationOptions(None if loss_values.asks_for_features(loss) else config.label_loss)


_PARTS: dict[str, Callable[..., int]] = {
    tf_config.CHIEF: _be_chief,
    tf_config.WORKER: _be_worker,
    tf_config.SERVER: _be_parameter_server,
    tf_config.EVALUATOR: _be_evaluator,
}


def _import_and_find(config: TrainingFlags, pattern: str, flag_name: str) -> list[str]:
    files = cache.find_files(pattern, flag_name)
    _import_tensorflow(config)
    return files


def _import_tensorflow(config: TrainingFlags) -> None:
    if config.log_device_placement:
        os.environ["TF_CPP_MIN_LOG_LEVEL"] = "0"
    tensorflow_import.import_tensorflow()


if __name__ == "__main__":
    sys.exit(command.end(main()))
