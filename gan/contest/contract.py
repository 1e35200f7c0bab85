"""The contest's contract: four collections of one tensor each, and what lies between them.

| collection               | tensor                                                               |
|--------------------------|----------------------------------------------------------------------|
| noise_input_placeholder  | placeholder, float32 [None, 100], uniform in [-1, 1]                 |
| generated_images         | float32 [None, size] in [0, 1]; depends on the noise alone           |
| input_batch_raw          | placeholder, float32 [None, size] in [0, 1]                          |
| p_for_data               | float32 [None, 1] in [0, 1], 1 = real; depends on its image alone    |

This is the only file that spells the collections' names. It treats a meta graph as data. Nothing of a meta graph is
imported or run before it is cut down to the operations between the four tensors, and these are all on a short list.
"""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import tensorflow.compat.v1 as tf

from gan.console.errors import reason
from gan.contest import output_checks
from gan.contest.faults import breach
from gan.random_noise_generator import uniform_noise

NOISE = "noise_input_placeholder"
GENERATED = "generated_images"
IMAGES = "input_batch_raw"
PROBABILITY = "p_for_data"

# How far the outputs of equal inputs may differ: other batch sizes round in other ways.
TOLERANCE = 1e-4


class Endpoints(NamedTuple):
    """Names of the four tensors, such as "discriminator/Sigmoid:0"."""

    noise: str
    generated: str
    images: str
    probability: str


def publish(noise: tf.Tensor, generated: tf.Tensor, images: tf.Tensor, probability: tf.Tensor) -> None:
    """Adds the four tensors to their collections in the current graph."""
    for name, tensor in zip((NOISE, GENERATED, IMAGES, PROBABILITY), (noise, generated, images, probability)):
        tf.add_to_collection(name, tensor)


def endpoints(meta_graph: tf.MetaGraphDef) -> Endpoints:
    """Reads the four collections; raises ContractError if one of them does not hold exactly one tensor."""
    return Endpoints(*(_only_tensor(meta_graph, name) for name in (NOISE, GENERATED, IMAGES, PROBABILITY)))


def check_behaviour(
    generate: Callable[[np.ndarray], np.ndarray], discriminate: Callable[[np.ndarray], np.ndarray], size: int
) -> None:
    """Runs both networks and checks the rules that the graph alone does not show.

    Args:
        generate: noise [N, 100] -> images [N, size].
        discriminate: images [N, size] -> probabilities [N].
        size: pixels of an image.

    Raises:
        ContractError: a value is not finite or not in [0, 1], a second call gives another result,
            or a result changes with the rest of its batch.
    """
    noise = uniform_noise(8, 0)
    images = generate(noise)
    output_checks.check(GENERATED, images, (8, size))
    _check_same_again(GENERATED, generate, noise, images)
    seen = np.concatenate([np.linspace(0, 1, 4 * size, dtype=np.float32).reshape(4, size), images])
    probability = discriminate(seen)
    output_checks.check(PROBABILITY, probability, (len(seen),))
    _check_same_again(PROBABILITY, discriminate, seen, probability)


@contextlib.contextmanager
def explaining(code: str, /, **parameters: Any) -> Iterator[None]:
    """Turns what TensorFlow raises for malformed graphs and files into the breach of this code.

    The code's sentence has one parameter more, `reason`: the sentence of TensorFlow's message that says what is wrong.
    """
    try:
        yield
    except (ValueError, TypeError, IndexError, RuntimeError, tf.errors.OpError) as error:
        raise breach(code, **parameters, reason=reason(error)) from error


def _check_same_again(
    name: str, network: Callable[[np.ndarray], np.ndarray], inputs: np.ndarray, outputs: np.ndarray
) -> None:
    """Runs a network again, on the same batch and on each input alone."""
    difference = _difference(name, outputs, network(inputs))
    if difference > TOLERANCE:
        raise breach("not_repeatable", name=name, difference=difference)
    alone = np.concatenate([network(inputs[i : i + 1]) for i in range(len(inputs))])
    difference = _difference(name, outputs, alone)
    if difference > TOLERANCE:
        raise breach("batch_dependent", name=name, difference=difference)


def _difference(name: str, first: np.ndarray, second: np.ndarray) -> float:
    difference = float(np.abs(first - second).max())
    if not np.isfinite(difference):
        raise breach("not_finite", name=name)
    return difference


def _only_tensor(meta_graph: tf.MetaGraphDef, collection: str) -> str:
    if collection not in meta_graph.collection_def:
        raise breach("collection_missing", collection=collection)
    names = meta_graph.collection_def[collection].node_list.value
    if len(names) != 1:
        raise breach("collection_count", collection=collection, count=len(names))
    return str(names[0])
