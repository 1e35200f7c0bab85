"""What decided a match and what its result is worth, in words for everybody. No TensorFlow."""

import math
from collections.abc import Sequence

from gan.arena.schema import Match
from gan.contest import certainty, rules, timing
from gan.contest.rules import HalfRoundScore
from gan.contest.timing import Measured
from gan.measure import estimates


def times(measured: Measured) -> tuple[str, str]:
    """(home's, away's) model time with the digits that decide: ("17.31 ms", "17.12 ms")."""
    return timing.shown(*measured.seconds)


def time_sentence(names: tuple[str, str], measured: Measured) -> str:
    """What was measured to break a tie: times, how many, and between what their difference lies.

    Args:
        names: of home and away.
        measured: for the tie.
    """
    (home, away), (low, high) = times(measured), measured.interval
    where = f"on the same core (number {measured.core})" if measured.core is not None else "in turns"
    text = f"Model time: {names[0]} {home}, {names[1]} {away} (medians of {len(measured.home)} each, {where})."
    if math.isinf(low) or math.isinf(high):
        return text
    least, most = sorted((1000 * low, 1000 * high))
    verdict = "so the times tell" if measured.tells else "so the times do not tell"
    return (
        f"{text} {names[0]} takes {least:+.3g} to {most:+.3g} ms more than {names[1]} with 95% probability, {verdict}."
    )


def sureness(match: Match, names: tuple[str, str], scores: Sequence[HalfRoundScore]) -> str | None:
    """What a result by points is worth; None if it was not decided by guesses.

    Args:
        match: that is over.
        names: of home and away.
        scores: of its half rounds.
    """
    probabilities = certainty.of_match(scores)
    if match.rule != rules.BY_POINTS or match.winner is None or probabilities is None:
        return None
    winner = rules.HOME if match.winner == match.home else rules.AWAY
    images = rules.IMAGES_OF_EACH * len(scores)
    return (
        f"How sure is that? If both went on for ever, {names[winner]} would be ahead with a probability of "
        f"{estimates.percent(probabilities[winner])}; 50% is a coin toss, and {images} images each are few."
    )
