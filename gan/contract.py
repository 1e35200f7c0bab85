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

from gan import lowering, outputs
from gan.errors import ContractError, reason
from gan.random_noise_generator import NOISE_SIZE, uniform_noise

NOISE = "noise_input_placeholder"
GENERATED = "generated_images"
IMAGES = "input_batch_raw"
PROBABILITY = "p_for_data"

# How far equal inputs may differ in their outputs: the rounding of other batch sizes.
TOLERANCE = 1e-4

VARIABLE_OPS = frozenset(["Variable", "VariableV2"])
PLACEHOLDER_OPS = frozenset(["Placeholder", "PlaceholderV2"])

# What a network may be made of, in the old spellings that lowering.py writes. All of them exist in
# TensorFlow 1.2, are functions of their inputs alone, read and write nothing, and end.
_OPS = """
    Const Identity Placeholder StopGradient
    Abs Acos Add AddN Asin Atan Atan2 BiasAdd BiasAddV1 Cast Ceil Cos Div Elu Erf Erfc Exp Expm1
    Floor FloorDiv FloorMod Log Log1p LogSoftmax Maximum Minimum Mod Mul Neg Pow RealDiv Reciprocal Relu Relu6
    Rint Round Rsqrt Sigmoid Sign Sin Softmax Softplus Softsign Sqrt Square SquaredDifference Sub Tan Tanh
    TruncateDiv TruncateMod OnesLike ZerosLike
    Equal Greater GreaterEqual IsFinite IsInf IsNan Less LessEqual LogicalAnd LogicalNot LogicalOr NotEqual
    Select
    All Any ArgMax ArgMin Cumprod Cumsum L2Loss Max Mean Min Prod Sum TopKV2
    BatchMatMul Cholesky MatMul MatrixBandPart MatrixDiag MatrixDiagPart MatrixInverse MatrixSetDiag
    MatrixSolve MatrixTriangularSolve
    AvgPool Conv2D Conv2DBackpropInput DepthwiseConv2dNative Dilation2D
    FakeQuantWithMinMaxArgs FakeQuantWithMinMaxVars FusedBatchNorm LRN MaxPool
    ResizeArea ResizeBicubic ResizeBilinear ResizeNearestNeighbor
    BatchToSpace BatchToSpaceND BroadcastArgs Concat ConcatOffset ConcatV2 DepthToSpace ExpandDims
    ExtractImagePatches Fill Gather GatherNd InvertPermutation LinSpace MirrorPad OneHot Pack Pad Range Rank
    Reshape ReverseV2 Shape ShapeN Size Slice SpaceToBatch SpaceToBatchND SpaceToDepth Split SplitV Squeeze
    StridedSlice Tile Transpose Unpack
"""
BATTLE_OPS = VARIABLE_OPS | frozenset(_OPS.split())

# Attributes that 1.2 does not know, or knows with this value only, and the value without effect.
HARMLESS = {
    "Tindex": tf.int64,
    "Tk": tf.int32,
    "Truncate": False,
    "bad_indices_policy": b"",
    "data_format": b"NHWC",
    "dilations": [1, 1, 1, 1],
    "explicit_paddings": [],
    "exponential_avg_factor": 1.0,
    "grad_a": False,
    "grad_b": False,
    "grad_x": False,
    "grad_y": False,
    "half_pixel_centers": False,
    "incompatible_shape_error": True,
    "index_type": tf.int32,
    "narrow_range": False,
    "output_type": tf.int64,
    "shape_type": tf.int32,
}

# What values may be made of, and the operations that 1.2 cannot run on these.
NO_KERNEL = {
    tf.float32: "TruncateDiv",
    tf.float64: "AvgPool Conv2D Conv2DBackpropInput DepthwiseConv2dNative TruncateDiv",
    tf.int32: "Conv2D Conv2DBackpropInput RealDiv Reciprocal",
    tf.int64: "BatchMatMul BroadcastArgs InvertPermutation MatMul RealDiv Reciprocal",
    tf.uint8: "Add FloorMod MatMul Maximum Minimum OnesLike RealDiv Square Sub",
    tf.bool: "ArgMax ArgMin BatchToSpace BatchToSpaceND ExtractImagePatches MatrixBandPart MatrixDiag "
    "MatrixDiagPart MatrixSetDiag OnesLike SpaceToBatch SpaceToBatchND",
}


class Endpoints(NamedTuple):
    """Names of the four tensors, such as "discriminator/Sigmoid:0"."""

    noise: str
    generated: str
    images: str
    probability: str


class Network(NamedTuple):
    """One network as data: a GraphDef of battle ops between one input and one output."""

    graph_def: tf.GraphDef
    input: str  # tensor name of the placeholder
    output: str  # tensor name of the result


def publish(noise, generated, images, probability):
    """Adds the four tensors to their collections in the current graph."""
    for name, tensor in zip((NOISE, GENERATED, IMAGES, PROBABILITY), (noise, generated, images, probability)):
        tf.add_to_collection(name, tensor)


def endpoints(meta_graph):
    """Reads the four collections of a tf.MetaGraphDef; raises ContractError where one is not right."""
    return Endpoints(*(_only_tensor(meta_graph, name) for name in (NOISE, GENERATED, IMAGES, PROBABILITY)))


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
    ends = endpoints(meta_graph)
    nodes = {node.name: node for node in meta_graph.graph_def.node}
    with explaining("the graph is malformed"):
        return (
            _between(nodes, (NOISE, ends.noise), (GENERATED, ends.generated), [None, NOISE_SIZE]),
            _between(nodes, (IMAGES, ends.images), (PROBABILITY, ends.probability), [None, size]),
        )


def outside_battle_ops(network):
    """What of a Network is not allowed in a battle: sorted texts such as "Einsum" or "Conv2D with dilations"."""
    nodes = {node.name: node.op for node in network.graph_def.node}
    tensors = [*(tensor for node in network.graph_def.node for tensor in node.input), network.output]
    found = {text for node in network.graph_def.node for text in _outside(node)}
    return sorted(found.union(*(_unset(tensor, nodes) for tensor in tensors)))


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
        if node.op in VARIABLE_OPS:
            with explaining(f"variable {node.name} cannot be read"):
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
    name, taken, returned = (GENERATED, NOISE_SIZE, size) if scope == "generator" else (PROBABILITY, size, 1)
    with explaining(f"the {scope}'s graph is malformed"):
        forbidden = outside_battle_ops(network)
    if forbidden:
        raise ContractError(f"the {scope} uses operations that are not allowed in a battle: {', '.join(forbidden)}")
    with explaining(f"the {scope} cannot be connected to float32 [None, {taken}]"):
        given, result = tf.import_graph_def(
            network.graph_def, return_elements=[network.input, network.output], name=scope
        )
    if result.dtype != tf.float32 or not result.shape.is_compatible_with([None, returned]):
        raise ContractError(f"{name} must be float32 [None, {returned}], it is {result.dtype.name} {result.shape}")
    return given, result


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
    outputs.check(GENERATED, images, (8, size))
    _check_same(GENERATED, images, generate(noise), "changes between two calls with the same noise")
    alone = np.concatenate([generate(noise[i : i + 1]) for i in range(len(noise))])
    _check_same(GENERATED, images, alone, "of one noise vector changes with the rest of its batch")

    seen = np.concatenate([np.linspace(0, 1, 4 * size, dtype=np.float32).reshape(4, size), images])
    probability = discriminate(seen)
    outputs.check(PROBABILITY, probability, (len(seen),))
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


def _outside(node):
    """Why a node is not allowed in a battle: texts, none where it is."""
    if node.op not in BATTLE_OPS:
        yield node.op
        return
    for key, attribute in node.attr.items():
        kind = attribute.WhichOneof("value")
        types = [attribute.type] if kind == "type" else attribute.list.type
        if key in HARMLESS and _plain(attribute) != HARMLESS[key]:
            yield f"{node.op} with {key}"
        for dtype in map(tf.as_dtype, types):
            if dtype.base_dtype not in NO_KERNEL or node.op in NO_KERNEL[dtype.base_dtype].split():
                yield f"{node.op} of {dtype.base_dtype.name}"


def _unset(tensor, nodes):
    """Why a tensor is not allowed: not every kernel writes all that it returns, and what was there before shows."""
    name, _, output = tensor.partition(":")
    if nodes.get(name) == "FusedBatchNorm" and output in ("3", "4"):
        yield f"FusedBatchNorm's output {output}"


def _strip_harmless_attributes(node):
    """An older TensorFlow than the one that wrote them reports them as unknown."""
    if node.op in BATTLE_OPS:
        for key in [key for key in node.attr if key in HARMLESS and _plain(node.attr[key]) == HARMLESS[key]]:
            del node.attr[key]


def _plain(attribute):
    """An attribute's value as what HARMLESS writes it as."""
    kind = attribute.WhichOneof("value")
    if kind == "type":
        return tf.as_dtype(attribute.type)
    return list(attribute.list.i) if kind == "list" else getattr(attribute, kind or "s")


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
        if node.op in PLACEHOLDER_OPS:
            raise ContractError(f"{sink_collection} depends on a placeholder other than {source_collection}: {name}")
    if not connected:
        raise ContractError(f"{sink_collection} does not depend on {source_collection}")
    ordered = [placeholder] + [kept[name] for name in nodes if name in kept]
    lowered = lowering.lower(tf.GraphDef(node=ordered))
    for node in lowered.node:
        _strip_harmless_attributes(node)
    return Network(lowered, placeholder.name + ":0", _full_name(sink))


def _check_placeholder(node, collection, shape):
    """Compares what a placeholder declares; what a queue delivers is not written in its node."""
    if node is None:
        raise ContractError(f"the collection {collection} names a tensor that the graph does not have")
    if node.op in PLACEHOLDER_OPS:
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
