"""The half round's files against what went into them."""

import csv
import os
import pathlib

import numpy as np
import tensorflow.compat.v1 as tf
from conftest import run_train
from networks import write_snapshot
from PIL import Image

from gan import generate_and_discriminate, models
from gan.data import tfrecords
from gan.snapshots.snapshot import Snapshot

pytest_plugins = ["cloud"]


def play(faces, generator, discriminator, output, *flags):
    folders = [f"--G_train_dir={generator}", f"--D_train_dir={discriminator}", f"--output_dir={output}"]
    return [*folders, f"--input_data_pattern={faces}", "--seed=1", *flags]


def run(*arguments):
    assert generate_and_discriminate.main(["generate_and_discriminate", *play(*arguments)]) == 0


def table(path):
    with open(path, newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["Id", "Category"]
    return {key: int(value) for key, value in rows}


def pixels(path):
    return np.asarray(Image.open(path)).reshape(-1)


class FailsOnBlack(models.SampleDiscriminator):
    """Divides 0 by 0 there, which the check of the rules does not try."""

    def run_model(self, model_input, **unused_params):
        found = super().run_model(model_input, **unused_params)
        brightness = tf.reduce_sum(model_input, 1, keepdims=True)
        return {**found, "predictions": found["predictions"] * brightness / brightness}


def test_what_is_weak_is_said_and_ends_nothing(faces, trained, tmp_path, capsys):
    """Of networks that were hardly trained, and of a discriminator that fails on nonsense."""
    run(faces, trained, trained, tmp_path / "a")
    assert f"note: {trained}" in (said := capsys.readouterr().out)
    assert "they will convince weak discriminators only" in said
    write_snapshot(str(tmp_path / "run"), models.SampleGenerator(), FailsOnBlack(), 2500)
    run(faces, trained, tmp_path / "run", tmp_path / "b")
    assert "its discriminator fails on images that are no faces" in capsys.readouterr().out
    assert (tmp_path / "b" / "overview.png").exists()


def test_files_say_what_happened(faces, trained, tmp_path, capsys):
    run(faces, trained, trained, tmp_path)
    truth, guesses = table(tmp_path / "ground_truth.csv"), table(tmp_path / "predictions.csv")
    assert list(truth) == list(guesses) == [f"{n:02d}" for n in range(30)]
    assert sum(truth.values()) == 15
    assert list(truth.values()) != sorted(truth.values())  # in random order

    known = {image.tobytes() for image in tfrecords.read_all([faces], 2500)}
    snapshot, right = Snapshot(trained, 2500), 0
    for name, category in truth.items():
        image = pixels(tmp_path / "images" / f"{name}.png")
        assert (image.tobytes() in known) == (category == 1)
        probability = snapshot.discriminate(image[None] / np.float32(255))[0]
        assert guesses[name] == int(probability > 0.5)
        right += guesses[name] == category
    assert f"is right on {right} of 30 images" in capsys.readouterr().out
    assert (tmp_path / "overview.png").stat().st_size > 10_000


def test_the_total_is_twice_the_generated_where_not_given(faces, trained, tmp_path):
    run(faces, trained, trained, tmp_path, "--num_generate=50")
    truth = table(tmp_path / "ground_truth.csv")
    assert (len(truth), sum(truth.values())) == (100, 50)
    run(faces, trained, trained, tmp_path, "--num_generate=4", "--num_total_images=6")
    truth = table(tmp_path / "ground_truth.csv")
    assert (len(truth), sum(truth.values())) == (6, 2)
    assert len(list((tmp_path / "images").iterdir())) == 6  # none left of the larger one
    (tmp_path / "images" / "2026.png").write_bytes(b"mine")
    run(faces, trained, trained, tmp_path, "--num_generate=3")
    assert (tmp_path / "images" / "2026.png").read_bytes() == b"mine"


def test_pictures_of_others_stay(fails, faces, trained, tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "000.png").write_bytes(b"mine")
    run(faces, trained, trained, tmp_path)
    (tmp_path / "predictions.csv").unlink()  # of one that was killed, the first table is there
    run(faces, trained, trained, tmp_path)
    (tmp_path / "ground_truth.csv").unlink()
    assert "00.png is there, and no half round" in fails(
        generate_and_discriminate.main, *play(faces, trained, trained, tmp_path)
    )
    assert (tmp_path / "images" / "000.png").read_bytes() == b"mine"


def test_a_bucket_keeps_no_images_of_a_larger_half_round(faces, trained, bucket, emulator):
    output = f"gs://{bucket}/check"
    run(faces, trained, trained, output, "--num_generate=6")
    emulator.write(bucket, "check/images/2026.png", b"mine")
    run(faces, trained, trained, output, "--num_generate=2")
    images = [os.path.basename(name) for name in emulator.names(bucket) if "/images/" in name]
    assert sorted(images) == ["00.png", "01.png", "02.png", "03.png", "2026.png"]


def test_seeds_repeat_and_differ(faces, trained, tmp_path):
    for folder, seed in (("a", 3), ("b", 3), ("c", 4)):
        run(faces, trained, trained, tmp_path / folder, f"--seed={seed}")
    images = {f: [p.read_bytes() for p in sorted((tmp_path / f / "images").iterdir())] for f in "abc"}
    assert images["a"] == images["b"] != images["c"]


def test_two_teams(faces, trained, tmp_path, capsys):
    assert run_train(faces, tmp_path / "other", "--seed=77") == 0
    run(faces, trained, tmp_path / "other", tmp_path / "half_round")
    out = capsys.readouterr().out
    assert out.count("keeps the contract") == 2
    assert f"generated by {trained}" in out


def test_mnist(digits, tmp_path):
    assert run_train(digits, tmp_path / "run", "--use_mnist") == 0
    run(digits, tmp_path / "run", tmp_path / "run", tmp_path / "out", "--use_mnist")
    assert pixels(tmp_path / "out" / "images" / "00.png").shape == (784,)


def test_mistakes(fails, faces, trained, tmp_path):
    def error(*arguments):
        return fails(generate_and_discriminate.main, *play(*arguments))

    assert "no complete snapshot" in error(faces, tmp_path, trained, tmp_path / "out")
    assert "the data has 96 images, 200 real ones" in error(faces, trained, trained, tmp_path, "--num_generate=200")
    assert "--num_total_images=5 is less" in error(faces, trained, trained, tmp_path, "--num_total_images=5")
    assert "--num_generate=0" in error(faces, trained, trained, tmp_path, "--num_generate=0")
    assert "no file matches" in error(tmp_path / "none*", trained, trained, tmp_path)
    (tmp_path / "file").write_text("")
    assert str(tmp_path / "file") in error(faces, trained, trained, pathlib.Path(tmp_path / "file"))
