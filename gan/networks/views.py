"""An image and others that show the same: what judges them all and takes the mean of its logits errs less.

A network that learned from few images by heart says of the same face, mirrored or moved by a pixel, something that is
partly chance. The mean over such views has less of it (test-time augmentation; Krizhevsky et al. 2012).
"""

import math

import tensorflow.compat.v1 as tf


def mirrored(images: tf.Tensor) -> tf.Tensor:
    """Mirror images of float32 [N, size], square, row by row."""
    size = images.shape.as_list()[1]
    return tf.reshape(tf.reverse(tf.reshape(images, [-1, math.isqrt(size)]), [1]), [-1, size])


def moved(images: tf.Tensor, axis: int) -> tf.Tensor:
    """Images of float32 [N, size], moved by one pixel up (axis 1) or to the left (axis 2); the edge is there twice."""
    size = images.shape.as_list()[1]
    side = math.isqrt(size)
    square = tf.reshape(images, [-1, side, side])
    rest, edge = ([number if place == axis else 0 for place in range(3)] for number in (1, side - 1))
    everything = [-1, -1, -1]
    result = tf.concat([tf.slice(square, rest, everything), tf.slice(square, edge, everything)], axis)
    return tf.reshape(result, [-1, size])
