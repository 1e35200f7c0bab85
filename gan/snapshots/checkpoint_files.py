"""Snapshots and training states as files: find, name, prune. No TensorFlow.

A snapshot, train_dir/model.ckpt-N.*, is what is handed in. A training state,
train_dir/state/state.ckpt-N.*, is what training goes on from. Both are written so that a kill at any
instant leaves the newest complete one usable: files first, `checkpoint`, which names them, last.
"""

import contextlib
import os
import re
from typing import NamedTuple

from gan.console.errors import StateError
from gan.storage import cache, files, paths

SNAPSHOT, STATE = "model.ckpt", "state.ckpt"
STATE_FOLDER = "state"
TRAINING_OPTIONS = "training_options.json"  # training_options.py says what it holds
_INDEX_FILE, _LOG = "checkpoint", "events.out.tfevents."
_LONGEST_POINTER = 2**20  # bytes of a file `checkpoint`
_SNAPSHOT_PARTS, STATE_PARTS = ("index", "meta"), ("index",)  # beside the data
LOOKS = 3  # how often to look again where a trainer deletes what was just found
# Steps have at most 18 digits: any is a whole number of 64 bits.
_STEP = re.compile(r"-(\d{1,18})\Z", re.ASCII)
_ENDING = re.compile(r"\.(index|meta|data-\d{5}-of-\d{5})\Z", re.ASCII)
_FILE = re.compile(
    r"(?P<base>model\.ckpt|state\.ckpt)-(?P<step>0|[1-9]\d{0,17})\."
    r"(?P<part>index|meta|data-\d{5}-of-(?P<shards>\d{5}))(?P<temporary>\.tempstate\d+|\.part)?\Z",
    re.ASCII,
)


class Found(NamedTuple):
    """A complete snapshot or state."""

    prefix: str  # path on disk without .index, .meta and .data-*
    step: int
    path: str  # where it was found, likewise without the endings; for messages


class Listed(NamedTuple):
    """A complete snapshot or state before anything of it is fetched."""

    folder: str
    path: str  # without .index, .meta and .data-*
    step: int
    files: dict  # name -> files.Entry, of nothing but its parts
    pointer: str | None = None  # the `named_path` of its folder; None also where the snapshot itself was named


def folder_of(where):
    """The folder of what `latest_snapshot` takes: itself, or the one that holds the snapshot named."""
    folder, _, name = where.rpartition("/")
    return (folder or ".") if name.startswith(SNAPSHOT) and _STEP.fullmatch(name, len(SNAPSHOT)) else where


def step_of(name):
    """The step that a snapshot's path without endings ends with, or None."""
    match = _STEP.search(name)
    return int(match[1]) if match else None


def part_of(name, file):
    """Which part of the snapshot `name` a file is: "index", "meta" or "data"; None where it is none."""
    match = _ENDING.search(file)
    return match[1].partition("-")[0] if match and file[: match.start()] == name else None


def latest_snapshot(where, check=lambda listed: None):
    """Finds the newest complete snapshot; one in a bucket is copied to the disk.

    Args:
        where: a folder, or the prefix of one snapshot such as /tmp/run/model.ckpt-1000.
        check: function that is given the Listed before anything of it is fetched; what it raises is raised.

    Returns:
        A Found, or None where the folder has none.
    """
    where = _ENDING.sub("", where)
    return _at_hand(lambda: _named_by(where) or _newest(where, _SNAPSHOT_PARTS), check)


def latest_state(train_dir):
    """Finds the newest complete training state of a train_dir, in a bucket too: a Found or None."""
    return _at_hand(lambda: _newest(paths.join(train_dir, STATE_FOLDER), STATE_PARTS))


def handed_in(snapshot):
    """The files of one snapshot and the `checkpoint` that names it, in the order to copy them: name -> content."""
    folder, base = os.path.split(snapshot.prefix)
    names = sorted((name for name in files.names(folder) if name.startswith(base + ".")), key=upload_rank)
    contents = {name: files.read(os.path.join(folder, name)) for name in names}
    return {**contents, _INDEX_FILE: _pointer([base])}


def snapshot_steps(where):
    """Steps of all complete snapshots in the folder of what `latest_snapshot` takes, rising."""
    return sorted(all_complete(files.names(folder_of(where)), _SNAPSHOT_PARTS))


def prepare_folder(train_dir):
    """Makes train_dir and train_dir/state; raises StateError where they cannot be written."""
    probe = os.path.join(train_dir, STATE_FOLDER, ".probe")
    try:
        os.makedirs(os.path.dirname(probe), exist_ok=True)
        with open(probe, "wb") as file:
            file.write(b"probe")
        os.remove(probe)
    except OSError as error:
        raise StateError(f"--train_dir={train_dir} cannot be written: {error.strerror}") from error


def locked(train_dir):
    """Keeps a second trainer out of a train_dir; raises StateError where one is at work in it."""
    return files.locked(os.path.join(train_dir, STATE_FOLDER, ".lock"), f"--train_dir={train_dir}")


def remove_training(train_dir):
    """Removes what a trainer wrote to train_dir, and no other file; returns the paths removed."""
    return _remove(train_dir, is_of_training)


def remove_logs(folder):
    """Removes TensorBoard's files from a folder; returns their paths."""
    return _remove(folder, is_log)


def remove_leftovers(train_dir):
    """Removes what a killed trainer was just writing, so that it does not fill the disk."""
    _remove(train_dir, lambda name: (match := _FILE.match(name)) and match["temporary"])


def is_pointer(name):
    """Whether a file names the newest snapshot or state."""
    return os.path.basename(name) == _INDEX_FILE


def is_partial(name):
    """Whether a file is still being written."""
    match = _FILE.match(os.path.basename(name))
    return name.endswith(".part") or bool(match and match["temporary"])


def is_of_training(name):
    """Whether a file is one that a trainer writes to train_dir or train_dir/state."""
    return name in (_INDEX_FILE, TRAINING_OPTIONS) or bool(_FILE.match(name)) or is_log(name)


def is_log(name):
    """Whether a file is one of TensorBoard's."""
    return os.path.basename(name).startswith(_LOG)


def upload_rank(name):
    """Sorts files so that a reader who sees them appear one by one never sees half a snapshot."""
    base = os.path.basename(name)
    match = _FILE.match(base)
    kind = ("data", "index", "meta").index(match["part"][:5].partition("-")[0]) if match else 3
    return is_pointer(name), not name.startswith(STATE_FOLDER), kind, name


def _remove(train_dir, is_wanted):
    removed = []
    for folder in (os.path.join(train_dir, STATE_FOLDER), train_dir):
        for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
            if is_wanted(name):
                os.remove(os.path.join(folder, name))
                removed.append(os.path.join(folder, name))
    return removed


def _at_hand(find, check=lambda listed: None):
    """The Found of what `find` lists; None where it lists nothing."""
    for _ in range(LOOKS):
        listed = find()
        if listed is None:
            return None
        check(listed)
        with contextlib.suppress(FileNotFoundError):  # deleted since, for newer ones
            local = cache.at_hand(listed.folder, listed.files)
            return Found(os.path.join(local, os.path.basename(listed.path)), listed.step, listed.path)
    return None


def _named_by(path):
    """The snapshot whose path without endings is given, or None."""
    folder, _, name = path.rpartition("/")
    if not name:
        return None
    entries = files.entries(folder or ".", name + ".")
    parts = {file: entry for file, entry in entries.items() if part_of(name, file)}
    is_there = {f"{name}.{part}" for part in _SNAPSHOT_PARTS} <= {*parts}
    return Listed(folder or ".", path, step_of(name) or 0, parts) if is_there else None


def _newest(folder, parts):
    """The one that `checkpoint` names where it is complete; else the newest complete one; else None."""
    entries = files.entries(folder)
    found = all_complete(entries, parts)
    if not found:
        return None
    pointer = named_path(folder)
    named = step_of(pointer or "")  # only the name counts, whatever its folder
    step = named if named in found else max(found)
    base, names = found[step]
    path = paths.join(folder, f"{base}-{step}")
    return Listed(folder, path, step, {name: entries[name] for name in names}, pointer)


def all_complete(names, parts):
    """Of these file names: step -> (base, files) of all whose files are all there."""
    have = {}
    for name in names:
        match = _FILE.match(name)
        if match and not match["temporary"]:
            have.setdefault((match["base"], int(match["step"])), []).append(match)
    complete = {}
    for (base, step), matches in have.items():
        shards = [int(match["shards"]) for match in matches if match["shards"]]
        if {*parts} <= {match["part"] for match in matches} and shards and len(shards) == shards[0]:
            complete[step] = base, sorted(match.string for match in matches)
    return complete


def named_path(folder):
    """The path that the file `checkpoint` of a folder names, as it is written there.

    Returns:
        None where there is no such file, "" where it names nothing: a link, no regular file, or too long.
    """
    try:
        content = files.read_small(paths.join(folder, _INDEX_FILE), _LONGEST_POINTER)
    except FileNotFoundError:
        return None
    except OSError:
        return ""
    match = re.search(r'^model_checkpoint_path:\s*"([^"]*)"', content.decode(errors="replace"), re.MULTILINE)
    return match[1] if match else ""


def publish(folder, base, step, keep):
    """Names the new one in `checkpoint`, then deletes the oldest and what a killed run left half-written."""
    steps = sorted(s for s in all_complete(files.names(folder), STATE_PARTS) if s <= step)[-keep:]
    write_whole(os.path.join(folder, _INDEX_FILE), _pointer([f"{base}-{s}" for s in steps]))
    for name in os.listdir(folder):
        match = _FILE.match(name)
        if match and match["base"] == base and int(match["step"]) not in steps:
            os.remove(os.path.join(folder, name))


def _pointer(names):
    """Content of a `checkpoint` file that names the last of these, and all of them."""
    lines = [f'model_checkpoint_path: "{names[-1]}"', *(f'all_model_checkpoint_paths: "{name}"' for name in names)]
    return ("\n".join(lines) + "\n").encode()


def write_whole(path, content):
    """Writes a file so that it is seen whole or not at all."""
    try:
        with open(path + ".part", "wb") as file:
            file.write(content)
        os.replace(path + ".part", path)
    except OSError as error:
        raise StateError(f"{path} could not be written, the last complete one is kept: {error.strerror}") from error
