"""Training batches from TFRecords: float32 [N, H*W] in [0, 1].

Which images a batch holds depends on the seed and on how many images came before it, on nothing else. So a training
that goes on from a saved position sees the same batches as one that never stopped.
"""

import hashlib
import itertools
import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow.compat.v1 as tf

from gan.data import tfrecords
from gan.random_noise_generator import Use, random_generator

_HASHED_AT_ONCE = 2**22  # bytes of a file


class EpochOrder:
    """An endless order of image numbers, each epoch in another random order.

    Args:
        count: number of images.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._key: tuple[int, int] | None = None

    def batch(self, seed: int, position: int, batch_size: int) -> np.ndarray:
        """Numbers of the images at `position`, counted from the start of training, and after it: int32 [batch_size]."""
        parts = []
        while batch_size:
            epoch, offset = divmod(position, self._count)
            part = self._of_epoch(seed, epoch)[offset : offset + batch_size]
            parts.append(part)
            position, batch_size = position + len(part), batch_size - len(part)
        return np.concatenate(parts)

    def _of_epoch(self, seed: int, epoch: int) -> np.ndarray:
        if (seed, epoch) != self._key:
            order = random_generator(Use.EPOCH_ORDER, seed, epoch)
            self._key, self._permutation = (seed, epoch), order.permutation(self._count).astype(np.int32)
        return self._permutation


class MemoryReader:
    """Keeps all images in memory as bytes; the graph gathers a batch of them.

    Args:
        images: uint8 [N, size].

    Attributes:
        num_images: images in an epoch.
    """

    def __init__(self, images: np.ndarray) -> None:
        self.num_images = len(images)
        self._images: np.ndarray | None = images
        self._order = EpochOrder(len(images))

    def fingerprint(self) -> str:
        """SHA-256 of all pixels, one byte each, in the order of the files; call before `start`."""
        assert self._images is not None
        return hashlib.sha256(np.ascontiguousarray(self._images).data).hexdigest()

    def connect(self) -> tf.Tensor:
        """Adds the reader to the current graph; returns float32 [N, size] in [0, 1]."""
        assert self._images is not None
        self._source = tf.placeholder(tf.uint8, self._images.shape)
        self._memory = tf.Variable(
            self._source, trainable=False, collections=[tf.GraphKeys.LOCAL_VARIABLES], name="images"
        )
        self._numbers = tf.placeholder(tf.int32, [None], "image_numbers")
        return _to_float(tf.gather(self._memory, self._numbers))

    def start(self, session: tf.Session) -> None:
        """Moves the images into the session; call once."""
        session.run(self._memory.initializer, {self._source: self._images})
        self._images = None

    def feed(self, seed: int, position: int, batch_size: int) -> dict[tf.Tensor, Any]:
        """What to feed for the batch that starts after `position` images of the order that `seed` gives."""
        return {self._numbers: self._order.batch(seed, position, batch_size)}


class StreamReader:
    """Reads files that do not fit into memory, through a shuffle buffer.

    Args:
        files: paths.
        size: pixels of an image.
        buffer_images: how many images the buffer holds.
        threads: how many parsers work at a time.

    Attributes:
        num_images: images in an epoch.
    """

    def __init__(self, files: Sequence[str], size: int, buffer_images: int, threads: int) -> None:
        self.num_images: int = tfrecords.count_all(files, size)
        self._files, self._size, self._threads = files, size, threads
        self._buffer_images = max(1, min(buffer_images, self.num_images))
        self._seed: int | None = None
        self._position: int | None = None
        self._stream: Iterator[np.ndarray] = iter(())

    def fingerprint(self) -> str:
        """SHA-256 of the files' bytes, one file after the other."""
        whole = hashlib.sha256()
        for path in self._files:
            with open(path, "rb") as file:
                while chunk := file.read(_HASHED_AT_ONCE):
                    whole.update(chunk)
        return whole.hexdigest()

    def connect(self) -> tf.Tensor:
        """Adds the reader to the current graph; returns float32 [N, size] in [0, 1]."""
        self._batch = tf.placeholder(tf.uint8, [None, self._size], "image_bytes")
        return _to_float(self._batch)

    def start(self, session: tf.Session) -> None:
        """Does nothing: batches are fed one by one."""

    def feed(self, seed: int, position: int, batch_size: int) -> dict[tf.Tensor, Any]:
        """What to feed for the batch that starts after `position` images of the order that `seed` gives."""
        if seed != self._seed or self._position is None or position < self._position:
            epoch, offset = divmod(position, self.num_images)
            self._seed, self._stream = seed, self._images_from(epoch)
        else:
            offset = position - self._position  # images that other processes take
        images = np.stack(list(itertools.islice(self._stream, offset, offset + batch_size)))
        self._position = position + batch_size
        return {self._batch: images}

    def _images_from(self, first_epoch: int) -> Iterator[np.ndarray]:
        for epoch in itertools.count(first_epoch):
            yield from self._epoch(epoch)

    def _epoch(self, epoch: int) -> Iterator[np.ndarray]:
        """Every image once. Each leaves the buffer from a random place, which the next one takes."""
        assert self._seed is not None
        generator = random_generator(Use.SHUFFLE_BUFFER, self._seed, epoch)
        files = [self._files[i] for i in generator.permutation(len(self._files))]
        buffer: list[np.ndarray] = []
        for chunk in tfrecords.read_chunks(files, self._size, self._threads):
            for image in chunk:
                if len(buffer) < self._buffer_images:
                    buffer.append(image.copy())
                    continue
                place = generator.integers(len(buffer))
                leaving, buffer[place] = buffer[place], image.copy()
                yield leaving
        for place in generator.permutation(len(buffer)):
            yield buffer[place]


Reader = MemoryReader | StreamReader


def open_reader(files: Sequence[str], size: int, memory_mb: int, threads: int) -> Reader:
    """A MemoryReader if the files fit into `memory_mb` MiB, else a StreamReader.

    A record is larger than the bytes of its image, so files of this size hold no more bytes of images.

    Raises:
        DataError: a record is damaged or is not an image of this size; names file and record. Of streamed files only
            the lengths of the records and the values of the first file are checked here, the rest when they are read.
    """
    limit = memory_mb * 2**20
    if sum(os.path.getsize(path) for path in files) <= limit:
        return MemoryReader(tfrecords.read_all(files, size, threads))
    tfrecords.check_first_values(files[0], size)
    return StreamReader(files, size, limit // size, threads)


def _to_float(image_bytes: tf.Tensor) -> tf.Tensor:
    return tf.cast(image_bytes, tf.float32) / 255.0
