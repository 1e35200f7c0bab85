"""What is found, kept and removed in a train_dir."""

import pathlib
import shutil

import pytest

from gan import checkpoint
from gan.errors import StateError


def touch(folder, *names):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_text("x")


def snapshot_files(step):
    return [f"model.ckpt-{step}.{part}" for part in ("index", "meta", "data-00000-of-00001")]


def test_the_named_snapshot_is_found_else_the_newest_complete_one(tmp_path):
    assert checkpoint.latest_snapshot(str(tmp_path)) is None
    assert checkpoint.latest_snapshot(str(tmp_path / "nowhere")) is None
    touch(tmp_path, *snapshot_files(10), *snapshot_files(200))
    assert checkpoint.latest_snapshot(str(tmp_path)).step == 200
    (tmp_path / "checkpoint").write_text('model_checkpoint_path: "/home/them/run/model.ckpt-10"\n')
    assert checkpoint.latest_snapshot(str(tmp_path)) == (
        str(tmp_path / "model.ckpt-10"),
        10,
        str(tmp_path / "model.ckpt-10"),
    )
    (tmp_path / "model.ckpt-10.meta").unlink()
    assert checkpoint.latest_snapshot(str(tmp_path)).step == 200


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
    assert checkpoint.latest_snapshot(str(tmp_path)).step == 10


def test_a_prefix_names_one_snapshot(tmp_path):
    touch(tmp_path, *snapshot_files(10), *snapshot_files(20))
    assert checkpoint.latest_snapshot(str(tmp_path / "model.ckpt-10")).step == 10


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
    touch(tmp_path / "state", "state.ckpt-10.index", "state.ckpt-10.data-00000-of-00001", "checkpoint", "thesis.tex")
    touch(tmp_path / "eval", "events.out.tfevents.2.host")
    checkpoint.remove_training(str(tmp_path))
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {*own, "state/thesis.tex", "eval/events.out.tfevents.2.host"}


def test_leftovers_of_a_killed_run_are_removed(tmp_path):
    whole = [*snapshot_files(10), "checkpoint", "notes.part"]
    touch(tmp_path, *whole, "model.ckpt-20.data-00000-of-00001.tempstate77", "model.ckpt-20.meta.part")
    checkpoint.remove_leftovers(str(tmp_path))
    assert {path.name for path in tmp_path.iterdir()} == {*whole}


def test_a_snapshot_opens_after_its_folder_was_moved(trained, tmp_path):
    moved = tmp_path / "elsewhere"
    shutil.copytree(trained, moved)
    assert checkpoint.latest_snapshot(str(moved)).prefix.startswith(str(moved))
    assert "/" not in pathlib.Path(trained, "checkpoint").read_text()


def test_two_trainers_do_not_share_a_folder(tmp_path):
    checkpoint.prepare_folder(str(tmp_path))
    with checkpoint.locked(str(tmp_path)):
        with pytest.raises(StateError, match="in use"):
            with checkpoint.locked(str(tmp_path)):
                pass
    with checkpoint.locked(str(tmp_path)):
        pass
