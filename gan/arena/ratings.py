"""The ratings of teams, from the matches that say something about strength. No TensorFlow."""

from collections.abc import Collection

from gan.arena import strength
from gan.arena.store import Store
from gan.arena.strength import Strength
from gan.contest import rules

_TELLING = rules.BY_POINTS, rules.BY_FAULT, rules.BY_TIME  # results that say something about strength


def rated(kept: Store, rule: str, winner: str, loser: str) -> dict[str, Strength]:
    """Ratings after a match, as `store.matches.finish` takes them; none if it says nothing about strength.

    Args:
        kept: the arena's store.
        rule: of contest.rules, that decided the match.
        winner: name of the team.
        loser: name of the team.

    Raises:
        UserError: openskill is not installed.
    """
    if rule not in _TELLING:
        return {}
    known = [kept.ratings.latest_of(name) for name in (winner, loser)]
    before = [row.strength if row else strength.new() for row in known]
    won, lost = strength.after_match(*before)
    return {winner: won, loser: lost}


def rate_again(kept: Store, modes: Collection[str]) -> None:
    """Rates all matches again whose ratings were forgotten; see annulment.annul.

    Args:
        kept: the arena's store.
        modes: of the events that are rated.
    """
    rated_events = {event.id for event in kept.events.all() if event.mode in modes}
    names: dict[int | None, str] = {}
    for row in kept.matches.unrated(_TELLING):
        if row.event in rated_events:
            if row.winner not in names:
                names |= {team.id: team.name for team in kept.teams.of_event(row.event)}
            loser = row.away if row.winner == row.home else row.home
            kept.ratings.add(row.id, rated(kept, row.rule or "", names[row.winner], names[loser]))
