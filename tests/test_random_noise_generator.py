import numpy as np

from gan.random_noise_generator import stratified_noise, uniform_noise


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


def test_stratified_noise_fills_each_axis_evenly():
    noise = stratified_noise(400, 1, 2)
    assert noise.shape == (400, 100) and noise.dtype == np.float32
    parts = np.floor((noise.astype(np.float64) + 1) * 200 + 1e-6).astype(int)
    assert all(len(set(column)) > 395 for column in parts.T)  # float32 rounds a few onto a border
    np.testing.assert_array_equal(noise, stratified_noise(400, 1, 2))
    assert not np.array_equal(noise, stratified_noise(400, 1, 3))
    orders = np.corrcoef(noise.T)[np.triu_indices(100, 1)]  # the axes know nothing of each other: 1 / sqrt(400)
    assert 0.04 < orders.std() < 0.06 and abs(orders.mean()) < 0.005
