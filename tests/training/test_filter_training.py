"""The nonsense filter: it learns beside both networks, changes neither, and judges with what is handed in."""

import os
import subprocess
import sys

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from conftest import ROOT, run_train

from gan import models
from gan.data import pixels, tfrecords
from gan.networks import nonsense_filter
from gan.snapshots.snapshot import Snapshot
from gan.training import filter_training

SIDE = 50


def discs(count, seed):
    """Images of a bright disc on a dark ground, with two dark eyes: uint8 [count, 2500]."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j]
    centre = random.uniform(-0.2, 0.2, (count, 2, 1, 1))
    distance = np.hypot(rows - centre[:, 0], columns - centre[:, 1])
    images = 0.3 + (0.5 + 0.2 * columns) / (1 + np.exp(12 * (distance - 0.7)))
    for side in (-0.3, 0.3):
        images -= 0.25 * np.exp(-60 * ((rows + 0.25 - centre[:, 0]) ** 2 + (columns - side - centre[:, 1]) ** 2))
    return pixels.to_bytes(images.reshape(count, -1))


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    folder = tmp_path_factory.mktemp("records")
    tfrecords.write(str(folder / "train.tfrecords"), discs(400, 1))
    tfrecords.write(str(folder / "held_out.tfrecords"), discs(60, 2))
    return folder


class Credulous(models.BaseModel):
    """Takes everything for real; its logits are around 40."""

    judges_independently = True

    def create_model(self, input_size, **unused_params):
        self.v = tf.get_variable("v", [input_size, 1], initializer=tf.constant_initializer(0.01))

    def run_model(self, model_input, is_training=True, **unused_params):
        logits = 40 + tf.matmul(model_input, self.v)
        return {"logits": logits, "predictions": tf.sigmoid(logits)}


def trained(records, train_dir, held_out):
    """The snapshot of a training with a discriminator that refuses nothing by itself."""
    flags = ["--nonsense_filter", "--max_steps=300", "--batch_size=16", "--base_learning_rate=0.00001"]
    flags += ["--discriminator_model=test_filter_training.Credulous", "--label_loss=WassersteinLoss"]
    assert run_train(records / "train.tfrecords", train_dir, *flags, f"--calibration_data_pattern={held_out}") == 0
    snapshot = Snapshot(str(train_dir), 2500)
    snapshot.verify()
    return snapshot


def test_what_is_handed_in_refuses_nonsense_and_accepts_nine_of_ten(records, tmp_path):
    snapshot = trained(records, tmp_path / "run", records / "held_out.tfrecords")
    assert (snapshot.discriminate(pixels.to_floats(discs(60, 2))) > 0.5).mean() == 0.9
    black, noise = np.zeros((1, 2500)), np.random.default_rng(3).random((20, 2500))
    flat = np.repeat(np.linspace(0, 1, 20)[:, None], 2500, 1)
    assert (snapshot.discriminate(np.concatenate([black, noise, flat]).astype(np.float32)) > 0.5).mean() <= 0.05


def test_the_oddest_of_few_held_out_images_does_not_decide(records, tmp_path):
    held_out = tmp_path / "held_out.tfrecords"
    tfrecords.write(str(held_out), np.concatenate([discs(14, 5), np.full((1, 2500), 255, np.uint8)]))
    snapshot = trained(records, tmp_path / "run", held_out)
    assert (snapshot.discriminate(pixels.to_floats(discs(14, 5))) > 0.5).all()
    assert snapshot.discriminate(np.ones((1, 2500), np.float32))[0] < 0.5


def test_both_networks_are_as_without_it(records, tmp_path):
    weights = []
    for name, more in (("with", ["--nonsense_filter"]), ("without", [])):
        assert run_train(records / "train.tfrecords", tmp_path / name, "--max_steps=5", *more) == 0
        reader = tf.train.load_checkpoint(str(tmp_path / name))
        weights.append({n: reader.get_tensor(n) for n in reader.get_variable_to_shape_map()})
    filters = {name for name in weights[0] if name.startswith("nonsense_filter/")}
    assert filters and set(weights[0]) - filters == set(weights[1])
    for name, value in weights[1].items():
        np.testing.assert_array_equal(value, weights[0][name], name)


def test_it_can_begin_with_a_training_that_goes_on_and_cannot_end_in_one(records, tmp_path, capsys):
    train = records / "train.tfrecords"
    assert run_train(train, tmp_path / "plain", "--max_steps=6") == 0
    for steps, flag in ((2, []), (6, ["--nonsense_filter"])):
        assert run_train(train, tmp_path / "later", f"--max_steps={steps}", *flag) == 0
    before, later = (tf.train.load_checkpoint(str(tmp_path / name)) for name in ("plain", "later"))
    for name in before.get_variable_to_shape_map():
        np.testing.assert_array_equal(before.get_tensor(name), later.get_tensor(name), name)
    assert later.has_tensor("nonsense_filter/judge/weights")
    assert run_train(train, tmp_path / "later", "--max_steps=8") == 1
    assert "was trained with --nonsense_filter on, which cannot change on the way" in capsys.readouterr().err


def test_it_learns_whatever_the_updates_and_begins_later_whatever_the_optimizers(records, tmp_path):
    train, run = records / "train.tfrecords", tmp_path / "run"
    flags = ["--discriminator_steps=3", "--discriminator_optimizer=RMSPropOptimizer"]
    weights = []
    for steps, flag in ((2, []), (3, ["--nonsense_filter"]), (9, ["--nonsense_filter"])):
        assert run_train(train, run, f"--max_steps={steps}", *flags, *flag) == 0
        reader = tf.train.load_checkpoint(str(run))
        names = [name for name in reader.get_variable_to_shape_map() if name.startswith("nonsense_filter/")]
        weights.append({name: reader.get_tensor(name) for name in names})
    assert not weights[0] and weights[1]
    assert any(np.any(value != weights[2][name]) for name, value in weights[1].items())


def test_loss_and_step_are_what_the_formulas_say():
    """If the last layer is 0, all logits are 0: 2 log 2. It learns in every third step.

    Adam's first gradient after one of 0 moves by the rate times 0.1 / (1 - 0.9^2) / sqrt(0.01 / (1 - 0.99^2)).
    """
    images = pixels.to_floats(discs(20, 4))
    with tf.Graph().as_default(), tf.Session() as session:
        seed, global_step = tf.placeholder_with_default(np.array([1, 2]), [2]), tf.Variable(8, dtype=tf.int64)
        trained = filter_training.take_step(tf.constant(images), seed, global_step, None)
        value = filter_training.loss(tf.constant(images), seed)
        last = [v for v in nonsense_filter.variables() if "/judge/" in v.op.name]
        session.run(tf.global_variables_initializer())
        session.run([tf.assign(v, tf.zeros_like(v)) for v in last])
        assert session.run(value) == pytest.approx(2 * np.log(2), rel=1e-6)
        for step, moved in ((8, 0), (9, 0.742460e-3)):
            global_step.load(step, session)
            session.run(trained)
            weights = np.concatenate([np.ravel(session.run(v)) for v in last])
            assert np.abs(weights).max() == pytest.approx(moved, rel=1e-3)


def run_tool(*flags):
    return subprocess.run(
        [sys.executable, "tools/train_filter.py", *map(str, flags)], cwd=ROOT, capture_output=True, text=True
    )


def test_the_tool_trains_a_filter_on_and_leaves_both_networks(records, tmp_path):
    data = [
        f"--train_data_pattern={records}/train.tfrecords",
        f"--calibration_data_pattern={records}/held_out.tfrecords",
    ]
    (tmp_path / "recipe.flags").write_text("--discriminator_model=gan.models.SampleDiscriminator\n--nonsense_filter\n")
    given = ["--nonsense_filter", "--max_steps=3", data[1]]
    assert run_train(records / "train.tfrecords", tmp_path / "run", *given) == 0
    flags = [*data, f"--recipe={tmp_path}/recipe.flags", f"--output_dir={tmp_path}/out"]
    done = run_tool(*flags, f"--snapshot={tmp_path}/run", "--steps=150", "--batch_size=16")
    assert done.returncode == 0, done.stderr
    assert os.listdir(tmp_path / "out").count("model.ckpt-3.index") == 1
    before, after = (tf.train.load_checkpoint(str(tmp_path / name / "model.ckpt-3")) for name in ("run", "out"))
    for name in before.get_variable_to_shape_map():
        if not name.startswith("calibration/"):
            is_same = np.array_equal(before.get_tensor(name), after.get_tensor(name))
            assert is_same != name.startswith("nonsense_filter/"), name
    snapshot, nonsense = Snapshot(str(tmp_path / "out"), 2500), tf.random.stateless_uniform([200, 2500], [1, 2])
    snapshot.verify()
    with tf.Session() as session:
        assert (snapshot.discriminate(session.run(nonsense)) < 0.5).mean() > 0.95

    without = tmp_path / "without"
    assert run_train(records / "train.tfrecords", without, "--max_steps=3") == 0
    refused = run_tool(*flags, f"--snapshot={without}")
    assert refused.returncode == 1 and "has no nonsense filter" in refused.stderr and "Traceback" not in refused.stderr
