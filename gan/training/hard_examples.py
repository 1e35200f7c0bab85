"""Images that the discriminator must refuse beside those of this step, so that other generators do not fool it.

Past images: a discriminator forgets what it no longer sees, and a generator that returns to old mistakes gets away with
them (Shrivastava et al. 2017, arXiv 1612.07828, section 2.3; Thanh-Tung and Tran 2018, arXiv 1811.11083). In a battle,
other people's generators make the mistakes that this one made long ago.

Spoilt images: real images, spoilt in ways that this generator does not happen to.
"""

from typing import Any

import tensorflow.compat.v1 as tf

from gan.augment import Augmenter
from gan.data import pixels
from gan.networks import loss_values
from gan.networks.local_mean import local_mean
from gan.networks.loss_values import Features
from gan.training.forward_pass import ForwardPass
from gan.training.settings import HardExampleSettings

CAPACITY = 4096  # images remembered, as bytes: 10 MB of faces


class PastImages:
    """A random sample of all images generated so far, one a step, in a variable of the training graph.

    Args:
        size: pixels of an image.
        seed: int64 [2], the last of which is the number of the step.
        capacity: images to remember.
    """

    def __init__(self, size: int, seed: tf.Tensor, capacity: int = CAPACITY) -> None:
        self._capacity, self._seed = capacity, seed
        with tf.device("/cpu:0"):  # no other device uses them
            self._images = tf.get_variable(
                "replay/images", [capacity, size], tf.uint8, tf.zeros_initializer(), trainable=False
            )

    def draw(self, count: tf.Tensor) -> tf.Tensor:
        """Images from the memory, all with the same probability: float32 [count, size] in [0, 1]."""
        there = tf.clip_by_value(self._seed[1], 1, self._capacity)
        portions = tf.random.stateless_uniform([count], self._seed)
        numbers = tf.cast(portions * tf.cast(there, tf.float32), tf.int64)
        with tf.device("/cpu:0"):
            return tf.cast(tf.gather(self._images, tf.minimum(numbers, there - 1)), tf.float32) / 255

    def remember(self, image: tf.Tensor) -> tf.Operation:
        """An operation that takes in one image of this step, float32 [size] in [0, 1].

        Once the memory is full, the image of step n, counted from 0, is kept with a probability of capacity / (n + 1),
        in a random place. So all images so far are there with the same probability (Vitter 1985, algorithm R).
        """
        step = self._seed[1]
        portion = tf.random.stateless_uniform([], self._seed + 1)
        chosen = tf.cast(portion * tf.cast(step + 1, tf.float32), tf.int64)
        slot = tf.where(step < self._capacity, step, chosen)[tf.newaxis]
        slots = tf.boolean_mask(slot, slot < self._capacity)
        with tf.device("/cpu:0"):
            as_bytes = tf.cast(tf.round(tf.clip_by_value(image, 0.0, 1.0) * 255), tf.uint8)
            return self._images.scatter_update(tf.IndexedSlices(tf.tile(as_bytes[None], [tf.size(slots), 1]), slots))


def _grain(images: tf.Tensor, others: tf.Tensor, draws: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
    """Adds noise of 0.03 to 0.2 to each pixel on its own."""
    del others
    return images + (0.03 + 0.17 * draws) * noise


def _ghosts(images: tf.Tensor, others: tf.Tensor, draws: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
    """Averages a face and two others and adds a little noise: networks without convolutions draw such images."""
    return (images + others[0] + others[1]) / 3 + 0.1 * draws * noise


def _blurred(images: tf.Tensor, others: tf.Tensor, draws: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
    """Mixes an image with its averages over squares of 5x5, whose share is a half to 1."""
    del others, noise
    return images + (0.5 + 0.5 * draws) * (local_mean(images, 5) - images)


def _grid(images: tf.Tensor, others: tf.Tensor, draws: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
    """Adds a pattern that repeats every 2x2 pixels, such as transposed convolutions leave."""
    del others
    side = images.shape.as_list()[1]
    pattern = noise[:, :2, :2] - tf.reduce_mean(noise[:, :2, :2], [1, 2], keepdims=True)
    return images + (0.02 + 0.1 * draws) * tf.tile(pattern, [1, side // 2 + 1, side // 2 + 1])[:, :side, :side]


def _halves(images: tf.Tensor, others: tf.Tensor, draws: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
    """Puts the upper part of one face on the lower part of another; the upper part is 30% to 70% of the height."""
    del noise
    side = images.shape.as_list()[1]
    rows = (tf.range(side, dtype=tf.float32) / side)[tf.newaxis, :, tf.newaxis]
    return tf.where(tf.broadcast_to(rows < 0.3 + 0.4 * draws, tf.shape(images)), images, others[0])


WAYS = (_grain, _ghosts, _blurred, _grid, _halves)


def spoil(images: tf.Tensor, count: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Spoils the first of some real images, each in one of WAYS.

    Args:
        images: float32 [N, size] in [0, 1], square, row by row.
        count: int32, how many to spoil, at most N.
        seed: int64 [2], another one in each step.

    Returns:
        float32 [count, size] in [0, 1].
    """
    size = images.shape.as_list()[1]
    side = pixels.side(size)
    square = tf.reshape(images, [-1, side, side])
    others = tf.stack([tf.roll(square, shift, 0)[:count] for shift in (1, 2)])
    noise = tf.random.stateless_normal([count, side, side], seed)
    draws = tf.random.stateless_uniform([2, count, 1, 1], seed + 1)
    chosen = tf.floor(draws[0] * len(WAYS))
    spoilt = tf.add_n(
        [
            tf.cast(tf.equal(chosen, number), tf.float32) * way(square[:count], others, draws[1], noise)
            for number, way in enumerate(WAYS)
        ]
    )
    return tf.reshape(tf.clip_by_value(spoilt, 0.0, 1.0), [-1, size])


class HardExamples:
    """Past images and spoilt ones, judged beside those of this step.

    Args:
        settings: their shares.
        size: pixels of an image.
        seed: int64 [2], the last of which is the number of the step.
    """

    def __init__(self, settings: HardExampleSettings, size: int, seed: tf.Tensor) -> None:
        self._shares = settings.shares
        self._seed = seed
        self._past_images = PastImages(size, seed) if settings.replay_share else None

    def apply(
        self,
        discriminator_loss: tf.Tensor,
        loss: Any,
        real_images: tf.Tensor,
        passed: ForwardPass,
        augmenter: Augmenter,
    ) -> tuple[tf.Tensor, list[tf.Operation]]:
        """Makes the discriminator refuse them too.

        Args:
            discriminator_loss: its loss for the images of this step, a scalar.
            loss: a losses.BaseLoss.
            real_images: float32 [N, size], of this step.
            passed: the forward pass of this step.
            augmenter: changes the images before the discriminator sees them.

        Returns:
            (the discriminator's loss, of which those images have their shares; update operations).
        """
        num_real = tf.shape(passed.real_logits)[0]
        chosen = [(share, choose) for share, choose in zip(self._shares, (self._past, self._spoilt)) if share]
        counts = [loss_values.how_many(share, num_real) for share, _ in chosen]
        images = tf.concat([choose(count, real_images) for count, (_, choose) in zip(counts, chosen)], 0)
        logits, features = passed.judge_with_features(augmenter.fake(images, num_real))
        refused = tf.split(logits, tf.stack(counts), num=len(counts))
        shown = [None] * len(counts) if features is None else tf.split(features, tf.stack(counts), num=len(counts))
        total = (1 - sum(self._shares)) * discriminator_loss
        for (share, _), count, each, its_features in zip(chosen, counts, refused, shown):
            seen = None if passed.features is None else Features(passed.features.of_real[:count], its_features)
            real_logits = passed.real_logits[:count]
            total += share * loss_values.value_of(loss, "discriminator_loss", real_logits, each, seen)
        if not self._past_images:
            return total, []
        with tf.control_dependencies([images]):  # what is judged was in the memory before this step
            return total, [self._past_images.remember(tf.reshape(passed.generated[0][0], [-1]))]

    def _past(self, count: tf.Tensor, real_images: tf.Tensor) -> tf.Tensor:
        assert self._past_images is not None
        return self._past_images.draw(count)

    def _spoilt(self, count: tf.Tensor, real_images: tf.Tensor) -> tf.Tensor:
        return spoil(real_images, count, self._seed)
