"""Where a training stands, and where it ends."""

import dataclasses
import math

from gan.training.settings import StopSettings


@dataclasses.dataclass
class Position:
    """How far a training has come, counted from its first start. The training loop moves it on."""

    step: int  # steps done
    images_seen: int  # real images used
    seconds: float  # of training
    num_images: int  # in the data

    @property
    def epoch(self) -> float:
        """Passes over the data as it is now."""
        return self.images_seen / self.num_images

    def has_passed(self, every: int, before: int) -> bool:
        """Whether the steps after step number `before` passed a multiple of `every`."""
        return self.step // every > before // every

    def __str__(self) -> str:
        return f"step {self.step}, {self.epoch:.1f} epochs, {self.seconds / 60:.1f} minutes of training"


class EndOfRun:
    """Where a run ends.

    Args:
        settings: the StopSettings.
        position: where the run begins.
        images_per_step: real images that a step uses.

    Attributes:
        step: the last step, unless the time is up before.
    """

    def __init__(self, settings: StopSettings, position: Position, images_per_step: int) -> None:
        images_left = settings.num_epochs * position.num_images - position.images_seen
        last = position.step + max(0, math.ceil(images_left / images_per_step))
        self.step = min(last, settings.max_steps or last)
        self._max_seconds = settings.max_minutes * 60 if settings.max_minutes else math.inf

    def is_reached(self, position: Position) -> bool:
        """Whether no step is left to do."""
        return position.step >= self.step or position.seconds >= self._max_seconds

    def share_done(self, position: Position) -> float:
        """The share of the run that is done, in [0, 1], by steps or by time, whichever ends first."""
        return min(1.0, max(position.step / self.step, position.seconds / self._max_seconds))

    def seconds_left(self, position: Position, seconds_per_step: float) -> float:
        """How long the run still takes if a step takes so long."""
        by_steps = max(0, self.step - position.step) * seconds_per_step
        return min(by_steps, max(0.0, self._max_seconds - position.seconds))
