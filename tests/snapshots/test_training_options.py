"""The record of a training: written before its first step, carried on, read wherever it is."""

import hashlib
import json
import os
import shutil

import numpy as np
import pytest
from conftest import NUM_IMAGES, run_train, synthetic_images

from gan import __version__
from gan.data import tfrecords
from gan.snapshots import training_options
from gan.snapshots.training_options import TrainingOptions

OPTIONS = TrainingOptions({"batch_size": 8, "max_steps": 10}, {"numpy": "2.0"}, 7, "ab", [], 12)


def test_a_training_is_recorded(trained, faces):
    found = training_options.read(trained)
    assert found.flags["batch_size"] == 16 and found.flags["train_dir"] == trained
    assert found.flags["penalty"] is None and len(found.flags) > 45
    assert found.versions["numpy"] == np.__version__ and found.versions["gan"] == __version__
    assert {*found.versions} == {"python", "tensorflow", "numpy", "gan"}
    assert (found.seed, found.num_images) == (5, NUM_IMAGES)
    assert found.data_sha256 == hashlib.sha256(synthetic_images(NUM_IMAGES, 2500).tobytes()).hexdigest()
    assert [(session.first_step, session.changed) for session in found.sessions] == [(0, {})]


def test_a_snapshot_names_the_record_of_its_folder(trained):
    assert training_options.read(os.path.join(trained, "model.ckpt-20")) == training_options.read(trained)


def test_what_changes_on_the_way_is_recorded(trained, faces, tmp_path):
    copy = shutil.copytree(trained, tmp_path / "copy")
    tfrecords.write(str(tmp_path / "fewer.tfrecords"), synthetic_images(40, 2500))
    assert run_train(tmp_path / "fewer.tfrecords", copy, "--max_steps=22", "--keep_snapshots=3") == 0
    first, second = training_options.read(str(copy)).sessions
    assert first == training_options.read(trained).sessions[0]
    assert second.first_step == 20
    assert second.changed["max_steps"] == [20, 22] and second.changed["keep_snapshots"] == [5, 3]
    assert second.changed["num_images"] == [NUM_IMAGES, 40] and "data_sha256" in second.changed
    assert {*second.changed} == {
        *("max_steps", "keep_snapshots", "num_images", "data_sha256", "train_dir", "train_data_pattern")
    }
    assert training_options.read(str(copy)).flags["max_steps"] == 22


def test_a_seed_that_goes_on_is_no_change(trained):
    before = training_options.read(trained)
    unsaid = before._replace(flags={**before.flags, "seed": None})
    assert training_options.continued(before, unsaid, 20).sessions[-1].changed == {}


def test_a_finished_training_is_not_recorded_again(trained, faces, tmp_path):
    copy = shutil.copytree(trained, tmp_path / "copy")
    assert run_train(faces, copy) == 0
    assert training_options.read(str(copy)) == training_options.read(trained)


def test_a_folder_without_a_record_goes_on(trained, faces, tmp_path):
    copy = shutil.copytree(trained, tmp_path / "copy")
    (copy / training_options.FILE).unlink()
    assert training_options.read(str(copy)) is None
    assert run_train(faces, copy, "--max_steps=21") == 0
    (session,) = training_options.read(str(copy)).sessions
    assert (session.first_step, session.changed) == (20, {})


def test_start_new_model_begins_a_new_record(trained, faces, tmp_path):
    copy = shutil.copytree(trained, tmp_path / "copy")
    assert run_train(faces, copy, "--max_steps=1", "--start_new_model", "--seed=9") == 0
    found = training_options.read(str(copy))
    assert found.seed == 9 and [session.first_step for session in found.sessions] == [0]


def test_the_hash_of_streamed_data_is_of_the_files(tmp_path):
    big = tmp_path / "big.tfrecords"
    tfrecords.write(str(big), synthetic_images(400, 2500))
    assert run_train(big, tmp_path / "run", "--data_memory_mb=1", "--max_steps=1") == 0
    assert training_options.read(str(tmp_path / "run")).data_sha256 == hashlib.sha256(big.read_bytes()).hexdigest()


def test_a_changed_package_is_recorded_and_flags_of_the_command_are_not():
    begun = training_options.continued(None, OPTIONS._replace(flags={**OPTIONS.flags, "start_new_model": True}), 0)
    again = training_options.continued(begun, OPTIONS._replace(versions={"numpy": "2.1"}), 10)
    assert [session.changed for session in again.sessions] == [{}, {"numpy": ["2.0", "2.1"]}]


@pytest.mark.parametrize("content", [b"", b"[1]", b"{}", b'{"sessions": 3}', b'{"sessions": [{}]}', b"\xff"])
def test_a_damaged_record_is_none(content, tmp_path):
    (tmp_path / training_options.FILE).write_bytes(content)
    assert training_options.read(str(tmp_path)) is None


def test_a_later_version_may_add_to_the_record(tmp_path):
    options = training_options.continued(None, OPTIONS, 0)
    content = {**json.loads(training_options.encoded(options)), "more": 1}
    content["sessions"][0]["more"] = 2
    (tmp_path / training_options.FILE).write_text(json.dumps(content))
    assert training_options.read(str(tmp_path)) == options
