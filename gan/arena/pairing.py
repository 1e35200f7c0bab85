"""Who meets whom in a mock battle: by lot, or those of whose order least is known. No TensorFlow.

Nobody meets the same opponent twice in a battle. Pairs are indices into a list of strengths; of an odd number
one pauses in each round.
"""

import math
from collections.abc import Sequence

import numpy as np

from gan.arena import bracket, strength
from gan.arena.strength import Strength
from gan.contest import rules

RANDOM, INFORMATIVE = "random", "informative"

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(7)  # for means over a normal distribution
_LOGISTIC = 1.702  # the logistic curve of so many times x lies within 0.01 of the normal distribution's (Camilli 1994)

Pairs = list[tuple[int, int]]  # (home, away)


def rounds(kind: str, strengths: Sequence[Strength], num_rounds: int, random: np.random.Generator) -> list[Pairs]:
    """Draws the rounds of a mock battle, in each of which everybody plays once, of an odd number all but one.

    Args:
        kind: RANDOM or INFORMATIVE.
        strengths: of the teams; of RANDOM only their number counts.
        num_rounds: how many are wanted.
        random: of the draw.

    Returns:
        Rounds; fewer than wanted if there are too few teams for so many different opponents. INFORMATIVE may end some
        rounds before everybody has met everybody.
    """
    most = min(num_rounds, max(len(strengths) - 1, 0))
    if kind == INFORMATIVE:
        return _informative(strengths, most, random)
    order = random.permutation(len(strengths)).tolist()
    return [
        [(order[home], order[away]) for home, away in bracket.circle_round(len(order), place)] for place in range(most)
    ]


def gains(strengths: Sequence[Strength]) -> np.ndarray:
    """What a match between any two would tell about which of them is stronger.

    This is the mutual information of the match's points and the sign of the difference of both strengths (Lindley
    1956, Annals of Mathematical Statistics 27): the entropy of that sign now, less its mean entropy after the match. It
    is large if both ratings are close and little is known of them.

    Args:
        strengths: of N teams.

    Returns:
        float [N, N] in bits.
    """
    mu, variance = np.array([one.mu for one in strengths]), np.array([one.sigma**2 for one in strengths])
    apart, spread = mu[:, None] - mu, variance[:, None] + variance
    after = spread * (1 - spread / (spread + strength.noise(rules.HALF_ROUND_POINTS)))  # its variance after the match
    moved = np.sqrt(spread - after)  # standard deviation of where the match moves the mean to
    left = sum(
        weight * _entropy_of_sign(apart + node * moved, after)
        for node, weight in zip(_NODES, _WEIGHTS / math.sqrt(2 * math.pi))
    )
    return np.asarray(_entropy_of_sign(apart, spread) - left)


def _entropy_of_sign(mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Bits that are missing to know whether a normally distributed number is positive."""
    share = np.clip(1 / (1 + np.exp(-np.clip(_LOGISTIC * mean / np.sqrt(variance), -50, 50))), 1e-12, 1 - 1e-12)
    return np.asarray(-share * np.log2(share) - (1 - share) * np.log2(1 - share))


def _informative(strengths: Sequence[Strength], num_rounds: int, random: np.random.Generator) -> list[Pairs]:
    known, met, found = list(strengths), np.eye(len(strengths), dtype=bool), []
    for _ in range(num_rounds):
        pairs = _greedy(np.where(met, -np.inf, gains(known)), random)
        if 2 * len(pairs) < len(known) - len(known) % 2:  # nearly everybody has met
            break
        for home, away in pairs:
            met[home, away] = met[away, home] = True
            # As much as the match will teach; what it will teach is not known, so the means stay.
            known[home], known[away] = (
                now._replace(mu=before.mu)
                for now, before in zip(_after_a_match(known[home], known[away]), (known[home], known[away]))
            )
        found.append(pairs)
    return found


def _after_a_match(first: Strength, second: Strength) -> tuple[Strength, Strength]:
    return strength.after_points(first, second, (0, 0), rules.HALF_ROUND_POINTS)


def _greedy(worth: np.ndarray, random: np.random.Generator) -> Pairs:
    """Pairs, the one of the highest worth first; equal ones by lot; no pair whose worth is -inf."""
    first, second = np.triu_indices(len(worth), 1)
    order = np.lexsort((random.permutation(len(first)), -worth[first, second]))
    free, pairs = set(range(len(worth))), []
    for home, away in zip(first[order].tolist(), second[order].tolist()):
        if home in free and away in free and worth[home, away] > -np.inf:
            free -= {home, away}
            pairs.append((home, away))
    left = sorted(free)
    for one, other in zip(left[::2], left[1::2]):  # who have met already: each takes one of another pair
        swaps = [
            (worth[one, home] + worth[other, away], index, (one, home), (other, away))
            for index, pair in enumerate(pairs)
            for home, away in (pair, pair[::-1])
        ]
        gain, index, *both = max(swaps, default=(-np.inf, 0))
        if gain == -np.inf:
            break
        pairs[index : index + 1] = both
    return [pair if random.random() < 0.5 else pair[::-1] for pair in pairs]
