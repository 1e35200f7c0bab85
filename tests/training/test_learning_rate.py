"""Learning rates that follow the course of a run."""

import pytest

from gan.training import learning_rate


@pytest.mark.parametrize(
    "shape, shares",
    [
        ("constant", {0: 1, 0.6: 1, 1: 1}),
        ("linear", {0: 1, 0.2: 1, 0.4: 0.75, 0.6: 0.5, 1: 0}),
        ("cosine", {0: 1, 0.2: 1, 0.4: 0.8535534, 0.6: 0.5, 1: 0}),
    ],
)
def test_factor(shape, shares):
    """Held for a fifth of the run; a quarter of the way down, a cosine is at (1 + sqrt(1/2)) / 2."""
    for share, expected in shares.items():
        assert learning_rate.factor(shape, 0.2, share) == pytest.approx(expected)
