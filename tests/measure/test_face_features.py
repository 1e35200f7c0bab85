"""The network that knows faces: its arithmetic, its weights, what it sees, and the script that trains it."""

import os
import subprocess
import sys

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from conftest import ROOT, shared, synthetic_images

from benchmarks import local_alterations
from gan.console.errors import UserError
from gan.data import tfrecords
from gan.measure import face_features, features, metrics
from tools import face_alterations, face_feature_scale

MOST_BYTES = 1_000_000


def drawn_layers(seed=0):
    random, layers, depth = np.random.default_rng(seed), [], 1
    for filters, kernel, _ in face_features.CONVOLUTIONS:
        shape = (kernel, kernel, depth, filters)
        layers.append((random.normal(0, (2 / np.prod(shape[:3])) ** 0.5, shape), random.normal(size=filters)))
        depth = filters
    layers.append((random.normal(0, 0.02, (49 * depth, face_features.DIMENSIONS)), random.normal(size=64)))
    return [face_features.Layer(*(part.astype(np.float32) for part in layer)) for layer in layers]


def test_it_computes_what_tensorflow_computes():
    images, layers = synthetic_images(5, 2500).reshape(-1, 50, 50).astype(np.float32), drawn_layers()
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.constant((images[..., None] - 128) / 64)
        for layer, (_, _, stride) in zip(layers, face_features.CONVOLUTIONS):
            x = tf.nn.relu(tf.nn.conv2d(x, layer.weights, [1, stride, stride, 1], "SAME") + layer.bias)
        expected = session.run(tf.matmul(tf.reshape(x, [5, -1]), layers[-1].weights) + layers[-1].bias)
    network = face_features.FaceFeatures(layers)
    found = network.straight(images)
    np.testing.assert_allclose(network(images), 4 * np.arcsinh(expected / 4), rtol=1e-4, atol=1e-4)
    assert found.dtype == np.float32 and np.abs(expected).max() > 1
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_features_are_scaled_to_the_faces(tmp_path, monkeypatch):
    faces = synthetic_images(200, 2500)
    path = str(tmp_path / "weights.npz")
    face_features.write(path, face_feature_scale.scaled(drawn_layers(), faces, seed=0))
    monkeypatch.setattr(face_features, "WEIGHTS", path)
    vectors = features.load("face_features", 2500)(faces)
    emphasised, others = vectors[:, : face_feature_scale.EMPHASISED], vectors[:, face_feature_scale.EMPHASISED :]
    np.testing.assert_allclose(vectors.mean(0), 0, atol=0.1)
    assert others.std(0).max() < 1.05 and emphasised.std(0).max() < 1.05 * face_feature_scale.EMPHASIS
    assert np.linalg.eigvalsh(np.cov(others, rowvar=False)).max() < 1.1


def test_the_weights_are_small_and_fit_the_faces():
    assert os.path.getsize(face_features.WEIGHTS) < MOST_BYTES
    validation = tfrecords.read_all([shared("data", "faces", "validation.tfrecords")], 2500)[:300]
    vectors = features.load("face_features", 2500)(validation)
    assert vectors.shape == (300, 64) and np.abs(vectors.mean(0)).max() < 0.5 and 0.5 < vectors.std() < 1.2


def test_digits_are_refused_with_the_way_out():
    with pytest.raises(UserError, match="face_features are for 50x50 faces, not for images of 28x28; take wavelets"):
        features.load("face_features", 784)


def test_nothing_is_read_unless_asked_for():
    code = "import sys; from gan.measure import features; features.load('wavelets', 2500); "
    code += "print('gan.measure.face_features' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True, cwd=ROOT).strip() == "False"


DRAWS, COUNT = 6, 300


@pytest.fixture(scope="module")
def faces():
    """Training faces uint8 [1800, 2500]; validation faces that the network has never seen, float32 [300, 50, 50]."""
    validation = tfrecords.read_all([shared("data", "faces", "validation.tfrecords")], 2500)[:COUNT]
    training = tfrecords.read_all([shared("data", "faces", "train.tfrecords")], 2500)[: DRAWS * COUNT]
    return training, validation.reshape(-1, 50, 50).astype(np.float32)


@pytest.fixture(scope="module")
def untouched(faces):
    """Of each space: features of 300 training faces; kernel distances of six such sets from validation faces."""
    training, validation = faces
    found = {}
    for name in ("face_features", "wavelets"):
        space = features.load(name, 2500)
        vectors, unseen = space(training).reshape(DRAWS, COUNT, -1), space(flat(validation))
        found[name] = vectors[0], np.array([metrics.kernel_distance(unseen, part) for part in vectors])
    return found


@pytest.mark.parametrize("name, levels, alter", local_alterations.LOCAL)
def test_what_people_see_first_counts_more_than_in_wavelets(faces, untouched, name, levels, alter):
    """Distances grow, and those of the strongest level lie more deviations above those of untouched faces."""
    _, validation = faces
    beyond = {}
    for space_name, (reference, floor) in untouched.items():
        space = features.load(space_name, 2500)
        sets = [flat(alter(validation, level, np.random.default_rng(0))) for level in levels[-2:]]
        distances = [floor[0], *(metrics.kernel_distance(space(images), reference) for images in sets)]
        if space_name == "face_features":
            assert (np.diff(distances) > 0).all(), distances
        beyond[space_name] = (distances[-1] - floor.mean()) / floor.std()
    assert beyond["face_features"] > max(1, beyond["wavelets"]), beyond


def flat(images):
    return np.rint(np.clip(images, 0, 255)).astype(np.uint8).reshape(len(images), -1)


@pytest.mark.parametrize("name, levels, alter", local_alterations.LOCAL)
def test_an_alteration_stays_at_its_place(name, levels, alter):
    images = synthetic_images(20, 2500).reshape(-1, 50, 50).astype(np.float32)
    altered = alter(images, levels[-1], np.random.default_rng(0))
    changed = np.abs(altered - images).max(0) > 0.5
    assert changed.any() and changed.mean() <= 0.5, "half of the image at most"
    np.testing.assert_array_equal(alter(images, levels[-1], np.random.default_rng(0)), altered)


def test_what_it_learns_from():
    """Pairs are untouched; of the others the cells are told in which they changed; one seed draws the same."""
    faces = synthetic_images(40, 2500)
    views = face_alterations.Faces(faces, seed=3).draw(8, 24)
    assert views.images.shape == (40, 50, 50) and views.changes.shape == (40, 7, 7)
    assert (views.families[:16] == 0).all() and (views.families[16:] > 0).all()
    assert (views.changes[:16] == 0).all() and (views.changes[16:].max((1, 2)) > 0).all()
    assert 0 <= views.changes.min() and views.changes.max() <= 1
    again = face_alterations.Faces(faces, seed=3).draw(8, 24)
    assert all((one == other).all() for one, other in zip(views, again))


def test_the_script_trains_it_again(tmp_path):
    """A few steps on synthetic images."""
    records, output = str(tmp_path / "faces.tfrecords"), str(tmp_path / "weights.npz")
    tfrecords.write(records, synthetic_images(96, 2500))
    words = [f"--train_data_pattern={records}", f"--output={output}", "--steps=3"]
    done = subprocess.run(
        [sys.executable, "tools/train_face_features.py", *words], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "step 3, " in done.stdout and os.path.getsize(output) < MOST_BYTES
    with np.load(output) as content, np.load(face_features.WEIGHTS) as shipped:
        assert {name: part.shape for name, part in content.items()} == {
            name: part.shape for name, part in shipped.items()
        }
