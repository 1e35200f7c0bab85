"""Google Cloud Storage. Only this file uses Google's library; everybody else passes paths that begin with gs://.

Credentials are those that google-cloud-storage finds: `gcloud auth application-default login`, or the machine's own.
STORAGE_EMULATOR_HOST names an emulator. The library checks what it transfers by CRC32C.
"""

import contextlib
import functools
import os
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

from gan.console.errors import NoPermission, StateError, UserError
from gan.storage import paths

REQUEST_SECONDS = 30  # a request without an answer for so long is given up and made again
RETRY_SECONDS = 60  # for all tries of one request together


class BucketObject(NamedTuple):
    """A file of a bucket as it was when the bucket was listed."""

    name: str  # its path in the bucket
    size: int  # bytes
    generation: int  # a number that changes whenever the content does


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
        UserError: no permission, no credentials, or no answer.
    """
    options = {"prefix": prefix or None, "delimiter": delimiter, "max_results": most, **_options()}
    with _explained(path, missing=StateError(f"{path}: there is no such bucket")):
        blobs = _client().list_blobs(paths.split(path)[0], **options)
        return [BucketObject(blob.name, blob.size, blob.generation) for blob in blobs]


def read(path: str) -> bytes:
    """The content of a file; raises FileNotFoundError if there is none."""
    with _explained(path):
        content: bytes = _blob(path).download_as_bytes(**_options())
        return content


def download(path: str, file: BinaryIO, generation: int | None = None) -> None:
    """Copies a file of a bucket into an open file.

    Args:
        path: its gs:// path.
        file: open for writing.
        generation: of the content that is wanted; its bytes are copied as they are stored. None for the newest; its
            bytes are decompressed if the bucket says that they are compressed.

    Raises:
        FileNotFoundError: there is no such file, or its content has changed.
    """
    with _explained(path):
        _blob(path, generation).download_to_file(file, raw_download=generation is not None, **_options())


@contextlib.contextmanager
def open_to_read(path: str, chunk: int) -> Iterator[BinaryIO]:
    """Opens a file to read its bytes as they are stored; each request asks for `chunk` bytes."""
    with _explained(path), _blob(path).open("rb", chunk_size=chunk, raw_download=True, **_options()) as file:
        yield file


def upload(local: str, path: str) -> None:
    """Copies a file on disk into a bucket. A reader sees it whole or not at all."""
    with _explained(path):
        _blob(path).upload_from_filename(local, **_options())


def write(path: str, content: bytes) -> None:
    """Writes bytes as a file of a bucket. A reader sees it whole or not at all."""
    with _explained(path):
        _blob(path).upload_from_string(content, **_options())


def delete(path: str) -> None:
    """Deletes a file of a bucket; does nothing if there is none."""
    with contextlib.suppress(FileNotFoundError), _explained(path):
        _blob(path).delete(**_options())


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

    if emulator:
        return storage.Client(project="emulator", credentials=AnonymousCredentials())
    return storage.Client()


@contextlib.contextmanager
def _explained(path: str, missing: Exception | None = None) -> Iterator[None]:
    """Turns the library's errors into one sentence; "not found" becomes `missing`, or else FileNotFoundError."""
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
