"""Layers for networks: variables by tf.get_variable, under the scope in which the network is built.

A second call with the same name shares the first one's variables, so that a layer may be used in `create_model` and in
`run_model`. Images are [N, height, width, channels]. Weights start normal with variance 2 / (inputs of one output),
which keeps the scale of values through layers of ReLUs (He et al. 2015, arXiv 1502.01852, equation 10). Biases start at
zero.

A layer computes in the type of its input. Variables are always float32, so that small updates are not lost. So a
network may turn its input into bfloat16 and its result back (Micikevicius et al. 2018, arXiv 1710.03740, section 3.1).
"""

from collections.abc import Callable, Sequence

import tensorflow.compat.v1 as tf

WeightNorm = Callable[[tf.Tensor], tf.Tensor]  # weights [..., outputs] -> weights of the same shape

MOMENTUM = 0.9  # of batch_norm's moving averages, which forget their start within some 50 steps
EPSILON = 1e-3  # added to batch_norm's variance


def dense(x: tf.Tensor, units: int, name: str, weight_norm: WeightNorm | None = None) -> tf.Tensor:
    """Fully connected: [N, inputs] -> [N, units]; `weight_norm` as in `conv2d`."""
    with tf.variable_scope(name, reuse=tf.AUTO_REUSE):
        inputs = x.shape.as_list()[1]
        return _biased(tf.matmul(x, _weights(x, [inputs, units], inputs, weight_norm)), units)


def conv2d(
    x: tf.Tensor, filters: int, kernel: int, stride: int, name: str, weight_norm: WeightNorm | None = None
) -> tf.Tensor:
    """Convolution with zeros around: [N, h, w, c] -> [N, ceil(h / stride), ceil(w / stride), filters].

    Args:
        x: images.
        filters: channels of the result.
        kernel: height and width of the kernel, an int.
        stride: an int; 1 keeps the size.
        name: variable scope.
        weight_norm: what to do with the weights before they are used, such as `spectral_norm(is_training)`; None uses
            them as they are.
    """
    with tf.variable_scope(name, reuse=tf.AUTO_REUSE):
        channels = x.shape.as_list()[3]
        weights = _weights(x, [kernel, kernel, channels, filters], kernel * kernel * channels, weight_norm)
        if _folds(x.shape.as_list()[1:3], weights, stride):
            return _biased(_halved(x, weights), filters)
        return _biased(tf.nn.conv2d(x, weights, [1, stride, stride, 1], "SAME"), filters)


def conv2d_transpose(
    x: tf.Tensor, filters: int, kernel: int, stride: int, name: str, size: tuple[int, int] | None = None
) -> tf.Tensor:
    """Transposed convolution: [N, h, w, c] -> [N, *size, filters].

    A kernel that the stride divides (4 at stride 2) treats all pixels alike and leaves no grid
    (Odena et al. 2016, "Deconvolution and Checkerboard Artifacts").

    Args:
        x: images of known height and width.
        filters: channels of the result.
        kernel: height and width of the kernel, an int.
        stride: an int.
        name: variable scope.
        size: (height, width) of the result; a `conv2d` of this stride must lead back to (h, w): 13 -> 25 or 26 at
            stride 2. None is (h * stride, w * stride).
    """
    with tf.variable_scope(name, reuse=tf.AUTO_REUSE):
        height, width, channels = x.shape.as_list()[1:]
        size = size or (height * stride, width * stride)
        weights = _weights(x, [kernel, kernel, filters, channels], kernel * kernel * channels / stride**2)
        if _folds(size, weights, stride) and tuple(size) == (2 * height, 2 * width):
            return _biased(_doubled(x, weights), filters)
        shape = tf.stack([tf.shape(x)[0], *size, filters])
        return _biased(tf.nn.conv2d_transpose(x, weights, shape, [1, stride, stride, 1]), filters)


def upsample(x: tf.Tensor, size: tuple[int, int]) -> tf.Tensor:
    """Repeats each pixel in a square of 2x2: [N, h, w, c] -> [N, *size, c].

    Args:
        x: images of known height and width.
        size: (height, width) of the result, at most twice those of x; what lies beyond is cut off.
    """
    height, width, channels = x.shape.as_list()[1:]
    x = tf.reshape(tf.concat([x, x], 3), [-1, height, 2 * width, channels])
    x = tf.reshape(tf.concat([x, x], 2), [-1, 2 * height, 2 * width, channels])
    return x[:, : size[0], : size[1]]


def downsample(x: tf.Tensor) -> tf.Tensor:
    """Averages squares of 2x2, at the edge the part inside: [N, h, w, c] -> [N, ceil(h / 2), ceil(w / 2), c]."""
    return tf.nn.avg_pool(x, [1, 2, 2, 1], [1, 2, 2, 1], "SAME")


def batch_norm(x: tf.Tensor, is_training: bool, name: str) -> tf.Tensor:
    """Batch normalisation (Ioffe and Szegedy 2015, arXiv 1502.03167) of each channel.

    Training normalises with the batch's own mean and variance, and adds the updates of their moving averages to
    tf.GraphKeys.UPDATE_OPS. Serving uses the averages, so that an image does not depend on the others of its batch. The
    contest judges single images: is_training=True in a snapshot breaks its contract.

    Args:
        x: [N, c] or [N, h, w, c].
        is_training: a Python bool.
        name: variable scope.

    Returns:
        Of the shape and type of x.
    """
    with tf.variable_scope(name, reuse=tf.AUTO_REUSE):
        channels = x.shape.as_list()[-1]
        scale = tf.get_variable("scale", [channels], initializer=tf.ones_initializer())
        offset = tf.get_variable("offset", [channels], initializer=tf.zeros_initializer())
        mean = tf.get_variable("mean", [channels], initializer=tf.zeros_initializer(), trainable=False)
        variance = tf.get_variable("variance", [channels], initializer=tf.ones_initializer(), trainable=False)
        images = x if x.shape.ndims == 4 else tf.reshape(x, [-1, 1, 1, channels])
        if is_training:
            result, batch_mean, batch_variance = tf.nn.fused_batch_norm(images, scale, offset, epsilon=EPSILON)
            for average, value in ((mean, batch_mean), (variance, batch_variance)):
                tf.add_to_collection(
                    tf.GraphKeys.UPDATE_OPS, tf.assign_sub(average, (1 - MOMENTUM) * (average - value))
                )
        else:
            result, _, _ = tf.nn.fused_batch_norm(
                images, scale, offset, mean, variance, epsilon=EPSILON, is_training=False
            )
        return result if x.shape.ndims == 4 else tf.reshape(result, [-1, channels])


def spectral_norm(is_training: bool) -> WeightNorm:
    """Divides weights by their largest singular value, so that a layer stretches nothing (arXiv 1802.05957).

    Miyato et al. 2018, algorithm 1: power iteration finds the value, with one round in each training step. Its vector
    is kept in a variable and updated through tf.GraphKeys.UPDATE_OPS. Serving uses the vector as it is.

    Args:
        is_training: a Python bool.

    Returns:
        A function for `weight_norm`: weights [..., outputs] -> weights of the same shape.
    """

    def normalised(weights: tf.Tensor) -> tf.Tensor:
        matrix = tf.reshape(weights, [-1, weights.shape.as_list()[-1]])
        outputs = matrix.shape.as_list()[1]
        right = tf.get_variable(
            "right",
            [1, outputs],
            initializer=tf.random_normal_initializer(),
            trainable=False,
            caching_device=lambda read: read.device,  # each step reads it once, before the update
        )
        left_found = tf.stop_gradient(_unit(tf.matmul(right, matrix, transpose_b=True)))
        right_found = tf.stop_gradient(_unit(tf.matmul(left_found, matrix)))
        if is_training:
            tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, tf.assign(right, right_found))
        return weights / tf.reduce_sum(tf.matmul(left_found, matrix) * right_found)

    return normalised


def _unit(vector: tf.Tensor) -> tf.Tensor:
    return vector * tf.rsqrt(tf.reduce_sum(tf.square(vector)) + 1e-12)


def _weights(x: tf.Tensor, shape: list[int], inputs: float, weight_norm: WeightNorm | None = None) -> tf.Tensor:
    """Weights for x, in its type."""
    weights = tf.get_variable("weights", shape, initializer=tf.random_normal_initializer(stddev=(2.0 / inputs) ** 0.5))
    return tf.cast(weight_norm(weights) if weight_norm else weights, x.dtype)


def _biased(x: tf.Tensor, units: int) -> tf.Tensor:
    bias = tf.cast(tf.get_variable("bias", [units], initializer=tf.zeros_initializer()), x.dtype)
    return x + bias if units == 1 else tf.nn.bias_add(x, bias)  # bias_add's gradient is slow for a single channel


def _folds(size: Sequence[int], weights: tf.Tensor, stride: int) -> bool:
    """Whether `_halved` and `_doubled` can be used for images of this (height, width)."""
    kernel, channels = weights.shape.as_list()[0], weights.shape.as_list()[2]
    even = size[0] % 2 == size[1] % 2 == 0
    return stride == 2 and channels == 1 and even and 3 <= kernel <= 6 and weights.dtype == tf.float32


@tf.custom_gradient  # type: ignore[untyped-decorator]
def _halved(x: tf.Tensor, weights: tf.Tensor) -> tuple[tf.Tensor, Callable[..., tuple[tf.Tensor, tf.Tensor]]]:
    """A convolution at stride 2 of images of one channel."""

    def gradient(by_result: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        by_weights = tf.nn.conv2d_backprop_filter(x, weights.shape, by_result, [1, 2, 2, 1], "SAME")
        return _doubled(by_result, weights), by_weights

    return tf.nn.conv2d(x, weights, [1, 2, 2, 1], "SAME"), gradient


@tf.custom_gradient  # type: ignore[untyped-decorator]
def _doubled(x: tf.Tensor, weights: tf.Tensor) -> tuple[tf.Tensor, Callable[..., tuple[tf.Tensor, tf.Tensor]]]:
    """The transposed convolution at stride 2 to images of one channel, at which processors are slow.

    A transposed convolution at stride 1 to 4 channels, which are then laid out in squares of 2x2, gives the same in a
    third of the time (Shi et al. 2016, arXiv 1609.07009). The two gradients are fast as they are.
    """
    kernel, _, _, channels = weights.shape.as_list()
    before = 2 - (kernel - 2) // 2  # where the kernel begins among the three squares across that it may touch
    edges = [before, 6 - kernel - before]
    folded = tf.reshape(tf.pad(weights, [edges, edges, [0, 0], [0, 0]]), [3, 2, 3, 2, channels])
    folded = tf.reshape(tf.transpose(folded, [0, 2, 1, 3, 4]), [3, 3, 4, channels])
    number, height, width, _ = tf.unstack(tf.shape(x))
    squares = tf.nn.conv2d_transpose(x, folded, tf.stack([number, height, width, 4]), [1, 1, 1, 1])
    result = tf.depth_to_space(squares, 2)

    def gradient(by_result: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        by_weights = tf.nn.conv2d_backprop_filter(by_result, weights.shape, x, [1, 2, 2, 1], "SAME")
        return _halved(by_result, weights), by_weights

    return result, gradient
