"""Images that no camera took, drawn at random, for the discriminator to refuse.

A discriminator that never saw a kind of bad image leaves its answer to chance: a black image may pass for a face. These
are drawn by a process that composes: what an image shows (a face, an average of faces, noise of any scale, a plane of
grey, waves), a region in which it shows something else, how it is put together and bent, its tones, its grain, and how
much of it is left.
"""

import math
from typing import NamedTuple

import tensorflow.compat.v1 as tf

from gan.data import pixels

_SCALES = (2, 3, 5, 9, 17, 25, 33)  # squares of noise along a side; a side itself is white noise
_CHANGES = 8  # of which each image has at least one: region, order, bending, tones, grain, exposure, patches, squares
_ALSO = 0.2  # probability of each further change
_MIXED = 8  # faces in a combination


class _Draws:
    """Numbers in [0, 1), one for each image: [count, 1, 1], each other ones."""

    def __init__(self, count: tf.Tensor, seed: tf.Tensor) -> None:
        self._all = tf.random.stateless_uniform([80, count, 1, 1], seed, alg="philox")
        self._next = 0

    def take(self, low: float = 0.0, high: float = 1.0) -> tf.Tensor:
        """The next ones, in [low, high)."""
        self._next += 1
        return low + (high - low) * self._all[self._next - 1]


class _Plane(NamedTuple):
    """Places of the pixels, [1, side, side] each, from -1 to 1."""

    rows: tf.Tensor
    columns: tf.Tensor

    @classmethod
    def of(cls, side: int) -> "_Plane":
        line = tf.linspace(-1.0, 1.0, side)
        return cls(*(each[tf.newaxis] for each in tf.meshgrid(line, line, indexing="ij")))


def draw(images: tf.Tensor, count: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Draws images.

    Args:
        images: float32 [N, size] in [0, 1], real, square, row by row.
        count: int32, how many to draw, at most N.
        seed: int64 [2], another one in each step.

    Returns:
        float32 [count, size] in [0, 1].
    """
    size = images.shape.as_list()[1]
    side = pixels.side(size)
    faces = tf.reshape(images, [-1, side, side])
    draws, plane = _Draws(count, seed + 2), _Plane.of(side)
    noise = tf.random.stateless_normal([5, count, side, side], seed + 3, alg="philox")
    first = tf.floor(draws.take(0, _CHANGES))

    def changes(number: int) -> tf.Tensor:
        return tf.logical_or(tf.equal(first, number), draws.take() < _ALSO)

    content = _content(faces, 0, count, draws, noise[0], plane)
    ground = _content(faces, 3, count, draws, noise[1], plane)
    content = tf.where(_like(changes(0), content), _in_region(content, ground, draws, noise[2], plane), content)
    content = tf.where(_like(changes(1), content), _rearranged(content, draws), content)
    content = tf.where(_like(changes(2), content), _bent(content, draws, noise[3], plane), content)
    content = tf.where(_like(changes(5), content), _exposed_twice(content, ground, draws), content)
    content = tf.where(_like(changes(6), content), _patched(content, faces, seed + 4), content)
    content = tf.where(_like(changes(7), content), _in_squares(content, draws), content)
    content = tf.where(_like(changes(3), content), _toned(content, draws), content)
    content = tf.where(_like(changes(4), content), _grained(content, draws, noise[4]), content)
    return tf.reshape(tf.clip_by_value(content, 0.0, 1.0), [-1, size])


def _content(
    faces: tf.Tensor, shift: int, count: tf.Tensor, draws: _Draws, noise: tf.Tensor, plane: _Plane
) -> tf.Tensor:
    """What an image shows: a face or noise, twice as often as an average, a combination, a plane or waves."""
    face, *others = (tf.roll(faces, shift + number, 0)[:count] for number in range(3))
    share = draws.take(0.3, 0.7)
    average = share * face + (1 - share) * tf.add_n(others) / len(others)
    combined = _combined(faces, shift, count, noise)
    mean, deviation = draws.take(), draws.take(0.0, 0.35)
    cloudy = mean + deviation * _scaled(noise, draws)
    angle, slope = draws.take(0, 2 * math.pi), tf.nn.relu(draws.take(-0.3, 0.5))
    along = tf.cos(angle) * plane.rows + tf.sin(angle) * plane.columns
    flat = mean + slope * along
    waves = mean + deviation * tf.sin(tf.exp(draws.take(1.0, 4.5)) * along)
    return _chosen([face, face, average, combined, cloudy, cloudy, flat, waves], draws.take())


def _combined(faces: tf.Tensor, shift: int, count: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
    """Weighted averages of several faces, with weights of any sign and a sum of 1, as of principal components."""
    weights = 0.4 * noise[:, :_MIXED, 0]
    weights += (1 - tf.reduce_sum(weights, 1, keepdims=True)) / _MIXED
    several = (tf.roll(faces, shift + number, 0)[:count] for number in range(_MIXED))
    return tf.add_n([weights[:, number, tf.newaxis, tf.newaxis] * face for number, face in enumerate(several)])


def _scaled(noise: tf.Tensor, draws: _Draws) -> tf.Tensor:
    """Noise of one scale or of two mixed, with mean 0 and deviation 1 in each image."""
    layers = [noise, *(_coarse(noise, squares) for squares in _SCALES)]
    mixed = _chosen(layers, draws.take()) + draws.take() * _chosen(layers, draws.take())
    mean, variance = tf.nn.moments(mixed, [1, 2], keepdims=True)
    return (mixed - mean) * tf.rsqrt(variance + 1e-6)


def _coarse(noise: tf.Tensor, squares: int) -> tf.Tensor:
    """Smooth noise: so many values along a side, and what lies between them."""
    side = noise.shape.as_list()[1]
    values = noise[:, :squares, :squares, tf.newaxis]
    return tf.image.resize_bilinear(values, [side, side], align_corners=True)[..., 0]


def _in_region(images: tf.Tensor, ground: tf.Tensor, draws: _Draws, noise: tf.Tensor, plane: _Plane) -> tf.Tensor:
    """Another content in a region: of smooth noise, beside a line, or around an oval."""
    side = noise.shape.as_list()[1]
    coarse = _coarse(noise, 4)
    angle, offset = draws.take(0, 2 * math.pi), draws.take(-0.4, 0.4)
    line = tf.cos(angle) * plane.rows + tf.sin(angle) * plane.columns - offset
    down, right = draws.take(-0.3, 0.3), draws.take(-0.3, 0.3)
    oval = tf.square((plane.rows - down) / draws.take(0.3, 1)) + tf.square(
        (plane.columns - right) / draws.take(0.2, 0.9)
    )
    level = tf.sort(tf.reshape(coarse, [-1, side * side]))
    split = tf.cast(draws.take(0.25, 0.75)[:, 0, 0] * side * side, tf.int32)
    coarse -= tf.gather(level, split, batch_dims=1)[:, tf.newaxis, tf.newaxis]
    return tf.where(_chosen([coarse, line, oval - 1], draws.take()) > 0, ground, images)


def _rearranged(images: tf.Tensor, draws: _Draws) -> tf.Tensor:
    """On its side, upside down, with halves that changed places, or with one half mirrored in the other."""
    half = images.shape.as_list()[1] // 2
    sides = [tf.transpose(images, [0, 2, 1])[:, :, ::-1], tf.transpose(images, [0, 2, 1])[:, ::-1]]
    turned = [*sides, images[:, ::-1], images[:, ::-1, ::-1]]
    swapped = [tf.roll(images, half, 1), tf.roll(images, half, 2)]
    mirrored = [tf.concat([images[:, : images.shape[1] - half], images[:, :half][:, ::-1]], 1)]
    mirrored.append(mirrored[0][:, ::-1])
    return _chosen([*turned, *swapped, *mirrored], draws.take())


def _bent(images: tf.Tensor, draws: _Draws, noise: tf.Tensor, plane: _Plane) -> tf.Tensor:
    """Turned by 30 degrees or more, with another size or shape, moved over its edge, or pulled about."""
    side = noise.shape.as_list()[1]
    turn = draws.take(math.pi / 6, 2 * math.pi - math.pi / 6)
    larger = tf.exp(draws.take(0.7, 1.4) * tf.sign(draws.take() - 0.5))
    wider = tf.exp(draws.take(0.7, 1.4) * tf.sign(draws.take() - 0.5))
    which = draws.take()
    zero, one = tf.zeros_like(turn), tf.ones_like(turn)
    angle = _chosen([turn, zero, zero, zero, zero], which)
    height = _chosen([one, larger, one, one, one], which)
    width = _chosen([one, larger, wider, one, one], which)
    moved = _chosen([zero, zero, zero, draws.take(0.6, 1.4), zero], which)
    pulled = _chosen([zero, zero, zero, zero, draws.take(0.25, 0.6)], which)
    field = tf.reshape(noise[:, :8, :4], [-1, 4, 4, 2])
    pull = pulled[..., tf.newaxis] * tf.image.resize_bicubic(field, [side, side])
    rows = height * (tf.cos(angle) * plane.rows - tf.sin(angle) * plane.columns) + moved + pull[..., 0]
    columns = width * (tf.sin(angle) * plane.rows + tf.cos(angle) * plane.columns) + pull[..., 1]
    repeats = draws.take() < 0.5  # beyond the edge: again, or the edge's pixels
    return _at(
        images,
        *(
            tf.where(_like(repeats, each), _repeated(each), tf.clip_by_value(each, -1.0, 1.0))
            for each in (rows, columns)
        ),
    )


def _repeated(places: tf.Tensor) -> tf.Tensor:
    return tf.math.floormod(places + 1, 2) - 1


def _at(images: tf.Tensor, rows: tf.Tensor, columns: tf.Tensor) -> tf.Tensor:
    """The pixels at places from -1 to 1, [count, side, side] each; the nearest ones."""
    side = images.shape.as_list()[1]
    row, column = (
        tf.clip_by_value(tf.cast(tf.round((each + 1) / 2 * (side - 1)), tf.int32), 0, side - 1)
        for each in (rows, columns)
    )
    flat = tf.reshape(row * side + column, [-1, side * side])
    return tf.reshape(tf.gather(tf.reshape(images, [-1, side * side]), flat, batch_dims=1), [-1, side, side])


def _exposed_twice(images: tf.Tensor, ground: tf.Tensor, draws: _Draws) -> tf.Tensor:
    """Averages of an image and another one, or itself on its side or upside down."""
    second = _chosen([ground, tf.transpose(images, [0, 2, 1]), images[:, ::-1]], draws.take())
    share = draws.take(0.35, 0.65)
    return share * images + (1 - share) * second


def _patched(images: tf.Tensor, faces: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """A third to all of the patches are those of other places or other faces."""
    side = images.shape.as_list()[1]
    patches = next((each for each in (5, 4, 3, 2) if side % each == 0), 1)
    length, count = side // patches, tf.shape(images)[0]

    def cut(whole: tf.Tensor) -> tf.Tensor:
        parts = tf.reshape(whole, [-1, patches, length, patches, length])
        return tf.reshape(tf.transpose(parts, [0, 1, 3, 2, 4]), [-1, patches**2, length, length])

    drawn = tf.random.stateless_uniform([3, count, patches**2], seed, alg="philox")
    moved = tf.gather(cut(images), tf.argsort(drawn[0]), batch_dims=1)
    others = cut(tf.roll(faces, 5, 0)[:count])
    is_other_face = drawn[1, :, :1] < 0.5
    is_changed = drawn[2] < 1 / 3 + drawn[1, :, 1:2] * 2 / 3
    new = tf.where(_like(is_other_face[..., tf.newaxis, tf.newaxis], moved), others, moved)
    parts = tf.where(_like(is_changed[..., tf.newaxis, tf.newaxis], moved), new, cut(images))
    parts = tf.transpose(tf.reshape(parts, [-1, patches, patches, length, length]), [0, 1, 3, 2, 4])
    return tf.reshape(parts, [-1, side, side])


def _in_squares(images: tf.Tensor, draws: _Draws) -> tf.Tensor:
    """Large pixels: one grey level for each square of 4 to 10 pixels."""
    side = images.shape.as_list()[1]

    def squares(length: int) -> tf.Tensor:
        small = tf.nn.avg_pool(images[..., tf.newaxis], length, length, "SAME")[..., 0]
        large = tf.repeat(tf.repeat(small, length, 1), length, 2)
        return large[:, :side, :side]

    return _chosen([squares(length) for length in (4, 5, 7, 10)], draws.take())


def _toned(images: tf.Tensor, draws: _Draws) -> tf.Tensor:
    """Faint, dark or glaring; with hard contrast, negative, solarised, or with few grey levels."""
    mean = tf.reduce_mean(images, [1, 2], keepdims=True)
    faint = draws.take() + draws.take(0.0, 0.25) * (images - mean)
    dark = draws.take(0.0, 0.3) * images
    glaring = 1 - draws.take(0.0, 0.3) * (1 - images)
    hard = 0.5 + draws.take(4, 30) * (images - mean)
    levels = tf.floor(draws.take(1, 4))
    stepped = tf.round(images * levels) / levels
    solarised = tf.where(_like(images > draws.take(0.3, 0.7), images), 1 - images, images)
    return _chosen([faint, dark, glaring, hard, 1 - images, solarised, stepped], draws.take())


def _grained(images: tf.Tensor, draws: _Draws, noise: tf.Tensor) -> tf.Tensor:
    """With strong noise, coarser or finer, blurred, or with a pattern of 2x2 or 3x3 pixels."""
    side = noise.shape.as_list()[1]
    coarse = tf.image.resize_bilinear(noise[:, :25, :25, tf.newaxis], [side, side])[..., 0]
    strength = draws.take(0.08, 0.4)
    soft = images[..., tf.newaxis]
    for _ in range(3):
        soft = tf.nn.avg_pool(soft, [1, 7, 7, 1], [1, 1, 1, 1], "SAME")
    patterns = [tf.tile(noise[:, :n, :n], [1, side // n + 1, side // n + 1])[:, :side, :side] for n in (2, 3)]
    changed = [images + strength * noise, images + strength * coarse, soft[..., 0]]
    return _chosen([*changed, *(images + strength * pattern for pattern in patterns)], draws.take())


def _chosen(options: list[tf.Tensor], number: tf.Tensor) -> tf.Tensor:
    """One of some tensors [count, ...] for each image, by a number in [0, 1)."""
    which = tf.floor(number * len(options))
    return tf.add_n([tf.cast(tf.equal(which, each), tf.float32) * option for each, option in enumerate(options)])


def _like(happens: tf.Tensor, images: tf.Tensor) -> tf.Tensor:
    """A condition for each image, for each of its pixels."""
    return tf.broadcast_to(happens, tf.shape(images))
