"""Quality while a training runs: measured now and then, shown in TensorBoard and noted, and the best snapshot kept.

The best snapshot is a folder of its own, train_dir/best, which every command takes as it takes train_dir.
"""

import json
import os
import time
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from gan.console.errors import ContractError
from gan.data import pixels
from gan.data.tensorboard import SummaryWriter
from gan.snapshots import checkpoint_files
from gan.storage import files, paths
from gan.training import quality_record, tuning_report
from gan.training.folders import Folders
from gan.training.position import Position
from gan.training.start import Run

SHARE_OF_TIME = 0.03  # of the training, that measuring may take


class MeasuredQuality(Protocol):
    """What was measured of generated images.

    Attributes:
        scalars: by TensorBoard's tag.
        chosen: name of the number by which the best snapshot is chosen; None if none is.
        value: this number.
        cost: what must be small for it to be good.
    """

    @property
    def scalars(self) -> Mapping[str, float]: ...
    @property
    def chosen(self) -> str | None: ...
    @property
    def value(self) -> float: ...
    @property
    def cost(self) -> float: ...


class QualityEvaluator(Protocol):
    """What measures; the command hands it in.

    Attributes:
        count: how many images it wants.
        chosen: name of the number by which the best snapshot is chosen; None if it chooses none.
    """

    count: int
    chosen: str | None

    def measure(self, images: np.ndarray) -> MeasuredQuality:
        """Measures generated images, uint8 [count, size]."""


class QualityWatch:
    """Measures the networks of a run from time to time.

    Args:
        evaluator: measures.
        minutes: from one measurement to the next; longer if measuring would take more than SHARE_OF_TIME.
        run: the training.
        folders: where the best snapshot goes.
        writer: shows the numbers in TensorBoard.
    """

    def __init__(
        self, evaluator: QualityEvaluator, minutes: float, run: Run, folders: Folders, writer: SummaryWriter
    ) -> None:
        self._evaluator, self._pause, self._run = evaluator, 60 * minutes, run
        self._folders, self._writer = folders, writer
        noted = quality_record.read(folders.training.path)
        self._measured_step = noted[-1].step if noted and noted[-1].chosen == evaluator.chosen else None
        self._note_again(noted)
        self._begun, self._spent = time.monotonic(), 0.0
        self._due = self._begun + self._pause
        self._can_be_judged = True
        self._report = tuning_report.from_environment()

    def follow(self, position: Position) -> None:
        """Measures if it is time to; call after each step."""
        if time.monotonic() >= self._due:
            self.measure(position)

    def finish(self, position: Position) -> None:
        """Measures the last step of a run, if a best snapshot is chosen and none was measured there."""
        if self._evaluator.chosen and position.step != self._measured_step:
            self.measure(position)

    def measure(self, position: Position) -> None:
        """Measures now; keeps the snapshot if it is the best so far."""
        begun = time.monotonic()
        if self._can_be_judged:
            try:
                self._measure(position)
            except ContractError as error:
                self._can_be_judged = False
                print(f"warning: quality is not measured: {error}", flush=True)
        ended = time.monotonic()
        self._measured_step = position.step
        took = ended - begun
        self._spent += took
        # The next one, if it takes as long, is within the share of all the time so far.
        self._due = max(ended + self._pause, self._begun + (self._spent + took) / SHARE_OF_TIME)

    def best(self) -> str | None:
        """What the best snapshot is, for people; None if there is none."""
        kept = read_best(self._best_folder)
        if kept is None:
            return None
        path = paths.join(self._folders.training.name, checkpoint_files.BEST_FOLDER)
        return f"best of all measured: {path}, step {kept['step']}, {kept['chosen']} {kept['value']:.4g}"

    def _measure(self, position: Position) -> None:
        exporter = self._run.exporter
        exporter.load(self._run.training.weights(position.step))
        found = self._evaluator.measure(pixels.to_bytes(exporter.generate(self._evaluator.count)))
        self._tell(position, found)
        kept = read_best(self._best_folder)
        if found.chosen and (kept is None or kept["chosen"] != found.chosen or found.cost < kept["cost"]):
            self._keep(position, found)

    def _tell(self, position: Position, found: MeasuredQuality) -> None:
        """Shows what was measured to those who watch: TensorBoard, a sweep, a tuning job of the cloud."""
        scalars = {tag: float(value) for tag, value in found.scalars.items()}
        for_the_cloud = {tuning_report.TAG: found.value} if found.chosen else {}
        self._writer.scalars(position.step, {**scalars, **for_the_cloud})
        if found.chosen and self._report:
            try:
                self._report.add(position.step, found.value)
            except OSError as error:
                self._report = None
                print(f"warning: the cloud is not told the metric: {error}", flush=True)
        minutes = position.seconds / 60
        line = quality_record.QualityLine(position.step, minutes, found.chosen, found.value, found.cost, scalars)
        quality_record.add(self._folders.training.path, line)
        self._folders.training.changed()

    def _keep(self, position: Position, found: MeasuredQuality) -> None:
        """Writes the snapshot before the note that says how good it is; after a kill between them see _note_again."""
        os.makedirs(self._best_folder, exist_ok=True)
        note = os.path.join(self._best_folder, checkpoint_files.BEST_NOTE)
        if os.path.exists(note):
            os.remove(note)
        self._run.exporter.write(self._best_folder, position.step, keep=1)
        record = os.path.join(self._folders.training.path, checkpoint_files.TRAINING_OPTIONS)
        if os.path.exists(record):  # a training that was over before there were records has none
            with open(record, "rb") as file:
                files.write_whole(os.path.join(self._best_folder, checkpoint_files.TRAINING_OPTIONS), file.read())
        self._note(position.step, found)
        self._folders.training.changed()

    def _note(self, step: int, found: MeasuredQuality | quality_record.QualityLine) -> None:
        told = {"step": step, "chosen": found.chosen, "value": found.value, "cost": found.cost}
        content = json.dumps(told, indent=2).encode()
        files.write_whole(os.path.join(self._best_folder, checkpoint_files.BEST_NOTE), content)

    def _note_again(self, noted: Sequence[quality_record.QualityLine]) -> None:
        """Notes how good the best snapshot is if a kill left it without its note."""
        if read_best(self._best_folder) is not None:
            return
        newest = checkpoint_files.snapshot_steps(self._best_folder)[-1:]
        for line in noted:
            if line.chosen and line.step in newest:
                self._note(line.step, line)

    @property
    def _best_folder(self) -> str:
        return os.path.join(self._folders.training.path, checkpoint_files.BEST_FOLDER)


def read_best(folder: str) -> dict[str, Any] | None:
    """What is noted about the best snapshot in a folder on disk: step, chosen, value and cost; None if nothing is."""
    try:
        with open(os.path.join(folder, checkpoint_files.BEST_NOTE), encoding="utf-8") as file:
            found = json.load(file)
    except (OSError, ValueError):
        return None
    is_whole = isinstance(found, dict) and {"step", "chosen", "value", "cost"} <= set(found)
    return found if is_whole else None
