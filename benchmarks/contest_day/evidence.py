"""What the simulated contest left behind, read without the code that wrote it: rows, objects, pictures."""

import base64
import contextlib
import csv
import hashlib
import io
import json
import os
import re
import sqlite3
import zlib
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

SIDE = 50  # pixels of a face
_MOST_ZOOM = 4  # by which a picture may be enlarged
_PICTURE = re.compile(rb"data:image/png;base64,([\w+/=]+)")
_QUERY_SECONDS = 30


class HalfRound(NamedTuple):
    """A half round as the store has it."""

    match: int
    number: int
    generator: int  # team
    discriminator: int  # team
    seed: int
    points: int
    has_failed: tuple[bool, bool]  # the generator, the discriminator
    truth: np.ndarray | None  # uint8 [30], 1 is real
    probabilities: np.ndarray | None  # float32 [30]
    images: np.ndarray | None  # uint8 [30, 2500]


class Contest(NamedTuple):
    """The rows of an arena's store, by id."""

    events: dict[int, Any]
    teams: dict[int, Any]
    matches: dict[int, Any]
    half_rounds: list[HalfRound]
    log: list[Any]


def rows(arena_dir: str, query: str, *values: Any) -> list[sqlite3.Row]:
    """What a query finds in an arena's store; nothing if the store is not there yet."""
    path = os.path.join(os.path.abspath(arena_dir), "arena.sqlite3")
    if not os.path.exists(path):
        return []
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=_QUERY_SECONDS)) as connection:
        connection.row_factory = sqlite3.Row
        try:
            return connection.execute(query, values).fetchall()
        except sqlite3.OperationalError as error:
            if "no such table" in str(error) or "unable to open" in str(error):  # it is being made
                return []
            raise


def read(arena_dir: str) -> Contest:
    """All of an arena's store."""
    tables = {name: rows(arena_dir, f"SELECT * FROM {name} ORDER BY id") for name in ("event", "team", "match", "log")}
    halves = [_half_round(row) for row in rows(arena_dir, "SELECT * FROM half_round ORDER BY id")]
    by_id = ({row["id"]: row for row in tables[name]} for name in ("event", "team", "match"))
    return Contest(*by_id, halves, tables["log"])


def _half_round(row: sqlite3.Row) -> HalfRound:
    truth, said, images = row["truth"], row["probabilities"], row["images"]
    return HalfRound(
        *(row[name] for name in ("match", "number", "generator", "discriminator", "seed", "points")),
        has_failed=(row["generator_fault"] is not None, row["discriminator_fault"] is not None),
        truth=None if truth is None else np.frombuffer(truth, np.uint8),
        probabilities=None if said is None else np.frombuffer(said, "<f4"),
        images=None if images is None else np.frombuffer(zlib.decompress(images), np.uint8).reshape(-1, SIDE * SIDE),
    )


def fault_code(text: str | None) -> str | None:
    """The code of a fault as the store has it; None for none."""
    return None if text is None else json.loads(text)["code"]


def digest(image: np.ndarray) -> bytes:
    """Of the pixels of an image, uint8."""
    return hashlib.sha256(np.ascontiguousarray(image, np.uint8).tobytes()).digest()


def faces_in(content: bytes) -> set[bytes]:
    """Digests of all faces in a file: a PNG picture, or anything that holds such pictures as data: addresses.

    A picture may hold several faces side by side, and may be enlarged by a whole number. Drawings, whose pixels are
    mixed, show no face that can be found so.
    """
    if content.startswith(b"\x89PNG"):
        pictures = [content]
    else:
        pictures = [base64.b64decode(found) for found in _PICTURE.findall(content)]
    return set().union(*map(_faces_of, pictures))


def _faces_of(picture: bytes) -> set[bytes]:
    pixels = np.asarray(Image.open(io.BytesIO(picture)).convert("L"))
    found: set[bytes] = set()
    for zoom in range(1, _MOST_ZOOM + 1):
        small = pixels[::zoom, ::zoom]
        if np.array_equal(small.repeat(zoom, 0).repeat(zoom, 1)[: pixels.shape[0], : pixels.shape[1]], pixels):
            height, width = (length // SIDE for length in small.shape)
            if small.shape == (height * SIDE, width * SIDE):
                squares = small.reshape(height, SIDE, width, SIDE).swapaxes(1, 2).reshape(-1, SIDE * SIDE)
                found |= {digest(square) for square in squares}
    return found


def points_in(results: dict[str, bytes], folder: str) -> int:
    """How many guesses are right by the CSV files that a team was given."""
    guesses, truth = (_categories(results[f"{folder}/{name}.csv"]) for name in ("predictions", "ground_truth"))
    return sum(guesses[id_] == category for id_, category in truth.items())


def _categories(content: bytes) -> dict[str, str]:
    return {row["Id"]: row["Category"] for row in csv.DictReader(io.StringIO(content.decode()))}


def pictures_in(results: dict[str, bytes], folder: str) -> list[bytes]:
    """Digests of the numbered pictures of a half round that a team was given, in their order."""
    names = sorted(name for name in results if name.startswith(f"{folder}/images/"))
    return [digest(np.asarray(Image.open(io.BytesIO(results[name])))) for name in names]


def leaks(contents: Iterable[bytes], secret: set[bytes]) -> tuple[int, int]:
    """(how many different faces some files show, how many of them are secret); `secret` are digests."""
    found: set[bytes] = set()
    for content in contents:
        found |= faces_in(content)
    return len(found), len(found & secret)
