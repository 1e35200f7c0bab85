"""The record of a training: what it was trained with, and when it went on. No TensorFlow."""

import json
from typing import Any, NamedTuple

from gan.storage import files, paths

FILE = "training_options.json"


class Session(NamedTuple):
    """One run of the command: from its start until it stopped."""

    begun: str  # ISO 8601, UTC
    first_step: int  # steps done before it
    changed: dict[str, Any]  # flags that differ from the session before: name -> value now


class TrainingOptions(NamedTuple):
    """What a training was done with."""

    flags: dict[str, Any]  # every flag of `train` -> its value in the latest session
    versions: dict[str, str]  # of python, tensorflow, numpy and this program
    seed: int
    data_sha256: str  # of the training data as it was read
    sessions: list[Session]  # the first one first


def read(train_dir: str) -> TrainingOptions | None:
    """Reads the record of a train_dir, on disk or gs://; None if there is none, as in folders of older versions."""
    try:
        content = json.loads(files.read(paths.join(train_dir, FILE)))
        sessions = [Session(**session) for session in content.pop("sessions")]
        return TrainingOptions(**content, sessions=sessions)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def encoded(options: TrainingOptions) -> bytes:
    """The file's content."""
    content = {**options._asdict(), "sessions": [session._asdict() for session in options.sessions]}
    return json.dumps(content, indent=2, ensure_ascii=False).encode() + b"\n"
