"""Where a session runs, and on which devices the operations of a process go."""

import os
from collections.abc import Sequence
from typing import Any

import tensorflow.compat.v1 as tf

from gan.console.errors import UserError
from gan.snapshots import sessions


class Placement:
    """Where a session runs and which device does what: all of it here, on a single machine.

    Args:
        devices: how many devices share a batch; see `device_names`.

    Attributes:
        target: for tf.Session.
        device: device or device function for a whole graph.
        own: device for what this process alone uses, such as its data.
        devices: names of the devices that share a batch.
        filters: the processes that a session may use; none means all.
        group_leader: the process that numbers what several processes do together; empty if there are no others.
    """

    target: str = ""
    device: Any = ""
    own: str = ""
    filters: Sequence[str] = ()
    group_leader: str = ""

    def __init__(self, devices: int | None) -> None:
        self.devices, self._virtual = device_names(devices)

    def keep(self, session: tf.Session) -> None:
        """Keeps a session from being taken apart before the process ends, if other processes have a part in it."""

    def session_config(self, **options: Any) -> tf.ConfigProto:
        """The tf.ConfigProto of a session."""
        experimental = tf.ConfigProto.Experimental(collective_group_leader=self.group_leader)
        return tf.ConfigProto(
            allow_soft_placement=True,
            device_count=self._virtual,
            device_filters=list(self.filters),
            intra_op_parallelism_threads=threads_per_operation(sessions.usable_cores()),
            experimental=experimental,
            **options,
        )

    def lost(self, error: tf.errors.OpError) -> UserError | None:
        """What to tell of an error that another process may have caused; None if it is this one's own."""


def device_names(count: int | None) -> tuple[list[str], dict[str, int]]:
    """Names of the devices that share a batch, and how many virtual processors they need.

    Args:
        count: how many; None is one for each GPU, or one if there is no GPU.

    Returns:
        (names, a device_count for tf.ConfigProto). The name "" leaves the choice to TensorFlow.

    Raises:
        UserError: there are fewer GPUs.
    """
    gpus = len(tf.config.list_physical_devices("GPU"))
    count = count or max(1, gpus)
    if gpus and count > gpus:
        raise UserError(f"--num_towers={count}: TensorFlow finds {gpus} GPUs here; lower it, or leave it out")
    if count == 1:
        return [""], {}
    if gpus:
        return [f"/device:GPU:{i}" for i in range(count)], {}
    return [f"/device:CPU:{i}" for i in range(count)], {"CPU": count}


def threads_per_operation(cores: int) -> int:
    """How many threads share one operation on a processor; 0 leaves the choice to TensorFlow.

    On two cores it is one: what judges real images and what judges generated ones, and their gradients, then run side
    by side, each at a core's full speed, while two threads that share a product of some tenths of a millisecond mostly
    wait for each other. With more cores nothing was measured. The variable TF_NUM_INTRAOP_THREADS has the last word.

    Args:
        cores: that this process may use.
    """
    return 1 if cores == 2 and not os.environ.get("TF_NUM_INTRAOP_THREADS") else 0
