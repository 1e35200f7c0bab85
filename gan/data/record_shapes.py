"""Width, height and colours of an image that a record holds as a plain row of numbers. No TensorFlow."""

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from PIL import Image

from gan.data.examples import INTEGERS, Feature

SMALLEST_SIDE = 8  # pixels; fewer numbers are no image
_MODES = {1: "grey", 3: "RGB", 4: "RGBA"}  # channels -> how Pillow and messages call them
_PREFIXES = ("", "image/")  # before the names of the features that tell a shape
_CHANNELS = ("depth", "channels")


class Shape(NamedTuple):
    """How the numbers of an image are laid out: row by row, the colours of a pixel side by side unless planar."""

    height: int
    width: int
    channels: int  # 1 grey, 3 RGB, 4 RGBA
    planar: bool = False  # True: one plane after the other
    told: bool = False  # True: other features of the record say so; False: assumed from how many numbers there are

    @property
    def size(self) -> int:
        """How many numbers the image has."""
        return self.height * self.width * self.channels

    def __str__(self) -> str:
        planes = ", plane by plane" if self.planar else ""
        return f"{self.width}x{self.height} {_MODES[self.channels]}{planes}"

    def picture(self, numbers: np.ndarray) -> Image.Image:
        """A Pillow image of uint8 [size]."""
        if self.planar and self.channels > 1:
            return Image.fromarray(np.moveaxis(numbers.reshape(self.channels, self.height, self.width), 0, 2).copy())
        if self.channels == 1:
            return Image.fromarray(numbers.reshape(self.height, self.width))
        return Image.fromarray(numbers.reshape(self.height, self.width, self.channels))


def shape_of(count: int, features: Mapping[str, Feature]) -> Shape | None:
    """The shape of an image of `count` numbers, or None if they make no image.

    Features that tell the shape decide: height and width, with depth or channels, or a list `shape`, all with or
    without "image/" before their names. If there are none, or they do not fit, a square is assumed: grey, else RGB.
    """
    for told in _told_shapes(count, features):
        if told.size == count and min(told.height, told.width) > 0 and told.channels in _MODES:
            return told
    for channels in (1, 3):
        side = math.isqrt(count // channels)
        if side >= SMALLEST_SIDE and side * side * channels == count:
            return Shape(side, side, channels)
    return None


def _told_shapes(count: int, features: Mapping[str, Feature]) -> Iterator[Shape]:
    for prefix in _PREFIXES:
        height, width = (_numbers(features, prefix + name) for name in ("height", "width"))
        if len(height) == len(width) == 1:
            depths = [_numbers(features, prefix + name) for name in _CHANNELS]
            depth = next((depth[0] for depth in depths if len(depth) == 1), 0)
            area = height[0] * width[0]
            yield Shape(height[0], width[0], depth or (count // area if area > 0 else 0), told=True)
        shape = _numbers(features, prefix + "shape")
        if len(shape) in (2, 3):
            first, second, third = [*shape, 1][:3]
            yield Shape(first, second, third, told=True)
            yield Shape(second, third, first, planar=True, told=True)


def _numbers(features: Mapping[str, Feature], name: str) -> list[int]:
    feature = features.get(name)
    return list(feature.values) if feature and feature.kind == INTEGERS else []
