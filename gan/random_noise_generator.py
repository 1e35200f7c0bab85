"""The generators' input: uniform noise in [-1, 1], the same way for training and for judging."""

import numpy as np

NOISE_SIZE = 100


def uniform_noise(count, *key):
    """Draws latents that depend on nothing but the key.

    Args:
        count: number of latents.
        *key: non-negative ints, such as (seed, step); the same key gives the same noise.

    Returns:
        float32 [count, 100], uniform in [-1, 1).
    """
    uniform = np.random.Generator(np.random.Philox(np.random.SeedSequence(key)))
    return uniform.random((count, NOISE_SIZE), dtype=np.float32) * 2 - 1
