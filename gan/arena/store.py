"""What the arena remembers: one SQLite file, with everything that was ever played. No TensorFlow.

Every method that writes is one transaction, on disk when it returns: a process that is killed leaves whole half
rounds and whole results. One process writes; any number read at the same time. Events, teams, matches and half
rounds are named by their ids.
"""

import contextlib
import json
import os
import sqlite3
import time
import urllib.parse

import numpy as np

from gan.arena import schema
from gan.arena.schema import ANNULLED, DONE, HELD, PLAYING, Event, HalfRound, LogEntry, Match, Rating, Suspect, Team
from gan.console.errors import StateError

FILE, LOCK = "arena.sqlite3", "arena.lock"
TOURNAMENT = "tournament"  # the mode whose winners go on to (round + 1, position // 2)

_LOCK_SECONDS = 10  # that a reader or the writer waits for the other
DISQUALIFIED = "disqualified by the organiser"  # begins the fault of a team that is
_TICK = 1e-6  # seconds by which each time is later than the one before, where the clock stands still or goes back
_NEEDED = """SELECT 1 FROM team WHERE snapshot = ? AND (fault IS NULL OR id IN (
    SELECT generator FROM half_round UNION SELECT discriminator FROM half_round)) LIMIT 1"""
_LATEST = """SELECT max(at) FROM (SELECT max(begun) AS at FROM event UNION ALL SELECT max(finished) FROM event
    UNION ALL SELECT max(begun) FROM match UNION ALL SELECT max(ended) FROM match
    UNION ALL SELECT max(played) FROM half_round UNION ALL SELECT max(at) FROM log)"""


class NotBegun(StateError):
    """There is no store in the folder yet."""


class Store:
    """The store in a folder. Use as a context manager, from one thread at a time.

    Args:
        folder: arena_dir; it and the file are made where they are missing, unless `read_only`.
        read_only: True reads beside the one process that writes.

    Raises:
        NotBegun: read_only, and there is no store yet.
        StateError: another process writes, the file is none of ours or of a newer program, or cannot be used.
            Every method raises it too, where the disk is full for example.
    """

    def __init__(self, folder, read_only=False):
        self.path = os.path.join(folder, FILE)
        self._db = self._lock = None
        self._latest = 0.0  # time of what was written last
        try:
            with self._explaining():
                self._open_to_read() if read_only else self._open_to_write(folder)
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def close(self):
        """Closes the file, and lets another process write."""
        for connection in filter(None, (self._db, self._lock)):
            if connection is self._db and self._lock:
                # Without its log beside it the file can be copied, and read from a folder that cannot be written to.
                with contextlib.suppress(sqlite3.Error):
                    connection.execute("PRAGMA busy_timeout = 0")
                    connection.execute("PRAGMA journal_mode = DELETE")
            connection.close()
        self._db = self._lock = None

    def begin_event(self, name, mode, seed, size, options):
        """Begins an Event; `options` is what JSON can hold."""
        with self._writing() as write:
            text = json.dumps(options, ensure_ascii=False)
            write("event", name=name, mode=mode, seed=seed, size=size, options=text, begun=self._now())
        return self.event(name)

    def event(self, name):
        """The Event of this name, or None."""
        return self._one(Event, "WHERE name = ?", name)

    def event_of(self, match):
        """The Event of a match."""
        return self._one(Event, "WHERE id = (SELECT event FROM match WHERE id = ?)", match)

    def events(self):
        """All Events, oldest first."""
        return self._all(Event, "ORDER BY id")

    def finish_event(self, event, champion):
        """Closes an event; `champion` is a team or None."""
        with self._writing():
            self._change("UPDATE event SET finished = ?, champion = ? WHERE id = ?", self._now(), champion, event)

    def rename_event(self, event, name):
        """Gives an event another name; the log tells."""
        with self._writing():
            before = self._one(Event, "WHERE id = ?", event).name
            self._change("UPDATE event SET name = ? WHERE id = ?", name, event)
            self._note("renamed", f"{before} is now {name}", event)

    def set_frozen(self, event, frozen, reason=""):
        """Freezes an event, so that nothing more is played, or lets it go on; the log tells."""
        with self._writing():
            self._change("UPDATE event SET frozen = ? WHERE id = ?", int(frozen), event)
            self._note("frozen" if frozen else "unfrozen", reason, event)

    def add_teams(self, event, entries):
        """Adds all teams of an event: tuples (name, path, snapshot, step, fault). Returns Teams in that order."""
        with self._writing() as write:
            for name, path, snapshot, step, fault in entries:
                write("team", event=event, name=name, path=path, snapshot=snapshot, step=step, fault=fault)
        return self.teams(event)

    def set_options(self, event, options, paths):
        """Changes an event's options, and the paths of its teams: name -> path; the log tells of these."""
        with self._writing():
            text = json.dumps(options, ensure_ascii=False)
            self._change("UPDATE event SET options = ? WHERE id = ?", text, event)
            for team in self.teams(event):
                if paths[team.name] != team.path:
                    self._change("UPDATE team SET path = ? WHERE id = ?", paths[team.name], team.id)
                    self._note("path", f"{team.name}: {paths[team.name]} in place of {team.path}", event)

    def set_snapshot(self, team, snapshot, step, fault):
        """Notes what a team hands in, once it could be had; see Team."""
        with self._writing():
            self._change("UPDATE team SET snapshot = ?, step = ?, fault = ? WHERE id = ?", snapshot, step, fault, team)

    def needs_snapshot(self, snapshot):
        """Whether a team that may play or has played handed in the snapshot of this digest."""
        with self._explaining():
            return bool(self._db.execute(_NEEDED, (snapshot,)).fetchone())

    def disqualify(self, team, reason):
        """Has a team forfeit what it has not played yet, and what is played again; the log tells."""
        with self._writing():
            found = self._one(Team, "WHERE id = ?", team)
            self._change("UPDATE team SET fault = ? WHERE id = ?", f"{DISQUALIFIED}: {reason}", team)
            self._note("disqualified", f"{found.name}: {reason}", found.event)

    def set_seeding(self, event, seeding):
        """Notes the draw: team -> position, 1 is best."""
        with self._writing():
            for team, position in seeding.items():
                self._change("UPDATE team SET seeding = ? WHERE id = ? AND event = ?", position, team, event)

    def teams(self, event):
        """An event's Teams, in the order they were added."""
        return self._all(Team, "WHERE event = ? ORDER BY id", event)

    def begin_match(self, event, round, position, home, away, num_rounds):
        """The Match at a place of an event: the one that is there, or a new one, which is then being played.

        Raises:
            StateError: the one that is there is between other teams.
        """
        with self._writing() as write:
            place = event, round, position
            at_place = self._all(Match, "WHERE event = ? AND round = ? AND position = ? ORDER BY attempt", *place)
            if not at_place or at_place[-1].status == ANNULLED:
                teams = dict(home=home, away=away, num_rounds=num_rounds, attempt=len(at_place) + 1)
                where = dict(event=event, round=round, position=position)
                return self.match(write("match", **where, **teams, status=PLAYING, begun=self._now()))
        found = at_place[-1]
        if (found.home, found.away, found.num_rounds) != (home, away, num_rounds):
            raise StateError(
                f"{self.path}: the match at position {position} of round {round} is another one; annul it first"
            )
        return found

    def add_half_round(self, match, number, *, images, truth, probabilities, suspects=(), **fields):
        """Adds a half round to a match that is being played.

        Args:
            match: its match.
            number: in its match.
            images: uint8 [N, size], or None where the generator failed.
            truth: 1 real or 0 generated [N], or None likewise.
            probabilities: float [N], or None where the discriminator failed.
            suspects: for each image that looks copied, a dict of a Suspect's fields that the half round does not tell:
                image, distance, limit_, generated, original.
            **fields: all the others of a HalfRound, but for id and played.

        Returns:
            Its id.
        """
        with self._writing() as write:
            self._check_playing(match)
            arrays = dict(images=images, truth=truth, probabilities=probabilities)
            row = dict(match=match, number=number, **arrays, played=self._now(), **fields)
            added = write("half_round", **schema.encode(row))
            whose = dict(event=self.match(match).event, team=fields["generator"], half_round=added)
            for suspect in suspects:
                write("suspect", **schema.encode({**whose, **suspect}))
            return added

    def finish_match(self, match, winner, rule, points, seconds=None, ratings=()):
        """Writes a match's result, and with it the ratings that follow.

        Args:
            match: one that is being played.
            winner: a team, or None.
            rule: that decided.
            points: (home's, away's).
            seconds: (home's, away's), measured to break a tie; None where there was none.
            ratings: (name, mu, sigma) of each team whose rating changes.

        Returns:
            The Match.
        """
        with self._writing():
            self._check_playing(match)
            now = self._now()
            self._change(
                "UPDATE match SET status = ?, winner = ?, rule = ?, reason = NULL, home_points = ?, away_points = ?, "
                "home_seconds = ?, away_seconds = ?, ended = ? WHERE id = ?",
                *(DONE, winner, rule, *points, *(seconds or (None, None)), now, match),
            )
            self._add_ratings(match, ratings)
        return self.match(match)

    def hold_match(self, match, reason):
        """Stops a match that is being played until the organiser releases it; the log tells."""
        with self._writing():
            self._check_playing(match)
            self._change("UPDATE match SET status = ?, reason = ? WHERE id = ?", HELD, reason, match)
            self._note("held", reason, self.match(match).event, match)

    def release_match(self, match):
        """Lets a held match be played on; the log tells."""
        with self._writing():
            where = "WHERE id = ? AND status = ?"
            self._change(f"UPDATE match SET status = ?, reason = NULL {where}", PLAYING, match, HELD)
            self._note("released", "", self.match(match).event, match)

    def annul(self, match, reason):
        """Annuls a match, and the later ones of a tournament that its winner, or the winner of such a one, played in.

        Their event is open again, without a champion; a team of this match that could not take part, and was not
        disqualified, is to be admitted anew, from the path that it has by then. Ratings are forgotten from the first of
        these matches on, those of later matches too: `rate` each of `unrated_matches` anew. The log tells.

        Returns:
            The matches annulled.

        Raises:
            StateError: it is annulled already.
        """
        with self._writing():
            first = self.match(match)
            if not first or first.status == ANNULLED:
                raise StateError(f"match {match} cannot be annulled: {'it is already' if first else 'there is none'}")
            chain = self.fed_by(first)
            for row in chain:
                why = reason if row is first else f"match {match}, which led to it, was annulled: {reason}"
                self._change(
                    "UPDATE match SET status = ?, reason = ?, ended = coalesce(ended, ?) WHERE id = ?",
                    *(ANNULLED, why, self._now(), row.id),
                )
                self._note("annulled", why, row.event, row.id)
            ids = [row.id for row in chain]
            which = ", ".join("?" * len(ids))
            earliest = f"SELECT min(id) FROM rating WHERE match IN ({which})"
            self._db.execute(f"DELETE FROM rating WHERE id >= ({earliest})", ids)
            self._change("UPDATE event SET finished = NULL, champion = NULL WHERE id = ?", first.event)
            self._db.execute(
                "UPDATE team SET snapshot = NULL, step = NULL, fault = NULL WHERE id IN (?, ?) AND fault IS NOT NULL "
                "AND substr(fault, 1, ?) != ?",
                (first.home, first.away, len(DISQUALIFIED), DISQUALIFIED),
            )
        return ids

    def match(self, match):
        """The Match of this id, or None."""
        return self._one(Match, "WHERE id = ?", match)

    def matches(self, event=None, with_annulled=False):
        """Matches of an event, or of all, by round, position and attempt."""
        some = ["event = ?"] * (event is not None) + [f"status != '{ANNULLED}'"] * (not with_annulled)
        where = f"WHERE {' AND '.join(some)}" if some else ""
        return self._all(Match, f"{where} ORDER BY event, round, position, attempt", *[event] * (event is not None))

    def fed_by(self, match):
        """A match and the later ones of a tournament that its winner, or the winner of such a match, played in."""
        chain, (mode,) = [match], self._db.execute("SELECT mode FROM event WHERE id = ?", [match.event]).fetchone()
        place = "WHERE event = ? AND round = ? AND position = ? AND status != ?"
        while mode == TOURNAMENT:
            last = chain[-1]
            following = self._one(Match, place, last.event, last.round + 1, last.position // 2, ANNULLED)
            if following is None:
                break
            chain.append(following)
        return chain

    def unrated_matches(self, rules):
        """Done Matches that one of these rules decided and that have no ratings, of all events, by their end."""
        without = "NOT EXISTS (SELECT 1 FROM rating WHERE rating.match = match.id)"
        which = ", ".join("?" * len(rules))
        return self._all(Match, f"WHERE status = ? AND rule IN ({which}) AND {without} ORDER BY ended", DONE, *rules)

    def half_round(self, half_round):
        """The HalfRound of this id, or None."""
        return self._one(HalfRound, "WHERE id = ?", half_round)

    def half_rounds(self, match):
        """A match's HalfRounds, in their order."""
        return self._all(HalfRound, "WHERE match = ? ORDER BY number", match)

    def half_rounds_after(self, half_round):
        """All HalfRounds played after this one (0: all), oldest first, without their images: quick for thousands."""
        return self._all(HalfRound, "WHERE id > ? ORDER BY id", half_round, left_out=("images",))

    def rate(self, match, ratings):
        """Adds what `finish_match` would have added, to a match that is done: (name, mu, sigma) of each team."""
        with self._writing():
            self._add_ratings(match, ratings)

    def rating(self, name):
        """A team's latest Rating, or None."""
        return self._one(Rating, "WHERE name = ? ORDER BY id DESC LIMIT 1", name)

    def ratings(self):
        """Team name -> its latest Rating."""
        latest = self._all(Rating, "WHERE id IN (SELECT max(id) FROM rating GROUP BY name) ORDER BY id")
        return {row.name: row for row in latest}

    def rating_history(self):
        """All Ratings, oldest first."""
        return self._all(Rating, "ORDER BY id")

    def suspects(self, event):
        """An event's Suspects."""
        return self._all(Suspect, "WHERE event = ? ORDER BY id", event)

    def log(self, kind, text, event=None, match=None):
        """Notes something that happened; `kind` is a short word."""
        with self._writing():
            self._note(kind, text, event, match)

    def log_entries(self, event=None):
        """LogEntries of an event, or all, oldest first."""
        return self._all(LogEntry, *(("ORDER BY id",) if event is None else ("WHERE event = ? ORDER BY id", event)))

    def data_version(self):
        """A number that differs after another process has written."""
        with self._explaining():
            return self._db.execute("PRAGMA data_version").fetchone()[0]

    @contextlib.contextmanager
    def reading(self):
        """While this is open, everything that is read is of one moment."""
        with self._explaining():
            self._db.execute("BEGIN")
        try:
            yield
        finally:
            self._db.rollback()

    def _open_to_write(self, folder):
        os.makedirs(folder, exist_ok=True)
        # A lock of SQLite's goes when the process goes, and is not passed on to its children.
        self._lock = _connect(os.path.join(folder, LOCK), timeout=0)
        try:
            self._lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise
            raise StateError(f"{folder} is in use: another battle is writing to it") from error
        self._db = _connect(self.path)
        self._check_version()
        for setting in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            self._db.execute(f"PRAGMA {setting}")
        if self._version() == 0:
            # In one transaction, unlike what executescript would do by itself.
            self._db.executescript(f"BEGIN; {schema.SCHEMA} PRAGMA user_version = {schema.VERSION}; COMMIT;")
        self._latest = self._db.execute(_LATEST).fetchone()[0] or 0.0

    def _open_to_read(self):
        if not os.path.exists(self.path):
            raise NotBegun(f"{self.path}: there is no such file")
        self._db = _connect(f"file:{urllib.parse.quote(self.path)}?mode=ro", uri=True)
        self._check_version()
        if self._version() == 0:
            raise NotBegun(f"{self.path} is empty")

    def _version(self):
        return self._db.execute("PRAGMA user_version").fetchone()[0]

    def _check_version(self):
        if self._version() > schema.VERSION:
            raise StateError(f"{self.path} was written by a newer version of this program; use that one")
        if self._version() == 0 and self._db.execute("SELECT 1 FROM sqlite_master").fetchone():
            raise StateError(f"{self.path} is not an arena's")

    @contextlib.contextmanager
    def _explaining(self):
        try:
            yield
        except (sqlite3.Error, OverflowError, OSError) as error:
            raise StateError(f"{self.path} cannot be used: {error}") from error

    @contextlib.contextmanager
    def _writing(self):
        """A transaction; yields a function that inserts a row and returns its id."""
        with self._explaining():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._insert
                self._db.execute("COMMIT")
            except BaseException:
                self._db.rollback()
                raise

    def _insert(self, table, **values):
        columns, marks = ", ".join(values), ", ".join("?" * len(values))
        values = map(_plain, values.values())
        return self._db.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", [*values]).lastrowid

    def _change(self, statement, *values):
        if self._db.execute(statement, [*map(_plain, values)]).rowcount != 1:
            raise StateError(f"{self.path} holds nothing that this would change: {values}")

    def _note(self, kind, text, event=None, match=None):
        self._insert("log", at=self._now(), event=event, match=match, kind=kind, text=text)

    def _add_ratings(self, match, ratings):
        row = self.match(match)
        for name, mu, sigma in ratings:
            self._insert("rating", name=name, event=row.event, match=match, mu=mu, sigma=sigma, at=row.ended)

    def _now(self):
        """The time, but later than all before: what is shown is in the order of these."""
        self._latest = max(time.time(), self._latest + _TICK)
        return self._latest

    def _check_playing(self, match):
        row = self.match(match)
        if row is None or row.status != PLAYING:
            raise StateError(f"match {match} is not being played: {row.status if row else 'there is none'}")

    def _one(self, kind, where, *values):
        return next(iter(self._all(kind, where, *values)), None)

    def _all(self, kind, where, *values, left_out=()):
        columns = ", ".join("NULL" if name in left_out else name for name in kind._fields)
        with self._explaining():
            found = self._db.execute(f"SELECT {columns} FROM {schema.TABLES[kind]} {where}", values).fetchall()
        return [schema.decode(kind, row) for row in found]


def _connect(path, timeout=_LOCK_SECONDS, uri=False):
    # The page's server reads from whichever thread answers.
    return sqlite3.connect(path, timeout=timeout, isolation_level=None, check_same_thread=False, uri=uri)


def _plain(value):
    """What SQLite can hold: a number of numpy's as Python's, a text without halves of characters."""
    if isinstance(value, np.generic):
        return value.item()
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
