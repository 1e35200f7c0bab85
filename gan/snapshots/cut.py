"""Cuts the two networks out of a meta graph, as data: nothing is run before its operations are checked.

The way of a network: it is folded (folding.py), cut out between its two tensors and lowered (lowering.py). That is
what we write. A network that will be run here goes on: its random operations get a key (random_ops.py), channels come
last (layouts.py), its weights become constants, its operations are checked against play_ops, and it is imported.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import tensorflow.compat.v1 as tf

from gan.contest import battle_ops, contract, play_ops
from gan.contest.faults import breach
from gan.random_noise_generator import NOISE_SIZE
from gan.snapshots import folding, layouts, lowering, node_names, random_ops, sessions
from gan.snapshots.node_builder import constant

GENERATOR, DISCRIMINATOR = "generator", "discriminator"
_MOST_PREDICATE_NODES = 2_000  # of what decides a branch

ReadWeight = Callable[[str], np.ndarray]  # variable's name -> its value; raises KeyError if it has none


class NetworkGraph(NamedTuple):
    """One network as data: a GraphDef between one input and one output, without branches, loops and calls."""

    graph_def: tf.GraphDef
    input: str  # tensor name of the placeholder
    output: str  # tensor name of the result
    key: str | None = None  # tensor name of the placeholder for random_ops; None if nothing in it is random


class ConnectedNetwork(NamedTuple):
    """A network in a tf.Graph."""

    input: tf.Tensor
    output: tf.Tensor
    key: tf.Tensor | None  # see NetworkGraph


class _Tensor(NamedTuple):
    """One of the contract's tensors."""

    collection: str
    name: str


class _Ends(NamedTuple):
    """What a network lies between."""

    source: _Tensor
    sink: _Tensor
    width: int  # of the source


def extract_networks(
    meta_graph: tf.MetaGraphDef, size: int, read_weight: ReadWeight | None = None
) -> tuple[NetworkGraph, NetworkGraph]:
    """Cuts the two networks out of a meta graph and lowers them.

    Everything else in it (input pipelines, optimizers, savers, summaries, control dependencies,
    functions) is left behind. If a queue feeds `input_batch_raw`, that tensor becomes a placeholder. A
    placeholder with a default, such as a switch for training, becomes its default.

    Args:
        meta_graph: from anyone.
        size: pixels of an image.
        read_weight: for conditions that a variable decides; None refuses these.

    Returns:
        (generator, discriminator), with their variables still in them.

    Raises:
        ContractError: a collection is wrong, a network needs something beside its input, or has conditions or loops
            that depend on it; names all of these.
    """
    first, second = both_ends(meta_graph, size)
    return extract(meta_graph, first, read_weight), extract(meta_graph, second, read_weight)


def both_ends(meta_graph: tf.MetaGraphDef, size: int) -> tuple[_Ends, _Ends]:
    """What the generator and the discriminator lie between; raises ContractError if a collection is wrong."""
    ends = contract.endpoints(meta_graph)
    noise, generated = _Tensor(contract.NOISE, ends.noise), _Tensor(contract.GENERATED, ends.generated)
    images, probability = _Tensor(contract.IMAGES, ends.images), _Tensor(contract.PROBABILITY, ends.probability)
    return _Ends(noise, generated, NOISE_SIZE), _Ends(images, probability, size)


def extract(meta_graph: tf.MetaGraphDef, ends: _Ends, read_weight: ReadWeight | None) -> NetworkGraph:
    """Cuts out one network; see extract_networks."""
    with contract.explaining("graph_malformed"):
        return _between(meta_graph, ends, read_weight)


def freeze(network: NetworkGraph, read_weight: ReadWeight) -> NetworkGraph:
    """Makes a network a function of its input and a key, which this TensorFlow can run on a processor.

    Args:
        network: what `extract` returned.
        read_weight: from a variable's name to its numpy array; raises KeyError if there is none.

    Returns:
        A NetworkGraph without variables: a pure function.

    Raises:
        ContractError: a variable is not in the checkpoint, cannot be read, or has another shape there.
    """
    graph_def, key = random_ops.keyed(network.graph_def)
    return network._replace(graph_def=_frozen(graph_def, read_weight), key=key)


def connect(network: NetworkGraph, size: int, scope: str) -> ConnectedNetwork:
    """Imports a frozen network into the current graph and checks types and shapes.

    Args:
        network: what `freeze` returned.
        size: pixels of an image.
        scope: GENERATOR or DISCRIMINATOR: which network it is, and the name scope for its operations.

    Returns:
        Its tensors. Probabilities of shape [None] become [None, 1].

    Raises:
        ContractError: the graph is malformed or has operations that are not allowed, it does not take
            float32 [None, 100 or size], or its output is not float32 [None, size or 1].
    """
    name, taken, returned = (
        (contract.GENERATED, NOISE_SIZE, size) if scope == GENERATOR else (contract.PROBABILITY, size, 1)
    )
    with contract.explaining("network_malformed", network=scope):
        forbidden = play_ops.outside_play_ops(network.graph_def, network.output)
    if forbidden:
        raise breach("forbidden_operations", network=scope, operations=forbidden)
    wanted = [tensor for tensor in (network.input, network.output, network.key) if tensor]
    with contract.explaining("not_connectable", network=scope, width=taken):
        given, result, *key = tf.import_graph_def(network.graph_def, return_elements=wanted, name=scope)
    if returned == 1 and result.shape.ndims == 1:
        result = tf.reshape(result, [-1, 1])
    if result.dtype != tf.float32 or not result.shape.is_compatible_with([None, returned]):
        found = f"{result.dtype.name} {result.shape}"
        raise breach("wrong_type", name=name, wanted=f"float32 [None, {returned}]", found=found)
    return ConnectedNetwork(given, result, key[0] if key else None)


def _between(meta_graph: tf.MetaGraphDef, ends: _Ends, read_weight: ReadWeight | None) -> NetworkGraph:
    """The network from one tensor to another; `source` becomes a placeholder [None, width]."""
    source, sink, width = ends
    nodes = {node.name: node for node in meta_graph.graph_def.node}
    _check_placeholder(nodes.get(node_names.node_of(source.name)), source.collection, [None, width])
    folder = folding.GraphFolder(meta_graph, source.name, lambda folded: _value(folded, read_weight))
    folded = folder.fold(sink.name, sink.collection)
    for node in folded.nodes:
        if node.op in battle_ops.PLACEHOLDER_OPS:
            raise breach("other_placeholder", output=sink.collection, input=source.collection, placeholder=node.name)
    if not folded.reaches_source:
        raise breach("input_unused", output=sink.collection, input=source.collection)
    name = "contract_input"
    while name in nodes:
        name += "_"
    for node in folded.nodes:
        for index, tensor in enumerate(node.input):
            if node_names.full(tensor) == node_names.full(source.name):
                node.input[index] = name
    renamed = node_names.without_reserved(folded.nodes)
    lowered = lowering.lower(tf.GraphDef(node=[_placeholder(name, width), *folded.nodes]))
    for node in lowered.node:
        battle_ops.strip_harmless_attributes(node)
    last = node_names.node_of(folded.output)
    output = f"{renamed.get(last, last)}:{node_names.output_of(folded.output)}"
    if folded.output == node_names.full(source.name):
        output = name + ":0"
    return NetworkGraph(lowered, name + ":0", output)


def _placeholder(name: str, width: int) -> tf.NodeDef:
    node = tf.NodeDef(name=name, op="Placeholder")
    node.attr["dtype"].type = tf.float32.as_datatype_enum
    node.attr["shape"].shape.CopyFrom(tf.TensorShape([None, width]).as_proto())
    return node


def _frozen(graph_def: tf.GraphDef, read_weight: ReadWeight) -> tf.GraphDef:
    """Channels last, and constants in the place of variables."""
    frozen = tf.GraphDef(versions=graph_def.versions)
    for node in layouts.channels_last(graph_def).node:
        if node.op in battle_ops.VARIABLE_OPS:
            with contract.explaining("variable_unreadable", variable=node.name):
                frozen.node.append(constant(node.name, _weight(node, read_weight)))
        else:
            frozen.node.append(node)
    return frozen


def _value(folded: folding.Folded, read_weight: ReadWeight | None) -> np.ndarray | None:
    """The value of what decides a branch; None if it is random, needs a variable unknown, or may not play."""
    if len(folded.nodes) > _MOST_PREDICATE_NODES:
        raise breach("too_many_nodes", most=_MOST_PREDICATE_NODES)
    lowered = lowering.lower(tf.GraphDef(node=folded.nodes))
    if read_weight is None and any(node.op in battle_ops.VARIABLE_OPS for node in lowered.node):
        return None
    frozen = _frozen(lowered, read_weight) if read_weight else layouts.channels_last(lowered)
    if play_ops.outside_play_ops(frozen, folded.output):
        return None
    with tf.Graph().as_default() as graph:
        (result,) = tf.import_graph_def(frozen, return_elements=[folded.output], name="")
    with tf.Session(graph=graph, config=sessions.judge_config()) as session:
        return np.asarray(session.run(result))


def _check_placeholder(node: tf.NodeDef | None, collection: str, shape: list[int | None]) -> None:
    """Compares what a placeholder declares; the node of a queue does not say what it delivers."""
    if node is None:
        raise breach("collection_unknown", collection=collection)
    if node.op in battle_ops.PLACEHOLDER_OPS:
        # TensorFlow 1.2 wrote no dimensions at all if it did not know each of them.
        declared = tf.TensorShape(node.attr["shape"].shape if node.attr["shape"].shape.dim else None)
        dtype = tf.as_dtype(node.attr["dtype"].type)
        if dtype != tf.float32 or not declared.is_compatible_with(shape):
            wanted, found = f"float32 {tf.TensorShape(shape)}", f"{dtype.name} {declared}"
            raise breach("wrong_type", name=collection, wanted=wanted, found=found)


def _weight(node: tf.NodeDef, read_weight: ReadWeight) -> np.ndarray:
    shape, dtype = tf.TensorShape(node.attr["shape"].shape), tf.as_dtype(node.attr["dtype"].type)
    for name in (node.name, node.attr["shared_name"].s.decode()):
        try:
            value = read_weight(name)
        except KeyError:
            continue
        if not shape.is_compatible_with(value.shape):
            raise breach(
                "variable_shape", variable=node.name, in_graph=str(shape), in_checkpoint=str([*map(int, value.shape)])
            )
        if tf.as_dtype(value.dtype) != dtype:
            raise breach("variable_type", variable=node.name, in_graph=dtype.name, in_checkpoint=str(value.dtype))
        return value
    raise breach("variable_missing", variable=node.name)
