"""What the discriminator judges besides this step's images, so that other people's generators do not fool it.

Images of past generators: a discriminator forgets what it no longer sees, and a generator that comes back to old
mistakes gets away with them (Shrivastava et al. 2017, arXiv 1612.07828, section 2.3; Thanh-Tung and Tran 2018, arXiv
1811.11083). In a battle, other people's generators make the mistakes that one's own made long ago.

Negatives: real images, spoilt in ways that its generator does not happen to.
"""

import tensorflow.compat.v1 as tf

from gan.networks import loss_values

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


def _grain(images, others, draws, noise):
    """Noise of 0.03 to 0.2, each pixel on its own."""
    del others
    return images + (0.03 + 0.17 * draws) * noise


def _ghosts(images, others, draws, noise):
    """A face and two others through each other, with a little grain, as a network without convolutions draws."""
    return (images + others[0] + others[1]) / 3 + 0.1 * draws * noise


def _blurred(images, others, draws, noise):
    """Averages of squares of 5x5, from half to wholly."""
    del others, noise
    smooth = tf.nn.avg_pool(images[..., tf.newaxis], [1, 5, 5, 1], [1, 1, 1, 1], "SAME")[..., 0]
    return images + (0.5 + 0.5 * draws) * (smooth - images)


def _grid(images, others, draws, noise):
    """A pattern of 2x2 pixels, as transposed convolutions leave."""
    del others
    side = images.shape.as_list()[1]
    cells = noise[:, :2, :2] - tf.reduce_mean(noise[:, :2, :2], [1, 2], keepdims=True)
    return images + (0.02 + 0.1 * draws) * tf.tile(cells, [1, side // 2 + 1, side // 2 + 1])[:, :side, :side]


def _halves(images, others, draws, noise):
    """The upper half of one face on the lower half of another, the border somewhere in the middle."""
    del noise
    side = images.shape.as_list()[1]
    rows = (tf.range(side, dtype=tf.float32) / side)[tf.newaxis, :, tf.newaxis]
    return tf.where(tf.broadcast_to(rows < 0.3 + 0.4 * draws, tf.shape(images)), images, others[0])


WAYS = (_grain, _ghosts, _blurred, _grid, _halves)


def spoil(images, count, seed):
    """Spoils the first of some real images, each in one of WAYS.

    Args:
        images: float32 [N, size] in [0, 1], square, row by row.
        count: int32, how many to spoil, at most N.
        seed: int64 [2], another one in each step.

    Returns:
        float32 [count, size] in [0, 1].
    """
    size = images.shape.as_list()[1]
    side = round(size**0.5)
    square = tf.reshape(images, [-1, side, side])
    others = tf.stack([tf.roll(square, shift, 0)[:count] for shift in (1, 2)])
    noise = tf.random.stateless_normal([count, side, side], seed, alg="philox")
    draws = tf.random.stateless_uniform([2, count, 1, 1], seed + 1, alg="philox")
    chosen = tf.floor(draws[0] * len(WAYS))
    spoilt = tf.add_n(
        [
            tf.cast(tf.equal(chosen, number), tf.float32) * way(square[:count], others, draws[1], noise)
            for number, way in enumerate(WAYS)
        ]
    )
    return tf.reshape(tf.clip_by_value(spoilt, 0.0, 1.0), [-1, size])


class Hardening:
    """Past images and spoilt ones, judged beside the present ones.

    Args:
        replay_share: share of the images to refuse that are of past steps; see hard_examples.Replay.
        negatives_share: share that are spoilt real ones; see hard_examples.spoil.
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
        counts = [loss_values.how_many(share, num_real) for share, _ in chosen]
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
        return spoil(real_images, count, self._seed)
