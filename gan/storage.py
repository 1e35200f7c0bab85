"""Files on disk and in Google Cloud Storage: the one place that knows what gs:// means.

Credentials are what google-cloud-storage finds (`gcloud auth application-default login`, or the
machine's own); STORAGE_EMULATOR_HOST names an emulator. The library checks what it moves by CRC32C.
"""

import contextlib
import errno
import fnmatch
import functools
import glob
import hashlib
import itertools
import os
import shutil
import stat
import tempfile
from concurrent import futures
from typing import NamedTuple

from gan.errors import DataError, NoPermission, StateError, UserError
from gan.progress import Progress

try:
    import fcntl
except ImportError:  # not on Windows, where nothing keeps a second trainer out
    fcntl = None

SCHEME = "gs://"
REQUEST_SECONDS = 30  # without an answer, after which a request is given up and made again
RETRY_SECONDS = 60  # in all for one request that fails again and again
MOST_ENTRIES = 20_000  # of a folder that is listed without what is inside its folders
FETCHES = 8  # files fetched at a time
# What keeps open() from following a link and from waiting for a pipe's writer; Windows has neither flag.
_WARY = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


class Entry(NamedTuple):
    """A file of a folder as it was when the folder was listed."""

    size: int  # bytes
    generation: int | None  # of an object in a bucket, where another content has another; None on disk


def is_remote(path):
    """Whether a path is in a bucket."""
    return path.startswith(SCHEME)


def join(folder, *names):
    """Like os.path.join, for both kinds of path."""
    return "/".join([folder.rstrip("/"), *names]) if is_remote(folder) else os.path.join(folder, *names)


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
        found = _find_remote(part) if is_remote(part) else glob.glob(os.path.expanduser(part))
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
    bucket, name = _split(path)
    name = name.rstrip("/")
    prefix = name + "/" if name else ""
    inside = _list(path, prefix)
    if inside:
        files = {blob.name[len(prefix) :]: blob for blob in inside if not blob.name.endswith("/")}
        return _folder_on_disk(bucket, name, files, wanted)
    found = [blob for blob in _list(path, name) if blob.name == name and not path.endswith("/")]
    if not found:
        raise DataError(f"{path}: no such file or folder")
    return _fetch_once(path, bucket, found)[0]


def names(folder):
    """Names of the files directly in a folder; empty where there is no such folder."""
    return list(entries(folder))


def entries(folder, beginning=""):
    """Those files directly in a folder whose names begin so: name -> Entry; empty where there is no such folder.

    Raises StateError where the folder holds more than MOST_ENTRIES: it may be a stranger's, and have no end.
    """
    if is_remote(folder):
        prefix = _prefix(folder)
        listed = _list(folder, prefix + beginning, delimiter="/", most=MOST_ENTRIES + 1)
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
    if not is_remote(path):
        with open(path, "rb") as file:
            return file.read()
    with _explaining(path):
        return _blob(path).download_as_bytes(timeout=REQUEST_SECONDS, retry=_retry())


def read_small(path, most):
    """The bytes of a file that somebody else may have put there.

    Args:
        path: of a file; see `open_regular` for what is refused on disk.
        most: bytes that are read; in a bucket, as they are stored.

    Raises:
        FileNotFoundError: there is none.
        OSError: it cannot be read, or is longer.
    """
    with _open_remote(path, most + 1) if is_remote(path) else open_regular(path) as file:
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


def fetch(path, local, generation=None):
    """Copies a file of a bucket to a local path, whole or not at all.

    Args:
        path: of the file.
        local: path on disk.
        generation: of the content wanted, which is copied as it is stored; None for the newest, which is
            decompressed where the bucket says that it is compressed.

    Raises:
        FileNotFoundError: it is not there, or no longer of this generation.
    """
    os.makedirs(os.path.dirname(local), exist_ok=True)
    part = f"{local}.{os.getpid()}.part"
    try:
        with _explaining(path):
            blob, is_raw = _blob(path, generation), generation is not None
            blob.download_to_filename(part, raw_download=is_raw, timeout=REQUEST_SECONDS, retry=_retry())
        os.replace(part, local)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.remove(part)


def at_hand(folder, files):
    """A folder on disk that holds these of the `entries` of `folder`: itself, or a copy in the cache.

    Raises:
        FileNotFoundError: one in a bucket is not there any more, or has changed since it was listed.
    """
    if not is_remote(folder):
        return folder
    versions = {name: entry.generation for name, entry in files.items()}
    local = cache_folder("copies", _split(folder)[0], *_prefix(folder).split("/"), _key(versions))
    for name, generation in versions.items():
        if not os.path.exists(os.path.join(local, name)):
            fetch(join(folder, name), os.path.join(local, name), generation)
    return local


def upload(local, path):
    """Copies a local file into a bucket; it appears there whole or not at all."""
    with _explaining(path):
        _blob(path).upload_from_filename(local, timeout=REQUEST_SECONDS, retry=_retry())


def write(path, content):
    """Writes bytes as a file of a bucket."""
    with _explaining(path):
        _blob(path).upload_from_string(content, timeout=REQUEST_SECONDS, retry=_retry())


def delete(path):
    """Deletes a file of a bucket; one that is gone already is well."""
    with contextlib.suppress(FileNotFoundError), _explaining(path):
        _blob(path).delete(timeout=REQUEST_SECONDS, retry=_retry())


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
                upload(file, join(path, *os.path.relpath(file, local).split(os.sep)))
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
    if not name or not _split(path)[1]:
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


def _find_remote(pattern):
    """Fetches what matches a gs:// pattern into the cache; returns paths on disk."""
    bucket, wanted = _split(pattern)
    prefix = wanted[: min([wanted.find(c) for c in "*?[" if c in wanted] or [len(wanted)])]
    found = sorted((blob for blob in _list(pattern, prefix) if _matches(blob.name, wanted)), key=lambda blob: blob.name)
    return _fetch_once(pattern, bucket, found)


def _fetch_once(title, bucket, blobs):
    """Fetches those of a bucket's objects that are not in the cache yet; returns the paths of all on disk."""
    # Another generation is another content: a file that changes in the bucket is fetched again.
    local = [_below(cache_folder("data", bucket, str(blob.generation)), bucket, blob.name) for blob in blobs]
    missing = [(blob, path) for blob, path in zip(blobs, local) if not os.path.exists(path)]

    def fetch_one(blob, path):
        fetch(f"{SCHEME}{bucket}/{blob.name}", path)
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
    for name, path in zip(files, _fetch_once(join(SCHEME + bucket, folder), bucket, list(files.values()))):
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
        raise DataError(f"{SCHEME}{bucket}: {name!r} cannot be the name of a file on disk; rename it in the bucket")
    return os.path.join(folder, *parts)


def _key(versions):
    """A short name for a folder of files, from name -> generation: other content is of other generations."""
    return hashlib.sha256(repr(sorted(versions.items())).encode()).hexdigest()[:16]


def _matches(name, pattern):
    """Like glob: a star does not reach over a slash."""
    name, pattern = name.split("/"), pattern.split("/")
    return len(name) == len(pattern) and all(map(fnmatch.fnmatchcase, name, pattern))


def _split(path):
    """gs://bucket/some/name -> (bucket, some/name)."""
    bucket, _, name = path[len(SCHEME) :].partition("/")
    if not (bucket[:1].isalnum() and bucket[-1:].isalnum()):
        raise StateError(f"{path} names no bucket; write gs://bucket/folder")
    return bucket, name


def _prefix(folder):
    """What the names of all objects in a folder of a bucket begin with."""
    name = _split(folder)[1].rstrip("/")
    return name + "/" if name else ""


def _check_number(folder, listed):
    if len(listed) > MOST_ENTRIES:
        raise StateError(
            f"{folder} holds more than {MOST_ENTRIES:,} files; put what is wanted of it into another folder"
        )


def _list(path, prefix, delimiter=None, most=None):
    options = {
        "prefix": prefix or None,
        "delimiter": delimiter,
        "max_results": most,
        "timeout": REQUEST_SECONDS,
        "retry": _retry(),
    }
    with _explaining(path, missing=StateError(f"{path}: there is no such bucket")):
        return list(_client().list_blobs(_split(path)[0], **options))


def _blob(path, generation=None):
    bucket, name = _split(path)
    return _client().bucket(bucket).blob(name, generation=generation)


@contextlib.contextmanager
def _open_remote(path, chunk):
    """Opens a file of a bucket to read its bytes as they are stored, `chunk` of them with each request."""
    options = {"chunk_size": chunk, "raw_download": True, "timeout": REQUEST_SECONDS, "retry": _retry()}
    with _explaining(path), _blob(path).open("rb", **options) as file:
        yield file


def _check_regular(status, path):
    if stat.S_ISLNK(status.st_mode):
        raise OSError(errno.ELOOP, "it is a link, and none is followed", path)
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is no regular file", path)


@functools.cache
def _client_for(emulator):
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import storage

    if emulator:
        return storage.Client(project="emulator", credentials=AnonymousCredentials())
    return storage.Client()


def _client():
    """One client a process, and another where the emulator's address changes."""
    with _explaining("Google Cloud Storage"):
        return _client_for(os.environ.get("STORAGE_EMULATOR_HOST"))


def _retry():
    from google.cloud.storage.retry import DEFAULT_RETRY

    return DEFAULT_RETRY.with_delay(initial=0.5, maximum=8).with_timeout(RETRY_SECONDS)


@contextlib.contextmanager
def _explaining(path, missing=None):
    """Turns the library's errors into one sentence; what is not there into `missing` or FileNotFoundError."""
    from google.api_core import exceptions
    from google.auth.exceptions import GoogleAuthError
    from google.cloud.storage.exceptions import DataCorruption
    from requests.exceptions import RequestException

    try:
        yield
    except exceptions.NotFound as error:
        raise missing or FileNotFoundError(2, "there is no such file", path) from error
    except (exceptions.Forbidden, exceptions.Unauthorized) as error:
        raise NoPermission(f"{path}: no permission ({error.message.splitlines()[0]})") from error
    except GoogleAuthError as error:
        raise UserError(
            f"{path}: no credentials for Google Cloud; `gcloud auth application-default login` gets some ({error})"
        ) from error
    except (exceptions.GoogleAPIError, RequestException, DataCorruption, ConnectionError) as error:
        raise UserError(f"{path}: the network or the server failed ({str(error).splitlines()[0]})") from error
