"""The operations that a network may use in a battle."""

import tensorflow.compat.v1 as tf

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


def outside_battle_ops(network):
    """What of a Network is not allowed in a battle: sorted texts such as "Einsum" or "Conv2D with dilations"."""
    nodes = {node.name: node.op for node in network.graph_def.node}
    tensors = [*(tensor for node in network.graph_def.node for tensor in node.input), network.output]
    found = {text for node in network.graph_def.node for text in _outside(node)}
    return sorted(found.union(*(_unset(tensor, nodes) for tensor in tensors)))


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


def strip_harmless_attributes(node):
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
