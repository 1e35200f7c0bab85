"""What drawing bad images needs: see bad_images. No TensorFlow."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

Faces = np.ndarray  # float [N, side, side] in [0, 1]
Random = np.random.Generator
Make = Callable[[Faces, Random], np.ndarray]  # real faces -> one bad image for each, about in [0, 1]


class Family(NamedTuple):
    """One kind of bad image."""

    name: str
    make: Make
    is_simple: bool  # constants, noise and patterns; made of no face


class Families(dict[str, Family]):
    """Families by name, in the order in which they are added."""

    def add(self, name: str, is_simple: bool = False) -> Callable[[Make], Make]:
        """A decorator that adds a function as a family."""

        def added(make: Make) -> Make:
            self[name] = Family(name, make, is_simple)
            return make

        return added


def like(faces: Faces, values: np.ndarray) -> np.ndarray:
    """One value for each image, or one image for all, as images."""
    return np.broadcast_to(values, faces.shape).astype(np.float64)


def draw(faces: Faces, random: Random, low: float, high: float) -> np.ndarray:
    """A number for each image, [N, 1, 1]."""
    return random.uniform(low, high, (len(faces), 1, 1))


def smooth(images: np.ndarray, width: float) -> np.ndarray:
    """Blurs with a Gaussian of a standard deviation of `width` pixels, over the edges."""
    side = images.shape[1]
    frequency = np.fft.fftfreq(side)
    gain = np.exp(-2 * (np.pi * width * frequency) ** 2)
    return np.fft.ifft2(np.fft.fft2(images) * gain[:, None] * gain).real


def of_contrast(images: np.ndarray, mean: np.ndarray | float, deviation: np.ndarray | float) -> np.ndarray:
    """Images moved and stretched to a mean and a standard deviation each."""
    centred = images - images.mean((1, 2), keepdims=True)
    return mean + deviation * centred / (centred.std((1, 2), keepdims=True) + 1e-9)


def others(faces: Faces, random: Random) -> Faces:
    """Another face for each."""
    return np.roll(faces, int(random.integers(1, max(2, len(faces)))), 0)


def grid(faces: Faces) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the pixels, [side, side] each, from -1 to 1."""
    line = np.linspace(-1, 1, faces.shape[1])
    rows, columns = np.meshgrid(line, line, indexing="ij")
    return rows, columns


def at(faces: Faces, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """The pixels at places from -1 to 1, [N or 1, side, side] each; the nearest ones."""
    side = faces.shape[1]
    rows, columns = (
        np.clip(np.round((each + 1) / 2 * (side - 1)), 0, side - 1).astype(int) for each in (rows, columns)
    )
    return faces[np.arange(len(faces))[:, None, None], rows, columns]
