"""Numbers with their 95% intervals."""

import math
from typing import NamedTuple

import numpy as np

from gan.console.errors import UserError


def wilson(value, count):
    """A share of `count` images with its 95% interval (Wilson 1927, JASA 22): an Estimate, all in [0, 1]."""
    z = NORMAL_QUANTILE
    middle = (value + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z / (1 + z**2 / count) * math.sqrt(value * (1 - value) / count + z**2 / (4 * count**2))
    return Estimate(value, max(0.0, min(value, middle - half)), min(1.0, max(value, middle + half)))


CONFIDENCE = 0.95
NORMAL_QUANTILE = 1.959963984540054  # of 97.5%: the middle 95% lie within


class Estimate(NamedTuple):
    """A number and its 95% interval."""

    value: float
    low: float
    high: float


def bootstrap(statistic, a, b, resamples, random, correct_bias=True):
    """Estimates a statistic of two sets, with its 95% interval, from random halves of both.

    An m-out-of-n bootstrap without replacement (Politis and Romano 1994; Bickel, Gotze and van Zwet 1997) with
    m = n/2. The ordinary bootstrap draws images twice: a Frechet distance of fewer different images is too high, and
    copies ruin kernel distances and nearest neighbours. Halves hold no copies; the statistic on them varies around
    its mean as on the whole set around its expectation, since m/n (1 - m/n)^-1 = 1; and a bias of c/n doubles on
    halves, so that their mean exceeds the statistic of the whole by just the bias.

    Args:
        statistic: function of two arrays that returns a float.
        a, b: arrays of N and M images or feature vectors.
        resamples: how many times halves are drawn; 200 are enough for an interval.
        random: numpy Generator.
        correct_bias: whether a bias of c/n is taken away, from value and interval: right for distances. Without,
            value is the statistic as it is and the interval lies around it, to be compared at equal N only: right
            for precision, recall, density and coverage, whose neighbourhoods are wider on halves.

    Returns:
        An Estimate.

    Raises:
        UserError: a set has fewer than four images.
    """
    require(min(len(a), len(b)), 4)
    halves = [statistic(a[half(len(a), random)], b[half(len(b), random)]) for _ in range(resamples)]
    return from_halves(statistic(a, b), halves, correct_bias)


def require(count, at_least, what="images"):
    if count < at_least:
        raise UserError(f"{count} {what} are too few to compare; at least {at_least} are needed")


def half(count, random):
    return random.permutation(count)[: count // 2]


def from_halves(whole, halves, correct_bias):
    centre = np.mean(halves)
    low, high = np.quantile(halves, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    value = 2 * whole - centre if correct_bias else whole
    return Estimate(float(value), float(value - (high - centre)), float(value - (low - centre)))


def probability(value, error, count):
    """An estimated probability with its interval; `count` is of the smaller set."""
    if value in (0, 1):
        rule_of_three = min(3 / count, 1)
        return Estimate(value, max(value - rule_of_three, 0), min(value + rule_of_three, 1))
    log_odds, margin = math.log(value / (1 - value)), NORMAL_QUANTILE * error / (value * (1 - value))
    low, high = (1 / (1 + math.exp(-bound)) for bound in (log_odds - margin, log_odds + margin))
    return Estimate(value, low, high)
