"""Plays a match between two teams' snapshots, half round by half round. No TensorFlow.

A team's fault costs it points, by rules.py, and never stops a match; a fault of this machine stops it, as a
HostError, and nothing of the half round in which it happened is kept.
"""

import statistics
from typing import NamedTuple

import numpy as np

from gan.console.errors import ContractError
from gan.contest import half_round, rules
from gan.data import pixels
from gan.random_noise_generator import Use, random_generator, uniform_noise

TIMING_REPEATS = 15  # of both teams' models, for a tie


class Side(NamedTuple):
    """One team in a match."""

    team: object  # who it is, for those who keep the results
    open: object  # function that returns its sandbox.SandboxedSnapshot, the same one as long as that lives


class Played(NamedTuple):
    """A half round with everything that was seen in it."""

    result: rules.HalfRound
    seed: int
    images: np.ndarray | None  # uint8 [30, size], in the order shown; None where the generator failed
    truth: np.ndarray | None  # int [30], half_round.REAL or GENERATED
    probabilities: np.ndarray | None  # float32 [30]; None where the discriminator failed or had nothing to judge


def play_half_round(sides, number, real_images, key):
    """Plays half round `number` of a match.

    Args:
        sides: (home, away), each a Side.
        number: of the half round, from 0.
        real_images: uint8 [N, size] to choose from; every half round of a match gets others.
        key: non-negative ints that name the match: event's seed, round, position, attempt.

    Returns:
        A Played.

    Raises:
        HostError: this machine failed.
        UserError: there are too few real images.
    """
    drawer = rules.generator_side(number)
    seed = half_round_seed(key, number)
    generated, generator_seconds, generator_fault = _attempt(
        sides[drawer],
        lambda cell: half_round.generate(
            cell, rules.IMAGES_OF_EACH, seed, half_round.draws_key(half_round.GENERATED, *key, number)
        ),
    )
    images = truth = None
    real = real_of(real_images, number, key)
    if generated is not None:
        images, truth = half_round.mix(generated, real, seed)
    beside, judge_key = half_round.references(real_images, real), half_round.draws_key(half_round.REAL, *key, number)
    # Where there is nothing to judge, the discriminator must at least be there to get the points.
    probabilities, discriminator_seconds, discriminator_fault = _attempt(
        sides[1 - drawer],
        lambda cell: cell.wait() if images is None else half_round.judge(cell, images, beside, judge_key),
    )
    if images is None:
        discriminator_seconds = None
    faults = dict(generator_fault=generator_fault, discriminator_fault=discriminator_fault)
    result = rules.half_round(truth, probabilities, generator_seconds, discriminator_seconds, **faults)
    return Played(result, seed, images, truth, probabilities)


def half_round_seed(key, number):
    """The seed of noise and order in half round `number` of the match that `key` names."""
    return int(random_generator(Use.BATTLE, *key, number).integers(2**31))


def real_of(real_images, number, key):
    """The real images of half round `number`: no other half round of the match has any of them."""
    chosen = half_round.choose(real_images, (number + 1) * rules.IMAGES_OF_EACH, *key)
    return chosen[-rules.IMAGES_OF_EACH :]


def measure_times(sides, real_images, key, repeats=TIMING_REPEATS):
    """Times both teams' models in turns, on the same cores, each for what it does in a round.

    Args:
        sides: (home, away), each a Side.
        real_images: uint8 [N, size].
        key: as for play_half_round.
        repeats: measurements of each, after one to warm up; the median counts.

    Returns:
        (home's, away's) seconds; None for one that fails.

    Raises:
        HostError: this machine failed.
    """
    noise = uniform_noise(rules.IMAGES_OF_EACH, Use.TIMING, *key)
    images = pixels.to_floats(half_round.choose(real_images, rules.HALF_ROUND_POINTS, *key))
    beside = pixels.to_floats(half_round.references(real_images, ()))
    measured = ([], [])
    for repeat in range(repeats + 1):
        for side in (0, 1) if repeat % 2 else (1, 0):
            if measured[side] is not None:
                _, seconds, fault = _attempt(sides[side], lambda cell: _run_both(cell, noise, images, beside))
                measured[side].append(seconds)
                if fault:
                    measured = tuple(None if index == side else times for index, times in enumerate(measured))
    return tuple(None if times is None else statistics.median(times[1:]) for times in measured)


def _run_both(cell, noise, images, beside):
    cell.generate(noise)
    seconds = cell.seconds
    cell.discriminate(images, batch_size=1, references=beside)
    cell.seconds += seconds


def _attempt(side, action):
    """(what it returns, model time, None), or (None, None, the team's fault)."""
    try:
        cell = side.open()
        result = action(cell)
        return result, cell.seconds, None
    except ContractError as error:
        return None, None, error.why
