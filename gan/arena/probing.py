"""Looks at an event's teams for the organiser: who handed in the same, and who knows the test images. No TensorFlow."""

import os
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from gan.arena import findings, fingerprints, known_images, notes, schema
from gan.arena.arena import Arena
from gan.arena.event_records import Admission
from gan.arena.findings import Probed
from gan.arena.open_snapshots import MachineFailed
from gan.arena.schema import Event, Team
from gan.arena.store import Store
from gan.arena.teams import HOUSE_TEAM
from gan.console.errors import ContractError, UserError
from gan.contest import half_round
from gan.data import pixels

HOUSE = "the house team"
_MOST_EARLIER = 2000  # snapshots of earlier events that are compared with those of an event

_WHAT = {
    fingerprints.SNAPSHOT: "the same snapshot",
    fingerprints.NETWORKS: "the same networks, in other files",
    fingerprints.GENERATOR: "the same generator",
    fingerprints.DISCRIMINATOR: "the same discriminator",
}


class _HandedIn(NamedTuple):
    """A snapshot, and whose it is."""

    team: str
    snapshot: str  # digest
    event: str = ""  # name of the earlier event in which it was handed in; empty for this event

    @property
    def label(self) -> str:
        return f"{self.team} (in {self.event})" if self.event else self.team


def note_same(arena: Arena, event: Event) -> None:
    """Notes in the log who handed in the same as another team, now or earlier, or as the house team.

    What is noted already is not noted again.
    """
    kept = arena.store
    listed = _handed_in(kept, event)
    if not any(one.team == HOUSE for one in listed) and arena.size == pixels.FACE_SIZE:
        house = arena.admissions.identified(HOUSE_TEAM.name, HOUSE_TEAM.path)
        listed += [_HandedIn(HOUSE, house)] if house else []
    listed += _handed_in_earlier(kept, event, listed)
    digests = [one.snapshot for one in listed]
    noted = [entry.note for entry in kept.log.entries(event.id)]
    for what, places in fingerprints.same(digests, kept.fingerprints.of(digests)):
        now = [listed[place] for place in places if not listed[place].event]
        teams = {one.team for one in now}
        earlier = {one.team: one for one in (listed[place] for place in places) if one.team not in teams}
        if not teams - {HOUSE} or len(teams) + len(earlier) < 2:
            continue
        labels = [one.label for one in [*now, *earlier.values()]]
        note = notes.note("same_networks", teams=labels, what=_WHAT[what])
        if note not in noted:
            kept.log.add("same", note, event.id)


def _handed_in(kept: Store, event: Event) -> list[_HandedIn]:
    """What the teams of an event handed in that may play; the house team as HOUSE."""
    return [
        _HandedIn(HOUSE if _is_house(event, team) else team.name, team.snapshot)
        for team in kept.teams.of_event(event.id)
        if team.snapshot and not team.fault
    ]


def _is_house(event: Event, team: Team) -> bool:
    """Whether it is the house team; in mock battles no other has its name, wherever the program lay then."""
    is_named_so = event.mode == schema.MOCK and team.name == HOUSE_TEAM.name
    return is_named_so or os.path.abspath(team.path) == HOUSE_TEAM.path


def _handed_in_earlier(kept: Store, event: Event, now: Sequence[_HandedIn]) -> list[_HandedIn]:
    """What was handed in to earlier events of images of this size, newest first, and is not handed in now."""
    found: dict[tuple[str, str], _HandedIn] = {(one.team, one.snapshot): one for one in now}
    for other in reversed(kept.events.all()):
        if other.id < event.id and other.size == event.size and len(found) < len(now) + _MOST_EARLIER:
            for one in _handed_in(kept, other):
                if one.team != HOUSE:
                    found.setdefault((one.team, one.snapshot), one._replace(event=other.name))
    return [one for one in found.values() if one.event]


def probe(arena: Arena, event: Event, on_team: Callable[[str], None] = lambda name: None) -> list[Probed]:
    """Shows the test images of a tournament to the discriminators that have not seen them in a probe yet.

    Args:
        arena: opened with the test images, and with public images to compare them with if there are any.
        event: a tournament that has begun.
        on_team: called after each team with its name.

    Returns:
        All teams of the event that were probed, now or before.

    Raises:
        UserError: it is no tournament: no other kind of play may show test images.
    """
    if event.mode != schema.TOURNAMENT:
        raise UserError(f"{event.name} is a {event.mode}; a probe shows test images, which only a tournament may")
    kept, images = arena.store, arena.images_of(event)
    public = None
    if arena.public_images is not None:
        # A discriminator that looks at its batch sees the reference images anyhow.
        others = half_round.without(half_round.without(arena.public_images, arena.real_images), images.references)
        public = others if len(others) else None
    done = set(kept.probes.of_event(event.id))
    for team in kept.teams.of_event(event.id):
        if team.snapshot not in done:
            done.add(_probe_one(arena, event, team, public))
        on_team(team.name)
    return findings.probed(kept, event)


def _probe_one(arena: Arena, event: Event, team: Team, public: np.ndarray | None) -> str:
    """Probes a team, keeps what is found, and returns the digest of its snapshot.

    If it fails, the log tells why, the team is probed another time, and an empty text is returned.
    """
    kept, images = arena.store, arena.images_of(event)
    try:
        team, found = arena.examine(
            team, lambda snapshot: known_images.look(snapshot, images.shown, public, images.references)
        )
    except ContractError as error:
        kept.log.add("probe", notes.note("probe_failed", team=team.name, attempt=1, problem=notes.of(error)), event.id)
        return ""
    except MachineFailed:  # which is in the log
        return ""
    if found is None or team.snapshot is None:
        return ""
    kept.probes.add(event.id, team.snapshot, found)
    if found.is_suspected:
        said = findings.described(found)
        kept.log.add("probe", notes.note("discriminator_probed", team=team.name, findings=said), event.id)
    return team.snapshot


def forfeit(kept: Store, event: Event) -> list[Team]:
    """Lets teams that are suspected to know test images forfeit what they have not played; returns these teams."""
    suspected = [one.team for one in findings.probed(kept, event) if one.found.is_suspected and not one.team.fault]
    for team in suspected:
        kept.teams.set_admission(team.id, Admission(team.snapshot, team.step, notes.note("test_images_known")))
    return suspected
