"""Finds teams that handed in the same networks, by what the networks answer to fixed inputs. No TensorFlow.

The same weights in other files, or in a graph that is written in another way, answer the same. What is not found: a
generator whose noise is put in another order or whose images are mirrored, and networks that were trained on for long.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from gan.contest import behaviour
from gan.data import pixels
from gan.random_noise_generator import Use, random_generator, uniform_noise
from gan.sandbox.sandbox import SandboxedSnapshot

SNAPSHOT, NETWORKS, GENERATOR, DISCRIMINATOR = "snapshot", "networks", "generator", "discriminator"  # what is the same

_NUM_IMAGES = 16  # that the discriminator judges
_MOST_PIXELS = 2000  # that are kept of the generated images: 1,000 teams are compared in seconds
_FIRST_LOOK = 30  # one of so many of these pixels
_GREY_LEVELS = 3.0  # mean difference of images of the same generator; of others it is tens
_LEAST_VARIETY = 1.0  # grey levels between images: a generator that ignores its noise has no fingerprint
_LOGITS = 0.02  # difference of logits of the same discriminator, as a part of their standard deviation
_SATURATED = 14.0  # logit above which a probability in float32, near 1, tells too little of it
_UNDERFLOWS = -80.0  # logit below which it has few digits left; near 0 it has all of them
_LEAST_IN_COMMON = 0.9  # of the images: both are saturated, or neither
_LEAST_TELLING = 8  # judgments of both discriminators that are not saturated, to say anything


class Fingerprint(NamedTuple):
    """What a snapshot answers to fixed inputs."""

    generator: np.ndarray  # uint8 [P], pixels of what it made
    discriminator: np.ndarray  # float32 [16], probabilities


class Same(NamedTuple):
    """Several snapshots that are the same, or have a network in common."""

    what: str  # SNAPSHOT, NETWORKS (both of them, in other files), GENERATOR or DISCRIMINATOR
    places: tuple[int, ...]  # in the list that was given


def take(snapshot: SandboxedSnapshot) -> Fingerprint:
    """Asks a snapshot; raises ContractError if it breaks the contract, and HostError if this machine failed."""
    noise = uniform_noise(behaviour.BATCH, Use.FINGERPRINT, 0)
    made = pixels.to_bytes(snapshot.generate(noise)).ravel()
    images = _images(snapshot.size)
    said = snapshot.discriminate(images, 1, references=images[: behaviour.REAL_REFERENCES])
    return Fingerprint(made[:: -(-len(made) // _MOST_PIXELS)], said)


def same(digests: Sequence[str], prints: Mapping[str, Fingerprint]) -> list[Same]:
    """Groups of snapshots that are the same, or have a network in common.

    Args:
        digests: of the snapshots.
        prints: digest -> its fingerprint, of those that have one; all of images of one size.
    """
    places: dict[str, list[int]] = {}
    for place, digest in enumerate(digests):
        places.setdefault(digest, []).append(place)
    found = [Same(SNAPSHOT, tuple(group)) for group in places.values() if len(group) > 1]
    known = [digest for digest in places if digest in prints]
    drawn = _groups(known, _generators_alike([prints[digest].generator for digest in known]))
    judged = _groups(known, _discriminators_alike([prints[digest].discriminator for digest in known]))
    for group in dict.fromkeys([*drawn, *judged]):
        what = NETWORKS if group in drawn and group in judged else GENERATOR if group in drawn else DISCRIMINATOR
        found.append(Same(what, tuple(sorted(place for digest in group for place in places[digest]))))
    return found


def _groups(digests: Sequence[str], alike: Callable[[int], np.ndarray]) -> list[tuple[str, ...]]:
    """Digests of networks that are alike, each in one group; `alike` tells which of those after one are, bool [N]."""
    found, grouped = [], set()
    for place, digest in enumerate(digests):
        if digest not in grouped:
            others = [digests[place + 1 + after] for after in np.flatnonzero(alike(place))]
            if others:
                found.append((digest, *others))
            grouped |= {digest, *others}
    return found


def _generators_alike(made: Sequence[np.ndarray]) -> Callable[[int], np.ndarray]:
    """For `_groups`: which of the generators made the same images."""
    images = np.stack(made).astype(np.int16) if made else np.zeros((0, 1), np.int16)
    varied = np.array([_varies(row) for row in images], bool)
    some = np.ascontiguousarray(images[:, ::_FIRST_LOOK])

    def alike(place: int) -> np.ndarray:
        near = np.abs(some[place + 1 :] - some[place]).mean(1) < 3 * _GREY_LEVELS  # most pairs need no closer look
        near &= varied[place] & varied[place + 1 :]
        for after in np.flatnonzero(near):
            near[after] = np.abs(images[place + 1 + after] - images[place]).mean() < _GREY_LEVELS
        return near

    return alike


def _discriminators_alike(said: Sequence[np.ndarray]) -> Callable[[int], np.ndarray]:
    """For `_groups`: which of the discriminators gave the same logits, as far as probabilities tell them."""
    logits = np.stack([_logits(row) for row in said]) if said else np.zeros((0, 1))

    def alike(place: int) -> np.ndarray:
        own, others = logits[place], logits[place + 1 :]
        both = ~np.isnan(own) & ~np.isnan(others)
        spread = np.nanstd(own) if both.any() else 0.0
        off = np.where(both, np.abs(others - own), 0).sum(1) / np.maximum(both.sum(1), 1)
        saturated_alike = (np.isnan(own) == np.isnan(others)).mean(1) > _LEAST_IN_COMMON
        return np.asarray((both.sum(1) >= _LEAST_TELLING) & saturated_alike & (off < _LOGITS * spread))

    return alike


def _images(size: int) -> np.ndarray:
    """Blurred noise of several contrasts, for a discriminator: float32 [16, size] in [0, 1]."""
    side = pixels.side(size)
    random = random_generator(Use.FINGERPRINT, 1)
    noise = random.normal(size=(_NUM_IMAGES, side, side))
    frequencies = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.fftfreq(side)[None])
    # Faces have most of their power in low frequencies, too.
    filtered = np.fft.ifft2(np.fft.fft2(noise) / (0.02 + frequencies) ** 1.5).real.reshape(_NUM_IMAGES, size)
    contrast = np.linspace(0.05, 0.3, _NUM_IMAGES)[:, None]
    centred = (filtered - filtered.mean(1, keepdims=True)) / filtered.std(1, keepdims=True)
    return np.clip(0.5 + contrast * centred, 0, 1).astype(np.float32)


def _varies(pixels_made: np.ndarray) -> bool:
    """Whether the images of a fingerprint differ from each other; int16 [P]."""
    per_image = len(pixels_made) // behaviour.BATCH
    images = pixels_made[: per_image * behaviour.BATCH].reshape(behaviour.BATCH, per_image)
    return bool(images.std(0).mean() > _LEAST_VARIETY)


def _logits(probabilities: np.ndarray) -> np.ndarray:
    """float64, NaN for those that are saturated."""
    with np.errstate(divide="ignore"):
        p = probabilities.astype(np.float64)
        found: np.ndarray = np.log(p) - np.log1p(-p)
    return np.where((_UNDERFLOWS < found) & (found < _SATURATED), found, np.nan)
