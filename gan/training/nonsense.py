"""Images that no camera took, drawn at random, for the discriminator to refuse.

A discriminator that never saw a kind of bad image leaves its answer to chance: a black image may pass for a face. These
are drawn by a process that composes: what an image shows (a face, an average of faces, noise of any scale, a plane of
grey, waves, shapes), a region in which it shows something else, how it is put together and bent, what it is mixed with,
what a filter leaves of it, its tones and its grain.
"""

import math
from collections.abc import Callable

import tensorflow.compat.v1 as tf

from gan.data import pixels
from gan.networks.local_mean import local_mean
from gan.training.nonsense_contents import Plane, Some, at, chosen, coarse, content

_UNCHANGED = 0.5  # probability that a content that is no face need not be changed; a face always is
_ALSO = 0.1  # probability of each change beyond the one that each face has
_SQUARES = (4, 7, 11)  # of the noise that bounds a region
_OTHER_FACE = 0.5  # probability that what it is mixed with, or shows small, is simply another face
_LEAST_CHANGE = 0.06  # mean difference of pixels from a face
_LEAST_MISPLACED, _SQUARE = 0.09, 9  # the same in one square, so many pixels wide, if parts of it are in other places
_PLACES = 3  # at most, in which a face shows another part of it
# Where the mean face has its eyes, nose, mouth and forehead, and anywhere in it: row, column, and how far from there.
_PARTS = (
    *((-0.25, -0.4, 0.1, 0.1), (-0.25, 0.4, 0.1, 0.1), (0.2, 0.0, 0.1, 0.1), (0.58, 0.0, 0.1, 0.1)),
    (-0.65, 0.0, 0.2, 0.3),
    *3 * [(0.05, 0.0, 0.65, 0.5)],
)
_OF_GROUND, _OF_CHANGES = 20, 30  # parts of the random seed; contents have those from 0 on


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
    every = Some(tf.reshape(images, [-1, side, side]), tf.range(count), seed)
    drawn = content(every)
    stays = tf.logical_and(every.take() < _UNCHANGED, _difference(drawn, every.face()) > _LEAST_CHANGE)
    usual = tf.gather(_USUAL, tf.cast(every.take(0, len(_USUAL)), tf.int32))
    first = tf.where_v2(stays, -1, usual)
    for number, change in enumerate(_CHANGES):
        happens = tf.logical_or(tf.equal(first, number), every.take() < _ALSO)
        places = tf.cast(tf.where_v2(happens[:, 0, 0])[:, 0], tf.int32)
        changed = change(tf.gather(drawn, places), every.part(places, _OF_CHANGES + number))
        drawn = tf.tensor_scatter_nd_update(drawn, places[:, tf.newaxis], changed)
    # An image that is still nearly the face that it was, as where a line hardly cuts it, becomes negative.
    is_near = tf.where_v2(
        tf.equal(first, _CHANGES.index(_misplaced)),
        _largest_difference(drawn, every.face()) < _LEAST_MISPLACED,
        _difference(drawn, every.face()) < _LEAST_CHANGE,
    )
    drawn = tf.where_v2(is_near, 1 - drawn, drawn)
    return tf.reshape(tf.clip_by_value(drawn, 0.0, 1.0), [-1, size])


def _difference(images: tf.Tensor, others: tf.Tensor) -> tf.Tensor:
    """Mean difference of their pixels, [n, 1, 1]."""
    return tf.reduce_mean(tf.abs(images - others), [1, 2], keepdims=True)


def _largest_difference(images: tf.Tensor, others: tf.Tensor) -> tf.Tensor:
    """Mean difference in the square in which they differ most, [n, 1, 1]."""
    return tf.reduce_max(local_mean(tf.abs(images - others), _SQUARE), [1, 2], keepdims=True)


def _ground(some: Some) -> tf.Tensor:
    """What images are mixed with: another face, or another content."""
    return tf.where_v2(some.take() < _OTHER_FACE, some.face(5), content(some.neighbours(_OF_GROUND)))


def _elsewhere(images: tf.Tensor, some: Some) -> tf.Tensor:
    """The images turned, or moved by a fifth to a half of a side, or both; the edge's pixels go on beyond it."""
    kind, angle = some.take(), some.take(0.6, 2 * math.pi - 0.6)
    turned = some.plane().turned(tf.where_v2(kind < 0.6, angle, 0.0))
    direction, way = some.take(0, 2 * math.pi), tf.where_v2(kind < 0.3, 0.0, some.take(0.4, 1.0))
    moved = (turned.rows + way * tf.sin(direction), turned.columns + way * tf.cos(direction))
    return at(images, *(tf.clip_by_value(each, -1.0, 1.0) for each in moved))


def _in_region(images: tf.Tensor, some: Some) -> tf.Tensor:
    """Something else in a region: of smooth noise, beside a line, around an oval, or two quarters.

    It is a grey, what the image shows elsewhere, another face, or another content.
    """
    side, plane = some.side, some.plane()
    cloud = chosen([coarse(some.noise(), squares) for squares in _SQUARES], some.take())
    angle, offset = some.take(0, 2 * math.pi), some.take(-0.4, 0.4)
    upright = tf.round(angle * 2 / math.pi) * math.pi / 2  # or level
    angle = tf.where_v2(some.take() < 0.5, upright, angle)
    line = plane.along(angle) - offset
    down, right = some.take(-0.3, 0.3), some.take(-0.3, 0.3)
    around = plane.seen_from(down, right)
    oval = around.oval(some.take(0.2, 1), some.take(0.2, 0.9))
    level = tf.sort(tf.reshape(cloud, [-1, side * side]))
    split = tf.cast(some.take(0.25, 0.75)[:, 0, 0] * side * side, tf.int32)
    cloud -= tf.gather(level, split, batch_dims=1)[:, tf.newaxis, tf.newaxis]
    quarters = around.rows * around.columns
    share = tf.sigmoid(tf.exp(some.take(2.5, 5)) * chosen([cloud, line, 1 - oval, oval - 1, quarters], some.take()))
    kind = some.take()
    ground = tf.where_v2(kind < 0.25, some.take(), tf.where_v2(kind < 0.6, _elsewhere(images, some), _ground(some)))
    return images + share * (ground - images)


def _misplaced(images: tf.Tensor, some: Some) -> tf.Tensor:
    """Parts of it in wrong places, softly cut: a mouth for eyes, one large eye, a nose upside down, no eyes.

    In one to three ovals, or pairs of ovals, it shows another place, or the same place larger or turned, or a small
    face, or no details: as they are, or in the light that falls on the place where they are shown. In a third of the
    images nothing else is left of the face's details. What has no details may have grain.
    """
    smooth = local_mean(local_mean(images, 11), 11)
    skin = smooth + tf.nn.relu(some.take(-0.02, 0.04)) * coarse(some.noise(), 33)
    inside = 1 - some.plane().seen_from(0.1, 0.0).oval(some.take(0.6, 1), some.take(0.6, 1))
    is_blank = tf.cast(some.take() < 1 / 3, tf.float32)
    changed = images + is_blank * tf.sigmoid(6 * inside) * (skin - images)
    for place in range(_PLACES):
        share, other = _other_part(images, smooth, skin, some)
        happens = tf.cast(some.take() < 0.5, tf.float32) if place else 1.0
        changed += happens * share * (other - changed)
    return changed


def _other_part(images: tf.Tensor, smooth: tf.Tensor, skin: tf.Tensor, some: Some) -> tuple[tf.Tensor, tf.Tensor]:
    """Where an image shows another part of itself, from 0 to 1, and what it shows there: [n, side, side] each.

    `smooth` is the light that falls on it, `skin` what it shows where details are left out.
    """
    plane, (down, right), (from_down, from_right) = some.plane(), _place(some), _place(some)
    is_pair = some.take() < 0.3  # one on each side
    columns = tf.where_v2(is_pair, tf.abs(plane.columns) - tf.abs(right), plane.columns - right)
    around = Plane(plane.rows - down, columns)
    oval = around.oval(tf.exp(some.take(-1.9, -0.3)), tf.exp(some.take(-1.6, -0.2)))
    kind, is_half_turn = some.take(), some.take() < 0.5
    is_elsewhere, is_small = kind >= 0.4, kind >= 0.7
    size = tf.where_v2(kind < 0.2, some.take(0.3, 0.7), tf.exp(some.take(-0.7, 0.3)))
    size = tf.where_v2(is_small, some.take(1.7, 3.5), size)
    from_down, from_right = (tf.where_v2(is_small, 0.3 * each, each) for each in (from_down, from_right))
    is_turned = tf.where_v2(is_elsewhere, some.take() < 0.3, kind >= 0.2)
    angle = tf.where_v2(is_half_turn, math.pi, some.take(0.7, 2 * math.pi - 0.7))
    turned = around.turned(tf.where_v2(is_turned, angle, 0.0))
    rows = tf.where_v2(is_elsewhere, from_down, down) + size * turned.rows
    columns = tf.where_v2(is_elsewhere, from_right, right) + size * turned.columns
    light = tf.cast(some.take() < 0.5, tf.float32) * smooth
    small = local_mean(tf.where_v2(some.take() < _OTHER_FACE, some.face(5), images), 3)
    details = tf.where_v2(is_small, small, images) - light
    shown = light + at(details, *(tf.clip_by_value(each, -1.0, 1.0) for each in (rows, columns)))
    return tf.sigmoid(tf.exp(some.take(0.7, 3.5)) * (1 - oval)), tf.where_v2(kind < 0.85, shown, skin)


def _place(some: Some) -> tuple[tf.Tensor, tf.Tensor]:
    """A place, row and column from -1 to 1, about where faces have a part, or anywhere in them."""
    part = tf.gather(_PARTS, tf.cast(some.take(0, len(_PARTS)), tf.int32))
    down, right, spread_down, spread_right = tf.unstack(part, axis=-1)
    return down + some.take(-1, 1) * spread_down, right + some.take(-1, 1) * spread_right


def _rearranged(images: tf.Tensor, some: Some) -> tf.Tensor:
    """On its side, upside down, with halves that changed places, mirrored at a line, or with one half wrong.

    That is then the other one, turned, as in a playing card, or itself upside down.
    """
    half = images.shape.as_list()[1] // 2
    above, below = images[:, : images.shape[1] - half], images[:, images.shape[1] - half :]
    sides = [tf.transpose(images, [0, 2, 1])[:, :, ::-1], tf.transpose(images, [0, 2, 1])[:, ::-1]]
    turned = [*sides, images[:, ::-1], images[:, ::-1, ::-1]]
    swapped = [tf.roll(images, half, 1), tf.roll(images, half, 2)]
    card = tf.concat([above, images[:, :half][:, ::-1, ::-1]], 1)
    upended = tf.concat([above, below[:, ::-1]], 1)
    return chosen([*turned, *swapped, card, card[:, ::-1], upended, *4 * [_mirrored(images, some)]], some.take())


def _mirrored(images: tf.Tensor, some: Some) -> tf.Tensor:
    """What is above a level line, also below it, as in a pond; or below it, above; or so at a line upright."""
    plane, level, way = some.plane(), some.take(-0.5, 0.5), tf.sign(some.take() - 0.5)
    is_upright, beside = some.take() < 0.4, some.take(0.2, 0.5) * tf.sign(some.take() - 0.5)
    rows = tf.where_v2(is_upright, plane.rows, level + tf.abs(plane.rows - level) * way)
    columns = tf.where_v2(is_upright, beside + tf.abs(plane.columns - beside) * way, plane.columns)
    return at(images, *(tf.clip_by_value(each, -1.0, 1.0) for each in (rows, columns)))


def _bent(images: tf.Tensor, some: Some) -> tf.Tensor:
    """Turned by 30 degrees or more, of another size or shape, oblique, moved, pulled about, wavy, or bulging."""
    plane = some.plane()
    turned = some.take(math.pi / 6, 2 * math.pi - math.pi / 6)
    larger, other = (tf.exp(some.take(0.7, 1.4) * tf.sign(some.take() - 0.5)) for _ in range(2))
    is_wider = some.take() < 0.5
    oblique = some.take(0.5, 1.2) * tf.sign(some.take() - 0.5)
    radius = tf.sqrt(tf.square(plane.rows) + tf.square(plane.columns)) + 1e-3
    shrinking, enlarging = tf.pow(radius, some.take(-0.7, -0.3)), tf.pow(radius, some.take(0.5, 1.5))
    wavy = some.take(0.1, 0.4) * tf.sin(tf.exp(some.take(1.5, 3.5)) * plane.rows)
    which = some.take()

    def only(number: int, value: tf.Tensor, otherwise: float) -> tf.Tensor:
        return tf.where_v2(tf.equal(tf.floor(which * 9), number), value, otherwise)

    angle = only(0, turned, 0.0)
    scale = only(1, larger, 1.0) * only(6, shrinking, 1.0) * only(8, enlarging, 1.0)
    height = scale * only(2, tf.where_v2(is_wider, 1.0, other), 1.0)
    width = scale * only(2, tf.where_v2(is_wider, other, 1.0), 1.0)
    moved = only(3, some.take(0.6, 1.4), 0.0)
    field = tf.image.resize_bicubic(tf.reshape(some.noise()[:, :8, :4], [-1, 4, 4, 2]), [some.side, some.side])
    pull = only(4, some.take(0.25, 0.6), 0.0)[..., tf.newaxis] * field
    places = plane.turned(angle)
    rows = height * places.rows + moved + pull[..., 0]
    columns = width * places.columns + pull[..., 1]
    columns += only(5, oblique, 0.0) * plane.rows + only(7, wavy, 0.0)
    repeats = some.take() < 0.5  # beyond the edge: again, or the edge's pixels
    return at(
        images,
        *(tf.where_v2(repeats, _repeated(each), tf.clip_by_value(each, -1.0, 1.0)) for each in (rows, columns)),
    )


def _repeated(places: tf.Tensor) -> tf.Tensor:
    return tf.math.floormod(places + 1, 2) - 1


def _exposed_twice(images: tf.Tensor, some: Some) -> tf.Tensor:
    """An image and another one, in place or moved, or itself moved or turned: average, difference, product, lighter."""
    ground = _ground(some)
    others = [ground, _elsewhere(ground, some), _elsewhere(images, some)]
    second = chosen([*others, tf.transpose(images, [0, 2, 1]), images[:, ::-1]], some.take())
    share = some.take(0.35, 0.65)
    average = share * images + (1 - share) * second
    product = images * second * some.take(1, 2)
    difference = 0.5 + some.take(0.5, 1) * (images - second)
    return chosen([average, difference, difference, product, tf.maximum(images, second)], some.take())


def _filtered(images: tf.Tensor, some: Some) -> tf.Tensor:
    """What differs from a blurred or moved copy alone, with or without the finest, or much of it; of either sign."""
    smoothed = [local_mean(local_mean(images, width), width) for width in (3, 5, 7)]
    moved = [tf.roll(images, [down, right], [1, 2]) for down, right in ((1, 1), (2, 0), (-1, 2))]
    finest = chosen([images, images, local_mean(images, 3), smoothed[0]], some.take())
    detail = finest - chosen([*smoothed, *smoothed, *moved], some.take())
    strength = tf.exp(some.take(0.2, 1.6)) * tf.sign(some.take() - 0.5)
    alone = some.take(0.2, 0.8) + strength * detail
    return tf.where_v2(some.take() < 0.7, alone, images + 3 * strength * detail)


def _patched(images: tf.Tensor, some: Some) -> tf.Tensor:
    """A third to all of the patches are those of other places or other faces."""
    side = images.shape.as_list()[1]
    patches = next((each for each in (5, 4, 3, 2) if side % each == 0), 1)
    length = side // patches

    def cut(whole: tf.Tensor) -> tf.Tensor:
        parts = tf.reshape(whole, [-1, patches, length, patches, length])
        return tf.reshape(tf.transpose(parts, [0, 1, 3, 2, 4]), [-1, patches**2, length, length])

    drawn = some.uniform(3, [patches**2])
    moved = tf.gather(cut(images), tf.argsort(drawn[0]), batch_dims=1)
    others = cut(some.face(5))
    is_other_face = drawn[1, :, :1] < 0.5
    is_changed = drawn[2] < 1 / 3 + drawn[1, :, 1:2] * 2 / 3
    new = tf.where_v2(is_other_face[..., tf.newaxis, tf.newaxis], others, moved)
    parts = tf.where_v2(is_changed[..., tf.newaxis, tf.newaxis], new, cut(images))
    parts = tf.transpose(tf.reshape(parts, [-1, patches, patches, length, length]), [0, 1, 3, 2, 4])
    return tf.reshape(parts, [-1, side, side])


def _in_squares(images: tf.Tensor, some: Some) -> tf.Tensor:
    """Large pixels: one grey level for each square of 4 to 10 pixels."""
    side = images.shape.as_list()[1]

    def squares(length: int) -> tf.Tensor:
        small = tf.nn.avg_pool(images[..., tf.newaxis], length, length, "SAME")[..., 0]
        large = tf.repeat(tf.repeat(small, length, 1), length, 2)
        return large[:, :side, :side]

    return chosen([squares(length) for length in (4, 5, 7, 10)], some.take())


def _toned(images: tf.Tensor, some: Some) -> tf.Tensor:
    """Faint, dark or glaring; with hard contrast, negative, solarised, on another curve, in few greys, or a stencil."""
    mean = tf.reduce_mean(images, [1, 2], keepdims=True)
    faint = some.take() + some.take(0.0, 0.25) * (images - mean)
    dark = some.take(0.0, 0.3) * images
    glaring = 1 - some.take(0.0, 0.3) * (1 - images)
    hard = 0.5 + some.take(4, 30) * (images - mean)
    levels = tf.floor(some.take(1, 4))
    stepped = tf.round(images * levels) / levels
    stencil = local_mean(tf.cast(images > mean + some.take(-0.1, 0.1), tf.float32), 3)
    stencil = some.take(0.0, 0.4) + some.take(0.4, 0.6) * chosen([stencil, local_mean(stencil, 3)], some.take())
    solarised = tf.where_v2(images > some.take(0.3, 0.7), 1 - images, images)
    power = tf.exp(some.take(1.1, 2.2) * tf.sign(some.take() - 0.5))
    bowed = tf.pow(tf.clip_by_value(images, 0.0, 1.0) + 1e-4, power)
    waved = 0.5 + 0.5 * tf.sin(tf.exp(some.take(1.3, 3.5)) * images + some.take(0, 2 * math.pi))
    changed = [faint, dark, glaring, hard, 1 - images, solarised, stepped, stencil, bowed, waved]
    return chosen(changed, some.take())


def _grained(images: tf.Tensor, some: Some) -> tf.Tensor:
    """With strong noise, coarser or finer, blurred, or with a pattern of 2x2 or 3x3 pixels."""
    side, noise = some.side, some.noise()
    coarser = tf.image.resize_bilinear(noise[:, :25, :25, tf.newaxis], [side, side])[..., 0]
    strength = some.take(0.08, 0.4)
    soft = local_mean(local_mean(local_mean(images, 7), 7), 7)
    patterns = [tf.tile(noise[:, :n, :n], [1, side // n + 1, side // n + 1])[:, :side, :side] for n in (2, 3)]
    changed = [images + strength * noise, images + strength * coarser, soft]
    return chosen([*changed, *(images + strength * pattern for pattern in patterns)], some.take())


_CHANGES: tuple[Callable[[tf.Tensor, Some], tf.Tensor], ...] = (
    *(_in_region, _rearranged, _bent, _exposed_twice, _patched),
    *(_in_squares, _filtered, _toned, _grained, _misplaced),
)
# Places in _CHANGES, each as often as a face has it.
_USUAL = (0, 0, 1, 1, 2, 2, 3, 3, 3, 4, 5, 6, 6, 7, 7, 8, *9 * [9])
