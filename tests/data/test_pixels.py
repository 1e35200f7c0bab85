import numpy as np
from PIL import Image

from gan.contest import half_round
from gan.data import pixels


def test_bytes_round_and_clip():
    floats = np.array([-0.1, 0, 0.4 / 255, 0.6 / 255, 0.5, 254.4 / 255, 1, 1.7])
    assert pixels.to_bytes(floats).tolist() == [0, 0, 0, 1, 128, 254, 255, 255]


def test_floats_are_what_the_readers_give():
    every = np.arange(256, dtype=np.uint8)
    floats = pixels.to_floats(every)
    assert floats.dtype == np.float32
    assert floats[51] == np.float32(0.2)
    np.testing.assert_array_equal(pixels.to_bytes(floats), every)


def test_mirrored_images():
    assert pixels.mirrored(np.arange(8).reshape(2, 4)).tolist() == [[1, 0, 3, 2], [5, 4, 7, 6]]


def test_flips():
    images = np.array([[1, 2, 3, 4]], np.uint8)
    assert pixels.with_flips(images).tolist() == [[1, 2, 3, 4], [2, 1, 4, 3]]


def test_grid_places_images_row_by_row():
    images = np.arange(3, dtype=np.uint8)[:, None].repeat(4, 1)  # three 2x2 images of one value each
    sheet = pixels.grid(images, columns=2, gap=1)
    assert sheet.tolist() == [
        [0, 0, 255, 1, 1],
        [0, 0, 255, 1, 1],
        [255, 255, 255, 255, 255],
        [2, 2, 255, 255, 255],
        [2, 2, 255, 255, 255],
    ]
    assert pixels.grid(images, zoom=2).shape == (12, 12)


def test_png_files_hold_the_pixels(tmp_path):
    picture = np.arange(2500, dtype=np.uint8).reshape(50, 50)
    path = tmp_path / "new" / "folder" / "a.png"
    pixels.write_png(str(path), picture)
    np.testing.assert_array_equal(np.asarray(Image.open(path)), picture)
    assert [p.name for p in path.parent.iterdir()] == ["a.png"]


def test_half_round_picture_is_drawn(tmp_path):
    path = tmp_path / "overview.png"
    images = np.zeros((12, 2500), np.uint8)
    half_round.write_overview(str(path), half_round.JudgedImages(images, np.arange(12) % 2, np.linspace(0, 1, 12)))
    width, height = Image.open(path).size
    assert width > height > 300  # ten images wide, two rows
