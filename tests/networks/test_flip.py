"""Images told from mirror images: which way a snapshot's generator turns them, and what its discriminator believes."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from conftest import run_train

from gan.data import pixels, tfrecords
from gan.networks import flip
from gan.random_noise_generator import uniform_noise
from gan.snapshots import calibration, typical
from gan.snapshots.snapshot import Snapshot

SIDE = 50


def balls(count, seed, left):
    """Images of a ball, lit from the left in this share of them and else from the right: uint8 [count, 2500]."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j]
    side = np.where(np.arange(count)[:, np.newaxis, np.newaxis] < left * count, -1, 1)
    light, size = random.uniform(0.1, 0.2, (count, 1, 1)), random.uniform(0.5, 0.7, (count, 1, 1))
    inside = 1 / (1 + np.exp(15 * (np.hypot(rows, columns) - size)))
    images = 0.3 + inside * (0.3 + side * light * columns) + 0.03 * random.standard_normal((count, SIDE, SIDE))
    return pixels.to_bytes(images.reshape(count, -1))


def lit_from_the_left(images):
    halves = images.reshape(len(images), SIDE, 2, SIDE // 2).mean((1, 3))
    return halves[:, 0] > halves[:, 1]


def described(images):
    """Descriptions of images and of their mirror images."""
    return typical.described(images), typical.described(pixels.mirrored(images))


def turned(images, noise, weights, odds):
    with tf.Graph().as_default(), tf.Session() as session:
        given = [tf.placeholder(tf.float32, [None, width]) for width in (2500, 100)]
        result = flip.turned(*given)
        variables = {v.op.name: v for v in tf.global_variables()}
        variables.pop(flip.WEIGHTS).load(weights)
        variables.pop(flip.ODDS).load(odds)
        assert not variables
        return session.run(result, dict(zip(given, (images, noise))))


@pytest.fixture(scope="module")
def weights():
    return flip.weights(*described(balls(1000, 1, left=0.8)))


@pytest.mark.parametrize("mirrored_share", [0.5, 0.25, 0.0])
def test_images_look_to_each_side_as_often_as_the_training_images(weights, mirrored_share):
    """Whatever share of mirror images a generator draws that learned perfectly."""
    drawn = balls(3000, 2, left=(1 - mirrored_share) * 0.8 + mirrored_share * 0.2)
    odds = flip.odds(flip.logits(*described(drawn), weights))
    assert 1 / (1 + np.exp(odds)) == pytest.approx(mirrored_share, abs=0.06)
    images, noise = pixels.to_floats(drawn), uniform_noise(3000, 7)
    result = turned(images, noise, weights, odds)
    assert lit_from_the_left(result).mean() == pytest.approx(0.8, abs=0.03)  # four standard errors
    is_turned = (result != images).any(1)
    np.testing.assert_array_equal(result[is_turned], pixels.mirrored(images)[is_turned])
    correlations = np.corrcoef(np.column_stack([is_turned, noise[:, :2]]).T)[0, 1:]
    assert np.abs(correlations).max() < 0.08
    np.testing.assert_array_equal(turned(images[:7], noise[:7], weights, odds), result[:7])


def test_images_stay_as_drawn_until_it_is_known_how_often_they_are_mirrored(weights):
    images = pixels.to_floats(balls(100, 2, left=0.0))
    np.testing.assert_array_equal(turned(images, uniform_noise(100, 7), weights, flip.AS_DRAWN), images)


def test_the_regression_is_at_its_optimum():
    """The gradient of the log likelihood and that of the ridge, 10 |w|^2 / 2, are equal there."""
    training = balls(300, 3, left=0.7)
    differences = np.subtract(*described(training)).astype(np.float64)
    found = flip.weights(*described(training)).astype(np.float64)
    missing = 1 / (1 + np.exp(differences @ found))
    np.testing.assert_allclose(differences.T @ missing, 10 * found, atol=1e-3 * np.abs(10 * found).max())


def test_images_that_are_no_numbers_stay_so(weights):
    images = pixels.to_floats(balls(20, 8, left=0.0))
    images[:, 0] = np.nan  # in one corner
    np.testing.assert_array_equal(turned(images, uniform_noise(20, 1), weights, 0.0), images)


def test_mirror_images_are_believed_less(weights):
    """Of 1,000 training images 80% are lit from the left: one like them is 1.6 times as often among these as if half of
    them were mirrored, one lit from the right 0.4 times."""
    images = pixels.to_floats(balls(400, 5, left=0.5))
    with tf.Graph().as_default(), tf.Session() as session:
        given = tf.placeholder(tf.float32, [None, 2500])
        result = flip.evidence(given)
        for variable in tf.global_variables():
            variable.load(weights if variable.op.name == flip.WEIGHTS else 0.0)
        assert not session.run(result, {given: images}).any()
        for variable in tf.global_variables():
            if variable.op.name == flip.STRENGTH:
                variable.load(3.0)
        found = session.run(result, {given: images})[:, 0]
    left = lit_from_the_left(images)
    assert found[left].mean() == pytest.approx(3 * np.log(1.6), abs=0.15)
    assert found[~left].mean() == pytest.approx(3 * np.log(0.4), abs=0.4)
    assert found.max() <= 3 * np.log(2)


def test_a_snapshot_has_it_and_training_does_not(tmp_path):
    training = balls(200, 4, left=0.9)
    tfrecords.write(str(tmp_path / "train.tfrecords"), training)
    read = []
    for name, more in (("with", ["--calibrate_flip"]), ("without", [])):
        assert run_train(tmp_path / "train.tfrecords", tmp_path / name, "--max_steps=3", "--augment=flip", *more) == 0
        reader = tf.train.load_checkpoint(str(tmp_path / name))
        read.append({n: reader.get_tensor(n) for n in reader.get_variable_to_shape_map()})
    weights, odds = read[0].pop(flip.WEIGHTS), read[0].pop(flip.ODDS)
    np.testing.assert_allclose(weights, flip.weights(*described(training)), rtol=1e-4, atol=1e-6)
    assert set(read[0]) == set(read[1])
    for name, value in read[1].items():
        np.testing.assert_array_equal(value, read[0][name], name)
    noise = uniform_noise(200, 5)
    snapshot = Snapshot(str(tmp_path / "with"), 2500)
    snapshot.verify()
    result, drawn = snapshot.generate(noise), Snapshot(str(tmp_path / "without"), 2500).generate(noise)
    is_turned = np.abs(result - drawn).max(1) > 1e-5
    assert is_turned.any() and abs(odds) < 10
    logits = flip.logits(*described(drawn), weights)
    chances = 1 / (1 + np.exp(-logits - odds))
    draws = (noise[:, 0] + noise[:, 1]) % 2 / 2
    is_near = np.abs(draws - chances) < 1e-3
    np.testing.assert_array_equal(is_turned[~is_near], (draws > chances)[~is_near])
    np.testing.assert_allclose(result[is_turned], pixels.mirrored(drawn)[is_turned], atol=1e-5)


def test_a_snapshots_discriminator_hears_of_it_and_still_accepts_nine_of_ten(tmp_path):
    held_out = balls(100, 6, left=0.9)
    tfrecords.write(str(tmp_path / "train.tfrecords"), balls(300, 4, left=0.9))
    tfrecords.write(str(tmp_path / "held_out.tfrecords"), held_out)
    flags = ["--max_steps=3", "--augment=flip", f"--calibration_data_pattern={tmp_path / 'held_out.tfrecords'}"]
    opened = []
    for name, more in (("with", ["--calibrate_flip"]), ("without", [])):
        assert run_train(tmp_path / "train.tfrecords", tmp_path / name, *flags, *more) == 0
        opened.append(Snapshot(str(tmp_path / name), 2500))
    spread = calibration.logits(opened[1].discriminate(pixels.to_floats(held_out))).std()
    reader = tf.train.load_checkpoint(str(tmp_path / "with"))
    assert reader.get_tensor(flip.STRENGTH) == pytest.approx(0.1 * spread, rel=1e-3)
    assert (opened[0].discriminate(pixels.to_floats(held_out)) > 0.5).mean() == 0.9
    opened[0].verify()
    more = []
    for share in (1.0, 0.0):
        images = pixels.to_floats(balls(200, 7, left=share))
        heard, alone = (calibration.logits(each.discriminate(images)) for each in opened)
        more.append((heard - alone).mean())
    assert more[0] - more[1] == pytest.approx(0.1 * spread * np.log(0.9 / 0.1), rel=0.25)


def test_networks_that_saw_nothing_mirrored_are_named(faces, tmp_path, capsys):
    told = "--calibrate_flip is for networks that learn from mirrored images"
    for more in (["--augment=rounding"], ["--augment=flip"]):
        assert run_train(faces, tmp_path / more[0], "--max_steps=1", "--calibrate_flip", *more) == 0
        assert (told in capsys.readouterr().out) == (more == ["--augment=rounding"])
