"""Curves read back from what training and evaluation wrote."""

import json

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from conftest import run_train

from gan import eval
from gan.measure import learning_curves, metric_registry
from gan.measure.learning_curves import Curve
from gan.report import charts


@pytest.fixture(scope="module")
def run(faces, tmp_path_factory):
    """A train_dir of 30 steps in two goes, with two evaluations."""
    train_dir = tmp_path_factory.mktemp("run")
    for last in (10, 30):
        assert run_train(faces, train_dir, f"--max_steps={last}") == 0
        flags = [f"--eval_data_pattern={faces}", f"--train_dir={train_dir}", "--run_once", "--features=low_resolution"]
        assert eval.main(["eval", *flags]) == 0
    return train_dir


def test_training_and_evaluation_are_read(run):
    trained, evaluated, measured = learning_curves.read(str(run))
    assert {"loss/discriminator", "loss/generator", "accuracy/on_real", "accuracy/on_fake"} <= set(trained)
    assert trained["loss/generator"].steps == list(range(1, 31))
    lines = [json.loads(line) for line in (run / "eval" / "eval.jsonl").read_text().splitlines()]
    assert evaluated["accuracy_on_real"] == ([10, 30], [line["accuracy_on_real"] for line in lines])
    (frechet,) = (quantity for quantity in measured if quantity.metric is metric_registry.FRECHET)
    assert frechet.name == "frechet_96_low_resolution" and measured[frechet].steps == [10, 30]
    assert measured[frechet].values == [line["frechet_96_low_resolution"] for line in lines]


def test_what_is_broken_is_passed_over(run, tmp_path):
    assert learning_curves.read(str(tmp_path)) == learning_curves.NONE
    (log,) = sorted(run.glob("events.out.tfevents.*"))[:1]
    (tmp_path / log.name).write_bytes(log.read_bytes()[:-3])
    (tmp_path / "eval").mkdir()
    (tmp_path / "eval" / "eval.jsonl").write_text(
        '{"step": 5, "x": 0.5}\nnonsense\n[]\n{"x": 1.5}\n{"step": Infinity}\n{"step": 9, "x": 2.5}'
    )
    with tf.io.TFRecordWriter(str(tmp_path / "events.out.tfevents.999.no-event")) as writer:
        writer.write(b"\xff" * 9)
    trained, evaluated, _ = learning_curves.read(str(tmp_path))
    assert trained["loss/generator"].steps[:5] == [1, 2, 3, 4, 5]
    assert evaluated == {"x": ([5, 9], [0.5, 2.5])}


def test_steps_that_were_trained_again_count_once(tmp_path):
    from gan.data.tensorboard import SummaryWriter

    for first, last, value in ((1, 8, 1.0), (6, 7, 2.0)):  # killed after 8, and on from 5
        writer = SummaryWriter(str(tmp_path), first_step=first)
        for step in range(first, last + 1):
            writer.scalars(step, {"x": value})
        writer.close()
    assert learning_curves.read(str(tmp_path)).trained["x"] == ([1, 2, 3, 4, 5, 6, 7], [1, 1, 1, 1, 1, 2, 2])


def test_evaluations_of_a_training_that_was_begun_anew_count_alone(tmp_path):
    (tmp_path / "eval").mkdir()
    lines = [json.dumps({"step": step, "x": value}) for step, value in ((1, 1.0), (3, 1.0), (4, 1.0), (2, 2.0))]
    (tmp_path / "eval" / "eval.jsonl").write_text("\n".join(lines))
    assert learning_curves.read(str(tmp_path)).evaluated["x"] == ([1, 2], [1.0, 2.0])


def test_files_without_end_are_passed_over(run, monkeypatch):
    monkeypatch.setattr(learning_curves, "MOST_BYTES", 10)
    assert learning_curves.read(str(run)) == learning_curves.NONE


def test_long_curves_are_thinned(tmp_path):
    (tmp_path / "eval").mkdir()
    lines = [json.dumps({"step": step, "x": step + 0.5}) for step in range(1001)]
    (tmp_path / "eval" / "eval.jsonl").write_text("\n".join(lines))
    steps, values = learning_curves.read(str(tmp_path)).evaluated["x"]
    assert 300 < len(steps) <= learning_curves.MOST_POINTS and steps[:2] == [0, 3] and steps[-1] > 990
    np.testing.assert_array_equal(np.array(steps) + 0.5, values)


def test_drawings(run):
    drawings = charts.learning(learning_curves.read(str(run)), step=30)
    assert len(drawings) == 3
    for svg in drawings.values():
        assert svg.startswith("<svg") and "training step" in svg and 'href="http' not in svg
    assert any("Frechet distance of 96 images" in title for title in drawings)
    assert charts.learning(learning_curves.NONE, 5) == {}
    assert list(
        charts.learning(learning_curves.NONE._replace(evaluated={"discriminator_loss": Curve([1], [2.0])}), 5)
    ) == ["losses"]
