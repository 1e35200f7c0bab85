"""Chances checked against counting by hand, and battles against chances."""

import itertools
import math

import numpy as np
import pytest

from gan.measure import cross_play, estimates
from gan.measure.cross_play import Guesses, Verdicts


def exactly(right, count=100):
    """Guesses of which a share is right: float [count]."""
    return (np.arange(count) < round(right * count)).astype(float)


def guesses(real, fake):
    """Teams a and b with these shares right on real images, and on the other's: each a pair."""
    on_fake = {
        ("a", "b"): exactly(fake[0]),
        ("b", "a"): exactly(fake[1]),
        ("a", "a"): exactly(1),
        ("b", "b"): exactly(1),
    }
    return Guesses({"a": exactly(real[0]), "b": exactly(real[1])}, on_fake)


def play(real, fake):
    return cross_play.play(guesses(real, fake), np.random.default_rng(0))


def count_chances(real, fake):
    """(win, tie) of a, by going through all numbers of right guesses of both half rounds."""

    def chances(p):
        return [math.comb(15, k) * p**k * (1 - p) ** (15 - k) for k in range(16)]

    win = tie = 0
    parts = [chances(p) for p in (real[0], fake[0], real[1], fake[1])]
    for first, second, third, fourth in itertools.product(range(16), repeat=4):
        chance = parts[0][first] * parts[1][second] * parts[2][third] * parts[3][fourth]
        win += chance * (first + second > third + fourth)
        tie += chance * (first + second == third + fourth)
    return win, tie


@pytest.mark.parametrize(
    "value, count, low, high",
    [(0.5, 10, 0.2366, 0.7634), (0, 10, 0, 0.2775), (1, 689, 0.9945, 1), (0.9, 689, 0.8754, 0.9203)],
)
def test_wilson(value, count, low, high):
    assert estimates.wilson(value, count) == pytest.approx((value, low, high), abs=1e-4)


def test_scores_by_hand():
    always_right, only_real = cross_play.score_distribution(1, 1), cross_play.score_distribution(1, 0)
    assert always_right[30] == only_real[15] == 1
    half = cross_play.score_distribution(1, 0.5)
    np.testing.assert_allclose(half[15:], [math.comb(15, k) / 2**15 for k in range(16)])
    assert half[:15].sum() == 0
    assert cross_play.score_distribution(0.3, 0.7) @ np.arange(31) == pytest.approx(15)
    np.testing.assert_allclose(cross_play.score_distribution(np.array([1, 0.2]), np.array([0.5, 0.9])).sum(1), 1)


def test_matches_by_hand():
    match = play(real=(1, 1), fake=(1, 0.5))["a", "b"]  # b is equal where it guesses 15 coins right
    assert (match.points, match.against) == pytest.approx((30, 22.5))
    assert match.tie == pytest.approx(2**-15)
    assert match.win == pytest.approx(1 - 2**-15)
    assert match.loss == pytest.approx(0, abs=1e-12)
    assert match.chance.value == pytest.approx(1 - 2**-16)
    equal = play(real=(1, 1), fake=(1, 1))["a", "b"]
    assert (equal.win, equal.tie, equal.chance) == (0, 1, (0.5, 0.5, 0.5))


@pytest.mark.parametrize("real, fake", [((0.8, 0.6), (0.7, 0.8)), ((0.9, 0.99), (0.5, 0.3))])
def test_matches_against_counting(real, fake):
    matches = play(real, fake)
    win, tie = count_chances(real, fake)
    assert matches["a", "b"][2:4] == pytest.approx((win, tie))
    assert matches["b", "a"][2:4] == pytest.approx((1 - win - tie, tie))
    chance = matches["a", "b"].chance
    assert chance.low < chance.value < chance.high
    assert chance.value + matches["b", "a"].chance.value == pytest.approx(1)


def test_intervals_hold_the_true_chance_nineteen_times_of_twenty():
    truth = sum(np.array(count_chances((0.8, 0.7), (0.6, 0.75))) * (1, 0.5))
    inside, random = 0, np.random.default_rng(1)
    for _ in range(60):
        shares = {("a", "b"): 0.6, ("b", "a"): 0.75}
        measured = Guesses(
            {name: (random.random(300) < p).astype(float) for name, p in (("a", 0.8), ("b", 0.7))},
            {pair: (random.random(300) < p).astype(float) for pair, p in shares.items()},
        )
        chance = cross_play.play(measured, random)["a", "b"].chance
        inside += chance.low <= truth <= chance.high
    assert 52 <= inside <= 60


@pytest.mark.parametrize("count", [60, 689])
def test_battles_agree_with_chances(count):
    random = np.random.default_rng(2)
    verdicts = Verdicts(
        {name: random.random(count) ** power for name, power in (("a", 0.4), ("b", 0.6))},
        {(d, g): random.random(count) ** 1.7 for d in "ab" for g in "ab"},
    )
    for rule in (cross_play.in_battle(verdicts), cross_play.at_acceptance(verdicts)):
        match = cross_play.play(rule, random)["a", "b"]
        played = cross_play.simulate(rule, "a", "b", 10_000, random)
        assert sum(played) == 10_000
        # Drawing without repeat from few images varies less than the chances say.
        assert np.array(played[:2]) / 10_000 == pytest.approx(
            (match.win, match.tie), abs=0.05 if count < 100 else 0.015
        )


def test_battles_are_repeatable_and_draw_no_image_twice():
    rule = guesses(real=(0.8, 0.7), fake=(0.6, 0.9))
    first, again = (cross_play.simulate(rule, "a", "b", 2500, np.random.default_rng(5)) for _ in range(2))
    assert first == again
    # 15 right ones of 15 images: all are drawn, so all points are made, and every battle ends equal.
    few = Guesses({t: np.ones(15) for t in "ab"}, {(d, g): exactly(8 / 15, 15) for d in "ab" for g in "ab"})
    assert cross_play.simulate(few, "a", "b", 50, np.random.default_rng(0)) == (0, 50, 0)


def test_the_border_of_a_battle():
    verdicts = Verdicts({"a": np.array([0.5, 0.51])}, {("a", "a"): np.array([0.5, 0.51])})
    rule = cross_play.in_battle(verdicts)
    assert rule.real["a"].tolist() == [0, 1]
    assert rule.fake["a", "a"].tolist() == [1, 0]


def test_equal_acceptance_by_hand():
    steps = np.arange(1, 11) / 10  # 0.1 to 1.0: all but the smallest are accepted
    fake = np.array([0.05, 0.1, 0.15, 0.95])
    rule = cross_play.at_acceptance(Verdicts({"a": steps}, {("a", "b"): fake}))
    assert rule.real["a"].tolist() == [0] + [1] * 9
    assert rule.fake["a", "b"].tolist() == [1, 1, 0, 0]
    rule = cross_play.at_acceptance(Verdicts({"a": steps}, {("a", "b"): fake}), acceptance=0.25)
    np.testing.assert_allclose(rule.real["a"], [0] * 7 + [0.5, 1, 1])  # a coin decides about the third of 2.5


def test_equal_acceptance_where_all_have_one_probability():
    rule = cross_play.at_acceptance(Verdicts({"a": np.full(8, 0.7)}, {("a", "b"): np.array([0.7, 0.6, 0.8])}))
    np.testing.assert_allclose(rule.real["a"], 0.9)
    np.testing.assert_allclose(rule.fake["a", "b"], [0.1, 1, 0])


@pytest.mark.parametrize("acceptance", [0.01, 0.5, 0.9, 0.95, 0.999])
def test_every_acceptance_is_met(acceptance):
    random = np.random.default_rng(3)
    real = np.round(random.random(689), 1)  # many are equal
    rule = cross_play.at_acceptance(Verdicts({"a": real}, {}), acceptance)
    assert rule.real["a"].mean() == pytest.approx(acceptance)


def test_accuracies():
    shares = cross_play.accuracies(guesses(real=(0.8, 0.7), fake=(0.6, 0.9)))
    assert (shares.real["a"].value, shares.fake["b", "a"].value) == (0.8, 0.9)
    assert shares.real["a"] == estimates.wilson(0.8, 100)


def test_ranking_takes_the_mean_over_the_others():
    rule = Guesses(
        {"weak": exactly(0.5), "strong": exactly(0.9), "middle": exactly(0.7)},
        {(d, g): exactly(0.5) for d in ("weak", "strong", "middle") for g in ("weak", "strong", "middle")},
    )
    matches = cross_play.play(rule, np.random.default_rng(0))
    ranking = cross_play.ranking(matches)
    assert list(ranking) == ["strong", "middle", "weak"]
    both = [matches["strong", other].chance.value for other in ("weak", "middle")]
    assert ranking["strong"].value == pytest.approx(np.mean(both))
    assert sum(chance.value for chance in ranking.values()) == pytest.approx(1.5)


def test_convincing_asks_the_others():
    fake = {("a", "a"): [1.0, 1.0], ("b", "a"): [0.2, 0.6], ("c", "a"): [0.4, 0.2], ("a", "b"): [0.0, 0.0]}
    verdicts = Verdicts({}, {pair: np.array(p) for pair, p in fake.items()})
    np.testing.assert_allclose(cross_play.convincing(verdicts, "a"), [0.3, 0.4])
    alone = Verdicts({}, {("a", "a"): np.array([0.3, 0.5])})
    np.testing.assert_allclose(cross_play.convincing(alone, "a"), [0.3, 0.5])
