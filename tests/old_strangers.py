"""Writes checkpoints as users of TensorFlow 1 write them, and what the contest's own way makes of each.

    python old_strangers.py FOLDER [CASE...]    Python 2.7 and TensorFlow 1.2 suffice for most

Each case goes into FOLDER/CASE: the files of the saver, and expected.npz with `generated` [15, 2500] and `probability`
[30, 1] for the noise and images of `inputs`. They come from latest_checkpoint, import_meta_graph(clear_devices=True)
and restore, in this TensorFlow. If that fails, there is no expected.npz, and error.txt says why. Cases that this
TensorFlow cannot build are left out.
"""

from __future__ import print_function

import os
import sys

import numpy as np

import tensorflow as tf

if not tf.__version__.startswith("1."):
    tf = tf.compat.v1
    tf.disable_v2_behavior()

SIZE, NOISE = 2500, 100
CASES = {}


def inputs():
    """Noise [15, 100] and images [30, SIZE] that every case is asked about."""
    return (
        np.random.RandomState(1).uniform(-1, 1, (15, NOISE)).astype(np.float32),
        np.random.RandomState(2).uniform(0, 1, (30, SIZE)).astype(np.float32),
    )


def case(function):
    CASES[function.__name__] = function
    return function


def variable(name, shape, seed, scale=0.05):
    value = np.random.RandomState(seed).normal(0, scale, shape).astype(np.float32)
    return tf.get_variable(name, initializer=tf.constant(value))


def dense(x, width, name, seed):
    with tf.variable_scope(name):
        w = variable("w", [int(x.shape[-1]), width], seed)
        b = variable("b", [width], seed + 1)
        return tf.matmul(x, w) + b


def placeholders():
    noise = tf.placeholder(tf.float32, [None, NOISE], "noise")
    images = tf.placeholder(tf.float32, [None, SIZE], "images")
    return noise, images


def publish(noise, generated, images, probability):
    for name, tensor in (
        ("noise_input_placeholder", noise),
        ("generated_images", generated),
        ("input_batch_raw", images),
        ("p_for_data", probability),
    ):
        tf.add_to_collection(name, tensor)


def generator(noise, hidden=lambda h: h):
    h = tf.nn.relu(dense(noise, 32, "G1", 1))
    return tf.sigmoid(dense(hidden(h), SIZE, "G2", 3))


def discriminator(images, hidden=lambda h: h):
    h = tf.nn.relu(dense(images, 32, "D1", 5))
    return tf.sigmoid(dense(hidden(h), 1, "D2", 7))


def both(in_generator=lambda h: h, in_discriminator=lambda h: h):
    """Both networks, with something of the case between their layers."""
    noise, images = placeholders()
    publish(noise, generator(noise, in_generator), images, discriminator(images, in_discriminator))


def save(folder, name="model.ckpt", step=9, saver=None, feed=None, before=None, **options):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        if before is not None:
            session.run(before, feed or {})
        saver = saver or tf.train.Saver(**options)
        saver.save(session, os.path.join(folder, name), global_step=step)


# Names.


@case
def plain(folder):
    both()
    save(folder)


@case
def pointer_names_another(folder):
    both()
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        saver = tf.train.Saver()
        saver.save(session, os.path.join(folder, "model.ckpt"), global_step=7)
        for v in tf.global_variables():
            session.run(tf.assign(v, v * 1.5))
        saver.save(session, os.path.join(folder, "mygan"), global_step=9)


@case
def own_name(folder):
    both()
    save(folder, "mygan", 3)


@case
def no_step(folder):
    both()
    save(folder, "model.ckpt", None)


@case
def own_name_no_step(folder):
    both()
    save(folder, "gan", None)


@case
def name_with_dots_and_spaces(folder):
    both()
    save(folder, "my gan v1.2", 12)


# Weights.


@case
def saver_dictionary(folder):
    both()
    save(folder, saver=tf.train.Saver({"renamed/" + v.op.name: v for v in tf.global_variables()}))


@case
def averages_under_the_names(folder):
    both()
    average = tf.train.ExponentialMovingAverage(0.5)
    updated = average.apply(tf.trainable_variables())
    changed = tf.group(*[tf.assign(v, v * 0.3) for v in tf.trainable_variables()])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(changed)
        session.run(updated)
        saver = tf.train.Saver(average.variables_to_restore())
        saver.save(session, os.path.join(folder, "model.ckpt"), global_step=1)


@case
def partitioned(folder):
    noise, images = placeholders()
    with tf.variable_scope("net", partitioner=tf.fixed_size_partitioner(3)):
        w = tf.get_variable("w", [NOISE, SIZE], initializer=tf.random_normal_initializer(0, 0.05, seed=1))
        d = tf.get_variable("d", [SIZE, 1], initializer=tf.random_normal_initializer(0, 0.05, seed=2))
    w, d = tf.convert_to_tensor(w), tf.convert_to_tensor(d)
    publish(noise, tf.sigmoid(tf.matmul(noise, w)), images, tf.sigmoid(tf.matmul(images, d)))
    save(folder)


@case
def sharded(folder):
    both()
    save(folder, sharded=True)


@case
def swapped_biases(folder):
    noise, images = placeholders()
    a, b = variable("a", [1], 11, 2.0), variable("b", [1], 12, 2.0)
    w = variable("w", [SIZE, 1], 13)
    publish(noise, generator(noise), images, tf.sigmoid(tf.matmul(images, w) + 3 * a - b))
    names = {v.op.name: v for v in tf.global_variables()}
    names["a"], names["b"] = names["b"], names["a"]
    save(folder, saver=tf.train.Saver(names))


@case
def resource_variables(folder):
    with tf.variable_scope("", use_resource=True):
        both()
    save(folder)


@case
def two_savers(folder):
    both()
    tf.train.Saver(tf.global_variables()[:2])
    save(folder)


@case
def optimizer_and_global_step(folder):
    noise, images = placeholders()
    probability = discriminator(images)
    publish(noise, generator(noise), images, probability)
    step = tf.Variable(0, trainable=False, name="global_step")
    train = tf.train.AdamOptimizer(0.01).minimize(-tf.reduce_mean(tf.log(probability + 1e-6)), step)
    save(folder, before=train, feed={images: inputs()[1]})


@case
def old_format(folder):
    both()
    save(folder, saver=tf.train.Saver(write_version=tf.train.SaverDef.V1))


@case
def variable_that_the_saver_misses(folder):
    both()
    names = [v for v in tf.global_variables() if v.op.name != "G2/b"]
    save(folder, saver=tf.train.Saver(names))


# Switches.


@case
def batch_norm_with_switch(folder):
    training = tf.placeholder_with_default(False, [], "training")
    norms = []

    def norm(h):
        norms.append(tf.layers.batch_normalization(h, training=training))
        return norms[-1]

    both(norm, norm)
    images, noise = tf.get_collection("input_batch_raw")[0], tf.get_collection("noise_input_placeholder")[0]
    z, x = inputs()
    updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    save(folder, before=updates, feed={training: True, images: x, noise: z})


@case
def contrib_batch_norm(folder):
    training = tf.placeholder_with_default(False, [], "training")
    norm = lambda h: tf.contrib.layers.batch_norm(h, is_training=training, scale=True)  # noqa: E731
    both(norm, norm)
    save(folder)


@case
def keras_learning_phase(folder):
    noise, images = placeholders()
    keras = tf.keras
    h = keras.layers.Dense(32, activation="relu")(noise)
    h = keras.layers.BatchNormalization()(h)
    h = keras.layers.Dropout(0.4)(h)
    generated = keras.layers.Dense(SIZE, activation="sigmoid")(h)
    d = keras.layers.LeakyReLU(0.2)(keras.layers.Dense(32)(images))
    d = keras.layers.Dropout(0.3)(d)
    publish(noise, generated, images, keras.layers.Dense(1, activation="sigmoid")(d))
    save(folder)


@case
def dropout_with_switch(folder):
    training = tf.placeholder_with_default(False, [], "training")
    drop = lambda h: tf.layers.dropout(h, 0.5, training=training)  # noqa: E731
    both(drop, drop)
    save(folder)


@case
def condition(folder):
    training = tf.placeholder_with_default(tf.constant(False), [], "training")
    fork = lambda h: tf.cond(training, lambda: tf.nn.dropout(h, 0.5), lambda: h * 1.5)  # noqa: E731
    both(fork, fork)
    save(folder)


@case
def condition_in_a_condition(folder):
    outer = tf.placeholder_with_default(True, [], "outer")
    inner = tf.placeholder_with_default(3, [], "inner")

    def fork(h):
        return tf.cond(
            outer,
            lambda: tf.cond(inner > 5, lambda: h + 1.0, lambda: h * tf.cast(inner, tf.float32)),
            lambda: h - 1.0,
        )

    both(fork, fork)
    save(folder)


@case
def condition_by_a_variable(folder):
    training = tf.Variable(False, trainable=False, name="is_training")
    fork = lambda h: tf.cond(training, lambda: h * 0.0, lambda: h + 0.25)  # noqa: E731
    both(fork, fork)
    save(folder)


@case
def keep_prob_of_one(folder):
    keep = tf.placeholder_with_default(1.0, [], "keep_prob")
    drop = lambda h: tf.nn.dropout(h, keep)  # noqa: E731
    both(drop, drop)
    save(folder)


@case
def switch_that_must_be_fed(folder):
    training = tf.placeholder(tf.bool, [], "training")
    both(lambda h: tf.cond(training, lambda: h * 2.0, lambda: h))
    save(folder)


# Randomness that stays.


@case
def dropout_on(folder):
    both(lambda h: tf.nn.dropout(h, 0.5))
    save(folder)


@case
def noise_layer(folder):
    both(lambda h: h + tf.random_normal(tf.shape(h), stddev=0.1), lambda h: h + tf.random_uniform(tf.shape(h)) * 0.01)
    save(folder)


# Batches.


def batch_statistics(h):
    mean, variance = tf.nn.moments(h, [0])
    return tf.nn.batch_normalization(h, mean, variance, None, None, 1e-3)


@case
def generator_with_batch_statistics(folder):
    both(in_generator=batch_statistics)
    save(folder)


@case
def discriminator_with_batch_statistics(folder):
    both(in_discriminator=batch_statistics)
    save(folder)


@case
def declared_batch_of_64(folder):
    noise = tf.placeholder(tf.float32, [64, NOISE], "noise")
    images = tf.placeholder(tf.float32, [64, SIZE], "images")
    publish(noise, generator(noise), images, discriminator(images))
    save(folder)


@case
def built_in_batch_of_64(folder):
    noise = tf.placeholder(tf.float32, [64, NOISE], "noise")
    images = tf.placeholder(tf.float32, [None, SIZE], "images")
    publish(noise, tf.reshape(generator(noise), [64, SIZE]), images, discriminator(images))
    save(folder)


@case
def unknown_shapes(folder):
    noise, images = tf.placeholder(tf.float32, name="noise"), tf.placeholder(tf.float32, [None, None], "images")
    z, x = tf.reshape(noise, [-1, NOISE]), tf.reshape(images, [-1, SIZE])
    publish(noise, generator(z), images, discriminator(x))
    save(folder)


# Loops.


@case
def power_iteration(folder):
    noise, images = placeholders()
    w, u = variable("w", [SIZE, 8], 21, 0.3), variable("u", [1, 8], 22, 1.0)

    def step(i, u):
        v = tf.nn.l2_normalize(tf.matmul(u, tf.transpose(w)), 1)
        return i + 1, tf.nn.l2_normalize(tf.matmul(v, w), 1)

    _, last = tf.while_loop(lambda i, u: i < 4, step, [tf.constant(0), u])
    v = tf.nn.l2_normalize(tf.matmul(last, tf.transpose(w)), 1)
    sigma = tf.matmul(tf.matmul(v, w), tf.transpose(last))
    h = tf.nn.relu(tf.matmul(images, w / sigma))
    publish(noise, generator(noise), images, tf.sigmoid(dense(h, 1, "D2", 23)))
    save(folder)


@case
def loop_over_the_batch(folder):
    noise, images = placeholders()
    w = variable("w", [NOISE, SIZE], 25)
    generated = tf.map_fn(lambda z: tf.reshape(tf.sigmoid(tf.matmul(tf.reshape(z, [1, NOISE]), w)), [SIZE]), noise)
    publish(noise, generated, images, discriminator(images))
    save(folder)


# Layouts and operations.


@case
def channels_first(folder):
    noise, images = placeholders()
    layout = os.environ.get("STRANGERS_LAYOUT", "NCHW")
    x = tf.reshape(images, [-1, 1, 50, 50] if layout == "NCHW" else [-1, 50, 50, 1])
    w, b = variable("c/w", [5, 5, 1, 4], 31, 0.2), variable("c/b", [4], 32)
    strides = [1, 1, 2, 2] if layout == "NCHW" else [1, 2, 2, 1]
    x = tf.nn.bias_add(tf.nn.conv2d(x, w, strides, "SAME", data_format=layout), b, data_format=layout)
    x = tf.nn.max_pool(tf.nn.relu(x), strides, strides, "VALID", data_format=layout)
    if layout == "NCHW":
        x = tf.transpose(x, [0, 2, 3, 1])
    h = tf.reshape(x, [-1, 12 * 12 * 4])
    publish(noise, generator(noise), images, tf.sigmoid(dense(h, 1, "D2", 33)))
    save(folder)


@case
def einsum(folder):
    both(in_discriminator=lambda h: tf.einsum("bi,ij->bj", h, variable("e", [32, 32], 41, 0.2)))
    save(folder)


@case
def probabilities_in_a_vector(folder):
    noise, images = placeholders()
    publish(noise, generator(noise), images, tf.squeeze(discriminator(images), 1))
    save(folder)


@case
def range_of_tanh(folder):
    noise, images = placeholders()
    publish(noise, tf.tanh(dense(noise, SIZE, "G1", 51)), images, discriminator(images))
    save(folder)


# What never runs when the four tensors are asked for, and other habits.


@case
def input_pipeline_with_queues(folder):
    names = tf.train.string_input_producer([os.path.join(folder, "none.tfrecords")])
    _, record = tf.TFRecordReader().read(names)
    image = tf.decode_raw(record, tf.float32)
    image.set_shape([SIZE])
    batch = tf.train.shuffle_batch([image], 16, 100, 50)
    noise = tf.placeholder(tf.float32, [None, NOISE], "noise")
    publish(noise, generator(noise), batch, discriminator(batch))
    save(folder)


@case
def checks_and_prints(folder):
    def checked(h):
        h = tf.check_numerics(h, "hidden")
        with tf.control_dependencies([tf.Assert(tf.reduce_all(tf.is_finite(h)), [h])]):
            return tf.Print(h, [tf.shape(h)], "hidden ")

    both(checked, checked)
    save(folder)


@case
def summaries_and_python(folder):
    def seen(h):
        tf.summary.histogram("hidden", h)
        tf.py_func(lambda x: x, [h], tf.float32)
        return h

    both(seen, seen)
    save(folder)


@case
def function_call(folder):
    from tensorflow.python.framework import function

    @function.Defun(tf.float32)
    def swish(x):
        return x * tf.sigmoid(x)

    def called(h):
        result = swish(h)
        result.set_shape(h.shape)
        return result

    both(called, called)
    save(folder)


@case
def shared_weights_by_reuse(folder):
    noise, images = placeholders()
    with tf.variable_scope("net"):
        generated = generator(noise)
        probability = discriminator(images)
    with tf.variable_scope("net", reuse=True):
        discriminator(generated)
    publish(noise, generated, images, probability)
    save(folder)


@case
def images_from_bytes(folder):
    noise = tf.placeholder(tf.float32, [None, NOISE], "noise")
    raw = tf.placeholder(tf.uint8, [None, SIZE], "raw")
    images = tf.cast(raw, tf.float32) / 255.0
    publish(noise, generator(noise), images, discriminator(images))
    save(folder)


@case
def resizing(folder):
    noise, images = placeholders()
    small = tf.image.resize_bilinear(tf.reshape(images, [-1, 50, 50, 1]), [16, 16])
    h = tf.reshape(small, [-1, 256])
    wide = tf.image.resize_nearest_neighbor(tf.reshape(dense(noise, 625, "G1", 61), [-1, 25, 25, 1]), [50, 50])
    publish(noise, tf.sigmoid(tf.reshape(wide, [-1, SIZE])), images, tf.sigmoid(dense(h, 1, "D2", 63)))
    save(folder)


@case
def transposed_convolutions(folder):
    noise, images = placeholders()
    x = tf.reshape(dense(noise, 13 * 13 * 8, "G1", 71), [-1, 13, 13, 8])
    w1, w2 = variable("t1", [5, 5, 4, 8], 72), variable("t2", [5, 5, 1, 4], 73)
    n = tf.shape(noise)[0]
    x = tf.nn.relu(tf.nn.conv2d_transpose(x, w1, tf.stack([n, 25, 25, 4]), [1, 2, 2, 1]))
    x = tf.nn.conv2d_transpose(x, w2, tf.stack([n, 50, 50, 1]), [1, 2, 2, 1])
    publish(noise, tf.sigmoid(tf.reshape(x, [-1, SIZE])), images, discriminator(images))
    save(folder)


@case
def minibatch_discrimination(folder):
    def features(h):
        m = tf.reshape(tf.matmul(h, variable("T", [32, 20], 81, 0.1)), [-1, 5, 4])
        distances = tf.reduce_sum(tf.abs(tf.expand_dims(m, 3) - tf.expand_dims(tf.transpose(m, [1, 2, 0]), 0)), 2)
        return tf.concat([h, tf.reduce_sum(tf.exp(-distances), 2)], 1)

    both(in_discriminator=features)
    save(folder)


@case
def layer_norm_and_weight_norm(folder):
    def norm(h):
        mean, variance = tf.nn.moments(h, [1], keep_dims=True)
        return (h - mean) * tf.rsqrt(variance + 1e-6) * variable("g", [32], 91, 1.0)

    def weight_norm(h):
        v = variable("v", [32, 32], 93, 1.0)
        return tf.matmul(h, tf.nn.l2_normalize(v, 0) * variable("s", [32], 94, 1.0))

    both(norm, weight_norm)
    save(folder)


@case
def labels_with_default(folder):
    labels = tf.placeholder_with_default(tf.zeros([1, 10]), [None, 10], "labels")

    weights = variable("L", [10, 32], 95)

    def conditioned(h):
        return h + tf.matmul(labels, weights)

    both(conditioned, conditioned)
    save(folder)


@case
def on_a_gpu(folder):
    with tf.device("/gpu:0"):
        both()
    with tf.Session(config=tf.ConfigProto(allow_soft_placement=True)) as session:
        session.run(tf.global_variables_initializer())
        tf.train.Saver().save(session, os.path.join(folder, "model.ckpt"), global_step=2)


@case
def restored_one_by_one(folder):
    both()
    save(folder, restore_sequentially=True)


@case
def saver_that_reshapes(folder):
    both()
    save(folder, reshape=True)


@case
def initialized_from_another(folder):
    noise, images = placeholders()
    w = variable("w", [SIZE, 1], 101)
    twice = tf.Variable(w.initialized_value() * 2.0, name="twice")
    publish(noise, generator(noise), images, tf.sigmoid(tf.matmul(images, w - twice)))
    save(folder)


@case
def monitored_session(folder):
    both()
    tf.train.get_or_create_global_step() if hasattr(tf.train, "get_or_create_global_step") else None
    step = tf.train.get_global_step()
    if step is None:
        step = tf.Variable(0, trainable=False, name="global_step", dtype=tf.int64)
        tf.add_to_collection(tf.GraphKeys.GLOBAL_STEP, step)
    count = tf.assign_add(step, 1)
    hook = tf.train.CheckpointSaverHook(folder, save_steps=1)
    with tf.train.MonitoredTrainingSession(hooks=[hook]) as session:
        for _ in range(3):
            session.run(count)


@case
def spectral_norm_by_assignment(folder):
    noise, images = placeholders()
    w, u = variable("w", [SIZE, 8], 21, 0.3), variable("u", [1, 8], 22, 1.0)
    v = tf.nn.l2_normalize(tf.matmul(u, tf.transpose(w)), 1)
    last = tf.nn.l2_normalize(tf.matmul(v, w), 1)
    sigma = tf.matmul(tf.matmul(v, w), tf.transpose(last))
    with tf.control_dependencies([u.assign(last)]):
        scaled = tf.reshape(w / sigma, [SIZE, 8])
    h = tf.nn.relu(tf.matmul(images, scaled))
    publish(noise, generator(noise), images, tf.sigmoid(dense(h, 1, "D2", 23)))
    save(folder)


@case
def value_of_an_assignment(folder):
    noise, images = placeholders()
    w, u = variable("w", [SIZE, 8], 21, 0.3), variable("u", [1, 8], 22, 1.0)
    following = tf.assign(u, tf.nn.l2_normalize(u, 1))
    h = tf.nn.relu(tf.matmul(images, w) * following)
    publish(noise, generator(noise), images, tf.sigmoid(dense(h, 1, "D2", 23)))
    save(folder)


@case
def narrow_and_wide_numbers(folder):
    def half(h):
        return tf.cast(tf.tanh(tf.cast(h, tf.float16)), tf.float32)

    def double(h):
        return tf.cast(tf.tanh(tf.cast(h, tf.float64)), tf.float32)

    both(half, double)
    save(folder)


@case
def many_kinds_of_convolution(folder):
    noise, images = placeholders()
    x = tf.reshape(images, [-1, 50, 50, 1])
    x = tf.nn.conv2d(x, variable("w1", [3, 3, 1, 4], 111, 0.3), [1, 2, 2, 1], "SAME")
    x = tf.nn.lrn(x, 2)
    x = tf.nn.depthwise_conv2d(x, variable("w2", [3, 3, 4, 2], 112, 0.3), [1, 1, 1, 1], "SAME")
    x = tf.nn.atrous_conv2d(x, variable("w3", [3, 3, 8, 4], 113, 0.3), 2, "SAME")
    x = tf.nn.avg_pool(tf.nn.elu(x), [1, 5, 5, 1], [1, 5, 5, 1], "VALID")
    h = tf.reshape(x, [-1, 5 * 5 * 4])
    up = tf.depth_to_space(tf.reshape(dense(noise, 25 * 25 * 4, "G1", 114), [-1, 25, 25, 4]), 2)
    up = tf.pad(up, [[0, 0], [1, 1], [1, 1], [0, 0]], "REFLECT")
    up = tf.nn.conv2d(up, variable("w4", [3, 3, 1, 1], 115, 0.5), [1, 1, 1, 1], "VALID")
    publish(noise, tf.sigmoid(tf.reshape(up, [-1, SIZE])), images, tf.sigmoid(dense(h, 1, "D2", 116)))
    save(folder)


@case
def many_kinds_of_operation(folder):
    def some(h):
        a, b = tf.split(h, 2, 1)
        h = tf.concat([tf.where(a > 0, a, 0.1 * a), tf.maximum(b, 0.2 * b)], 1)
        order = tf.nn.embedding_lookup(tf.constant(np.arange(32)[::-1].copy()), tf.range(32))
        h = h + tf.transpose(tf.gather(tf.transpose(h), order))
        h = h * tf.one_hot(tf.argmax(h, 1), 32, 1.5, 0.5) + tf.cumsum(h, 1) * 0.01
        top, _ = tf.nn.top_k(h, 3)
        return h + tf.reduce_max(top, 1, keep_dims=True) + tf.tile(tf.expand_dims(tf.norm(h, axis=1), 1), [1, 32])

    both(some, some)
    save(folder)


@case
def selu_and_softmax_and_others(folder):
    def some(h):
        return tf.nn.softmax(h) + tf.nn.softplus(h) + tf.nn.crelu(h)[:, :32] + tf.nn.relu6(h) + tf.abs(tf.erf(h))

    both(some, some)
    save(folder)


@case
def generator_by_a_loop_of_three(folder):
    def refine(h):
        w = variable("loop_w", [32, 32], 121, 0.1)
        return tf.while_loop(lambda i, x: tf.less(i, 3), lambda i, x: [i + 1, x + tf.tanh(tf.matmul(x, w))], [0, h])[1]

    both(in_generator=refine)
    save(folder)


@case
def old_control_flow_in_a_function_name(folder):
    with tf.name_scope("while/cond"):
        both()
    save(folder)


# Variables that change before they are read.


def scoped(inside):
    """`both`, with something that makes variables between the layers of each network."""

    def within(name):
        def run(h):
            with tf.variable_scope(name), tf.name_scope(name):
                return inside(h)

        return run

    both(within("Gx"), within("Dx"))


@case
def weights_clipped_in_the_graph(folder):
    noise, images = placeholders()
    w = variable("w", [SIZE, 8], 131, 0.3)
    with tf.control_dependencies([tf.assign(w, tf.clip_by_value(w, -0.1, 0.1))]):
        h = tf.matmul(images, w.read_value())
    publish(noise, generator(noise), images, tf.sigmoid(dense(tf.nn.relu(h), 1, "D2", 132)))
    save(folder)


@case
def moving_mean_behind_its_update(folder):
    def normed(h):
        mean = variable("mean", [32], 133, 0.1)
        with tf.control_dependencies([tf.assign(mean, tf.minimum(mean, 0.05))]):
            return h - mean

    scoped(normed)
    save(folder)


@case
def resource_variable_assigned(folder):
    def scaled(h):
        with tf.variable_scope("own", use_resource=True):
            w = variable("w", [32], 134, 0.3)
        return h * tf.assign(w, tf.clip_by_value(w, -0.1, 0.1))

    scoped(scaled)
    save(folder)


@case
def initialized_value(folder):
    def scaled(h):
        return h * variable("w", [32], 135, 0.3).initialized_value()

    scoped(scaled)
    save(folder)


@case
def parts_without_a_saver(folder):
    def partitioned(h):
        with tf.variable_scope("p", partitioner=tf.fixed_size_partitioner(3)):
            w = tf.get_variable("w", [32, 32], initializer=tf.random_uniform_initializer(-0.1, 0.1, 136))
        return tf.matmul(h, tf.convert_to_tensor(w))

    scoped(partitioned)
    save(folder)
    tf.train.export_meta_graph(os.path.join(folder, "model.ckpt-9.meta"))


# Branches, loops and functions in each other.


@case
def loop_in_a_dead_branch(folder):
    training = tf.placeholder_with_default(False, [])

    def branch(h):
        def loop():
            return tf.while_loop(
                lambda i, x: i < tf.shape(h)[0], lambda i, x: [i + 1, tf.tanh(x) * 2], [tf.constant(0), h]
            )[1]

        return tf.cond(training, loop, lambda: h * 0.5)

    scoped(branch)
    save(folder)


@case
def condition_between_constants_in_a_loop(folder):
    def loop(h):
        def round_(i, x):
            return [i + 1, x * tf.cond(tf.equal(i, 1), lambda: tf.constant(0.5), lambda: tf.constant(1.5))]

        return tf.while_loop(lambda i, x: i < 3, round_, [tf.constant(0), h])[1]

    scoped(loop)
    save(folder)


@case
def condition_in_a_function(folder):
    import tensorflow

    @tensorflow.function
    def chosen(h, training):
        return tf.cond(training, lambda: h * 2.0, lambda: h * 0.5)

    tf.enable_control_flow_v2()
    try:
        scoped(lambda h: chosen(h, tf.constant(False)))
    finally:
        tf.disable_control_flow_v2()
    save(folder)


@case
def second_of_several_outputs(folder):
    noise, images = placeholders()
    _, generated = tf.identity_n([noise, generator(noise)])
    _, probability = tf.identity_n([images, discriminator(images)])
    publish(noise, generated, images, probability)
    save(folder)


@case
def dropout_in_double_precision(folder):
    def dropped(h):
        return tf.cast(
            tf.nn.dropout(tf.cast(h, tf.float64), tf.placeholder_with_default(np.float64(1), [])), tf.float32
        )

    scoped(dropped)
    save(folder)


def by_the_contests_way(folder):
    """(generated, probability) of the snapshot in a folder."""
    tf.reset_default_graph()
    path = tf.train.latest_checkpoint(folder)
    saver = tf.train.import_meta_graph(path + ".meta", clear_devices=True)
    noise, generated, images, probability = [
        tf.get_collection(name)[0]
        for name in ("noise_input_placeholder", "generated_images", "input_batch_raw", "p_for_data")
    ]
    z, x = inputs()
    # Of a newer TensorFlow as the judge runs it: its remapper takes Maximum of two slices for a leaky ReLU.
    config = tf.ConfigProto()
    if hasattr(config.graph_options.rewrite_options, "disable_meta_optimizer"):
        config.graph_options.rewrite_options.disable_meta_optimizer = True
    with tf.Session(config=config) as session:
        saver.restore(session, path)
        if images.dtype != tf.float32:
            x = np.round(x * 255)
        return ask(session, generated, noise, z), ask(session, probability, images, x)


def ask(session, result, given, values):
    """Runs a network; if its placeholder declares a number of rows, so many at a time, the last ones filled up."""
    declared = given.shape.ndims and given.shape.as_list()[0]
    if not declared:
        return session.run(result, {given: values})
    rows = np.resize(np.arange(len(values)), -(-len(values) // declared) * declared)
    parts = [session.run(result, {given: values[part]}) for part in rows.reshape(-1, declared)]
    return np.concatenate(parts)[: len(values)]


def main(folder, chosen):
    for name in chosen or sorted(CASES):
        own = os.path.join(folder, name)
        if not os.path.isdir(own):
            os.makedirs(own)
        tf.reset_default_graph()
        try:
            CASES[name](own)
        except Exception as error:
            print(name, "cannot be built:", type(error).__name__, str(error).split("\n")[0][:200])
            continue
        try:
            generated, probability = by_the_contests_way(own)
            np.savez(os.path.join(own, "expected.npz"), generated=generated, probability=probability)
            print(name, "done")
        except Exception as error:
            with open(os.path.join(own, "error.txt"), "w") as file:
                file.write(str(error))
            print(name, "cannot be opened:", type(error).__name__, str(error).split("\n")[0][:150])


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
