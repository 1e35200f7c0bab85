"""Copies an arena to another folder, while a battle may be writing to it. No TensorFlow.

The copy of the store is one whole file. A plain copy of arena.sqlite3 is not, while a battle or the screen has it open:
what is newest is in arena.sqlite3-wal then.
"""

import contextlib
import os
import shutil
import sqlite3
from typing import NamedTuple

from gan.arena import database, snapshot_copies, store, store_file
from gan.console.errors import StateError, UserError
from gan.storage import files

_PART = ".part"  # ends the names of copies that are being made


class Backup(NamedTuple):
    """What a backup holds."""

    path: str  # of the copy of the store
    snapshots: int  # copies of snapshots
    missing: int  # snapshots that the arena itself has no longer, although matches or replays may need them


def back_up(folder: str, target: str, with_snapshots: bool = False, replace: bool = False) -> Backup:
    """Copies an arena as it is at one moment. The copy of the store comes last: if it is there, all is.

    Args:
        folder: arena_dir.
        target: folder for the copy; made if it is missing.
        with_snapshots: copies the snapshots too. Without them results can be looked at in the copy, but no match can
            be played.
        replace: replaces a copy that `target` holds, in one step, once the new one is whole.

    Raises:
        UserError: `target` holds an arena already, and it is not to be replaced, or is in use.
        StateError: another backup is made there, there is no store, it cannot be read, or the copy is damaged.
        OSError: the copy cannot be written.
    """
    path = os.path.join(target, store.FILE)
    if os.path.exists(path):
        _check_replaceable(folder, target, replace)
    os.makedirs(target, exist_ok=True)
    with files.alone_in(target, "another backup"):
        return _copy(folder, target, with_snapshots)


def _copy(folder: str, target: str, with_snapshots: bool) -> Backup:
    """Copies an arena to a folder to which nobody else copies one."""
    path = os.path.join(target, store.FILE)
    try:
        copy_store(folder, path + _PART)
        database.check_copy(path + _PART, os.path.join(folder, store.FILE))
        copied = missing = 0
        if with_snapshots:
            copied, missing = _copy_snapshots(folder, target)
        os.replace(path + _PART, path)
    finally:
        with contextlib.suppress(OSError):  # it is in place, or was not made
            os.remove(path + _PART)
    database.sync_folder(target)
    return Backup(path, copied, missing)


def copy_store(folder: str, path: str) -> None:
    """Copies the store of an arena_dir to a file, by SQLite's backup: as it was at one moment, in one plain file.

    Raises:
        StateError: there is no store, or it cannot be read or copied.
    """
    source = os.path.join(folder, store.FILE)
    if not os.path.exists(source):
        raise store.NotBegun(f"{source}: there is no such file; --arena_dir is the folder that battle was given")
    store_file.check_whole(source)
    try:
        with contextlib.closing(database.connect_to_read(source)) as reading:
            database.copy(reading, path)
    except sqlite3.Error as error:
        hint = "; make room there, or name a folder on another disk" if "full" in str(error) else ""
        raise StateError(f"{source} cannot be copied to {path}: {error}{hint}") from error


def _check_replaceable(folder: str, target: str, replace: bool) -> None:
    """Raises UserError unless the arena in `target` is another one than that in `folder`, and may be replaced."""
    path = os.path.join(target, store.FILE)
    if os.path.realpath(path) == os.path.realpath(os.path.join(folder, store.FILE)):
        raise UserError(f"{target} holds an arena already, the one that is to be copied; name another folder")
    if not replace:
        raise UserError(f"{target} holds an arena already; name another folder, or give --replace to replace it")
    if os.path.exists(path + store_file.WAL):
        raise UserError(f"{target} holds an arena that is in use, or was not closed; name another folder")


def _copy_snapshots(folder: str, target: str) -> tuple[int, int]:
    """(how many are copied, how many are missing)."""
    source, kept = os.path.join(folder, snapshot_copies.SNAPSHOTS), os.path.join(target, snapshot_copies.SNAPSHOTS)
    with store.Store(folder, read_only=True) as opened:
        digests = {team.snapshot for event in opened.events.all() for team in opened.teams.of_event(event.id)}
        # A battle may remove the others at any moment.
        needed = [digest for digest in sorted(filter(None, digests)) if opened.teams.is_snapshot_needed(digest)]
    os.makedirs(kept, exist_ok=True)
    copied = sum(_copy_snapshot(os.path.join(source, digest), os.path.join(kept, digest)) for digest in needed)
    return copied, len(needed) - copied


def _copy_snapshot(source: str, target: str) -> bool:
    """Copies a snapshot's folder, unless it is copied already; False if there is none, or a battle removes it now."""
    if not os.path.isdir(target):
        shutil.rmtree(target + _PART, ignore_errors=True)
        try:
            files.copy_folder(source, target + _PART, is_synced=True)
        except OSError:
            shutil.rmtree(target + _PART, ignore_errors=True)
            if os.path.isdir(source):
                raise
            return False
        os.rename(target + _PART, target)
    return os.path.isdir(source)
