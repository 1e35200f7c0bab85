"""Images of past generators, which the discriminator keeps on judging.

A discriminator forgets what it no longer sees, and a generator that comes back to old mistakes gets away with them
(Shrivastava et al. 2017, arXiv 1612.07828, section 2.3; Thanh-Tung and Tran 2018, arXiv 1811.11083). In a battle, other
people's generators make the mistakes that one's own made long ago.
"""

import tensorflow.compat.v1 as tf

CAPACITY = 4096  # images remembered, as bytes: 10 MB of faces


class Replay:
    """A random sample of all images generated so far, one a step, in a variable of the training graph.

    Args:
        size: pixels of an image.
        seed: int64 [2], the last of which is the number of the step.
        capacity: images to remember.
    """

    def __init__(self, size, seed, capacity=CAPACITY):
        self._capacity, self._seed = capacity, seed
        with tf.device("/cpu:0"):  # there is no use for them elsewhere
            self._images = tf.get_variable(
                "replay/images", [capacity, size], tf.uint8, tf.zeros_initializer(), trainable=False
            )

    def draw(self, count):
        """Images from the memory, any of them equally probable: float32 [count, size] in [0, 1]."""
        there = tf.clip_by_value(self._seed[1], 1, self._capacity)
        portions = tf.random.stateless_uniform([count], self._seed, alg="philox")
        numbers = tf.cast(portions * tf.cast(there, tf.float32), tf.int64)
        with tf.device("/cpu:0"):
            return tf.cast(tf.gather(self._images, tf.minimum(numbers, there - 1)), tf.float32) / 255

    def remember(self, image):
        """An operation that takes in one image of this step, float32 [size] in [0, 1].

        Once the memory is full, that of step n, counted from 0, is kept with a probability of capacity / (n + 1), in a
        random place: all images so far have the same chance to be there (Vitter 1985, algorithm R).
        """
        step = self._seed[1]
        portion = tf.random.stateless_uniform([], self._seed + 1, alg="philox")
        chosen = tf.cast(portion * tf.cast(step + 1, tf.float32), tf.int64)
        slot = tf.where(step < self._capacity, step, chosen)[tf.newaxis]
        slots = tf.boolean_mask(slot, slot < self._capacity)
        with tf.device("/cpu:0"):
            as_bytes = tf.cast(tf.round(tf.clip_by_value(image, 0.0, 1.0) * 255), tf.uint8)
            return self._images.scatter_update(tf.IndexedSlices(tf.tile(as_bytes[None], [tf.size(slots), 1]), slots))
