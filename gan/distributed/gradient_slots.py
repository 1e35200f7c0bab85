"""Synchronous gradients: every process of a cluster writes its own to a slot, the chief adds them up.

A slot lies beside its variable on the parameter server. TensorFlow's SyncReplicasOptimizer adds whatever
gradients come first: a step may hold one worker's twice, and with a worker that dies a step that waits for
its token hangs. With slots each share of the batch counts exactly once, and always in the same order.
"""

import tensorflow.compat.v1 as tf


class GradientSlots:
    """What step.build_training_graph puts between taking and applying gradients.

    Args:
        replicas: how many processes train.
        replica: number of this one; 0 is the chief, whose batches alone move moving averages.

    Attributes:
        write: operation that takes this process's gradients and writes them to its slots.
        initializer: operation that makes the slots.
    """

    def __init__(self, replicas, replica):
        self._replicas, self._replica = replicas, replica

    def __call__(self, gradients, updates, num_real):
        """Puts the slots into the current graph; see build_training_graph's `exchange`."""
        self._weights = tf.placeholder(tf.float32, [self._replicas], "weights_of_replicas")
        self._num_images = tf.placeholder(num_real.dtype, [], "images_of_all")
        self._slots, writes, means = [], [], []
        for pairs in gradients:
            means.append([])
            for gradient, variable in pairs:
                slots = self._slots_of(variable)
                writes.append(slots[self._replica].assign(tf.convert_to_tensor(gradient)))
                means[-1].append((self._mean(slots, variable), variable))
                self._slots += slots
        self.write = tf.group(*writes, *(updates if self._replica == 0 else ()))
        self.initializer = tf.variables_initializer(self._slots)
        return means, [], self._num_images

    def feed(self, counts, total):
        """What to feed to apply a step's gradients.

        Args:
            counts: replica -> images of its share, for all that have written their gradients.
            total: images of the whole batch.
        """
        shares = [counts.get(replica, 0) / sum(counts.values()) for replica in range(self._replicas)]
        return {self._weights: shares, self._num_images: total}

    def _slots_of(self, variable):
        with tf.device(variable.device):
            return [
                tf.Variable(
                    tf.zeros(variable.shape, variable.dtype.base_dtype),
                    trainable=False,
                    collections=["gradient_slots"],  # neither saved nor a model's
                    name=f"gradient_slots/{replica}/{variable.op.name}",
                )
                for replica in range(self._replicas)
            ]

    def _mean(self, slots, variable):
        """The weighted mean; a slot of weight 0 may hold anything."""
        with tf.device(variable.device):
            weights = tf.cast(self._weights, variable.dtype.base_dtype)
            parts = [tf.math.multiply_no_nan(slot.read_value(), weights[i]) for i, slot in enumerate(slots)]
            return tf.add_n(parts)
