"""Faces altered at one place, as a person sees it first: eyes, mouths and noses that are wrong. For feature_fitness.py.

Places are those of the contest's faces, which are all cut in the same way. Images are float32 [N, 50, 50] in grey
levels. A part of another face comes from the image before. Levels are shares of the images that are altered, or pixels.
Parts are not mixed with what was there: a double exposure is another fault than a wrong eye.
"""

from collections.abc import Callable

import numpy as np

SIDE = 50
Alter = Callable[[np.ndarray, float, np.random.Generator], np.ndarray]

# Row and column of the middle, then half of the height and of the width, in pixels.
EYES = (17.5, 15.5, 5.0, 7.5), (17.5, 34.0, 5.0, 7.5)
MOUTH = (39.0, 25.0, 6.0, 11.0)
NOSE = (27.0, 25.0, 6.0, 6.5)
SECOND_NOSE = (27.0, 36.0)  # the middle of where it goes
CHEEK = 12  # pixels from an eye down to the cheek
_EDGE = 2.5  # pixels over which a part fades into the face


def moved_eye(images: np.ndarray, pixels: float, random: np.random.Generator) -> np.ndarray:
    """Moves one eye of each up or down."""
    right, up = (random.random((2, len(images), 1, 1)) < 0.5).astype(np.float32)
    mask = right * _part(*EYES[1]) + (1 - right) * _part(*EYES[0])
    return _pasted(images, up * _moved_down(images, -pixels) + (1 - up) * _moved_down(images, pixels), mask)


def others_eyes(images: np.ndarray) -> np.ndarray:
    """The eyes of another face, as bright as the own ones."""
    mask = np.maximum(_part(*EYES[0]), _part(*EYES[1]))
    return _pasted(images, np.roll(images, 1, 0), mask)


def turned_mouth(images: np.ndarray) -> np.ndarray:
    """The own mouth, turned upside down."""
    rows = np.clip(np.rint(2 * MOUTH[0] - np.arange(SIDE)).astype(int), 0, SIDE - 1)
    return _pasted(images, images[:, rows], _part(*MOUTH))


def two_halves(images: np.ndarray) -> np.ndarray:
    """The right half of another face, as bright as the own one, along a straight line."""
    mask = np.tile((np.arange(SIDE) >= SIDE // 2).astype(np.float32), (SIDE, 1))
    return _pasted(images, np.roll(images, 1, 0), mask)


def two_noses(images: np.ndarray) -> np.ndarray:
    """A second nose, a copy of the own one, on the right cheek."""
    mask = _part(*SECOND_NOSE, *NOSE[2:])
    shift = round(SECOND_NOSE[0] - NOSE[0]), round(SECOND_NOSE[1] - NOSE[1])
    return _pasted(images, np.roll(images, shift, (1, 2)), mask)


def missing_eye(images: np.ndarray) -> np.ndarray:
    """The cheek below it in the place of one eye."""
    right = (np.arange(len(images)) % 2)[:, None, None] == 1
    return _pasted(images, np.roll(images, -CHEEK, 1), np.where(right, _part(*EYES[1]), _part(*EYES[0])))


def in_share(alter: Callable[[np.ndarray], np.ndarray]) -> Alter:
    """Alters a share of the images, in percent; a larger one holds the smaller."""

    def altered(images: np.ndarray, percent: float, random: np.random.Generator) -> np.ndarray:
        chosen = random.permutation(len(images))[: round(len(images) * percent / 100)]
        images = images.copy()
        images[chosen] = alter(images)[chosen]
        return images

    return altered


SHARES = (10, 20, 40, 60, 80, 100)
LOCAL: list[tuple[str, tuple[float, ...], Alter]] = [
    ("one eye moved, pixels", (0.5, 1, 2, 3, 4), moved_eye),
    ("eyes of another face, % of images", SHARES, in_share(others_eyes)),
    ("mouth turned, % of images", SHARES, in_share(turned_mouth)),
    ("halves of two faces, % of images", SHARES, in_share(two_halves)),
    ("two noses, % of images", SHARES, in_share(two_noses)),
    ("an eye missing, % of images", SHARES, in_share(missing_eye)),
]


def _part(row: float, column: float, high: float, wide: float) -> np.ndarray:
    """A soft ellipse: float32 [50, 50], 1 inside."""
    rows, columns = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    distance = np.sqrt(((rows - row) / high) ** 2 + ((columns - column) / wide) ** 2)
    return np.clip((1 - distance) * min(high, wide) / _EDGE + 0.5, 0, 1)


def _pasted(images: np.ndarray, others: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The others inside the mask, as bright there as the images are."""
    difference = ((images - others) * mask).sum((1, 2), keepdims=True) / mask.sum((-2, -1), keepdims=True)
    return images + mask * (others + difference - images)


def _moved_down(images: np.ndarray, pixels: float) -> np.ndarray:
    """Shifted by the cosine transform, so that half a pixel blurs nothing."""
    frequencies, places = np.arange(SIDE)[:, None], np.arange(SIDE)
    before = np.cos(np.pi * frequencies * (places + 0.5) / SIDE)
    after = np.cos(np.pi * frequencies * (places + 0.5 - pixels) / SIDE)
    matrix = after.T @ (before * np.where(frequencies, 2, 1) / SIDE)
    return (matrix @ images).astype(np.float32)
