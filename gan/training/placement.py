"""Where a session runs, and on which devices the operations of a process go."""

import contextlib
import re

import tensorflow.compat.v1 as tf

from gan.console.errors import UserError, reason


def lost(error):
    """The UserError for a TensorFlow error that says that another process is gone."""
    told = re.search(r'grpc_message:\s*"([^"]*)"', str(error))
    return UserError(
        f"a parameter server was lost: {told[1] if told else reason(error)}; start the job again, and it goes on from "
        "the last state"
    )


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
