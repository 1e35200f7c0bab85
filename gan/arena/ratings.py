"""How strong the teams are, with uncertainty, from who beat whom, by the library openskill. No TensorFlow.

The model is Plackett and Luce's, openskill's default: between two teams it is Bradley and Terry's, the logistic curve
of Elo, with an uncertainty for each team (Weng and Lin 2011, JMLR 12). Before each match the uncertainty
grows a little, since teams go on training.
"""

import functools
from typing import NamedTuple

from gan.console.errors import UserError
from gan.contest import rules
from gan.measure.estimates import NORMAL_QUANTILE

_TELLING = rules.BY_POINTS, rules.BY_FAULT, rules.BY_TIME  # results that say something about strength
_CAUTION = 3  # sigmas below mu, where a strength is that hardly anybody falls short of; openskill's own number


class Strength(NamedTuple):
    """What is believed about a team's strength: a normal distribution."""

    mu: float  # 25 for somebody new; the scale has no unit
    sigma: float

    @property
    def ordinal(self):
        """A strength that the team has with near certainty, to rank by: little is known of it, little is claimed."""
        return self.mu - _CAUTION * self.sigma

    @property
    def interval(self):
        """(low, high) between which the strength lies with 95% probability."""
        return self.mu - NORMAL_QUANTILE * self.sigma, self.mu + NORMAL_QUANTILE * self.sigma


def new():
    """The Strength of a team that has not played; raises UserError where openskill is not installed."""
    return _ours(_model().rating())


def after_match(winner, loser):
    """Learns from a match.

    Args:
        winner: Strength before the match.
        loser: likewise.

    Returns:
        (Strength, Strength) of the winner and of the loser after it.

    Raises:
        UserError: openskill is not installed.
    """
    model = _model()
    before = [[model.rating(mu=rating.mu, sigma=rating.sigma)] for rating in (winner, loser)]  # the first won
    return tuple(_ours(after) for (after,) in model.rate(before))


def of(row):
    """The Strength in a store.Rating."""
    return Strength(row.mu, row.sigma)


def rated(kept, rule, names):
    """Ratings after a match, as store.Store.finish_match takes them; none where it says nothing about strength.

    Args:
        kept: a store.Store.
        rule: of rules.py, that decided the match.
        names: (winner, loser).
    """
    if rule not in _TELLING:
        return []
    known = [kept.rating(name) for name in names]
    before = [of(row) if row else new() for row in known]
    return [(name, after.mu, after.sigma) for name, after in zip(names, after_match(*before))]


def rate_again(kept, modes):
    """Rates anew what the ratings were forgotten of; see store.Store.annul.

    Args:
        kept: a store.Store.
        modes: of the events that are rated.
    """
    rated_events, names = {event.id for event in kept.events() if event.mode in modes}, {}
    for row in kept.unrated_matches(_TELLING):
        if row.event in rated_events:
            if row.winner not in names:
                names |= {team.id: team.name for team in kept.teams(row.event)}
            loser = row.away if row.winner == row.home else row.home
            kept.rate(row.id, rated(kept, row.rule, [names[row.winner], names.get(loser)]))


def _ours(rating):
    return Strength(rating.mu, rating.sigma)


@functools.cache
def _model():
    try:
        from openskill.models import PlackettLuce
    except ImportError as error:
        raise UserError(
            "ratings need the library openskill, which `pip install 'gan-contest[arena]'` brings"
        ) from error
    return PlackettLuce()
