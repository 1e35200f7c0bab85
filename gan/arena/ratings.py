"""The ratings of teams, from the matches that say something about strength. No TensorFlow."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from gan.arena import strength
from gan.arena.schema import Event, Match
from gan.arena.store import Store
from gan.arena.strength import Strength
from gan.contest import rules
from gan.contest.rules import HalfRoundScore

_WON = rules.BY_POINTS, rules.BY_FAULT, rules.BY_TIME  # what tells of strength by rules before RATES_MARGINS
_EQUAL = rules.TOSS_UP, rules.BY_SEEDING, rules.DRAWN_TIME  # what tells that both are equally strong, since then
RATED_AT_END = "rated_at_end"  # option of an event whose matches are played in any order, by workers
_TIME_IS_WORTH = 0.5  # points, of a win by less time


class MatchToRate(NamedTuple):
    """A match that is over, and the version of the rules that it was played by."""

    names: tuple[str, str]  # of home and away
    result: rules.Result
    scores: Sequence[HalfRoundScore]  # of all its half rounds
    version: int


def rated(kept: Store, match: MatchToRate) -> dict[str, Strength]:
    """Ratings after a match, as `store.matches.finish` takes them; none if it says nothing about strength.

    Args:
        kept: the arena's store.
        match: that was played.

    Raises:
        UserError: openskill is not installed.
    """
    rates_margins = match.version >= rules.RATES_MARGINS
    if match.result.rule not in (_WON + _EQUAL if rates_margins else _WON):
        return {}
    known = [kept.ratings.latest_of(name) for name in match.names]
    home, away = (row.strength if row else strength.new() for row in known)
    has_failed = match.result.rule == rules.BY_FAULT or any(score.rule != rules.GUESSED for score in match.scores)
    if rates_margins and match.scores and not has_failed:
        after = strength.after_points(home, away, _points(match.result), rules.IMAGES_OF_EACH * len(match.scores))
    elif match.result.winner == rules.HOME:
        after = strength.after_match(home, away)
    else:
        won, lost = strength.after_match(away, home)
        after = lost, won
    return dict(zip(match.names, after))


def rate_again(kept: Store, modes: Collection[str]) -> None:
    """Rates all matches again whose ratings were forgotten; see annulment.annul.

    Args:
        kept: the arena's store.
        modes: of the events that are rated. One that workers play is rated when it ends; see rate_in_order.
    """
    rated_events = {event.id: event for event in kept.events.all() if event.mode in modes and not _waits(event)}
    _rate(kept, [row for row in kept.matches.unrated(_WON + _EQUAL) if row.event in rated_events], rated_events)


def rate_in_order(kept: Store, event: Event) -> None:
    """Rates all matches of an event that are not rated yet, as if they had been played in their order."""
    rows = [row for row in kept.matches.unrated(_WON + _EQUAL) if row.event == event.id]
    with kept.writing():
        _rate(kept, sorted(rows, key=lambda row: (row.round, row.position)), {event.id: event})


def _waits(event: Event) -> bool:
    return event.finished is None and bool(event.options.get(RATED_AT_END))


def _rate(kept: Store, rows: Sequence[Match], events: Mapping[int, Event]) -> None:
    names: dict[int, str] = {}
    for row in rows:
        if row.away is not None:
            if row.home not in names:
                names |= {team.id: team.name for team in kept.teams.of_event(row.event)}
            winner = None if row.winner is None else rules.HOME if row.winner == row.home else rules.AWAY
            result = rules.Result((row.home_points or 0, row.away_points or 0), winner, row.rule or "")
            scores = kept.half_rounds.scores_of(row.id)
            match = MatchToRate((names[row.home], names[row.away]), result, scores, events[row.event].rules)
            kept.ratings.add(row.id, rated(kept, match))


def _points(result: rules.Result) -> tuple[float, float]:
    """The points that ratings follow from."""
    home, away = map(float, result.points)
    if result.rule == rules.BY_TIME:
        home += _TIME_IS_WORTH * (result.winner == rules.HOME)
        away += _TIME_IS_WORTH * (result.winner == rules.AWAY)
    return home, away
