"""Mock battles by a timetable: pairs among the teams that have handed in, results to each team's bucket.

Nobody need be there. A battle that was interrupted is finished first. A battle whose time has passed meanwhile is
skipped, which is told. What goes wrong with a team, its bucket or the list of teams is told, and costs no other team
anything.

The machine's clock may be wrong and be set while the arena waits. Put back, it is looked at again when the next battle
is, and no battle is held twice. Put ahead, the battles that it jumped over are skipped.
"""

import contextlib
import datetime
import errno
import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from gan.arena import (
    bucket_looks,
    events,
    freezing,
    notes,
    pairing,
    result_publishing,
    status_pages,
    team_statuses,
    teams,
)
from gan.arena.arena import Arena
from gan.arena.bucket_looks import Look
from gan.arena.database import StoreFull
from gan.arena.events import OnMatch, Outcome
from gan.arena.schedule import NextBattle
from gan.arena.schema import Event
from gan.arena.teams import Entrant
from gan.arena.timetable import Timetable
from gan.console.errors import OTHER, BucketRefused, BucketSilent, ContractError, Fault, HostError, UserError
from gan.contest import faults
from gan.contest.languages import ENGLISH
from gan.random_noise_generator import Use, random_generator
from gan.snapshots import checkpoint_files, missing

HOUSE_TEAM = teams.HOUSE_TEAM
_NAP_SECONDS = 30.0  # the longest sleep: the machine's clock may be set meanwhile
_TOO_SHORT = datetime.timedelta(seconds=5)  # for writing results; in a rehearsal, a quarter of the period is enough
_LATE = datetime.timedelta(minutes=5)  # a battle that is later was jumped over, by the clock or by a machine that slept


class Clock:
    """The time, and waiting for it. Tests have one of their own."""

    def now(self) -> datetime.datetime:
        """Aware datetime."""
        return datetime.datetime.now(datetime.timezone.utc)

    def wait_until(self, moment: datetime.datetime) -> None:
        """Sleeps until an aware datetime, or until the clock is put back."""
        before = now = self.now()
        while before <= now < moment:
            time.sleep(min((moment - now).total_seconds(), _NAP_SECONDS))
            before, now = now, self.now()


class Telling(NamedTuple):
    """How mock battles tell what happens."""

    on_match: OnMatch = lambda match, home, away: None  # called after each match
    say: Callable[[str], None] = print  # prints a line
    on_next: Callable[[str, datetime.datetime], None] = lambda name, moment: None  # called with the next battle
    on_skipped: Callable[[str, str], None] = lambda name, why: None  # called with a battle that is not held
    language: str = ENGLISH  # of the pages in teams' buckets


class MockDraw(NamedTuple):
    """Who meets whom in a mock battle."""

    kind: str = pairing.RANDOM  # or pairing.INFORMATIVE
    matches: int = 1  # of each team, if there are as many opponents


ONE_BY_LOT = MockDraw()


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
        self._language = telling.language
        self._over: set[datetime.datetime] = set()  # moments whose battles were held, or could not be
        self._on_next, self._on_skipped = telling.on_next, telling.on_skipped
        self._pages, self._snapshot_names = status_pages.StatusPages(telling.language), dict[str, str]()

    def hold(self, battles: int | None = None, drawn_by: MockDraw = ONE_BY_LOT) -> Outcome | None:
        """Holds so many mock battles; None holds them until interrupted.

        Args:
            battles: how many.
            drawn_by: who meets whom in them.

        Returns:
            How one ended that waits for the organiser, or else the last one; None if none was held.
        """
        outcome = self._go_on()
        self._publish()
        moment = None
        for _ in itertools.count() if battles is None else range(battles):
            if moment:
                self._skip_passed(moment)
            moment = self._wait_for_next()
            self._over.add(moment)
            with self._despite_a_full_disk():
                outcome = self._go_on(until=moment + _LATE) or outcome
                outcome = self._battle(moment, drawn_by) or outcome
            self._publish()
        self._pages.wait()
        self._note_unwritten()
        return self._waiting() or outcome

    def _waiting(self) -> Outcome | None:
        """A battle with matches that wait for the organiser."""
        for event in self._arena.store.events.all():
            is_open = event.mode == events.MOCK and event.finished is None
            if is_open and (held := events.held_matches(self._arena, event)):
                return Outcome(event, None, held, is_frozen=False)
        return None

    @contextlib.contextmanager
    def _despite_a_full_disk(self) -> Iterator[None]:
        """Tells that the disk is full, and ends nothing: there may be room again when the next battle is due."""
        try:
            yield
        except (StoreFull, OSError) as error:
            if isinstance(error, OSError) and error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            folder = self._arena.folder
            self._say(f"the disk of {folder} is full; make room on it: then mock battles go on at their next time")

    def _wait_for_next(self) -> datetime.datetime:
        """Waits until a battle is to be held now; returns its moment."""
        told = None
        while True:
            moment = self._next()
            if moment != told:
                self._say(f"next: {self._timetable.name(moment)}")
                self._on_next(self._timetable.name(moment), self._timetable.local(moment))
                with self._despite_a_full_disk():
                    self._arena.store.schedule.announce(self._announced(moment))
                told = moment
            self._clock.wait_until(moment)
            late = self._clock.now() - moment
            if late >= _LATE:
                self._skipped(self._timetable.name(moment), notes.note("clock_jumped"))
            elif late >= datetime.timedelta():
                return moment

    def _announced(self, moment: datetime.datetime) -> NextBattle:
        return NextBattle(self._timetable.name(moment), moment.timestamp(), self._timetable.zone)

    def _skip_passed(self, held: datetime.datetime) -> None:
        """Tells which battles are skipped, as their time passed before the one of `held` was played and delivered."""
        now = self._clock.now()
        first, last = self._timetable.next_after(held), self._timetable.last_until(now)
        if first > now:
            return
        name = self._timetable.name(first)
        if last > first:
            name = f"every battle from {name} to {self._timetable.name(last)}"
        self._skipped(name, notes.note("battle_before_lasted", battle=self._timetable.name(held)))

    def _next(self) -> datetime.datetime:
        """The next battle by the clock as it is now, without those that were held before the clock was put back."""
        moment = self._timetable.next_after(self._clock.now())
        while moment in self._over or self._arena.store.events.named(self._timetable.name(moment)):
            moment = self._timetable.next_after(moment)
        return moment

    def _battle(self, moment: datetime.datetime, drawn_by: MockDraw) -> Outcome | None:
        """One battle; None if it is skipped."""
        name = self._timetable.name(moment)
        if freezing.is_frozen(self._arena.folder):
            return self._skipped(name, notes.note("arena_is_frozen"))
        must_begin = time.monotonic() + bucket_looks.LOOK_SECONDS
        try:
            listed = teams.with_former_names(self._listed(), self._arena.store.teams.former_names())
            self._arena.make_room(len(listed) + 1)  # else a battle after the other would begin, and none could go on
        except (UserError, OSError) as error:
            return self._skipped(name, notes.of(error))
        left = must_begin - time.monotonic()
        looked = self._arena.looks.look((entrant.path for entrant in listed if not entrant.fault), left)
        self._snapshot_names.update(team_statuses.snapshot_names(looked))
        self._tell(team_statuses.after_look(self._arena.store, name, looked, listed, self._moments(moment)))
        entrants = [entrant for entrant in listed if entrant.fault or self._has_handed_in(entrant, looked)]
        if not [entrant for entrant in entrants if not entrant.fault]:
            unread = [answer for answer in looked.values() if isinstance(answer, BucketRefused | BucketSilent)]
            is_ours = unread and not self._arena.looks.has_read_another()
            return self._skipped(name, notes.note("no_bucket_readable") if is_ours else notes.note("nobody_handed_in"))
        own_seed = int(random_generator(Use.DRAW, self._seed, int(moment.timestamp())).integers(2**31))
        options = {events.PAIRING: drawn_by.kind, events.MATCHES_PER_BATTLE: drawn_by.matches}
        options[events.PERIOD_SECONDS] = (self._timetable.next_after(moment) - moment).total_seconds()
        event = events.begin(self._arena, name, events.MOCK, [*entrants, HOUSE_TEAM], own_seed, options)
        try:
            return self._play(event)
        except HostError as error:  # it goes on before the next battle
            return self._skipped(name, notes.of(error))

    def _go_on(self, until: datetime.datetime | None = None) -> Outcome | None:
        """Plays on what was interrupted, held or frozen; returns the last outcome, or None.

        Args:
            until: when no other battle is begun again, since a new one is due; None if none is.
        """
        outcome = None
        for event in self._arena.store.events.all():
            is_open = event.mode == events.MOCK and event.finished is None
            if is_open and until and self._clock.now() >= until:
                self._say(f"{event.name} is left for later: another battle is due")
                continue
            if is_open and not freezing.is_frozen(self._arena.folder):
                self._say(f"going on with {event.name}")
                try:
                    outcome = self._play(event)
                except UserError as error:  # of other real images, for example
                    self._say(f"{event.name} is left as it is: {error}")
        return outcome

    def _play(self, event: Event) -> Outcome:
        outcome = events.play(self._arena, event, self._on_match)
        self._arena.rest()
        if not outcome.is_frozen:
            moments = self._moments(self._clock.now())
            self._tell(team_statuses.after_battle(self._arena.store, event, self._snapshot_names, moments))
        return outcome

    def _skipped(self, name: str, reason: Fault) -> Outcome | None:
        """Tells that a battle is not held."""
        why = faults.sentence(reason)
        self._say(f"{name} is skipped: {why}")
        self._on_skipped(name, why)
        with self._despite_a_full_disk():
            self._arena.store.log.add("skipped", notes.note("battle_not_held", battle=name, problem=reason))
        return None

    def _listed(self) -> Sequence[Entrant]:
        """Who takes part now; a list in a bucket that does not answer is asked for again."""
        (listed,) = bucket_looks.ask({"the list of teams": self._list_teams}, bucket_looks.LOOK_SECONDS / 2).values()
        if isinstance(listed, Exception):
            raise listed
        return listed

    def _has_handed_in(self, entrant: Entrant, looked: Mapping[str, Look]) -> bool:
        """Whether a team takes part; one that does not is told of, with the reason."""
        try:
            answer = looked.get(entrant.path)
            if isinstance(answer, ContractError):
                has_some = answer.fault.code not in missing.CODES
            elif isinstance(answer, Exception):
                raise answer
            else:
                has_some = answer is not None or checkpoint_files.has_snapshot(entrant.path)
            if not has_some:
                self._say(f"{entrant.name} has handed in nothing")
            return has_some
        except (UserError, OSError) as error:
            self._say(f"{entrant.name} does not take part: {error}")
            problem = Fault(OTHER, {"text": str(error)})  # in the server's words, for the organiser
            unread = notes.note("hand_in_unreadable", team=entrant.name, problem=problem)
            self._arena.store.log.add("host", unread)
        return False

    def _moments(self, battle: datetime.datetime) -> team_statuses.Moments:
        """When a look is made, and when the battle after `battle` is."""
        local = self._timetable.local
        return team_statuses.Moments(local(self._clock.now()), local(self._timetable.next_after(battle)))

    def _tell(self, statuses: Mapping[str, status_pages.TeamStatus]) -> None:
        """Lets teams read what became of them; waits for no bucket."""
        for path, status in statuses.items():
            self._pages.write(path, status)
        self._note_unwritten()

    def _note_unwritten(self) -> None:
        for team, reason in self._pages.take_failures():
            problem = Fault(OTHER, {"text": reason})  # in the server's words, for the organiser
            with self._despite_a_full_disk():
                self._arena.store.log.add("status", notes.note("status_failed", team=team, problem=problem))

    def _publish(self) -> None:
        """Writes to every team's bucket the results that it lacks, side by side, in the time until the next battle."""
        publishing = result_publishing.Publishing(self._arena.store, self._say, self._language)
        moment = self._timetable.next_after(self._clock.now())
        left = moment - self._clock.now()
        if left < min(_TOO_SHORT, (self._timetable.next_after(moment) - moment) / 4):
            return  # no bucket would answer in time, which is nobody's fault: they are written after that battle
        with self._despite_a_full_disk():
            publishing.publish(min(result_publishing.PUBLISH_SECONDS, left.total_seconds()))


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
