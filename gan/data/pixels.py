"""Pictures in and out: pixels as bytes, grids, PNG files. No TensorFlow."""

import errno
import io
import math
import os

import numpy as np
from PIL import Image

FACE_SIZE, MNIST_SIZE = 50 * 50, 28 * 28  # pixels of an image


def image_size(use_mnist):
    """Pixels of an image of the contest, or of MNIST."""
    return MNIST_SIZE if use_mnist else FACE_SIZE


def side(size):
    """Width and height of a square image of `size` pixels (2500 -> 50)."""
    return math.isqrt(size)


def to_bytes(images):
    """Rounds images in [0, 1] to the 8 bits that a picture file holds: float [...] -> uint8 [...]."""
    return np.rint(np.clip(images, 0, 1) * 255).astype(np.uint8)


def to_floats(images):
    """uint8 [...] -> float32 [...] in [0, 1], the way the readers do it: n / 255."""
    return images.astype(np.float32) / np.float32(255)


def grid(images, columns=None, gap=2, zoom=1):
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


def png(picture):
    """Encodes uint8 [height, width] as PNG bytes."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return buffer.getvalue()


def write_png(path, picture):
    """Writes uint8 [height, width] as a PNG file, whole or not at all; makes its folder."""
    if os.path.isdir(path):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path + ".part", "wb") as file:
        file.write(png(picture))
    os.replace(path + ".part", path)
