import numpy as np
from PIL import Image

from gan import linear_interpolation


def test_latents_between_four_corners():
    corners = np.array([[0.0], [1.0], [10.0], [13.0]], np.float32)
    grid = linear_interpolation.between(corners, 3)[:, 0].reshape(3, 3)
    assert grid.tolist() == [[0, 0.5, 1], [5, 6, 7], [10, 11.5, 13]]


def test_picture(trained, tmp_path, fails):
    path = tmp_path / "a.png"
    arguments = [f"--train_dir={trained}", f"--output_file={path}", "--seed=1"]
    assert linear_interpolation.main(["linear_interpolation", *arguments]) == 0
    picture = np.asarray(Image.open(path))
    assert picture.shape == (2 * (10 * 52 - 2),) * 2  # 10 images of 50 pixels, gaps of 2, twice as large
    assert not np.array_equal(picture[:100, :100], picture[-100:, -100:])
    assert "no complete snapshot" in fails(linear_interpolation.main, f"--train_dir={tmp_path}")
