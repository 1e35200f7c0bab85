"""Estimates with intervals, by numbers that were worked out by hand."""

import numpy as np
import pytest

from gan.measure import estimates


def test_differences_of_shares():
    # (8 + 1) / 12 - (3 + 1) / 12 = 5/12, variance (0.75 * 0.25 + 1/3 * 2/3) / 12 = 0.034143; 1.96 * 0.18478 = 0.36216
    found = estimates.difference((8, 10), (3, 10))
    assert found == pytest.approx((0.5, 5 / 12 - 0.36216, 5 / 12 + 0.36216), abs=1e-4)
    # 12 lost and 3 won of 98: (12.5 - 3.5) / 100 = 0.09, variance (16 - 81 / 100) / 100**2 = 0.001519
    found = estimates.matched_difference(12, 3, 98)
    assert found == pytest.approx((9 / 98, 0.09 - 0.07639, 0.09 + 0.07639), abs=1e-4)
    # Against as many again that neither lose nor win: (0.5 - 0.5) / 100 = 0, variance 1 / 100**2
    found = estimates.difference_of_matched((12, 3, 98), (0, 0, 98))
    assert found == pytest.approx((9 / 98, 0.09 - 0.07887, 0.09 + 0.07887), abs=1e-4)


def test_intervals_of_differences_hold_the_truth_and_stay_in_range():
    random = np.random.default_rng(1)
    held = matched = 0
    for _ in range(2000):
        one, other = random.binomial(80, 0.95), random.binomial(60, 0.8)
        found = estimates.difference((one, 80), (other, 60))
        held += found.low <= 0.15 <= found.high
        _, lost, won = random.multinomial(80, [0.85, 0.1, 0.05])
        found = estimates.matched_difference(lost, won, 80)
        matched += found.low <= 0.05 <= found.high
    assert 0.93 < held / 2000 < 0.98 and 0.93 < matched / 2000 < 0.98
    assert estimates.matched_difference(50, 0, 50).high == 1 and estimates.difference((9, 9), (0, 9)).high == 1
    assert estimates.matched_difference(0, 0, 50).low < 0 < estimates.matched_difference(0, 0, 50).high
