"""What judges an image in several views: the discriminator its mirror image, the filter also the image moved."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from conftest import run_train, synthetic_images

from gan.data import pixels, tfrecords
from gan.networks import nonsense_filter, views
from gan.snapshots.snapshot import Snapshot


def computed(function, images):
    with tf.Graph().as_default(), tf.Session() as session:
        return session.run(function(tf.constant(images)))


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        (views.mirrored, [3, 2, 1, 6, 5, 4, 9, 8, 7]),
        (lambda images: views.moved(images, 1), [4, 5, 6, 7, 8, 9, 7, 8, 9]),
        (lambda images: views.moved(images, 2), [2, 3, 3, 5, 6, 6, 8, 9, 9]),
    ],
)
def test_each_view_shows_the_same_in_another_place(view, expected):
    images = np.float32([range(1, 10), [0] * 9])
    np.testing.assert_array_equal(computed(view, images), [expected, [0] * 9])


def logits(snapshot, images):
    p = snapshot.discriminate(images).astype(np.float64)
    return np.log(p) - np.log1p(-p)


def test_a_snapshot_judges_by_the_mean_of_both_and_the_weights_are_as_without(faces, tmp_path):
    read = []
    for name, more in (("with", ["--test_time_flip"]), ("without", [])):
        assert run_train(faces, tmp_path / name, "--augment=flip", "--max_steps=12", *more) == 0
        reader = tf.train.load_checkpoint(str(tmp_path / name))
        read.append({n: reader.get_tensor(n) for n in reader.get_variable_to_shape_map()})
    assert read[0].keys() == read[1].keys()
    for name, value in read[0].items():
        np.testing.assert_array_equal(value, read[1][name], name)
    snapshot, plain = (Snapshot(str(tmp_path / name), 2500) for name in ("with", "without"))
    snapshot.verify()
    images = pixels.to_floats(synthetic_images(30, 2500, seed=4))
    one, other = logits(plain, images), logits(plain, pixels.mirrored(images))
    told = np.maximum(np.abs(one), np.abs(other)) < 7  # a probability near 1 says little of its logit
    assert told.sum() > 10 and np.abs(one - other)[told].max() > 0.1
    np.testing.assert_allclose(logits(snapshot, images)[told], (one + other)[told] / 2, atol=1e-3)


def test_it_is_calibrated_as_it_judges(faces, tmp_path):
    """The threshold is one of the mean of both logits: nine of ten held-out images are accepted."""
    held_out = synthetic_images(40, 2500, seed=1)
    tfrecords.write(str(tmp_path / "held_out.tfrecords"), held_out)
    flags = ["--augment=flip", "--test_time_flip", f"--calibration_data_pattern={tmp_path}/held_out.tfrecords"]
    assert run_train(faces, tmp_path / "run", *flags, "--max_steps=12") == 0
    snapshot = Snapshot(str(tmp_path / "run"), 2500)
    assert (snapshot.discriminate(pixels.to_floats(held_out)) > 0.5).mean() == 0.9


def test_the_filter_judges_by_the_mean_of_six():
    images = pixels.to_floats(synthetic_images(5, 2500, seed=4))
    square = images.reshape(-1, 50, 50)
    up = np.concatenate([square[:, 1:], square[:, -1:]], 1)
    left = np.concatenate([square[:, :, 1:], square[:, :, -1:]], 2)
    six = [view[:, :, ::step].reshape(-1, 2500) for view in (square, up, left) for step in (1, -1)]
    with tf.Graph().as_default(), tf.Session() as session:
        given = tf.placeholder(tf.float32, [None, 2500])
        alone = nonsense_filter.logits(given)
        beside = nonsense_filter.judge_beside(tf.fill([5, 1], 1e6), given, calibrated=False)
        session.run(tf.global_variables_initializer())
        each = [session.run(alone, {given: view}) for view in six]
        assert np.std(each, 0).min() > 1e-3
        np.testing.assert_allclose(session.run(beside, {given: images}), np.mean(each, 0), rtol=1e-4, atol=1e-5)
