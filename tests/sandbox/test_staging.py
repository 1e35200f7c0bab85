"""Snapshots by any name, each written by TensorFlow's own savers: found, copied, opened, with the right numbers."""

import os
import pathlib
import shutil

import hostile
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from gan.console.errors import ContractError
from gan.contest import faults
from gan.random_noise_generator import uniform_noise
from gan.sandbox import sandbox, staging
from gan.snapshots import checkpoint_files

V1 = {"write_version": tf.train.SaverDef.V1}
# What is saved, in this order: (name, step, options of the saver).
CASES = {
    "pointer_names_another": [("model.ckpt", 7, {}), ("mygan", 9, {})],
    "number_that_is_smaller": [("model.ckpt", 12, {}), ("model.ckpt", 9, {})],
    "own_name": [("mygan", 3, {})],
    "no_step": [("model.ckpt", None, {})],
    "own_name_no_step": [("gan", None, {})],
    "name_with_dots_and_spaces": [("my gan v1.2", 12, {})],
    "unicode_and_quotes": [('모델 "좋은" it\'s', 4, {})],
    "name_of_a_folder_of_the_cell": [("dev", None, {})],
    "sharded": [("model.ckpt", 9, {"sharded": True})],
    "old_format": [("model.ckpt", 9, V1)],
    "old_format_no_step": [("gan", None, V1)],
}


@pytest.fixture(scope="module")
def opener():
    with sandbox.Sandbox() as opened:
        yield opened


def save(folder, *saves):
    """Saves networks of one seed for each; returns what the last generator makes of uniform_noise(3, 0)."""
    os.makedirs(folder, exist_ok=True)
    paths = []
    for seed, (name, step, options) in enumerate(saves):
        with tf.Graph().as_default(), tf.Session() as session:
            tf.set_random_seed(seed)
            noise, images = (tf.placeholder(tf.float32, [None, size]) for size in (hostile.NOISE, hostile.SIZE))
            tensors = noise, hostile.fair_generator(noise), images, hostile.fair_discriminator(images)
            for collection, tensor in zip(hostile.COLLECTIONS, tensors):
                tf.add_to_collection(collection, tensor)
            session.run(tf.global_variables_initializer())
            saver = tf.train.Saver(**options)
            saver.set_last_checkpoints(paths)
            saver.save(session, os.path.join(str(folder), name), global_step=step)
            paths = saver.last_checkpoints
            generated = session.run(tensors[1], {noise: uniform_noise(3, 0)})
    return generated


def name_of(saves):
    name, step, _ = saves[-1]
    return name if step is None else f"{name}-{step}"


@pytest.mark.parametrize("case", CASES)
def test_it_plays_the_one_that_checkpoint_names(case, opener, tmp_path):
    expected, name = save(tmp_path / "run", *CASES[case]), name_of(CASES[case])
    shutil.move(tmp_path / "run", tmp_path / "moved")
    for where in ("moved", f"moved/{name}", f"moved/{name}.meta"):
        with opener.open(str(tmp_path / where), hostile.SIZE) as opened:
            np.testing.assert_allclose(opened.generate(uniform_noise(3, 0)), expected, atol=1e-5)
            opened.verify()
            assert opened.path == str(tmp_path / "moved" / name) and opened.note is None
            assert opened.step == CASES[case][-1][1]
            staged = opened.staged
        copies = os.path.dirname(staged.folder)
        assert staging.restage(copies, staged.digest, staged.path) == staged


@pytest.mark.parametrize("before", ["/home/me/src/../train/", "C:\\\\Users\\\\me\\\\..\\\\train\\\\"])
def test_of_a_path_on_another_machine_the_last_part_counts(before, opener, tmp_path):
    """os.path.join(dirname(__file__), "..", "train") is a common way to name a folder."""
    expected = save(tmp_path, ("mygan", 9, {}))
    (tmp_path / "checkpoint").write_text(f'model_checkpoint_path: "{before}mygan-9"\n')
    with opener.open(str(tmp_path), hostile.SIZE) as opened:
        np.testing.assert_allclose(opened.generate(uniform_noise(3, 0)), expected, atol=1e-5)
        assert opened.note is None


def test_a_file_that_the_cell_needs_itself_is_no_snapshot(tmp_path):
    save(tmp_path / "run", ("proc", None, V1))
    with pytest.raises(ContractError, match="no complete snapshot|names no snapshot"):
        staging.stage(str(tmp_path / "run"), str(tmp_path / "copies"))


@pytest.mark.parametrize("case", CASES)
def test_what_is_handed_in_is_the_same_snapshot(case, tmp_path):
    save(tmp_path / "run", *CASES[case])
    staged = staging.stage(str(tmp_path / "run"), str(tmp_path / "copies"))
    (tmp_path / "bucket").mkdir()
    for name, content in checkpoint_files.handed_in(os.path.join(staged.folder, staged.name)).items():
        (tmp_path / "bucket" / name).write_bytes(content)
    again = staging.stage(str(tmp_path / "bucket"), str(tmp_path / "copies"))
    assert (again.digest, again.name, again.note) == (staged.digest, staged.name, None)


@pytest.mark.parametrize("lost", ["checkpoint", "mygan-9.meta", "mygan-9.data-00000-of-00001"])
def test_the_newest_by_time_stands_in_and_it_says_so(lost, opener, tmp_path):
    expected = save(tmp_path, ("zeta", 99, {}), ("mygan", 9, {}), ("old", None, V1))
    for path in tmp_path.glob("zeta*"):
        os.utime(path, (1e9, 1e9))
    shutil.copy(tmp_path / "checkpoint", tmp_path / "kept")
    pointer = (tmp_path / "checkpoint").read_text().replace("/old", "/mygan-9")
    (tmp_path / "checkpoint").write_text(pointer)
    (tmp_path / lost).unlink()
    for path in tmp_path.glob("old*"):
        os.utime(path, (2e9, 2e9))
    with opener.open(str(tmp_path), hostile.SIZE) as opened:
        np.testing.assert_allclose(opened.generate(uniform_noise(3, 0)), expected, atol=1e-5)
        why = (
            "there is no file" if lost == "checkpoint" else "the file checkpoint names mygan-9, which is missing or in"
        )
        assert opened.note.startswith(why) and "old was taken" in opened.note


def test_the_old_format_in_many_files_is_refused_with_the_remedy(tmp_path):
    save(tmp_path, ("model.ckpt", 9, {"sharded": True, **V1}))
    with pytest.raises(ContractError, match="Saver V1 format, .*write_version=tf.train.SaverDef.V2") as refused:
        staging.stage(str(tmp_path), str(tmp_path / "copies"))
    assert faults.sentence(refused.value.fault) == refused.value.why


def test_files_of_the_old_format_have_limits_and_no_links(tmp_path):
    save(tmp_path / "run", ("gan", None, V1))
    with pytest.raises(ContractError, match="too large"):
        staging.stage(str(tmp_path / "run"), str(tmp_path / "copies"), staging.SizeLimits(data=1000))
    shutil.move(tmp_path / "run" / "gan", tmp_path / "elsewhere")
    os.symlink(tmp_path / "elsewhere", tmp_path / "run" / "gan")
    with pytest.raises(ContractError, match="is a link"):
        staging.stage(str(tmp_path / "run"), str(tmp_path / "copies"))


@pytest.mark.parametrize("spoil", [lambda content: b"\xff" * 999, lambda content: content[: len(content) // 2]])
def test_a_broken_file_of_the_old_format_is_its_owners_fault(spoil, opener, tmp_path):
    save(tmp_path, ("gan", None, V1))
    (tmp_path / "gan").write_bytes(spoil((tmp_path / "gan").read_bytes()))
    with pytest.raises(ContractError, match="cannot be read"):
        opener.open(str(tmp_path), hostile.SIZE)


def test_names_do_not_forge_a_digest(tmp_path):
    """The digest is that of names and contents, one after the other; a name may look like both."""
    digests = set()
    for name, sizes in (("g", (40, 1, 1)), ("g 40 " + "x" * 9, (1, 1, 1))):
        folder = tmp_path / name
        folder.mkdir()
        for part, size in zip(("data-00000-of-00001", "index", "meta"), sizes):
            (folder / f"{name}.{part}").write_bytes(b"x" * size)
        digests.add(staging.stage(str(folder), str(tmp_path / "copies")).digest)
    copies = [*pathlib.Path(tmp_path / "copies").iterdir()]
    assert len(digests) == len(copies) == 2
