"""Layers of Keras and tf_slim in contestants' networks, which leave some things to a program of Keras.

Keras keeps the updates of its batch normalisation to itself. Keras 3 also wraps variables, counts layers in the whole
process to name them, and wants TensorFlow 2's shapes. Nothing here imports Keras: a contestant's code does.
"""

import contextlib
import importlib
import importlib.abc
import importlib.machinery
import sys
import warnings
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any

import tensorflow.compat.v1 as tf
from tensorflow.python.framework import ops

_FAMILIES = ("keras", "tf_keras", "tensorflow")  # packages in which a class named Layer is one of Keras
_LIBRARIES = (*_FAMILIES, "builtins", "collections", "functools", "numpy", "random", "tf_slim", "threading")
_ASSIGNING = {"AssignVariableOp", "AssignAddVariableOp", "AssignSubVariableOp"}
_MOVING = {"moving_mean", "moving_variance"}
_MOVED = "tf_keras.legacy_tf_layers"  # where TensorFlow's own code, and tf_slim through it, looks for these


@contextlib.contextmanager
def new_graph() -> Iterator[tf.Graph]:
    """A new graph, in which layers of Keras 3 get the same names as in every other graph of the same networks."""
    keras = sys.modules.get("keras")
    if keras is not None:
        keras.backend.clear_session()  # the documented way to count layers from the start
    with tf.Graph().as_default() as graph:
        yield graph


def plain_variable(variable: Any) -> Any:
    """The tf.Variable inside a variable of Keras 3; anything else as it is."""
    inner = getattr(variable, "value", None)
    return inner if hasattr(inner, "op") else variable


@contextlib.contextmanager
def shapes_as_wanted(model: Any) -> Iterator[None]:
    """Gives tensors TensorFlow 2's shapes if a model holds layers of Keras 3, which cannot do with others."""
    if not any(_family(layer) == "keras" for layer in _held(model)):
        yield
        return
    tf.enable_v2_tensorshape()
    try:
        yield
    finally:
        tf.disable_v2_tensorshape()


def updates(model: Any, own: Sequence[tf.Variable], operations: Sequence[tf.Operation]) -> list[tf.Operation]:
    """Those operations that change variables of Keras layers, such as moving averages.

    The layers are those that a model holds, and those that it has elsewhere, as in a function, if they are batch
    normalisation, which the names of variables tell.

    Initializers are none: a layer that makes its variables when it is first called leaves these among the operations,
    too, and each step would begin them again. Nor is what lies in a condition, or needs a placeholder that nobody
    feeds, as in a Keras model that is not connected.

    Each waits for what reads the variable before it: a dropout's seed must not change while it is read.

    Args:
        model: a contestant's model.
        own: its variables.
        operations: of one run of it, in their order.
    """
    variables = [plain_variable(v) for layer in _held(model) for v in layer.non_trainable_variables]
    variables += [v for v in own if v.op.name.rpartition("/")[2] in _MOVING]
    first_values, inside = {v.initializer for v in variables if hasattr(v, "initializer")}, set(operations)
    reads: dict[str, list[tf.Operation]] = {v.handle.name: [] for v in variables if hasattr(v, "handle")}
    found = []
    for each in operations:
        handle = each.inputs[0].name if each.inputs else ""
        if handle in reads and each.type == "ReadVariableOp":
            reads[handle].append(each)
        elif handle in reads and each.type in _ASSIGNING and each not in first_values and _can_run(each, inside):
            each._add_control_inputs(reads[handle])
            found.append(each)
    return found


def frozen(model: Any, variables: Sequence[tf.Variable]) -> list[tf.Variable]:
    """Those variables that are of Keras layers of a model, all of which have `trainable = False`."""
    held = _held(model)
    trained = {id(plain_variable(v)) for layer in held for v in layer.trainable_weights}
    others = {id(plain_variable(v)) for layer in held for v in layer.weights} - trained
    return [v for v in variables if id(v) in others]


def keep_constraints(model: Any) -> None:
    """Lets TensorFlow's optimizers keep the constraints of Keras 3, which does not tell its tf.Variables of them."""
    layers = [layer for layer in _held(model) if _family(layer) == "keras"]
    for variable in (v for layer in layers for v in layer.trainable_weights):
        if getattr(variable, "constraint", None) is not None:
            plain_variable(variable)._constraint = variable.constraint


def has_spectral_normalization(model: Any) -> bool:
    """Whether a model has that layer of Keras 3, which changes its weights only while Keras trains."""
    return any(_family(layer) == "keras" and type(layer).__name__ == "SpectralNormalization" for layer in _held(model))


def regularization_losses(model: Any) -> list[tf.Tensor]:
    """What the regularizers of a model's Keras layers add to its loss; those of tf.layers are in the collection."""
    held = _held(model)
    inside = {id(each) for layer in held for each in _layers_in(layer)}  # whose losses are their layer's, too
    outer = [layer for layer in held if id(layer) not in inside]
    own = [each for each in outer if not any("legacy_tf_layers" in kind.__module__ for kind in type(each).__mro__)]
    every = set(tf.get_default_graph().get_operations())
    # Keras connects some models by itself first, to a placeholder that nobody feeds.
    return [loss for layer in own for loss in layer.losses if _can_run(loss.op, every)]


def _layers_in(layer: Any) -> list[Any]:
    """The layers inside a layer of Keras, at any depth."""
    flattened = getattr(layer, "_flatten_layers", None)
    return [each for each in flattened(include_self=False)] if flattened else []


def _can_run(operation: tf.Operation, inside: set[tf.Operation]) -> bool:
    """Whether a training step can run an operation: it is in no condition and needs no placeholder from `inside`."""
    seen, waiting = set(), [operation]
    while waiting:
        each = waiting.pop()
        if each.type == "Placeholder":
            return False
        if each not in seen:
            seen.add(each)
            waiting += inside.intersection([tensor.op for tensor in each.inputs] + list(each.control_inputs))
    return operation._get_control_flow_context() is None


def _held(model: Any) -> list[Any]:
    """Layers of Keras among a model's attributes, and in lists, dictionaries and objects of other classes there."""
    found, waiting, seen = [], [*vars(model).values()], set()
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if _family(one):
            found.append(one)
        elif isinstance(one, dict):
            waiting += one.values()
        elif isinstance(one, (list, tuple, set)):
            waiting += one
        elif _is_of_the_contestant(one):
            waiting += vars(one).values()
    return found


def _is_of_the_contestant(thing: Any) -> bool:
    """Whether a thing is an object of a class that no library has."""
    package = type(thing).__module__.split(".")[0]
    return hasattr(thing, "__dict__") and package not in _LIBRARIES


def _family(thing: Any) -> str | None:
    """The package whose class Layer a thing is derived from; None if it is no layer of Keras."""
    packages = (each.__module__.split(".")[0] for each in type(thing).__mro__ if each.__name__ == "Layer")
    return next((package for package in packages if package in _FAMILIES), None)


class _MovedLayers(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds tf_keras.legacy_tf_layers, which TensorFlow imports, where tf_keras has it: in tf_keras.src."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if not f"{fullname}.".startswith(f"{_MOVED}."):
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=fullname == _MOVED)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return importlib.import_module(spec.name.replace("tf_keras.", "tf_keras.src.", 1))

    def exec_module(self, module: ModuleType) -> None:
        """Does nothing: the module is complete."""


sys.meta_path.append(_MovedLayers())
if not hasattr(ops, "Tensor"):  # where tf_slim 1.1, the last one, looks for it
    ops.Tensor = tf.Tensor
warnings.filterwarnings("ignore", message=r"`(tf\.layers|layer)\.\w+` is deprecated")
