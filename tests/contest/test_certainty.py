"""How sure a result is, beside drawn shares and values that are known."""

import numpy as np
import pytest
from test_rules import half

from gan.contest import certainty


def test_known_values():
    """Of one image each: p ~ Beta(2, 1), q ~ Beta(1, 2), so P(p < q) is the integral of (1 - p)^2 2p = 1/6."""
    assert certainty.share_is_larger((1, 1), (0, 1)) == pytest.approx(5 / 6)
    assert certainty.share_is_larger((0, 0), (0, 0)) == pytest.approx(0.5)
    assert certainty.share_is_larger((22, 30), (22, 30)) == pytest.approx(0.5)
    assert certainty.share_is_larger((30, 30), (0, 30)) == pytest.approx(1)


@pytest.mark.parametrize("first, second", [((23, 30), (22, 30)), ((26, 30), (30, 30)), ((71, 90), (60, 90))])
def test_as_drawn(first, second):
    random = np.random.default_rng(0)
    p, q = (random.beta(1 + right, 1 + count - right, 10**6) for right, count in (first, second))
    assert certainty.share_is_larger(first, second) == pytest.approx((p > q).mean(), abs=0.002)


def test_a_match():
    """Away judges first: 22 for away, 23 for home."""
    home, away = certainty.of_match([half(22), half(23)])
    assert home == pytest.approx(0.614, abs=5e-4) and home + away == 1
    final = certainty.of_match([half(20), half(22), half(25), half(20), half(18), half(22)])
    assert final[0] == certainty.share_is_larger((64, 90), (63, 90))


def test_where_guesses_did_not_decide():
    assert certainty.of_match([]) is None
    assert certainty.of_match([half(20), half(20, "failed")]) is None
    assert certainty.of_match([half(20, None, "slow"), half(20)]) is None
