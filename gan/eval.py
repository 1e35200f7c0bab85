"""Evaluates the snapshots of a training: how well the discriminator tells real from generated.

    python -m gan.eval --eval_data_pattern='data/validation.tfrecords' --train_dir=run1 --run_once

Without --run_once it stays and evaluates each new snapshot as it appears; run it beside the training.
The results are printed, written to TensorBoard (train_dir/eval) and added to train_dir/eval/eval.jsonl,
one JSON line for each snapshot. Images are judged as in a battle: rounded to 8 bits, one threshold, p > 0.5.

The generated images are measured against the same real ones: Frechet distance and KID with 95% intervals, precision,
recall, density and coverage. --train_data_pattern adds what other real images get (the floor), and finds generated
images that are too near to training images.
"""

import dataclasses
import os
import sys
from collections.abc import Sequence

# The metrics' many small matrices need one thread: with more, beside a training, they take ten times as long.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

if not __package__:  # `python eval.py` inside gan/: the package is found one folder up
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from gan.console import command, flags, tensorflow_import
from gan.console.flags import flag
from gan.data import pixels
from gan.measure import features, quality
from gan.networks import registry
from gan.sandbox import sandbox
from gan.storage import cache


@dataclasses.dataclass(frozen=True)
class EvalConfig:
    """Flags of the command, by name."""

    eval_data_pattern: str = flag(None, "TFRecord files of real images: a pattern, or several.", required=True)
    train_data_pattern: str | None = flag(
        None, "TFRecord files that were trained on: shows the floor of each metric, and finds copied training images."
    )
    train_dir: str = flag(
        flags.TRAIN_DIR,
        "Folder with snapshots, or the path of one: run1/model.ckpt-1000. The default is Vertex AI's "
        "AIP_CHECKPOINT_DIR, if that is set.",
    )
    log_dir: str | None = flag(
        flags.LOG_DIR,
        "Folder for the results, which go to a folder eval in it. The default is Vertex AI's AIP_TENSORBOARD_LOG_DIR, "
        "if that is set, else train_dir.",
    )
    generator_model: str | None = flag(
        None,
        "Class of gan/models.py, or a dotted name: stops if the snapshot holds another generator. Not needed.",
    )
    discriminator_model: str | None = flag(
        None, "Class of gan/models.py, or a dotted name: stops if the snapshot holds another discriminator. Not needed."
    )
    batch_size: int = flag(64, "Images run at once; changes the memory used, not the results.", at_least=1)
    label_loss: str | None = flag(
        None,
        "Class of gan/losses.py, or a dotted name, to report. The default is the loss that the training used, if its "
        "record (training_options.json) says so, else CrossEntropyLoss.",
    )
    quality: bool = flag(True, "Measures how good generated images are; --noquality is faster.")
    features: str = flag(features.DEFAULT, "Space to measure them in; docs/metrics.md.", choices=features.SPACES)
    inception_graph: str | None = flag(None, "Path of classify_image_graph_def.pb, for --features=inception.")
    run_once: bool = flag(False, "Evaluates the newest snapshot and stops.")
    eval_interval_secs: float = flag(
        5.0, "Without --run_once: seconds between two looks for a new snapshot.", at_least=0.1
    )
    use_mnist: bool = flag(False, "The data is MNIST, 28x28, in place of 50x50 faces.")
    num_readers: int = flag(2, "Threads that parse records.", at_least=1)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    return command.run(evaluate, EvalConfig, argv)


def evaluate(config: EvalConfig) -> None:
    """Evaluates the newest snapshot, or each new one until interrupted."""
    for kind, name in _networks(config).items():
        if name:
            registry.check_name(kind, name, f"{kind}_model")
    if config.label_loss:
        registry.check_name(registry.LOSS, config.label_loss, "label_loss")
    files = cache.find_files(config.eval_data_pattern, "eval_data_pattern")
    pattern = config.train_data_pattern if config.quality else None
    train_files = cache.find_files(pattern, "train_data_pattern") if pattern else []
    with sandbox.Sandbox() as opener:
        _evaluate(config, opener, files, train_files)


def _networks(config: EvalConfig) -> dict[str, str | None]:
    return {registry.GENERATOR: config.generator_model, registry.DISCRIMINATOR: config.discriminator_model}


def _evaluate(config: EvalConfig, opener: sandbox.Sandbox, files: Sequence[str], train_files: Sequence[str]) -> None:
    tensorflow_import.import_tensorflow()
    from gan.data import tfrecords
    from gan.measure import evaluation
    from gan.snapshots import mirror

    size = pixels.image_size(config.use_mnist)
    space = features.load(config.features, size, config.inception_graph) if config.quality else None
    options = evaluation.EvaluationOptions(config.label_loss, config.batch_size, _networks(config))
    with mirror.writable_folder(evaluation.results_folder(config.train_dir, config.log_dir)) as folder:
        real_images = tfrecords.read_all(files, size, config.num_readers)
        meter = _meter(config, space, train_files, real_images) if space else None
        evaluator = evaluation.Evaluator(opener, real_images, folder, options, meter)
        if config.run_once:
            evaluator.report(config.train_dir)
        else:
            print(f"waiting for snapshots in {config.train_dir}; Ctrl-C ends", flush=True)
            evaluator.watch(config.train_dir, config.eval_interval_secs)


def _meter(
    config: EvalConfig, space: features.Features, train_files: Sequence[str], real_images: np.ndarray
) -> quality.QualityMeter | None:
    """None, and a line says so, if there are too few real images to measure with."""
    from gan.data import tfrecords

    if len(real_images) < quality.FEWEST:
        print(f"{len(real_images)} real images are too few for the metrics of images; {quality.FEWEST} are needed")
        return None
    size = real_images.shape[1]
    train = tfrecords.read_all(train_files, size, config.num_readers) if train_files else None
    return quality.QualityMeter(real_images, {config.features: space}, train)


if __name__ == "__main__":
    sys.exit(main())
