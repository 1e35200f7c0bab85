"""Files on disk and in buckets: here a path may be either, and gs:// makes the difference.

gcs.py asks Google, and cache.py keeps on disk what came from there.
"""

import contextlib
import errno
import glob
import itertools
import os
import shutil
import stat
import tempfile
from typing import NamedTuple

from gan import cache, gcs
from gan.errors import DataError, StateError, UserError
from gan.progress import Progress

try:
    import fcntl
except ImportError:  # not on Windows, where nothing keeps a second trainer out
    fcntl = None

MOST_ENTRIES = 20_000  # of a folder that is listed without what is inside its folders
# What keeps open() from following a link and from waiting for a pipe's writer; Windows has neither flag.
_WARY = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


class Entry(NamedTuple):
    """A file of a folder as it was when the folder was listed."""

    size: int  # bytes
    generation: int | None  # of an object in a bucket, where another content has another; None on disk


def is_remote(path):
    """Whether a path is in a bucket."""
    return path.startswith(gcs.SCHEME)


def join(folder, *names):
    """Like os.path.join, for both kinds of path."""
    return "/".join([folder.rstrip("/"), *names]) if is_remote(folder) else os.path.join(folder, *names)


def find_files(pattern, flag):
    """Expands a pattern to the files that match it, sorted; those in a bucket are fetched into the cache once.

    Args:
        pattern: such as data/train*.tfrecords or gs://bucket/data/train*; several are separated by commas.
        flag: name of the flag that gave it, for the message.

    Returns:
        Paths on disk.

    Raises:
        DataError: nothing matches, or what matches is a folder.
        UserError: the bucket cannot be read.
    """
    files = []
    for part in filter(None, (part.strip() for part in pattern.split(","))):
        found = cache.matching(part) if is_remote(part) else glob.glob(os.path.expanduser(part))
        if not found:
            raise DataError(f"--{flag}={pattern}: no file matches {part}")
        files += found
    for path in files:
        if os.path.isdir(path):
            raise DataError(
                f"--{flag}={pattern}: {path} is a folder; give a pattern of files, such as {path}/*.tfrecords"
            )
    return sorted(set(files))


def on_disk(path, wanted=lambda name: True):
    """A file or folder on disk: `path` itself, or a copy in the cache of what is in a bucket.

    Only what is not in the cache yet, or has changed in the bucket, is fetched.

    Args:
        path: a file, or a folder with the folders in it.
        wanted: function from the name of a file below the folder, with forward slashes, to whether it is needed.

    Returns:
        A path on disk; its last part is that of `path`.

    Raises:
        DataError: there is no such file or folder, or the name of a file in it would lie outside of it on disk.
        UserError: the bucket cannot be read.
    """
    if not is_remote(path):
        if not os.path.exists(path):
            raise DataError(f"{path}: no such file or folder")
        return path
    return cache.whole(path, wanted)


def names(folder):
    """Names of the files directly in a folder; empty where there is no such folder."""
    return list(entries(folder))


def entries(folder, beginning=""):
    """Those files directly in a folder whose names begin so: name -> Entry; empty where there is no such folder.

    Raises StateError where the folder holds more than MOST_ENTRIES: it may be a stranger's, and have no end.
    """
    if is_remote(folder):
        prefix = gcs.prefix(folder)
        listed = gcs.find(folder, prefix + beginning, delimiter="/", most=MOST_ENTRIES + 1)
        _check_number(folder, listed)
        blobs = {blob.name[len(prefix) :]: blob for blob in listed}
        return {name: Entry(blob.size, blob.generation) for name, blob in blobs.items() if name}
    found = {}
    listed = [*itertools.islice(os.scandir(folder), MOST_ENTRIES + 1)] if os.path.isdir(folder) else []
    _check_number(folder, listed)
    for entry in listed:
        with contextlib.suppress(OSError):  # such as a link to itself, which is no file
            if entry.name.startswith(beginning) and entry.is_file():
                found[entry.name] = Entry(entry.stat().st_size, None)
    return found


def read(path):
    """A file's content as bytes; raises FileNotFoundError where there is none."""
    if is_remote(path):
        return gcs.read(path)
    with open(path, "rb") as file:
        return file.read()


def read_small(path, most):
    """The bytes of a file that somebody else may have put there.

    Args:
        path: of a file; see `open_regular` for what is refused on disk.
        most: bytes that are read; in a bucket, as they are stored.

    Raises:
        FileNotFoundError: there is none.
        OSError: it cannot be read, or is longer.
    """
    with gcs.open_raw(path, most + 1) if is_remote(path) else open_regular(path) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(errno.EFBIG, f"it has more than {most} bytes", path)
    return content


def open_regular(path):
    """Opens a file on disk to read its bytes, with no effect on anything else.

    Raises:
        OSError: it cannot be opened, is a link or no regular file.
    """
    _check_regular(os.lstat(path), path)  # opening a device may be using it
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(open(path, "rb", opener=lambda name, flags: os.open(name, flags | _WARY)))
        _check_regular(os.fstat(file.fileno()), path)  # it may have been exchanged since
        stack.pop_all()
        return file


def at_hand(folder, files):
    """A folder on disk that holds these of the `entries` of `folder`: itself, or a copy in the cache.

    Raises:
        FileNotFoundError: one in a bucket is not there any more, or has changed since it was listed.
    """
    if not is_remote(folder):
        return folder
    return cache.part(folder, {name: entry.generation for name, entry in files.items()})


@contextlib.contextmanager
def output_folder(path):
    """A folder to write results to: `path` itself, or one on disk whose files are uploaded at the end.

    Yields:
        A path on disk.

    Raises:
        UserError: the upload failed; names the folder on disk where everything is kept.
    """
    if not is_remote(path):
        yield path
        return
    local = tempfile.mkdtemp(prefix="gan-output-")
    yield local
    found = [os.path.join(folder, name) for folder, _, files in os.walk(local) for name in files]
    try:
        with Progress(f"uploading to {path}", len(found), "file") as progress:
            for file in sorted(found, key=os.path.getmtime):  # as they were written, what names others last
                gcs.upload(file, join(path, *os.path.relpath(file, local).split(os.sep)))
                progress.update()
    except UserError as error:
        raise UserError(f"{error}; everything is kept in {local}") from error
    shutil.rmtree(local)


@contextlib.contextmanager
def output_file(path):
    """Like output_folder, for one file.

    Yields:
        A path on disk.

    Raises:
        UserError: likewise, or `path` is a bucket or a folder in it.
    """
    if not is_remote(path):
        yield path
        return
    folder, name = os.path.split(path)
    if not name or not gcs.split(path)[1]:
        raise UserError(f"{path} names no file; write gs://bucket/name")
    with output_folder(folder) as local:
        yield os.path.join(local, name)


@contextlib.contextmanager
def locked(path, what):
    """Holds a lock file on disk; raises StateError where another process holds it, which uses `what`."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        try:
            if fcntl:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StateError(f"{what} is in use by another training run") from error
        yield


def check_on_disk(path, flag):
    """Raises UserError where a path is in a bucket."""
    if is_remote(path):
        raise UserError(f"--{flag}={path} is in a bucket, and what it holds must be on disk; give a folder on disk")


def check_empty(path, flag):
    """Raises UserError where a folder of a bucket holds files; folders on disk are checked by who writes them."""
    if is_remote(path) and names(path):
        raise UserError(f"--{flag}={path} holds files already; give another folder")


def _check_number(folder, listed):
    if len(listed) > MOST_ENTRIES:
        raise StateError(
            f"{folder} holds more than {MOST_ENTRIES:,} files; put what is wanted of it into another folder"
        )


def _check_regular(status, path):
    if stat.S_ISLNK(status.st_mode):
        raise OSError(errno.ELOOP, "it is a link, and none is followed", path)
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is no regular file", path)
