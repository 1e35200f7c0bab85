"""Differentiable augmentation: the discriminator sees real and generated images only after random changes.

With little data a discriminator learns its images by heart. One that sees them moved, darkened and with
holes cannot, and the generator, through which the same changes are differentiated, still learns the plain
images (Zhao et al. 2020, arXiv 2006.10738; Karras et al. 2020, arXiv 2006.06676).

A transformation is a function (images, happens, draws) -> images:

    images   float32 [N, height, width, 1], real ones in [0, 1]
    happens  float32 [N], 1 where it is to happen and 0 where the image must stay as it is
    draws    float32 [N, 2], uniform in [0, 1): all the randomness that it may use

A contestant's own goes here and is chosen with --augment=its_name. They happen in the order of this file.
What they draw depends on a seed alone, so that going on from a saved step needs no generator's state.
"""

from typing import NamedTuple

import numpy as np
import tensorflow.compat.v1 as tf

ADAPTATION_IMAGES = 50_000  # real images in which an adaptive probability can go from 0 to 1; 500,000 in the paper
_DRAWS = 2
_REAL_ALONE = ("flip",)


class Augmentation(NamedTuple):
    """What is done to the images that the discriminator sees in training."""

    policy: tuple = ()  # names of transformations
    probability: float = 1.0  # that a transformation of the policy happens to an image; the largest where it adapts
    target: float = None  # where it adapts: mean sign of the logits on real images to keep; None does not adapt
    speed: float = 0.0  # where it adapts: change of the probability per step


def rounding(images, happens, draws):
    """Rounds to 8 bits, always; the gradient passes as if it had not.

    Real pixels are n / 255 and generated ones are not, which a discriminator would learn in place of faces.
    """
    del happens, draws
    return images + tf.stop_gradient(tf.round(images * 255) / 255 - images)


def flip(images, happens, draws):
    """Mirrors half of the real images left to right; generated ones stay as they are.

    Faces look either way alike. Were generated ones mirrored too, all of them could look the same way and nobody would
    see it.
    """
    return _mirrored(images, happens * draws[:, 0] >= 0.5)


def brightness(images, happens, draws):
    """Adds between -0.25 and 0.25 to all pixels of an image."""
    return images + _per_image(happens * (draws[:, 0] - 0.5) * 0.5)


def contrast(images, happens, draws):
    """Moves an image's pixels away from their mean or towards it, by a factor between 0.5 and 1.5."""
    factor = _per_image(1 + happens * (draws[:, 0] - 0.5))
    return images * factor + tf.reduce_mean(images, [1, 2, 3], keepdims=True) * (1 - factor)


def blur(images, happens, draws):
    """Mixes an image with one that is smoothed by (1, 2, 1) / 4 down and across, from not at all to wholly."""
    height, width = images.shape.as_list()[1:3]
    smoothed = tf.matmul(tf.matmul(_smoothing(height), images[..., 0]), _smoothing(width))[..., tf.newaxis]
    return images + _per_image(happens * draws[:, 0]) * (smoothed - images)


def translation(images, happens, draws):
    """Moves an image by up to an eighth of its size down and across; what comes in is black."""
    return _moved(images, tf.stack([_shift(size, happens, draw) for size, draw in _sides(images, draws)], 1))


def cutout(images, happens, draws):
    """Blackens a rectangle of half the height and half the width, centred anywhere in the image."""
    rows, columns = (_hole(size, happens, draw) for size, draw in _sides(images, draws))
    return images * (1 - rows[:, :, tf.newaxis, tf.newaxis] * columns[:, tf.newaxis, :, tf.newaxis])


def augment(images, policy, probability, seed, first=0):
    """Does what a policy names to a batch of images.

    Args:
        images: float32 [N, size], square, row by row.
        policy: names of transformations, as of `registry.policy`.
        probability: that each of them happens to an image; a float or a float32 scalar.
        seed: int64 [2]; the same seed draws the same for an image of the same number.
        first: int32, number of the first image: a part of a batch gets what it would get in the whole.

    Returns:
        float32 [N, size], not limited to [0, 1].
    """
    size = images.shape.as_list()[1]
    side = round(size**0.5)
    # Philox draws in order, by a counter: a part of the batch passes over the draws of the images before it.
    shape = tf.stack([first + tf.shape(images)[0], len(policy), 1 + _DRAWS])
    draws = tf.random.stateless_uniform(shape, seed, alg="philox")[first:]
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
    """

    def __init__(self, augmentation, seed, first):
        self._settings, self._seed, self._first = augmentation, seed, tf.cast(first, tf.int32)
        self._variable = None
        self.probability = tf.constant(augmentation.probability, tf.float32)
        if augmentation.target is not None:
            self._variable = tf.get_variable(
                "augment_probability", [], initializer=tf.zeros_initializer(), trainable=False
            )
            self.probability = self._variable.read_value()

    def real(self, images, first):
        """Augments real images, float32 [N, size], of which the first has number `first` here."""
        return self._augment(images, first, 0, self._settings.policy)

    def fake(self, images, first):
        """Augments generated images likewise, but for what is done to real ones alone."""
        return self._augment(images, first, 1, [name for name in self._settings.policy if name not in _REAL_ALONE])

    def updates(self, real_logits):
        """Operations that adapt the probability to logits of augmented real images, float32 [N, 1].

        A discriminator that learns its images by heart gives real ones logits above 0, and the mean of their signs
        rises towards 1. The probability rises while that mean is above the target and falls while it is below
        (Karras et al. 2020, arXiv 2006.06676, section 3, with their r_t).
        """
        if self._variable is None:
            return []
        excess = tf.reduce_mean(tf.sign(real_logits)) - self._settings.target
        moved = self.probability + tf.sign(excess) * self._settings.speed
        # Added, so that processes that move it at the same time all count.
        change = tf.clip_by_value(moved, 0.0, self._settings.probability) - self.probability
        return [self._variable.assign_add(change)]

    def _augment(self, images, first, stream, policy):
        if not policy:
            return images
        seed = tf.stack([2 * self._seed[0] + stream, self._seed[1]])
        return augment(images, policy, self.probability, seed, self._first + first)


def _per_image(values):
    return values[:, tf.newaxis, tf.newaxis, tf.newaxis]


def _sides(images, draws):
    """(size, draws) for height and width."""
    return zip(images.shape.as_list()[1:3], (draws[:, 0], draws[:, 1]))


@tf.custom_gradient
def _mirrored(images, which):
    """Mirrors those images for which `which` is true; the gradient that TensorFlow would find takes twice as long."""

    def mirror(images):
        shape = tf.shape(images)
        reversed_rows = tf.reverse(tf.reshape(images, [-1, shape[2]]), [1])  # in two dimensions it is faster
        return tf.where(which, tf.reshape(reversed_rows, shape), images)

    return mirror(images), lambda gradient: (mirror(gradient), None)


def _smoothing(size):
    """[size, size] to multiply with: (1, 2, 1) / 4 along the diagonal, with the border's pixels repeated outside."""
    matrix = np.eye(size) / 2 + np.eye(size, k=1) / 4 + np.eye(size, k=-1) / 4
    matrix[0, 0] = matrix[-1, -1] = 3 / 4
    return tf.constant(matrix, tf.float32)


def _shift(size, happens, draw):
    """Whole pixels from -size / 8 to size / 8, all equally probable: float32 [N]."""
    most = round(size / 8)
    return happens * (tf.floor(draw * (2 * most + 1)) - most)


@tf.custom_gradient
def _moved(images, shifts):
    """Moves each image by [down, across]: shifts [N, 2]; its gradient moves back.

    Of the ways to do this on 2 cores (a product with two shifted identity matrices, tf.gather of pixels or rows,
    crop_and_resize, a projective transform) glimpses take less than half the time of the next.
    """

    def move(images, shifts):
        size = images.shape.as_list()[1:3]
        centres = tf.constant(size, tf.float32) / 2 - shifts  # of what is looked at, in pixels from the upper left
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


def _hole(size, happens, draw):
    """1 where the hole is and 0 elsewhere: float32 [N, size]."""
    length = size // 2
    # One more place where the length is even, so that either end is as often in the hole as the other.
    first = tf.floor(draw * (size + 1 - length % 2)) - length // 2
    position = tf.range(size, dtype=tf.float32) - first[:, tf.newaxis]
    return tf.cast((position >= 0) & (position < length), tf.float32) * happens[:, tf.newaxis]
