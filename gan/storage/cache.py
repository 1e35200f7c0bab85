"""Copies on disk of what lies in a bucket: each version is fetched once."""

import contextlib
import fnmatch
import glob
import hashlib
import os
from concurrent import futures

from gan.console.errors import DataError
from gan.console.progress import Progress
from gan.storage import buckets, paths

FETCHES = 8  # files fetched at a time


def cache_folder(*names):
    """A folder below the user's cache: $XDG_CACHE_HOME or ~/.cache, then gan-contest."""
    root = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(root, "gan-contest", *names)


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
        found = _find_remote(part) if paths.is_remote(part) else glob.glob(os.path.expanduser(part))
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
    if not paths.is_remote(path):
        if not os.path.exists(path):
            raise DataError(f"{path}: no such file or folder")
        return path
    bucket, name = paths.split(path)
    name = name.rstrip("/")
    prefix = name + "/" if name else ""
    inside = buckets.list_blobs(path, prefix)
    if inside:
        files = {blob.name[len(prefix) :]: blob for blob in inside if not blob.name.endswith("/")}
        return _folder_on_disk(bucket, name, files, wanted)
    found = [blob for blob in buckets.list_blobs(path, name) if blob.name == name and not path.endswith("/")]
    if not found:
        raise DataError(f"{path}: no such file or folder")
    return _fetch_once(path, bucket, found)[0]


def at_hand(folder, files):
    """A folder on disk that holds these of the `entries` of `folder`: itself, or a copy in the cache.

    Raises:
        FileNotFoundError: one in a bucket is not there any more, or has changed since it was listed.
    """
    if not paths.is_remote(folder):
        return folder
    versions = {name: entry.generation for name, entry in files.items()}
    local = cache_folder("copies", paths.split(folder)[0], *paths.prefix_of(folder).split("/"), _key(versions))
    for name, generation in versions.items():
        if not os.path.exists(os.path.join(local, name)):
            buckets.fetch(paths.join(folder, name), os.path.join(local, name), generation)
    return local


def _find_remote(pattern):
    """Fetches what matches a gs:// pattern into the cache; returns paths on disk."""
    bucket, wanted = paths.split(pattern)
    prefix = wanted[: min([wanted.find(c) for c in "*?[" if c in wanted] or [len(wanted)])]
    found = sorted(
        (blob for blob in buckets.list_blobs(pattern, prefix) if _matches(blob.name, wanted)),
        key=lambda blob: blob.name,
    )
    return _fetch_once(pattern, bucket, found)


def _fetch_once(title, bucket, blobs):
    """Fetches those of a bucket's objects that are not in the cache yet; returns the paths of all on disk."""
    # Another generation is another content: a file that changes in the bucket is fetched again.
    local = [_below(cache_folder("data", bucket, str(blob.generation)), bucket, blob.name) for blob in blobs]
    missing = [(blob, path) for blob, path in zip(blobs, local) if not os.path.exists(path)]

    def fetch_one(blob, path):
        buckets.fetch(f"{paths.SCHEME}{bucket}/{blob.name}", path)
        return blob.size

    if missing:
        size = sum(blob.size for blob, _ in missing)
        with (
            Progress(f"fetching {title}", size, "byte", scale=True) as progress,
            futures.ThreadPoolExecutor(FETCHES) as pool,
        ):
            for fetched in pool.map(fetch_one, *zip(*missing)):
                progress.update(fetched)
    return local


def _folder_on_disk(bucket, folder, files, wanted):
    """A folder in the cache that holds those of the files (name in the folder -> object) that are wanted, no others."""
    for blob in files.values():
        _below("", bucket, blob.name)
    files = {name: blob for name, blob in files.items() if wanted(name)}
    versions = {name: blob.generation for name, blob in files.items()}
    local = _below(cache_folder("folders", _key(versions)), bucket, f"{bucket}/{folder}".rstrip("/"))
    os.makedirs(local, exist_ok=True)
    for name, path in zip(files, _fetch_once(paths.join(paths.SCHEME + bucket, folder), bucket, list(files.values()))):
        link = _below(local, bucket, name)
        os.makedirs(os.path.dirname(link), exist_ok=True)
        with contextlib.suppress(FileExistsError):
            os.link(path, link)  # its content is kept once, however many versions of the folder there are
    return local


def _below(folder, bucket, name):
    """The path in a folder for a name with forward slashes; raises DataError where it would lie elsewhere."""
    parts = name.split("/")
    # basename is what it was unless a part has a separator or a drive of this system in it.
    if any(part in ("", ".", "..") or os.path.basename(part) != part for part in parts):
        raise DataError(
            f"{paths.SCHEME}{bucket}: {name!r} cannot be the name of a file on disk; rename it in the bucket"
        )
    return os.path.join(folder, *parts)


def _key(versions):
    """A short name for a folder of files, from name -> generation: other content is of other generations."""
    return hashlib.sha256(repr(sorted(versions.items())).encode()).hexdigest()[:16]


def _matches(name, pattern):
    """Like glob: a star does not reach over a slash."""
    name, pattern = name.split("/"), pattern.split("/")
    return len(name) == len(pattern) and all(map(fnmatch.fnmatchcase, name, pattern))
