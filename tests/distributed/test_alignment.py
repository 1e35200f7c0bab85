"""Two TensorFlow servers in this process: the chief's variables reach the other bit for bit, and distances are told."""

import threading

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from test_cluster import free_ports

from gan.distributed.alignment import Alignment
from gan.distributed.ring import Ring

VALUES = [  # the chief's, then the worker's
    (np.float32([[1, -0.0, 3], [4, np.nan, 6]]), np.zeros((2, 3), np.float32)),
    (np.float64(2.5), np.float64(0)),
    (np.int64(-(2**40)), np.int64(5)),
    (np.uint8([0, 255]), np.uint8([7, 7])),
    (np.array([True, False]), np.array([False, True])),
    (np.float16([1.5, -2]), np.float16([0, 0])),
]


def as_bytes(values):
    return [np.asarray(value).tobytes() for value in values]


class Process:
    """A server, and a session with variables."""

    def __init__(self, addresses, replica, values, ignored=()):
        self.task = f"/job:worker/replica:0/task:{replica}"
        config = tf.ConfigProto(device_filters=[self.task])
        config.experimental.collective_group_leader = "/job:worker/replica:0/task:0"
        server = tf.train.Server(tf.train.ClusterSpec({"worker": addresses}), "worker", replica, config=config)
        with tf.Graph().as_default() as graph, tf.device(self.task):
            self.variables = [tf.Variable(value) for value in values]
            chosen = [self.variables[number] for number in ignored]
            self.alignment = Alignment(Ring(2, replica, 60), self.variables, chosen, f"{self.task}/device:CPU:0")
            initializer = tf.global_variables_initializer()
        self.session = tf.Session(server.target, graph, config)
        self.session.run(initializer)

    def align(self):
        self.distances = self.session.run(self.alignment.distances)


@pytest.fixture
def aligned():
    """aligned(chief's values, worker's values) -> both processes, aligned."""

    def align(*values, ignored=()):
        addresses = [f"127.0.0.1:{port}" for port in free_ports(2)]
        both = [Process(addresses, replica, each, ignored) for replica, each in enumerate(values)]
        threads = [threading.Thread(target=process.align) for process in both]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        return both

    return align


def test_values_of_every_type_arrive_bit_for_bit(aligned):
    chiefs, workers = zip(*VALUES)
    for process in aligned(chiefs, workers):
        assert as_bytes(process.session.run(process.variables)) == as_bytes(chiefs)


def test_distances_are_told_to_both(aligned):
    """By hand: |(0, 0.4)| / |(3, 4)| = 0.08; the last variable is ignored."""
    chiefs = [np.float32([1, 1]), np.float32([3, 4]), np.float32(7)]
    workers = [np.float32([1, 1]), np.float32([3, 4.4]), np.float32(9)]
    for process in aligned(chiefs, workers, ignored=[2]):
        np.testing.assert_allclose(process.distances, [0, 0.08], rtol=1e-5)
        assert process.session.run(process.variables[2]) == 7
