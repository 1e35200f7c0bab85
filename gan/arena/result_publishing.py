"""Writes results of mock battles to teams' buckets; no bucket keeps the results of others waiting. No TensorFlow."""

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator, Set
from typing import NamedTuple

from gan.arena import bucket_looks, notes, recognition, result_delivery, result_pages, team_names
from gan.arena.schema import MOCK, Event, Team
from gan.arena.store import Store
from gan.console.errors import OTHER, Fault, UserError, of_system
from gan.contest.languages import ENGLISH
from gan.snapshots import checkpoint_files

PUBLISH_SECONDS = 120.0  # for all buckets together; what is not written by then is tried after the next battle
_MOST_AT_ONCE = 12  # battles whose results a team gets at a time, the newest first: its bucket may refuse them all
RESULTS, MODEL = "results", "model"  # folders of a team's bucket
UNDELIVERED = "undelivered"  # folder of arena_dir with the results that are being delivered


class _Pending(NamedTuple):
    """Results that a team lacks."""

    event: Event
    team: Team
    folder: str  # on disk, with the results


class Publishing:
    """Writes what teams lack.

    Args:
        kept: the arena's store, open to write.
        say: prints a line.
        language: of the pages, "en" or "ko".
    """

    def __init__(self, kept: Store, say: Callable[[str], None], language: str = ENGLISH) -> None:
        self._kept, self._say, self._language = kept, say, language

    def publish(self, seconds: float) -> None:
        """Writes every team's results that are not written yet, and tells what cannot be written.

        Args:
            seconds: for all buckets together.
        """
        with self._undelivered() as folder:
            by_path: dict[str, list[_Pending]] = {}
            half_rounds = result_pages.HalfRoundFiles(self._kept.half_rounds.of_match)
            for event in reversed(self._kept.events.all()):
                if event.mode == MOCK and not event.frozen and self._has_matches(event):
                    full = {path for path, wanted in by_path.items() if len(wanted) >= _MOST_AT_ONCE}
                    for pending in self._pending(event, os.path.join(folder, str(event.id)), half_rounds, full):
                        by_path.setdefault(pending.team.path, []).append(pending)
            delivered: list[_Pending] = []
            actions = {path: _delivering(pending, delivered) for path, pending in by_path.items()}
            answers = bucket_looks.ask(actions, seconds) if actions else {}
            for path, answer in answers.items():
                self._note(by_path[path], [*delivered], answer)

    @contextlib.contextmanager
    def _undelivered(self) -> Iterator[str]:
        """An empty folder for results, which is removed afterwards; what a killed process left in it goes too."""
        folder = os.path.join(os.path.dirname(self._kept.path), UNDELIVERED)
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _has_matches(self, event: Event) -> bool:
        return bool(self._kept.matches.of_event(event.id))

    def _pending(
        self, event: Event, folder: str, half_rounds: result_pages.HalfRoundFiles, full: Set[str]
    ) -> list[_Pending]:
        """Writes to folders on disk what the event's teams lack, but for those at some paths."""
        *guests, house = self._kept.teams.of_event(event.id)
        # What was written before a match was annulled and played again is not final.
        since = event.finished or 0
        entries = self._kept.log.entries(event.id)
        written = {
            entry.note.parameters["team"]
            for entry in entries
            if entry.note.code == notes.PUBLISHED and entry.at > since
        }
        lacking = [team for team in guests if team.path and team.path not in full and team.name not in written]
        names = {team.id: team_names.apart(team.name) for team in [*guests, house]}
        if not lacking:
            return []
        matches, forfeits = self._kept.matches.of_event(event.id), self._kept.matches.forfeits()
        records, timings = recognition.of_arena(self._kept), self._kept.timings.all()
        found = []
        for team in lacking:
            own = [match for match in matches if team.id in (match.home, match.away)]
            record = recognition.sentence(records.get(team.name, recognition.Recognition()), self._language)
            remarks = notes.remarks_of(team, entries, self._language)
            results = result_pages.TeamResults(event, team, own, names, remarks, forfeits, record, timings)
            results = results._replace(language=self._language)
            place = os.path.join(folder, str(team.id))
            result_pages.write(place, results, half_rounds)
            found.append(_Pending(event, team, place))
        return found

    def _note(self, wanted: list[_Pending], delivered: list[_Pending], answer: object) -> None:
        """Notes which of a team's results were written; those of events that are not over are written again later."""
        for pending in wanted:
            name, event = pending.team.name, pending.event
            if pending in delivered:
                if event.finished is not None:
                    self._kept.log.add("published", notes.note("results_published", team=name), event.id)
                continue
            self._say(f"results of {name} could not be written: {answer}")
            problem = Fault(OTHER, {"text": str(answer)})  # in the server's words, for the organiser
            self._kept.log.add("host", notes.note("results_failed", team=name, problem=problem), event.id)


def _delivering(wanted: list[_Pending], delivered: list[_Pending]) -> Callable[[], None]:
    """A function that delivers one team's results in turn and appends those that it has delivered."""

    def deliver() -> None:
        for pending in wanted:
            if pending not in delivered:
                try:
                    place = results_folder(pending.team.path, pending.event.name)
                    result_delivery.deliver(pending.folder, *place)
                except FileNotFoundError as error:
                    raise UserError(of_system(error)) from error
                delivered.append(pending)

    return deliver


def results_root(path: str) -> str:
    """The folder of a team that gets a folder `results`: gs://team for gs://team/model; others get it inside."""
    is_model = path.rstrip("/").rpartition("/")[2] == MODEL  # the usual place: then no bucket need be asked
    folder = (path if is_model else checkpoint_files.folder_of(path)).rstrip("/")
    above, _, last = folder.rpartition("/")
    return above if last == MODEL and above else folder


def results_folder(path: str, event_name: str) -> tuple[str, str]:
    """Where a team finds its results of an event: (its folder, folder inside), such as (gs://team, results/EVENT)."""
    event = event_name.replace(" ", "_").replace(":", "")
    return results_root(path), f"{RESULTS}/{event}"
