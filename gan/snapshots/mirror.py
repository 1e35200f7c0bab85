"""A folder in a bucket that a command writes to as if it were on disk.

The command writes to a folder on disk, and a thread uploads what it writes, so the command never waits for the network.
A reader of the bucket sees complete snapshots at every instant.
"""

import contextlib
import os
import secrets
import shutil
import sys
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator

from gan.console.errors import BucketRefused, StateError, UserError
from gan.console.progress import Progress
from gan.snapshots import checkpoint_files
from gan.storage import buckets, cache, files, paths

SECONDS_BETWEEN_PASSES = 20  # at least so often TensorBoard's events are uploaded
LONGEST_PAUSE = 30  # seconds between two tries while uploads fail
PATIENCE = 600  # seconds that the end of a run waits while uploads fail
_PENDING = ".not_uploaded"  # this file is in the local folder while the bucket lacks something
_WRITER = ".writer"  # this file of the bucket's folder says who writes there: the last one that has begun
_Signature = tuple[int, int]  # tells one content of a file from another: bytes, nanoseconds of its last change


@contextlib.contextmanager
def writable_folder(
    path: str, patience: Callable[[], float] = lambda: PATIENCE, fetch: bool = True
) -> "Iterator[Folder | Mirror]":
    """Opens a folder to write to.

    Args:
        path: a folder on disk, which is used as it is, or one in a bucket.
        patience: called at the end; returns the seconds without progress after which uploading is given up.
        fetch: whether the files in the bucket's folder are wanted on disk.

    Yields:
        A Folder, or a Mirror.

    Raises:
        UserError: the bucket cannot be reached, or does not let files be read, made and replaced, or at the end not
            everything could be uploaded.
        Superseded: another command has begun to write to the same folder of a bucket.
    """
    if not paths.is_remote(path):
        yield Folder(path)
        return
    local = cache.cache_folder("work", urllib.parse.quote(path.rstrip("/"), safe=""))
    with files.locked(local + ".lock", path):
        mirror = Mirror(path, local, fetch)
        try:
            yield mirror
        finally:
            mirror.close(patience())


class Superseded(StateError):
    """Another command has begun to write to the same folder of a bucket."""


class Folder:
    """A folder on disk: there is nothing to upload.

    Attributes:
        path: the folder on disk.
        name: what the user called it, for messages.
    """

    def __init__(self, path: str) -> None:
        self.path = self.name = path

    def changed(self) -> None:
        """Says that something complete was written."""

    def remove_logs(self) -> None:
        """Removes TensorBoard's files that are not on disk: there are none."""


class Mirror:
    """A local folder whose content is uploaded in the background.

    At the start the local folder gets what the bucket holds, except TensorBoard's files. If a former run on this
    machine came further than the bucket and could not upload everything, its local folder stays as it is.

    Once another command writes to the bucket's folder, from any machine, nothing more is uploaded: the files of two
    trainings would mix. The last one to begin goes on, since it may be the first one's replacement. Folders from which
    nothing is wanted, for TensorBoard or pictures, may be shared.

    Args:
        remote: the folder in the bucket.
        local: the folder on disk.
        fetch: whether the files in the bucket's folder are wanted on disk.

    Attributes:
        path: the local folder.
        name: what the user called it, for messages: the folder in the bucket.
    """

    def __init__(self, remote: str, local: str, fetch: bool) -> None:
        self.name, self.path, self._staging = remote, local, local + ".staging"
        self._uploaded: dict[str, _Signature | None] = {}  # relative name -> what the file was when it was uploaded
        self._wake, self._closing, self._finished = threading.Event(), threading.Event(), threading.Event()
        self._refused: BucketRefused | None = None  # what the last try ended with
        self._superseded: Superseded | None = None  # why nothing more is uploaded
        self._fetch(fetch)
        self._writer = secrets.token_hex(16).encode()
        self._is_alone = fetch
        for _ in range(2):  # whoever may only make files, not replace them, is told now and not at the end
            buckets.write(paths.join(remote, _WRITER), self._writer)
        if not self._is_alone:
            buckets.delete(paths.join(remote, _WRITER))
        self._thread = threading.Thread(target=self._work, name=f"uploads to {remote}", daemon=True)
        self._thread.start()

    def changed(self) -> None:
        """Says that something complete was written; it is uploaded soon. Raises Superseded if another one writes."""
        if self._superseded:
            raise self._superseded
        self._wake.set()

    def remove_logs(self) -> None:
        """Removes the files that former runs wrote for TensorBoard."""
        for name in filter(checkpoint_files.is_log, files.names(self.name)):
            buckets.delete(paths.join(self.name, name))

    def close(self, patience: float) -> None:
        """Uploads what is left, with a bar.

        Raises:
            UserError: the bucket refuses, or there was no progress for `patience` seconds.
            Superseded: another one writes.
        """
        self._refused = None  # it is tried once more
        self._closing.set()
        self.changed()
        left = self._left()
        with Progress(f"uploading to {self.name}", len(left), "file") as progress:
            last = time.monotonic()
            while not self._finished.wait(0.1) and time.monotonic() - last < patience and not self._refused:
                if self._superseded:
                    raise self._superseded
                now = self._left()
                if len(now) < len(left):
                    progress.update(len(left) - len(now))
                    left, last = now, time.monotonic()
            progress.update(len(left) - len(self._left()))
        if self._finished.is_set() and self._is_alone:
            with contextlib.suppress(UserError):
                self._check_writer()
                buckets.delete(paths.join(self.name, _WRITER))
        left = self._left()
        if left and self._refused:
            raise UserError(
                f"{self._refused}; {', '.join(left)} in {self.path} wait there; once the bucket takes them, run the "
                "same command on this machine again to upload them"
            )
        if left:
            raise UserError(
                f"{self.name} could not be reached; {', '.join(left)} in {self.path} wait there; run the same "
                "command on this machine again to upload them"
            )

    def _fetch(self, wanted: bool) -> None:
        """Fills the local folder with what the bucket holds, if that is wanted, unless the local one came further."""
        there = [name for name in files.names(self.name) if name != _WRITER]
        remote_names = [name for name in there if not checkpoint_files.is_log(name)]
        for folder in (checkpoint_files.STATE_FOLDER, checkpoint_files.BEST_FOLDER):
            remote_names += [os.path.join(folder, name) for name in files.names(paths.join(self.name, folder))]
        if os.path.exists(os.path.join(self.path, _PENDING)):
            ours, theirs = checkpoint_files.latest_state(self.path), checkpoint_files.latest_state(self.name)
            if not theirs or (ours and (ours.step or 0) >= (theirs.step or 0)):
                print(f"going on from {self.path}, which was not all uploaded to {self.name}", flush=True)
                return
        shutil.rmtree(self.path, ignore_errors=True)
        os.makedirs(self.path, exist_ok=True)
        if not wanted or not remote_names:
            return
        with Progress(f"fetching {self.name}", len(remote_names), "file") as progress:
            for name in sorted(remote_names, key=checkpoint_files.upload_rank):
                local = os.path.join(self.path, name)
                with contextlib.suppress(FileNotFoundError):  # another trainer has just deleted it
                    files.fetch(paths.join(self.name, name), local)
                    self._uploaded[name] = _signature(local)
                progress.update()

    def _work(self) -> None:
        """What the thread does: passes until closed, with growing pauses while they fail."""
        pause = 1
        while True:
            self._wake.wait(SECONDS_BETWEEN_PASSES)
            self._wake.clear()
            closing = self._closing.is_set()
            try:
                self._check_writer()
                self._pass()
                pause, self._refused = 1, None
            except Superseded as error:
                self._superseded = error
                return
            except Exception as error:  # nobody would notice before the end that the thread has died
                self._refused = error if isinstance(error, BucketRefused) else None
                print(f"{error}; trying again in {pause} s", file=sys.stderr, flush=True)
                self._closing.wait(pause) if not closing else time.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
                self._wake.set()
                continue
            if closing and not self._left():
                shutil.rmtree(self._staging, ignore_errors=True)
                self._finished.set()
                return
            if closing:
                self._wake.set()

    def _check_writer(self) -> None:
        """Raises Superseded if another command has begun to write to the bucket's folder, which it must have alone."""
        if not self._is_alone:
            return
        with contextlib.suppress(FileNotFoundError):
            if files.read_small(paths.join(self.name, _WRITER), len(self._writer)) != self._writer:
                raise Superseded(
                    f"another command has begun to write to {self.name}; what it lacks is in {self.path}; give every "
                    "training a folder of its own"
                )

    def _pass(self) -> None:
        """Uploads what changed, in an order that never shows a reader half a snapshot; then deletes what is gone."""
        self._stage()
        staged = {name: _signature(os.path.join(self._staging, name)) for name in _files(self._staging)}
        changed = [name for name, signature in staged.items() if self._uploaded.get(name) != signature]
        if changed:
            self._mark_pending()
        for name in sorted(changed, key=checkpoint_files.upload_rank):
            buckets.upload(os.path.join(self._staging, name), paths.join(self.name, name))
            self._uploaded[name] = staged[name]
        for name in sorted(set(self._uploaded) - set(staged), key=checkpoint_files.upload_rank, reverse=True):
            buckets.delete(paths.join(self.name, name))
            del self._uploaded[name]
        if not self._left():
            with contextlib.suppress(FileNotFoundError):
                os.remove(os.path.join(self.path, _PENDING))

    def _stage(self) -> None:
        """Links all files into another folder, where they stay although the trainer deletes old snapshots.

        Each `checkpoint` is linked before the snapshots are: a snapshot that it names is complete by then.
        """
        shutil.rmtree(self._staging, ignore_errors=True)
        for wanted in (checkpoint_files.is_pointer, lambda name: not checkpoint_files.is_pointer(name)):
            for name in filter(wanted, self._local_names()):
                staged = os.path.join(self._staging, name)
                os.makedirs(os.path.dirname(staged), exist_ok=True)
                with contextlib.suppress(FileNotFoundError):  # the trainer has deleted it
                    files.link(os.path.join(self.path, name), staged)

    def _left(self) -> list[str]:
        """Names of local files of which the bucket does not hold the present content."""
        return sorted(
            name for name in self._local_names() if self._uploaded.get(name) != (self._signature(name) or name)
        )

    def _local_names(self) -> list[str]:
        """Relative names of all complete files."""
        names = _files(self.path)
        return [n for n in names if not os.path.basename(n).startswith(".") and not checkpoint_files.is_partial(n)]

    def _signature(self, name: str) -> _Signature | None:
        return _signature(os.path.join(self.path, name))

    def _mark_pending(self) -> None:
        files.write_whole(os.path.join(self.path, _PENDING), f"{self.name}\n".encode())


def _files(root: str) -> list[str]:
    """Paths of all files below a folder, relative to it."""
    return [os.path.relpath(os.path.join(folder, name), root) for folder, _, names in os.walk(root) for name in names]


def _signature(path: str) -> _Signature | None:
    """The signature of a file; None if there is none."""
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    return status.st_size, status.st_mtime_ns
