"""The whole chain for networks and snapshots in the style of the contest's first day."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from conftest import ROOT, run_train, synthetic_images

from gan import eval, export_model, generate_and_discriminate, linear_interpolation, losses, models
from gan.networks.network import Network
from gan.networks.registry import DISCRIMINATOR, GENERATOR, ModelNames
from gan.snapshots.snapshot import Snapshot
from gan.training.session import load_game
from gan.training.settings import GameSettings


class OldGenerator(models.BaseModel):
    """Variables by hand, no scopes, no names, sizes read off tensors."""

    def create_model(self, output_size, **unused_params):
        self.g_w1 = tf.Variable(tf.truncated_normal([100, 64], stddev=0.1))
        self.g_b1 = tf.Variable(tf.zeros([64]))
        self.g_w2 = tf.Variable(tf.truncated_normal([64, output_size], stddev=0.1), name="g_w2")
        self.g_b2 = tf.Variable(tf.zeros(shape=[output_size]), name="g_b2")

    def run_model(self, model_input, is_training=True, **unused_params):
        hidden = tf.nn.elu(tf.nn.xw_plus_b(model_input, self.g_w1, self.g_b1))
        return {"output": tf.nn.sigmoid(tf.add(tf.matmul(hidden, self.g_w2), self.g_b2))}

    def get_variables(self):
        return [self.g_w1, self.g_b1, self.g_w2, self.g_b2]


class OldDiscriminator(models.BaseModel):
    """get_shape()[1].value, as it was written then."""

    def create_model(self, input_size, **unused_params):
        self.d_w1 = tf.Variable(tf.truncated_normal([input_size, 64], stddev=0.05))
        self.d_w2 = tf.Variable(tf.truncated_normal([64, 1], stddev=0.05))

    def run_model(self, model_input, is_training=True, **unused_params):
        assert model_input.get_shape()[1].value == self.d_w1.get_shape().as_list()[0]
        hidden = tf.maximum(0.2 * tf.matmul(model_input, self.d_w1), tf.matmul(model_input, self.d_w1))
        logits = tf.matmul(hidden, self.d_w2)
        return {"logits": logits, "predictions": tf.nn.sigmoid(logits)}

    def get_variables(self):
        return [self.d_w1, self.d_w2]


def whole_chain(where, faces, folder):
    """Every command that opens a snapshot, on one."""
    Snapshot(where, 2500).verify()
    data = f"--input_data_pattern={faces}"
    assert eval.main(["eval", f"--eval_data_pattern={faces}", f"--train_dir={where}", "--run_once"]) == 0
    check = [
        f"--G_train_dir={where}",
        f"--D_train_dir={where}",
        data,
        "--num_generate=40",
        f"--output_dir={folder}/check",
    ]
    assert generate_and_discriminate.main(["check", *check]) == 0
    assert export_model.main(["export", f"--train_dir={where}", f"--output_dir={folder}/saved"]) == 0
    picture = f"--output_file={folder}/between.png"
    assert linear_interpolation.main(["interpolate", f"--train_dir={where}", picture]) == 0


def test_plain_old_networks(faces, tmp_path):
    names = ["--generator_model=test_old_style.OldGenerator", "--discriminator_model=test_old_style.OldDiscriminator"]
    for last in (6, 12):
        assert run_train(faces, tmp_path / "run", *names, f"--max_steps={last}") == 0
    whole_chain(str(tmp_path / "run"), faces, tmp_path)


class EarlyGenerator(OldGenerator):
    """Makes all that it needs when it is made, before it hears of a size."""

    def __init__(self):
        super().__init__()
        self.shade = tf.Variable(0.9, name="shade")
        self.wide = tf.get_variable("wide", [100], initializer=tf.ones_initializer())
        self.middle = tf.constant(0.5)

    def run_model(self, model_input, is_training=True, **unused_params):
        drawn = super().run_model(model_input * self.wide, is_training)["output"]
        return {"output": self.middle + self.shade * (drawn - self.middle)}

    def get_variables(self):
        return [*super().get_variables(), self.shade, self.wide]


@pytest.mark.parametrize("towers", [1, 2])
def test_what_a_network_makes_in_init_is_its_own(towers, faces, tmp_path, capsys):
    names = ["--generator_model=test_old_style.EarlyGenerator", f"--num_towers={towers}"]
    for last in (6, 12):
        assert run_train(faces, tmp_path / "run", *names, f"--max_steps={last}") == 0
    assert "not trained" not in capsys.readouterr().out
    shade = tf.train.load_checkpoint(str(tmp_path / "run" / "state" / "state.ckpt-12")).get_tensor("generator/shade")
    assert shade != 0.9
    whole_chain(str(tmp_path / "run"), faces, tmp_path)


class OddDiscriminator(models.BaseModel):
    """What TensorFlow 1's programs do now and then, and every step and snapshot must get right."""

    def create_model(self, input_size, **unused_params):
        self.waves = np.random.normal(0, 0.1, [input_size, 16]).astype(np.float32)  # fixed, and never a variable
        self.fine = tf.Variable(np.full([16, 1], 0.5))  # float64
        self.is_used = tf.get_variable("is_used", initializer=tf.constant([True] * 16), trainable=False)

    def run_model(self, model_input, is_training=True, **unused_params):
        fade_in = tf.minimum(1.0, tf.cast(tf.train.get_global_step(), tf.float32) / 100)
        shift = np.random.normal(size=16).astype(np.float32)
        hidden = tf.tanh(fade_in * tf.matmul(model_input, tf.constant(self.waves)) + shift)
        hidden *= tf.cast(self.is_used, tf.float32)
        if is_training:
            count = tf.get_variable("count", [], collections=[tf.GraphKeys.LOCAL_VARIABLES], trainable=False)
            with tf.control_dependencies([tf.assign_add(count, 1.0)]):
                hidden = tf.identity(hidden)
        logits = tf.squeeze(tf.cast(tf.matmul(tf.cast(hidden, tf.float64), self.fine), tf.float32))
        return {"logits": logits, "predictions": tf.sigmoid(logits)}


class CountingLoss(losses.CrossEntropyLoss):
    """With a variable of its own that an update operation changes."""

    def __init__(self):
        self.count = tf.Variable(0.0, name="losses_taken", trainable=False)

    def discriminator_loss(self, real_logits, fake_logits):
        tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, tf.assign_add(self.count, 1.0))
        return super().discriminator_loss(real_logits, fake_logits)


@pytest.mark.parametrize("towers", [1, 2])
def test_odd_networks_are_handed_in_as_they_were_trained(towers, faces, tmp_path, capsys):
    names = ["--discriminator_model=test_old_style.OddDiscriminator", "--label_loss=test_old_style.CountingLoss"]
    for last in (6, 12):
        flags = [*names, f"--num_towers={towers}", "--averaging_decay=0", "--seed=5", f"--max_steps={last}"]
        assert run_train(faces, tmp_path / "run", *flags) == 0
    assert "warning" not in capsys.readouterr().out
    state = tf.train.load_checkpoint(str(tmp_path / "run" / "state" / "state.ckpt-12"))
    assert state.get_tensor("losses_taken") == 12

    settings = GameSettings(ModelNames("SampleGenerator", names[0].partition("=")[2]), "CrossEntropyLoss")
    images = synthetic_images(30, 2500).astype(np.float32) / 255
    with tf.Graph().as_default(), tf.Session() as session:
        tf.train.get_or_create_global_step()
        network = Network(load_game(settings).discriminator, DISCRIMINATOR, 2500, seed=5)
        trained = network(tf.constant(images), is_training=True)["predictions"]
        session.run(tf.local_variables_initializer())
        for variable in tf.global_variables():
            variable.load(state.get_tensor(variable.op.name), session)
        expected = session.run(trained)[:, 0]
    assert np.ptp(expected) > 1e-4
    np.testing.assert_allclose(Snapshot(str(tmp_path / "run"), 2500).discriminate(images), expected, atol=1e-5)
    whole_chain(str(tmp_path / "run"), faces, tmp_path)
    given = ["--run_once", names[1], "--noquality", f"--eval_data_pattern={faces}", f"--train_dir={tmp_path}/run"]
    assert eval.main(["eval", *given]) == 0


@pytest.fixture
def skeleton_run(faces, tmp_path):
    """A train_dir written by the contest's first skeleton: see old_skeleton.py."""
    folder = tmp_path / "skeleton"
    script = ROOT / "tests" / "old_skeleton.py"
    subprocess.run([sys.executable, str(script), str(folder), faces], check=True, capture_output=True)
    return str(folder)


def test_a_snapshot_with_queue_runners(skeleton_run, faces, tmp_path):
    whole_chain(skeleton_run, faces, tmp_path)
    with open(f"{skeleton_run}/eval/eval.jsonl") as file:
        assert json.loads(file.read())["num_real"] == 96


OWN_LOSSES = """
import tensorflow.compat.v1 as tf

class BaseLoss:
    def calculate_loss(self, unused_predictions, unused_labels, **unused_params):
        raise NotImplementedError()

class CrossEntropyLoss(BaseLoss):
    def calculate_loss(self, predictions, labels, **unused_params):
        return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(logits=predictions, labels=labels))
"""
OWN_MODELS = """
import tensorflow.compat.v1 as tf

class BaseModel:
    def create_model(self, unused_size, **unused_params):
        raise NotImplementedError()

    def run_model(self, unused_input, **unused_params):
        raise NotImplementedError()

class OwnGenerator(BaseModel):
    def create_model(self, output_size, **unused_params):
        self.w = tf.Variable(tf.zeros([100, output_size]))

    def run_model(self, model_input, is_training=True, **unused_params):
        return {"output": tf.sigmoid(tf.matmul(model_input, self.w))}

    def get_variables(self):
        return [self.w]

class OwnDiscriminator:
    def create_model(self, input_size, **unused_params):
        self.w = tf.Variable(tf.zeros([input_size, 1]))

    def run_model(self, model_input, is_training=True, **unused_params):
        logits = tf.matmul(model_input, self.w)[:, 0]
        return {"logits": logits, "predictions": tf.sigmoid(logits)}
"""


def test_files_of_contestants_may_replace_ours(faces, tmp_path):
    """models.py and losses.py as they were written for the first skeleton, with base classes of their own."""
    package = shutil.copytree(ROOT / "gan", tmp_path / "gan", ignore=shutil.ignore_patterns("__pycache__", "screen"))
    (package / "losses.py").write_text(OWN_LOSSES)
    (package / "models.py").write_text(OWN_MODELS)
    command = [sys.executable, "-m", "gan.train", f"--train_data_pattern={faces}", "--train_dir=run"]
    networks = ["--generator_model=OwnGenerator", "--discriminator_model=OwnDiscriminator"]
    numbers = ["--max_steps=3", "--batch_size=4"]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [*command, *networks, *numbers], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run" / "model.ckpt-3.index").exists()
    wrong = subprocess.run(
        [*command, *networks, "--penalty=R1Penalty"], cwd=tmp_path, env=environment, capture_output=True
    )
    assert b"gan/losses.py has no such penalty; it has none" in wrong.stderr


class ForgetfulGenerator(models.SampleGenerator):
    """Makes a variable for nothing, and lists one too few."""

    def create_model(self, output_size, **unused_params):
        super().create_model(output_size)
        self.idle = tf.Variable(tf.ones([3]), name="idle")

    def get_variables(self):
        return [self.w1, self.w2, self.b2, self.idle]


@pytest.mark.parametrize("name", ["is_training", "training", "train", "is_train"])
def test_a_network_is_told_that_it_trains_by_any_of_the_usual_names(name):
    methods = {}
    exec(f"def run_model(self, x, {name}): return self.run(x, {name})", methods)
    seen = []

    def run(self, x, training):
        seen.append(training)
        return {"output": tf.nn.sigmoid(tf.matmul(x, tf.get_variable("w", [100, 2500])))}

    drawer = type("Drawer", (), {"create_model": lambda self, output_size: None, "run": run, **methods})
    with tf.Graph().as_default():
        network = Network(drawer, GENERATOR, 2500)
        network(tf.zeros([2, 100]), is_training=True)
        network.connect_to_placeholder()
    assert seen == [True, False]


def test_eval_knows_networks_with_variables_that_are_not_handed_in(faces, tmp_path, capsys):
    network = f"--generator_model={__name__}.ForgetfulGenerator"
    assert run_train(faces, tmp_path, network, "--max_steps=3") == 0
    told = capsys.readouterr().out
    assert told.count("warning: not trained: generator/idle: the loss of ForgetfulGenerator does not depend") == 1
    assert told.count("warning: not trained: generator/b1: ForgetfulGenerator.get_variables leaves them out") == 1
    assert {"generator/b1", "generator/w1"} <= dict(tf.train.list_variables(f"{tmp_path}/model.ckpt-3")).keys()
    assert "generator/idle" in dict(tf.train.list_variables(f"{tmp_path}/state/state.ckpt-3"))
    assert eval.main(["eval", f"--eval_data_pattern={faces}", f"--train_dir={tmp_path}", "--run_once", network]) == 0
