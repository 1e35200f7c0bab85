"""Gives generated images as much of each spatial frequency as the training images have.

A generator draws some frequencies too faintly and others too strongly, most of all slanting ones near the finest.
Hardly any discriminator sees it, and distances do: much of what is left of them is that all images are off the same
way. So a snapshot takes the discrete cosine transform of what it draws, and hands in

    image + inverse(gain * transform(image) + shift)

with a gain and a shift for each frequency, found for its weights. They are 0 in a snapshot that leaves the images as
they are. The gains give each coefficient the mean absolute deviation that it has in the training images. The shifts
give the coarsest coefficients the mean that they have there; all other means stay as they are.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import tensorflow.compat.v1 as tf

from gan.data import pixels

GAIN, SHIFT = "calibration/spectrum_gain", "calibration/spectrum_shift"  # variables of a snapshot
LEAST_GAIN, MOST_GAIN = -0.5, 1.0  # what needs more is not drawn well yet
_COARSE = 8  # coefficients a side that get the mean of the training images
_LEAST_DEVIATION = 1e-4  # of a coefficient; less is none


class Spectrum(NamedTuple):
    """Coefficients of the discrete cosine transform of many images, float64 [side, side] each."""

    mean: np.ndarray
    deviation: np.ndarray  # mean absolute deviation


def of_images(parts: Iterable[np.ndarray]) -> Spectrum:
    """The spectrum of images.

    Args:
        parts: uint8 [N, size] each, square. They are gone through twice.
    """
    parts = list(parts)
    count = sum(len(part) for part in parts)
    mean = sum(_coefficients(part).sum(0) for part in parts) / count
    deviation = sum(np.abs(_coefficients(part) - mean).sum(0) for part in parts) / count
    return Spectrum(mean, deviation)


def adjusted(images: tf.Tensor) -> tf.Tensor:
    """Images float32 [N, size] in [0, 1] with the frequencies that two new variables say; those begin at 0."""
    side = pixels.side(images.shape.as_list()[1])
    gain, shift = (
        tf.get_variable(name, [side, side], initializer=tf.zeros_initializer(), trainable=False)
        for name in (GAIN, SHIFT)
    )
    cosines = tf.constant(_cosines(side).astype(np.float32))
    change = gain * _on_both_sides(tf.reshape(images, [-1, side, side]), cosines) + shift
    change = tf.reshape(_on_both_sides(change, tf.transpose(cosines)), [-1, side * side])
    return tf.minimum(tf.maximum(images + change, 0), 1)


def to_match(drawn: Spectrum, wanted: Spectrum) -> tuple[np.ndarray, np.ndarray]:
    """The gains and the shifts that give images a spectrum, as nearly as the limits allow.

    Args:
        drawn: the spectrum of the images as they are without them.
        wanted: the spectrum that they are to have.

    Returns:
        (gains, shifts), float32 [side, side] each.
    """
    varies = drawn.deviation > _LEAST_DEVIATION
    gain = np.where(varies, wanted.deviation / np.where(varies, drawn.deviation, 1) - 1, 0)
    gain = np.clip(gain, LEAST_GAIN, MOST_GAIN)
    mean = drawn.mean.copy()
    mean[:_COARSE, :_COARSE] = wanted.mean[:_COARSE, :_COARSE]
    return gain.astype(np.float32), (mean - (1 + gain) * drawn.mean).astype(np.float32)


def _cosines(side: int) -> np.ndarray:
    """The orthonormal discrete cosine transform (DCT-II), float64 [side, side]: a row for each frequency."""
    numbers = np.arange(side)
    rows = np.cos(np.pi / side * numbers[:, None] * (numbers + 0.5)) * np.sqrt(2 / side)
    rows[0] /= np.sqrt(2)
    return rows


def _coefficients(images: np.ndarray) -> np.ndarray:
    """Of images uint8 [N, size]: float64 [N, side, side], the frequency downwards first."""
    side = pixels.side(images.shape[1])
    cosines = _cosines(side)
    squares = pixels.to_floats(images).astype(np.float64).reshape(-1, side, side)
    return np.asarray(cosines @ squares @ cosines.T)


def _on_both_sides(squares: tf.Tensor, matrix: tf.Tensor) -> tf.Tensor:
    """matrix * square * transposed matrix of [N, side, side], each image by itself."""
    side = matrix.shape.as_list()[0]

    def across(values: tf.Tensor) -> tf.Tensor:
        rows = tf.matmul(tf.reshape(values, [-1, side]), matrix, transpose_b=True)
        return tf.transpose(tf.reshape(rows, [-1, side, side]), [0, 2, 1])

    return across(across(squares))
