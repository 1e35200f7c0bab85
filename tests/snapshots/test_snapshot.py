"""Snapshots as files: ours, old ones, strangers', broken ones."""

import json
import os
import random
import shutil
import subprocess
import sys

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from conftest import ROOT
from networks import ConvDiscriminator, ConvGenerator, Discriminator, Generator, use_everything, write_snapshot
from old_skeleton import SIZE, VARIANTS

from gan import models
from gan.console.errors import ContractError, StateError, UserError
from gan.random_noise_generator import uniform_noise
from gan.snapshots.snapshot import Snapshot

NOISE = uniform_noise(5, 7)


def images(size):
    """Five images of growing contrast."""
    return np.random.default_rng(3).random((5, size), dtype=np.float32) * np.float32([[0.1], [0.3], [0.5], [0.7], [1]])


def two_layers(x, w1, b1, w2, b2):
    """Sigmoid of a layer of ReLUs and one more, in float64."""
    hidden = np.maximum(x.astype(np.float64) @ w1 + b1, 0)
    return 1 / (1 + np.exp(-(hidden @ w2 + b2)))


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """(prefix, weights) of the sample networks."""
    prefix, _, weights = write_snapshot(
        tmp_path_factory.mktemp("sample"), models.SampleGenerator(), models.SampleDiscriminator(), 2500
    )
    return prefix, weights


@pytest.fixture(scope="module", params=[2500, 784])
def convolutional(request, tmp_path_factory):
    """(prefix, size, ServingGraph, weights) of networks with batch norm and transposed convolutions."""
    folder = tmp_path_factory.mktemp("convolutional")
    return [*write_snapshot(folder, ConvGenerator(), ConvDiscriminator(), request.param), request.param]


@pytest.fixture
def copy(sample, tmp_path):
    """A copy of the sample's snapshot, to be damaged: its prefix."""
    for name in os.listdir(os.path.dirname(sample[0])):
        shutil.copy(os.path.join(os.path.dirname(sample[0]), name), tmp_path)
    return str(tmp_path / "model.ckpt-1")


def broken(where, size=2500):
    """Opens and verifies; returns what ContractError says, without the snapshot's name."""
    with pytest.raises(ContractError) as caught:
        Snapshot(str(where), size).verify()
    named, _, message = str(caught.value).partition(" breaks the contract: ")
    assert named.startswith(str(where)) and "breaks the contract" not in message and "\n" not in message
    return message


def test_numbers_by_hand(sample):
    prefix, w = sample
    snapshot = Snapshot(prefix, 2500)
    names = ("w1", "b1", "w2", "b2")
    generated = two_layers(NOISE, *(w[f"generator/{name}"] for name in names))
    probability = two_layers(images(2500), *(w[f"discriminator/{name}"] for name in names))
    np.testing.assert_allclose(snapshot.generate(NOISE), generated, atol=1e-6)
    np.testing.assert_allclose(snapshot.discriminate(images(2500)), probability[:, 0], atol=1e-6)
    assert np.ptp(generated) > 0.1 and np.ptp(probability) > 0.01
    assert (snapshot.path, snapshot.step, snapshot.size) == (prefix, 1, 2500)
    assert snapshot.shapes["generator/w2"] == [128, 2500]


def test_same_as_the_graph_that_wrote_it(convolutional):
    prefix, serving, weights, size = convolutional
    snapshot = Snapshot(prefix, size)
    snapshot.verify()
    with tf.Session(graph=serving.graph) as session:
        session.run([v.initializer for v in serving.variables.values()], {
            v.initializer.inputs[1]: weights[name] for name, v in serving.variables.items()
        })  # fmt: skip
        generated = session.run(serving.generated, {serving.noise: NOISE})
        probability = session.run(serving.probability, {serving.images: images(size)})
    np.testing.assert_allclose(snapshot.generate(NOISE), generated, atol=1e-6)
    np.testing.assert_allclose(snapshot.discriminate(images(size)), probability[:, 0], atol=1e-6)


def test_an_image_is_judged_on_itself_alone(convolutional):
    prefix, _, _, size = convolutional
    snapshot, small_batches = Snapshot(prefix, size), Snapshot(prefix, size, batch_size=2)
    seen = images(size)
    probability = snapshot.discriminate(seen)
    assert np.ptp(probability) > 1e-3
    np.testing.assert_allclose(snapshot.discriminate(seen[2:3]), probability[2:3], atol=1e-6)
    np.testing.assert_allclose(snapshot.discriminate(seen[::-1]), probability[::-1], atol=1e-6)
    np.testing.assert_allclose(small_batches.discriminate(seen), probability, atol=1e-6)
    generated = snapshot.generate(NOISE)
    np.testing.assert_array_equal(snapshot.generate(NOISE), generated)
    np.testing.assert_allclose(small_batches.generate(NOISE), generated, atol=1e-6)
    assert np.ptp(generated, axis=0).max() > 1e-3


def test_every_battle_op_survives(tmp_path):
    prefix, serving, _ = write_snapshot(
        tmp_path, Generator(use_everything), models.SampleDiscriminator(), 2500, weights={"generator/bias": np.zeros(1)}
    )
    assert serving.outside_battle_ops == []
    with tf.Graph().as_default(), tf.Session() as session:
        expected = session.run(use_everything(tf.constant(NOISE)))
    np.testing.assert_allclose(Snapshot(prefix, 2500).generate(NOISE), expected, atol=1e-6)


def test_the_newest_or_the_one_named(tmp_path):
    for step in (7, 12):
        write_snapshot(tmp_path, models.SampleGenerator(), models.SampleDiscriminator(), 784, step)
    assert Snapshot(str(tmp_path), 784).step == 12
    assert Snapshot(f"{tmp_path}/model.ckpt-7", 784).step == 7
    for folder in ("/home/team-7/run", "C:\\\\team 7\\\\run", "gs://team-7/model"):
        separator = "\\\\" if "\\" in folder else "/"
        (tmp_path / "checkpoint").write_text(f'model_checkpoint_path: "{folder}{separator}model.ckpt-7"\n')
        assert Snapshot(str(tmp_path), 784).path == f"{tmp_path}/model.ckpt-7", folder


@pytest.mark.parametrize("part", ["meta", "index", "data-00000-of-00001"])
def test_a_missing_file(copy, part):
    os.remove(f"{copy}.{part}")
    folder = os.path.dirname(copy)
    with pytest.raises(StateError, match=f"{folder} has no complete snapshot"):
        Snapshot(folder, 2500)
    if part == "data-00000-of-00001":
        assert "cannot be read" in broken(copy)
    else:
        with pytest.raises(StateError, match="has no complete snapshot"):
            Snapshot(copy, 2500)


def test_the_wrong_size(sample):
    assert broken(sample[0], 784).startswith("input_batch_raw must be float32 (?, 784), it is float32 (?, 2500)")


def test_weights_of_another_snapshot(copy, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    prefix, _, _ = write_snapshot(other, models.SampleGenerator(), models.SampleDiscriminator(), 784)
    shutil.copy(copy + ".meta", prefix + ".meta")
    message = broken(prefix)
    assert message == "variable generator/w2 has shape (128, 2500) in the graph and [128, 784] in the checkpoint"
    prefix, _, _ = write_snapshot(other, ConvGenerator(), ConvDiscriminator(), 2500)
    shutil.copy(copy + ".meta", prefix + ".meta")
    assert broken(prefix).endswith("has no value in the checkpoint")


def batch_statistics(x):
    mean, variance = tf.nn.moments(x, [0])
    return tf.sigmoid(tf.reduce_mean((x - mean) * tf.rsqrt(variance + 0.01), 1, keepdims=True))


MISBEHAVIOUR = {
    "p_for_data of one input changes with the rest of its batch": (None, batch_statistics),
    "generated_images must lie in [0, 1], its values reach from -": (lambda z: tf.tile(z, [1, 25]), None),
    "generated_images has values that are not finite (NaN or infinity)": (
        lambda z: tf.sigmoid(tf.tile(tf.log(z), [1, 25])),
        None,
    ),
    "the generator uses operations that are not allowed in a battle: RandomUniform": (
        lambda z: tf.random_uniform([tf.shape(z)[0], 2500]) * tf.sigmoid(z[:, :1]),
        None,
    ),
    "p_for_data returned shape [1, 1], not [12, 1]": (
        None,
        lambda x: tf.reshape(tf.sigmoid(tf.reduce_mean(x)), tf.stack([tf.minimum(tf.shape(x)[0], 1), -1])),
    ),
    "p_for_data cannot be computed: ": (None, lambda x: tf.sigmoid(tf.reshape(x, [-1, 7])[:, :1])),
}


@pytest.mark.parametrize("message", MISBEHAVIOUR)
def test_misbehaviour_is_named(message, tmp_path):
    generate, discriminate = MISBEHAVIOUR[message]
    generator = Generator(generate) if generate else models.SampleGenerator()
    discriminator = Discriminator(discriminate) if discriminate else models.SampleDiscriminator()
    weights = {"generator/bias": np.zeros(1), "discriminator/bias": np.zeros(1)}
    write_snapshot(tmp_path, generator, discriminator, 2500, weights=weights)
    assert broken(tmp_path).startswith(message)


def test_a_cut_off_or_senseless_meta_file(copy):
    with open(copy + ".meta", "rb") as file:
        whole = file.read()
    messages = set()
    for content in [whole[: len(whole) * share // 7] for share in range(7)] + [
        b"no graph",
        b"\n" * 1000,
        os.urandom(999),
    ]:
        with open(copy + ".meta", "wb") as file:
            file.write(content)
        messages.add(broken(copy))
    assert any(message.startswith("the .meta file is not a MetaGraphDef") for message in messages)
    assert any(message.startswith("the collection noise_input_placeholder is missing") for message in messages)


@pytest.mark.parametrize("part", ["meta", "index", "data-00000-of-00001"])
def test_flipped_bits(copy, part):
    """Whatever a damaged file leads to, it is one sentence or a snapshot that can be run."""
    path = f"{copy}.{part}"
    with open(path, "rb") as file:
        whole = file.read()
    failures = 0
    for seed in range(40):
        damaged, rng = bytearray(whole), random.Random(seed)
        for _ in range(rng.choice([1, 2, 8])):
            damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
        with open(path, "wb") as file:
            file.write(damaged)
        try:
            snapshot = Snapshot(copy, 2500)
            snapshot.generate(NOISE)
            snapshot.discriminate(images(2500))
        except UserError as error:
            assert "\n" not in str(error)
            failures += 1
    assert failures > 10


@pytest.mark.parametrize("part", ["index", "data-00000-of-00001"])
def test_cut_off_weights(copy, part):
    path = f"{copy}.{part}"
    for _ in range(4):
        os.truncate(path, os.path.getsize(path) // 3)
        assert "cannot be read" in broken(copy)


@pytest.fixture(scope="module")
def old_snapshots(tmp_path_factory):
    """A folder of snapshots of a training graph with queues, written by this TensorFlow in the old way."""
    folder = tmp_path_factory.mktemp("skeleton")
    script = os.path.join(ROOT, "tests", "old_skeleton.py")
    done = subprocess.run([sys.executable, script, folder], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


def check_old_snapshot(folder):
    """Compares a snapshot of old_skeleton.py with its weights run by hand."""
    with open(f"{folder}/variables.json") as file:
        names = json.load(file)
    snapshot = Snapshot(str(folder), SIZE)
    snapshot.verify()
    reader = tf.train.load_checkpoint(snapshot.path)
    weights = {kind: [reader.get_tensor(name) for name in names[kind]] for kind in names}
    assert snapshot.step == 3 and reader.get_tensor("global_step") == 3
    generated, probability = snapshot.generate(NOISE), snapshot.discriminate(images(SIZE))
    np.testing.assert_allclose(generated, two_layers(NOISE, *weights["generator"]), atol=1e-6)
    np.testing.assert_allclose(probability, two_layers(images(SIZE), *weights["discriminator"])[:, 0], atol=1e-6)
    assert np.ptp(generated) > 0.1 and np.ptp(probability) > 0.01


@pytest.mark.parametrize("variant", VARIANTS)
def test_training_graphs_with_queues(old_snapshots, variant):
    check_old_snapshot(old_snapshots / variant)
