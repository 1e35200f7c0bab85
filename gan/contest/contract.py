"""The contest's contract: four collections of one tensor each, and what lies between them.

| collection               | tensor                                                               |
|--------------------------|----------------------------------------------------------------------|
| noise_input_placeholder  | placeholder, float32 [None, 100], uniform in [-1, 1]                 |
| generated_images         | float32 [None, size] in [0, 1]                                       |
| input_batch_raw          | placeholder, float32 [None, size] in [0, 1]                          |
| p_for_data               | float32 [None, 1] or [None], in [0, 1], 1 = real                     |

This is the only file that spells the collections' names. It treats a meta graph as data. Nothing of a meta graph is
imported or run before it is cut down to the operations between the four tensors, and these are all on a list.
"""

import contextlib
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import tensorflow.compat.v1 as tf

from gan.console.errors import ContractError, reason
from gan.contest import output_checks
from gan.contest.behaviour import BATCH, Behaviour
from gan.contest.faults import Breaches, breach
from gan.contest.rules import HALF_ROUND_POINTS
from gan.random_noise_generator import uniform_noise

NOISE = "noise_input_placeholder"
GENERATED = "generated_images"
IMAGES = "input_batch_raw"
PROBABILITY = "p_for_data"

# How far the outputs of equal inputs may differ: other batch sizes round in other ways.
_TENSOR_NAME = re.compile(r"[^:^]+(:[0-9]{1,6})?")
TOLERANCE = 1e-4


Network = Callable[[np.ndarray], np.ndarray]


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
    """Reads the four collections; raises ContractError if some of them do not hold exactly one tensor."""
    breaches, names = Breaches(), list[str]()
    for collection in (NOISE, GENERATED, IMAGES, PROBABILITY):
        with breaches.noted():
            names.append(_only_tensor(meta_graph, collection))
    breaches.raise_all()
    return Endpoints(*names)


def check_behaviour(
    generate: Network, discriminate: Network, size: int, are_random: tuple[bool, bool] = (False, False)
) -> Behaviour:
    """Runs both networks and checks the rules that the graph alone does not show.

    Args:
        generate: noise [N, 100] -> images [N, size].
        discriminate: images [N, size] -> probabilities [N].
        size: pixels of an image.
        are_random: whether what the generator and what the discriminator draws depends on the shape of its batch.

    Returns:
        How they must be asked.

    Raises:
        ContractError: a value is not finite or not in [0, 1], or a second call gives another result; names all of
            these.
    """
    breaches, behaviour = Breaches(), Behaviour()
    with breaches.noted():
        sees_batch = check_generator(generate, size, are_random[0])
        behaviour = behaviour._replace(generator_sees_batch=sees_batch)
    with breaches.noted():
        sees_batch = check_discriminator(discriminate, generate, size, are_random[1])
        behaviour = behaviour._replace(discriminator_sees_batch=sees_batch)
    breaches.raise_all()
    return behaviour


def check_generator(generate: Network, size: int, is_random: bool = False) -> bool:
    """Checks a generator; see check_behaviour.

    Args:
        generate: noise [N, 100] -> images [N, size]; if it is random, it draws the same in each call.
        size: pixels of an image.
        is_random: whether what it draws depends on the shape of its batch.

    Returns:
        Whether an image changes with the rest of its batch.
    """
    noise = uniform_noise(BATCH, 0)
    images = generate(noise)
    output_checks.check(GENERATED, images, (BATCH, size))
    _check_same_again(GENERATED, generate, noise, images)
    return _sees_batch(GENERATED, generate, noise, images, is_random)


def check_discriminator(discriminate: Network, generate: Network, size: int, is_random: bool = False) -> bool:
    """Checks a discriminator; see check_behaviour.

    Args:
        discriminate: images [N, size] -> probabilities [N]; if it is random, it draws the same in each call.
        generate: noise [N, 100] -> images [N, size], for images to show to it.
        size: pixels of an image.
        is_random: whether what it draws depends on the shape of its batch.

    Returns:
        Whether a probability changes with the rest of its batch.
    """
    seen = np.linspace(0, 1, HALF_ROUND_POINTS * size, dtype=np.float32).reshape(HALF_ROUND_POINTS, size)
    with contextlib.suppress(ContractError):  # what is wrong with the generator is told by its own check
        images = generate(uniform_noise(BATCH, 0))
        output_checks.check(GENERATED, images, (BATCH, size))
        seen[::2] = images
    probability = discriminate(seen)
    output_checks.check(PROBABILITY, probability, (len(seen),))
    _check_same_again(PROBABILITY, discriminate, seen, probability)
    return _sees_batch(PROBABILITY, discriminate, seen, probability, is_random)


@contextlib.contextmanager
def explaining(code: str, /, **parameters: Any) -> Iterator[None]:
    """Turns what TensorFlow raises for malformed graphs and files into the breach of this code.

    Too much memory is a breach of its own. The code's sentence has one
    parameter more, `reason`: the sentence of TensorFlow's message that says what is wrong.
    """
    try:
        yield
    except tf.errors.ResourceExhaustedError as error:
        raise breach("out_of_memory") from error
    except (ValueError, TypeError, IndexError, RuntimeError, tf.errors.OpError) as error:
        raise breach(code, **parameters, reason=reason(error)) from error


def _check_same_again(name: str, network: Network, inputs: np.ndarray, outputs: np.ndarray) -> None:
    difference = _difference(name, outputs, network(inputs))
    if difference > TOLERANCE:
        raise breach("not_repeatable", name=name, difference=difference)


def _sees_batch(name: str, network: Network, inputs: np.ndarray, outputs: np.ndarray, is_random: bool) -> bool:
    """Whether an output changes if its input is alone, or, of a random network, with others in a batch of this size."""
    number = len(inputs)
    # A discriminator may be sure of its own generator's images; those between are brighter and brighter.
    rows = [*range(1, number, 2), *range(0, number, 4)] if name == PROBABILITY else range(0, number, 2)
    for row in rows:
        if is_random:
            others = np.repeat(inputs[row - 1][None], len(inputs), 0)
            others[row] = inputs[row]
            output = network(others)[row]
        else:
            try:
                output = network(inputs[row : row + 1])[0]
            except ContractError:  # it can be run with a whole batch only
                return True
        if not np.abs(outputs[row] - output).max() <= TOLERANCE:  # also if it is no number alone
            return True
    return False


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
    if not _TENSOR_NAME.fullmatch(names[0]):
        raise breach("collection_unknown", collection=collection)
    return str(names[0])
