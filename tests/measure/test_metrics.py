import numpy as np
import pytest

from gan.console.errors import UserError
from gan.measure import estimates, metrics
from gan.measure.estimates import Estimate
from gan.measure.metrics import Coverage

UNIT = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]]) * np.sqrt(3) / 2  # covariance: the unit matrix
# Covariances diag(4, 1) and [[2.5, 1.5], [1.5, 2.5]]; their product has trace 12.5 and determinant 16, so that the
# trace of its root is (12.5 + 2 * 4)^(1/2).
LONG, SLANTED = UNIT @ np.diag([2, 1]), UNIT @ np.array([[1.5, 0.5], [0.5, 1.5]])
LONG_TO_SLANTED = 10 - 2 * np.sqrt(20.5)


@pytest.fixture
def random():
    return np.random.default_rng(3)


def covered(true, estimates):
    """The share of intervals that hold the true value."""
    return np.mean([estimate.low <= true <= estimate.high for estimate in estimates])


def test_frechet_distance_of_numbers():
    # Means 1 and 5, variances 2 and 8: 4^2 + (2 sqrt 2 - sqrt 2)^2.
    assert metrics.frechet_distance(np.array([[0], [2]]), np.array([[3], [7]])) == pytest.approx(18)


def test_frechet_distance_of_gaussians_that_do_not_commute():
    assert metrics.frechet_distance(LONG, SLANTED) == pytest.approx(LONG_TO_SLANTED)
    assert metrics.frechet_distance(LONG + [3, 0], SLANTED - [0, 4]) == pytest.approx(25 + LONG_TO_SLANTED)
    assert metrics.frechet_distance(LONG, LONG) == pytest.approx(0, abs=1e-12)


def test_frechet_distance_with_more_dimensions_than_images():
    wide = np.zeros((2, 4, 9))
    wide[0, :, 3:5], wide[1, :, 3:5] = LONG, SLANTED
    assert metrics.frechet_distance(*wide) == pytest.approx(LONG_TO_SLANTED)
    many = wide[1].repeat(50, 0)  # a side with fewer and one with more; the covariance shrinks by (3 / 4) (200 / 199)
    shrunk = 150 / 199
    assert metrics.frechet_distance(wide[0], many) == pytest.approx(5 + 5 * shrunk - 2 * np.sqrt(20.5 * shrunk))


def test_kernel_distance_by_hand():
    # (xy + 1)^3: 1 within a, 343 within b, and 1, 1, 27, 64 across.
    assert metrics.kernel_distance(np.array([[0], [1]]), np.array([[2], [3]])) == pytest.approx(1 + 343 - 2 * 93 / 4)


def test_kernel_distance_is_the_sum_over_pairs(random):
    a, b = random.standard_normal((5, 3)), random.standard_normal((4, 3)) + 1
    kernel = lambda x, y: (x @ y / 3 + 1) ** 3  # noqa: E731
    within_a = sum(kernel(x, y) for i, x in enumerate(a) for j, y in enumerate(a) if i != j) / 20
    within_b = sum(kernel(x, y) for i, x in enumerate(b) for j, y in enumerate(b) if i != j) / 12
    across = sum(kernel(x, y) for x in a for y in b) / 20
    assert metrics.kernel_distance(a, b) == pytest.approx(within_a + within_b - 2 * across)


def test_kernel_distance_is_unbiased(random):
    draws = [metrics.kernel_distance(*random.standard_normal((2, 12, 4))) for _ in range(400)]
    assert abs(np.mean(draws)) < 3 * np.std(draws) / np.sqrt(400)


@pytest.mark.parametrize("shift, scale", [(0.5, 1.5), (0, 1)])
def test_intervals_cover_the_distance_of_two_gaussians(random, shift, scale):
    true, plain, found = 4 * (shift**2 + (scale - 1) ** 2), [], []
    for _ in range(100):
        a, b = random.standard_normal((100, 4)), shift + scale * random.standard_normal((100, 4))
        plain.append(metrics.frechet_distance(a, b))
        found.append(estimates.bootstrap(metrics.frechet_distance, a, b, 40, random))
    error = np.std(plain) / np.sqrt(100)
    assert np.mean(plain) > true + 4 * error  # the bias that is to be taken away
    assert abs(np.mean([estimate.value for estimate in found]) - true) < 4 * error
    # 95% are promised; fewer than 88 of 100 would come by chance once in 500 times. Around 0 it covers more.
    assert covered(true, found) >= 0.88
    assert shift == 0 or np.mean([e.high - e.low for e in found]) < 1.3 * 3.92 * np.std(plain)


def test_intervals_cover_the_kernel_distance(random):
    def draw():
        return random.standard_normal((60, 16)), 0.4 + random.standard_normal((60, 16))

    true = np.mean([metrics.kernel_distance(*draw()) for _ in range(2000)])
    found = []
    for _ in range(100):
        a, b = draw()
        found.append(metrics.kernel_distance_interval(a, b, 60, random))
        assert found[-1].value == pytest.approx(metrics.kernel_distance(a, b))
    assert covered(true, found) >= 0.88


def test_kernel_distance_interval_is_the_bootstrap_made_fast():
    a, b = np.random.default_rng(1).standard_normal((2, 31, 3))
    fast = metrics.kernel_distance_interval(a, b, 1500, np.random.default_rng(2))
    slow = estimates.bootstrap(metrics.kernel_distance, a, b, 1500, np.random.default_rng(4), correct_bias=False)
    np.testing.assert_allclose(fast, slow, rtol=0.15)


def test_without_correction_the_value_is_the_statistic_itself(random):
    a, b = random.standard_normal((2, 40, 3))
    estimate = estimates.bootstrap(metrics.frechet_distance, a, b, 50, random, correct_bias=False)
    assert estimate.value == metrics.frechet_distance(a, b)
    assert estimate.low < estimate.value < estimate.high


def test_intervals_depend_on_the_generator_alone():
    a, b = np.random.default_rng(0).standard_normal((2, 30, 2))
    one, again, other = (
        estimates.bootstrap(metrics.frechet_distance, a, b, 20, np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert one == again != other


def test_precision_recall_density_coverage_by_hand():
    # Radii to the nearest other: 1, 1, 2 around the real ones; 0.6, 0.6, 7.5 around the generated ones. Of those, 1.9
    # lies in the balls of 1 and 3, 2.5 in that of 3, 10 in none. Of the real ones, 3 alone lies in a generated ball
    # (2.5's); 1 and 3 have a generated one in their own.
    real, fake = np.array([[0.0], [1], [3]]), np.array([[1.9], [2.5], [10]])
    expected = Coverage(precision=2 / 3, recall=1 / 3, density=3 / 3, coverage=2 / 3)
    assert metrics.precision_recall_density_coverage(real, fake, k=1) == pytest.approx(expected)


def test_precision_and_coverage_tell_collapse_from_noise(random):
    real = random.standard_normal((300, 2))
    collapsed = metrics.precision_recall_density_coverage(real, real[:1] + 0.01 * random.standard_normal((300, 2)))
    scattered = metrics.precision_recall_density_coverage(real, 10 * random.standard_normal((300, 2)))
    equal = metrics.precision_recall_density_coverage(real, random.standard_normal((300, 2)))
    assert collapsed.precision == 1 and collapsed.recall < 0.1 and collapsed.coverage < 0.1
    assert scattered.precision < 0.3 and scattered.recall > 0.9
    assert min(equal) > 0.85 and equal.density == pytest.approx(1, abs=0.15)


def test_nearest_agrees_with_all_distances(random, monkeypatch):
    monkeypatch.setattr(metrics, "BLOCK", 7)
    queries, references = (random.integers(0, 256, (count, 60), np.uint8) for count in (20, 33))
    references[30] = references[11] = queries[4]
    indices, distances = metrics.nearest(queries, references)
    every = np.sqrt(np.square(queries[:, None].astype(float) - references).sum(2))
    np.testing.assert_array_equal(indices, every.argmin(1))
    np.testing.assert_allclose(distances, every.min(1))
    assert indices[4] == 11 and distances[4] == 0


def test_nearest_of_features(random):
    queries, references = random.standard_normal((2, 50, 8)).astype(np.float32) + 1000
    indices, distances = metrics.nearest(queries, references)
    every = np.sqrt(metrics.squared_distances(queries - 1000, references - 1000))
    np.testing.assert_array_equal(indices, every.argmin(1))
    np.testing.assert_allclose(distances, every.min(1), rtol=1e-3)
    assert metrics.nearest(queries[:0], references)[0].shape == (0,)


def test_nearest_ratio(random, monkeypatch):
    monkeypatch.setattr(metrics, "BLOCK", 7)
    queries, references = (random.integers(0, 256, (count, 60), np.uint8) for count in (20, 33))
    references[8] = queries[4]
    references[[2, 29]] = queries[5]
    every = np.sort(np.sqrt(np.square(queries[:, None].astype(float) - references).sum(2)), 1)[np.arange(20) != 5]
    ratios = metrics.nearest_ratio(queries, references)
    np.testing.assert_allclose(np.delete(ratios, 5), every[:, 0] / every[:, 1])
    assert ratios[4] == 0 and ratios[5] == 0 and ratios.max() <= 1
    # 3-4-5 triangles: distances 5 and 10.
    assert metrics.nearest_ratio(np.array([[0.0, 0]]), np.array([[3.0, 4], [-8, 6], [30, 40]])) == pytest.approx(0.5)


def test_blurred_images_are_no_copies_by_their_ratios(random):
    """Smoothing brings images nearer to all others, in pixels; noisy copies have one that is much nearer."""
    train, held_out = (random.normal(128, 30, (count, 100)) for count in (400, 100))
    smooth, noisy_copies = held_out * 0.5 + 64, train[:100] + random.normal(0, 5, (100, 100))
    near = {name: metrics.nearest(images, train)[1] for name, images in (("smooth", smooth), ("real", held_out))}
    assert metrics.memorisation(near["smooth"], near["real"]).nearer.low > 0.9
    smooth, noisy_copies, real = (metrics.nearest_ratio(images, train) for images in (smooth, noisy_copies, held_out))
    assert metrics.memorisation(smooth, real).nearer.low < 0.55
    assert metrics.memorisation(noisy_copies, real).very_near == 1


def test_memorisation_by_hand():
    # Of the six pairs the generated one is nearer in five. Shares of nearer pairs: 1, 1, 1/2 by generated image,
    # 2/3, 1 by held-out one; the error's square is 1/12 / 3 + 1/18 / 2.
    told = metrics.memorisation(np.array([1, 2, 3]), np.array([2.5, 4]))
    margin = 1.959964 * np.sqrt(1 / 36 + 1 / 36) / (5 / 6 * 1 / 6)  # of the log odds, log 5
    odds = 5 * np.exp([-margin, margin])
    np.testing.assert_allclose(told.nearer, (5 / 6, *(odds / (1 + odds))), rtol=1e-6)
    assert told.very_near == pytest.approx(2 / 3)  # 3 is not below 2.515, the first percentile


def test_equal_distances_count_half():
    told = metrics.memorisation(np.array([0.0, 0, 1, 5]), np.array([0.0, 1, 1, 7]))
    # Pairs won: 3 + 3 + 1 + 1, tied: 1 + 1 + 2 + 0, of 16.
    assert told.nearer.value == pytest.approx((8 + 4 / 2) / 16)
    assert metrics.memorisation(np.ones(5), np.ones(9)).nearer == Estimate(0.5, 0.5, 0.5)
    assert metrics.memorisation(np.zeros(60), np.ones(90)).nearer == Estimate(1, 0.95, 1)
    assert metrics.memorisation(np.ones(60), np.zeros(2)).nearer == Estimate(0, 0, 1)


def test_memorisation_covers_the_probability(random):
    # Of exponential times with means 1 and 2, the first is the smaller with probability 2/3.
    told = [metrics.memorisation(random.exponential(1, 60), random.exponential(2, 50)) for _ in range(1000)]
    assert 0.92 <= covered(2 / 3, [memorisation.nearer for memorisation in told]) <= 0.99


def test_too_few_images_are_told():
    one, two = np.zeros((1, 3)), np.zeros((2, 3))
    random = np.random.default_rng(0)
    for call, words in [
        (lambda: metrics.frechet_distance(one, two), "1 images are too few to compare; at least 2"),
        (lambda: metrics.kernel_distance(two, one), "at least 2 are needed"),
        (lambda: estimates.bootstrap(metrics.frechet_distance, two, two, 9, random), "at least 4 are needed"),
        (lambda: metrics.kernel_distance_interval(two, two, 9, random), "at least 4 are needed"),
        (lambda: metrics.precision_recall_density_coverage(two, two, k=2), "at least 3 are needed"),
        (lambda: metrics.precision_recall_density_coverage(one, two), "1 real and 2 generated images: equally many"),
        (lambda: metrics.memorisation(np.zeros(1), np.zeros(5)), "at least 2 are needed"),
        (lambda: metrics.nearest(two, two[:0]), "0 training images are too few"),
        (lambda: metrics.nearest_ratio(two, one), "1 training images are too few to compare; at least 2"),
    ]:
        with pytest.raises(UserError, match=words):
            call()
