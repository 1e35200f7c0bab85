"""Transformations against the same written plainly in numpy, and what an augmenter draws and adapts."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from gan import augment
from gan.augment import Augmentation, Augmenter
from gan.networks import registry

ALWAYS = [1.0, 1.0, 1.0, 1.0]
SIDE = 16  # an eighth is 2 pixels, a half 8


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default():
        yield


def run(tensor):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return session.run(tensor)


def transform(name, images, happens, draws):
    """Runs one transformation on numpy images [N, h, w]."""
    draws = np.broadcast_to(np.asarray(draws, np.float32), (len(images), 2))
    function = getattr(augment, name)
    given = tf.constant(images[..., np.newaxis], tf.float32)
    return run(function(given, tf.constant(happens, tf.float32), tf.constant(draws)))[..., 0]


def pictures(count=4, height=SIDE, width=SIDE):
    return np.random.default_rng(0).random((count, height, width)).astype(np.float32)


def test_flip_mirrors_where_the_draw_says_so():
    images = pictures(3)
    flipped = transform("flip", images, [1, 1, 0], [[0.5, 0], [0.49, 0], [0.9, 0]])
    np.testing.assert_array_equal(flipped, [images[0][:, ::-1], images[1], images[2]])


def test_brightness_and_contrast():
    images = np.array([[[0.2, 0.6]], [[0.2, 0.6]], [[0.2, 0.6]]])
    draws = [[0.9, 0], [0.0, 0], [0.9, 0]]
    # Added: (0.9 - 0.5) / 2, (0 - 0.5) / 2, nothing. Around the mean of 0.4, times 1.4, 0.5 and 1.
    brighter = [[[0.4, 0.8]], [[-0.05, 0.35]], [[0.2, 0.6]]]
    np.testing.assert_allclose(transform("brightness", images, [1, 1, 0], draws), brighter, atol=1e-6)
    stronger = [[[0.12, 0.68]], [[0.3, 0.5]], [[0.2, 0.6]]]
    np.testing.assert_allclose(transform("contrast", images, [1, 1, 0], draws), stronger, atol=1e-6)


def test_blur_mixes_with_the_mean_of_the_neighbours():
    images = pictures(2, 6, 5)
    padded = np.pad(images, [(0, 0), (1, 1), (1, 1)], mode="edge")
    smooth = sum(
        a * b * padded[:, 1 + y : 7 + y, 1 + x : 6 + x]
        for y, a in ((-1, 0.25), (0, 0.5), (1, 0.25))
        for x, b in ((-1, 0.25), (0, 0.5), (1, 0.25))
    )
    expected = [0.3 * smooth[0] + 0.7 * images[0], images[1]]
    np.testing.assert_allclose(transform("blur", images, [1, 0], [0.3, 0]), expected, atol=1e-6)


def moved(image, down, across):
    result = np.zeros_like(image)
    for y in range(SIDE):
        for x in range(SIDE):
            if 0 <= y - down < SIDE and 0 <= x - across < SIDE:
                result[y, x] = image[y - down, x - across]
    return result


def test_translation_moves_by_whole_pixels_and_fills_with_black():
    images = pictures(5)
    # Five places from -2 to 2, each a fifth of the draws.
    draws = [[0.0, 0.99], [0.39, 0.4], [0.6, 0.2], [0.81, 0.0], [0.0, 0.0]]
    shifts = [(-2, 2), (-1, 0), (1, -1), (2, -2), (0, 0)]
    expected = [moved(image, *shift) for image, shift in zip(images, shifts)]
    np.testing.assert_array_equal(transform("translation", images, [1, 1, 1, 1, 0], draws), expected)


@pytest.mark.parametrize("side", [5, 28, 50])
def test_translation_keeps_to_pixels_at_any_size(side):
    images, most = pictures(2, side, side), round(side / 8)
    right_and_up = transform("translation", images, [1, 1], [0.0, 0.9999])
    np.testing.assert_array_equal(right_and_up[:, : side - most, most:], images[:, most:, : side - most])
    assert not right_and_up[:, side - most :].any() and not right_and_up[:, :, :most].any()


def test_cutout_blackens_half_of_each_side():
    images = pictures(4) + 1
    # The hole of 8 pixels begins at one of 17 places from -4 to 12.
    draws = [[0.0, 0.99], [4.5 / 17, 8.5 / 17], [0.5, 0.5], [0.5, 0.5]]
    expected = images.copy()
    expected[0, :4, 12:] = 0
    expected[1, :8, 4:12] = 0
    expected[2, 4:12, 4:12] = 0
    np.testing.assert_array_equal(transform("cutout", images, [1, 1, 1, 0], draws), expected)


def test_rounding_is_to_8_bits_and_lets_the_gradient_pass():
    images = tf.constant([[[[0.5], [100.4 / 255], [100.6 / 255], [1.0]]]])
    rounded = augment.rounding(images, None, None)
    weights = tf.constant([[[[1.0], [2.0], [3.0], [4.0]]]])
    values, gradient = run([rounded, tf.gradients(rounded, images, weights)[0]])
    np.testing.assert_allclose(255 * values.ravel(), [128, 100, 101, 255], atol=1e-4)
    np.testing.assert_array_equal(gradient.ravel(), [1, 2, 3, 4])


@pytest.mark.parametrize("name", [name for name in registry.transformations() if name != "rounding"])
def test_gradients_are_those_of_small_differences(name):
    """All but rounding are linear, up to a constant: f(x + d) - f(x) = J d, and the gradient of g.f is J'g."""
    x, d, g = pictures(3), pictures(3)[::-1].copy(), 1 - pictures(3)
    happens, draws = [1, 1, 0], [[0.9, 0.1], [0.2, 0.7], [0.6, 0.9]]
    difference = transform(name, x + d, happens, draws) - transform(name, x, happens, draws)
    images = tf.constant(x[..., np.newaxis])
    result = getattr(augment, name)(images, tf.constant(happens, tf.float32), tf.constant(draws))
    gradient = run(tf.gradients(result, images, tf.constant(g[..., np.newaxis]))[0])[..., 0]
    np.testing.assert_allclose((gradient * d).sum((1, 2)), (g * difference).sum((1, 2)), rtol=1e-4)
    np.testing.assert_array_equal(transform(name, x, happens, draws)[2], x[2])


EVERYTHING = tuple(registry.transformations())


@pytest.mark.parametrize("size", [784, 2500])
def test_the_same_seed_draws_the_same_for_every_part_of_a_batch(size):
    images = tf.constant(np.random.default_rng(1).random((20, size)), tf.float32)
    whole = augment.augment(images, EVERYTHING, 0.8, (3, 7))
    parts = [augment.augment(images[a:b], EVERYTHING, 0.8, (3, 7), first=a) for a, b in ((0, 7), (7, 8), (8, 20))]
    others = [augment.augment(images, EVERYTHING, 0.8, seed) for seed in ((3, 8), (4, 7))]
    whole, joined, *others = run([whole, tf.concat(parts, 0), *others])
    np.testing.assert_allclose(joined, whole, atol=1e-6)
    assert all(np.abs(other - whole).max() > 0.1 for other in others)


def test_transformations_happen_with_the_probability_each_by_itself():
    images = tf.ones([2000, 64])
    changed = {}
    for name in ("brightness", "cutout"):
        result = augment.augment(images, (name,), 0.3, (0, 0))
        changed[name] = run(tf.reduce_any(tf.not_equal(result, images), 1))
        assert changed[name].mean() == pytest.approx(0.3, abs=0.04)  # four standard deviations
    result = augment.augment(images, ("brightness", "cutout"), 0.3, (0, 0))
    both = run(tf.reduce_any(tf.not_equal(result, images), 1))
    assert both.mean() == pytest.approx(1 - 0.7 * 0.7, abs=0.045)


def test_real_and_generated_images_have_draws_of_their_own():
    augmenter = Augmenter(Augmentation(("brightness",)), tf.constant([1, 2], tf.int64), 0)
    images = tf.zeros([50, 4])
    real, fake = run([augmenter.real(images, 0), augmenter.fake(images, 0)])
    assert len({*real[:, 0], *fake[:, 0]}) > 95
    assert abs(real).max() <= 0.25 and abs(fake).max() <= 0.25 and real.std() > 0.1 and fake.std() > 0.1


def test_an_empty_policy_changes_nothing():
    images = tf.zeros([3, 4])
    assert Augmenter(Augmentation(), tf.constant([1, 2], tf.int64), 0).real(images, 0) is images


def test_the_probability_adapts_within_its_bounds():
    augmenter = Augmenter(
        Augmentation(("flip",), 0.25, target=0.5, speed=0.1), tf.constant([1, 2], tf.int64), tf.constant(0, tf.int64)
    )
    logits = tf.placeholder(tf.float32, [None, 1])
    (update,) = augmenter.updates(logits)
    sure, unsure, at_target = [[1.0]] * 9 + [[-1.0]], [[1.0]] * 7 + [[-1.0]] * 3, [[2.0]] * 3 + [[-1.0]]
    found = []
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        # Mean signs 0.8, 0.4 and 0.5, against a target of 0.5.
        for given in (unsure, sure, at_target, sure, sure, unsure):
            session.run(update, {logits: given})
            found.append(float(session.run(augmenter.probability)))
    assert found == pytest.approx([0, 0.1, 0.1, 0.2, 0.25, 0.15])


def test_generated_images_are_not_mirrored():
    """Where a generator draws faces that all look one way, the discriminator has to see it."""
    images = np.tile(np.float32([[0, 1, 0, 1]]), (64, 1))  # each row dark on the left, bright on the right
    with tf.Graph().as_default(), tf.Session() as session:
        augmenter = Augmenter(Augmentation(("flip",)), tf.constant([1, 2], tf.int64), tf.constant(0, tf.int64))
        real, fake = session.run([augmenter.real(tf.constant(images), 0), augmenter.fake(tf.constant(images), 0)])
    assert 16 <= (real[:, 0] == 1).sum() <= 48
    np.testing.assert_array_equal(fake, images)
