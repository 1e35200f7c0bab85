"""Measures what training images are like, for the verdict of a nonsense filter: see networks/typicality.py."""

import numpy as np
import tensorflow.compat.v1 as tf

from gan.data import pixels
from gan.networks import typicality
from gan.snapshots import sessions

WEIGHT = 4.0  # what an image loses of its logit for each deviation beyond the first
_AT_ONCE = 256  # images
_LEAST_VARIANCE = 1e-5  # of a direction, in parts of the largest one
_LEAST_SPREAD = 0.3  # of the logarithms of distances, if there are few held-out images; it is 0.33 for 689 faces


def described(images: np.ndarray) -> np.ndarray:
    """Descriptions float32 [N, typicality.SIZE] of square images [N, size], uint8 or float32 in [0, 1]."""
    with tf.Graph().as_default():
        given = tf.placeholder(tf.float32, [None, images.shape[1]])
        descriptions = typicality.described(given)
        with tf.Session(config=sessions.judge_config()) as session:
            batches = np.array_split(images, -(-len(images) // _AT_ONCE))
            feeds = (pixels.to_floats(batch) if batch.dtype == np.uint8 else batch for batch in batches)
            return np.concatenate([session.run(descriptions, {given: feed}) for feed in feeds])


def described_both_ways(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Descriptions of images, as of `described`, and of their mirror images."""
    found = described(pixels.with_flips(images))
    return found[: len(images)], found[len(images) :]


def measured(training: np.ndarray, held_out: np.ndarray) -> dict[str, np.ndarray]:
    """Values of the variables typicality.NAMES, by name.

    The distance's logarithm begins to count one deviation above its mean over held-out images: training images are
    nearer to their own mean if they are few.

    Args:
        training: descriptions of the training images and of their mirror images, which the filter learns from too.
        held_out: descriptions of photographs that are not among them.
    """
    found = training.astype(np.float64)
    mean = found.mean(0)
    variances, directions = np.linalg.eigh(np.cov(found.T, bias=True))
    least = max(_LEAST_VARIANCE * float(variances[-1]), 1e-9)
    whitening = directions / np.sqrt(np.maximum(variances, least))
    distances = np.log(np.square((held_out - mean) @ whitening).sum(1) + typicality.LEAST_DISTANCE)
    deviation = max(float(distances.std()), _LEAST_SPREAD)
    values = (mean, whitening, distances.mean() + deviation, WEIGHT / deviation)
    return {name: np.asarray(value, np.float32) for name, value in zip(typicality.NAMES, values)}
