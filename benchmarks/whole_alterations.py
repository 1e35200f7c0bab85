"""Faces altered everywhere: blurred, noisy, brighter, moved, shuffled and so on. For feature_fitness.py.

All functions take float32 [N, 50, 50] in grey levels, a level and a generator, and return such images.
"""

import numpy as np

from benchmarks.local_alterations import Alter

SIDE = 50


def blur(images: np.ndarray, sigma: float, random: np.random.Generator) -> np.ndarray:
    """Gaussian blur of `sigma` pixels, edges repeated."""
    reach = int(np.ceil(4 * sigma))
    weights = np.exp(-np.square(np.arange(-reach, reach + 1) / sigma) / 2)
    taps = np.clip(np.arange(SIDE)[:, None] + np.arange(-reach, reach + 1), 0, SIDE - 1)
    matrix = np.zeros((SIDE, SIDE))
    np.add.at(matrix, (np.arange(SIDE)[:, None], taps), weights / weights.sum())
    return matrix @ images @ matrix.T


def noise(images: np.ndarray, sigma: float, random: np.random.Generator) -> np.ndarray:
    """White noise of `sigma` grey levels."""
    return images + sigma * random.standard_normal(images.shape)


def brighten(images: np.ndarray, levels: float, random: np.random.Generator) -> np.ndarray:
    """Adds grey levels."""
    return images + levels


def darken(images: np.ndarray, levels: float, random: np.random.Generator) -> np.ndarray:
    """Takes grey levels away."""
    return images - levels


def less_contrast(images: np.ndarray, percent: float, random: np.random.Generator) -> np.ndarray:
    """Moves grey values towards the image's mean."""
    mean = images.mean((1, 2), keepdims=True)
    return mean + (images - mean) * (1 - percent / 100)


def more_contrast(images: np.ndarray, percent: float, random: np.random.Generator) -> np.ndarray:
    """Moves grey values away from the image's mean."""
    mean = images.mean((1, 2), keepdims=True)
    return mean + (images - mean) * (1 + percent / 100)


def checkerboard(images: np.ndarray, amplitude: float, random: np.random.Generator) -> np.ndarray:
    """Adds a checkerboard of single pixels, in grey levels."""
    sign = (-1.0) ** np.arange(SIDE)
    return images + amplitude * sign * sign[:, None]


def grid(images: np.ndarray, amplitude: float, random: np.random.Generator) -> np.ndarray:
    """Brightens every second pixel of every second row, as transposed convolutions of stride 2 do."""
    comb = (np.arange(SIDE) % 2 == 0) * 1.0
    pattern = comb * comb[:, None]
    return images + amplitude * (pattern - pattern.mean())


def coarse_grid(images: np.ndarray, amplitude: float, random: np.random.Generator) -> np.ndarray:
    """The same with a period of four pixels, as two such layers do."""
    comb = (np.arange(SIDE) % 4 == 0) * 1.0
    pattern = np.maximum(comb, comb[:, None])
    return images + amplitude * (pattern - pattern.mean())


def translate(images: np.ndarray, pixels: float, random: np.random.Generator) -> np.ndarray:
    """Shifts to the right and down, edges repeated."""
    index = np.clip(np.arange(SIDE) - pixels, 0, None)
    return images[:, index][:, :, index]


def crop(images: np.ndarray, pixels: float, random: np.random.Generator) -> np.ndarray:
    """Cuts pixels off each side and enlarges the rest."""
    return resample(images, *np.meshgrid(*[np.linspace(pixels, SIDE - 1 - pixels, SIDE)] * 2, indexing="ij"))


def warp(images: np.ndarray, pixels: float, random: np.random.Generator) -> np.ndarray:
    """Bends each image by a smooth random field of `pixels` standard deviation: misplaced parts of faces."""
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(float)
    fields = random.standard_normal((2, *images.shape))
    fields = blur(fields.reshape(-1, SIDE, SIDE), 4, random).reshape(fields.shape)
    dy, dx = pixels * fields / fields.std()
    return resample(images, y + dy, x + dx)


def resample(images: np.ndarray, y: np.ndarray, x: np.ndarray, finer: int = 4) -> np.ndarray:
    """Values of each image [N, H, W] at rows `y` and columns `x`, [H, W] or [N, H, W], without blurring.

    Bilinear between the pixels of a `finer` image, which the cosine transform interpolates.
    """
    frequencies = np.arange(SIDE)[:, None]
    cosines = [
        np.cos(np.pi * frequencies * (np.arange(SIDE * scale) + 0.5) / (SIDE * scale)).astype(np.float32)
        for scale in (1, finer)
    ]
    interpolation = cosines[1].T @ (cosines[0] * np.where(frequencies, 2 / SIDE, 1 / SIDE).astype(np.float32))
    images = interpolation @ images.astype(np.float32) @ interpolation.T
    y, x = (np.clip((values + 0.5) * finer - 0.5, 0, SIDE * finer - 1) for values in (y, x))
    top, left = (np.minimum(values.astype(int), SIDE * finer - 2) for values in (y, x))
    down, right = y - top, x - left
    which = np.arange(len(images))[:, None, None]
    upper = images[which, top, left] * (1 - right) + images[which, top, left + 1] * right
    lower = images[which, top + 1, left] * (1 - right) + images[which, top + 1, left + 1] * right
    return upper * (1 - down) + lower * down


def ghost(images: np.ndarray, percent: float, random: np.random.Generator) -> np.ndarray:
    """Mixes another face into each: double exposures, as generators make between two modes."""
    return images * (1 - percent / 100) + images[::-1] * percent / 100


def holes(images: np.ndarray, pixels: float, random: np.random.Generator) -> np.ndarray:
    """Blackens a square of `pixels` a side at a random place of each image."""
    images = images.copy()
    places = random.random((len(images), 2))
    for image, (top, left) in zip(images, (places * (SIDE - pixels)).astype(int)):
        image[top : top + pixels, left : left + pixels] = 0
    return images


def shuffled_blocks(images: np.ndarray, percent: float, random: np.random.Generator) -> np.ndarray:
    """In a share of the images, shuffles the 25 blocks of 10x10 pixels: textures of faces that are no faces."""
    images, chosen = images.copy(), share(len(images), percent, random)
    blocks = images[chosen].reshape(-1, 5, 10, 5, 10).transpose(0, 1, 3, 2, 4).reshape(-1, 25, 10, 10)
    blocks = np.stack([parts[random.permutation(25)] for parts in blocks])
    images[chosen] = blocks.reshape(-1, 5, 5, 10, 10).transpose(0, 1, 3, 2, 4).reshape(-1, SIDE, SIDE)
    return images


def upside_down(images: np.ndarray, percent: float, random: np.random.Generator) -> np.ndarray:
    """Turns a share of the images upside down."""
    images, chosen = images.copy(), share(len(images), percent, random)
    images[chosen] = images[chosen, ::-1]
    return images


def copies(images: np.ndarray, percent: float, random: np.random.Generator) -> np.ndarray:
    """Replaces a share of the images by copies of ten of them."""
    images, chosen = images.copy(), share(len(images), percent, random)
    images[chosen] = images[np.arange(len(chosen)) % 10]
    return images


def share(count: int, percent: float, random: np.random.Generator) -> np.ndarray:
    """Indices of a share; a larger one holds the smaller."""
    return random.permutation(count)[: round(count * percent / 100)]


WHOLE: list[tuple[str, tuple[float, ...], Alter]] = [
    ("blur, sigma in pixels", (0.4, 0.6, 0.8, 1, 1.5, 2.5), blur),
    ("noise, grey levels", (1, 2, 4, 8, 16, 32), noise),
    ("brighter, grey levels", (4, 8, 16, 32, 64), brighten),
    ("darker, grey levels", (4, 8, 16, 32, 64), darken),
    ("less contrast, %", (5, 10, 20, 40, 60), less_contrast),
    ("more contrast, %", (5, 10, 20, 40, 80), more_contrast),
    ("checkerboard, grey levels", (1, 2, 4, 8, 16), checkerboard),
    ("2x2 grid, grey levels", (1, 2, 4, 8, 16, 32), grid),
    ("4x4 grid, grey levels", (1, 2, 4, 8, 16, 32), coarse_grid),
    ("translation, pixels", (1, 2, 3, 5, 8), translate),
    ("crop, pixels a side", (1, 2, 3, 5, 8), crop),
    ("warp, pixels", (0.5, 1, 2, 3, 5), warp),
    ("ghost of another face, %", (5, 10, 20, 30, 40, 50), ghost),
    ("black squares, pixels", (3, 5, 8, 12, 20), holes),
    ("shuffled blocks, % of images", (5, 10, 20, 50, 100), shuffled_blocks),
    ("upside down, % of images", (5, 10, 20, 50, 100), upside_down),
    ("copies of ten, % of images", (10, 20, 40, 60, 80, 100), copies),
]
