"""What the store keeps about events, their teams, and what happened: one repository class for each. No TensorFlow.

Every method that writes is one transaction, or a part of the one that it is called in.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from gan.arena import notes
from gan.arena.database import Database
from gan.arena.schema import Event, LogEntry, Team
from gan.console.errors import Fault
from gan.contest import faults, rules

_NEEDED = """SELECT 1 FROM team WHERE snapshot = ? AND (fault IS NULL OR id IN (
    SELECT generator FROM half_round UNION SELECT discriminator FROM half_round) OR id IN (
    SELECT team FROM disqualification WHERE before IS NULL)) LIMIT 1"""


class Admission(NamedTuple):
    """What a team hands in, once it could be opened. All None: it could not be had yet, by this machine's fault."""

    snapshot: str | None  # digest
    step: int | None
    fault: Fault | None  # why it cannot take part


class Log:
    """What happened.

    Attributes:
        by: who does what is noted from now on, such as anna@hall; None for the program itself.
    """

    by: str | None = None

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, kind: str, note: Fault, event: int | None = None, match: int | None = None) -> None:
        """Notes something that happened; `kind` is a short word."""
        with self._database.writing():
            values = {"at": self._database.now(), "event": event, "match": match, "kind": kind}
            added = self._database.insert("log", {**values, "note": faults.encoded(note)})
            if self.by:
                self._database.insert("log_author", {"log": added, "name": self.by})

    def authors(self) -> dict[int, str]:
        """Entry -> who did what it says; without those of the program itself."""
        return dict(self._database.values("SELECT log, name FROM log_author"))

    def entries(self, event: int | None = None) -> list[LogEntry]:
        """The entries of an event, or all, oldest first."""
        if event is None:
            return self._database.all(LogEntry, "ORDER BY id")
        return self._database.all(LogEntry, "WHERE event = ? ORDER BY id", event)

    def of_kinds(self, kinds: Sequence[str]) -> list[LogEntry]:
        """The entries of some kinds, oldest first."""
        marks = ", ".join("?" * len(kinds))
        return self._database.all(LogEntry, f"WHERE kind IN ({marks}) ORDER BY id", *kinds)


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
            kept = "INSERT OR IGNORE INTO disqualification VALUES (?, ?)"
            self._database.execute(kept, team, faults.encoded(found.fault))
            self._log.add("disqualified", notes.note("disqualification", team=found.name, reason=reason), found.event)

    def reinstate(self, team: int, reason: str) -> None:
        """Lets a team that was disqualified take part as it could before; notes it in the log."""
        with self._database.writing():
            found = self.get(team)
            before = self._database.values("SELECT before FROM disqualification WHERE team = ?", team)
            if before:
                self._database.change("UPDATE team SET fault = ? WHERE id = ?", before[0][0], team)
                self._database.execute("DELETE FROM disqualification WHERE team = ?", team)
            else:  # by an earlier version of this program, which did not keep it: the snapshot is opened again
                self.set_admission(team, Admission(None, None, None))
            self._log.add("reinstated", notes.note("reinstatement", team=found.name, reason=reason), found.event)

    def names(self) -> dict[str, list[int]]:
        """Name -> the events with a team of this name, oldest first; also of teams that are not admitted yet."""
        listed = [(name, event) for name, event in self._database.values("SELECT name, event FROM team ORDER BY id")]
        for event, text in self._database.values("SELECT id, options FROM event ORDER BY id"):
            listed += [(team[0], event) for team in json.loads(text).get("teams", ())]
        found: dict[str, list[int]] = {}
        for name, event in dict.fromkeys(listed):
            found.setdefault(name, []).append(event)
        return found

    def rename(self, before: str, name: str, mended: Collection[str] = ()) -> None:
        """Gives a team another name, in all events, in the ratings and in what the log tells of it; notes it there.

        Args:
            before: its name now.
            name: its new name, which no other team has.
            mended: codes of faults that the new name mends, in events that are not over.
        """
        with self._database.writing():
            for table in ("team", "rating"):
                self._database.execute(f"UPDATE {table} SET name = ? WHERE name = ?", name, before)
            for id_, text in self._database.values("SELECT id, note FROM log"):
                note = json.loads(text)
                if note["parameters"].get("team") == before:
                    note["parameters"]["team"] = name
                    self._database.change("UPDATE log SET note = ? WHERE id = ?", _json(note), id_)
            for event, text, finished in self._database.values("SELECT id, options, finished FROM event"):
                options = json.loads(text)
                self._rename_in(options, before, name, mended if finished is None else ())
                self._database.change("UPDATE event SET options = ? WHERE id = ?", _json(options), event)
                if finished is None:
                    self._mend(event, name, mended)
            values = {"at": self._database.now(), "before": before, "name": name}
            self._database.insert("renaming", values)
            self._log.add("renamed", notes.note("team_renamed", before=before, name=name))

    def num_renamings(self) -> int:
        """How often teams got other names."""
        return int(self._database.values("SELECT count(*) FROM renaming")[0][0])

    def former_names(self) -> dict[str, str]:
        """Each name that a team had before it was renamed -> the one that it has now."""
        now: dict[str, str] = {}
        for before, name in self._database.values("SELECT before, name FROM renaming ORDER BY id"):
            now = {old: name if new == before else new for old, new in now.items()} | {before: name}
            now.pop(name, None)
        return now

    def _rename_in(self, options: dict[str, Any], before: str, name: str, mended: Collection[str]) -> None:
        """Changes a team's name in an event's options, and forgets a fault that this mends."""
        for team in options.get("teams", ()):
            if team[0] == before:
                team[0] = name
                if team[2] and team[2]["code"] in mended:
                    team[2] = None

    def _mend(self, event: int, name: str, mended: Collection[str]) -> None:
        """Lets a team of this name be admitted if all that it lacked was a good name."""
        for team in self.of_event(event):
            if team.name == name and team.fault is not None and team.fault.code in mended:
                self.set_admission(team.id, Admission(None, None, None))

    def set_seeding(self, event: int, seeding: Mapping[int, int]) -> None:
        """Notes the draw: team -> position, 1 is best."""
        with self._database.writing():
            for team, position in seeding.items():
                self._database.change("UPDATE team SET seeding = ? WHERE id = ? AND event = ?", position, team, event)


def _json(options: Mapping[str, Any]) -> str:
    return json.dumps(options, ensure_ascii=False)
