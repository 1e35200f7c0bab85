"""What a training hands in: calibrated, in float32, by weights that a schedule led to."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from conftest import run_train, synthetic_images

from gan import models, train
from gan.console.errors import ContractError
from gan.contest import half_round
from gan.data import pixels, tfrecords
from gan.snapshots import checkpoint_files
from gan.snapshots.snapshot import Snapshot

CONTEST = ["--generator_model=ContestGenerator", "--discriminator_model=ContestDiscriminator"]


@pytest.mark.parametrize("acceptance", [0.75, 0.9])
def test_the_border_accepts_the_share_asked_for(acceptance, faces, tmp_path):
    """Of 40 held-out images; in eval, in a battle, in any TensorFlow: the offset is in the snapshot."""
    held_out = synthetic_images(40, 2500, seed=1)
    tfrecords.write(str(tmp_path / "held_out.tfrecords"), held_out)
    flags = [f"--calibration_data_pattern={tmp_path}/held_out.tfrecords", f"--calibration_acceptance={acceptance}"]
    assert run_train(faces, tmp_path / "run", *flags) == 0
    snapshot = Snapshot(str(tmp_path / "run"), 2500)
    snapshot.verify()
    assert (snapshot.discriminate(pixels.to_floats(held_out)) > 0.5).mean() == acceptance
    assert snapshot.shapes["calibration/offset"] == []


class FarFromNought(models.BaseModel):
    """Its logits are around 40, where a float32 sigmoid is 1."""

    def create_model(self, input_size, **unused_params):
        self.v = tf.get_variable("v", [input_size, 1], initializer=tf.constant_initializer(0.01))

    def run_model(self, model_input, is_training=True, **unused_params):
        logits = 40 + tf.matmul(model_input, self.v)
        return {"logits": logits, "predictions": tf.sigmoid(logits)}


def test_the_border_is_found_however_far_it_is(faces, tmp_path):
    """As of losses that know "more real than" alone."""
    held_out = synthetic_images(40, 2500, seed=1)
    tfrecords.write(str(tmp_path / "held_out.tfrecords"), held_out)
    flags = [f"--calibration_data_pattern={tmp_path}/held_out.tfrecords", "--label_loss=WassersteinLoss"]
    flags += ["--discriminator_model=test_exporter.FarFromNought", "--base_learning_rate=0.0001"]
    assert run_train(faces, tmp_path / "run", *flags) == 0
    snapshot = Snapshot(str(tmp_path / "run"), 2500)
    assert (snapshot.discriminate(pixels.to_floats(held_out)) > 0.5).mean() == 0.9


WEIGHTS = np.random.default_rng(0).normal(0, 0.1, [2500, 1]).astype(np.float32)


class WithProbabilitiesOfItsOwn(models.BaseModel):
    """Its border between real and generated is not where its logits are 0."""

    def create_model(self, input_size, **unused_params):
        self.v = tf.get_variable("v", initializer=WEIGHTS)

    def run_model(self, model_input, is_training=True, **unused_params):
        logits = tf.matmul(model_input, self.v)
        return {"logits": logits, "predictions": tf.sigmoid(2 * logits + 3)}


def test_probabilities_that_are_not_the_sigmoid_of_the_logits_are_handed_in(faces, tmp_path):
    """Also where a snapshot judges by the mean over an image and its mirror image."""
    flags = ["--discriminator_model=test_exporter.WithProbabilitiesOfItsOwn", "--augment=flip", "--test_time_flip"]
    assert run_train(faces, tmp_path, *flags, "--base_learning_rate=1e-9") == 0
    images = pixels.to_floats(synthetic_images(8, 2500, seed=1))
    mirrored = images.reshape(-1, 50, 50)[:, :, ::-1].reshape(-1, 2500)
    logits = 2 * ((images + mirrored) / 2 @ WEIGHTS)[:, 0] + 3
    found = Snapshot(str(tmp_path), 2500).discriminate(images)
    np.testing.assert_allclose(found, 1 / (1 + np.exp(-logits)), rtol=1e-4)
    assert found.min() < 0.5 < found.max()


class InParts(models.BaseModel):
    """A variable in two parts, as large ones were laid on several machines."""

    def create_model(self, input_size, **unused_params):
        self.shape = [input_size, 1]

    def run_model(self, model_input, is_training=True, **unused_params):
        parts = tf.fixed_size_partitioner(2)
        weights = tf.get_variable("w", self.shape, initializer=tf.zeros_initializer(), partitioner=parts)
        logits = tf.matmul(model_input, tf.convert_to_tensor(weights))
        return {"logits": logits, "predictions": tf.sigmoid(logits)}


def test_a_training_with_a_variable_in_parts_goes_on(faces, tmp_path):
    flags = ["--discriminator_model=test_exporter.InParts"]
    for steps in (2, 4):
        assert run_train(faces, tmp_path, *flags, f"--max_steps={steps}") == 0
    assert Snapshot(str(tmp_path), 2500).step == 4


class OutOfRange(models.SampleDiscriminator):
    """A critic whose probabilities are none."""

    def run_model(self, model_input, **unused_params):
        logits = super().run_model(model_input, **unused_params)["logits"]
        return {"logits": logits, "predictions": 3 + logits}


def test_probabilities_that_are_none_do_not_become_some(faces, tmp_path, capsys):
    flags = ["--discriminator_model=test_exporter.OutOfRange", "--augment=flip", "--test_time_flip"]
    assert run_train(faces, tmp_path, *flags, "--max_steps=2") == 0
    assert "a battle would refuse these networks: p_for_data" in capsys.readouterr().out
    with pytest.raises(ContractError):
        Snapshot(str(tmp_path), 2500).verify()


class ByItsBatch(models.BaseModel):
    """Compares each image with the rest of its batch, in serving too."""

    def create_model(self, input_size, **unused_params):
        self.v = tf.get_variable("v", [input_size, 1], initializer=tf.random_normal_initializer(seed=1))

    def run_model(self, model_input, is_training=True, **unused_params):
        found = tf.matmul(model_input, self.v)
        mean, variance = tf.nn.moments(found, [0], keepdims=True)
        logits = (found - mean) * tf.rsqrt(variance + 1e-3) - 1
        return {"logits": logits, "predictions": tf.sigmoid(logits)}


def test_who_looks_at_the_batch_is_calibrated_beside_reference_images_as_in_a_battle(faces, tmp_path):
    """The mean of 40 held-out images is another than that of 15 of them and 14 generated ones."""
    held_out = synthetic_images(40, 2500, seed=1)
    tfrecords.write(str(tmp_path / "held_out.tfrecords"), held_out)
    flags = [f"--calibration_data_pattern={tmp_path}/held_out.tfrecords", "--label_loss=CrossEntropyLoss"]
    assert run_train(faces, tmp_path / "run", *flags, "--discriminator_model=test_exporter.ByItsBatch") == 0
    snapshot, beside = Snapshot(str(tmp_path / "run"), 2500), half_round.references(held_out, ())
    judged = snapshot.discriminate(pixels.to_floats(held_out), references=pixels.to_floats(beside))
    assert (judged > 0.5).mean() == 0.9
    assert (snapshot.discriminate(pixels.to_floats(held_out)) > 0.5).mean() != 0.9


class AtFirstEqual(models.BaseModel):
    """Looks at its batch, which nobody sees before its first step: all probabilities are a half."""

    def create_model(self, input_size, **unused_params):
        self.w = tf.get_variable("w", [input_size, 1], initializer=tf.zeros_initializer())

    def run_model(self, model_input, is_training=True, **unused_params):
        logits = 20 * tf.matmul(model_input - tf.reduce_mean(model_input, 0, keepdims=True), self.w)
        return {"logits": logits, "predictions": tf.sigmoid(logits)}


def test_a_straight_run_and_one_that_goes_on_hand_in_the_same(faces, tmp_path, capsys):
    flags = ["--discriminator_model=test_exporter.AtFirstEqual", f"--calibration_data_pattern={faces}", "--seed=3"]
    flags += ["--export_model_steps=3"]
    assert run_train(faces, tmp_path / "straight", *flags, "--max_steps=6") == 0
    assert "its discriminator" in capsys.readouterr().out
    for last in (3, 6):
        assert run_train(faces, tmp_path / "twice", *flags, f"--max_steps={last}") == 0
    straight, twice = (tf.train.load_checkpoint(str(tmp_path / name)) for name in ("straight", "twice"))
    for name in straight.get_variable_to_shape_map():
        np.testing.assert_allclose(
            straight.get_tensor(name), twice.get_tensor(name), rtol=1e-5, atol=1e-7, err_msg=name
        )


def test_held_out_images_that_are_trained_on_are_told(faces, tmp_path, capsys):
    mixed = np.concatenate([tfrecords.read_all([str(faces)], 2500)[:3], synthetic_images(40, 2500, seed=1)])
    tfrecords.write(str(tmp_path / "mixed.tfrecords"), mixed)
    assert run_train(faces, tmp_path / "run", f"--calibration_data_pattern={tmp_path}/mixed.tfrecords") == 0
    assert "warning: 3 of the 43 images of --calibration_data_pattern are training" in capsys.readouterr().out


def test_held_out_images_that_are_not_there_are_named(faces, tmp_path, fails):
    flags = [f"--train_data_pattern={faces}", f"--train_dir={tmp_path / 'run'}"]
    assert "--calibration_data_pattern=" in fails(train.main, *flags, f"--calibration_data_pattern={tmp_path}/no*")
    assert not checkpoint_files.latest_snapshot(str(tmp_path / "run"))


def test_what_was_trained_in_bfloat16_is_handed_in_as_float32(faces, tmp_path):
    """Two steps in both types are nearly the same, and are not the same."""
    images = {}
    for name in ("float32", "bfloat16"):
        flags = [*CONTEST, f"--compute_type={name}", "--max_steps=2", "--averaging_decay=0"]
        assert run_train(faces, tmp_path / name, *flags) == 0
        snapshot = Snapshot(str(tmp_path / name), 2500)
        snapshot.verify()
        assert not any("bfloat16" in str(tf.as_dtype(t).name) for t in types(snapshot))
        images[name] = snapshot.generate(np.zeros([1, 100], np.float32))
    difference = np.abs(images["float32"] - images["bfloat16"]).max()
    assert 0 < difference < 0.1


def types(snapshot):
    """All types of all nodes of a snapshot's networks."""
    for network in snapshot.networks:
        for node in network.graph_def.node:
            yield from (value.type for value in node.attr.values() if value.type)


@pytest.mark.parametrize("shape, factor", [("linear", 0.1), ("cosine", 0.0244717)])
def test_the_learning_rate_follows_the_run(shape, factor, faces, tmp_path):
    """The last of 20 steps begins with 19 / 20 done, 9 / 10 of the way down from the half: 1 - 0.9, and
    (1 + cos(0.9 pi)) / 2."""
    assert run_train(faces, tmp_path, f"--learning_rate_schedule={shape}") == 0
    state = tf.train.load_checkpoint(checkpoint_files.latest_state(str(tmp_path)).prefix)
    assert state.get_tensor("schedule_factor") == pytest.approx(factor, abs=1e-6)


def test_the_learning_rate_follows_the_clock(faces, tmp_path):
    flags = ["--learning_rate_schedule=linear", "--learning_rate_hold=0", "--max_minutes=0.1", "--num_epochs=1000000"]
    assert run_train(faces, tmp_path, *flags, "--max_steps=1000000", "--export_model_steps=1000000") == 0
    state = tf.train.load_checkpoint(checkpoint_files.latest_state(str(tmp_path)).prefix)
    # By steps it would still be 1. On a busy machine the last step may take a second.
    assert state.get_tensor("schedule_factor") < 0.5
    assert state.get_tensor("seconds") >= 6
