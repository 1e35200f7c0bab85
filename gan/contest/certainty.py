"""What a result is worth: how sure it is that the winner is ahead, after so few images. Pure Python."""

import functools
import math
from collections.abc import Sequence

from gan.contest import rules
from gan.contest.rules import HalfRoundScore


def of_match(scores: Sequence[HalfRoundScore]) -> tuple[float, float] | None:
    """How probable it is that home's, and away's, discriminator would be right more often if they went on for ever.

    Each discriminator is right on an unknown share of the images that this opponent and the test set would show it.
    Before the match any share is as probable as any other, and the images are independent; see share_is_larger.

    Args:
        scores: of all half rounds of a match, in order.

    Returns:
        (home's, away's) probability, together 1; None if there is nothing to reckon with: no half round, or one in
        which a network failed.
    """
    if not scores or any(score.rule != rules.GUESSED for score in scores):
        return None
    right = [0, 0]
    for number, score in enumerate(scores):
        right[1 - rules.generator_side(number)] += score.points
    shown = rules.HALF_ROUND_POINTS * len(scores) // 2
    home = share_is_larger((right[rules.HOME], shown), (right[rules.AWAY], shown))
    return home, 1 - home


@functools.cache
def share_is_larger(first: tuple[int, int], second: tuple[int, int]) -> float:
    """The probability that one share is larger than another, from (right, of how many) of each.

    With a flat prior, a share of which `right` of `count` were seen is Beta(1 + right, 1 + count - right). For
    p ~ Beta(a, b) and q ~ Beta(c, d), a an integer, Cook (2005, "Exact calculation of beta inequalities") has

        P(p > q) = sum over i = 0 ... a - 1 of  B(c + i, b + d) / ((b + i) B(1 + i, b) B(c, d))

    23 of 30 against 22 of 30: 61.4%.
    """
    (right, count), (others_right, others_count) = first, second
    a, b, c, d = 1 + right, 1 + count - right, 1 + others_right, 1 + others_count - others_right
    terms = (_log_beta(c + i, b + d) - math.log(b + i) - _log_beta(1 + i, b) - _log_beta(c, d) for i in range(a))
    return min(1.0, math.fsum(math.exp(term) for term in terms))


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
