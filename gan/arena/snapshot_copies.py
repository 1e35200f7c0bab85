"""The copies of snapshots that an arena keeps: which ones are needed, and room on the disk for more. No TensorFlow."""

import contextlib
import os
import shutil

from gan.arena import notes, schema
from gan.arena.store import Store
from gan.contest.faults import host_failure
from gan.sandbox import staging

MOCK = "mock"  # mode of the events whose copies go first; see events.py
SNAPSHOTS = "snapshots"  # folder of arena_dir with the copies of all that was handed in
KEPT_BATTLES = 12  # finished mock battles whose copies stay, even if the disk is full: as many as a day has
_USUAL = 16 * staging.MEBIBYTE  # bytes of a copy, as long as there is none to go by
_OF_RESULTS = 2 * staging.MEBIBYTE  # bytes that the store keeps for a team in an event, at most


def remove_unneeded(kept: Store, folder: str) -> None:
    """Removes copies that no event knows of, such as those of an admission that was killed.

    Args:
        kept: store of the arena; nobody else may play in it.
        folder: of the copies.
    """
    for digest in _there(folder):
        if not kept.teams.is_snapshot_needed(digest):
            _remove(folder, digest)


def make_room(kept: Store, folder: str, count: int) -> None:
    """Sees to it that the disk has room for the copies and results of so many teams.

    If it has not, copies that only old mock battles need are removed, oldest first; the log tells of which.

    Args:
        kept: store of the arena; nobody else may play in it.
        folder: of the copies.
        count: of teams that are still to be admitted.

    Raises:
        HostError: there is too little room all the same; it names the folder and what is needed.
    """
    os.makedirs(folder, exist_ok=True)
    wanted = count * (_usual_size(folder) + _OF_RESULTS) + staging.RESERVE
    mock = [event for event in kept.events.all() if event.mode == MOCK and event.finished is not None]
    for event in mock[: max(0, len(mock) - KEPT_BATTLES)]:
        if shutil.disk_usage(folder).free >= wanted:
            return
        removed = [digest for digest in _there(folder) if _only_in(kept, digest, event)]
        for digest in removed:
            _remove(folder, digest)
        if removed:
            kept.log.add("host", notes.note("copies_removed", count=len(removed), event=event.name), event.id)
    free = shutil.disk_usage(folder).free
    if free < wanted:
        mebibytes = (wanted - free) / staging.MEBIBYTE
        raise host_failure("disk_full", folder=folder, mebibytes=mebibytes)


def name_of(kept: Store, digest: str) -> str | None:
    """What a team called the files of its snapshot, without endings; None if the copy is gone, or may not be read."""
    folder = os.path.join(os.path.dirname(kept.path), SNAPSHOTS)
    with contextlib.suppress(OSError):
        staged = staging.restage(folder, digest, folder)
        return staged and staged.name
    return None


def _only_in(kept: Store, digest: str, event: schema.Event) -> bool:
    """Whether no other event that has not lost its copies yet may need a copy: those after this one, and all others."""
    users = {
        other.id
        for other in kept.events.all()
        if any(team.snapshot == digest for team in kept.teams.of_event(other.id))
        and (other.mode != MOCK or other.finished is None or other.id >= event.id)
    }
    return users == {event.id}


def _there(folder: str) -> list[str]:
    """Digests of the copies in a folder."""
    if not os.path.isdir(folder):
        return []
    return sorted(name for name in os.listdir(folder) if len(name) == 64 and set(name) <= set("0123456789abcdef"))


def _usual_size(folder: str) -> int:
    """Bytes of a copy, by those that are there."""
    sizes = []
    for digest in _there(folder):
        with os.scandir(os.path.join(folder, digest)) as entries:
            sizes.append(sum(entry.stat(follow_symlinks=False).st_size for entry in entries if entry.is_file()))
    return max(sum(sizes) // len(sizes), 1) if sizes else _USUAL


def _remove(folder: str, digest: str) -> None:
    shutil.rmtree(os.path.join(folder, digest), ignore_errors=True)
