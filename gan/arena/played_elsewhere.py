"""Keeps matches that were played elsewhere, by workers, as if they had been played here. No TensorFlow."""

from collections.abc import Sequence

from gan.arena import schema
from gan.arena.arena import Arena, MatchToPlay, key_of
from gan.arena.match import MatchKey
from gan.arena.match_records import MatchPlace
from gan.arena.schema import Event, Match
from gan.contest import rules
from gan.contest.half_round import PlayedHalfRound
from gan.contest.timing import Measured


def key_of_next(arena: Arena, event: Event, wanted: MatchToPlay) -> MatchKey:
    """What will name a match that is not begun yet, for all that is random in it."""
    place = MatchPlace(event.id, wanted.round, wanted.position)
    return event.seed, wanted.round, wanted.position, arena.store.matches.next_attempt(place)


def keep(arena: Arena, event: Event, wanted: MatchToPlay, half_rounds: Sequence[PlayedHalfRound]) -> Match:
    """Keeps a match, without ratings, in one transaction.

    Args:
        arena: keeps it.
        event: that it belongs to.
        wanted: the match, of which nothing is kept yet; both teams can take part.
        half_rounds: all that were played; nobody failed.

    Returns:
        The match as it is then: done, or still being played if times must decide.
    """
    if wanted.away is None:
        raise ValueError("a bye is not played")
    place, sides = MatchPlace(event.id, wanted.round, wanted.position), (wanted.home, wanted.away)
    with arena.store.writing():
        row = arena.store.matches.begin(place, wanted.home.id, wanted.away.id, wanted.num_rounds)
        scores = [arena.keep_half_round(row, sides, number, one) for number, one in enumerate(half_rounds)]
        result = rules.match_result(scores, may_draw=_may_draw(event))
        return row if result.rule == rules.NEEDS_TIMING else arena.store.matches.finish(row.id, result)


def tied(arena: Arena, event: Event) -> dict[tuple[int, int], MatchKey]:
    """(round, position) -> key of the matches of which everything is played but the times that decide."""
    found = {}
    for row in arena.store.matches.of_event(event.id):
        if row.status == schema.PLAYING:
            scores = arena.store.half_rounds.scores_of(row.id)
            is_whole = len(scores) == 2 * row.num_rounds
            if is_whole and rules.match_result(scores, may_draw=_may_draw(event)).rule == rules.NEEDS_TIMING:
                found[row.round, row.position] = key_of(event, row)
    return found


def keep_times(
    arena: Arena, event: Event, wanted: MatchToPlay, times: rules.ModelTimes, measured: Measured | None
) -> Match:
    """Ends a match, without ratings, by the times that decide it."""
    assert wanted.away
    place = MatchPlace(event.id, wanted.round, wanted.position)
    row = arena.store.matches.begin(place, wanted.home.id, wanted.away.id, wanted.num_rounds)
    result = rules.match_result(arena.store.half_rounds.scores_of(row.id), times, _may_draw(event))
    with arena.store.writing():
        if measured:
            arena.store.timings.add(row.id, measured)
        return arena.store.matches.finish(row.id, result, (times.home, times.away))


def _may_draw(event: Event) -> bool:
    return rules.has_draws(event.mode == schema.TOURNAMENT, event.rules)
