"""How far generated images are from real ones: distances, coverage, memorisation, and their uncertainty.

Pure functions of feature vectors (see features.py) or of pixels. All randomness comes from the numpy Generator
that the caller gives. No TensorFlow.
"""

import math
from typing import NamedTuple

import numpy as np

from gan.console.errors import UserError
from gan.measure import estimates

BLOCK = 2048  # images compared at once; bounds memory, not results


class Coverage(NamedTuple):
    """How two sets cover each other. All but density are at most 1; for equal sets all are near 1."""

    precision: float  # share of generated images within the real ones' manifold
    recall: float  # share of real images within the generated ones' manifold
    density: float  # how deep generated images lie among real ones
    coverage: float  # share of real images with a generated one in their neighbourhood


class Memorisation(NamedTuple):
    """Whether generated images lie nearer to the training images than held-out real images do."""

    nearer: estimates.Estimate  # P(generated nearer than held-out): 0.5 for new images, 1 if all are nearer
    very_near: float  # share of generated images nearer than the nearest 1% of held-out ones; 0.01 expected


def frechet_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Frechet distance of the Gaussians fitted to two sets of features.

    |mean_a - mean_b|^2 + tr(C_a + C_b - 2 (C_a C_b)^(1/2)); Heusel et al. 2017, arXiv 1706.08500, eq. 6. On N images it
    is too high by about c/N; c depends on the features. `bootstrap` subtracts that. Compare equal N only.

    Args:
        a, b: float [N, d], [M, d].

    Returns:
        float, at least 0, in squared units of the features.

    Raises:
        UserError: a set has fewer than two images.
    """
    a, b = _features(a, 2), _features(b, 2)
    root_a, root_b = _root(a), _root(b)
    # The sum of the singular values of A B is tr(A B B' A')^(1/2); no square root of a rounded zero is needed.
    common = np.linalg.svd(root_a @ root_b.T, compute_uv=False).sum()
    spread = np.square(root_a).sum() + np.square(root_b).sum() - 2 * common
    return float(np.square(a.mean(0) - b.mean(0)).sum() + max(spread, 0))


def kernel_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Squared maximum mean discrepancy with the kernel (x.y / d + 1)^3, without bias.

    Binkowski et al. 2018, arXiv 1801.01401, section 4 (KID); Gretton et al. 2012, eq. 3. It is 0 on average for equal
    distributions, so it can be negative.

    Args:
        a, b: float [N, d], [M, d].

    Returns:
        float.

    Raises:
        UserError: a set has fewer than two images.
    """
    within_a, within_b, across = _kernels(a, b)
    return float(_mean_of_pairs(within_a) + _mean_of_pairs(within_b) - 2 * across.mean())


def kernel_distance_interval(
    a: np.ndarray, b: np.ndarray, resamples: int, random: np.random.Generator
) -> estimates.Estimate:
    """`kernel_distance` with its 95% interval: as `bootstrap`, but kernels are computed only once.

    Args:
        a, b: float [N, d], [M, d].
        resamples: how many times halves are drawn.
        random: for the halves.

    Raises:
        UserError: a set has fewer than four images.
    """
    estimates.require(min(len(a), len(b)), 4)
    within_a, within_b, across = _kernels(a, b)
    in_a, in_b = (_half_masks(len(images), resamples, random) for images in (a, b))
    mean_across = ((in_a @ across) * in_b).sum(1) / (in_a[0].sum() * in_b[0].sum())
    halves = _means_of_pairs(within_a, in_a) + _means_of_pairs(within_b, in_b) - 2 * mean_across
    whole = _mean_of_pairs(within_a) + _mean_of_pairs(within_b) - 2 * across.mean()
    return estimates.from_halves(whole, halves, correct_bias=False)


def precision_recall_density_coverage(real: np.ndarray, fake: np.ndarray, k: int = 5) -> Coverage:
    """How well generated images lie among real ones, and how much of the real ones they reach.

    Precision and recall: Kynkaanniemi et al. 2019, arXiv 1904.06991, eq. 2; density and coverage: Naeem et al. 2020,
    arXiv 2002.09797, eq. 3 and 4. A neighbourhood is the closed ball around an image that reaches to its k-th nearest
    neighbour in its own set.

    Args:
        real, fake: float [N, d], of equal N: the numbers depend on it.
        k: neighbours.

    Raises:
        UserError: the sets differ in N, or have k images or fewer.
    """
    if len(real) != len(fake):
        raise UserError(f"{len(real)} real and {len(fake)} generated images: equally many of both must be compared")
    real, fake = _features(real, k + 1), _features(fake, k + 1)
    centre = real.mean(0)
    real, fake = real - centre, fake - centre
    real_radii, fake_radii = (_neighbour_distances(images, k) for images in (real, fake))
    across = squared_distances(real, fake)
    inside_real = across <= real_radii[:, None]
    return Coverage(
        precision=float(inside_real.any(0).mean()),
        recall=float((across <= fake_radii).any(1).mean()),
        density=float(inside_real.sum(0).mean() / k),
        coverage=float((across.min(1) <= real_radii).mean()),
    )


def nearest(queries: np.ndarray, references: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Finds the nearest reference of each query, by Euclidean distance.

    Works in blocks: 2,000 images of 2500 pixels against 23,802 take some seconds and 100 MB.

    Args:
        queries: [N, d], uint8 pixels or floats.
        references: [M, d], of the same kind.

    Returns:
        (int [N], index of the nearest reference, the first of equals; float64 [N], distance to it, in units of
        the input: grey levels for pixels).
    """
    estimates.require(len(references), 1, "training images")
    indices = _search(queries, references, 1)[:, 0]
    return indices, _exact_distances(queries, references, indices)


def nearest_ratio(queries: np.ndarray, references: np.ndarray) -> np.ndarray:
    """Divides the distance to the nearest reference by that to the second nearest: near 1 unless one stands out.

    Lowe 2004 (doi 10.1023/B:VISI.0000029664.99615.94), section 7.1; for copies of training images: Yoon et al. 2023,
    "Diffusion probabilistic models generalize when they fail to memorize". Blur and noise change both distances by the
    same factor, so a smooth image does not look like a copy; by the distance alone it would. Copies of an image that is
    in the training set twice are not found, unless they are exact.

    Args:
        queries: [N, d], uint8 pixels or floats.
        references: [M, d], of the same kind.

    Returns:
        float64 [N] in [0, 1]; 0 for an exact copy.
    """
    estimates.require(len(references), 2, "training images")
    first, second = (_exact_distances(queries, references, indices) for indices in _search(queries, references, 2).T)
    # The search rounds, and so may swap two that are nearly equal.
    first, second = np.minimum(first, second), np.maximum(first, second)
    return np.divide(first, second, out=np.zeros(len(queries)), where=second > 0)


def memorisation(generated: np.ndarray, held_out: np.ndarray) -> Memorisation:
    """Compares distances to the nearest training image: those of generated and those of held-out real images.

    The two-sample test C_T of Meehan et al. 2020, arXiv 2004.05675, with the whole space as one cell and the opposite
    sign: Mann-Whitney's U, with DeLong's interval (1988) of its log odds. Distances come from `nearest`, or
    better from `nearest_ratio`, since smooth images are near to everything in pixels. The training images should
    include their mirror images.

    Args:
        generated: float [N], distance of each generated image to its nearest training image, or the ratio.
        held_out: float [M], the same of each held-out real image.

    Raises:
        UserError: a set has fewer than two distances.
    """
    generated, held_out = np.asarray(generated, np.float64), np.asarray(held_out, np.float64)
    estimates.require(min(len(generated), len(held_out)), 2)
    nearer_than = _shares_above(held_out, generated)  # for each generated image, share of held-out ones farther away
    variance = nearer_than.var(ddof=1) / len(generated)
    variance += _shares_above(generated, held_out).var(ddof=1) / len(held_out)
    value = float(nearer_than.mean())
    return Memorisation(
        nearer=estimates.probability(value, math.sqrt(variance), min(len(generated), len(held_out))),
        very_near=float((generated < np.quantile(held_out, 0.01)).mean()),
    )


def squared_distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Squared Euclidean distances, float64 [N, M], of float [N, d] to float [M, d]."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    products = a @ b.T
    return np.maximum(np.square(a).sum(1)[:, None] + np.square(b).sum(1) - 2 * products, 0)


def _features(values: np.ndarray, at_least: int) -> np.ndarray:
    values = np.asarray(values, np.float64)
    estimates.require(len(values), at_least)
    return values


def _root(features: np.ndarray) -> np.ndarray:
    """A factor R of the covariance, C = R'R: the symmetric root, or the centred features if these are fewer."""
    centred = (features - features.mean(0)) / math.sqrt(len(features) - 1)
    if centred.shape[0] < centred.shape[1]:
        return centred
    eigenvalues, eigenvectors = np.linalg.eigh(centred.T @ centred)
    return np.asarray((eigenvectors * np.sqrt(np.maximum(eigenvalues, 0))) @ eigenvectors.T)


def _kernels(a: np.ndarray, b: np.ndarray) -> list[np.ndarray]:
    a, b = _features(a, 2), _features(b, 2)
    bases = [x @ y.T / x.shape[1] + 1 for x, y in ((a, a), (b, b), (a, b))]
    return [base * base * base for base in bases]  # a power is many times slower


def _mean_of_pairs(kernel: np.ndarray) -> float:
    """Mean over pairs of different images."""
    count = len(kernel)
    return float((kernel.sum() - np.trace(kernel)) / (count * (count - 1)))


def _means_of_pairs(kernel: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """The same within each of R subsets: float [R]. Masks float [R, N] have a 1 for each image of a subset, else 0."""
    count = masks[0].sum()
    off_diagonal = kernel - np.diag(np.diag(kernel))
    return np.asarray(((masks @ off_diagonal) * masks).sum(1) / (count * (count - 1)))


def _half_masks(count: int, resamples: int, random: np.random.Generator) -> np.ndarray:
    masks = np.zeros((resamples, count))
    for mask in masks:
        mask[estimates.half(count, random)] = 1
    return masks


def _neighbour_distances(images: np.ndarray, k: int) -> np.ndarray:
    """Squared distance of each image to its k-th nearest other image: float64 [N]."""
    distances = squared_distances(images, images)
    np.fill_diagonal(distances, 0)  # each is its own nearest, whatever was rounded
    return np.partition(distances, k, axis=1)[:, k]


def _search(queries: np.ndarray, references: np.ndarray, count: int) -> np.ndarray:
    """Indices of the `count` nearest references of each query, nearest first: int [N, count]."""
    centre = references[:BLOCK].mean(0, dtype=np.float64).astype(np.float32)  # smaller numbers, less rounding
    blocks = [queries[start : start + BLOCK] for start in range(0, len(queries), BLOCK)]
    found = [_search_block(block.astype(np.float32) - centre, references, centre, count) for block in blocks]
    return np.concatenate([np.zeros((0, count), int), *found])


def _search_block(queries: np.ndarray, references: np.ndarray, centre: np.ndarray, count: int) -> np.ndarray:
    values, indices = np.zeros((len(queries), 0), np.float32), np.zeros((len(queries), 0), int)
    rows = np.arange(len(queries))
    for start in range(0, len(references), BLOCK):
        block = references[start : start + BLOCK].astype(np.float32) - centre
        distances = queries @ (-2 * block.T)  # without |query|^2, which is the same for all references
        distances += np.square(block).sum(1)
        for _ in range(min(count, len(block))):
            found = distances.argmin(1)
            values = np.concatenate([values, distances[rows, found][:, None]], 1)
            indices = np.concatenate([indices, found[:, None] + start], 1)
            distances[rows, found] = np.inf
        nearest_first = values.argsort(1, kind="stable")[:, :count]
        values, indices = (np.take_along_axis(array, nearest_first, 1) for array in (values, indices))
    return indices


def _exact_distances(queries: np.ndarray, references: np.ndarray, indices: np.ndarray) -> np.ndarray:
    """Without the rounding of the search, so that a copy has distance 0."""
    distances = np.empty(len(queries))
    for start in range(0, len(queries), BLOCK):
        part = slice(start, start + BLOCK)
        difference = queries[part].astype(np.float64) - references[indices[part]]
        distances[part] = np.sqrt(np.square(difference).sum(1))
    return distances


def _shares_above(values: np.ndarray, points: np.ndarray) -> np.ndarray:
    """For each point, the share of values above it; equal ones count half: float [len(points)]."""
    values = np.sort(values)
    below, not_above = np.searchsorted(values, points, "left"), np.searchsorted(values, points, "right")
    return 1 - (below + not_above) / (2 * len(values))
