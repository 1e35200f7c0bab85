"""The settings of every session that runs the networks of a snapshot, so that what is measured is what is judged."""

import tensorflow.compat.v1 as tf


def judge_config() -> tf.ConfigProto:
    """A tf.ConfigProto for sessions: the graph runs as it is written.

    TensorFlow's optimizer would take seconds for each network, and hides faults such as a batch size that is built in.
    """
    config = tf.ConfigProto()
    config.graph_options.rewrite_options.disable_meta_optimizer = True
    return config
