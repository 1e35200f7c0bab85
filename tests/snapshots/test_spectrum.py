"""The spectrum of generated images: that of the training images, in what is handed in alone."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from calibrated import with_and_without

from gan.data import pixels
from gan.random_noise_generator import Use, uniform_noise
from gan.snapshots import serving_graph, spectrum
from gan.snapshots.serving_graph import Additions
from gan.snapshots.snapshot import Snapshot
from gan.snapshots.spectrum import Spectrum

SIDE = 50
NOTHING = np.zeros((SIDE, SIDE), np.float32)


def wave(down, across, side=SIDE):
    """So many half waves down and across, whole at the edges' middles: [1, side * side] from -1 to 1."""
    places = np.pi * (np.arange(side) + 0.5) / side
    return np.outer(np.cos(down * places), np.cos(across * places)).reshape(1, -1)


def grain(count, seed, strength=0.05):
    """Grain around grey: uint8 [count, 2500]."""
    noise = np.random.default_rng(seed).standard_normal((count, SIDE * SIDE))
    return pixels.to_bytes(0.5 + strength * noise)


def load(values):
    for variable in tf.global_variables():
        variable.load(values[variable.op.name])


def adjusted(images, gain, shift):
    with tf.Graph().as_default(), tf.Session() as session:
        given = tf.placeholder(tf.float32, [None, images.shape[1]])
        result = spectrum.adjusted(given)
        load({spectrum.GAIN: gain, spectrum.SHIFT: shift})
        return session.run(result, {given: images})


def test_the_spectrum_of_waves():
    """One of amplitude a has the coefficient 25 a, half of a side for each direction; grey has 50 times its level."""
    images = pixels.to_bytes(np.concatenate([0.4 + 0.2 * wave(3, 11), 0.4 - 0.1 * wave(3, 11)]))
    found = spectrum.of_images([images[:1], images[1:]])
    assert found.mean[3, 11] == pytest.approx(25 * 0.05, abs=0.01)
    assert found.deviation[3, 11] == pytest.approx(25 * 0.15, abs=0.01)
    assert (found.mean[0, 0], found.deviation[0, 0]) == pytest.approx((50 * 0.4, 0), abs=0.01)
    rest = found.deviation.copy()
    rest[3, 11] = 0
    assert rest.max() < 0.02


def test_one_frequency_is_strengthened_and_another_one_shifted():
    gain, shift = NOTHING.copy(), NOTHING.copy()
    gain[30, 7], shift[2, 5] = 0.5, 25 * 0.1
    images = 0.5 + 0.1 * np.concatenate([wave(30, 7), wave(7, 30)])
    wanted = 0.5 + 0.1 * np.concatenate([1.5 * wave(30, 7), wave(7, 30)]) + 0.1 * wave(2, 5)
    np.testing.assert_allclose(adjusted(images, gain, shift), wanted, atol=1e-5)


@pytest.mark.parametrize("side", [28, 50])
def test_images_stay_as_they_are_without_gains_and_shifts(side):
    images = np.random.default_rng(3).uniform(0, 1, (5, side * side)).astype(np.float32)
    nothing = np.zeros((side, side), np.float32)
    np.testing.assert_array_equal(adjusted(images, nothing, nothing), images)


def test_images_get_the_spectrum_of_others():
    """Coarse coefficients get the mean, too; a fine one keeps its own."""
    drawn = pixels.to_bytes(pixels.to_floats(grain(300, 1)) + 0.05 * (wave(2, 1) + wave(20, 20)))
    others = pixels.to_bytes(
        adjusted(pixels.to_floats(grain(400, 2)), 0.3 * np.sin(np.indices((SIDE, SIDE))[0]), NOTHING)
    )
    before, wanted = spectrum.of_images([drawn]), spectrum.of_images([others])
    after = spectrum.of_images([pixels.to_bytes(adjusted(pixels.to_floats(drawn), *spectrum.to_match(before, wanted)))])
    assert np.abs(before.deviation / wanted.deviation - 1).max() > 0.3
    assert np.abs(after.deviation / wanted.deviation - 1).max() < 0.02
    assert (before.mean[2, 1], after.mean[2, 1]) == pytest.approx((25 * 0.05, wanted.mean[2, 1]), abs=0.02)
    assert (before.mean[20, 20], after.mean[20, 20]) == pytest.approx((25 * 0.05, 25 * 0.05), abs=0.02)


def test_images_that_do_not_vary_and_images_far_from_all_stay_within_the_limits():
    grey, strong = (spectrum.of_images([each]) for each in (grain(5, 1, 0), grain(5, 1, 0.3)))
    for drawn, wanted, expected in ((grey, strong, 0), (strong, grey, spectrum.LEAST_GAIN)):
        gain, shift = spectrum.to_match(drawn, wanted)
        assert (gain == expected).all() and np.isfinite(shift).all()
    faint = Spectrum(strong.mean, strong.deviation / 9)
    assert (spectrum.to_match(faint, strong)[0] == spectrum.MOST_GAIN).all()
    result = adjusted(pixels.to_floats(grain(5, 1, 0.3)), *spectrum.to_match(faint, strong))
    assert result.min() >= 0 and result.max() <= 1


def test_what_a_generator_draws_beyond_black_and_white_stays_there():
    """Else nobody would say that its output must lie in [0, 1]."""
    images = np.random.default_rng(5).uniform(0.3, 0.7, (3, 2500)).astype(np.float32)
    images[0, 0], images[1, 1], images[2, 7] = -0.5, 1.5, np.nan
    with tf.Graph().as_default(), tf.Session() as session:
        drawn = tf.constant(images)
        handed_in = serving_graph._generated(drawn, drawn, Additions(spectrum=True))
        load({spectrum.GAIN: NOTHING - 0.5, spectrum.SHIFT: NOTHING})
        result = session.run(handed_in)
    assert result[0, 0] < 0 and result[1, 1] > 1 and np.isnan(result[2, 7])


def test_a_snapshot_draws_with_the_spectrum_of_the_training_images(tmp_path):
    change = np.tile(np.linspace(-0.3, 0.3, SIDE), (SIDE, 1)).astype(np.float32)
    images = pixels.to_bytes(adjusted(pixels.to_floats(grain(400, 4, 0.06)), change, NOTHING))
    added = {spectrum.GAIN, spectrum.SHIFT}
    weights = with_and_without(tmp_path, images, "--calibrate_spectrum", added, "--calibrate_tones")
    noise = uniform_noise(2040, Use.EVALUATION_NOISE)
    snapshot = Snapshot(str(tmp_path / "with"), 2500)
    snapshot.verify()
    wanted = spectrum.of_images([images]).deviation
    found = [
        spectrum.of_images([pixels.to_bytes(each.generate(noise))]).deviation
        for each in (snapshot, Snapshot(str(tmp_path / "without"), 2500))
    ]
    reached = np.abs(weights[spectrum.GAIN] - 0.25) < 0.74  # within the limits
    errors = [np.abs(each / wanted - 1)[reached] for each in found]
    assert reached.mean() > 0.3 and errors[1].mean() > 0.2 and errors[0].mean() < 0.05
