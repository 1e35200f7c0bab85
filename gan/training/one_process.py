"""How a training step is done if one process does all of it."""

from collections.abc import Callable
from typing import Any

from gan.console.errors import UserError
from gan.console.signals import SignalCatcher
from gan.training.placement import Placement, device_names
from gan.training.position import EndOfRun, Position
from gan.training.session import BatchShare, TrainingSession
from gan.training.settings import BatchSettings


def make(batch: BatchSettings, interrupted: Callable[[], bool]) -> "OneProcess":
    """What does the steps of a job of one process; raises UserError if a batch has too few images."""
    del interrupted  # which the processes of a cluster ask while they wait
    check_batch(batch)
    return OneProcess(Placement(batch.devices))


def check_batch(batch: BatchSettings, processes: int = 1) -> None:
    """Raises UserError if a batch has too few images for all devices of processes that have as many as this one."""
    devices = len(device_names(batch.devices)[0]) * processes
    if batch.size < devices:
        raise UserError(f"--batch_size={batch.size} cannot be shared by {devices} devices; raise it")


class OneProcess:
    """One process does all of every step. What does the steps in a cluster has the same methods.

    Args:
        placement: where this process runs what.

    Attributes:
        placement: as given.
        exchange: see step.build_training_graph.
        summary: how steps are done, for people.
    """

    exchange: Any = None
    summary = ""

    def __init__(self, placement: Placement) -> None:
        self.placement = placement

    def open(self, training: TrainingSession) -> None:
        """Takes the TrainingSession, whose variables may have no values yet."""
        self._training = training

    def begin(self, seed: int, data_sha256: str) -> None:
        """Begins to train: with a seed, and with data that are the same in all processes of a cluster."""
        del data_sha256
        self._seed = seed

    def step(self, fetches: Any, step: int, images_seen: int) -> tuple[Any, int, int]:
        """Does a step.

        Args:
            fetches: tensors whose values to return, as they were in this process's share of the step.
            step: steps so far.
            images_seen: images so far.

        Returns:
            (values, steps now, images now).
        """
        training, total = self._training, self._training.batch_size
        updates = training.discriminator_steps
        for number in range(updates):
            feed = training.feed(BatchShare(self._seed, step * updates + number, images_seen, 0, total))
            images_seen += total
            if number < updates - 1:
                training.run(training.graph.discriminator_op, feed, step + 1)
        _, values = training.run([training.graph.train_op, fetches], feed, step + 1)
        return values, step + 1, images_seen

    def is_over(self, end: EndOfRun, position: Position, signals: SignalCatcher) -> bool:
        """Whether to do no more steps: the run has reached its end, or a signal came; ask before each step."""
        return end.is_reached(position) or bool(signals.caught)

    def share_done(self, end: EndOfRun, position: Position) -> float:
        """The share of the run that is done, in [0, 1]."""
        return end.share_done(position)

    def align(self, step: int) -> None:
        """Gives all processes the same variables, before those after this step are saved."""

    def finish(self, step: int) -> None:
        """Aligns for the last time; the other processes of a cluster may end now."""
