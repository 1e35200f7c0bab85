"""The tables of the arena's store, and their rows as named tuples. No TensorFlow.

What went wrong is stored as a code with parameters, a Fault: in team.fault, match.reason, the faults of half_round and
log.note. arena.notes and contest.faults have the sentences.

Version 2 of the tables added event.rules, and put Faults where version 1 had English sentences. Version 3 added the
tables reference, secret_image and shown_image. Version 4 added forfeit, renaming, disqualification,
log_author, fingerprint, probe and timing. Version 5 added next_battle. See migration.py.
"""

from typing import Any, NamedTuple

from gan.arena.copy_check import SuspectedCopy
from gan.arena.strength import Strength
from gan.console.errors import Fault
from gan.contest.half_round import PlayedHalfRound
from gan.contest.timing import Measured

VERSION = 5  # of the tables
MOCK = "mock"  # the mode whose results are written to teams' buckets
TOURNAMENT = "tournament"  # the mode in which the winner of a match goes on to (round + 1, position // 2)
PLAYING, DONE, ANNULLED, HELD = "playing", "done", "annulled", "held"  # statuses of a match

SCHEMA = """
CREATE TABLE event (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, mode TEXT NOT NULL, seed INTEGER NOT NULL,
    size INTEGER NOT NULL, options TEXT NOT NULL, frozen INTEGER NOT NULL DEFAULT 0, begun REAL NOT NULL,
    finished REAL, champion INTEGER REFERENCES team(id), rules INTEGER NOT NULL DEFAULT 1);
CREATE TABLE reference (event INTEGER PRIMARY KEY REFERENCES event(id), images BLOB NOT NULL);
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
CREATE TABLE timing (
    match INTEGER PRIMARY KEY REFERENCES match(id), home BLOB NOT NULL, away BLOB NOT NULL, core INTEGER);
CREATE TABLE secret_image (digest BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE shown_image (digest BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE forfeit (
    match INTEGER NOT NULL REFERENCES match(id), team INTEGER NOT NULL REFERENCES team(id), fault TEXT NOT NULL,
    PRIMARY KEY (match, team)) WITHOUT ROWID;
CREATE TABLE renaming (id INTEGER PRIMARY KEY, at REAL NOT NULL, before TEXT NOT NULL, name TEXT NOT NULL);
CREATE TABLE disqualification (team INTEGER PRIMARY KEY REFERENCES team(id), before TEXT);
CREATE TABLE log_author (log INTEGER PRIMARY KEY REFERENCES log(id), name TEXT NOT NULL);
CREATE TABLE fingerprint (snapshot TEXT PRIMARY KEY, generator BLOB NOT NULL, discriminator BLOB NOT NULL);
CREATE TABLE probe (
    event INTEGER NOT NULL REFERENCES event(id), snapshot TEXT NOT NULL, test TEXT NOT NULL, public TEXT,
    at REAL NOT NULL, PRIMARY KEY (event, snapshot));
CREATE TABLE next_battle (id INTEGER PRIMARY KEY, name TEXT NOT NULL, at REAL NOT NULL, zone TEXT NOT NULL);
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
    options: dict[str, Any]  # what JSON can hold
    frozen: bool
    begun: float  # unix seconds, as are all times
    finished: float | None  # None while it is open
    champion: int | None  # a team
    rules: int  # contest.rules.VERSION when it began; numbers that changed are looked up by it


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
    winner: int | None  # None for a draw, too
    rule: str | None  # that decided
    reason: Fault | None  # why it was annulled or is held
    home_points: int | None
    away_points: int | None
    home_seconds: float | None  # of the models, measured to break a tie
    away_seconds: float | None
    begun: float
    ended: float | None


class StoredHalfRound(NamedTuple):
    """A half round, with its place and its teams."""

    id: int
    match: int
    number: int  # in its match, from 0
    generator: int  # team
    discriminator: int  # team, which gets the points
    played: PlayedHalfRound
    at: float


class Rating(NamedTuple):
    """How strong a team was believed to be after a match."""

    id: int
    name: str  # of the team, the same in all events
    event: int
    match: int
    strength: Strength
    at: float


class Suspect(NamedTuple):
    """A generated image that looks copied, and whose it is."""

    id: int
    event: int
    team: int
    half_round: int
    copy: SuspectedCopy


class StoredTiming(NamedTuple):
    """What was measured to break the tie of a match."""

    match: int
    measured: Measured


class LogEntry(NamedTuple):
    """Something that happened."""

    id: int
    at: float
    event: int | None
    match: int | None
    kind: str  # a short word
    note: Fault


class StoreTable(NamedTuple):
    """Where the rows of a named tuple are."""

    name: str
    columns: tuple[str, ...]  # in the order in which rows.decoded takes them


# Row -> its table.
TABLES: dict[type, StoreTable] = {
    Event: StoreTable("event", Event._fields),
    Team: StoreTable("team", Team._fields),
    Match: StoreTable("match", Match._fields),
    StoredHalfRound: StoreTable(
        "half_round",
        (
            *("id", "match", "number", "generator", "discriminator", "seed", "images", "truth", "probabilities"),
            *("points", "rule", "generator_seconds", "discriminator_seconds", "generator_fault"),
            *("discriminator_fault", "played"),
        ),
    ),
    Rating: StoreTable("rating", ("id", "name", "event", "match", "mu", "sigma", "at")),
    Suspect: StoreTable(
        "suspect", ("id", "event", "team", "half_round", "image", "distance", "limit_", "generated", "original")
    ),
    StoredTiming: StoreTable("timing", ("match", "home", "away", "core")),
    LogEntry: StoreTable("log", LogEntry._fields),
}
