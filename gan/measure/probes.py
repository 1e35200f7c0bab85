"""What others will find weak in a snapshot, found before they do. No TensorFlow.

A discriminator that takes a black image for a face loses to whoever hands one in; images that hardly vary, or that look
like no face, convince weak discriminators only.
"""

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from gan.measure import bad_images, features, metrics
from gan.random_noise_generator import Use, uniform_noise

IMAGES = 60  # of each family, and generated ones, at most
MOST_ACCEPTED = 0.2  # share of the bad images of a family; more is worth a word
LEAST_SPREAD = 0.3  # median distance between generated images, as a share of that between real ones
FAR = 8.0  # times the distance between two halves of the real images
_NAMED = 6  # families in a sentence


class Contestant(Protocol):
    """A snapshot that can be asked."""

    def generate(self, noise: np.ndarray) -> np.ndarray:
        """Images float32 [N, size] in [0, 1] of noise float32 [N, 100]."""

    def discriminate(self, images: np.ndarray) -> np.ndarray:
        """Probabilities float32 [N] of images float32 [N, size]."""


def accepted(snapshot: Contestant, real: np.ndarray, seed: int = 0) -> dict[str, float]:
    """How much of each family of bad images a discriminator takes for real.

    Args:
        snapshot: whose discriminator is asked.
        real: uint8 [N, size], some of which are spoilt.
        seed: of the choice and of what is drawn.

    Returns:
        name of the family -> share, the largest first.
    """
    faces = real[np.random.default_rng(seed).permutation(len(real))[:IMAGES]]
    made = {name: bad_images.make(name, faces, seed) for name in bad_images.FAMILIES}
    is_real = snapshot.discriminate(np.concatenate(list(made.values()))) > 0.5
    shares = dict(zip(made, is_real.reshape(len(made), -1).mean(1).tolist()))
    return dict(sorted(shares.items(), key=lambda item: -item[1]))
