"""What teams recognised, and whom they fooled: counted by hand."""

import numpy as np
import pytest

from gan.arena import recognition
from gan.arena.recognition import Count, Recognition
from gan.arena.schema import StoredHalfRound
from gan.contest import rules
from gan.contest.half_round import JudgedImages, PlayedHalfRound

FOX, OWL = 1, 2  # teams
TRUTH = np.array([1, 1, 1, 0, 0])


def half_round(generator, discriminator, said, generator_fault=None):
    score = rules.half_round(TRUTH, said, 0.1, 0.1, generator_fault)
    shown = JudgedImages(np.zeros((5, 0), np.uint8), TRUTH, np.array(said))
    return StoredHalfRound(1, 1, 0, generator, discriminator, PlayedHalfRound(1, score, shown), 0.0)


def test_counts():
    """Owl takes 2 of 3 real images for real, and 1 of Fox's 2; then Fox knows all of Owl's."""
    played = [half_round(FOX, OWL, [0.9, 0.9, 0.1, 0.9, 0.1]), half_round(OWL, FOX, [0.9, 0.9, 0.9, 0.1, 0.1])]
    found = recognition.total(map(recognition.of_half_round, played), {FOX: "Fox", OWL: "Owl"})
    assert found == {
        "Owl": Recognition(Count(2, 3), Count(1, 2), Count(0, 2)),
        "Fox": Recognition(Count(3, 3), Count(2, 2), Count(1, 2)),
    }
    assert found["Owl"].real.share == pytest.approx(2 / 3)
    told = recognition.sentence(found["Owl"])
    assert "67% (2 of 3) of real" in told and "50% (1 of 2) of generated" in told and "real in 0% (0 of 2)" in told


def test_what_does_not_count():
    said = [0.9] * 5
    assert recognition.of_half_round(half_round(FOX, FOX, said)) is None  # a check
    assert recognition.of_half_round(half_round(FOX, OWL, said, "copied")) is None
    assert Recognition().real.share is None and recognition.percent(Count()) == "–"
    assert recognition.sentence(Recognition()) == "nothing was judged so far"
