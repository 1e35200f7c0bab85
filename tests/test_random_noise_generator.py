import numpy as np

from gan.random_noise_generator import uniform_noise


def test_noise_is_uniform_in_minus_one_to_one():
    noise = uniform_noise(5000, 1, 2)
    assert noise.shape == (5000, 100)
    assert noise.dtype == np.float32
    assert noise.min() >= -1 and noise.max() < 1
    # 500,000 draws: the mean's standard error is 0.0008, the variance of uniform [-1, 1] is 1/3.
    assert abs(noise.mean()) < 0.005
    assert abs(noise.var() - 1 / 3) < 0.005


def test_noise_depends_on_the_key_alone():
    np.testing.assert_array_equal(uniform_noise(4, 1, 2), uniform_noise(4, 1, 2))
    for other in [(1, 3), (2, 2), (2, 1)]:
        assert not np.array_equal(uniform_noise(4, 1, 2), uniform_noise(4, *other))
