"""Every generator before every discriminator: who is right how often, and who would win. No TensorFlow.

A round is two half rounds: each team's discriminator judges 15 images of the other team's generator and
15 real ones, and gets a point for every right guess. More points win; on equal points the faster team.

Chances are computed, not simulated. A discriminator that is right on a share r of real faces and on a share
f of one generator's images scores Binomial(15, r) + Binomial(15, f), and what two teams score is
independent. The 15 real images are drawn from the test set without repeat; where that set is itself a draw
of faces, as the hidden one is, 15 of them are 15 independent faces, and the binomial is exact. From one
given set of 689 the number of right guesses would vary by 2% less (15 - 1 of 689 - 1), which moves a chance
by less than half a percent. `simulate` draws without repeat, as a battle does, and agrees.
"""

import math
from typing import NamedTuple

import numpy as np

from gan.contest import rules
from gan.measure import estimates
from gan.measure.estimates import CONFIDENCE, Estimate

IMAGES = rules.IMAGES_OF_EACH  # of each kind in a half round
ACCEPTANCE = 0.9  # share of real faces that every discriminator accepts where they are made comparable
RESAMPLES = 500  # of the images, for intervals of chances
_COMBINATIONS = np.array([math.comb(IMAGES, right) for right in range(IMAGES + 1)], float)


class Verdicts(NamedTuple):
    """What all discriminators said: probabilities that an image is real."""

    real: dict  # discriminator -> float [N], on the same real images in the same order
    fake: dict  # (discriminator, generator) -> float [M], on the same generated images for all


class Guesses(NamedTuple):
    """How right all discriminators were: for each image 1, 0, or between where a coin decides."""

    real: dict  # discriminator -> float [N]
    fake: dict  # (discriminator, generator) -> float [M]


class Match(NamedTuple):
    """One round between two teams, seen by the first. Chances are in [0, 1], points 0 to 30."""

    points: float  # expected, of the first
    against: float  # expected, of the second
    win: float  # chance of more points
    tie: float  # chance of equal points, when the faster team wins
    drawn: np.ndarray  # float [1 + B]: chance of winning where ties count half, then the same of images drawn anew

    @property
    def loss(self):
        """Chance of fewer points."""
        return max(0.0, 1 - self.win - self.tie)

    @property
    def chance(self):
        """Chance of winning where ties count half; its interval is for what the images measured leave open."""
        return _estimate(self.drawn)


class Simulated(NamedTuple):
    """How many of the battles played ended how, for the first team."""

    wins: int
    ties: int
    losses: int


def in_battle(verdicts):
    """Guesses as in a battle: "real" where p > 0.5."""
    return Guesses(
        {d: (p > rules.THRESHOLD).astype(float) for d, p in verdicts.real.items()},
        {pair: (p <= rules.THRESHOLD).astype(float) for pair, p in verdicts.fake.items()},
    )


def at_acceptance(verdicts, acceptance=ACCEPTANCE):
    """Guesses with each discriminator's threshold moved so that all accept the same share of real images.

    So a discriminator is not praised for refusing generated images when it refuses real ones just as
    gladly. Where many real images share the probability at the threshold, a coin decides about that
    probability, so that the share is met exactly.

    Args:
        verdicts: Verdicts.
        acceptance: share of real images to accept, in (0, 1).
    """
    accepted = {d: _acceptance_of(p, acceptance) for d, p in verdicts.real.items()}
    return Guesses(
        {d: accepted[d](p) for d, p in verdicts.real.items()},
        {(d, g): 1 - accepted[d](p) for (d, g), p in verdicts.fake.items()},
    )


def shares(guesses):
    """How often every discriminator is right: the same names and pairs, each with an Estimate."""
    return Guesses(
        *({name: estimates.wilson(float(np.mean(r)), len(r)) for name, r in part.items()} for part in guesses)
    )


def score_distribution(on_real, on_fake):
    """Chances of each score of a half round.

    Args:
        on_real: float [...], share of real images that the discriminator is right on.
        on_fake: float [...], share of generated images.

    Returns:
        float64 [..., 31]: chance of 0, 1, ... 30 points.
    """
    real, fake = _binomial(on_real), _binomial(on_fake)
    total = np.zeros((*real.shape[:-1], 2 * IMAGES + 1))
    for points in range(IMAGES + 1):
        total[..., points : points + IMAGES + 1] += real[..., points : points + 1] * fake
    return total


def outcome(first, second):
    """Chances that one score is larger than another, and that both are equal.

    Args:
        first: float [..., 31], as score_distribution returns them.
        second: likewise.

    Returns:
        (win, tie), float [...] each.
    """
    second_below = np.cumsum(second, -1) - second
    return (first * second_below).sum(-1), (first * second).sum(-1)


def play(guesses, random):
    """Computes the match of every two teams that have a discriminator.

    The interval of a chance comes from drawing the images anew, with repeats, and computing again: the
    same real images for all discriminators and the same generated ones, as they were measured.

    Args:
        guesses: Guesses.
        random: numpy Generator, for the intervals.

    Returns:
        (first, second) -> Match, in both orders.
    """
    drawn = _resampled(guesses, random)
    scores = {(d, g): score_distribution(drawn.real[d], right) for (d, g), right in drawn.fake.items()}
    return {
        (first, second): _match(scores[first, second], scores[second, first])
        for first in guesses.real
        for second in guesses.real
        if first != second
    }


def simulate(guesses, first, second, battles, random):
    """Plays battles by drawing images as half_round.play does: 15 real and 15 generated, none twice.

    Args:
        guesses: Guesses.
        first: name of a team.
        second: name of another.
        battles: how many.
        random: numpy Generator.

    Returns:
        Simulated.
    """
    points = {
        (d, g): _draw_right(guesses.real[d], battles, random) + _draw_right(guesses.fake[d, g], battles, random)
        for d, g in ((first, second), (second, first))
    }
    difference = points[first, second] - points[second, first]
    return Simulated(*(int(np.sum(np.sign(difference) == sign)) for sign in (1, 0, -1)))


def ranking(matches):
    """Mean chance of each team against all others: name -> Estimate, the strongest first."""
    drawn = {}
    for (first, _), match in matches.items():
        drawn.setdefault(first, []).append(match.drawn)
    means = {name: _estimate(np.mean(of_name, axis=0)) for name, of_name in drawn.items()}
    return dict(sorted(means.items(), key=lambda item: -item[1].value))


def convincing(verdicts, generator):
    """How real a generator's images look to the discriminators of others, or to its own where there are none.

    Returns:
        float [M], the mean probability that an image is real.
    """
    judges = {d: p for (d, g), p in verdicts.fake.items() if g == generator}
    others = [p for d, p in judges.items() if d != generator] or list(judges.values())
    return np.mean(others, axis=0)


def _acceptance_of(on_real, acceptance):
    """A function from probabilities to shares accepted, 0 or 1 or that of the coin, which meets the acceptance."""
    threshold = np.sort(on_real)[::-1][min(int(acceptance * len(on_real)), len(on_real) - 1)]
    above, equal = np.mean(on_real > threshold), np.mean(on_real == threshold)
    coin = (acceptance - above) / equal
    return lambda p: np.where(p > threshold, 1.0, np.where(p == threshold, coin, 0.0))


def _binomial(p):
    """Chances of 0 to 15 successes in 15 tries: float [...] -> float64 [..., 16]."""
    p = np.asarray(p, float)[..., None]
    right = np.arange(IMAGES + 1)
    return _COMBINATIONS * p**right * (1 - p) ** (IMAGES - right)


def _resampled(guesses, random):
    """Shares right of the images as they are, then of RESAMPLES draws with repeats: name or pair -> float [1 + B]."""

    def weights(count):
        drawn = random.multinomial(count, np.full(count, 1 / count), RESAMPLES) / count
        return np.concatenate([np.full((1, count), 1 / count), drawn])

    on_real = weights(len(next(iter(guesses.real.values()))))
    on_fake = {}
    for (_, generator), right in guesses.fake.items():
        if generator not in on_fake:
            on_fake[generator] = weights(len(right))
    return Guesses(
        {d: np.clip(on_real @ right, 0, 1) for d, right in guesses.real.items()},
        {(d, g): np.clip(on_fake[g] @ right, 0, 1) for (d, g), right in guesses.fake.items()},
    )


def _match(first, second):
    """A Match from two teams' distributions [1 + B, 31]: of the images measured, then of those drawn anew."""
    win, tie = outcome(first, second)
    points = np.arange(2 * IMAGES + 1)
    return Match(float(first[0] @ points), float(second[0] @ points), float(win[0]), float(tie[0]), win + tie / 2)


def _estimate(drawn):
    """The first as value, the middle 95% of the others as interval."""
    low, high = np.quantile(drawn[1:], [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    value = float(drawn[0])
    return Estimate(value, float(min(low, value)), float(max(high, value)))


def _draw_right(right, battles, random):
    """Draws 15 images without repeat for each battle and counts the right guesses: int [battles]."""
    counts = []
    for start in range(0, battles, 1000):  # bounds memory
        keys = random.random((min(1000, battles - start), len(right)))
        chosen = right[np.argpartition(keys, IMAGES - 1, axis=1)[:, :IMAGES]]
        counts.append((random.random(chosen.shape) < chosen).sum(1))
    return np.concatenate(counts)
