"""Cuts the two networks out of a meta graph, as data: nothing is run before its operations are checked."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import tensorflow.compat.v1 as tf

from gan.contest import battle_ops, contract
from gan.contest.faults import breach
from gan.random_noise_generator import NOISE_SIZE
from gan.snapshots import lowering
from gan.snapshots.node_builder import constant

GENERATOR, DISCRIMINATOR = "generator", "discriminator"


class NetworkGraph(NamedTuple):
    """One network as data: a GraphDef of battle ops between one input and one output."""

    graph_def: tf.GraphDef
    input: str  # tensor name of the placeholder
    output: str  # tensor name of the result


class _Tensor(NamedTuple):
    """One of the contract's tensors."""

    collection: str
    name: str


def extract_networks(meta_graph: tf.MetaGraphDef, size: int) -> tuple[NetworkGraph, NetworkGraph]:
    """Cuts the two networks out of a meta graph and lowers them to battle ops.

    Everything else in it (input pipelines, optimizers, savers, summaries, control dependencies,
    functions) is left behind. If a queue feeds `input_batch_raw`, that tensor becomes a placeholder. A
    placeholder with a default, such as a switch for training, becomes its default.

    Args:
        meta_graph: from anyone.
        size: pixels of an image.

    Returns:
        (generator, discriminator), with their variables still in them.

    Raises:
        ContractError: a collection is wrong, or a network needs something beside its input.
    """
    ends = contract.endpoints(meta_graph)
    nodes = {node.name: node for node in meta_graph.graph_def.node}
    noise, generated = _Tensor(contract.NOISE, ends.noise), _Tensor(contract.GENERATED, ends.generated)
    images, probability = _Tensor(contract.IMAGES, ends.images), _Tensor(contract.PROBABILITY, ends.probability)
    with contract.explaining("graph_malformed"):
        return _between(nodes, noise, generated, NOISE_SIZE), _between(nodes, images, probability, size)


def freeze(network: NetworkGraph, read_weight: Callable[[str], np.ndarray]) -> NetworkGraph:
    """Puts the weights into a network as constants.

    Args:
        network: what `extract_networks` returned.
        read_weight: from a variable's name to its numpy array; raises KeyError if there is none.

    Returns:
        A NetworkGraph without variables: a pure function.

    Raises:
        ContractError: a variable is not in the checkpoint, cannot be read, or has another shape there.
    """
    frozen = tf.GraphDef(versions=network.graph_def.versions)
    for node in network.graph_def.node:
        if node.op in battle_ops.VARIABLE_OPS:
            with contract.explaining("variable_unreadable", variable=node.name):
                frozen.node.append(constant(node.name, _weight(node, read_weight)))
        else:
            frozen.node.append(node)
    return NetworkGraph(frozen, network.input, network.output)


def connect(network: NetworkGraph, size: int, scope: str) -> tuple[tf.Tensor, tf.Tensor]:
    """Imports a frozen network into the current graph and checks types and shapes.

    Args:
        network: what `freeze` returned.
        size: pixels of an image.
        scope: GENERATOR or DISCRIMINATOR: which network it is, and the name scope for its operations.

    Returns:
        (input, output) tensors.

    Raises:
        ContractError: the graph is malformed or has operations that are not allowed, it does not take
            float32 [None, 100 or size], or its output is not float32 [None, size or 1].
    """
    name, taken, returned = (
        (contract.GENERATED, NOISE_SIZE, size) if scope == GENERATOR else (contract.PROBABILITY, size, 1)
    )
    with contract.explaining("network_malformed", network=scope):
        forbidden = battle_ops.outside_battle_ops(network.graph_def, network.output)
    if forbidden:
        raise breach("forbidden_operations", network=scope, operations=forbidden)
    with contract.explaining("not_connectable", network=scope, width=taken):
        given, result = tf.import_graph_def(
            network.graph_def, return_elements=[network.input, network.output], name=scope
        )
    if result.dtype != tf.float32 or not result.shape.is_compatible_with([None, returned]):
        found = f"{result.dtype.name} {result.shape}"
        raise breach("wrong_type", name=name, wanted=f"float32 [None, {returned}]", found=found)
    return given, result


def _between(nodes: Mapping[str, tf.NodeDef], source: _Tensor, sink: _Tensor, width: int) -> NetworkGraph:
    """The network from one tensor to another; `source` becomes a placeholder [None, width]."""
    _check_placeholder(nodes.get(_node_of(source.name)), source.collection, [None, width])
    placeholder = tf.NodeDef(name="contract_input", op="Placeholder")
    placeholder.attr["dtype"].type = tf.float32.as_datatype_enum
    placeholder.attr["shape"].shape.CopyFrom(tf.TensorShape([None, width]).as_proto())
    kept = _needed_nodes(nodes, source, sink, placeholder.name)
    lowered = lowering.lower(tf.GraphDef(node=[placeholder, *(kept[name] for name in nodes if name in kept)]))
    for node in lowered.node:
        battle_ops.strip_harmless_attributes(node)
    return NetworkGraph(lowered, placeholder.name + ":0", _full_name(sink.name))


def _needed_nodes(
    nodes: Mapping[str, tf.NodeDef], source: _Tensor, sink: _Tensor, placeholder: str
) -> dict[str, tf.NodeDef]:
    """Copies of all nodes that `sink` needs, up to `source`, in whose place they take the placeholder."""
    kept: dict[str, tf.NodeDef] = {}
    waiting, connected = [_node_of(sink.name)], False
    while waiting:
        name = waiting.pop()
        if name in kept:
            continue
        if name not in nodes:
            raise breach("node_missing", output=sink.collection, node=name)
        kept[name] = node = tf.NodeDef()
        node.CopyFrom(nodes[name])
        inputs = [i for i in node.input if not i.startswith("^")]
        del node.input[:]
        for tensor in inputs:
            if _full_name(tensor) == _full_name(source.name):
                node.input.append(placeholder)
                connected = True
            else:
                node.input.append(tensor)
                waiting.append(_node_of(tensor))
        if node.op in battle_ops.PLACEHOLDER_OPS:
            raise breach("other_placeholder", output=sink.collection, input=source.collection, placeholder=name)
    if not connected:
        raise breach("input_unused", output=sink.collection, input=source.collection)
    return kept


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


def _node_of(tensor: str) -> str:
    return tensor.partition(":")[0]


def _full_name(tensor: str) -> str:
    return tensor if ":" in tensor else tensor + ":0"


def _weight(node: tf.NodeDef, read_weight: Callable[[str], np.ndarray]) -> np.ndarray:
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
