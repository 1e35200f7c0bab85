"""The border between real and generated, fitted to held-out images."""

import numpy as np
import pytest

from gan.snapshots import calibration

LOGITS = np.array([2.0, -1.0, 0.5, -3.0, 4.0])


def probabilities(logits):
    return 1 / (1 + np.exp(-logits))


def test_logits():
    np.testing.assert_allclose(calibration.logits(probabilities(LOGITS)), LOGITS)
    assert np.isfinite(calibration.logits(np.float32([0, 1]))).all()


@pytest.mark.parametrize(
    "acceptance, expected",
    [(0.2, -3.0), (0.4, -1.25), (0.5, 0.25), (0.6, 0.25), (0.8, 2.0), (1.0, 4.0)],
)
def test_offset(acceptance, expected):
    """Sorted: -3, -1, 0.5, 2, 4. Four of five are accepted by a border at -2, between -3 and -1."""
    assert calibration.offset(LOGITS, acceptance) == pytest.approx(expected)
    accepted = (LOGITS + expected > 0).mean()
    assert accepted >= acceptance and accepted - acceptance < 1 / len(LOGITS)


def test_of_equal_logits_all_are_accepted():
    """The border is halfway to the next smaller one, or 1 below the smallest."""
    assert calibration.offset(np.full(100, 2.2), 0.9) == pytest.approx(1 - 2.2)
    found = np.array([-1.0] * 5 + [1.0] * 15 + [3.0] * 80)  # 90 of 100 would end within those of 1
    assert calibration.offset(found, 0.9) == pytest.approx(0)
