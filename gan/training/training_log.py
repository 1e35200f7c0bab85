"""What people see of a training while it runs: numbers in TensorBoard, and the line of progress."""

import time
from collections.abc import Mapping

import tensorflow.compat.v1 as tf

from gan.data.tensorboard import SummaryWriter
from gan.training.position import Position


class TrainingLog:
    """Writes numbers at regular steps.

    Args:
        scalars: tensors to show, by name; see step.TrainingGraph.
        writer: writes them for TensorBoard.
        every: steps from one time to the next.
        max_minutes: when the run ends, or None.

    Attributes:
        note: how the training goes, for the line of progress; empty at first.
    """

    def __init__(
        self, scalars: Mapping[str, tf.Tensor], writer: SummaryWriter, every: int, max_minutes: float | None
    ) -> None:
        self._scalars, self._writer, self._every = scalars, writer, every
        self._of_minutes = f" of {max_minutes:g}" if max_minutes else ""
        self.note = ""

    def start(self, position: Position) -> None:
        """Starts the clock for the images a second."""
        self._logged_step = position.step
        self._logged = time.monotonic(), position.images_seen

    def wanted(self, step: int, last_step: int) -> Mapping[str, tf.Tensor]:
        """The tensors to fetch in this step: none if it is not due."""
        is_due = step // self._every > self._logged_step // self._every or step in (1, last_step)
        return self._scalars if is_due else {}

    def write(self, position: Position, values: Mapping[str, float]) -> None:
        """Writes the values that were `wanted`."""
        if not values:
            return
        then, images_then = self._logged
        now = time.monotonic()
        self._logged, self._logged_step = (now, position.images_seen), position.step
        images_per_second = (position.images_seen - images_then) / max(now - then, 1e-9)
        more = {"images_per_second": images_per_second, "epoch": position.epoch}
        self._writer.scalars(position.step, {**values, **more})
        self.note = (
            f"{position.seconds / 60:.1f}{self._of_minutes} minutes, epoch {position.epoch:.1f}, "
            f"{images_per_second:.0f} images/s, D loss {values['loss/discriminator']:.3f}, "
            f"G loss {values['loss/generator']:.3f}, D right on real {values['accuracy/on_real']:.0%}, "
            f"on fake {values['accuracy/on_fake']:.0%}"
        )
