"""What the arena remembers: one SQLite file, with everything that was ever played. No TensorFlow.

Each noun has a repository: `store.events`, `store.teams`, `store.matches` and so on. Every method that writes is one
transaction, on disk when it returns: a process that is killed leaves whole half rounds and whole results. One process
writes; any number read at the same time. Events, teams, matches and half rounds are named by their ids.
"""

import contextlib
import os
import sqlite3
import sys
from types import TracebackType

from gan.arena import database, migration, schema, store_file
from gan.arena.event_records import Events, Log, Teams
from gan.arena.finding_records import Fingerprints, Probes
from gan.arena.image_records import ImageDigests
from gan.arena.match_records import HalfRounds, Matches, Ratings, Suspects, Timings
from gan.arena.schedule import BattleSchedule
from gan.console.errors import Fault, StateError

FILE, LOCK = "arena.sqlite3", "arena.lock"
_NETWORK = (
    "where locks may fail and a store can be damaged; move it to a disk of this machine, and back it up to that one"
)


class NotBegun(StateError):
    """There is no store in the folder yet."""


class InUse(StateError):
    """Another process writes to the store."""


class Store:
    """The store in a folder. Use as a context manager, from one thread at a time.

    A store of an earlier version is copied beside itself and migrated if it is opened to write. If it is opened to
    read, a temporary copy is migrated.

    Args:
        folder: arena_dir; it and the file are made if they are missing, unless `read_only`.
        read_only: True reads beside the one process that writes.
        is_alone: goes on with a file that was copied without its newest part, which is then lost; see store_file.

    Attributes:
        path: of the file.
        events, teams, matches, half_rounds, timings, ratings, suspects, secret_images, shown_images, fingerprints,
            probes, schedule, log: the repositories. Their methods raise StateError if the file cannot be used, as on a
            full disk.

    Raises:
        NotBegun: read_only, and there is no store yet.
        StateError: another process writes, the file is none of ours or of a newer program, a part of it is missing, or
            it cannot be used.
    """

    def __init__(self, folder: str, read_only: bool = False, is_alone: bool = False) -> None:
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
        self.schedule = BattleSchedule(shared)
        self.matches = Matches(shared, self.log, self.ratings)
        self.secret_images = ImageDigests(shared, "secret_image")
        self.shown_images = ImageDigests(shared, "shown_image")
        self.fingerprints, self.probes = Fingerprints(shared), Probes(shared)
        self.half_rounds = HalfRounds(shared, self.matches, self.suspects, self.shown_images)
        with contextlib.ExitStack() as opened, database.explaining(self.path):
            opened.callback(self.close)
            store_file.check_regular(self.path)
            if not is_alone:
                store_file.check_whole(self.path)
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
        if self._connection and self._lock and not store_file.make_whole(self._connection):
            print(f"warning: {store_file.parts_text(self.path)}", file=sys.stderr)
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
        if _is_empty(self.path) and not os.path.exists(os.path.join(folder, LOCK)):
            raise StateError(
                f"{self.path} is empty, so it was copied without its {store_file.WAL} file: copy that too, or remove "
                f"{self.path} to begin a new arena"
            )
        self._lock = _locked(self.path, folder)
        if kind := store_file.network_disk(folder):
            print(f"warning: {folder} is on a network disk ({kind}), {_NETWORK}", file=sys.stderr)
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
        store_file.mark_in_use(self._connection)
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
            raise NotBegun(f"{self.path} is empty: nothing was played yet, or it is a copy without its -wal file")
        if version == schema.VERSION:
            self._connection, self._source = file, None
        else:
            self._copied = int(file.execute("PRAGMA data_version").fetchone()[0])
            self._connection = migration.migrated_copy(file, version)
        self._database.connection = self._connection
        if previous:
            previous.close()


def add_to_log(folder: str, kind: str, note: Fault, by: str) -> None:
    """Notes something in the log of an arena_dir, also while another process writes to it.

    Args:
        folder: arena_dir.
        kind: a short word.
        note: what happened.
        by: who did it.

    Raises:
        StateError: the file cannot be written to.
    """
    with contextlib.suppress(InUse), Store(folder) as kept:
        kept.log.by = by
        kept.log.add(kind, note)
        return
    shared = database.Database(os.path.join(folder, FILE))
    # The other process has migrated it. One entry is one short transaction, for which it waits.
    with database.explaining(shared.path), contextlib.closing(database.connect(shared.path)) as shared.connection:
        log = Log(shared)
        log.by = by
        log.add(kind, note)


def _locked(path: str, folder: str) -> sqlite3.Connection:
    """Takes the lock of the one process that writes to a file; raises StateError if another process has it."""
    # A lock of SQLite's goes when the process goes, and is not passed on to its children. It lies beside the file
    # itself, so that a link to the file leads to the same lock.
    lock = database.connect(os.path.join(os.path.dirname(os.path.realpath(path)), LOCK), timeout=0)
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        lock.close()
        if "locked" not in str(error):
            raise
        raise InUse(
            f"{folder} is in use: another battle, or an action of organise, is writing to it; end it (Ctrl-C) and give "
            "this command again"
        ) from error
    return lock


def _is_empty(path: str) -> bool:
    try:
        return os.path.getsize(path) == 0
    except OSError:
        return False


def _checked_version(connection: sqlite3.Connection, path: str) -> int:
    """The version of a file's tables; 0 if it has none. Raises StateError if the file is none of ours, or too new."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > schema.VERSION:
        raise StateError(f"{path} was written by a newer version of this program; use that one")
    if version == 0 and connection.execute("SELECT 1 FROM sqlite_master").fetchone():
        raise StateError(f"{path} is not an arena's; name another --arena_dir")
    return version
