"""What the store keeps about real images, by their digests: which are secret, and which were shown. No TensorFlow."""

import hashlib
from collections.abc import Iterable

import numpy as np

from gan.arena.database import Database


def digests(images: Iterable[np.ndarray]) -> list[bytes]:
    """SHA-256 of each image's pixels; images are uint8 [size]."""
    return [hashlib.sha256(image.tobytes()).digest() for image in images]


class ImageDigests:
    """A set of images in a table of digests.

    Args:
        database: the store's.
        table: its name.
    """

    def __init__(self, database: Database, table: str) -> None:
        self._database, self._table = database, table

    def add(self, images: Iterable[np.ndarray]) -> int:
        """Adds images, uint8 [N, size]; returns how many of them are new."""
        with self._database.writing():
            statement = f"INSERT OR IGNORE INTO {self._table} (digest) VALUES (?)"
            return sum(self._database.execute(statement, digest) for digest in digests(images))

    def remove(self, images: Iterable[np.ndarray]) -> int:
        """Removes images, uint8 [N, size]; returns how many of them were there."""
        with self._database.writing():
            statement = f"DELETE FROM {self._table} WHERE digest = ?"
            return sum(self._database.execute(statement, digest) for digest in digests(images))

    def count(self) -> int:
        """How many images there are."""
        return int(self._database.values(f"SELECT count(*) FROM {self._table}")[0][0])

    def count_among(self, images: Iterable[np.ndarray]) -> int:
        """How many of some images, uint8 [N, size], are there."""
        known = {digest for (digest,) in self._database.values(f"SELECT digest FROM {self._table}")}
        return sum(digest in known for digest in digests(images))
