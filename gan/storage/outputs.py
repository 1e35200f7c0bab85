"""Results that are written on disk first and uploaded at the end, if they belong in a bucket."""

import contextlib
import os
import shutil
import tempfile

from gan.console.errors import UserError
from gan.console.progress import Progress
from gan.storage import buckets, paths


@contextlib.contextmanager
def output_folder(path):
    """A folder to write results to: `path` itself, or one on disk whose files are uploaded at the end.

    Yields:
        A path on disk.

    Raises:
        UserError: the upload failed; names the folder on disk where everything is kept.
    """
    if not paths.is_remote(path):
        yield path
        return
    local = tempfile.mkdtemp(prefix="gan-output-")
    yield local
    found = [os.path.join(folder, name) for folder, _, files in os.walk(local) for name in files]
    try:
        with Progress(f"uploading to {path}", len(found), "file") as progress:
            for file in sorted(found, key=os.path.getmtime):  # as they were written, what names others last
                buckets.upload(file, paths.join(path, *os.path.relpath(file, local).split(os.sep)))
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
    if not paths.is_remote(path):
        yield path
        return
    folder, name = os.path.split(path)
    if not name or not paths.split(path)[1]:
        raise UserError(f"{path} names no file; write gs://bucket/name")
    with output_folder(folder) as local:
        yield os.path.join(local, name)
