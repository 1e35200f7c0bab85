"""The checks of benchmarks/simulated_contest.py can find what they look for."""

import base64
import sys

import numpy as np
import pytest
from conftest import ROOT, synthetic_images

from gan.data import pixels

sys.path.append(str(ROOT / "benchmarks"))
from contest_day import checks, evidence, hand_ins, plan

FACES = synthetic_images(5, 2500)
DIGESTS = set(map(evidence.digest, FACES))


@pytest.mark.parametrize(
    "picture",
    [
        pixels.png(pixels.grid(FACES, columns=5, gap=0)),
        pixels.png(pixels.grid(FACES, columns=1, gap=0, zoom=2)),
        b'{"sprite": "data:image/png;base64,'
        + base64.b64encode(pixels.png(pixels.grid(FACES, columns=5, gap=0)))
        + b'"}',
    ],
    ids=["side by side", "enlarged", "in an answer"],
)
def test_faces_are_found_however_they_are_shown(picture):
    assert DIGESTS <= evidence.faces_in(picture)
    assert evidence.leaks([picture, b"no picture"], DIGESTS)[1] == 5
    assert evidence.leaks([picture], {evidence.digest(FACES[0][::-1])})[1] == 0


def test_points_are_counted_again():
    """Of four guesses the first and the last are right; p = 0.5 is a guess of generated."""
    truth, said = np.array([1, 1, 0, 0], np.uint8), np.array([0.9, 0.5, 0.6, 0.1], np.float32)
    half = evidence.HalfRound(1, 0, 1, 2, 5, 2, (False, False), truth, said, FACES[:4])
    assert checks._points(half) == 2
    assert checks._points(half._replace(has_failed=(True, False))) == 30
    assert checks._points(half._replace(has_failed=(True, True))) == 0


def test_a_plan_follows_from_its_seed():
    assert plan.make(3) == plan.make(3) != plan.make(4)
    team = plan.Team("t", "b", hand_ins.Skill(0.5, 1), {1: hand_ins.FAIR, 4: hand_ins.NOTHING})
    assert [team.kind_at(battle) for battle in (1, 3, 4, 12)] == [hand_ins.FAIR] * 2 + [hand_ins.NOTHING] * 2
    assert plan.make(0, battles=2).kills == {at: what for at, what in plan.make(0).kills.items() if at <= 2}


def test_what_a_team_did_is_judged():
    assert checks._is_as_planned("plays step 2", "", hand_ins.BETTER)
    assert not checks._is_as_planned("plays step 1", "", hand_ins.BETTER)
    assert checks._is_as_planned("out", "the loop while has more than 16 rounds", "endless loop")
    assert not checks._is_as_planned("out", "it needs more memory than it may have", "endless loop")
    assert not checks._is_as_planned("absent", "", hand_ins.FAIR)


def test_a_tie_that_times_decided_otherwise_is_no_difference_and_what_follows_from_it_neither():
    def match(home, away, winner, rule="equal points, a toss-up by time", points=(20, 20)):
        return checks._MatchFacts((home, away, "done", 1, *points), winner, rule)

    tie, final = ("match", 0, 0, 1), ("match", 1, 0, 1)
    one = {tie: match("A", "B", "A"), final: match("A", "C", "A"), (*final, 0): 1, ("champion",): "A", ("seed",): 1}
    other = {tie: match("A", "B", "B"), final: match("B", "C", "B"), (*final, 0): 2, ("champion",): "B", ("seed",): 2}
    assert checks._is_timed_otherwise(one[tie], other[tie])
    assert not checks._is_timed_otherwise(one[tie], match("A", "B", "B", points=(20, 21)))
    assert not checks._is_timed_otherwise(one[tie], match("A", "B", "B", "more points"))
    followers = [key for key in one if checks._follows(key, one, other)]
    assert followers == [final, (*final, 0), ("champion",)]
