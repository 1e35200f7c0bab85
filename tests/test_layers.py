"""Layers against numbers worked out by hand, in training and in serving."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from networks import ConvDiscriminator, ConvGenerator

from gan import layers, losses
from gan.snapshots import serving_graph
from gan.training import settings, step


def run(build, *inputs, weights=None, then=None):
    """Runs build(*placeholders) once; `weights` are put into the variables by name before.

    Returns:
        (result, variables after it and after `then(session, feed)`)
    """
    with tf.Graph().as_default():
        placeholders = [tf.placeholder(tf.float32, [None, *np.shape(value)[1:]]) for value in inputs]
        result, feed = build(*placeholders), dict(zip(placeholders, inputs))
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            for variable in tf.global_variables():
                if variable.op.name in (weights or {}):
                    variable.load(weights[variable.op.name], session)
            value = session.run(result, feed)
            if then:
                then(session, feed)
            return value, {variable.op.name: session.run(variable) for variable in tf.global_variables()}


def test_dense():
    weights = {"d/weights": [[1.0, 2.0, 3.0], [0.0, -1.0, 1.0]], "d/bias": [10.0, 20.0, 30.0]}
    value, _ = run(lambda x: layers.dense(x, 3, "d"), [[1.0, 2.0], [0.0, 1.0]], weights=weights)
    np.testing.assert_array_equal(value, [[11.0, 20.0, 35.0], [10.0, 19.0, 31.0]])


def test_conv2d():
    """The sum of each pixel and its neighbours to the right and below, plus a bias."""
    image = np.arange(9.0).reshape(1, 3, 3, 1)
    weights = {"c/weights": np.ones([2, 2, 1, 1]), "c/bias": [100.0]}
    value, _ = run(lambda x: layers.conv2d(x, 1, 2, 1, "c"), image, weights=weights)
    np.testing.assert_array_equal(value[0, :, :, 0], [[108, 112, 107], [120, 124, 113], [113, 115, 108]])
    value, _ = run(lambda x: layers.conv2d(x, 1, 2, 2, "c"), image, weights=weights)
    np.testing.assert_array_equal(value[0, :, :, 0], [[108, 107], [113, 108]])


def test_conv2d_transpose():
    """A kernel of 2 at stride 2 puts a copy of the kernel where each pixel was."""
    image = np.float32([[1, 2], [3, 4]]).reshape(1, 2, 2, 1)
    weights = {"t/weights": np.float32([[1, 10], [100, 1000]]).reshape(2, 2, 1, 1), "t/bias": [0.5]}
    value, _ = run(lambda x: layers.conv2d_transpose(x, 1, 2, 2, "t"), image, weights=weights)
    np.testing.assert_array_equal(
        value[0, :, :, 0] - 0.5, [[1, 10, 2, 20], [100, 1000, 200, 2000], [3, 30, 4, 40], [300, 3000, 400, 4000]]
    )
    value, _ = run(lambda x: layers.conv2d_transpose(x, 1, 2, 2, "t", size=(3, 4)), image, weights=weights)
    np.testing.assert_array_equal(value[0, :, :, 0] - 0.5, [[1, 10, 2, 20], [100, 1000, 200, 2000], [3, 30, 4, 40]])


def test_conv2d_transpose_to_a_size_that_no_convolution_leads_back_from():
    with pytest.raises(tf.errors.OpError):
        run(lambda x: layers.conv2d_transpose(x, 1, 4, 2, "t", (16, 16)), np.ones([1, 7, 7, 2]))


def test_conv2d_transpose_leads_back():
    """conv2d of the same stride has the shape again that the transposed one came from."""
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [None, 13, 7, 4])
        for size in (None, (25, 13), (25, 14)):
            y = layers.conv2d_transpose(x, 6, 5, 2, f"up{size and size[1]}", size)
            assert y.shape.as_list() == [None, *(size or (26, 14)), 6]
            assert layers.conv2d(y, 4, 5, 2, f"down{size and size[1]}").shape.as_list() == [None, 13, 7, 4]


@pytest.mark.parametrize("kernel", [2, 3, 4, 5, 6, 7])
def test_layers_of_one_channel_are_the_plain_convolutions(kernel):
    """Results, gradients and gradients of gradients, which a gradient penalty takes."""
    random = np.random.default_rng(0)
    wide, small = random.normal(size=(2, 8, 6, 1)), random.normal(size=(2, 4, 3, 5))
    weights = {f"{name}/weights": random.normal(size=(kernel, kernel, 1, 5)) for name in ("c", "t")}

    def compared(x, y):
        pairs = []
        for ours, plain, inputs, name in (
            (
                lambda: layers.conv2d(x, 5, kernel, 2, "c"),
                lambda w: tf.nn.conv2d(x, w, [1, 2, 2, 1], "SAME"),
                x,
                "c",
            ),
            (
                lambda: layers.conv2d_transpose(y, 1, kernel, 2, "t"),
                lambda w: tf.nn.conv2d_transpose(y, w, tf.shape(x), [1, 2, 2, 1]),
                y,
                "t",
            ),
        ):
            one = ours()
            w = next(v for v in tf.global_variables() if v.op.name == f"{name}/weights")
            found = []
            for result in (one, plain(w)):
                slope = tf.gradients(tf.tanh(result), [inputs, w])
                steepness = tf.reduce_sum(tf.square(slope[0]))
                found.append([result, *slope, *tf.gradients(steepness, [inputs, w])])
            pairs += zip(*found)
        return pairs

    pairs, _ = run(compared, wide, small, weights=weights)
    assert len(pairs) == 10
    for one, other in pairs:
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("shape", [(4, 2), (2, 2, 1, 2)])
def test_batch_norm_in_training(shape):
    """Channels of mean 4 and 1 and of mean square deviation 5 and 1."""
    x = np.float32([[1, 0], [3, 2], [5, 0], [7, 2]]).reshape(shape)

    def update(session, feed):
        session.run(tf.get_collection(tf.GraphKeys.UPDATE_OPS), feed)

    weights = {"n/scale": [1.0, 3.0], "n/offset": [0.0, 0.5]}
    value, variables = run(lambda x: layers.batch_norm(x, True, "n"), x, weights=weights, then=update)
    expected = np.array([[-3, -1], [-1, 1], [1, -1], [3, 1]]) / np.sqrt([5 + 1e-3, 1 + 1e-3]) * [1, 3] + [0, 0.5]
    np.testing.assert_allclose(value, expected.reshape(shape), rtol=1e-5)
    np.testing.assert_allclose(variables["n/mean"], [0.1 * 4, 0.1 * 1], rtol=1e-5)
    # The population's variance is estimated as the batch's times 4 / 3.
    np.testing.assert_allclose(variables["n/variance"], [0.9 + 0.1 * 20 / 3, 0.9 + 0.1 * 4 / 3], rtol=1e-5)


@pytest.mark.parametrize("shape", [(4, 2), (2, 2, 1, 2)])
def test_batch_norm_in_serving(shape):
    x = np.float32([[1, 0], [3, 2], [5, 0], [7, 2]]).reshape(shape)
    weights = {"n/scale": [2.0, 1.0], "n/offset": [0.0, 1.0], "n/mean": [3.0, 1.0], "n/variance": [3.999, 0.999]}
    value, variables = run(lambda x: layers.batch_norm(x, False, "n"), x, weights=weights)
    np.testing.assert_allclose(value, np.reshape([[-2, 0], [0, 2], [2, 0], [4, 2]], shape), atol=1e-5)
    np.testing.assert_array_equal(variables["n/mean"], [3.0, 1.0])


def test_variables_are_shared_and_sorted():
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [None, 6])
        for is_training in (True, False):
            with tf.variable_scope("net", reuse=tf.AUTO_REUSE):
                layers.batch_norm(layers.dense(x, 5, "d"), is_training, "n")
        assert [v.op.name for v in tf.trainable_variables()] == [
            "net/d/weights",
            "net/d/bias",
            "net/n/scale",
            "net/n/offset",
        ]
        moving = set(tf.global_variables()) - set(tf.trainable_variables())
        assert {v.op.name for v in moving} == {"net/n/mean", "net/n/variance"}
        assert len(tf.get_collection(tf.GraphKeys.UPDATE_OPS)) == 2


@pytest.mark.parametrize(
    "build",
    [
        lambda x: layers.dense(tf.reshape(x, [-1, 1024]), 512, "a"),
        lambda x: layers.conv2d(x, 64, 3, 1, "a"),
        lambda x: layers.conv2d_transpose(x, 32, 4, 2, "a"),
    ],
)
def test_weights_start_so_that_values_keep_their_scale(build):
    """A ReLU halves the mean square of a symmetric input; a layer on top must double it."""
    x = np.maximum(np.random.default_rng(0).normal(size=[32, 4, 4, 64]), 0)
    value, variables = run(build, x)
    square = np.mean(np.square(value[:, 1:-1, 1:-1] if value.ndim == 4 else value))
    assert 0.8 < square < 1.2
    assert not variables["a/bias"].any()


def test_training_updates_the_moving_averages():
    """The training graph runs what batch_norm leaves in UPDATE_OPS, and the snapshot serves it."""
    with tf.Graph().as_default():
        tf.set_random_seed(1)
        real = tf.constant(np.random.default_rng(0).random((8, 784), dtype=np.float32))
        noise = tf.random_uniform([8, 100], -1, 1)
        game = step.Game(ConvGenerator(), ConvDiscriminator(), losses.CrossEntropyLoss())
        training = step.build_training_graph(game, step.StepInputs(real, noise), settings.StepSettings())
        served = training.serving_weights
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            before = session.run(served)
            session.run(training.train_op)
            after = session.run(served)
    moved = {name for name in served if np.abs(after[name] - before[name]).max() > 1e-6}
    assert {name for name in served if name.endswith(("mean", "variance"))} <= moved
    assert set(served) == set(serving_graph.build_serving_graph(ConvGenerator(), ConvDiscriminator(), 784).variables)


def test_upsample():
    image = np.float32([[1, 2], [3, 4]]).reshape(1, 2, 2, 1)
    value, _ = run(lambda x: layers.upsample(x, (3, 4)), image.repeat(2, 3) * [1, 10])
    np.testing.assert_array_equal(value[0, :, :, 0], [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4]])
    np.testing.assert_array_equal(value[0, :, :, 1], value[0, :, :, 0] * 10)


def test_downsample():
    """Squares of two by two, and at the right and lower border what is left of them."""
    image = np.float32([[1, 3, 5], [5, 7, 9], [2, 4, 8]]).reshape(1, 3, 3, 1)
    value, _ = run(layers.downsample, image)
    np.testing.assert_array_equal(value[0, :, :, 0], [[4, 7], [3, 8]])


def test_spectral_norm():
    """A diagonal matrix of 3 and 1: after some rounds its largest singular value, 3, is divided out; in serving too."""

    def build(is_training):
        return lambda x: layers.dense(x, 2, "d", layers.spectral_norm(is_training))

    def update(session, feed):
        for _ in range(20):
            session.run(tf.get_collection(tf.GraphKeys.UPDATE_OPS), feed)

    weights = {"d/weights": [[3.0, 0.0], [0.0, 1.0]]}
    _, found = run(build(True), [[1.0, 0.0]], weights=weights, then=update)
    np.testing.assert_allclose(np.abs(found["d/right"]), [[1, 0]], atol=1e-6)
    value, after = run(build(False), [[6.0, 6.0]], weights=weights | {"d/right": found["d/right"]})
    np.testing.assert_allclose(value, [[6, 2]], rtol=1e-5)
    np.testing.assert_array_equal(after["d/right"], found["d/right"])


def test_spectral_norm_is_read_once_a_step():
    """However often the discriminator runs: a read after the update would find another value, or not, by chance."""
    with tf.Graph().as_default() as built:
        for _ in range(3):
            layers.dense(tf.ones([1, 2]), 2, "d", layers.spectral_norm(True))
        (right,) = (variable for variable in tf.global_variables() if variable.op.name == "d/right")
        reads = [op for op in built.get_operations() if op.type == "ReadVariableOp" and op.inputs[0] is right.handle]
        assert sum(bool(read.outputs[0].consumers()) for read in reads) == 1


def test_spectral_norm_has_the_gradient_of_the_quotient():
    """With sigma = u' W v, the gradient of W_00 / sigma by W_00 at W = diag(3, 1), u = v = (1, 0) is 1/3 - 3/9 = 0."""
    with tf.Graph().as_default():
        value = layers.dense(tf.constant([[1.0, 0.0]]), 2, "d", layers.spectral_norm(True))
        by_name = {v.op.name: v for v in tf.global_variables()}
        gradient = tf.gradients(value[:, 0], by_name["d/weights"])[0]
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            by_name["d/weights"].load([[3.0, 0.0], [0.0, 1.0]], session)
            by_name["d/right"].load([[1.0, 0.0]], session)
            np.testing.assert_allclose(session.run(gradient), [[0, 0], [0, 0]], atol=1e-6)


def test_layers_compute_in_the_type_of_their_input():
    with tf.Graph().as_default():
        x = tf.placeholder(tf.bfloat16, [None, 5, 5, 3])
        y = layers.conv2d_transpose(layers.conv2d(x, 4, 3, 2, "c"), 4, 4, 2, "t", (5, 5))
        y = layers.downsample(layers.upsample(layers.batch_norm(y, True, "n"), (10, 10)))
        y = layers.dense(tf.reshape(y, [-1, 100]), 2, "d", layers.spectral_norm(True))
        assert y.dtype == tf.bfloat16
        assert {v.dtype.base_dtype for v in tf.global_variables()} == {tf.float32}
        gradients = tf.gradients(y, tf.trainable_variables())
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            for value in session.run(gradients, {x: np.ones([2, 5, 5, 3])}):
                assert value.dtype == np.float32 and np.isfinite(value).all()
