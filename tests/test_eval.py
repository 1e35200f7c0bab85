"""Evaluation of one snapshot and of each new one; figures checked against numpy."""

import json
import os
import pathlib
import re
import shutil
import time

import numpy as np
import pytest
from conftest import NUM_IMAGES, run_train, start, synthetic_images
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from gan import eval
from gan.console.errors import BucketSilent, HostError
from gan.data import pixels, tfrecords
from gan.measure import evaluation, learning_curves
from gan.random_noise_generator import uniform_noise
from gan.snapshots import checkpoint_files
from gan.snapshots.snapshot import Snapshot


def arguments(pattern, train_dir, *flags):
    return [f"--eval_data_pattern={pattern}", f"--train_dir={train_dir}", *flags]


@pytest.fixture
def copy(trained, tmp_path):
    return shutil.copytree(trained, tmp_path / "copy")


def test_figures_are_those_of_the_snapshot(faces, copy, capsys):
    assert eval.main(["eval", *arguments(faces, copy, "--run_once", "--batch_size=7")]) == 0
    printed = json.loads(capsys.readouterr().out.splitlines()[-1])
    stored = [json.loads(line) for line in (copy / "eval" / "eval.jsonl").read_text().splitlines()]
    assert stored == [printed]

    snapshot = Snapshot(str(copy), 2500)
    real = snapshot.discriminate(tfrecords.read_all([faces], 2500) / np.float32(255)).astype(float)
    generated = np.rint(snapshot.generate(uniform_noise(NUM_IMAGES, 5)) * 255).astype(np.uint8)
    fake = snapshot.discriminate(pixels.to_floats(generated)).astype(float)
    assert (printed["snapshot"], printed["step"]) == ("model.ckpt-20", 20)
    assert (printed["num_real"], printed["num_fake"]) == (NUM_IMAGES, NUM_IMAGES)
    assert printed["accuracy_on_real"] == pytest.approx((real > 0.5).mean())
    assert printed["accuracy_on_fake"] == pytest.approx((fake <= 0.5).mean())
    real, fake = np.clip(real, 1e-7, 1 - 1e-7), np.clip(fake, 1e-7, 1 - 1e-7)
    assert printed["discriminator_loss"] == pytest.approx(-np.log(real).mean() - np.log(1 - fake).mean(), rel=1e-3)
    assert printed["generator_loss"] == pytest.approx(-np.log(fake).mean(), rel=1e-3)


def test_older_snapshots_join_the_curve(faces, copy):
    """In TensorBoard's own reading of the files, and in the report of compare."""
    for where in (copy, copy / "model.ckpt-10"):
        assert eval.main(["eval", *arguments(faces, where, "--run_once")]) == 0
    curve = EventAccumulator(str(copy / "eval")).Reload()
    assert sorted(event.step for event in curve.Scalars("accuracy/on_real")) == [10, 20]
    assert list(learning_curves.read(str(copy)).evaluated["accuracy_on_real"].steps) == [10, 20]


def test_images_are_measured(faces, copy, tmp_path, capsys):
    held_out = str(tmp_path / "held_out.tfrecords")
    tfrecords.write(held_out, synthetic_images(40, 2500, seed=7))
    flags = ["--run_once", "--features=low_resolution"]
    assert eval.main(["eval", *arguments(held_out, copy, f"--train_data_pattern={faces}", *flags)]) == 0
    out = capsys.readouterr().out.splitlines()
    printed = json.loads(out[-1])
    assert any(line.startswith("  frechet_40_low_resolution ") and ", floor " in line for line in out)
    for kind in ("frechet", "kid"):
        low, value, high = (printed[f"{kind}_40_low_resolution{end}"] for end in ("_low", "", "_high"))
        assert low <= value <= high
        assert printed[f"{kind}_40_low_resolution_floor"] < value
    assert {f"{kind}_40_low_resolution_floor" for kind in ("precision", "recall", "density", "coverage")} <= set(
        printed
    )
    assert printed["nearer_to_training_40_pixels"] < 0.1  # after 20 steps it draws noise
    drawn = learning_curves.read(str(copy / "eval")).trained
    assert drawn["quality/frechet_40_low_resolution"].steps == [20]
    assert not any(tag.endswith(("_low", "_high", "_floor")) for tag in drawn)

    assert eval.main(["eval", *arguments(held_out, copy, *flags)]) == 0
    alone = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert alone.keys() == {k for k in printed if not re.search("training|copied|_floor", k)}
    assert alone["frechet_40_low_resolution"] == printed["frechet_40_low_resolution"]


@pytest.mark.parametrize("count, flags", [(40, ["--noquality"]), (11, [])])
def test_images_are_not_measured_where_not_asked_or_too_few(count, flags, copy, tmp_path, capsys):
    pattern = str(tmp_path / "few.tfrecords")
    tfrecords.write(pattern, synthetic_images(count, 2500, seed=7))
    assert eval.main(["eval", *arguments(pattern, copy, "--run_once", *flags)]) == 0
    names = ["snapshot", "step", "newest_step", "time", "num_real", "num_fake"]
    names += ["accuracy_on_real", "accuracy_on_fake", "discriminator_loss", "generator_loss"]
    assert list(json.loads(capsys.readouterr().out.splitlines()[-1])) == names


def test_it_waits_for_each_new_snapshot(faces, tmp_path):
    process = start("eval", *arguments(faces, tmp_path, "--eval_interval_secs=0.2"))
    try:
        assert "waiting" in process.stdout.readline()
        results = tmp_path / "eval" / "eval.jsonl"
        for last in (2, 4):
            run_train(faces, tmp_path, f"--max_steps={last}")
            deadline = time.monotonic() + 60
            while not (results.exists() and f'"step": {last}' in results.read_text()):
                assert time.monotonic() < deadline and process.poll() is None
                time.sleep(0.1)
    finally:
        process.kill()
        process.communicate()


def watched(faces, folder, monkeypatch, failures, *trainings):
    """What is reported while trainings, lists of flags, run between looks; step 4 fails at first with `failures`."""
    evaluator = evaluation.Evaluator(None, np.zeros((1, 2500), np.uint8), None, evaluation.EvaluationOptions())
    reported, waiting = [], [[], *trainings]

    def report(where):
        if where.endswith("-4") and failures:
            raise failures.pop(0)
        reported.append(os.path.basename(where))

    def over():
        flags = waiting.pop(0)
        assert not flags or run_train(faces, folder, *flags) == 0
        return not waiting

    assert run_train(faces, folder, "--max_steps=2") == 0
    monkeypatch.setattr(evaluator, "report", report)
    evaluator.watch(str(folder), 0, over)
    return reported


def test_a_training_from_scratch_is_a_new_one(faces, tmp_path, monkeypatch):
    again = ["--max_steps=2", "--start_new_model"]
    assert watched(faces, tmp_path / "run", monkeypatch, [], again, []) == ["run", "model.ckpt-2"]


def test_what_a_passing_failure_kept_is_evaluated_later(faces, tmp_path, monkeypatch, capsys):
    failures = [BucketSilent("away")] * 5 + [HostError("no room")]
    assert watched(faces, tmp_path / "run", monkeypatch, failures, ["--max_steps=4"], *[[]] * 6) == [
        "run",
        "model.ckpt-4",
    ]
    said = capsys.readouterr().err
    assert said.count("eval: away") == 1 and said.count("eval: no room") == 1
    failures = [HostError("no room")] * 9
    assert watched(faces, tmp_path / "other", monkeypatch, failures, ["--max_steps=4"], *[[]] * 9) == ["other"]
    assert len(failures) == 6


OTHER_NETWORK = """
import tensorflow.compat.v1 as tf

from gan import models


class TinyGenerator(models.BaseModel):
    def create_model(self, output_size):
        self.w = tf.get_variable("w", [100, output_size])

    def run_model(self, model_input, is_training=True):
        return {"output": tf.sigmoid(tf.matmul(model_input, self.w))}
"""


def test_named_networks_are_checked(fails, faces, copy, tmp_path, monkeypatch):
    (tmp_path / "other_network.py").write_text(OTHER_NETWORK)
    monkeypatch.syspath_prepend(tmp_path)
    right = ["--run_once", "--generator_model=SampleGenerator", "--discriminator_model=SampleDiscriminator"]
    assert eval.main(["eval", *arguments(faces, copy, *right)]) == 0
    wrong = fails(eval.main, *arguments(faces, copy, "--run_once", "--generator_model=other_network.TinyGenerator"))
    assert "generator/w is [100, 2500] in other_network.TinyGenerator and absent in the snapshot" in wrong


def test_mistakes(fails, faces, digits, trained, copy, tmp_path):
    once = "--run_once"
    assert "no complete snapshot" in fails(eval.main, *arguments(faces, tmp_path, once))
    assert "no file matches" in fails(eval.main, *arguments(tmp_path / "*.x", trained, once))
    assert "--label_loss=Nobody" in fails(eval.main, *arguments(faces, trained, once, "--label_loss=Nobody"))
    assert "--batch_size=0" in fails(eval.main, *arguments(faces, trained, once, "--batch_size=0"))
    assert "no file matches" in fails(eval.main, *arguments(faces, trained, once, "--train_data_pattern=nothing"))
    assert "--features" in fails(eval.main, *arguments(faces, trained, once, "--features=nothing"))
    assert "2500 values, not 784" in fails(eval.main, *arguments(faces, trained, once, "--use_mnist"))
    assert "breaks the contract" in fails(eval.main, *arguments(digits, copy, once, "--use_mnist"))
    meta = pathlib.Path(checkpoint_files.latest_snapshot(str(copy)).prefix + ".meta")
    meta.write_bytes(meta.read_bytes().replace(b"p_for_data", b"p_for_date"))
    assert "the collection p_for_data is missing" in fails(eval.main, *arguments(faces, copy, once))
