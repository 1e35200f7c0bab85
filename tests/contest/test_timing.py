"""Times in pairs: what tells, how often equals are told apart all the same, and what is shown."""

import math

import numpy as np
import pytest

from gan.contest import timing
from gan.contest.timing import Measured


def measured(home, away):
    return Measured(tuple(home), tuple(away), 0)


def test_how_many_pairs_it_takes_at_least():
    """All of n pairs on one side: M = 2^n / (n + 1), 16 for 7 pairs and 28.4 for 8; the limit is 20."""
    assert timing.interval([-1.0] * 7) == (-math.inf, math.inf)
    assert timing.interval([-1.0] * 8) == (-1.0, -1.0)


def test_the_interval_by_hand():
    """Of 15 pairs 2 may lie on the other side: 2^15 / (16 C(15, 2)) = 19.5 < 20, but C(15, 1): 136.5."""
    assert timing.interval(list(range(15))) == (1, 13)
    ones_off = [-1.0] * 14 + [5.0]
    assert timing.interval(ones_off)[1] < 0 < timing.interval([-1.0] * 13 + [5.0, 6.0])[1]


def test_a_clear_difference_tells():
    assert measured([0.0171] * 15, [0.0173] * 15).tells
    assert not measured([0.0171] * 15, [0.0171] * 15).tells


def test_the_fewest_pairs_can_just_tell():
    """2^7 / 8 = 16 and 2^8 / 9 = 28, of which 20 tell."""
    assert timing.FEWEST_PAIRS == 8
    assert measured([1.0] * 8, [2.0] * 8).tells and not measured([1.0] * 7, [2.0] * 7).tells


def test_when_there_is_no_use_in_going_on():
    """10 of 25 would be 40 of 100, which does not tell: 2^100 / (101 C(100, 40)) = 0.9. 7 of 25, so 28, would: 2511."""

    def with_faster(number):
        return measured([1.0] * number + [3.0] * (25 - number), [2.0] * 25)

    assert not with_faster(10).may_still_tell and not with_faster(15).may_still_tell
    assert with_faster(7).may_still_tell and with_faster(18).may_still_tell
    assert measured([1.0, 3.0] * 11, [2.0] * 22).may_still_tell  # too few to judge


def test_the_medians_and_the_pairs_must_agree():
    """Home is a little slower in 12 of 16 pairs, but far faster where it counts for its median: nothing is told."""
    home, away = [2.1] * 14 + [0.1] * 15, [2.0] * 14 + [0.05] * 15
    found = measured(home, away)
    assert found.interval[0] > 0 and found.seconds == (0.1, 0.05) and found.tells
    turned = measured([3.0] * 9 + [1.0] * 20, [0.9] * 9 + [2.0] * 20)
    assert turned.seconds == (1.0, 2.0) and not turned.tells


def test_equals_are_hardly_ever_told_apart():
    """Asked after each pair: at most 5%; a difference of 0.7 standard deviations is nearly always found."""
    random = np.random.default_rng(0)

    def ends_told(shift):
        differences = random.normal(shift, 1, timing.MOST_PAIRS).tolist()
        for count in range(timing.FEWEST_PAIRS, timing.MOST_PAIRS + 1):
            low, high = timing.interval(differences[:count])
            if low > 0 or high < 0:
                return True
        return False

    assert sum(ends_told(0) for _ in range(200)) <= 0.05 * 200
    assert sum(ends_told(0.7) for _ in range(40)) >= 38


@pytest.mark.parametrize(
    "home, away, texts",
    [
        (0.01731, 0.01712, ("17.31 ms", "17.12 ms")),
        (0.0171, 0.0173, ("17.10 ms", "17.30 ms")),
        (0.020, 0.015, ("20.0 ms", "15.0 ms")),
        (0.0171004, 0.0171, ("17.10040 ms", "17.10000 ms")),
        (0.0171, 0.0171, ("17.100000 ms", "17.100000 ms")),
        (1.2, 0.3, ("1200.0 ms", "300.0 ms")),
    ],
)
def test_the_digits_that_decide(home, away, texts):
    assert timing.shown(home, away) == texts
