"""Puts files into a folder that somebody else may write to. No TensorFlow.

Whoever may write there can have laid links, or things that are no files, where ours will be. None is followed: what
stands in a file's place is replaced by it at once and whole, and a folder's place must be a folder's.
"""

import contextlib
import os
import secrets
import shutil

from gan.storage import buckets, paths

_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)


def deliver(source, root, inside):
    """Copies all files of a folder on disk, those of folders in it too.

    Args:
        source: the folder on disk.
        root: somebody's folder, on disk or gs://; made where it is not there.
        inside: where in it to put them, such as results/today; made likewise.

    Raises:
        OSError: something on the way is no folder, or cannot be written.
        UserError: the upload failed.
    """
    if not paths.is_remote(root):
        os.makedirs(root, exist_ok=True)
    files = [os.path.join(folder, name) for folder, _, names in os.walk(source) for name in names]
    for file in sorted(files, key=os.path.getmtime):  # as they were written, what shows others last
        *way, name = [*inside.split("/"), *os.path.relpath(file, source).split(os.sep)]
        if paths.is_remote(root):
            buckets.upload(file, paths.join(root, *way, name))
        else:
            _place(file, root, way, name)


def _place(file, root, way, name):
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


def _open(folder, parent, opened):
    # The root is named by whoever asks, and may be reached by links.
    descriptor = os.open(folder, _FOLDER if parent is None else _FOLDER | _NO_LINK, dir_fd=parent)
    opened.callback(os.close, descriptor)
    return descriptor
