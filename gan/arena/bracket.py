"""Who meets whom: single elimination, everyone against everyone, random pairs. No TensorFlow.

In a bracket teams are known by their seeding, 1 for the best. A round has half as many matches as the one before,
and the winners of matches 2p and 2p + 1 meet in match p of the next. The places are such that seeds 1 and 2 can
only meet in the final, 1 to 4 only from the semi-finals on, and so on; places without a team are byes of the best.
Of eight teams, where the better seeded always wins:

    1 v 8 ─┐
    4 v 5 ─┴ 1 v 4 ─┐
    3 v 6 ─┐        ├ 1 v 2
    2 v 7 ─┴ 2 v 3 ─┘
"""

from typing import NamedTuple

from gan.console.errors import UserError

MIN_TEAMS, MAX_TEAMS = 2, 1024
_NAMES = {1: "final", 2: "semi-final", 4: "quarter-final"}  # by the matches of the round


class Standing(NamedTuple):
    """A team in the table of a league."""

    played: int
    won: int
    points: int
    against: int  # points of its opponents


def by_draw(names, random):
    """Seeds teams by lot.

    Args:
        names: list of teams; the same list in the same order is drawn alike from the same randomness.
        random: numpy Generator.

    Returns:
        List of the same teams, the best seeded first.
    """
    return [names[index] for index in random.permutation(len(names))]


def by_rating(names, ordinals, random):
    """Seeds teams by how strong they are; those of equal strength, and behind all those without a rating, by lot.

    Args:
        names: list of teams.
        ordinals: team -> strength, more is stronger; teams may be missing.
        random: numpy Generator.

    Returns:
        List of the same teams, the best seeded first.
    """
    return sorted(by_draw(names, random), key=lambda name: -ordinals.get(name, float("-inf")))


def num_rounds(teams):
    """Rounds of a tournament; raises UserError for numbers of teams that cannot have one."""
    _check(teams)
    return (teams - 1).bit_length()


def first_round(teams):
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
        total = 2 * len(places) + 1  # of the two seeds that meet where the better always wins
        # Each second one is turned round, which brings seed 2 to the foot of the bracket.
        pairs = [(seed, total - seed)[:: -1 if index % 2 else 1] for index, seed in enumerate(places)]
        places = [seed for pair in pairs for seed in pair]
    pairs = pairs_of(places)
    return [(home, away if away <= teams else None) for home, away in pairs]


def pairs_of(winners):
    """Pairs of a round, from the winners of the round before.

    Args:
        winners: list of seeds by position; None for a match that is not decided yet.

    Returns:
        List of (seed at home, seed away) by position, the better seeded at home; None for a pair that is not known
        yet. Empty for the winner of the final.
    """
    return [None if None in pair else (min(pair), max(pair)) for pair in zip(winners[::2], winners[1::2])]


def num_matches(round, num_rounds):
    """Matches of a round, byes among them."""
    return 2 ** (num_rounds - 1 - round)


def is_final(round, num_rounds):
    """Whether a round, from 0, is the final."""
    return round == num_rounds - 1


def round_name(round, num_rounds):
    """What a round, from 0, is called: "final", "semi-final", "quarter-final", "round of 16" and so on."""
    matches = num_matches(round, num_rounds)
    return _NAMES.get(matches, f"round of {2 * matches}")


def everyone_against_everyone(count):
    """All pairs of a league, in rounds in which nobody plays twice, by the circle method.

    All but the last team stand in a circle, and in round r those at equal distance to either side of place r meet.
    Team r itself meets the last one, or pauses where the number is odd. Everyone is as often at home as away, or
    where the number of matches is odd once more or less.

    Args:
        count: number of teams, 2 to 1,024.

    Returns:
        List of rounds; a round is a list of (home, away), teams numbered from 0.

    Raises:
        UserError: there are too few or too many teams.
    """
    _check(count)
    circle = count - 1 + count % 2
    rounds = [
        [((place + step) % circle, (place - step) % circle) for step in range(1, (circle + 1) // 2)]
        for place in range(circle)
    ]
    if count > circle:
        for place, pairs in enumerate(rounds):
            pairs.append((place, circle) if place % 2 else (circle, place))
    return rounds


def standings(teams, results):
    """The table of a league.

    Args:
        teams: all teams.
        results: of each match (home, away, (home's points, away's points), winner).

    Returns:
        Team -> Standing, in the order of `teams`.
    """
    table = {team: Standing(0, 0, 0, 0) for team in teams}
    for home, away, points, winner in results:
        for team, own, others in zip((home, away), points, reversed(points)):
            row = table[team]
            table[team] = Standing(row.played + 1, row.won + (winner == team), row.points + own, row.against + others)
    return table


def ranked(table):
    """The teams of a table, best first: wins, then points more than the opponents', then points."""
    order = {team: (-row.won, row.against - row.points, -row.points) for team, row in table.items()}
    return sorted(table, key=order.get)


def random_pairs(names, random):
    """Pairs for a mock battle, by lot.

    Args:
        names: list of teams, as many as there are.
        random: numpy Generator.

    Returns:
        (list of (home, away), the team left over or None).
    """
    drawn = by_draw(names, random)
    return list(zip(drawn[::2], drawn[1::2])), drawn[-1] if len(drawn) % 2 else None


def _check(teams):
    if not MIN_TEAMS <= teams <= MAX_TEAMS:
        raise UserError(f"{MIN_TEAMS} to {MAX_TEAMS} teams can play, not {teams}")
