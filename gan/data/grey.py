"""Pictures with numbers wider than 8 bits, or in CIELAB, as pictures of 8 bits. No TensorFlow.

The range of the numbers says what is white. If it is not plain it is told, and numbers whose range does not show it
are refused: they would become black or white without a word.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from gan.console.errors import DataError

# TIFF's tags: bits of a number, whether 0 is black, and what kind of number it is.
_BITS, _PHOTOMETRIC, _SAMPLE_FORMAT = 258, 262, 339
_WHITE_IS_ZERO, _UNSIGNED = 0, 1
_SLACK = 0.01  # how far beyond 0 and 1 rounding may bring a float
_SURELY_NEGATIVE, _SURELY_BYTES = -0.5, 16.0  # what floats from -1 to 1, and from 0 to 255, reach
_BYTE, _WORD = 2**8 - 1, 2**16 - 1  # the largest number of 8 and of 16 bits
_SURELY_32_BITS = 2**24  # what numbers of 32 bits reach
_SURELY_WORDS = 1 / 4  # of the largest number of 16 bits: less may be of 10, 12 or 14 bits


class Narrowed(NamedTuple):
    """A picture of 8 bits a colour, and how its numbers were taken if that is not plain."""

    picture: Image.Image
    note: str = ""


def narrowed(picture: Image.Image, tags: Mapping[int, Any]) -> Narrowed:
    """A Pillow image of 8 bits a colour; what has them already is returned as it is.

    Args:
        picture: of any mode, whole: the range of all its numbers decides.
        tags: those of its TIFF file; of other files none.

    Raises:
        DataError: its numbers do not show what is black and what is white.
    """
    if picture.mode == "F":
        values, note = _of_floats(np.asarray(picture, np.float64))
    elif picture.mode == "I" and _bits(tags) == 32:
        values, note = _of_long_integers(np.asarray(picture), tags.get(_SAMPLE_FORMAT))
    elif picture.mode.startswith("I"):
        values, note = _of_words(np.asarray(picture), _bits(tags), tags.get(_SAMPLE_FORMAT))
    elif picture.mode == "LAB":
        return Narrowed(Image.fromarray(_of_lightness(np.asarray(picture)[:, :, 0])))
    else:
        return Narrowed(picture)
    if tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO:
        values = 255 - values
    transparent = picture.info.get("transparency")
    if isinstance(transparent, int):
        values = np.where(np.asarray(picture) == transparent, np.uint8(255), values)
    return Narrowed(Image.fromarray(values), note)


def _bits(tags: Mapping[int, Any]) -> int | None:
    bits = tags.get(_BITS)
    return int(bits[0]) if isinstance(bits, tuple) and bits else None


def _of_floats(values: np.ndarray) -> tuple[np.ndarray, str]:
    if not np.isfinite(values).all():
        raise DataError("floats that are not finite")
    low, high = values.min(), values.max()
    if low >= -_SLACK and high <= 1 + _SLACK:
        return _bytes(values * 255), "floats from 0 to 1; 0 is black, 1 is white" if high else ""
    if low >= -1 - _SLACK and high <= 1 + _SLACK and low <= _SURELY_NEGATIVE:
        return _bytes((values + 1) * 127.5), "floats from -1 to 1; -1 is black, 1 is white"
    if low >= -0.5 and _SURELY_BYTES <= high <= _BYTE + 0.5:
        return _bytes(values), "floats from 0 to 255; 0 is black, 255 is white"
    raise _unclear("floats", low, high)


def _of_long_integers(values: np.ndarray, sample_format: Any) -> tuple[np.ndarray, str]:
    """32 bits a number; Pillow takes all of them as signed."""
    unsigned = _is_unsigned(sample_format)
    numbers = values.astype(np.int32, copy=False).view(np.uint32 if unsigned else np.int32).astype(np.int64)
    low, high = int(numbers.min()), int(numbers.max())
    white = next((white for white in (_BYTE, _WORD) if high <= white), 2**32 - 1 if unsigned else 2**31 - 1)
    if low < 0 or high == 1 or _WORD < high < _SURELY_32_BITS:
        raise _unclear("numbers of 32 bits", low, high)
    return _bytes(numbers // ((white + 1) // 256)), f"numbers of 32 bits; 0 is black, {white} is white" if high else ""


def _of_words(values: np.ndarray, bits: int | None, sample_format: Any) -> tuple[np.ndarray, str]:
    """16 bits a number; convert("L") would clip them."""
    low, high = int(values.min()), int(values.max())
    if bits == 12 and high > 1:
        return _bytes(values // 16), ""
    white = _WORD if _is_unsigned(sample_format) else _WORD // 2
    if low < 0 or high == 1 or _BYTE < high < _SURELY_WORDS * white:
        raise _unclear("numbers of 16 bits", low, high)
    if 0 < high <= _BYTE:
        return _bytes(values), "numbers of 16 bits; 0 is black, 255 is white, since none is larger"
    if white < _WORD:
        return _bytes(values // (white // 255)), f"signed numbers of 16 bits; 0 is black, {white} is white"
    return _bytes(values // (white // 255)), ""


def _is_unsigned(sample_format: Any) -> bool:
    return sample_format is None or tuple(np.atleast_1d(sample_format))[0] == _UNSIGNED


def _of_lightness(lightness: np.ndarray) -> np.ndarray:
    """L* of CIELAB, 0 to 255, as the grey of sRGB (IEC 61966-2-1) that looks as light: uint8."""
    scaled = lightness.astype(np.float64) / 255 * 100
    linear = np.where(scaled > 8, ((scaled + 16) / 116) ** 3, scaled / 903.3)
    encoded = np.where(linear > 0.0031308, 1.055 * linear ** (1 / 2.4) - 0.055, 12.92 * linear)
    return _bytes(encoded * 255)


def _bytes(values: np.ndarray) -> np.ndarray:
    return np.rint(values).clip(0, 255).astype(np.uint8)


def _unclear(what: str, low: float, high: float) -> DataError:
    return DataError(
        f"{what} from {low:g} to {high:g}, which do not show what is black and what is white; save it with 8 bits"
    )
