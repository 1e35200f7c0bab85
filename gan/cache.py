"""Copies on disk of what is in buckets, in the user's cache; a content that is there is not fetched again."""

import contextlib
import fnmatch
import hashlib
import os
from concurrent import futures

from gan import gcs
from gan.errors import DataError
from gan.progress import Progress

FETCHES = 8  # files fetched at a time


def folder(*names):
    """A folder below the user's cache: $XDG_CACHE_HOME or ~/.cache, then gan-contest."""
    root = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(root, "gan-contest", *names)


def matching(pattern):
    """Paths on disk of the files that match a gs:// pattern; errors as in storage.on_disk."""
    bucket, wanted = gcs.split(pattern)
    beginning = wanted[: min([wanted.find(c) for c in "*?[" if c in wanted] or [len(wanted)])]
    found = [blob for blob in gcs.find(pattern, beginning) if _matches(blob.name, wanted)]
    return _fetched(pattern, bucket, sorted(found, key=lambda blob: blob.name))


def whole(path, wanted):
    """The path on disk of a file or folder of a bucket; arguments and errors as in storage.on_disk."""
    bucket, name = gcs.split(path)
    name = name.rstrip("/")
    beginning = gcs.prefix(path)
    inside = gcs.find(path, beginning)
    if inside:
        files = {blob.name[len(beginning) :]: blob for blob in inside if not blob.name.endswith("/")}
        return _whole_folder(path, bucket, name, files, wanted)
    found = [blob for blob in gcs.find(path, name) if blob.name == name and not path.endswith("/")]
    if not found:
        raise DataError(f"{path}: no such file or folder")
    return _fetched(path, bucket, found)[0]


def part(path, versions):
    """A folder on disk that holds some of the files directly in a folder of a bucket.

    Args:
        path: of the folder in the bucket.
        versions: name of a file -> the generation of its content.

    Raises:
        FileNotFoundError: one is not there any more, or has another content now.
    """
    local = folder("copies", gcs.split(path)[0], *gcs.prefix(path).split("/"), _key(versions))
    for name, generation in versions.items():
        if not os.path.exists(os.path.join(local, name)):
            gcs.fetch(f"{path.rstrip('/')}/{name}", os.path.join(local, name), generation)
    return local


def _fetched(title, bucket, blobs):
    """Paths on disk of a bucket's objects; those that are not there yet are fetched."""
    # Another generation is another content: a file that changes in the bucket is fetched again.
    local = [_below(folder("data", bucket, str(blob.generation)), bucket, blob.name) for blob in blobs]
    missing = [(blob, path) for blob, path in zip(blobs, local) if not os.path.exists(path)]

    def fetch_one(blob, path):
        gcs.fetch(f"{gcs.SCHEME}{bucket}/{blob.name}", path)
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


def _whole_folder(title, bucket, name, files, wanted):
    """A folder that holds those of the files (name in the folder -> object) that are wanted, no others."""
    for blob in files.values():
        _below("", bucket, blob.name)
    files = {file: blob for file, blob in files.items() if wanted(file)}
    versions = {file: blob.generation for file, blob in files.items()}
    local = _below(folder("folders", _key(versions)), bucket, f"{bucket}/{name}".rstrip("/"))
    os.makedirs(local, exist_ok=True)
    for file, path in zip(files, _fetched(title, bucket, list(files.values()))):
        link = _below(local, bucket, file)
        os.makedirs(os.path.dirname(link), exist_ok=True)
        with contextlib.suppress(FileExistsError):
            os.link(path, link)  # its content is kept once, however many versions of the folder there are
    return local


def _below(parent, bucket, name):
    """The path in a folder for a name with forward slashes; raises DataError where it would lie elsewhere."""
    parts = name.split("/")
    # basename is what it was unless a part has a separator or a drive of this system in it.
    if any(part in ("", ".", "..") or os.path.basename(part) != part for part in parts):
        raise DataError(f"{gcs.SCHEME}{bucket}: {name!r} cannot be the name of a file on disk; rename it in the bucket")
    return os.path.join(parent, *parts)


def _key(versions):
    """A short name for a folder of files, from name -> generation: other content is of other generations."""
    return hashlib.sha256(repr(sorted(versions.items())).encode()).hexdigest()[:16]


def _matches(name, pattern):
    """Like glob: a star does not reach over a slash."""
    name, pattern = name.split("/"), pattern.split("/")
    return len(name) == len(pattern) and all(map(fnmatch.fnmatchcase, name, pattern))
