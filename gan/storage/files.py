"""Files on disk and in buckets: listing and reading them, whoever wrote them, and writing them whole.

Every file that somebody else may be reading is written by `write_whole` or `written_whole`: under another name first,
then renamed. A kill, a full disk or any other error leaves what was there before.
"""

import contextlib
import errno
import hashlib
import itertools
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterable, Iterator
from typing import BinaryIO, NamedTuple

from gan.console.errors import StateError, UserError
from gan.storage import buckets, paths

try:
    import fcntl
except ImportError:  # on Windows, where nothing keeps a second trainer out
    fcntl = None  # type: ignore[assignment]

MOST_ENTRIES = 20_000  # of a folder that is listed; files in folders below it do not count
# Keeps open() from following a link and from waiting for a pipe's writer. Windows has neither flag.
_WARY = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
# What follows a file's name while it is written; without the digits, as earlier versions named it.
_UNFINISHED = re.compile(r"(\.[0-9a-f]{8})?\.part\Z", re.ASCII)


class ListedFile(NamedTuple):
    """A file of a folder as it was when the folder was listed."""

    size: int  # bytes; in a bucket, as they are stored, which may be compressed
    generation: int | None  # in a bucket, a number that changes whenever the content does; None on disk
    modified: float  # when the content was written last, in seconds since 1970


def names(folder: str) -> list[str]:
    """Names of the files directly in a folder; none if there is no such folder. Raises what `entries` does."""
    return list(entries(folder))


def entries(folder: str, beginning: str = "") -> dict[str, ListedFile]:
    """Lists the files directly in a folder whose names begin with `beginning`.

    Returns:
        name -> ListedFile; empty if there is no such folder.

    Raises:
        StateError, BucketRefused: the folder, on disk or in a bucket, holds more than MOST_ENTRIES. It may be a
            stranger's, with any number of files.
    """
    if paths.is_remote(folder):
        prefix = paths.prefix_of(folder)
        objects = buckets.list_objects(folder, prefix + beginning, delimiter="/", most=MOST_ENTRIES + 1)
        _check_number(folder, len(objects))
        found = {each.name[len(prefix) :]: ListedFile(each.size, each.generation, each.modified) for each in objects}
        found.pop("", None)  # the folder itself, which some programs make
        return found
    found = {}
    here = [*itertools.islice(os.scandir(folder), MOST_ENTRIES + 1)] if os.path.isdir(folder) else []
    _check_number(folder, len(here))
    for entry in here:
        with contextlib.suppress(OSError):  # such as a link to itself, which is no file
            if entry.name.startswith(beginning) and entry.is_file():
                status = entry.stat()
                found[entry.name] = ListedFile(status.st_size, None, status.st_mtime)
    return found


def is_folder(path: str) -> bool:
    """Whether there is a folder at a path; in a bucket, whether it holds anything."""
    if paths.is_remote(path):
        return bool(buckets.list_objects(path, paths.prefix_of(path), most=1))
    return os.path.isdir(path)


def read(path: str) -> bytes:
    """A file's content; raises FileNotFoundError if there is none."""
    if paths.is_remote(path):
        return buckets.read(path)
    with open(path, "rb") as file:
        return file.read()


def read_small(path: str, most: int) -> bytes:
    """The bytes of a file that somebody else may have put there.

    Args:
        path: of a file; `open_regular` says what is refused on disk.
        most: how many bytes the file may have; in a bucket, both as they are stored and decompressed.

    Raises:
        FileNotFoundError: there is none.
        OSError: it cannot be read, or is longer.
    """
    if paths.is_remote(path):
        content = buckets.read_small(path, most)
    else:
        with open_regular(path) as file:
            content = file.read(most + 1)
    if len(content) > most:
        raise OSError(errno.EFBIG, f"it has more than {most} bytes", path)
    return content


def sha256_of(path: str) -> str:
    """SHA-256 of a file on disk, in hexadecimal digits. Raises OSError, which names the file."""
    digest = hashlib.sha256()
    try:
        with open(path, "rb", buffering=0) as file:  # most files are read by one call
            for block in iter(lambda: file.read(1 << 18), b""):
                digest.update(block)
    except OSError as error:  # of a broken disk, which names none
        raise OSError(error.errno, error.strerror, path) from error
    return digest.hexdigest()


def open_regular(path: str) -> BinaryIO:
    """Opens a file on disk to read its bytes, with no effect on anything else.

    Raises:
        OSError: it cannot be opened, is a link or no regular file.
    """
    _check_regular(os.lstat(path), path)  # opening a device may already have an effect
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(open(path, "rb", opener=lambda name, flags: os.open(name, flags | _WARY)))
        _check_regular(os.fstat(file.fileno()), path)  # somebody may have replaced it since
        stack.pop_all()
        return file


def fetch(path: str, local: str, generation: int | None = None, most: int | None = None) -> None:
    """Copies a file of a bucket to a path on disk, whole or not at all. Arguments and errors as buckets.download."""
    with written_whole(local) as file:
        buckets.download(path, file, generation, most)


def write_whole(path: str, content: bytes) -> None:
    """Writes a file on disk so that a reader sees it whole or not at all; makes its folder.

    Raises:
        OSError: it cannot be written; what was there before is kept. The error names `path`.
    """
    with written_whole(path) as file:
        file.write(content)


@contextlib.contextmanager
def written_whole(path: str) -> Iterator[BinaryIO]:
    """Opens a file on disk to write. It appears as `path`, whole, at the end of the `with` block; makes its folder.

    Yields:
        A file open for writing and reading. If the block raises, what was at `path` before is kept.

    Raises:
        OSError: it cannot be written. The error names `path`.
    """
    unfinished = f"{path}.{secrets.token_hex(4)}.part"  # a name of its own: two processes may write one file
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    try:
        if os.path.isdir(path):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
        with open(unfinished, "x+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())  # else a power failure could leave an empty file with the final name
        os.replace(unfinished, path)
    except OSError as error:
        if error.errno is None or error.filename not in (None, unfinished):
            raise  # the block's own, about something else
        raise OSError(error.errno, error.strerror, path) from error
    finally:
        with contextlib.suppress(OSError):
            os.remove(unfinished)


def copy_folder(source: str, target: str, is_synced: bool = False) -> None:
    """Copies a folder on disk with all that it holds, links as they are, to one that is not there yet.

    Unlike shutil.copytree it stops at the first error, and raises that one instead of a list.

    Args:
        source: the folder.
        target: its copy.
        is_synced: whether the copies of files are to be on disk when this returns.
    """
    with os.scandir(source) as found:
        os.makedirs(target)
        for entry in found:
            copy = os.path.join(target, entry.name)
            if entry.is_symlink():
                os.symlink(os.readlink(entry.path), copy)
            elif entry.is_dir():
                copy_folder(entry.path, copy, is_synced)
            else:
                _copy_file(entry.path, copy, is_synced)
    shutil.copymode(source, target)


def append_lines(path: str, lines: Iterable[str]) -> None:
    """Adds lines to a text file on disk, all or none; a line before them that was cut off stays by itself.

    Raises:
        OSError: it cannot be written. The error names `path`.
    """
    try:
        with open(path, "a+b", buffering=0) as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(0, end - 1))
            gap = b"" if file.read(1) in (b"", b"\n") else b"\n"
            content = gap + "".join(f"{line}\n" for line in lines).encode()
            try:
                if file.write(content) < len(content):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            except OSError:
                file.truncate(end)
                raise
    except OSError as error:
        raise OSError(error.errno, error.strerror, path) from error


def is_unfinished(name: str) -> bool:
    """Whether a file is still being written, or was when its writer was killed."""
    return bool(_UNFINISHED.search(name))


def remove_unfinished(folder: str, wanted: Iterable[str]) -> None:
    """Removes from a folder on disk what killed writers of the files of these names left behind."""
    wanted = set(wanted)
    for name in os.listdir(folder):
        if is_unfinished(name) and _UNFINISHED.sub("", name) in wanted:
            os.remove(os.path.join(folder, name))


def check_writable(folder: str) -> None:
    """Makes a folder on disk and tries to write to it; raises OSError if that fails."""
    os.makedirs(folder, exist_ok=True)
    probe = os.path.join(folder, ".probe")
    write_whole(probe, b"probe")  # an empty file would fit on a full disk
    os.remove(probe)


def check_empty(path: str, flag: str) -> None:
    """Raises UserError, which names the flag, if a folder of a bucket holds files. Folders on disk are not checked."""
    if paths.is_remote(path) and names(path):
        raise UserError(f"--{flag}={path} holds files already; give another folder")


@contextlib.contextmanager
def locked(path: str, what: str) -> Iterator[None]:
    """Holds a lock file on disk; raises StateError, which says that `what` is in use, if another process holds it."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        if not _takes_lock(file.fileno(), exclusive=True):
            raise StateError(f"{what} is in use by another training run; end it, or name another folder")
        yield


@contextlib.contextmanager
def alone_in(folder: str, who: str) -> Iterator[None]:
    """Keeps out of a folder on disk whoever asks for it in this way; leaves no file there.

    Args:
        folder: must exist.
        who: the others, such as "another backup", for the message.

    Raises:
        StateError: another process is in there.
    """
    if not fcntl:
        yield
        return
    opened = os.open(folder, os.O_RDONLY)
    try:
        if not _takes_lock(opened, exclusive=True):
            raise StateError(f"{who} writes to {folder}; wait for its end, or name another folder")
        yield
    finally:
        os.close(opened)


def is_locked(path: str) -> bool:
    """Whether another process holds a lock file on disk; writes nothing."""
    if not os.path.exists(path):
        return False
    with open(path, "rb") as file:
        return not _takes_lock(file.fileno(), exclusive=False)


def _takes_lock(descriptor: int, exclusive: bool) -> bool:
    """Locks an open file, unless another process has; where there are no locks, as on some disks, nobody has."""
    if not fcntl:
        return True
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # some network disks know no locks
        pass
    return True


def link(path: str, new: str) -> None:
    """Gives a file on disk a second name, or copies it where the file system knows no second names.

    Raises:
        FileNotFoundError: there is no such file.
        FileExistsError: the new name is taken.
    """
    try:
        os.link(path, new)
    except (FileNotFoundError, FileExistsError):
        raise
    except OSError:
        with open(path, "rb") as file, written_whole(new) as copy:
            shutil.copyfileobj(file, copy)
        shutil.copystat(path, new)


def _copy_file(source: str, target: str, is_synced: bool) -> None:
    with open(source, "rb") as content:
        try:
            with open(target, "wb") as copy:
                shutil.copyfileobj(content, copy)
                if is_synced:
                    copy.flush()
                    os.fsync(copy.fileno())
        except OSError as error:  # of a full disk, for example, which names no file
            raise OSError(error.errno, error.strerror, target) from error
    shutil.copymode(source, target)


def _check_number(folder: str, number: int) -> None:
    if number > MOST_ENTRIES:
        what = f"more than {MOST_ENTRIES:,} files"
        if paths.is_remote(folder):
            raise buckets.crowded(folder, what)
        raise StateError(f"{folder} holds {what}; put what is wanted into another folder")


def _check_regular(status: os.stat_result, path: str) -> None:
    if stat.S_ISLNK(status.st_mode):
        raise OSError(errno.ELOOP, "it is a link, and links are not followed", path)
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is no regular file", path)
