"""Record files, whole and damaged in every way that users meet."""

import io

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from conftest import shared, synthetic_images
from PIL import Image

from gan.console.errors import DataError
from gan.data import tfrecords


def write_examples(path, *features):
    with tf.io.TFRecordWriter(str(path)) as writer:
        for feature in features:
            writer.write(tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString())
    return str(path)


def int64(values):
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values))


def test_what_is_written_is_read(tmp_path):
    images = synthetic_images(700, 2500)  # more than one chunk
    path = str(tmp_path / "a.tfrecords")
    tfrecords.write(path, images)
    np.testing.assert_array_equal(tfrecords.read_all([path], 2500), images)
    np.testing.assert_array_equal(tfrecords.read_all([path, path], 2500), np.concatenate([images, images]))


def test_files_are_those_that_tensorflow_writes(tmp_path):
    """Every value of a pixel, at every place of a byte that is followed by another one."""
    images = np.concatenate([np.arange(784) % 256, np.zeros(784), np.full(784, 255)]).astype(np.uint8).reshape(3, 784)
    tfrecords.write(str(tmp_path / "ours"), images)
    write_examples(tmp_path / "theirs", *({"image_raw": int64(image)} for image in images.tolist()))
    assert (tmp_path / "ours").read_bytes() == (tmp_path / "theirs").read_bytes()


def test_records_made_in_other_ways_are_read(tmp_path):
    image = synthetic_images(1, 784)[0]
    usual = tf.train.Feature(int64_list=tf.train.Int64List(value=image.tolist())).SerializeToString()
    unpacked = b"".join(b"\x08" + bytes([pixel] if pixel < 128 else [pixel, 1]) for pixel in image)
    padded = b"".join(bytes([pixel | 128, pixel >> 7]) for pixel in image)  # two bytes for every number
    lure = b"\n\timage_raw\x12\x05\x1a\x03\n\x01\x07"  # text that looks like an image of one pixel
    features = {
        "with others": {"a": int64([1, 2]), "image_raw": int64(image), "label": int64([300])},
        "lure": {"a": tf.train.Feature(bytes_list=tf.train.BytesList(value=[lure])), "image_raw": int64(image)},
        "unpacked": {"image_raw": tf.train.Feature.FromString(field(b"\x1a", unpacked))},
    }
    for name, feature in features.items():
        path = write_examples(tmp_path / name, feature, feature)
        np.testing.assert_array_equal(tfrecords.read_all([path], 784), [image, image], name)
    for value in (usual, field(b"\x1a", unpacked), field(b"\x1a", field(b"\n", padded))):
        entry = field(b"\n", field(b"\n", b"image_raw") + field(b"\x12", value))
        turned = field(b"\n", field(b"\x12", value) + field(b"\n", b"image_raw"))
        for content in (entry, turned, entry + entry):
            with tf.io.TFRecordWriter(str(tmp_path / "raw")) as writer:
                writer.write(field(b"\n", content))
            np.testing.assert_array_equal(tfrecords.read_all([str(tmp_path / "raw")], 784), [image])


def field(tag, content):
    """A field of a protocol buffer, of 128 to 16383 bytes or fewer than 128."""
    length = len(content)
    return tag + bytes([length] if length < 128 else [length & 127 | 128, length >> 7]) + content


def test_labels_are_written_beside_the_image(tmp_path):
    path = str(tmp_path / "a.tfrecords")
    tfrecords.write(path, synthetic_images(3, 784), [7, 0, 9])
    examples = [tf.train.Example.FromString(r) for r in tf.python_io.tf_record_iterator(path)]
    assert [e.features.feature["label"].int64_list.value[0] for e in examples] == [7, 0, 9]
    assert len(examples[0].features.feature["image_raw"].int64_list.value) == 784


def test_the_contests_own_files_are_read():
    images = tfrecords.read_all([shared("data", "faces", "validation.tfrecords")], 2500)
    assert images.shape == (689, 2500)
    assert images.dtype == np.uint8
    assert 100 < images.mean() < 140  # faces, neither black nor noise


def test_one_image_does_not_lend_its_pixels_to_another(tmp_path):
    features = [{"image_raw": int64([5] * length)} for length in (2500, 2501, 2499)]
    with pytest.raises(DataError, match="record 1: image_raw has 2501 values"):
        tfrecords.read_all([write_examples(tmp_path / "a.tfrecords", *features)], 2500)


@pytest.mark.parametrize(
    "feature, expected",
    [
        ({"picture": int64([1])}, ["record 1", "has no image_raw", "picture"]),
        ({"image_raw": int64([0] * 784)}, ["record 1", "784 values", "--use_mnist"]),
        ({"image_raw": int64([0] * 3)}, ["record 1", "3 values, which are no image of 2500"]),
        ({"image_raw": int64([0] * 1024)}, ["record 1", "1024 values, not 2500", "prepare_data --source=records"]),
        ({"image_raw": int64([256] + [0] * 2499)}, ["record 1", "value 256", "0 to 255"]),
        ({"image_raw": int64([-1] + [0] * 2499)}, ["record 1", "value -1"]),
        ({"image_raw": tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"x"]))}, ["record 1", "bytes_list"]),
    ],
)
def test_wrong_records_are_named(tmp_path, feature, expected):
    path = write_examples(tmp_path / "a.tfrecords", {"image_raw": int64([5] * 2500)}, feature)
    with pytest.raises(DataError) as caught:
        tfrecords.read_all([path], 2500)
    for part in [path, *expected]:
        assert part in str(caught.value)


def test_an_empty_file_among_others_is_passed_over(tmp_path):
    image = synthetic_images(1, 784)
    empty, whole = str(tmp_path / "a"), str(tmp_path / "b")
    write_examples(empty)
    tfrecords.write(whole, image)
    np.testing.assert_array_equal(tfrecords.read_all([empty, whole, empty], 784), image)
    assert tfrecords.count_all([empty, whole], 784) == 1
    with pytest.raises(DataError, match="a is empty, and so are all other files"):
        tfrecords.read_all([empty, empty], 784)


def test_some_images_are_taken_from_all_parts_of_all_files(tmp_path):
    """In equal steps, however the images are divided among files."""
    images, paths = synthetic_images(900, 784), []
    for first, last in ((0, 1), (1, 3), (3, 300), (300, 900)):  # the last two have more than one chunk
        paths.append(str(tmp_path / f"{first:03d}.tfrecords"))
        tfrecords.write(paths[-1], images[first:last])
    for most, every in ((900, 1), (899, 2), (450, 2), (300, 3), (100, 9), (1, 900)):
        np.testing.assert_array_equal(tfrecords.read_some(paths, 784, most), images[::every])


def test_a_record_that_is_no_example_is_named(tmp_path):
    path = str(tmp_path / "a.tfrecords")
    with tf.io.TFRecordWriter(path) as writer:
        writer.write(b"\xff\xff not an example")
    with pytest.raises(DataError, match="record 0: is not a tf.train.Example"):
        tfrecords.read_all([path], 2500)


def test_damaged_files_are_named_with_the_record(tmp_path):
    whole = tmp_path / "whole.tfrecords"
    tfrecords.write(str(whole), synthetic_images(600, 2500))
    content = whole.read_bytes()
    second = 16 + int.from_bytes(content[:8], "little")

    cut = tmp_path / "cut.tfrecords"
    cut.write_bytes(content[:-100])
    with pytest.raises(DataError, match="cut.tfrecords, record 599: damaged or cut off; the 599 records before it"):
        tfrecords.read_all([str(cut)], 2500)

    for tail in (1, 8, 11):  # bytes of the next record's head
        cut.write_bytes(content[: second + tail])
        with pytest.raises(DataError, match="cut.tfrecords, record 1: damaged or cut off"):
            tfrecords.read_all([str(cut)], 2500)

    flipped = tmp_path / "flipped.tfrecords"
    flipped.write_bytes(content[: second + 50] + bytes([content[second + 50] ^ 1]) + content[second + 51 :])
    with pytest.raises(DataError, match="flipped.tfrecords, record 1: damaged"):
        tfrecords.read_all([str(flipped)], 2500)

    with pytest.raises(DataError, match="flipped.tfrecords, record 1"):
        tfrecords.read_all([str(whole), str(flipped)], 2500)


def test_files_of_other_kinds_are_named(tmp_path):
    jpeg, empty, text = tmp_path / "a.tfrecords", tmp_path / "b.tfrecords", tmp_path / "c.tfrecords"
    picture = io.BytesIO()
    Image.new("L", (50, 50)).save(picture, "JPEG")
    jpeg.write_bytes(picture.getvalue())
    empty.write_bytes(b"")
    text.write_text("just some words, long enough to be taken for a record's head")
    for path, expected in [
        (jpeg, "a JPEG picture"),
        (empty, "is empty"),
        (text, "record 0: damaged, or not a TFRecord"),
    ]:
        with pytest.raises(DataError, match=expected):
            tfrecords.read_all([str(path)], 2500)
