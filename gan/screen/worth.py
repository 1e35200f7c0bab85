"""What a result and a team's record are worth, as JSON can hold it: times, how sure, what was recognised.

No TensorFlow.
"""

import math
from collections.abc import Sequence
from typing import Any

from gan.arena.recognition import Recognition
from gan.arena.schema import Match
from gan.contest import certainty, rules, timing
from gan.contest.rules import HalfRoundScore
from gan.contest.timing import Measured
from gan.screen import texts


def of_match(match: Match, scores: Sequence[HalfRoundScore], measured: Measured | None) -> dict[str, Any]:
    """What a match that is over is worth.

    Args:
        match: that is told.
        scores: of its half rounds.
        measured: to break its tie; None if there was none, or a program of earlier rules played it.

    Returns:
        times: both times in words with the digits that decide. timing: how they were measured; low and high are the 95%
        interval of home's seconds less away's, if it has an end. sure: [home's, away's] probability to be ahead if they
        went on for ever, if guesses decided. What does not apply is absent.
    """
    times = None
    if match.home_seconds is not None and match.away_seconds is not None:
        times = timing.shown(match.home_seconds, match.away_seconds)
    is_by_guesses = match.rule == rules.BY_POINTS and match.home != match.away
    sure = certainty.of_match(scores) if is_by_guesses else None
    return texts.without_none(
        {
            "times": times and list(times),
            "timing": measured and _timing(measured),
            "sure": sure and list(sure),
        }
    )


def of_team(found: Recognition | None) -> dict[str, list[int]]:
    """[how many, of how many] images over all matches: real and generated ones recognised, own ones taken for real."""
    return {name: list(count) for name, count in (found or Recognition())._asdict().items()}


def _timing(measured: Measured) -> dict[str, Any]:
    low, high = (None if math.isinf(end) else end for end in measured.interval)
    found = {"low": low, "high": high, "pairs": len(measured.home), "tells": measured.tells}
    return texts.without_none(found)
