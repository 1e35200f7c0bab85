"""All files in a folder and the folders in it, through links too: no folder and no file is met twice."""

import os
import stat
from collections.abc import Callable, Iterator

from gan.console.progress import Progress
from gan.data.file_notes import FileNotes

_Identity = tuple[int, int]


def walk(root: str, left_out: FileNotes, enters: Callable[[str], bool] = lambda path: True) -> list[str]:
    """Looks for all regular files in a folder and the folders in it.

    A link to a folder is followed unless that folder is met anyway; a link to a file counts unless that file is met.

    Args:
        root: the folder, on disk.
        left_out: takes down links that lead nowhere or back, and what is no regular file.
        enters: says for the path of a folder or file below the root, with forward slashes, whether it is wanted. What
            is in a folder that is not wanted is not looked at.

    Returns:
        Paths that begin with `root`, sorted.

    Raises:
        OSError: a folder cannot be read.
    """
    with Progress("looking for files", unit="file", only_if_long=True) as progress:
        return _Walk(root, left_out, enters, progress).all_files()


def below(path: str, folder: str) -> str:
    """The rest of a path that begins with a folder's path, with forward slashes."""
    return path[len(folder) :].lstrip(os.sep).replace(os.sep, "/")


class _Walk:
    """Folders first without links, then through links in the order of their paths: what is no link comes first."""

    def __init__(self, root: str, left_out: FileNotes, enters: Callable[[str], bool], progress: Progress) -> None:
        self._root, self._left_out, self._enters, self._progress = root, left_out, enters, progress
        self._folders: set[_Identity] = set()
        self._files: list[str] = []
        self._linked_folders: list[str] = []
        self._linked_files: list[str] = []

    def all_files(self) -> list[str]:
        self._folder(self._root)
        while self._linked_folders:
            self._linked_folders.sort(reverse=True)
            link = self._linked_folders.pop()
            if not self._folder(link):
                self._leave_out("links to folders that are read anyway", link)
        return sorted([*self._files, *self._new_linked_files()])

    def _new_linked_files(self) -> Iterator[str]:
        if not self._linked_files:
            return
        seen = {_identity(os.stat(path)) for path in self._files}
        for link in sorted(self._linked_files):
            identity = _identity(os.stat(link))
            if identity in seen:
                self._leave_out("links to files that are read anyway", link)
            else:
                seen.add(identity)
                yield link

    def _folder(self, top: str) -> bool:
        """Looks at a folder and all folders in it but for links; False if it was met before."""
        waiting = [top]
        while waiting:
            folder = waiting.pop()
            identity = _identity(os.stat(folder))
            if identity in self._folders:
                if folder == top:
                    return False
                continue
            self._folders.add(identity)
            with os.scandir(folder) as entries:
                waiting += [entry.path for entry in entries if self._is_folder(entry)]
        return True

    def _is_folder(self, entry: os.DirEntry[str]) -> bool:
        """Takes down a file or a link; True for a folder that is still to be looked at."""
        self._progress.update()
        if not self._enters(below(entry.path, self._root)):
            return False
        is_link = entry.is_symlink()
        if entry.is_dir(follow_symlinks=False):
            return True
        try:
            status = entry.stat() if is_link else None
        except OSError:
            self._leave_out("links that lead nowhere", entry.path)
            return False
        if status and stat.S_ISDIR(status.st_mode):
            self._linked_folders.append(entry.path)
        elif not entry.is_file():
            self._leave_out("no regular files", entry.path)
        else:
            (self._linked_files if is_link else self._files).append(entry.path)
        return False

    def _leave_out(self, why: str, path: str) -> None:
        self._left_out.add(why, below(path, self._root))


def _identity(status: os.stat_result) -> _Identity:
    return status.st_dev, status.st_ino
