"""Snapshots and training states as files: which files they are, finding the right one, deleting the old. No TensorFlow.

A snapshot is what is handed in. Anybody's is known by its name, which the file `checkpoint` tells; see snapshot_names.
Those of our own training are train_dir/model.ckpt-N.*, and have a number. A training state,
train_dir/state/state.ckpt-N.*, is what training goes on from. A kill at any instant leaves the newest complete one of
both usable: their files are written first, and then the file `checkpoint`, which names them.
"""

import contextlib
import os
import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from gan.console.errors import StateError, of_system
from gan.snapshots import snapshot_names
from gan.storage import cache, files, paths

SNAPSHOT, STATE = "model.ckpt", "state.ckpt"
STATE_FOLDER = "state"
BEST_FOLDER = "best"  # of train_dir, with the best snapshot of a training and a note about it
BEST_NOTE = "best.json"  # training/quality_watch.py says what it holds
QUALITY = "quality.jsonl"  # training/quality_record.py says what it holds
TRAINING_OPTIONS = "training_options.json"  # training_options.py says what it holds
STATE_PARTS = ("index",)  # the parts of a state beside its data
LOOKS = 3  # how often to look again if a trainer deletes what was just found

_POINTER, _LOG = snapshot_names.POINTER, "events.out.tfevents."
_LONGEST_POINTER = 2**20  # bytes of a file `checkpoint`
_SNAPSHOT_PARTS = ("index", "meta")  # beside its data
_OWN_NAME = re.compile(re.escape(SNAPSHOT) + r"(-\d{1,18})?", re.ASCII)
_UNFINISHED = r"(?P<unfinished>\.tempstate\d+|(\.[0-9a-f]{8})?\.part)?\Z"  # by TensorFlow's saver, by storage.files
_FILE = re.compile(
    r"(?P<base>model\.ckpt|state\.ckpt)-(?P<step>0|[1-9]\d{0,17})\."
    rf"(?P<part>index|meta|data-\d{{5}}-of-(?P<shards>\d{{5}})){_UNFINISHED}",
    re.ASCII,
)
_NOTES = "|".join(map(re.escape, (TRAINING_OPTIONS, BEST_NOTE, QUALITY)))
_OTHER_FILE = re.compile(rf"({_POINTER}|{_NOTES}){_UNFINISHED}", re.ASCII)


class Found(NamedTuple):
    """A complete snapshot or state on disk."""

    prefix: str  # path on disk without .index, .meta and .data-*
    step: int | None  # at the end of its name, to be shown; None if there is none
    path: str  # where it was found, also without these endings; for messages
    note: str | None = (
        None  # why it is not the one that `checkpoint` names; None if it is, or was asked for by its path
    )


class Listed(NamedTuple):
    """A complete snapshot or state, of which nothing was fetched yet."""

    folder: str
    path: str  # without .index, .meta and .data-*
    files: dict[str, files.ListedFile]  # by name; its parts alone
    pointer: str | None = None  # the `named_path` of its folder; None also if the snapshot was asked for by its path
    note: str | None = None  # as in Found

    @property
    def name(self) -> str:
        """Its name, as other files of its folder do not have it."""
        return os.path.basename(self.path)


def _accept(listed: Listed) -> None:
    """The check that lets everything pass."""


def folder_of(where: str) -> str:
    """The folder in which `latest_snapshot` looks: `where`, or the folder of the snapshot that it names.

    Raises:
        UserError: the bucket cannot be read.
    """
    if files.is_folder(where):
        return where
    for prefix in dict.fromkeys((where, snapshot_names.without_ending(where))):
        folder, name = _split(prefix)
        names = {}
        with contextlib.suppress(PermissionError):  # a folder that may be gone through, and not be listed
            names = files.entries(folder, name) if name else {}
        if _OWN_NAME.fullmatch(name) or snapshot_names.parts_of(name, names):  # our own may have been deleted since
            return folder
    return where


def latest_snapshot(where: str, check: Callable[[Listed], None] = _accept, most: int | None = None) -> Found | None:
    """Finds the snapshot that plays; one in a bucket is copied to the disk.

    Args:
        where: a folder, whose file `checkpoint` names it, or the path of one snapshot such as /tmp/run/model.ckpt-1000
            or /tmp/run/mygan.meta. If the named one is not complete, the newest one by time is taken.
        check: called with the snapshot before any of its files is fetched. It raises if the snapshot is not wanted.
        most: bytes that its files may have together once they are fetched and decompressed; None for any number.

    Returns:
        The snapshot, or None if there is none.

    Raises:
        OSError: of errno EFBIG, files of a bucket have more bytes than `most`.
    """
    return _brought_to_disk(lambda: _find(where), check, most)


def has_snapshot(where: str) -> bool:
    """Whether `latest_snapshot` would find one; fetches none of its files."""
    return _find(where) is not None


def latest_own_snapshot(train_dir: str) -> Found | None:
    """Finds the newest complete snapshot that our own training wrote to a train_dir; None if there is none."""
    return _brought_to_disk(lambda: _newest_by_number(train_dir, _SNAPSHOT_PARTS))


def latest_state(train_dir: str) -> Found | None:
    """Finds the newest complete training state of a train_dir, on disk or in a bucket; None if there is none."""
    return _brought_to_disk(lambda: _newest_by_number(paths.join(train_dir, STATE_FOLDER), STATE_PARTS))


def handed_in(prefix: str) -> dict[str, bytes]:
    """What is handed in of a snapshot: its files, then a `checkpoint` that names it alone.

    Args:
        prefix: the snapshot's path on disk, without .index, .meta and .data-*.

    Returns:
        name -> content, in the order to copy them.
    """
    folder, base = os.path.split(prefix)
    names = sorted(snapshot_names.parts_of(base, files.names(folder)), key=upload_rank)
    contents = {name: files.read(os.path.join(folder, name)) for name in names}
    return {**contents, _POINTER: snapshot_names.pointer_to([base])}


def snapshot_steps(where: str) -> list[int]:
    """Steps of our own training's complete snapshots in `folder_of(where)`, rising."""
    return sorted(snapshots_written(where))


def snapshots_written(where: str) -> dict[int, files.ListedFile]:
    """The same steps, each with a file of its snapshot, which tells a new one from one of an earlier training."""
    listed = files.entries(folder_of(where))
    complete = all_complete(listed, _SNAPSHOT_PARTS)
    return {step: listed[f"{base}-{step}.{_SNAPSHOT_PARTS[0]}"] for step, (base, _) in complete.items()}


def named_path(folder: str) -> str | None:
    """The path that the file `checkpoint` of a folder names.

    Returns:
        None if there is no such file; "" if it names nothing, is a link or no regular file, or is too long.
    """
    try:
        content = files.read_small(paths.join(folder, _POINTER), _LONGEST_POINTER)
    except FileNotFoundError:
        return None
    except OSError:
        return ""
    return snapshot_names.named_in(content)


def all_complete(names: Iterable[str], parts: Sequence[str]) -> dict[int, tuple[str, list[str]]]:
    """Finds the complete snapshots or states of our own training among the files of one folder.

    Args:
        names: names of files.
        parts: what must be there beside the data: some of "index" and "meta".

    Returns:
        step -> (SNAPSHOT or STATE, names of its files).
    """
    have: dict[tuple[str, int], list[re.Match[str]]] = {}
    for name in names:
        match = _FILE.match(name)
        if match and not match["unfinished"]:
            have.setdefault((match["base"], int(match["step"])), []).append(match)
    complete = {}
    for (base, step), matches in have.items():
        shards = [int(match["shards"]) for match in matches if match["shards"]]
        if {*parts} <= {match["part"] for match in matches} and shards and len(shards) == shards[0]:
            complete[step] = base, sorted(match.string for match in matches)
    return complete


def prepare_folder(train_dir: str) -> None:
    """Makes train_dir and train_dir/state; raises StateError if they cannot be written."""
    try:
        files.check_writable(os.path.join(train_dir, STATE_FOLDER))
    except OSError as error:
        raise StateError(f"--train_dir={train_dir} cannot be written: {of_system(error, named=True)}") from error


def locked(train_dir: str) -> contextlib.AbstractContextManager[None]:
    """Keeps a second trainer out of a train_dir; raises StateError if one is at work in it."""
    return files.locked(os.path.join(train_dir, STATE_FOLDER, ".lock"), f"--train_dir={train_dir}")


def write(path: str, content: bytes) -> None:
    """Writes a file of a snapshot or state, whole or not at all; raises StateError if it cannot be written."""
    try:
        files.write_whole(path, content)
    except OSError as error:
        why = of_system(error, named=True)
        raise StateError(f"{path} could not be written, the last complete one is kept: {why}") from error


def publish(folder: str, base: str, step: int, keep: int) -> None:
    """Names the new snapshot or state in `checkpoint`, then deletes old ones and what a killed run left unfinished.

    Args:
        folder: on disk.
        base: SNAPSHOT or STATE.
        step: of the new one.
        keep: how many stay, at least 1.

    Raises:
        StateError: `checkpoint` cannot be written.
    """
    steps = sorted(s for s in all_complete(files.names(folder), STATE_PARTS) if s <= step)[-keep:]
    write(os.path.join(folder, _POINTER), snapshot_names.pointer_to([f"{base}-{s}" for s in steps]))
    for name in os.listdir(folder):
        match = _FILE.match(name)
        if match and match["base"] == base and int(match["step"]) not in steps:
            os.remove(os.path.join(folder, name))


def remove_training(train_dir: str) -> list[str]:
    """Removes what a trainer wrote to train_dir, and no other file; returns the paths removed."""
    return _remove(train_dir, is_of_training)


def remove_logs(folder: str) -> list[str]:
    """Removes TensorBoard's files from a folder; returns their paths."""
    return _remove(folder, is_log)


def remove_leftovers(train_dir: str) -> None:
    """Removes the files that a killed trainer was writing, so that they do not fill the disk."""
    _remove(train_dir, lambda name: (match := _FILE.match(name) or _OTHER_FILE.match(name)) and match["unfinished"])


def is_of_training(name: str) -> bool:
    """Whether a file is one that a trainer writes to train_dir or a folder in it."""
    return bool(_FILE.match(name) or _OTHER_FILE.match(name)) or is_log(name)


def is_pointer(name: str) -> bool:
    """Whether a file names the newest snapshot or state."""
    return os.path.basename(name) == _POINTER


def is_partial(name: str) -> bool:
    """Whether a file is still being written."""
    match = _FILE.match(os.path.basename(name))
    return files.is_unfinished(name) or bool(match and match["unfinished"])


def is_log(name: str) -> bool:
    """Whether a file is one of TensorBoard's."""
    return os.path.basename(name).startswith(_LOG)


def upload_rank(name: str) -> tuple[bool, bool, int, str]:
    """Sorts files so that a reader who sees them appear one by one never sees half a snapshot."""
    part = snapshot_names.part_of(name)
    kind = ("data", "index", "meta").index(part) if part else 3
    return is_pointer(name), not name.startswith(STATE_FOLDER), kind, name


def _remove(train_dir: str, is_wanted: Callable[[str], object]) -> list[str]:
    removed = []
    for folder in (os.path.join(train_dir, STATE_FOLDER), os.path.join(train_dir, BEST_FOLDER), train_dir):
        for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
            if is_wanted(name):
                os.remove(os.path.join(folder, name))
                removed.append(os.path.join(folder, name))
    return removed


def _brought_to_disk(
    find: Callable[[], Listed | None], check: Callable[[Listed], None] = _accept, most: int | None = None
) -> Found | None:
    """Checks and fetches what `find` lists; None if it lists nothing."""
    for _ in range(LOOKS):
        listed = find()
        if listed is None:
            return None
        check(listed)
        with contextlib.suppress(FileNotFoundError):  # a trainer has deleted it since
            local = cache.listed_on_disk(listed.folder, listed.files, most)
            step = snapshot_names.step_of(listed.name)
            return Found(os.path.join(local, listed.name), step, listed.path, listed.note)
    return None


def _find(where: str) -> Listed | None:
    """A folder whose name looks like a snapshot's is a folder, and a snapshot's name may look like that of a file."""
    prefix = snapshot_names.without_ending(where)
    return _chosen_in(where) or _named_by(where) or (_named_by(prefix) if prefix != where else None)


def _chosen_in(folder: str) -> Listed | None:
    """The snapshot that `checkpoint` names if it is complete, else the newest complete one by time, else None."""
    listed = files.entries(folder)
    complete = snapshot_names.complete(listed)
    if not complete:
        return None
    pointer, note = named_path(folder), None
    # The folder in the pointer is another one after a copy, so it does not count.
    name = next((name for name in snapshot_names.last_parts(pointer or "") if name in complete), None)
    if name is None:

        def age(name: str) -> tuple[float, int, str]:
            step = snapshot_names.step_of(name)
            return max(listed[file].modified for file in complete[name]), -1 if step is None else step, name

        name = max(complete, key=age)
        note = snapshot_names.choice(pointer, name)
    return Listed(folder, paths.join(folder, name), {file: listed[file] for file in complete[name]}, pointer, note)


def _named_by(path: str) -> Listed | None:
    """The snapshot of this path, given without .index, .meta and .data-*; None if it is not complete."""
    folder, name = _split(path)
    listed = files.entries(folder, name) if name else {}
    parts = snapshot_names.complete(snapshot_names.parts_of(name, listed)).get(name)
    return Listed(folder, path, {file: listed[file] for file in parts}) if parts else None


def _split(path: str) -> tuple[str, str]:
    """(folder, name) of a snapshot's path, which may be in a bucket."""
    folder, slash, name = path.rpartition("/")
    return (folder or slash or "."), name


def _newest_by_number(folder: str, parts: Sequence[str]) -> Listed | None:
    """Our own that `checkpoint` names if it is complete, else the complete one of the largest number, else None."""
    listed = files.entries(folder)
    complete = all_complete(listed, parts)
    if not complete:
        return None
    pointer = named_path(folder)
    named = snapshot_names.step_of(pointer or "")
    step = named if named in complete else max(complete)
    base, names = complete[step]
    path = paths.join(folder, f"{base}-{step}")
    return Listed(folder, path, {name: listed[name] for name in names}, pointer)
