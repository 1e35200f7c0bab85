"""Snapshots as files: ours, old ones, strangers', broken ones."""

import json
import os
import random
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from conftest import ROOT
from google.protobuf import text_format
from networks import ConvDiscriminator, ConvGenerator, Discriminator, Generator, use_everything, write_snapshot
from old_skeleton import SIZE, VARIANTS

from gan import models
from gan.console.errors import ContractError, StateError, UserError
from gan.random_noise_generator import uniform_noise
from gan.snapshots.running import Draws
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
    lacking = f"there is no complete snapshot: model.ckpt-[0-9]+ lacks .{part.partition('-')[0]}"
    with pytest.raises(StateError, match=f"{folder}: {lacking}"):
        Snapshot(folder, 2500)
    with pytest.raises(StateError, match="there is no complete snapshot"):
        Snapshot(copy, 2500)


def test_the_wrong_size(sample):
    generated, images = broken(sample[0], 784).split(" (2) ")
    assert (
        generated
        == "(1) generated_images must be float32 [None, 784], it is float32 (?, 2500); tf.cast and tf.reshape help"
    )
    assert images == "input_batch_raw must be float32 (?, 784), it is float32 (?, 2500); tf.cast and tf.reshape help"


def test_weights_of_another_snapshot(copy, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    prefix, _, _ = write_snapshot(other, models.SampleGenerator(), models.SampleDiscriminator(), 784)
    shutil.copy(copy + ".meta", prefix + ".meta")
    message = broken(prefix)
    assert message == (
        "(1) variable generator/w2 has shape (128, 2500) in the graph and [128, 784] in the checkpoint; "
        "hand in all files of one save "
        "(2) variable discriminator/w1 has shape (2500, 128) in the graph and [784, 128] in the checkpoint; "
        "hand in all files of one save"
    )
    prefix, _, _ = write_snapshot(other, ConvGenerator(), ConvDiscriminator(), 2500)
    shutil.copy(copy + ".meta", prefix + ".meta")
    assert broken(prefix).endswith("has no value in the checkpoint; give tf.train.Saver all variables")


def batch_statistics(x):
    mean, variance = tf.nn.moments(x, [0])
    return tf.sigmoid(tf.reduce_mean((x - mean) * tf.rsqrt(variance + 0.01), 1, keepdims=True))


MISBEHAVIOUR = {
    "generated_images must lie in [0, 1], its values reach from -": (lambda z: tf.tile(z, [1, 25]), None),
    "generated_images has values that are not finite (NaN or infinity)": (
        lambda z: tf.sigmoid(tf.tile(tf.log(z), [1, 25])),
        None,
    ),
    "the generator uses operations that are not allowed in a battle: Multinomial": (
        lambda z: tf.cast(tf.multinomial(z, 2500), tf.float32) / 100,
        None,
    ),
    "p_for_data returned shape [1, 1], not [30, 1]": (
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


def test_batch_statistics_in_both_networks(tmp_path):
    """They take part: the generator is asked for 15 at once, the discriminator sees each image among 29 others."""

    def generate(noise):
        return tf.tile(batch_statistics(noise), [1, 2500]) * tf.sigmoid(noise[:, :1])

    weights = {"generator/bias": np.zeros(1), "discriminator/bias": np.zeros(1)}
    write_snapshot(tmp_path, Generator(generate), Discriminator(batch_statistics), 2500, weights=weights)
    snapshot, noise, seen = Snapshot(str(tmp_path), 2500), uniform_noise(20, 3), images(2500)
    assert snapshot.verify() == (True, True)
    generated = snapshot.generate(noise)
    np.testing.assert_array_equal(snapshot.generate(noise[:15], batch_size=1), generated[:15])
    filled = np.tile(noise[15:], [3, 1])
    np.testing.assert_allclose(snapshot.generate(filled), np.tile(generated[15:], [3, 1]), atol=1e-6)
    references = np.random.default_rng(4).random((15, 2500), dtype=np.float32)
    alone = [snapshot.discriminate(seen[i : i + 1], draws=Draws(7, i), references=references) for i in range(5)]
    together = snapshot.discriminate(seen, draws=Draws(7), references=references)
    np.testing.assert_array_equal(np.concatenate(alone), together)
    np.testing.assert_allclose(snapshot.discriminate(seen, draws=Draws(8), references=references), together, atol=1e-5)
    assert np.ptp(together) > 1e-3 and np.abs(snapshot.discriminate(seen) - together).max() > 1e-3


def test_random_operations_draw_by_a_key(tmp_path):
    def generate(noise):
        return tf.tile(tf.sigmoid(noise[:, :1] + tf.random_normal([tf.shape(noise)[0], 1])), [1, 2500])

    def discriminate(seen):
        return tf.sigmoid(tf.reduce_mean(tf.nn.dropout(seen, rate=0.5), 1, keepdims=True))

    weights = {"generator/bias": np.zeros(1), "discriminator/bias": np.zeros(1)}
    write_snapshot(tmp_path, Generator(generate), Discriminator(discriminate), 2500, weights=weights)
    snapshot = Snapshot(str(tmp_path), 2500)
    assert snapshot.verify() == (False, False)
    for run, given in ((snapshot.generate, NOISE), (snapshot.discriminate, images(2500))):
        first = run(given, draws=Draws(5))
        run(given, draws=Draws(6))
        np.testing.assert_array_equal(run(given, draws=Draws(5)), first)
        again = getattr(Snapshot(str(tmp_path), 2500), run.__name__)
        np.testing.assert_array_equal(again(given, draws=Draws(5)), first)
        for other in (Draws(6), Draws(5, 1)):
            assert np.abs(run(given, draws=other) - first).max() > 1e-5
        same = run(np.repeat(given[:1], 2, 0), 1, Draws(5))
        assert np.abs(same[0] - same[1]).max() > 1e-5, "each call draws others"


def test_a_batch_size_that_is_built_in_is_named(tmp_path):
    fixed = Generator(lambda z: tf.reshape(tf.sigmoid(tf.tile(z, [1, 25])), [64, 2500]))
    write_snapshot(tmp_path, fixed, models.SampleDiscriminator(), 2500, weights={"generator/bias": np.zeros(1)})
    assert re.match(
        "its generator has a batch size of 64 built in: .*Reshape always has 64 rows, use -1 or tf.shape$",
        broken(tmp_path),
    )


def test_a_folder_of_the_same_name_is_not_the_snapshot(copy, sample, tmp_path_factory):
    """TensorFlow's load_checkpoint would read the weights in it."""
    expected = Snapshot(copy, 2500).generate(NOISE)
    other = write_snapshot(
        tmp_path_factory.mktemp("other"), models.SampleGenerator(), models.SampleDiscriminator(), 2500
    )[0]
    shutil.copytree(os.path.dirname(other), copy)
    np.testing.assert_array_equal(Snapshot(copy, 2500).generate(NOISE), expected)


def test_a_meta_file_as_text(copy):
    """Of export_meta_graph(as_text=True), which TensorFlow reads, too."""
    expected = Snapshot(copy, 2500).generate(NOISE)
    meta_graph = tf.MetaGraphDef()
    with open(f"{copy}.meta", "rb") as file:
        meta_graph.ParseFromString(file.read())
    with open(f"{copy}.meta", "w", encoding="utf-8") as file:
        file.write(text_format.MessageToString(meta_graph))
    np.testing.assert_array_equal(Snapshot(copy, 2500).generate(NOISE), expected)


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
    assert any(message.startswith("(1) the collection noise_input_placeholder is missing") for message in messages)


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
