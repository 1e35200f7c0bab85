"""A contestant's model in a graph: connected, checked, and its variables found."""

import contextlib
import inspect
import random
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow.compat.v1 as tf

from gan.console.errors import UserError
from gan.networks import keras_layers, registry
from gan.networks.registry import DISCRIMINATOR, GENERATOR
from gan.random_noise_generator import NOISE_SIZE

# TensorFlow 1's way of building graphs, but with resource variables: a reference variable may be read while it is
# written, and then two equal runs differ.
tf.disable_eager_execution()
tf.disable_v2_tensorshape()
tf.disable_control_flow_v2()
tf.enable_resource_variables()

_IS_TRAINING = ("is_training", "training", "train", "is_train")  # names of this argument that people use
_COPY = re.compile(r"^copy_\d+/")
_OF_OTHER = {
    kind: re.compile(rf"(copy_\d+/)?{other}(_\d+)?/")
    for kind, other in ((GENERATOR, DISCRIMINATOR), (DISCRIMINATOR, GENERATOR))
}


class Network:
    """A contestant's model under one variable scope; every call shares its variables.

    The first call's update operations and regularization losses, in TensorFlow's collections, count for all calls.

    Args:
        model: an object with `create_model`, `run_model` and perhaps `get_variables`, or its class. An object of a
            class is made in the scope: what its `__init__` makes belongs to the network, too.
        kind: GENERATOR or DISCRIMINATOR; also the scope's name.
        size: pixels of an image.
        compute_type: tf.DType that the model may compute in while it trains; serving is float32.
        copy: number of this copy of the network, if several devices have one each; 0 is the one that is saved.
        seed: what the model draws with `random` and `numpy.random` is the same in all graphs of this seed, such as
            constants; None leaves both as they are.
    """

    def __init__(
        self,
        model: Any,
        kind: str,
        size: int,
        compute_type: tf.DType = tf.float32,
        copy: int = 0,
        seed: int | None = None,
    ) -> None:
        self.kind, self.size, self._compute_type, self._seed = kind, size, compute_type, seed
        self._scope = f"copy_{copy}/{kind}" if copy else kind
        self._owned: dict[str, list[Any]] = {
            key: []
            for key in (
                tf.GraphKeys.GLOBAL_VARIABLES,
                tf.GraphKeys.TRAINABLE_VARIABLES,
                tf.GraphKeys.UPDATE_OPS,
                tf.GraphKeys.REGULARIZATION_LOSSES,
            )
        }
        self._connected = False
        self.model = model
        self._draw_anew("create_model")
        with self._owning():
            if isinstance(model, type):
                self.model = registry.make(model, kind)
            with self._explaining("create_model"):
                _call(self.model.create_model, {registry.SIZE_ARGUMENT[kind]: size}, first=size)

    def __call__(self, model_input: tf.Tensor, is_training: bool) -> dict[str, tf.Tensor]:
        """Runs the model and checks what it returns; see models.BaseModel.run_model."""
        graph = tf.get_default_graph()
        before = len(graph.get_operations())
        self._draw_anew("run_model")
        with self._owning(), self._explaining("run_model"), keras_layers.shapes_as_wanted(self.model):
            compute_type = self._compute_type if is_training else tf.float32
            keywords = {_switch(self.model.run_model): is_training, "compute_type": compute_type}
            results = _call(self.model.run_model, keywords, first=model_input)
            if is_training:
                own, done = tf.global_variables(f"{self._scope}/"), graph.get_operations()[before:]
                for update in keras_layers.updates(self.model, own, done):
                    if update not in tf.get_collection_ref(tf.GraphKeys.UPDATE_OPS):
                        tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, update)
            if is_training and not self._connected:
                keras_layers.keep_constraints(self.model)
                for loss in keras_layers.regularization_losses(self.model):
                    tf.add_to_collection(tf.GraphKeys.REGULARIZATION_LOSSES, loss)
        self._connected = True
        return self._checked(results)

    def connect_to_placeholder(self) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Runs the model for serving; returns its placeholder and what run_model returns of it."""
        given = tf.placeholder(tf.float32, [None, NOISE_SIZE if self.kind == GENERATOR else self.size])
        return given, self(given, is_training=False)

    @property
    def judges_independently(self) -> bool:
        """Whether the model promises it; see models.BaseModel."""
        return registry.declares(self.model, "judges_independently")

    @property
    def variables(self) -> list[tf.Variable]:
        """All variables made by the model, trainable or not."""
        return self._owned[tf.GraphKeys.GLOBAL_VARIABLES]

    @property
    def trainable_variables(self) -> list[tf.Variable]:
        """The variables that get_variables lists; all trainable ones that are not frozen if it lists none."""
        listed = [v for v in self._listed_variables() if not _OF_OTHER[self.kind].match(v.op.name)]
        own = list({id(v): v for v in map(self._own, listed)}.values())
        frozen = {id(v) for v in self._frozen()}
        found = own or [v for v in self._owned[tf.GraphKeys.TRAINABLE_VARIABLES] if id(v) not in frozen]
        if not found:
            raise UserError(
                f"{type(self.model).__name__} has no trainable variables; make them in create_model with tf.Variable, "
                "or in either method with tf.get_variable or gan.layers"
            )
        return found

    @property
    def borrowed_variables(self) -> list[tf.Variable]:
        """What get_variables lists of the other network's, which alone trains them."""
        return [v for v in self._listed_variables() if _OF_OTHER[self.kind].match(v.op.name)]

    @property
    def unlisted_variables(self) -> list[tf.Variable]:
        """Trainable variables that get_variables leaves out, so that they stay as they begin."""
        known = {id(variable) for variable in (*self.trainable_variables, *self.frozen_variables)}
        return [v for v in self._owned[tf.GraphKeys.TRAINABLE_VARIABLES] if id(v) not in known]

    @property
    def frozen_variables(self) -> list[tf.Variable]:
        """Those of Keras layers with `trainable = False`; none if get_variables lists variables, or if all would be."""
        return [] if self._listed_variables() else self._frozen()

    def _frozen(self) -> list[tf.Variable]:
        every = self._owned[tf.GraphKeys.TRAINABLE_VARIABLES]
        found = keras_layers.frozen(self.model, every)
        return found if len(found) < len(every) else []

    def variables_of(self, output: tf.Tensor, not_through: Sequence[tf.Tensor] = ()) -> list[tf.Variable]:
        """Those of the variables that something is computed from, otherwise than through some tensors."""
        found, waiting = {tensor.op for tensor in not_through}, [output.op]
        while waiting:
            operation = waiting.pop()
            if operation not in found:
                found.add(operation)
                waiting += [tensor.op for tensor in operation.inputs]
        return [variable for variable in self.variables if variable.op in found]

    @property
    def updates(self) -> list[tf.Operation]:
        """Operations to run with every training step, such as those of batch normalisation."""
        return self._owned[tf.GraphKeys.UPDATE_OPS]

    @property
    def regularization_losses(self) -> list[tf.Tensor]:
        """Scalars that were added to the collection, such as those of tf.get_variable's regularizers, and Keras'."""
        return self._owned[tf.GraphKeys.REGULARIZATION_LOSSES]

    def _draw_anew(self, method: str) -> None:
        """Begins the random numbers of Python and numpy that a method of the model may draw."""
        if self._seed is not None:
            text = f"{self._seed} {self.kind} {method}"
            random.seed(text)
            np.random.seed(zlib.crc32(text.encode()))

    @contextlib.contextmanager
    def _owning(self) -> Iterator[None]:
        """Enters the network's scope and notes what is added to the collections inside."""
        before = {key: len(tf.get_collection_ref(key)) for key in self._owned}
        scope = tf.variable_scope(self._scope, reuse=tf.AUTO_REUSE, auxiliary_name_scope=False)
        with scope, tf.name_scope(f"{self._scope}/"):  # the same one each time: Keras takes variables' names from it
            yield
        added = {key: tf.get_collection_ref(key)[before[key] :] for key in self._owned}
        if not self._connected:
            for key, owned in self._owned.items():
                owned += added[key]
        elif added[tf.GraphKeys.GLOBAL_VARIABLES]:
            raise UserError(
                f"{type(self.model).__name__}.run_model makes {added[tf.GraphKeys.GLOBAL_VARIABLES][0].op.name} again "
                "each time it runs; make it, or its layer, in create_model, or use tf.get_variable or gan.layers"
            )

    def _listed_variables(self) -> list[tf.Variable]:
        """What get_variables returns, each once; empty if there is no such method."""
        get_variables = getattr(self.model, "get_variables", None)
        with self._explaining("get_variables"):
            given = [keras_layers.plain_variable(v) for v in get_variables() or []] if get_variables else []
        for each in given:
            if not isinstance(each, tf.compat.v2.Variable):
                raise UserError(
                    f"{type(self.model).__name__}.get_variables lists {each!r}, which is no variable; list "
                    "tf.Variables, or leave get_variables out: then they are found"
                )
        return list({id(variable): variable for variable in given}.values())

    def _own(self, listed: tf.Variable) -> tf.Variable:
        """This copy's variable in place of another copy's: what reads TensorFlow's collections lists those of all."""
        by_name = {_COPY.sub("", v.op.name): v for v in self.variables}
        return by_name.get(_COPY.sub("", listed.op.name), listed)

    def _explaining(self, method: str) -> contextlib.AbstractContextManager[None]:
        return registry.explaining(type(self.model), method, self.kind)

    def _checked(self, results: Any) -> dict[str, tf.Tensor]:
        """What run_model returned; logits and probabilities of shape [N] become [N, 1]."""
        expected = {"output": self.size} if self.kind == GENERATOR else {"logits": 1, "predictions": 1}
        name = type(self.model).__name__
        if not isinstance(results, dict) or not set(expected) <= set(results):
            raise UserError(
                f"{name} is not a {self.kind}: its run_model must return a dict with {' and '.join(expected)}; "
                f"gan/models.py has {', '.join(registry.listed(self.kind))}"
            )
        for key, width in expected.items():
            if not isinstance(results[key], tf.Tensor):
                raise UserError(
                    f"{name}.run_model must return {key} as a tensor, it is {results[key]!r}; compute it from the "
                    "model_input with TensorFlow's operations"
                )
            if width == 1 and results[key].shape.ndims in (1, None):  # None: of tf.squeeze
                results = {**results, key: tf.reshape(results[key], [-1, 1])}
            shape, dtype = results[key].shape, results[key].dtype
            if dtype != tf.float32 or not shape.is_compatible_with([None, width]):
                way_out = f"tf.cast and tf.reshape({key}, [-1, {width}]) help"
                if width == 1 and shape.rank == 2:
                    way_out = "of two classes take the difference of their logits, of patches tf.reduce_mean"
                raise UserError(
                    f"{name}.run_model must return {key} as float32 [N, {width}], it is {dtype.name} {shape}; {way_out}"
                )
        if "features" in results and self.kind == DISCRIMINATOR:
            self._check_features(results["features"])
        if "regularization_loss" in results:
            check_scalar(results["regularization_loss"], f"{name}.run_model's regularization_loss")
        return dict(results)

    def _check_features(self, features: Any) -> None:
        if not isinstance(features, tf.Tensor) or features.dtype != tf.float32 or features.shape.ndims == 0:
            raise UserError(
                f"{type(self.model).__name__}.run_model must return features as float32 [N, ...], it is {features!r}; "
                "tf.cast and tf.concat help"
            )


def check_scalar(value: Any, what: str) -> None:
    """Raises UserError unless `value` is a float32 scalar tensor."""
    if not isinstance(value, tf.Tensor) or value.shape.ndims != 0 or value.dtype != tf.float32:
        raise UserError(f"{what} must be a float32 scalar, it is {value}; is tf.reduce_mean missing?")


def takes(method: Callable[..., Any], keyword: str) -> bool:
    """Whether a method can be given this keyword."""
    parameters = inspect.signature(method).parameters
    return keyword in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())


def _switch(method: Callable[..., Any]) -> str:
    """How a method calls the argument that says whether it trains."""
    parameters = inspect.signature(method).parameters
    return next((name for name in _IS_TRAINING if name in parameters), _IS_TRAINING[0])


def _call(method: Callable[..., Any], keywords: dict[str, Any], first: Any) -> Any:
    """Calls a model's method with its first argument and those keywords that it takes.

    The first argument is passed by keyword if the method takes it under the name given in `keywords`, or has no
    positional argument at all; contestants write both.
    """
    parameters = inspect.signature(method).parameters.values()
    names = {p.name for p in parameters}
    positional = any(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD, p.VAR_POSITIONAL) for p in parameters)
    accepted = {k: v for k, v in keywords.items() if takes(method, k)}
    by_keyword = any(value is first for value in accepted.values())
    if by_keyword and (not positional or any(k in names for k, v in accepted.items() if v is first)):
        return method(**accepted)
    return method(first, **{k: v for k, v in accepted.items() if v is not first})
