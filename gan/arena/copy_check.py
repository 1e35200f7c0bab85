"""Looks for copies of training images among those that a generator made. No TensorFlow."""

from typing import NamedTuple

import numpy as np

from gan.contest import half_round
from gan.data import pixels
from gan.measure import metrics

MOST_RATIO = 0.6  # of a copy: the distance to the nearest training image by that to the second nearest
_CONTRAST = 64.0  # grey levels: standard deviation to which every image is brought


class SuspectedCopy(NamedTuple):
    """A generated image that looks copied from a training image."""

    image: int  # its place in the half round
    distance: float  # to the training image or its mirror image, over all pixels, at equal brightness and contrast
    limit: float  # below it an image is suspected, however near other training images are
    generated: np.ndarray  # uint8 [size]
    original: np.ndarray  # uint8 [size]


class CopyCheck:
    """Finds images that look copied from training images.

    All images are brought to one brightness and contrast before they are compared. Distances are to training images
    and to their mirror images. An image is suspected if its distance to the nearest one is less than half the median
    distance of real images that nobody trained on. It is suspected, too, if that distance is less than 0.6 of the
    distance to the second nearest (see metrics.nearest_ratio): this finds copies with noise.

    Args:
        train: uint8 [N, size].
        held_out: uint8 [M, size], real images that nobody trained on.
    """

    def __init__(self, train: np.ndarray, held_out: np.ndarray) -> None:
        self._training = pixels.with_flips(train)
        self._evened = _evened(self._training)
        self.limit = float(np.median(metrics.nearest(_evened(held_out), self._evened)[1])) / 2

    def find(self, images: np.ndarray, truth: np.ndarray) -> list[SuspectedCopy]:
        """What looks copied among the generated images of a half round.

        Args:
            images: uint8 [N, size].
            truth: half_round.GENERATED or REAL [N].
        """
        places = np.flatnonzero(np.asarray(truth) == half_round.GENERATED)
        evened = _evened(images[places])
        indices, distances = metrics.nearest(evened, self._evened)
        ratios = metrics.nearest_ratio(evened, self._evened)
        return [
            SuspectedCopy(int(place), float(distance), self.limit, images[place], self._training[index])
            for place, index, distance, ratio in zip(places, indices, distances, ratios)
            if distance < self.limit or ratio < MOST_RATIO
        ]


def _evened(images: np.ndarray) -> np.ndarray:
    """Images of equal mean and contrast: uint8 [N, size] -> float32 [N, size]."""
    centred = images.astype(np.float32) - images.mean(1, keepdims=True, dtype=np.float32)
    return centred * (_CONTRAST / np.maximum(centred.std(1, keepdims=True), 1.0))
