"""What others will find weak in a snapshot, found before they do. No TensorFlow.

A discriminator that takes a black image for a face loses to whoever hands one in; images that hardly vary, or that look
like no face, convince weak discriminators only.
"""

from collections.abc import Callable
from typing import Protocol

import numpy as np

from gan.console.errors import ContractError, UserError
from gan.contest import half_round
from gan.data import pixels
from gan.measure import bad_images, features, metrics
from gan.random_noise_generator import Use, uniform_noise

IMAGES = 30  # bad ones of each family
GENERATED = 120  # images, and as many real ones
LEAST_REAL = 0.5  # share of real images that a discriminator should take for real
MOST_ACCEPTED = 0.1  # share of the bad images of a family; more is worth a word
MOST_SIMPLE = 0.05  # the same of constants, noise and patterns
UNTRAINED = 0.05  # share of all bad images; what takes more never learned to refuse them
LEAST_SPREAD = 0.3  # median distance between generated images, as a share of that between real ones
# Kernel distance in wavelets: other real images are at 0, images that begin to look like faces at 0.1, negatives at 1,
# and those of the sample networks after 5 epochs at 24.
FAR = 1.0
_NAMED = 6  # families in a sentence
_WEAK = "they will convince weak discriminators only"


class AskedSnapshot(Protocol):
    """A snapshot that can be asked."""

    def generate(self, noise: np.ndarray) -> np.ndarray:
        """Images float32 [N, size] in [0, 1] of noise float32 [N, 100]."""

    def discriminate(self, images: np.ndarray, *, references: np.ndarray | None = None) -> np.ndarray:
        """Probabilities float32 [N] of images float32 [N, size], beside real ones float32 [15, size]."""


def accepted(snapshot: AskedSnapshot, real: np.ndarray, seed: int = 0) -> dict[str, float]:
    """How much of each family of bad images a discriminator takes for real.

    Args:
        snapshot: whose discriminator is asked.
        real: uint8 [N, size], some of which are spoilt.
        seed: of the choice and of what is drawn.

    Returns:
        name of the family -> share, the largest first.

    Raises:
        ContractError: the discriminator breaks a rule of the contest.
    """
    faces = real[np.random.default_rng(seed).permutation(len(real))[:IMAGES]]
    made = {name: bad_images.make(name, faces, seed) for name in bad_images.FAMILIES}
    beside = pixels.to_floats(half_round.references(real, faces))
    is_real = snapshot.discriminate(np.concatenate(list(made.values())), references=beside) > 0.5
    shares = dict(zip(made, is_real.reshape(len(made), -1).mean(1).tolist()))
    return dict(sorted(shares.items(), key=lambda item: -item[1]))


def remarks(snapshot: AskedSnapshot, real: np.ndarray, seed: int = 0) -> list[str]:
    """Sentences about what is weak in a snapshot; none if nothing is found.

    Args:
        snapshot: that is asked.
        real: uint8 [N, size], real images.
        seed: of the choice and of what is drawn.
    """
    made = snapshot.generate(uniform_noise(GENERATED, Use.EVALUATION_NOISE, seed))
    return [*about_images(pixels.to_bytes(made), real, seed), *about_verdicts(snapshot, real, seed)]


def if_possible(
    find: Callable[[AskedSnapshot, np.ndarray], list[str]], snapshot: AskedSnapshot, real: np.ndarray
) -> list[str]:
    """What `remarks` or `about_verdicts` finds; if the snapshot cannot be asked any more, that. It ends no command."""
    try:
        return find(snapshot, real)
    except UserError as error:
        return [f"it could not be asked about bad images: {error}"]


def about_verdicts(snapshot: AskedSnapshot, real: np.ndarray, seed: int = 0) -> list[str]:
    """What is weak in a discriminator; see `remarks`. Of digits nothing is known: spoilt ones may look like others.

    One that fails is asked no more: its process may have ended.
    """
    found, shown = [], "real images"
    try:
        found += _about_real(snapshot, real, seed)
        shown = "images that are no faces"
        found += _about_nonsense(snapshot, real, seed)
    except ContractError as error:
        found.append(f"its discriminator fails on {shown}: {error}")
    return found


def _about_real(snapshot: AskedSnapshot, real: np.ndarray, seed: int) -> list[str]:
    chosen = real[np.random.default_rng(seed).permutation(len(real))[:GENERATED]]
    share = _share_real(snapshot, chosen, real)
    if share >= LEAST_REAL:
        return []
    return [
        f"its discriminator takes only {share:.0%} of real images for real; --calibration_data_pattern of train puts "
        "its border where it accepts nine of ten"
    ]


def _about_nonsense(snapshot: AskedSnapshot, real: np.ndarray, seed: int) -> list[str]:
    if real.shape[1] != pixels.FACE_SIZE:
        return []
    found = accepted(snapshot, real, seed)
    shares = {name: share for name, share in found.items() if share > _most(name)}
    if not shares:
        return []
    named = ", ".join(f"{name} {share:.0%}" for name, share in list(shares.items())[:_NAMED])
    more = f" and {len(shares) - _NAMED} other kinds" if len(shares) > _NAMED else ""
    remark = f"its discriminator takes plain nonsense for real: {named}{more}"
    is_untrained = np.mean(list(found.values())) > UNTRAINED
    return [f"{remark}; --nonsense_filter teaches it to refuse them, the longer the better" if is_untrained else remark]


def _most(name: str) -> float:
    return MOST_SIMPLE if bad_images.FAMILIES[name].is_simple else MOST_ACCEPTED


def about_images(images: np.ndarray, real: np.ndarray, seed: int = 0) -> list[str]:
    """What is weak in generated images, uint8 [N, size]; see `remarks`."""
    made, chosen = images[:GENERATED], real[np.random.default_rng(seed).permutation(len(real))[:GENERATED]]
    if min(len(made), len(chosen)) < 2:
        return []
    if _spread(made) < LEAST_SPREAD * _spread(chosen):
        return [f"its images hardly vary: {_WEAK}"]
    if _to_nearest(made) < LEAST_SPREAD * _to_nearest(chosen):
        return [f"its images are a few, again and again: {_WEAK}"]
    if real.shape[1] != pixels.FACE_SIZE:  # how far is far is known for faces only
        return []
    space = features.load("wavelets", real.shape[1])
    if metrics.kernel_distance(space(made), space(chosen)) > FAR:
        return [f"its images are far from real ones: {_WEAK}"]
    return []


def _share_real(snapshot: AskedSnapshot, shown: np.ndarray, real: np.ndarray) -> float:
    """Share of real images, uint8 [M, size], that a discriminator takes for real."""
    beside = pixels.to_floats(half_round.references(real, shown))
    return float((snapshot.discriminate(pixels.to_floats(shown), references=beside) > 0.5).mean())


def _spread(images: np.ndarray) -> float:
    """Median distance between two images, in grey levels."""
    return float(np.median(_distances(images)[np.triu_indices(len(images), 1)]))


def _to_nearest(images: np.ndarray) -> float:
    """Median distance from an image to the one that is most like it, in grey levels."""
    distances = _distances(images)
    np.fill_diagonal(distances, np.inf)
    return float(np.median(distances.min(1)))


def _distances(images: np.ndarray) -> np.ndarray:
    """Distances between all images, float64 [N, N], in grey levels."""
    values = images.astype(np.float64)
    return np.sqrt(np.maximum(metrics.squared_distances(values, values), 0))
