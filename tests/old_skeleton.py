"""Trains and saves as the contest's first skeleton did, on Python 2.7 and TensorFlow 1.2 or later.

    python old_skeleton.py FOLDER           trains all VARIANTS on images of its own, into FOLDER/VARIANT, and TRAINING
                                            if this TensorFlow has tf.layers
    python old_skeleton.py FOLDER TFRECORDS trains the first of them on these images, into FOLDER

One graph for everything: readers, queues and their runners, both networks, optimizers, summaries, and
a plain tf.train.Saver. Writes model.ckpt-STEPS and beside it variables.json: the names of the variables
[w1, b1, w2, b2] of each network.
"""

from __future__ import print_function

import json
import os
import sys

try:
    import tensorflow.compat.v1 as tf
except ImportError:
    import tensorflow as tf

SIZE, BATCH, RECORDS, STEPS = 2500, 16, 64, 3

# What stands between the queue and the tensor called input_batch_raw; and how variables are made.
VARIANTS = ("dequeued", "second_output", "cast", "reshaped", "unscoped", "resource")
TRAINING = "training"  # batch norm and dropout, handed in as they are trained: is_training is true


def write_records(path):
    with tf.python_io.TFRecordWriter(path) as writer:
        for index in range(RECORDS):
            pixels = [(index * 37 + pixel * (index % 7 + 1)) % 256 for pixel in range(SIZE)]
            feature = {
                "image_raw": tf.train.Feature(int64_list=tf.train.Int64List(value=pixels)),
                "label": tf.train.Feature(int64_list=tf.train.Int64List(value=[index % 10])),
            }
            writer.write(tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString())


def input_batch(path, variant):
    """Real images from a queue, [N, SIZE] in [0, 1]."""
    names = tf.train.string_input_producer([path], shuffle=True)

    def example():
        _, serialized = tf.TFRecordReader().read(names)
        features = {
            "image_raw": tf.FixedLenFeature([SIZE], tf.int64),
            "label": tf.FixedLenFeature([1], tf.int64, default_value=[0]),
        }
        parsed = tf.parse_single_example(serialized, features=features)
        image = parsed["image_raw"]
        if variant != "cast":
            image = tf.cast(image, tf.float32) / 255.0
        if variant == "reshaped":
            image = tf.reshape(image, [50, 50])
        return [parsed["label"], image] if variant == "second_output" else [image]

    batch = tf.train.shuffle_batch_join(
        [example(), example()],
        batch_size=BATCH,
        capacity=4 * BATCH,
        min_after_dequeue=BATCH,
        allow_smaller_final_batch=variant != "dequeued",
        enqueue_many=False,
    )
    batch = batch[-1] if isinstance(batch, (list, tuple)) else batch
    if variant == "cast":
        return tf.cast(batch, tf.float32) / 255.0
    return tf.reshape(batch, [-1, SIZE]) if variant == "reshaped" else batch


def make_variables(variant, scope, sizes):
    shapes = [[sizes[0], sizes[1]], [sizes[1]], [sizes[1], sizes[2]], [sizes[2]]]
    starts = [tf.truncated_normal(shape, stddev=0.1) if len(shape) == 2 else tf.zeros(shape) for shape in shapes]
    if variant == "unscoped":
        return [tf.Variable(start) for start in starts]
    with tf.variable_scope(scope):
        names = ("w1", "b1", "w2", "b2")
        resource = variant == "resource"
        return [tf.get_variable(name, initializer=start, use_resource=resource) for name, start in zip(names, starts)]


def two_layers(x, variables):
    w1, b1, w2, b2 = variables
    return tf.matmul(tf.nn.relu(tf.matmul(x, w1) + b1), w2) + b2


def two_layers_in_training(x, variables, reuse=None):
    w1, b1, w2, b2 = variables
    name = w1.op.name.split("/")[1] + "_norm"
    hidden = tf.layers.batch_normalization(tf.matmul(x, w1) + b1, training=True, name=name, reuse=reuse)
    return tf.matmul(tf.nn.dropout(tf.nn.relu(hidden), 0.5), w2) + b2


def train(folder, records, variant):
    os.makedirs(folder)
    with tf.Graph().as_default():
        tf.set_random_seed(1)
        global_step = tf.Variable(0, trainable=False, name="global_step")
        images = input_batch(records, variant)
        noise = tf.placeholder(tf.float32, [None, 100], name="noise")
        generator = make_variables(variant, "tower/generator", [100, 32, SIZE])
        discriminator = make_variables(variant, "tower/discriminator", [SIZE, 32, 1])
        with tf.device("/gpu:0"):
            if variant == TRAINING:
                generated = tf.sigmoid(two_layers_in_training(noise, generator))
                real_logits = two_layers_in_training(images, discriminator)
                fake_logits = two_layers_in_training(generated, discriminator, True)
            else:
                generated = tf.sigmoid(two_layers(noise, generator))
                real_logits, fake_logits = two_layers(images, discriminator), two_layers(generated, discriminator)
            p_for_data = tf.sigmoid(real_logits)

        def loss(logits, label):
            labels = tf.ones_like(logits) * label
            return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits))

        d_loss = loss(real_logits, 1.0) + loss(fake_logits, 0.0)
        g_loss = loss(fake_logits, 1.0)
        # So slow that no discriminator ends with all of its ReLUs dead, which would hide wrong weights.
        rate = tf.train.exponential_decay(0.0002, global_step, 100, 0.95, staircase=True)
        d_step = tf.train.AdamOptimizer(rate).minimize(d_loss, global_step, var_list=discriminator)
        g_step = tf.train.AdamOptimizer(rate).minimize(g_loss, var_list=generator)
        tf.summary.scalar("d_loss", d_loss)
        tf.summary.image("generated", tf.reshape(generated, [-1, 50, 50, 1]))
        summaries = tf.summary.merge_all()
        collections = ("noise_input_placeholder", "generated_images", "input_batch_raw", "p_for_data")
        for name, tensor in zip(collections, (noise, generated, images, p_for_data)):
            tf.add_to_collection(name, tensor)
        saver = tf.train.Saver()
        with tf.Session(config=tf.ConfigProto(allow_soft_placement=True)) as session:
            session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
            coordinator = tf.train.Coordinator()
            threads = tf.train.start_queue_runners(session, coordinator)
            uniform = [[((row * 31 + column * 17) % 200) / 100.0 - 1 for column in range(100)] for row in range(BATCH)]
            for _ in range(STEPS):
                averages = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
                session.run([d_step, g_step, summaries, averages], {noise: uniform})
            saver.save(session, os.path.join(folder, "model.ckpt"), global_step=global_step)
            coordinator.request_stop()
            coordinator.join(threads)
        with open(os.path.join(folder, "variables.json"), "w") as file:
            names = [[variable.op.name for variable in variables] for variables in (generator, discriminator)]
            json.dump(dict(zip(("generator", "discriminator"), names)), file)


def main(folder, records=None):
    if hasattr(tf, "disable_v2_behavior"):
        tf.disable_v2_behavior()
    if records:
        train(folder, records, VARIANTS[0])
        return
    records = os.path.join(folder, "old.tfrecords")
    write_records(records)
    for variant in VARIANTS + ((TRAINING,) if tf.__version__.startswith("1.") else ()):
        train(os.path.join(folder, variant), records, variant)


if __name__ == "__main__":
    main(*sys.argv[1:])
