"""Looks for copied training images among those that a generator made. No TensorFlow."""

from typing import NamedTuple

import numpy as np

from gan.contest import half_round
from gan.measure import metrics

MOST_RATIO = 0.6  # of the distances to the nearest and to the second nearest training image, of a copy
_CONTRAST = 64.0  # grey levels: standard deviation to which every image is brought


class SuspectedCopy(NamedTuple):
    """A generated image that is suspiciously like a training image."""

    image: int  # its place in the half round
    distance: float  # to the training image or its mirror image, over all pixels, at equal brightness and contrast
    limit_: float  # below which an image is suspected whatever else lies near
    generated: np.ndarray  # uint8 [size]
    original: np.ndarray  # uint8 [size]


class Copies:
    """Training images, and how near to them an image is a copy.

    All images are brought to one brightness and contrast before they are compared. One is suspected where it is less
    than half as far from the nearest training image, or its mirror image, as real images that nobody trained on are in
    the middle; and where that distance is less than 0.6 of that to the second nearest (see metrics.nearest_ratio),
    which finds copies with noise.

    Args:
        train: uint8 [N, size].
        held_out: uint8 [M, size], real images that nobody trained on.
    """

    def __init__(self, train, held_out):
        self._training = metrics.with_flips(train)
        self._evened = _evened(self._training)
        self.limit = float(np.median(metrics.nearest(_evened(held_out), self._evened)[1])) / 2

    def find(self, images, truth):
        """Suspects among the generated images of a half round: uint8 [N, size], half_round.GENERATED or REAL [N]."""
        places = np.flatnonzero(np.asarray(truth) == half_round.GENERATED)
        evened = _evened(images[places])
        indices, distances = metrics.nearest(evened, self._evened)
        ratios = metrics.nearest_ratio(evened, self._evened)
        return [
            SuspectedCopy(int(place), float(distance), self.limit, images[place], self._training[index])
            for place, index, distance, ratio in zip(places, indices, distances, ratios)
            if distance < self.limit or ratio < MOST_RATIO
        ]


def _evened(images):
    """Images of equal mean and contrast: uint8 [N, size] -> float32 [N, size]."""
    centred = images.astype(np.float32) - images.mean(1, keepdims=True, dtype=np.float32)
    return centred * (_CONTRAST / np.maximum(centred.std(1, keepdims=True), 1.0))
