"""What the screen has read of the store: read again whenever that has changed, and laid out in time. No TensorFlow."""

import bisect
import time
from collections.abc import Iterator
from typing import NamedTuple

from gan.arena import events, notes, recognition, schema
from gan.arena.schedule import NextBattle
from gan.arena.schema import Event, LogEntry, Match, Rating, StoredHalfRound, Team
from gan.arena.store import Store
from gan.console.errors import Fault
from gan.contest.timing import Measured
from gan.screen import pacing, timeline
from gan.screen.pacing import EventPace, MatchPace, Plan, ShowSettings
from gan.screen.timeline import Happened, Moment

_NOTICES = ("frozen", "unfrozen", "disqualified")  # kinds of the log's entries that the hall is told of
_DISQUALIFICATIONS = ("disqualified", "reinstated")
_FREEZES = ("freeze", "thaw")  # kinds of entries about the arena as a whole


class Records:
    """What is in the store, and when the hall sees it.

    Args:
        source: opened to read.
        settings: of the show.

    Attributes:
        events: all, oldest first.
        matches: by id, annulled ones included, as are all that follow.
        half_rounds: by id, without pixels.
        teams: event -> id -> team.
        played: match -> its half rounds.
        players: teams that have played a half round.
        of_event: event -> its matches.
        forfeited: match -> team -> why it forfeited that match.
        ratings, timings: all; timings by match.
        judged: half round -> what is counted of it.
        notices: by id, entries of the log.
        next_battle: of the mock battles; None if no battle is known.
        freeze: since when, and why, an organiser wants nothing to be played; None if that is not so.
        former_names: each name that a team had -> its name now.
        moments: of everything, in order.
        version: differs whenever anything of this does.
    """

    def __init__(self, source: Store, settings: ShowSettings) -> None:
        self.store, self.settings = source, settings
        self.version = 0
        self._data_version: int | None = None
        self._laid_out = 0.0  # by the clock; what it says may go back
        self.half_rounds: dict[int, StoredHalfRound] = {}
        self.judged: dict[int, recognition.Judged | None] = {}
        self.teams: dict[int, dict[int, Team]] = {}
        self._changes: tuple[int, int] | None = None  # renamings, disqualifications and what takes them back
        # Event -> when it was finished as its teams were read, which do not change after that.
        self._finished: dict[int, float | None] = {}

    def refresh(self) -> None:
        """Reads what has changed."""
        data_version, now = self.store.data_version(), time.time()
        if data_version == self._data_version and now >= self._laid_out:  # laid out again if the clock was put back
            self._laid_out = now
            return
        with self.store.reading():
            self._read()
        self.played: dict[int, list[int]] = {}
        self.players: set[int] = set()
        for one in self.half_rounds.values():
            self.played.setdefault(one.match, []).append(one.id)
            self.players |= {one.generator, one.discriminator}
        self.of_event: dict[int, list[Match]] = {event.id: [] for event in self.events}
        for match in self.matches.values():
            self.of_event[match.event].append(match)
        self._paces: dict[int, EventPace] = {}
        happened = Happened(self.events, self.matches.values(), self.half_rounds.values(), self.notices.values())
        self.moments = timeline.laid_out(happened, self.pace_of, now)
        self.times = Times.of(self.moments)
        self._data_version, self._laid_out = data_version, now
        self.version += 1

    def _read(self) -> None:
        kept = self.store
        self.events = kept.events.all()
        self._by_id = {event.id: event for event in self.events}
        self.matches: dict[int, Match] = {match.id: match for match in kept.matches.all(with_annulled=True)}
        for one in kept.half_rounds.after(max(self.half_rounds, default=0)):
            self.half_rounds[one.id], self.judged[one.id] = one, recognition.of_half_round(one)
        changes = kept.teams.num_renamings(), len(kept.log.of_kinds(_DISQUALIFICATIONS))
        if self._changes != changes:
            self._changes = changes
            self.former_names: dict[str, str] = kept.teams.former_names()
            self._finished.clear()  # teams of events that are over have changed, too
        for event in self.events:
            if event.finished is None or event.finished != self._finished.get(event.id):
                self.teams[event.id] = {team.id: team for team in kept.teams.of_event(event.id)}
                self._finished[event.id] = event.finished
        self.forfeited: dict[int, dict[int, Fault]] = kept.matches.forfeits()
        self.ratings: list[Rating] = kept.ratings.all()
        self.timings: dict[int, Measured] = kept.timings.all()
        self.notices: dict[int, LogEntry] = {entry.id: entry for entry in kept.log.of_kinds(_NOTICES)}
        self.next_battle: NextBattle | None = kept.schedule.next_battle()
        latest = kept.log.of_kinds(_FREEZES)[-1:]
        self.freeze: LogEntry | None = next((entry for entry in latest if entry.kind == "freeze"), None)

    def event(self, id_: int) -> Event:
        """The event of this id; there must be one."""
        return self._by_id[id_]

    def listed(self, event: Event) -> int:
        """How many teams take part in an event, opened or not."""
        return len(event.options.get("teams", ())) or len(self.teams[event.id])

    def plan(self, event: Event) -> Plan:
        """What is known of an event when it begins."""
        options = event.options
        return Plan(
            event.mode,
            self.listed(event),
            event.rules,
            options.get("num_rounds", 1),
            options.get(events.MATCHES_PER_BATTLE, 1),
            options.get(events.PERIOD_SECONDS),
        )

    def pace_of_event(self, event: int) -> EventPace:
        """The pace of an event."""
        if event not in self._paces:
            self._paces[event] = EventPace(self.plan(self._by_id[event]), self.settings)
        return self._paces[event]

    def pace_of(self, match: Match) -> MatchPace:
        """The pace of a match."""
        return self.pace_of_event(match.event).of_round(match.round)

    def num_matches(self, event: Event) -> int:
        """How many matches between two teams an event has, as far as that is known."""
        if event.mode == schema.MOCK and (event.options.get(events.PAIRS) or event.finished is not None):
            return len({(one.round, one.position) for one in self.of_event[event.id]} | set(self.mock_places(event)))
        return pacing.num_matches(self.plan(event))

    def mock_places(self, event: Event) -> dict[tuple[int, int], tuple[int, int]]:
        """(round, position) -> (home, away) of a mock battle, once it is drawn."""
        pairs = event.options.get(events.PAIRS, ())
        return {
            (round_, position): (home, away)
            for round_, row in enumerate(pairs)
            for position, (home, away) in enumerate(row)
        }

    def is_disqualification(self, notice: int) -> bool:
        """Whether a notice is that a team is disqualified."""
        return self.notices[notice].kind == "disqualified"

    def is_disqualified(self, team: Team) -> bool:
        """Whether a team is disqualified now."""
        return team.fault is not None and team.fault.code == notes.DISQUALIFIED


class Times(NamedTuple):
    """When something changes on the screen, each list in order."""

    begins: list[float]
    tolds: list[float]
    ends: list[float]

    @classmethod
    def of(cls, moments: list[Moment]) -> "Times":
        """Of moments in order."""
        return cls(*([getattr(one, name) for one in moments] for name in ("begin", "told", "end")))

    def position(self, now: float) -> tuple[int, int, int]:
        """How many moments have begun, are told, and are over."""
        begun, told, over = (bisect.bisect(times, now) for times in self)
        return begun, told, over

    def after(self, now: float) -> Iterator[float]:
        """The next time of each kind, if there is one."""
        for times in self:
            place = bisect.bisect(times, now)
            if place < len(times):
                yield times[place]
