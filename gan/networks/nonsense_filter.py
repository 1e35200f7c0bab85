"""A small network beside the discriminator that tells photographs from images that no camera took.

A discriminator that must refuse nonsense too tells fewer good images from real ones: both take of its capacity. So the
filter is trained by itself (training/filter_training.py), and what is handed in judges by the lower of both logits.

It is shown how much an image varies around each pixel, near and farther away: drawings are too smooth for a photograph,
and what a filter leaves of one is too even.

In a snapshot it judges six views of each image, and the mean of its logits counts: the image as it is, moved by a pixel
up and to the left, and all of these mirrored. Its convolutions look at every second place, so each way of moving shows
them what they had passed over.
"""

import math

import tensorflow.compat.v1 as tf

from gan import layers
from gan.networks import typicality, views
from gan.networks.local_mean import local_mean

SCOPE = "nonsense_filter"
OFFSET = "calibration/filter_offset"  # variable of a snapshot whose filter is calibrated
_NEAR, _FAR = 3, 9  # pixels along the side of the squares in which it sees how much an image varies
_CHANNELS = (24, 48, 96, 96)  # after each convolution, which halves the sides


def logits(images: tf.Tensor, compute_type: tf.DType = tf.float32) -> tf.Tensor:
    """Runs the filter; every call in a graph shares its variables.

    Args:
        images: float32 [N, size] in [0, 1], square, row by row.
        compute_type: what its convolutions compute in.

    Returns:
        float32 [N, 1], more is a photograph.
    """
    side = math.isqrt(images.shape.as_list()[1])
    with tf.variable_scope(SCOPE, reuse=tf.AUTO_REUSE):
        x = tf.cast(_seen(tf.reshape(images, [-1, side, side])), compute_type)
        for number, channels in enumerate(_CHANNELS):
            x = tf.nn.leaky_relu(layers.conv2d(x, channels, 3 if number else 5, 2, f"shrink_{number}"), 0.2)
        height, width, channels = x.shape.as_list()[1:]
        return layers.dense(tf.reshape(tf.cast(x, tf.float32), [-1, height * width * channels]), 1, "judge")


def _seen(images: tf.Tensor) -> tf.Tensor:
    """What the filter is shown of images [N, side, side]: [N, side, side, 5], about from -1 to 1.

    The image; how each pixel differs from those around it; the logarithm of the variance in two squares around it; and
    how the mean of the larger square differs from that of the image.
    """
    (near, near_variance), (far, far_variance) = (_moments(images, width) for width in (_NEAR, _FAR))
    finer, coarser = images - near, far - tf.reduce_mean(images, [1, 2], keepdims=True)
    varied = [(tf.log(variance + 1e-4) + 5) / 2 for variance in (near_variance, far_variance)]
    return tf.stack([2 * images - 1, tf.tanh(8 * finer), *varied, 4 * coarser], 3)


def _moments(images: tf.Tensor, width: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Mean and variance in a square around each pixel, of what lies in the image: [N, side, side] each."""
    mean = local_mean(images, width)
    return mean, tf.nn.relu(local_mean(tf.square(images), width) - tf.square(mean))


def make_variables(size: int) -> None:
    """Makes the filter's variables in the current graph, so that `logits` may be called inside a condition."""
    logits(tf.zeros([1, size]))


def variables() -> list[tf.Variable]:
    """The filter's variables in the current graph."""
    return tf.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES, f"{SCOPE}/")


def judge_beside(discriminator_logits: tf.Tensor, images: tf.Tensor, calibrated: bool) -> tf.Tensor:
    """The logits by which both judge.

    Args:
        discriminator_logits: float32 [N, 1].
        images: float32 [N, size] in [0, 1].
        calibrated: whether the filter also hears how unusual an image is (variables typicality.NAMES), and there is a
            variable OFFSET, which is added to its logits.

    Returns:
        float32 [N, 1].
    """
    seen = [images, views.moved(images, 1), views.moved(images, 2)]
    shown = [*seen, *map(views.mirrored, seen)]
    found = tf.reduce_mean(tf.reshape(logits(tf.concat(shown, 0)), [len(shown), -1, 1]), 0)
    if calibrated:
        offset = tf.get_variable(OFFSET, [], initializer=tf.zeros_initializer(), trainable=False)
        found += offset - typicality.penalty(images)
    return tf.minimum(discriminator_logits, found)
