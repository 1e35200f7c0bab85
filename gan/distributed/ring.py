"""Sums over all processes of a job, by TensorFlow's own ring all-reduce."""

import enum
from typing import NamedTuple

import tensorflow.compat.v1 as tf
from tensorflow.python.ops import collective_ops

_GROUP = 1  # all processes that train
# Seconds after the Watch. TensorFlow may crash if a sum's own time is up (a mutex of what is already gone).
_MARGIN = 60


class Key(enum.IntEnum):
    """Which sum it is; the same one in all processes."""

    AGREEMENT = 1
    STEP = 2
    DISCRIMINATOR = 3  # of an update of the discriminator alone
    VARIABLES = 4
    DISTANCES = 5
    FAREWELL = 6


class Ring(NamedTuple):
    """The processes that train, as one of them sees them.

    Each process computes a part of every sum and hands it on: a tensor crosses the network of each process twice,
    however many there are. All get the same bits. A sum fails, in all processes and for good, if one is not there.
    """

    replicas: int  # how many they are
    replica: int  # number of this one; 0 is the chief
    seconds: float  # until a process is ended by its Watch if the other parts of a sum do not come

    @property
    def is_chief(self) -> bool:
        """Whether this process is the chief."""
        return self.replica == 0

    def sum(self, values: tf.Tensor, key: Key) -> tf.Tensor:
        """The sum of what all processes give, a tensor of one dimension and of a shape that all have."""
        return collective_ops.all_reduce(
            values,
            self.replicas,
            _GROUP,
            int(key),
            "Add",
            "Id",
            communication_hint="ring",
            timeout=self.seconds + _MARGIN,
        )

    def gather(self, values: tf.Tensor, key: Key) -> tf.Tensor:
        """What each process gives, [size]: [replicas, size]."""
        size = values.shape.num_elements()
        before, after = self.replica * size, (self.replicas - 1 - self.replica) * size
        return tf.reshape(self.sum(tf.pad(values, [[before, after]]), key), [self.replicas, size])
