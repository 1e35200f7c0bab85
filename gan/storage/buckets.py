"""Files in Google Cloud Storage: the only file that knows Google's library.

Credentials are what google-cloud-storage finds (`gcloud auth application-default login`, or the machine's own);
STORAGE_EMULATOR_HOST names an emulator. The library checks what it moves by CRC32C.
"""

import contextlib
import functools
import os

from gan.console.errors import NoPermission, StateError, UserError
from gan.storage import paths

REQUEST_SECONDS = 30  # without an answer, after which a request is given up and made again
RETRY_SECONDS = 60  # in all for one request that fails again and again


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
        with explaining(path):
            blob, is_raw = blob_of(path, generation), generation is not None
            blob.download_to_filename(part, raw_download=is_raw, timeout=REQUEST_SECONDS, retry=retry())
        os.replace(part, local)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.remove(part)


def upload(local, path):
    """Copies a local file into a bucket; it appears there whole or not at all."""
    with explaining(path):
        blob_of(path).upload_from_filename(local, timeout=REQUEST_SECONDS, retry=retry())


def write(path, content):
    """Writes bytes as a file of a bucket."""
    with explaining(path):
        blob_of(path).upload_from_string(content, timeout=REQUEST_SECONDS, retry=retry())


def delete(path):
    """Deletes a file of a bucket; one that is gone already is well."""
    with contextlib.suppress(FileNotFoundError), explaining(path):
        blob_of(path).delete(timeout=REQUEST_SECONDS, retry=retry())


def list_blobs(path, prefix, delimiter=None, most=None):
    options = {
        "prefix": prefix or None,
        "delimiter": delimiter,
        "max_results": most,
        "timeout": REQUEST_SECONDS,
        "retry": retry(),
    }
    with explaining(path, missing=StateError(f"{path}: there is no such bucket")):
        return list(client().list_blobs(paths.split(path)[0], **options))


def blob_of(path, generation=None):
    bucket, name = paths.split(path)
    return client().bucket(bucket).blob(name, generation=generation)


@contextlib.contextmanager
def open_to_read(path, chunk):
    """Opens a file of a bucket to read its bytes as they are stored, `chunk` of them with each request."""
    options = {"chunk_size": chunk, "raw_download": True, "timeout": REQUEST_SECONDS, "retry": retry()}
    with explaining(path), blob_of(path).open("rb", **options) as file:
        yield file


@functools.cache
def _client_for(emulator):
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import storage

    if emulator:
        return storage.Client(project="emulator", credentials=AnonymousCredentials())
    return storage.Client()


def client():
    """One client a process, and another where the emulator's address changes."""
    with explaining("Google Cloud Storage"):
        return _client_for(os.environ.get("STORAGE_EMULATOR_HOST"))


def retry():
    from google.cloud.storage.retry import DEFAULT_RETRY

    return DEFAULT_RETRY.with_delay(initial=0.5, maximum=8).with_timeout(RETRY_SECONDS)


@contextlib.contextmanager
def explaining(path, missing=None):
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
