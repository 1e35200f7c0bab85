"""How a snapshot was trained, for those who measure it: the main entries of training_options.json. No TensorFlow.

The folder may be a stranger's, so its file can hold anything: what is not as expected is left out.
"""

import hashlib
import math
from typing import Any, NamedTuple

import numpy as np

from gan.console import printable
from gan.console.errors import UserError
from gan.snapshots import training_options

MOST_CHARACTERS = 200  # of a value
# Flags that are told, in this order -> what they are for people.
MAIN_FLAGS = {
    "generator_model": "generator",
    "discriminator_model": "discriminator",
    "label_loss": "loss",
    "penalty": "penalty",
    "penalty_weight": "weight of the penalty",
    "augment": "augmentation",
    "augment_probability": "probability of each change",
    "batch_size": "batch size",
    "base_learning_rate": "learning rate",
    "num_epochs": "passes over the data, at most",
    "max_steps": "steps, at most",
    "max_minutes": "minutes, at most",
}
_VERSIONS = ("python", "tensorflow", "numpy", "gan")

Value = str | int | float  # of a flag


class TrainingRecord(NamedTuple):
    """How a snapshot was trained, as its folder says; all of it checked to be of these types and short."""

    flags: dict[str, Value]  # those of MAIN_FLAGS that are set
    seed: int | None
    versions: dict[str, str]  # of python, tensorflow, numpy and this program
    begun: list[str]  # when each run of the command began, the first one first
    data_sha256: str  # of the pixels of the training images, in order


def read(train_dir: str) -> TrainingRecord | None:
    """Reads the record of a training.

    Args:
        train_dir: its folder, or the path of a snapshot in it, on disk or gs://.

    Returns:
        None if there is no record, or if it cannot be read.
    """
    try:
        options = training_options.read(train_dir)
    except UserError:  # the bucket cannot be read
        return None
    return _checked(options) if options else None


def is_of(record: TrainingRecord, images: np.ndarray) -> bool:
    """Whether a training was given just these images, uint8 [N, size], in this order."""
    return hashlib.sha256(images.tobytes()).hexdigest() == record.data_sha256


def as_json(record: TrainingRecord) -> dict[str, Any]:
    """The record as one value for JSON."""
    return {**record.flags, "seed": record.seed, "versions": record.versions, "begun": record.begun}


def described(record: TrainingRecord) -> dict[str, str]:
    """The record for people: what -> value."""
    told = {title: str(record.flags[flag]) for flag, title in MAIN_FLAGS.items() if flag in record.flags}
    if record.seed is not None:
        told["seed"] = str(record.seed)
    if record.versions:
        told["versions"] = ", ".join(f"{name} {version}" for name, version in record.versions.items())
    if record.begun:
        told["begun"] = record.begun[0]
    if len(record.begun) > 1:
        told["continued"] = f"{len(record.begun) - 1} times, last {record.begun[-1]}"
    return told


def _checked(options: training_options.TrainingOptions) -> TrainingRecord:
    flags = _dictionary(options.flags)
    versions = _dictionary(options.versions)
    seed = _value(options.seed)
    return TrainingRecord(
        flags={name: value for name in MAIN_FLAGS if (value := _value(flags.get(name))) is not None},
        seed=seed if isinstance(seed, int) else None,
        versions={name: _text(versions[name]) for name in _VERSIONS if isinstance(versions.get(name), str)},
        begun=[_text(session.begun) for session in options.sessions if isinstance(session.begun, str)],
        data_sha256=options.data_sha256 if isinstance(options.data_sha256, str) else "",
    )


def _dictionary(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _value(value: object) -> Value | None:
    """A flag's value; None if it is not set, or is nothing that a flag can be."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool):  # an int to Python; none of MAIN_FLAGS is a switch
        return None
    if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return value if len(str(value)) <= MOST_CHARACTERS else None
    return None


def _text(value: str) -> str:
    """Fit to be shown and to be written as UTF-8."""
    return printable.cleaned(value.encode("utf-8", "replace").decode("utf-8"))[:MOST_CHARACTERS]
