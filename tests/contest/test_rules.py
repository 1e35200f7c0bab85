"""The rules against tables worked out by hand."""

import numpy as np
import pytest

from gan.contest import rules, rules_ko
from gan.contest.rules import AWAY, HOME, ModelTimes

TRUTH = [1] * 15 + [0] * 15


def half(points, generator_fault=None, discriminator_fault=None):
    """A half round whose discriminator is right on so many images."""
    right = [0.9 if real else 0.1 for real in TRUTH]
    said = [p if number < points else 1 - p for number, p in enumerate(right)]
    return rules.half_round(TRUTH, said, 0.01, 0.02, generator_fault, discriminator_fault)


def test_real_images_of_a_round_are_the_same_both_ways():
    assert [rules.set_of_images(number, 2) for number in range(6)] == [0, 0, 1, 1, 2, 2]
    assert [rules.set_of_images(number, 1) for number in range(4)] == [0, 1, 2, 3]
    assert [rules.images_needed(rounds, 2) for rounds in (1, 3, 5)] == [30, 45, 75]
    assert [rules.images_needed(rounds, 1) for rounds in (1, 3, 5)] == [30, 90, 150]


@pytest.mark.parametrize(
    "truth, probabilities, right",
    [
        ([1, 0], [0.9, 0.1], 2),
        ([1, 0], [0.1, 0.9], 0),
        ([1, 0], [0.9, 0.9], 1),
        ([1, 1], [0.5, 0.5000001], 1),  # 0.5 is not "real"
        ([0, 0, 0], [0.5, 0.5000001, 0.5], 2),
        ([0, 1, 1, 0, 0, 1], [0.2, 0.7, 0.4, 0.6, 0.0, 1.0], 4),
    ],
)
def test_guesses(truth, probabilities, right):
    assert rules.guesses_right(truth, probabilities) == right
    found = rules.guesses_right(np.uint8(truth), np.float32(probabilities))
    assert found == right and type(found) is int


def test_a_missing_answer_is_no_guess():
    with pytest.raises(ValueError):
        rules.guesses_right([1, 0, 1], [0.9, 0.1])


@pytest.mark.parametrize(
    "generator_fault, discriminator_fault, points, rule, seconds",
    [
        (None, None, 23, rules.GUESSED, (0.01, 0.02)),
        ("NaN", None, 30, rules.GENERATOR_FAILED, (None, 0.02)),
        (None, "NaN", 0, rules.DISCRIMINATOR_FAILED, (0.01, None)),
        ("NaN", "slow", 0, rules.DISCRIMINATOR_FAILED, (None, None)),
    ],
)
def test_half_round(generator_fault, discriminator_fault, points, rule, seconds):
    expected = (points, rule, *seconds, generator_fault, discriminator_fault)
    assert half(23, generator_fault, discriminator_fault) == expected
    if generator_fault or discriminator_fault:  # then there is nothing to look at
        assert rules.half_round(None, None, 0.01, 0.02, generator_fault, discriminator_fault) == expected


def test_the_sides_take_turns_and_home_generates_first():
    assert [rules.generator_side(number) for number in range(6)] == [HOME, AWAY, HOME, AWAY, HOME, AWAY]
    assert (rules.MATCH_ROUNDS, rules.FINAL_ROUNDS, rules.HALF_ROUND_POINTS) == (1, {1: 3, 2: 3, 3: 3}, 30)


@pytest.mark.parametrize(
    "away, home, winner",
    [(30, 26, AWAY), (0, 26, HOME), (15, 15, None), (14, 15, HOME), (30, 0, AWAY), (0, 0, None), (30, 30, None)],
)
def test_round(away, home, winner):
    """Away judges first. Times measured make no difference where points decide."""
    played = [half(away), half(home)]
    rule = rules.NEEDS_TIMING if winner is None else rules.BY_POINTS
    assert rules.match_result(played) == ((home, away), winner, rule)
    if winner is not None:
        for seconds in [(1.0, 2.0), (2.0, 1.0)]:
            assert rules.match_result(played, seconds and ModelTimes(*seconds)) == ((home, away), winner, rule)


@pytest.mark.parametrize(
    "points, expected, winner",
    [
        ([20, 22, 25, 20, 18, 22], (64, 63), HOME),
        ([20, 22, 25, 20, 19, 21], (63, 64), AWAY),
        ([30, 0, 0, 30, 15, 15], (45, 45), None),
        ([30, 29, 30, 30, 30, 30], (89, 90), AWAY),
        ([10, 30, 10, 30, 30, 0], (60, 50), HOME),  # though away wins the last round by far
    ],
)
def test_final(points, expected, winner):
    result = rules.match_result([half(each) for each in points])
    assert result == (expected, winner, rules.NEEDS_TIMING if winner is None else rules.BY_POINTS)


@pytest.mark.parametrize(
    "seconds, winner, rule",
    [
        (None, None, rules.NEEDS_TIMING),
        ((0.25, 0.5), HOME, rules.BY_TIME),
        ((0.5, 0.25), AWAY, rules.BY_TIME),
        ((0.25, 0.25), HOME, rules.BY_SEEDING),
        ((None, 0.25), AWAY, rules.BY_FAULT),
        ((0.25, None), HOME, rules.BY_FAULT),
        ((None, None), HOME, rules.BOTH_FAILED),
        ((0.0, 0.25), HOME, rules.BY_TIME),
    ],
)
@pytest.mark.parametrize("rounds", [1, 3])
def test_ties_by_time(seconds, winner, rule, rounds):
    played = [half(20)] * (2 * rounds)
    assert rules.match_result(played, seconds and ModelTimes(*seconds)) == ((20 * rounds, 20 * rounds), winner, rule)


# What fails of home's generator, away's discriminator (first half round), away's generator and home's discriminator
# (second); where nothing fails a discriminator is right on 20.
FAILURES = [
    ("....", (20, 20), None, rules.NEEDS_TIMING),
    ("g...", (20, 30), AWAY, rules.BY_POINTS),
    (".d..", (20, 0), HOME, rules.BY_POINTS),
    ("..g.", (30, 20), HOME, rules.BY_POINTS),
    ("...d", (0, 20), AWAY, rules.BY_POINTS),
    ("gd..", (20, 0), HOME, rules.BY_POINTS),
    ("g.g.", (30, 30), HOME, rules.BOTH_FAILED),
    ("g..d", (0, 30), AWAY, rules.BY_POINTS),
    (".dg.", (30, 0), HOME, rules.BY_POINTS),
    (".d.d", (0, 0), HOME, rules.BOTH_FAILED),
    ("..gd", (0, 20), AWAY, rules.BY_POINTS),
    ("gdg.", (30, 0), HOME, rules.BY_POINTS),
    ("gd.d", (0, 0), HOME, rules.BOTH_FAILED),
    ("g.gd", (0, 30), AWAY, rules.BY_POINTS),
    (".dgd", (0, 0), HOME, rules.BOTH_FAILED),
    ("gdgd", (0, 0), HOME, rules.BOTH_FAILED),
]


@pytest.mark.parametrize("failing, points, winner, rule", FAILURES, ids=[case[0] for case in FAILURES])
def test_failures_in_a_round(failing, points, winner, rule):
    faults = [None if letter == "." else "failed" for letter in failing]
    assert rules.match_result([half(20, *faults[:2]), half(20, *faults[2:])]) == (points, winner, rule)


@pytest.mark.parametrize(
    "played, points, winner",
    [
        ([half(30), half(7, "NaN")], (30, 30), HOME),  # away's generator failed, and its discriminator was right on all
        ([half(7, "NaN"), half(30)], (30, 30), AWAY),
        ([half(9, None, "slow"), half(0)], (0, 0), HOME),
        ([half(0), half(9, None, "slow")], (0, 0), AWAY),
        ([half(20), half(20), half(10), half(20), half(20), half(9, None, "slow")], (40, 50), AWAY),
        ([half(20), half(20), half(10), half(30), half(20), half(9, None, "slow")], (50, 50), AWAY),
    ],
)
def test_on_equal_points_a_failure_loses_however_fast(played, points, winner):
    rule = rules.BY_FAULT if points[0] == points[1] else rules.BY_POINTS
    for seconds in [None, (0.1, 9.0), (9.0, 0.1)]:
        assert rules.match_result(played, seconds and ModelTimes(*seconds)) == (points, winner, rule)


@pytest.mark.parametrize(
    "home_fault, away_fault, num_rounds, expected",
    [
        ("no meta file", None, 1, ((0, 30), AWAY, rules.FORFEIT)),
        (None, "no meta file", 1, ((30, 0), HOME, rules.FORFEIT)),
        ("no meta file", "too large", 1, ((0, 0), HOME, rules.BOTH_FAILED)),
        ("no meta file", None, 3, ((0, 90), AWAY, rules.FORFEIT)),
        (None, "no meta file", 3, ((90, 0), HOME, rules.FORFEIT)),
        ("no meta file", "too large", 3, ((0, 0), HOME, rules.BOTH_FAILED)),
    ],
)
def test_forfeits(home_fault, away_fault, num_rounds, expected):
    assert rules.forfeit_result(home_fault, away_fault, num_rounds) == expected


def test_a_forfeit_of_nobody_is_a_mistake():
    with pytest.raises(ValueError):
        rules.forfeit_result(None, None, 1)


@pytest.mark.parametrize("seconds, winner", [((0.25, 0.5), HOME), ((0.5, 0.25), AWAY)])
def test_times_that_do_not_tell_are_a_toss_up(seconds, winner):
    result = rules.match_result([half(20)] * 2, ModelTimes(*seconds, tells=False))
    assert result == ((20, 20), winner, rules.TOSS_UP)


def test_draws_where_nobody_need_win():
    both = [half(20, "failed"), half(20, "failed")]
    assert rules.match_result(both, may_draw=True) == ((30, 30), None, rules.DRAWN_FAILED)
    assert rules.match_result([half(20)] * 2, ModelTimes(0.25, 0.25), True) == ((20, 20), None, rules.DRAWN_TIME)
    assert rules.match_result([half(20)] * 2, may_draw=True) == ((20, 20), None, rules.NEEDS_TIMING)
    assert rules.match_result([half(20), half(10)], may_draw=True) == ((10, 20), AWAY, rules.BY_POINTS)
    assert rules.forfeit_result("no meta file", "too large", 1, True) == ((0, 0), None, rules.DRAWN_FAILED)
    assert rules.forfeit_result("no meta file", None, 1, True) == ((0, 30), AWAY, rules.FORFEIT)


def test_who_may_draw():
    assert rules.has_draws(False, 3) and not rules.has_draws(True, 3) and not rules.has_draws(False, 2)


def test_every_rule_is_explained_to_spectators():
    texts = {
        value for name, value in vars(rules).items() if name.isupper() and isinstance(value, str) and name[0] != "_"
    }
    assert texts == set(rules.EXPLANATIONS)
    assert all(sentence.endswith(".") and "\n" not in sentence for sentence in rules.EXPLANATIONS.values())


def test_rules_in_korean():
    assert set(rules_ko.RULES) == set(rules.EXPLANATIONS)
    for rule in rules.EXPLANATIONS:
        english, in_korean = rules.translations(rule).values()
        assert english == rules.EXPLANATIONS[rule] and in_korean.endswith("니다.")
        assert rules.name(rule) == rule and rules.name(rule, "ko") != rule
    assert rules.name("of the future", "ko") == "of the future" and rules.explanation("of the future", "ko") == ""
