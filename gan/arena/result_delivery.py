"""Puts files into a folder that somebody else can write to. No TensorFlow.

Others may have put links, pipes or devices at the paths that we write to. No link is followed: whatever is at a file's
path is replaced by the whole file in one step, and what is at a folder's path must be a folder.
"""

import contextlib
import os
import secrets
import shutil
from concurrent import futures

from gan.storage import buckets, paths

UPLOADS = 8  # files uploaded at a time: each waits for the bucket's answer
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)


def deliver(source: str, root: str, inside: str) -> None:
    """Copies all files of a folder on disk, and of the folders in it.

    Args:
        source: the folder on disk.
        root: somebody's folder, on disk or gs://; made if it is missing.
        inside: folder in `root` to put them into, such as results/today; made if it is missing.

    Raises:
        OSError: a part of the path is no folder, or a file cannot be written.
        UserError: the upload failed.
    """
    found = [os.path.join(folder, name) for folder, _, names in os.walk(source) for name in names]
    found.sort(key=os.path.getmtime)  # as they were written: a page comes after its pictures
    ways = [[*inside.split("/"), *os.path.relpath(file, source).split(os.sep)] for file in found]
    if paths.is_remote(root):
        _upload(list(zip(found, (paths.join(root, *way) for way in ways))))
        return
    os.makedirs(root, exist_ok=True)
    for file, way in zip(found, ways):
        _place(file, root, way[:-1], way[-1])


def _upload(files: list[tuple[str, str]]) -> None:
    """Uploads files, (on disk, gs:// path): several at a time, and the last one after all others."""
    pool = futures.ThreadPoolExecutor(UPLOADS)
    try:
        list(pool.map(lambda file: buckets.upload(*file), files[:-1]))
    finally:
        pool.shutdown(cancel_futures=True)  # after a failure the others would fail too, each after a minute
    for file in files[-1:]:
        buckets.upload(*file)


def _place(file: str, root: str, way: list[str], name: str) -> None:
    """Copies a file to a name in the folder that is reached from `root` by the names in `way`."""
    with contextlib.ExitStack() as opened:
        place = _open(root, None, opened)
        for folder in way:
            with contextlib.suppress(FileExistsError):
                os.mkdir(folder, dir_fd=place)
            place = _open(folder, place, opened)
        part = f".{name}.{secrets.token_hex(8)}"
        created = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644, dir_fd=place)
        try:
            with os.fdopen(created, "wb") as target, open(file, "rb") as content:
                shutil.copyfileobj(content, target)
            os.replace(part, name, src_dir_fd=place, dst_dir_fd=place)
        except BaseException:
            os.unlink(part, dir_fd=place)
            raise


def _open(folder: str, parent: int | None, opened: contextlib.ExitStack) -> int:
    # The caller names the root, and may reach it by links.
    descriptor = os.open(folder, _FOLDER if parent is None else _FOLDER | _NO_LINK, dir_fd=parent)
    opened.callback(os.close, descriptor)
    return descriptor
