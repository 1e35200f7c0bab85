"""Adds up what the devices of a process, and the processes of a cluster, found in a step: all-reduce, in one tensor.

No device is special: each gives one tensor and gets the same sum, then changes its own copy of the networks.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

import tensorflow.compat.v1 as tf
from tensorflow.python.ops import collective_ops

from gan.training.forward_pass import Tower
from gan.training.gradients import Pairs

_GROUP = 1  # the devices of a process that trains alone; in a cluster TensorFlow would look for them in all processes
_SECONDS = 600  # until a sum fails to which a device does not come


class Gradients(NamedTuple):
    """What a step changes, before anything is changed."""

    pairs: list[list[Pairs]]  # for each device the discriminator's, then the generator's
    updates: list[tf.Operation]  # to run with every step
    num_real: tf.Tensor  # int32, real images used


class Changed(NamedTuple):
    """Variables of numbers that the updates of a step change."""

    copies: list[list[tf.Variable]]  # for each device those of its copies of the networks, such as moving averages
    common: list[tf.Variable]  # that a process has once


class Exchange(Protocol):
    """How the processes of a cluster average.

    Attributes:
        total: images that all processes use in a step.
        device: where this process does it.
    """

    total: int
    device: str

    def average(self, flat: tf.Tensor, num_real: tf.Tensor) -> tf.Tensor:
        """The average of all processes' tensors, float32 [size]; `num_real` of `total` images are this one's."""

    def average_of_discriminator(self, flat: tf.Tensor, num_real: tf.Tensor) -> tf.Tensor:
        """The same in an update of the discriminator alone."""


class Reduction:
    """Sums of all devices and processes in the current graph.

    Args:
        towers: the devices of this process.
        shares: the share of each device in this process's part of the batch, float32 scalars.
        exchange: how a cluster averages; None if there is one process.
    """

    def __init__(self, towers: Sequence[Tower], shares: Sequence[tf.Tensor], exchange: Exchange | None) -> None:
        self._towers, self._shares, self._exchange, self._sums = towers, shares, exchange, 0

    def __call__(self, found: Gradients, changed: Changed, both: bool = True) -> Gradients:
        """Adds up the gradients, and averages variables once the updates have changed them.

        Args:
            found: this process's.
            changed: the variables.
            both: whether a step of both networks is done, or an update of the discriminator alone.

        Returns:
            those of all together.
        """
        if len(self._towers) == 1 and not self._exchange:
            return found
        variables = [[v for pairs in each for _, v in pairs] for each in found.pairs]
        flat = []
        for tower, pairs, copies, share in zip(self._towers, found.pairs, changed.copies, self._shares):
            with tf.device(tower.device):
                gradients = _flat([gradient for each in pairs for gradient, _ in each])
                flat.append(tf.concat([gradients, share * _values(copies, found.updates)], 0))
                sizes = [v.shape.num_elements() for v in variables[0] + copies]
                flat[-1].set_shape([sum(sizes)])
        num_real, of_common = found.num_real, tf.zeros([0])
        if self._exchange:
            with tf.device(self._exchange.device):
                of_process = tf.add_n(flat)
                of_common = _values(changed.common, found.updates)
                average = self._exchange.average if both else self._exchange.average_of_discriminator
                all_sums = average(tf.concat([of_process, of_common], 0), found.num_real)
                num_real = tf.constant(self._exchange.total)
            count = of_process.shape.num_elements()
            sums, of_common = [all_sums[:count]] * len(flat), all_sums[count:]
        else:
            sums = self._of_devices(flat)
        results = [
            _unpacked(each, own + copies, tower.device)
            for each, own, copies, tower in zip(sums, variables, changed.copies, self._towers)
        ]
        summed = [[[(next(values), v) for _, v in own] for own in each] for each, values in zip(found.pairs, results)]
        if not self._exchange:
            changed = changed._replace(common=[])
        results.append(_unpacked(of_common, changed.common, ""))
        assigned = [
            v.assign(next(values)).op for own, values in zip([*changed.copies, changed.common], results) for v in own
        ]
        return Gradients(summed, [*found.updates, *assigned], num_real)

    def _of_devices(self, flat: list[tf.Tensor]) -> list[tf.Tensor]:
        """The sum of the devices' tensors, on each of them."""
        if len(flat) == 1:
            return flat
        self._sums += 1
        hint = "nccl" if "GPU" in self._towers[0].device else "ring"
        sums = []
        for tower, each in zip(self._towers, flat):
            with tf.device(tower.device):
                sums.append(
                    collective_ops.all_reduce(
                        *(each, len(flat), _GROUP, 100 + self._sums, "Add", "Id"),
                        communication_hint=hint,
                        timeout=_SECONDS,
                    )
                )
        return sums


def _flat(tensors: Sequence[tf.Tensor]) -> tf.Tensor:
    parts = [tf.reshape(tf.cast(tf.convert_to_tensor(each), tf.float32), [-1]) for each in tensors]
    return tf.concat(parts, 0) if parts else tf.zeros([0])


def _values(variables: Sequence[tf.Variable], after: Sequence[tf.Operation]) -> tf.Tensor:
    with tf.control_dependencies(after):
        return _flat([variable.read_value() for variable in variables])


def _unpacked(flat: tf.Tensor, variables: Sequence[tf.Variable], device: str) -> Iterator[tf.Tensor]:
    """The parts of a tensor, each as its variable is."""
    with tf.device(device):
        parts = tf.split(tf.identity(flat), [v.shape.num_elements() for v in variables]) if variables else []
        return iter([tf.cast(tf.reshape(p, v.shape), v.dtype.base_dtype) for p, v in zip(parts, variables)])
