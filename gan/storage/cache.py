"""The user's cache on disk of what lies in buckets: each version of a file is fetched once."""

import contextlib
import fnmatch
import glob
import hashlib
import os
import re
import shutil
import time
from collections.abc import Callable, Mapping
from concurrent import futures

from gan.console import printable
from gan.console.errors import DataError
from gan.console.progress import Progress
from gan.storage import buckets, files, paths

FETCHES = 8  # files fetched at a time
_VERSION = re.compile(r"[0-9a-f]{16}")  # what _key gives
_SECONDS_KEPT = 3600  # that another version of a folder stays: somebody may be reading it


def cache_folder(*names: str) -> str:
    """A path below the user's cache: $XDG_CACHE_HOME or ~/.cache, then gan-contest, then the names."""
    root = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(root, "gan-contest", *names)


def find_files(pattern: str, flag: str | None) -> list[str]:
    """Finds the files that match a pattern, on disk or in a bucket.

    Args:
        pattern: such as data/train*.tfrecords or gs://bucket/data/train*; several are separated by commas. The path
            of a file on disk is taken as it is, whatever it holds.
        flag: name of the flag that gave it, for the message; None if it was no flag.

    Returns:
        Paths on disk, sorted by where they come from; of files in a bucket, those of their copies in the cache.

    Raises:
        DataError: nothing matches, or a folder does.
        UserError: the bucket cannot be read.
    """
    found, given = [], f"--{flag}={pattern}" if flag else pattern
    parts = [pattern] if os.path.exists(os.path.expanduser(pattern)) else [part.strip() for part in pattern.split(",")]
    for part in filter(None, parts):
        matching = _find_remote(part) if paths.is_remote(part) else _find_on_disk(os.path.expanduser(part))
        if not matching:
            raise DataError(f"{given}: no file matches {part}; correct the name or the folder")
        found += matching
    for path in found:
        if not printable.is_text(path):
            raise DataError(f"{given}: {printable.escaped(path)} is not UTF-8, which TensorFlow needs; rename it")
        if os.path.isdir(path):
            raise DataError(f"{given}: {path} is a folder; give a pattern of files, such as {path}/*.tfrecords")
    return sorted(set(found), key=origin)


def origin(path: str) -> str:
    """Where a path that `find_files` returned comes from: gs://bucket/name of a copy in the cache, else the path."""
    below = os.path.relpath(path, cache_folder("data")).split(os.sep)
    if len(below) < 3 or below[0] == os.pardir:
        return path
    bucket, _, *name = below
    return paths.join(paths.SCHEME + bucket, *name)


def on_disk(path: str, wanted: Callable[[str], object] = lambda name: True) -> str:
    """Brings a file or folder to disk. Of what is in a bucket, only files that are new or have changed are fetched.

    Args:
        path: a file, or a folder with all folders in it, on disk or in a bucket.
        wanted: function from a file's name below the folder, with forward slashes, to whether it is needed.

    Returns:
        `path` itself if it is on disk, else the path of a copy in the cache. Its last part is that of `path`.

    Raises:
        DataError: there is no such file or folder, or the name of a file in it would be a path outside the folder.
        UserError: the bucket cannot be read.
    """
    if not paths.is_remote(path):
        if not os.path.exists(path):
            raise DataError(f"{path}: no such file or folder")
        return path
    bucket, name = paths.split(path)
    name = name.rstrip("/")
    prefix = name + "/" if name else ""
    inside = buckets.list_objects(path, prefix)
    if inside:
        objects = {each.name[len(prefix) :]: each for each in inside if not each.name.endswith("/")}
        return _folder_on_disk(bucket, name, objects, wanted)
    found = [each for each in buckets.list_objects(path, name) if each.name == name and not path.endswith("/")]
    if not found:
        raise DataError(f"{path}: no such file or folder")
    return _fetch_once(path, bucket, found)[0]


def listed_on_disk(folder: str, listed: Mapping[str, files.ListedFile], most: int | None = None) -> str:
    """Brings some files of a folder to disk, as they were when they were listed.

    Args:
        folder: on disk or in a bucket.
        listed: some of what files.entries returned for the folder.
        most: bytes that the files of a bucket may have together once they are decompressed; None for any number.

    Returns:
        A folder on disk that holds these files: `folder` itself, or one in the cache.

    Raises:
        FileNotFoundError: a file of the bucket is gone or has changed since it was listed.
        OSError: of errno EFBIG, they have more bytes than `most`.
    """
    if not paths.is_remote(folder):
        return folder
    versions = {name: file.generation for name, file in listed.items()}
    # Earlier versions kept files in "copies" as they are stored, compressed or not.
    local = cache_folder("contents", paths.split(folder)[0], *paths.prefix_of(folder).split("/"), _key(versions))
    left = most
    _remove_old(local)
    for name, generation in versions.items():
        path = os.path.join(local, name)
        if not os.path.exists(path):
            files.fetch(paths.join(folder, name), path, generation, left)
        if left is not None:
            left = max(0, left - os.path.getsize(path))
    return local


def _remove_old(local: str) -> None:
    """Removes other versions of a folder than the wanted one, unless they are so new that somebody may read them."""
    with contextlib.suppress(FileNotFoundError):
        for entry in os.scandir(os.path.dirname(local)):
            is_other = _VERSION.fullmatch(entry.name) and entry.name != os.path.basename(local)
            if is_other and time.time() - entry.stat().st_mtime > _SECONDS_KEPT:
                shutil.rmtree(entry.path, ignore_errors=True)


def _find_on_disk(pattern: str) -> list[str]:
    return [pattern] if os.path.exists(pattern) else glob.glob(pattern)


def _find_remote(pattern: str) -> list[str]:
    """Fetches what matches a gs:// pattern into the cache; returns paths on disk."""
    bucket, wanted = paths.split(pattern)
    prefix = wanted[: min([wanted.find(c) for c in "*?[" if c in wanted] or [len(wanted)])]
    found = [
        each
        for each in buckets.list_objects(pattern, prefix)
        if _matches(each.name, wanted) and not each.name.endswith("/")
    ]
    return _fetch_once(pattern, bucket, sorted(found))


def _fetch_once(title: str, bucket: str, objects: list[buckets.BucketObject]) -> list[str]:
    """Fetches those objects of a bucket that the cache does not hold; returns the paths of all on disk."""
    # The generation is part of the path, so a file that changes in the bucket is fetched again.
    local = [_below(cache_folder("data", bucket, str(each.generation)), bucket, each.name) for each in objects]
    missing = [(each, path) for each, path in zip(objects, local) if not os.path.exists(path)]

    def fetch_one(item: tuple[buckets.BucketObject, str]) -> int:
        each, path = item
        files.fetch(f"{paths.SCHEME}{bucket}/{each.name}", path)
        return each.size

    if missing:
        size = sum(each.size for each, _ in missing)
        with (
            Progress(f"fetching {title}", size, "byte", scale=True) as progress,
            futures.ThreadPoolExecutor(FETCHES) as pool,
        ):
            for fetched in pool.map(fetch_one, missing):
                progress.update(fetched)
    return local


def _folder_on_disk(
    bucket: str, folder: str, objects: dict[str, buckets.BucketObject], wanted: Callable[[str], object]
) -> str:
    """A folder in the cache that holds those of the objects (name below the folder -> object) that are wanted."""
    for each in objects.values():
        _below("", bucket, each.name)
    objects = {name: each for name, each in objects.items() if wanted(name)}
    versions = {name: each.generation for name, each in objects.items()}
    local = _below(cache_folder("folders", _key(versions)), bucket, f"{bucket}/{folder}".rstrip("/"))
    os.makedirs(local, exist_ok=True)
    fetched = _fetch_once(paths.join(paths.SCHEME + bucket, folder), bucket, list(objects.values()))
    for name, path in zip(objects, fetched):
        link = _below(local, bucket, name)
        os.makedirs(os.path.dirname(link), exist_ok=True)
        with contextlib.suppress(FileExistsError):
            files.link(path, link)  # however many versions of the folder there are, its content is kept once
    return local


def _below(folder: str, bucket: str, name: str) -> str:
    """The path below a folder for a name with forward slashes; raises DataError if it would be outside."""
    parts = name.split("/")
    # A separator or a drive of this system inside a part makes basename differ from the part.
    if any(part in ("", ".", "..") or os.path.basename(part) != part for part in parts):
        raise DataError(
            f"{paths.SCHEME}{bucket}: {name!r} cannot be the name of a file on disk; rename it in the bucket"
        )
    return os.path.join(folder, *parts)


def _key(versions: Mapping[str, int | None]) -> str:
    """A short name for a folder of files, from name -> generation: other content has other generations."""
    return hashlib.sha256(repr(sorted(versions.items())).encode()).hexdigest()[:16]


def _matches(name: str, pattern: str) -> bool:
    """Like glob: a star does not match a slash."""
    names, patterns = name.split("/"), pattern.split("/")
    return len(names) == len(patterns) and all(map(fnmatch.fnmatchcase, names, patterns))
