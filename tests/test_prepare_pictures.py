"""Pictures as people bring them: odd names, links, archives, wide numbers. Each is used, or its leaving out is told."""

import functools
import http.server
import io
import json
import os
import pathlib
import tarfile
import threading
import zipfile

import numpy as np
import pytest
from conftest import shared
from PIL import Image, PngImagePlugin, features

from gan import prepare_data, readers
from gan.console.errors import DataError, UserError
from gan.data import archives, download, folders, grey, image_files, picture_kinds, sources, tfrecords
from gan.data.file_notes import FileNotes
from gan.data.image_files import PLAIN_READING

SPLITS = ("train", "validation", "test")
RAMP = np.tile(np.linspace(0, 255, 60).round(), (60, 1))  # 60x60, from black to white


def prepare(source, path, out, *flags):
    return prepare_data.main(
        ["prepare_data", f"--source={source}", f"--input={path}", f"--output_dir={out}", *map(str, flags)]
    )


def fail(fails, source, path, out, *flags):
    return fails(prepare_data.main, f"--source={source}", f"--input={path}", f"--output_dir={out}", *flags)


def manifest(out):
    return json.loads((out / "manifest.json").read_text())


def encoded(number, form="PNG", side=60, **options):
    """The bytes of a picture that no other number gives."""
    values = np.random.default_rng(number).integers(0, 256, (side, side, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(values).save(file, form, **options)
    return file.getvalue()


def fill(folder, count=20):
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        (folder / f"{number:02}.png").write_bytes(encoded(number))
    return folder


def grey_of(path):
    """The pixels and the notes of a picture, as source folder reads it."""
    loaded = image_files.load("here", iter([("it", str(path))]), 1, PLAIN_READING)
    return loaded.images[0].reshape(50, 50), [entry["why"] for entry in loaded.taken.entries()]


def expected_ramp():
    return np.asarray(Image.fromarray(RAMP.astype(np.uint8)).resize((50, 50), Image.Resampling.LANCZOS))


def test_pictures_are_known_by_their_content_and_the_rest_is_told(tmp_path, capsys):
    folder = fill(tmp_path / "in", 10)
    others = {"a.jfif": "JPEG", "b.jpe": "JPEG", "c": "PNG", "d.dat": "BMP", "e.txt": "GIF", "f.JPG_large": "WEBP"}
    for number, (name, form) in enumerate(others.items()):
        (folder / name).write_bytes(encoded(100 + number, form))
    (folder / "g.tif2").write_bytes(encoded(110, "TIFF"))
    (folder / "h.pnm").write_bytes(encoded(111, "PPM"))
    left = {
        "notes.txt": b"BMW and P5 are only words",
        "empty": b"",
        "film.mp4": b"\0\0\0\x18ftypisom",
        "raw.NEF": b"II*\0" + bytes(99),
        "old.jp2": b"\0\0\0\x0cjP  \r\n\x87\n",
        "more.zip": b"PK\x03\x04....",
        ".hidden.png": encoded(5),
    }
    for name, content in left.items():
        (folder / name).write_bytes(content)
    assert prepare("folder", folder, tmp_path / "out") == 0
    assert sum(manifest(tmp_path / "out")["counts"].values()) == 18
    assert {entry["why"].partition(";")[0]: entry["first"] for entry in manifest(tmp_path / "out")["left_out"]} == {
        "archives": ["more.zip"],
        "hidden": [".hidden.png"],
        "negatives of cameras": ["raw.NEF"],
        "no pictures": ["empty", "film.mp4", "notes.txt"],
        "pictures of JPEG 2000": ["old.jp2"],
    }
    assert "left out: 3 files (no pictures): empty, film.mp4, notes.txt\n" in capsys.readouterr().out


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")
def test_avif_is_read(tmp_path):
    (tmp_path / "a.bin").write_bytes(encoded(0, "AVIF"))
    (path,) = sources.find("folder", str(tmp_path)).files
    assert grey_of(path)[0].std() > 5


def test_heic_is_read_or_its_package_named(tmp_path, capsys, fails):
    folder = fill(tmp_path / "in")
    heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(99)
    (folder / "phone.heic").write_bytes(heic)
    if "HEIF" in picture_kinds.formats():
        assert "phone.heic" in fail(fails, "folder", folder, tmp_path / "out")
        return
    assert prepare("folder", folder, tmp_path / "out") == 0
    assert "(HEIF pictures, which need a package: pip install pillow-heif): phone.heic" in capsys.readouterr().out
    (folder / "renamed.jpg").write_bytes(heic)
    error = fail(fails, "folder", folder, tmp_path / "out2")
    assert "renamed.jpg (HEIF pictures, which need a package: pip install pillow-heif)" in error
    only = tmp_path / "only"
    only.mkdir()
    (only / "phone.heic").write_bytes(heic)
    assert "pip install pillow-heif" in fail(fails, "folder", only, tmp_path / "out3")


def test_links_are_followed_but_not_in_circles_and_nothing_twice(tmp_path, capsys):
    fill(tmp_path / "elsewhere", 30)
    (tmp_path / "elsewhere" / "round").symlink_to(tmp_path / "elsewhere")
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(10):
        (folder / f"x{number}.png").write_bytes(encoded(100 + number))
    (folder / "linked").symlink_to(tmp_path / "elsewhere")
    (folder / "again").symlink_to(tmp_path / "elsewhere")
    (folder / "up").symlink_to(folder)
    (folder / "a.png").symlink_to(folder / "x3.png")
    (folder / "gone.png").symlink_to(tmp_path / "nowhere")
    os.mkfifo(folder / "pipe.png")
    assert prepare("folder", folder, tmp_path / "out") == 0
    assert sum(manifest(tmp_path / "out")["counts"].values()) == 40
    assert {entry["why"]: entry["first"] for entry in manifest(tmp_path / "out")["left_out"]} == {
        "links that lead nowhere": ["gone.png"],
        "links to files that are read anyway": ["a.png"],
        "links to folders that are read anyway": ["again/round", "linked", "up"],
        "no regular files": ["pipe.png"],
    }
    assert "links that lead nowhere" in capsys.readouterr().out


def test_records_behind_links_are_found(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (40, 2500), np.uint8)
    tfrecords.write(str(tmp_path / "elsewhere" / "a.tfrecords"), images)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "linked").symlink_to(tmp_path / "elsewhere")
    assert prepare("records", tmp_path / "in", tmp_path / "out") == 0
    assert sum(manifest(tmp_path / "out")["counts"].values()) == 40


def test_names_may_be_any_bytes(tmp_path, capsys):
    folder = fill(tmp_path / "in", 18)
    for number, name in enumerate((b"caf\xe9.png", "caf\N{LATIN SMALL LETTER E WITH ACUTE}.png".encode())):
        (pathlib.Path(os.fsdecode(os.fsencode(folder) + b"/" + name))).write_bytes(encoded(50 + number))
    (folder / "cafe\N{COMBINING ACUTE ACCENT}.png").write_bytes(encoded(60))
    bad = os.fsdecode(os.fsencode(folder) + b"/\xff\n.png")
    pathlib.Path(bad).write_bytes(b"no picture")
    assert prepare("folder", folder, tmp_path / "out", "--skip_damaged") == 0
    assert sum(manifest(tmp_path / "out")["counts"].values()) == 21
    assert manifest(tmp_path / "out")["damaged"] == [{"name": "\\xff\n.png", "why": "not a picture"}]


def test_a_long_look_shows_that_it_goes_on(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("gan.console.progress.SECONDS_BETWEEN_LINES", 0)
    folders.walk(str(fill(tmp_path / "in", 3)), FileNotes())
    assert "looking for files: 3 files" in capsys.readouterr().out
    monkeypatch.setattr("gan.console.progress.SECONDS_BETWEEN_LINES", 60)
    folders.walk(str(tmp_path / "in"), FileNotes())
    assert capsys.readouterr().out == ""


def test_damaged_pictures_stop_or_are_listed(tmp_path, capsys, fails):
    folder = fill(tmp_path / "in", 40)
    for number in (3, 7):
        path = folder / f"{number:02}.png"
        path.write_bytes(path.read_bytes()[:500])
    error = fail(fails, "folder", folder, tmp_path / "out")
    assert "03.png (" in error and "07.png (" in error and "--skip_damaged" in error
    assert "2 of 40 pictures, more than --most_damaged=0.04" in fail(
        fails, "folder", folder, tmp_path / "out", "--skip_damaged", "--most_damaged=0.04"
    )
    assert "--most_damaged goes with --skip_damaged" in fail(
        fails, "folder", folder, tmp_path / "out", "--most_damaged=0.5"
    )
    assert prepare("folder", folder, tmp_path / "out", "--skip_damaged") == 0
    assert [entry["name"] for entry in manifest(tmp_path / "out")["damaged"]] == ["03.png", "07.png"]
    assert sum(manifest(tmp_path / "out")["counts"].values()) == 38
    assert "left out: 2 damaged; manifest.json lists them" in capsys.readouterr().out
    assert prepare("folder", folder, tmp_path / "out", "--skip_damaged") == 0
    assert "already prepared" in capsys.readouterr().out
    assert "made without 2 damaged pictures" in fail(fails, "folder", folder, tmp_path / "out")
    assert "--skip_damaged is for pictures" in fail(fails, "mnist", folder, tmp_path / "out", "--skip_damaged")


def test_many_damaged_pictures_are_counted(tmp_path, fails):
    folder = fill(tmp_path / "in")
    for number in range(500):
        (folder / f"bad{number:03}.jpg").write_bytes(b"")
    error = fail(fails, "folder", folder, tmp_path / "out")
    assert "bad009.jpg" in error and "and 490 more" in error and len(error) < 1000


def test_a_large_picture_is_measured_in_our_words(tmp_path, fails):
    folder = fill(tmp_path / "in")
    Image.new("1", (14000, 14000), 1).save(folder / "map.png")  # Pillow refuses so many pixels
    error = fail(fails, "folder", folder, tmp_path / "out")
    assert "map.png (14000x14000 pixels, more than 90 million; a larger --most_megapixels allows it)" in error
    assert "bomb" not in error and "DOS" not in error
    assert prepare("folder", folder, tmp_path / "out", "--most_megapixels=200") == 0
    assert Image.MAX_IMAGE_PIXELS is not None


def tiff(path, values, **tags):
    """Writes a TIFF of one strip, with numbers as they are: Pillow itself writes few kinds."""
    values = np.ascontiguousarray(values)
    height, width = values.shape
    kind = {"f": 3, "i": 2, "u": 1}[values.dtype.kind]
    entries = {
        **{256: width, 257: height, 258: values.dtype.itemsize * 8, 259: 1, 262: 1, 277: 1, 278: height, 339: kind},
        **{int(tag[1:]): value for tag, value in tags.items()},
    }
    start = 8 + 2 + 12 * (len(entries) + 2) + 4
    entries |= {273: start, 279: values.nbytes}
    head = b"II*\0" + (8).to_bytes(4, "little") + len(entries).to_bytes(2, "little")
    for tag, value in sorted(entries.items()):
        head += tag.to_bytes(2, "little") + b"\4\0" + (1).to_bytes(4, "little") + value.to_bytes(4, "little")
    path.write_bytes(head + bytes(4) + values.astype(values.dtype.newbyteorder("<")).tobytes())
    return path


@pytest.mark.parametrize(
    "values, note",
    [
        ((RAMP / 255).astype(np.float32), "floats from 0 to 1"),
        ((RAMP / 127.5 - 1).astype(np.float32), "floats from -1 to 1"),
        (RAMP.astype(np.float32), "floats from 0 to 255"),
        (RAMP.astype(np.uint32), "numbers of 32 bits"),
        (RAMP.astype(np.int32), "numbers of 32 bits"),
        ((RAMP * 257).astype(np.uint32), "numbers of 32 bits"),
        ((RAMP.astype(np.uint64) * 0x01010101).astype(np.uint32), "numbers of 32 bits"),
        ((RAMP.astype(np.int64) << 23).astype(np.int32), "numbers of 32 bits"),
        (RAMP.astype(np.uint16), "numbers of 16 bits"),
        ((RAMP * 257).astype(np.uint16), None),
        ((RAMP * 128).astype(np.int16), "signed numbers of 16 bits"),
    ],
)
def test_wide_numbers_become_grey_with_a_word(values, note, tmp_path):
    image, notes = grey_of(tiff(tmp_path / "a.tif", values))
    assert np.abs(image.astype(int) - expected_ramp()).max() <= 1
    assert [each.partition(";")[0] for each in notes] == ([note] if note else [])


def test_white_may_be_zero(tmp_path):
    image, _ = grey_of(tiff(tmp_path / "a.tif", (65535 - RAMP * 257).astype(np.uint16), t262=0))
    assert np.abs(image.astype(int) - expected_ramp()).max() <= 1


@pytest.mark.parametrize(
    "values, problem",
    [
        (RAMP / 51, "floats from 0 to 5"),
        (RAMP * 10, "floats from 0 to 2550"),
        (RAMP - 40, "floats from -40 to 215"),
        (np.full((9, 9), np.nan), "floats that are not finite"),
        (RAMP > 100, "numbers of 16 bits from 0 to 1"),
        (RAMP * 16, "numbers of 16 bits from 0 to 4080"),  # of a camera with 12 bits
        (RAMP * 1000, "numbers of 32 bits from 0 to 255000"),
        (RAMP - 1, "numbers of 32 bits from -1 to 254"),
    ],
)
def test_unclear_numbers_are_refused(values, problem, tmp_path):
    number_type = np.float32 if "floats" in problem else np.uint16 if "16" in problem else np.int32
    path = tiff(tmp_path / "a.tif", values.astype(number_type))
    with pytest.raises(DataError) as caught:
        grey_of(path)
    assert problem in str(caught.value) and str(caught.value).count("\n") == 0


def test_what_is_transparent_in_wide_numbers_is_white(tmp_path):
    values = np.full((60, 60), 30000, np.uint16)
    values[:30] = 500
    Image.fromarray(values).save(tmp_path / "a.png", transparency=500)
    image, _ = grey_of(tmp_path / "a.png")
    assert (image[:20] == 255).all() and (image[30:] == 116).all()


def test_what_is_said_of_numbers_is_in_the_manifest(tmp_path, capsys):
    folder = fill(tmp_path / "in")
    tiff(folder / "f.tif", (RAMP / 255).astype(np.float32))
    assert prepare("folder", folder, tmp_path / "out") == 0
    note = "floats from 0 to 1; 0 is black, 1 is white"
    assert manifest(tmp_path / "out")["taken"] == [{"why": note, "count": 1, "first": ["f.tif"]}]
    assert f"taken: 1 file ({note}): f.tif\n" in capsys.readouterr().out
    Image.fromarray((RAMP > 99).astype(np.uint8)).save(tmp_path / "mask.png")
    assert [each.partition(":")[0] for each in grey_of(tmp_path / "mask.png")[1]] == ["no value above 1"]


def test_pictures_of_other_modes(tmp_path):
    ramp = Image.fromarray(RAMP.astype(np.uint8))
    lab = Image.merge("LAB", [ramp, Image.new("L", ramp.size, 128), Image.new("L", ramp.size, 128)])
    lab.save(tmp_path / "lab.tif")
    image, _ = grey_of(tmp_path / "lab.tif")
    # L* of 0, 50 and 100 are the greys 0, 119 and 255 of sRGB.
    assert image[0, 0] <= 1 and image[0, -1] >= 253 and abs(int(np.interp(24.5, range(50), image[0])) - 119) <= 2
    frames = [Image.new("L", ramp.size, 0)]
    for name in ("a.gif", "a.png", "a.webp", "a.tif"):
        ramp.save(tmp_path / name, save_all=True, append_images=frames, lossless=True)
        image, notes = grey_of(tmp_path / name)
        assert np.abs(image.astype(int) - expected_ramp()).max() <= 2, name
        assert notes == ["several pictures in one file; the first is used"]
    exif = Image.Exif()
    exif[0x0112] = 3
    turned = Image.fromarray(RAMP[::-1, ::-1].astype(np.uint8))
    for name in ("t.tif", "t.webp", "t.png", "t.jpg"):
        turned.save(tmp_path / name, exif=exif)
        assert np.abs(grey_of(tmp_path / name)[0].astype(int) - expected_ramp()).max() <= 8, name
    assert np.abs(grey.narrowed(ramp, {}).picture - RAMP).max() == 0


@pytest.mark.parametrize("source, top", [("lfw", "lfw-deepfunneled\\lfw-deepfunneled"), ("folder", "archive/a/b")])
def test_zip_archives_of_kaggle(source, top, tmp_path, capsys):
    with tarfile.open(shared("data", "lfw-sample.tgz")) as archive:
        contents = {
            "/".join(member.name.split("/")[-2:]): archive.extractfile(member).read()
            for member in archive
            if member.isfile()
        }
    path = tmp_path / "archive.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("lfw_allnames.csv", "name,images\n")
        for name, content in contents.items():
            information = zipfile.ZipInfo("x")
            information.filename = f"{top}/{name}".replace("/", "\\" if "\\" in top else "/")
            archive.writestr(information, content)
    crop = ["--crop=70,70,180,180"] if source == "folder" else []
    assert prepare(source, path, tmp_path / "zip", *crop) == 0
    assert "lfw_allnames.csv" in capsys.readouterr().out
    assert prepare(source, shared("data", "lfw-sample.tgz"), tmp_path / "tgz", *crop) == 0
    for split in SPLITS:
        name = f"{split}.tfrecords"
        assert (tmp_path / "zip" / name).read_bytes() == (tmp_path / "tgz" / name).read_bytes()


def test_zip_archives_are_wary(tmp_path, fails, monkeypatch):
    path = tmp_path / "deep" / "evil.zip"
    path.parent.mkdir()

    def error(*members, source="folder"):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members:
                archive.writestr(name, content)
        return fail(fails, source, path, tmp_path / "out")

    assert "2 pictures are too few" in error(("../../up.png", encoded(0)), ("/root.png", encoded(1)))
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["deep", "evil.zip", "out"]
    with pytest.warns(UserWarning, match="Duplicate"):
        assert "a.png twice" in error(("a.png", encoded(0)), ("a.png", encoded(1)))
    assert "holds no pictures" in error(("a.txt", b"no picture"))
    (tmp_path / "one.png").write_bytes(encoded(0))
    assert "is one picture; give the folder" in fail(fails, "folder", tmp_path / "one.png", tmp_path / "out")
    monkeypatch.setattr(archives, "_GROWTH_COUNTS_FROM", 1 << 20)
    assert "more than 100 times its size" in error(("a.png", bytes(64 << 20)))
    monkeypatch.setattr(archives, "_GROWTH_COUNTS_FROM", 1 << 40)
    monkeypatch.setattr(archives, "_MOST_PICTURE_BYTES", 1 << 20)
    assert "a.png has more than 1 MiB" in error(("a.png", bytes(2 << 20)))
    error(("a.png", encoded(0)))
    content = bytearray(path.read_bytes())
    for cut in (content[:-30], content[:200]):
        path.write_bytes(cut)
        assert "evil.zip is damaged or is no .zip archive" in fail(fails, "folder", path, tmp_path / "out")
    directory = content.index(b"PK\1\2")
    for offset, value in ((46, 0xFF), (6, 0xFF)):  # a name that is no UTF-8, a version that there will never be
        damaged = content.copy()
        damaged[directory + 9] |= 8  # its name is UTF-8
        damaged[directory + offset] = value
        path.write_bytes(damaged)
        assert "evil.zip is damaged or is no .zip archive" in fail(fails, "folder", path, tmp_path / "out")
    for signature, offset in ((b"PK\1\2", 8), (b"PK\3\4", 6)):
        content[content.index(signature) + offset] |= 1
    path.write_bytes(content)
    assert "needs a password" in fail(fails, "folder", path, tmp_path / "out")


def digits(count, offset=0):
    images = np.zeros((count, 28, 28), np.uint8)
    images[:, 3:20, 3:20] = (np.arange(count) + offset + 1)[:, None, None]
    return images, (np.arange(count) % 10).astype(np.uint8)


def test_mnist_of_keras_and_of_torchvision_is_that_of_its_authors(tmp_path, fails):
    (train, labels), (test, test_labels) = digits(24), digits(6, 100)
    raw = tmp_path / "data" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name, images, some in (("train", train, labels), ("t10k", test, test_labels)):
        head = b"".join(value.to_bytes(4, "big") for value in (2051, len(images), 28, 28))
        (raw / f"{name}-images-idx3-ubyte").write_bytes(head + images.tobytes())
        head = b"".join(value.to_bytes(4, "big") for value in (2049, len(images)))
        (raw / f"{name}-labels-idx1-ubyte").write_bytes(head + some.tobytes())
    keras = tmp_path / "datasets" / "mnist.npz"
    keras.parent.mkdir()
    np.savez(keras, x_train=train, y_train=labels, x_test=test, y_test=test_labels)
    inputs = [raw, raw.parent, raw.parent.parent, keras, keras.parent, tmp_path / "datasets"]
    for number, path in enumerate(inputs):
        assert prepare("mnist", path, tmp_path / f"out{number}") == 0
    made = [{s: (tmp_path / f"out{n}" / f"{s}.tfrecords").read_bytes() for s in SPLITS} for n in range(len(inputs))]
    assert all(each == made[0] for each in made)

    def error():
        return fail(fails, "mnist", keras, tmp_path / "out")

    np.savez(keras, x_train=train / 255, y_train=labels, x_test=test, y_test=test_labels)
    assert "x_train holds 24x28x28 numbers of float64" in error()
    np.savez(keras, x_train=train, y_train=labels[:9], x_test=test, y_test=test_labels)
    assert "9 labels for 24 images" in error()
    np.savez(keras, images=train)
    assert "has no array of the name x_train" in error()
    np.savez(keras, x_train=np.array([{}], object), y_train=labels, x_test=test, y_test=test_labels)
    assert "mnist.npz is damaged" in error()
    keras.write_bytes(keras.read_bytes()[:100])
    assert "mnist.npz is damaged" in error()
    keras.write_bytes(b"hello")
    assert "is not mnist.npz" in error()


@pytest.mark.parametrize("memory_mb", [0, 100])
@pytest.mark.parametrize("scaled, told", [(0, "every value of every image is 0"), (1, "all values are 0 or 1")])
def test_records_that_were_scaled_do_not_train(scaled, told, memory_mb, tmp_path, fails):
    images = np.random.default_rng(0).integers(0, scaled + 1, (600, 2500)).astype(np.uint8)
    path = tmp_path / "a.tfrecords"
    tfrecords.write(str(path), images)
    with pytest.raises(DataError) as caught:
        readers.open_reader([str(path)], 2500, memory_mb, 1)
    message = str(caught.value)
    assert message.startswith(f"{path}: {told}") and "round(255 * value)" in message
    if scaled:  # the command of the message works
        *_, given = message.partition("--input=")
        assert prepare("records", given.split()[0], tmp_path / "out") == 0
        assert tfrecords.read_all([str(tmp_path / "out" / "train.tfrecords")], 2500).max() == 255
    else:
        assert "every value" in fail(fails, "records", path, tmp_path / "out")


def test_one_dark_shard_among_others_is_found(tmp_path):
    good = np.random.default_rng(0).integers(0, 256, (600, 2500), np.uint8)
    for name, images in (("a", good), ("b", good // 255), ("c", good)):
        tfrecords.write(str(tmp_path / f"{name}.tfrecords"), images)
    files = [str(tmp_path / f"{name}.tfrecords") for name in "abc"]
    with pytest.raises(DataError, match=r"b\.tfrecords: all values are 0 or 1"):
        tfrecords.read_all(files, 2500)
    dark_first = np.concatenate([np.zeros((300, 2500), np.uint8), good])
    tfrecords.write(files[1], dark_first)
    assert len(tfrecords.read_all(files, 2500)) == 2100
    readers.open_reader(files[1:2], 2500, 0, 1)


def test_black_pictures_make_no_data_set(tmp_path, fails):
    (tmp_path / "in").mkdir()
    for number in range(20):
        Image.fromarray(np.eye(60, dtype=np.uint8) * (number > 0)).save(tmp_path / "in" / f"{number}.png")
    error = fail(fails, "folder", tmp_path / "in", tmp_path / "out")
    assert "all values are 0 or 1" in error and not list((tmp_path / "out").glob("*"))


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serves a folder and logs nothing."""

    def log_message(self, *arguments):
        pass


def test_a_full_disk_is_named_by_a_download(tmp_path, small_disk):
    path = small_disk("40k") / "lfw.tgz"
    (tmp_path / "source").write_bytes(os.urandom(200_000))
    handler = functools.partial(QuietHandler, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,)).start()
        try:
            with pytest.raises(UserError, match=r"lfw\.tgz\.part: No space left on device; with more room"):
                download.download(f"http://127.0.0.1:{server.server_port}/source", "0" * 64, str(path))
        finally:
            server.shutdown()


@pytest.mark.parametrize(
    "content, told",
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", "`git lfs pull` fetches the picture"),
        (b"<!DOCTYPE html><html>403</html>", "a web page, as a download that failed leaves; get the picture again"),
    ],
)
def test_what_lies_in_place_of_a_picture_is_told(content, told, tmp_path, fails):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").write_bytes(content)
    error = fails(prepare_data.main, "--source=folder", f"--input={tmp_path}/in", f"--output_dir={tmp_path}/out")
    assert f"cannot use a.png ({told})" in error or ("a.png" in error and told in error)


def test_a_png_with_a_long_text_is_read():
    """As programs that draw pictures from a sentence write it."""
    text = PngImagePlugin.PngInfo()
    text.add_text("parameters", "x" * 3_000_000, zip=True)
    file = io.BytesIO()
    Image.new("L", (50, 50), 200).save(file, "PNG", pnginfo=text)
    assert image_files._decode_chunk([("a.png", file.getvalue())], image_files.LARGEST_SQUARE).damaged == []
