"""Writes snapshots and training states with TensorFlow's saver, and restores states.

checkpoint_files.py says which files they are and in which order they appear.
"""

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow.compat.v1 as tf

from gan.console.errors import StateError, reason
from gan.snapshots import checkpoint_files
from gan.snapshots.checkpoint_files import Found
from gan.snapshots.serving_graph import ServingGraph
from gan.storage import files

# The filter's variables and those of its Adam optimizer, whose number depends on the optimizers of the networks.
_OF_FILTER = r"^nonsense_filter/|^beta[12]_power(_\d)?$"
# In a variable's name -> the flag that puts it into a training state; the first that is found counts.
_FLAGS_OF_VARIABLES = {
    _OF_FILTER: "nonsense_filter",
    r"/ExponentialMovingAverage$": "averaging_decay",
    r"schedule_factor$": "learning_rate_schedule",
    r"replay/images$": "replay_share",
    r"augment_probability$": "augment_target",
    r"instance_noise_factor$": "instance_noise",
}
_AVERAGE = "/ExponentialMovingAverage"
# Variables that begin when a training goes on: the first states of version 1.0.0 lack the first one, and a filter
# learns by itself.
_LATER_VARIABLES = rf"^num_images$|{_OF_FILTER}"


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
    # A weight that the discriminator reads too was averaged once.
    for name in saved.keys() - wanted.keys():
        if (
            name.endswith(_AVERAGE)
            and name.removesuffix(_AVERAGE) in wanted
            and any(n.endswith(_AVERAGE) for n in wanted)
        ):
            del saved[name]
    later = {name for name in wanted.keys() - saved.keys() if re.search(_LATER_VARIABLES, name)}
    differences = [
        f"{name} is {_shape(saved, name)} there and {_shape(wanted, name)} in the networks asked for"
        for name in sorted({**saved, **wanted})
        if saved.get(name) != wanted.get(name) and name not in later
    ]
    of_flags = {name: flag_name for name in ({*saved} ^ {*wanted}) - later if (flag_name := _flag_of(name))}
    if of_flags and len(of_flags) == len(differences):
        told = {f"--{flag_name} {'on' if name in saved else 'off'}" for name, flag_name in of_flags.items()}
        raise StateError(f"{found.prefix} was trained with {', '.join(sorted(told))}, which cannot change on the way")
    if differences:
        more = f", and {len(differences) - 1} more" if len(differences) > 1 else ""
        raise StateError(
            f"{found.prefix} is the state of other networks or another optimizer: {differences[0]}{more}; choose "
            "another --train_dir, or --start_new_model to begin from scratch"
        )
    if later:
        _load_values(session, found, variables)
    else:
        saver.restore(session, found.prefix)


def _load_values(session: tf.Session, found: Found, variables: Sequence[tf.Variable]) -> None:
    """Gives variables their values in a state, and those that it lacks their first ones."""
    state = tf.train.load_checkpoint(found.prefix)
    for variable in variables:
        if state.has_tensor(variable.op.name):
            variable.load(state.get_tensor(variable.op.name), session)
        else:
            session.run(variable.initializer)


def _flag_of(variable: str) -> str | None:
    return next((name for part, name in _FLAGS_OF_VARIABLES.items() if re.search(part, variable)), None)


def _save(saver: tf.train.Saver, session: tf.Session, prefix: str) -> None:
    try:
        saver.save(session, prefix, write_meta_graph=False, write_state=False)
    except (tf.errors.OpError, ValueError) as error:
        raise StateError(f"{prefix} could not be written, the last complete one is kept: {reason(error)}") from error


def _shape(shapes: Mapping[str, list[int]], name: str) -> Any:
    return shapes.get(name, "absent")
