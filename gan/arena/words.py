"""What decided a match and what its result is worth, in words for everybody. No TensorFlow."""

import math
from collections.abc import Sequence

from gan.arena import result_texts
from gan.arena.schema import Match
from gan.contest import certainty, rules, timing
from gan.contest.languages import ENGLISH
from gan.contest.rules import HalfRoundScore
from gan.contest.timing import Measured
from gan.measure import estimates


def times(measured: Measured) -> tuple[str, str]:
    """(home's, away's) model time with the digits that decide: ("17.31 ms", "17.12 ms")."""
    return timing.shown(*measured.seconds)


def time_sentence(names: tuple[str, str], measured: Measured, language: str = ENGLISH) -> str:
    """What was measured to break a tie: times, how many, and between what their difference lies.

    Args:
        names: of home and away.
        measured: for the tie.
        language: "en" or "ko".
    """
    (home, away), (home_time, away_time), (low, high) = names, times(measured), measured.interval
    is_pinned = measured.core is not None
    where = result_texts.text("on_one_core" if is_pinned else "in_turns", language, core=measured.core)
    values = {"home": home, "away": away, "home_time": home_time, "away_time": away_time}
    told = result_texts.text("times", language, **values, number=len(measured.home), where=where)
    if math.isinf(low) or math.isinf(high):
        return told
    least, most = sorted((1000 * low, 1000 * high))
    verdict = "times_tell" if measured.tells else "times_do_not_tell"
    return f"{told} {result_texts.text(verdict, language, home=home, away=away, least=least, most=most)}"


def sureness(
    match: Match, names: tuple[str, str], scores: Sequence[HalfRoundScore], language: str = ENGLISH
) -> str | None:
    """What a result by points is worth; None if it was not decided by guesses.

    Args:
        match: that is over.
        names: of home and away.
        scores: of its half rounds.
        language: "en" or "ko".
    """
    probabilities = certainty.of_match(scores)
    if match.rule != rules.BY_POINTS or match.winner is None or probabilities is None:
        return None
    winner = rules.HOME if match.winner == match.home else rules.AWAY
    images = rules.IMAGES_OF_EACH * len(scores)
    probability = estimates.percent(probabilities[winner])
    return result_texts.text("sureness", language, winner=names[winner], probability=probability, images=images)
