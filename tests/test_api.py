"""The Python API: every example of its docstrings, its numbers against the commands', and its mistakes."""

import doctest
import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT, run_train
from PIL import Image

from gan import api, eval, generate_and_discriminate
from gan.snapshots.snapshot import Snapshot


@pytest.fixture
def folder(faces, trained, tmp_path, monkeypatch):
    """A working folder with a training and its data, as the examples want it."""
    (tmp_path / "data").mkdir()
    os.link(faces, tmp_path / "data" / "validation.tfrecords")
    shutil.copytree(trained, tmp_path / "run1")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def snapshot(trained):
    with api.open_snapshot(trained) as opened:
        yield opened


def test_every_public_thing_has_an_example_that_runs(folder):
    own = [test for test in doctest.DocTestFinder(exclude_empty=False).find(api) if test.examples]
    documented = {test.name.removeprefix("gan.api.") for test in own}
    public = {name for name in api.__all__ if getattr(api, name).__module__ == "gan.api"}
    methods = {f"ConfinedSnapshot.{name}" for name in vars(api.ConfinedSnapshot) if not name.startswith("_")}
    assert documented == public | methods
    runner = doctest.DocTestRunner(optionflags=doctest.FAIL_FAST)
    for test in own:
        told = []
        runner.run(test, out=told.append)
        assert not told, "".join(told)
    assert runner.summarize(verbose=False).attempted > 20
    assert Image.open(folder / "faces.png").size == (10 * 52 - 2, 2 * 52 - 2)


def test_images_and_probabilities_are_those_of_the_networks(snapshot, trained, faces):
    real, plain = api.read_images(faces), Snapshot(trained, 2500)
    noise = api.draw_noise(20, seed=4)
    expected = plain.generate(noise) * 255
    assert np.abs(snapshot.generate(noise) - expected).max() <= 0.51  # rounded to 8 bits
    assert snapshot.discriminate(real) == pytest.approx(plain.discriminate(real / np.float32(255)), abs=1e-5)


def test_a_half_round_is_the_commands(snapshot, trained, faces, tmp_path, capsys):
    played = api.play_half_round(snapshot, snapshot, api.read_images(faces), seed=3)
    folders = [f"--G_train_dir={trained}", f"--D_train_dir={trained}", f"--output_dir={tmp_path / 'command'}"]
    command = ["x", *folders, f"--input_data_pattern={faces}", "--seed=3"]
    assert generate_and_discriminate.main(command) == 0
    assert api.describe(played) in capsys.readouterr().out
    api.write_half_round(str(tmp_path / "api"), played)
    for name in ("ground_truth.csv", "predictions.csv", "images/00.png", "images/29.png"):
        assert (tmp_path / "api" / name).read_bytes() == (tmp_path / "command" / name).read_bytes()


def test_numbers_are_those_of_eval(snapshot, trained, faces, tmp_path):
    command = ["x", f"--eval_data_pattern={faces}", f"--train_dir={trained}", f"--log_dir={tmp_path}", "--run_once"]
    assert eval.main(command) == 0
    of_eval = json.loads((tmp_path / "eval" / "eval.jsonl").read_text())
    numbers = api.measure(snapshot, api.read_images(faces))
    assert set(of_eval) - set(numbers) == {
        *("snapshot", "step", "newest_step", "time", "discriminator_loss", "generator_loss")
    }
    assert numbers == pytest.approx({name: of_eval[name] for name in numbers}, rel=1e-6)


def test_training_images_add_floors_and_copies(snapshot, faces):
    real = api.read_images(faces)
    numbers = api.measure(snapshot, real[:40], real[40:])
    assert "frechet_40_wavelets_floor" in numbers and "copied_40_pixels" in numbers
    with pytest.raises(api.UserError, match="are training images"):
        api.measure(snapshot, real[:40], real)


def test_the_check_finds_what_is_weak(snapshot, faces):
    assert snapshot.check() == []
    assert any("discriminator" in remark or "images" in remark for remark in snapshot.check(api.read_images(faces)))


def test_processes_end_with_what_opened_them(trained):
    with api.Sandbox() as sandbox:
        one, two = (api.open_snapshot(trained, sandbox=sandbox) for _ in range(2))
        one.close()
        assert one._opened.closed and not two._opened.closed
    assert two._opened.closed


@pytest.mark.parametrize(
    "mistake, told",
    [
        (lambda snapshot: snapshot.generate(np.zeros((3, 99))), r"noise has shape \[3, 99\], not \[N, 100\]"),
        (lambda snapshot: snapshot.generate(np.full((3, 100), 1.5)), r"noise leaves \[-1, 1\]"),
        (lambda snapshot: snapshot.generate(np.full((3, 100), np.nan)), r"noise leaves \[-1, 1\]"),
        (lambda snapshot: snapshot.discriminate(np.zeros((3, 2500))), r"uint8 \[N, 2500\].*not float64 \(3, 2500\)"),
        (lambda snapshot: snapshot.discriminate([[0] * 784]), r"uint8 \[N, 2500\].*not int64 \(1, 784\)"),
        (lambda snapshot: api.measure(snapshot, np.zeros((14, 2500), np.uint8)), "14 real images are too few"),
        (lambda snapshot: api.play_half_round(snapshot, snapshot, np.zeros((9, 2500), np.uint8)), "9 images, 15"),
        (lambda snapshot: api.open_snapshot("/nowhere"), "/nowhere"),
        (lambda snapshot: api.read_images("/nowhere/*.tfrecords"), r"^/nowhere/\*\.tfrecords: no file matches"),
        (lambda snapshot: api.write_picture("x.png", np.zeros((2, 2501), np.uint8)), "one row of pixels"),
    ],
)
def test_a_mistake_is_one_sentence(mistake, told, snapshot):
    with pytest.raises(api.UserError, match=told) as caught:
        mistake(snapshot)
    assert "\n" not in str(caught.value)


def test_snapshots_of_two_sizes_do_not_play(snapshot, faces, digits, tmp_path):
    assert run_train(digits, tmp_path, "--use_mnist", "--max_steps=2") == 0
    with api.open_snapshot(str(tmp_path), use_mnist=True) as other:
        with pytest.raises(api.UserError, match="makes images of 784 pixels, not 2500"):
            api.play_half_round(other, snapshot, api.read_images(faces))


def test_it_needs_no_tensorflow_in_the_own_process(trained, faces):
    code = (
        "import sys\nfrom gan import api\nreal = api.read_images(sys.argv[1])\n"
        "with api.open_snapshot(sys.argv[2]) as snapshot:\n"
        "    api.measure(snapshot, real); api.play_half_round(snapshot, snapshot, real)\n"
        "assert 'tensorflow' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code, faces, trained], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
