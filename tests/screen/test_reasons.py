"""Reasons for a hall: each fault that a team can have has one, short, in both languages."""

import re

import pytest

from gan.arena import notes
from gan.console.errors import OTHER, Fault
from gan.contest import faults
from gan.screen import reasons

JARGON = re.compile(
    r"tensor|bucket|snapshot|graph|saver|variable|weight|operation|batch|loop|branch|process|checkpoint"
)
# Of these nothing stands on the stage, or it is said in other words there.
ABOUT_MATCHES = {"annulled", "annulled_with", "copy_gone"}
OF_TEAMS = (
    (set(faults.IN_KOREAN) - {OTHER} - set(faults._OF_THE_MACHINE) - ABOUT_MATCHES - set(notes._OF_THE_LOG))
    | set(faults._IN_THE_SNAPSHOT)
    | set(notes._OF_A_TEAM)
)


def test_each_fault_of_a_team_has_a_reason():
    assert set(reasons._REASONS) == OF_TEAMS


@pytest.mark.parametrize("code", sorted(OF_TEAMS))
def test_it_is_short_and_names_nothing_that_strangers_choose(code):
    parameters = dict.fromkeys(faults.parameters_of(code), "STRANGE")
    if code == "slow":
        parameters["seconds"] = 10.0
    told = reasons.brief(Fault(code, parameters))
    assert set(told) == {"en", "ko"}
    for language, text in told.items():
        assert 0 < len(text) <= reasons.MOST_LETTERS and not text.endswith("."), language
        assert ("STRANGE" in text) == (code == notes.DISQUALIFIED), language
    assert told["en"].isascii() and not JARGON.search(told["en"])
    assert any("가" <= letter <= "힣" for letter in told["ko"])


def test_what_a_reason_says():
    slow = reasons.brief(Fault("slow", {"seconds": 10.0, "step": "generate"}))
    assert slow == {"en": "it needs more than the 10 seconds allowed", "ko": "제한 시간 10초를 넘겼습니다"}
    out = reasons.brief(Fault(notes.DISQUALIFIED, {"reason": "trained on " + "the test set, " * 20}))
    assert out["ko"].startswith("실격: trained on the test set") and out["ko"].endswith("…") and len(out["ko"]) <= 90
    assert reasons.brief(None) is None


def test_codes_of_another_version_have_the_beginning_of_their_sentence():
    old = reasons.brief(Fault(OTHER, {"text": "/srv/teams/a is broken; " + "do this, " * 20}))
    assert old["en"] == old["ko"] and old["en"].startswith("… is broken; do this") and len(old["en"]) <= 90
    assert reasons.brief(Fault("slow", {"minutes": 1}))["en"].startswith("slow")
