"""What the images show that no camera took: faces, or what a program draws. See nonsense."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import tensorflow.compat.v1 as tf

from gan.networks.local_mean import local_mean

_SCALES = (2, 3, 5, 9, 17, 25, 33)  # squares of noise along a side; a side itself is white noise
_BENDS = (4, 6, 9)  # the same where it bends stripes
_MOTTLES = (9, 17, 33)  # the same where it makes a drawing look like skin
_FACE = 0.45  # probability of a face: what is far from one is refused soon
_MIXED = 8  # faces in a combination
_SHAPES = 5  # ovals or rectangles, one upon the other
_MOST_NUMBERS = 80
_NOISE_SEED = 2**41  # keeps noise apart from the other numbers


class Some:
    """Some of the images that are drawn, and all that is drawn at random for them.

    Args:
        faces: float32 [N, side, side] in [0, 1], real.
        which: int32 [n], the numbers of these images among all that are drawn.
        seed: int64 [2], another one for each use.
    """

    def __init__(self, faces: tf.Tensor, which: tf.Tensor, seed: tf.Tensor) -> None:
        self.which, self.count, self.side = which, tf.shape(which)[0], faces.shape.as_list()[1]
        self._faces, self._seed = faces, seed
        self._numbers = iter(tf.unstack(self.uniform(_MOST_NUMBERS, [1, 1])))

    def take(self, low: float = 0.0, high: float = 1.0) -> tf.Tensor:
        """Numbers in [low, high), one for each image, each time others: [n, 1, 1]."""
        number = next(self._numbers)
        return number if (low, high) == (0, 1) else low + (high - low) * number

    def uniform(self, times: int, shape: list[int]) -> tf.Tensor:
        """Numbers in [0, 1), of a shape for each image: [times, n, *shape]."""
        return tf.random.stateless_uniform([times, self.count, *shape], self._seed)

    def noise(self) -> tf.Tensor:
        """Standard normal numbers, one for each pixel: [n, side, side]."""
        return tf.random.stateless_normal([self.count, self.side, self.side], self._seed + [_NOISE_SEED, 0])

    def face(self, number: int = 0) -> tf.Tensor:
        """A face for each image, for each number another one: [n, side, side]."""
        return tf.gather(self._faces, tf.math.floormod(self.which + number, tf.shape(self._faces)[0]))

    def part(self, places: tf.Tensor, use: int) -> "Some":
        """Those at some places, int32 [m]; `use` is a number of its own for all that is drawn for them."""
        return self._others(tf.gather(self.which, places), use)

    def neighbours(self, use: int) -> "Some":
        """As many others, with other faces; `use` as in `part`."""
        return self._others(self.which + 3, use)

    def plane(self) -> "Plane":
        """Places of their pixels."""
        line = np.linspace(-1, 1, self.side, dtype=np.float32)
        rows, columns = np.meshgrid(line, line, indexing="ij")
        return Plane(tf.constant(rows[np.newaxis]), tf.constant(columns[np.newaxis]))

    def _others(self, which: tf.Tensor, use: int) -> "Some":
        return Some(self._faces, which, 31 * self._seed + [use, 0])


class Plane(NamedTuple):
    """Places of the pixels, [1, side, side] each, from -1 to 1."""

    rows: tf.Tensor
    columns: tf.Tensor

    def turned(self, angle: tf.Tensor) -> "Plane":
        """The places after a turn by an angle each, [n, 1, 1], in radians."""
        cos, sin = tf.cos(angle), tf.sin(angle)
        return Plane(cos * self.rows - sin * self.columns, sin * self.rows + cos * self.columns)

    def along(self, angle: tf.Tensor) -> tf.Tensor:
        """How far each place is in a direction."""
        return tf.cos(angle) * self.rows + tf.sin(angle) * self.columns

    def seen_from(self, down: tf.Tensor | float, right: tf.Tensor | float) -> "Plane":
        """The places as they lie from another place than the middle."""
        return Plane(self.rows - down, self.columns - right)

    def oval(self, height: tf.Tensor, width: tf.Tensor) -> tf.Tensor:
        """Less than 1 within an oval around the middle that reaches so far down and right, more outside."""
        return tf.square(self.rows / height) + tf.square(self.columns / width)


def content(some: Some) -> tf.Tensor:
    """What images show, each by chance: a face, or one of the other kinds below; float32 [n, side, side]."""
    other = tf.gather(_OTHERS, tf.cast(some.take(0, len(_OTHERS)), tf.int32))
    kind = tf.where_v2(some.take() < _FACE, 0, other)[:, 0, 0]
    places = tf.dynamic_partition(tf.range(some.count), kind, len(_KINDS))
    drawn = [make(some.part(each, number)) for number, (make, each) in enumerate(zip(_KINDS, places))]
    return tf.ensure_shape(tf.dynamic_stitch(places, drawn), [None, some.side, some.side])


def _face(some: Some) -> tf.Tensor:
    """One face."""
    return some.face()


def _average(some: Some) -> tf.Tensor:
    """Averages of three faces."""
    share = some.take(0.3, 0.5)
    return share * some.face() + (1 - share) * (some.face(1) + some.face(2)) / 2


def _combined(some: Some) -> tf.Tensor:
    """Weighted averages of several faces, with weights of any sign and a sum of 1, as of principal components."""
    weights = 0.4 * some.noise()[:, :_MIXED, 0]
    weights += (1 - tf.reduce_sum(weights, 1, keepdims=True)) / _MIXED
    return tf.add_n([weights[:, number, tf.newaxis, tf.newaxis] * some.face(number) for number in range(_MIXED)])


def _poster(some: Some) -> tf.Tensor:
    """The large parts of a face alone, in few grey levels, as in a poster or a drawing."""
    image = chosen([local_mean(some.face(), width) for width in (3, 5, 7)], some.take())
    low, high = tf.reduce_min(image, [1, 2], keepdims=True), tf.reduce_max(image, [1, 2], keepdims=True)
    levels = tf.floor(some.take(1, 5))
    steps = tf.round(levels * (image - low) / (high - low + 1e-6)) / levels
    drawn = some.take() * (1 - steps) + some.take() * steps
    return chosen([drawn, drawn, local_mean(drawn, 3), local_mean(drawn, 5)], some.take())


def _cloudy(some: Some) -> tf.Tensor:
    """Noise of one scale or of two mixed."""
    noise = some.noise()
    layers = [noise, *(coarse(noise, squares) for squares in _SCALES)]
    mixed = chosen(layers, some.take()) + some.take() * chosen(layers, some.take())
    mean, variance = tf.nn.moments(mixed, [1, 2], keepdims=True)
    return some.take() + some.take(0.0, 0.35) * (mixed - mean) * tf.rsqrt(variance + 1e-6)


def _flat(some: Some) -> tf.Tensor:
    """A plane of one grey level, or rising to one side."""
    return some.take() + tf.nn.relu(some.take(-0.3, 0.5)) * _along(some)


def _waves(some: Some) -> tf.Tensor:
    """Stripes, broad or narrow, straight or as in marble."""
    cloud = chosen([coarse(some.noise(), squares) for squares in _BENDS], some.take())
    phase = tf.exp(some.take(1.0, 4.5)) * _along(some) + tf.nn.relu(some.take(-4, 4)) * cloud
    return some.take() + some.take(0.0, 0.35) * tf.sin(phase)


def _along(some: Some) -> tf.Tensor:
    """Places along a line of any direction."""
    return some.plane().along(some.take(0, 2 * math.pi))


def _shapes(some: Some) -> tf.Tensor:
    """Ovals or rectangles on a ground, each of one grey level, sharp or soft; in half of the images mirrored."""
    plane = some.plane()
    columns = tf.where_v2(some.take() < 0.5, tf.abs(plane.columns), plane.columns)
    image = some.take() + tf.zeros_like(plane.rows)
    sharpness, is_oval = tf.exp(some.take(1, 4)), some.take() < 0.5
    for number in range(_SHAPES):
        most = 0.9 / (1 + number)
        down = (plane.rows - some.take(-1, 1) * (1 - most)) / some.take(0.3 * most, most)
        right = (columns - some.take(-1, 1) * (1 - most)) / some.take(0.3 * most, most)
        oval, rectangle = tf.square(down) + tf.square(right), tf.maximum(tf.abs(down), tf.abs(right))
        inside = tf.sigmoid(sharpness * (1 - tf.where_v2(is_oval, oval, rectangle)))
        image += inside * (some.take() - image)
    return image


def _drawing(some: Some) -> tf.Tensor:
    """A face as people draw one: head, hair, eyes, brows, nose and mouth, each a plane of one grey or its outline."""
    rows, columns = some.plane().seen_from(some.take(-0.2, 0.2), some.take(-0.2, 0.2))
    apart, high = tf.abs(columns) - some.take(0.2, 0.5), some.take(0.1, 0.4)
    bow = some.take(-0.8, 0.8) * tf.square(columns)
    sharpness, thickness, is_outline = tf.exp(some.take(0.5, 3)), some.take(0.05, 0.15), some.take() < 0.4

    def oval(down: tf.Tensor, right: tf.Tensor, height: tf.Tensor, width: tf.Tensor) -> tf.Tensor:
        inside = 1 - Plane(down, right).oval(height, width)
        outline = tf.exp(-tf.square(inside * tf.minimum(height, width) / thickness))
        return tf.where_v2(is_outline, outline, tf.sigmoid(sharpness * inside))

    height, width = some.take(0.7, 1.1), some.take(0.5, 1)
    head = oval(rows, columns, height, width)
    behind = oval(rows + some.take(0, 0.3), columns, height, width + some.take(0.1, 0.3))
    hair = head * tf.sigmoid(-sharpness * 5 * (rows + some.take(0.4, 1.2)))
    eyes = oval(rows + high, apart, some.take(0.04, 0.2), some.take(0.06, 0.25))
    brows = oval(rows + high + some.take(0.15, 0.4), apart, some.take(0.02, 0.1), some.take(0.1, 0.3))
    nose = oval(rows - some.take(0, 0.2), columns, some.take(0.05, 0.3), some.take(0.02, 0.15))
    mouth = oval(rows - some.take(0.3, 0.6) + bow, columns, some.take(0.03, 0.2), some.take(0.1, 0.5))
    image = some.take() + tf.nn.relu(some.take(-0.3, 0.3)) * coarse(some.noise(), 5)
    dark = some.take()
    planes = [(behind, 0.3, True), (head, 1, True), (hair, 0.5, True), (nose, 0.5, True)]
    for part, most, has_own_grey in [*planes, (eyes, 1, False), (brows, 0.5, False), (mouth, 0.9, False)]:
        grey = tf.where_v2(is_outline, dark, some.take()) if has_own_grey else dark
        image += part * tf.cast(some.take() < most, tf.float32) * (grey - image)
    mottled = chosen([coarse(some.noise(), squares) for squares in _MOTTLES], some.take())
    return image + tf.nn.relu(some.take(-0.3, 0.4)) * _along(some) + tf.nn.relu(some.take(-0.1, 0.1)) * mottled


def coarse(noise: tf.Tensor, squares: int) -> tf.Tensor:
    """Smooth noise: so many values along a side, and what lies between them."""
    side = noise.shape.as_list()[1]
    values = noise[:, :squares, :squares, tf.newaxis]
    return tf.image.resize_bilinear(values, [side, side], align_corners=True)[..., 0]


def chosen(options: list[tf.Tensor], number: tf.Tensor) -> tf.Tensor:
    """One of some tensors [n, ...] for each image, by a number in [0, 1)."""
    which = tf.floor(number * len(options))
    return tf.add_n([tf.cast(tf.equal(which, each), tf.float32) * option for each, option in enumerate(options)])


def at(images: tf.Tensor, rows: tf.Tensor, columns: tf.Tensor) -> tf.Tensor:
    """What images [n, side, side] show at places from -1 to 1, [n, side, side] each, between pixels too."""
    side = images.shape.as_list()[1]
    flat = tf.reshape(images, [-1, side * side])
    places = [(each + 1) / 2 * (side - 1) for each in (rows, columns)]
    before = [tf.floor(each) for each in places]
    down, right = (place - whole for place, whole in zip(places, before))
    first = [tf.clip_by_value(tf.cast(each, tf.int32), 0, side - 1) for each in before]
    row, column = ((each, tf.minimum(each + 1, side - 1)) for each in first)

    def pixels(line: tf.Tensor, place: tf.Tensor) -> tf.Tensor:
        found = tf.gather(flat, tf.reshape(line + place, [-1, side * side]), batch_dims=1)
        return tf.reshape(found, [-1, side, side])

    lines = [each * side for each in row]
    above, below = ((1 - right) * pixels(line, column[0]) + right * pixels(line, column[1]) for line in lines)
    return (1 - down) * above + down * below


_KINDS: tuple[Callable[[Some], tf.Tensor], ...] = (
    *(_face, _average, _combined, _poster),
    *(_cloudy, _flat, _waves, _shapes, _drawing),
)
_OTHERS = (1, 2, 3, 4, 5, 6, 7, 7, 8, 8, 8, 8)  # places in _KINDS, each as often as it is drawn
