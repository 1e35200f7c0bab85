"""The command that makes records of the contest out of records of other forms. No TensorFlow."""

import contextlib
import glob
import os
import shlex
from collections.abc import Sequence

from gan.console.errors import DataError
from gan.data import examples, pixels, record_files, record_forms
from gan.data.examples import Feature
from gan.storage import cache

_OUTPUT = "prepared_data"  # the folder that the command names


def command(paths: Sequence[str], usual_feature: str, size: int) -> str:
    """The command line of prepare_data that reads some files.

    Args:
        paths: the files, on disk; those in the cache are named as in their bucket.
        usual_feature: name of the image's list, if the command need not say it.
        size: pixels of the images that are wanted.
    """
    flags = ["--source=records", f"--input={_input(paths)}"]
    feature = _image_feature(paths, usual_feature)
    if feature != usual_feature:
        flags.append(f"--image_feature={feature}")
    if size == pixels.MNIST_SIZE:
        flags.append("--use_mnist")
    return " ".join(["python -m gan.prepare_data", *map(_quoted, flags), f"--output_dir={_OUTPUT}"])


def alike(paths: Sequence[str], message: str) -> list[str]:
    """Those of some files that are empty, or have the same lists as the file that a message begins with."""
    named = max(filter(message.startswith, paths), key=len)
    kinds = {path: {name: each.kind for name, each in (_first(path) or {}).items()} for path in paths}
    return [path for path in paths if kinds[path] in ({}, kinds[named])]


def _first(path: str) -> dict[str, Feature] | None:
    """The lists of a file's first record; None if there is none, or it is of another kind."""
    with contextlib.suppress(DataError, ValueError):
        for record in record_files.read_records(path):
            return examples.parse(record)
    return None


def _input(paths: Sequence[str]) -> str:
    """One pattern that matches these files and no others, or all of them with commas between."""
    paths = sorted(set(map(cache.origin, paths)))
    beginning = os.path.commonprefix(paths)
    ending = os.path.commonprefix([path[len(beginning) :][::-1] for path in paths])[::-1]
    pattern = f"{glob.escape(beginning)}*{glob.escape(ending)}"
    if len(paths) > 1 and "," not in pattern and sorted(glob.glob(pattern)) == paths:
        return pattern
    return ",".join(paths)


def _image_feature(paths: Sequence[str], usual: str) -> str:
    """The list that holds the image in the first record there is; NAME if several or none may."""
    features = next((found for path in paths if (found := _first(path)) is not None), None)
    if features is None or usual in features:
        return usual
    likely = record_forms.likely_images(features)
    return likely[0] if len(likely) == 1 else "NAME"


def _quoted(flag: str) -> str:
    """A flag as a shell wants it: --input='data/*.tfrecords'."""
    name, _, value = flag.partition("=")
    return f"{name}={shlex.quote(value)}" if value else name
