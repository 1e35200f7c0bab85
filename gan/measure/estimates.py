"""Numbers with their 95% intervals, and how people read them. No TensorFlow."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from gan.console.errors import UserError

CONFIDENCE = 0.95
NORMAL_QUANTILE = 1.959963984540054  # of 97.5%: the middle 95% of a normal distribution lie within


class Estimate(NamedTuple):
    """A number and its 95% interval."""

    value: float
    low: float
    high: float


Number = Estimate | float  # a measured number, with or without an interval


def value_of(number: Number) -> float:
    """The number itself, with or without an interval."""
    return number.value if isinstance(number, Estimate) else number


def wilson(value: float, count: int) -> Estimate:
    """A share of `count` images with its 95% interval (Wilson 1927, JASA 22); all in [0, 1]."""
    z = NORMAL_QUANTILE
    middle = (value + z**2 / (2 * count)) / (1 + z**2 / count)
    half_width = z / (1 + z**2 / count) * math.sqrt(value * (1 - value) / count + z**2 / (4 * count**2))
    return Estimate(value, max(0.0, min(value, middle - half_width)), min(1.0, max(value, middle + half_width)))


def difference(one: tuple[int, int], other: tuple[int, int]) -> Estimate:
    """The difference of two shares of different images, with its 95% interval (Agresti and Caffo 2000, Am. Stat. 54).

    Args:
        one, other: (how many, of how many).

    Returns:
        Share of `one` less share of `other`, in [-1, 1].
    """
    value = one[0] / one[1] - other[0] / other[1]
    shares = [((count + 1) / (total + 2), total + 2) for count, total in (one, other)]
    middle = shares[0][0] - shares[1][0]
    return _around(value, middle, sum(share * (1 - share) / total for share, total in shares))


def matched_difference(lost: int, won: int, count: int) -> Estimate:
    """The difference of two shares of the same images, with its 95% interval (Agresti and Min 2005, Stat. Med. 24).

    Args:
        lost: images that are counted in the first share alone.
        won: images that are counted in the second share alone.
        count: images in all.

    Returns:
        First share less second share, in [-1, 1].
    """
    return _around((lost - won) / count, *_adjusted(lost, won, count))


def difference_of_matched(one: tuple[int, int, int], other: tuple[int, int, int]) -> Estimate:
    """The difference of two matched differences, each of its own images, with its 95% interval.

    Args:
        one, other: (lost, won, count), as `matched_difference` takes them.
    """
    value = (one[0] - one[1]) / one[2] - (other[0] - other[1]) / other[2]
    (middle, variance), (other_middle, other_variance) = _adjusted(*one), _adjusted(*other)
    return _around(value, middle - other_middle, variance + other_variance, most=2.0)


def _adjusted(lost: int, won: int, count: int) -> tuple[float, float]:
    """(middle, variance) of a matched difference, with half an image added to each of the four cells."""
    off, total = (lost + 0.5, won + 0.5), count + 2
    return (off[0] - off[1]) / total, (sum(off) - (off[0] - off[1]) ** 2 / total) / total**2


def _around(value: float, middle: float, variance: float, most: float = 1.0) -> Estimate:
    """An estimate whose interval stays within -most and most."""
    half_width = NORMAL_QUANTILE * math.sqrt(variance)
    low, high = max(-most, middle - half_width), min(most, middle + half_width)
    return Estimate(value, min(value, low), max(value, high))


def bootstrap(
    statistic: Callable[[np.ndarray, np.ndarray], float],
    a: np.ndarray,
    b: np.ndarray,
    resamples: int,
    random: np.random.Generator,
    correct_bias: bool = True,
) -> Estimate:
    """Estimates a statistic of two sets, with its 95% interval, from random halves of both.

    This is an m-out-of-n bootstrap without replacement (Politis and Romano 1994; Bickel, Gotze and van Zwet 1997)
    with m = n/2. The ordinary bootstrap draws images twice: a Frechet distance of fewer different images is too high,
    and copies ruin kernel distances and nearest neighbours. Halves hold no copies. The statistic on halves varies
    around its mean as much as the statistic of the whole set varies around its expectation, because
    m/n (1 - m/n)^-1 = 1. A bias of c/n doubles on halves, so the mean over halves exceeds the statistic of the whole
    by exactly the bias.

    Args:
        statistic: function of two arrays that returns a float.
        a, b: arrays of N and M images or feature vectors.
        resamples: how many times halves are drawn; 200 are enough for an interval.
        random: for the halves.
        correct_bias: True subtracts a bias of c/n from the value and the interval: right for distances. False keeps
            the statistic as it is, with the interval around it, to be compared at equal N only: right for precision,
            recall, density and coverage, whose neighbourhoods are wider on halves.

    Raises:
        UserError: a set has fewer than four images.
    """
    require(min(len(a), len(b)), 4)
    halves = [statistic(a[half(len(a), random)], b[half(len(b), random)]) for _ in range(resamples)]
    return from_halves(statistic(a, b), halves, correct_bias)


def require(count: int, at_least: int, what: str = "images") -> None:
    """Raises UserError if there are too few."""
    if count < at_least:
        raise UserError(f"{count} {what} are too few to compare; at least {at_least} are needed")


def half(count: int, random: np.random.Generator) -> np.ndarray:
    """Draws half of the indices below `count`, none twice: int [count // 2]."""
    return random.permutation(count)[: count // 2]


def from_halves(whole: float, halves: Sequence[float] | np.ndarray, correct_bias: bool) -> Estimate:
    """The estimate of a statistic from its value on the whole sets and on random halves; see `bootstrap`."""
    centre = np.mean(halves)
    low, high = np.quantile(halves, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    value = 2 * whole - centre if correct_bias else whole
    return Estimate(float(value), float(value - (high - centre)), float(value - (low - centre)))


def probability(value: float, error: float, count: int) -> Estimate:
    """An estimated probability with its interval.

    Args:
        value: in [0, 1].
        error: standard error of the value.
        count: of the smaller set.
    """
    if value in (0, 1):
        rule_of_three = min(3 / count, 1)
        return Estimate(value, max(value - rule_of_three, 0), min(value + rule_of_three, 1))
    log_odds, margin = math.log(value / (1 - value)), NORMAL_QUANTILE * error / (value * (1 - value))
    low, high = (1 / (1 + math.exp(-bound)) for bound in (log_odds - margin, log_odds + margin))
    return Estimate(value, low, high)


def percent(share: float) -> str:
    """A share as people read it: 0.123 -> 12%. Only 1 reads as 100%, and only 0 as 0%."""
    rounded = f"{share:.0%}"
    if rounded == "100%" and share < 1:
        return ">99%"
    return "<1%" if rounded == "0%" and share > 0 else rounded


def percent_interval(estimate: Estimate) -> str:
    """An interval of shares as people read it: 10% to 15%, or 10% if both ends read the same."""
    return " to ".join(dict.fromkeys([percent(estimate.low), percent(estimate.high)]))
