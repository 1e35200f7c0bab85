"""What a team reads in `results/` after every look at its bucket: status.json and status.html. No TensorFlow.

They tell the team what was found, whether it may play or what to mend, its matches so far, and when the next battle
is. Only what the team itself handed in and what everybody may know is in them. They are written by threads of their
own: no battle waits for a bucket.
"""

import datetime
import json
import os
import queue
import tempfile
import threading
from collections.abc import Sequence
from typing import Any, NamedTuple

from gan.arena import result_delivery, result_publishing, result_texts
from gan.console.errors import UserError
from gan.contest import rules
from gan.contest.languages import ENGLISH
from gan.report import page
from gan.storage import files, paths

STATUS, PAGE = "status.json", "status.html"
WRITING_SECONDS = 60.0  # how long is waited for what is being written before the program ends
_LOOKED = "looked"  # the field that alone is no reason to write again
_MOST_BYTES = 2**20  # of a status that was written earlier
_AT_ONCE = 32  # buckets written to at a time
_TEMPLATES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "templates")


class MatchTold(NamedTuple):
    """A match of the team, as it was played."""

    event: str
    opponent: str
    points: int
    opponent_points: int
    is_won: bool | None  # None if nobody won
    rule: str  # that decided


class TeamStatus(NamedTuple):
    """What a team is told."""

    team: str
    looked: datetime.datetime  # when its bucket was looked at, aware, as are all times
    battle: str  # that the look was for
    found: bool  # whether there is a snapshot
    snapshot: str | None  # its name; None for one on disk, which no look finds
    step: int | None  # at the end of its name
    admitted: bool | None  # None before it was checked
    problems: list[str]  # why it is not found or not admitted, each with its remedy
    remarks: list[str]  # what the team should know about its snapshot
    matches: list[MatchTold]
    next_battle: datetime.datetime
    problems_ko: Sequence[str] = ()  # in Korean
    remarks_ko: Sequence[str] = ()

    def as_json(self) -> dict[str, Any]:
        """What JSON can hold; times are in ISO 8601 with their distance from UTC."""
        times = {name: getattr(self, name).isoformat(timespec="seconds") for name in (_LOOKED, "next_battle")}
        return {**self._asdict(), **times, "matches": [match._asdict() for match in self.matches]}


class StatusPages:
    """Writes statuses to teams' folders.

    Args:
        language: of the page, "en" or "ko"; status.json has both.
    """

    def __init__(self, language: str = ENGLISH) -> None:
        self._language = language
        self._waiting: dict[str, TeamStatus] = {}  # by path: the newest replaces one that waits
        self._busy: set[str] = set()
        self._written: dict[str, dict[str, Any]] = {}  # by path
        self._failed: list[tuple[str, str]] = []
        self._news = threading.Condition()
        self._turns: queue.Queue[str] = queue.Queue()
        self._threads = 0

    def write(self, path: str, status: TeamStatus) -> None:
        """Lets a team's status be written soon; returns at once.

        Args:
            path: of the team's snapshot or its folder.
            status: of the team.
        """
        with self._news:
            is_waiting = path in self._waiting
            self._waiting[path] = status
            if is_waiting or path in self._busy:
                return
            self._turns.put(path)
            if self._threads < _AT_ONCE:
                self._threads += 1
                threading.Thread(target=self._work, name="status", daemon=True).start()

    def wait(self, seconds: float = WRITING_SECONDS) -> None:
        """Waits until everything is written, for some seconds at most."""
        with self._news:
            self._news.wait_for(lambda: not self._waiting and not self._busy, seconds)

    def take_failures(self) -> list[tuple[str, str]]:
        """(team, why its status could not be written), of those that failed since the last call."""
        with self._news:
            failed, self._failed = self._failed, []
        return failed

    def _work(self) -> None:
        while True:
            path = self._turns.get()
            with self._news:
                status = self._waiting.pop(path)
                self._busy.add(path)
            try:
                self._write_changed(path, status)
            except Exception as error:  # else it would be lost with the thread, and the others wait for it
                with self._news:
                    self._failed.append((status.team, str(error)))
            with self._news:
                self._busy.discard(path)
                if path in self._waiting:
                    self._turns.put(path)
                self._news.notify_all()

    def _write_changed(self, path: str, status: TeamStatus) -> None:
        """Raises UserError or OSError if it cannot be written."""
        root = result_publishing.results_root(path)
        if not paths.is_remote(root) and not os.path.isdir(root):
            return  # a team that is not there yet gets no folder
        content = status.as_json()
        before = self._written.get(path) or _read(root)
        if before is not None and _without_look(before) == _without_look(content):
            return
        with tempfile.TemporaryDirectory() as folder:
            text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
            values = {"language": self._language, "status": status, "text": result_texts.text, "rule": rules.name}
            values |= {"looked": _shown(status.looked), "next": _shown(status.next_battle)}
            files.write_whole(os.path.join(folder, PAGE), page.render("status.html.j2", _TEMPLATES, **values).encode())
            files.write_whole(os.path.join(folder, STATUS), text.encode())
            result_delivery.deliver(folder, root, result_publishing.RESULTS)
        self._written[path] = json.loads(text)


def _read(root: str) -> dict[str, Any] | None:
    """The status that an earlier process wrote; None if there is none that can be read."""
    try:
        found = json.loads(files.read_small(paths.join(root, result_publishing.RESULTS, STATUS), _MOST_BYTES))
    except (UserError, OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _without_look(content: dict[str, Any]) -> str:
    return json.dumps({name: value for name, value in content.items() if name != _LOOKED}, sort_keys=True)


def _shown(moment: datetime.datetime) -> str:
    """An aware time with its zone: 2026-11-23 12:00 KST (UTC+09:00); with seconds if they are not 0."""
    text = f"{moment:%Y-%m-%d %H:%M{':%S' if moment.second else ''} %Z}"
    return f"{text} (UTC{moment.isoformat()[-6:]})"
