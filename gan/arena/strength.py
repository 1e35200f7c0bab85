"""How strong a team is believed to be, and what a match teaches about it, by the library openskill. No TensorFlow.

Points say more than who won, so ratings follow from points. Each team's strength is a normal distribution. A match
shows the difference of two strengths with noise, and Bayes's rule says what is believed after it. This is TrueSkill for
scores (Guo, Sanner, Graepel and Buntine 2012, "Score-based Bayesian skill learning", ECML PKDD). The noise of points
depends on the points. So we take the angle 2 arcsin(sqrt(share of right guesses)): its variance is 1/N for N images,
whatever the share (Anscombe 1948, Biometrika 35).

A match in which a network failed has no such points. It counts as won and lost, as every match does under rules before
version 3. The model is then Plackett and Luce's, openskill's default: between two teams it is Bradley and Terry's, the
logistic curve of Elo, with an uncertainty for each team (Weng and Lin 2011, JMLR 12).

Before each match the uncertainty grows a little, since teams go on training.
"""

import functools
import math
from typing import Any, NamedTuple

from gan.console.errors import UserError
from gan.measure.estimates import NORMAL_QUANTILE

_DRIFT = 25 / 300  # by which the uncertainty grows before a match: standard deviation; openskill's own number
_UNITS = 14.0  # of the scale per radian: a new team's angle is believed to lie within 0.6 of the others' mean
_STYLE = 0.2  # radians: how far a team does better or worse against one opponent than their strengths say
_CAUTION = 3  # sigmas below mu; hardly any team is weaker than that. openskill's own number


class Strength(NamedTuple):
    """What is believed about a team's strength: a normal distribution."""

    mu: float  # 25 for a new team; the scale has no unit
    sigma: float

    @property
    def ordinal(self) -> float:
        """A strength that the team has almost certainly; teams are ranked by it."""
        return self.mu - _CAUTION * self.sigma

    @property
    def interval(self) -> tuple[float, float]:
        """(low, high): the strength lies between them with 95% probability."""
        return self.mu - NORMAL_QUANTILE * self.sigma, self.mu + NORMAL_QUANTILE * self.sigma


def new() -> Strength:
    """The Strength of a team that has not played; raises UserError if openskill is not installed."""
    return _ours(_model().rating())


def after_points(
    first: Strength, second: Strength, points: tuple[float, float], num_images: int
) -> tuple[Strength, Strength]:
    """Learns from the points of a match in which nothing failed.

    Args:
        first: one team's strength before the match.
        second: the other's.
        points: (first's, second's) right guesses; half points are allowed.
        num_images: that each of them judged.

    Returns:
        Both after the match.
    """
    difference = _UNITS * (_angle(points[0] / num_images) - _angle(points[1] / num_images))
    variances = [one.sigma**2 + _DRIFT**2 for one in (first, second)]
    total = sum(variances) + noise(num_images)
    surprise = difference - (first.mu - second.mu)
    signs = 1, -1
    return tuple(  # type: ignore[return-value]  # of two
        Strength(one.mu + sign * variance / total * surprise, math.sqrt(variance * (1 - variance / total)))
        for one, variance, sign in zip((first, second), variances, signs)
    )


def noise(num_images: int) -> float:
    """The variance of the difference that a match shows, if each team judges so many images in it."""
    return _UNITS**2 * 2 * (1 / num_images + _STYLE**2)


def after_match(winner: Strength, loser: Strength) -> tuple[Strength, Strength]:
    """Learns from who won a match.

    Args:
        winner: the winner's before the match.
        loser: the loser's before the match.

    Returns:
        The winner's and the loser's after the match.

    Raises:
        UserError: openskill is not installed.
    """
    model = _model()
    before = [[model.rating(mu=strength.mu, sigma=strength.sigma)] for strength in (winner, loser)]  # the first won
    (won,), (lost,) = model.rate(before)
    return _ours(won), _ours(lost)


def _angle(share: float) -> float:
    return 2 * math.asin(math.sqrt(min(1.0, max(0.0, share))))


def _ours(rating: Any) -> Strength:
    return Strength(rating.mu, rating.sigma)


@functools.cache
def _model() -> Any:
    try:
        from openskill.models import PlackettLuce
    except ImportError as error:
        raise UserError(
            "ratings need the library openskill, which `pip install 'gan-contest[arena]'` installs"
        ) from error
    return PlackettLuce()
