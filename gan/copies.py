"""Looks for copied training images among those that a generator made. No TensorFlow."""

from typing import NamedTuple

import numpy as np

from gan import half_round, metrics


class Suspect(NamedTuple):
    """A generated image that is suspiciously like a training image."""

    image: int  # its place in the half round
    distance: float  # to the training image or its mirror image, in grey levels over all pixels
    limit_: float  # below which an image is suspected
    generated: np.ndarray  # uint8 [size]
    original: np.ndarray  # uint8 [size]


class Copies:
    """Training images, and how near to them an image is a copy.

    An image is suspected where it is less than half as far from the nearest training image, or its mirror image, as
    real images that nobody trained on are in the middle.

    Args:
        train: uint8 [N, size].
        held_out: uint8 [M, size], real images that nobody trained on.
    """

    def __init__(self, train, held_out):
        self._training = metrics.with_flips(train)
        self.limit = float(np.median(metrics.nearest(held_out, self._training)[1])) / 2

    def find(self, images, truth):
        """Suspects among the generated images of a half round: uint8 [N, size], half_round.GENERATED or REAL [N]."""
        places = np.flatnonzero(np.asarray(truth) == half_round.GENERATED)
        indices, distances = metrics.nearest(images[places], self._training)
        return [
            Suspect(int(place), float(distance), self.limit, images[place], self._training[index])
            for place, index, distance in zip(places, indices, distances)
            if distance < self.limit
        ]
