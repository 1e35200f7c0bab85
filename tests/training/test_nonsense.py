"""Images that no camera took: each is another one, none is a face as it was, and the discriminator learns of them."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from gan.training import nonsense, nonsense_contents

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
    for values, low, high in ((mean, 0.15, 0.85), (deviation, 0.03, 0.33), (rough, 0.01, 0.2)):
        assert (values < low).mean() > 0.03 and (values > high).mean() > 0.03


@pytest.mark.parametrize(("side", "count"), [(28, 3), (SIDE, 1)])
def test_few_are_drawn_and_of_digits_too(side, count):
    """Of few images none has some of the changes, in most steps."""
    images = np.random.default_rng(2).random((count, side * side)).astype(np.float32)
    with tf.Graph().as_default(), tf.Session() as session:
        seed = tf.placeholder(tf.int64, [2])
        drawn = nonsense.draw(tf.constant(images), tf.constant(count), seed)
        for step in range(20):
            found = session.run(drawn, {seed: [7, step]})
            assert found.shape == images.shape and np.isfinite(found).all()
            assert np.abs(found - images).mean(1).min() > 0.04


def test_the_part_of_the_images_that_changes_is_the_part_that_was_picked(faces):
    """Half of them keep what they showed; each change is drawn for its images alone."""
    with tf.Graph().as_default(), tf.Session() as session:
        every = nonsense_contents.Some(tf.reshape(faces, [-1, SIDE, SIDE]), tf.range(48), tf.constant([7, 1], tf.int64))
        some = every.part(tf.range(1, 48, 2), 3)
        taken, noise, shown, second = session.run([some.take(), some.noise(), some.face(), some.face(60)])
    np.testing.assert_array_equal(shown, faces.reshape(-1, SIDE, SIDE)[1:48:2])
    np.testing.assert_array_equal(second, np.roll(faces, -60, 0).reshape(-1, SIDE, SIDE)[1:48:2])
    assert taken.shape == (24, 1, 1) and len(np.unique(taken)) == 24
    assert abs(noise.mean()) < 0.02 and abs(noise.std() - 1) < 0.02
    assert abs(np.corrcoef(taken.ravel(), noise.mean((1, 2)))[0, 1]) < 0.5


class Chosen(nonsense_contents.Some):
    """All that is drawn is the same share of its range."""

    def __init__(self, image, share):
        super().__init__(tf.constant(image), tf.range(1), tf.constant([7, 1], tf.int64))
        self._share = share

    def take(self, low=0.0, high=1.0):
        return tf.constant(low + (high - low) * self._share, tf.float32, [1, 1, 1])


def changed(change, image, share):
    """What a change makes of an image [1, side, side]."""
    with tf.Graph().as_default(), tf.Session() as session:
        return session.run(change(tf.constant(image), Chosen(image, share)))


@pytest.mark.parametrize("order", range(13))
def test_what_is_rearranged_keeps_its_pixels_or_half_of_them(order):
    image = np.arange(SIDE * SIDE, dtype=np.float32).reshape(1, SIDE, SIDE)
    found = changed(nonsense._rearranged, image, (order + 0.5) / 13)
    assert not np.array_equal(found, image)
    if order < 9:
        assert len(np.unique(found)) == (SIDE * SIDE / 2 if order in (6, 7) else SIDE * SIDE)


@pytest.mark.parametrize("line", [31, 35, 43])
def test_a_pond_shows_what_is_on_the_other_side_of_its_line(line):
    """The sign, drawn with the line, says which side: a line in the lower half shows the lower rows twice."""
    image = np.random.default_rng(3).random((1, SIDE, SIDE)).astype(np.float32)
    found = changed(nonsense._mirrored, image, line / (SIDE - 1) * 2 - 0.5)  # rows go from -1 to 1, lines from -0.5
    mirrored = line + np.abs(np.arange(SIDE) - line)
    np.testing.assert_allclose(found, image[:, np.clip(mirrored, 0, SIDE - 1)], atol=1e-4)


def test_a_face_is_mirrored_beside_its_middle():
    image = np.random.default_rng(3).random((1, SIDE, SIDE)).astype(np.float32)
    share = 5 / 49 / 0.3  # the line: column 24.5 - (0.2 + 0.3 share) * 24.5 = 24.5 - 7.4
    found = changed(nonsense._mirrored, image, share)
    line = 24.5 * (1 - 0.2 - 0.3 * share)
    columns = line - np.abs(np.arange(SIDE) - line)
    left = np.floor(columns).astype(int)
    shown = [image[..., np.clip(left + right, 0, SIDE - 1)] for right in (0, 1)]
    part = np.where(columns > 0, columns - left, 0)
    np.testing.assert_allclose(found, (1 - part) * shown[0] + part * shown[1], atol=1e-4)


@pytest.mark.parametrize(("share", "shown"), [(0.1, "larger"), (0.3, "turned"), (0.6, "elsewhere"), (0.95, "skin")])
def test_what_another_part_of_a_face_shows(share, shown):
    """Brightness that rises evenly tells from where each pixel was taken; what is drawn first is the part's place."""
    rows, columns = np.mgrid[:SIDE, :SIDE] / ((SIDE - 1) / 2) - 1
    image = (0.5 + 0.3 * rows + 0.1 * columns)[np.newaxis].astype(np.float32)
    light, skin = np.zeros_like(image), np.full_like(image, 0.1)
    with tf.Graph().as_default(), tf.Session() as session:
        some = Chosen(image, share)
        inside, other = session.run(
            nonsense._other_part(tf.constant(image), tf.constant(light), tf.constant(skin), some)
        )
    down, right, spread_down, spread_right = nonsense._PARTS[int(share * len(nonsense._PARTS))]
    down, right = down + (2 * share - 1) * spread_down, right + (2 * share - 1) * spread_right
    assert inside.max() > 0.9 and inside[0, round((down + 1) * 24.5), round((right + 1) * 24.5)] > 0.8
    if shown == "skin":
        np.testing.assert_allclose(other, skin)
        return
    size = {"larger": 0.3 + 0.4 * share, "turned": -np.exp(-0.7 + share), "elsewhere": np.exp(-0.7 + share)}[shown]
    if share < 0.3:  # a pair
        from_row, from_column = down + size * (rows - down), right + size * (np.abs(columns) - np.abs(right))
    else:
        from_row, from_column = down + size * (rows - down), right + size * (columns - right)
    expected = 0.5 + 0.3 * np.clip(from_row, -1, 1) + 0.1 * np.clip(from_column, -1, 1)
    np.testing.assert_allclose(other[0], expected, atol=1e-4)
