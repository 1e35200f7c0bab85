"""Disks that are full, and folders that cannot be written: one sentence with the path, and nothing is lost."""

import os
import subprocess

import pytest
from conftest import run_train, synthetic_images

from gan import eval as evaluate
from gan import export_model, generate_and_discriminate, linear_interpolation, prepare_data
from gan.data import tfrecords
from gan.snapshots import checkpoint_files


def test_eval_says_that_a_training_could_save_nothing(faces, small_disk, tmp_path, capsys, fails):
    """The disk is full at the first save of a training: eval tells why there is nothing to evaluate."""
    disk = small_disk("1m")
    assert run_train(faces, disk / "run") == 1
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert str(disk) in said and "No space left on device" in said
    told = fails(evaluate.main, f"--eval_data_pattern={faces}", f"--train_dir={disk}/run", "--run_once")
    assert "no complete snapshot" in told and "make room" in told


@pytest.fixture(scope="module")
def held_out(tmp_path_factory):
    """A TFRecord file of images that nobody trained on."""
    path = str(tmp_path_factory.mktemp("held_out") / "held_out.tfrecords")
    tfrecords.write(path, synthetic_images(40, 2500, seed=7))
    return path


def results(trained, faces, to):
    """command -> (its main, its flags), each with its results in the folder `to`."""
    half_round = [f"--G_train_dir={trained}", f"--D_train_dir={trained}", f"--input_data_pattern={faces}"]
    return {
        "eval": (evaluate.main, [f"--eval_data_pattern={faces}", f"--train_dir={trained}", f"--log_dir={to}/e"]),
        "generate": (generate_and_discriminate.main, [*half_round, f"--output_dir={to}/h", "--num_generate=40"]),
        "interpolation": (linear_interpolation.main, [f"--train_dir={trained}", f"--output_file={to}/i/i.png"]),
        "export": (export_model.main, [f"--train_dir={trained}", f"--output_dir={to}/s"]),
        "prepare_data": (prepare_data.main, ["--source=faces_sample", f"--output_dir={to}/d"]),
    }


COMMANDS = ("eval", "generate", "interpolation", "export", "prepare_data")


@pytest.fixture
def read_only(small_disk):
    """A folder on a file system that can only be read."""
    disk = small_disk("1m")
    if subprocess.run(["mount", "-o", "remount,ro", str(disk)]).returncode:
        pytest.skip("no right to mount")
    return disk


@pytest.mark.parametrize("name", COMMANDS)
def test_a_full_disk_is_named(name, trained, held_out, small_disk, fails):
    disk = small_disk("16k")
    (disk / "full").write_bytes(bytes(16 << 10))
    main, flags = results(trained, held_out, disk)[name]
    told = fails(main, *flags, *(["--run_once", "--noquality"] if name == "eval" else []))
    assert str(disk) in told and "No space left on device" in told and "make room" in told


def test_a_disk_with_room_for_the_results_but_not_for_tensorboard(trained, held_out, small_disk, fails):
    disk = small_disk("16k")
    (disk / "full").write_bytes(bytes(12 << 10))
    main, flags = results(trained, held_out, disk)["eval"]
    told = fails(main, *flags, "--run_once", "--noquality")
    assert str(disk) in told and "No space left on device" in told and "make room" in told
    assert (disk / "e" / "eval" / "eval.jsonl").read_text().endswith("}\n")


def test_a_picture_that_the_disk_has_no_room_for_is_not_there(trained, held_out, small_disk, fails):
    """80 images and two tables take 4 KiB each, the overview takes more than what is left."""
    disk = small_disk("360k")
    main, flags = results(trained, held_out, disk)["generate"]
    told = fails(main, *flags)
    assert str(disk) in told and "No space left on device" in told
    assert len(os.listdir(disk / "h" / "images")) == 80
    assert sorted(os.listdir(disk / "h")) == ["ground_truth.csv", "images", "predictions.csv"]


@pytest.mark.parametrize("name", COMMANDS[1:])
def test_a_folder_that_is_read_only_is_named(name, trained, held_out, read_only, fails):
    main, flags = results(trained, held_out, read_only)[name]
    told = fails(main, *flags)
    assert str(read_only) in told and "Read-only file system" in told


def test_eval_measures_a_snapshot_in_a_folder_that_is_read_only(trained, held_out, read_only, capsys):
    main, flags = results(trained, held_out, read_only)["eval"]
    assert main(["eval", *flags, "--run_once", "--noquality"]) == 0
    printed = capsys.readouterr()
    assert '"accuracy_on_real"' in printed.out
    assert f"{read_only}/e/eval is left as it is" in printed.err and "Read-only file system" in printed.err


def test_a_training_whose_disk_fills_up_goes_on_from_its_last_save(faces, small_disk, capsys):
    disk = small_disk("64m")
    assert run_train(faces, disk / "run", "--max_steps=10") == 0
    left = os.statvfs(disk)
    (disk / "others").write_bytes(bytes(left.f_bavail * left.f_frsize - (200 << 10)))
    assert run_train(faces, disk / "run", "--max_steps=20") == 1
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert str(disk / "run") in said and "the last complete one is kept" in said
    assert checkpoint_files.latest_snapshot(str(disk / "run")).step == 10
    (disk / "others").unlink()
    assert run_train(faces, disk / "run", "--max_steps=20") == 0
    assert checkpoint_files.latest_snapshot(str(disk / "run")).step == 20
