"""Our snapshots in TensorFlow 1.2 and 1.15, and theirs in ours.

The interpreters are found through OLD_TENSORFLOW_1_2 and OLD_TENSORFLOW_1_15, or where
tests/install_old_tensorflow.sh puts them; without one its tests are skipped.
"""

import json
import os

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from conftest import ROOT
from networks import (
    SINCE_2_16,
    USES,
    VALUES_PER_USE,
    ConvDiscriminator,
    ConvGenerator,
    Generator,
    use_everything,
    write_snapshot,
)
from old_interpreters import INTERPRETERS, run_old
from old_skeleton import TRAINING, VARIANTS
from tensorflow.core.framework.types_pb2 import DataType
from tensorflow.python.framework import op_def_registry
from test_snapshot import check_old_snapshot, images

from gan import models
from gan.contest import battle_ops, half_round
from gan.random_noise_generator import uniform_noise
from gan.sandbox import sandbox
from gan.snapshots import lowering
from gan.snapshots.snapshot import Snapshot

NOISE = uniform_noise(5, 7)


@pytest.fixture(scope="module")
def snapshots(tmp_path_factory):
    """name -> (prefix, size)."""
    folder = tmp_path_factory.mktemp("new")
    everything = Generator(use_everything)
    networks = {
        "samples": (models.SampleGenerator(), models.SampleDiscriminator(), 2500),
        "DCGAN": (models.DCGANGenerator(), models.DCGANDiscriminator(), 2500),
        "samples on MNIST": (models.SampleGenerator(), models.SampleDiscriminator(), 784),
        "convolutions": (ConvGenerator(), ConvDiscriminator(), 2500),
        "convolutions on MNIST": (ConvGenerator(), ConvDiscriminator(), 784),
        "every operation": (everything, models.SampleDiscriminator(), 2500),
    }
    written = {}
    for name, (generator, discriminator, size) in networks.items():
        weights = {"generator/bias": np.zeros(1)} if generator is everything else {}
        os.makedirs(folder / name)
        written[name] = write_snapshot(folder / name, generator, discriminator, size, weights=weights)[0], size
    return written


@pytest.fixture(scope="module", params=INTERPRETERS)
def opened(request, snapshots, tmp_path_factory):
    """What an old TensorFlow makes of all snapshots, in one process: name -> (generated, p)."""
    folder = tmp_path_factory.mktemp("opened")
    inputs, outputs = folder / "inputs.npz", folder / "outputs.npz"
    np.savez(inputs, noise=NOISE, images_2500=images(2500), images_784=images(784))
    run_old(request.param, "old_reader.py", inputs, outputs, *(prefix for prefix, _ in snapshots.values()))
    results = np.load(outputs)
    assert str(results["version"]).startswith(request.param + ".")
    errors = {name: str(results[f"error_{i}"]) for i, name in enumerate(snapshots) if f"error_{i}" in results}
    assert not errors
    return {name: (results[f"generated_{i}"], results[f"p_{i}"]) for i, name in enumerate(snapshots)}


@pytest.mark.parametrize(
    "name", ["samples", "samples on MNIST", "convolutions", "convolutions on MNIST", "every operation"]
)
def test_gives_the_same_numbers(opened, snapshots, name):
    generated, probability = opened[name]
    prefix, size = snapshots[name]
    snapshot = Snapshot(prefix, size)
    np.testing.assert_allclose(generated, snapshot.generate(NOISE), atol=1e-5)
    np.testing.assert_allclose(probability[:, 0], snapshot.discriminate(images(size)), atol=1e-5)
    assert generated.shape == (5, size) and probability.shape == (5, 1)
    assert np.ptp(generated, axis=0).max() > 0.01 and np.ptp(probability) > 0.001


@pytest.mark.parametrize("version", INTERPRETERS)
def test_the_house_team_draws_and_judges_the_same(version, tmp_path):
    """With its filter and all that is calibrated; it takes some of its own images for real and others not."""
    prefix = tf.train.latest_checkpoint(str(ROOT / "gan" / "house_team"))
    snapshot, noise = Snapshot(prefix, 2500), uniform_noise(40, 8)
    drawn = snapshot.generate(noise)
    inputs, outputs = tmp_path / "inputs.npz", tmp_path / "outputs.npz"
    np.savez(inputs, noise=noise, images_2500=drawn, images_784=images(784))
    run_old(version, "old_reader.py", inputs, outputs, prefix)
    results = np.load(outputs)
    assert "error_0" not in results
    np.testing.assert_allclose(results["generated_0"], drawn, atol=1e-4)
    probability = snapshot.discriminate(drawn)
    np.testing.assert_allclose(results["p_0"][:, 0], probability, atol=1e-3)
    assert 0.1 < (probability > 0.5).mean() < 0.9


def test_every_operation_gives_the_same_numbers(opened, snapshots):
    """Pixel by pixel, so that the one that differs is named."""
    prefix, size = snapshots["every operation"]
    here, there = Snapshot(prefix, size).generate(NOISE), opened["every operation"][0]
    differences = np.abs(here - there)[:, : len(USES) * VALUES_PER_USE].reshape(-1, len(USES), VALUES_PER_USE)
    assert [op for op, difference in zip(USES, differences.max(axis=(0, 2))) if difference > 1e-5] == []


def test_every_battle_op_is_among_them(snapshots):
    used = {node.op for node in Snapshot(*snapshots["every operation"]).networks[0].graph_def.node}
    assert set(USES) <= used
    assert battle_ops.BATTLE_OPS - used == battle_ops.VARIABLE_OPS


@pytest.fixture(scope="module")
def registry():
    """What TensorFlow 1.2 knows of the battle ops; see old_registry.py."""
    return json.loads(run_old("1.2", "old_registry.py", *sorted(battle_ops.BATTLE_OPS)))


def test_battle_ops_exist_in_1_2(registry):
    assert battle_ops.BATTLE_OPS - set(registry) == set()
    assert [name for name, op in registry.items() if op["deprecated"]] == []


def test_newer_attributes_are_all_known(registry):
    """All that this TensorFlow has added to a battle op since 1.2; data_format to DepthToSpace."""
    newer = {
        attr.name
        for name, old in registry.items()
        for attr in op_def_registry.get(name).attr
        if attr.name not in old["attributes"]
    }
    assert newer | SINCE_2_16 == set(battle_ops.HARMLESS)


def test_missing_kernels_are_all_known(registry):
    """Of the types that an operation may have here, those for which 1.2 has no kernel."""
    missing = {dtype: set() for dtype in battle_ops.NO_KERNEL}
    for op, old in registry.items():
        for attr in op_def_registry.get(op).attr:
            if attr.type != "type" or attr.name in battle_ops.HARMLESS:
                continue
            # These are made int32 by the lowering.
            narrowed = attr.name in lowering._INT32_INDICES.get(op, ())
            for dtype in [tf.int32] if narrowed else missing:
                number, allowed = dtype.as_datatype_enum, attr.allowed_values.list.type
                if (not allowed or number in allowed) and DataType.Name(number) not in old["types"][attr.name]:
                    missing[dtype].add(op)
    assert missing == {dtype: set(ops.split()) for dtype, ops in battle_ops.NO_KERNEL.items()}


@pytest.fixture(scope="module", params=INTERPRETERS)
def skeletons(request, tmp_path_factory):
    """A folder of snapshots that an old TensorFlow wrote as the contest's first skeleton did."""
    folder = tmp_path_factory.mktemp("skeleton")
    run_old(request.param, "old_skeleton.py", folder)
    return folder


@pytest.mark.parametrize("variant", VARIANTS)
def test_opens_what_they_wrote(skeletons, variant):
    check_old_snapshot(skeletons / variant)


def test_networks_handed_in_as_they_are_trained_take_part(skeletons):
    """Batch norm with batch statistics, and dropout that is on: a replay has the same bits, another seed has others."""
    real = np.random.default_rng(1).integers(0, 256, (60, 2500), np.uint8)
    with sandbox.Sandbox() as opener:
        opened = [opener.open(str(skeletons / TRAINING), 2500) for _ in range(2)]
        assert [one.verify() for one in opened] == [(True, True)] * 2
        first, again, other = (
            half_round.play(one, one, real, 15, 30, seed) for one, seed in zip(opened * 2, (3, 3, 4))
        )
    np.testing.assert_array_equal(first.images, again.images)
    np.testing.assert_array_equal(first.probabilities, again.probabilities)
    assert not np.isin(other.probabilities, first.probabilities).all() and first.images.std(0).max() > 1
