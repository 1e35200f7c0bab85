"""Bad images that show nothing: constants, noise and patterns. No TensorFlow."""

import numpy as np

from gan.measure.bad_image_drawing import Faces, Families, Random, draw, grid, like, of_contrast, smooth

FAMILIES = Families()


@FAMILIES.add("black", is_simple=True)
def _black(faces: Faces, random: Random) -> np.ndarray:
    return np.zeros(faces.shape)


@FAMILIES.add("white", is_simple=True)
def _white(faces: Faces, random: Random) -> np.ndarray:
    return np.ones(faces.shape)


@FAMILIES.add("one grey level", is_simple=True)
def _grey(faces: Faces, random: Random) -> np.ndarray:
    return like(faces, draw(faces, random, 0, 1))


@FAMILIES.add("gradient", is_simple=True)
def _gradient(faces: Faces, random: Random) -> np.ndarray:
    (rows, columns), angle = grid(faces), draw(faces, random, 0, 2 * np.pi)
    slope = np.cos(angle) * rows + np.sin(angle) * columns
    return draw(faces, random, 0.2, 0.8) + draw(faces, random, 0.05, 0.4) * slope


@FAMILIES.add("white noise", is_simple=True)
def _white_noise(faces: Faces, random: Random) -> np.ndarray:
    return random.random(faces.shape)


@FAMILIES.add("faint noise", is_simple=True)
def _faint_noise(faces: Faces, random: Random) -> np.ndarray:
    return draw(faces, random, 0.1, 0.9) + draw(faces, random, 0.01, 0.1) * random.normal(size=faces.shape)


@FAMILIES.add("fine smooth noise", is_simple=True)
def _fine_noise(faces: Faces, random: Random) -> np.ndarray:
    noise = smooth(random.normal(size=faces.shape), 1.2)
    return of_contrast(noise, draw(faces, random, 0.3, 0.7), draw(faces, random, 0.1, 0.3))


@FAMILIES.add("coarse smooth noise", is_simple=True)
def _coarse_noise(faces: Faces, random: Random) -> np.ndarray:
    noise = smooth(random.normal(size=faces.shape), 5.0)
    return of_contrast(noise, draw(faces, random, 0.3, 0.7), draw(faces, random, 0.1, 0.3))


@FAMILIES.add("noise of all scales", is_simple=True)
def _all_scales(faces: Faces, random: Random) -> np.ndarray:
    noise = sum(width * smooth(random.normal(size=faces.shape), width) for width in (0.5, 1, 2, 4, 8))
    return of_contrast(np.asarray(noise), draw(faces, random, 0.3, 0.7), draw(faces, random, 0.1, 0.3))


@FAMILIES.add("stripes", is_simple=True)
def _stripes(faces: Faces, random: Random) -> np.ndarray:
    (rows, columns), angle = grid(faces), draw(faces, random, 0, np.pi)
    waves = np.sin(draw(faces, random, 6, 40) * (np.cos(angle) * rows + np.sin(angle) * columns))
    return draw(faces, random, 0.3, 0.7) + draw(faces, random, 0.1, 0.5) * waves


@FAMILIES.add("chessboard", is_simple=True)
def _chessboard(faces: Faces, random: Random) -> np.ndarray:
    rows, columns = grid(faces)
    squares = np.sign(np.sin(draw(faces, random, 4, 20) * rows) * np.sin(draw(faces, random, 4, 20) * columns))
    return draw(faces, random, 0.3, 0.7) + draw(faces, random, 0.1, 0.5) * squares


@FAMILIES.add("discs", is_simple=True)
def _discs(faces: Faces, random: Random) -> np.ndarray:
    rows, columns = grid(faces)
    images = like(faces, draw(faces, random, 0, 1))
    for _ in range(6):
        distance = np.hypot(rows - draw(faces, random, -1, 1), columns - draw(faces, random, -1, 1))
        images = np.where(distance < draw(faces, random, 0.1, 0.5), draw(faces, random, 0, 1), images)
    return images


@FAMILIES.add("oval on a ground", is_simple=True)
def _oval(faces: Faces, random: Random) -> np.ndarray:
    rows, columns = grid(faces)
    inside = np.hypot(rows / 0.9, columns / 0.65) < 1
    return np.where(inside, draw(faces, random, 0.5, 0.9), draw(faces, random, 0, 0.4))


@FAMILIES.add("rings", is_simple=True)
def _rings(faces: Faces, random: Random) -> np.ndarray:
    rows, columns = grid(faces)
    distance = np.hypot(rows - draw(faces, random, -0.5, 0.5), columns - draw(faces, random, -0.5, 0.5))
    return draw(faces, random, 0.3, 0.7) + draw(faces, random, 0.15, 0.5) * np.sin(
        draw(faces, random, 8, 40) * distance
    )


@FAMILIES.add("rectangles", is_simple=True)
def _rectangles(faces: Faces, random: Random) -> np.ndarray:
    rows, columns = grid(faces)
    images = like(faces, draw(faces, random, 0, 1))
    for _ in range(8):
        high, wide = draw(faces, random, 0.1, 0.6), draw(faces, random, 0.1, 0.6)
        inside = (np.abs(rows - draw(faces, random, -1, 1)) < high) & (
            np.abs(columns - draw(faces, random, -1, 1)) < wide
        )
        images = np.where(inside, draw(faces, random, 0, 1), images)
    return images


@FAMILIES.add("lines on paper", is_simple=True)
def _lines(faces: Faces, random: Random) -> np.ndarray:
    rows, columns = grid(faces)
    images = like(faces, draw(faces, random, 0.8, 1))
    for _ in range(10):
        angle = draw(faces, random, 0, np.pi)
        distance = np.abs(np.cos(angle) * rows + np.sin(angle) * columns - draw(faces, random, -0.9, 0.9))
        images = np.where(distance < 0.03, draw(faces, random, 0, 0.2), images)
    return images


@FAMILIES.add("marble", is_simple=True)
def _marble(faces: Faces, random: Random) -> np.ndarray:
    rows, _ = grid(faces)
    cloud = of_contrast(smooth(random.normal(size=faces.shape), 3.0), 0, 1)
    return 0.5 + draw(faces, random, 0.2, 0.5) * np.sin(draw(faces, random, 3, 15) * rows + 2 * cloud)


@FAMILIES.add("dots in rows", is_simple=True)
def _dots(faces: Faces, random: Random) -> np.ndarray:
    rows, columns = grid(faces)
    pitch = draw(faces, random, 10, 25)
    bumps = np.cos(pitch * rows) + np.cos(pitch * columns)
    return np.where(bumps > draw(faces, random, 0, 1.2), draw(faces, random, 0, 0.3), draw(faces, random, 0.7, 1))


@FAMILIES.add("a drawn face", is_simple=True)
def _drawn_face(faces: Faces, random: Random) -> np.ndarray:
    rows, columns = grid(faces)
    images = np.where(np.hypot(rows / 0.95, columns / 0.75) < 1, draw(faces, random, 0, 1), draw(faces, random, 0, 1))
    eyes = np.hypot((rows + 0.25) / 0.1, (np.abs(columns) - 0.3) / 0.15) < 1
    mouth = (np.abs(rows - 0.45 + 0.6 * columns**2) < 0.06) & (np.abs(columns) < 0.35)
    return smooth(np.where(eyes | mouth, draw(faces, random, 0, 1), images), 0.8)
