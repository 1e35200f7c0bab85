"""This process's place among TensorFlow's servers, and what notices that another process is gone."""

import os
import sys
import threading
import time
from typing import Any, NoReturn

import tensorflow.compat.v1 as tf

from gan.console import command
from gan.console.errors import ProcessLost, UserError, reason
from gan.distributed import tf_config
from gan.training import placement

_JOB = "worker"  # the chief is its task 0
_SECONDS_BETWEEN_LOOKS = 1
_TRIES = 5  # to find who has ended, after an error
_LOOKS = 2  # that find nobody listening, one after the other, until a process is taken for gone
_AGAIN = "start all processes again, and they go on from the last saved state"
_ORIGIN = "From /job:"  # begins a line that TensorFlow puts before an error of a server
_OF_OTHERS = (
    *(tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.DeadlineExceededError),
    *(tf.errors.CancelledError, tf.errors.FailedPreconditionError, tf.errors.InternalError, tf.errors.UnknownError),
)

# Kept to the end: a server cannot be stopped, and sessions print errors if they are taken apart after their peers.
_kept: list[Any] = []


class Node(placement.Placement):
    """The TensorFlow server of one process that trains.

    Args:
        cluster: the processes; this one is a chief or worker.
        devices: how many devices share a batch; see placement.device_names.
        seconds: how long to wait for another process.

    Attributes:
        watch: context manager around every call that waits for other processes: ends this one if they are gone.

    Raises:
        UserError: its port is taken.
    """

    def __init__(self, cluster: tf_config.Cluster, devices: int | None, seconds: float) -> None:
        super().__init__(devices)
        self.own = self.device = f"/job:{_JOB}/replica:0/task:{cluster.replica}"
        self.filters = [self.own]
        self.group_leader = f"/job:{_JOB}/replica:0/task:0"
        self.watch = Watch(cluster, seconds)
        servers = tf.train.ClusterSpec({_JOB: cluster.trainers})
        try:
            server = tf.train.Server(servers, _JOB, cluster.replica, config=self.session_config())
        except tf.errors.OpError as error:
            raise UserError(
                f"{cluster.name} cannot listen at {cluster.trainers[cluster.replica]}: {reason(error)}; is another "
                "process listening there?"
            ) from error
        self.target = server.target
        _kept.append(server)

    def keep(self, session: tf.Session) -> None:
        _kept.append(session)

    def lost(self, error: Exception) -> UserError | None:
        if not isinstance(error, _OF_OTHERS):
            return None
        for _ in range(_TRIES):  # what fails in another process comes here before that process has ended
            if sentence := self.watch.lost():
                return ProcessLost(sentence)
            time.sleep(_SECONDS_BETWEEN_LOOKS)
        told = "\n".join(line for line in str(error.message).splitlines() if not line.startswith(_ORIGIN))
        return ProcessLost(f"another process failed, whose own output may say why: {reason(Exception(told))}; {_AGAIN}")


class Watch:
    """Ends this process if TensorFlow waits for others that are gone, or longer than it may.

    TensorFlow notices some deaths only when its time is up, and waits without end in some places.

    Args:
        cluster: the processes.
        seconds: how long to wait.
    """

    def __init__(self, cluster: tf_config.Cluster, seconds: float) -> None:
        self._others = {
            f"{name} at {address}": address
            for number, (name, address) in enumerate(zip(cluster.trainer_names, cluster.trainers))
            if number != cluster.replica
        }
        self._seconds, self._begun = seconds, 0.0
        threading.Thread(target=self._look, daemon=True).start()

    def __enter__(self) -> None:
        self._begun = time.monotonic()

    def __exit__(self, *exception: Any) -> None:
        self._begun = 0.0

    def lost(self) -> str | None:
        """The sentence for the other processes that no longer listen; None if all do."""
        for number in range(_LOOKS):
            if number:
                time.sleep(_SECONDS_BETWEEN_LOOKS)
            gone = [name for name, address in self._others.items() if tf_config.refuses(address)]
            if not gone:
                return None
        if len(gone) == 1:
            return f"{gone[0]} has ended; its own output says why; {_AGAIN}"
        return f"{' and '.join(gone)} have ended; the output of the first to end says why; {_AGAIN}"

    def _look(self) -> NoReturn:
        while True:
            time.sleep(_SECONDS_BETWEEN_LOOKS)
            begun = self._begun
            if not begun or time.monotonic() - begun < _SECONDS_BETWEEN_LOOKS:
                continue
            sentence = self.lost()
            if not sentence and time.monotonic() - begun > self._seconds:
                sentence = f"another process was silent for {self._seconds:g} s; {_AGAIN}"
            if sentence and begun == self._begun:
                print(f"train: {sentence}", file=sys.stderr, flush=True)
                os._exit(command.EXIT_LOST)
