"""Images that no camera took: each is another one, none is a face as it was, and the discriminator learns of them."""

import itertools

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
    """All that is drawn is the same share of its range, or one after the other of some shares; noise is none."""

    def __init__(self, image, *shares):
        super().__init__(tf.constant(image), tf.range(1), tf.constant([7, 1], tf.int64))
        self._shares = itertools.cycle(shares)

    def take(self, low=0.0, high=1.0):
        return tf.constant(low + (high - low) * next(self._shares), tf.float32, [1, 1, 1])

    def noise(self):
        return tf.zeros([1, SIDE, SIDE])


def changed(change, image, *shares):
    """What a change makes of an image [1, side, side]."""
    with tf.Graph().as_default(), tf.Session() as session:
        return session.run(change(tf.constant(image), Chosen(image, *shares)))


@pytest.mark.parametrize("order", range(13))
def test_what_is_rearranged_keeps_its_pixels_or_half_of_them(order):
    image = np.arange(SIDE * SIDE, dtype=np.float32).reshape(1, SIDE, SIDE)
    found = changed(nonsense._rearranged, image, (order + 0.5) / 13)
    assert not np.array_equal(found, image)
    if order < 9:
        assert len(np.unique(found)) == (SIDE * SIDE / 2 if order in (6, 7) else SIDE * SIDE)


@pytest.mark.parametrize("line", [10, 20, 31])
def test_a_pond_shows_what_is_on_the_other_side_of_its_line(line):
    """The sign, here drawn as the line is, says which side: a line in the upper half shows the upper rows twice."""
    image = np.random.default_rng(3).random((1, SIDE, SIDE)).astype(np.float32)
    share = line / (SIDE - 1) * 2 - 0.5  # rows go from -1 to 1, lines from -0.5
    found = changed(nonsense._mirrored, image, share, share, 0.9)
    rows = np.arange(SIDE)
    mirrored = line + np.abs(rows - line) * (1 if line > 24 else -1)
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


# Shares of what is drawn for another part of a face, in order; three numbers are drawn for a size, one of which counts.
PART = {
    **dict.fromkeys(("place", "down", "right", "from_place", "from_down", "from_right"), 0.5),
    **{"is_pair": 0.9, "height": 0.5, "width": 0.5, "kind": 0.6, "half_turn": 0.9},
    **{"larger": 0.2, "size": 0.4, "small": 0.3, "turned": 0.9, "angle": 0.4},
    **{"light": 0.9, "other": 0.9, "sharpness": 0.9},
}


def other_part(image, smooth, skin, **drawn):
    """Where an image [1, side, side] shows another part of itself, and what it shows there: [side, side] each."""
    assert {*drawn} <= {*PART}
    with tf.Graph().as_default(), tf.Session() as session:
        some = Chosen(image, *{**PART, **drawn}.values())
        share, other = session.run(nonsense._other_part(*map(tf.constant, (image, smooth, skin)), some))
    return share[0], other[0]


@pytest.mark.parametrize("light", [0.1, 0.9])
@pytest.mark.parametrize(
    "shown",
    ["larger", "a pair", "turned in place", "half turned in place", "elsewhere", "turned elsewhere", "all of it"],
)
def test_what_another_part_of_a_face_shows(shown, light):
    """Brightness that rises evenly tells from where each pixel was taken, above the light of its place or as it is."""
    rows, columns = np.mgrid[:SIDE, :SIDE] / ((SIDE - 1) / 2) - 1
    image = (0.5 + 0.3 * rows + 0.1 * columns)[np.newaxis].astype(np.float32)
    smooth = (0.2 * columns * rows)[np.newaxis].astype(np.float32)
    drawn = {
        "larger": {"kind": 0.1},
        "a pair": {"kind": 0.1, "is_pair": 0.1},
        "turned in place": {"kind": 0.3},
        "half turned in place": {"kind": 0.3, "half_turn": 0.1},
        "elsewhere": {},
        "turned elsewhere": {"turned": 0.1},
        "all of it": {"kind": 0.75},
    }[shown]
    # The first of the parts is an eye; the fourth the mouth, which is where a part is taken from.
    eye, mouth = nonsense._PARTS[0][:2], nonsense._PARTS[3][:2]
    inside, other = other_part(image, smooth, 0 * image, place=0.01, from_place=0.45, light=light, **drawn)
    assert inside.max() > 0.9 and inside[round((eye[0] + 1) * 24.5), round((eye[1] + 1) * 24.5)] > 0.9
    size = {0.1: 0.3 + 0.4 * 0.2, 0.75: 1.7 + 1.8 * 0.3}.get(drawn.get("kind"), np.exp(-0.7 + 0.4))
    angle = 0.0
    if "turned" in shown:
        angle = np.pi if shown.startswith("half") else 0.7 + 0.4 * (2 * np.pi - 1.4)
    down = rows - eye[0]
    right = np.abs(columns) - np.abs(eye[1]) if shown == "a pair" else columns - eye[1]
    start = {"all of it": (0.3 * mouth[0], 0.0)}.get(shown, mouth if "elsewhere" in shown else eye)
    taken_rows = np.clip(start[0] + size * (np.cos(angle) * down - np.sin(angle) * right), -1, 1)
    taken_columns = np.clip(start[1] + size * (np.sin(angle) * down + np.cos(angle) * right), -1, 1)
    expected = 0.5 + 0.3 * taken_rows + 0.1 * taken_columns
    if light < 0.5:
        expected += smooth[0] - 0.2 * taken_columns * taken_rows
    # Between pixels the product of two lines is not quite what lies between its values. All of it is shown blurred,
    # by half a pixel at the edge.
    np.testing.assert_allclose(other, expected, atol=0.3 / 24.5 if shown == "all of it" else 1e-4)


def test_a_part_is_shown_without_details():
    image = np.random.default_rng(3).random((1, SIDE, SIDE)).astype(np.float32)
    skin = np.full_like(image, 0.1)
    _, other = other_part(image, 0 * image, skin, kind=0.9)
    np.testing.assert_allclose(other, skin[0])


def test_a_face_of_which_nothing_but_skin_is_left():
    """It is blank, and its one part, in the middle, shows skin, too; its rim stays."""
    image = np.random.default_rng(3).random((1, SIDE, SIDE)).astype(np.float32)
    drawn = {**PART, "kind": 0.9, "place": 0.99}
    found = changed(
        nonsense._misplaced, image, 0.9, 0.9, 0.9, 0.1, *drawn.values(), *drawn.values(), 0.9, *drawn.values(), 0.9
    )
    middle, before = found[0, 18:36, 16:34], image[0, 18:36, 16:34]
    assert middle.std() < 0.2 * before.std() and abs(middle.mean() - before.mean()) < 0.05
    np.testing.assert_allclose(
        found[0, [0, 0, -1, -1], [0, -1, 0, -1]], image[0, [0, 0, -1, -1], [0, -1, 0, -1]], atol=0.01
    )
