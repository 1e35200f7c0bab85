"""Gives all processes of a cluster the chief's variables, bit for bit, and says how far theirs were from them."""

from collections.abc import Sequence

import tensorflow.compat.v1 as tf

from gan.distributed.ring import Key, Ring

_LEAST = 1e-12  # norm that a distance is divided by at least


class Alignment:
    """Operations of the current graph.

    All processes compute the same step from the same sum of gradients, but processors of different kinds round it
    differently. So the chief's variables replace the others' from time to time.

    Args:
        ring: the processes.
        variables: what to align, the same list in all processes.
        ignored: those of them that may differ by more than rounding.
        device: the processor that adds up.

    Attributes:
        distances: float32 [replicas], how far the variables of each process were from the chief's: the largest
            distance of a floating-point variable, as a share of its norm. To fetch it aligns the variables.
    """

    def __init__(
        self, ring: Ring, variables: Sequence[tf.Variable], ignored: Sequence[tf.Variable], device: str
    ) -> None:
        with tf.device(device):
            before = [tf.convert_to_tensor(variable.read_value()) for variable in variables]
            bits = [_as_bits(value) for value in before]
            sent = tf.concat(bits, 0)
            chosen = ring.sum(sent if ring.is_chief else tf.zeros_like(sent), Key.VARIABLES)
            parts = tf.split(chosen, [each.shape.num_elements() for each in bits])
            after = [_from_bits(part, value) for part, value in zip(parts, before)]
            distances = [
                _distance(old, new)
                for variable, old, new in zip(variables, before, after)
                if old.dtype.is_floating and not any(variable is each for each in ignored)
            ]
            largest = tf.reduce_max(tf.stack(distances))
            gathered = ring.gather(largest[tf.newaxis], Key.DISTANCES)[:, 0]
        with tf.control_dependencies([gathered]):
            assigned = [variable.assign(value) for variable, value in zip(variables, after)]
        with tf.control_dependencies(assigned):
            self.distances = tf.identity(gathered)


def _as_bits(value: tf.Tensor) -> tf.Tensor:
    """A tensor as int32 [size], since a sum of one number and zeros is the number, bit for bit, only of integers."""
    small = {1: tf.uint8, 2: tf.int16}.get(value.dtype.size)
    if value.dtype == tf.bool:
        bits = tf.cast(value, tf.int32)
    elif small:
        bits = tf.cast(tf.bitcast(value, small), tf.int32)
    else:
        bits = tf.bitcast(value, tf.int32)  # two for each number of 64 bits
    return tf.reshape(bits, [value.shape.num_elements() * max(1, value.dtype.size // 4)])


def _from_bits(bits: tf.Tensor, like: tf.Tensor) -> tf.Tensor:
    """The inverse of `_as_bits`."""
    small = {1: tf.uint8, 2: tf.int16}.get(like.dtype.size)
    if like.dtype == tf.bool:
        return tf.reshape(tf.cast(bits, tf.bool), like.shape)
    if small:
        return tf.reshape(tf.bitcast(tf.cast(bits, small), like.dtype), like.shape)
    return tf.bitcast(tf.reshape(bits, like.shape.as_list() + [2] * (like.dtype.size == 8)), like.dtype)


def _distance(before: tf.Tensor, after: tf.Tensor) -> tf.Tensor:
    before, after = tf.cast(before, tf.float32), tf.cast(after, tf.float32)
    return tf.norm(before - after) / tf.maximum(tf.norm(after), _LEAST)
