"""Where a worker trains the trials of a sweep, one after the other. No TensorFlow.

Such a room is the result of a call of the worker, and stays with it. Dask drops it when the sweep drops it or is gone:
then the trial that trains is stopped, and all files are removed.
"""

import contextlib
import os
import pathlib
import shutil
import tempfile
import weakref
from collections.abc import Mapping
from typing import Any, NamedTuple

from gan.console.errors import HostError
from gan.distributed import code_version
from gan.distributed.code_version import CodeVersion
from gan.distributed.trial_process import TrialProcess
from gan.snapshots import checkpoint_files, snapshot_names
from gan.storage import files
from gan.training.quality_record import QualityLine

_LEAST_FREE = 64 * 2**20  # bytes on disk; a trial that failed with less did not fail by its flags
_SECONDS_TO_END = 10  # of a trial whose result nobody wants any more

Files = Mapping[str, bytes]  # path below a folder, with slashes -> content
_Stamp = tuple[int, int]  # changes with a file: its time and size


class TrialData(NamedTuple):
    """What all trials of a sweep need.

    Attributes:
        files: name of a flag -> name -> content of the files that it names on the sweep's machine.
    """

    files: Mapping[str, Files]


class TrialState(NamedTuple):
    """How far a trial is."""

    exit_code: int | None  # None while it runs
    measured: list[QualityLine]
    last_line: str  # that it printed
    saved: int  # another number after each time that it saves; 0 if it never did


class TrialFiles(NamedTuple):
    """The files of a trial's folder."""

    names: set[str]  # of all that are there, paths below the folder
    changed: Files  # those that have changed since they were asked for last


class TrialRoom:
    """Trains one trial at a time.

    Args:
        data: what all trials need.
        folder: in which a folder for it is made.
    """

    def __init__(self, data: TrialData, folder: str) -> None:
        resources = contextlib.ExitStack()
        self.close = weakref.finalize(self, resources.close)
        self._folder = resources.enter_context(
            tempfile.TemporaryDirectory(prefix="gan-trials-", dir=folder, ignore_cleanup_errors=True)
        )
        self._ending = resources.enter_context(contextlib.ExitStack())  # of the trial that trains
        self._process: TrialProcess | None = None
        self._train_dir = self._folder
        self._flags: dict[str, str] = {}
        self._sent: dict[str, _Stamp] = {}  # path below the trial's folder -> of the file that the sweep has
        for name, content in data.files.items():
            where = os.path.join(self._folder, "data", name)
            unpack(where, content)
            self._flags[name] = ",".join(os.path.join(where, file) for file in content)

    def begin(self, name: str, flags: Mapping[str, Any], content: Files) -> None:
        """Begins a trial, or goes on with one.

        Args:
            name: of its folder.
            flags: of train, but train_dir.
            content: files of its folder if it was stopped before.
        """
        self._ending.close()
        self._train_dir = os.path.join(self._folder, name)
        unpack(self._train_dir, content)
        self._sent = {name: _stamp(path) for name, path in _files_of(self._train_dir).items()}
        self._process = TrialProcess(self._train_dir, {**flags, **self._flags})
        self._ending.callback(_end, self._process)

    def look(self) -> TrialState:
        """Tells how far the trial is; raises HostError if it failed on a full disk."""
        assert self._process
        exit_code = self._process.exit_code  # asked first: what it measured at its end is there then
        if exit_code and shutil.disk_usage(self._folder).free < _LEAST_FREE:
            raise HostError(f"the disk of {self._folder} is nearly full")
        return TrialState(exit_code, self._process.measured(), self._process.last_line(), self._saved())

    def stop(self) -> None:
        """Asks the trial to save and to end."""
        assert self._process
        self._process.ask_to_stop()

    def kill(self) -> None:
        """Ends a trial that does not end by itself."""
        self._ending.close()
        self._sent.clear()  # what was sent last may not have arrived

    def content(self) -> TrialFiles:
        """The files of the trial's folder. If it trains, they are what a kill at this instant would leave."""
        files_there, changed = _files_of(self._train_dir), {}
        for name, path in files_there.items():
            with contextlib.suppress(FileNotFoundError):  # the trial has removed it since
                stamp = _stamp(path)
                if self._sent.get(name) != stamp:
                    changed[name] = path.read_bytes()
                    self._sent[name] = stamp
        return TrialFiles(set(files_there), changed)

    def _saved(self) -> int:
        pointers = [path for name, path in _files_of(self._train_dir).items() if checkpoint_files.is_pointer(name)]
        with contextlib.suppress(FileNotFoundError):  # it saves at this instant
            return max((path.stat().st_mtime_ns for path in pointers), default=0)
        return 0


def packed(folder: str) -> dict[str, bytes]:
    """Path below a folder -> content, of all its files; empty if there is no such folder."""
    return {name: path.read_bytes() for name, path in _files_of(folder).items()}


def _files_of(folder: str) -> dict[str, pathlib.Path]:
    """Path below a folder -> path; pointers first, since what they name is there already."""
    root = pathlib.Path(folder)
    found = {path.relative_to(root).as_posix(): path for path in root.rglob("*") if not path.is_symlink()}
    wanted = [name for name, path in found.items() if _is_wanted(name) and path.is_file()]
    return {
        name: found[name] for name in sorted(wanted, key=lambda name: (not checkpoint_files.is_pointer(name), name))
    }


def _is_wanted(name: str) -> bool:
    return os.path.basename(name) != ".lock" and not checkpoint_files.is_partial(name)


def _stamp(path: pathlib.Path) -> _Stamp:
    status = path.stat()
    return status.st_mtime_ns, status.st_size


def bring_home(folder: str, content: TrialFiles) -> None:
    """Makes a folder here what a trial's folder is at its worker; a kill at any instant leaves a state in it."""
    unpack(folder, content.changed)
    for name in _superseded(folder, content.names):
        os.remove(os.path.join(folder, *name.split("/")))


def _superseded(folder: str, names: set[str]) -> list[str]:
    """Files of snapshots and states that the worker has removed. None if it is just losing its whole folder."""
    gone = [name for name in _files_of(folder) if snapshot_names.part_of(name) and name not in names]
    for place in ("", f"{checkpoint_files.STATE_FOLDER}/", f"{checkpoint_files.BEST_FOLDER}/"):
        newest = checkpoint_files.named_path(os.path.join(folder, place))
        if newest and any(name.startswith(f"{place}{os.path.basename(newest)}.") for name in gone):
            return []
    return gone


def unpack(folder: str, content: Files) -> None:
    """Writes files below a folder, which is made; the file `checkpoint` of each folder comes last."""
    os.makedirs(folder, exist_ok=True)
    for name in sorted(content, key=lambda name: (checkpoint_files.is_pointer(name), name)):
        path = os.path.join(folder, *name.split("/"))
        if not os.path.abspath(path).startswith(os.path.abspath(folder) + os.sep):
            raise ValueError(f"{name} leads out of {folder}")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        files.write_whole(path, content[name])


def _end(process: TrialProcess) -> None:
    process.ask_to_stop()
    process.wait(_SECONDS_TO_END)


def open_trials(data: TrialData) -> TrialRoom:
    """What a worker is asked for first."""
    from dask.distributed import get_worker

    return TrialRoom(data, get_worker().local_directory)


def code_of(room: TrialRoom) -> CodeVersion:
    """Which code the worker has, once its room is there."""
    return code_version.here()


def begin(room: TrialRoom, name: str, flags: Mapping[str, Any], content: Files) -> None:
    """See TrialRoom.begin."""
    room.begin(name, flags, content)


def look(room: TrialRoom) -> TrialState:
    """See TrialRoom.look."""
    return room.look()


def stop(room: TrialRoom, begun: None) -> None:
    """See TrialRoom.stop; `begun` is what `begin` returned, so that it comes first."""
    room.stop()


def content_of(room: TrialRoom, is_killed: bool) -> TrialFiles:
    """The files of a trial that trains, has ended, or is killed now."""
    if is_killed:
        room.kill()
    return room.content()
