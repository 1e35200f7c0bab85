"""A small network beside the discriminator that tells photographs from images that no camera took.

A discriminator that must refuse nonsense too tells fewer good images from real ones: both take of its capacity. So the
filter is trained by itself (training/filter_training.py), and what is handed in judges by the lower of both logits.
"""

import math

import tensorflow.compat.v1 as tf

from gan import layers

SCOPE = "nonsense_filter"
OFFSET = "calibration/filter_offset"  # variable of a snapshot whose filter is calibrated
_CHANNELS = (16, 32, 64, 64)  # after each convolution, which halves the sides


def logits(images: tf.Tensor) -> tf.Tensor:
    """Runs the filter; every call in a graph shares its variables.

    Args:
        images: float32 [N, size] in [0, 1], square, row by row.

    Returns:
        float32 [N, 1], more is a photograph.
    """
    side = math.isqrt(images.shape.as_list()[1])
    with tf.variable_scope(SCOPE, reuse=tf.AUTO_REUSE):
        x = 2 * tf.reshape(images, [-1, side, side, 1]) - 1
        for number, channels in enumerate(_CHANNELS):
            x = tf.nn.leaky_relu(layers.conv2d(x, channels, 3 if number else 5, 2, f"shrink_{number}"), 0.2)
        height, width, channels = x.shape.as_list()[1:]
        return layers.dense(tf.reshape(x, [-1, height * width * channels]), 1, "judge")


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
        calibrated: whether there is a variable OFFSET, which is added to the filter's logits.

    Returns:
        float32 [N, 1].
    """
    found = logits(images)
    if calibrated:
        found += tf.get_variable(OFFSET, [], initializer=tf.zeros_initializer(), trainable=False)
    return tf.minimum(discriminator_logits, found)
