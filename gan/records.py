"""TFRecord files of images: one `image_raw` int64 list of pixels 0-255 a record, row by row.

Reads them fast with TensorFlow's own parser; where that fails, reads again slowly to say which record
of which file is wrong and why.
"""

import contextlib
import os

import numpy as np
import tensorflow.compat.v1 as tf

from gan.errors import DataError, reason

IMAGE, LABEL = "image_raw", "label"
CHUNK = 512  # records parsed at once

_SIGNATURES = {
    b"\xff\xd8\xff": "a JPEG picture",
    b"\x89PNG": "a PNG picture",
    b"\x1f\x8b": "a gzip archive",
    b"PK\x03\x04": "a zip archive",
}


def read_chunks(files, size, threads=2):
    """Yields all images in the order of the files.

    Args:
        files: paths.
        size: pixels of an image.
        threads: how many chunks are parsed at a time.

    Yields:
        uint8 [n, size], n at most 512.

    Raises:
        DataError: a file is empty or of another kind, or a record is damaged or is not an image of
            this size; names file and record.
    """
    for path in files:
        count(path)  # TensorFlow takes a file that is cut off within a length for a whole one
    graph = tf.Graph()
    with graph.as_default():
        serialized = tf.data.TFRecordDataset(files, buffer_size=1 << 20).batch(CHUNK)
        chunks = serialized.map(lambda batch: _parse(batch, size), num_parallel_calls=threads).prefetch(1)
        following = tf.data.make_one_shot_iterator(chunks).get_next()
    # No `with` on the graph from here on: a generator must not hold TensorFlow's stack of graphs.
    with contextlib.closing(tf.Session(graph=graph)) as session:
        while True:
            try:
                images, in_range = session.run(following)
            except tf.errors.OutOfRangeError:
                return
            except (tf.errors.OpError, UnicodeDecodeError) as error:  # its message quotes the record's bytes
                _diagnose(files, size)
                raise DataError(f"{', '.join(files)} cannot be read: {reason(error)}") from error
            if not in_range:
                _diagnose(files, size)
            yield images


def read_all(files, size, threads=2):
    """All images of the files at once: uint8 [N, size]. Errors as in `read_chunks`."""
    return np.concatenate(list(read_chunks(files, size, threads)))


def write(path, images, labels=None):
    """Writes images as one record each.

    Args:
        path: file to write.
        images: uint8 [N, size].
        labels: int [N], or None.
    """
    with tf.io.TFRecordWriter(path) as writer:
        for index, image in enumerate(images):
            features = {IMAGE: _int64_list(image)}
            if labels is not None:
                features[LABEL] = _int64_list([labels[index]])
            example = tf.train.Example(features=tf.train.Features(feature=features))
            writer.write(example.SerializeToString())


def count(path):
    """Counts the records of a file by their lengths alone, without reading them.

    A record is 8 bytes length, 4 bytes checksum, the data, 4 bytes checksum.

    Raises:
        DataError: the file is empty, of another kind or cut off.
    """
    number, position, end = 0, 0, os.path.getsize(path)
    with open(path, "rb") as file:
        _check_kind(path, file.read(8))
        while position < end:
            file.seek(position)
            position += int.from_bytes(file.read(8), "little") + 16
            if position > end:
                raise _damaged(path, number)
            number += 1
    return number


def _check_kind(path, head):
    """Raises DataError for what can be told from a file's first bytes."""
    if not head:
        raise DataError(f"{path} is empty")
    for signature, what in _SIGNATURES.items():
        if head.startswith(signature):
            raise DataError(f"{path} is {what}, not a TFRecord file; python -m gan.prepare_data makes those")


def _damaged(path, number):
    if number == 0:
        return DataError(f"{path}, record 0: damaged, or not a TFRecord file")
    return DataError(f"{path}, record {number}: damaged or cut off; the {number} records before it are whole")


def _parse(batch, size):
    parsed = tf.io.parse_example(batch, {IMAGE: tf.io.FixedLenFeature([size], tf.int64)})[IMAGE]
    in_range = tf.reduce_all((parsed >= 0) & (parsed <= 255))
    return tf.cast(parsed, tf.uint8), in_range


def _diagnose(files, size):
    """Reads record by record and raises DataError at the first that is wrong."""
    for path in files:
        records, index = tf.python_io.tf_record_iterator(path), 0
        while True:
            try:
                record = next(records)
            except StopIteration:
                break
            except tf.errors.DataLossError as error:
                raise _damaged(path, index) from error
            problem = _problem(record, size)
            if problem:
                raise DataError(f"{path}, record {index}: {problem}")
            index += 1


def _problem(record, size):
    """What is wrong with one serialized tf.train.Example, or None."""
    try:
        features = tf.train.Example.FromString(record).features.feature
    except Exception:  # protobuf's implementations raise classes of their own
        return "is not a tf.train.Example"
    if IMAGE not in features:
        return f"has no {IMAGE}, only {', '.join(sorted(features)) or 'nothing'}"
    values = features[IMAGE].int64_list.value
    if not values:
        kind = features[IMAGE].WhichOneof("kind") or "nothing"
        return f"{IMAGE} holds {kind}, not an int64 list"
    if len(values) != size:
        return f"{IMAGE} has {len(values)} values, not {size}{_reader_of(len(values))}"
    if min(values) < 0 or max(values) > 255:
        return f"{IMAGE} has the value {min(values) if min(values) < 0 else max(values)}; pixels are 0 to 255"
    return None


def _reader_of(length):
    if length == 784:
        return "; that is MNIST, read with --use_mnist"
    if length == 2500:
        return "; those are 50x50 faces, read without --use_mnist"
    return "; python -m gan.prepare_data makes records of the right size"


def _int64_list(values):
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values))
