"""When the hall sees what happened: every half round, result and champion in its turn. No TensorFlow.

The arena plays a half round in milliseconds. The hall sees its faces uncovered one by one, so the show lags behind.
With a pace of P seconds, everything that happened is shown in its order. It begins when it has happened and what came
before it is over:

    half round   card k of N is uncovered at begin + P (k + 1) / (N + 2); it is told, and over, at begin + P
    result       told as it begins, over after WINNER_SECONDS, or after P if that is shorter; a bye, and that a
                 match is held, at once
    champion     told as it begins, over after WINNER_SECONDS, or after P if that is shorter
    an event     begins at once

These times follow from the times in the store and from P alone. So all viewers see the same, and a server that was
started again goes on where it was. An annulled match keeps its time in the show.
"""

import math
from collections.abc import Collection, Iterable
from typing import NamedTuple

from gan.arena import schema
from gan.arena.schema import Event, Match, StoredHalfRound

PACE = 6.0  # seconds a half round, unless the organiser says otherwise
WINNER_SECONDS = 4
EVENT, HALF_ROUND, RESULT, CHAMPION = "event", "half_round", "result", "champion"


class Moment(NamedTuple):
    """Something that is shown, and when."""

    kind: str  # EVENT, HALF_ROUND, RESULT or CHAMPION
    id: int  # of the event, half round, match, or event
    event: int
    begin: float  # unix seconds
    told: float  # when all of it is known
    end: float  # when the next one may begin


def laid_out(
    events: Iterable[Event],
    matches: Collection[Match],
    half_rounds: Collection[StoredHalfRound],
    pace: float,
    now: float = math.inf,
) -> list[Moment]:
    """Lays out everything that happened.

    A clock that was ahead for a while leaves times in the store that are yet to come. What happened is over by the
    next half round, and by now.

    Args:
        events: all events.
        matches: of all events, annulled ones included.
        half_rounds: of all matches; their pixels are not needed.
        pace: seconds a half round.
        now: unix seconds; nothing happened later.

    Returns:
        Moments in order; their begins, told times and ends never go back.
    """
    of_match, times = {match.id: match for match in matches}, _Times.at_the_latest(half_rounds, now)
    # Of the same time, an event comes first, and a result just after the last half round of its match.
    happened = [(min(event.begun, now), 0.0, EVENT, event.id, event.id) for event in events]
    happened += [
        (min(event.finished, now), math.inf, CHAMPION, event.id, event.id)
        for event in events
        if event.finished is not None
    ]
    happened += [(times.of[one.id], one.id, HALF_ROUND, one.id, of_match[one.match].event) for one in half_rounds]
    happened += [
        (times.end(one.id, _ended(one, half_rounds), now), times.last.get(one.id, 0) + 0.5, RESULT, one.id, one.event)
        for one in matches
        if one.status != schema.PLAYING
    ]
    pause = min(WINNER_SECONDS, pace)
    moments: list[Moment] = []
    end = 0.0
    for at, _, kind, id_, event in sorted(happened):
        begin = max(at, end)
        told = begin + (pace if kind == HALF_ROUND else 0)
        is_looked_at = kind == CHAMPION or kind == RESULT and _is_result(of_match[id_])
        end = told + (pause if is_looked_at else 0)
        moments.append(Moment(kind, id_, event, begin, told, end))
    return moments


class _Times(NamedTuple):
    """When half rounds were played at the latest: before those that follow."""

    of: dict[int, float]  # half round -> when
    last: dict[int, int]  # match -> its last half round
    over: dict[int, float]  # match -> when the half round after its last one was played

    @classmethod
    def at_the_latest(cls, half_rounds: Iterable[StoredHalfRound], now: float) -> "_Times":
        times = cls({}, {}, {})
        for one in sorted(half_rounds, key=lambda one: one.id, reverse=True):
            times.last.setdefault(one.match, one.id)
            times.over.setdefault(one.match, now)
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


def _ended(match: Match, half_rounds: Iterable[StoredHalfRound]) -> float:
    """When a match ended, or was held: the store does not say when, so just after what was played of it."""
    if match.ended is not None:
        return match.ended
    return max([match.begun, *(one.at for one in half_rounds if one.match == match.id)])
