"""The operations that a network may use in a battle."""

from collections.abc import Iterator, Mapping
from typing import Any

import tensorflow.compat.v1 as tf

VARIABLE_OPS = frozenset(["Variable", "VariableV2"])
PLACEHOLDER_OPS = frozenset(["Placeholder", "PlaceholderV2"])

# What a network may be made of, in the old spellings that snapshots/lowering.py writes. Each of these exists in
# TensorFlow 1.2, is a function of its inputs alone, reads and writes nothing, and ends. Cholesky is none of them: of a
# matrix that has no factor it returns what was in memory before.
_OPS = """
    Const Identity Placeholder StopGradient
    Abs Acos Add AddN Asin Atan Atan2 BiasAdd BiasAddV1 Cast Ceil Cos Div Elu Erf Erfc Exp Expm1
    Floor FloorDiv FloorMod Log Log1p LogSoftmax Maximum Minimum Mod Mul Neg Pow RealDiv Reciprocal Relu Relu6
    Rint Round Rsqrt Sigmoid Sign Sin Softmax Softplus Softsign Sqrt Square SquaredDifference Sub Tan Tanh
    TruncateDiv TruncateMod OnesLike ZerosLike
    Equal Greater GreaterEqual IsFinite IsInf IsNan Less LessEqual LogicalAnd LogicalNot LogicalOr NotEqual
    Select
    All Any ArgMax ArgMin Cumprod Cumsum L2Loss Max Mean Min Prod Sum TopKV2
    BatchMatMul MatMul MatrixBandPart MatrixDiag MatrixDiagPart MatrixInverse MatrixSetDiag
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

# Attributes that TensorFlow 1.2 does not know, or knows with one value only -> that value, which has no effect.
HARMLESS: dict[str, Any] = {
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

# Types that values may have -> the operations that TensorFlow 1.2 cannot run on this type.
NO_KERNEL = {
    tf.float32: "TruncateDiv",
    tf.float64: "AvgPool Conv2D Conv2DBackpropInput DepthwiseConv2dNative TruncateDiv",
    tf.int32: "Conv2D Conv2DBackpropInput RealDiv Reciprocal",
    tf.int64: "BatchMatMul BroadcastArgs InvertPermutation MatMul RealDiv Reciprocal",
    tf.uint8: "Add FloorMod MatMul Maximum Minimum OnesLike RealDiv Square Sub",
    tf.bool: "ArgMax ArgMin BatchToSpace BatchToSpaceND ExtractImagePatches MatrixBandPart MatrixDiag "
    "MatrixDiagPart MatrixSetDiag OnesLike SpaceToBatch SpaceToBatchND",
}


def outside_battle_ops(graph_def: tf.GraphDef, output: str) -> list[str]:
    """What of a network is not allowed in a battle.

    Args:
        graph_def: the network, cut out of its graph and lowered.
        output: name of the tensor that it returns.

    Returns:
        Sorted texts such as "Einsum" or "Conv2D with dilations".
    """
    operations = {node.name: node.op for node in graph_def.node}
    tensors = [*(tensor for node in graph_def.node for tensor in node.input), output]
    found = {text for node in graph_def.node for text in _outside(node)}
    return sorted(found.union(*(_uninitialised(tensor, operations) for tensor in tensors)))


def strip_harmless_attributes(node: tf.NodeDef) -> None:
    """Removes attributes without effect: a TensorFlow that is older than they are reports them as unknown."""
    if node.op in BATTLE_OPS:
        for key in [key for key in node.attr if key in HARMLESS and _plain(node.attr[key]) == HARMLESS[key]]:
            del node.attr[key]


def _outside(node: tf.NodeDef) -> Iterator[str]:
    """Why a node is not allowed in a battle; nothing if it is allowed."""
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


def _uninitialised(tensor: str, operations: Mapping[str, str]) -> Iterator[str]:
    """Why a tensor is not allowed: some kernels leave part of their output uninitialised."""
    name, _, output = tensor.partition(":")
    if operations.get(name) == "FusedBatchNorm" and output in ("3", "4"):
        yield f"FusedBatchNorm's output {output}"


def _plain(attribute: tf.AttrValue) -> Any:
    """An attribute's value in the form that HARMLESS has it in."""
    kind = attribute.WhichOneof("value")
    if kind == "type":
        return tf.as_dtype(attribute.type)
    return list(attribute.list.i) if kind == "list" else getattr(attribute, kind or "s")
