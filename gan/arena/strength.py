"""How strong a team is believed to be, and what a match teaches about it, by the library openskill. No TensorFlow.

The model is Plackett and Luce's, openskill's default: between two teams it is Bradley and Terry's, the logistic curve
of Elo, with an uncertainty for each team (Weng and Lin 2011, JMLR 12). Before each match the uncertainty
grows a little, since teams go on training.
"""

import functools
from typing import Any, NamedTuple

from gan.console.errors import UserError
from gan.measure.estimates import NORMAL_QUANTILE

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


def after_match(winner: Strength, loser: Strength) -> tuple[Strength, Strength]:
    """Learns from a match.

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
