import subprocess
import sys

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from conftest import shared, synthetic_images

from gan.console.errors import UserError
from gan.data import tfrecords
from gan.measure import features, metrics

FOR_ALL_SIZES = [name for name in features.BUILT_IN if name != features.FACE_FEATURES]
CASES = [*((name, size) for name in FOR_ALL_SIZES for size in (2500, 784)), (features.FACE_FEATURES, 2500)]
LATTICE = slice(94, 110)  # of the wavelets' dimensions


def square(images):
    return images.reshape(-1, 50, 50).astype(np.float32)


def flat(images):
    return np.rint(np.clip(images, 0, 255)).astype(np.uint8).reshape(len(images), -1)


@pytest.mark.parametrize("name, size", CASES)
def test_an_image_has_the_same_features_in_any_company(name, size):
    images = synthetic_images(features.BLOCK * 2 + 5, size)
    space = features.load(name, size)
    vectors = space(images)
    assert vectors.dtype == np.float32 and vectors.shape[0] == len(images) and vectors.shape[1] <= 128
    assert np.isfinite(vectors).all()
    order = np.random.default_rng(0).permutation(len(images))
    np.testing.assert_array_equal(space(images[order]), vectors[order])
    np.testing.assert_array_equal(features.load(name, size)(images[:7]), vectors[:7])
    np.testing.assert_array_equal(np.concatenate([space(image[None]) for image in images[:9]]), vectors[:9])
    assert space(images[:0]).shape == (0, vectors.shape[1])


@pytest.mark.parametrize("name, size", CASES)
def test_extreme_images_have_features(name, size):
    images = np.stack([np.zeros(size), np.full(size, 255), np.arange(size) % 2 * 255]).astype(np.uint8)
    vectors = features.load(name, size)(images)
    assert np.isfinite(vectors).all() and np.abs(vectors).max() < 300
    assert len(np.unique(vectors, axis=0)) == 3


def test_low_resolution_of_a_plain_image_and_of_a_wave():
    positions = (np.arange(50) + 0.5) / 50
    wave = 128 + 100 * np.cos(3 * np.pi * positions)[:, None].repeat(50, 1)
    vectors = features.load("low_resolution", 2500)(flat(np.stack([np.full((50, 50), 144.0), wave])))
    first, third = np.zeros(64), np.zeros(64)
    first[0] = (144 - 128) / 8
    third[3 * 8] = 100 / np.sqrt(2) / 8  # the root of the wave's mean square, at 3 half waves down and none across
    np.testing.assert_allclose(vectors, [first, third], atol=0.02)


def test_a_lattice_shows_in_its_phases_and_a_gradient_does_not():
    rows, columns = np.mgrid[0:50, 0:50]
    lattice = 100 + 8.0 * (rows % 4 == 0) * (columns % 4 == 1)
    vectors = features.load("wavelets", 2500)(flat(np.stack([lattice, 2.0 * rows + columns])))
    phases = vectors[:, LATTICE].reshape(2, 4, 4)
    assert phases[0].argmax() == 1 and phases[0, 0, 1] > 0.7
    assert np.abs(phases[1]).max() < 0.3


def test_waves_have_their_energy_in_their_own_band_and_direction():
    rows, columns = np.mgrid[0:50, 0:50]
    waves = [np.cos(2 * np.pi * place / length) for length in (4, 8) for place in (columns, rows)]
    diagonal = np.cos(2 * np.pi * (rows + columns) / 4)
    vectors = features.load("wavelets", 2500)(flat(128 + 40 * np.stack([*waves, diagonal])))
    bands = [vectors[:, :16], vectors[:, 16:32], vectors[:, 32:68]]
    directions = [band.reshape(5, 4, -1).mean(2) for band in bands]
    assert directions[1][0].argmax() == 0 and directions[1][1].argmax() == 1
    assert directions[2][2].argmax() == 0 and directions[2][3].argmax() == 1
    assert directions[1][4].argmax() in (2, 3)
    assert directions[1][0].max() > directions[2][0].max() and directions[2][2].max() > directions[1][2].max()


@pytest.fixture(scope="module")
def faces():
    """(reference, others): 300 validation faces and 300 training faces."""
    validation = tfrecords.read_all([shared("data", "faces", "validation.tfrecords")], 2500)[:300]
    chunks = tfrecords.read_chunks([shared("data", "faces", "train.tfrecords")], 2500)
    return validation, next(chunks)[:300]


def checkerboard(images, amplitude, random):
    sign = (-1.0) ** np.arange(50)
    return images + amplitude * sign * sign[:, None]


def noise(images, deviation, random):
    return images + deviation * random.standard_normal(images.shape)


def box_blur(images, times, random):
    for _ in range(times):
        rows = np.pad(images, ((0, 0), (1, 1), (1, 1)), "edge")
        rows = (rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:]) / 4
        images = (rows[:, :, :-2] + 2 * rows[:, :, 1:-1] + rows[:, :, 2:]) / 4
    return images


def shift(images, pixels, random):
    return np.roll(images, pixels, 2)


def contrast(images, factor, random):
    return images.mean((1, 2), keepdims=True) * (1 - factor) + images * factor


def copies(images, share, random):
    return np.concatenate([images[: round(len(images) * (1 - share))], images[:5].repeat(60, 0)])[: len(images)]


def shuffled(images, share, random):
    images, count = images.copy(), round(len(images) * share)
    parts = images[:count].reshape(count, 5, 10, 5, 10).transpose(0, 1, 3, 2, 4).reshape(count, 25, 10, 10)
    parts = np.stack([image[random.permutation(25)] for image in parts])
    images[:count] = parts.reshape(count, 5, 5, 10, 10).transpose(0, 1, 3, 2, 4).reshape(count, 50, 50)
    return images


@pytest.mark.parametrize(
    "alter, levels",
    [
        (box_blur, (1, 2, 4)),
        (noise, (4, 10, 25)),
        (checkerboard, (2, 5, 12)),
        (shift, (1, 3, 6)),
        (contrast, (0.8, 0.6, 0.4)),
        (copies, (0.3, 0.6, 1)),
        (shuffled, (0.2, 0.5, 1)),
    ],
)
def test_distances_in_the_default_space_grow_as_faces_get_worse(faces, alter, levels):
    reference, others = faces
    space = features.load(features.DEFAULT, 2500)
    target, frechet, kernel = space(reference), [], []
    for images in [square(others), *(alter(square(others), level, np.random.default_rng(0)) for level in levels)]:
        vectors = space(flat(images))
        frechet.append(metrics.frechet_distance(vectors, target))
        kernel.append(metrics.kernel_distance(vectors, target))
    assert (np.diff(frechet) > 0).all(), frechet
    assert (np.diff(kernel) > 0).all(), kernel
    assert frechet[-1] > 3 * frechet[0]


WEIGHTS = np.array([[1, 2, 3, 0.5], [0, 1, -1, 0.5], [0, 0, 1, 0.5]])  # three colours, four channels


def stand_in(path, whole=True):
    """Writes a frozen graph with the names of Inception's: means over the image of the weighted colours."""
    graph = tf.Graph()
    with graph.as_default():
        if whole:
            decoded = tf.cast(tf.image.decode_jpeg(tf.placeholder(tf.string, [], "DecodeJpeg/contents"), 3), tf.float32)
            resized = tf.image.resize_bilinear(tf.expand_dims(decoded, 0, "ExpandDims"), [299, 299])
            scaled = tf.multiply(resized - 128, 1 / 128, "Mul")
        else:
            scaled = tf.placeholder(tf.float32, [1, 299, 299, 3], "Mul")
        seen = tf.nn.conv2d(scaled, tf.constant(WEIGHTS[None, None], tf.float32), 1, "SAME")
        pooled = tf.nn.avg_pool(seen, [1, 299, 299, 1], [1, 1, 1, 1], "VALID", name="pool_3")
        tf.reshape(pooled, [1, -1], name="pool_3/_reshape")
    path.write_bytes(graph.as_graph_def(add_shapes=True).SerializeToString())
    return str(path)


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("size", [2500, 784])
def test_inception_door(tmp_path, whole, size):
    images = synthetic_images(features.INCEPTION_BLOCK + 3, size)
    images[0] = 192
    vectors = features.load("inception", size, stand_in(tmp_path / "graph.pb", whole))(images)
    assert vectors.shape == (len(images), 4) and vectors.dtype == np.float32
    # Grey is the same in all colours; 192 becomes 1/2.
    np.testing.assert_allclose(vectors[0], 0.5 * WEIGHTS.sum(0), atol=1e-4)
    np.testing.assert_allclose(vectors, vectors[:, :1] * WEIGHTS.sum(0), atol=1e-3)
    brightness = images.mean(1) / 128 - 1
    np.testing.assert_allclose(vectors[:, 0], brightness, atol=0.05)  # enlarging moves the mean a little


def test_inception_judges_each_image_by_itself(tmp_path):
    images = synthetic_images(features.INCEPTION_BLOCK + 3, 784)
    space = features.load("inception", 784, stand_in(tmp_path / "graph.pb"))
    vectors = space(images)
    np.testing.assert_array_equal(space(images[-5:]), vectors[-5:])
    assert space(images[:0]).shape == (0, 4)


def test_mistakes_are_told(tmp_path):
    broken, other = tmp_path / "broken.pb", tmp_path / "other.pb"
    broken.write_bytes(b"\x0a\xff\xff\xff no graph")
    graph = tf.Graph()
    with graph.as_default():
        tf.constant(1, name="one")
    other.write_bytes(graph.as_graph_def().SerializeToString())
    with graph.as_default():
        tf.constant(1.0, name="pool_3")
    doorless = tmp_path / "doorless.pb"
    doorless.write_bytes(graph.as_graph_def().SerializeToString())
    for arguments, words in [
        (("waveletts", 2500), "there are no features 'waveletts'; there are wavelets, "),
        (("inception", 2500), "need the file classify_image_graph_def.pb"),
        (("inception", 2500, str(tmp_path / "nowhere.pb")), "there is no file .*nowhere.pb"),
        (("inception", 2500, str(broken)), "broken.pb is not a frozen graph"),
        (("inception", 2500, str(other)), "other.pb is not the Inception graph of 2015: it has no pool_3"),
        (("inception", 2500, str(doorless)), "doorless.pb is not the Inception graph of 2015: "),
    ]:
        with pytest.raises(UserError, match=words) as told:
            features.load(*arguments)
        assert "\n" not in str(told.value)


def test_flags_can_be_checked_without_tensorflow():
    """Commands list the spaces in their help, which answers before TensorFlow is imported."""
    code = "import sys; from gan.measure import features; features.load('wavelets', 784); "
    code += "print('tensorflow' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "False"
