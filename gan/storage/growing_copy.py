"""Files of a bucket's folder on disk, which grow as they do: for programs that follow files and know no buckets."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable
from concurrent import futures

from gan.console.progress import Progress
from gan.storage import buckets, files, paths

FETCHES = 8  # files fetched at a time


class GrowingCopy:
    """Some files of a folder in a bucket, and of the folders below it, in a folder on disk.

    A reader of the copy may keep a file open. If the file grew in the bucket, only its new bytes are fetched, and they
    are added to the end of the same file. Other changes replace the file.

    Args:
        remote: the folder in the bucket.
        local: an empty folder on disk, for this object alone.
        wanted: function from a file's name, without its folder, to whether it belongs to the copy.

    Attributes:
        path: the folder on disk that holds the copy, and nothing else at any time.
    """

    def __init__(self, remote: str, local: str, wanted: Callable[[str], bool]) -> None:
        self._remote, self._wanted = remote, wanted
        self.path, self._unfinished = os.path.join(local, "copy"), os.path.join(local, "unfinished")
        os.makedirs(self.path)
        self._copied: dict[str, buckets.BucketObject] = {}  # name below the folder -> what was copied

    def refresh(self) -> int:
        """Fetches what is new in the bucket, and removes what is gone from it.

        Returns:
            the number of files in the copy.

        Raises:
            StateError: there is no such bucket.
            UserError: it cannot be read. Files that were fetched until then stay.
        """
        listed = self._listed()
        for name in set(self._copied) - set(listed):
            del self._copied[name]
            with contextlib.suppress(FileNotFoundError):  # as a system does that cleans up temporary files
                os.remove(self._local(name))
        changed = {name: each for name, each in listed.items() if self._copied.get(name) != each}
        size = sum(each.size - self._size_copied(name) for name, each in changed.items())
        with (
            Progress(f"fetching {self._remote}", size, "byte", scale=True, only_if_long=True) as progress,
            futures.ThreadPoolExecutor(FETCHES) as pool,
        ):
            for fetched in pool.map(self._fetch, changed.items()):
                progress.update(fetched)
        return len(self._copied)

    def _listed(self) -> dict[str, buckets.BucketObject]:
        """The files of the bucket that belong to the copy, by their names below the folder."""
        prefix = paths.prefix_of(self._remote)
        found = {each.name[len(prefix) :]: each for each in buckets.list_objects(self._remote, prefix)}
        return {name: each for name, each in found.items() if _is_name(name) and self._wanted(name.rpartition("/")[2])}

    def _fetch(self, item: tuple[str, buckets.BucketObject]) -> int:
        """Brings one file up to date; returns how many bytes it grew by."""
        name, found = item
        before = self._size_copied(name)
        with contextlib.suppress(FileNotFoundError):  # it has changed since it was listed; the next time gets it
            # Of a file that is compressed in the bucket, the copy has another size.
            if os.path.exists(self._local(name)) and os.path.getsize(self._local(name)) == before < found.size:
                self._append(name, before, found.generation)
            else:
                self._replace(name, found.generation)
            self._copied[name] = found
            return found.size - before
        return 0

    def _append(self, name: str, start: int, generation: int) -> None:
        with tempfile.TemporaryFile() as rest:
            buckets.download_rest(paths.join(self._remote, name), rest, start, generation)
            rest.seek(0)
            with open(self._local(name), "ab") as file:
                shutil.copyfileobj(rest, file)

    def _replace(self, name: str, generation: int) -> None:
        # Not beside the copy's files: a reader would take an unfinished file for one of them.
        unfinished = os.path.join(self._unfinished, *name.split("/"))
        files.fetch(paths.join(self._remote, name), unfinished, generation)
        os.makedirs(os.path.dirname(self._local(name)), exist_ok=True)
        os.replace(unfinished, self._local(name))

    def _size_copied(self, name: str) -> int:
        """Bytes that the file had in the bucket when it was copied; 0 if it was not."""
        return self._copied[name].size if name in self._copied else 0

    def _local(self, name: str) -> str:
        return os.path.join(self.path, *name.split("/"))


def _is_name(name: str) -> bool:
    """Whether a name in a bucket can be that of a file below a folder on disk."""
    return all(part not in ("", ".", "..") and os.path.basename(part) == part for part in name.split("/"))
