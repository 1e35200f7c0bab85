"""How far an image is from what training images are like, of which the nonsense filter's verdict hears.

A network that learned to refuse many kinds of nonsense may say anything of one that it never saw. A distance refuses
whatever is unlike the training images, in any way: that of Mahalanobis, of a description of the image by its tones and
by its edges in four directions, each averaged over the cells of a grid. What the training images are like is measured
for a snapshot (snapshots/typical.py).

Sources: Lee et al. 2018, arXiv 1807.03888, for such a distance beside a network's verdict, there in its own features;
Dalal and Triggs 2005 for edges by direction on a grid.
"""

import math

import numpy as np
import tensorflow.compat.v1 as tf

MEAN, WHITENING = "calibration/typical_mean", "calibration/typical_whitening"  # variables of a snapshot with a filter
START, SLOPE = "calibration/typical_start", "calibration/typical_slope"
NAMES = (MEAN, WHITENING, START, SLOPE)
_TONES = 10  # cells on a side whose tones are compared
_EDGES = (5, 5, 3)  # cells on a side in which edges are averaged, at full size, half and a quarter of it
_LEAST_CONTRAST, _LEAST_ENERGY = 0.02, 3e-5  # of what is too faint to be seen
LEAST_DISTANCE = 1e-6  # added, so that there is a logarithm
SIZE = _TONES**2 + 4 * sum(cells**2 for cells in _EDGES)  # numbers in a description


def described(images: tf.Tensor) -> tf.Tensor:
    """Descriptions float32 [N, SIZE] of square images float32 [N, size] in [0, 1], row by row."""
    side = math.isqrt(images.shape.as_list()[1])
    x = tf.reshape(images, [-1, side, side])
    parts = [_tones(_averaged(x, _cells(side, _TONES)))]
    for cells in _EDGES:
        shares = _cells(side - 1, cells)
        parts += [tf.log(_averaged(tf.square(edges), shares) + _LEAST_ENERGY) for edges in _edges(x)]
        x, side = _averaged(x, _cells(side, side // 2)), side // 2
    return tf.concat([tf.reshape(part, [-1, int(np.prod(part.shape.as_list()[1:]))]) for part in parts], 1)


def penalty(images: tf.Tensor) -> tf.Tensor:
    """What an unusual image loses of its logit, float32 [N, 1]; 0 for a usual one, and while NAMES are not measured.

    Args:
        images: float32 [N, size] in [0, 1], square, row by row.
    """
    shapes: dict[str, list[int]] = {MEAN: [SIZE], WHITENING: [SIZE, SIZE], START: [], SLOPE: []}
    mean, whitening, start, slope = (
        tf.get_variable(name, shapes[name], initializer=tf.zeros_initializer(), trainable=False) for name in NAMES
    )
    white = tf.matmul(described(images) - mean, whitening)
    return slope * tf.nn.relu(tf.log(tf.reduce_sum(tf.square(white), 1, keepdims=True) + LEAST_DISTANCE) - start)


def _tones(cells: tf.Tensor) -> tf.Tensor:
    """Tones [N, _TONES, _TONES] as they are whatever the brightness and the contrast of the image."""
    cells -= tf.reduce_mean(cells, [1, 2], keepdims=True)
    return cells / (tf.sqrt(tf.reduce_mean(tf.square(cells), [1, 2], keepdims=True)) + _LEAST_CONTRAST)


def _edges(x: tf.Tensor) -> list[tf.Tensor]:
    """Differences of neighbours in images [N, side, side]: down, across and along both diagonals."""
    here, right, below, across = x[:, :-1, :-1], x[:, :-1, 1:], x[:, 1:, :-1], x[:, 1:, 1:]
    return [below - here, right - here, across - here, below - right]


def _cells(side: int, cells: int) -> tf.Tensor:
    """Shares of a line's pixels in its cells, which are as nearly of one size as can be: [cells, side]."""
    is_in = np.arange(side) * cells // side == np.arange(cells)[:, None]
    return tf.constant(is_in / is_in.sum(1, keepdims=True), tf.float32)


def _averaged(values: tf.Tensor, shares: tf.Tensor) -> tf.Tensor:
    """Means over the cells of a grid: [N, side, side] to [N, cells, cells]."""
    return tf.matmul(tf.matmul(shares, values), shares, transpose_b=True)
