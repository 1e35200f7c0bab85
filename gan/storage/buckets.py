"""Google Cloud Storage. Only this file uses Google's library; everybody else passes paths that begin with gs://.

Credentials are those that google-cloud-storage finds: `gcloud auth application-default login`, or the machine's own.
STORAGE_EMULATOR_HOST names an emulator. The library checks what it transfers by CRC32C.
"""

import contextlib
import datetime
import functools
import io
import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple, cast

from gan.console.errors import BucketRefused, BucketSilent, Fault, StateError, UserError
from gan.storage import bucket_answers, compression, paths

REQUEST_SECONDS = 30  # a request without an answer for so long is given up and made again
RETRY_SECONDS = 60  # for all tries of one request together
MOST_PAGES = 100  # of 1,000 files and folders each, that a listing of a limited number takes
_IN_MEMORY = 2**24  # bytes of a file that is read; a larger one goes through the disk
_CONNECTIONS = 128  # to the storage at a time that are kept: an arena looks at many buckets at once


class BucketObject(NamedTuple):
    """A file of a bucket as it was when the bucket was listed."""

    name: str  # its path in the bucket
    size: int  # bytes, as they are stored
    generation: int  # a number that changes whenever the content does
    modified: float  # seconds since 1970; 0 if the bucket does not say


def list_objects(
    path: str, prefix: str, *, delimiter: str | None = None, most: int | None = None
) -> list[BucketObject]:
    """Lists objects of a bucket.

    Args:
        path: gs:// path of the bucket, or of anything in it.
        prefix: what their names begin with.
        delimiter: "/" leaves out what is in folders below the prefix.
        most: how many are listed at most; None for all.

    Raises:
        StateError: there is no such bucket.
        BucketRefused: it takes more than MOST_PAGES to find so many.
        UserError: no permission, no credentials, or no answer.
    """
    options = {"prefix": prefix or None, "delimiter": delimiter, "max_results": most, **_options()}
    with _explained(path, missing=_no_bucket(path)):
        pages = _client().list_blobs(paths.split(path)[0], **options).pages
        # A page of folders alone counts for nothing in `most`, and a stranger may have made any number of them.
        within = pages if most is None else itertools.islice(pages, MOST_PAGES)
        found = [blob for page in within for blob in page]
        if most is not None and len(found) < most and next(pages, None) is not None:
            raise crowded(path, "so many folders that they cannot be listed")
        return [BucketObject(blob.name, blob.size, blob.generation, _seconds(blob.updated)) for blob in found]


def crowded(path: str, what: str) -> BucketRefused:
    """The error for a folder of a bucket that holds too much to be listed; `what` says what."""
    fault = Fault("bucket_crowded", {"what": what})
    return BucketRefused(f"{path} holds {what}; put what is wanted into another folder", fault, is_certain=True)


def read(path: str) -> bytes:
    """The content of a file; raises FileNotFoundError if there is none."""
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as file:
        download(path, cast(BinaryIO, file))
        file.seek(0)
        return file.read()


def read_small(path: str, most: int) -> bytes:
    """The content of a file, or its first `most` + 1 bytes: compressed or not, no more are asked for.

    Raises:
        FileNotFoundError: there is no such file.
        OSError: of errno EFBIG, it is compressed, and has more than `most` bytes once it is decompressed.
    """
    with _explained(path):
        blob = _blob(path)
        with blob.open("rb", chunk_size=most + 1, raw_download=True, **_options()) as file:
            content: bytes = file.read(most + 1)
        if len(content) > most or not compression.is_gzip(blob.content_encoding):
            return content
        with io.BytesIO() as unpacked:
            _unpack(path, io.BytesIO(content), unpacked, most)
            return unpacked.getvalue()


def download(path: str, file: BinaryIO, generation: int | None = None, most: int | None = None) -> None:
    """Copies a file of a bucket into an open file.

    The bytes are decompressed if the bucket says that they are compressed, as `gsutil cp -Z` uploads them.

    Args:
        path: its gs:// path.
        file: empty, open for writing and reading.
        generation: of the content that is wanted; None for the newest.
        most: bytes that it may have once it is decompressed; None for any number.

    Raises:
        FileNotFoundError: there is no such file, or its content has changed.
        OSError: of errno EFBIG, it has more than `most` bytes.
    """
    with _explained(path):
        blob = _blob(path, generation)
        _download_stored(blob, file)
        if compression.is_gzip(blob.content_encoding):
            with tempfile.TemporaryFile() as stored:
                file.seek(0)
                shutil.copyfileobj(file, stored)
                for each in (file, stored):
                    each.seek(0)
                file.truncate()
                _unpack(path, stored, file, most)


def download_rest(path: str, file: BinaryIO, start: int, generation: int) -> None:
    """Copies the bytes of a file from `start` on, as they are stored, into an open file.

    Args:
        path: its gs:// path.
        file: open for writing.
        start: bytes that are left out; fewer than the file has.
        generation: of the content that is wanted.

    Raises:
        FileNotFoundError: there is no such file, or its content has changed.
    """
    with _explained(path):
        _blob(path, generation).download_to_file(file, start=start, raw_download=True, **_options())


def _download_stored(blob: Any, file: BinaryIO) -> None:
    """Copies an object's bytes as they are stored, and tries once more if their checksum is wrong."""
    from google.cloud.storage.exceptions import DataCorruption

    try:
        blob.download_to_file(file, raw_download=True, **_options())
    except DataCorruption:
        file.seek(0)
        file.truncate()
        blob.download_to_file(file, raw_download=True, **_options())


def _unpack(path: str, stored: BinaryIO, file: BinaryIO, most: int | None) -> None:
    try:
        compression.unpack(stored, file, most)
    except compression.DamagedGzip as error:
        raise BucketRefused(
            f"{path} says that it is compressed with gzip, but cannot be decompressed ({error}); upload it again",
            Fault("bucket_gzip_damaged", {"file": path.rpartition("/")[2]}),
            is_certain=True,
        ) from error
    except OSError as error:
        raise OSError(error.errno, error.strerror, path) from error


def upload(local: str, path: str) -> None:
    """Copies a file on disk into a bucket. A reader sees it whole or not at all.

    Raises:
        StateError: there is no such bucket.
    """
    with _explained(path, missing=_no_bucket(path)):
        _blob(path).upload_from_filename(local, **_options())


def write(path: str, content: bytes) -> None:
    """Writes bytes as a file of a bucket. A reader sees it whole or not at all; errors as in `upload`."""
    with _explained(path, missing=_no_bucket(path)):
        _blob(path).upload_from_string(content, **_options())


def delete(path: str) -> None:
    """Deletes a file of a bucket; does nothing if there is none."""
    with contextlib.suppress(FileNotFoundError), _explained(path):
        _blob(path).delete(**_options())


def _no_bucket(path: str) -> StateError:
    return StateError(f"{path}: there is no such bucket; correct its name, or make it")


def _seconds(moment: datetime.datetime | None) -> float:
    return moment.timestamp() if moment else 0.0


def _options() -> dict[str, Any]:
    """What every request is made with."""
    from google.cloud.storage.retry import DEFAULT_RETRY

    retry = DEFAULT_RETRY.with_delay(initial=0.5, maximum=8).with_timeout(RETRY_SECONDS)
    return {"timeout": REQUEST_SECONDS, "retry": retry}


def _blob(path: str, generation: int | None = None) -> Any:
    bucket, name = paths.split(path)
    return _client().bucket(bucket).blob(name, generation=generation)


def _client() -> Any:
    with _explained("Google Cloud Storage"):
        return _client_for(os.environ.get("STORAGE_EMULATOR_HOST"))


@functools.cache
def _client_for(emulator: str | None) -> Any:
    """One client a process, and another one if the emulator's address changes."""
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import storage
    from requests.adapters import HTTPAdapter

    # Files of a bucket need no project, and many contestants have none: without one the library would end here.
    client = storage.Client(project=None, credentials=AnonymousCredentials() if emulator else None)
    for scheme in ("https://", "http://"):
        client._http.mount(scheme, HTTPAdapter(pool_connections=_CONNECTIONS, pool_maxsize=_CONNECTIONS))
    return client


@contextlib.contextmanager
def _explained(path: str, missing: Exception | None = None) -> Iterator[None]:
    """Turns the library's errors into one sentence; "not found" becomes `missing`, or else FileNotFoundError.

    Raises:
        BucketRefused: a setting of the bucket or a file in it is to blame.
        BucketSilent: no answer, or the server failed.
        UserError: there are no credentials.
    """
    from google.api_core import exceptions
    from google.auth.exceptions import GoogleAuthError
    from google.cloud.storage.exceptions import DataCorruption
    from requests.exceptions import RequestException

    try:
        yield
    except exceptions.NotFound as error:
        raise missing or FileNotFoundError(2, "there is no such file", path) from error
    except exceptions.GoogleAPICallError as error:
        raise bucket_answers.error_of(path, error.code, str(error)) from error
    except GoogleAuthError as error:
        raise UserError(
            f"{path}: no credentials for Google Cloud; `gcloud auth application-default login` gets some ({error})"
        ) from error
    except DataCorruption as error:
        raise BucketRefused(
            f"{path} has another checksum than its bucket says; upload it again",
            Fault("bucket_checksum", {"file": path.rpartition("/")[2]}),
            is_certain=True,
        ) from error
    except (exceptions.GoogleAPIError, RequestException, ConnectionError) as error:
        raise BucketSilent(
            f"{path}: the network or the server failed ({str(error).splitlines()[0]}); try again"
        ) from error
