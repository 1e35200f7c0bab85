"""Ratings: what must hold whatever the model, and the library itself beside ours."""

import random
import subprocess
import sys

import pytest
from openskill.models import PlackettLuce

from gan.arena import ratings
from gan.arena.ratings import Strength


def test_what_a_rating_says():
    """25 - 3 * 2; 25 -+ 1.96 * 2."""
    rating = Strength(25.0, 2.0)
    assert rating.ordinal == 19
    assert rating.interval == pytest.approx((21.08, 28.92), abs=1e-4)


def test_as_the_library_reckons_it():
    model = PlackettLuce()
    assert ratings.new() == (model.rating().mu, model.rating().sigma) == (25, 25 / 3)
    for winner, loser in [((25, 25 / 3), (25, 25 / 3)), ((31.5, 2.5), (18, 7)), ((12, 1), (40, 3.5))]:
        [[won], [lost]] = model.rate([[model.rating(*winner)], [model.rating(*loser)]], ranks=[1, 2])
        found = ratings.after_match(Strength(*winner), Strength(*loser))
        assert found == ((won.mu, won.sigma), (lost.mu, lost.sigma))
        assert all(isinstance(rating, Strength) for rating in found)


def test_a_match_between_newcomers():
    """The winner rises by as much as the loser falls, and more is known of both."""
    won, lost = ratings.after_match(ratings.new(), ratings.new())
    assert won.mu - 25 == pytest.approx(25 - lost.mu) and won.mu > 25
    assert won.sigma == pytest.approx(lost.sigma) and won.sigma < 25 / 3
    assert won.ordinal > ratings.new().ordinal


def test_a_surprise_moves_more():
    strong, weak = Strength(32.0, 4.0), Strength(18.0, 4.0)
    expected, surprise = ratings.after_match(strong, weak), ratings.after_match(weak, strong)
    assert 0 < expected[0].mu - strong.mu < surprise[0].mu - weak.mu
    assert 0 < weak.mu - expected[1].mu < strong.mu - surprise[1].mu


def test_who_is_well_known_moves_less():
    known, unknown = ratings.after_match(Strength(25.0, 2.0), Strength(25.0, 8.0))
    assert 0 < known.mu - 25 < 25 - unknown.mu
    assert 2 - known.sigma < 8 - unknown.sigma


def test_a_league_of_known_strengths_comes_out_in_order():
    """Each wins against the next weaker in 73 of 100; 60 rounds of everyone against everyone."""
    draw = random.Random(0)
    teams = [ratings.new() for _ in range(8)]
    pairs = [(first, second) for first in range(8) for second in range(first)]
    for _ in range(60):
        draw.shuffle(pairs)
        for first, second in pairs:
            first_wins = draw.random() < 1 / (1 + 2.718 ** (second - first))
            winner, loser = (first, second) if first_wins else (second, first)
            teams[winner], teams[loser] = ratings.after_match(teams[winner], teams[loser])
    assert sorted(teams, key=lambda rating: rating.ordinal) == teams
    assert all(rating.sigma < ratings.new().sigma / 2 for rating in teams)
    assert teams[0].interval[1] < teams[-1].interval[0]


def test_without_the_library_ratings_are_read_but_not_made():
    code = """
import sys
sys.modules["openskill"] = sys.modules["openskill.models"] = None  # makes its import fail
from gan.arena import ratings
from gan.console import errors
print(ratings.Strength(25, 2).ordinal)
try:
    ratings.new()
except errors.UserError as error:
    print(error)
"""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.splitlines()
    assert told == ["19", "ratings need the library openskill, which `pip install 'gan-contest[arena]'` brings"]
