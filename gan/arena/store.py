"""What the arena remembers: one SQLite file, with everything that was ever played. No TensorFlow.

Each noun has a repository: `store.events`, `store.teams`, `store.matches` and so on. Every method that writes is one
transaction, on disk when it returns: a process that is killed leaves whole half rounds and whole results. One process
writes; any number read at the same time. Events, teams, matches and half rounds are named by their ids.
"""

import contextlib
import os
import sqlite3
from types import TracebackType

from gan.arena import database, migration, schema
from gan.arena.event_records import Events, Log, Teams
from gan.arena.image_records import ImageDigests
from gan.arena.match_records import HalfRounds, Matches, Ratings, Suspects, Timings
from gan.console.errors import StateError

FILE, LOCK = "arena.sqlite3", "arena.lock"


class NotBegun(StateError):
    """There is no store in the folder yet."""


class Store:
    """The store in a folder. Use as a context manager, from one thread at a time.

    A store of an earlier version is copied beside itself and migrated if it is opened to write. If it is opened to
    read, a temporary copy is migrated.

    Args:
        folder: arena_dir; it and the file are made if they are missing, unless `read_only`.
        read_only: True reads beside the one process that writes.

    Attributes:
        path: of the file.
        events, teams, matches, half_rounds, timings, ratings, suspects, secret_images, shown_images, log: the
            repositories. Each of their methods raises StateError if the file cannot be used, such as on a full disk.

    Raises:
        NotBegun: read_only, and there is no store yet.
        StateError: another process writes, the file is none of ours or of a newer program, or cannot be used.
    """

    def __init__(self, folder: str, read_only: bool = False) -> None:
        self.path = os.path.join(folder, FILE)
        self._lock: sqlite3.Connection | None = None
        self._source: sqlite3.Connection | None = None  # the file, if what is read is a migrated copy of it
        self._copied = 0  # data_version of the file when it was copied
        self._connection: sqlite3.Connection | None = None
        self._database = shared = database.Database(self.path)
        self.log = Log(shared)
        self.events = Events(shared, self.log)
        self.teams = Teams(shared, self.log)
        self.ratings = Ratings(shared)
        self.suspects = Suspects(shared)
        self.timings = Timings(shared)
        self.matches = Matches(shared, self.log, self.ratings)
        self.secret_images = ImageDigests(shared, "secret_image")
        self.shown_images = ImageDigests(shared, "shown_image")
        self.half_rounds = HalfRounds(shared, self.matches, self.suspects, self.shown_images)
        with contextlib.ExitStack() as opened, database.explaining(self.path):
            opened.callback(self.close)
            if read_only:
                self._open_to_read()
            else:
                self._open_to_write(folder)
            opened.pop_all()

    def __enter__(self) -> "Store":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file, and lets another process write."""
        if self._connection and self._lock:
            # Without its log beside it the file can be copied, and read from a folder that cannot be written to.
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("PRAGMA busy_timeout = 0")
                self._connection.execute("PRAGMA journal_mode = DELETE")
        for connection in (self._connection, self._source, self._lock):
            if connection:
                connection.close()
        self._connection = self._source = self._lock = None

    def writing(self) -> contextlib.AbstractContextManager[None]:
        """A transaction for several changes, of one noun or of several: all of them are kept, or none."""
        return self._database.writing()

    def reading(self) -> contextlib.AbstractContextManager[None]:
        """While this is open, everything that is read is of one moment."""
        return self._database.reading()

    def data_version(self) -> int:
        """A number that differs after another process has written."""
        if self._source is None:
            return self._database.data_version()
        version = int(self._source.execute("PRAGMA data_version").fetchone()[0])
        if version != self._copied:
            self._show(self._source)
        return version

    def _open_to_write(self, folder: str) -> None:
        os.makedirs(folder, exist_ok=True)
        # A lock of SQLite's goes when the process goes, and is not passed on to its children.
        self._lock = database.connect(os.path.join(folder, LOCK), timeout=0)
        try:
            self._lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise
            raise StateError(f"{folder} is in use: another battle is writing to it") from error
        self._connection = database.connect(self.path)
        version = _checked_version(self._connection, self.path)
        for setting in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            self._connection.execute(f"PRAGMA {setting}")
        if version == 0:
            # In one transaction, unlike what executescript would do by itself.
            new = f"BEGIN; {schema.SCHEMA} PRAGMA user_version = {schema.VERSION}; COMMIT;"
            self._connection.executescript(new)
        elif version < schema.VERSION:
            migration.keep_copy(self._connection, self.path, version)
            migration.migrate(self._connection, version)
        self._database.connection = self._connection

    def _open_to_read(self) -> None:
        if not os.path.exists(self.path):
            raise NotBegun(f"{self.path}: there is no such file")
        self._show(database.connect_to_read(self.path))

    def _show(self, file: sqlite3.Connection) -> None:
        """Reads from the file from now on, or from a migrated copy of it."""
        previous, self._source = self._connection, file  # which `close` closes if anything fails
        version = _checked_version(file, self.path)
        if version == 0:
            raise NotBegun(f"{self.path} is empty")
        if version == schema.VERSION:
            self._connection, self._source = file, None
        else:
            self._copied = int(file.execute("PRAGMA data_version").fetchone()[0])
            self._connection = migration.migrated_copy(file, version)
        self._database.connection = self._connection
        if previous:
            previous.close()


def _checked_version(connection: sqlite3.Connection, path: str) -> int:
    """The version of a file's tables; 0 if it has none. Raises StateError if the file is none of ours, or too new."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > schema.VERSION:
        raise StateError(f"{path} was written by a newer version of this program; use that one")
    if version == 0 and connection.execute("SELECT 1 FROM sqlite_master").fetchone():
        raise StateError(f"{path} is not an arena's")
    return version
