"""Copies a snapshot's files, and no others, into a folder of their own, before anybody opens them. No TensorFlow.

Strangers hand in a folder of files. We look at the regular files directly in it, by their names and sizes alone. A link
is refused. Of the path in the file `checkpoint` only the last part counts. The copy's name is the hash of its content,
so that it can be kept, told apart from others, and found again.
"""

import contextlib
import dataclasses
import errno
import glob
import hashlib
import os
import re
import shutil
import tempfile
import threading
import urllib.parse
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from gan.console.errors import ContractError
from gan.contest.faults import add_sentences, breach, host_failure
from gan.sandbox import confinement
from gan.snapshots import checkpoint_files, missing, snapshot_names
from gan.storage import files, paths

MEBIBYTE = 2**20
RESERVE = 256 * MEBIBYTE  # bytes of the disk that copies leave free
PARTIAL = ".partial-"  # begins the names of what is being made in a folder of copies; `clear` removes it
add_sentences(
    {
        "saver_v1_sharded": "it is in the Saver V1 format, in several files ({file}), which is not read; save it with "
        "saver = tf.train.Saver(write_version=tf.train.SaverDef.V2)",
        "unpacks_too_large": "{file} is compressed in the bucket, and has more bytes than a snapshot may have once it "
        "is decompressed",
    },
    in_korean={
        "saver_v1_sharded": "여러 파일({file})로 나뉜 Saver V1 형식이라 읽지 않습니다. "
        "saver = tf.train.Saver(write_version=tf.train.SaverDef.V2)로 저장하십시오",
        "unpacks_too_large": "{file:은/는} 버킷에 압축되어 있고, 압축을 풀면 스냅샷에 허용된 크기보다 큽니다",
    },
)
_V1_SHARD = re.compile(r".+-\d{5}-of-\d{5}\Z", re.ASCII)
# Errors that say nothing about the file that was to be read: try again.
_COPYING = threading.Lock()  # several threads may stage, and each copy holds a whole file in memory
_PASSING = {errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOENT, errno.ENOMEM, errno.ESTALE}


@dataclasses.dataclass(frozen=True)
class SizeLimits:
    """Bytes that the files of one snapshot may have."""

    meta: int = 64 * MEBIBYTE
    index: int = 16 * MEBIBYTE
    data: int = 200 * MEBIBYTE  # all .data-* files together; in the V1 format, the file without an ending


DEFAULT_SIZES = SizeLimits()


class Staged(NamedTuple):
    """A snapshot whose files are in a folder of their own."""

    folder: str
    name: str  # of its files without endings, such as model.ckpt-1000
    path: str  # where it was found, without endings; to be shown
    step: int | None  # at the end of its name; to be shown
    digest: str  # SHA-256 of names and contents, in hexadecimal
    note: str | None = None  # why it is not the one that `checkpoint` names; see checkpoint_files.Found


def stage(where: str, folder: str, limits: SizeLimits = DEFAULT_SIZES) -> Staged:
    """Finds a snapshot and copies it to `folder`/DIGEST.

    Args:
        where: a folder or a prefix, on disk or in a bucket; see checkpoint_files.latest_snapshot.
        folder: of all copies.
        limits: of the files.

    Returns:
        The copy; one that was there already is used again.

    Raises:
        ContractError: there is no complete snapshot, or a file cannot be read, is a link or too large.
        HostError: there is too little room for a copy.
        UserError: the bucket cannot be read.
        OSError: this machine cannot write the copy.
    """
    with _reading(where, where):
        most = limits.meta + limits.index + limits.data
        found = checkpoint_files.latest_snapshot(where, lambda listed: _check_before_fetching(listed, limits), most)
    if found is None:
        with _reading(where, where):
            shards = [name for name in files.names(where) if _V1_SHARD.match(name) and not snapshot_names.part_of(name)]
        if shards:
            raise ContractError.of(where, breach("saver_v1_sharded", file=min(shards)))
        with _reading(where, where):
            raise ContractError.of(where, missing.why(where))
    name = os.path.basename(found.prefix)
    os.makedirs(folder, exist_ok=True)
    partial = tempfile.mkdtemp(prefix=PARTIAL, dir=folder)
    try:
        with _COPYING:
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
    return Staged(final, name, found.path, found.step, digest, found.note)


def clear(folder: str) -> None:
    """Removes unfinished copies from a folder of copies, while nobody copies there."""
    for path in glob.glob(os.path.join(glob.escape(folder), PARTIAL + "*")):
        shutil.rmtree(path, ignore_errors=True)


def restage(folder: str, digest: str, path: str) -> Staged | None:
    """What `stage` once copied from `path` to `folder`/DIGEST, without its note; None if the copy is gone."""
    kept = os.path.join(folder, digest)
    names = files.names(kept)
    # In the V1 format there is no index.
    found = [name for name in names if name.endswith(".index")] or [name for name in names if name.endswith(".meta")]
    if not found:
        return None
    # Copies of older versions have name.MORE.index beside it.
    name = snapshot_names.without_ending(min(found, key=len))
    return Staged(kept, name, path, snapshot_names.step_of(name), digest)


def packed(folder: str, digest: str) -> dict[str, bytes] | None:
    """Name -> content of the files of a copy, for another machine; None if the copy is gone."""
    kept = os.path.join(folder, digest)
    try:
        paths_ = [entry.path for entry in os.scandir(kept) if entry.is_file(follow_symlinks=False)]
        return {os.path.basename(path): _content(path) for path in paths_} or None
    except OSError:
        return None


def unpack(folder: str, digest: str, content: Mapping[str, bytes]) -> None:
    """Makes the copy `folder`/DIGEST of what `packed` gave on another machine.

    Raises:
        HostError: there is too little room for it.
        OSError: this machine cannot write it.
    """
    partial = tempfile.mkdtemp(prefix=PARTIAL, dir=folder)
    try:
        short = sum(map(len, content.values())) + RESERVE - shutil.disk_usage(partial).free
        if short > 0:
            raise host_failure("disk_full", folder=folder, mebibytes=short / MEBIBYTE)
        for name, data in content.items():
            with open(os.path.join(partial, os.path.basename(name)), "wb") as file:
                file.write(data)
            os.chmod(file.name, 0o644)
        confinement.make_root(partial)
        if not os.path.isdir(os.path.join(folder, digest)):
            os.rename(partial, os.path.join(folder, digest))
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _content(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _check_before_fetching(listed: checkpoint_files.Listed, limits: SizeLimits) -> None:
    """Looks at the sizes of what would be fetched, and at what the file `checkpoint` names."""
    pointer = listed.pointer
    # An absolute path is of another machine, and only its last part counts; TensorFlow leaves it as it was given.
    is_absolute = pointer is not None and re.match(r"[/\\]|[A-Za-z]:", pointer)
    if pointer is not None and (not pointer or (not is_absolute and ".." in re.split(r"[/\\]", pointer))):
        raise ContractError.of(listed.folder, breach("bad_pointer"))
    sizes = _no_bytes()
    for file, part in snapshot_names.parts_of(listed.name, listed.files).items():
        sizes[part] += listed.files[file].size
    for part, size in sizes.items():
        _check_size(listed.path, part, size, limits)


def _copy(where: str, found: checkpoint_files.Found, target: str, limits: SizeLimits) -> str:
    """Copies the parts of a snapshot, and nothing that lies beside them; returns their digest."""
    folder, name = os.path.split(found.prefix)
    digest, sizes = hashlib.sha256(), _no_bytes()
    for file, part in sorted(snapshot_names.parts_of(name, set(os.listdir(folder or "."))).items()):
        source = os.path.join(folder, file)
        with _reading(where, source), files.open_regular(source) as opened:
            size = os.fstat(opened.fileno()).st_size
            _check_size(found.path, part, sizes[part] + size, limits)
            if (short := size + RESERVE - shutil.disk_usage(target).free) > 0:
                raise host_failure("disk_full", folder=os.path.dirname(target), mebibytes=short / MEBIBYTE)
            content = opened.read(size)
        sizes[part] += len(content)
        # Quoted, since a space within a name could pass for the end of it, and another snapshot have this digest.
        digest.update(f"{urllib.parse.quote(file)} {len(content)} ".encode())
        digest.update(content)
        with open(os.path.join(target, file), "wb") as copy:
            copy.write(content)
            copy.flush()
            os.fsync(copy.fileno())  # else a power failure could leave a digest without its content
        os.chmod(copy.name, 0o644)
    return digest.hexdigest()


@contextlib.contextmanager
def _reading(where: str, path: str) -> Iterator[None]:
    """Turns the error of a file on disk that cannot be read into its team's; files of a bucket are in our own cache."""
    try:
        yield
    except OSError as error:
        if paths.is_remote(where) and error.errno == errno.EFBIG:
            raise ContractError.of(path, breach("unpacks_too_large", file=os.path.basename(error.filename))) from error
        if paths.is_remote(where) or error.errno in _PASSING:
            raise
        why = breach("file_unreadable", file=os.path.basename(path), reason=error.strerror or str(error))
        raise ContractError.of(path, why) from error


def _no_bytes() -> dict[str, int]:
    """Part of a snapshot -> 0."""
    return {field.name: 0 for field in dataclasses.fields(SizeLimits)}


def _check_size(path: str, part: str, size: int, limits: SizeLimits) -> None:
    most = getattr(limits, part)
    if size > most:
        snapshot, mebibytes = os.path.basename(path), size / MEBIBYTE
        why = breach("files_too_large", part=part, snapshot=snapshot, mebibytes=mebibytes, most=most / MEBIBYTE)
        raise ContractError.of(path, why)
