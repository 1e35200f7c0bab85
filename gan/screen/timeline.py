"""When the hall sees what happened: every match, half round, result and champion in its turn. No TensorFlow.

The arena plays a half round in milliseconds. The hall sees its faces one by one, so the show lags behind. Everything
that happened is shown in its order. It begins when it has happened and what came before it is over:

    an event     begins at once
    a meeting    before the first half round of a match: who meets whom
    half round   its faces as `reveal` says; told with the last of them. If something failed, told as it begins
    result       told as it begins, and followed by a pause; a bye, and that a match is held, take no time
    champion     told as it begins
    a notice     told as it begins, takes no time: the event is frozen or goes on, a team is disqualified

How long each takes, `pacing` says. All times follow from the times in the store and from the settings alone. So all
viewers see the same, and a server that was started again goes on where it was. An annulled match keeps its time in the
show.
"""

import math
from collections.abc import Callable, Collection, Iterable
from typing import NamedTuple

from gan.arena import schema
from gan.arena.schema import Event, LogEntry, Match, StoredHalfRound
from gan.contest import rules
from gan.screen import reveal
from gan.screen.pacing import MatchPace

EVENT, MEETS, HALF_ROUND, RESULT, CHAMPION, NOTICE = "event", "meets", "half_round", "result", "champion", "notice"
KINDS = EVENT, MEETS, HALF_ROUND, RESULT, CHAMPION, NOTICE

PaceOf = Callable[[Match], MatchPace]


class Moment(NamedTuple):
    """Something that is shown, and when."""

    kind: str  # of KINDS
    id: int  # of the event, match, half round, match, event, or entry of the log
    event: int
    begin: float  # unix seconds
    told: float  # when all of it is known
    end: float  # when the next one may begin


class Happened(NamedTuple):
    """What the store says."""

    events: Collection[Event]
    matches: Collection[Match]  # of all events, annulled ones included
    half_rounds: Collection[StoredHalfRound]  # of all matches; their pixels are not needed
    notices: Collection[LogEntry]  # each of an event


def laid_out(happened: Happened, pace_of: PaceOf, now: float = math.inf) -> list[Moment]:
    """Lays out everything that happened.

    A clock that was ahead for a while leaves times in the store that are yet to come. What happened is over by the
    next half round, and by now.

    Args:
        happened: all of it.
        pace_of: function that says how long a match takes.
        now: unix seconds; nothing happened later.

    Returns:
        Moments in order; their begins, told times and ends never go back.
    """
    of_match = {match.id: match for match in happened.matches}
    of_half_round = {one.id: one for one in happened.half_rounds}
    moments: list[Moment] = []
    end = 0.0
    for at, _, kind, id_, event in sorted(_in_order(happened, of_match, now)):
        if kind == HALF_ROUND and of_half_round[id_].number == 0:
            match = of_match[of_half_round[id_].match]
            meets = pace_of(match).meets
            if meets:
                begin = max(at, end)
                end = begin + meets
                moments.append(Moment(MEETS, match.id, event, begin, begin, end))
        begin = told = max(at, end)
        end = begin
        if kind == HALF_ROUND:
            row = of_half_round[id_]
            told, end = _seen(row, pace_of(of_match[row.match]), begin)
        elif kind == RESULT and _is_result(of_match[id_]):
            pace = pace_of(of_match[id_])
            end = begin + pace.result + pace.pause
        elif kind == CHAMPION:
            end = begin + max((pace_of(one).result for one in happened.matches if one.event == id_), default=0.0)
        moments.append(Moment(kind, id_, event, begin, told, end))
    return moments


def is_shown_in_faces(half_round: StoredHalfRound) -> bool:
    """Whether the faces of a half round are shown one by one: not if something failed."""
    seen = half_round.played.shown
    return half_round.played.score.rule == rules.GUESSED and seen is not None and seen.probabilities is not None


def groups_of(half_round: StoredHalfRound, pace: MatchPace) -> list[reveal.Group]:
    """When the faces of a half round are shown, from its begin; none if something failed."""
    seen = half_round.played.shown
    if seen is None or not is_shown_in_faces(half_round):
        return []
    return reveal.groups(len(seen.truth), pace.half_round)


def _seen(half_round: StoredHalfRound, pace: MatchPace, begin: float) -> tuple[float, float]:
    """When a half round that begins then is told, and when it is over."""
    groups = groups_of(half_round, pace)
    return (begin + groups[-1].told, begin + groups[-1].end) if groups else (begin, begin + pace.of_failed())


_Happening = tuple[float, float, str, int, int]  # when, order at the same time, kind, id, event


def _in_order(happened: Happened, of_match: dict[int, Match], now: float) -> list[_Happening]:
    """Everything, to be sorted. Of the same time, a result comes just after the last half round of its match."""
    times = _Times.at_the_latest(happened.half_rounds, now)
    found: list[_Happening] = [
        (min(event.finished, now), math.inf, CHAMPION, event.id, event.id)
        for event in happened.events
        if event.finished is not None
    ]
    found += [(times.of[one.id], one.id, HALF_ROUND, one.id, of_match[one.match].event) for one in happened.half_rounds]
    found += [
        (times.end(one.id, _ended(one, times), now), times.last.get(one.id, 0) + 0.5, RESULT, one.id, one.event)
        for one in happened.matches
        if one.status != schema.PLAYING
    ]
    found += [
        (min(one.at, now), math.inf, NOTICE, one.id, one.event) for one in happened.notices if one.event is not None
    ]
    begun = {event.id: min(event.begun, now) for event in happened.events}
    for when, _, _, _, event in found:  # of a clock that was ahead at first, the first half round knows more
        begun[event] = min(begun[event], when)
    return [*found, *((begun[event.id], 0.0, EVENT, event.id, event.id) for event in happened.events)]


class _Times(NamedTuple):
    """When half rounds were played at the latest: before those that follow."""

    of: dict[int, float]  # half round -> when
    last: dict[int, int]  # match -> its last half round
    stored: dict[int, float]  # match -> when the last of its half rounds was played, as the store says
    over: dict[int, float]  # match -> when the half round after its last one was played

    @classmethod
    def at_the_latest(cls, half_rounds: Iterable[StoredHalfRound], now: float) -> "_Times":
        times = cls({}, {}, {}, {})
        for one in sorted(half_rounds, key=lambda one: one.id, reverse=True):
            times.last.setdefault(one.match, one.id)
            times.over.setdefault(one.match, now)
            times.stored[one.match] = max(one.at, times.stored.get(one.match, one.at))
            now = times.of[one.id] = min(now, one.at)
        return times

    def end(self, match: int, stored: float, now: float) -> float:
        """When a match ended: after its last half round, and before the one that follows."""
        if match not in self.last:
            return min(stored, now)
        return max(self.of[self.last[match]], min(stored, self.over[match]))


def _is_result(match: Match) -> bool:
    """Whether there is something to look at: not for a bye, nor for a match that is held and may go on."""
    return match.away is not None and match.ended is not None


def _ended(match: Match, times: _Times) -> float:
    """When a match ended, or was held: the store does not say when, so just after what was played of it."""
    if match.ended is not None:
        return match.ended
    return max(match.begun, times.stored.get(match.id, match.begun))
