"""What the store keeps about events, their teams, and what happened: one repository class for each. No TensorFlow.

Every method that writes is one transaction, or a part of the one that it is called in.
"""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from gan.arena import notes
from gan.arena.database import Database
from gan.arena.schema import Event, LogEntry, Team
from gan.console.errors import Fault
from gan.contest import faults, rules

_NEEDED = """SELECT 1 FROM team WHERE snapshot = ? AND (fault IS NULL OR id IN (
    SELECT generator FROM half_round UNION SELECT discriminator FROM half_round)) LIMIT 1"""


class Admission(NamedTuple):
    """What a team hands in, once it could be opened. All None: it could not be had yet, by this machine's fault."""

    snapshot: str | None  # digest
    step: int | None
    fault: Fault | None  # why it cannot take part


class Log:
    """What happened."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, kind: str, note: Fault, event: int | None = None, match: int | None = None) -> None:
        """Notes something that happened; `kind` is a short word."""
        with self._database.writing():
            values = {"at": self._database.now(), "event": event, "match": match, "kind": kind}
            self._database.insert("log", {**values, "note": faults.encoded(note)})

    def entries(self, event: int | None = None) -> list[LogEntry]:
        """The entries of an event, or all, oldest first."""
        if event is None:
            return self._database.all(LogEntry, "ORDER BY id")
        return self._database.all(LogEntry, "WHERE event = ? ORDER BY id", event)


class Events:
    """Tournaments, leagues, mock battles, matches and checks."""

    def __init__(self, database: Database, log: Log) -> None:
        self._database, self._log = database, log

    def begin(self, name: str, mode: str, seed: int, size: int, options: Mapping[str, Any]) -> Event:
        """Begins an event, under the rules of now; `options` is what JSON can hold."""
        with self._database.writing():
            values = {"name": name, "mode": mode, "seed": seed, "size": size, "options": _json(options)}
            id_ = self._database.insert("event", {**values, "begun": self._database.now(), "rules": rules.VERSION})
        return self.get(id_)

    def get(self, event: int) -> Event:
        """The event of this id; there must be one."""
        return self._database.all(Event, "WHERE id = ?", event)[0]

    def named(self, name: str) -> Event | None:
        """The event of this name; None if there is none."""
        return self._database.one(Event, "WHERE name = ?", name)

    def of_match(self, match: int) -> Event:
        """The event of a match; there must be such a match."""
        return self._database.all(Event, "WHERE id = (SELECT event FROM match WHERE id = ?)", match)[0]

    def all(self) -> list[Event]:
        """All events, oldest first."""
        return self._database.all(Event, "ORDER BY id")

    def finish(self, event: int, champion: int | None) -> None:
        """Closes an event; `champion` is a team or None."""
        with self._database.writing():
            statement = "UPDATE event SET finished = ?, champion = ? WHERE id = ?"
            self._database.change(statement, self._database.now(), champion, event)

    def reopen(self, event: int) -> None:
        """Opens an event again, without a champion."""
        with self._database.writing():
            self._database.change("UPDATE event SET finished = NULL, champion = NULL WHERE id = ?", event)

    def set_frozen(self, event: int, frozen: bool, reason: str = "") -> None:
        """Freezes an event, so that nothing more is played, or lets it go on; notes it in the log."""
        with self._database.writing():
            self._database.change("UPDATE event SET frozen = ? WHERE id = ?", int(frozen), event)
            if not frozen:
                note = notes.note("arena_thawed")
            else:
                note = notes.note("arena_frozen_because", reason=reason) if reason else notes.note("arena_frozen")
            self._log.add("frozen" if frozen else "unfrozen", note, event)

    def rename(self, event: int, name: str) -> None:
        """Gives an event another name; notes it in the log."""
        with self._database.writing():
            before = self.get(event).name
            self._database.change("UPDATE event SET name = ? WHERE id = ?", name, event)
            self._log.add("renamed", notes.note("event_renamed", before=before, name=name), event)

    def references(self, event: int) -> bytes | None:
        """Pixels of an event's reference images, 15 * size bytes; None if they are not chosen yet."""
        found = self._database.values("SELECT images FROM reference WHERE event = ?", event)
        return bytes(found[0][0]) if found else None

    def set_references(self, event: int, images: bytes) -> None:
        """Keeps the pixels of an event's reference images, for good."""
        with self._database.writing():
            self._database.insert("reference", {"event": event, "images": images})

    def set_options(self, event: int, options: Mapping[str, Any]) -> None:
        """Changes an event's options."""
        with self._database.writing():
            self._database.change("UPDATE event SET options = ? WHERE id = ?", _json(options), event)


class Teams:
    """Teams, each in one event."""

    def __init__(self, database: Database, log: Log) -> None:
        self._database, self._log = database, log

    def add(self, event: int, name: str, path: str, admission: Admission) -> Team:
        """Adds a team to an event."""
        snapshot, step, fault = admission
        with self._database.writing():
            values = {"event": event, "name": name, "path": path, "snapshot": snapshot, "step": step}
            id_ = self._database.insert("team", {**values, "fault": faults.encoded(fault)})
        return self.get(id_)

    def get(self, team: int) -> Team:
        """The team of this id; there must be one."""
        return self._database.all(Team, "WHERE id = ?", team)[0]

    def of_event(self, event: int) -> list[Team]:
        """An event's teams, in the order in which they were added."""
        return self._database.all(Team, "WHERE event = ? ORDER BY id", event)

    def set_paths(self, event: int, paths: Mapping[str, str]) -> None:
        """Changes the paths of an event's teams, name -> path; notes each change in the log."""
        with self._database.writing():
            for team in self.of_event(event):
                if paths[team.name] != team.path:
                    self._database.change("UPDATE team SET path = ? WHERE id = ?", paths[team.name], team.id)
                    changed = notes.note("path_changed", team=team.name, path=paths[team.name], before=team.path)
                    self._log.add("path", changed, event)

    def set_admission(self, team: int, admission: Admission) -> None:
        """Notes what a team hands in, once it could be had."""
        snapshot, step, fault = admission
        with self._database.writing():
            statement = "UPDATE team SET snapshot = ?, step = ?, fault = ? WHERE id = ?"
            self._database.change(statement, snapshot, step, faults.encoded(fault), team)

    def admit_again(self, team: int) -> None:
        """Forgets what a team handed in if it cannot take part, unless it is disqualified: it is opened again."""
        fault = self.get(team).fault
        if fault is not None and fault.code != notes.DISQUALIFIED:
            self.set_admission(team, Admission(None, None, None))

    def is_snapshot_needed(self, digest: str) -> bool:
        """Whether a team that may play or has played handed in the snapshot of this digest."""
        return bool(self._database.values(_NEEDED, digest))

    def disqualify(self, team: int, reason: str) -> None:
        """Lets a team forfeit what it has not played yet, and what is played again; notes it in the log."""
        with self._database.writing():
            found = self.get(team)
            fault = faults.encoded(notes.note("team_disqualified", reason=reason))
            self._database.change("UPDATE team SET fault = ? WHERE id = ?", fault, team)
            self._log.add("disqualified", notes.note("disqualification", team=found.name, reason=reason), found.event)

    def set_seeding(self, event: int, seeding: Mapping[int, int]) -> None:
        """Notes the draw: team -> position, 1 is best."""
        with self._database.writing():
            for team, position in seeding.items():
                self._database.change("UPDATE team SET seeding = ? WHERE id = ? AND event = ?", position, team, event)


def _json(options: Mapping[str, Any]) -> str:
    return json.dumps(options, ensure_ascii=False)
