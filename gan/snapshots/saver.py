"""Writes snapshots and training states with TensorFlow's saver, and restores states.

checkpoint_files.py says which files they are and in which order they appear.
"""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow.compat.v1 as tf

from gan.console.errors import StateError, reason
from gan.snapshots import checkpoint_files
from gan.snapshots.checkpoint_files import Found
from gan.snapshots.serving_graph import ServingGraph
from gan.storage import files

# End of a variable's name -> the flag that puts it into a training state.
_FLAGS_OF_VARIABLES = {
    "/ExponentialMovingAverage": "averaging_decay",
    "schedule_factor": "learning_rate_schedule",
    "replay/images": "replay_share",
    "augment_probability": "augment_target",
    "instance_noise_factor": "instance_noise",
}


def readable_state(train_dir: str) -> Found | None:
    """Finds the newest training state that can be read; says which damaged ones it passes over.

    Args:
        train_dir: on disk.

    Returns:
        None if there is no state.

    Raises:
        StateError: there are states, and all are damaged.
    """
    folder = os.path.join(train_dir, checkpoint_files.STATE_FOLDER)
    complete = checkpoint_files.all_complete(files.names(folder), checkpoint_files.STATE_PARTS)
    for step in sorted(complete, reverse=True):
        prefix = os.path.join(folder, f"{checkpoint_files.STATE}-{step}")
        damage = damage_of(prefix)
        if damage is None:
            return Found(prefix, step, prefix)
        print(f"warning: {prefix} is damaged and passed over: {damage}", flush=True)
    if complete:
        raise StateError(f"no state in {folder} can be read; --start_new_model begins from scratch")
    return None


def damage_of(prefix: str) -> str | None:
    """Reads all of a state on disk; returns what is wrong with it, or None."""
    try:
        reader = tf.train.load_checkpoint(prefix)
        for name in reader.get_variable_to_shape_map():
            reader.get_tensor(name)
    except (tf.errors.OpError, ValueError, RuntimeError, IndexError) as error:
        return reason(error)
    return None


def write_snapshot(serving: ServingGraph, session: tf.Session, train_dir: str, step: int, keep: int) -> None:
    """Writes train_dir/model.ckpt-STEP and deletes all but the newest snapshots.

    Args:
        serving: the graph to write.
        session: a session of this graph, which holds the weights.
        train_dir: folder to write to.
        step: training step.
        keep: how many snapshots to keep, at least 1.

    Raises:
        StateError: the folder cannot be written or is full.
    """
    prefix = os.path.join(train_dir, f"{checkpoint_files.SNAPSHOT}-{step}")
    _save(serving.saver, session, prefix)
    checkpoint_files.write(prefix + ".meta", serving.meta_graph.SerializeToString())
    checkpoint_files.publish(train_dir, checkpoint_files.SNAPSHOT, step, keep)


def load_weights(serving: ServingGraph, session: tf.Session, weights: Mapping[str, np.ndarray]) -> None:
    """Sets the variables of a session of a serving graph: variable name -> value."""
    assigned = [variable.initializer for variable in serving.variables.values()]
    values = {v.initializer.inputs[1]: weights[name] for name, v in serving.variables.items()}
    session.run(assigned, values)


def write_state(saver: tf.train.Saver, session: tf.Session, train_dir: str, step: int) -> None:
    """Writes train_dir/state/state.ckpt-STEP from a training session; keeps the newest two."""
    folder = os.path.join(train_dir, checkpoint_files.STATE_FOLDER)
    _save(saver, session, os.path.join(folder, f"{checkpoint_files.STATE}-{step}"))
    checkpoint_files.publish(folder, checkpoint_files.STATE, step, keep=2)


def restore_state(saver: tf.train.Saver, session: tf.Session, found: Found, variables: Sequence[tf.Variable]) -> None:
    """Restores a training state after making sure that it is of the same networks.

    Args:
        saver: a saver of `variables`.
        session: a training session.
        found: the state.
        variables: all variables of the training graph.

    Raises:
        StateError: a variable is missing or has another shape; the message names it.
    """
    saved = tf.train.load_checkpoint(found.prefix).get_variable_to_shape_map()
    wanted = {variable.op.name: variable.shape.as_list() for variable in variables}
    differences = [
        f"{name} is {_shape(saved, name)} there and {_shape(wanted, name)} in the networks asked for"
        for name in sorted({**saved, **wanted})
        if saved.get(name) != wanted.get(name)
    ]
    of_flags = {
        name: flag_name
        for name in {*saved} ^ {*wanted}
        for ending, flag_name in _FLAGS_OF_VARIABLES.items()
        if name.endswith(ending)
    }
    if of_flags and len(of_flags) == len(differences):
        told = {f"--{flag_name} {'on' if name in saved else 'off'}" for name, flag_name in of_flags.items()}
        raise StateError(f"{found.prefix} was trained with {', '.join(sorted(told))}, which cannot change on the way")
    if differences:
        more = f", and {len(differences) - 1} more" if len(differences) > 1 else ""
        raise StateError(
            f"{found.prefix} is the state of other networks or another optimizer: {differences[0]}{more}; choose "
            "another --train_dir, or --start_new_model to begin from scratch"
        )
    saver.restore(session, found.prefix)


def _save(saver: tf.train.Saver, session: tf.Session, prefix: str) -> None:
    try:
        saver.save(session, prefix, write_meta_graph=False, write_state=False)
    except (tf.errors.OpError, ValueError) as error:
        raise StateError(f"{prefix} could not be written, the last complete one is kept: {reason(error)}") from error


def _shape(shapes: Mapping[str, list[int]], name: str) -> Any:
    return shapes.get(name, "absent")
