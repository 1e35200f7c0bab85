"""Shows a discriminator that looks at its batch each image beside reference images, so that none tells of another."""

from collections.abc import Callable, Iterator

import numpy as np

from gan.contest import behaviour
from gan.data import pixels
from gan.random_noise_generator import Use, random_generator, uniform_noise


def own(generate: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Reference images of a snapshot's own generator, float32 [14, size].

    Args:
        generate: float32 noise [15, 100] -> float32 images [15, size].
    """
    images = generate(uniform_noise(behaviour.BATCH, Use.REFERENCE_NOISE))
    return pixels.to_floats(pixels.to_bytes(images[: behaviour.REFERENCES - behaviour.REAL_REFERENCES]))


def batches(images: np.ndarray, references: np.ndarray, key: int, first: int) -> Iterator[tuple[np.ndarray, int]]:
    """Each image among the references.

    Args:
        images: float32 [N, size].
        references: float32 [29, size], real ones and those of `own`.
        key: which decides about the order, below 2^63.
        first: number of the first image among those with this key.

    Yields:
        (float32 [30, size], place of the image in it).
    """
    for number, image in enumerate(images, first):
        random = random_generator(Use.REFERENCE_PLACE, key, number)
        mixed = references[random.permutation(len(references))]
        place = int(random.integers(len(references) + 1))
        yield np.insert(mixed, place, image, 0), place
