"""TFRecord files of images: one `image_raw` int64 list of pixels 0-255 a record, row by row.

They are read and written without TensorFlow, many numbers at a time: this is faster than its parser, and prepare_data
need not import it. A record whose bytes are in another order than usual is parsed by Protocol Buffers. Records of
other forms are refused, with the command that makes these out of them.
"""

import collections
import contextlib
import os
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent import futures
from typing import BinaryIO

import numpy as np

from gan.console.errors import DataError
from gan.data import conversion, examples, record_files, record_forms
from gan.data.examples import INTEGERS, Feature
from gan.data.pixels import FACE_SIZE, MNIST_SIZE
from gan.data.record_files import HEAD, TAIL, checksum, damaged
from gan.data.value_check import LEAST_MAXIMUM, ValueCheck
from gan.storage import files

IMAGE, LABEL = "image_raw", "label"
CHUNK = 256  # records decoded at once

# Tags of protocol buffers: the field's number and how its value is encoded, here always "length, then bytes".
_FIRST_FIELD, _SECOND_FIELD, _INT64_LIST = b"\n", b"\x12", b"\x1a"


class _OtherForm(DataError):
    """A record is not in the contest's form, but prepare_data may read it."""


def read_chunks(paths: Sequence[str], size: int, threads: int = 2) -> Iterator[np.ndarray]:
    """Yields all images in the order of the files.

    Args:
        paths: of the files, on disk.
        size: pixels of an image.
        threads: how many chunks are decoded at a time, beside the one that was yielded.

    Yields:
        uint8 [n, size], n at most 256.

    Raises:
        DataError: all files are empty, a file is of another kind, a record is damaged or is not an image of this
            size, or no value of a file is above 1 or all are equal; the message names file and record, and the
            command that reads records of other forms.
    """
    count_all(paths, size)
    check, current = ValueCheck(), ""
    with _command_told(paths, size):
        for path, images in _chunks(paths, size, threads):
            if path != current:
                _check_values(current, check, size)
                check, current = ValueCheck(), path
            check.see(images)
            yield images
    _check_values(current, check, size)


def check_first_values(path: str, size: int) -> None:
    """Reads a file until a value shows that its images may be from 0 to 255; errors as in `read_chunks`."""
    for images in read_chunks([path], size) if os.path.getsize(path) else ():
        if images.max() >= LEAST_MAXIMUM and images.min() < images.max():
            return


def _check_values(path: str, check: ValueCheck, size: int) -> None:
    """Raises DataError, with a way out, if the values of a file were no images."""
    problem = check.problem()
    if problem and check.is_scaled:
        command = conversion.command([path], IMAGE, size)
        raise DataError(f"{path}: {problem}; write round(255 * value), or make black and white images of it: {command}")
    if problem:
        raise DataError(f"{path}: {problem}; if these were floats from 0 to 1, write round(255 * value)")


def _chunks(paths: Sequence[str], size: int, threads: int) -> Iterator[tuple[str, np.ndarray]]:
    """Yields the path of a file and some of its images."""
    waiting: collections.deque[tuple[str, futures.Future[np.ndarray]]] = collections.deque()
    with futures.ThreadPoolExecutor(threads) as pool:
        for path in paths:
            for first, records in _records(path):
                waiting.append((path, pool.submit(_decode, path, first, records, size)))
                if len(waiting) > threads:
                    done, images = waiting.popleft()
                    yield done, images.result()
        for done, images in waiting:
            yield done, images.result()


def read_all(paths: Sequence[str], size: int, threads: int = 2) -> np.ndarray:
    """All images of the files at once: uint8 [N, size]. Errors as in `read_chunks`."""
    return np.concatenate(list(read_chunks(paths, size, threads)))


def read_some(paths: Sequence[str], size: int, most: int, threads: int = 2) -> np.ndarray:
    """Every image, or every second, third ... if there are more than `most`: uint8 [N, size]. Errors: `read_chunks`."""
    every, seen, found = -(-count_all(paths, size) // most), 0, []
    for chunk in read_chunks(paths, size, threads):
        found.append(chunk[-seen % every :: every].copy())  # not a view: the chunk itself is let go
        seen += len(chunk)
    return np.concatenate(found)


def write(path: str, images: np.ndarray, labels: Sequence[int] | np.ndarray | None = None) -> None:
    """Writes a file of images, whole or not at all.

    Args:
        path: on disk.
        images: uint8 [N, size].
        labels: int [N] in 0-255, or None.

    Raises:
        OSError: it cannot be written; names the path.
    """
    with files.written_whole(path) as file:
        write_records(file, images, labels)


def write_records(
    file: BinaryIO, images: Iterable[np.ndarray], labels: Sequence[int] | np.ndarray | None = None
) -> None:
    """Writes images, uint8 [size] each, to an open file, one record each; labels as in `write`."""
    for index, image in enumerate(images):
        features = _feature(IMAGE, image)
        if labels is not None:
            features += _feature(LABEL, np.array([labels[index]], np.uint8))
        example = _message(_FIRST_FIELD, features)
        length = struct.pack("<Q", len(example))
        file.write(length + TAIL.pack(checksum(length)) + example + TAIL.pack(checksum(example)))


def count_all(paths: Sequence[str], size: int) -> int:
    """Counts the records of files by their lengths alone, without reading them; an empty file among others has none.

    Args:
        paths: of the files, on disk.
        size: pixels that an image should have, for messages.

    Raises:
        DataError: all files are empty, or one is of another kind, compressed or cut off.
    """
    with _command_told(paths, size):
        total = sum(map(_count, paths))
    if not total:
        raise DataError(f"{paths[0]} is empty" + ", and so are all other files" * (len(paths) > 1))
    return total


@contextlib.contextmanager
def _command_told(paths: Sequence[str], size: int) -> Iterator[None]:
    """Adds the command that reads these files to the message of an _OtherForm."""
    try:
        yield
    except _OtherForm as error:
        command = conversion.command(conversion.alike(paths, str(error)), IMAGE, size)
        raise DataError(f"{error}; this makes records that can be read: {command}") from error


def _count(path: str) -> int:
    """Counts the records of one file; errors as in `count_all`."""
    kind = record_files.kind_of(path)
    if kind in (record_files.GZIP, record_files.ZLIB):
        raise _OtherForm(f"{path} is compressed by {kind}")
    number, position, end = 0, 0, os.path.getsize(path)
    with open(path, "rb") as file:
        while position < end:
            file.seek(position)
            position += int.from_bytes(file.read(8), "little") + HEAD.size + TAIL.size
            if position > end:
                raise damaged(path, number)
            number += 1
    return number


def _records(path: str) -> Iterator[tuple[int, list[bytes]]]:
    """Yields (number of the first, list of up to CHUNK serialized records) of a file that `_count` found whole."""
    first = 0
    records: list[bytes] = []
    with open(path, "rb") as file:
        while head := file.read(HEAD.size):
            length, head_checksum = HEAD.unpack(head)
            record, tail = file.read(length), file.read(TAIL.size)
            if checksum(head[:8]) != head_checksum or checksum(record) != TAIL.unpack(tail)[0]:
                raise damaged(path, first + len(records))
            records.append(record)
            if len(records) == CHUNK:
                yield first, records
                first, records = first + CHUNK, []
    if records:
        yield first, records


def _decode(path: str, first: int, records: list[bytes], size: int) -> np.ndarray:
    """uint8 [n, size] of serialized records; the first of them has the number `first` in its file."""
    images = _decode_usual([_varints(record) for record in records], size)
    if images is not None:
        return images
    return np.stack([_parse(record, size, f"{path}, record {first + index}") for index, record in enumerate(records)])


def _decode_usual(varints: Sequence[bytes | None], size: int) -> np.ndarray | None:
    """Pixels of many images at once, or None if one is not encoded as `write` does it.

    Protocol buffers encode a number as bytes of 7 bits, the lowest bits first; a byte's highest bit says that another
    byte follows. So a pixel below 128 is one byte, itself, and any other pixel is two bytes, itself and a 1.
    """
    encoded = [each for each in varints if each]
    if len(encoded) < len(varints):
        return None
    joined = np.frombuffer(b"".join(encoded), np.uint8)
    begins = np.ones(len(joined), bool)  # whether a number begins at this byte
    np.less(joined[:-1], 128, out=begins[1:])
    first_bytes = np.flatnonzero(begins)
    first_of_images = np.cumsum([0, *map(len, encoded)])[:-1]
    if len(first_bytes) != size * len(varints) or (first_bytes[::size] != first_of_images).any():
        return None
    # (joined != 1) > begins: it is no first byte, and not 1.
    if joined[-1] > 127 or ((joined != 1) > begins).any():
        return None
    return joined[first_bytes].reshape(len(varints), size)


def _varints(record: bytes) -> bytes | None:
    """The encoded pixels of a serialized tf.train.Example, or None if they are not in the usual place."""
    position = record.find(_KEY)
    if position < 0:
        return None
    try:
        length, position = _length(record, position + len(_KEY))
        end = position + length
        for tag in (_INT64_LIST, _FIRST_FIELD):
            length, after = _length(record, position + 1)
            if record[position] != tag[0] or after + length != end:
                return None
            position = after
    except IndexError:
        return None
    return record[position:end]


def _length(record: bytes, position: int) -> tuple[int, int]:
    """The number at a position, and the position after it."""
    number = shift = 0
    while record[position] > 127:
        number |= (record[position] & 127) << shift
        position, shift = position + 1, shift + 7
    return number | record[position] << shift, position + 1


def _message(tag: bytes, content: bytes) -> bytes:
    """A field of a protocol buffer that holds a text, a list or other fields."""
    length, encoded = len(content), b""
    while length > 127:
        encoded, length = encoded + bytes([length & 127 | 128]), length >> 7
    return tag + encoded + bytes([length]) + content


def _feature(name: str, values: np.ndarray) -> bytes:
    """One named entry of tf.train.Features: an int64 list of uint8 values, encoded as `_decode_usual` says."""
    pairs, kept = np.ones((len(values), 2), np.uint8), np.ones((len(values), 2), bool)
    pairs[:, 0], kept[:, 1] = values, values > 127
    encoded = pairs.ravel().compress(kept.ravel()).tobytes()
    value = _message(_INT64_LIST, _message(_FIRST_FIELD, encoded))
    return _message(_FIRST_FIELD, _message(_FIRST_FIELD, name.encode()) + _message(_SECOND_FIELD, value))


# The bytes before the length of an image's values.
_KEY = _message(_FIRST_FIELD, IMAGE.encode()) + _SECOND_FIELD


def _parse(record: bytes, size: int, where: str) -> np.ndarray:
    """The pixels of one serialized tf.train.Example; raises DataError, whose message begins with `where`."""
    try:
        features = examples.parse(record)
    except ValueError as error:
        raise DataError(f"{where}: {error}") from error
    problem = _problem(features, size)
    if problem:
        raise DataError(f"{where}: {problem}")
    if other := _other_form(features, size):
        raise _OtherForm(f"{where}: {other}")
    return np.array(features[IMAGE].values, np.uint8)


def _other_form(features: Mapping[str, Feature], size: int) -> str | None:
    """What keeps a record from being in the contest's form, if prepare_data may help; else None."""
    if IMAGE not in features:
        return f"has no {IMAGE}, only {examples.list_of(features)}"
    kind, values = features[IMAGE]
    if kind != INTEGERS:
        return f"{IMAGE} holds {examples.text_of(features[IMAGE])}, not an int64 list"
    return None if len(values) == size else f"{IMAGE} has {len(values)} values, not {size}"


def _problem(features: Mapping[str, Feature], size: int) -> str | None:
    """What is wrong with a record that no prepare_data mends, or None."""
    kind, values = features.get(IMAGE, (None, ()))
    if kind != INTEGERS:
        return None
    if len(values) == MNIST_SIZE != size:
        return f"{IMAGE} has {len(values)} values, not {size}; that is MNIST, read with --use_mnist"
    if len(values) == FACE_SIZE != size:
        return f"{IMAGE} has {len(values)} values, not {size}; those are 50x50 faces, read without --use_mnist"
    if len(values) != size:
        images = IMAGE in record_forms.likely_images(features)
        return None if images else f"{IMAGE} has {len(values)} values, which are no image of {size}"
    if min(values) < 0 or max(values) > 255:
        return f"{IMAGE} has the value {min(values) if min(values) < 0 else max(values)}; pixels are 0 to 255"
    return None
