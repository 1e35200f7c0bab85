"""The settings of every session that runs the networks of a snapshot, so that what is measured is what is judged."""

import os

import tensorflow.compat.v1 as tf

_MOST_THREADS = 8  # of each kind


def usable_cores() -> int:
    """How many cores this process may use; systems that do not tell are taken to allow all."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def judge_config() -> tf.ConfigProto:
    """A tf.ConfigProto for sessions: the graph runs as it is written.

    TensorFlow's optimizer would take seconds for each network, and hides faults such as a batch size that is built in.
    Threads that wait for work sleep: spinning takes processor time from other snapshots. They belong to the session, so
    that they end with it; on a machine with many cores they are no more than some, since each one takes address space.
    A GPU is left alone, as it is in battles: its float32 products are rounded otherwise.
    """
    config = tf.ConfigProto(device_count={"GPU": 0})
    if usable_cores() > _MOST_THREADS:  # else TensorFlow chooses
        config.intra_op_parallelism_threads = config.inter_op_parallelism_threads = _MOST_THREADS
    config.graph_options.rewrite_options.disable_meta_optimizer = True
    config.experimental.disable_thread_spinning = True
    config.use_per_session_threads = True
    return config
