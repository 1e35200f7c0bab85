"""Trains the network of the feature space face_features, and writes gan/measure/face_features.npz.

    python tools/train_face_features.py --train_data_pattern='data/train*.tfrecords'

The network learns from training faces alone, without labels, two things at once: to tell real faces from those that
face_alterations.py has spoilt, where and how; and to know a face again in another light and a little moved, with
features that vary and do not repeat each other (VICReg, Bardes et al. 2021, arXiv 2105.04906). It takes about 7 minutes
of processor time.
"""

import dataclasses
import os
import sys
import threading
import time
from collections.abc import Iterator
from queue import Queue
from typing import Any, NamedTuple

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[0] = ROOT

# Small products of numpy need one thread: with more, beside TensorFlow's, they take ten times as long.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from gan.console import command, tensorflow_import
from gan.console.flags import flag
from gan.data import tfrecords
from gan.measure import face_features
from gan.measure.face_features import CONVOLUTIONS, DIMENSIONS, Layer
from gan.storage import cache

tensorflow_import.import_tensorflow()

import tensorflow.compat.v1 as tf

from gan import layers
from tools import face_alterations, face_feature_scale

SIZE = 2500
PAIRS, ALTERED = 64, 128  # faces of a batch that are seen twice; faces that are spoilt
PROJECTED = 128  # dimensions in which VICReg compares two views
LEARNING_RATE, WEIGHT_DECAY = 2e-3, 1e-4
FAMILY, PLACE, ALIKE, VARIED, APART = 1.0, 2.0, 0.5, 0.5, 0.02  # weights of the parts of the loss
AHEAD = 4  # batches drawn before they are needed


@dataclasses.dataclass(frozen=True)
class FeatureTrainingConfig:
    """Flags of the command, by name."""

    train_data_pattern: str = flag(None, "TFRecord files of 50x50 faces to learn from.", required=True)
    output: str = flag(face_features.WEIGHTS, "File to write.")
    steps: int = flag(3000, "Steps of training; fewer are quicker and worse.", at_least=1)
    seed: int = flag(0, "Seed of weights and batches.", at_least=0)


class Losses(NamedTuple):
    """Parts of the loss, scalars."""

    family: tf.Tensor  # cross entropy of how a face was spoilt
    place: tf.Tensor  # cross entropy of where
    alike: tf.Tensor  # squared distance of two views
    varied: tf.Tensor  # what the deviations lack to 1
    apart: tf.Tensor  # squared covariances


def main(argv: list[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    return command.run(train, FeatureTrainingConfig, argv)


def train(config: FeatureTrainingConfig) -> None:
    """Trains, and writes the weights."""
    faces = tfrecords.read_all(cache.find_files(config.train_data_pattern, "train_data_pattern"), SIZE)
    batches = _ahead(face_alterations.Faces(faces, config.seed), config.steps)
    with tf.Graph().as_default():
        _train(config, faces, batches)


def _train(config: FeatureTrainingConfig, faces: np.ndarray, batches: Iterator[face_alterations.Views]) -> None:
    tf.set_random_seed(config.seed)
    images = tf.placeholder(tf.uint8, [None, 50, 50])
    families, changes = tf.placeholder(tf.int32, [None]), tf.placeholder(tf.float32, [None, 7, 7])
    losses = _losses(images, families, changes)
    step = tf.train.get_or_create_global_step()
    update = _update(_total(losses), step, config.steps)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        started, shown = time.monotonic(), []
        for count, batch in enumerate(batches, 1):
            feed = {images: batch.images, families: batch.families, changes: batch.changes}
            shown.append(session.run([losses, update], feed)[0])
            if count % 50 == 0 or count == config.steps:
                parts = ", ".join(f"{name} {value:.3f}" for name, value in zip(Losses._fields, np.mean(shown, 0)))
                print(f"step {count}, {time.monotonic() - started:.0f} s: {parts}", flush=True)
                shown = []
            if count % 500 == 0 or count == config.steps:
                scaled = face_feature_scale.scaled(_layers(session), faces, config.seed)
                face_features.write(config.output, scaled)


def _ahead(faces: face_alterations.Faces, steps: int) -> Iterator[face_alterations.Views]:
    """Batches, drawn by another thread."""
    queue: Queue = Queue(AHEAD)

    def draw() -> None:
        for _ in range(steps):
            queue.put(faces.draw(PAIRS, ALTERED))

    threading.Thread(target=draw, daemon=True).start()
    return (queue.get() for _ in range(steps))


def _losses(images: tf.Tensor, families: tf.Tensor, changes: tf.Tensor) -> Losses:
    x = (tf.cast(images, tf.float32)[..., None] - face_features.MIDDLE) / face_features.UNIT
    for index, (filters, kernel, stride) in enumerate(CONVOLUTIONS):
        x = layers.conv2d(x, filters, kernel, stride, f"convolution{index}")
        x = tf.nn.relu(layers.batch_norm(x, True, f"norm{index}"))
    seen = tf.reshape(x, [-1, int(np.prod(x.shape.as_list()[1:]))])
    features = layers.dense(tf.nn.dropout(seen, rate=0.1), DIMENSIONS, "features")
    named = layers.dense(features, len(face_alterations.FAMILIES), "family")
    placed = layers.conv2d(x, 1, 1, 1, "place")[..., 0]
    return Losses(
        tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=families, logits=named)),
        tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=changes, logits=placed)),
        *_vicreg(features[: 2 * PAIRS]),
    )


def _vicreg(features: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Equations 1 to 5 of arXiv 2105.04906, of the features of first and second views."""
    hidden = tf.nn.relu(layers.batch_norm(layers.dense(features, PROJECTED, "hidden"), True, "norm_hidden"))
    views = tf.split(layers.dense(hidden, PROJECTED, "projection"), 2)
    varied, apart = 0.0, 0.0
    for view in views:
        centred = view - tf.reduce_mean(view, 0)
        covariance = tf.matmul(centred, centred, transpose_a=True) / (PAIRS - 1)
        variance = tf.linalg.diag_part(covariance)
        varied += tf.reduce_mean(tf.nn.relu(1 - tf.sqrt(variance + 1e-4))) / 2
        apart += (tf.reduce_sum(tf.square(covariance)) - tf.reduce_sum(tf.square(variance))) / PROJECTED / 2
    return tf.reduce_mean(tf.squared_difference(*views)), varied, apart


def _total(losses: Losses) -> tf.Tensor:
    parts = zip((FAMILY, PLACE, ALIKE, VARIED, APART), losses)
    decay = tf.add_n([tf.nn.l2_loss(each) for each in tf.trainable_variables() if each.name.endswith("weights:0")])
    return tf.add_n([weight * part for weight, part in parts]) + WEIGHT_DECAY * decay


def _update(loss: tf.Tensor, step: tf.Tensor, steps: int) -> tf.Operation:
    rate = tf.train.cosine_decay(LEARNING_RATE, step, steps, alpha=0.01)
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        return tf.train.AdamOptimizer(rate).minimize(loss, step)


def _layers(session: Any) -> list[Layer]:
    """The network's layers, batch normalisation folded into the weights."""
    values = {each.op.name: each for each in tf.global_variables() if "Adam" not in each.name}
    values = session.run({name: each for name, each in values.items() if each.dtype.base_dtype == tf.float32})
    found = []
    for index in range(len(CONVOLUTIONS)):
        weights, bias = values[f"convolution{index}/weights"], values[f"convolution{index}/bias"]
        norm = {name: values[f"norm{index}/{name}"] for name in ("scale", "offset", "mean", "variance")}
        scale = norm["scale"] / np.sqrt(norm["variance"] + layers.EPSILON)
        found.append(Layer(weights * scale, (bias - norm["mean"]) * scale + norm["offset"]))
    return [*found, Layer(values["features/weights"], values["features/bias"])]


if __name__ == "__main__":
    sys.exit(main())
