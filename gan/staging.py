"""Copies a snapshot's files, and no others, into a folder of their own, before anybody opens them. No TensorFlow.

What strangers hand in is a folder of files. Only regular files directly in it are looked at, by their names
and sizes alone; a link is refused, and the path in the file `checkpoint` counts by its last part only. The
copy's name is the hash of its content, so that it can be kept, told apart, and found again.
"""

import glob
import hashlib
import os
import re
import shutil
import stat
import tempfile
from typing import NamedTuple

from gan import checkpoint, confinement, storage
from gan.errors import ContractError

MEBIBYTE = 2**20
_PARTIAL = ".partial-"  # begins the names of copies that are being made
_LONGEST_POINTER = MEBIBYTE  # bytes of a file `checkpoint`


class SizeLimits(NamedTuple):
    """Bytes that the files of one snapshot may have."""

    meta: int = 64 * MEBIBYTE
    index: int = 16 * MEBIBYTE
    data: int = 512 * MEBIBYTE  # all .data-* files in sum


DEFAULT_SIZES = SizeLimits()


class Staged(NamedTuple):
    """A snapshot whose files are in a folder of their own."""

    folder: str
    name: str  # of its files without endings, such as model.ckpt-1000
    path: str  # where it was found, without endings; for messages
    step: int
    digest: str  # SHA-256 of names and contents, in hexadecimal


def stage(where, folder, limits=DEFAULT_SIZES):
    """Finds a snapshot and copies it to `folder`/DIGEST.

    Args:
        where: a folder or a prefix, on disk or in a bucket; see checkpoint.latest_snapshot.
        folder: of all copies.
        limits: a SizeLimits.

    Returns:
        A Staged; one that was there already is used again.

    Raises:
        ContractError: there is no complete snapshot, or a file is a link, no regular file or too large.
        UserError: the bucket cannot be read.
        OSError: this machine cannot write the copy.
    """
    _check_before_fetching(where, limits)
    found = checkpoint.latest_snapshot(where)
    if found is None:
        raise ContractError.of(where, "there is no complete snapshot (model.ckpt-N.index, .meta and .data-*)")
    name = os.path.basename(found.prefix)
    os.makedirs(folder, exist_ok=True)
    partial = tempfile.mkdtemp(prefix=_PARTIAL, dir=folder)
    try:
        digest = _copy(os.path.dirname(found.prefix) or ".", name, partial, limits)
        final = os.path.join(folder, digest)
        confinement.make_root(partial)
        try:
            os.rename(partial, final)
        except OSError:
            if not os.path.isdir(final):
                raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return Staged(final, name, found.path, found.step, digest)


def clear(folder):
    """Removes what copying left unfinished in a folder of copies, while nobody copies there."""
    for path in glob.glob(os.path.join(glob.escape(folder), _PARTIAL + "*")):
        shutil.rmtree(path, ignore_errors=True)


def restage(folder, digest, path):
    """A Staged of what `stage` once copied from `path` to `folder`/DIGEST; None where the copy is gone."""
    kept = os.path.join(folder, digest)
    names = [name for name in storage.names(kept) if name.endswith(".index")]
    if len(names) != 1:
        return None
    name = names[0].removesuffix(".index")
    step = re.search(r"-(\d+)$", name)
    return Staged(kept, name, path, int(step[1]) if step else 0, digest)


def _check_before_fetching(where, limits):
    """Looks at the sizes of what would be fetched, and at what the file `checkpoint` names."""
    folder, is_folder = checkpoint.folder_of(where), checkpoint.folder_of(where) == where
    for name, size in storage.sizes(folder).items():
        part = _part(name)
        if part and size > getattr(limits, part) and (is_folder or name.startswith(os.path.basename(where) + ".")):
            raise _too_large(storage.join(folder, name), size, part, limits)
        if is_folder and checkpoint.is_pointer(name):
            named = checkpoint.named_path(folder) if size <= _LONGEST_POINTER else None
            if named is None or ".." in re.split(r"[/\\]", named):
                raise ContractError.of(where, f"its file {name} names no snapshot in its folder")


def _copy(folder, name, target, limits):
    """Copies name.* and returns their digest."""
    digest, left = hashlib.sha256(), limits._asdict()
    for file in sorted(os.listdir(folder)):
        part = _part(file) if file.startswith(name + ".") else None
        if part:
            source = os.path.join(folder, file)
            with _opened(source) as opened:
                if os.fstat(opened.fileno()).st_size > left[part]:
                    raise _too_large(source, os.fstat(opened.fileno()).st_size, part, limits)
                content = opened.read(left[part])
            left[part] -= len(content)
            digest.update(f"{file} {len(content)} ".encode())
            digest.update(content)
            with open(os.path.join(target, file), "wb") as copy:
                copy.write(content)
                copy.flush()
                os.fsync(copy.fileno())  # the digest of what is not there after a failure of power says nothing
            os.chmod(copy.name, 0o644)
    return digest.hexdigest()


def _opened(path):
    """Opens a regular file; a link or anything else is the fault of who put it there."""
    if os.path.islink(path):
        raise ContractError.of(path, f"{os.path.basename(path)} is a link; a snapshot's files must lie in its folder")
    # Neither follows a link nor waits for a pipe's writer, should the file have been exchanged since.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ContractError.of(path, f"{os.path.basename(path)} is no regular file")
    return os.fdopen(descriptor, "rb")


def _part(name):
    """Which of the SizeLimits holds for a file: its field, or None for one that is no part of a snapshot."""
    match = re.search(r"\.(index|meta|data)(-\d{5}-of-\d{5})?$", name)
    return match[1] if match and (match[1] == "data") == bool(match[2]) else None


def _too_large(path, size, part, limits):
    most = getattr(limits, part)
    text = f"({size / MEBIBYTE:.0f} MiB; .{part} files may have {most / MEBIBYTE:.0f} MiB)"
    return ContractError.of(path, f"{os.path.basename(path)} is too large {text}")
