"""Bad images that were faces: their tones are so wrong, so few or so blurred that anybody sees it. No TensorFlow."""

import numpy as np

from gan.measure.bad_image_drawing import Faces, Families, Random, at, draw, grid, of_contrast, smooth

FAMILIES = Families()


@FAMILIES.add("a tenth of the contrast")
def _low_contrast(faces: Faces, random: Random) -> np.ndarray:
    return draw(faces, random, 0.1, 0.9) + 0.1 * (faces - faces.mean((1, 2), keepdims=True))


@FAMILIES.add("a fiftieth of the brightness")
def _dark(faces: Faces, random: Random) -> np.ndarray:
    return faces * 0.02


@FAMILIES.add("over-exposed")
def _over_exposed(faces: Faces, random: Random) -> np.ndarray:
    return faces * 0.3 + 0.85


@FAMILIES.add("black or white")
def _two_levels(faces: Faces, random: Random) -> np.ndarray:
    return (faces > np.median(faces, (1, 2), keepdims=True)).astype(np.float64)


@FAMILIES.add("three grey levels")
def _three_levels(faces: Faces, random: Random) -> np.ndarray:
    return np.digitize(faces, [1 / 3, 2 / 3]) / 2


@FAMILIES.add("negative")
def _negative(faces: Faces, random: Random) -> np.ndarray:
    return 1 - faces


@FAMILIES.add("solarised")
def _solarised(faces: Faces, random: Random) -> np.ndarray:
    return np.abs(2 * faces - 1)


@FAMILIES.add("sixth power of the brightness")
def _sixth_power(faces: Faces, random: Random) -> np.ndarray:
    return faces**6


@FAMILIES.add("strong blur")
def _blurred(faces: Faces, random: Random) -> np.ndarray:
    return smooth(faces, 5.0)


@FAMILIES.add("large pixels")
def _large_pixels(faces: Faces, random: Random) -> np.ndarray:
    rows, columns = grid(faces)
    return at(smooth(faces, 2.0), np.round(rows * 3) / 3, np.round(columns * 3) / 3)


@FAMILIES.add("squares of ten pixels, a grey slope each")
def _slopes(faces: Faces, random: Random) -> np.ndarray:
    images, block = faces.copy(), 10
    rows, columns = np.mgrid[0:block, 0:block] - (block - 1) / 2
    for down in range(0, faces.shape[1], block):
        for right in range(0, faces.shape[1], block):
            part = faces[:, down : down + block, right : right + block]
            high, wide = rows[: part.shape[1], : part.shape[2]], columns[: part.shape[1], : part.shape[2]]
            slopes = [(part * each).sum((1, 2)) / (each**2).sum() for each in (high, wide)]
            flat = part.mean((1, 2))[:, None, None] + slopes[0][:, None, None] * high + slopes[1][:, None, None] * wide
            images[:, down : down + block, right : right + block] = flat
    return images


@FAMILIES.add("noise as strong as the face")
def _noisy(faces: Faces, random: Random) -> np.ndarray:
    return faces + 0.25 * random.normal(size=faces.shape)


@FAMILIES.add("a third of the pixels black or white")
def _salt_and_pepper(faces: Faces, random: Random) -> np.ndarray:
    return np.where(random.random(faces.shape) < 1 / 3, random.integers(0, 2, faces.shape), faces)


@FAMILIES.add("dithered")
def _dithered(faces: Faces, random: Random) -> np.ndarray:
    return (faces > random.random(faces.shape)).astype(np.float64)


@FAMILIES.add("grid of 2x2 pixels")
def _pattern(faces: Faces, random: Random) -> np.ndarray:
    side = faces.shape[1]
    rows, columns = np.indices((side, side))
    return faces + 0.15 * np.where((rows + columns) % 2, 1, -1)


@FAMILIES.add("edges alone")
def _edges(faces: Faces, random: Random) -> np.ndarray:
    down, right = np.gradient(faces, axis=(1, 2))
    return 4 * np.hypot(down, right)


@FAMILIES.add("relief")
def _relief(faces: Faces, random: Random) -> np.ndarray:
    return 0.5 + 2 * (faces - np.roll(faces, (1, 1), (1, 2)))


@FAMILIES.add("level lines")
def _contours(faces: Faces, random: Random) -> np.ndarray:
    levels = np.floor(smooth(faces, 1.0) * 8)
    is_line = (levels != np.roll(levels, 1, 1)) | (levels != np.roll(levels, 1, 2))
    return np.where(is_line, 0.1, 0.95)


@FAMILIES.add("phases at random")
def _phases(faces: Faces, random: Random) -> np.ndarray:
    noise = np.fft.fft2(random.normal(size=faces.shape))
    images = np.fft.ifft2(np.abs(np.fft.fft2(faces)) * np.exp(1j * np.angle(noise))).real
    return of_contrast(images, faces.mean((1, 2), keepdims=True), faces.std((1, 2), keepdims=True))


@FAMILIES.add("sixth root of the brightness")
def _sixth_root(faces: Faces, random: Random) -> np.ndarray:
    return faces ** (1 / 6)


@FAMILIES.add("grey levels in another order")
def _other_order(faces: Faces, random: Random) -> np.ndarray:
    levels = random.random((len(faces), 8))
    return levels[np.arange(len(faces))[:, None, None], np.minimum((faces * 8).astype(int), 7)]


@FAMILIES.add("three times too bright, beginning again at black")
def _overflown(faces: Faces, random: Random) -> np.ndarray:
    return 3 * faces % 1


@FAMILIES.add("high frequencies alone")
def _high_frequencies(faces: Faces, random: Random) -> np.ndarray:
    return 0.5 + 2 * (faces - smooth(faces, 2.0))


@FAMILIES.add("smeared along a line of 15 pixels")
def _smeared(faces: Faces, random: Random) -> np.ndarray:
    return np.mean([np.roll(faces, shift, 2) for shift in range(-7, 8)], 0)


@FAMILIES.add("grid of white lines")
def _white_lines(faces: Faces, random: Random) -> np.ndarray:
    images = faces.copy()
    images[:, ::6] = images[:, :, ::6] = 1
    return images


@FAMILIES.add("two singular vectors alone")
def _two_vectors(faces: Faces, random: Random) -> np.ndarray:
    left, values, right = np.linalg.svd(faces)
    return (left[:, :, :2] * values[:, None, :2]) @ right[:, :2]
