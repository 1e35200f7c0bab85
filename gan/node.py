"""This process's place among TensorFlow's servers: where its sessions run and its operations go."""

import contextlib
import os
import sys
import threading
import time

import tensorflow.compat.v1 as tf

from gan import cluster, command_line
from gan.errors import UserError, reason
from gan.messages import PostOffice

# Kept to the end: sessions print errors where they are taken apart after their peers, and wait without end where one
# of these is silent.
_started = []


class Placement:
    """Where a session runs and what goes where: all of it here, on a single machine.

    Args:
        towers: how many devices share a batch.

    Attributes:
        target: for tf.Session.
        device: device or device function for a whole graph.
        own: device of what this process alone uses, such as its data.
        towers: names of the devices that share a batch.
        filters: the processes that a session may use; an empty list is all.
        watch: context manager for what waits for other processes inside TensorFlow.
    """

    target, device, own, filters, watch = "", "", "", (), contextlib.nullcontext()

    def __init__(self, towers):
        self.towers, self._virtual = device_names(towers)

    def keep(self, session):
        """Keeps a session from being taken apart before the process ends, where other processes have a part in it."""

    def session_config(self, **options):
        """The tf.ConfigProto of a session."""
        return tf.ConfigProto(
            allow_soft_placement=True, device_count=self._virtual, device_filters=list(self.filters), **options
        )


class Node(Placement):
    """Starts the TensorFlow server of one process of a cluster.

    Args:
        place: a cluster.Cluster.
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
        self.filters = [self.own] if place.job == cluster.SERVER else [f"/job:{cluster.SERVER}", self.own]
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
        if place.job != cluster.SERVER:
            cluster.wait_for(place.servers, seconds, interrupted)
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
            time.sleep(cluster.GLANCE)
            end = self._end
            if end is not None and time.monotonic() > end:
                print(
                    f"{self._name} gives up: nothing came back for {self._seconds:g} s, as where a parameter server "
                    "was lost; start the job again, and it goes on from the last state",
                    file=sys.stderr,
                    flush=True,
                )
                os._exit(command_line.EXIT_MISTAKE)


def device_names(towers):
    """Names of the devices that share a batch, and how many virtual processors they need.

    Args:
        towers: how many; None is one for each GPU, or one where there is none.

    Returns:
        (names, a device_count for tf.ConfigProto).

    Raises:
        UserError: there are fewer GPUs.
    """
    gpus = len(tf.config.list_physical_devices("GPU"))
    towers = towers or max(1, gpus)
    if gpus and towers > gpus:
        raise UserError(f"--num_towers={towers}: TensorFlow finds {gpus} GPUs here")
    if towers == 1:
        return [""], {}
    if gpus:
        return [f"/device:GPU:{i}" for i in range(towers)], {}
    return [f"/device:CPU:{i}" for i in range(towers)], {"CPU": towers}
