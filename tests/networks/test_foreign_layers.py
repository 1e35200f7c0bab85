"""Layers that are not ours, made when first called, named or not, in scopes: their averages, and the same again.

test_legacy_layers.py opens such networks in TensorFlow 1.2.
"""

import importlib.util
import os
import subprocess
import sys

import foreign_networks
import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from conftest import ROOT, run_train
from test_old_style import whole_chain

from gan import eval
from gan.networks.network import Network
from gan.networks.registry import DISCRIMINATOR


def names(kind, generator="{}Generator", discriminator="{}Discriminator"):
    """The flags that choose networks; skips the test if their package is missing."""
    if not importlib.util.find_spec(foreign_networks.NEEDS[kind]):
        pytest.skip(f"{foreign_networks.NEEDS[kind]} is not installed: pip install '.[legacy]'")
    return [
        f"--generator_model=foreign_networks.{generator.format(kind)}",
        f"--discriminator_model=foreign_networks.{discriminator.format(kind)}",
    ]


def values(prefix):
    reader = tf.train.load_checkpoint(str(prefix))
    return {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}


@pytest.fixture(scope="module", params=foreign_networks.NEEDS)
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def run(kind, faces, tmp_path_factory):
    """A train_dir of 12 steps."""
    folder = tmp_path_factory.mktemp(kind)
    assert run_train(faces, folder, *names(kind), "--max_steps=12", "--export_model_steps=6") == 0
    return folder


def test_they_train_and_are_checked(kind, run, faces, tmp_path, capsys):
    before, after = values(run / "model.ckpt-6"), values(run / "model.ckpt-12")
    assert before.keys() == after.keys() and all(np.any(after[name] != before[name]) for name in after)
    averages = [name for name in after if "moving" in name]
    assert (
        len(averages) >= 4
        if kind == "Slim"
        else {name.partition("/")[0][:9] for name in averages}
        == {
            "generator",
            "discrimin",
        }
    )
    whole_chain(str(run), faces, tmp_path)
    assert "warning" not in "".join(capsys.readouterr())


def test_batch_norms_averages_follow_the_batches(kind, run):
    """After 12 steps of momentum 0.9, 1 - 0.9^12 = 0.72 of an average is the batches', which began at 1.

    The first layer's outputs have variances between 0.1 and 0.6 in all of these networks.
    """
    name = next(name for name in sorted(values(run / "model.ckpt-12")) if "moving_variance" in name and "gen" in name)
    assert values(run / "model.ckpt-12")[name].mean() < 0.75


def test_an_interrupted_training_ends_in_the_same_weights(kind, run, faces, tmp_path):
    for last in (5, 12):
        assert run_train(faces, tmp_path, *names(kind), f"--max_steps={last}", "--export_model_steps=6") == 0
    straight, resumed = values(run / "state" / "state.ckpt-12"), values(tmp_path / "state" / "state.ckpt-12")
    assert straight.keys() == resumed.keys()
    for name in straight.keys() - {"seconds"}:
        np.testing.assert_array_equal(resumed[name], straight[name], name)


def test_the_first_values_of_a_layer_are_no_updates(kind):
    """A layer that is made when it is first called leaves its initializers among the operations of that call."""
    names(kind)
    with tf.Graph().as_default():
        model = getattr(foreign_networks, f"{kind}Discriminator")()
        network = Network(model, DISCRIMINATOR, 2500)
        network(tf.placeholder(tf.float32, [None, 2500]), is_training=True)
        first_values = {variable.initializer.name for variable in tf.global_variables()}
        assert not first_values & {getattr(update, "op", update).name for update in network.updates}


def test_eval_knows_networks_with_variables_that_are_not_handed_in(faces, tmp_path, capsys):
    network = "--generator_model=foreign_networks.ForgetfulGenerator"
    assert run_train(faces, tmp_path, network, "--max_steps=3") == 0
    told = capsys.readouterr().out
    assert told.count("warning: not trained: generator/idle: the loss of ForgetfulGenerator does not depend") == 1
    assert told.count("warning: not trained: generator/b1: ForgetfulGenerator.get_variables leaves them out") == 1
    assert "generator/b1" in values(tmp_path / "model.ckpt-3")
    assert "generator/idle" in values(tmp_path / "state" / "state.ckpt-3")
    assert eval.main(["eval", f"--eval_data_pattern={faces}", f"--train_dir={tmp_path}", "--run_once", network]) == 0


WITHOUT = """
import importlib.machinery, sys
class Finder(importlib.machinery.PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name in {missing} else super().find_spec(name, path, target)
sys.meta_path[:] = [Finder if finder is importlib.machinery.PathFinder else finder for finder in sys.meta_path]
from gan import train
sys.exit(train.main(["train", *sys.argv[1:]]))
"""


def refusal(faces, missing, *flags, **environment):
    """What train says in a process that lacks packages."""
    inherited = {name: value for name, value in os.environ.items() if name != "TF_USE_LEGACY_KERAS"}
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT.format(missing=missing), f"--train_data_pattern={faces}", "--dry_run", *flags],
        env={**inherited, "PYTHONPATH": f"{ROOT}:{ROOT}/tests", **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1, done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    (line,) = done.stderr.splitlines()
    return line


def test_a_missing_package_is_named_with_the_ways_out(faces):
    said = refusal(faces, {"tf_keras"}, "--generator_model=foreign_networks.TfLayersGenerator")
    assert "TfLayersGenerator.run_model failed as a generator: AttributeError: `dense` is not available with" in said
    assert "(foreign_networks.py, line " in said
    assert "take gan.layers, or `pip install 'gan-contest[legacy]'` and leave TF_USE_LEGACY_KERAS unset" in said
    chosen = refusal(faces, set(), "--generator_model=foreign_networks.TfLayersGenerator", TF_USE_LEGACY_KERAS="0")
    assert chosen == said
    said = refusal(faces, {"tf_slim"}, "--generator_model=foreign_networks.SlimGenerator")
    assert "No module named 'tf_slim'" in said and "pip install 'gan-contest[legacy]'" in said
