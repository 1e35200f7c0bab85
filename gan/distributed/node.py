"""This process's place among TensorFlow's servers: where its sessions run and its operations go."""

import os
import sys
import threading
import time

import tensorflow.compat.v1 as tf

from gan.console import command
from gan.console.errors import UserError, reason
from gan.distributed import tf_config
from gan.distributed.messages import PostOffice
from gan.training import placement

# Kept to the end: sessions print errors where they are taken apart after their peers, and wait without end where one
# of these is silent.
_started = []


class Node(placement.Placement):
    """Starts the TensorFlow server of one process of a cluster.

    Args:
        place: a tf_config.Cluster.
        towers: how many devices share a batch.
        seconds: how long to wait for the parameter servers, here and later.
        interrupted: asked meanwhile whether a signal came.

    Raises:
        UserError: its port is taken, or a parameter server does not answer.
        Interrupted: a signal came while it waited for one.
    """

    def __init__(self, place, towers, seconds, interrupted):
        super().__init__(towers)
        self.own = f"/job:{place.job}/task:{place.index}"
        self.watch = _Watchdog(place.name, seconds)
        self.filters = [self.own] if place.job == tf_config.SERVER else [f"/job:{tf_config.SERVER}", self.own]
        try:
            self._server = tf.train.Server(
                tf.train.ClusterSpec(place.training), place.job, place.index, config=self.session_config()
            )
        except tf.errors.OpError as error:
            address = place.addresses[place.job][place.index]
            raise UserError(
                f"{place.name} cannot listen at {address}: {reason(error)}; is another process listening there?"
            ) from error
        self.target = self._server.target
        if place.job != tf_config.SERVER:
            tf_config.wait_for(place.servers, seconds, interrupted)
            self.device = tf.train.replica_device_setter(
                ps_tasks=len(place.servers),
                worker_device=self.own,
                merge_devices=True,
                ps_strategy=_LeastLoaded(len(place.servers)),
            )
        self.post = PostOffice(place, self)
        _started.append(self)

    def keep(self, session):
        _started.append(session)


class _LeastLoaded:
    """Puts each variable on the parameter server that holds the fewest bytes so far; every process finds the same."""

    def __init__(self, servers):
        self._bytes = [0] * servers

    def __call__(self, op):
        chosen = self._bytes.index(min(self._bytes))
        shape, dtype = tf.TensorShape(op.get_attr("shape")), tf.as_dtype(op.get_attr("dtype"))
        self._bytes[chosen] += (shape.num_elements() or 1) * dtype.size
        return chosen


class _Watchdog:
    """Ends the process where TensorFlow waits too long: for a machine without power it would wait without end."""

    def __init__(self, name, seconds):
        self._name, self._seconds, self._end = name, seconds, None
        threading.Thread(target=self._look, daemon=True).start()

    def __enter__(self):
        self._end = time.monotonic() + self._seconds

    def __exit__(self, *exception):
        self._end = None

    def _look(self):
        while True:
            time.sleep(tf_config.GLANCE)
            end = self._end
            if end is not None and time.monotonic() > end:
                print(
                    f"{self._name} gives up: nothing came back for {self._seconds:g} s, as where a parameter server "
                    "was lost; start the job again, and it goes on from the last state",
                    file=sys.stderr,
                    flush=True,
                )
                os._exit(command.EXIT_MISTAKE)
