"""Makes the two networks of anybody's meta graph fit to run: folded, with their weights, checked against the list."""

from typing import Any, NamedTuple

import numpy as np
import tensorflow.compat.v1 as tf

from gan.contest import battle_ops, contract, faults
from gan.random_noise_generator import NOISE_SIZE
from gan.snapshots import cut, folding, functions, layouts, lowering, node_names, random_ops, restore_map

INPUT = "contract_input"
_PREDICATE_NODES = 2_000  # of what decides a branch


class Frozen(NamedTuple):
    """A network as data, with its weights in it."""

    graph_def: tf.GraphDef
    input: str  # tensor that is fed
    output: str
    declared_rows: int | None  # batch size that its placeholder declares
    is_random: bool  # whether random_ops.KEY must be fed


def both(meta_graph: tf.MetaGraphDef, size: int, reader: Any) -> tuple[Frozen, Frozen]:
    """The generator and the discriminator of a meta graph.

    Args:
        meta_graph: from anyone.
        size: pixels of an image.
        reader: checkpoint reader of its weights.

    Raises:
        ContractError: a collection is wrong, a network needs something besides its input, a weight is missing, or an
            operation may not play.
    """
    ends = contract.endpoints(meta_graph)
    with contract.explaining("the graph is malformed"):
        weights = restore_map.Weights(reader, restore_map.read(meta_graph))
        return (
            _network(meta_graph, weights, (contract.NOISE, ends.noise), (contract.GENERATED, ends.generated), NOISE_SIZE),
            _network(meta_graph, weights, (contract.IMAGES, ends.images), (contract.PROBABILITY, ends.probability), size),
        )


def _network(meta_graph: tf.MetaGraphDef, weights: restore_map.Weights, source: tuple, sink: tuple, width: int) -> Frozen:
    nodes = {node.name: node for node in meta_graph.graph_def.node}
    rows = _declared_rows(nodes.get(node_names.node_of(source[1])), source[0], width)

    def compute(folded: folding.Folded) -> np.ndarray | None:
        return _value(folded, weights)

    folded = folding.Folder(meta_graph, source[1], compute).fold(sink[1])
    if not folded.reaches_source:
        raise contract.ContractError(f"{sink[0]} does not depend on {source[0]}")
    for node in folded.nodes:
        if node.op in battle_ops.PLACEHOLDER_OPS:
            raise contract.ContractError(f"{sink[0]} depends on a placeholder other than {source[0]}: {node.name}")
    graph_def = tf.GraphDef(node=[_placeholder(width), *folded.nodes])
    for node in graph_def.node:
        for index, tensor in enumerate(node.input):
            if node_names.full(tensor) == node_names.full(source[1]):
                node.input[index] = INPUT
    graph_def, is_random = random_ops.keyed(graph_def)
    return Frozen(_frozen(graph_def, weights), INPUT + ":0", folded.output, rows, is_random)


def _frozen(graph_def: tf.GraphDef, weights: restore_map.Weights) -> tf.GraphDef:
    """Old spellings, channels last, and constants in the place of variables."""
    lowered = layouts.channels_last(lowering.lower(graph_def))
    frozen = tf.GraphDef(versions=lowered.versions)
    for node in lowered.node:
        if node.op in battle_ops.VARIABLE_OPS:
            names = [node.name, node.attr["shared_name"].s.decode()]
            frozen.node.append(functions.constant(node.name, _weight(node, weights, names)))
        else:
            frozen.node.append(node)
    return frozen


def _weight(node: tf.NodeDef, weights: restore_map.Weights, names: list[str]) -> np.ndarray:
    shape, dtype = tf.TensorShape(node.attr["shape"].shape), tf.as_dtype(node.attr["dtype"].type)
    try:
        value = weights.read(names, shape)
    except KeyError:
        raise contract.ContractError(f"variable {node.name} has no value in the checkpoint") from None
    if not shape.is_compatible_with(value.shape):
        raise contract.ContractError(
            f"variable {node.name} is {shape} in the graph and {list(value.shape)} in the checkpoint"
        )
    if tf.as_dtype(value.dtype) != dtype:
        raise contract.ContractError(
            f"variable {node.name} is {dtype.name} in the graph and {value.dtype} in the checkpoint"
        )
    return value


def _value(folded: folding.Folded, weights: restore_map.Weights) -> np.ndarray | None:
    """The value of what decides a branch; None if it is random or uses what may not play."""
    if len(folded.nodes) > _PREDICATE_NODES:
        raise faults.breach("too_many_nodes", most=_PREDICATE_NODES)
    graph_def = _frozen(tf.GraphDef(node=folded.nodes), weights)
    if battle_ops.outside_battle_ops(cut.Network(graph_def, "", folded.output)):
        return None
    graph = tf.Graph()
    with graph.as_default():
        (result,) = tf.import_graph_def(graph_def, return_elements=[folded.output], name="")
    with tf.Session(graph=graph, config=contract_config()) as session:
        return np.asarray(session.run(result))


def contract_config() -> tf.ConfigProto:
    config = tf.ConfigProto()
    config.graph_options.rewrite_options.disable_meta_optimizer = True
    return config


def _placeholder(width: int) -> tf.NodeDef:
    node = tf.NodeDef(name=INPUT, op="Placeholder")
    node.attr["dtype"].type = tf.float32.as_datatype_enum
    node.attr["shape"].shape.CopyFrom(tf.TensorShape([None, width]).as_proto())
    return node


def _declared_rows(node: tf.NodeDef | None, collection: str, width: int) -> int | None:
    """The batch size that a placeholder declares; what a queue delivers is not written in its node."""
    if node is None:
        raise contract.ContractError(f"the collection {collection} names a tensor that the graph does not have")
    if node.op not in battle_ops.PLACEHOLDER_OPS:
        return None
    # TensorFlow 1.2 wrote no dimensions if it did not know them all.
    declared = tf.TensorShape(node.attr["shape"].shape if node.attr["shape"].shape.dim else None)
    dtype = tf.as_dtype(node.attr["dtype"].type)
    if dtype != tf.float32 or not declared.is_compatible_with([None, width]):
        wanted = tf.TensorShape([None, width])
        raise contract.ContractError(f"{collection} must be float32 {wanted}, it is {dtype.name} {declared}")
    return None if declared.ndims is None else declared.as_list()[0]
