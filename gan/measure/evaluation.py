"""Evaluates snapshots: how well the discriminator tells real from generated, and how good the images are.

Images are judged as in a battle: rounded to 8 bits, one threshold, p > 0.5.
"""

import collections
import contextlib
import datetime
import errno
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias

import numpy as np
import tensorflow.compat.v1 as tf

from gan.console.errors import BucketSilent, HostError, StateError, UserError, of_system
from gan.contest import half_round, rules
from gan.data import pixels
from gan.data.tensorboard import SummaryWriter
from gan.measure import quality, training_record
from gan.measure.estimates import value_of
from gan.measure.metric_registry import DISCRIMINATOR_TAGS
from gan.measure.training_record import TrainingRecord
from gan.networks import keras_layers, loss_values, registry
from gan.networks.network import Network
from gan.random_noise_generator import Use, uniform_noise
from gan.sandbox import sandbox
from gan.snapshots import calibration, checkpoint_files, mirror
from gan.storage import files, paths

RESULTS = "eval.jsonl"
DEFAULT_LOSS = "CrossEntropyLoss"
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

_MOST_TRIES = 3  # of a snapshot, if this machine fails

_Snapshot: TypeAlias = sandbox.SandboxedSnapshot
_Written: TypeAlias = tuple[int, files.ListedFile]  # a snapshot's step and one of its files


class EvaluationOptions(NamedTuple):
    """What is reported of each snapshot."""

    label_loss: str | None = None  # name of the loss to report; None: the training's own, or DEFAULT_LOSS
    batch_size: int = 64  # images run at once; bounds memory, not results
    networks: Mapping[str, str | None] = {}  # kind -> class that the snapshot must hold; None: any


class Judgement(NamedTuple):
    """What is measured of a discriminator; names as in eval.jsonl."""

    num_real: int
    num_fake: int
    accuracy_on_real: float
    accuracy_on_fake: float
    discriminator_loss: float
    generator_loss: float


class Evaluator:
    """Evaluates snapshots with the same real images.

    Args:
        opener: opens the snapshots.
        real_images: uint8 [N, size].
        folder: for the results.
        options: what is reported.
        meter: measures how good the generated images are; None does not.
    """

    def __init__(
        self,
        opener: sandbox.Sandbox,
        real_images: np.ndarray,
        folder: mirror.Folder | mirror.Mirror,
        options: EvaluationOptions,
        meter: quality.QualityMeter | None = None,
    ) -> None:
        self._opener, self._real_images, self._meter = opener, real_images, meter
        self._folder, self._options = folder, options
        self._was_warned, self._said, self._tries = False, "", collections.Counter[str]()

    def report(self, where: str) -> None:
        """Evaluates the snapshot that checkpoint_files.latest_snapshot finds there; prints and stores the result."""
        with self._opener.open(where, self._real_images.shape[1], self._options.batch_size) as snapshot:
            if snapshot.note:
                print(f"{snapshot.path}: {snapshot.note}", flush=True)
            newest = max(checkpoint_files.snapshot_steps(where), default=None)
            self._report(snapshot, training_record.read(where), newest)

    def watch(self, train_dir: str, interval: float = 5.0, over: Callable[[], bool] = lambda: False) -> None:
        """Reports on the snapshot of a train_dir, then on each new one of our own training.

        Args:
            train_dir: the folder, or a snapshot in it to begin with.
            interval: seconds between two looks.
            over: asked before each look: whether it is the last.
        """
        done: set[_Written] | None = None
        while True:
            is_last = over()
            try:
                done = self._look(train_dir, done)
            except mirror.Superseded:
                raise
            except (UserError, FileNotFoundError) as error:  # the network is away
                self._say(error)
            if is_last:
                return
            time.sleep(interval)

    def _look(self, train_dir: str, done: set[_Written] | None) -> set[_Written] | None:
        """Reports on the snapshots that are not done with; returns those that are now, None before the first one."""
        there = set(checkpoint_files.snapshots_written(train_dir).items())
        if done is None:
            has_begun = checkpoint_files.has_snapshot(train_dir) and self._is_done_with(train_dir)  # of any name
            return there if has_begun else None
        path = paths.join(checkpoint_files.folder_of(train_dir), checkpoint_files.SNAPSHOT)
        return done & there | {each for each in sorted(there - done) if self._is_done_with(f"{path}-{each[0]}")}

    def _is_done_with(self, where: str) -> bool:
        """Reports on a snapshot. False asks for it again: its bucket did not answer, or this machine failed."""
        try:
            self.report(where)
        except (BucketSilent, HostError) as error:
            self._say(error)
            self._tries[where] += isinstance(error, HostError)
            if self._tries[where] < _MOST_TRIES:
                return False
        except mirror.Superseded:
            raise
        except FileNotFoundError as error:
            gone = f"{os.path.basename(where)} was deleted before it was measured; --keep_snapshots of train keeps more"
            self._say(error if os.path.exists(where + ".index") else UserError(gone))
        except UserError as error:  # a broken one must not end the watch
            self._say(error)
        del self._tries[where]
        return True

    def _say(self, error: Exception) -> None:
        """Prints an error, unless it is the last one again."""
        if str(error) != self._said:
            self._said = str(error)
            print(f"eval: {error}", file=sys.stderr, flush=True)

    def _report(self, snapshot: _Snapshot, record: TrainingRecord | None, newest: int | None) -> None:
        for kind, name in self._options.networks.items():
            if name:
                _check_network(kind, name, snapshot)
        self._warn_of_training_images(record)
        loss_name, of_training = self._loss(record)
        loss = registry.load_class(registry.LOSS, loss_name, "label_loss")
        if loss_values.asks_for_features(loss):
            if self._options.label_loss:
                raise UserError(f"--label_loss={loss_name} asks for features, which a snapshot does not show")
            loss_name, of_training = DEFAULT_LOSS, False
            loss = registry.load_class(registry.LOSS, loss_name, "label_loss")
        generated = pixels.to_bytes(snapshot.generate(uniform_noise(len(self._real_images), Use.EVALUATION_NOISE)))
        judgement = _judge(snapshot, self._real_images, generated, loss)
        print(_described(snapshot, judgement, loss_name if of_training else None))
        results = judgement._asdict()
        scalars = {tag: results[name] for name, tag in DISCRIMINATOR_TAGS.items()}
        if self._meter:
            measured, floor = self._meter.measure(generated), self._meter.floor
            print(quality.described(measured, floor))
            results |= quality.record(measured, floor)
            scalars |= {quantity.tag: value_of(number) for quantity, number in measured.items()}
        when = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
        name = os.path.basename(snapshot.path)
        line = json.dumps({"snapshot": name, "step": snapshot.step, "newest_step": newest, "time": when, **results})
        print(line, flush=True)
        try:
            self._store(snapshot.step, newest, line, scalars)
        except OSError as error:  # the folder may be somebody else's
            if error.errno in _FULL:
                raise StateError(f"the result above could not be kept: {of_system(error)}") from error
            print(f"eval: {self._folder.path} is left as it is: {of_system(error)}", file=sys.stderr, flush=True)

    def _loss(self, record: TrainingRecord | None) -> tuple[str, bool]:
        """(name of the loss to report, whether it was taken from the record of the training)."""
        if self._options.label_loss:
            return self._options.label_loss, False
        trained_with = str(record.flags.get("label_loss", "")) if record else ""
        # The record may be a stranger's: only a name of gan/losses.py is taken from it, no code elsewhere is imported.
        if trained_with in registry.listed(registry.LOSS):
            return trained_with, True
        if trained_with:
            print(
                f"eval: the training used the loss {trained_with}; {DEFAULT_LOSS} is reported, since gan/losses.py has "
                f"no other of that name; --label_loss={trained_with} reports it",
                file=sys.stderr,
                flush=True,
            )
        return DEFAULT_LOSS, False

    def _warn_of_training_images(self, record: TrainingRecord | None) -> None:
        if record and not self._was_warned and training_record.is_of(record, self._real_images):
            self._was_warned = True
            print(
                "eval: the real images are those that the training was given; held-out images (validation.tfrecords) "
                "say how it does on new ones",
                file=sys.stderr,
                flush=True,
            )

    def _store(self, step: int | None, newest: int | None, line: str, scalars: Mapping[str, float]) -> None:
        """Adds a result to RESULTS, and to TensorBoard if there is a step, without which it shows nothing."""
        os.makedirs(self._folder.path, exist_ok=True)
        files.append_lines(os.path.join(self._folder.path, RESULTS), [line])
        if step is not None:
            with contextlib.closing(SummaryWriter(self._folder.path, first_forgotten(step, newest))) as writer:
                writer.scalars(step, scalars)
        self._folder.changed()


def first_forgotten(step: int, newest: int | None) -> int:
    """The step from which on earlier results no longer count, once a step was evaluated.

    Results of steps after the newest snapshot are of a training before. The newest step is evaluated again instead.

    Args:
        step: of the snapshot that was evaluated.
        newest: that of the newest snapshot then; None if it is not known.
    """
    return step if newest is None or step >= newest else newest + 1


def results_folder(train_dir: str, log_dir: str | None) -> str:
    """Folder of the results: beside TensorBoard's files, in `log_dir` if it is given, else in train_dir."""
    return paths.join(log_dir or checkpoint_files.folder_of(train_dir), "eval")


def _described(snapshot: _Snapshot, judgement: Judgement, loss_of_training: str | None) -> str:
    """A judgement as one line for people."""
    loss = f" ({loss_of_training}, as in training)" if loss_of_training else ""
    return (
        f"{snapshot.path}: D right on {judgement.accuracy_on_real:.1%} of {judgement.num_real} real and "
        f"{judgement.accuracy_on_fake:.1%} of {judgement.num_fake} generated images, "
        f"D loss {judgement.discriminator_loss:.4f}, G loss {judgement.generator_loss:.4f}{loss}"
    )


def _judge(snapshot: _Snapshot, real_images: np.ndarray, generated: np.ndarray, loss: type) -> Judgement:
    """Runs the discriminator on images, uint8 [N, size], for a class of losses."""
    beside = pixels.to_floats(half_round.references(real_images, ()))
    on_real, on_fake = (
        snapshot.discriminate(pixels.to_floats(images), references=beside) for images in (real_images, generated)
    )
    discriminator_loss, generator_loss = _losses(loss, on_real, on_fake)
    return Judgement(
        num_real=len(on_real),
        num_fake=len(on_fake),
        accuracy_on_real=float(np.mean(on_real > rules.THRESHOLD)),
        accuracy_on_fake=float(np.mean(on_fake <= rules.THRESHOLD)),
        discriminator_loss=discriminator_loss,
        generator_loss=generator_loss,
    )


def _losses(loss: type, on_real: np.ndarray, on_fake: np.ndarray) -> list[float]:
    """Both losses of probabilities [N], through their logits, by a class; what it learns itself is as at the start."""

    def logits(probability: np.ndarray) -> tf.Tensor:
        return tf.constant(calibration.logits(probability)[:, None], tf.float32)

    with tf.Graph().as_default(), tf.Session() as session:
        tf.train.get_or_create_global_step()
        values = loss_values.losses_of(registry.make(loss, registry.LOSS), logits(on_real), logits(on_fake))
        session.run([tf.global_variables_initializer(), tf.local_variables_initializer(), tf.tables_initializer()])
        return [float(value) for value in session.run(values)]


def _check_network(kind: str, name: str, snapshot: _Snapshot) -> None:
    """Raises StateError if the snapshot's variables are not those of the network that was asked for."""
    with keras_layers.new_graph():
        network = Network(registry.load_class(kind, name, f"{kind}_model"), kind, snapshot.size)
        _, results = network.connect_to_placeholder()
        output = "output" if kind == registry.GENERATOR else "predictions"
        wanted = {v.op.name: v.shape.as_list() for v in network.variables_of(results[output])}
    for variable, shape in wanted.items():
        there = (snapshot.shapes or {}).get(variable, "absent")
        if there != shape:
            raise StateError(
                f"--{kind}_model={name}: {snapshot.path} holds another {kind}; {variable} is {shape} in {name} and "
                f"{there} in the snapshot"
            )
