"""Every generator before every discriminator: who is right how often, and who would win. No TensorFlow.

A round is two half rounds: each team's discriminator judges 15 images of the other team's generator and
15 real ones, and gets a point for every right guess. More points win; on equal points the faster team wins.

Chances are computed, not simulated. A discriminator that is right on a share r of real faces and on a share
f of one generator's images scores Binomial(15, r) + Binomial(15, f), and the scores of two teams are
independent. The 15 real images are drawn from the test set without repeats. If that set is itself a random sample
of faces, as the hidden one is, then 15 of them are 15 independent faces, and the binomial is exact. From one
given set of 689, the number of right guesses would vary by 2% less (15 - 1 of 689 - 1), which moves a chance
by less than half a percent. `simulate` draws without repeats, as a battle does, and agrees.
"""

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from gan.contest import rules
from gan.measure import estimates
from gan.measure.estimates import CONFIDENCE, Estimate

IMAGES = rules.IMAGES_OF_EACH  # of each kind in a half round
ACCEPTANCE = 0.9  # share of real faces that every discriminator accepts when they are made comparable
RESAMPLES = 500  # of the images, for intervals of chances
Pair = tuple[str, str]  # names of two contestants

_COMBINATIONS = np.array([math.comb(IMAGES, right) for right in range(IMAGES + 1)], float)


class Verdicts(NamedTuple):
    """What all discriminators said: probabilities that an image is real."""

    real: dict[str, np.ndarray]  # discriminator -> float [N], on the same real images in the same order
    fake: dict[Pair, np.ndarray]  # (discriminator, generator) -> float [M], on the same generated images for all


class Guesses(NamedTuple):
    """How right all discriminators were: for each image 1, 0, or in between if a coin decides."""

    real: dict[str, np.ndarray]  # discriminator -> float [N]
    fake: dict[Pair, np.ndarray]  # (discriminator, generator) -> float [M]


class Accuracies(NamedTuple):
    """How often all discriminators are right."""

    real: dict[str, Estimate]  # discriminator -> share of real images
    fake: dict[Pair, Estimate]  # (discriminator, generator) -> share of generated images


class Pairing(NamedTuple):
    """One round between two teams, as the first sees it. Chances are in [0, 1], points 0 to 30."""

    points: float  # expected, of the first
    against: float  # expected, of the second
    win: float  # chance of more points
    tie: float  # chance of equal points, when the faster team wins
    resampled: np.ndarray  # float [1 + B]: chance of winning, ties count half; then the same for B resamples

    @property
    def loss(self) -> float:
        """Chance of fewer points."""
        return max(0.0, 1 - self.win - self.tie)

    @property
    def chance(self) -> Estimate:
        """Chance of winning, ties count half. Its interval comes from the limited number of images measured."""
        return _estimate(self.resampled)


class Simulated(NamedTuple):
    """How many of the battles played ended how, for the first team."""

    wins: int
    ties: int
    losses: int


def in_battle(verdicts: Verdicts) -> Guesses:
    """Guesses as in a battle: "real" if p > 0.5."""
    return Guesses(
        {d: (p > rules.THRESHOLD).astype(float) for d, p in verdicts.real.items()},
        {pair: (p <= rules.THRESHOLD).astype(float) for pair, p in verdicts.fake.items()},
    )


def at_acceptance(verdicts: Verdicts, acceptance: float = ACCEPTANCE) -> Guesses:
    """Guesses with each discriminator's threshold moved so that all accept the same share of real images.

    A discriminator that refuses all images, real ones too, then looks no better than it is. If many real images have
    exactly the probability at the threshold, a coin decides about these, so that the share is met exactly.

    Args:
        verdicts: of all discriminators.
        acceptance: share of real images to accept, in (0, 1).
    """
    accepted = {d: _acceptance_of(p, acceptance) for d, p in verdicts.real.items()}
    return Guesses(
        {d: accepted[d](p) for d, p in verdicts.real.items()},
        {(d, g): 1 - accepted[d](p) for (d, g), p in verdicts.fake.items()},
    )


def accuracies(guesses: Guesses) -> Accuracies:
    """How often every discriminator is right."""

    def share(right: np.ndarray) -> Estimate:
        return estimates.wilson(float(np.mean(right)), len(right))

    return Accuracies(
        {name: share(right) for name, right in guesses.real.items()},
        {pair: share(right) for pair, right in guesses.fake.items()},
    )


def score_distribution(on_real: float | np.ndarray, on_fake: float | np.ndarray) -> np.ndarray:
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


def outcome(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Chances that one score is larger than another, and that both are equal.

    Args:
        first, second: distributions of the scores, float [..., 31].

    Returns:
        (win, tie), float [...] each.
    """
    second_below = np.cumsum(second, -1) - second
    return (first * second_below).sum(-1), (first * second).sum(-1)


def play(guesses: Guesses, random: np.random.Generator) -> dict[Pair, Pairing]:
    """Computes the round of every two teams that have a discriminator.

    The interval of a chance is a bootstrap: images are drawn with repeats, and the chance is computed again. All
    discriminators get the same drawn images, as they did when they were measured.

    Args:
        guesses: of all discriminators.
        random: for the intervals.

    Returns:
        (first, second) -> Pairing, in both orders.
    """
    resampled = _resampled(guesses, random)
    scores = {(d, g): score_distribution(resampled.real[d], right) for (d, g), right in resampled.fake.items()}
    return {
        (first, second): _pairing(scores[first, second], scores[second, first])
        for first in guesses.real
        for second in guesses.real
        if first != second
    }


def simulate(guesses: Guesses, first: str, second: str, battles: int, random: np.random.Generator) -> Simulated:
    """Plays so many battles by drawing images as half_round.play does: 15 real and 15 generated, none twice.

    Args:
        guesses: of all discriminators.
        first, second: names of two teams.
        battles: how many.
        random: for the images.
    """
    points = {
        (d, g): _draw_right(guesses.real[d], battles, random) + _draw_right(guesses.fake[d, g], battles, random)
        for d, g in ((first, second), (second, first))
    }
    difference = points[first, second] - points[second, first]
    return Simulated(*(int(np.sum(np.sign(difference) == sign)) for sign in (1, 0, -1)))


def ranking(pairings: Mapping[Pair, Pairing]) -> dict[str, Estimate]:
    """Mean chance of each team against all others, the strongest first."""
    chances: dict[str, list[np.ndarray]] = {}
    for (first, _), pairing in pairings.items():
        chances.setdefault(first, []).append(pairing.resampled)
    means = {name: _estimate(np.mean(of_name, axis=0)) for name, of_name in chances.items()}
    return dict(sorted(means.items(), key=lambda item: -item[1].value))


def convincing(verdicts: Verdicts, generator: str) -> np.ndarray:
    """How real a generator's images look to the discriminators of others, or to its own if there are no others.

    Returns:
        float [M], the mean probability that an image is real.
    """
    judges = {d: p for (d, g), p in verdicts.fake.items() if g == generator}
    others = [p for d, p in judges.items() if d != generator] or list(judges.values())
    return np.asarray(np.mean(others, axis=0))


def _acceptance_of(on_real: np.ndarray, acceptance: float) -> Callable[[np.ndarray], np.ndarray]:
    """A function from probabilities to accepted shares: 0, 1, or that of the coin. It meets the acceptance."""
    threshold = np.sort(on_real)[::-1][min(int(acceptance * len(on_real)), len(on_real) - 1)]
    above, equal = np.mean(on_real > threshold), np.mean(on_real == threshold)
    coin = (acceptance - above) / equal
    return lambda p: np.where(p > threshold, 1.0, np.where(p == threshold, coin, 0.0))


def _binomial(p: float | np.ndarray) -> np.ndarray:
    """Chances of 0 to 15 successes in 15 tries: float [...] -> float64 [..., 16]."""
    chance = np.asarray(p, float)[..., None]
    right = np.arange(IMAGES + 1)
    return np.asarray(_COMBINATIONS * chance**right * (1 - chance) ** (IMAGES - right))


def _resampled(guesses: Guesses, random: np.random.Generator) -> Guesses:
    """Shares right of the images as they are, then of RESAMPLES draws with repeats: name or pair -> float [1 + B]."""

    def weights(count: int) -> np.ndarray:
        drawn = random.multinomial(count, np.full(count, 1 / count), RESAMPLES) / count
        return np.concatenate([np.full((1, count), 1 / count), drawn])

    on_real = weights(len(next(iter(guesses.real.values()))))
    on_fake: dict[str, np.ndarray] = {}
    for (_, generator), right in guesses.fake.items():
        if generator not in on_fake:
            on_fake[generator] = weights(len(right))
    return Guesses(
        {d: np.clip(on_real @ right, 0, 1) for d, right in guesses.real.items()},
        {(d, g): np.clip(on_fake[g] @ right, 0, 1) for (d, g), right in guesses.fake.items()},
    )


def _pairing(first: np.ndarray, second: np.ndarray) -> Pairing:
    """From two teams' distributions [1 + B, 31]: of the images measured, then of the resamples."""
    win, tie = outcome(first, second)
    points = np.arange(2 * IMAGES + 1)
    return Pairing(float(first[0] @ points), float(second[0] @ points), float(win[0]), float(tie[0]), win + tie / 2)


def _estimate(resampled: np.ndarray) -> Estimate:
    """The first as value, the central 95% of the others as interval."""
    low, high = np.quantile(resampled[1:], [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    value = float(resampled[0])
    return Estimate(value, float(min(low, value)), float(max(high, value)))


def _draw_right(right: np.ndarray, battles: int, random: np.random.Generator) -> np.ndarray:
    """Draws 15 images without repeats for each battle and counts the right guesses: int [battles]."""
    counts = []
    for start in range(0, battles, 1000):  # bounds memory
        keys = random.random((min(1000, battles - start), len(right)))
        chosen = right[np.argpartition(keys, IMAGES - 1, axis=1)[:, :IMAGES]]
        counts.append((random.random(chosen.shape) < chosen).sum(1))
    return np.concatenate(counts)
