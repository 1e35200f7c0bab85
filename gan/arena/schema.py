"""The tables of the arena's store, and their rows as named tuples. No TensorFlow."""

import json
import sqlite3
import zlib
from typing import NamedTuple

import numpy as np

from gan.console.errors import OTHER, Fault
from gan.contest import faults

VERSION = 2  # of the tables
PLAYING, DONE, ANNULLED, HELD = "playing", "done", "annulled", "held"  # statuses of a match

_PROBABILITY = "<f4"
_COMPRESSION = 1  # of zlib: noisy faces hardly get smaller with more
SCHEMA = """
CREATE TABLE event (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, mode TEXT NOT NULL, seed INTEGER NOT NULL,
    size INTEGER NOT NULL, options TEXT NOT NULL, frozen INTEGER NOT NULL DEFAULT 0, begun REAL NOT NULL,
    finished REAL, champion INTEGER REFERENCES team(id), rules INTEGER NOT NULL DEFAULT 1);
CREATE TABLE team (
    id INTEGER PRIMARY KEY, event INTEGER NOT NULL REFERENCES event(id), name TEXT NOT NULL, path TEXT NOT NULL,
    seeding INTEGER, snapshot TEXT, step INTEGER, fault TEXT);
CREATE TABLE match (
    id INTEGER PRIMARY KEY, event INTEGER NOT NULL REFERENCES event(id), round INTEGER NOT NULL,
    position INTEGER NOT NULL, attempt INTEGER NOT NULL, home INTEGER NOT NULL REFERENCES team(id),
    away INTEGER REFERENCES team(id), num_rounds INTEGER NOT NULL, status TEXT NOT NULL,
    winner INTEGER REFERENCES team(id), rule TEXT, reason TEXT, home_points INTEGER, away_points INTEGER,
    home_seconds REAL, away_seconds REAL, begun REAL NOT NULL, ended REAL,
    UNIQUE (event, round, position, attempt));
CREATE TABLE half_round (
    id INTEGER PRIMARY KEY, match INTEGER NOT NULL REFERENCES match(id), number INTEGER NOT NULL,
    generator INTEGER NOT NULL REFERENCES team(id), discriminator INTEGER NOT NULL REFERENCES team(id),
    seed INTEGER NOT NULL, truth BLOB, probabilities BLOB, points INTEGER NOT NULL, generator_seconds REAL,
    discriminator_seconds REAL, generator_fault TEXT, discriminator_fault TEXT, rule TEXT NOT NULL,
    played REAL NOT NULL,
    images BLOB, -- last, since what stands behind it takes long to reach
    UNIQUE (match, number));
CREATE TABLE rating (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, event INTEGER NOT NULL REFERENCES event(id),
    match INTEGER NOT NULL REFERENCES match(id), mu REAL NOT NULL, sigma REAL NOT NULL, at REAL NOT NULL);
CREATE TABLE suspect (
    id INTEGER PRIMARY KEY, event INTEGER NOT NULL REFERENCES event(id), team INTEGER NOT NULL REFERENCES team(id),
    half_round INTEGER NOT NULL REFERENCES half_round(id), image INTEGER NOT NULL, distance REAL NOT NULL,
    limit_ REAL NOT NULL, generated BLOB NOT NULL, original BLOB NOT NULL);
CREATE TABLE log (
    id INTEGER PRIMARY KEY, at REAL NOT NULL, event INTEGER REFERENCES event(id), match INTEGER REFERENCES match(id),
    kind TEXT NOT NULL, note TEXT NOT NULL);
CREATE INDEX team_of_event ON team(event);
CREATE INDEX rating_of_name ON rating(name);
CREATE INDEX rating_of_match ON rating(match);
CREATE INDEX suspect_of_event ON suspect(event);
"""


class Event(NamedTuple):
    """A tournament, a league, one mock battle, a single match or a check."""

    id: int
    name: str
    mode: str
    seed: int
    size: int  # pixels of an image
    options: dict
    frozen: bool
    begun: float  # unix seconds, as are all times
    finished: float | None  # None while it is open
    champion: int | None  # a team
    rules: int  # version of the rules that it is played by; see contest.rules.VERSION


class Team(NamedTuple):
    """A team in one event."""

    id: int
    event: int
    name: str
    path: str
    seeding: int | None  # 1 is best; None before it is drawn
    snapshot: str | None  # SHA-256 in hex
    step: int | None  # of its training
    fault: Fault | None  # why it forfeits every match


class Match(NamedTuple):
    """A match, a bye (away is None), or one of several attempts at a match."""

    id: int
    event: int
    round: int  # from 0
    position: int  # in its round, from 0
    attempt: int  # 2 after an annulment
    home: int  # team, better seeded
    away: int | None
    num_rounds: int
    status: str  # PLAYING, DONE, ANNULLED or HELD
    winner: int | None
    rule: str | None  # that decided
    reason: Fault | None  # why it was annulled or is held
    home_points: int | None
    away_points: int | None
    home_seconds: float | None  # of the models, measured to break a tie
    away_seconds: float | None
    begun: float
    ended: float | None


class HalfRound(NamedTuple):
    """A half round as it was played: what was shown in the order shown, and what was said of it."""

    id: int
    match: int
    number: int  # in its match, from 0
    generator: int  # team
    discriminator: int  # team, which gets the points
    seed: int
    images: np.ndarray | None  # uint8 [N, size]; None where the generator made none, or where they were not asked for
    truth: np.ndarray | None  # uint8 [N], 1 real, 0 generated; None where the generator made none
    probabilities: np.ndarray | None  # float32 [N], that it is real; None where the discriminator failed
    points: int
    generator_seconds: float | None  # of the model alone; None where it failed
    discriminator_seconds: float | None
    generator_fault: Fault | None
    discriminator_fault: Fault | None
    rule: str
    played: float


class Rating(NamedTuple):
    """What a team's skill was believed to be after a match."""

    id: int
    name: str  # of the team, the same in all events
    event: int
    match: int
    mu: float
    sigma: float
    at: float


class Suspect(NamedTuple):
    """A generated image that is suspiciously like a training image."""

    id: int
    event: int
    team: int
    half_round: int
    image: int  # index in the half round
    distance: float
    limit_: float  # below which an image is suspected
    generated: np.ndarray  # uint8 [size]
    original: np.ndarray  # uint8 [size]


class LogEntry(NamedTuple):
    """Something that happened."""

    id: int
    at: float
    event: int | None
    match: int | None
    kind: str  # a short word
    note: Fault  # what happened


# Columns of version 1 that held sentences; in version 2 they hold Faults.
_SENTENCES = [("team", "fault"), ("match", "reason"), ("half_round", "generator_fault")]
_SENTENCES += [("half_round", "discriminator_fault"), ("log", "note")]
_DISQUALIFIED_ONCE = "disqualified by the organiser: "  # began such a sentence


def migrate(database: sqlite3.Connection) -> None:
    """Makes a store of version 1 one of version 2, in the transaction that is open.

    Sentences become Faults of code OTHER, and disqualifications Faults of their own code. All events were played by
    version 1 of the rules.
    """
    database.execute("ALTER TABLE event ADD COLUMN rules INTEGER NOT NULL DEFAULT 1")
    database.execute("ALTER TABLE log RENAME COLUMN text TO note")
    for table, column in _SENTENCES:
        rows = database.execute(f"SELECT id, {column} FROM {table} WHERE {column} IS NOT NULL").fetchall()
        changed = [(faults.encoded(_fault_of(text)), id_) for id_, text in rows]
        database.executemany(f"UPDATE {table} SET {column} = ? WHERE id = ?", changed)
    database.execute("PRAGMA user_version = 2")


def _fault_of(text: str) -> Fault:
    reason = text.removeprefix(_DISQUALIFIED_ONCE)
    return Fault(OTHER, {"text": text}) if reason == text else Fault("team_disqualified", {"reason": reason})


# Row -> its table.
TABLES = {
    Event: "event",
    Team: "team",
    Match: "match",
    HalfRound: "half_round",
    Rating: "rating",
    Suspect: "suspect",
    LogEntry: "log",
}


def encode(row):
    """The arrays among a row's values as blobs: name -> value of a half round or a suspect -> the same."""
    kinds = {"truth": np.uint8, "probabilities": _PROBABILITY, "generated": np.uint8, "original": np.uint8}
    blobs = {name: _bytes(row[name], kind) for name, kind in kinds.items() if name in row}
    if row.get("images") is not None:
        blobs["images"] = zlib.compress(_bytes(row["images"], np.uint8), _COMPRESSION)
    return {**row, **blobs}


def decode(kind, row):
    """A row as the database returns it -> an instance of `kind`, one of the named tuples here."""
    return _READERS.get(kind, kind._make)(row)


def _bytes(array, kind):
    return None if array is None else np.ascontiguousarray(array, kind).tobytes()


def _array(blob, kind):
    return None if blob is None else np.frombuffer(blob, kind)


def _event(row):
    event = Event._make(row)
    return event._replace(options=json.loads(event.options), frozen=bool(event.frozen))


def _half_round(row):
    found = HalfRound._make(row)
    truth, probabilities = _array(found.truth, np.uint8), _array(found.probabilities, _PROBABILITY)
    generator_fault, discriminator_fault = map(faults.decoded, (found.generator_fault, found.discriminator_fault))
    images = found.images and _array(zlib.decompress(found.images), np.uint8).reshape(len(truth), -1)
    return found._replace(
        images=images,
        truth=truth,
        probabilities=probabilities,
        generator_fault=generator_fault,
        discriminator_fault=discriminator_fault,
    )


def _team(row):
    team = Team._make(row)
    return team._replace(fault=faults.decoded(team.fault))


def _match(row):
    match = Match._make(row)
    return match._replace(reason=faults.decoded(match.reason))


def _log_entry(row):
    entry = LogEntry._make(row)
    return entry._replace(note=faults.decoded(entry.note))


def _suspect(row):
    found = Suspect._make(row)
    blobs = (_array(blob, np.uint8) for blob in (found.generated, found.original))
    return found._replace(**dict(zip(("generated", "original"), blobs)))


_READERS = {
    Event: _event,
    Team: _team,
    Match: _match,
    HalfRound: _half_round,
    Suspect: _suspect,
    LogEntry: _log_entry,
}
