"""The arena's file on disk, and the parts of it that lie beside it while it is in use. No TensorFlow.

While somebody writes, SQLite keeps what is newest in `arena.sqlite3-wal`, and `arena.sqlite3-shm` says where it is
there. A copy of `arena.sqlite3` alone lacks it, and looks whole. So a mark in the file's header says that it is in use.
It goes when the store is closed, after everything was brought into the one file.
"""

import contextlib
import os
import sqlite3
import time

from gan.console.errors import StateError

WAL, SHM = "-wal", "-shm"  # ends of the names of the parts
_IN_USE = 0x47414E31  # SQLite's application_id of a file whose newest part is in its -wal; 0 if it is whole
_HEADER, _MARK = 100, slice(68, 72)  # bytes of SQLite's header; where it has the application_id
_PATIENCE_SECONDS = 3.0  # for those who read while the store is being closed
_PAUSE_SECONDS = 0.05
_MOUNTS = "/proc/self/mounts"
_NETWORK_DISKS = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ceph", "glusterfs", "lustre", "9p", "fuse"}
_NETWORK_PROGRAMS = ("fuse.sshfs", "fuse.gcsfuse", "fuse.rclone", "fuse.s3fs", "fuse.glusterfs")


def check_regular(path: str) -> None:
    """Raises StateError if what is at a path is no file: to open a pipe would wait for ever."""
    if os.path.exists(path) and not os.path.isfile(path):
        raise StateError(f"{path} is no file but a folder, a pipe or a device; remove it, or name another --arena_dir")


def check_whole(path: str) -> None:
    """Raises StateError if a store's newest part is missing: it was copied alone, or its -wal was removed."""
    if is_incomplete(path):
        folder, name = os.path.split(path)
        raise StateError(
            f"{path} was in use when it was copied, and {name}{WAL}, which holds what is newest, is not beside it: "
            f"copy {name}{WAL} too, or take a copy that `python -m gan.organise backup` made; if there is no other, "
            f"`python -m gan.organise recover --arena_dir={folder or '.'}` goes on without what is missing"
        )


def is_incomplete(path: str) -> bool:
    """Whether a store's newest part is missing."""
    real = os.path.realpath(path)  # SQLite follows a link, and keeps the parts beside the file itself
    # It may be opened or closed at this moment, so look twice.
    return _lacks_wal(real) and _is_in_use(real) and _lacks_wal(real)


def mark_in_use(connection: sqlite3.Connection) -> None:
    """Marks a file that is open in WAL mode: a copy of it alone is known as one from now on."""
    connection.execute(f"PRAGMA application_id = {_IN_USE}")
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)")  # into the file itself; the -wal is not emptied


def make_whole(connection: sqlite3.Connection) -> bool:
    """Brings everything into the one file, even if others have it open to read.

    Returns:
        Whether it is whole; False if somebody read from it all the time, or the disk is full.
    """
    try:
        connection.execute("PRAGMA busy_timeout = 0")
        connection.execute("PRAGMA application_id = 0")
        is_whole, until = False, time.monotonic() + _PATIENCE_SECONDS
        while not is_whole and time.monotonic() < until:
            (is_busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            is_whole = not is_busy
            if is_busy:
                time.sleep(_PAUSE_SECONDS)
        if is_whole:
            with contextlib.suppress(sqlite3.Error):  # somebody has it open: two parts stay, without content
                # In this mode it can be read from a folder that cannot be written to.
                connection.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error:
        return False
    return is_whole


def parts_text(path: str) -> str:
    """The sentence for whoever copies a store that is not whole."""
    name = os.path.basename(path)
    return (
        f"{path} is in three parts, since another program reads it: copy {name}{WAL} and {name}{SHM} with it, or use "
        "`python -m gan.organise backup`"
    )


def network_disk(folder: str) -> str | None:
    """The kind of network disk that a folder is on, such as nfs; None if it is on none, or that cannot be found out."""
    try:
        with open(_MOUNTS, encoding="utf-8", errors="replace") as file:
            mounts = [line.split()[1:3] for line in file]
    except OSError:
        return None
    there, kind = os.path.realpath(folder), ""
    longest = -1
    for place, name in mounts:
        place = place.replace("\\040", " ")
        if (there == place or there.startswith(place.rstrip("/") + "/")) and len(place) >= longest:
            longest, kind = len(place), name
    return kind if kind in _NETWORK_DISKS or kind.startswith(_NETWORK_PROGRAMS) else None


def _lacks_wal(path: str) -> bool:
    try:
        return os.path.getsize(path + WAL) == 0
    except OSError:
        return True


def _is_in_use(path: str) -> bool:
    """Whether a file's header has the mark; False if there is no file."""
    try:
        with open(path, "rb") as file:
            return int.from_bytes(file.read(_HEADER)[_MARK], "big") == _IN_USE
    except OSError:
        return False
