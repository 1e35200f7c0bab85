"""Copies a snapshot's files, and no others, into a folder of their own, before anybody opens them. No TensorFlow.

What strangers hand in is a folder of files. Only regular files directly in it are looked at, by their names
and sizes alone; a link is refused, and the path in the file `checkpoint` counts by its last part only. The
copy's name is the hash of its content, so that it can be kept, told apart, and found again.
"""

import contextlib
import errno
import glob
import hashlib
import os
import re
import shutil
import tempfile
from typing import NamedTuple

from gan.console.errors import ContractError, HostError
from gan.sandbox import confinement
from gan.snapshots import checkpoint_files
from gan.storage import files, paths

MEBIBYTE = 2**20
RESERVE = 256 * MEBIBYTE  # bytes of the disk that copies leave free
_PARTIAL = ".partial-"  # begins the names of copies that are being made
# What says nothing about the file that was to be read: try again.
_PASSING = {errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOENT, errno.ENOMEM, errno.ESTALE}


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
        where: a folder or a prefix, on disk or in a bucket; see checkpoint_files.latest_snapshot.
        folder: of all copies.
        limits: a SizeLimits.

    Returns:
        A Staged; one that was there already is used again.

    Raises:
        ContractError: there is no complete snapshot, or a file cannot be read, is a link or too large.
        HostError: there is too little room for a copy.
        UserError: the bucket cannot be read.
        OSError: this machine cannot write the copy.
    """
    with _reading(where, where):
        found = checkpoint_files.latest_snapshot(where, lambda listed: _check_before_fetching(listed, limits))
    if found is None:
        is_there = paths.is_remote(where) or os.path.isdir(checkpoint_files.folder_of(where))
        why = "there is no" if is_there else "there is no such folder, and so no"
        raise ContractError.of(where, f"{why} complete snapshot (model.ckpt-N.index, .meta and .data-*)")
    name = os.path.basename(found.prefix)
    os.makedirs(folder, exist_ok=True)
    partial = tempfile.mkdtemp(prefix=_PARTIAL, dir=folder)
    try:
        digest = _copy(where, found, partial, limits)
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
    names = [name for name in files.names(kept) if name.endswith(".index")]
    if not names:
        return None
    name = min(names, key=len).removesuffix(".index")  # copies of old have name.MORE.index beside it
    return Staged(kept, name, path, checkpoint_files.step_of(name) or 0, digest)


def _check_before_fetching(listed, limits):
    """Looks at the sizes of what would be fetched, and at what the file `checkpoint` names."""
    if listed.pointer is not None and (not listed.pointer or ".." in re.split(r"[/\\]", listed.pointer)):
        raise ContractError.of(listed.folder, "its file checkpoint names no snapshot in its folder")
    sizes = dict.fromkeys(limits._fields, 0)
    for file, entry in listed.files.items():
        sizes[checkpoint_files.part_of(os.path.basename(listed.path), file)] += entry.size
    for part, size in sizes.items():
        _check_size(listed.path, part, size, limits)


def _copy(where, found, target, limits):
    """Copies the parts of a checkpoint_files.Found, and nothing else beside them; returns their digest."""
    folder, name = os.path.split(found.prefix)
    digest, sizes = hashlib.sha256(), dict.fromkeys(limits._fields, 0)
    for file in sorted(os.listdir(folder or ".")):
        part = checkpoint_files.part_of(name, file)
        if part:
            source = os.path.join(folder, file)
            with _reading(where, source), files.open_regular(source) as opened:
                size = os.fstat(opened.fileno()).st_size
                _check_size(found.path, part, sizes[part] + size, limits)
                if shutil.disk_usage(target).free < size + RESERVE:
                    raise HostError(f"the disk of {os.path.dirname(target)} is nearly full; make room on it")
                content = opened.read(size)
            sizes[part] += len(content)
            digest.update(os.fsencode(f"{file} {len(content)} "))
            digest.update(content)
            with open(os.path.join(target, file), "wb") as copy:
                copy.write(content)
                copy.flush()
                os.fsync(copy.fileno())  # the digest of what is not there after a failure of power says nothing
            os.chmod(copy.name, 0o644)
    return digest.hexdigest()


@contextlib.contextmanager
def _reading(where, path):
    """Makes ContractErrors of what a team's file on disk does not let be read; a bucket's is read from our cache."""
    try:
        yield
    except OSError as error:
        if paths.is_remote(where) or error.errno in _PASSING:
            raise
        raise ContractError.of(path, f"{os.path.basename(path)} cannot be read: {error.strerror}") from error


def _check_size(path, part, size, limits):
    most = getattr(limits, part)
    if size > most:
        text = f"too large ({size / MEBIBYTE:.0f} MiB; they may have {most / MEBIBYTE:.0f} MiB)"
        raise ContractError.of(path, f"the .{part} files of {os.path.basename(path)} are {text}")
