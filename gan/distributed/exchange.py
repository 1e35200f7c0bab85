"""What the processes of a cluster tell each other in each step, in one tensor."""

import tensorflow.compat.v1 as tf

from gan.distributed.ring import Key, Ring


class RingExchange:
    """A reduction.Exchange, and wishes that travel with the averages.

    Each process has gradients of its share of the batch. Weighted by the size of the share, they add up to those of the
    whole batch if losses are means over images.

    Args:
        ring: the processes.
        total: images of the whole batch.
        device: the processor that adds up.

    Attributes:
        total: as given.
        device: as given.
        wishes: placeholder, float32 [replicas + 1], what this process tells all others in a step of both networks.
        heard: float32 [replicas + 1], the sum of what all tell.
    """

    wishes: tf.Tensor
    heard: tf.Tensor

    def __init__(self, ring: Ring, total: int, device: str) -> None:
        self._ring, self.total, self.device = ring, total, device

    def average(self, flat: tf.Tensor, num_real: tf.Tensor) -> tf.Tensor:
        """The average of all processes' tensors, float32 [size]; `num_real` images are this one's."""
        size, told = flat.shape.num_elements(), self._ring.replicas + 1
        self.wishes = tf.placeholder(tf.float32, [told], "wishes")
        fused = self._ring.sum(tf.concat([self._weighted(flat, num_real), self.wishes], 0), Key.STEP)
        averages, self.heard = tf.split(fused, [size, told])
        return averages

    def average_of_discriminator(self, flat: tf.Tensor, num_real: tf.Tensor) -> tf.Tensor:
        """The same in an update of the discriminator alone."""
        return self._ring.sum(self._weighted(flat, num_real), Key.DISCRIMINATOR)

    def _weighted(self, flat: tf.Tensor, num_real: tf.Tensor) -> tf.Tensor:
        return flat * (tf.cast(num_real, tf.float32) / self.total)
