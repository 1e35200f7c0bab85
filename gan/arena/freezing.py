"""An arena in which nothing is played until the organiser wants it again. No TensorFlow."""

import os

from gan.arena.schema import Event
from gan.arena.store import Store

FROZEN = "frozen"  # a file in arena_dir; what it holds is the reason


def is_frozen(folder: str) -> bool:
    """Whether the organiser wants nothing to be played in an arena_dir."""
    return os.path.exists(os.path.join(folder, FROZEN))


def why_frozen(folder: str) -> str:
    """What the organiser said when an arena_dir was frozen; empty if nothing, or if it is not frozen."""
    try:
        with open(os.path.join(folder, FROZEN), encoding="utf-8") as file:
            return file.read()
    except OSError:  # thawed meanwhile
        return ""


def tell(kept: Store, folder: str, event: Event, frozen: bool) -> None:
    """Notes for the screen whether an event is frozen, if that is news and the event is not over."""
    if event.finished is None and kept.events.get(event.id).frozen != frozen:
        kept.events.set_frozen(event.id, frozen, why_frozen(folder) if frozen else "")
