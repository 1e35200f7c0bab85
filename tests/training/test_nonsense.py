"""Images that no camera took: each is another one, none is a face as it was, and the discriminator learns of them."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from gan.training import nonsense

SIDE = 50


@pytest.fixture(scope="module")
def faces():
    """64 smooth images of a bright disc, darker on one side, with two dark eyes: float32 [64, 2500]."""
    random = np.random.default_rng(1)
    rows, columns = np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j]
    centre = random.uniform(-0.2, 0.2, (64, 2, 1, 1))
    distance = np.hypot(rows - centre[:, 0], columns - centre[:, 1])
    images = 0.3 + (0.5 + 0.2 * columns) / (1 + np.exp(12 * (distance - 0.7)))
    for side in (-0.3, 0.3):
        images -= 0.25 * np.exp(-60 * ((rows + 0.25 - centre[:, 0]) ** 2 + (columns - side - centre[:, 1]) ** 2))
    return images.reshape(64, -1).astype(np.float32)


@pytest.fixture(scope="module")
def drawn(faces):
    """Function from a step to the images of that step."""
    with tf.Graph().as_default(), tf.Session() as session:
        seed = tf.placeholder(tf.int64, [2])
        images = nonsense.draw(tf.constant(faces), tf.constant(48), seed)
        yield lambda step: session.run(images, {seed: [7, step]})


def test_they_are_images_and_no_faces(drawn, faces):
    for step in range(20):
        images = drawn(step)
        assert images.shape == (48, SIDE * SIDE) and images.dtype == np.float32
        assert images.min() >= 0 and images.max() <= 1
        distance = np.abs(images[:, None] - faces[None]).mean(-1).min(1)
        assert (distance > 0.004).mean() > 0.95, np.flatnonzero(distance <= 0.004)


def test_the_same_step_draws_the_same_and_another_one_others(drawn):
    np.testing.assert_array_equal(drawn(3), drawn(3))
    assert np.abs(drawn(3) - drawn(4)).mean() > 0.1


def test_they_are_of_many_kinds(drawn):
    """Dark ones and bright ones, flat ones and rough ones; half of a large number differ from all others."""
    images = np.concatenate([drawn(step) for step in range(20)]).reshape(-1, SIDE, SIDE)
    mean, deviation = images.mean((1, 2)), images.std((1, 2))
    rough = np.abs(np.diff(images, axis=2)).mean((1, 2))
    for values, low, high in ((mean, 0.15, 0.85), (deviation, 0.03, 0.35), (rough, 0.01, 0.2)):
        assert (values < low).mean() > 0.03 and (values > high).mean() > 0.03


@pytest.mark.parametrize("order", range(8))
def test_what_is_rearranged_keeps_its_pixels_or_half_of_them(order):
    image = np.arange(SIDE * SIDE, dtype=np.float32).reshape(1, SIDE, SIDE)

    class Chosen:
        def take(self):
            return tf.constant((order + 0.5) / 8, shape=[1, 1, 1])

    with tf.Graph().as_default(), tf.Session() as session:
        found = session.run(nonsense._rearranged(tf.constant(image), Chosen()))
    assert not np.array_equal(found, image)
    assert len(np.unique(found)) == (SIDE * SIDE if order < 6 else SIDE * SIDE / 2)
