"""Images that nobody takes for a photograph of a face, in many families, to show to discriminators. No TensorFlow.

A discriminator that has never seen a kind of bad image leaves the answer to chance. Here are simple images (constants,
noise, patterns) and faces that were spoilt so strongly that anybody sees it.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from gan.data import pixels

Faces = np.ndarray  # float [N, side, side] in [0, 1]
Random = np.random.Generator
Make = Callable[[Faces, Random], np.ndarray]  # real faces -> one bad image for each, about in [0, 1]


class Family(NamedTuple):
    """One kind of bad image."""

    name: str
    make: Make
    is_simple: bool  # constants, noise and patterns; made of no face


FAMILIES: dict[str, Family] = {}


def _family(name: str, is_simple: bool = False) -> Callable[[Make], Make]:
    def add(make: Make) -> Make:
        FAMILIES[name] = Family(name, make, is_simple)
        return make

    return add


def make(name: str, faces: np.ndarray, seed: int) -> np.ndarray:
    """Bad images of one family.

    Args:
        name: a key of FAMILIES.
        faces: uint8 [N, size], real square images.
        seed: of everything that is drawn.

    Returns:
        float32 [N, size] in [0, 1], of whole grey levels as in a PNG file.
    """
    side = pixels.side(faces.shape[1])
    square = faces.reshape(-1, side, side) / 255.0
    random = np.random.default_rng([seed, *name.encode()])
    images = np.clip(FAMILIES[name].make(square, random), 0, 1)
    return (np.round(images * 255) / 255).astype(np.float32).reshape(len(faces), -1)


def _like(faces: Faces, values: np.ndarray) -> np.ndarray:
    """One value for each image, or one image for all, as images."""
    return np.broadcast_to(values, faces.shape).astype(np.float64)


def _draw(faces: Faces, random: Random, low: float, high: float) -> np.ndarray:
    """A number for each image, [N, 1, 1]."""
    return random.uniform(low, high, (len(faces), 1, 1))


def _smooth(images: np.ndarray, width: float) -> np.ndarray:
    """Blurs with a Gaussian of a standard deviation of `width` pixels, over the edges."""
    side = images.shape[1]
    frequency = np.fft.fftfreq(side)
    gain = np.exp(-2 * (np.pi * width * frequency) ** 2)
    return np.fft.ifft2(np.fft.fft2(images) * gain[:, None] * gain).real


def _of_contrast(images: np.ndarray, mean: np.ndarray | float, deviation: np.ndarray | float) -> np.ndarray:
    """Images moved and stretched to a mean and a standard deviation each."""
    centred = images - images.mean((1, 2), keepdims=True)
    return mean + deviation * centred / (centred.std((1, 2), keepdims=True) + 1e-9)


def _others(faces: Faces, random: Random) -> Faces:
    """Another face for each."""
    return np.roll(faces, int(random.integers(1, max(2, len(faces)))), 0)


def _grid(faces: Faces) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the pixels, [side, side] each, from -1 to 1."""
    line = np.linspace(-1, 1, faces.shape[1])
    rows, columns = np.meshgrid(line, line, indexing="ij")
    return rows, columns


def _at(faces: Faces, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """The pixels at places from -1 to 1, [N or 1, side, side] each; the nearest ones."""
    side = faces.shape[1]
    rows, columns = (
        np.clip(np.round((each + 1) / 2 * (side - 1)), 0, side - 1).astype(int) for each in (rows, columns)
    )
    return faces[np.arange(len(faces))[:, None, None], rows, columns]


@_family("black", is_simple=True)
def _black(faces: Faces, random: Random) -> np.ndarray:
    return np.zeros(faces.shape)


@_family("white", is_simple=True)
def _white(faces: Faces, random: Random) -> np.ndarray:
    return np.ones(faces.shape)


@_family("one grey level", is_simple=True)
def _grey(faces: Faces, random: Random) -> np.ndarray:
    return _like(faces, _draw(faces, random, 0, 1))


@_family("gradient", is_simple=True)
def _gradient(faces: Faces, random: Random) -> np.ndarray:
    (rows, columns), angle = _grid(faces), _draw(faces, random, 0, 2 * np.pi)
    slope = np.cos(angle) * rows + np.sin(angle) * columns
    return _draw(faces, random, 0.2, 0.8) + _draw(faces, random, 0.05, 0.4) * slope


@_family("white noise", is_simple=True)
def _white_noise(faces: Faces, random: Random) -> np.ndarray:
    return random.random(faces.shape)


@_family("faint noise", is_simple=True)
def _faint_noise(faces: Faces, random: Random) -> np.ndarray:
    return _draw(faces, random, 0.1, 0.9) + _draw(faces, random, 0.01, 0.1) * random.normal(size=faces.shape)


@_family("fine smooth noise", is_simple=True)
def _fine_noise(faces: Faces, random: Random) -> np.ndarray:
    noise = _smooth(random.normal(size=faces.shape), 1.2)
    return _of_contrast(noise, _draw(faces, random, 0.3, 0.7), _draw(faces, random, 0.1, 0.3))


@_family("coarse smooth noise", is_simple=True)
def _coarse_noise(faces: Faces, random: Random) -> np.ndarray:
    noise = _smooth(random.normal(size=faces.shape), 5.0)
    return _of_contrast(noise, _draw(faces, random, 0.3, 0.7), _draw(faces, random, 0.1, 0.3))


@_family("noise of all scales", is_simple=True)
def _all_scales(faces: Faces, random: Random) -> np.ndarray:
    noise = sum(width * _smooth(random.normal(size=faces.shape), width) for width in (0.5, 1, 2, 4, 8))
    return _of_contrast(np.asarray(noise), _draw(faces, random, 0.3, 0.7), _draw(faces, random, 0.1, 0.3))


@_family("stripes", is_simple=True)
def _stripes(faces: Faces, random: Random) -> np.ndarray:
    (rows, columns), angle = _grid(faces), _draw(faces, random, 0, np.pi)
    waves = np.sin(_draw(faces, random, 6, 40) * (np.cos(angle) * rows + np.sin(angle) * columns))
    return _draw(faces, random, 0.3, 0.7) + _draw(faces, random, 0.1, 0.5) * waves


@_family("chessboard", is_simple=True)
def _chessboard(faces: Faces, random: Random) -> np.ndarray:
    rows, columns = _grid(faces)
    squares = np.sign(np.sin(_draw(faces, random, 4, 20) * rows) * np.sin(_draw(faces, random, 4, 20) * columns))
    return _draw(faces, random, 0.3, 0.7) + _draw(faces, random, 0.1, 0.5) * squares


@_family("discs", is_simple=True)
def _discs(faces: Faces, random: Random) -> np.ndarray:
    rows, columns = _grid(faces)
    images = _like(faces, _draw(faces, random, 0, 1))
    for _ in range(6):
        distance = np.hypot(rows - _draw(faces, random, -1, 1), columns - _draw(faces, random, -1, 1))
        images = np.where(distance < _draw(faces, random, 0.1, 0.5), _draw(faces, random, 0, 1), images)
    return images


@_family("oval on a ground", is_simple=True)
def _oval(faces: Faces, random: Random) -> np.ndarray:
    rows, columns = _grid(faces)
    inside = np.hypot(rows / 0.9, columns / 0.65) < 1
    return np.where(inside, _draw(faces, random, 0.5, 0.9), _draw(faces, random, 0, 0.4))


@_family("a tenth of the contrast")
def _low_contrast(faces: Faces, random: Random) -> np.ndarray:
    return _draw(faces, random, 0.1, 0.9) + 0.1 * (faces - faces.mean((1, 2), keepdims=True))


@_family("a thousandth of the brightness")
def _dark(faces: Faces, random: Random) -> np.ndarray:
    return faces * 0.001


@_family("over-exposed")
def _over_exposed(faces: Faces, random: Random) -> np.ndarray:
    return faces * 0.3 + 0.85


@_family("black or white")
def _two_levels(faces: Faces, random: Random) -> np.ndarray:
    return (faces > np.median(faces, (1, 2), keepdims=True)).astype(np.float64)


@_family("three grey levels")
def _three_levels(faces: Faces, random: Random) -> np.ndarray:
    return np.digitize(faces, [1 / 3, 2 / 3]) / 2


@_family("negative")
def _negative(faces: Faces, random: Random) -> np.ndarray:
    return 1 - faces


@_family("solarised")
def _solarised(faces: Faces, random: Random) -> np.ndarray:
    return np.abs(2 * faces - 1)


@_family("upside down")
def _upside_down(faces: Faces, random: Random) -> np.ndarray:
    return faces[:, ::-1]


@_family("turned by 90 degrees")
def _turned(faces: Faces, random: Random) -> np.ndarray:
    left = random.random(len(faces)) < 0.5
    return np.where(left[:, None, None], np.rot90(faces, 1, (1, 2)), np.rot90(faces, 3, (1, 2)))


@_family("turned by 45 degrees")
def _tilted(faces: Faces, random: Random) -> np.ndarray:
    (rows, columns), half = _grid(faces), np.sqrt(0.5)
    sign = np.where(random.random((len(faces), 1, 1)) < 0.5, 1, -1)
    return _at(faces, half * (rows - sign * columns), half * (columns + sign * rows))


@_family("strong blur")
def _blurred(faces: Faces, random: Random) -> np.ndarray:
    return _smooth(faces, 5.0)


@_family("large pixels")
def _large_pixels(faces: Faces, random: Random) -> np.ndarray:
    rows, columns = _grid(faces)
    return _at(_smooth(faces, 2.0), np.round(rows * 3) / 3, np.round(columns * 3) / 3)


@_family("noise as strong as the face")
def _noisy(faces: Faces, random: Random) -> np.ndarray:
    return faces + 0.25 * random.normal(size=faces.shape)


@_family("a third of the pixels black or white")
def _salt_and_pepper(faces: Faces, random: Random) -> np.ndarray:
    return np.where(random.random(faces.shape) < 1 / 3, random.integers(0, 2, faces.shape), faces)


@_family("dithered")
def _dithered(faces: Faces, random: Random) -> np.ndarray:
    return (faces > random.random(faces.shape)).astype(np.float64)


@_family("blocks in another order")
def _blocks(faces: Faces, random: Random) -> np.ndarray:
    side = faces.shape[1] // 5
    images = faces.copy()
    for image, face in zip(images, faces):
        for target, source in enumerate(random.permutation(25)):
            (row, column), (from_row, from_column) = divmod(target, 5), divmod(int(source), 5)
            image[row * side : (row + 1) * side, column * side : (column + 1) * side] = face[
                from_row * side : (from_row + 1) * side, from_column * side : (from_column + 1) * side
            ]
    return images


@_family("rows in another order")
def _rows(faces: Faces, random: Random) -> np.ndarray:
    return np.stack([face[random.permutation(len(face))] for face in faces])


@_family("lower half above the upper one")
def _wrapped(faces: Faces, random: Random) -> np.ndarray:
    return np.roll(faces, faces.shape[1] // 2, 1)


@_family("upper half mirrored below")
def _mirrored(faces: Faces, random: Random) -> np.ndarray:
    half = faces.shape[1] // 2
    return np.concatenate([faces[:, :half], faces[:, : faces.shape[1] - half][:, ::-1]], 1)


@_family("half of it black")
def _half_black(faces: Faces, random: Random) -> np.ndarray:
    images, half = faces.copy(), faces.shape[1] // 2
    for image, where in zip(images, random.integers(0, 4, len(faces))):
        image[[np.s_[:half], np.s_[half:], np.s_[:, :half], np.s_[:, half:]][where]] = 0
    return images


@_family("left and right of two faces, one negative")
def _two_faces(faces: Faces, random: Random) -> np.ndarray:
    half = faces.shape[1] // 2
    return np.concatenate([faces[:, :, :half], 1 - _others(faces, random)[:, :, half:]], 2)


@_family("four small faces")
def _four_faces(faces: Faces, random: Random) -> np.ndarray:
    rows, columns = _grid(faces)
    return _at(_smooth(faces, 0.8), 2 * ((rows + 1) % 1) - 1, 2 * ((columns + 1) % 1) - 1)


@_family("a sixteenth of a face, enlarged")
def _enlarged(faces: Faces, random: Random) -> np.ndarray:
    rows, columns = _grid(faces)
    return _at(faces, rows / 4 + _draw(faces, random, -0.7, 0.7), columns / 4 + _draw(faces, random, -0.7, 0.7))


@_family("squeezed to a third of the width")
def _squeezed(faces: Faces, random: Random) -> np.ndarray:
    rows, columns = _grid(faces)
    return _at(faces, rows, np.clip(3 * columns, -1, 1)) * (np.abs(columns) < 1 / 3)


@_family("swirled")
def _swirled(faces: Faces, random: Random) -> np.ndarray:
    rows, columns = _grid(faces)
    angle = 3.0 * np.maximum(0, 1 - np.hypot(rows, columns))
    return _at(faces, np.cos(angle) * rows - np.sin(angle) * columns, np.sin(angle) * rows + np.cos(angle) * columns)


@_family("edges alone")
def _edges(faces: Faces, random: Random) -> np.ndarray:
    down, right = np.gradient(faces, axis=(1, 2))
    return 4 * np.hypot(down, right)


@_family("phases at random")
def _phases(faces: Faces, random: Random) -> np.ndarray:
    noise = np.fft.fft2(random.normal(size=faces.shape))
    images = np.fft.ifft2(np.abs(np.fft.fft2(faces)) * np.exp(1j * np.angle(noise))).real
    return _of_contrast(images, faces.mean((1, 2), keepdims=True), faces.std((1, 2), keepdims=True))


@_family("grid of 2x2 pixels")
def _pattern(faces: Faces, random: Random) -> np.ndarray:
    side = faces.shape[1]
    rows, columns = np.indices((side, side))
    return faces + 0.15 * np.where((rows + columns) % 2, 1, -1)


@_family("average of sixteen faces")
def _average(faces: Faces, random: Random) -> np.ndarray:
    chosen = random.integers(0, len(faces), (len(faces), 16))
    return faces[chosen].mean(1)
