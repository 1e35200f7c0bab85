"""The record of a training and --dry_run with a train_dir in a bucket, against the real emulator."""

import json

import pytest
from conftest import run_train

from gan import train
from gan.snapshots import training_options
from gan.snapshots.snapshot import Snapshot
from gan.training import quality_watch

pytest_plugins = ["cloud"]


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def contents(emulator, bucket):
    return {name: emulator.read(bucket, name) for name in emulator.names(bucket)}


def test_the_record_is_uploaded_and_carried_on(emulator, bucket, faces):
    run = f"gs://{bucket}/run"
    assert run_train(faces, run, "--max_steps=2") == 0
    assert run_train(faces, run, "--max_steps=3") == 0
    found = training_options.read(run)
    assert [session.first_step for session in found.sessions] == [0, 2]
    assert found.sessions[1].changed == {"max_steps": [2, 3]} and found.flags["train_dir"] == run
    assert json.loads(emulator.read(bucket, "run/training_options.json"))["seed"] == 5
    assert run_train(faces, run, "--max_steps=1", "--start_new_model") == 0
    assert [session.first_step for session in training_options.read(run).sessions] == [0]


def test_pictures_may_lie_beside_the_snapshots(emulator, bucket, faces):
    """The folder is opened once, whatever it is called."""
    run, logs = f"gs://{bucket}/run", f"gs://{bucket}/logs"
    pictures = ["--export_generated_images", "--export_image_steps=1", "--max_steps=2"]
    assert run_train(faces, run, *pictures, f"--image_dir={run}/") == 0
    assert {"run/generated-000002.png", "run/model.ckpt-2.index"} <= set(emulator.names(bucket))
    assert run_train(faces, f"{run}2", *pictures, f"--image_dir={logs}", f"--log_dir={logs}") == 0
    found = [name for name in emulator.names(bucket) if name.startswith("logs/")]
    assert "logs/generated-000002.png" in found and any("tfevents" in name for name in found)


def test_the_best_snapshot_is_uploaded_and_fetched_again(emulator, bucket, faces, tmp_path, monkeypatch):
    """Another machine goes on: what it measures must beat the best of the first."""
    monkeypatch.setattr(quality_watch, "SHARE_OF_TIME", float("inf"))
    run, flags = f"gs://{bucket}/run", ["--keep_best=frechet", "--quality_minutes=0"]
    assert run_train(faces, run, *flags, "--max_steps=10") == 0
    best = json.loads(emulator.read(bucket, "run/best/best.json"))
    assert Snapshot(f"{run}/best", 2500).step == best["step"]
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "another machine"))
    spoilt = ["--max_steps=12", "--base_learning_rate=1", "--averaging_decay=0.5"]
    assert run_train(faces, run, *flags, *spoilt) == 0
    assert json.loads(emulator.read(bucket, "run/best/best.json")) == best
    assert Snapshot(f"{run}/best", 2500).step == best["step"]


def test_a_dry_run_changes_nothing_in_the_bucket(emulator, bucket, faces, capsys, fails):
    run, flags = f"gs://{bucket}/run", ["--dry_run", "--max_steps=5"]
    assert run_train(faces, run, *flags) == 0
    assert emulator.names(bucket) == []
    assert run_train(faces, run, "--max_steps=2") == 0
    before = contents(emulator, bucket)
    capsys.readouterr()
    assert run_train(faces, run, *flags) == 0
    out = capsys.readouterr().out
    assert "training would go on from step 2; whether it can be written was not tried" in out
    assert "max_steps 2 -> 5" in out and "it would remove" in out
    assert contents(emulator, bucket) == before
    (data,) = [name for name in before if "state.ckpt-2.data" in name]
    emulator.write(bucket, data, before[data][:100])
    assert "is damaged" in fails(train.main, f"--train_data_pattern={faces}", f"--train_dir={run}", *flags)
