"""Snapshots and training states as files: which files they are, finding the newest, deleting the old. No TensorFlow.

A snapshot, train_dir/model.ckpt-N.*, is what is handed in. A training state, train_dir/state/state.ckpt-N.*, is what
training goes on from. A kill at any instant leaves the newest complete one of both usable: their files are written
first, and then the file `checkpoint`, which names them.
"""

import contextlib
import os
import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from gan.console.errors import StateError
from gan.storage import cache, files, paths

SNAPSHOT, STATE = "model.ckpt", "state.ckpt"
STATE_FOLDER = "state"
TRAINING_OPTIONS = "training_options.json"  # training_options.py says what it holds
STATE_PARTS = ("index",)  # the parts of a state beside its data
LOOKS = 3  # how often to look again if a trainer deletes what was just found

_POINTER, _LOG = "checkpoint", "events.out.tfevents."
_LONGEST_POINTER = 2**20  # bytes of a file `checkpoint`
_SNAPSHOT_PARTS = ("index", "meta")  # beside its data
# Steps have at most 18 digits, so that each fits into 64 bits.
_STEP = re.compile(r"-(\d{1,18})\Z", re.ASCII)
_ENDING = re.compile(r"\.(index|meta|data-\d{5}-of-\d{5})\Z", re.ASCII)
_UNFINISHED = r"(?P<unfinished>\.tempstate\d+|(\.[0-9a-f]{8})?\.part)?\Z"  # by TensorFlow's saver, by storage.files
_FILE = re.compile(
    r"(?P<base>model\.ckpt|state\.ckpt)-(?P<step>0|[1-9]\d{0,17})\."
    rf"(?P<part>index|meta|data-\d{{5}}-of-(?P<shards>\d{{5}})){_UNFINISHED}",
    re.ASCII,
)
_OTHER_FILE = re.compile(rf"({_POINTER}|{re.escape(TRAINING_OPTIONS)}){_UNFINISHED}", re.ASCII)


class Found(NamedTuple):
    """A complete snapshot or state on disk."""

    prefix: str  # path on disk without .index, .meta and .data-*
    step: int
    path: str  # where it was found, also without these endings; for messages


class Listed(NamedTuple):
    """A complete snapshot or state, of which nothing was fetched yet."""

    folder: str
    path: str  # without .index, .meta and .data-*
    step: int
    files: dict[str, files.ListedFile]  # by name; its parts alone
    pointer: str | None = None  # the `named_path` of its folder; None also if the snapshot was asked for by its path


def _accept(listed: Listed) -> None:
    """The check that lets everything pass."""


def folder_of(where: str) -> str:
    """The folder in which `latest_snapshot` looks: `where`, or the folder of the snapshot that it names."""
    folder, _, name = where.rpartition("/")
    return (folder or ".") if name.startswith(SNAPSHOT) and _STEP.fullmatch(name, len(SNAPSHOT)) else where


def step_of(name: str) -> int | None:
    """The step at the end of a snapshot's path, given without .index, .meta and .data-*; None if there is none."""
    match = _STEP.search(name)
    return int(match[1]) if match else None


def part_of(name: str, file: str) -> str | None:
    """Which part of the snapshot `name` a file is: "index", "meta" or "data"; None if it is no part of it."""
    match = _ENDING.search(file)
    return match[1].partition("-")[0] if match and file[: match.start()] == name else None


def latest_snapshot(where: str, check: Callable[[Listed], None] = _accept) -> Found | None:
    """Finds the newest complete snapshot; one in a bucket is copied to the disk.

    Args:
        where: a folder, or the path of one snapshot such as /tmp/run/model.ckpt-1000.
        check: called with the snapshot before any of its files is fetched. It raises if the snapshot is not wanted.

    Returns:
        The snapshot, or None if there is none.
    """
    where = _ENDING.sub("", where)
    return _brought_to_disk(lambda: _named_by(where) or _newest(where, _SNAPSHOT_PARTS), check)


def latest_state(train_dir: str) -> Found | None:
    """Finds the newest complete training state of a train_dir, on disk or in a bucket; None if there is none."""
    return _brought_to_disk(lambda: _newest(paths.join(train_dir, STATE_FOLDER), STATE_PARTS))


def handed_in(prefix: str) -> dict[str, bytes]:
    """What is handed in of a snapshot: its files, then a `checkpoint` that names it alone.

    Args:
        prefix: the snapshot's path on disk, without .index, .meta and .data-*.

    Returns:
        name -> content, in the order to copy them.
    """
    folder, base = os.path.split(prefix)
    names = sorted((name for name in files.names(folder) if name.startswith(base + ".")), key=upload_rank)
    contents = {name: files.read(os.path.join(folder, name)) for name in names}
    return {**contents, _POINTER: _pointer([base])}


def snapshot_steps(where: str) -> list[int]:
    """Steps of all complete snapshots in `folder_of(where)`, rising."""
    return sorted(all_complete(files.names(folder_of(where)), _SNAPSHOT_PARTS))


def named_path(folder: str) -> str | None:
    """The path that the file `checkpoint` of a folder names, as it is written there.

    Returns:
        None if there is no such file; "" if it names nothing, is a link or no regular file, or is too long.
    """
    try:
        content = files.read_small(paths.join(folder, _POINTER), _LONGEST_POINTER)
    except FileNotFoundError:
        return None
    except OSError:
        return ""
    match = re.search(r'^model_checkpoint_path:\s*"([^"]*)"', content.decode(errors="replace"), re.MULTILINE)
    return match[1] if match else ""


def all_complete(names: Iterable[str], parts: Sequence[str]) -> dict[int, tuple[str, list[str]]]:
    """Finds the complete snapshots or states among the files of one folder.

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
        raise StateError(f"--train_dir={train_dir} cannot be written: {error.strerror}") from error


def locked(train_dir: str) -> contextlib.AbstractContextManager[None]:
    """Keeps a second trainer out of a train_dir; raises StateError if one is at work in it."""
    return files.locked(os.path.join(train_dir, STATE_FOLDER, ".lock"), f"--train_dir={train_dir}")


def write(path: str, content: bytes) -> None:
    """Writes a file of a snapshot or state, whole or not at all; raises StateError if it cannot be written."""
    try:
        files.write_whole(path, content)
    except OSError as error:
        raise StateError(f"{path} could not be written, the last complete one is kept: {error.strerror}") from error


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
    write(os.path.join(folder, _POINTER), _pointer([f"{base}-{s}" for s in steps]))
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
    """Whether a file is one that a trainer writes to train_dir or train_dir/state."""
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
    match = _FILE.match(os.path.basename(name))
    kind = ("data", "index", "meta").index(match["part"][:5].partition("-")[0]) if match else 3
    return is_pointer(name), not name.startswith(STATE_FOLDER), kind, name


def _remove(train_dir: str, is_wanted: Callable[[str], object]) -> list[str]:
    removed = []
    for folder in (os.path.join(train_dir, STATE_FOLDER), train_dir):
        for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
            if is_wanted(name):
                os.remove(os.path.join(folder, name))
                removed.append(os.path.join(folder, name))
    return removed


def _brought_to_disk(find: Callable[[], Listed | None], check: Callable[[Listed], None] = _accept) -> Found | None:
    """Checks and fetches what `find` lists; None if it lists nothing."""
    for _ in range(LOOKS):
        listed = find()
        if listed is None:
            return None
        check(listed)
        with contextlib.suppress(FileNotFoundError):  # a trainer has deleted it since
            local = cache.listed_on_disk(listed.folder, listed.files)
            return Found(os.path.join(local, os.path.basename(listed.path)), listed.step, listed.path)
    return None


def _named_by(path: str) -> Listed | None:
    """The snapshot of this path, given without .index, .meta and .data-*; None if it is not complete."""
    folder, _, name = path.rpartition("/")
    if not name:
        return None
    listed = files.entries(folder or ".", name + ".")
    parts = {file: entry for file, entry in listed.items() if part_of(name, file)}
    is_there = {f"{name}.{part}" for part in _SNAPSHOT_PARTS} <= {*parts}
    return Listed(folder or ".", path, step_of(name) or 0, parts) if is_there else None


def _newest(folder: str, parts: Sequence[str]) -> Listed | None:
    """The one that `checkpoint` names if it is complete, else the newest complete one, else None."""
    listed = files.entries(folder)
    complete = all_complete(listed, parts)
    if not complete:
        return None
    pointer = named_path(folder)
    named = step_of(pointer or "")  # the folder in the pointer is another one after a copy, so it does not count
    step = named if named in complete else max(complete)
    base, names = complete[step]
    path = paths.join(folder, f"{base}-{step}")
    return Listed(folder, path, step, {name: listed[name] for name in names}, pointer)


def _pointer(names: Sequence[str]) -> bytes:
    """Content of a file `checkpoint` that names the last of these, and lists all."""
    lines = [f'model_checkpoint_path: "{names[-1]}"', *(f'all_model_checkpoint_paths: "{name}"' for name in names)]
    return ("\n".join(lines) + "\n").encode()
