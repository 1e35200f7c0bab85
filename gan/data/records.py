"""Records of other programs as a source of pictures: found, told apart and read. No TensorFlow."""

import collections
import hashlib
import os
import re
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from gan.console.errors import DataError
from gan.console.progress import Progress
from gan.data import examples, folders, image_files, pixels, record_files, tfrecords
from gan.data.examples import INTEGERS, Feature
from gan.data.file_notes import FileNotes
from gan.data.image_files import PLAIN_READING, Loaded, Reading
from gan.data.record_forms import Form, Survey
from gan.data.sources import Input, Pictures
from gan.storage import cache, files

SOURCE = "records"  # its name among the sources of prepare_data

_NAME = re.compile(r"(?i)(?![._]).*(tf-?rec|\.tfr\b|\.records?\b|-\d+-of-\d+).*(?<!\.part)")
_LARGEST_LABEL = 255


class RecordOptions(NamedTuple):
    """How records are read."""

    image_feature: str = tfrecords.IMAGE  # name of the list that holds the image
    value_range: str | None = None  # a key of record_forms.RANGES; None: found from all values
    size: int = pixels.FACE_SIZE  # pixels of the images that are made
    reading: Reading = PLAIN_READING  # of pictures in files' bytes


class ReadRecords(NamedTuple):
    """What was read, and in what form it was found."""

    pictures: Pictures
    form: Form
    empty_files: list[str]  # paths of files without records


def find(path: str) -> Input:
    """Looks for files of records.

    Args:
        path: a file, a folder, or patterns of files with commas between them, on disk or gs://. In a folder and the
            folders in it, files whose names look like those of records are taken.

    Returns:
        The files in an order that depends on their names and contents, not on where they lie.

    Raises:
        DataError: there are none.
        UserError: the bucket cannot be read.
    """
    if not os.path.exists(path) and any(mark in path for mark in "*?[,"):
        found = cache.find_files(path, "input")
    else:
        local = cache.on_disk(path, is_name_of_records)
        found = [local] if os.path.isfile(local) else _in_folder(local)
    if not found:
        raise DataError(f"{path} holds no files such as a.tfrecords or a-00000-of-00010; give a pattern of its files")
    names = collections.Counter(map(os.path.basename, found))

    def key(each: str) -> tuple[str, str]:
        name = os.path.basename(each)
        return name, files.sha256_of(each) if names[name] > 1 else ""

    return Input(path, sorted(found, key=key))


def _in_folder(folder: str) -> list[str]:
    return [path for path in folders.walk(folder, FileNotes()) if is_name_of_records(path)]


def is_name_of_records(path: str) -> str | None:
    """The path below a folder if its last part looks like the name of a file of records, else None."""
    return path if _NAME.fullmatch(os.path.basename(path)) else None


def fingerprint(found: Input) -> str:
    """A SHA-256 over the names and contents of the files, in hexadecimal digits."""
    whole = hashlib.sha256()
    for path in found.files:
        whole.update(os.fsencode(os.path.basename(path)) + f" {files.sha256_of(path)}\n".encode())
    return whole.hexdigest()


def load(found: Input, options: RecordOptions) -> ReadRecords:
    """Reads all images, in the order of files and records.

    Args:
        found: what `find` returned.
        options: how they are read; the result is the same for any number of workers.

    Returns:
        Grey images of options.size pixels, with labels if they have the size of MNIST and every record has a label.

    Raises:
        DataError: a record is damaged, lacks the image, or its form is not clear; names file and record.
    """
    survey, labels, empty, count = Survey(options.image_feature), dict[str, int](), list[str](), 0
    with Progress("looking at records", unit="record") as progress:
        for path in found.files:
            before = count
            for features, where in _examples(path):
                survey.see(features, where)
                label = _label(features)
                if label is not None:
                    labels[where] = label
                count += 1
                progress.update()
            if count == before:
                empty.append(path)
    if not count:
        raise DataError(f"{', '.join(empty[:3])}{' and others' * (len(empty) > 3)}: no records in any file")
    form = survey.form(options.value_range)
    with_labels = options.size == pixels.MNIST_SIZE and len(labels) == count
    read = _read(found.files, form, options)
    return ReadRecords(
        Pictures(
            read.images,
            np.array([labels[where] for where in read.names]) if with_labels else None,
            form=form.entries(),
            damaged=read.damaged,
            notes=[read.taken],
        ),
        form,
        empty,
    )


def _examples(path: str) -> Iterator[tuple[dict[str, Feature], str]]:
    """Yields the features of each record of a file, and where it is."""
    for number, record in enumerate(record_files.read_records(path)):
        where = f"{path}, record {number}"
        try:
            yield examples.parse(record), where
        except ValueError as error:
            raise DataError(f"{where}: {error}") from error


def _read(paths: list[str], form: Form, options: RecordOptions) -> Loaded:
    """The images of all records; a name says where a record is."""
    records = (each for path in paths for each in _examples(path))
    side, reading = pixels.side(options.size), options.reading
    if form.number_type is None:
        contents = ((where, features[form.feature].values[0]) for features, where in records)
        if sum(map(os.path.getsize, paths)) < image_files.POOL_BYTES:
            reading = reading._replace(workers=1)
        return image_files.load_encoded(contents, form.num_records, side, reading)
    names, images = list[str](), np.empty((form.num_records, options.size), np.uint8)
    with Progress("reading records", form.num_records) as progress:
        for number, (features, where) in enumerate(records):
            images[number] = form.read(features, side)
            names.append(where)
            progress.update()
    return Loaded(names, images, [], FileNotes("taken"))


def _label(features: dict[str, Feature]) -> int | None:
    """The label of a record, or None if it has none that a digit can have."""
    label = features.get(tfrecords.LABEL)
    if label is None or label.kind != INTEGERS or len(label.values) != 1:
        return None
    return label.values[0] if 0 <= label.values[0] <= _LARGEST_LABEL else None
