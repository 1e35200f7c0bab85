"""Cuts the two networks out of a meta graph, as data: nothing is run before its operations were checked."""

from typing import NamedTuple

import tensorflow.compat.v1 as tf

from gan.console.errors import ContractError
from gan.contest import battle_ops, contract
from gan.random_noise_generator import NOISE_SIZE
from gan.snapshots import lowering


class Network(NamedTuple):
    """One network as data: a GraphDef of battle ops between one input and one output."""

    graph_def: tf.GraphDef
    input: str  # tensor name of the placeholder
    output: str  # tensor name of the result


def cut(meta_graph, size):
    """Cuts the two networks out of a meta graph and lowers them to battle ops.

    Everything else in it (input pipelines, optimizers, savers, summaries, control dependencies,
    functions) is left behind. An `input_batch_raw` that is fed by a queue becomes a placeholder; a
    placeholder with a default, such as a switch for training, becomes its default.

    Args:
        meta_graph: tf.MetaGraphDef, from anyone.
        size: pixels of an image.

    Returns:
        (generator, discriminator), each a Network with its variables still in it.

    Raises:
        ContractError: a collection is wrong, or a network needs something beside its input.
    """
    ends = contract.endpoints(meta_graph)
    nodes = {node.name: node for node in meta_graph.graph_def.node}
    with contract.explaining("the graph is malformed"):
        return (
            _between(nodes, (contract.NOISE, ends.noise), (contract.GENERATED, ends.generated), [None, NOISE_SIZE]),
            _between(nodes, (contract.IMAGES, ends.images), (contract.PROBABILITY, ends.probability), [None, size]),
        )


def freeze(network, read_weight):
    """Puts the weights into a Network as constants.

    Args:
        network: what `cut` returned.
        read_weight: from a variable's name to its numpy array; raises KeyError where there is none.

    Returns:
        A Network without variables: a pure function.

    Raises:
        ContractError: a variable is not in the checkpoint, cannot be read, or has another shape there.
    """
    frozen = tf.GraphDef(versions=network.graph_def.versions)
    for node in network.graph_def.node:
        if node.op in battle_ops.VARIABLE_OPS:
            with contract.explaining(f"variable {node.name} cannot be read"):
                frozen.node.append(lowering.constant(node.name, _weight(node, read_weight)))
        else:
            frozen.node.append(node)
    return Network(frozen, network.input, network.output)


def connect(network, size, scope):
    """Imports a frozen Network into the current graph and checks types and shapes.

    Args:
        network: what `freeze` returned.
        size: pixels of an image.
        scope: name scope for its operations.

    Returns:
        (input, output) tensors.

    Raises:
        ContractError: the graph is malformed or has operations that are not allowed, it does not take
            float32 [None, 100 or size], or its output is not float32 [None, size or 1].
    """
    name, taken, returned = (
        (contract.GENERATED, NOISE_SIZE, size) if scope == "generator" else (contract.PROBABILITY, size, 1)
    )
    with contract.explaining(f"the {scope}'s graph is malformed"):
        forbidden = battle_ops.outside_battle_ops(network)
    if forbidden:
        raise ContractError(f"the {scope} uses operations that are not allowed in a battle: {', '.join(forbidden)}")
    with contract.explaining(f"the {scope} cannot be connected to float32 [None, {taken}]"):
        given, result = tf.import_graph_def(
            network.graph_def, return_elements=[network.input, network.output], name=scope
        )
    if result.dtype != tf.float32 or not result.shape.is_compatible_with([None, returned]):
        raise ContractError(f"{name} must be float32 [None, {returned}], it is {result.dtype.name} {result.shape}")
    return given, result


def _between(nodes, source, sink, input_shape):
    """The Network from one tensor to another, each (collection, name); `source` becomes a placeholder."""
    (source_collection, source), (sink_collection, sink) = source, sink
    _check_placeholder(nodes.get(_node_of(source)), source_collection, input_shape)
    placeholder = tf.NodeDef(name="contract_input", op="Placeholder")
    placeholder.attr["dtype"].type = tf.float32.as_datatype_enum
    placeholder.attr["shape"].shape.CopyFrom(tf.TensorShape(input_shape).as_proto())
    kept, waiting, connected = {}, [_node_of(sink)], False
    while waiting:
        name = waiting.pop()
        if name in kept:
            continue
        if name not in nodes:
            raise ContractError(f"{sink_collection} needs a node that the graph does not have: {name}")
        kept[name] = node = tf.NodeDef()
        node.CopyFrom(nodes[name])
        inputs = [i for i in node.input if not i.startswith("^")]
        del node.input[:]
        for tensor in inputs:
            if _full_name(tensor) == _full_name(source):
                node.input.append(placeholder.name)
                connected = True
            else:
                node.input.append(tensor)
                waiting.append(_node_of(tensor))
        if node.op in battle_ops.PLACEHOLDER_OPS:
            raise ContractError(f"{sink_collection} depends on a placeholder other than {source_collection}: {name}")
    if not connected:
        raise ContractError(f"{sink_collection} does not depend on {source_collection}")
    ordered = [placeholder] + [kept[name] for name in nodes if name in kept]
    lowered = lowering.lower(tf.GraphDef(node=ordered))
    for node in lowered.node:
        battle_ops.strip_harmless_attributes(node)
    return Network(lowered, placeholder.name + ":0", _full_name(sink))


def _check_placeholder(node, collection, shape):
    """Compares what a placeholder declares; what a queue delivers is not written in its node."""
    if node is None:
        raise ContractError(f"the collection {collection} names a tensor that the graph does not have")
    if node.op in battle_ops.PLACEHOLDER_OPS:
        # TensorFlow 1.2 wrote no dimensions where it did not know them all.
        declared = tf.TensorShape(node.attr["shape"].shape if node.attr["shape"].shape.dim else None)
        dtype = tf.as_dtype(node.attr["dtype"].type)
        if dtype != tf.float32 or not declared.is_compatible_with(shape):
            raise ContractError(f"{collection} must be float32 {tf.TensorShape(shape)}, it is {dtype.name} {declared}")


def _node_of(tensor):
    return tensor.partition(":")[0]


def _full_name(tensor):
    return tensor if ":" in tensor else tensor + ":0"


def _weight(node, read_weight):
    shape, dtype = tf.TensorShape(node.attr["shape"].shape), tf.as_dtype(node.attr["dtype"].type)
    for name in (node.name, node.attr["shared_name"].s.decode()):
        try:
            value = read_weight(name)
        except KeyError:
            continue
        if not shape.is_compatible_with(value.shape):
            raise ContractError(
                f"variable {node.name} is {shape} in the graph and {list(value.shape)} in the checkpoint"
            )
        if tf.as_dtype(value.dtype) != dtype:
            raise ContractError(
                f"variable {node.name} is {dtype.name} in the graph and {value.dtype} in the checkpoint"
            )
        return value
    raise ContractError(f"variable {node.name} has no value in the checkpoint")
