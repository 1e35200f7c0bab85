"""The command: snapshots, images made elsewhere, broken ones, and what is printed and written of them."""

import json
import pathlib
import shutil

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from conftest import run_train, synthetic_images

from gan import compare, models
from gan.console import flags
from gan.data import pixels, tfrecords
from gan.random_noise_generator import uniform_noise
from gan.snapshots import checkpoint_files
from gan.snapshots.snapshot import Snapshot

pytest_plugins = ["cloud"]
QUICK = ["--features=low_resolution", "--battles=50"]


def run(snapshots, pattern, output, *flags):
    given = [f"--snapshots={snapshots}", f"--eval_data_pattern={pattern}", f"--output_dir={output}"]
    return compare.main(["compare", *given, *QUICK, *flags])


def lines(output):
    return [json.loads(line) for line in (output / "comparison.jsonl").read_text(encoding="utf-8").splitlines()]


def of_kind(found, kind):
    return [line for line in found if line["kind"] == kind]


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    """A file of real images that nobody trained on."""
    path = str(tmp_path_factory.mktemp("others") / "others.tfrecords")
    tfrecords.write(path, synthetic_images(40, 2500, seed=7))
    return path


@pytest.fixture
def broken(trained, tmp_path):
    """A copy of the snapshots whose newest breaks the contract."""
    copy = shutil.copytree(trained, tmp_path / "broken")
    meta = pathlib.Path(checkpoint_files.latest_snapshot(str(copy)).prefix + ".meta")
    meta.write_bytes(meta.read_bytes().replace(b"p_for_data", b"p_for_date"))
    return copy


def test_everyone_against_everyone(faces, others, trained, broken, tmp_path, capsys):
    drawn = tmp_path / "drawn elsewhere.npy"
    np.save(drawn, synthetic_images(50, 2500, seed=9).reshape(50, 50, 50))
    contestants = f"{trained},<b>early={trained}/model.ckpt-10,{drawn},{broken},{tmp_path}/nothing"
    output = tmp_path / "comparison"
    assert run(contestants, others, output, f"--train_data_pattern={faces}") == 1
    printed = capsys.readouterr()
    assert "broken is left out" in printed.err and "the collection p_for_data is missing" in printed.err
    assert "nothing is left out" in printed.err and "no complete snapshot" in printed.err
    assert "D of <b>early" in printed.out and "real faces" in printed.out and "wins of 50 played" in printed.out

    found = lines(output)
    name = pathlib.Path(trained).name
    late, early, elsewhere = of_kind(found, "contestant")
    assert [one["name"] for one in (late, early, elsewhere)] == [name, "<b>early", "drawn elsewhere"]
    assert [one["step"] for one in (late, early, elsewhere)] == [20, 10, None]
    assert [line["name"] for line in of_kind(found, "left_out")] == ["broken", "nothing"]
    assert len(of_kind(found, "judgement")) == 2 * 3
    (match,) = of_kind(found, "match")
    assert match["simulated_wins"] + match["simulated_ties"] + match["simulated_losses"] == 50
    assert late["chance"] + early["chance"] == pytest.approx(1)
    assert "chance" not in elsewhere and "accuracy_on_real" not in elsewhere
    for one in (late, early, elsewhere):
        assert one["num_images"] == one["num_real"] == 40
        assert one["frechet_40_low_resolution_low"] <= one["frechet_40_low_resolution_high"]
        assert {"frechet_40_low_resolution_floor", "nearer_to_training_40_pixels", "recall_40_low_resolution"} <= set(
            one
        )

    page = (output / "report.html").read_text(encoding="utf-8")
    assert "&lt;b&gt;early" in page and "<b>early" not in page and "p_for_data is missing" in page
    assert run(str(trained), others, output) == 0
    assert len(lines(output)) == len(found) + 2  # added to what was there: the one and its judgement of itself


def test_figures_are_those_of_the_snapshots(others, trained, tmp_path):
    assert run(f"late={trained},early={trained}/model.ckpt-10", others, tmp_path, "--seed=4", "--battles=0") == 0
    found, real = lines(tmp_path), tfrecords.read_all([others], 2500)
    late, early = Snapshot(trained, 2500), Snapshot(f"{trained}/model.ckpt-10", 2500)
    generated = pixels.to_floats(pixels.to_bytes(early.generate(uniform_noise(40, 5, 4))))
    (line,) = (
        each for each in of_kind(found, "judgement") if (each["discriminator"], each["generator"]) == ("late", "early")
    )
    assert line["accuracy_on_fake"] == pytest.approx(np.mean(late.discriminate(generated) <= 0.5))
    on_real = np.mean(late.discriminate(pixels.to_floats(real)) > 0.5)
    assert of_kind(found, "contestant")[0]["accuracy_on_real"] == pytest.approx(on_real)
    assert not any(name.startswith("simulated") for name in of_kind(found, "match")[0])


def test_one_alone_and_images_alone(others, trained, tmp_path, capsys):
    assert run(trained, others, tmp_path / "one") == 0
    assert "row wins" not in capsys.readouterr().out
    np.save(tmp_path / "images.npy", synthetic_images(40, 2500, seed=9))
    assert run(f"{tmp_path}/images.npy", others, tmp_path / "images") == 0
    assert [line["kind"] for line in lines(tmp_path / "images")] == ["contestant"]
    for folder in ("one", "images"):
        assert "How good is this GAN?" in (tmp_path / folder / "report.html").read_text(encoding="utf-8")


def test_digits_and_fewer_images(digits, tmp_path):
    assert run_train(digits, tmp_path / "run", "--use_mnist", "--max_steps=2") == 0
    assert run(f"{tmp_path}/run", digits, tmp_path, "--use_mnist", "--num_images=30") == 0
    assert "frechet_30_low_resolution" in lines(tmp_path)[0]


def test_images_that_cannot_take_part(others, trained, tmp_path, capsys):
    for name, array in (
        ("floats", np.zeros((50, 2500))),
        ("small", np.zeros((50, 784), np.uint8)),
        ("few", np.zeros((39, 2500), np.uint8)),
        ("objects", np.array([{}, {}])),
        ("flat", np.zeros(2500, np.uint8)),
        ("none", np.zeros((0, 2500), np.uint8)),
    ):
        np.save(tmp_path / f"{name}.npy", array)
    np.savez(tmp_path / "several", a=np.zeros(2), b=np.zeros(2))
    (tmp_path / "several.npz").rename(tmp_path / "several.npy")
    (tmp_path / "text.npy").write_text("not images")
    (tmp_path / "cut.npy").write_bytes((tmp_path / "several.npy").read_bytes()[:300])
    names = ("floats", "small", "few", "objects", "flat", "none", "several", "text", "cut", "absent")
    assert run(",".join([trained, *(f"{tmp_path}/{name}.npy" for name in names)]), others, tmp_path) == 1
    told = {line.split()[1]: line for line in capsys.readouterr().err.splitlines() if "left out" in line}
    assert set(told) == set(names)
    assert "float64 [50, 2500]" in told["floats"] and "uint8 [50, 784]" in told["small"]
    assert "--num_images=39" in told["few"]


def test_mistakes(fails, faces, others, trained, tmp_path):
    def told(snapshots, *flags, pattern=others):
        given = [f"--snapshots={snapshots}", f"--eval_data_pattern={pattern}", f"--output_dir={tmp_path}/out"]
        return fails(compare.main, *given, *QUICK, *flags)

    assert "names none" in told(" , ")
    assert "a is there twice" in told(f"a={trained},a=b")
    assert "no file matches" in told(trained, pattern=tmp_path / "x")
    assert "no file matches" in told(trained, f"--train_data_pattern={tmp_path}/x")
    assert "41" in told(trained, "--num_images=41") and "--num_images=14" in told(trained, "--num_images=14")
    assert "no features 'x'" in told(trained, "--features=low_resolution,x")
    assert "2500 values, not 784" in told(trained, "--use_mnist")
    assert "are training images" in told(trained, f"--train_data_pattern={faces}", pattern=faces)
    assert not (tmp_path / "out" / "report.html").exists()
    assert f"{others}: File exists" in told(trained, f"--output_dir={others}")
    assert "--snapshots is needed" in fails(compare.main, f"--eval_data_pattern={others}")


class Fussy(models.BaseModel):
    """Divides an image by its contrast, which may be 0."""

    judges_independently = True

    def create_model(self, input_size, **unused_params):
        self.v = tf.get_variable("v", [input_size, 1], initializer=tf.constant_initializer(0.01))

    def run_model(self, model_input, is_training=True, **unused_params):
        mean, variance = tf.nn.moments(model_input, [1], keepdims=True)
        logits = tf.matmul((model_input - mean) / tf.sqrt(variance), self.v)
        return {"logits": logits, "predictions": tf.sigmoid(logits)}


def test_a_discriminator_that_fails_at_another_ones_image_is_left_out(faces, others, trained, tmp_path, capsys):
    assert run_train(faces, tmp_path / "fussy", "--discriminator_model=test_compare.Fussy") == 0
    flat = np.zeros((40, 2500), np.uint8)
    np.save(tmp_path / "flat.npy", flat)
    assert run(f"{trained},{tmp_path}/fussy,{tmp_path}/flat.npy", others, tmp_path / "out") == 1
    assert "fussy is left out: " in capsys.readouterr().err
    found = lines(tmp_path / "out")
    name = pathlib.Path(trained).name
    assert [line["name"] for line in of_kind(found, "contestant")] == [name, "flat"]
    assert [line["name"] for line in of_kind(found, "left_out")] == ["fussy"]
    assert len(of_kind(found, "judgement")) == 2


def test_nobody_is_left(faces, tmp_path, capsys):
    assert run(f"{tmp_path}/a,{tmp_path}/b", faces, tmp_path / "out") == 1
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 3 and told[-1].startswith("compare: none of") and "Traceback" not in "".join(told)


def test_names(tmp_path, monkeypatch):
    text = "run1,teams/a/,x=run2/model.ckpt-5, out/run2/model.ckpt-500,gs://bucket/model,s.npy"
    assert flags.named_paths(text) == {
        "run1": "run1",
        "a": "teams/a/",
        "x": "run2/model.ckpt-5",
        "run2 500": "out/run2/model.ckpt-500",
        "model": "gs://bucket/model",
        "s": "s.npy",
    }
    names = "a/mygan-9.meta,a/my gan,b/model.ckpt,c/model.ckpt-7.index,c/model.ckpt.data-00000-of-00001"
    assert list(flags.named_paths(names)) == ["mygan-9", "my gan", "b model.ckpt", "c 7", "c model.ckpt"]
    assert flags.named_paths("a/run,b/run") == {"run": "a/run", "b/run": "b/run"}
    assert flags.named_paths("my/a=b/run") == {"run": "my/a=b/run"}
    assert flags.named_paths("~/run")["run"] == str(pathlib.Path.home() / "run")
    monkeypatch.chdir(tmp_path)  # the package's own snapshot is found from anywhere
    assert checkpoint_files.latest_snapshot(flags.named_paths("house=gan/house_team")["house"])


def test_from_and_to_a_bucket(emulator, bucket, others, trained, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for path in pathlib.Path(trained).rglob("*"):
        if path.is_file() and "state" not in path.parts:
            emulator.write(bucket, f"run/{path.relative_to(trained)}", path.read_bytes())
    with open(others, "rb") as file:
        emulator.write(bucket, "data/real.tfrecords", file.read())
    for _ in range(2):
        assert run(f"gs://{bucket}/run", f"gs://{bucket}/data/*", f"gs://{bucket}/comparison") == 0
    page = emulator.read(bucket, "comparison/report.html")
    assert b"How it learned" in page
    assert emulator.read(bucket, "comparison/comparison.jsonl").count(b'"kind": "contestant"') == 2


def test_workers_find_the_same(others, trained, tmp_path, fails):
    pytest.importorskip("distributed", reason="pip install 'gan-contest[cluster]'")
    contestants = f"{trained},early={trained}/model.ckpt-10"
    assert run(contestants, others, tmp_path / "home") == 0
    assert run(contestants, others, tmp_path / "workers", "--workers=2") == 0
    home, workers = (lines(tmp_path / name) for name in ("home", "workers"))
    assert [{**line, "time": ""} for line in workers] == [{**line, "time": ""} for line in home]
    given = [f"--snapshots={contestants}", f"--eval_data_pattern={others}", f"--output_dir={tmp_path}"]
    assert "give one of the two" in fails(compare.main, *given, "--workers=2", "--scheduler=tcp://127.0.0.1:1")
