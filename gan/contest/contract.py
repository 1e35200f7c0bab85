"""The contest's contract: four collections of one tensor each, and what lies between them.

| collection               | tensor                                                               |
|--------------------------|----------------------------------------------------------------------|
| noise_input_placeholder  | placeholder, float32 [None, 100], uniform in [-1, 1]                 |
| generated_images         | float32 [None, size] in [0, 1]; depends on the noise alone           |
| input_batch_raw          | placeholder, float32 [None, size] in [0, 1]                          |
| p_for_data               | float32 [None, 1] in [0, 1], 1 = real; for each image on it alone    |

This is the only file that spells the collections' names. Everything here treats a meta graph as
data: nothing is imported or run until it was cut down to the operations between the four tensors
and these were found on a short list.
"""

import contextlib
from typing import NamedTuple

import numpy as np
import tensorflow.compat.v1 as tf

from gan.console.errors import ContractError, reason
from gan.contest import output_checks
from gan.random_noise_generator import uniform_noise

NOISE = "noise_input_placeholder"
GENERATED = "generated_images"
IMAGES = "input_batch_raw"
PROBABILITY = "p_for_data"

# How far equal inputs may differ in their outputs: the rounding of other batch sizes.
TOLERANCE = 1e-4


class Endpoints(NamedTuple):
    """Names of the four tensors, such as "discriminator/Sigmoid:0"."""

    noise: str
    generated: str
    images: str
    probability: str


def publish(noise, generated, images, probability):
    """Adds the four tensors to their collections in the current graph."""
    for name, tensor in zip((NOISE, GENERATED, IMAGES, PROBABILITY), (noise, generated, images, probability)):
        tf.add_to_collection(name, tensor)


def endpoints(meta_graph):
    """Reads the four collections of a tf.MetaGraphDef; raises ContractError where one is not right."""
    return Endpoints(*(_only_tensor(meta_graph, name) for name in (NOISE, GENERATED, IMAGES, PROBABILITY)))


def check_behaviour(generate, discriminate, size):
    """Runs both networks and checks what cannot be read off the graph.

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
    _check_same(GENERATED, images, generate(noise), "changes between two calls with the same noise")
    alone = np.concatenate([generate(noise[i : i + 1]) for i in range(len(noise))])
    _check_same(GENERATED, images, alone, "of one noise vector changes with the rest of its batch")

    seen = np.concatenate([np.linspace(0, 1, 4 * size, dtype=np.float32).reshape(4, size), images])
    probability = discriminate(seen)
    output_checks.check(PROBABILITY, probability, (len(seen),))
    _check_same(PROBABILITY, probability, discriminate(seen), "changes between two calls with the same images")
    alone = np.concatenate([discriminate(seen[i : i + 1]) for i in range(len(seen))])
    _check_same(PROBABILITY, probability, alone, "of one image changes with the rest of its batch")


@contextlib.contextmanager
def explaining(what):
    """Turns what TensorFlow raises for malformed graphs and files into a ContractError that begins with `what`."""
    try:
        yield
    except (ValueError, TypeError, IndexError, RuntimeError, tf.errors.OpError) as error:
        raise ContractError(f"{what}: {reason(error)}") from error


def _check_same(name, first, second, what):
    difference = np.abs(first - second).max()
    if not difference <= TOLERANCE:
        raise ContractError(f"{name} {what} (by {difference:.2g})")


def _only_tensor(meta_graph, collection):
    if collection not in meta_graph.collection_def:
        raise ContractError(f"the collection {collection} is missing")
    names = meta_graph.collection_def[collection].node_list.value
    if len(names) != 1:
        raise ContractError(f"the collection {collection} must hold exactly one tensor, it holds {len(names)}")
    return names[0]
