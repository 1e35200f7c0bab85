"""Evaluation of one snapshot and of each new one; figures checked against numpy."""

import json
import pathlib
import shutil
import time

import numpy as np
import pytest
from conftest import NUM_IMAGES, run_train, start

from gan import checkpoint, eval, pictures, records
from gan.random_noise_generator import uniform_noise
from gan.snapshot import Snapshot


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
    real = snapshot.discriminate(records.read_all([faces], 2500) / np.float32(255)).astype(float)
    generated = np.rint(snapshot.generate(uniform_noise(NUM_IMAGES, 5)) * 255).astype(np.uint8)
    fake = snapshot.discriminate(pictures.to_floats(generated)).astype(float)
    assert (printed["snapshot"], printed["step"]) == ("model.ckpt-20", 20)
    assert (printed["num_real"], printed["num_fake"]) == (NUM_IMAGES, NUM_IMAGES)
    assert printed["accuracy_on_real"] == pytest.approx((real > 0.5).mean())
    assert printed["accuracy_on_fake"] == pytest.approx((fake <= 0.5).mean())
    real, fake = np.clip(real, 1e-7, 1 - 1e-7), np.clip(fake, 1e-7, 1 - 1e-7)
    assert printed["discriminator_loss"] == pytest.approx(-np.log(real).mean() - np.log(1 - fake).mean(), rel=1e-3)
    assert printed["generator_loss"] == pytest.approx(-np.log(fake).mean(), rel=1e-3)


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


def test_named_networks_are_checked(fails, faces, copy):
    right = ["--run_once", "--generator_model=SampleGenerator", "--discriminator_model=SampleDiscriminator"]
    assert eval.main(["eval", *arguments(faces, copy, *right)]) == 0
    wrong = fails(eval.main, *arguments(faces, copy, "--run_once", "--generator_model=test_graph.TinyGenerator"))
    assert "generator/w is [100, 2500] in test_graph.TinyGenerator and absent in the snapshot" in wrong


def test_mistakes(fails, faces, digits, trained, copy, tmp_path):
    once = "--run_once"
    assert "no complete snapshot" in fails(eval.main, *arguments(faces, tmp_path, once))
    assert "no file matches" in fails(eval.main, *arguments(tmp_path / "*.x", trained, once))
    assert "--label_loss=Nobody" in fails(eval.main, *arguments(faces, trained, once, "--label_loss=Nobody"))
    assert "--batch_size=0" in fails(eval.main, *arguments(faces, trained, once, "--batch_size=0"))
    assert "2500 values, not 784" in fails(eval.main, *arguments(faces, trained, once, "--use_mnist"))
    assert "breaks the contract" in fails(eval.main, *arguments(digits, copy, once, "--use_mnist"))
    meta = pathlib.Path(checkpoint.latest_snapshot(str(copy)).prefix + ".meta")
    meta.write_bytes(meta.read_bytes().replace(b"p_for_data", b"p_for_date"))
    assert "the collection p_for_data is missing" in fails(eval.main, *arguments(faces, copy, once))
