"""One function for each newer operation: the same in the spellings that TensorFlow 1.2 knows. See lowering.py.

Every rewrite is exact, and knows no shapes, so that it holds for every shape.
"""

from collections.abc import Callable, Mapping

import tensorflow.compat.v1 as tf

from gan.snapshots.node_builder import NodeBuilder

SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772  # Klambauer et al. 2017, arXiv 1706.02515

Nodes = Mapping[str, tf.NodeDef]  # all nodes of the graph, by name
# (a copy of the node, which it may change; all nodes) -> nodes that stand in for it; None if it has no older spelling.
Rewrite = Callable[[tf.NodeDef, Nodes], list[tf.NodeDef] | None]


def _renamed(new_op: str, *dropped: str) -> Rewrite:
    """For an operation with another name; attributes that the old one does not have are dropped."""

    def rewrite(node: tf.NodeDef, nodes: Nodes) -> list[tf.NodeDef]:
        node.op = new_op
        for attribute in dropped:
            node.attr.pop(attribute, None)
        return [node]

    return rewrite


def _to_identity(node: tf.NodeDef, nodes: Nodes) -> list[tf.NodeDef]:
    """For an operation that returns its input, perhaps after a check."""
    build = NodeBuilder(node)
    build.add("Identity", node.input[:1], T=build.type("dtype" if "dtype" in node.attr else "T"))
    return build.done()


def _identity_n(node: tf.NodeDef, nodes: Nodes) -> list[tf.NodeDef]:
    build = NodeBuilder(node)
    build.add("Identity", node.input[:1], T=tf.as_dtype(node.attr["T"].list.type[0]))
    return build.done()


def _fused_batch_norm(node: tf.NodeDef, nodes: Nodes) -> list[tf.NodeDef] | None:
    """The same operation without the type U of its statistics, if U is float32: FusedBatchNorm knows no other."""
    float32 = tf.float32.as_datatype_enum
    factor = node.attr["exponential_avg_factor"].f if "exponential_avg_factor" in node.attr else 1.0
    if node.attr["U"].type not in (float32, 0) or node.attr["T"].type != float32 or factor != 1.0:
        return None
    return _renamed("FusedBatchNorm", "U", "exponential_avg_factor")(node, nodes)


def _leaky_relu(node: tf.NodeDef, nodes: Nodes) -> list[tf.NodeDef]:
    """max(x, alpha x) for alpha <= 1, and min(x, alpha x) for a larger alpha."""
    build = NodeBuilder(node)
    dtype = build.type("T") if "T" in node.attr else tf.float32
    alpha = node.attr["alpha"].f if "alpha" in node.attr else 0.2
    scaled = build.add("Mul", [build.constant(alpha, dtype), node.input[0]], T=dtype)
    build.add("Minimum" if alpha > 1 else "Maximum", [scaled, node.input[0]], T=dtype)
    return build.done()


def _selu(node: tf.NodeDef, nodes: Nodes) -> list[tf.NodeDef]:
    """scale (max(x, 0) + alpha (exp(min(x, 0)) - 1)); equation 2 of the paper."""
    build = NodeBuilder(node)
    dtype = build.type("T")
    zero = build.constant(0, dtype)
    elu = build.add("Elu", [build.add("Minimum", [node.input[0], zero], T=dtype)], T=dtype)
    low = build.add("Mul", [build.constant(SELU_SCALE * SELU_ALPHA, dtype), elu], T=dtype)
    relu = build.add("Maximum", [node.input[0], zero], T=dtype)
    high = build.add("Mul", [build.constant(SELU_SCALE, dtype), relu], T=dtype)
    build.add("Add", [high, low], T=dtype)
    return build.done()


def _clip_by_value(node: tf.NodeDef, nodes: Nodes) -> list[tf.NodeDef]:
    build = NodeBuilder(node)
    dtype = build.type("T")
    build.add("Maximum", [build.add("Minimum", [node.input[0], node.input[2]], T=dtype), node.input[1]], T=dtype)
    return build.done()


def _div_no_nan(node: tf.NodeDef, nodes: Nodes) -> list[tf.NodeDef]:
    """x / y, and 0 if y is 0."""
    build = NodeBuilder(node)
    dtype = build.type("T")
    quotient = build.add("RealDiv", node.input, T=dtype)
    is_zero = build.add("Equal", [node.input[1], build.constant(0, dtype)], T=dtype)
    where = build.broadcast(is_zero, build.shape(quotient, dtype), tf.bool)
    build.add("Select", [where, build.add("ZerosLike", [quotient], T=dtype), quotient], T=dtype)
    return build.done()


def _euclidean_norm(node: tf.NodeDef, nodes: Nodes) -> list[tf.NodeDef]:
    build = NodeBuilder(node)
    dtype = build.type("T")
    squares = build.add("Square", node.input[:1], T=dtype)
    keep_dims = node.attr["keep_dims"].b
    build.add("Sqrt", [build.add("Sum", [squares, node.input[1]], T=dtype, keep_dims=keep_dims)], T=dtype)
    return build.done()


def _select(node: tf.NodeDef, nodes: Nodes) -> list[tf.NodeDef]:
    """SelectV2 broadcasts its inputs; Select needs three equal shapes."""
    build = NodeBuilder(node)
    dtype = build.type("T")
    types = (tf.bool, dtype, dtype)
    common = build.common_shape(*zip(node.input, types))
    inputs = [build.broadcast(tensor, common, one_type) for tensor, one_type in zip(node.input, types)]
    build.add("Select", inputs, T=dtype)
    return build.done()


def _broadcast_to(node: tf.NodeDef, nodes: Nodes) -> list[tf.NodeDef]:
    build = NodeBuilder(node)
    build.broadcast(node.input[0], node.input[1], build.type("T"))
    return build.done()


def _batch_mat_mul(node: tf.NodeDef, nodes: Nodes) -> list[tf.NodeDef]:
    """BatchMatMulV2 broadcasts the batch dimensions of its inputs; BatchMatMul needs equal ones."""
    build = NodeBuilder(node)
    dtype = build.type("T")
    shapes = [build.shape(tensor, dtype) for tensor in node.input]
    common = build.add("BroadcastArgs", [build.part(shape, 0, -2) for shape in shapes], T=tf.int32)
    inputs = [
        build.broadcast(tensor, build.concat([common, build.part(shape, -2)]), dtype)
        for tensor, shape in zip(node.input, shapes)
    ]
    build.add("BatchMatMul", inputs, T=dtype, adj_x=node.attr["adj_x"].b, adj_y=node.attr["adj_y"].b)
    return build.done()


def _softmax(node: tf.NodeDef, nodes: Nodes) -> list[tf.NodeDef]:
    """Softmax of a matrix with the same rows: that of TensorFlow 1.2 takes two dimensions at most."""
    build = NodeBuilder(node)
    dtype = build.type("T")
    shape = build.shape(node.input[0], dtype)
    matrix_shape = build.concat([build.constant([-1], tf.int32), build.part(shape, -1)])
    matrix = build.add("Reshape", [node.input[0], matrix_shape], T=dtype)
    build.add("Reshape", [build.add(node.op, [matrix], T=dtype), shape], T=dtype)
    return build.done()


def _pad(node: tf.NodeDef, nodes: Nodes) -> list[tf.NodeDef]:
    """Pads with zeros, then sets the padding to the value; a padded tensor of ones tells padding from the inside."""
    build = NodeBuilder(node)
    dtype = build.type("T")
    padded = build.add("Pad", node.input[:2], T=dtype)
    ones = build.add("Fill", [build.shape(node.input[0], dtype), build.constant(1, tf.int32)], T=tf.int32)
    mask = build.add("Pad", [ones, node.input[1]], T=tf.int32)
    inside = build.add("Equal", [mask, build.constant(1, tf.int32)], T=tf.int32)
    value = build.add("Fill", [build.shape(padded, dtype), node.input[2]], T=dtype)
    build.add("Select", [inside, padded, value], T=dtype)
    return build.done()


def _var_handle(node: tf.NodeDef, nodes: Nodes) -> list[tf.NodeDef]:
    """The variable itself. Its name in a checkpoint is shared_name, or the node's name if there is none."""
    shared_name = node.attr["shared_name"].s.decode() or node.name
    variable = tf.NodeDef(name=node.name, op="VariableV2")
    variable.attr["shape"].CopyFrom(node.attr["shape"])
    variable.attr["dtype"].CopyFrom(node.attr["dtype"])
    if shared_name != node.name:
        variable.attr["shared_name"].s = shared_name.encode()
    return [variable]


def _gather(node: tf.NodeDef, nodes: Nodes) -> list[tf.NodeDef] | None:
    """Gather takes its rows from axis 0, so that GatherV2 must name this axis."""
    if node.attr["batch_dims"].i or not _is_constant(nodes, node.input[2], 0):
        return None
    del node.input[2:]
    return _renamed("Gather", "Taxis", "batch_dims")(node, nodes)


def _resource_gather(node: tf.NodeDef, nodes: Nodes) -> list[tf.NodeDef] | None:
    if node.attr["batch_dims"].i:
        return None
    build = NodeBuilder(node)
    build.add("Gather", node.input, Tparams=build.type("dtype"), Tindices=build.type("Tindices"))
    return build.done()


def _resource_gather_nd(node: tf.NodeDef, nodes: Nodes) -> list[tf.NodeDef]:
    build = NodeBuilder(node)
    build.add("GatherNd", node.input, Tparams=build.type("dtype"), Tindices=build.type("Tindices"))
    return build.done()


def _band_part(node: tf.NodeDef, nodes: Nodes) -> list[tf.NodeDef] | None:
    build = NodeBuilder(node)
    if "Tindex" not in node.attr or build.type("Tindex") == tf.int64:
        return None
    bounds = [build.add("Cast", [i], SrcT=build.type("Tindex"), DstT=tf.int64) for i in node.input[1:]]
    build.add("MatrixBandPart", [node.input[0], *bounds], T=build.type("T"))
    return build.done()


def _main_diagonal(old_op: str, *defaults: int) -> Rewrite:
    """For operations that were extended to other diagonals, by inputs that are `defaults` for the main one."""

    def rewrite(node: tf.NodeDef, nodes: Nodes) -> list[tf.NodeDef] | None:
        if not all(_is_constant(nodes, name, value) for name, value in zip(node.input[1:], defaults, strict=True)):
            return None
        del node.input[1:]
        return _renamed(old_op, "align")(node, nodes)

    return rewrite


def _is_constant(nodes: Nodes, name: str, value: int) -> bool:
    """Whether a tensor is known to be this scalar."""
    node = nodes.get(name)
    if node is None or node.op != "Const":
        return False
    tensor = node.attr["value"].tensor
    # The shape is checked before the tensor is unpacked: a stranger's tensor may claim any size.
    return not tensor.tensor_shape.dim and bool(tf.make_ndarray(tensor) == value)


REWRITES: dict[str, Rewrite] = {
    "AddV2": _renamed("Add"),
    "BatchMatMulV2": _batch_mat_mul,
    "BroadcastTo": _broadcast_to,
    "CheckNumerics": _to_identity,
    "ClipByValue": _clip_by_value,
    "DivNoNan": _div_no_nan,
    "EnsureShape": _to_identity,
    "EuclideanNorm": _euclidean_norm,
    "FusedBatchNormV2": _fused_batch_norm,
    "FusedBatchNormV3": _fused_batch_norm,
    "GatherV2": _gather,
    "IdentityN": _identity_n,
    "LeakyRelu": _leaky_relu,
    "LogSoftmax": _softmax,
    "MatrixBandPart": _band_part,
    "MatrixDiagPartV3": _main_diagonal("MatrixDiagPart", 0, 0),
    "MatrixDiagV3": _main_diagonal("MatrixDiag", 0, -1, -1, 0),
    "PadV2": _pad,
    "PlaceholderWithDefault": _to_identity,
    "ReadVariableOp": _to_identity,
    "ResourceGather": _resource_gather,
    "ResourceGatherNd": _resource_gather_nd,
    "SelectV2": _select,
    "Selu": _selu,
    "Softmax": _softmax,
    "VarHandleOp": _var_handle,
}
