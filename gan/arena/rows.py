"""Turns rows of the arena's tables into the named tuples of schema.py, and back. No TensorFlow.

Arrays are stored as their bytes, images compressed by zlib; a Fault as JSON, {"code": ..., "parameters": {...}}.
"""

import json
import zlib
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from gan.arena import schema
from gan.arena.copy_check import SuspectedCopy
from gan.arena.strength import Strength
from gan.contest import faults
from gan.contest.half_round import JudgedImages, PlayedHalfRound
from gan.contest.rules import HalfRoundScore
from gan.contest.timing import Measured

_PROBABILITY = "<f4"
_SECONDS = "<f8"
_COMPRESSION = 1  # of zlib: more hardly makes noisy faces smaller

_Row = TypeVar("_Row")


def decoded(kind: type[_Row], row: Sequence[Any]) -> _Row:
    """A row, with the columns of schema.TABLES in their order, as an instance of `kind`."""
    return _DECODERS[kind](row)


def half_round_values(played: PlayedHalfRound) -> dict[str, Any]:
    """The columns of a half round that say what happened in it: column -> value."""
    score, shown = played.score, played.shown
    values: dict[str, Any] = {"seed": played.seed, **score._asdict()}
    values["generator_fault"] = faults.encoded(score.generator_fault)
    values["discriminator_fault"] = faults.encoded(score.discriminator_fault)
    values |= {"images": None, "truth": None, "probabilities": None}
    if shown is not None:
        values["images"] = zlib.compress(_bytes(shown.images, np.uint8), _COMPRESSION)
        values["truth"] = _bytes(shown.truth, np.uint8)
        if shown.probabilities is not None:
            values["probabilities"] = _bytes(shown.probabilities, _PROBABILITY)
    return values


def copy_values(copy: SuspectedCopy) -> dict[str, Any]:
    """The columns of a suspect that say what is suspected: column -> value."""
    return {
        "image": copy.image,
        "distance": copy.distance,
        "limit_": copy.limit,
        "generated": _bytes(copy.generated, np.uint8),
        "original": _bytes(copy.original, np.uint8),
    }


def timing_values(measured: Measured) -> dict[str, Any]:
    """The columns of a timing that say what was measured: column -> value."""
    home, away = (_bytes(np.array(times), _SECONDS) for times in (measured.home, measured.away))
    return {"home": home, "away": away, "core": measured.core}


def _bytes(array: np.ndarray, kind: Any) -> bytes:
    return np.ascontiguousarray(array, kind).tobytes()


def _event(row: Sequence[Any]) -> schema.Event:
    event = schema.Event._make(row)
    return event._replace(options=json.loads(row[5]), frozen=bool(event.frozen))


def _team(row: Sequence[Any]) -> schema.Team:
    *others, fault = row
    return schema.Team._make([*others, faults.decoded(fault)])


def _match(row: Sequence[Any]) -> schema.Match:
    match = schema.Match._make(row)
    return match._replace(reason=faults.decoded(row[schema.Match._fields.index("reason")]))


def _half_round(row: Sequence[Any]) -> schema.StoredHalfRound:
    *place, seed, images, truth, probabilities, points, rule, generator_seconds, discriminator_seconds = row[:-3]
    generator_fault, discriminator_fault, at = row[-3:]
    score = HalfRoundScore(
        points,
        rule,
        generator_seconds,
        discriminator_seconds,
        faults.decoded(generator_fault),
        faults.decoded(discriminator_fault),
    )
    played = PlayedHalfRound(seed, score, _shown(images, truth, probabilities))
    return schema.StoredHalfRound._make([*place, played, at])


def _shown(images: bytes | None, truth: bytes | None, probabilities: bytes | None) -> JudgedImages | None:
    if truth is None:
        return None
    categories = np.frombuffer(truth, np.uint8)
    pixels = np.frombuffer(zlib.decompress(images), np.uint8) if images else np.zeros(0, np.uint8)
    said = None if probabilities is None else np.frombuffer(probabilities, _PROBABILITY)
    return JudgedImages(pixels.reshape(len(categories), -1 if len(pixels) else 0), categories, said)


def _rating(row: Sequence[Any]) -> schema.Rating:
    *place, mu, sigma, at = row
    return schema.Rating._make([*place, Strength(mu, sigma), at])


def _suspect(row: Sequence[Any]) -> schema.Suspect:
    *place, image, distance, limit, generated, original = row
    pixels = [np.frombuffer(blob, np.uint8) for blob in (generated, original)]
    return schema.Suspect._make([*place, SuspectedCopy(image, distance, limit, *pixels)])


def _timing(row: Sequence[Any]) -> schema.StoredTiming:
    match, *times, core = row
    home, away = (tuple(np.frombuffer(one, _SECONDS).tolist()) for one in times)
    return schema.StoredTiming(match, Measured(home, away, core))


def _log_entry(row: Sequence[Any]) -> schema.LogEntry:
    *others, note = row
    return schema.LogEntry._make([*others, faults.decoded(note)])


_DECODERS: dict[type, Callable[[Sequence[Any]], Any]] = {
    schema.Event: _event,
    schema.Team: _team,
    schema.Match: _match,
    schema.StoredHalfRound: _half_round,
    schema.Rating: _rating,
    schema.Suspect: _suspect,
    schema.StoredTiming: _timing,
    schema.LogEntry: _log_entry,
}
