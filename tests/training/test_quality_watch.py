"""Quality while a training runs: the curve in TensorBoard, the time it takes, and the best snapshot that is kept."""

import json
import os
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import run_train
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from gan import submit, train
from gan.measure import metric_registry, training_quality
from gan.snapshots import checkpoint_files, training_options
from gan.snapshots.snapshot import Snapshot
from gan.training import quality_record, quality_watch, tuning_report
from gan.training.position import Position

FLAGS = ["--keep_best=frechet", "--quality_minutes=0"]
TAG = "training_quality/frechet_96_wavelets"


@pytest.fixture
def always(monkeypatch):
    """Measures after every step."""
    monkeypatch.setattr(quality_watch, "SHARE_OF_TIME", np.inf)


def curve(folder):
    """Step -> value that TensorBoard shows."""
    events = EventAccumulator(str(folder)).Reload()
    return {each.step: each.value for each in events.Scalars(TAG)}


def best(folder):
    return json.loads((folder / "best" / "best.json").read_text())


def test_the_best_of_all_that_were_measured_is_kept(faces, tmp_path, always, capsys):
    assert run_train(faces, tmp_path, *FLAGS, "--max_steps=6", "--base_learning_rate=0.05") == 0
    values = curve(tmp_path)
    step, value = min(values.items(), key=lambda each: each[1])
    assert set(values) == set(range(1, 7))
    kept = best(tmp_path)
    assert (kept["step"], kept["chosen"]) == (step, "frechet_96_wavelets")
    assert kept["value"] == kept["cost"] == pytest.approx(value, rel=1e-5)
    snapshot = Snapshot(str(tmp_path / "best"), 2500)
    assert snapshot.step == step and os.path.exists(tmp_path / "best" / "checkpoint")
    assert training_options.read(str(tmp_path / "best")).flags["keep_best"] == "frechet"
    assert f"best of all measured: {tmp_path}/best, step {step}, frechet_96_wavelets" in capsys.readouterr().out
    assert checkpoint_files.latest_snapshot(str(tmp_path)).step == 6


def test_the_features_can_be_named(faces, tmp_path, always, capsys):
    """Here those that are not the usual ones; TensorBoard and the record name them, too."""
    assert run_train(faces, tmp_path, "--keep_best=kid_low_resolution", "--quality_minutes=0", "--max_steps=2") == 0
    assert best(tmp_path)["chosen"] == "kid_96_low_resolution"
    assert {tag.split("_96_")[1] for tag in quality_record.read(str(tmp_path))[0].scalars} == {"low_resolution"}


def test_a_finished_training_is_measured_by_another_metric(faces, tmp_path, always):
    assert run_train(faces, tmp_path, *FLAGS, "--max_steps=2") == 0
    assert run_train(faces, tmp_path, "--keep_best=kid", "--quality_minutes=0", "--max_steps=2") == 0
    assert (best(tmp_path)["step"], best(tmp_path)["chosen"]) == (2, "kid_96_wavelets")


def test_a_finished_training_without_a_record_is_measured(faces, tmp_path, always):
    assert run_train(faces, tmp_path, "--max_steps=2") == 0
    (tmp_path / "training_options.json").unlink()
    assert run_train(faces, tmp_path, *FLAGS, "--max_steps=2") == 0
    assert best(tmp_path)["step"] == 2 and Snapshot(str(tmp_path / "best"), 2500).step == 2


def test_the_best_snapshot_is_known_after_a_kill_before_its_note(faces, tmp_path, always):
    """A later measurement is worse here, and must not take its place."""
    assert run_train(faces, tmp_path, *FLAGS, "--max_steps=1") == 0
    kept = best(tmp_path)
    (tmp_path / "best" / "best.json").unlink()
    assert run_train(faces, tmp_path, *FLAGS, "--max_steps=3", "--base_learning_rate=0.05") == 0
    values = {line.step: line.value for line in quality_record.read(str(tmp_path))}
    assert min(values, key=values.get) == 1, "choose another learning rate for this test"
    assert best(tmp_path) == kept


def test_what_was_measured_is_noted_for_programs(faces, tmp_path, always):
    assert run_train(faces, tmp_path, *FLAGS, "--max_steps=4") == 0
    assert run_train(faces, tmp_path, *FLAGS, "--max_steps=6") == 0
    noted = quality_record.read(str(tmp_path))
    shown = curve(tmp_path)
    assert [line.step for line in noted] == [1, 2, 3, 4, 5, 6]
    assert [line.scalars[TAG] for line in noted] == pytest.approx([shown[line.step] for line in noted])
    assert [line.value for line in noted] == [line.scalars[TAG] for line in noted]
    minutes = [line.minutes for line in noted]
    assert minutes == sorted(minutes) and 0 < minutes[0] and minutes[-1] < 5


def test_what_a_killed_run_measured_later_is_measured_again(tmp_path):
    lines = [quality_record.QualityLine(step, step / 10, None, 0.0, 0.0, {}) for step in (1, 2, 3)]
    for line in [*lines, lines[1]]:
        quality_record.add(str(tmp_path), line)
    assert quality_record.read(str(tmp_path)) == lines[:2]


def test_the_cloud_gets_the_metric_in_its_own_file(faces, tmp_path, always, monkeypatch):
    """As cloudml-hypertune writes it: one JSON object a line, all values but the time as text."""
    monkeypatch.setenv("CLOUD_ML_HP_METRIC_FILE", str(tmp_path / "hypertune" / "output.metrics"))
    monkeypatch.setenv("CLOUD_ML_TRIAL_ID", "7")
    assert run_train(faces, tmp_path / "run", *FLAGS, "--max_steps=3") == 0
    lines = [json.loads(line) for line in (tmp_path / "hypertune" / "output.metrics").read_text().splitlines()]
    noted = quality_record.read(str(tmp_path / "run"))
    assert [(line["trial"], line["global_step"]) for line in lines] == [("7", "1"), ("7", "2"), ("7", "3")]
    assert [float(line["training/hptuning/metric"]) for line in lines] == [line.value for line in noted]
    assert {*lines[0]} == {"timestamp", "trial", "training/hptuning/metric", "global_step", "checkpoint_path"}
    events = EventAccumulator(str(tmp_path / "run")).Reload()
    shown = [each.value for each in events.Scalars("training/hptuning/metric")]
    assert shown == pytest.approx([line.value for line in noted], rel=1e-5)


def test_training_goes_on_if_the_cloud_cannot_be_told(faces, tmp_path, always, monkeypatch, capsys):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("CLOUD_ML_HP_METRIC_FILE", str(tmp_path / "file" / "output.metrics"))
    assert run_train(faces, tmp_path / "run", *FLAGS, "--max_steps=3") == 0
    assert capsys.readouterr().out.count("warning: the cloud is not told the metric") == 1
    assert len(quality_record.read(str(tmp_path / "run"))) == 3


def test_the_cloud_gets_the_last_hundred_at_most(tmp_path):
    report = tuning_report.TuningReport(str(tmp_path / "metrics"), "0")
    for step in range(120):
        report.add(step, 0.5)
    steps = [json.loads(line)["global_step"] for line in (tmp_path / "metrics").read_text().splitlines()]
    assert steps == [str(step) for step in range(20, 120)]


def test_a_finished_training_is_measured_once_if_its_best_is_asked_for_later(faces, tmp_path, always, capsys):
    assert run_train(faces, tmp_path, "--max_steps=3") == 0
    for _ in range(2):
        assert run_train(faces, tmp_path, *FLAGS, "--max_steps=3") == 0
        assert f"best of all measured: {tmp_path}/best, step 3" in capsys.readouterr().out
    assert [line.step for line in quality_record.read(str(tmp_path))] == [3]
    assert Snapshot(str(tmp_path / "best"), 2500).step == 3


def test_one_that_is_worse_never_takes_its_place(faces, tmp_path, always):
    """What goes on from a good training with a learning rate that spoils it leaves the best one alone."""
    assert run_train(faces, tmp_path, *FLAGS, "--max_steps=20") == 0
    before = best(tmp_path)
    assert run_train(faces, tmp_path, *FLAGS, "--max_steps=23", "--base_learning_rate=1", "--averaging_decay=0.5") == 0
    later = {step: value for step, value in curve(tmp_path).items() if step > 20}
    assert len(later) == 3 and min(later.values()) > before["value"] and best(tmp_path) == before
    assert Snapshot(str(tmp_path / "best"), 2500).step == before["step"]


def test_starting_from_scratch_removes_it(faces, tmp_path, always):
    assert run_train(faces, tmp_path, *FLAGS, "--max_steps=2") == 0
    (tmp_path / "best" / "note.txt").write_text("my own")
    assert run_train(faces, tmp_path, "--max_steps=2", "--start_new_model") == 0
    assert os.listdir(tmp_path / "best") == ["note.txt"]
    assert quality_record.read(str(tmp_path)) == []


@pytest.mark.parametrize("minutes, due", [(0.5, [30, 4 / 0.03, 6 / 0.03]), (3.0, [180, 362, 544])])
def test_measuring_takes_its_share_of_the_time_at_most(minutes, due, tmp_path, monkeypatch):
    """Measurements of 2 seconds each: after the first, all together take at most 3%, and the minutes lie between."""
    now, measured = [0.0], []
    monkeypatch.setattr(quality_watch.time, "monotonic", lambda: now[0])
    empty = SimpleNamespace(training=SimpleNamespace(path=str(tmp_path)))
    watch = quality_watch.QualityWatch(None, minutes, None, empty, None)

    def measure(position):
        measured.append(now[0])
        now[0] += 2

    watch._measure = measure
    position = Position(step=1, images_seen=16, seconds=1.0, num_images=96)
    while len(measured) < 3:
        now[0] += 0.5
        watch.follow(position)
    np.testing.assert_allclose(measured, due, atol=0.5)


def test_what_cannot_be_measured_is_told_at_once(fails, faces, tmp_path):
    flags = [f"--train_data_pattern={faces}", f"--train_dir={tmp_path}/run"]
    error = fails(train.main, *flags, "--keep_best=beauty")
    assert "--keep_best=beauty: the metrics are frechet, kid, precision" in error
    assert "such as frechet_wavelets" in error and "random_network, low_resolution, face_features" in error
    assert "--keep_best=frechet_inception: " in fails(train.main, *flags, "--keep_best=frechet_inception")
    assert not (tmp_path / "run").exists()


def test_features_of_faces_are_refused_for_digits(fails, digits, tmp_path):
    flags = [f"--train_data_pattern={digits}", f"--train_dir={tmp_path}/run", "--use_mnist"]
    error = fails(train.main, *flags, "--keep_best=frechet_face_features")
    assert "face_features are for 50x50 faces, not for images of 28x28; take wavelets" in error
    assert not (tmp_path / "run").exists()


def test_the_direction_of_the_metric_counts():
    metrics = metric_registry.METRICS
    assert training_quality.cost(metrics["frechet"], 2.0) < training_quality.cost(metrics["frechet"], 3.0)
    assert training_quality.cost(metrics["recall"], 0.9) < training_quality.cost(metrics["recall"], 0.3)


def test_it_is_handed_in(faces, tmp_path, always, fails, capsys):
    flags = [f"--input_data_pattern={faces}", "--bucket=gs://team", "--best", "--dry_run"]
    flags += [f"--output_dir={tmp_path}/out", f"--train_dir={tmp_path}/run"]
    assert run_train(faces, tmp_path / "run", "--max_steps=2") == 0
    assert "has no snapshot; train with --keep_best=frechet" in fails(submit.main, *flags)
    assert run_train(faces, tmp_path / "run", *FLAGS, "--max_steps=4") == 0
    step = best(tmp_path / "run")["step"]
    assert submit.main(["submit", *flags]) == 0
    assert f"would copy gs://team/model/model.ckpt-{step}.index" in capsys.readouterr().out
