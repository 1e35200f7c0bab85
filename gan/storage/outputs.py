"""Results: written to disk, and uploaded at the end if they belong in a bucket."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator

from gan.console.errors import UserError
from gan.console.progress import Progress
from gan.storage import buckets, paths


@contextlib.contextmanager
def output_folder(path: str, outdated: Iterable[str] = ()) -> Iterator[str]:
    """Gives a folder on disk to write results to.

    Args:
        path: where they belong, on disk or in a bucket.
        outdated: names below it of what earlier results left in a bucket: deleted before these are uploaded. On disk
            the block does so itself.

    Yields:
        `path` itself, or if it is in a bucket a temporary folder, whose files are uploaded at the end.

    Raises:
        UserError: the upload failed. It names the temporary folder, which is kept.
        OSError: of the block, with the folder if it named no file: a full disk is often told without one.
    """
    if not paths.is_remote(path):
        with _named(path):
            yield path
        return
    local = tempfile.mkdtemp(prefix="gan-output-")
    with _named(local):
        yield local
    found = [os.path.join(folder, name) for folder, _, files in os.walk(local) for name in files]
    try:
        for name in outdated:
            buckets.delete(paths.join(path, name))
        with Progress(f"uploading to {path}", len(found), "file") as progress:
            # In the order of writing: a file that names others was written after them.
            for file in sorted(found, key=os.path.getmtime):
                buckets.upload(file, paths.join(path, *os.path.relpath(file, local).split(os.sep)))
                progress.update()
    except UserError as error:
        raise UserError(f"{error}; everything is kept in {local}") from error
    shutil.rmtree(local)


@contextlib.contextmanager
def output_file(path: str) -> Iterator[str]:
    """Like output_folder, for one file.

    Yields:
        A path on disk.

    Raises:
        UserError: the upload failed, or `path` is a bucket or a folder in it.
    """
    if not paths.is_remote(path):
        yield path
        return
    folder, name = os.path.split(path)
    if not name or not paths.split(path)[1]:
        raise UserError(f"{path} names no file; write gs://bucket/name")
    with output_folder(folder) as local:
        yield os.path.join(local, name)


@contextlib.contextmanager
def _named(folder: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno is None or error.filename is not None:
            raise
        raise OSError(error.errno, error.strerror, folder) from error
