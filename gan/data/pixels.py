"""Pixels: how many an image has, bytes and floats, grids of images, PNG files. No TensorFlow."""

import io
import math

import numpy as np
from PIL import Image

from gan.storage import files

FACE_SIDE, DIGIT_SIDE = 50, 28  # width and height of an image of the contest, and of MNIST
FACE_SIZE, MNIST_SIZE = FACE_SIDE**2, DIGIT_SIDE**2  # pixels of an image


def image_size(use_mnist: bool) -> int:
    """Pixels of an image of MNIST, or of the contest."""
    return MNIST_SIZE if use_mnist else FACE_SIZE


def side(size: int) -> int:
    """Width and height of a square image of `size` pixels (2500 -> 50)."""
    return math.isqrt(size)


def to_bytes(images: np.ndarray) -> np.ndarray:
    """Rounds images in [0, 1] to the 8 bits that a picture file holds: float [...] -> uint8 [...]."""
    return np.rint(np.clip(images, 0, 1) * 255).astype(np.uint8)


def to_floats(images: np.ndarray) -> np.ndarray:
    """uint8 [...] -> float32 [...] in [0, 1], n / 255, as the readers do."""
    return images.astype(np.float32) / np.float32(255)


def mirrored(images: np.ndarray) -> np.ndarray:
    """Square images [N, size] with left and right exchanged."""
    width = side(images.shape[1])
    return images.reshape(-1, width, width)[:, :, ::-1].reshape(images.shape)


def with_flips(images: np.ndarray) -> np.ndarray:
    """Square images [N, size], then their mirror images: [2N, size]."""
    return np.concatenate([images, mirrored(images)])


def grid(images: np.ndarray, columns: int | None = None, gap: int = 2, zoom: int = 1) -> np.ndarray:
    """Lays images out row by row.

    Args:
        images: uint8 [N, H*W], square images.
        columns: images a row; None makes the grid as square as possible.
        gap: white pixels between images.
        zoom: whole factor by which each pixel is enlarged.

    Returns:
        uint8 [height, width].
    """
    count, size = images.shape
    columns = columns or math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    pitch = side(size) + gap
    sheet = np.full((rows * pitch - gap, columns * pitch - gap), 255, np.uint8)
    for index, image in enumerate(images.reshape(count, side(size), side(size))):
        top, left = index // columns * pitch, index % columns * pitch
        sheet[top : top + side(size), left : left + side(size)] = image
    return sheet.repeat(zoom, 0).repeat(zoom, 1)


def png(picture: np.ndarray) -> bytes:
    """Encodes uint8 [height, width] as PNG bytes."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return buffer.getvalue()


def write_png(path: str, picture: np.ndarray) -> None:
    """Writes uint8 [height, width] as a PNG file, whole or not at all; makes its folder."""
    files.write_whole(path, png(picture))
