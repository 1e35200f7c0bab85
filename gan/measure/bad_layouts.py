"""Bad images that were faces: cut up, mixed, turned or bent so strongly that anybody sees it. No TensorFlow."""

import numpy as np

from gan.measure.bad_image_drawing import Faces, Families, Random, at, draw, grid, others, smooth

FAMILIES = Families()


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


@FAMILIES.add("average of sixteen faces")
def _average(faces: Faces, random: Random) -> np.ndarray:
    chosen = random.integers(0, len(faces), (len(faces), 16))
    return faces[chosen].mean(1)


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


@FAMILIES.add("half of it one grey level")
def _half_grey(faces: Faces, random: Random) -> np.ndarray:
    images = faces.copy()
    images[:, :, faces.shape[2] // 2 :] = draw(faces, random, 0.2, 0.8)
    return images


@FAMILIES.add("difference of two faces")
def _difference(faces: Faces, random: Random) -> np.ndarray:
    return 0.5 + faces - others(faces, random)


@FAMILIES.add("product of a face and one upside down")
def _product(faces: Faces, random: Random) -> np.ndarray:
    return 1.5 * faces * others(faces, random)[:, ::-1]


@FAMILIES.add("quarters of four faces")
def _quarters(faces: Faces, random: Random) -> np.ndarray:
    images, half = faces.copy(), faces.shape[1] // 2
    for part in (np.s_[:, :half, half:], np.s_[:, half:, :half], np.s_[:, half:, half:]):
        images[part] = others(faces, random)[part]
    return images


@FAMILIES.add("squares in turn of a face and its negative")
def _squares_in_turn(faces: Faces, random: Random) -> np.ndarray:
    rows, columns = np.indices(faces.shape[1:])
    return np.where((rows // 5 + columns // 5) % 2, 1 - faces, faces)


@FAMILIES.add("bulging")
def _bulging(faces: Faces, random: Random) -> np.ndarray:
    rows, columns = grid(faces)
    inwards = np.minimum(1, np.hypot(rows, columns) + 0.1)
    return at(faces, inwards * rows, inwards * columns)


@FAMILIES.add("oblique")
def _oblique(faces: Faces, random: Random) -> np.ndarray:
    rows, columns = grid(faces)
    return at(faces, rows, columns + 0.9 * rows)


@FAMILIES.add("two and a half times as tall")
def _tall(faces: Faces, random: Random) -> np.ndarray:
    rows, columns = grid(faces)
    return at(faces, 0.4 * rows, columns)


@FAMILIES.add("wavy rows")
def _wavy(faces: Faces, random: Random) -> np.ndarray:
    rows, columns = grid(faces)
    return at(faces, rows, columns + 0.25 * np.sin(15 * rows))


@FAMILIES.add("each row moved by chance")
def _moved_rows(faces: Faces, random: Random) -> np.ndarray:
    rows, columns = grid(faces)
    return at(faces, rows, columns + random.uniform(-0.3, 0.3, (len(faces), faces.shape[1], 1)))


@FAMILIES.add("around the centre, as a clock's hand sees it")
def _polar(faces: Faces, random: Random) -> np.ndarray:
    rows, columns = grid(faces)
    return at(faces, np.hypot(rows, columns) * np.sqrt(2) - 1, np.arctan2(rows, columns) / np.pi)
