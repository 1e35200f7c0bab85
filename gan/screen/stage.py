"""What is on the stage at a moment: its view, and what belongs to it. No TensorFlow.

docs/arena.md lists the views.
"""

import enum
from typing import Any, NamedTuple

from gan.arena import events, schema
from gan.arena.schema import Event, LogEntry, Match
from gan.contest import rules
from gan.screen import texts
from gan.screen.records import Records
from gan.screen.timeline import CHAMPION, EVENT, HALF_ROUND, MEETS, NOTICE, RESULT, Moment
from gan.screen.told import Told

Json = dict[str, Any]

LATE_SECONDS = 180.0  # a mock battle whose time has come is being prepared for that long: buckets are looked at


class View(str, enum.Enum):
    """What the hall looks at. Each has a view of its own on the page."""

    NOTHING = "nothing"  # the arena has not begun
    OPENING = "opening"  # snapshots are being opened
    DRAW = "draw"  # it is drawn who meets whom
    COUNTDOWN = "countdown"  # until the next mock battle
    MEETS = "meets"  # who meets whom, before the first face
    FACE = "face"  # the faces of a half round
    FAILED = "failed"  # a half round in which a network failed
    BETWEEN = "between"  # a half round is told, the next one is not played yet
    TIMING = "timing"  # equal points; the networks are being timed
    WON = "won"
    TOSS_UP = "toss_up"  # won by a time that hardly tells
    DRAWN = "drawn"
    FORFEIT = "forfeit"
    ANNULLED = "annulled"
    HELD = "held"
    FROZEN = "frozen"
    CHAMPION = "champion"
    OVER = "over"  # an event without a champion
    PROBLEM = "problem"  # the store can't be read, and nothing of it was seen before


class Scene(NamedTuple):
    """A view, and whose it is."""

    view: View
    since: float  # unix seconds
    match: Match | None = None
    half_round: int | None = None

    def fields(self) -> Json:
        """As the state has it."""
        match = self.match and self.match.id
        fields = {"view": self.view.value, "since": self.since, "match": match, "half_round": self.half_round}
        return texts.without_none(fields)


class Stage:
    """The stage of an arena.

    Args:
        records: of the store.
    """

    def __init__(self, records: Records) -> None:
        self._records = records

    def scene(self, event: Event, told: Told, now: float) -> Scene:
        """What is on the stage of an event that has begun."""
        if frozen := self._frozen(event, told):
            return frozen
        last = next(moment for moment in told.latest() if self._is_on_stage(moment, event))
        if last.kind == EVENT:
            return Scene(self._before_play(event), last.begin)
        if last.kind == MEETS:
            return Scene(View.MEETS, last.begin, self._records.matches[last.id])
        if last.kind == HALF_ROUND:
            return self._of_half_round(event, last, now)
        if last.kind == RESULT:
            match = self._records.matches[last.id]
            half_rounds = self._records.played.get(match.id)
            return Scene(self.of_result(match), last.begin, match, half_rounds[-1] if half_rounds else None)
        return self._of_end(event, last, told, now)

    def changes_of_countdown(self) -> list[float]:
        """When the next mock battle should begin, is given up, or is frozen; nothing if none is known."""
        battle = self._records.next_battle
        freeze = self._records.freeze
        return [battle.at, battle.at + LATE_SECONDS, *([freeze.at] if freeze else [])] if battle else []

    def is_counting_down(self, now: float) -> bool:
        """Whether the next mock battle is awaited."""
        battle = self._records.next_battle
        return battle is not None and now < battle.at + LATE_SECONDS

    def _of_end(self, event: Event, last: Moment, told: Told, now: float) -> Scene:
        match = self._last_result(event, told)
        if event.mode == schema.TOURNAMENT and event.champion is not None:
            return Scene(View.CHAMPION, last.begin, match)
        if event.mode == schema.MOCK and now >= last.end and self.is_counting_down(now):
            freeze = self._freeze_since(event, now)
            return Scene(View.FROZEN, max(freeze.at, last.end)) if freeze else Scene(View.COUNTDOWN, last.end)
        is_of_one_match = event.mode == events.MATCH
        return Scene(View.OVER, last.begin, match if is_of_one_match else None)

    def of_result(self, match: Match) -> View:
        """The view of a match whose result is told."""
        if match.status in (schema.ANNULLED, schema.HELD):
            return View(match.status)
        if match.winner is None or match.home == match.away:
            return View.DRAWN
        if match.rule == rules.FORFEIT:
            return View.FORFEIT
        return View.TOSS_UP if match.rule == rules.TOSS_UP else View.WON

    def _before_play(self, event: Event) -> View:
        teams = self._records.teams[event.id].values()
        if len(teams) < self._records.listed(event) or not teams:
            return View.OPENING
        is_drawn = event.mode in (schema.TOURNAMENT, schema.MOCK) and any(team.seeding for team in teams)
        return View.DRAW if is_drawn else View.OPENING

    def _of_half_round(self, event: Event, moment: Moment, now: float) -> Scene:
        row = self._records.half_rounds[moment.id]
        match = self._records.matches[row.match]
        is_failed = row.played.score.rule != rules.GUESSED
        if now < moment.end:
            return Scene(View.FAILED if is_failed else View.FACE, moment.begin, match, row.id)
        if row.number == 2 * match.num_rounds - 1 and self._is_timed(event, match):
            return Scene(View.TIMING, moment.end, match, row.id)
        since = moment.begin if is_failed else moment.end
        return Scene(View.FAILED if is_failed else View.BETWEEN, since, match, row.id)

    def _is_timed(self, event: Event, match: Match) -> bool:
        """Whether a match of which all half rounds are told is decided by time."""
        if match.home == match.away:
            return False
        scores = [self._records.half_rounds[one].played.score for one in self._records.played[match.id]]
        may_draw = rules.has_draws(event.mode == schema.TOURNAMENT, event.rules)
        return rules.match_result(scores, may_draw=may_draw).rule == rules.NEEDS_TIMING

    def _last_result(self, event: Event, told: Told) -> Match | None:
        """The match whose result was told last, byes left out."""
        for moment in told.latest():
            if moment.kind == RESULT and self._is_on_stage(moment, event):
                return self._records.matches[moment.id]
        return None

    def _is_on_stage(self, moment: Moment, event: Event) -> bool:
        if moment.event != event.id or moment.kind == NOTICE:
            return False
        return moment.kind != RESULT or self._records.matches[moment.id].away is not None

    def _freeze_since(self, event: Event, now: float) -> LogEntry | None:
        """The entry by which an organiser has frozen the arena after an event had begun; None if that is not so."""
        freeze = self._records.freeze
        return freeze if freeze and event.begun < freeze.at <= now else None

    def frozen_countdown(self, event: Event, now: float) -> Json | None:
        """Why and since when the mock battle after an event is not played; None if it is."""
        freeze = self._freeze_since(event, now)
        return _told_freeze(freeze) if freeze else None

    def _frozen(self, event: Event, told: Told) -> Scene | None:
        """The view of an event that is frozen and in which nothing has been shown since."""
        latest = next((moment for moment in told.latest() if moment.event == event.id), None)
        if latest is None or latest.kind != NOTICE or self.frozen(event, told) is None:
            return None
        frozen = next(moment for moment in told.latest() if self._is_freeze(moment, event))
        return Scene(View.FROZEN, frozen.begin, self._last_result(event, told))

    def _is_freeze(self, moment: Moment, event: Event) -> bool:
        is_notice = moment.kind == NOTICE and moment.event == event.id
        return is_notice and self._records.notices[moment.id].kind == "frozen"

    def frozen(self, event: Event, told: Told) -> Json | None:
        """Why and since when an event is frozen; None if it is not, as far as that is told."""
        for id_ in reversed(told.told[NOTICE]):
            entry = self._records.notices[id_]
            if entry.event != event.id or entry.kind not in ("frozen", "unfrozen"):
                continue
            if entry.kind == "unfrozen" or event.id in told.told[CHAMPION]:
                return None
            return _told_freeze(entry)
        return None


def _told_freeze(entry: LogEntry) -> Json:
    reason = entry.note.parameters.get("reason")
    return texts.without_none({"reason": reason and texts.as_written(str(reason)), "at": entry.at})
