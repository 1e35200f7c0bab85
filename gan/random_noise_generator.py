"""Randomness that depends on keys alone, and the generators' input, drawn with it: uniform noise in [-1, 1]."""

import enum

import numpy as np

NOISE_SIZE = 100


class Use(enum.IntEnum):
    """What randomness is used for. It is the first part of every key, so that no two uses share numbers."""

    EPOCH_ORDER = 1
    SHUFFLE_BUFFER = 2
    TRAINING_NOISE = 3
    SAMPLE_NOISE = 4
    EVALUATION_NOISE = 5
    HALF_ROUND_NOISE = 6
    HALF_ROUND_CHOICE = 7
    INTERPOLATION_NOISE = 8
    HALF_ROUND_ORDER = 9
    DRAW = 10
    BATTLE = 11
    TIMING = 12
    NETWORK_DRAWS = 13
    REFERENCE_CHOICE = 14
    REFERENCE_NOISE = 15
    REFERENCE_PLACE = 16
    TRAINING_SAMPLE = 17
    FINGERPRINT = 18
    CALIBRATION_NOISE = 19


def random_generator(*key: int) -> np.random.Generator:
    """A numpy random generator that depends on the key alone: a Use, then non-negative ints."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([int(part) for part in key])))


def uniform_noise(count: int, *key: int) -> np.ndarray:
    """Draws latents.

    Args:
        count: number of latents.
        *key: a Use, then non-negative ints such as seed and step; the same key gives the same noise.

    Returns:
        float32 [count, 100], uniform in [-1, 1).
    """
    return random_generator(*key).random((count, NOISE_SIZE), dtype=np.float32) * 2 - 1


def stratified_noise(count: int, *key: int) -> np.ndarray:
    """Draws latents that fill the cube evenly, so that means over what is generated of them vary less.

    Source: McKay, Beckman and Conover 1979, Latin hypercube sampling.

    Args:
        count: number of latents. Each of their 100 numbers falls once into each of `count` equal parts of [-1, 1].
        *key: as of uniform_noise.

    Returns:
        float32 [count, 100].
    """
    random = random_generator(*key)
    parts = random.permuted(np.tile(np.arange(count)[:, np.newaxis], NOISE_SIZE), axis=0)
    return ((parts + random.random(parts.shape)) * (2 / count) - 1).astype(np.float32)
