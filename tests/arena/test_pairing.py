"""Who meets whom in a mock battle."""

import collections
import itertools
import math

import numpy as np
import pytest

from gan.arena import pairing, strength
from gan.arena.strength import Strength

NEW = Strength(25.0, 25 / 3)


@pytest.mark.parametrize("kind", [pairing.RANDOM, pairing.INFORMATIVE])
@pytest.mark.parametrize("count, wanted, expected", [(8, 3, 3), (4, 9, 3), (2, 3, 1), (0, 3, 0), (64, 5, 5)])
def test_everybody_plays_once_a_round_and_meets_nobody_twice(kind, count, wanted, expected):
    random = np.random.default_rng(0)
    strengths = [Strength(random.normal(25, 5), random.uniform(1, 8)) for _ in range(count)]
    rounds = pairing.rounds(kind, strengths, wanted, random)
    assert len(rounds) == expected
    for pairs in rounds:
        assert sorted(itertools.chain(*pairs)) == list(range(count))
    met = [frozenset(pair) for pairs in rounds for pair in pairs]
    assert len(set(met)) == len(met)


@pytest.mark.parametrize("kind", [pairing.RANDOM, pairing.INFORMATIVE])
@pytest.mark.parametrize("count", [3, 7])
def test_of_an_odd_number_one_pauses_in_each_round(kind, count):
    """As where the house team cannot play."""
    rounds = pairing.rounds(kind, [NEW] * count, 2, np.random.default_rng(0))
    assert [len(set(itertools.chain(*pairs))) for pairs in rounds] == [count - 1] * 2


def test_random_pairs_are_random():
    random, met = np.random.default_rng(0), collections.Counter()
    for _ in range(600):
        met.update(itertools.chain(*pairing.rounds(pairing.RANDOM, [NEW] * 6, 2, random)))
    assert len(met) == 30  # everyone at home to everyone
    assert min(met.values()) > 70 and max(met.values()) < 180  # 600 * 2 * 3 / 30 = 120


def test_the_same_draw_again():
    draws = [pairing.rounds(kind, [NEW] * 8, 3, np.random.default_rng(5)) for kind in ("informative", "random") * 2]
    assert draws[:2] == draws[2:]


def test_close_and_unknown_pairs_tell_most():
    known, unknown, far = Strength(25, 1), Strength(25, 8), Strength(60, 1)
    gains = pairing.gains([known, known, unknown, unknown, far])
    assert np.allclose(gains, gains.T) and (gains > -1e-3).all()
    assert gains[2, 3] > gains[0, 2] > gains[0, 1] > gains[0, 4]
    assert gains[0, 4] == pytest.approx(0, abs=1e-3)  # who is stronger is known


def test_the_gain_beside_simulated_matches():
    """What is missing to know who is stronger, before and after 20,000 drawn matches of two teams."""
    first, second, random = Strength(26, 4), Strength(24, 3), np.random.default_rng(0)
    spread, noise = 4**2 + 3**2, strength.noise(30)

    def missing(mean, variance):
        share = 0.5 * (1 + math.erf(mean / math.sqrt(2 * variance)))
        return -sum(p * math.log2(p) for p in (share, 1 - share) if p > 0)

    after = spread * noise / (spread + noise)
    means = random.normal(2, math.sqrt(spread - after), 20000)
    expected = missing(2, spread) - np.mean([missing(mean, after) for mean in means])
    assert pairing.gains([first, second])[0, 1] == pytest.approx(expected, abs=0.02)


def test_informative_pairs_neighbours():
    """Four pairs of neighbours, all known equally well, and far from the others."""
    strengths = [Strength(10 * (index // 2) + index % 2, 2) for index in (0, 4, 2, 6, 1, 5, 3, 7)]
    ((pairs),) = pairing.rounds(pairing.INFORMATIVE, strengths, 1, np.random.default_rng(0))
    assert {frozenset(pair) for pair in pairs} == {frozenset(pair) for pair in [(0, 4), (1, 5), (2, 6), (3, 7)]}
