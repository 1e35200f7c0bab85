"""The forms in which records of other programs hold images: found from a whole set, then read. No TensorFlow.

A set has one form: picture files (JPEG, PNG ...), or numbers. Numbers are a list, or the bytes of an array of uint8,
float32 or float64; they go from 0 to 1, from -1 to 1 or from 0 to 255.
"""

import collections
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from gan.console.errors import DataError
from gan.data import examples, image_files, pixels
from gan.data.examples import BYTES, FLOATS, INTEGERS, Feature
from gan.data.record_shapes import Shape, shape_of

RANGES = {"0,1": (0.0, 1.0), "-1,1": (-1.0, 1.0), "0,255": (0.0, 255.0)}  # --value_range -> black and white
UINT8 = "uint8"
_TYPES = {BYTES: (UINT8, "<f4", "<f8"), FLOATS: ("<f4",), INTEGERS: ("<i8",)}  # kind of list -> numpy's types of it
_TYPE_NAMES = {UINT8: "uint8", "<f4": "float32", "<f8": "float64"}
_PICTURE_HEADS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8")

_SLACK = 0.01  # how far beyond 0 and 1 rounding may bring a number
_SURELY_NEGATIVE = -0.5  # a set from -1 to 1 has pixels as dark as this
_SURELY_BRIGHT = 16.0  # a set of floats from 0 to 255 has pixels as bright as this
# Bytes are floats if nearly all of them that are not 0 are at least so large, and none is larger than white: of other
# bytes, read as floats, most are far outside.
_SMALLEST_FLOAT, _FLOAT_SHARE = 2.0**-20, 0.9


class Form(NamedTuple):
    """How the records of a set hold their images."""

    feature: str  # name of the list
    kind: str  # of the list: bytes_list, float_list or int64_list
    num_records: int
    number_type: str | None = None  # numpy's name of the numbers; None: picture files
    value_range: str | None = None  # a key of RANGES; None for picture files
    low: float = 0  # the smallest number of all
    high: float = 0  # the largest number of all
    shapes: tuple[Shape, ...] = ()  # all there are, the most frequent first; none for picture files

    def sentence(self) -> str:
        """What was found and what was assumed, on one line."""
        begin = f"{self.num_records} records: {self.feature} holds"
        if self.number_type is None:
            return f"{begin} picture files"
        what = f"bytes of {_TYPE_NAMES[self.number_type]}" if self.kind == BYTES else self.kind
        shapes = ", ".join(map(str, self.shapes[:3])) + ("" if len(self.shapes) <= 3 else " and others")
        source = "as other features say" if all(shape.told for shape in self.shapes) else "assumed from their number"
        black, white = self.value_range.split(",") if self.value_range else ("", "")
        values = f"values from {self.low:g} to {self.high:g}, of which {black} is taken as black and {white} as white"
        return f"{begin} {what}; {values}; images are {shapes} ({source})"

    def entries(self) -> dict[str, Any]:
        """The same for the manifest."""
        return {
            "holds": "picture files" if self.number_type is None else self.kind,
            "number_type": self.number_type and np.dtype(self.number_type).name,
            "value_range": self.value_range,
            "shapes": [str(shape) for shape in self.shapes],
        }

    def read(self, features: Mapping[str, Feature], side: int) -> np.ndarray:
        """The grey pixels of one record of numbers that a Survey has seen: uint8 [side * side]."""
        assert self.number_type and self.value_range
        numbers = _numbers(features[self.feature], self.number_type)
        assert numbers is not None
        shape = shape_of(len(numbers), features)
        assert shape is not None
        black, white = RANGES[self.value_range]
        grey = pixels.to_bytes((numbers.astype(np.float64) - black) / (white - black))
        return image_files.of_picture(shape.picture(grey), side)


class Survey:
    """Looks at every record of a set, and says which form they share.

    Args:
        feature: name of the list that holds the image.
    """

    def __init__(self, feature: str) -> None:
        self._feature, self._kind = feature, ""
        self._count = self._pictures = 0
        self._first_without_picture = ""
        self._ways: list[_Way] = []

    def see(self, features: Mapping[str, Feature], where: str) -> None:
        """Takes one record into account; `where` names its file and number.

        Raises:
            DataError: it lacks the feature, or its image is of another kind than those before, or empty.
        """
        feature = features.get(self._feature)
        if feature is None:
            raise DataError(
                f"{where}: has no {self._feature}, only {examples.list_of(features)}; "
                "--image_feature=NAME says which of them is the image"
            )
        if not self._count:
            self._kind, self._ways = feature.kind, [_Way(each) for each in _TYPES[feature.kind]]
        if feature.kind != self._kind:
            raise DataError(f"{where}: {self._feature} is {feature.kind}, but {self._kind} in the records before")
        if not len(feature.values) or (feature.kind == BYTES and len(feature.values) > 1):
            raise DataError(f"{where}: {self._feature} ({examples.text_of(feature)}) does not hold one image")
        self._count += 1
        if is_picture(feature):
            self._pictures += 1
        elif not self._first_without_picture:
            self._first_without_picture = f"{where}: {self._feature} ({examples.text_of(feature)})"
        for way in self._ways:
            way.see(feature, features, f"{where}: {self._feature} ({examples.text_of(feature)})")

    def form(self, value_range: str | None = None) -> Form:
        """The form of all records; call it after at least one.

        Args:
            value_range: a key of RANGES; None finds it from the smallest and the largest number.

        Raises:
            DataError: the numbers make no image, or it is not clear which of them is black and which white.
        """
        if self._pictures == self._count:
            return Form(self._feature, self._kind, self._count)
        way = self._chosen()
        if way is None and self._pictures:
            raise DataError(f"{self._first_without_picture} is no picture file, but it is one in other records")
        if way is None:
            raise DataError(self._ways[0].problem)
        value_range = value_range or way.value_range()
        if value_range is None:
            raise DataError(
                f"{self._feature} has values from {way.low:g} to {way.high:g}, which do not show what is black and "
                f"what is white; --value_range={' or '.join(RANGES)} says it, and clips what is beyond"
            )
        shapes = tuple(shape for shape, _ in way.shapes.most_common())
        return Form(
            self._feature,
            self._kind,
            self._count,
            way.number_type,
            value_range,
            float(way.low),
            float(way.high),
            shapes,
        )

    def _chosen(self) -> "_Way | None":
        """How to read the numbers; None if there is no way."""
        possible = [way for way in self._ways if way.fits]
        as_bytes = next((way for way in possible if way.number_type == UINT8), None)
        told = [way for way in possible if all(shape.told for shape in way.shapes)]
        if told:
            return told[0]
        contest_sizes = {pixels.FACE_SIZE, pixels.MNIST_SIZE}
        if as_bytes and {shape.size for shape in as_bytes.shapes} <= contest_sizes:
            return as_bytes
        if self._kind != BYTES:
            return possible[0] if possible else None
        return next((way for way in possible if way.is_plausible()), as_bytes)


class _Way:
    """One way to read the numbers of all records, as long as it fits."""

    def __init__(self, number_type: str) -> None:
        self.number_type = number_type
        self.fits, self.problem = True, ""
        self.low, self.high = np.inf, -np.inf
        self.shapes: collections.Counter[Shape] = collections.Counter()
        self._not_zero = self._not_tiny = 0

    def see(self, feature: Feature, features: Mapping[str, Feature], where: str) -> None:
        """Takes one record into account; the problem, if there is one, begins with `where`."""
        if not self.fits:
            return
        numbers = _numbers(feature, self.number_type)
        shape = None if numbers is None else shape_of(len(numbers), features)
        if numbers is None or shape is None:
            self.fits = False
            self.problem = (
                f"{where} is neither a picture file nor the pixels of a square, grey or RGB, and no features height "
                "and width say its shape"
            )
        elif not np.isfinite(numbers).all():
            self.fits, self.problem = False, f"{where} has values that are not finite numbers"
        else:
            self.shapes[shape] += 1
            self.low, self.high = min(self.low, numbers.min()), max(self.high, numbers.max())
            if self.number_type != UINT8:
                self._not_zero += np.count_nonzero(numbers)
                self._not_tiny += np.count_nonzero(np.abs(numbers) >= _SMALLEST_FLOAT)

    def is_plausible(self) -> bool:
        """Whether bytes are floats of this type."""
        in_range = -1 - _SLACK <= self.low and self.high <= RANGES["0,255"][1]
        enough = self._not_zero and self._not_tiny >= _FLOAT_SHARE * self._not_zero
        return self.number_type != UINT8 and in_range and bool(enough)

    def value_range(self) -> str | None:
        """Which key of RANGES the numbers show, or None."""
        is_whole = self.number_type in (UINT8, "<i8")
        if self.high <= 1 + _SLACK and self.low >= -_SLACK:
            return "0,1"
        if self.high <= 1 + _SLACK and -1 - _SLACK <= self.low <= _SURELY_NEGATIVE:
            return "-1,1"
        if self.low >= -0.5 and self.high <= 255.5 and (is_whole or self.high >= _SURELY_BRIGHT):
            return "0,255"
        return None


def is_picture(feature: Feature) -> bool:
    """Whether a list is the bytes of one picture file, by how they begin."""
    if feature.kind != BYTES or len(feature.values) != 1:
        return False
    content = feature.values[0]
    is_bmp = content[:2] == b"BM" and int.from_bytes(content[2:6], "little") == len(content)
    is_webp = content[:4] == b"RIFF" and content[8:12] == b"WEBP"
    return content.startswith(_PICTURE_HEADS) or is_bmp or is_webp


def likely_images(features: Mapping[str, Feature]) -> list[str]:
    """Names of the features of a record that may be its image, sorted."""
    return sorted(
        name
        for name, feature in features.items()
        if is_picture(feature)
        or (feature.kind != BYTES or len(feature.values) == 1)
        and any(
            numbers is not None and shape_of(len(numbers), features)
            for numbers in (_numbers(feature, each) for each in _TYPES[feature.kind])
        )
    )


def _numbers(feature: Feature, number_type: str) -> np.ndarray | None:
    """The numbers of a list, or None if its bytes are not whole numbers of this type."""
    if feature.kind != BYTES:
        return np.array(feature.values, number_type)
    content = feature.values[0]
    return None if len(content) % np.dtype(number_type).itemsize else np.frombuffer(content, number_type)
