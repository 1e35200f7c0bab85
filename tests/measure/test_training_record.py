"""The record of a training where it is read by others: in evaluations, comparisons and the report."""

import json
import os
import shutil

import numpy as np
import pytest
from conftest import synthetic_images

from gan import compare, eval
from gan.data import tfrecords
from gan.measure import training_record
from gan.snapshots import training_options
from gan.snapshots.training_options import Session, TrainingOptions

HOSTILE = "<script>alert(1)</script>\x1b[31m\u202e불꽃 팀 🔥\ud800" + "x" * 1000


@pytest.fixture(scope="module")
def held_out(tmp_path_factory):
    path = str(tmp_path_factory.mktemp("held_out") / "held_out.tfrecords")
    tfrecords.write(path, synthetic_images(40, 2500, seed=7))
    return path


@pytest.fixture
def copy(trained, tmp_path):
    return shutil.copytree(trained, tmp_path / "copy")


def changed(folder, **flags):
    """Writes a record whose flags are changed."""
    content = json.loads((folder / training_options.FILE).read_text(encoding="utf-8"))
    content["flags"] |= flags
    (folder / training_options.FILE).write_text(json.dumps(content))


def evaluate(folder, pattern, tmp_path, *flags):
    given = [f"--train_dir={folder}", f"--eval_data_pattern={pattern}", f"--log_dir={tmp_path / 'log'}", "--run_once"]
    return eval.main(["eval", *given, "--noquality", *flags])


def test_what_people_read():
    flags = {"label_loss": "HingeLoss", "batch_size": 32, "penalty": None, "max_minutes": 1.5, "train_dir": "run"}
    sessions = [Session("2026-01-24T10:03:00+00:00", 0, {}), Session("2026-01-25T08:00:00+00:00", 9, {})]
    record = training_record._checked(TrainingOptions(flags, {"numpy": "2.2"}, 7, "ab", sessions))
    assert training_record.described(record) == {
        "loss": "HingeLoss",
        "batch size": "32",
        "minutes, at most": "1.5",
        "seed": "7",
        "versions": "numpy 2.2",
        "begun": "2026-01-24T10:03:00+00:00",
        "continued": "1 times, last 2026-01-25T08:00:00+00:00",
    }
    assert training_record.as_json(record)["max_minutes"] == 1.5


def test_comparisons_show_it(held_out, trained, tmp_path):
    given = [f"--snapshots={trained}", f"--eval_data_pattern={held_out}", f"--output_dir={tmp_path}"]
    assert compare.main(["compare", *given, "--features=low_resolution", "--battles=0"]) == 0
    contestant = json.loads((tmp_path / "comparison.jsonl").read_text().splitlines()[0])
    assert contestant["training"]["generator_model"] == "SampleGenerator" and contestant["training"]["seed"] == 5
    assert contestant["training"]["versions"]["numpy"] == np.__version__
    page = (tmp_path / "report.html").read_text()
    assert "<summary>How it was trained</summary>" in page and "<dt>loss</dt><dd>CrossEntropyLoss</dd>" in page


def test_evaluations_report_the_loss_of_the_training(held_out, copy, tmp_path, capsys):
    changed(copy, label_loss="LeastSquaresLoss")
    assert evaluate(copy, held_out, tmp_path) == 0
    told, result = capsys.readouterr().out.splitlines()
    assert told.endswith("(LeastSquaresLoss, as in training)")
    assert evaluate(copy, held_out, tmp_path, "--label_loss=LeastSquaresLoss") == 0
    asked, same = capsys.readouterr().out.splitlines()
    assert "as in training" not in asked
    assert json.loads(same)["generator_loss"] == json.loads(result)["generator_loss"]


def test_a_loss_elsewhere_is_not_imported(held_out, copy, tmp_path, capsys, monkeypatch):
    (copy / "planted.py").write_text(f"open({str(tmp_path / 'imported')!r}, 'w')\nclass Loss: pass\n")
    changed(copy, label_loss="planted.Loss")
    monkeypatch.chdir(copy)
    assert evaluate(copy, held_out, tmp_path) == 0
    assert not (tmp_path / "imported").exists()
    printed = capsys.readouterr()
    assert "the training used the loss planted.Loss; CrossEntropyLoss is reported" in printed.err
    assert "as in training" not in printed.out


def test_evaluating_with_training_images_is_told(faces, held_out, trained, tmp_path, capsys):
    assert evaluate(trained, faces, tmp_path) == 0
    assert "the real images are those that the training was given" in capsys.readouterr().err
    assert evaluate(trained, held_out, tmp_path) == 0
    assert "real images" not in capsys.readouterr().err


def test_hostile_values_are_shown_as_short_text_or_left_out(held_out, copy, tmp_path):
    changed(
        copy,
        **{name: HOSTILE for name in ("generator_model", "label_loss")},
        **{"penalty": ["a"], "augment": {"a": 1}, "batch_size": float("nan"), "max_steps": True},
    )
    record = training_record.read(str(copy))
    assert record.flags["generator_model"].startswith("<script>alert(1)</script>\N{REPLACEMENT CHARACTER}[31m")
    assert len(record.flags["label_loss"]) == training_record.MOST_CHARACTERS
    assert not {"penalty", "augment", "batch_size", "max_steps"} & set(record.flags)
    given = [f"--snapshots={copy}", f"--eval_data_pattern={held_out}", f"--output_dir={tmp_path}"]
    assert compare.main(["compare", *given, "--features=low_resolution", "--battles=0"]) == 0
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "&lt;script&gt;alert(1)" in page and "<script" not in page and "불꽃 팀 🔥" in page
    assert not {"\x1b", "\u202e"} & set(page)


@pytest.mark.parametrize(
    "content",
    [
        "nonsense",
        "[" * 100_000,
        "{}",
        "[]",
        '{"sessions": [1]}',
        '{"flags": [], "versions": 3, "seed": "x", "data_sha256": null, "sessions": 5}',
        '{"flags": {}, "versions": {}, "seed": 1, "data_sha256": "", "sessions": []}' + " " * (1 << 20),
    ],
)
def test_a_broken_record_is_none(content, tmp_path):
    (tmp_path / training_options.FILE).write_text(content)
    assert training_record.read(str(tmp_path)) is None


def test_a_record_of_wrong_types_is_left_out_piece_by_piece(tmp_path):
    (tmp_path / training_options.FILE).write_text(
        '{"flags": [], "versions": {"numpy": 2, "x": "y"}, "seed": "x", "data_sha256": null, "sessions": []}'
    )
    assert training_record.read(str(tmp_path)) == ({}, None, {}, [], "")


def test_no_link_and_no_pipe_is_followed(tmp_path):
    os.mkfifo(tmp_path / training_options.FILE)
    assert training_record.read(str(tmp_path)) is None
    os.remove(tmp_path / training_options.FILE)
    (tmp_path / training_options.FILE).symlink_to("/dev/zero")
    assert training_record.read(str(tmp_path)) is None
