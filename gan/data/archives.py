"""Pictures in .tar, .tgz and .zip archives, read in memory: nothing is unpacked to disk. No TensorFlow."""

import contextlib
import functools
import gzip
import lzma
import os
import posixpath
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import IO, NamedTuple

from gan.console import printable
from gan.console.errors import DataError
from gan.data.file_notes import FileNotes
from gan.data.picture_kinds import HEAD_BYTES

WhyNot = Callable[[str, Callable[[], bytes]], str]  # a path, and what reads its first bytes -> why it is left out

_BROKEN = (
    *(tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile),
    *(UnicodeDecodeError, NotImplementedError),  # of a zip file whose directory is damaged
)
_MOST_PICTURE_BYTES = 64 << 20  # of a picture in an archive
# A zip archive of pictures, which hardly shrink, holds no more than this many times its own bytes.
_MOST_GROWTH, _GROWTH_COUNTS_FROM = 100, 256 << 20
_ZIP_HEADS = (b"PK\x03\x04", b"PK\x05\x06")
_ENCRYPTED = 1  # flag of a file in a zip archive


class ArchivedPicture(NamedTuple):
    """A file of an archive."""

    path: str  # in the archive, with forward slashes
    content: bytes


def pictures(path: str, why_not: WhyNot, left_out: FileNotes) -> Iterator[ArchivedPicture]:
    """Yields the pictures of an archive in its order.

    Args:
        path: of the archive, on disk.
        why_not: says why a file is not wanted; "" if it is.
        left_out: takes down what is not wanted.

    Raises:
        DataError: the archive is damaged or of another kind, or a file in it is too large for a picture.
    """
    with open(path, "rb") as archive:
        is_zip = archive.read(4) in _ZIP_HEADS
    what = ".zip" if is_zip else ".tar, .tgz or .zip"
    try:
        for member in _of_zip(path) if is_zip else _of_tar(path, left_out):
            with member.opened() as file:
                head = b""

                def first_bytes(file: IO[bytes] = file) -> bytes:
                    nonlocal head
                    head = file.read(HEAD_BYTES)
                    return head

                if why := why_not(member.path, first_bytes):
                    left_out.add(why, member.path)
                    continue
                content = head + file.read(_MOST_PICTURE_BYTES + 1 - len(head))
            if len(content) > _MOST_PICTURE_BYTES:
                raise DataError(
                    f"{path}: {printable.escaped(member.path)} has more than {_MOST_PICTURE_BYTES >> 20} MiB, too many "
                    "for a picture in an archive; unpack the archive and give the folder"
                )
            yield ArchivedPicture(member.path, content)
    except (*_BROKEN, OSError) as error:
        if isinstance(error, OSError) and error.filename:  # damaged content has none
            raise
        raise DataError(f"{path} is damaged or is no {what} archive ({_reason(error)})") from error


class _Member(NamedTuple):
    path: str
    opened: Callable[[], contextlib.AbstractContextManager[IO[bytes]]]


def _of_tar(path: str, left_out: FileNotes) -> Iterator[_Member]:
    with tarfile.open(path) as archive:
        for member in archive:
            name = posixpath.normpath(member.name)
            if member.islnk() or member.issym():
                left_out.add("links in an archive", name)
            if member.isfile():
                yield _Member(name, functools.partial(_extracted, archive, member))
        # To the end of the file: its checksum is there, and a broken header looks like the end of the list.
        for block in iter(lambda: archive.fileobj.read(1 << 20), b""):
            if block.strip(b"\0"):
                raise tarfile.ReadError("unreadable before its end")


def _of_zip(path: str) -> Iterator[_Member]:
    with zipfile.ZipFile(path) as archive:
        members = [each for each in archive.infolist() if not each.is_dir()]
        unpacked = sum(each.file_size for each in members)
        if unpacked > max(_GROWTH_COUNTS_FROM, _MOST_GROWTH * os.path.getsize(path)):
            raise DataError(
                f"{path} would unpack to {unpacked >> 20:,} MiB, more than {_MOST_GROWTH} times its size; pictures do "
                "not shrink so much, so this is not read"
            )
        for each in members:
            name = posixpath.normpath(each.filename.replace("\\", "/"))
            if each.flag_bits & _ENCRYPTED:
                raise DataError(f"{path} needs a password; unpack it and give the folder")
            yield _Member(name, functools.partial(_opened, archive, each, path))


def _extracted(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    file = archive.extractfile(member)
    assert file is not None  # it is a regular file
    return file


def _opened(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: str) -> IO[bytes]:
    try:
        return archive.open(member)
    except NotImplementedError as error:
        raise DataError(
            f"{path}: {member.filename} is compressed in a way that Python cannot read; unpack it and give the folder"
        ) from error


def _reason(error: Exception) -> str:
    lines = str(error).splitlines()
    return lines[0].rstrip(":") if lines else type(error).__name__
