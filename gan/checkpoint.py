"""Snapshots and training states as files: find, name, prune. No TensorFlow.

A snapshot, train_dir/model.ckpt-N.*, is what is handed in. A training state,
train_dir/state/state.ckpt-N.*, is what training goes on from. Both are written so that a kill at any
instant leaves the newest complete one usable: files first, `checkpoint`, which names them, last.
"""

import contextlib
import os
import re
from typing import NamedTuple

from gan import storage
from gan.errors import StateError

SNAPSHOT, STATE = "model.ckpt", "state.ckpt"
STATE_FOLDER = "state"
_INDEX_FILE, _LOG = "checkpoint", "events.out.tfevents."
_SNAPSHOT_PARTS, STATE_PARTS = ("index", "meta"), ("index",)  # beside the data
LOOKS = 3  # how often to look again where a trainer deletes what was just found
_FILE = re.compile(
    r"(?P<base>model\.ckpt|state\.ckpt)-(?P<step>\d+)\."
    r"(?P<part>index|meta|data-\d{5}-of-(?P<shards>\d{5}))(?P<temporary>\.tempstate\d+|\.part)?$"
)


class Found(NamedTuple):
    """A complete snapshot or state."""

    prefix: str  # path on disk without .index, .meta and .data-*
    step: int
    path: str  # where it was found, likewise without the endings; for messages


def folder_of(where):
    """The folder of what `latest_snapshot` takes: itself, or the one that holds the snapshot named."""
    folder, _, name = where.rpartition("/")
    return (folder or ".") if re.fullmatch(rf"{re.escape(SNAPSHOT)}-\d+", name) else where


def latest_snapshot(where):
    """Finds the newest complete snapshot; one in a bucket is copied to the disk.

    Args:
        where: a folder, or the prefix of one snapshot such as /tmp/run/model.ckpt-1000.

    Returns:
        A Found, or None where the folder has none.
    """
    where = re.sub(r"\.(index|meta|data-\d{5}-of-\d{5})$", "", where)
    folder, _, name = where.rpartition("/")
    if name:
        files = [file for file in storage.names(folder or ".") if file.startswith(name + ".")]
        if {f"{name}.{part}" for part in _SNAPSHOT_PARTS} <= {*files}:
            step = re.search(r"-(\d+)$", name)
            local = storage.at_hand(folder or ".", files)
            return Found(os.path.join(local, name), int(step[1]) if step else 0, where)
    return _latest(where, _SNAPSHOT_PARTS)


def latest_state(train_dir):
    """Finds the newest complete training state of a train_dir, in a bucket too: a Found or None."""
    return _latest(storage.join(train_dir, STATE_FOLDER), STATE_PARTS)


def handed_in(snapshot):
    """The files of one snapshot and the `checkpoint` that names it, in the order to copy them: name -> content."""
    folder, base = os.path.split(snapshot.prefix)
    files = sorted((name for name in storage.names(folder) if name.startswith(base + ".")), key=upload_rank)
    contents = {name: storage.read(os.path.join(folder, name)) for name in files}
    return {**contents, _INDEX_FILE: _pointer([base])}


def snapshot_steps(where):
    """Steps of all complete snapshots in the folder of what `latest_snapshot` takes, rising."""
    return sorted(all_complete(storage.names(folder_of(where)), _SNAPSHOT_PARTS))


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
    return storage.locked(os.path.join(train_dir, STATE_FOLDER, ".lock"), f"--train_dir={train_dir}")


def remove_training(train_dir):
    """Removes what a trainer wrote to train_dir, and no other file; returns the paths removed."""
    return _remove(train_dir, lambda name: name == _INDEX_FILE or _FILE.match(name) or is_log(name))


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


def _latest(folder, parts):
    """The one that `checkpoint` names where it is complete; else the newest complete one; else None."""
    for _ in range(LOOKS):
        found = all_complete(storage.names(folder), parts)
        if not found:
            return None
        named = _named(folder)
        step = named if named in found else max(found)
        base, files = found[step]
        with contextlib.suppress(FileNotFoundError):  # deleted since, for newer ones
            local = storage.at_hand(folder, files)
            return Found(os.path.join(local, f"{base}-{step}"), step, storage.join(folder, f"{base}-{step}"))
    return None


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
    """The path that the file `checkpoint` of a folder names, as it is written there, or None."""
    try:
        content = storage.read(storage.join(folder, _INDEX_FILE)).decode(errors="replace")
    except OSError:
        return None
    match = re.search(r'^model_checkpoint_path:\s*"([^"]*)"', content, re.MULTILINE)
    return match[1] if match else None


def _named(folder):
    """The step that the file `checkpoint` names, or None. Only the name counts, whatever its folder."""
    match = re.search(r"(?:^|[/\\])[^/\\]*-(\d+)$", named_path(folder) or "")
    return int(match[1]) if match else None


def publish(folder, base, step, keep):
    """Names the new one in `checkpoint`, then deletes the oldest and what a killed run left half-written."""
    steps = sorted(s for s in all_complete(storage.names(folder), STATE_PARTS) if s <= step)[-keep:]
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
