"""How unusual an image is: described, measured on training images, and told to the filter's verdict."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from conftest import run_train

from gan.data import pixels, tfrecords
from gan.networks import typicality
from gan.snapshots import typical
from gan.snapshots.snapshot import Snapshot

SIDE = 50


def discs(count, seed, tilt=1.0):
    """Images of a disc on a dark ground, brighter below, all a little different: uint8 [count, 2500]."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j]
    centre, size, light = random.uniform(-0.15, 0.15, (3, count, 1, 1))
    inside = 1 / (1 + np.exp(15 * (np.hypot(rows - centre, columns + centre / 2) - 0.6 - size)))
    images = 0.2 + light + inside * (0.4 + 0.2 * tilt * rows) + 0.03 * random.standard_normal((count, SIDE, SIDE))
    return pixels.to_bytes(images.reshape(count, -1))


def run(make, images, values=None):
    """What a function of images [N, 2500] makes, with some values of the variables."""
    with tf.Graph().as_default(), tf.Session() as session:
        given = tf.placeholder(tf.float32, [None, images.shape[1]])
        made = make(given)
        session.run(tf.global_variables_initializer())
        for variable in tf.global_variables() if values else ():
            variable.load(values[variable.op.name])
        return session.run(made, {given: images})


def measured(training, held_out):
    """What is measured of training images and held-out ones, uint8 [N, 2500] both."""
    both = np.concatenate([training, pixels.mirrored(training)])
    return typical.measured(typical.described(both), typical.described(held_out))


def in_words(image):
    """A description of one image [side, side], pixel by pixel as the docstrings say it."""

    def mean(values, cells):
        cell = np.arange(len(values)) * cells // len(values)
        return np.array([[values[cell == i][:, cell == j].mean() for j in range(cells)] for i in range(cells)])

    tones = mean(image, 10)
    parts = [(tones - tones.mean()) / (tones.std() + 0.02)]
    for cells in (5, 5, 3):
        side = len(image)
        steps = [(1, 0, 0, 0), (0, 1, 0, 0), (1, 1, 0, 0), (1, 0, 0, 1)]  # from the second place to the first
        for a, b, c, d in steps:
            squares = [
                [(image[i + a, j + b] - image[i + c, j + d]) ** 2 for j in range(side - 1)] for i in range(side - 1)
            ]
            parts.append(np.log(mean(np.array(squares), cells) + 3e-5))
        image = mean(image, side // 2)
    return np.concatenate([part.ravel() for part in parts])


@pytest.mark.parametrize("side", [50, 28])
def test_a_description_is_what_the_docstrings_say(side):
    images = np.random.default_rng(1).random((2, side, side)) ** 3
    found = run(typicality.described, images.reshape(2, -1))
    assert found.shape == (2, typicality.SIZE)
    np.testing.assert_allclose(found, [in_words(image) for image in images], atol=2e-3)


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    folder = tmp_path_factory.mktemp("records")
    for name, count, seed in (("train", 900, 1), ("few", 40, 3), ("held_out", 100, 2)):
        tfrecords.write(str(folder / f"{name}.tfrecords"), discs(count, seed))
    return folder


@pytest.mark.parametrize("name", ["train", "few"])
def test_the_unusual_pays_and_the_usual_hardly(records, name):
    """An image like the held-out ones loses 4 for each deviation beyond the first: about one in six, little."""
    others = pixels.to_floats(discs(100, 2))
    values = measured(tfrecords.read_all([str(records / f"{name}.tfrecords")], 2500), discs(100, 2))
    of_held_out, of_new = (
        run(typicality.penalty, images, values) for images in (others, pixels.to_floats(discs(100, 4)))
    )
    assert of_held_out.shape == (100, 1) and of_held_out.min() == 0
    assert 0.08 < (of_held_out > 0).mean() < 0.25 and np.median(of_new) < 4 and np.quantile(of_new, 0.8) < 8
    upside_down = pixels.to_floats(discs(20, 5, tilt=-1.0))
    black, noise = np.zeros((1, 2500), np.float32), np.random.default_rng(3).random((20, 2500)).astype(np.float32)
    for unusual in (upside_down, black, noise):
        assert run(typicality.penalty, unusual, values).min() > 3


def test_a_distance_is_that_of_mahalanobis(monkeypatch):
    """Of the descriptions of all training images and of their mirror images, whose covariance is solved for."""
    monkeypatch.setattr(typical, "_LEAST_SPREAD", 0.01)  # that of noise is small
    random = np.random.default_rng(6)
    made = random.integers(0, 256, (1000, 2500)).astype(np.uint8)  # they vary in all directions
    training, held_out = pixels.to_floats(made[:900]), pixels.to_floats(made[900:])
    values = measured(made[:900], made[900:])
    mirrored = training.reshape(-1, SIDE, SIDE)[:, :, ::-1].reshape(-1, 2500)
    known = run(typicality.described, np.concatenate([training, mirrored])).astype(np.float64)
    away = run(typicality.described, held_out).astype(np.float64) - known.mean(0)
    logs = np.log((away * np.linalg.solve(np.cov(known.T, bias=True), away.T).T).sum(1))
    start = np.mean(logs) + np.std(logs)
    assert values[typicality.START] == pytest.approx(start, abs=0.02)
    assert values[typicality.SLOPE] == pytest.approx(4 / np.std(logs), rel=0.03)
    wanted = np.maximum(logs - start, 0) * 4 / np.std(logs)
    off = np.abs(run(typicality.penalty, held_out, values)[:, 0] - wanted)
    assert np.quantile(off, 0.95) < 0.2 and (wanted > 1).sum() > 5  # directions of hardly any variance are limited


def test_one_held_out_image_does_not_make_others_unusual():
    """Its distance says nothing of how much distances vary."""
    values = measured(discs(900, 1), discs(1, 2))
    assert values[typicality.SLOPE] <= 4 / 0.3 + 1e-3
    lost = run(typicality.penalty, pixels.to_floats(discs(100, 4)), values)
    assert np.median(lost) < 10 < run(typicality.penalty, np.zeros((1, 2500), np.float32), values).min()


def test_nothing_is_lost_before_it_is_measured():
    assert not run(typicality.penalty, np.zeros((3, 2500), np.float32)).any()


def test_a_snapshot_with_a_filter_and_held_out_images_has_it(records, tmp_path):
    held_out = f"--calibration_data_pattern={records / 'held_out.tfrecords'}"
    for name, more in (
        ("both", ["--nonsense_filter", held_out]),
        ("filter", ["--nonsense_filter"]),
        ("none", [held_out]),
    ):
        assert run_train(records / "train.tfrecords", tmp_path / name, "--max_steps=2", *more) == 0
        reader = tf.train.load_checkpoint(str(tmp_path / name))
        has = {n for n in typicality.NAMES if reader.has_tensor(n)}
        assert has == (set(typicality.NAMES) if name == "both" else set())
    handed_in = tf.train.load_checkpoint(str(tmp_path / "both"))
    wanted = measured(discs(900, 1), discs(100, 2))
    for n in typicality.NAMES:
        np.testing.assert_allclose(handed_in.get_tensor(n), wanted[n], rtol=1e-3, atol=1e-5, err_msg=n)
    snapshot = Snapshot(str(tmp_path / "both"), 2500)
    snapshot.verify()
    assert snapshot.discriminate(np.zeros((1, 2500), np.float32))[0] < 0.01
