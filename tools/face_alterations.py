"""Faces as a network learns them: seen anew each time, half of them spoilt at some place. No TensorFlow.

What is spoilt is drawn at random places and strengths. Nothing here is turned, copied to another place of the same
face, or cut along a straight line: benchmarks/local_alterations.py does that, to test what has been learned.
"""

from typing import NamedTuple

import numpy as np

SIDE = 50
GRID = 7  # cells on a side in which a network tells how much was altered
UNALTERED = "unaltered"
FAMILIES = (UNALTERED, "bent at a place", "bent everywhere", "part of another", "mixed", "blurred", "noisy")
LOCAL_FAMILIES = ("bent at a place", "part of another")
_FINER = 3  # faces are kept this much larger, so that moving their parts does not blur them
_CHANGE = 6.0  # grey levels of change that count as clearly altered
_BASIS = 8  # waves a side of a random field


class Views(NamedTuple):
    """What a network learns from.

    Attributes:
        images: uint8 [N, 50, 50].
        families: int32 [N], index in FAMILIES.
        changes: float32 [N, 7, 7], how much each cell was altered: 0 not at all, 1 clearly.
    """

    images: np.ndarray
    families: np.ndarray
    changes: np.ndarray


class Faces:
    """Draws views of training faces.

    Args:
        images: uint8 [N, 2500].
        seed: of everything that is drawn.
    """

    def __init__(self, images: np.ndarray, seed: int) -> None:
        self._finer = _enlarged(images.reshape(-1, SIDE, SIDE))
        self._random = np.random.default_rng(seed)
        self._rows, self._columns = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)

    def draw(self, pairs: int, altered: int) -> Views:
        """Two views of each of `pairs` faces, all first ones before all second ones, then `altered` other faces."""
        random = self._random
        chosen = random.integers(0, len(self._finer), pairs + altered)
        which = np.concatenate([chosen[:pairs], chosen])
        families = np.zeros(len(which), np.int32)
        families[2 * pairs :] = random.integers(1, len(FAMILIES), altered)
        rows, columns = self._places(len(which))
        before = self._seen(which, rows, columns)
        after = before.copy()
        for family, name in enumerate(FAMILIES):
            mine = np.flatnonzero(families == family)
            if family and len(mine):
                after[mine] = self._alter(name, which[mine], before[mine], (rows[mine], columns[mine]))
        changes = _changes(np.abs(after - before))
        after = self._lit(after)
        return Views(np.rint(np.clip(after, 0, 255)).astype(np.uint8), families, changes)

    def _alter(self, name: str, which: np.ndarray, before: np.ndarray, places: tuple) -> np.ndarray:
        rows, columns = places
        if name == "bent at a place":
            spot, (down, right) = self._spots(len(which)), self._shifts(len(which), 1.0, 6.0)
            return self._seen(which, rows + spot * down, columns + spot * right)
        if name == "bent everywhere":
            down, right = self._fields(len(which)), self._fields(len(which))
            strength = self._uniform(len(which), 0.3, 2.0)
            return self._seen(which, rows + strength * down, columns + strength * right)
        if name == "part of another":
            spot, (down, right) = self._spots(len(which)), self._shifts(len(which), 0.0, 2.0)
            return before + spot * (self._another(len(which), rows + down, columns + right, before, spot) - before)
        if name == "mixed":
            share = self._uniform(len(which), 0.1, 0.5)
            return before + share * (self._another(len(which), rows, columns) - before)
        if name == "blurred":
            spot = np.where(self._random.random((len(which), 1, 1)) < 0.5, self._spots(len(which)), 1)
            return before + spot * self._uniform(len(which), 0.3, 1.0) * (_smooth(before) - before)
        noise = self._random.standard_normal(before.shape, np.float32)
        return before + self._uniform(len(which), 2.0, 16.0) * noise

    def _another(
        self,
        count: int,
        rows: np.ndarray,
        columns: np.ndarray,
        like: np.ndarray | None = None,
        weights: np.ndarray | None = None,
    ) -> np.ndarray:
        """Other faces; half of them as bright at the weighted place as `like` is there."""
        others = self._seen(self._random.integers(0, len(self._finer), count), rows, columns)
        if like is None or weights is None:
            return others
        differences = ((like - others) * weights).sum((1, 2), keepdims=True) / weights.sum((1, 2), keepdims=True)
        return others + differences * (self._random.random((count, 1, 1)) < 0.5)

    def _places(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Rows and columns to look at: a little moved, enlarged and turned, half of them mirrored."""
        centre = (SIDE - 1) / 2
        angle, zoom = self._uniform(count, -0.05, 0.05), self._uniform(count, 0.94, 1.04)
        mirror = np.where(self._random.random((count, 1, 1)) < 0.5, 1, -1).astype(np.float32)
        across, down = (self._columns - centre) * mirror, self._rows - centre
        rows = centre + zoom * (np.cos(angle) * down - np.sin(angle) * across) + self._uniform(count, -1, 1)
        columns = centre + zoom * (np.sin(angle) * down + np.cos(angle) * across) + self._uniform(count, -1, 1)
        return rows, columns

    def _seen(self, which: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Faces at places of rows and columns [N, 50, 50], between pixels too: float32 [N, 50, 50]."""
        last = SIDE * _FINER - 1
        rows, columns = (np.clip((each + 0.5) * _FINER - 0.5, 0, last - 0.001) for each in (rows, columns))
        top, left = rows.astype(np.int32), columns.astype(np.int32)
        down, right = rows - top, columns - left
        first = (which[:, None, None] * (last + 1) + top) * (last + 1) + left
        flat = self._finer.reshape(-1)
        upper = flat[first] * (1 - right) + flat[first + 1] * right
        lower = flat[first + last + 1] * (1 - right) + flat[first + last + 2] * right
        return (upper * (1 - down) + lower * down).astype(np.float32)

    def _lit(self, images: np.ndarray) -> np.ndarray:
        """The same in another light."""
        mean = images.mean((1, 2), keepdims=True)
        contrast, light = self._uniform(len(images), 0.85, 1.15), self._uniform(len(images), -16, 16)
        return mean + light + contrast * (images - mean)

    def _spots(self, count: int) -> np.ndarray:
        """A soft ellipse at a random place of each: float32 [N, 50, 50], 1 inside."""
        row, column = self._uniform(count, 8, 44), self._uniform(count, 8, 42)
        high, wide = self._uniform(count, 3, 12), self._uniform(count, 3, 12)
        distance = np.sqrt(((self._rows - row) / high) ** 2 + ((self._columns - column) / wide) ** 2)
        return np.clip((1.0 - distance) / self._uniform(count, 0.2, 0.6) + 0.5, 0, 1).astype(np.float32)

    def _shifts(self, count: int, least: float, most: float) -> tuple[np.ndarray, np.ndarray]:
        angle, length = self._uniform(count, 0, 2 * np.pi), self._uniform(count, least, most)
        return length * np.cos(angle), length * np.sin(angle)

    def _fields(self, count: int) -> np.ndarray:
        """A smooth random field of deviation 1 for each: float32 [N, 50, 50]."""
        waves = np.cos(np.pi * np.arange(_BASIS)[:, None] * (np.arange(SIDE) + 0.5) / SIDE).astype(np.float32)
        field = waves.T @ self._random.standard_normal((count, _BASIS, _BASIS), np.float32) @ waves
        return field / field.std((1, 2), keepdims=True)

    def _uniform(self, count: int, low: float, high: float) -> np.ndarray:
        return self._random.uniform(low, high, (count, 1, 1)).astype(np.float32)


def _enlarged(images: np.ndarray) -> np.ndarray:
    """The cosine transform's interpolation: uint8 [N, 50, 50] -> [N, 150, 150]."""
    frequencies = np.arange(SIDE)[:, None]
    small, large = (
        np.cos(np.pi * frequencies * (np.arange(SIDE * scale) + 0.5) / (SIDE * scale)) for scale in (1, _FINER)
    )
    matrix = (large.T @ (small * np.where(frequencies, 2, 1) / SIDE)).astype(np.float32)
    finer = np.empty((len(images), SIDE * _FINER, SIDE * _FINER), np.uint8)
    for first in range(0, len(images), 512):
        block = matrix @ images[first : first + 512].astype(np.float32) @ matrix.T
        finer[first : first + 512] = np.rint(np.clip(block, 0, 255))
    return finer


def _smooth(images: np.ndarray) -> np.ndarray:
    """Blurred with a deviation of about 1.4 pixels."""
    for axis in (1, 2):
        for _ in range(4):
            ends = np.take(images, [0], axis), np.take(images, [-1], axis)
            before, after = (
                np.concatenate([ends[0], np.take(images, range(SIDE - 1), axis)], axis),
                np.concatenate([np.take(images, range(1, SIDE), axis), ends[1]], axis),
            )
            images = (before + 2 * images + after) / 4
    return images


def _changes(differences: np.ndarray) -> np.ndarray:
    """Differences in grey levels [N, 50, 50] -> [N, 7, 7] of 0 to 1."""
    inside = ((np.arange(SIDE) + 0.5) * GRID // SIDE == np.arange(GRID)[:, None]).astype(np.float32)
    inside /= inside.sum(1, keepdims=True)
    return 1 - np.exp(-(inside @ differences @ inside.T) / _CHANGE)
