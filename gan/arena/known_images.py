"""Finds discriminators that know test images by heart. No TensorFlow.

A discriminator that has learned what faces look like judges an image that it never saw as it judges others, and keeps
its verdict if the image is mirrored, moved by a pixel or turned a little. Three comparisons tell:

- It accepts more test images than public ones of the same kind (its *lead*). Teams have trained on neither, or may
  have trained on the public ones.
- It accepts fewer of the test images if they are changed (its *fall*), beyond what the same change costs it on public
  images: honest discriminators lose something too.
- If it knows the public images by heart as well, it has neither. But then moved or turned test images lose far more
  than an honest discriminator loses.

What is not found: a discriminator that has learned faces well besides, and either gains little by what it knows, or
knows the public images by heart too. If no team can have the public images, the second one is found by its lead.
"""

from typing import NamedTuple

import numpy as np
from PIL import Image

from gan.contest import half_round
from gan.contest.half_round import Discriminator
from gan.contest.rules import THRESHOLD
from gan.data import pixels
from gan.measure import estimates
from gan.measure.estimates import Estimate

MIRRORED, MOVED, TURNED = CHANGES = ("mirrored", "moved", "turned")
LEAST_LEAD, LEAST_FALL = 0.05, 0.1  # beyond public images, which a suspect's whole interval exceeds
MOST_FALL = 0.3  # by moving or turning test images, whatever it costs on public ones; see docs/arena.md for honest ones

_AT_A_TIME = 30  # images that a discriminator judges in a battle, so that the limit of time is the same
_STEPS = ((0, 1), (0, -1), (1, 0), (-1, 0))  # rows and columns to move by; images take turns
_DEGREES, _ZOOM = 4.0, 1.04  # of TURNED: people hold their heads like that, and nobody can store all such copies
_BORDER = 8  # pixels that repeat the edge, so that nothing empty turns into the image


class Acceptance(NamedTuple):
    """How a discriminator judged a set of real images, as they are and changed."""

    images: int  # how many
    accepted: int  # of them as they are, as real
    lost: tuple[int, ...]  # for each of CHANGES, how many it accepts as they are and refuses changed
    won: tuple[int, ...]  # how many it refuses as they are and accepts changed

    def fall(self, change: str) -> Estimate:
        """Share that it accepts as they are, less the share that it accepts changed."""
        return estimates.matched_difference(*self._off(change))

    def accepted_changed(self, change: str) -> int:
        """How many it accepts changed."""
        lost, won, _ = self._off(change)
        return self.accepted - lost + won

    def _off(self, change: str) -> tuple[int, int, int]:
        place = CHANGES.index(change)
        return self.lost[place], self.won[place], self.images


class KnownImages(NamedTuple):
    """What a discriminator made of the test images."""

    test: Acceptance
    public: Acceptance | None  # None if there were none to compare with

    @property
    def lead(self) -> Estimate | None:
        """Share of test images that it accepts, less the share of public images; None without public images."""
        if self.public is None:
            return None
        return estimates.difference((self.test.accepted, self.test.images), (self.public.accepted, self.public.images))

    def fall(self, change: str) -> Estimate:
        """What a change costs it on test images, beyond what it costs on public images if there are any."""
        if self.public is None:
            return self.test.fall(change)
        return estimates.difference_of_matched(self.test._off(change), self.public._off(change))

    @property
    def is_suspected(self) -> bool:
        """Whether it knows test images by heart, as far as can be told."""
        if max(self.test.fall(change).low for change in (MOVED, TURNED)) > MOST_FALL:
            return True
        if self.lead is None:
            return False
        return self.lead.low > LEAST_LEAD or max(self.fall(change).low for change in CHANGES) > LEAST_FALL


def changed(images: np.ndarray, change: str) -> np.ndarray:
    """Real images, changed so that a person would still say they are the same faces: uint8 [N, size].

    Args:
        images: uint8 [N, size].
        change: one of CHANGES. TURNED images are turned by 4 degrees and enlarged by 4%.
    """
    if change == MIRRORED:
        return pixels.mirrored(images)
    side = pixels.side(images.shape[1])
    squares = images.reshape(-1, side, side)
    if change == MOVED:
        return _moved(squares).reshape(images.shape)
    return np.stack([_turned(square) for square in squares]).reshape(images.shape)


def look(discriminator: Discriminator, test: np.ndarray, public: np.ndarray | None, beside: np.ndarray) -> KnownImages:
    """Shows a discriminator test images and public ones, each as it is and changed, as a battle shows them.

    Args:
        discriminator: says probabilities.
        test: uint8 [N, size].
        public: uint8 [M, size], real images of the same kind that are not among them; None if there are none.
        beside: uint8 [15, size], the reference images of the event.

    Raises:
        ContractError: it breaks the contract.
        HostError: this machine failed.
    """
    return KnownImages(
        _acceptance(discriminator, test, beside), None if public is None else _acceptance(discriminator, public, beside)
    )


def _acceptance(discriminator: Discriminator, images: np.ndarray, beside: np.ndarray) -> Acceptance:
    as_they_are = _accepted(discriminator, images, beside)
    others = [_accepted(discriminator, changed(images, change), beside) for change in CHANGES]
    return Acceptance(
        len(images),
        int(as_they_are.sum()),
        tuple(int((as_they_are & ~other).sum()) for other in others),
        tuple(int((~as_they_are & other).sum()) for other in others),
    )


def _accepted(discriminator: Discriminator, images: np.ndarray, beside: np.ndarray) -> np.ndarray:
    """Which images it takes for real: bool [N]."""
    parts = [images[first : first + _AT_A_TIME] for first in range(0, len(images), _AT_A_TIME)]
    return np.concatenate([half_round.judge(discriminator, part, beside) for part in parts]) > THRESHOLD


def _moved(squares: np.ndarray) -> np.ndarray:
    """Images moved by a pixel, each in one of four directions: uint8 [N, side, side]."""
    padded = np.pad(squares, ((0, 0), (1, 1), (1, 1)), mode="edge")
    side = squares.shape[1]
    found = np.empty_like(squares)
    for turn, (down, right) in enumerate(_STEPS):
        chosen = slice(turn, None, len(_STEPS))
        found[chosen] = padded[chosen, 1 - down : 1 - down + side, 1 - right : 1 - right + side]
    return found


def _turned(square: np.ndarray) -> np.ndarray:
    """An image turned and enlarged around its centre: uint8 [side, side]."""
    side = len(square)
    padded = np.pad(square, _BORDER, mode="edge")
    centre, angle = len(padded) / 2, np.deg2rad(_DEGREES)
    # Of the affine map from a pixel of the result to one of the image.
    along, across = np.cos(angle) / _ZOOM, np.sin(angle) / _ZOOM
    shift = centre * (1 - along - across), centre * (1 + across - along)
    coefficients = (along, across, shift[0], -across, along, shift[1])
    picture = Image.fromarray(padded)
    turned = picture.transform(picture.size, Image.Transform.AFFINE, coefficients, Image.Resampling.BICUBIC)
    return np.asarray(turned)[_BORDER : _BORDER + side, _BORDER : _BORDER + side]
