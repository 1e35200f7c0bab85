"""Learning rates that follow the course of a run: full for most of it, then falling to nothing. No TensorFlow."""

import math

SHAPES = CONSTANT, LINEAR, COSINE = "constant", "linear", "cosine"


def factor(shape, hold, share_done):
    """What to multiply the learning rate by.

    Args:
        shape: one of SHAPES.
        hold: share of the run before which the factor is 1, in [0, 1).
        share_done: share of the run that is done, in [0, 1].

    Returns:
        A float: 1 until `hold`, then falling to 0 at the end of the run; always 1 for CONSTANT.
    """
    fallen = max(0.0, (share_done - hold) / (1 - hold))
    return {CONSTANT: 1.0, LINEAR: 1 - fallen, COSINE: (1 + math.cos(math.pi * fallen)) / 2}[shape]
