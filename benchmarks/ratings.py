"""After how many mock battles the ratings have the teams in order: simulated teams of known strength.

    python benchmarks/ratings.py
    python benchmarks/ratings.py --num_teams=64 --simulations=20 --ways=wins:random:1,points:informative:3

A way is RATING:PAIRING:MATCHES, the last one matches of each team in a battle. The rating `wins` is the one of rules
before version 3, which knows only who won; `points` is today's.

A team has a generator and a discriminator, each of a normally distributed strength. Its discriminator is right on a
real image with logit 1 + d, and on a generated image with logit 1 + d - g + s. The number s belongs to this pair of
networks alone. Half rounds are binomial draws. The true order is by expected points less the opponent's, against all
other teams. The table says after how many battles, on average over all simulations, 80% and 90% of all pairs of teams
stand in the true order, and how wide the 95% interval of a rating is after five battles.
"""

import dataclasses
import os
import sys
from typing import NamedTuple

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[0] = ROOT

from gan.arena import pairing, strength
from gan.console import command
from gan.console.errors import UserError
from gan.console.flags import flag
from gan.contest import rules
from gan.random_noise_generator import Use, random_generator

WAYS = "wins:random:1,wins:random:3,points:random:1,points:informative:1,points:random:3,points:informative:3"
WINS, POINTS = "wins", "points"
_SHARES = 0.8, 0.9
_FEW_BATTLES = 5


@dataclasses.dataclass(frozen=True)
class RatingsBenchmarkConfig:
    """Flags of the command, by name."""

    ways: str = flag(WAYS, "What to compare, with commas.")
    num_teams: int = flag(16, "Teams; an even number.", at_least=4, at_most=256)
    simulations: int = flag(100, "Sets of teams.", at_least=1)
    battles: int = flag(120, "Mock battles of each simulation.", at_least=_FEW_BATTLES)
    spread: float = flag(0.5, "Standard deviation of a network's strength, as a logit.", at_least=0)
    style: float = flag(0.2, "Standard deviation of how well two networks go together, as a logit.", at_least=0)
    seed: int = flag(0, "Of all that is random.", at_least=0)


class Way(NamedTuple):
    """How teams are rated and paired."""

    rating: str
    pairing: str
    matches: int  # of each team in a battle


class Field(NamedTuple):
    """Teams whose strength is known."""

    real: np.ndarray  # float [N]: share of real images that each discriminator is right on
    generated: np.ndarray  # float [N, N]: of the images of each generator: [discriminator, generator]

    @property
    def truth(self) -> np.ndarray:
        """float [N]: mean of the points, more than the opponent's, that a team may expect of a match."""
        points = rules.IMAGES_OF_EACH * (self.real[:, None] + self.generated)
        apart = points - points.T
        return np.asarray(apart.sum(1) / (len(apart) - 1))


def main(argv: list[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    return command.run(measure, RatingsBenchmarkConfig, argv)


def measure(config: RatingsBenchmarkConfig) -> None:
    """Simulates all ways on the same teams, and prints the table."""
    if config.num_teams % 2:
        raise UserError(f"--num_teams={config.num_teams} is odd; give an even number")
    fields = [_draw(config, random_generator(Use.DRAW, config.seed, one)) for one in range(config.simulations)]
    apart = np.concatenate(
        [np.abs(field.truth[:, None] - field.truth)[np.triu_indices(config.num_teams, 1)] for field in fields]
    )
    print(
        f"{config.num_teams} teams, {config.simulations} simulations; two teams are {np.median(apart):.1f} points apart"
    )
    print(
        f"{'way':24} {'80% of pairs':>14} {'90% of pairs':>14} {'matches':>9} {'right after 5':>14} {'± after 5':>10}"
    )
    for way in map(_way, config.ways.split(",")):
        runs = [
            _simulate(field, way, config.battles, random_generator(Use.BATTLE, config.seed, one))
            for one, field in enumerate(fields)
        ]
        right, widths = np.mean([run for run, _ in runs], 0), np.mean([width for _, width in runs])
        after = [_first(right, share) for share in _SHARES]
        battles = [f"{one} battles" if one else f"> {config.battles}" for one in after]
        matches = str(after[-1] * way.matches) if after[-1] else "-"
        print(
            f"{':'.join(map(str, way)):24} {battles[0]:>14} {battles[1]:>14} {matches:>9} "
            f"{right[_FEW_BATTLES - 1]:>14.0%} {widths:>10.1f}",
            flush=True,
        )


def _way(text: str) -> Way:
    parts = text.strip().split(":")
    known = len(parts) == 3 and parts[0] in (WINS, POINTS) and parts[1] in (pairing.RANDOM, pairing.INFORMATIVE)
    if not known or not parts[2].isdigit() or parts[2] == "0":
        raise UserError(f"--ways: {text!r} is none; an example is {POINTS}:{pairing.RANDOM}:3")
    return Way(parts[0], parts[1], int(parts[2]))


def _draw(config: RatingsBenchmarkConfig, random: np.random.Generator) -> Field:
    generators, discriminators = random.normal(0, config.spread, (2, config.num_teams))
    style = random.normal(0, config.style, (config.num_teams, config.num_teams))
    logits = 1 + discriminators[:, None] - generators + style
    return Field(1 / (1 + np.exp(-1 - discriminators)), 1 / (1 + np.exp(-logits)))


def _simulate(field: Field, way: Way, battles: int, random: np.random.Generator) -> tuple[list[float], float]:
    """(share of pairs in the true order after each battle, half of the mean interval's width after a few)."""
    teams, right, width = [strength.new()] * len(field.real), [], 0.0
    for battle in range(battles):
        for pairs in pairing.rounds(way.pairing, teams, way.matches, random):
            for home, away in pairs:
                teams[home], teams[away] = _rated(field, way, (home, away), (teams[home], teams[away]), random)
        right.append(_share_in_order(field.truth, np.array([one.ordinal for one in teams])))
        if battle + 1 == _FEW_BATTLES:
            width = float(np.mean([(one.interval[1] - one.interval[0]) / 2 for one in teams]))
    return right, width


def _rated(
    field: Field,
    way: Way,
    pair: tuple[int, int],
    before: tuple[strength.Strength, strength.Strength],
    random: np.random.Generator,
) -> tuple[strength.Strength, strength.Strength]:
    """Plays a match; returns both teams' strengths after it."""
    points = [
        int(random.binomial(rules.IMAGES_OF_EACH, [field.real[judge], field.generated[judge, drawer]]).sum())
        for judge, drawer in (pair, pair[::-1])
    ]
    if points[0] == points[1]:  # time decides, which says nothing about these strengths
        points[random.integers(2)] += 0 if way.rating == POINTS else 1
    if way.rating == POINTS:
        return strength.after_points(*before, (points[0], points[1]), rules.HALF_ROUND_POINTS)
    if points[0] > points[1]:
        return strength.after_match(*before)
    second, first = strength.after_match(*before[::-1])
    return first, second


def _share_in_order(truth: np.ndarray, rated: np.ndarray) -> float:
    first, second = np.triu_indices(len(truth), 1)
    return float(np.mean((truth[first] > truth[second]) == (rated[first] > rated[second])))


def _first(right: np.ndarray, share: float) -> int | None:
    """The battle, from 1, from which on so many pairs are in order; None if that never happens."""
    below = np.flatnonzero(right < share)
    battle = int(below[-1]) + 2 if len(below) else 1
    return battle if battle <= len(right) else None


if __name__ == "__main__":
    sys.exit(main())
