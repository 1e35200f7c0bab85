"""What only the organiser is told of an event's teams, as the store has it; probing.py finds it. No TensorFlow."""

from typing import NamedTuple

from gan.arena import known_images, notes
from gan.arena.known_images import KnownImages
from gan.arena.schema import Event, Team
from gan.arena.store import Store
from gan.contest import faults
from gan.measure.estimates import Estimate


class Probed(NamedTuple):
    """A team whose discriminator was shown the test images of an event."""

    team: Team
    found: KnownImages


def probed(kept: Store, event: Event) -> list[Probed]:
    """The teams of an event that were probed, those that are suspected first."""
    found = kept.probes.of_event(event.id)
    listed = [Probed(team, found[team.snapshot]) for team in kept.teams.of_event(event.id) if team.snapshot in found]
    return sorted(listed, key=lambda one: not one.found.is_suspected)


def alike_lines(kept: Store, event: Event) -> list[str]:
    """Sentences of who handed in the same, and of names that look alike."""
    told = (notes.SAME, *notes.ABOUT_NAMES)
    return [faults.sentence(entry.note) for entry in kept.log.entries(event.id) if entry.note.code in told]


def described(found: KnownImages) -> str:
    """What a discriminator made of the test images, in words with intervals of 95%."""
    test, public = found.test, found.public
    text = f"accepts {test.accepted} of {test.images} test images"
    if public and found.lead:
        text += f" and {public.accepted} of {public.images} public ones ({percent(found.lead)})"
    falls = [
        f"{test.accepted_changed(change)} if they are {change} ({percent(found.fall(change))})"
        for change in known_images.CHANGES
    ]
    return f"{text}; {', '.join(falls)}"


def percent(estimate: Estimate) -> str:
    """A difference of shares with its interval: "+12%, +8% to +16%"."""
    return f"{signed(estimate.value)}, {signed(estimate.low)} to {signed(estimate.high)}"


def signed(share: float) -> str:
    """A difference of shares in whole percent: "+12%"; 0 is "+0%", from whichever side."""
    return f"{round(100 * share):+d}%"
