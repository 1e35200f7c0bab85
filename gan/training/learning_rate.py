"""Learning rates that follow the course of a run: full for most of it, then falling to nothing. No TensorFlow."""

import math
from collections.abc import Callable

# Ways out where training diverges.
_TRY_LOWER = "try lower learning rates: --base_learning_rate, and --generator_learning_rate where it is set"
_LOOK_AT_CODE = (
    "the learning rate seldom does that in the first step; look in the networks and the loss for a logarithm or a "
    "square root of 0 and for a division by 0, or "
)
SHAPES = CONSTANT, LINEAR, COSINE = "constant", "linear", "cosine"
GRAINS = 1000  # equal parts of a run; the learning rate is set again at the start of each


def way_out(step: int) -> str:
    """What to do if the numbers of a training are no longer finite after this step."""
    return (_LOOK_AT_CODE if step <= 1 else "") + _TRY_LOWER


def factor(shape: str, hold: float, share_done: float) -> float:
    """What to multiply the learning rate by.

    Args:
        shape: one of SHAPES.
        hold: share of the run before which the factor is 1, in [0, 1).
        share_done: share of the run that is done, in [0, 1].

    Returns:
        1 until `hold`, then falling to 0 at the end of the run; always 1 for CONSTANT.
    """
    fallen = max(0.0, (share_done - hold) / (1 - hold))
    return {CONSTANT: 1.0, LINEAR: 1 - fallen, COSINE: (1 + math.cos(math.pi * fallen)) / 2}[shape]


class Schedule:
    """Lets the learning rate follow a run.

    Args:
        shape: one of SHAPES.
        hold: see `factor`.
        set_factor: called with each new factor.
    """

    def __init__(self, shape: str, hold: float, set_factor: Callable[[float], None]) -> None:
        self._shape, self._hold, self._set_factor = shape, hold, set_factor
        self._grains_told: int | None = None

    def follow(self, share_done: float) -> None:
        """Takes the share of the run that is done, in [0, 1]; call before each step."""
        if self._shape == CONSTANT:
            return
        # A whole number of grains, so that a run that goes on does the same as one that never stopped.
        grains = math.floor(share_done * GRAINS)
        if grains != self._grains_told:
            self._set_factor(factor(self._shape, self._hold, grains / GRAINS))
            self._grains_told = grains
