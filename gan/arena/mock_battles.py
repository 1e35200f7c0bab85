"""Mock battles by a timetable: random pairs among the teams that have handed in, results to each team's bucket.

Nobody need be there. A battle that was interrupted is finished first. A battle whose time has passed meanwhile is not
held later. What goes wrong with a team, its bucket or the list of teams is told, and costs no other team anything.
"""

import contextlib
import datetime
import itertools
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from gan.arena import events, notes, result_delivery, result_pages, teams
from gan.arena.arena import Arena
from gan.arena.events import OnMatch, Outcome
from gan.arena.schema import Event
from gan.arena.teams import Entrant
from gan.arena.timetable import Timetable
from gan.console.errors import Fault, UserError
from gan.contest import faults
from gan.random_noise_generator import Use, random_generator
from gan.snapshots import checkpoint_files

RESULTS, MODEL = "results", "model"  # folders of a team's bucket
UNDELIVERED = "undelivered"  # folder of arena_dir with the results that are being delivered
_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
HOUSE_TEAM = teams.Entrant("House team", os.path.join(_PACKAGE, "house_team"), 0, None)
_NAP_SECONDS = 30.0  # the longest sleep: the machine's clock may be set meanwhile


class Clock:
    """The time, and waiting for it. Tests have one of their own."""

    def now(self) -> datetime.datetime:
        """Aware datetime."""
        return datetime.datetime.now(datetime.timezone.utc)

    def wait_until(self, moment: datetime.datetime) -> None:
        """Sleeps until an aware datetime."""
        while (left := (moment - self.now()).total_seconds()) > 0:
            time.sleep(min(left, _NAP_SECONDS))


class Telling(NamedTuple):
    """How mock battles tell what happens."""

    on_match: OnMatch = lambda match, home, away: None  # called after each match
    say: Callable[[str], None] = print  # prints a line


class MockBattles:
    """The mock battles of an arena.

    Args:
        arena: plays them.
        list_teams: function that returns who takes part now.
        timetable: when they are held.
        seed: of all that is random; every battle derives its own.
        clock: the time.
        telling: how they tell what happens.
    """

    def __init__(
        self,
        arena: Arena,
        list_teams: Callable[[], Sequence[Entrant]],
        timetable: Timetable,
        seed: int,
        clock: Clock,
        telling: Telling,
    ) -> None:
        self._arena, self._list_teams, self._timetable, self._seed = arena, list_teams, timetable, seed
        self._clock, self._on_match, self._say = clock, telling.on_match, telling.say

    def hold(self, battles: int | None = None) -> Outcome | None:
        """Holds so many mock battles; None holds them until interrupted.

        Returns:
            How the last one ended; None if none was held.
        """
        outcome, moment = self._catch_up(), self._clock.now()
        for _ in itertools.count() if battles is None else range(battles):
            moment = self._timetable.next_after(max(moment, self._clock.now()))  # the clock may be put back
            self._say(f"next: {self._timetable.name(moment)}")
            self._clock.wait_until(moment)
            outcome = self._catch_up() or outcome
            outcome = self._battle(moment) or outcome
        return outcome

    def _battle(self, moment: datetime.datetime) -> Outcome | None:
        """One battle; None if it is not held."""
        name = self._timetable.name(moment)
        if events.is_frozen(self._arena.folder):
            return self._skipped(name, notes.note("arena_is_frozen"))
        try:
            entrants = [entrant for entrant in self._list_teams() if entrant.fault or self._has_handed_in(entrant)]
        except (UserError, OSError) as error:
            return self._skipped(name, notes.of(error))
        if not [entrant for entrant in entrants if not entrant.fault]:
            return self._skipped(name, notes.note("nobody_handed_in"))
        own_seed = int(random_generator(Use.DRAW, self._seed, int(moment.timestamp())).integers(2**31))
        event = events.begin(self._arena, name, events.MOCK, [*entrants, HOUSE_TEAM], own_seed)
        return self._play(event)

    def _catch_up(self) -> Outcome | None:
        """Does what a kill, a freeze or a bucket that did not answer left undone; see `_go_on`."""
        for event in self._arena.store.events.all():
            if event.mode == events.MOCK and event.finished is not None:
                self._publish(event)
        return self._go_on()

    def _go_on(self) -> Outcome | None:
        """Plays on what was interrupted, held or frozen; returns the last outcome, or None."""
        outcome = None
        for event in self._arena.store.events.all():
            is_open = event.mode == events.MOCK and event.finished is None
            if is_open and not events.is_frozen(self._arena.folder):
                self._say(f"going on with {event.name}")
                try:
                    outcome = self._play(event)
                except UserError as error:  # of other real images, for example
                    self._say(f"{event.name} is left as it is: {error}")
        return outcome

    def _play(self, event: Event) -> Outcome:
        outcome = events.play(self._arena, event, self._on_match)
        if not outcome.is_frozen:
            self._publish(outcome.event)
        self._arena.rest()
        return outcome

    def _skipped(self, name: str, reason: Fault) -> Outcome | None:
        """Tells that a battle is not held."""
        self._say(f"{name} is not held: {faults.sentence(reason)}")
        self._arena.store.log.add("not held", notes.note("battle_not_held", battle=name, problem=reason))
        return None

    def _has_handed_in(self, entrant: Entrant) -> bool:
        try:
            if checkpoint_files.has_snapshot(entrant.path):
                return True
            self._say(f"{entrant.name} has handed in nothing")
        except (UserError, OSError) as error:
            self._say(f"{entrant.name}: {error}")
            unread = notes.note("hand_in_unreadable", team=entrant.name, problem=notes.of(error))
            self._arena.store.log.add("host", unread)
        return False

    def _publish(self, event: Event) -> None:
        """Writes every team's results to its bucket; results that are final once. Tells what cannot be written."""
        kept = self._arena.store
        *guests, house = kept.teams.of_event(event.id)
        # What was written before a match was annulled and played again is not final.
        since = event.finished or 0
        entries = kept.log.entries(event.id)
        written = {
            entry.note.parameters["team"]
            for entry in entries
            if entry.note.code == notes.PUBLISHED and entry.at > since
        }
        names = {team.id: team.name for team in [*guests, house]}
        matches = kept.matches.of_event(event.id)
        for team in guests:
            if not team.path or team.name in written:
                continue
            own = [match for match in matches if team.id in (match.home, match.away)]
            try:
                with self._undelivered() as folder:
                    remarks = notes.remarks_of(team, entries)
                    results = result_pages.TeamResults(event, team, own, names, remarks)
                    result_pages.write(folder, results, kept.half_rounds.of_match)
                    result_delivery.deliver(folder, *results_folder(team.path, event.name))
                if event.finished is not None:
                    kept.log.add("published", notes.note("results_published", team=team.name), event.id)
            except (UserError, OSError) as error:
                self._say(f"results of {team.name} could not be written: {error}")
                unwritten = notes.note("results_failed", team=team.name, problem=notes.of(error))
                kept.log.add("host", unwritten, event.id)

    @contextlib.contextmanager
    def _undelivered(self) -> Iterator[str]:
        """An empty folder for results, which is removed afterwards; what a killed process left in it goes too."""
        folder = os.path.join(self._arena.folder, UNDELIVERED)
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def keep_seed(arena: Arena, seed: int) -> int:
    """The seed of an arena's mock battles: `seed`, which the log keeps, or the one that it has kept before."""
    for entry in arena.store.log.entries():
        if entry.note.code == notes.SEED:
            return int(entry.note.parameters["seed"])
    arena.store.log.add("seed", notes.note("mock_seed", seed=seed))
    return seed


def begun(arena: Arena) -> datetime.datetime | None:
    """Aware datetime of the first mock battle that was held in an arena; None if there was none."""
    times = [event.begun for event in arena.store.events.all() if event.mode == events.MOCK]
    return datetime.datetime.fromtimestamp(min(times), datetime.timezone.utc) if times else None


def results_folder(path: str, event_name: str) -> tuple[str, str]:
    """Where a team finds its results: (its folder, folder inside).

    gs://team/model -> (gs://team, results/EVENT); other folders get them inside.
    """
    is_model = path.rstrip("/").rpartition("/")[2] == MODEL  # the usual place: then no bucket need be asked
    folder = (path if is_model else checkpoint_files.folder_of(path)).rstrip("/")
    event = event_name.replace(" ", "_").replace(":", "")
    above, _, last = folder.rpartition("/")
    return above if last == MODEL and above else folder, f"{RESULTS}/{event}"
