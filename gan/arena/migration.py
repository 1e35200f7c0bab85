"""Brings a store of an earlier version to the tables of today. No TensorFlow.

Version 1 kept English sentences where version 2 keeps codes with parameters, and did not say by which rules an event
is played: they were those of version 1. A sentence becomes the code "other" with the sentence as its text, unless the
program itself has to understand it. Version 2 kept neither an event's reference images nor which images were secret.
Version 3 kept of a tie only the median times. Version 4 did not know when the next mock battle is.
"""

import contextlib
import json
import os
import sqlite3
import zlib
from collections.abc import Callable

import numpy as np

from gan.arena import database, image_records, notes, schema
from gan.console.errors import OTHER, Fault, StateError
from gan.contest import faults, rules
from gan.contest.half_round import REAL

# Version 1 had sentences in these columns.
_SENTENCES = [
    *[("team", "fault"), ("match", "reason"), ("half_round", "generator_fault")],
    *[("half_round", "discriminator_fault"), ("log", "note")],
]
# The teams that forfeited matches, which the store did not keep before version 4.
_FORFEITED = f"""SELECT match.id, match.event, match.ended, team.id, team.name, team.fault
    FROM match JOIN team ON team.id IN (match.home, match.away)
    WHERE match.away IS NOT NULL AND team.fault IS NOT NULL AND match.ended IS NOT NULL
    AND (match.rule = '{rules.FORFEIT}' AND match.winner != team.id OR match.rule = '{rules.BOTH_FAILED}'
    AND NOT EXISTS (SELECT 1 FROM half_round WHERE half_round.match = match.id))"""
_DISQUALIFIED = "disqualified by the organiser: "  # began the fault of a team of version 1


def keep_copy(connection: sqlite3.Connection, path: str, version: int) -> str:
    """Copies the store beside itself, tests the copy, and returns its path.

    Args:
        connection: to the store.
        path: of the store.
        version: of its tables; a part of the copy's name.

    Raises:
        StateError: the copy is damaged.
        sqlite3.Error, OSError: it cannot be written.
    """
    final, number = f"{path}.version{version}", 1
    while os.path.exists(final):  # of another store that was here, or of a migration that was killed
        number += 1
        final = f"{path}.version{version}.{number}"
    unfinished = f"{final}.part"
    database.copy(connection, unfinished)
    database.check_copy(unfinished, path)
    with contextlib.closing(database.connect_to_read(unfinished)) as copy:
        if _counts(copy) != _counts(connection):
            raise StateError(
                f"{unfinished}, a copy of {path} before it is migrated, is damaged; the disk may be failing"
            )
    os.replace(unfinished, final)
    database.sync_folder(os.path.dirname(final) or ".")
    return final


def migrated_copy(connection: sqlite3.Connection, version: int) -> sqlite3.Connection:
    """A temporary copy with the tables of today, to read from; it is gone when it is closed."""
    copy = database.connect("")
    try:
        connection.backup(copy)
        migrate(copy, version)
    except BaseException:
        copy.close()
        raise
    return copy


def migrate(connection: sqlite3.Connection, version: int) -> None:
    """Brings a store to the tables of today, in one transaction."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        for step in _STEPS[version - 1 :]:
            step(connection)
        connection.execute(f"PRAGMA user_version = {schema.VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise


def _to_version_2(connection: sqlite3.Connection) -> None:
    connection.execute("ALTER TABLE event ADD COLUMN rules INTEGER NOT NULL DEFAULT 1")
    connection.execute("ALTER TABLE log RENAME COLUMN text TO note")
    for table, column in _SENTENCES:
        kind = "kind" if table == "log" else "NULL"
        told = connection.execute(f"SELECT id, {column}, {kind} FROM {table} WHERE {column} IS NOT NULL").fetchall()
        changed = [(faults.encoded(_fault(text, kind)), id_) for id_, text, kind in told]
        connection.executemany(f"UPDATE {table} SET {column} = ? WHERE id = ?", changed)
    for id_, text in connection.execute("SELECT id, options FROM event").fetchall():
        options = json.loads(text)
        if "teams" in options:
            options["teams"] = [
                [name, path, faults.plain(fault and _fault(fault, None))] for name, path, fault in options["teams"]
            ]
            new = json.dumps(options, ensure_ascii=False)
            connection.execute("UPDATE event SET options = ? WHERE id = ?", (new, id_))


def _to_version_3(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE reference (event INTEGER PRIMARY KEY REFERENCES event(id), images BLOB NOT NULL)")
    for table in ("secret_image", "shown_image"):
        connection.execute(f"CREATE TABLE {table} (digest BLOB PRIMARY KEY) WITHOUT ROWID")
    for truth, images in connection.execute("SELECT truth, images FROM half_round WHERE images IS NOT NULL"):
        categories = np.frombuffer(truth, np.uint8)
        pixels = np.frombuffer(zlib.decompress(images), np.uint8).reshape(len(categories), -1)
        shown = [(digest,) for digest in image_records.digests(pixels[categories == REAL])]
        connection.executemany("INSERT OR IGNORE INTO shown_image VALUES (?)", shown)


def _to_version_4(connection: sqlite3.Connection) -> None:
    connection.execute(
        "CREATE TABLE forfeit (match INTEGER NOT NULL REFERENCES match(id), team INTEGER NOT NULL REFERENCES team(id), "
        "fault TEXT NOT NULL, PRIMARY KEY (match, team)) WITHOUT ROWID"
    )
    connection.execute(
        "CREATE TABLE renaming (id INTEGER PRIMARY KEY, at REAL NOT NULL, before TEXT NOT NULL, name TEXT NOT NULL)"
    )
    connection.execute("CREATE TABLE disqualification (team INTEGER PRIMARY KEY REFERENCES team(id), before TEXT)")
    connection.execute("CREATE TABLE log_author (log INTEGER PRIMARY KEY REFERENCES log(id), name TEXT NOT NULL)")
    connection.execute(
        "CREATE TABLE fingerprint (snapshot TEXT PRIMARY KEY, generator BLOB NOT NULL, discriminator BLOB NOT NULL)"
    )
    connection.execute(
        "CREATE TABLE probe (event INTEGER NOT NULL REFERENCES event(id), snapshot TEXT NOT NULL, test TEXT NOT NULL, "
        "public TEXT, at REAL NOT NULL, PRIMARY KEY (event, snapshot))"
    )
    connection.execute(
        "CREATE TABLE timing (match INTEGER PRIMARY KEY REFERENCES match(id), home BLOB NOT NULL, away BLOB NOT NULL, "
        "core INTEGER)"
    )
    _fill_forfeits(connection)


def _to_version_5(connection: sqlite3.Connection) -> None:
    connection.execute(
        "CREATE TABLE next_battle (id INTEGER PRIMARY KEY, name TEXT NOT NULL, at REAL NOT NULL, zone TEXT NOT NULL)"
    )


def _fill_forfeits(connection: sqlite3.Connection) -> None:
    """Notes why matches were forfeited: by the fault that the team has, unless it was disqualified after the match."""
    log = connection.execute("SELECT event, at, note FROM log WHERE kind = 'disqualified'").fetchall()
    disqualified = [(event, at, faults.sentence(faults.of_plain(json.loads(text)))) for event, at, text in log]
    for match, event, ended, team, name, text in connection.execute(_FORFEITED).fetchall():
        fault = faults.of_plain(json.loads(text))
        since = [at for of, at, told in disqualified if of == event and told.startswith(f"{name}: ")]
        if fault.code != notes.DISQUALIFIED or not since or ended >= min(since):
            connection.execute("INSERT OR IGNORE INTO forfeit VALUES (?, ?, ?)", (match, team, text))


def _fault(sentence: str, kind: str | None) -> Fault:
    """A sentence of version 1 as a Fault; `kind` is that of an entry of the log, None elsewhere."""
    if kind == "seed":
        return notes.note("mock_seed", seed=int(sentence))
    if kind == "published":
        return notes.note("results_published", team=sentence)
    if kind == "frozen":
        return notes.note("arena_frozen_because", reason=sentence) if sentence else notes.note("arena_frozen")
    if kind in ("released", "unfrozen"):  # whose sentences were empty
        return notes.note("match_released") if kind == "released" else notes.note("arena_thawed")
    if kind is None and sentence.startswith(_DISQUALIFIED):
        return notes.note("team_disqualified", reason=sentence.removeprefix(_DISQUALIFIED))
    return Fault(OTHER, {"text": sentence})


def _counts(connection: sqlite3.Connection) -> dict[str, int]:
    """Table -> how many rows it has."""
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables}


_STEPS: list[Callable[[sqlite3.Connection], None]] = [
    _to_version_2,
    _to_version_3,
    _to_version_4,
    _to_version_5,
]  # the first leads from 1 to 2
