"""MNIST as its users have it: four files of bytes, plain or .gz, or keras' mnist.npz. No TensorFlow."""

import gzip
import math
import os
import zipfile
import zlib

import numpy as np

from gan.console.errors import DataError
from gan.data import pixels

KERAS_FILE = "mnist.npz"
FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
# Folders below the one that was given, as torchvision and keras make them.
_FOLDERS = ("", "raw", "MNIST/raw", "datasets")
_KERAS_ARRAYS = ("x_train", "y_train", "x_test", "y_test")
_NPZ_HEAD = b"PK\x03\x04"
_GZIP = b"\x1f\x8b"

_Parts = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def is_wanted(path: str) -> bool:
    """Whether a path below a folder, with forward slashes, may be a file of MNIST."""
    folder, _, name = path.rpartition("/")
    if name == KERAS_FILE:
        return folder in _FOLDERS
    outer = folder[: -len(name)].rstrip("/") if f"/{folder}".endswith(f"/{name}") else folder
    return outer in _FOLDERS and any(name in _candidates(each) for each in FILES)


def find(local: str, given: str) -> list[str]:
    """The files of MNIST at a path on disk: mnist.npz, or four files in a folder, its raw or its MNIST/raw.

    Args:
        local: a file or a folder.
        given: the same as the user gave it, for messages.

    Raises:
        DataError: there are none; names the file that is missing.
    """
    if os.path.isfile(local):
        with open(local, "rb") as file:
            if file.read(len(_NPZ_HEAD)) == _NPZ_HEAD:
                return [local]
        raise DataError(f"{given} is not {KERAS_FILE}; MNIST is that file, or a folder of {', '.join(FILES)}")
    folders = [os.path.join(local, *folder.split("/")) if folder else local for folder in _FOLDERS]
    for folder in folders:
        found = [path for path in (_in_folder(folder, name) for name in FILES) if path]
        if len(found) == len(FILES):
            return found
        keras_file = os.path.join(folder, KERAS_FILE)
        if not found and os.path.isfile(keras_file):
            return [keras_file]
    missing = next(name for name in FILES if not any(_in_folder(folder, name) for folder in folders))
    raise DataError(
        f"{given}: no file {missing} or {missing}.gz; MNIST is a folder of {', '.join(FILES)}, or keras' {KERAS_FILE}"
    )


def load(paths: list[str]) -> _Parts:
    """Training images and labels, test images and labels: uint8 [N, 784] and [N].

    Raises:
        DataError: a file is damaged or of another kind; the message names it.
    """
    parts = _read_keras(paths[0]) if len(paths) == 1 else tuple(map(_read_idx, paths))
    images, labels, test_images, test_labels = parts
    for some_images, some_labels, path in ((images, labels, paths[:2][-1]), (test_images, test_labels, paths[-1])):
        if len(some_images) != len(some_labels):
            raise DataError(f"{path} has {len(some_labels)} labels for {len(some_images)} images")
    return images, labels, test_images, test_labels


def _candidates(name: str) -> list[str]:
    return [some + ending for some in (name, name.replace("-idx", ".idx")) for ending in ("", ".gz")]


def _in_folder(folder: str, name: str) -> str | None:
    """The path of a file; some archives have a folder of its name around it."""
    for candidate in _candidates(name):
        for path in (os.path.join(folder, candidate), os.path.join(folder, candidate, candidate)):
            if os.path.isfile(path):
                return path
    return None


def _read_keras(path: str) -> _Parts:
    side = pixels.DIGIT_SIDE
    try:
        with np.load(path, allow_pickle=False) as arrays:
            parts = [arrays[name] for name in _KERAS_ARRAYS]
    except KeyError as error:
        raise DataError(f"{path} has no array of the name {error.args[0].split()[0]}; keras' file has it") from error
    except (ValueError, OSError, EOFError, NotImplementedError, zlib.error, zipfile.BadZipFile) as error:
        raise DataError(f"{path} is damaged ({error}); download it again") from error
    for name, values in zip(_KERAS_ARRAYS, parts):
        shape = (len(values), side, side) if name.startswith("x") else (len(values),)
        if values.dtype != np.uint8 or values.shape != shape:
            sizes = "x".join(map(str, values.shape))
            raise DataError(f"{path}: {name} holds {sizes} numbers of {values.dtype}, not uint8 of keras' {KERAS_FILE}")
    images, labels, test_images, test_labels = parts
    return images.reshape(-1, side * side), labels, test_images.reshape(-1, side * side), test_labels


def _read_idx(path: str) -> np.ndarray:
    """Images uint8 [N, 784] or labels uint8 [N]. The file holds a magic number, the shape, big-endian, then bytes."""
    try:
        with open(path, "rb") as file:
            content = file.read()
        if content.startswith(_GZIP):  # whatever the name says: browsers unpack some files as they save them
            content = gzip.decompress(content)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path} is damaged ({error}); download it again") from error
    side = pixels.DIGIT_SIDE
    shape = (side, side) if "images" in os.path.basename(path) else ()
    magic = 2051 if shape else 2049
    start = 4 * (2 + len(shape))
    if len(content) < start:
        raise DataError(f"{path} is cut off after {len(content)} bytes; download it again")
    found_magic, count, *found_shape = np.frombuffer(content[:start], ">u4").tolist()
    if found_magic != magic:
        raise DataError(f"{path} begins with the number {found_magic}, not {magic}; it is another kind of file")
    if tuple(found_shape) != shape:
        raise DataError(f"{path} has images of {'x'.join(map(str, found_shape))} pixels, not {side}x{side}")
    values = np.frombuffer(content[start:], np.uint8)
    if len(values) != count * math.prod(shape):
        raise DataError(f"{path} has {len(values)} bytes, but its {count} entries take {count * math.prod(shape)}")
    return values.reshape(count, side * side) if shape else values
