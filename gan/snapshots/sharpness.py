"""Lets generated images be as unlike each other in sharpness as the training images are.

Some photographs are crisp and some are blurred. A generator draws both, but nearer to the middle: the sharpness of its
images varies by little more than half as much as that of photographs. Discriminators do not mind that, and distances
do. So a snapshot sharpens what it drew sharper than most, and blurs what it drew softer than most: it hands in

    image + (gain * sharpness + shift) * detail

with two numbers that are found for its weights. Both are 0 in a snapshot that leaves the images as they are. The detail
of an image is what a small blur takes away from it. Its sharpness is the logarithm of how large its second differences
are for its first ones, whatever its contrast.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import tensorflow.compat.v1 as tf

GAIN, SHIFT = "calibration/sharpness_gain", "calibration/sharpness_shift"  # variables of a snapshot
MOST_GAIN = 6.0  # faces need 2 to 4: what needs more is not drawn well yet
LEAST_AMOUNT, MOST_AMOUNT = -0.7, 1.0  # of the detail that is added, for the same reason
_LEAST_ENERGY = 1.5e-5  # of differences, that of one grey level: fainter ones are not seen
_LEAST_SPREAD = 1e-4  # of the sharpness of images, less is none
_ROUNDS = 20  # of halving, until a number is known to six digits


class Sharpness(NamedTuple):
    """Sharpness of many images."""

    mean: float
    deviation: float


def of_images(images: np.ndarray) -> np.ndarray:
    """Sharpness of each of some square images, float [N, size] in [0, 1]: float64 [N]."""
    x = _squares(images).astype(np.float64)
    return _sharpness(_energies(x, x, np.mean), np.log).reshape(-1)


def adjusted(images: tf.Tensor) -> tf.Tensor:
    """Images float32 [N, size] in [0, 1], sharpened as two new variables of the graph say; those begin at 0."""
    gain, shift = (
        tf.get_variable(name, [], initializer=tf.zeros_initializer(), trainable=False) for name in (GAIN, SHIFT)
    )
    x = _squares(images)
    amount = gain * _sharpness(_energies(x, x, tf.reduce_mean), tf.log) + shift
    amount = tf.minimum(tf.maximum(amount, LEAST_AMOUNT), MOST_AMOUNT)
    result = tf.minimum(tf.maximum(x + amount * _detail(x, tf.pad), 0), 1)
    return tf.reshape(result, [-1, images.shape.as_list()[1]])


def sharpened(images: np.ndarray, gain: float, shift: float) -> np.ndarray:
    """The same of an array, float [N, size] in [0, 1], with these numbers."""
    x = _squares(images)
    amount = np.clip(gain * _sharpness(_energies(x, x, np.mean), np.log) + shift, LEAST_AMOUNT, MOST_AMOUNT)
    return np.clip(x + amount * _detail(x, np.pad), 0, 1).reshape(images.shape)


def to_match(images: np.ndarray, wanted: Sharpness) -> tuple[float, float]:
    """The numbers that give images a sharpness, as nearly as the limits allow.

    Args:
        images: float32 [N, size] in [0, 1], square, as they are without them.
        wanted: the sharpness.

    Returns:
        (gain, shift). The gain is not below 0: what varies more than photographs do goes on doing so. It is 0, too, if
        the images do not vary at all.
    """
    x = _squares(images).astype(np.float64)
    detail = _detail(x, np.pad)
    energies = [np.stack(_energies(*pair, np.mean)) for pair in ((x, x), (x, detail), (detail, detail))]
    before = _sharpness(energies[0], np.log)

    def after(gain: float, shift: float) -> np.ndarray:
        """The sharpness of each image with these numbers, were black and white no limits."""
        amount = np.clip(gain * before + shift, LEAST_AMOUNT, MOST_AMOUNT)
        return _sharpness(energies[0] + 2 * amount * energies[1] + np.square(amount) * energies[2], np.log)

    def shift_of(gain: float) -> float:
        """The shift at which the mean is the wanted one."""
        reach = gain * float(np.abs(before).max()) + max(MOST_AMOUNT, -LEAST_AMOUNT)
        return _where(lambda shift: after(gain, shift).mean() < wanted.mean, -reach, reach)

    gain = 0.0
    if before.std() > _LEAST_SPREAD and after(0, shift_of(0)).std() < wanted.deviation:
        gain = _where(lambda gain: after(gain, shift_of(gain)).std() < wanted.deviation, 0, MOST_GAIN)
    return gain, shift_of(gain)


def _where(is_below: Callable[[float], bool], low: float, high: float) -> float:
    """Where something that rises from `low` to `high` passes what is wanted, by halving."""
    for _ in range(_ROUNDS):
        middle = (low + high) / 2
        low, high = (middle, high) if is_below(middle) else (low, middle)
    return (low + high) / 2


def _squares(images: Any) -> Any:
    """[N, size], an array or a tensor, as [N, side, side]."""
    side = math.isqrt(int(images.shape[1]))
    reshape = tf.reshape if isinstance(images, tf.Tensor) else np.reshape
    return reshape(images, [-1, side, side])


def _energies(a: Any, b: Any, mean: Callable[..., Any]) -> tuple[Any, Any]:
    """Mean products of two pictures' second differences and of their first ones.

    Args:
        a: [N, side, side], an array or a tensor.
        b: the same.
        mean: np.mean or tf.reduce_mean.

    Returns:
        Both [N, 1, 1].
    """
    products = [_second(a) * _second(b), _down(a) * _down(b), _across(a) * _across(b)]
    second, down, across = (mean(each, (1, 2), keepdims=True) for each in products)
    return second, down + across


def _sharpness(energies: Any, log: Callable[[Any], Any]) -> Any:
    """Sharpness by energies of second and of first differences."""
    second, first = energies
    return 0.5 * (log(second + _LEAST_ENERGY) - log(first + _LEAST_ENERGY))


def _down(x: Any) -> Any:
    return x[:, 1:] - x[:, :-1]


def _across(x: Any) -> Any:
    return x[:, :, 1:] - x[:, :, :-1]


def _second(x: Any) -> Any:
    """Four times each inner pixel less its neighbours: Laplace's operator."""
    return 4 * x[:, 1:-1, 1:-1] - x[:, :-2, 1:-1] - x[:, 2:, 1:-1] - x[:, 1:-1, :-2] - x[:, 1:-1, 2:]


def _detail(x: Any, pad: Callable[..., Any]) -> Any:
    """What a blur by (1, 2, 1) / 4, down and across, takes away from images [N, side, side]."""
    around = pad(x, [[0, 0], [1, 1], [1, 1]], "symmetric")
    down = (around[:, :-2] + 2 * around[:, 1:-1] + around[:, 2:]) / 4
    return x - (down[:, :, :-2] + 2 * down[:, :, 1:-1] + down[:, :, 2:]) / 4
