"""A connection to the arena's SQLite file: transactions, and rows as named tuples. No TensorFlow."""

import contextlib
import os
import sqlite3
import time
import urllib.parse
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

import numpy as np

from gan.arena import rows, schema, store_file
from gan.console.errors import StateError

_LOCK_SECONDS = 10  # that a reader or the writer waits for the other
_TICK = 1e-6  # seconds by which each time is later than the one before, even if the clock stands still or goes back
_FAR_AHEAD = 60  # seconds; a clock that is set back by less is waited for
_LATEST = """SELECT max(at) FROM (SELECT max(begun) AS at FROM event UNION ALL SELECT max(finished) FROM event
    UNION ALL SELECT max(begun) FROM match UNION ALL SELECT max(ended) FROM match
    UNION ALL SELECT max(played) FROM half_round UNION ALL SELECT max(at) FROM log)"""
_FULL = "disk is full"
# What SQLite says -> the way out.
_HINTS = {
    "readonly database": "give yourself the right to write to it and to its folder, or copy it to another folder",
    "unable to open database file": "give yourself the right to write to its folder, or copy it, with its -wal file, "
    "to another folder",
    _FULL: "make room on its disk and give the command again; nothing that was committed is lost",
    "malformed": "it is damaged; go on from a backup",
    "not a database": "it is damaged or of another program; go on from a backup, or name another --arena_dir",
    "locked": "another program holds it; close that one and give the command again",
    "disk I/O": "its disk or network fails; back it up to another one",
}

_Row = TypeVar("_Row")


class StoreFull(StateError):
    """There is no room on the disk for what was to be written; what was committed before is whole."""


class Database:
    """One connection, which all repositories of a store share. From one thread at a time.

    Args:
        path: of the file, for messages.

    Attributes:
        path: of the file.
        connection: in autocommit mode; set by whoever opens the file, and again to read from another copy of it.
    """

    connection: sqlite3.Connection

    def __init__(self, path: str) -> None:
        self.path = path
        self._is_writing = False
        self._latest: float | None = None  # time of what was written last; None before it is looked up

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """A transaction: on disk at the end of the block, and gone if the block raises.

        Inside another transaction the block is a part of that one.

        Raises:
            StateError: the file cannot be written to.
        """
        if self._is_writing:
            yield
            return
        with explaining(self.path):
            self.connection.execute("BEGIN IMMEDIATE")
            self._is_writing = True
            try:
                yield
                self.connection.execute("COMMIT")
            except BaseException:
                self.connection.rollback()
                raise
            finally:
                self._is_writing = False

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """While this is open, everything that is read is of one moment."""
        with explaining(self.path):
            self.connection.execute("BEGIN")
        try:
            yield
        finally:
            self.connection.rollback()

    def all(self, kind: type[_Row], where: str, *values: Any, left_out: Iterable[str] = ()) -> list[_Row]:
        """Rows of a table.

        Args:
            kind: named tuple of schema.py.
            where: what follows the table's name in SQL.
            *values: of the question marks.
            left_out: columns that are read as NULL.

        Raises:
            StateError: the file cannot be used, or holds what no version of this program writes.
        """
        table = schema.TABLES[kind]
        columns = ", ".join("NULL" if name in left_out else name for name in table.columns)
        found = self.values(f"SELECT {columns} FROM {table.name} {where}", *values)
        try:
            return [rows.decoded(kind, row) for row in found]
        except (ValueError, TypeError, KeyError, AttributeError, zlib.error) as error:
            raise StateError(
                f"{self.path} holds a row in {table.name} that is not ours ({error}); go on from a backup"
            ) from error

    def one(self, kind: type[_Row], where: str, *values: Any) -> _Row | None:
        """The first row; None if there is none. See `all`."""
        return next(iter(self.all(kind, where, *values)), None)

    def values(self, statement: str, *values: Any) -> list[tuple]:
        """What a SELECT finds."""
        with explaining(self.path):
            return self.connection.execute(statement, values).fetchall()

    def insert(self, table: str, values: Mapping[str, Any]) -> int:
        """Adds a row, column -> value; returns its id."""
        columns, marks = ", ".join(values), ", ".join("?" * len(values))
        plain = [_plain(value) for value in values.values()]
        done = self.connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", plain)
        return int(done.lastrowid or 0)

    def change(self, statement: str, *values: Any) -> None:
        """Changes one row; raises StateError if there is no such row."""
        if self.execute(statement, *values) != 1:
            raise StateError(f"{self.path} holds nothing that this would change: {values}")

    def execute(self, statement: str, *values: Any) -> int:
        """Changes any number of rows; returns how many."""
        return self.connection.execute(statement, [_plain(value) for value in values]).rowcount

    def now(self) -> float:
        """The time in unix seconds, later than all times before: these say in which order things happened.

        Only if times before are far ahead, the clock was wrong then, and later times are earlier ones.
        """
        if self._latest is None:
            self._latest = self.values(_LATEST)[0][0] or 0.0
        clock = time.time()
        self._latest = clock if self._latest > clock + _FAR_AHEAD else max(clock, self._latest + _TICK)
        return self._latest

    def data_version(self) -> int:
        """A number that differs after another process has written."""
        return int(self.values("PRAGMA data_version")[0][0])


@contextlib.contextmanager
def explaining(path: str) -> Iterator[None]:
    """Turns what SQLite raises about a file into a StateError."""
    try:
        yield
    except (sqlite3.Error, OverflowError, OSError) as error:
        hint = next((f"; {hint}" for told, hint in _HINTS.items() if told in str(error)), "")
        kind = StoreFull if _FULL in str(error) else StateError
        raise kind(f"{path} cannot be used: {error}{hint}") from error


def connect(path: str, timeout: float = _LOCK_SECONDS) -> sqlite3.Connection:
    """Opens a file to write; it is made if it is missing. An empty path stands for a temporary file."""
    # The page's server reads from any of its threads.
    return sqlite3.connect(path, timeout=timeout, isolation_level=None, check_same_thread=False)


def connect_to_read(path: str) -> sqlite3.Connection:
    """Opens a file to read, also in a folder that cannot be written to."""
    address = f"file:{urllib.parse.quote(path)}?mode=ro"
    if is_still(path):
        address += "&immutable=1"  # SQLite would make a -wal file even to read
    return sqlite3.connect(address, timeout=_LOCK_SECONDS, isolation_level=None, check_same_thread=False, uri=True)


def is_still(path: str) -> bool:
    """Whether a file is read as one that nobody writes: this process may not write there, and nobody is doing it."""
    return not os.access(os.path.dirname(path) or ".", os.W_OK) and not os.path.exists(path + store_file.WAL)


def check_copy(path: str, source: str) -> None:
    """Reads all of a copy of `source`; raises StateError if it is damaged."""
    with contextlib.closing(connect_to_read(path)) as copy:
        try:
            is_whole = copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        except sqlite3.DatabaseError:
            is_whole = False
    if not is_whole:
        raise StateError(f"{path}, a copy of {source}, is damaged: the disk may be failing; copy to another one")


def copy(source: sqlite3.Connection, path: str) -> None:
    """Copies everything to a file, as it is at one moment: one plain file, on disk when this returns.

    Raises:
        sqlite3.Error: it cannot be read or written.
    """
    with contextlib.suppress(FileNotFoundError):  # of a copy that was killed
        os.remove(path)
    with contextlib.closing(connect(path)) as target:
        source.backup(target)  # in one step: between two steps, a battle that writes would make it begin again
        store_file.make_whole(target)
        target.execute("PRAGMA journal_mode = DELETE")


def sync_folder(folder: str) -> None:
    """Brings the names in a folder to the disk."""
    with contextlib.suppress(OSError):  # Windows cannot
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def _plain(value: Any) -> Any:
    """What SQLite can hold: a number of numpy's as Python's, a text without halves of characters."""
    if isinstance(value, np.generic):
        return value.item()
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
