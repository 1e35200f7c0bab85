"""What the discriminator judges besides this step's images, so that other people's generators do not fool it."""

import tensorflow.compat.v1 as tf

from gan import negatives
from gan.replay import Replay


class Hardening:
    """Past images and spoilt ones, judged beside the present ones.

    Args:
        replay_share: share of the images to refuse that are of past steps; see replay.Replay.
        negatives_share: share that are spoilt real ones; see negatives.spoil.
        size: pixels of an image.
        seed: int64 [2], the last of which is the number of the step.
    """

    def __init__(self, replay_share, negatives_share, size, seed):
        self._shares, self._seed = (replay_share, negatives_share), seed
        self._replay = Replay(size, seed) if replay_share else None

    def apply(self, discriminator_loss, loss, real_images, real_logits, towers, augmenter):
        """Lets the discriminator refuse them too.

        Args:
            discriminator_loss: its loss for the images of this step, a scalar.
            loss: a losses.BaseLoss.
            real_images: float32 [N, size], of this step.
            real_logits: float32 [N, 1].
            towers: towers.Towers of this step.
            augmenter: an augment.Augmenter.

        Returns:
            (the discriminator's loss, of which those images have their shares; update operations).
        """
        num_real = tf.shape(real_logits)[0]
        chosen = [(share, choose) for share, choose in zip(self._shares, (self._past, self._spoilt)) if share]
        counts = [how_many(share, num_real) for share, _ in chosen]
        images = tf.concat([choose(count, real_images) for count, (_, choose) in zip(counts, chosen)], 0)
        logits = tf.split(towers.judge(augmenter.fake(images, num_real)), tf.stack(counts), num=len(counts))
        total = (1 - sum(self._shares)) * discriminator_loss
        for (share, _), count, refused in zip(chosen, counts, logits):
            total += share * loss.discriminator_loss(real_logits[:count], refused)
        if not self._replay:
            return total, []
        with tf.control_dependencies([images]):  # what is judged is what was there before this step
            return total, [self._replay.remember(tf.reshape(towers.fake_images[0][0], [-1]))]

    def _past(self, count, real_images):
        return self._replay.draw(count)

    def _spoilt(self, count, real_images):
        return negatives.spoil(real_images, count, self._seed)


def how_many(share, number):
    """A share of `number` images, int32: rounded, and at least one."""
    return tf.maximum(1, tf.cast(tf.round(share * tf.cast(number, tf.float32)), tf.int32))
