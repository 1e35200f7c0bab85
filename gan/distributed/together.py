"""How a cluster does a training step: every process its share, and all of them the same change of the weights."""

import contextlib
import dataclasses
import threading
import zlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow.compat.v1 as tf

from gan.console.errors import UserError
from gan.console.signals import SignalCatcher
from gan.distributed import tf_config
from gan.distributed.alignment import Alignment
from gan.distributed.exchange import RingExchange
from gan.distributed.node import Node
from gan.distributed.ring import Key, Ring
from gan.training import one_process
from gan.training.position import EndOfRun, Position
from gan.training.session import BatchShare, TrainingSession
from gan.training.settings import BatchSettings

TOLERANCE = 1e-3  # distance of a process's variables from the chief's that rounding may explain; see Alignment
_TIME_IS_UP = -1  # a wish beside the numbers of signals
_SECONDS_TO_PART = 5

# Flags that processes may have of their own.
_OWN_FLAGS = {
    *("train_data_pattern", "eval_data_pattern", "train_dir", "log_dir", "image_dir", "start_new_model", "seed"),
    *("num_readers", "data_memory_mb", "num_towers", "log_device_placement", "dry_run", "flagfile"),
}


def make(
    batch: BatchSettings,
    interrupted: Callable[[], bool],
    cluster: tf_config.Cluster,
    seconds: float,
    flags: Mapping[str, Any],
) -> "Together":
    """What does the steps of one process of a cluster.

    Args:
        batch: of the whole step.
        interrupted: says whether a signal asks this process to stop.
        cluster: the processes; this one is a chief or worker.
        seconds: how long to wait for another process.
        flags: every flag of the command, which must be the same in all processes.

    Raises:
        UserError: a batch has too few images, the port is taken, or another process does not answer.
        Interrupted: a signal came while it waited for one.
    """
    one_process.check_batch(batch, cluster.replicas)
    node = Node(cluster, batch.devices, seconds)
    tf_config.wait_for(cluster.trainers, seconds, interrupted)
    return Together(node, cluster, Ring(cluster.replicas, cluster.replica, seconds), batch.size, flags)


class Together(one_process.OneProcess):
    """Does one process's share of every step. See one_process.OneProcess for the methods."""

    placement: Node

    def __init__(
        self, node: Node, cluster: tf_config.Cluster, ring: Ring, total: int, flags: Mapping[str, Any]
    ) -> None:
        super().__init__(node)
        self._names, self._ring, self._flags = cluster.trainer_names, ring, flags
        self.exchange = RingExchange(ring, total, f"{node.own}/device:CPU:0")
        self.summary = f" on {ring.replicas} processes"
        self._first, self._end = (total * number // ring.replicas for number in (ring.replica, ring.replica + 1))
        self._wishes = np.zeros(ring.replicas + 1, np.float32)
        self._heard = np.zeros(ring.replicas + 1, np.float32)

    def open(self, training: TrainingSession) -> None:
        super().open(training)
        self._cpu = f"{self.placement.own}/device:CPU:0"
        with training.session.graph.as_default(), tf.device(self._cpu):
            self._alignment = Alignment(self._ring, training.variables, training.graph.counters, self._cpu)
            self._farewell = self._ring.sum(tf.zeros([1]), Key.FAREWELL)

    def begin(self, seed: int, data_sha256: str) -> None:
        """Waits for all other processes, which then have the chief's variables and its seed."""
        self._agree({**self._flags, "train_data_pattern": data_sha256})
        self._run(self._alignment.distances)
        self._training.copy_to_devices()
        counters = self._training.graph.counters
        seed, seconds = self._training.run([counters.seed, counters.seconds])
        super().begin(int(seed), data_sha256)
        self._heard[-1] = seconds

    def step(self, fetches: Any, step: int, images_seen: int) -> tuple[Any, int, int]:
        training, updates = self._training, self._training.discriminator_steps
        for number in range(updates):
            share = BatchShare(self._seed, step * updates + number, images_seen, self._first, self._end - self._first)
            images_seen += training.batch_size
            if number < updates - 1:
                self._run(training.graph.discriminator_op, training.feed(share), step + 1)
        feed = {**training.feed(share), self.exchange.wishes: self._wishes}
        _, self._heard, values = self._run([training.graph.train_op, self.exchange.heard, fetches], feed, step + 1)
        return values, step + 1, images_seen

    def is_over(self, end: EndOfRun, position: Position, signals: SignalCatcher) -> bool:
        """Tells the others, in the next step, that this process has to stop; all stop once all have heard it."""
        heard = self._heard[:-1]
        if heard.any():
            signals.caught = signals.caught or int(heard.max()) or None
        time_is_up = self._ring.is_chief and end.is_reached(position)
        self._wishes[self._ring.replica] = signals.caught or (_TIME_IS_UP if time_is_up else 0)
        self._wishes[-1] = position.seconds if self._ring.is_chief else 0
        return bool(heard.any()) or position.step >= end.step

    def share_done(self, end: EndOfRun, position: Position) -> float:
        """The same in all processes: by the chief's clock, as it was before the last step."""
        return end.share_done(dataclasses.replace(position, seconds=float(self._heard[-1])))

    def align(self, step: int) -> None:
        distances = self._run(self._alignment.distances, step=step)
        self._training.copy_to_devices()
        farthest = int(np.argmax(distances))
        if distances[farthest] > TOLERANCE:
            raise UserError(
                f"after step {step} the weights of {self._names[farthest]} differ from the chief's by "
                f"{distances[farthest]:.2%}, which is more than rounding; give all processes the same version of this "
                "program and of TensorFlow, and change variables only by gradients or by update operations"
            )

    def finish(self, step: int) -> None:
        self.align(step)

        def part() -> None:
            """A process that left at once might take with it what another one still needs of the last sum."""
            with contextlib.suppress(tf.errors.OpError, RuntimeError):
                self._training.session.run(self._farewell)

        waiting = threading.Thread(target=part, daemon=True)
        waiting.start()
        waiting.join(_SECONDS_TO_PART)

    def _agree(self, told: Mapping[str, Any]) -> None:
        """Raises UserError if processes were started with different flags or data."""
        names = sorted(name for name in told if name not in _OWN_FLAGS or name == "train_data_pattern")
        digests = [zlib.crc32(repr(told[name]).encode()) >> 1 for name in names]
        with self._training.session.graph.as_default(), tf.device(self._cpu):
            given = self._ring.gather(tf.constant(digests, tf.int32), Key.AGREEMENT)
        rows = self._run(given)
        for name, row in zip(self._names, rows):
            differing = [f"--{flag}" for flag, own, chiefs in zip(names, row, rows[0]) if own != chiefs]
            if differing:
                raise UserError(
                    f"{name} has other values or data than the chief: {', '.join(differing)}; start all processes "
                    "with the same command"
                )

    def _run(self, fetches: Any, feed: Mapping[tf.Tensor, Any] | None = None, step: int = 0) -> Any:
        with self.placement.watch:
            return self._training.run(fetches, dict(feed or {}), step)
