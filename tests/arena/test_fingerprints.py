"""Teams that handed in the same networks are found by what the networks answer, whatever the files are."""

import os
import shutil

import hostile
import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from conftest import ROOT

from gan.arena import fingerprints
from gan.arena.fingerprints import DISCRIMINATOR, GENERATOR, NETWORKS, SNAPSHOT
from gan.sandbox import sandbox


@pytest.fixture(scope="module")
def taken(tmp_path_factory):
    """Function from a folder to its digest, whose fingerprint is in `taken.prints`."""
    with sandbox.Sandbox() as box:

        def take(folder):
            with box.open(str(folder), hostile.SIZE) as opened:
                digest = opened.staged.digest
                take.prints[digest] = fingerprints.take(opened)
            return digest

        take.prints = {}
        yield take


def resaved(source, target, change=lambda name, value: value):
    """Writes a snapshot again by TensorFlow, in other files; `change` may alter its weights."""
    os.makedirs(target)
    with tf.Graph().as_default(), tf.Session() as session:
        saver = tf.train.import_meta_graph(f"{source}/model.ckpt-1.meta")
        saver.restore(session, f"{source}/model.ckpt-1")
        for variable in tf.global_variables():
            session.run(tf.assign(variable, change(variable.op.name, session.run(variable))))
        saver.save(session, f"{target}/other.ckpt-9")
    return target


def test_what_is_the_same_is_found(taken, tmp_path):
    one = tmp_path / "one"
    hostile.write(str(one))
    shutil.copytree(one, tmp_path / "copy")
    folders = {
        "one": one,
        "copy": tmp_path / "copy",
        "other files": resaved(one, tmp_path / "files"),
        "own generator": resaved(one, tmp_path / "g", lambda name, value: -value if "generator" in name else value),
        "own discriminator": resaved(one, tmp_path / "d", lambda name, value: value[::-1] if "disc" in name else value),
    }
    hostile.write(str(tmp_path / "stranger"), step=2)
    names = [*folders, "stranger"]
    digests = [taken(folder) for folder in [*folders.values(), tmp_path / "stranger"]]
    found = {same.what: {names[place] for place in same.places} for same in fingerprints.same(digests, taken.prints)}
    assert found == {
        SNAPSHOT: {"one", "copy"},
        GENERATOR: {"one", "copy", "other files", "own discriminator"},
        DISCRIMINATOR: {"one", "copy", "other files", "own generator"},
    }
    some = [digests[names.index(name)] for name in ("one", "other files", "stranger")]
    assert fingerprints.same(some, taken.prints) == [(NETWORKS, (0, 1))]


def test_the_house_team_with_a_little_noise_is_still_the_house_team(taken, tmp_path):
    random = np.random.default_rng(1)
    house = ROOT / "gan" / "house_team"
    shutil.copytree(house, tmp_path / "copy")
    name = next(tmp_path.glob("copy/*.meta")).stem
    for file in list((tmp_path / "copy").glob(f"{name}.*")):
        file.rename(file.with_name(file.name.replace(name, "model.ckpt-1")))
    digests = [taken(house)]
    for spread in (1e-3, 0.3):
        noisy = lambda _, value: value + spread * value.std() * random.normal(size=value.shape)  # noqa: B023, E731
        digests.append(taken(resaved(tmp_path / "copy", tmp_path / f"noisy{spread}", noisy)))
    assert fingerprints.same(digests, taken.prints) == [(NETWORKS, (0, 1))]


def test_networks_that_say_nothing_are_not_called_the_same(taken, tmp_path):
    """A generator that ignores its noise, and discriminators that are always sure, are alike without being copied."""
    for number, step in enumerate((1, 2)):
        hostile.write(
            str(tmp_path / str(number)),
            lambda noise: 0.5 + 0 * hostile.fair_generator(noise),
            lambda images: tf.sigmoid(90 + 0 * hostile.fair_discriminator(images)),
            step=step,
        )
    digests = [taken(tmp_path / str(number)) for number in range(2)]
    assert digests[0] != digests[1] and fingerprints.same(digests, taken.prints) == []


def test_teams_without_fingerprints():
    assert fingerprints.same([], {}) == [] and fingerprints.same(["a", "b", "a"], {}) == [(SNAPSHOT, (0, 2))]
