"""The benchmark counts operations as one does by hand."""

import pytest
import tensorflow.compat.v1 as tf

from benchmarks import throughput

# Multiplications for one image, forward. A transposed convolution is the gradient of one by its input and has as many.
OF_SAMPLE = {"generator": [100 * 128, 128 * 2500], "discriminator": [2500 * 128, 128]}
SHRINKING = [25 * 25 * 32 * 5 * 5, 13 * 13 * 64 * 5 * 5 * 32, 7 * 7 * 128 * 5 * 5 * 64]
OF_DCGAN = {"generator": [100 * 6272, *SHRINKING[::-1]], "discriminator": [*SHRINKING, 6272]}


# To images of one channel 4 channels of a kernel of 3x3 are computed in place of one of 5x5.
MORE_TO_ONE_CHANNEL = 25 * 25 * 32 * (4 * 3 * 3 - 5 * 5)


@pytest.mark.parametrize("name, layers, more", [("sample", OF_SAMPLE, 0), ("dcgan", OF_DCGAN, 2 * MORE_TO_ONE_CHANNEL)])
def test_operations_of_a_step_are_those_counted_by_hand(name, layers, more):
    """One pass back through both networks, for the weights and the inputs but for the noise and the real images."""
    generator, discriminator = layers["generator"], layers["discriminator"]
    of_pair = 3 * sum(generator) - generator[0] + 2 * 3 * sum(discriminator) - discriminator[0] + more
    assert throughput.step_operations(throughput.NETWORKS[name]) == 2 * of_pair * throughput.BATCH


def test_every_kind_of_operation_is_counted():
    with tf.Graph().as_default() as graph:
        image, kernel, small = tf.ones([2, 9, 7, 3]), tf.ones([5, 3, 3, 4]), tf.ones([2, 5, 4, 4])
        strides = [1, 2, 2, 1]
        tf.nn.conv2d(image, kernel, strides, "SAME")
        tf.nn.conv2d_backprop_input(image.shape, kernel, small, strides, "SAME")
        tf.nn.conv2d_backprop_filter(image, kernel.shape, small, strides, "SAME")
        of_convolution = 2 * (2 * 5 * 4 * 4) * (5 * 3 * 3)
        for left, right in (([2, 3], [3, 5]), ([7, 2, 3], [7, 3, 5])):
            for transposed in (False, True):
                left = [*left[:-2], *left[:-3:-1]] if transposed else left
                tf.matmul(tf.ones(left), tf.ones(right), transpose_a=transposed)
        tf.ones([100, 100]) * tf.ones([100, 100])
        of_products = 2 * (1 + 7) * 2 * (2 * 3 * 5)
    assert throughput.graph_operations(graph) == 3 * of_convolution + of_products
