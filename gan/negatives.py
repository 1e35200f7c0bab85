"""Faces that are none: spoilt real images, which the discriminator learns to refuse beside generated ones.

A discriminator that only ever saw one generator knows that one's mistakes, and takes the noise or the blur of another
for a face. These mistakes can be had without another generator (negative data augmentation: Sinha et al. 2021,
arXiv 2102.05113). Each spoilt image is spoilt in one of the ways below; all take (images, others, draws, noise):

    images   float32 [N, side, side], real, in [0, 1]
    others   float32 [2, N, side, side], for each image two others
    draws    float32 [N, 1, 1], uniform in [0, 1): how much
    noise    float32 [N, side, side], normal with a standard deviation of 1
"""

import tensorflow.compat.v1 as tf


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
