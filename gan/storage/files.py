"""Files on disk and in buckets: listing and reading them, whoever wrote them."""

import contextlib
import errno
import itertools
import os
import stat
from typing import NamedTuple

from gan.console.errors import StateError, UserError
from gan.storage import buckets, paths

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


def names(folder):
    """Names of the files directly in a folder; empty where there is no such folder."""
    return list(entries(folder))


def entries(folder, beginning=""):
    """Those files directly in a folder whose names begin so: name -> Entry; empty where there is no such folder.

    Raises StateError where the folder holds more than MOST_ENTRIES: it may be a stranger's, and have no end.
    """
    if paths.is_remote(folder):
        prefix = paths.prefix_of(folder)
        listed = buckets.list_blobs(folder, prefix + beginning, delimiter="/", most=MOST_ENTRIES + 1)
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
    if not paths.is_remote(path):
        with open(path, "rb") as file:
            return file.read()
    with buckets.explaining(path):
        return buckets.blob_of(path).download_as_bytes(timeout=buckets.REQUEST_SECONDS, retry=buckets.retry())


def read_small(path, most):
    """The bytes of a file that somebody else may have put there.

    Args:
        path: of a file; see `open_regular` for what is refused on disk.
        most: bytes that are read; in a bucket, as they are stored.

    Raises:
        FileNotFoundError: there is none.
        OSError: it cannot be read, or is longer.
    """
    with buckets.open_to_read(path, most + 1) if paths.is_remote(path) else open_regular(path) as file:
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


def is_locked(path: str) -> bool:
    """Whether another process holds a lock file on disk; writes nothing."""
    if not fcntl or not os.path.exists(path):
        return False
    with open(path, "rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def check_empty(path, flag):
    """Raises UserError where a folder of a bucket holds files; folders on disk are checked by who writes them."""
    if paths.is_remote(path) and names(path):
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


def write_whole(path: str, content: bytes) -> None:
    """Writes a file on disk so that a reader sees it whole or not at all; makes its folder.

    Raises:
        OSError: it cannot be written; what was there before is kept. The error names `path`.
    """
    folder, name = os.path.split(path)
    os.makedirs(folder or ".", exist_ok=True)
    if os.path.isdir(path):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    part = os.path.join(folder, f"{name}.part")
    try:
        with open(part, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.remove(part)
        raise OSError(error.errno, error.strerror, path) from error
