"""The curve of a training's quality, train_dir/quality.jsonl: one JSON line for each measurement. No TensorFlow.

Programs that watch a training, such as a sweep, read it while the training goes on.
"""

import json
import os
from typing import NamedTuple

from gan.snapshots import checkpoint_files
from gan.storage import files


class QualityLine(NamedTuple):
    """One measurement of a training.

    Attributes:
        step: of the training.
        minutes: of training until then, counted from its first start.
        chosen: name of the number by which the best snapshot is chosen; None if none is.
        value: this number.
        cost: what must be small for it to be good.
        scalars: everything that was measured, by TensorBoard's tag.
    """

    step: int
    minutes: float
    chosen: str | None
    value: float
    cost: float
    scalars: dict[str, float]


def read(train_dir: str) -> list[QualityLine]:
    """The measurements noted in a train_dir on disk, by rising step; none if nothing is noted."""
    try:
        with open(os.path.join(train_dir, checkpoint_files.QUALITY), encoding="utf-8") as file:
            return [QualityLine(**json.loads(line)) for line in file]
    except (OSError, ValueError, TypeError):
        return []


def add(train_dir: str, line: QualityLine) -> None:
    """Adds a measurement. Those of later steps, which a killed run left, are replaced.

    Raises:
        OSError: the file cannot be written.
    """
    kept = [each for each in read(train_dir) if each.step < line.step]
    content = "".join(json.dumps(each._asdict()) + "\n" for each in [*kept, line])
    files.write_whole(os.path.join(train_dir, checkpoint_files.QUALITY), content.encode())
