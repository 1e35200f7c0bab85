"""Measures what training images are like, for the verdict of a nonsense filter: see networks/typicality.py."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import tensorflow.compat.v1 as tf

from gan.data import pixels, tfrecords
from gan.networks import typicality
from gan.snapshots import sessions

MOST_IMAGES = 15_000  # training images, from all parts of the files; more would hardly change what is measured
WEIGHT = 4.0  # what an image loses of its logit for each deviation beyond the first
_LEAST_VARIANCE = 1e-5  # of a direction, in parts of the largest one
_LEAST_SPREAD = 0.3  # of the logarithms of distances, if there are few held-out images; it is 0.33 for 689 faces


def of_files(paths: Sequence[str], held_out: np.ndarray, size: int) -> dict[str, np.ndarray]:
    """Values of the variables typicality.NAMES, by name.

    The distance's logarithm begins to count one deviation above its mean over held-out images: training images are
    nearer to their own mean if they are few.

    Args:
        paths: TFRecord files of the training images on disk; their mirror images count too, as when the filter learns.
        held_out: float32 [N, size] in [0, 1], photographs that are not in the files.
        size: pixels of an image.

    Raises:
        DataError: as tfrecords.read_chunks.
    """
    side = pixels.side(size)
    both_ways = (way for chunk in _some(paths, size) for way in (chunk, _mirrored(chunk, side)))
    found = _described(both_ways, size).astype(np.float64)
    mean = found.mean(0)
    variances, directions = np.linalg.eigh(np.cov(found.T, bias=True))
    least = max(_LEAST_VARIANCE * float(variances[-1]), 1e-9)
    whitening = directions / np.sqrt(np.maximum(variances, least))
    others = _described(np.array_split(held_out, -(-len(held_out) // tfrecords.CHUNK)), size)
    distances = np.log(np.square((others - mean) @ whitening).sum(1) + typicality.LEAST_DISTANCE)
    deviation = max(float(distances.std()), _LEAST_SPREAD)
    values = (mean, whitening, distances.mean() + deviation, WEIGHT / deviation)
    return {name: np.asarray(value, np.float32) for name, value in zip(typicality.NAMES, values)}


def _some(paths: Sequence[str], size: int) -> Iterator[np.ndarray]:
    """Every image of the files, or every second, third ... if there are more than MOST_IMAGES: float32 [n, size]."""
    every, seen = -(-tfrecords.count_all(paths, size) // MOST_IMAGES), 0
    for chunk in tfrecords.read_chunks(paths, size):
        wanted = chunk[-seen % every :: every]
        seen += len(chunk)
        if len(wanted):
            yield pixels.to_floats(wanted)


def _described(batches: Iterable[np.ndarray], size: int) -> np.ndarray:
    """Descriptions of images float32 [N, size] in [0, 1], of all batches together."""
    with tf.Graph().as_default():
        images = tf.placeholder(tf.float32, [None, size])
        described = typicality.described(images)
        with tf.Session(config=sessions.judge_config()) as session:
            return np.concatenate([session.run(described, {images: batch}) for batch in batches])


def _mirrored(images: np.ndarray, side: int) -> np.ndarray:
    return images.reshape(-1, side, side)[:, :, ::-1].reshape(images.shape)
