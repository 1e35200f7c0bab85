"""Faces altered at one place, as a person sees it first: eyes, mouths and noses that are wrong. For feature_fitness.py.

Places are those of the contest's faces, which are all cut in the same way. Levels go from what hardly shows to what
anybody sees. All functions take float32 [N, 50, 50] in grey levels, a level and a generator, and return such images.
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
_EDGE = 2.5  # pixels over which a part fades into the face


def moved_eye(images: np.ndarray, pixels: float, random: np.random.Generator) -> np.ndarray:
    """Moves one eye of each up or down, by whole or half pixels."""
    images = images.copy()
    for half, eye in zip(np.array_split(np.arange(len(images)), 2), EYES):
        for part, sign in zip((half[::2], half[1::2]), (1, -1)):
            images[part] = _pasted(images[part], _moved_down(images[part], sign * pixels), _part(*eye))
    return images


def others_eyes(images: np.ndarray, percent: float, random: np.random.Generator) -> np.ndarray:
    """Mixes the eyes of another face in, as bright as the own ones."""
    mask = np.maximum(_part(*EYES[0]), _part(*EYES[1]))
    return _pasted(images, _as_bright(images[::-1], images, mask), mask * percent / 100)


def turned_mouth(images: np.ndarray, percent: float, random: np.random.Generator) -> np.ndarray:
    """Mixes the own mouth, turned upside down, in."""
    row = MOUTH[0]
    index = np.clip(np.rint(2 * row - np.arange(SIDE)).astype(int), 0, SIDE - 1)
    mask = _part(*MOUTH)
    return _pasted(images, _as_bright(images[:, index], images, mask), mask * percent / 100)


def two_halves(images: np.ndarray, percent: float, random: np.random.Generator) -> np.ndarray:
    """Mixes the right half of another face in, as bright as the own one, along a straight line."""
    mask = np.tile((np.arange(SIDE) >= SIDE // 2).astype(np.float32), (SIDE, 1))
    return _pasted(images, _as_bright(images[::-1], images, mask), mask * percent / 100)


def two_noses(images: np.ndarray, percent: float, random: np.random.Generator) -> np.ndarray:
    """Mixes a second nose in, a copy of the own one, on the right cheek."""
    mask = _part(*SECOND_NOSE, *NOSE[2:])
    copied = np.roll(images, (round(SECOND_NOSE[0] - NOSE[0]), round(SECOND_NOSE[1] - NOSE[1])), (1, 2))
    return _pasted(images, _as_bright(copied, images, mask), mask * percent / 100)


def missing_eye(images: np.ndarray, percent: float, random: np.random.Generator) -> np.ndarray:
    """Mixes the cheek below it over one eye of each."""
    images = images.copy()
    for half, eye in zip(np.array_split(np.arange(len(images)), 2), EYES):
        mask = _part(*eye)
        cheek = np.roll(images[half], -12, 1)
        images[half] = _pasted(images[half], _as_bright(cheek, images[half], mask), mask * percent / 100)
    return images


LOCAL: list[tuple[str, tuple[float, ...], Alter]] = [
    ("one eye moved, pixels", (0.5, 1, 2, 3, 4), moved_eye),
    ("eyes of another face, %", (20, 40, 60, 80, 100), others_eyes),
    ("mouth turned, %", (20, 40, 60, 80, 100), turned_mouth),
    ("halves of two faces, %", (20, 40, 60, 80, 100), two_halves),
    ("two noses, %", (20, 40, 60, 80, 100), two_noses),
    ("an eye missing, %", (20, 40, 60, 80, 100), missing_eye),
]


def _part(row: float, column: float, high: float, wide: float) -> np.ndarray:
    """A soft ellipse: float32 [50, 50], 1 inside."""
    rows, columns = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    distance = np.sqrt(((rows - row) / high) ** 2 + ((columns - column) / wide) ** 2)
    return np.clip((1 - distance) * min(high, wide) / _EDGE + 0.5, 0, 1)


def _pasted(images: np.ndarray, others: np.ndarray, mask: np.ndarray) -> np.ndarray:
    return images + mask * (others - images)


def _as_bright(others: np.ndarray, images: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The others, with the images' mean inside the mask."""
    return others + ((images - others) * mask).sum((1, 2), keepdims=True) / mask.sum()


def _moved_down(images: np.ndarray, pixels: float) -> np.ndarray:
    """Shifted by the cosine transform, so that half a pixel blurs nothing."""
    frequencies, places = np.arange(SIDE)[:, None], np.arange(SIDE)
    before = np.cos(np.pi * frequencies * (places + 0.5) / SIDE)
    after = np.cos(np.pi * frequencies * (places + 0.5 - pixels) / SIDE)
    matrix = after.T @ (before * np.where(frequencies, 2, 1) / SIDE)
    return (matrix @ images).astype(np.float32)
