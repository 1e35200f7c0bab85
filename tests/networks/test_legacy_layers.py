"""tf.layers, Keras 2, tf_slim and Keras 3: they train, go on exactly, and hand in what every TensorFlow opens."""

import importlib.util
import os
import subprocess
import sys

import legacy_networks
import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from conftest import ROOT
from old_interpreters import run_old

from gan.networks.network import Network
from gan.networks.registry import GENERATOR
from gan.random_noise_generator import uniform_noise
from gan.snapshots.snapshot import Snapshot

# Family -> (TF_USE_LEGACY_KERAS, classes in tests/legacy_networks.py, dropout that goes on exactly).
FAMILIES = {
    "tf.layers": ("1", "Layers", "0"),
    "Keras 2": ("1", "Keras", "0"),
    "tf_slim": ("0", "Slim", "0"),
    "Keras 3": ("0", "Keras", "0.3"),
}
NEEDED = {"tf.layers": "tf_keras", "Keras 2": "tf_keras", "tf_slim": "tf_slim", "Keras 3": "keras"}


def train(data, folder, family, *flags, models="{}Generator,{}Discriminator", legacy=None):
    """Trains in a process of its own, since Keras is chosen before TensorFlow is imported; returns the process."""
    keras, classes, dropout = FAMILIES[family]
    generator, discriminator = models.format(classes, classes).split(",")
    environment = {**os.environ, "TF_USE_LEGACY_KERAS": legacy or keras, "TESTED_DROPOUT": dropout}
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    names = [f"--generator_model=legacy_networks.{generator}", f"--discriminator_model=legacy_networks.{discriminator}"]
    names += [f"--train_data_pattern={data}", f"--train_dir={folder}", "--batch_size=15", "--seed=1"]
    command = [sys.executable, "-W", "ignore", "-m", "gan.train", *names, "--export_model_steps=2", *flags]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)


def variables(folder, step):
    reader = tf.train.load_checkpoint(f"{folder}/model.ckpt-{step}")
    return {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}


@pytest.fixture(scope="module", params=FAMILIES)
def trained(request, faces, tmp_path_factory):
    """(family, folder) of four steps, and of two and then two more."""
    if importlib.util.find_spec(NEEDED[request.param]) is None:
        pytest.skip(f"{NEEDED[request.param]} is not installed: pip install 'gan-contest[legacy]'")
    folder = tmp_path_factory.mktemp("legacy")
    for name, steps in (("straight", [4]), ("interrupted", [2, 4])):
        for last in steps:
            done = train(faces, folder / name, request.param, f"--max_steps={last}")
            assert done.returncode == 0, done.stderr
            assert "warning" not in done.stdout
    return request.param, folder


def test_it_goes_on_exactly(trained):
    _, folder = trained
    straight, interrupted = variables(folder / "straight", 4), variables(folder / "interrupted", 4)
    assert straight.keys() == interrupted.keys()
    for name, value in straight.items():
        np.testing.assert_allclose(interrupted[name], value, rtol=1e-5, atol=1e-7, err_msg=name)


def test_batch_normalisation_follows_the_batches(trained):
    _, folder = trained
    second, fourth = variables(folder / "straight", 2), variables(folder / "straight", 4)
    moving = [name for name in fourth if name.endswith("moving_mean")]
    assert len(moving) >= 2
    for name in moving:
        assert 0 < np.abs(second[name]).max() and not np.allclose(second[name], fourth[name], rtol=1e-3), name


@pytest.mark.parametrize("family", ["Keras 2", "Keras 3"])
@pytest.mark.parametrize("kind, number", [("InBlocks", 1), ("InClosure", 2)])
def test_layers_elsewhere_than_in_attributes_are_found(kind, number, family, faces, tmp_path):
    """Else a snapshot would normalise by mean 0 and variance 1."""
    if importlib.util.find_spec(NEEDED[family]) is None:
        pytest.skip(f"{NEEDED[family]} is not installed: pip install 'gan-contest[legacy]'")
    models = f"{kind}Generator,KerasDiscriminator"
    done = train(faces, tmp_path, family, "--max_steps=4", "--averaging_decay=0", models=models)
    assert done.returncode == 0, done.stderr
    means = [value for name, value in variables(tmp_path, 4).items() if "generator" in name and "moving_mean" in name]
    assert len(means) == number and all(np.abs(mean).max() > 0 for mean in means)


@pytest.mark.parametrize("family", ["Keras 2", "Keras 3", "tf.layers"])
def test_regularizers_of_layers_count(family, faces, tmp_path):
    """They pull the weights to 0, as of the other networks those of tf.get_variable do."""
    if importlib.util.find_spec(NEEDED[family]) is None:
        pytest.skip(f"{NEEDED[family]} is not installed: pip install 'gan-contest[legacy]'")
    kind = "LayersRegularized" if family == "tf.layers" else "KerasRegularized"
    once = train(faces, tmp_path / "once", family, "--max_steps=1", models="{}Generator,CountsLosses")
    assert family == "tf.layers" or once.returncode == 0, once.stderr
    size = {}
    for weight in (0, 1):
        flags = ["--max_steps=4", f"--regularization_penalty={weight}", "--base_learning_rate=0.01"]
        done = train(faces, tmp_path / str(weight), family, *flags, models=f"{{}}Generator,{kind}")
        assert done.returncode == 0, done.stderr
        found = [value for name, value in variables(tmp_path / str(weight), 4).items() if "kernel" in name]
        size[weight] = sum(np.abs(value).sum() for value in found if value.shape == (2500, 1))
    assert size[1] < 0.9 * size[0]


@pytest.mark.parametrize("family", ["Keras 2", "Keras 3"])
def test_frozen_layers_stay_and_constraints_are_kept(family, faces, tmp_path):
    """Beside them, flags that the networks' module defines have their defaults."""
    if importlib.util.find_spec(NEEDED[family]) is None:
        pytest.skip(f"{NEEDED[family]} is not installed: pip install 'gan-contest[legacy]'")
    flags = ["--max_steps=4", "--base_learning_rate=0.05"]
    done = train(faces, tmp_path, family, *flags, models="{}Generator,KerasFrozenAndClipped")
    assert done.returncode == 0, done.stderr
    second, fourth = variables(tmp_path, 2), variables(tmp_path, 4)
    (frozen,) = (name for name in fourth if "features/kernel" in name)
    (clipped,) = (name for name in fourth if "judge/kernel" in name)
    np.testing.assert_array_equal(second[frozen], fourth[frozen])
    assert fourth[frozen].shape == (2500, 8) and not np.array_equal(second[clipped], fourth[clipped])
    assert np.abs(fourth[clipped]).max() == pytest.approx(0.01)
    told = [line for line in done.stdout.splitlines() if "warning" in line]
    assert len(told) == 1 and "features/kernel" in told[0] and "their Keras layers have trainable=False" in told[0]


def test_what_only_a_program_of_keras_does_and_dropout_in_battle_are_told(faces, tmp_path):
    done = train(faces, tmp_path, "Keras 3", "--max_steps=2", models="{}Generator,KerasNormalised")
    assert done.returncode == 0, done.stderr
    assert "warning: SpectralNormalization of Keras does nothing in KerasNormalised" in done.stdout
    assert "note: in a battle, its discriminator draws random numbers" in done.stdout


def test_the_snapshot_keeps_the_contract_and_opens_in_old_tensorflow(trained, tmp_path):
    _, folder = trained
    snapshot = Snapshot(str(folder / "straight"), 2500)
    assert not any(snapshot.verify())
    noise, images = uniform_noise(3, 7), np.random.default_rng(1).random((3, 2500), np.float32)
    inputs, outputs = str(tmp_path / "inputs.npz"), str(tmp_path / "outputs.npz")
    np.savez(inputs, noise=noise, images_2500=images)
    run_old("1.2", "old_reader.py", inputs, outputs, snapshot.prefix)
    found = np.load(outputs)
    assert "error_0" not in found, found["error_0"]
    np.testing.assert_allclose(found["generated_0"], snapshot.generate(noise), atol=1e-5)
    np.testing.assert_allclose(found["p_0"][:, 0], snapshot.discriminate(images), atol=1e-5)


@pytest.mark.parametrize(
    "family, models, legacy, expected",
    [
        ("tf.layers", "{}Generator,{}Discriminator", "0", "take gan.layers, or `pip install 'gan-contest[legacy]'`"),
        ("tf_slim", "{}Generator,ContribDiscriminator", "0", "tf.contrib ended with TensorFlow 1: take gan.layers"),
        ("Keras 3", "{}Generator,MadeAgain", "0", "each time it runs; make it, or its layer, in create_model"),
    ],
)
def test_the_message_names_the_way(family, models, legacy, expected, faces, tmp_path):
    flags = ["--max_steps=1", "--negatives_share=0.3"]  # which the discriminator is shown in a call of its own
    done = train(faces, tmp_path, family, *flags, models=models, legacy=legacy)
    assert done.returncode == 1 and done.stderr.count("\n") == 1 and expected in done.stderr


def test_the_first_values_of_a_layer_are_no_updates():
    """A layer that makes its variables when it is first called leaves their initializers among the operations."""
    with tf.Graph().as_default():
        network = Network(legacy_networks.KerasGenerator(), GENERATOR, 2500)
        network(tf.placeholder(tf.float32, [None, 100]), is_training=True)
        first_values = {variable.initializer.name for variable in tf.global_variables()}
        assert len(network.updates) == 2 and not first_values & {update.name for update in network.updates}
