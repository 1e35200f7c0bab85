"""Spoilt real images, against what each way says of itself."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from test_step import SIZE, first_step

from gan.training import hard_examples

SIDE = 6
FACES = np.random.default_rng(0).random((2, SIDE, SIDE)).astype(np.float32)
OTHERS = np.stack([FACES[::-1], np.zeros_like(FACES)])


def spoilt(way, draw, noise=None):
    noise = np.zeros_like(FACES) if noise is None else noise
    draws = np.full((2, 1, 1), draw, np.float32)
    with tf.Graph().as_default(), tf.Session() as session:
        return session.run(way(tf.constant(FACES), tf.constant(OTHERS), tf.constant(draws), tf.constant(noise)))


@pytest.mark.parametrize("draw, deviation", [(0, 0.03), (1, 0.2)])
def test_grain(draw, deviation):
    noise = np.ones_like(FACES)
    np.testing.assert_allclose(spoilt(hard_examples._grain, draw, noise), FACES + deviation, rtol=1e-5)


def test_ghosts():
    np.testing.assert_allclose(spoilt(hard_examples._ghosts, 1), (FACES + FACES[::-1]) / 3, rtol=1e-5)


def test_blurred():
    """The middle of an image is the mean of the 25 pixels around it, or half of that and half of itself."""
    for draw, share in ((0, 0.5), (1, 1)):
        expected = (1 - share) * FACES[:, 2, 2] + share * FACES[:, :5, :5].mean((1, 2))
        np.testing.assert_allclose(spoilt(hard_examples._blurred, draw)[:, 2, 2], expected, rtol=1e-5)


def test_grid():
    """Noise of 3, 1, 1 and -1 in the first cell has a mean of 1: +2, 0, 0, -2 times 0.02, again and again."""
    noise = np.zeros_like(FACES)
    noise[:, :2, :2] = [[3, 1], [1, -1]]
    added = spoilt(hard_examples._grid, 0, noise) - FACES
    np.testing.assert_allclose(added, np.tile([[0.04, 0], [0, -0.04]], (2, 3, 3)), atol=1e-6)


@pytest.mark.parametrize("draw, rows", [(0, 2), (0.9, 4)])
def test_halves(draw, rows):
    expected = np.concatenate([FACES[:, :rows], FACES[::-1, rows:]], 1)
    np.testing.assert_array_equal(spoilt(hard_examples._halves, draw), expected)


def test_each_image_is_spoilt_in_one_way_and_stays_an_image():
    faces = np.random.default_rng(1).random((64, 2500)).astype(np.float32)
    with tf.Graph().as_default(), tf.Session() as session:
        found = [
            session.run(hard_examples.spoil(tf.constant(faces), 50, tf.constant([3, s], tf.int64))) for s in (1, 1, 2)
        ]
    np.testing.assert_array_equal(found[0], found[1])
    assert found[0].shape == (50, 2500) and found[0].min() >= 0 and found[0].max() <= 1
    assert (np.abs(found[0] - faces[:50]).max(1) > 0.01).all()
    assert (found[0] != found[2]).any()


def test_the_discriminator_refuses_them():
    """3/4 of its loss is for generated images and 1/4 for one spoilt image; the generator's stays the same."""
    random = np.random.default_rng(0)
    real, noise = random.random((4, SIZE)), random.uniform(-1, 1, (4, 100))
    plain, _ = first_step(real, noise)
    found, _ = first_step(real, noise, negatives_share=0.25)
    with tf.Graph().as_default(), tf.Session() as session:
        one = session.run(hard_examples.spoil(tf.constant(real, tf.float32), 1, tf.constant([0, 0], tf.int64)))
    of_one = np.log1p(np.exp(-real[0].sum() * 0.3)) + np.log1p(np.exp(one.sum() * 0.3))
    np.testing.assert_allclose(found[0], 0.75 * plain[0] + 0.25 * of_one, rtol=1e-5)
    assert found[1] == plain[1]
