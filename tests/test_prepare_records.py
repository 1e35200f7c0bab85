"""Records of other programs, in each form and written by real TensorFlows, become the contest's, pixel by pixel."""

import gzip
import io
import json
import pathlib
import shlex
import subprocess
import sys
import zlib

import numpy as np
import old_records
import pytest
import tensorflow.compat.v1 as tf
from conftest import run_train, synthetic_images
from old_interpreters import run_old
from PIL import Image

from gan import prepare_data, readers
from gan.console.errors import DataError
from gan.data import image_files, tfrecords
from gan.storage import cache as cache_of_buckets

pytest_plugins = ["cloud"]
SPLITS = ("train", "validation", "test")
COUNT = 40
IMAGES = np.concatenate(
    [synthetic_images(COUNT - 1, 2500), [np.arange(2500) % 256]]  # every value of a pixel is there
).astype(np.uint8)


def prepare(*flags):
    return prepare_data.main(["prepare_data", "--source=records", *map(str, flags)])


def written(folder, size=2500):
    """All images of prepared data, sorted by their bytes."""
    return by_bytes(tfrecords.read_all([str(folder / f"{split}.tfrecords") for split in SPLITS], size))


def by_bytes(images):
    return np.array(sorted(images.tolist()))


def encoded(image, kind="PNG", **options):
    """The bytes of a picture file."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, kind, **options)
    return file.getvalue()


def write(path, features, compression=""):
    """Writes a file of records, each a dict from name to a tf.train.Feature, with the TensorFlow of the tests."""
    with tf.io.TFRecordWriter(str(path), tf.io.TFRecordOptions(compression_type=compression)) as writer:
        for feature in features:
            writer.write(tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString())
    return path


def bytes_of(content):
    return old_records.byte_string(content)


def integers(*values):
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values))


def raw(images, **others):
    """Records whose image_raw is the bytes of an array; the other features are the same in all of them."""
    return [{"image_raw": bytes_of(image.tobytes()), **others} for image in images]


@pytest.fixture(scope="module", params=["this", "1.15", "1.2"])
def all_forms(request, tmp_path_factory):
    """A folder with a file for each form and compression, as a TensorFlow writes them."""
    folder = tmp_path_factory.mktemp("forms")
    pictures = [
        encoded(image.reshape(50, 50), kind) for image, kind in zip(IMAGES, ["PNG", "BMP", "GIF", "PNG"] * (COUNT // 4))
    ]
    padded = [np.frombuffer(picture.ljust(10000, b"\0"), np.uint8) for picture in pictures]
    np.savez(folder / "images.npz", images=IMAGES, encoded=padded, lengths=[len(picture) for picture in pictures])
    if request.param == "this":
        old_records.main([str(folder / "images.npz"), str(folder)])
    else:
        assert run_old(request.param, "old_records.py", folder / "images.npz", folder).startswith(request.param)
    return folder


@pytest.mark.parametrize("compression", ["plain", "gzip", "zlib"])
@pytest.mark.parametrize("form", [*old_records.FORMS, "encoded"])
def test_each_form_is_read_pixel_by_pixel(form, compression, all_forms, tmp_path, capsys):
    path = all_forms / f"{form}-{compression}.tfrecords"
    assert prepare(f"--input={path}", f"--output_dir={tmp_path}") == 0
    np.testing.assert_array_equal(written(tmp_path), by_bytes(IMAGES))
    said = capsys.readouterr().out
    expected = {
        "bytes": "holds bytes of uint8; values from 0 to 255, of which 0 is taken as black and 255 as white",
        "float32_bytes": "holds bytes of float32; values from 0 to 1, of which 0 is taken as black and 1 as white",
        "floats_0_1": "holds float_list; values from 0 to 1, of which 0 is taken as black and 1 as white",
        "floats_-1_1": "holds float_list; values from -1 to 1, of which -1 is taken as black and 1 as white",
        "floats_0_255": "holds float_list; values from 0 to 255, of which 0 is taken as black and 255 as white",
        "integers": "holds int64_list; values from 0 to 255, of which 0 is taken as black and 255 as white",
        "encoded": "holds picture files",
    }
    assert f"40 records: image_raw {expected[form]}" in said
    assert form == "encoded" or "images are 50x50 grey (assumed from their number)" in said


def test_other_ways_to_hold_pixels(tmp_path):
    """Each is written so that its 50x50 grey pixels are known."""
    colour = np.repeat(IMAGES[:, :, None], 3, 2)  # grey, as RGB
    told = {"height": integers(50), "width": integers(50), "depth": integers(3)}
    wide = np.pad(IMAGES.reshape(-1, 50, 50), ((0, 0), (0, 0), (10, 10)))
    large = IMAGES.reshape(-1, 50, 50).repeat(2, 1).repeat(2, 2)
    shrunk = [image_files.of_picture(Image.fromarray(image)) for image in large]
    cases = {
        "colour": (raw(colour), IMAGES, "50x50 RGB"),
        "colour, told": (raw(colour, **told), IMAGES, "50x50 RGB"),
        "planes": (raw(colour.transpose(0, 2, 1), shape=integers(3, 50, 50)), IMAGES, "50x50 RGB, plane by plane"),
        "one plane": (raw(IMAGES, shape=integers(1, 50, 50)), IMAGES, "50x50 grey, plane by plane"),
        "wide": (raw(wide, **{"image/height": integers(50), "image/width": integers(70)}), IMAGES, "70x50 grey"),
        "large": (raw(large), shrunk, "100x100 grey"),
        "large floats": (raw((large / 255).astype(np.float32)), shrunk, "100x100 grey"),
        "doubles": (raw(IMAGES / 255), IMAGES, "50x50 grey"),
        "doubles, told": (raw(IMAGES / 127.5 - 1, **{**told, "depth": integers(1)}), IMAGES, "50x50 grey"),
    }
    for name, (features, expected, shape) in cases.items():
        path, out = write(tmp_path / name, features), tmp_path / f"{name} out"
        assert prepare(f"--input={path}", f"--output_dir={out}") == 0
        np.testing.assert_array_equal(written(out), by_bytes(np.array(expected)), name)
        assert json.loads((out / "manifest.json").read_text())["form"]["shapes"] == [shape], name


def test_jpeg_and_colour_are_as_from_a_folder(tmp_path):
    random = np.random.default_rng(1)
    contents = [
        encoded(random.integers(0, 256, (60, 80, 3), np.uint8), kind) for kind in ["JPEG", "PNG", "WEBP", "GIF"] * 5
    ]
    (tmp_path / "pictures").mkdir()
    for number, content in enumerate(contents):
        (tmp_path / "pictures" / f"{number:02}.png").write_bytes(content)
    path = write(tmp_path / "a.tfrecords", [{"image/encoded": bytes_of(content)} for content in contents], "GZIP")
    assert prepare(f"--input={path}", "--image_feature=image/encoded", f"--output_dir={tmp_path / 'a'}") == 0
    flags = ["--source=folder", f"--input={tmp_path / 'pictures'}", f"--output_dir={tmp_path / 'b'}"]
    assert prepare_data.main(["prepare_data", *flags]) == 0
    for split in SPLITS:
        assert (tmp_path / "a" / f"{split}.tfrecords").read_bytes() == (tmp_path / f"b/{split}.tfrecords").read_bytes()


def test_damaged_pictures_in_records_are_left_out_where_asked(tmp_path, capsys, fails):
    digits = np.random.default_rng(2).integers(0, 256, (COUNT, 784), np.uint8)
    contents = [encoded(image.reshape(28, 28)) for image in digits]
    contents[7] = contents[7][:-30]
    label = [integers(number % 10) for number in range(COUNT)]
    features = [{"image": bytes_of(content), "label": label[i]} for i, content in enumerate(contents)]
    path = write(tmp_path / "a.tfrecords", features)
    given = ["--source=records", f"--input={path}", "--image_feature=image", "--use_mnist"]
    given.append(f"--output_dir={tmp_path / 'out'}")
    assert "record 7 (image file is truncated" in fails(prepare_data.main, *given)
    assert prepare_data.main(["prepare_data", *given, "--skip_damaged"]) == 0
    assert "left out: 1 damaged" in capsys.readouterr().out
    np.testing.assert_array_equal(written(tmp_path / "out", 784), by_bytes(np.delete(digits, 7, 0)))
    labels = {image.tobytes(): number % 10 for number, image in enumerate(digits)}
    for split in SPLITS:
        for record in tf.python_io.tf_record_iterator(f"{tmp_path}/out/{split}.tfrecords"):
            found = tf.train.Example.FromString(record).features.feature
            assert labels[bytes(found["image_raw"].int64_list.value)] == found["label"].int64_list.value[0]


def test_the_command_that_is_told_names_files_of_one_form(tmp_path, fails):
    tfrecords.write(str(tmp_path / "a-1.tfrecords"), IMAGES)
    for number in (2, 3):
        write(tmp_path / f"a-{number}.tfrecords", [{"img": bytes_of(image.tobytes())} for image in IMAGES])
    with pytest.raises(DataError) as caught:
        tfrecords.read_all([str(tmp_path / f"a-{number}.tfrecords") for number in (1, 2, 3)], 2500)
    told = shlex.split(str(caught.value).partition("records that can be read: ")[2])
    assert "a-1" not in " ".join(told) and "--image_feature=img" in told
    assert prepare(*told[4:-1], f"--output_dir={tmp_path / 'out'}") == 0
    np.testing.assert_array_equal(written(tmp_path / "out"), by_bytes(np.concatenate([IMAGES, IMAGES])))


def test_many_pictures_are_decoded_by_workers(tmp_path, monkeypatch):
    monkeypatch.setattr(image_files, "POOL_BYTES", 0)
    path = write(tmp_path / "a.tfrecords", [{"image_raw": bytes_of(encoded(i.reshape(50, 50)))} for i in IMAGES])
    assert prepare(f"--input={path}", "--num_workers=2", f"--output_dir={tmp_path / 'out'}") == 0
    np.testing.assert_array_equal(written(tmp_path / "out"), by_bytes(IMAGES))


def test_shards_of_all_compressions_and_empty_ones(tmp_path, capsys):
    folder = tmp_path / "shards"
    (folder / "deeper").mkdir(parents=True)
    for number, compression in enumerate(["", "GZIP", "ZLIB"]):
        write(folder / f"a-{number:05}-of-00007", raw(IMAGES[number::3]), compression)
        if compression:
            write(folder / "deeper" / f"a-{number + 3:05}-of-00007", [], compression)
    (folder / "a-00006-of-00007").write_bytes(b"")
    (folder / "README.txt").write_text("not records")
    assert prepare(f"--input={folder}", f"--output_dir={tmp_path / 'out'}") == 0
    np.testing.assert_array_equal(written(tmp_path / "out"), by_bytes(IMAGES))
    said = capsys.readouterr().out
    for name in ("deeper/a-00004-of-00007", "deeper/a-00005-of-00007", "a-00006-of-00007"):
        assert f"{folder / name}: empty, passed over" in said
    assert prepare(f"--input={folder}", f"--output_dir={tmp_path / 'out'}") == 0
    assert "already prepared" in capsys.readouterr().out
    pattern = f"--input={folder}/a-*,{folder}/deeper/a-*"
    assert prepare(pattern, f"--output_dir={tmp_path / 'other'}") == 0
    for name in ("manifest.json", *(f"{split}.tfrecords" for split in SPLITS)):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "other" / name).read_bytes()


def test_parts_compressed_one_by_one_are_one_file(tmp_path):
    """As `cat a.gz b.gz` makes them; zeros after the end are no part of it."""
    plain = [write(tmp_path / f"{number}", raw(IMAGES[number::2])).read_bytes() for number in range(2)]
    for compress in (gzip.compress, zlib.compress):
        (tmp_path / "a.tfrecords").write_bytes(b"".join(map(compress, plain)) + bytes(100))
        assert prepare(f"--input={tmp_path / 'a.tfrecords'}", f"--output_dir={tmp_path / compress.__module__}") == 0
        np.testing.assert_array_equal(written(tmp_path / compress.__module__), by_bytes(IMAGES))


def test_a_plain_file_that_begins_like_a_compressed_one_is_plain(tmp_path):
    """The length of the first record begins with the two bytes by which GZIP is known: 1f 8b."""
    wanted = 0x8B1F
    features = raw(IMAGES, note=bytes_of(b"x" * 30000))
    size = len(tf.train.Example(features=tf.train.Features(feature=features[0])).SerializeToString())
    features[0]["note"] = bytes_of(b"x" * (30000 + wanted - size))
    path = write(tmp_path / "a.tfrecords", features)
    assert path.read_bytes()[:2] == b"\x1f\x8b"
    assert prepare(f"--input={path}", f"--output_dir={tmp_path / 'out'}") == 0
    np.testing.assert_array_equal(written(tmp_path / "out"), by_bytes(IMAGES))


def test_digits_keep_their_labels(tmp_path):
    digits = synthetic_images(COUNT, 784)
    features = [{"image_raw": bytes_of(d.tobytes()), "label": integers(n % 10)} for n, d in enumerate(digits)]
    path = write(tmp_path / "a.tfrecords", features, "ZLIB")
    assert prepare(f"--input={path}", "--use_mnist", f"--output_dir={tmp_path / 'out'}") == 0
    np.testing.assert_array_equal(written(tmp_path / "out", 784), by_bytes(digits))
    labels = {digit.tobytes(): number % 10 for number, digit in enumerate(digits)}
    for split in SPLITS:
        file = str(tmp_path / "out" / f"{split}.tfrecords")
        for image, record in zip(tfrecords.read_all([file], 784), tf.python_io.tf_record_iterator(file)):
            example = tf.train.Example.FromString(record)
            assert list(example.features.feature["label"].int64_list.value) == [labels[image.tobytes()]]


def test_range_that_is_not_clear_is_asked_for(tmp_path, fails):
    values = IMAGES / 255 * 3 - 1.5  # as if they were normalised by mean and deviation
    path = write(tmp_path / "a.tfrecords", [{"image_raw": old_records.floats(v)} for v in values])
    flags = [f"--input={path}", f"--output_dir={tmp_path / 'out'}"]
    error = fails(prepare_data.main, "--source=records", *flags)
    assert "values from -1.5 to 1.5" in error and "--value_range=0,1 or -1,1 or 0,255" in error
    assert prepare(*flags, "--value_range=-1,1") == 0
    expected = np.rint(np.clip((values + 1) / 2, 0, 1) * 255)
    np.testing.assert_array_equal(written(tmp_path / "out"), by_bytes(expected.astype(np.uint8)))
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert (manifest["image_feature"], manifest["value_range"]) == ("image_raw", "-1,1")
    assert manifest["form"] == {
        "holds": "float_list",
        "number_type": "float32",
        "value_range": "-1,1",
        "shapes": ["50x50 grey"],
    }
    assert "made with value_range -1,1, not 0,1" in fails(
        prepare_data.main, "--source=records", *flags, "--value_range=0,1"
    )


IMAGE = {"image_raw": bytes_of(bytes(2500))}
PNG = encoded(np.zeros((50, 50), np.uint8))


@pytest.mark.parametrize(
    "features, expected",
    [
        ([{"picture": IMAGE["image_raw"], "label": integers(1)}], "record 0: has no image_raw, only label (int64_list"),
        ([{"picture": IMAGE["image_raw"]}], "picture (bytes_list, 2500 bytes); --image_feature=NAME says which"),
        ([IMAGE, {"image_raw": integers(*[0] * 2500)}], "record 1: image_raw is int64_list, but bytes_list in"),
        ([IMAGE, {"image_raw": bytes_of(bytes(2501))}], "record 1: image_raw (bytes_list, 2501 bytes) is neither"),
        ([{"image_raw": bytes_of(PNG)}, IMAGE, {"image_raw": bytes_of(b"?")}], "record 1: image_raw (bytes_list, 2500"),
        ([{"image_raw": bytes_of(PNG)}] * 2 + [{"image_raw": bytes_of(PNG[:60])}], "record 2 ("),
        ([{"image_raw": old_records.floats([np.nan] * 2500)}], "record 0: image_raw (float_list, 2500 values) has"),
        ([{"image_raw": integers()}], "image_raw (int64_list, 0 values) does not hold one image"),
        ([{"image_raw": integers(5)}], "image_raw (int64_list, 1 value) is neither"),
        ([{"image_raw": integers(*[300] * 2500)}], "values from 300 to 300, which do not show"),
        ([], "a.tfrecords: no records in any file"),
    ],
)
def test_what_is_wrong_is_said(features, expected, tmp_path, fails):
    path = write(tmp_path / "a.tfrecords", features)
    error = fails(prepare_data.main, "--source=records", f"--input={path}", f"--output_dir={tmp_path / 'out'}")
    assert expected in error and str(path) in error.replace("image_raw has values", str(path))
    assert not list(tmp_path.glob("out/*"))


@pytest.mark.parametrize("compression", ["", "GZIP", "ZLIB"])
def test_damaged_files_are_named_with_the_record(compression, tmp_path, fails):
    noise = np.random.default_rng(0).integers(0, 256, (21, 2500), np.uint8)  # 21: the middle is inside a record
    path = write(tmp_path / "a.tfrecords", raw(noise), compression)
    whole = path.read_bytes()
    middle = len(whole) // 2
    flipped = whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :]
    for content in (whole[:-3], whole[:middle], flipped, whole[:1], b"hello, I am no file of records"):
        path.write_bytes(content)
        error = fails(prepare_data.main, "--source=records", f"--input={path}", f"--output_dir={tmp_path / 'out'}")
        assert f"{path}, record " in error and "damaged" in error
    assert not list(tmp_path.glob("out/*"))


def test_wrong_inputs_and_flags(tmp_path, fails):
    def error(*flags):
        return fails(prepare_data.main, f"--output_dir={tmp_path / 'out'}", *flags)

    (tmp_path / "notes.txt").write_text("hello")
    assert "needs --input: a file of TFRecords" in error("--source=records")
    assert "holds no files such as a.tfrecords" in error("--source=records", f"--input={tmp_path}")
    assert "no file matches" in error("--source=records", f"--input={tmp_path}/*.tfrecords")
    assert "no such file or folder" in error("--source=records", f"--input={tmp_path}/nowhere")
    for flag in ("--image_feature=a", "--value_range=0,1", "--use_mnist"):
        assert "is for --source=records, not for folder" in error("--source=folder", f"--input={tmp_path}", flag)
    assert not (tmp_path / "out").exists()


def test_records_are_not_replaced_by_what_is_made_of_them(tmp_path, fails):
    path = write(tmp_path / "train.tfrecords", raw(IMAGES))
    before = path.read_bytes()
    for given in (path, tmp_path, f"{tmp_path}/*.tfrecords"):
        flags = ["--source=records", f"--input={given}", f"--output_dir={tmp_path}/", "--overwrite"]
        assert "give another folder" in fails(prepare_data.main, *flags)
    assert path.read_bytes() == before


def test_records_are_read_without_tensorflow(tmp_path):
    path = write(tmp_path / "a.tfrecords", raw(IMAGES), "GZIP")
    flags = ["prepare_data", "--source=records", f"--input={path}", f"--output_dir={tmp_path / 'out'}"]
    code = f"import sys; from gan import prepare_data as p; p.main({flags}); assert 'tensorflow' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
    np.testing.assert_array_equal(written(tmp_path / "out"), by_bytes(IMAGES))


def float_records(images, name="image_raw"):
    return [{name: old_records.floats(image / 255), "label": integers(1)} for image in images]


@pytest.mark.parametrize(
    "features, compression, size, reason",
    [
        (raw(IMAGES), "", 2500, "record 0: image_raw holds bytes_list, 2500 bytes, not an int64 list"),
        (raw(IMAGES), "GZIP", 2500, "a-0.tfrecords is compressed by GZIP"),
        (raw(IMAGES), "ZLIB", 2500, "a-0.tfrecords is compressed by ZLIB"),
        (float_records(IMAGES), "", 2500, "image_raw holds float_list, 2500 values, not an int64 list"),
        (float_records(IMAGES, "my face"), "", 2500, "has no image_raw, only label (int64_list, 1 value), my face"),
        (float_records(IMAGES, "my face"), "GZIP", 2500, "compressed by GZIP"),
        ([{"image_raw": integers(*[7, 8] * 512)}] * COUNT, "", 2500, "image_raw has 1024 values, not 2500"),
        (raw(synthetic_images(COUNT, 784)), "", 784, "bytes_list, 784 bytes, not an int64 list"),
    ],
)
def test_the_readers_say_the_command(features, compression, size, reason, tmp_path, monkeypatch):
    """The command is taken from the message, run, and then the same reader reads what it made."""
    monkeypatch.chdir(tmp_path)
    pathlib.Path("the data").mkdir()
    for number in range(2):
        write(f"the data/a-{number}.tfrecords", features[number::2], compression)
    write("the data/b.tfrecords", [])
    files = cache_of_buckets.find_files("the data/a*.tfrecords", "train_data_pattern")
    for memory_mb in (0, 100):
        with pytest.raises(DataError) as caught:
            readers.open_reader(files, size, memory_mb, 1)
            list(tfrecords.read_chunks(files, size))
        message = str(caught.value)
        assert reason in message and message.count("\n") == 0
    command = message[message.index("python -m gan.prepare_data") :]
    assert "--source=records --input='the data/a-*.tfrecords'" in command
    assert prepare_data.main(["prepare_data", *shlex.split(command)[3:]]) == 0
    made = [f"prepared_data/{split}.tfrecords" for split in SPLITS]
    assert readers.open_reader(made, size, 100, 1).num_images == COUNT
    if size == 2500 and "1024" not in reason:
        np.testing.assert_array_equal(by_bytes(tfrecords.read_all(made, size)), by_bytes(IMAGES))


def test_training_says_the_command_and_passes_over_an_empty_shard(tmp_path, capsys):
    tfrecords.write(str(tmp_path / "a.tfrecords"), IMAGES)
    (tmp_path / "b.tfrecords").write_bytes(b"")
    assert run_train(f"{tmp_path}/*.tfrecords", tmp_path / "run", "--max_steps=2") == 0
    write(tmp_path / "b.tfrecords", raw(IMAGES), "GZIP")
    capsys.readouterr()
    assert run_train(f"{tmp_path}/*.tfrecords", tmp_path / "run2", "--max_steps=2") == 1
    error = capsys.readouterr().err
    assert "b.tfrecords is compressed by GZIP" in error and f"--input={tmp_path}/b.tfrecords " in error


def test_records_in_a_bucket_are_those_on_disk(emulator, bucket, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "shards"
    folder.mkdir()
    # Written to the bucket in the reverse order, so that their generations are too.
    for number in (2, 1, 0):
        path = write(folder / f"a-{number}.tfrecords", raw(IMAGES[number::3]), ["", "GZIP", "ZLIB"][number])
        emulator.write(bucket, f"x/shards/{path.name}", path.read_bytes())
    emulator.write(bucket, "x/shards/notes.txt", b"not records")
    assert prepare(f"--input={folder}", f"--output_dir={tmp_path / 'a'}") == 0
    assert prepare(f"--input=gs://{bucket}/x/shards", f"--output_dir={tmp_path / 'b'}") == 0
    assert prepare(f"--input=gs://{bucket}/x/shards/a-*", f"--output_dir=gs://{bucket}/out") == 0
    for path in (tmp_path / "a").iterdir():
        assert (tmp_path / "b" / path.name).read_bytes() == path.read_bytes()
        assert emulator.read(bucket, f"out/{path.name}") == path.read_bytes()
    files = cache_of_buckets.find_files(f"gs://{bucket}/x/shards/a-*", "train_data_pattern")
    with pytest.raises(DataError) as caught:
        tfrecords.read_all(files, 2500)
    given = ",".join(f"gs://{bucket}/x/shards/a-{number}.tfrecords" for number in range(3))
    assert f"--input={given}" in str(caught.value)
