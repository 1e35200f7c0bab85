"""The tones of generated images: those of the training images, in what is handed in and without a trace in training."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from calibrated import with_and_without

from gan.data import pixels
from gan.random_noise_generator import Use, uniform_noise
from gan.snapshots import tones
from gan.snapshots.snapshot import Snapshot


def logit(images):
    return np.log(images) - np.log(1 - images)


def test_two_numbers_are_found_that_were_put_in():
    """Images whose logits were made fainter by 10% and darker by 0.2 get both back."""
    wanted = np.random.default_rng(1).uniform(0.05, 0.95, (200, 100))
    drawn = 1 / (1 + np.exp(-(logit(wanted) / 1.1 - 0.2)))
    contrast, brightness = tones.to_match(drawn.astype(np.float32), tones.of_images(wanted))
    assert contrast == pytest.approx(0.1, abs=1e-3) and brightness == pytest.approx(0.22, abs=1e-3)
    with tf.Graph().as_default(), tf.Session() as session:
        given = tf.placeholder(tf.float32, [None, 100])
        adjusted = tones.adjusted(given)
        session.run(tf.global_variables_initializer())
        np.testing.assert_allclose(session.run(adjusted, {given: drawn}), drawn, atol=1e-5)
        for variable, value in zip(tf.global_variables(), (contrast, brightness)):
            variable.load(value)
        np.testing.assert_allclose(session.run(adjusted, {given: drawn}), wanted, atol=1e-3)


def test_images_of_one_grey_and_images_far_from_all_stay_within_the_limits():
    grey = np.full((3, 100), 0.5, np.float32)
    assert tones.to_match(grey, tones.Tones(0.5, 0.2)) == (0, 0)
    contrast, brightness = tones.to_match(np.float32([[0.5, 0.51]]), tones.Tones(0.9, 0.3))
    assert (contrast, brightness) == (pytest.approx(tones.MOST_CONTRAST), tones.MOST_BRIGHTNESS)
    black_and_white = np.float32([[0, 1], [1, 0]])
    assert np.isfinite(tones.to_match(black_and_white, tones.Tones(0.5, 0.4))).all()


def test_a_snapshot_draws_with_the_tones_of_the_training_images(tmp_path):
    images = np.random.default_rng(2).integers(60, 190, (300, 2500)).astype(np.uint8)  # nearly what a new one draws
    with_and_without(tmp_path, images, "--calibrate_tones", {tones.CONTRAST, tones.BRIGHTNESS})
    noise = uniform_noise(1000, Use.EVALUATION_NOISE)
    with_them, without = (Snapshot(str(tmp_path / name), 2500).generate(noise) for name in ("with", "without"))
    wanted = tones.of_images(pixels.to_floats(images))
    assert wanted == pytest.approx((images.mean() / 255, (images / 255).std(1).mean()), rel=1e-4)
    assert abs(tones.of_images(without).mean - wanted.mean) > 0.004
    assert abs(tones.of_images(without).deviation - wanted.deviation) > 0.01
    assert tones.of_images(with_them) == pytest.approx(wanted, abs=0.001)
