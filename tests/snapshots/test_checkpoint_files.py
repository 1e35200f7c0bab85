"""What is found, kept and removed in a train_dir."""

import os
import pathlib
import shutil
import subprocess
import sys

import pytest

from gan.console.errors import StateError
from gan.snapshots import checkpoint_files, training_options

# In a process of its own, because who opens a pipe waits for ever and who reads a device needs all memory.
LATEST = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
from gan.snapshots import checkpoint_files
print(checkpoint_files.latest_snapshot(sys.argv[1]).step)
"""
POINTERS = {
    "pipe": os.mkfifo,
    "folder": os.mkdir,
    "device": lambda path: os.symlink("/dev/zero", path),
    "link": lambda path: os.symlink("elsewhere", path),
    "link to itself": lambda path: os.symlink("checkpoint", path),
    "long": lambda path: path.write_text("#" * 2**20 + '\nmodel_checkpoint_path: "model.ckpt-10"\n'),
    "5,000 digits": lambda path: path.write_text(f'model_checkpoint_path: "model.ckpt-{"1" * 5000}"\n'),
    "no digits of ours": lambda path: path.write_text('model_checkpoint_path: "model.ckpt-\u0661\u0660"\n', "utf-8"),
    "empty": pathlib.Path.touch,
}


def touch(folder, *names):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_text("x")


def snapshot_files(step):
    return [f"model.ckpt-{step}.{part}" for part in ("index", "meta", "data-00000-of-00001")]


def test_the_named_snapshot_is_found_else_the_newest_complete_one(tmp_path):
    assert checkpoint_files.latest_snapshot(str(tmp_path)) is None
    assert checkpoint_files.latest_snapshot(str(tmp_path / "nowhere")) is None
    touch(tmp_path, *snapshot_files(10), *snapshot_files(200))
    assert checkpoint_files.latest_snapshot(str(tmp_path)).step == 200
    (tmp_path / "checkpoint").write_text('model_checkpoint_path: "/home/them/run/model.ckpt-10"\n')
    assert checkpoint_files.latest_snapshot(str(tmp_path)) == (
        str(tmp_path / "model.ckpt-10"),
        10,
        str(tmp_path / "model.ckpt-10"),
    )
    (tmp_path / "model.ckpt-10.meta").unlink()
    assert checkpoint_files.latest_snapshot(str(tmp_path)).step == 200


def test_half_written_snapshots_are_passed_over(tmp_path):
    touch(
        tmp_path,
        *snapshot_files(10),
        *snapshot_files(20)[:2],
        "model.ckpt-30.data-00000-of-00001",
        "model.ckpt-30.index",
    )
    touch(tmp_path, *(name + ".part" for name in snapshot_files(40)))
    touch(tmp_path, "model.ckpt-50.index", "model.ckpt-50.meta", "model.ckpt-50.data-00000-of-00002")
    assert checkpoint_files.latest_snapshot(str(tmp_path)).step == 10


@pytest.mark.parametrize("name", POINTERS)
def test_a_pointer_that_is_none_is_passed_over(name, tmp_path):
    touch(tmp_path, *snapshot_files(10), *snapshot_files(20))
    (tmp_path / "elsewhere").write_text('model_checkpoint_path: "model.ckpt-10"\n')
    POINTERS[name](tmp_path / "checkpoint")
    command = [sys.executable, "-c", LATEST, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.stdout == "20\n", done.stderr[-1000:]


@pytest.mark.parametrize("step", ["9" * 19, "9" * 5000, "007", "\u0661"])
def test_steps_are_whole_numbers_of_64_bits(step, tmp_path):
    names = [name for name in snapshot_files(step) if len(name) < 255]
    touch(tmp_path, *names, *snapshot_files(9))
    assert checkpoint_files.latest_snapshot(str(tmp_path)).step == 9
    assert set(checkpoint_files.all_complete([*snapshot_files(step), *snapshot_files(9)], ("index", "meta"))) == {9}
    assert checkpoint_files.step_of(f"model.ckpt-{step}") == (7 if step == "007" else None)
    touch(tmp_path, *snapshot_files(10**18 - 1))
    assert checkpoint_files.latest_snapshot(str(tmp_path)).step == 10**18 - 1 < 2**63
    assert checkpoint_files.folder_of(f"run/model.ckpt-{10**18 - 1}") == "run"


def test_a_prefix_names_one_snapshot(tmp_path):
    touch(tmp_path, *snapshot_files(10), *snapshot_files(20), "model.ckpt-10.junk", "model.ckpt-10.x.index")
    listed = []
    assert checkpoint_files.latest_snapshot(str(tmp_path / "model.ckpt-10"), listed.append).step == 10
    assert listed[0].files.keys() == {*snapshot_files(10)}


def test_start_new_model_removes_only_what_a_trainer_wrote(tmp_path):
    own = ["notes.txt", "model.ckpt-best.index", "model.ckpt-10.backup", "my-model.ckpt-10.index", "checkpoint.bak"]
    touch(
        tmp_path,
        *own,
        *snapshot_files(10),
        "checkpoint",
        "events.out.tfevents.1.host",
        "model.ckpt-20.index.tempstate12",
    )
    touch(tmp_path, "training_options.json", "training_options.json.0123abcd.part")
    touch(tmp_path / "state", "state.ckpt-10.index", "state.ckpt-10.data-00000-of-00001", "checkpoint", "thesis.tex")
    touch(tmp_path / "eval", "events.out.tfevents.2.host")
    checkpoint_files.remove_training(str(tmp_path))
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {*own, "state/thesis.tex", "eval/events.out.tfevents.2.host"}


def test_leftovers_of_a_killed_run_are_removed(tmp_path):
    whole = [*snapshot_files(10), "checkpoint", "training_options.json", "notes.part", "notes.0123abcd.part"]
    left = [
        "model.ckpt-20.data-00000-of-00001.tempstate77",
        "model.ckpt-20.meta.part",
        "model.ckpt-20.meta.0123abcd.part",
    ]
    touch(tmp_path, *whole, *left, "checkpoint.0123abcd.part", "training_options.json.0123abcd.part")
    checkpoint_files.remove_leftovers(str(tmp_path))
    assert {path.name for path in tmp_path.iterdir()} == {*whole}


def test_a_snapshot_opens_after_its_folder_was_moved(trained, tmp_path):
    moved = tmp_path / "elsewhere"
    shutil.copytree(trained, moved)
    assert checkpoint_files.latest_snapshot(str(moved)).prefix.startswith(str(moved))
    assert "/" not in pathlib.Path(trained, "checkpoint").read_text()


def test_two_trainers_do_not_share_a_folder(tmp_path):
    checkpoint_files.prepare_folder(str(tmp_path))
    with checkpoint_files.locked(str(tmp_path)):
        with pytest.raises(StateError, match="in use"):
            with checkpoint_files.locked(str(tmp_path)):
                pass
    with checkpoint_files.locked(str(tmp_path)):
        pass


def test_the_record_of_a_training_goes_with_it():
    assert checkpoint_files.TRAINING_OPTIONS == training_options.FILE
    assert not checkpoint_files.is_partial(training_options.FILE) and not checkpoint_files.is_log(training_options.FILE)


def test_a_full_disk_keeps_the_last(small_disk):
    folder = str(small_disk("1m"))
    path = os.path.join(folder, "model.ckpt-10.meta")
    checkpoint_files.write(path, b"old")
    with pytest.raises(StateError, match=f"{path} could not be written, the last complete one is kept: No space left"):
        checkpoint_files.write(path, bytes(2**20))
    assert pathlib.Path(path).read_bytes() == b"old" and os.listdir(folder) == ["model.ckpt-10.meta"]
