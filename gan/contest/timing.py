"""Whose networks are faster, from measurements in pairs, and when there are enough of them. No TensorFlow.

Both sides are measured in turns, so the two measurements of a pair have the same disturbances. The question is whether
home is faster in more, or in less, than half of all pairs. It is asked again after each pair, and an ordinary interval
would find a difference between equals sooner or later. This one holds for all numbers of pairs together: between equals
it finds a difference in at most 5% of all ties, however often it is asked.

Home is faster in s of n pairs. If both sides are faster equally often, the ratio

    M = 2^n / ((n + 1) C(n, s))

of the chance of s if every share is equally probable to its chance if the share is one half is a martingale that begins
at 1. So the probability that it ever reaches 20 is at most 1/20 (Ville 1939; Robbins 1970, Annals of Mathematical
Statistics 41; Howard et al. 2021, Annals of Statistics 49). The interval of the median difference holds all values that
the same test, applied to the differences less the value, does not reject.
"""

import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple

FEWEST_PAIRS, MOST_PAIRS = 8, 100  # 7 pairs cannot tell, even if all are alike
FIXED_PAIRS = 15  # by rules before contest.rules.KNOWS_DRAWS
# Of the images that a discriminator judges in a round: a pair takes one part, in turn, and counts it so often.
PARTS = 3
PAIRS_BEFORE_GIVING_UP = 24  # then there is no use in going on if the pairs so far, up to MOST_PAIRS, would not tell
MOST_SECONDS = 2.0  # of measuring, once there are FEWEST_PAIRS: ties between equals are common, and take this long
LONGEST_SECONDS = 30.0  # of measuring, however few pairs there are: two slow teams must not stop an event
_DOUBT = 0.05  # that remains when the times tell
_MOST_DECIMALS = 6  # of milliseconds


class Measured(NamedTuple):
    """What was measured to break a tie: times of pairs, in order. A pair is a round of each side's networks."""

    home: tuple[float, ...]  # seconds
    away: tuple[float, ...]  # seconds, as many
    core: int | None  # number of the one that both sides were pinned to; None if they could not be pinned

    @property
    def seconds(self) -> tuple[float, float]:
        """(home's, away's) median, which counts."""
        return statistics.median(self.home), statistics.median(self.away)

    @property
    def interval(self) -> tuple[float, float]:
        """(low, high) seconds: home's time less away's, its median over all pairs, with 95%; infinite if unknown."""
        return interval([home - away for home, away in zip(self.home, self.away, strict=True)])

    @property
    def tells(self) -> bool:
        """Whether the times tell the sides apart: the interval leaves 0 out, on the side on which the medians are."""
        low, high = self.interval
        home, away = self.seconds
        return high < 0 and home < away or low > 0 and home > away

    @property
    def may_still_tell(self) -> bool:
        """Whether the times would tell at MOST_PAIRS if home goes on to be faster in the same share of pairs."""
        count = len(self.home)
        if count < PAIRS_BEFORE_GIVING_UP:
            return True
        faster = sum(home < away for home, away in zip(self.home, self.away, strict=True))
        return _is_unlikely(MOST_PAIRS, min(faster, count - faster) * MOST_PAIRS // count)


def interval(differences: Sequence[float]) -> tuple[float, float]:
    """The 95% interval of the median that these were drawn around; see above.

    Args:
        differences: one for each pair.

    Returns:
        (low, high); infinite if there are too few.
    """
    ordered, count = sorted(differences), len(differences)
    rejected = 0  # so many at either end are too far out to be the median
    while 2 * rejected < count and _is_unlikely(count, rejected):
        rejected += 1
    if not rejected:
        return -math.inf, math.inf
    return ordered[rejected - 1], ordered[count - rejected]


def shown(home: float, away: float) -> tuple[str, str]:
    """Two times in ms with the digits that tell them apart, two of them: ("17.31 ms", "17.12 ms").

    Args:
        home: seconds.
        away: seconds.
    """
    apart = abs(home - away) * 1000
    decimals = _MOST_DECIMALS if not apart else math.ceil(1 - math.log10(apart))
    decimals = min(max(decimals, 1), _MOST_DECIMALS)
    return f"{1000 * home:.{decimals}f} ms", f"{1000 * away:.{decimals}f} ms"


def _is_unlikely(count: int, successes: int) -> bool:
    """Whether M says that so many of so many pairs is not one half."""
    evidence = count * math.log(2) - math.log(count + 1) - math.log(math.comb(count, successes))
    return evidence >= -math.log(_DOUBT)
