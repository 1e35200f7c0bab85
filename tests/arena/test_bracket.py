"""Who meets whom, for every number of teams."""

import collections
import itertools

import numpy as np
import pytest

from gan.arena import bracket
from gan.console.errors import UserError

FIRST_ROUNDS = {
    2: [(1, 2)],
    3: [(1, None), (2, 3)],
    4: [(1, 4), (2, 3)],
    5: [(1, None), (4, 5), (3, None), (2, None)],
    6: [(1, None), (4, 5), (3, 6), (2, None)],
    8: [(1, 8), (4, 5), (3, 6), (2, 7)],
    13: [(1, None), (8, 9), (5, 12), (4, 13), (3, None), (6, 11), (7, 10), (2, None)],
    16: [(1, 16), (8, 9), (5, 12), (4, 13), (3, 14), (6, 11), (7, 10), (2, 15)],
}
# Of 2, 3, ... 33 teams: what is missing to 2, 4, 8, 16, 32 or 64.
BYES = [0, 1, 0, 3, 2, 1, 0, 7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 31]


def random_generator(seed=0):
    return np.random.default_rng(seed)


def play(teams, choose):
    """Plays a tournament: a list of rounds, which are lists of pairs, and the champion."""
    pairs, rounds = bracket.first_round(teams), []
    for _ in range(bracket.num_rounds(teams)):
        rounds.append(pairs)
        winners = [choose(*pair) if pair[1] else pair[0] for pair in pairs]
        pairs = bracket.pairs_of(winners)
    assert pairs == []
    (champion,) = winners
    return rounds, champion


@pytest.mark.parametrize("teams, pairs", list(FIRST_ROUNDS.items()), ids=map(str, FIRST_ROUNDS))
def test_first_rounds_by_hand(teams, pairs):
    assert bracket.first_round(teams) == pairs


@pytest.mark.parametrize("teams, byes", list(zip(range(2, 34), BYES)))
def test_byes_go_to_the_best(teams, byes):
    pairs = bracket.first_round(teams)
    assert sorted(home for home, away in pairs if away is None) == list(range(1, byes + 1))


def test_where_the_better_seeded_wins_the_best_meet_as_late_as_can_be():
    """In a round of 2m places seed s meets seed 2m + 1 - s: 1 and 2 in the final, 1 and 4 before, and so on."""
    for teams in range(2, 1025):
        rounds, champion = play(teams, min)
        assert champion == 1
        for number, pairs in enumerate(rounds):
            places = 2 ** (len(rounds) - number)
            expected = {(s, places + 1 - s if places + 1 - s <= teams else None) for s in range(1, places // 2 + 1)}
            assert set(pairs) == expected and len(pairs) == places // 2


@pytest.mark.parametrize("teams", [2, 3, 7, 33, 64, 1023, 1024])
def test_any_team_can_win_and_the_better_seeded_is_at_home(teams):
    random = random_generator(teams)
    rounds, champion = play(teams, lambda *pair: pair[random.integers(2)])
    assert len(rounds) == bracket.num_rounds(teams) and 1 <= champion <= teams
    assert sorted(seed for pair in rounds[0] for seed in pair if seed) == list(range(1, teams + 1))
    for number, pairs in enumerate(rounds):
        assert len(pairs) == bracket.num_matches(number, len(rounds))
        assert all(home < away for home, away in pairs if away)
    assert play(teams, max)[1] == teams
    assert sum(away is not None for pairs in rounds for _, away in pairs) == teams - 1


def test_a_match_that_is_not_decided_holds_up_its_own_pair_only():
    assert bracket.pairs_of([8, None, 6, 2]) == [None, (2, 6)]
    assert bracket.pairs_of([None, None]) == [None]
    assert bracket.pairs_of([5, 3]) == [(3, 5)]


@pytest.mark.parametrize(
    "teams, names",
    [
        (2, ["final"]),
        (3, ["semi-final", "final"]),
        (5, ["quarter-final", "semi-final", "final"]),
        (16, ["round of 16", "quarter-final", "semi-final", "final"]),
        (17, ["round of 32", "round of 16", "quarter-final", "semi-final", "final"]),
    ],
)
def test_names_of_rounds(teams, names):
    total = bracket.num_rounds(teams)
    assert [bracket.round_name(number, total) for number in range(total)] == names
    assert [bracket.is_final(number, total) for number in range(total)] == [name == "final" for name in names]
    assert bracket.num_rounds(1024) == 10


@pytest.mark.parametrize("teams", [-1, 0, 1, 1025])
@pytest.mark.parametrize("function", [bracket.num_rounds, bracket.first_round, bracket.everyone_against_everyone])
def test_impossible_numbers_are_told(function, teams):
    with pytest.raises(UserError, match=f"^2 to 1024 teams can play, not {teams}$"):
        function(teams)


def test_the_draw_is_repeatable_and_fair():
    names = ["a", "b", "c", "d"]
    assert bracket.by_draw(names, random_generator(3)) == bracket.by_draw(names, random_generator(3))
    random = random_generator()
    drawn = collections.Counter(tuple(bracket.by_draw(names, random)) for _ in range(4800))
    assert len(drawn) == 24
    assert all(abs(times - 200) < 70 for times in drawn.values())  # 5 standard deviations of 13.8


def test_seeding_by_rating():
    """b is rated best, then a and d alike in drawn order, then e; c and f are unrated and behind, in drawn order."""
    ordinals = {"a": 10.0, "b": 20.5, "d": 10.0, "e": -3.0, "gone": 99.0}
    random = random_generator()
    seeded = {"".join(bracket.by_rating(list("abcdef"), ordinals, random)) for _ in range(100)}
    assert seeded == {"badecf", "badefc", "bdaecf", "bdaefc"}


def test_league_of_four_and_five_by_hand():
    assert bracket.everyone_against_everyone(4) == [
        [(1, 2), (3, 0)],
        [(2, 0), (1, 3)],
        [(0, 1), (3, 2)],
    ]
    assert bracket.everyone_against_everyone(5)[0] == [(1, 4), (2, 3)]


@pytest.mark.parametrize("count", [2, 3, 4, 5, 16, 17, 101])
def test_league(count):
    rounds = bracket.everyone_against_everyone(count)
    pairs = [pair for pairs in rounds for pair in pairs]
    assert sorted(map(sorted, pairs)) == sorted(map(list, itertools.combinations(range(count), 2)))
    assert len(rounds) == (count - 1 if count % 2 == 0 else count)
    for pairs_of_round in rounds:
        assert max(collections.Counter(itertools.chain(*pairs_of_round)).values()) == 1
    home, away = (collections.Counter(side) for side in zip(*pairs))
    assert {abs(home[team] - away[team]) for team in range(count)} == ({0} if count % 2 else {1})
