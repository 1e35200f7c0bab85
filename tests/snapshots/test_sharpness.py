"""The sharpness of generated images: as varied as that of the training images, in what is handed in alone."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from calibrated import with_and_without
from conftest import run_train

from gan.data import pixels, tfrecords
from gan.random_noise_generator import Use, uniform_noise
from gan.snapshots import serving_graph, sharpness, tones
from gan.snapshots.serving_graph import Additions
from gan.snapshots.sharpness import Sharpness
from gan.snapshots.snapshot import Snapshot

SIDE = 50


def blurred(images):
    around = np.pad(images, [(0, 0), (1, 1), (1, 1)], mode="symmetric")
    rows = around[:, :-2] / 4 + around[:, 1:-1] / 2 + around[:, 2:] / 4
    return rows[:, :, :-2] / 4 + rows[:, :, 1:-1] / 2 + rows[:, :, 2:] / 4


def grains(count, seed, least, most, blurs=0, strength=0.06):
    """Grain around grey, blurred, each image with this much more or less of its detail: float64 [count, 2500]."""
    random = np.random.default_rng(seed)
    images = random.standard_normal((count, SIDE, SIDE)) * strength
    for _ in range(blurs):
        images = blurred(images)
    images += random.uniform(least, most, (count, 1, 1)) * (images - blurred(images))
    return 0.5 + images.reshape(count, -1)


def adjusted(images, gain, shift):
    with tf.Graph().as_default(), tf.Session() as session:
        given = tf.placeholder(tf.float32, [None, images.shape[1]])
        result = sharpness.adjusted(given)
        for variable in tf.global_variables():
            variable.load({sharpness.GAIN: gain, sharpness.SHIFT: shift}[variable.op.name])
        return session.run(result, {given: images})


def test_the_sharpness_of_a_chessboard_and_of_a_ramp():
    """On a chessboard each second difference is 4 and each first one 1; on a ramp there are no second ones."""
    board = np.indices((SIDE, SIDE)).sum(0).reshape(1, -1) % 2
    ramp = np.tile(np.arange(SIDE) / 100, (SIDE, 1)).reshape(1, -1)
    found = sharpness.of_images(np.concatenate([board, board * 0.1 + 0.3, ramp, np.full((1, 2500), 0.4)]))
    assert found[:2] == pytest.approx(0.5 * np.log(16 / 2), abs=1e-3)
    assert found[2] == pytest.approx(0.5 * np.log(1.5e-5 / (1e-4 + 1.5e-5)), abs=1e-3) and found[3] == 0


def test_detail_is_what_a_blur_takes_away():
    """A white point on black: the blur leaves 1/4 of it, and 1/8 and 1/16 of it beside it."""
    point = np.zeros((SIDE, SIDE))
    point[20, 30] = 0.4
    result = adjusted(0.3 + point.reshape(1, -1), 0.0, 0.5).reshape(SIDE, SIDE) - 0.3
    assert result[20, 30] == pytest.approx(0.4 + 0.5 * 0.4 * 3 / 4, abs=1e-6)
    assert result[[19, 20], [30, 31]] == pytest.approx(-0.5 * 0.4 / 8, abs=1e-6)
    assert result[[19, 21], [31, 29]] == pytest.approx(-0.5 * 0.4 / 16, abs=1e-6)
    assert result[0] == pytest.approx(0, abs=1e-6)


def test_images_get_the_sharpness_of_others_and_keep_their_order():
    drawn, others = grains(300, 1, -0.3, 0.3, blurs=2), grains(400, 2, -0.4, 0.6, blurs=2)
    wanted = Sharpness(sharpness.of_images(others).mean(), sharpness.of_images(others).std())
    before = sharpness.of_images(drawn)
    assert before.std() < 0.9 * wanted.deviation
    numbers = sharpness.to_match(drawn, wanted)
    after = sharpness.of_images(adjusted(drawn, *numbers))
    np.testing.assert_allclose(sharpness.sharpened(drawn, *numbers), adjusted(drawn, *numbers), atol=1e-5)
    assert (after.mean(), after.std()) == pytest.approx(wanted, abs=1e-3)
    assert np.corrcoef(before, after)[0, 1] > 0.99


def test_images_stay_as_they_are_with_both_numbers_0():
    images = np.random.default_rng(3).uniform(0, 1, (5, 784)).astype(np.float32)
    np.testing.assert_array_equal(adjusted(images, 0.0, 0.0), images)


def test_what_a_generator_draws_beyond_black_and_white_stays_there():
    """Else nobody would say that its output must lie in [0, 1]."""
    images = np.random.default_rng(5).uniform(-0.5, 1.5, (3, 2500)).astype(np.float32)
    images[:, 0], images[:, 1], images[2, 7] = -0.5, 1.5, np.nan
    values = {sharpness.GAIN: 3.0, sharpness.SHIFT: -0.7, tones.CONTRAST: 0.0, tones.BRIGHTNESS: 0.0}
    for additions in (Additions(tones=True), Additions(sharpness=True), Additions(tones=True, sharpness=True)):
        with tf.Graph().as_default(), tf.Session() as session:
            drawn = tf.constant(images)
            handed_in = serving_graph._generated(drawn, drawn, additions)
            for variable in tf.global_variables():
                variable.load(values[variable.op.name])
            result = session.run(handed_in)
        assert (result[:2, 0] < 0).all() and (result[:2, 1] > 1).all() and np.isnan(result[2, 7])


def test_images_of_one_grey_and_images_far_from_all_stay_within_the_limits():
    grey, board = np.full((3, 2500), 0.5), np.indices((SIDE, SIDE)).sum(0).reshape(1, -1) % 2 * 1.0
    for images in (grey, board, np.concatenate([grey, board])):
        for wanted in (Sharpness(0.2, 0.1), Sharpness(-9, 0), Sharpness(9, 9)):
            numbers = sharpness.to_match(images, wanted)
            assert np.isfinite(numbers).all() and 0 <= numbers[0] <= sharpness.MOST_GAIN
            assert len(images) == 4 or not numbers[0]  # images that do not vary in sharpness
            result = adjusted(images, *numbers)
            assert result.min() >= 0 and result.max() <= 1
    np.testing.assert_array_equal(adjusted(grey, 6.0, 1.0), grey)
    soft = adjusted(0.25 + board / 2, 0.0, -9.0)  # at most 0.7 of the detail is taken away; inside that is all there is
    assert np.ptp(soft.reshape(SIDE, SIDE)[5:-5, 5:-5]) == pytest.approx(0.5 * 0.3, abs=1e-6)


def test_a_snapshot_draws_with_the_sharpness_of_the_training_images(tmp_path):
    images = pixels.to_bytes(grains(300, 4, -0.7, -0.2).astype(np.float32))  # what a new one draws is grain, too
    with_and_without(tmp_path, images, "--calibrate_sharpness", {sharpness.GAIN, sharpness.SHIFT})
    noise = uniform_noise(1000, Use.EVALUATION_NOISE)
    snapshot = Snapshot(str(tmp_path / "with"), 2500)
    snapshot.verify()
    with_it = sharpness.of_images(snapshot.generate(noise))
    without = sharpness.of_images(Snapshot(str(tmp_path / "without"), 2500).generate(noise))
    wanted = sharpness.of_images(images / 255)
    assert abs(without.mean() - wanted.mean()) > 0.04 and without.std() < 0.6 * wanted.std()
    assert (with_it.mean(), with_it.std()) == pytest.approx((wanted.mean(), wanted.std()), abs=0.02)


def test_tones_are_right_beside_it(tmp_path):
    """To blur takes contrast away, which the tones give back."""
    images = pixels.to_bytes(grains(300, 4, -0.7, -0.2, strength=0.15).astype(np.float32))
    tfrecords.write(str(tmp_path / "train.tfrecords"), images)
    flags = ["--max_steps=3", "--calibrate_sharpness", "--calibrate_tones"]
    assert run_train(tmp_path / "train.tfrecords", tmp_path / "run", *flags) == 0
    drawn = Snapshot(str(tmp_path / "run"), 2500).generate(uniform_noise(1000, Use.EVALUATION_NOISE))
    wanted = tones.of_images(images / 255)
    assert tuple(tones.of_images(drawn)) == pytest.approx(tuple(wanted), abs=0.001)
