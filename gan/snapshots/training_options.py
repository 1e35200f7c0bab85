"""The record of a training: what it was trained with, when it began, and when it went on. No TensorFlow.

{
  "flags": {"batch_size": 32, ...},
  "versions": {"python": "3.11.9", "tensorflow": "2.21.0", "numpy": "2.2.1", "gan": "1.0.0"},
  "seed": 7,
  "num_images": 11901,
  "data_sha256": "0f34...",
  "sessions": [
    {"begun": "2026-01-24T10:03:00+00:00", "first_step": 0, "changed": {}},
    {"begun": "2026-01-24T18:40:12+00:00", "first_step": 9000, "changed": {"max_steps": [9000, 20000]}}
  ]
}
"""

import datetime
import json
import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from gan.snapshots import checkpoint_files
from gan.storage import files, paths

FILE = checkpoint_files.TRAINING_OPTIONS
MOST_BYTES = 1 << 20  # of the file, which may be a stranger's
# Flags that say what the command does, not what is trained.
_OF_THE_COMMAND = {"start_new_model", "dry_run"}


class Session(NamedTuple):
    """One run of the command, from its start until it stopped."""

    begun: str  # ISO 8601, UTC
    first_step: int  # steps done before it
    # What differs from the run before: a flag, a package of `versions`, num_images or data_sha256 -> [before, now].
    changed: dict[str, list[Any]]


class TrainingOptions(NamedTuple):
    """What a training was done with, as it is in the latest run of the command."""

    flags: dict[str, Any]  # every flag of `train` -> its value
    versions: dict[str, str]  # of python, tensorflow, numpy and this program ("gan")
    seed: int
    data_sha256: str  # of the pixels of all images in order, one byte each; if they were streamed, of the files
    sessions: list[Session]  # the first one first
    num_images: int = 0  # in the data


def read(train_dir: str) -> TrainingOptions | None:
    """Reads the record of a training.

    Args:
        train_dir: its folder, on disk or gs://, or the path of a snapshot in it.

    Returns:
        None if there is no record, as in folders of older versions, or if it is damaged. Only the shape of the record
        is checked, not the types in it.
    """
    try:
        path = paths.join(checkpoint_files.folder_of(train_dir), FILE)
        content = json.loads(files.read_small(path, MOST_BYTES))
        known = {name: content[name] for name in TrainingOptions._fields if name in content}
        sessions = [Session(*(each[name] for name in Session._fields)) for each in content["sessions"]]
        return TrainingOptions(**{**known, "sessions": sessions})
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def write(folder: str, options: TrainingOptions) -> None:
    """Writes the record of a training to its folder on disk; raises StateError if that fails."""
    checkpoint_files.write(os.path.join(folder, FILE), encoded(options))


def continued(before: TrainingOptions | None, now: TrainingOptions, first_step: int) -> TrainingOptions:
    """The record of a training that begins or goes on.

    Args:
        before: its record so far; None if it begins, or if it was begun by a version that wrote none.
        now: what it is trained with from now on; its sessions do not count.
        first_step: steps done before.

    Returns:
        `now` with all sessions.
    """
    begun = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
    changed = _changes(before, now) if before else {}
    return now._replace(sessions=[*(before.sessions if before else []), Session(begun, first_step, changed)])


def encoded(options: TrainingOptions) -> bytes:
    """The file's content."""
    content = {**options._asdict(), "sessions": [session._asdict() for session in options.sessions]}
    return json.dumps(content, indent=2, ensure_ascii=False).encode() + b"\n"


def _changes(before: TrainingOptions, now: TrainingOptions) -> dict[str, list[Any]]:
    one, other = _comparable(before), _comparable(now)
    return {name: [one.get(name), value] for name, value in other.items() if one.get(name) != value}


def _comparable(options: TrainingOptions) -> Mapping[str, Any]:
    flags = {name: value for name, value in options.flags.items() if name not in _OF_THE_COMMAND}
    flags["seed"] = options.seed  # goes on if the command line says nothing of it
    return {**flags, **options.versions, "num_images": options.num_images, "data_sha256": options.data_sha256}
