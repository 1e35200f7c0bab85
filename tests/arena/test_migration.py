"""A store that version 1 of the program wrote: read, brought to today's version, and what it was like is kept."""

import sqlite3
import subprocess
import sys
import zlib

import numpy as np
import pytest
from conftest import because

from gan.arena import events, migration, notes, schema, store
from gan.arena.schedule import NextBattle
from gan.console.errors import OTHER, Fault, StateError
from gan.contest import faults, rules

SCHEMA = """
CREATE TABLE event (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, mode TEXT NOT NULL, seed INTEGER NOT NULL,
    size INTEGER NOT NULL, options TEXT NOT NULL, frozen INTEGER NOT NULL DEFAULT 0, begun REAL NOT NULL,
    finished REAL, champion INTEGER REFERENCES team(id));
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
    kind TEXT NOT NULL, text TEXT NOT NULL);
CREATE INDEX team_of_event ON team(event);
CREATE INDEX rating_of_name ON rating(name);
CREATE INDEX rating_of_match ON rating(match);
CREATE INDEX suspect_of_event ON suspect(event);
"""
IMAGES = np.arange(2 * 4, dtype=np.uint8).reshape(2, 4)


@pytest.fixture
def folder(tmp_path):
    """A cup of three teams: one disqualified, one refused, a match played and one held."""
    database = sqlite3.connect(tmp_path / store.FILE)
    database.executescript(SCHEMA)
    options = '{"teams": [["a", "/a", null], ["b", "/b", "line 3 is wrong"]], "real_images": "x"}'
    database.execute("INSERT INTO event VALUES (1, 'cup', 'tournament', 5, 4, ?, 0, 10.0, NULL, NULL)", [options])
    teams = [("a", None), ("b", "it has no meta"), ("c", "disqualified by the organiser: stole: it")]
    for name, fault in teams:
        row = ("/" + name, "ab" * 32, fault)
        database.execute("INSERT INTO team (event, name, path, snapshot, fault) VALUES (1, ?, ?, ?, ?)", (name, *row))
    match = "INSERT INTO match (event, round, position, attempt, home, away, num_rounds, status, reason, begun)"
    database.execute(f"{match} VALUES (1, 0, 0, 1, 1, 2, 1, 'held', 'the roof leaks', 11.0)")
    blobs = b"\1\0", np.float32([0.75, 0.25]).tobytes(), zlib.compress(IMAGES.tobytes())
    database.execute(
        "INSERT INTO half_round VALUES (1, 1, 0, 1, 2, 7, ?, ?, 30, NULL, 0.5, 'it drew NaN', NULL, 'x', 12.0, ?)",
        blobs,
    )
    database.execute("INSERT INTO rating VALUES (1, 'a', 1, 1, 25.5, 8.0, 12.5)")
    log = [("held", "the roof leaks"), ("seed", "9000000000000000001"), ("published", "a"), ("frozen", "lunch")]
    for kind, text in [*log, ("unfrozen", "")]:
        database.execute("INSERT INTO log (at, event, kind, text) VALUES (12.0, 1, ?, ?)", (kind, text))
    database.execute("PRAGMA user_version = 1")
    database.commit()
    database.close()
    return tmp_path


def check(kept):
    (event,) = kept.events.all()
    assert (event.name, event.seed, event.rules) == ("cup", 5, 1)
    assert [team.fault for team in kept.teams.of_event(1)] == [
        None,
        Fault(OTHER, {"text": "it has no meta"}),
        Fault(notes.DISQUALIFIED, {"reason": "stole: it"}),
    ]
    assert faults.sentence(kept.teams.of_event(1)[2].fault) == "disqualified by the organiser: stole: it"
    assert faults.sentence(kept.matches.find(1).reason) == "the roof leaks"
    half_round = kept.half_rounds.get(1).played
    assert faults.sentence(half_round.score.generator_fault) == "it drew NaN"
    assert half_round.score.discriminator_fault is None
    np.testing.assert_array_equal(half_round.shown.images, IMAGES)
    assert kept.ratings.latest_of("a").strength.mu == 25.5
    assert [entry.note for entry in kept.log.entries()] == [
        because("the roof leaks"),
        Fault(notes.SEED, {"seed": 9000000000000000001}),
        Fault(notes.PUBLISHED, {"team": "a"}),
        Fault("arena_frozen_because", {"reason": "lunch"}),
        Fault("arena_thawed", {}),
    ]
    assert [fault for _, _, fault in event.options["teams"]] == [None, faults.plain(because("line 3 is wrong"))]


def test_it_is_read_without_a_change(folder):
    before = (folder / store.FILE).read_bytes()
    with store.Store(str(folder), read_only=True) as kept:
        check(kept)
    assert (folder / store.FILE).read_bytes() == before and len(list(folder.iterdir())) == 1


def test_it_is_brought_to_todays_version_and_kept(folder):
    before = (folder / store.FILE).read_bytes()
    with store.Store(str(folder)) as kept:
        check(kept)
        kept.matches.release(1)
    with store.Store(str(folder)) as kept:
        assert kept.matches.find(1).reason is None and kept.log.entries()[-1].kind == "released"
    assert sqlite3.connect(folder / store.FILE).execute("PRAGMA user_version").fetchone() == (schema.VERSION,)
    old = sqlite3.connect(folder / f"{store.FILE}.version1")
    assert old.execute("PRAGMA user_version").fetchone() == (1,)
    assert old.execute("SELECT fault FROM team WHERE id = 2").fetchone() == ("it has no meta",)
    assert (folder / f"{store.FILE}.version1").stat().st_size == len(before)


def test_what_is_interrupted_leaves_version_1_and_its_copy(folder, monkeypatch):
    dump = sqlite3.connect(folder / store.FILE).iterdump
    whole = list(dump())
    with monkeypatch.context() as patched:
        patched.setattr(migration.faults, "encoded", lambda fault: 1 / 0 if fault.code == "arena_thawed" else "{}")
        with pytest.raises(ZeroDivisionError):
            store.Store(str(folder))
    assert list(dump()) == whole
    with store.Store(str(folder)) as kept:
        check(kept)
    copies = sorted(path.name for path in folder.iterdir() if "version1" in path.name)
    assert copies == ["arena.sqlite3.version1", "arena.sqlite3.version1.2"]
    assert all(list(sqlite3.connect(folder / name).iterdump()) == whole for name in copies)


def test_a_killed_migration_is_done_again(folder):
    code = "import os, sys; from gan.arena import migration, store; "
    code += "migration._STEPS.append(lambda connection: os.kill(os.getpid(), 9)); store.Store(sys.argv[1])"
    assert subprocess.run([sys.executable, "-c", code, str(folder)], check=False).returncode == -9
    with store.Store(str(folder), read_only=True) as reader:
        check(reader)
    with store.Store(str(folder)) as kept:
        check(kept)


def test_who_reads_sees_what_is_written_after_it_was_brought_to_todays_version(folder):
    with store.Store(str(folder), read_only=True) as reader:
        check(reader)
        first = reader.data_version()
        with store.Store(str(folder)) as kept:
            kept.matches.release(1)
            assert reader.data_version() != first
            assert reader.matches.find(1).status == "playing"


def test_an_event_of_newer_rules_is_refused(folder):
    with store.Store(str(folder)) as kept:
        event = kept.events.named("cup")._replace(rules=rules.VERSION + 1)
    with pytest.raises(StateError, match="played by newer rules"):
        events.check_rules(event)


def test_a_store_of_version_2_gets_reference_images(tmp_path):
    with store.Store(str(tmp_path)) as kept:
        kept.events.begin("cup", "league", 5, 4, {})
    connection = sqlite3.connect(tmp_path / store.FILE)
    connection.executescript(
        "DROP TABLE reference; DROP TABLE secret_image; DROP TABLE shown_image; PRAGMA user_version = 2;"
        "DROP TABLE forfeit; DROP TABLE renaming; DROP TABLE disqualification; DROP TABLE log_author;"
        "DROP TABLE fingerprint; DROP TABLE probe; DROP TABLE timing; DROP TABLE next_battle;"
    )
    connection.close()
    with store.Store(str(tmp_path)) as kept:
        assert kept.events.references(1) is None
        kept.events.set_references(1, b"1234")
        assert kept.events.references(1) == b"1234" and kept.events.get(1).rules == rules.VERSION
    assert (tmp_path / f"{store.FILE}.version2").exists()


def test_a_store_of_version_3_gets_the_tables_of_today(tmp_path):
    with store.Store(str(tmp_path)) as kept:
        kept.events.begin("cup", "league", 5, 4, {})
    connection = sqlite3.connect(tmp_path / store.FILE)
    new = "forfeit", "renaming", "disqualification", "log_author", "fingerprint", "probe", "timing", "next_battle"
    connection.executescript("".join(f"DROP TABLE {table};" for table in new) + "PRAGMA user_version = 3;")
    connection.close()
    with store.Store(str(tmp_path), read_only=True) as kept:
        assert kept.timings.all() == {} and kept.timings.of_match(1) is None
    with store.Store(str(tmp_path)) as kept:
        assert kept.timings.all() == {} and kept.teams.num_renamings() == 0 and kept.matches.forfeits() == {}
    assert (tmp_path / f"{store.FILE}.version3").exists()


def test_a_store_of_version_4_learns_when_the_next_battle_is(tmp_path):
    with store.Store(str(tmp_path)):
        pass
    connection = sqlite3.connect(tmp_path / store.FILE)
    connection.executescript("DROP TABLE next_battle; PRAGMA user_version = 4;")
    connection.close()
    with store.Store(str(tmp_path), read_only=True) as kept:
        assert kept.schedule.next_battle() is None
    battle = NextBattle("mock 14:00", 1000.5, "Asia/Seoul")
    with store.Store(str(tmp_path)) as kept:
        kept.schedule.announce(battle._replace(name="mock 12:00"))
        kept.schedule.announce(battle)
    with store.Store(str(tmp_path), read_only=True) as kept:
        assert kept.schedule.next_battle() == battle
