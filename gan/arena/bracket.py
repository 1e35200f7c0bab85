"""Who meets whom: single elimination, and everyone against everyone. No TensorFlow.

In a bracket teams are known by their seeding, 1 for the best. A round has half as many matches as the one before,
and the winners of matches 2p and 2p + 1 meet in match p of the next. The places are such that seeds 1 and 2 can
only meet in the final, 1 to 4 only from the semi-finals on, and so on. Places without a team are byes of the best.
Eight teams, if the better seeded always wins:

    1 v 8 ─┐
    4 v 5 ─┴ 1 v 4 ─┐
    3 v 6 ─┐        ├ 1 v 2
    2 v 7 ─┴ 2 v 3 ─┘
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, TypeVar

import numpy as np

from gan.console.errors import UserError

MIN_TEAMS, MAX_TEAMS = 2, 1024
_NAMES = {1: "final", 2: "semi-final", 4: "quarter-final"}  # by the matches of the round

_Team = TypeVar("_Team")


class Standing(NamedTuple):
    """A team in the table of a league."""

    played: int
    won: int
    points: int
    against: int  # points of its opponents
    drawn: int = 0


def by_draw(names: Sequence[_Team], random: np.random.Generator) -> list[_Team]:
    """Seeds teams by lot.

    Args:
        names: of the teams; the same names in the same order and the same randomness give the same draw.
        random: of the draw.

    Returns:
        The same names, the best seeded first.
    """
    return [names[index] for index in random.permutation(len(names))]


def by_rating(names: Sequence[_Team], ordinals: Mapping[_Team, float], random: np.random.Generator) -> list[_Team]:
    """Seeds teams by strength, and teams of equal strength by lot; teams without a rating come last, by lot.

    Args:
        names: of the teams.
        ordinals: name -> strength, more is stronger; teams may be missing.
        random: of the draw.

    Returns:
        The same names, the best seeded first.
    """
    return sorted(by_draw(names, random), key=lambda name: -ordinals.get(name, float("-inf")))


def num_rounds(teams: int) -> int:
    """Rounds of a tournament of so many teams; raises UserError if there are too few or too many."""
    _check(teams)
    return (teams - 1).bit_length()


def first_round(teams: int) -> list[tuple[int, int | None]]:
    """Pairs of the first round.

    Args:
        teams: number of teams, 2 to 1,024.

    Returns:
        List of (seed at home, seed away) by position; away is None for a bye.

    Raises:
        UserError: there are too few or too many teams.
    """
    _check(teams)
    places = [1]
    while len(places) < teams:
        total = 2 * len(places) + 1  # of the two seeds that meet if the better always wins
        # Every second pair is reversed: this brings seed 2 to the foot of the bracket.
        pairs = [(seed, total - seed)[:: -1 if index % 2 else 1] for index, seed in enumerate(places)]
        places = [seed for pair in pairs for seed in pair]
    pairs_of_seeds = [(min(pair), max(pair)) for pair in zip(places[::2], places[1::2])]
    return [(home, away if away <= teams else None) for home, away in pairs_of_seeds]


def pairs_of(winners: Sequence[int | None]) -> list[tuple[int, int] | None]:
    """Pairs of a round, from the winners of the round before.

    Args:
        winners: seeds by position; None for a match that is not decided yet.

    Returns:
        List of (seed at home, seed away) by position, the better seeded at home; None for a pair that is not known
        yet. Empty for the winner of the final.
    """
    pairs = zip(winners[::2], winners[1::2])
    return [None if one is None or other is None else (min(one, other), max(one, other)) for one, other in pairs]


def num_matches(round: int, num_rounds: int) -> int:
    """Matches of a round, byes included."""
    return 1 << (num_rounds - 1 - round)


def is_final(round: int, num_rounds: int) -> bool:
    """Whether a round, from 0, is the final."""
    return round == num_rounds - 1


def round_name(round: int, num_rounds: int) -> str:
    """What a round, from 0, is called: "final", "semi-final", "quarter-final", "round of 16" and so on."""
    matches = num_matches(round, num_rounds)
    return _NAMES.get(matches, f"round of {2 * matches}")


def everyone_against_everyone(count: int) -> list[list[tuple[int, int]]]:
    """All pairs of a league, in rounds in which nobody plays twice, by the circle method.

    All but the last team stand in a circle, and in round r those at equal distance to either side of place r meet.
    Team r itself meets the last team, or pauses if the number of teams is odd. Everyone is as often at home as away, or
    once more or less if everyone has an odd number of matches.

    Args:
        count: number of teams, 2 to 1,024.

    Returns:
        List of rounds; a round is a list of (home, away), teams numbered from 0.

    Raises:
        UserError: there are too few or too many teams.
    """
    _check(count)
    circle = count - 1 + count % 2
    return [circle_round(count, place) for place in range(circle)]


def circle_round(count: int, place: int) -> list[tuple[int, int]]:
    """The pairs of one round of `everyone_against_everyone`; `place` is its number, from 0."""
    circle = count - 1 + count % 2
    pairs = [((place + step) % circle, (place - step) % circle) for step in range(1, (circle + 1) // 2)]
    if count > circle:
        pairs.append((place, circle) if place % 2 else (circle, place))
    return pairs


def standings(
    teams: Iterable[int], results: Iterable[tuple[int, int | None, tuple[int | None, int | None], int | None]]
) -> dict[int, Standing]:
    """The table of a league.

    Args:
        teams: ids of all teams.
        results: of each match that is done (home, away, (home's points, away's points), winner).

    Returns:
        Team -> Standing, in the order of `teams`.
    """
    table = {team: Standing(0, 0, 0, 0) for team in teams}
    for home, away, points, winner in results:
        for team, own, others in ((home, points[0], points[1]), (away, points[1], points[0])):
            if team is not None and own is not None and others is not None:  # byes have no points
                row = table[team]
                won, drawn = row.won + (winner == team), row.drawn + (winner is None)
                table[team] = Standing(row.played + 1, won, row.points + own, row.against + others, drawn)
    return table


def ranked(table: Mapping[int, Standing]) -> list[int]:
    """The teams of a table, best first."""
    return sorted(table, key=lambda team: rank(table[team]))


def rank(row: Standing) -> tuple[int, int, int]:
    """What orders a table, less for the better: wins, then points more than the opponents', then points."""
    return -row.won, row.against - row.points, -row.points


def _check(teams: int) -> None:
    if not MIN_TEAMS <= teams <= MAX_TEAMS:
        raise UserError(f"{MIN_TEAMS} to {MAX_TEAMS} teams can play, not {teams}")
