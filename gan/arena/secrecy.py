"""Keeps the test images secret until the tournament shows them.

Whoever has seen them can build a discriminator that knows them. So an arena knows which images are secret, and no other
kind of play than a tournament may show one. No TensorFlow.
"""

import os
from typing import NamedTuple

import numpy as np

from gan.arena import events
from gan.arena.image_records import ImageDigests
from gan.arena.store import Store
from gan.console.errors import UserError

_SHOWN = "were shown in earlier events, so teams may know them; take others, or give --show_again if that is meant"
_SECRET = (
    "are secret images of this arena, which only a tournament shows; take others, such as data/validation.tfrecords; "
    "or take back what was told by mistake with `python -m gan.organise secret --forget`"
)


class GivenImages(NamedTuple):
    """The real images that a command was given."""

    flag: str  # that named them, such as --input_data_pattern=data/test.tfrecords
    images: np.ndarray  # uint8 [N, size]


class Consent(NamedTuple):
    """What the organiser says about images beside what the arena knows."""

    no_secret_images: bool = False  # there are none, so that mock battles may begin
    shown_images: bool = False  # a tournament may show images that were shown before


def check(kept: Store, mode: str, given: list[GivenImages], consent: Consent, goes_on: bool = False) -> None:
    """Refuses images that must not be shown now; a tournament's own images are secret from now on.

    Args:
        kept: the arena's store, open to write.
        mode: of the event.
        given: the images to show, then those that discriminators see beside them, if they were named.
        consent: what the organiser says.
        goes_on: whether the event has begun before.

    Raises:
        UserError: another kind of play than a tournament was given secret images, mock battles begin in an arena that
            knows of none, or a tournament was given images that were shown before.
    """
    shown, *public = given
    if mode == events.TOURNAMENT:
        if not goes_on and not consent.shown_images:
            _refuse(kept.shown_images, shown, _SHOWN)
        kept.secret_images.add(shown.images)
    elif mode == events.MOCK and not consent.no_secret_images and not kept.secret_images.count():
        tell = f"python -m gan.organise secret --arena_dir={os.path.dirname(kept.path)} --test_data_pattern=..."
        raise UserError(
            "mock battles show their real images to everybody, and this arena does not know yet which images are "
            f"secret: tell it with `{tell}`, or give --no_secret_images if there are none"
        )
    for named in public if mode == events.TOURNAMENT else given:
        _refuse(kept.secret_images, named, _SECRET)


def _refuse(known: ImageDigests, given: GivenImages, why: str) -> None:
    """Raises UserError if images are among those known; `why` says what they are and the way out."""
    number = known.count_among(given.images)
    if number:
        raise UserError(f"{given.flag}: {number} of its {len(given.images)} images {why}")
