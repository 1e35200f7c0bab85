"""A training step that one process does alone."""

from typing import NamedTuple

from gan.console.errors import UserError
from gan.training.placement import Placement, device_names

WORK, FINISHED, FAILED = 0, 1, 2  # kinds of orders


class Order(NamedTuple):
    """From the chief to a worker: do images `first` to `first + count` of a step's batch, or leave."""

    kind: int  # WORK, FINISHED or FAILED
    round: int = 0  # to be said back when it is done, in synchronous training; no two are equal
    seed: int = 0
    step: int = 0  # steps before this one
    images_seen: int = 0  # images before this step's
    first: int = 0
    count: int = 0


def make(config, interrupted):
    """What does the steps of a job of one process: an Alone. Raises UserError where a batch has too few images."""
    del interrupted  # which a cluster asks while it waits
    check_batch(config, None)
    return Alone(config)


def check_batch(config, cluster):
    """Raises UserError where a batch has too few images for all devices, if every process has as many as this one."""
    replicas = 1 if cluster is None or config.asynchronous else cluster.replicas
    devices = len(device_names(config.num_towers)[0]) * replicas
    if config.batch_size < devices:
        raise UserError(f"--batch_size={config.batch_size} cannot be shared by {devices} devices; raise it")


class Alone:
    """One process does all of every step.

    Attributes:
        placement: a placement.Placement.
        exchange: see step.build_training_graph.
        summary: how steps are done, for people.
    """

    exchange = None
    summary = ""

    def __init__(self, config):
        self.placement = Placement(config.num_towers)

    def open(self, training):
        """Takes the TrainingSession, whose variables may have no values yet."""
        self._training = training

    def begin(self, seed):
        """Begins to train."""
        self._seed = seed

    def step(self, fetches, step, images_seen):
        """Does a step.

        Args:
            fetches: what to return the values of, as they were in this process's share of the step.
            step: steps so far.
            images_seen: images so far.

        Returns:
            (values, steps now, images now).
        """
        total = self._training.batch_size
        feed = self._training.feed(Order(WORK, 0, self._seed, step, images_seen, 0, total))
        _, values = self._training.run([self._training.graph.train_op, fetches], feed, step + 1)
        return values, step + 1, images_seen + total

    def stop_workers(self):
        """Ends the workers' part."""

    def end(self, failed):
        """Ends the job for all other processes."""
