"""Evaluates the snapshots of a training: how well the discriminator tells real from generated.

    python -m gan.eval --eval_data_pattern='data/validation.tfrecords' --train_dir=run1 --run_once

Without --run_once it stays and evaluates each new snapshot as it appears; run it beside the training.
The results are printed, written to TensorBoard (train_dir/eval) and added to train_dir/eval/eval.jsonl
as one JSON line a snapshot. Images are judged as in a battle: rounded to 8 bits, one threshold, p > 0.5.
"""

import contextlib
import dataclasses
import datetime
import json
import os
import sys
import time

if not __package__:  # `python eval.py` inside gan/: the package is found one folder up
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

import numpy as np

from gan import command_line, pictures, registry, storage
from gan.command_line import flag
from gan.errors import StateError, UserError
from gan.random_noise_generator import Use, uniform_noise

_TAGS = {
    "accuracy/on_real": "accuracy_on_real",
    "accuracy/on_fake": "accuracy_on_fake",
    "loss/discriminator": "discriminator_loss",
    "loss/generator": "generator_loss",
}
_SMALLEST_PROBABILITY = 1e-7  # probabilities are kept this far from 0 and 1 to take their logits


@dataclasses.dataclass(frozen=True)
class EvalConfig:
    """Flags of the command, by name."""

    eval_data_pattern: str = flag(None, "TFRecord files of real images: a pattern, or several.", required=True)
    train_dir: str = flag("/tmp/kmlc_gan_train/", "Folder with snapshots, or the path of one: run1/model.ckpt-1000.")
    generator_model: str = flag(
        None,
        "Class of gan/models.py, or a dotted name; says so where the snapshot holds another generator. Not needed.",
    )
    discriminator_model: str = flag(None, "Likewise for the discriminator.")
    batch_size: int = flag(64, "Images run at once; changes the memory used, not the results.", at_least=1)
    label_loss: str = flag("CrossEntropyLoss", "Class of gan/losses.py, or a dotted name, to report.")
    run_once: bool = flag(False, "Evaluates the newest snapshot and leaves.")
    eval_interval_secs: float = flag(
        5.0, "Without --run_once: seconds between two looks for a new snapshot.", at_least=0.1
    )
    use_mnist: bool = flag(False, "The data is MNIST, 28x28, in place of 50x50 faces.")
    num_readers: int = flag(2, "Threads that parse records.", at_least=1)


def main(argv=None):
    """Runs the command and returns its exit code."""
    return command_line.run(evaluate, EvalConfig, argv)


def evaluate(config):
    """Evaluates the newest snapshot, or each new one until interrupted."""
    for kind in (registry.GENERATOR, registry.DISCRIMINATOR):
        if getattr(config, f"{kind}_model"):
            registry.check_name(kind, getattr(config, f"{kind}_model"), f"{kind}_model")
    registry.check_name(registry.LOSS, config.label_loss, "label_loss")
    files = storage.find_files(config.eval_data_pattern, "eval_data_pattern")
    command_line.import_tensorflow()
    from gan import checkpoint, contract, mirror, records

    size = contract.image_size(config.use_mnist)
    real_images = pictures.to_floats(records.read_all(files, size, config.num_readers))
    results_folder = storage.join(checkpoint.folder_of(config.train_dir), "eval")
    with mirror.writable_folder(results_folder) as folder:
        if config.run_once:
            _report(config, config.train_dir, real_images, folder)
        else:
            _watch(config, real_images, folder)


def _watch(config, real_images, folder):
    """Reports on each new snapshot until interrupted."""
    from gan import checkpoint

    print(f"waiting for snapshots in {config.train_dir}; Ctrl-C ends", flush=True)
    last = None
    while True:
        try:
            steps = checkpoint.snapshot_steps(config.train_dir)
            if last is None or (steps and steps[-1] < last):  # at the start, or where training began anew
                last, steps = -1, steps[-1:]
            for last in [step for step in steps if step > last]:
                where = storage.join(checkpoint.folder_of(config.train_dir), f"{checkpoint.SNAPSHOT}-{last}")
                _report(config, where, real_images, folder)
        except (UserError, FileNotFoundError) as error:
            # The trainer may have deleted it since, the network be away; a broken one must not end the watch.
            print(f"eval: {error}", file=sys.stderr, flush=True)
        time.sleep(config.eval_interval_secs)


def _report(config, where, real_images, folder):
    """Evaluates a snapshot; prints and stores the result."""
    from gan.snapshot import Snapshot

    snapshot = Snapshot(where, real_images.shape[1], config.batch_size)
    for kind in (registry.GENERATOR, registry.DISCRIMINATOR):
        if getattr(config, f"{kind}_model"):
            _check_network(config, kind, snapshot)
    results = _measure(snapshot, real_images, registry.load(registry.LOSS, config.label_loss, "label_loss"))
    print(
        f"{snapshot.path}: D right on {results['accuracy_on_real']:.1%} of {results['num_real']} real and "
        f"{results['accuracy_on_fake']:.1%} of {results['num_fake']} generated images, "
        f"D loss {results['discriminator_loss']:.4f}, G loss {results['generator_loss']:.4f}"
    )
    when = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
    line = json.dumps({"snapshot": os.path.basename(snapshot.path), "step": snapshot.step, "time": when, **results})
    print(line, flush=True)
    try:
        _store(folder, snapshot.step, line, results)
    except OSError as error:  # the folder may be somebody else's
        print(f"eval: {folder.path} is left as it is: {error.strerror}", file=sys.stderr, flush=True)


def _store(folder, step, line, results):
    """Adds a result to eval.jsonl and to TensorBoard."""
    from gan.summaries import SummaryWriter

    os.makedirs(folder.path, exist_ok=True)
    with open(os.path.join(folder.path, "eval.jsonl"), "a", encoding="utf-8") as file:
        file.write(line + "\n")
    # Where training began anew, TensorBoard forgets what was measured from this step on.
    with contextlib.closing(SummaryWriter(folder.path, first_step=step)) as writer:
        writer.scalars(step, {tag: results[key] for tag, key in _TAGS.items()})
    folder.changed()


def _measure(snapshot, real_images, loss):
    """Runs both networks; returns the figures by name."""
    generated = pictures.as_shown(snapshot.generate(uniform_noise(len(real_images), Use.EVALUATION_NOISE)))
    on_real, on_fake = snapshot.discriminate(real_images), snapshot.discriminate(generated)
    discriminator_loss, generator_loss = _losses(loss, on_real, on_fake)
    return {
        "num_real": len(on_real),
        "num_fake": len(on_fake),
        "accuracy_on_real": float(np.mean(on_real > 0.5)),
        "accuracy_on_fake": float(np.mean(on_fake <= 0.5)),
        "discriminator_loss": discriminator_loss,
        "generator_loss": generator_loss,
    }


def _losses(loss, on_real, on_fake):
    """Both losses of probabilities [N], by way of their logits."""
    import tensorflow.compat.v1 as tf

    from gan import graph

    def logits(probability):
        p = np.clip(probability.astype(np.float64), _SMALLEST_PROBABILITY, 1 - _SMALLEST_PROBABILITY)
        return tf.constant(np.log(p / (1 - p))[:, None], tf.float32)

    with tf.Graph().as_default(), tf.Session() as session:
        real, fake = logits(on_real), logits(on_fake)
        values = session.run(graph.losses_of(loss, real, fake))
    return [float(value) for value in values]


def _check_network(config, kind, snapshot):
    """Raises StateError where the snapshot's variables are not those of the network asked for."""
    import tensorflow.compat.v1 as tf

    from gan.network import Network

    name = getattr(config, f"{kind}_model")
    with tf.Graph().as_default():
        network = Network(registry.load(kind, name, f"{kind}_model"), kind, snapshot.size)
        network.connect_to_placeholder()
        wanted = {v.op.name: v.shape.as_list() for v in network.variables}
    for variable, shape in wanted.items():
        there = snapshot.shapes.get(variable, "absent")
        if there != shape:
            raise StateError(
                f"--{kind}_model={name}: {snapshot.path} holds another {kind}; {variable} is {shape} in {name} and "
                f"{there} in the snapshot"
            )


if __name__ == "__main__":
    sys.exit(main())
