"""Evaluates snapshots: how well the discriminator tells real from generated, and how good the images are.

Images are judged as in a battle: rounded to 8 bits, one threshold, p > 0.5.
"""

import contextlib
import datetime
import json
import os
import sys
import time

import numpy as np
import tensorflow.compat.v1 as tf

from gan.console.errors import StateError, UserError
from gan.contest import half_round, rules
from gan.data import pixels, tfrecords
from gan.data.tensorboard import SummaryWriter
from gan.measure import quality
from gan.networks import loss_values, registry
from gan.networks.network import Network
from gan.random_noise_generator import Use, uniform_noise
from gan.snapshots import calibration, checkpoint_files
from gan.storage import paths

_TAGS = {
    "accuracy/on_real": "accuracy_on_real",
    "accuracy/on_fake": "accuracy_on_fake",
    "loss/discriminator": "discriminator_loss",
    "loss/generator": "generator_loss",
}
RESULTS = "eval.jsonl"


class Evaluation:
    """Real images, and how they are used.

    Args:
        cells: a sandbox.Sandbox.
        files: TFRecord files of real images.
        size: pixels of an image.
        folder: a mirror.Folder or Mirror for the results.
        label_loss: name of the loss to report.
        batch_size: images run at once; bounds memory, not results.
        num_threads: parsers at work at a time.
        names: kind of network -> name of the class that a snapshot must hold, or None for any.
        yardstick: function from the real images, uint8 [N, size], to a quality.Yardstick, or to None where generated
            images are not to be measured; None likewise.

    Raises:
        DataError: the files hold something else.
    """

    def __init__(
        self, cells, files, size, folder, label_loss, *, batch_size=64, num_threads=2, names=(), yardstick=None
    ):
        self._cells = cells
        real_images = tfrecords.read_all(files, size, num_threads)
        self._real_images = pixels.to_floats(real_images)
        self._yardstick = yardstick(real_images) if yardstick else None
        self._folder, self._label_loss, self._batch_size, self._names = folder, label_loss, batch_size, dict(names)

    def report(self, where):
        """Evaluates the snapshot that checkpoint_files.latest_snapshot finds there; prints and stores the result."""
        with self._cells.open(where, self._real_images.shape[1], self._batch_size) as snapshot:
            self._report(snapshot)

    def _report(self, snapshot):
        for kind, name in self._names.items():
            if name:
                _check_network(kind, name, snapshot)
        generated = pixels.to_bytes(snapshot.generate(uniform_noise(len(self._real_images), Use.EVALUATION_NOISE)))
        loss = registry.load(registry.LOSS, self._label_loss, "label_loss")
        results = _measure(snapshot, self._real_images, pixels.to_floats(generated), loss)
        print(
            f"{snapshot.path}: D right on {results['accuracy_on_real']:.1%} of {results['num_real']} real and "
            f"{results['accuracy_on_fake']:.1%} of {results['num_fake']} generated images, "
            f"D loss {results['discriminator_loss']:.4f}, G loss {results['generator_loss']:.4f}"
        )
        scalars = {tag: results[key] for tag, key in _TAGS.items()}
        if self._yardstick:
            measures, floor = self._yardstick.measure(generated), self._yardstick.floor
            print(quality.described(measures, floor))
            results |= quality.flat(measures, floor)
            scalars |= {f"quality/{name}": quality.value_of(number) for name, number in measures.items()}
        when = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
        line = json.dumps({"snapshot": os.path.basename(snapshot.path), "step": snapshot.step, "time": when, **results})
        print(line, flush=True)
        try:
            self._store(snapshot.step, line, scalars)
        except OSError as error:  # the folder may be somebody else's
            print(f"eval: {self._folder.path} is left as it is: {error.strerror}", file=sys.stderr, flush=True)

    def watch(self, train_dir, interval=5.0, over=lambda: False):
        """Reports on each new snapshot of a train_dir.

        Args:
            train_dir: the folder.
            interval: seconds between two looks.
            over: asked before each look: whether it is the last.
        """
        last = None
        while True:
            is_last = over()
            try:
                steps = checkpoint_files.snapshot_steps(train_dir)
                if last is None or (steps and steps[-1] < last):  # at the start, or where training began anew
                    last, steps = -1, steps[-1:]
                for last in [step for step in steps if step > last]:
                    self.report(
                        paths.join(checkpoint_files.folder_of(train_dir), f"{checkpoint_files.SNAPSHOT}-{last}")
                    )
            except (UserError, FileNotFoundError) as error:
                # The trainer may have deleted it since, the network be away; a broken one must not end the watch.
                print(f"eval: {error}", file=sys.stderr, flush=True)
            if is_last:
                return
            time.sleep(interval)

    def _store(self, step, line, scalars):
        """Adds a result to RESULTS and to TensorBoard."""
        os.makedirs(self._folder.path, exist_ok=True)
        with open(os.path.join(self._folder.path, RESULTS), "a", encoding="utf-8") as file:
            file.write(line + "\n")
        # Where training began anew, TensorBoard forgets what was measured from this step on.
        with contextlib.closing(SummaryWriter(self._folder.path, first_step=step)) as writer:
            writer.scalars(step, scalars)
        self._folder.changed()


def results_folder(train_dir, log_dir):
    """Where results go: beside TensorBoard's files, in `log_dir` where it is not empty, else in train_dir."""
    return paths.join(log_dir or checkpoint_files.folder_of(train_dir), "eval")


def _measure(snapshot, real_images, generated, loss):
    """Runs the discriminator; returns the figures by name."""
    beside = pixels.to_floats(half_round.references(pixels.to_bytes(real_images), ()))
    on_real = snapshot.discriminate(real_images, references=beside)
    on_fake = snapshot.discriminate(generated, references=beside)
    discriminator_loss, generator_loss = _losses(loss, on_real, on_fake)
    return {
        "num_real": len(on_real),
        "num_fake": len(on_fake),
        "accuracy_on_real": float(np.mean(on_real > rules.THRESHOLD)),
        "accuracy_on_fake": float(np.mean(on_fake <= rules.THRESHOLD)),
        "discriminator_loss": discriminator_loss,
        "generator_loss": generator_loss,
    }


def _losses(loss, on_real, on_fake):
    """Both losses of probabilities [N], by way of their logits."""

    def logits(probability):
        return tf.constant(calibration.logits(probability)[:, None], tf.float32)

    with tf.Graph().as_default(), tf.Session() as session:
        real, fake = logits(on_real), logits(on_fake)
        values = session.run(loss_values.losses_of(loss, real, fake))
    return [float(value) for value in values]


def _check_network(kind, name, snapshot):
    """Raises StateError where the snapshot's variables are not those of the network asked for."""
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
