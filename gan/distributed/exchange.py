"""What the processes of a cluster average in each step, in one tensor: gradients, and whatever else a step changes."""

from collections.abc import Sequence

import tensorflow.compat.v1 as tf

from gan.distributed.ring import Key, Ring
from gan.training.step import Gradients


class Exchange:
    """What step.build_training_graph puts between taking and applying gradients.

    Each process has gradients of its share of the batch. Weighted by the size of the share, they add up to those of the
    whole batch if losses are means over images. Variables that no optimizer changes, such as moving averages of batch
    statistics, are averaged after each process has changed its own.

    Args:
        ring: the processes.
        total: images of the whole batch.
        device: the processor that adds up.

    Attributes:
        wishes: placeholder, float32 [replicas + 1], what this process tells all others in a step.
        heard: float32 [replicas + 1], the sum of what all tell.
    """

    def __init__(self, ring: Ring, total: int, device: str) -> None:
        self._ring, self._total, self._device = ring, total, device

    def __call__(self, found: Gradients, others: Sequence[tf.Variable]) -> Gradients:
        """Puts the average for a step of both networks into the current graph.

        Args:
            found: this process's.
            others: variables to average, once the updates of `found` have changed them.

        Returns:
            those of all processes together.
        """
        with tf.device(self._device):
            self.wishes = tf.placeholder(tf.float32, [self._ring.replicas + 1], "wishes")
        averaged, self.heard = self._average(found, others, Key.STEP, self.wishes)
        return averaged

    def of_discriminator(self, found: Gradients, others: Sequence[tf.Variable]) -> Gradients:
        """Does the same for an update of the discriminator alone."""
        with tf.device(self._device):
            nothing = tf.zeros([0])
        return self._average(found, others, Key.DISCRIMINATOR, nothing)[0]

    def _average(
        self, found: Gradients, others: Sequence[tf.Variable], key: Key, wishes: tf.Tensor
    ) -> tuple[Gradients, tf.Tensor]:
        variables = [variable for pairs in found.pairs for _, variable in pairs]
        taken = [tf.convert_to_tensor(gradient) for pairs in found.pairs for gradient, _ in pairs]
        with tf.control_dependencies(found.updates):
            changed = [tf.convert_to_tensor(variable.read_value()) for variable in others]
        with tf.device(self._device):
            flat = tf.concat([tf.reshape(tf.cast(each, tf.float32), [-1]) for each in taken + changed], 0)
            share = tf.cast(found.num_real, tf.float32) / self._total
            fused = tf.concat([flat * share, wishes], 0)
            sizes = [variable.shape.num_elements() for variable in [*variables, *others]]
            fused.set_shape([sum(sizes) + wishes.shape.num_elements()])
            *parts, heard = tf.split(self._ring.sum(fused, key), [*sizes, wishes.shape.num_elements()])
            means = [
                tf.cast(tf.reshape(part, variable.shape), variable.dtype.base_dtype)
                for part, variable in zip(parts, [*variables, *others])
            ]
        own = iter(means)
        pairs = [[(next(own), variable) for _, variable in each] for each in found.pairs]
        assigned = [variable.assign(next(own)).op for variable in others]
        return Gradients(pairs, assigned, tf.constant(self._total)), heard
