"""Evaluates the snapshots of a training: how well the discriminator tells real from generated.

    python -m gan.eval --eval_data_pattern='data/validation.tfrecords' --train_dir=run1 --run_once

Without --run_once it stays and evaluates each new snapshot as it appears; run it beside the training.
The results are printed, written to TensorBoard (train_dir/eval) and added to train_dir/eval/eval.jsonl
as one JSON line a snapshot. Images are judged as in a battle: rounded to 8 bits, one threshold, p > 0.5.

How good the generated images are is measured against the same real ones: Frechet distance and KID with 95%
intervals, precision, recall, density and coverage. --train_data_pattern adds what other real images get
(the floor), and whether generated ones lie too near to those trained on.
"""

import dataclasses
import functools
import os
import sys

if not __package__:  # `python eval.py` inside gan/: the package is found one folder up
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from gan.console import command, flags, tensorflow_import
from gan.console.flags import flag
from gan.data import pixels
from gan.measure import features, quality
from gan.networks import registry
from gan.sandbox import sandbox
from gan.storage import cache

# The many small matrices of the measures want one thread: with more, beside a training, they take ten times as long.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


@dataclasses.dataclass(frozen=True)
class EvalConfig:
    """Flags of the command, by name."""

    eval_data_pattern: str = flag(None, "TFRecord files of real images: a pattern, or several.", required=True)
    train_data_pattern: str = flag(
        None, "TFRecord files that were trained on: shows the floor of each measure, and finds copied training images."
    )
    train_dir: str = flag(
        flags.TRAIN_DIR,
        "Folder with snapshots, or the path of one: run1/model.ckpt-1000. Vertex AI's AIP_CHECKPOINT_DIR is the "
        "default where it is set.",
    )
    log_dir: str = flag(
        flags.LOG_DIR,
        "Folder for the results, in a folder eval of its own; train_dir where not set. Vertex AI's "
        "AIP_TENSORBOARD_LOG_DIR is the default where it is set.",
    )
    generator_model: str = flag(
        None,
        "Class of gan/models.py, or a dotted name; says so where the snapshot holds another generator. Not needed.",
    )
    discriminator_model: str = flag(None, "Likewise for the discriminator.")
    batch_size: int = flag(64, "Images run at once; changes the memory used, not the results.", at_least=1)
    label_loss: str = flag("CrossEntropyLoss", "Class of gan/losses.py, or a dotted name, to report.")
    quality: bool = flag(True, "Measures how good generated images are; --noquality is quicker.")
    features: str = flag(features.DEFAULT, "Space to measure them in; gan/features.py.", choices=features.SPACES)
    inception_graph: str = flag(None, "Path of classify_image_graph_def.pb, for --features=inception.")
    run_once: bool = flag(False, "Evaluates the newest snapshot and leaves.")
    eval_interval_secs: float = flag(
        5.0, "Without --run_once: seconds between two looks for a new snapshot.", at_least=0.1
    )
    use_mnist: bool = flag(False, "The data is MNIST, 28x28, in place of 50x50 faces.")
    num_readers: int = flag(2, "Threads that parse records.", at_least=1)


def main(argv=None):
    """Runs the command and returns its exit code."""
    return command.run(evaluate, EvalConfig, argv)


def evaluate(config):
    """Evaluates the newest snapshot, or each new one until interrupted."""
    for kind in (registry.GENERATOR, registry.DISCRIMINATOR):
        if getattr(config, f"{kind}_model"):
            registry.check_name(kind, getattr(config, f"{kind}_model"), f"{kind}_model")
    registry.check_name(registry.LOSS, config.label_loss, "label_loss")
    files = cache.find_files(config.eval_data_pattern, "eval_data_pattern")
    pattern = config.train_data_pattern if config.quality else None
    train_files = cache.find_files(pattern, "train_data_pattern") if pattern else []
    with sandbox.Sandbox() as cells:
        _evaluate(config, cells, files, train_files)


def _evaluate(config, cells, files, train_files):
    tensorflow_import.import_tensorflow()
    from gan.measure import evaluation
    from gan.snapshots import mirror

    size = pixels.image_size(config.use_mnist)
    space = features.load(config.features, size, config.inception_graph) if config.quality else None
    names = {registry.GENERATOR: config.generator_model, registry.DISCRIMINATOR: config.discriminator_model}
    with mirror.writable_folder(evaluation.results_folder(config.train_dir, config.log_dir)) as folder:
        judge = evaluation.Evaluation(
            cells,
            files,
            size,
            folder,
            config.label_loss,
            batch_size=config.batch_size,
            num_threads=config.num_readers,
            names=names,
            yardstick=functools.partial(_yardstick, config, space, train_files, size) if space else None,
        )
        if config.run_once:
            judge.report(config.train_dir)
        else:
            print(f"waiting for snapshots in {config.train_dir}; Ctrl-C ends", flush=True)
            judge.watch(config.train_dir, config.eval_interval_secs)


def _yardstick(config, space, train_files, size, real_images):
    """A quality.Yardstick; None where there are too few images for one."""
    from gan.data import tfrecords

    if len(real_images) < quality.FEWEST:
        return None
    train = tfrecords.read_all(train_files, size, config.num_readers) if train_files else None
    return quality.Yardstick(real_images, {config.features: space}, train)


if __name__ == "__main__":
    sys.exit(main())
