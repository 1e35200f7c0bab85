"""Differentiable augmentation: the discriminator sees real and generated images only after random changes.

With little data a discriminator learns its images by heart. It cannot if it sees them moved, darkened and with holes.
The same changes happen to generated images and are differentiated, so the generator still learns the plain images
(Zhao et al. 2020, arXiv 2006.10738; Karras et al. 2020, arXiv 2006.06676).

A transformation is a function (images, happens, draws) -> images:

    images   float32 [N, height, width, 1], real ones in [0, 1]
    happens  float32 [N], 1 if it must happen to the image and 0 if the image must stay as it is
    draws    float32 [N, 2], uniform in [0, 1): all the randomness that it may use

A contestant's own goes here and is chosen with --augment=its_name. They happen in the order of this file. What they
draw depends on a seed alone, so that a training can go on from a saved step without the state of a random generator.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import tensorflow.compat.v1 as tf

ADAPTATION_IMAGES = 50_000  # real images in which an adaptive probability can go from 0 to 1; 500,000 in the paper
_DRAWS = 2
_REAL_ALONE = ("flip",)
_NOISE_SEED = (2**40, 0)  # keeps the noise apart from what transformations draw


class Augmentation(NamedTuple):
    """What is done to the images that the discriminator sees in training."""

    policy: tuple[str, ...] = ()  # names of transformations
    probability: float = 1.0  # that a transformation of the policy happens to an image; if it adapts, the largest one
    target: float | None = None  # mean sign of the logits on real images to keep; None does not adapt the probability
    speed: float = 0.0  # if the probability adapts: its change in each step
    noise: float = 0.0  # standard deviation of the noise on all images at the start of the run


def rounding(images: tf.Tensor, happens: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
    """Rounds to 8 bits, always; the gradient passes as if nothing was rounded.

    Real pixels are n / 255 and generated ones are not. A discriminator would learn that instead of faces.
    """
    del happens, draws
    return images + tf.stop_gradient(tf.round(images * 255) / 255 - images)


def flip(images: tf.Tensor, happens: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
    """Mirrors half of the real images left to right; generated ones stay as they are.

    So it is as if there were twice as many faces, and the generator learns to draw both ways; --calibrate_flip mirrors
    its images back (networks/flip.py). If generated faces were mirrored too, the generator could draw all of them
    looking to the same side, and the discriminator would not notice.
    """
    return _mirrored(images, happens * draws[:, 0] >= 0.5)


def brightness(images: tf.Tensor, happens: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
    """Adds between -0.25 and 0.25 to all pixels of an image."""
    return images + _per_image(happens * (draws[:, 0] - 0.5) * 0.5)


def contrast(images: tf.Tensor, happens: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
    """Moves an image's pixels away from their mean or towards it, by a factor between 0.5 and 1.5."""
    factor = _per_image(1 + happens * (draws[:, 0] - 0.5))
    return images * factor + tf.reduce_mean(images, [1, 2, 3], keepdims=True) * (1 - factor)


def blur(images: tf.Tensor, happens: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
    """Mixes an image with itself smoothed by (1, 2, 1) / 4 down and across; the share of the latter is 0 to 1."""
    height, width = images.shape.as_list()[1:3]
    smoothed = tf.matmul(tf.matmul(_smoothing(height), images[..., 0]), _smoothing(width))[..., tf.newaxis]
    return images + _per_image(happens * draws[:, 0]) * (smoothed - images)


def translation(images: tf.Tensor, happens: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
    """Moves an image by up to an eighth of its size down and across; the uncovered edge is black."""
    return _moved(images, tf.stack([_shift(size, happens, draw) for size, draw in _sides(images, draws)], 1))


def cutout(images: tf.Tensor, happens: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
    """Blackens a rectangle of half the height and half the width, centred anywhere in the image."""
    rows, columns = (_hole(size, happens, draw) for size, draw in _sides(images, draws))
    return images * (1 - rows[:, :, tf.newaxis, tf.newaxis] * columns[:, tf.newaxis, :, tf.newaxis])


def augment(
    images: tf.Tensor,
    policy: Sequence[str],
    probability: float | tf.Tensor,
    seed: tf.Tensor,
    first: int | tf.Tensor = 0,
) -> tf.Tensor:
    """Applies the transformations of a policy to a batch of images.

    Args:
        images: float32 [N, size], square, row by row.
        policy: names of transformations, as of `registry.policy`.
        probability: that each of them happens to an image; a float or a float32 scalar.
        seed: int64 [2]; the same seed draws the same for an image of the same number.
        first: int32, number of the first image: a part of a batch is changed as it would be in the whole batch.

    Returns:
        float32 [N, size], not limited to [0, 1].
    """
    size = images.shape.as_list()[1]
    side = round(size**0.5)
    # On processors and GPUs TensorFlow draws with Philox: in order, by a counter, so a part of the batch can skip the
    # draws of the images before it.
    shape = tf.stack([first + tf.shape(images)[0], len(policy), 1 + _DRAWS])
    draws = tf.random.stateless_uniform(shape, seed)[first:]
    images = tf.reshape(images, [-1, side, side, 1])
    for index, name in enumerate(policy):
        happens = tf.cast(draws[:, index, 0] < probability, tf.float32)
        images = globals()[name](images, happens, draws[:, index, 1:])
    return tf.reshape(images, [-1, size])


class Augmenter:
    """An augmentation in the current training graph.

    Args:
        augmentation: an Augmentation; one without a policy changes nothing.
        seed: int64 [2], another one in each step; real and generated images draw with seeds made of it.
        first: int64, number in the step's batch of the first image here.

    Attributes:
        probability: float32 scalar, as it is in this step.
        adapted: variables that `updates` changes.
        noise_factor: variable for the share of the noise that is left, which the training loop sets; None if there is
            no noise.
    """

    def __init__(self, augmentation: Augmentation, seed: tf.Tensor, first: int | tf.Tensor) -> None:
        self._settings, self._seed, self._first = augmentation, seed, tf.cast(first, tf.int32)
        self._variable, self.adapted = None, []
        self.probability = tf.constant(augmentation.probability, tf.float32)
        if augmentation.target is not None:
            self._variable = tf.get_variable(
                "augment_probability", [], initializer=tf.zeros_initializer(), trainable=False
            )
            self.adapted = [self._variable]
            self.probability = self._variable.read_value()
        self.noise_factor = None
        if augmentation.noise:
            self.noise_factor = tf.get_variable(
                "instance_noise_factor", [], initializer=tf.ones_initializer(), trainable=False
            )

    def real(self, images: tf.Tensor, first: int | tf.Tensor) -> tf.Tensor:
        """Augments real images, float32 [N, size]; the first of them has the number `first` here."""
        return self._augment(images, first, 0, self._settings.policy)

    def fake(self, images: tf.Tensor, first: int | tf.Tensor) -> tf.Tensor:
        """Augments generated images in the same way, without the changes that are for real images alone."""
        return self._augment(images, first, 1, [name for name in self._settings.policy if name not in _REAL_ALONE])

    def updates(self, real_logits: tf.Tensor) -> list[tf.Operation]:
        """Operations that adapt the probability to logits of augmented real images, float32 [N, 1].

        A discriminator that learns its images by heart gives real images logits above 0, and the mean of their signs
        rises towards 1. The probability rises while that mean is above the target and falls while it is below
        (Karras et al. 2020, arXiv 2006.06676, section 3, with their r_t).
        """
        if self._variable is None:
            return []
        excess = tf.reduce_mean(tf.sign(real_logits)) - self._settings.target
        moved = self.probability + tf.sign(excess) * self._settings.speed
        return [self._variable.assign(tf.clip_by_value(moved, 0.0, self._settings.probability))]

    def _augment(self, images: tf.Tensor, first: int | tf.Tensor, stream: int, policy: Sequence[str]) -> tf.Tensor:
        seed, first = tf.stack([2 * self._seed[0] + stream, self._seed[1]]), self._first + first
        if policy:
            images = augment(images, policy, self.probability, seed, first)
        if self.noise_factor is None:
            return images
        return images + self._settings.noise * self.noise_factor * _noise(images, seed + _NOISE_SEED, first)


def _noise(images: tf.Tensor, seed: tf.Tensor, first: tf.Tensor) -> tf.Tensor:
    """Standard normal numbers for images [N, size]: each image's follow from the seed and its number in the batch."""
    shape = tf.stack([first + tf.shape(images)[0], images.shape.as_list()[1]])
    return tf.random.stateless_normal(shape, seed)[first:]


def _per_image(values: tf.Tensor) -> tf.Tensor:
    return values[:, tf.newaxis, tf.newaxis, tf.newaxis]


def _sides(images: tf.Tensor, draws: tf.Tensor) -> Iterator[tuple[int, tf.Tensor]]:
    """(size, draws) for height and width."""
    return zip(images.shape.as_list()[1:3], (draws[:, 0], draws[:, 1]))


@tf.custom_gradient  # type: ignore[untyped-decorator]
def _mirrored(images: tf.Tensor, which: tf.Tensor) -> tuple[tf.Tensor, Callable[..., tuple[tf.Tensor, None]]]:
    """Mirrors those images for which `which` is true; TensorFlow's own gradient of this takes twice as long."""

    def mirror(images: tf.Tensor) -> tf.Tensor:
        shape = tf.shape(images)
        reversed_rows = tf.reverse(tf.reshape(images, [-1, shape[2]]), [1])  # in two dimensions it is faster
        return tf.where(which, tf.reshape(reversed_rows, shape), images)

    return mirror(images), lambda gradient: (mirror(gradient), None)


def _smoothing(size: int) -> tf.Tensor:
    """[size, size] to multiply with: (1, 2, 1) / 4 along the diagonal, as if pixels at the edge went on outside."""
    matrix = np.eye(size) / 2 + np.eye(size, k=1) / 4 + np.eye(size, k=-1) / 4
    matrix[0, 0] = matrix[-1, -1] = 3 / 4
    return tf.constant(matrix, tf.float32)


def _shift(size: int, happens: tf.Tensor, draw: tf.Tensor) -> tf.Tensor:
    """Whole pixels from -size / 8 to size / 8, all with the same probability: float32 [N]."""
    most = round(size / 8)
    return happens * (tf.floor(draw * (2 * most + 1)) - most)


@tf.custom_gradient  # type: ignore[untyped-decorator]
def _moved(images: tf.Tensor, shifts: tf.Tensor) -> tuple[tf.Tensor, Callable[..., tuple[tf.Tensor, None]]]:
    """Moves each image by [down, across]: shifts [N, 2]; the gradient is moved back.

    On 2 cores glimpses take less than half the time of the next best way (a product with two shifted identity matrices,
    tf.gather of pixels or rows, crop_and_resize, a projective transform).
    """

    def move(images: tf.Tensor, shifts: tf.Tensor) -> tf.Tensor:
        size = images.shape.as_list()[1:3]
        centres = tf.constant(size, tf.float32) / 2 - shifts  # of the part to cut out, in pixels from the upper left
        return tf.raw_ops.ExtractGlimpse(
            input=images,
            size=size,
            offsets=centres,
            centered=False,
            normalized=False,
            uniform_noise=False,
            noise="zero",
        )

    return move(images, shifts), lambda gradient: (move(gradient, -shifts), None)


def _hole(size: int, happens: tf.Tensor, draw: tf.Tensor) -> tf.Tensor:
    """1 inside the hole and 0 elsewhere: float32 [N, size]."""
    length = size // 2
    # One more place if the length is even, so that both ends are in the hole equally often.
    first = tf.floor(draw * (size + 1 - length % 2)) - length // 2
    position = tf.range(size, dtype=tf.float32) - first[:, tf.newaxis]
    return tf.cast((position >= 0) & (position < length), tf.float32) * happens[:, tf.newaxis]
