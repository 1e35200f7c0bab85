"""Bad images that were faces: spoilt so strongly that anybody sees it. No TensorFlow."""

import numpy as np

from gan.measure.bad_image_drawing import Faces, Families, Random, at, draw, grid, of_contrast, others, smooth

FAMILIES = Families()


@FAMILIES.add("a tenth of the contrast")
def _low_contrast(faces: Faces, random: Random) -> np.ndarray:
    return draw(faces, random, 0.1, 0.9) + 0.1 * (faces - faces.mean((1, 2), keepdims=True))


@FAMILIES.add("a thousandth of the brightness")
def _dark(faces: Faces, random: Random) -> np.ndarray:
    return faces * 0.001


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


@FAMILIES.add("upside down")
def _upside_down(faces: Faces, random: Random) -> np.ndarray:
    return faces[:, ::-1]


@FAMILIES.add("turned by 90 degrees")
def _turned(faces: Faces, random: Random) -> np.ndarray:
    left = random.random(len(faces)) < 0.5
    return np.where(left[:, None, None], np.rot90(faces, 1, (1, 2)), np.rot90(faces, 3, (1, 2)))


@FAMILIES.add("turned by 45 degrees")
def _tilted(faces: Faces, random: Random) -> np.ndarray:
    (rows, columns), half = grid(faces), np.sqrt(0.5)
    sign = np.where(random.random((len(faces), 1, 1)) < 0.5, 1, -1)
    return at(faces, half * (rows - sign * columns), half * (columns + sign * rows))


@FAMILIES.add("strong blur")
def _blurred(faces: Faces, random: Random) -> np.ndarray:
    return smooth(faces, 5.0)


@FAMILIES.add("large pixels")
def _large_pixels(faces: Faces, random: Random) -> np.ndarray:
    rows, columns = grid(faces)
    return at(smooth(faces, 2.0), np.round(rows * 3) / 3, np.round(columns * 3) / 3)


@FAMILIES.add("noise as strong as the face")
def _noisy(faces: Faces, random: Random) -> np.ndarray:
    return faces + 0.25 * random.normal(size=faces.shape)


@FAMILIES.add("a third of the pixels black or white")
def _salt_and_pepper(faces: Faces, random: Random) -> np.ndarray:
    return np.where(random.random(faces.shape) < 1 / 3, random.integers(0, 2, faces.shape), faces)


@FAMILIES.add("dithered")
def _dithered(faces: Faces, random: Random) -> np.ndarray:
    return (faces > random.random(faces.shape)).astype(np.float64)


@FAMILIES.add("blocks in another order")
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


@FAMILIES.add("rows in another order")
def _rows(faces: Faces, random: Random) -> np.ndarray:
    return np.stack([face[random.permutation(len(face))] for face in faces])


@FAMILIES.add("lower half above the upper one")
def _wrapped(faces: Faces, random: Random) -> np.ndarray:
    return np.roll(faces, faces.shape[1] // 2, 1)


@FAMILIES.add("upper half mirrored below")
def _mirrored(faces: Faces, random: Random) -> np.ndarray:
    half = faces.shape[1] // 2
    return np.concatenate([faces[:, :half], faces[:, : faces.shape[1] - half][:, ::-1]], 1)


@FAMILIES.add("half of it black")
def _half_black(faces: Faces, random: Random) -> np.ndarray:
    images, half = faces.copy(), faces.shape[1] // 2
    for image, where in zip(images, random.integers(0, 4, len(faces))):
        image[[np.s_[:half], np.s_[half:], np.s_[:, :half], np.s_[:, half:]][where]] = 0
    return images


@FAMILIES.add("left and right of two faces, one negative")
def _two_faces(faces: Faces, random: Random) -> np.ndarray:
    half = faces.shape[1] // 2
    return np.concatenate([faces[:, :, :half], 1 - others(faces, random)[:, :, half:]], 2)


@FAMILIES.add("four small faces")
def _four_faces(faces: Faces, random: Random) -> np.ndarray:
    rows, columns = grid(faces)
    return at(smooth(faces, 0.8), 2 * ((rows + 1) % 1) - 1, 2 * ((columns + 1) % 1) - 1)


@FAMILIES.add("a sixteenth of a face, enlarged")
def _enlarged(faces: Faces, random: Random) -> np.ndarray:
    rows, columns = grid(faces)
    return at(faces, rows / 4 + draw(faces, random, -0.7, 0.7), columns / 4 + draw(faces, random, -0.7, 0.7))


@FAMILIES.add("squeezed to a third of the width")
def _squeezed(faces: Faces, random: Random) -> np.ndarray:
    rows, columns = grid(faces)
    return at(faces, rows, np.clip(3 * columns, -1, 1)) * (np.abs(columns) < 1 / 3)


@FAMILIES.add("swirled")
def _swirled(faces: Faces, random: Random) -> np.ndarray:
    rows, columns = grid(faces)
    angle = 3.0 * np.maximum(0, 1 - np.hypot(rows, columns))
    return at(faces, np.cos(angle) * rows - np.sin(angle) * columns, np.sin(angle) * rows + np.cos(angle) * columns)


@FAMILIES.add("edges alone")
def _edges(faces: Faces, random: Random) -> np.ndarray:
    down, right = np.gradient(faces, axis=(1, 2))
    return 4 * np.hypot(down, right)


@FAMILIES.add("phases at random")
def _phases(faces: Faces, random: Random) -> np.ndarray:
    noise = np.fft.fft2(random.normal(size=faces.shape))
    images = np.fft.ifft2(np.abs(np.fft.fft2(faces)) * np.exp(1j * np.angle(noise))).real
    return of_contrast(images, faces.mean((1, 2), keepdims=True), faces.std((1, 2), keepdims=True))


@FAMILIES.add("grid of 2x2 pixels")
def _pattern(faces: Faces, random: Random) -> np.ndarray:
    side = faces.shape[1]
    rows, columns = np.indices((side, side))
    return faces + 0.15 * np.where((rows + columns) % 2, 1, -1)


@FAMILIES.add("average of sixteen faces")
def _average(faces: Faces, random: Random) -> np.ndarray:
    chosen = random.integers(0, len(faces), (len(faces), 16))
    return faces[chosen].mean(1)


@FAMILIES.add("sixth power of the brightness")
def _sixth_power(faces: Faces, random: Random) -> np.ndarray:
    return faces**6


@FAMILIES.add("pixels of each row sorted")
def _sorted(faces: Faces, random: Random) -> np.ndarray:
    return np.sort(faces, 2)


@FAMILIES.add("rows in turn of a face and of one upside down")
def _interlaced(faces: Faces, random: Random) -> np.ndarray:
    images = faces.copy()
    images[:, ::2] = others(faces, random)[:, ::-1][:, ::2]
    return images


@FAMILIES.add("a ninth of the area, on a ground")
def _small(faces: Faces, random: Random) -> np.ndarray:
    rows, columns = grid(faces)
    down, right = draw(faces, random, -0.6, 0.6), draw(faces, random, -0.6, 0.6)
    row, column = 3 * (rows - down), 3 * (columns - right)
    inside = (np.abs(row) < 1) & (np.abs(column) < 1)
    return np.where(inside, at(smooth(faces, 1.2), row, column), draw(faces, random, 0, 1))


@FAMILIES.add("a face and itself on its side, averaged")
def _double(faces: Faces, random: Random) -> np.ndarray:
    return (faces + np.rot90(faces, 1, (1, 2))) / 2


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


@FAMILIES.add("level lines")
def _contours(faces: Faces, random: Random) -> np.ndarray:
    levels = np.floor(smooth(faces, 1.0) * 8)
    is_line = (levels != np.roll(levels, 1, 1)) | (levels != np.roll(levels, 1, 2))
    return np.where(is_line, 0.1, 0.95)


@FAMILIES.add("tiles of many faces")
def _tiles(faces: Faces, random: Random) -> np.ndarray:
    side, images = faces.shape[1] // 5, faces.copy()
    for row in range(5):
        for column in range(5):
            part = np.s_[:, row * side : (row + 1) * side, column * side : (column + 1) * side]
            images[part] = faces[random.permutation(len(faces))][part]
    return images


@FAMILIES.add("a quarter mirrored in all others")
def _kaleidoscope(faces: Faces, random: Random) -> np.ndarray:
    half = (faces.shape[1] + 1) // 2
    top = np.concatenate([faces[:, :half, :half], faces[:, :half, : faces.shape[2] - half][:, :, ::-1]], 2)
    return np.concatenate([top, top[:, : faces.shape[1] - half][:, ::-1]], 1)


@FAMILIES.add("relief")
def _relief(faces: Faces, random: Random) -> np.ndarray:
    return 0.5 + 2 * (faces - np.roll(faces, (1, 1), (1, 2)))
