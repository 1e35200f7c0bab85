"""Which images come when, from memory and through the shuffle buffer."""

import pathlib

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from conftest import synthetic_images

from gan import readers
from gan.console.errors import DataError
from gan.data import tfrecords

COUNT = 40


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Two files of 25 and 15 images; the first pixel of each image is its number."""
    images = synthetic_images(COUNT, 784)
    images[:, 0] = np.arange(COUNT)
    folder = tmp_path_factory.mktemp("readers")
    paths = [str(folder / "a.tfrecords"), str(folder / "b.tfrecords")]
    tfrecords.write(paths[0], images[:25])
    tfrecords.write(paths[1], images[25:])
    return paths


def make(kind, files):
    if kind == "memory":
        return readers.MemoryReader(tfrecords.read_all(files, 784))
    return readers.StreamReader(files, 784, buffer_images=8, threads=1)


def numbers(reader, positions, batch_size, seed=3):
    """The first pixels of the batches at some positions, as image numbers."""
    with tf.Graph().as_default(), tf.Session() as session:
        batch = reader.connect()
        reader.start(session)
        images = [session.run(batch, reader.feed(seed, position, batch_size)) for position in positions]
    assert all(i.dtype == np.float32 and 0 <= i.min() and i.max() <= 1 for i in images)
    return [np.rint(i[:, 0] * 255).astype(int).tolist() for i in images]


@pytest.mark.parametrize("kind", ["memory", "stream"])
def test_every_epoch_shows_every_image_once_in_a_new_order(kind, files):
    batches = sum(numbers(make(kind, files), range(0, 3 * COUNT, 12), 12), [])
    epochs = [batches[i : i + COUNT] for i in range(0, 3 * COUNT, COUNT)]
    assert all(sorted(epoch) == list(range(COUNT)) for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2]
    assert epochs[0] != list(range(COUNT))


@pytest.mark.parametrize("kind", ["memory", "stream"])
def test_going_on_from_a_position_gives_the_same_batches(kind, files):
    straight = numbers(make(kind, files), range(0, 120, 12), 12)
    assert numbers(make(kind, files), [84, 96], 12) == straight[7:9]
    assert numbers(make(kind, files), [84], 12, seed=4) != straight[7:8]


@pytest.mark.parametrize("kind", ["memory", "stream"])
def test_two_readers_that_take_turns_see_what_one_sees(kind, files):
    straight = numbers(make(kind, files), range(0, 120, 12), 12)
    assert numbers(make(kind, files), range(0, 120, 24), 12) == straight[::2]
    assert numbers(make(kind, files), range(12, 120, 24), 12) == straight[1::2]


def test_small_data_stays_in_memory_and_large_data_streams(files):
    assert isinstance(readers.open_reader(files, 784, memory_mb=1, threads=1), readers.MemoryReader)
    assert isinstance(readers.open_reader(files, 784, memory_mb=0, threads=1), readers.StreamReader)


def test_a_batch_larger_than_the_data_repeats_it(files):
    (batch,) = numbers(make("memory", files), [0], 100)
    assert sorted(batch[:COUNT]) == sorted(batch[COUNT : 2 * COUNT]) == list(range(COUNT))


def test_a_streamed_file_that_is_cut_off_is_named(files, tmp_path):
    path = tmp_path / "cut.tfrecords"
    path.write_bytes(pathlib.Path(files[0]).read_bytes()[:-50])
    with pytest.raises(DataError, match="cut.tfrecords, record 24: damaged or cut off"):
        readers.StreamReader([str(path)], 784, 8, 1)
