"""Rewrites a graph's newer operations into the spellings that TensorFlow 1.2 knows.

Every rewrite is exact: the same numbers come out, but for the last bit where the old spelling rounds
once more. What has no older spelling stays as it is, and `battle_ops.outside_battle_ops` names it.
Works on NodeDefs alone: no session, no graph, and no shapes, so a rewrite holds for every shape.
"""

import numpy as np
import tensorflow.compat.v1 as tf

# GraphDef version of TensorFlow 1.2, the oldest reader: what a lowered graph claims to be.
GRAPH_DEF_VERSION = 22

SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772  # Klambauer et al. 2017, arXiv 1706.02515


def lower(graph_def):
    """Returns a GraphDef with the same node names that uses old operations only, where they exist.

    Resource variables become reference variables, whose names and values are the same in a
    checkpoint. Devices and private attributes are left out: they name what may not be there.

    Args:
        graph_def: tf.GraphDef of an inference graph; not changed.

    Raises:
        ValueError, TypeError, IndexError: a node to be rewritten is malformed.
    """
    lowered = tf.GraphDef()
    lowered.versions.producer = GRAPH_DEF_VERSION
    nodes = {node.name: node for node in graph_def.node}
    for node in graph_def.node:
        copy = tf.NodeDef()
        copy.CopyFrom(node)
        copy.device = ""
        for index, tensor in enumerate(node.input):
            copy.input[index] = _past_identity_n(tensor, nodes)
        casts = _narrow_indices(copy)
        new_nodes = _REWRITES[node.op](copy, nodes) if node.op in _REWRITES else None
        for result in [*casts, *(new_nodes or [copy])]:
            _strip_private_attributes(result)
            lowered.node.append(result)
    return lowered


def constant(name, value):
    """A Const node holding a numpy array."""
    value = np.asarray(value)
    node = tf.NodeDef(name=name, op="Const")
    node.attr["dtype"].type = tf.as_dtype(value.dtype).as_datatype_enum
    node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value))
    return node


def _strip_private_attributes(node):
    """Removes attributes such as _class, which names a node that may be gone."""
    for key in [key for key in node.attr if key.startswith("_")]:
        del node.attr[key]


def _past_identity_n(tensor, nodes):
    """What a second or later output of IdentityN repeats; 1.2 has only Identity, with one output."""
    for _ in nodes:
        name, _, output = tensor.partition(":")
        if output in ("", "0") or name not in nodes or nodes[name].op != "IdentityN":
            break
        tensor = nodes[name].input[int(output)]
    return tensor


def _narrow_indices(node):
    """Makes int64 axes and shapes int32, which is all that 1.2 takes; returns the Casts for it."""
    casts = []
    for attribute, position in _INT32_INDICES.get(node.op, {}).items():
        if attribute in node.attr and node.attr[attribute].type == tf.int64.as_datatype_enum:
            cast = tf.NodeDef(name=f"{node.name}/lowered_{attribute}", op="Cast", input=[node.input[position]])
            cast.attr["SrcT"].type, cast.attr["DstT"].type = tf.int64.as_datatype_enum, tf.int32.as_datatype_enum
            node.input[position] = cast.name
            node.attr[attribute].type = tf.int32.as_datatype_enum
            casts.append(cast)
    return casts


class _Builder:
    """Makes the nodes that stand in for one node; the last of them gets its name."""

    def __init__(self, node):
        self._node = node
        self._nodes = []

    def type(self, attribute):
        """The tf.DType that the node has as `attribute`."""
        return tf.as_dtype(self._node.attr[attribute].type)

    def constant(self, value, dtype):
        """Adds a constant and returns its name."""
        return self._append(constant("", np.asarray(value, dtype.as_numpy_dtype)))

    def add(self, op, inputs, **attributes):
        """Adds a node and returns its name. Attributes are types, bools or ints."""
        node = tf.NodeDef(op=op, input=inputs)
        for key, value in attributes.items():
            if isinstance(value, tf.DType):
                node.attr[key].type = value.as_datatype_enum
            elif isinstance(value, bool):
                node.attr[key].b = value
            else:
                node.attr[key].i = value
        return self._append(node)

    def done(self):
        """The nodes, the last one under the name of the node that they stand for."""
        self._nodes[-1].name = self._node.name
        return self._nodes

    def _append(self, node):
        node.name = f"{self._node.name}/lowered_{len(self._nodes)}"
        self._nodes.append(node)
        return node.name

    def shape(self, tensor, dtype):
        return self.add("Shape", [tensor], T=dtype)

    def part(self, vector, begin, end=None):
        """vector[begin:end] of an int32 vector."""
        ends = [self.constant([edge], tf.int32) for edge in (begin, end or 0, 1)]
        return self.add("StridedSlice", [vector, *ends], T=tf.int32, Index=tf.int32, end_mask=int(end is None))

    def concat(self, vectors):
        """Joins int32 vectors."""
        axis = self.constant(0, tf.int32)
        return self.add("ConcatV2", [*vectors, axis], T=tf.int32, N=len(vectors))

    def common_shape(self, *tensors_and_types):
        """The shape that tensors broadcast to together."""
        shapes = [self.shape(tensor, dtype) for tensor, dtype in tensors_and_types]
        common = shapes[0]
        for shape in shapes[1:]:
            common = self.add("BroadcastArgs", [common, shape], T=tf.int32)
        return common

    def broadcast(self, tensor, shape, dtype):
        """Broadcasts by adding what changes no value, not even the sign of a zero."""
        neutral = self.constant(True if dtype == tf.bool else (-0.0 if dtype.is_floating else 0), dtype)
        filled = self.add("Fill", [shape, neutral], T=dtype)
        if dtype == tf.bool:
            return self.add("LogicalAnd", [tensor, filled])
        return self.add("Add", [tensor, filled], T=dtype)


def _renamed(new_op, *dropped):
    def rewrite(node, nodes):
        node.op = new_op
        for attribute in dropped:
            node.attr.pop(attribute, None)
        return [node]

    return rewrite


def _to_identity(node, nodes):
    """For what lets its input pass, perhaps after a look at it."""
    build = _Builder(node)
    build.add("Identity", node.input[:1], T=build.type("dtype" if "dtype" in node.attr else "T"))
    return build.done()


def _identity_n(node, nodes):
    build = _Builder(node)
    build.add("Identity", node.input[:1], T=tf.as_dtype(node.attr["T"].list.type[0]))
    return build.done()


def _fused_batch_norm(node, nodes):
    """FusedBatchNorm has no type U for its statistics; alike where U is float32, as it must be there."""
    float32 = tf.float32.as_datatype_enum
    if node.attr["U"].type not in (float32, 0) or node.attr["T"].type != float32:
        return None
    return _renamed("FusedBatchNorm", "U", "exponential_avg_factor")(node, nodes)


def _leaky_relu(node, nodes):
    """max(x, alpha x), which is leaky ReLU for alpha <= 1; min(x, alpha x) is it above."""
    build = _Builder(node)
    dtype = build.type("T") if "T" in node.attr else tf.float32
    alpha = node.attr["alpha"].f if "alpha" in node.attr else 0.2
    scaled = build.add("Mul", [build.constant(alpha, dtype), node.input[0]], T=dtype)
    build.add("Minimum" if alpha > 1 else "Maximum", [scaled, node.input[0]], T=dtype)
    return build.done()


def _selu(node, nodes):
    """scale (max(x, 0) + alpha (exp(min(x, 0)) - 1)); equation 2 of the paper."""
    build = _Builder(node)
    dtype = build.type("T")
    zero = build.constant(0, dtype)
    elu = build.add("Elu", [build.add("Minimum", [node.input[0], zero], T=dtype)], T=dtype)
    low = build.add("Mul", [build.constant(SELU_SCALE * SELU_ALPHA, dtype), elu], T=dtype)
    relu = build.add("Maximum", [node.input[0], zero], T=dtype)
    high = build.add("Mul", [build.constant(SELU_SCALE, dtype), relu], T=dtype)
    build.add("Add", [high, low], T=dtype)
    return build.done()


def _clip_by_value(node, nodes):
    build = _Builder(node)
    dtype = build.type("T")
    build.add("Maximum", [build.add("Minimum", [node.input[0], node.input[2]], T=dtype), node.input[1]], T=dtype)
    return build.done()


def _div_no_nan(node, nodes):
    """x / y, and 0 where y is 0."""
    build = _Builder(node)
    dtype = build.type("T")
    quotient = build.add("RealDiv", node.input, T=dtype)
    is_zero = build.add("Equal", [node.input[1], build.constant(0, dtype)], T=dtype)
    where = build.broadcast(is_zero, build.shape(quotient, dtype), tf.bool)
    build.add("Select", [where, build.add("ZerosLike", [quotient], T=dtype), quotient], T=dtype)
    return build.done()


def _euclidean_norm(node, nodes):
    build = _Builder(node)
    dtype = build.type("T")
    squares = build.add("Square", node.input[:1], T=dtype)
    keep_dims = node.attr["keep_dims"].b
    build.add("Sqrt", [build.add("Sum", [squares, node.input[1]], T=dtype, keep_dims=keep_dims)], T=dtype)
    return build.done()


def _select(node, nodes):
    """Select wants three equal shapes, which SelectV2 broadcasts its inputs to."""
    build = _Builder(node)
    dtype = build.type("T")
    types = (tf.bool, dtype, dtype)
    common = build.common_shape(*zip(node.input, types))
    inputs = [build.broadcast(tensor, common, one_type) for tensor, one_type in zip(node.input, types)]
    build.add("Select", inputs, T=dtype)
    return build.done()


def _broadcast_to(node, nodes):
    build = _Builder(node)
    build.broadcast(node.input[0], node.input[1], build.type("T"))
    return build.done()


def _batch_mat_mul(node, nodes):
    """BatchMatMul wants equal batch dimensions, which BatchMatMulV2 broadcasts its inputs to."""
    build = _Builder(node)
    dtype = build.type("T")
    shapes = [build.shape(tensor, dtype) for tensor in node.input]
    common = build.add("BroadcastArgs", [build.part(shape, 0, -2) for shape in shapes], T=tf.int32)
    inputs = [
        build.broadcast(tensor, build.concat([common, build.part(shape, -2)]), dtype)
        for tensor, shape in zip(node.input, shapes)
    ]
    build.add("BatchMatMul", inputs, T=dtype, adj_x=node.attr["adj_x"].b, adj_y=node.attr["adj_y"].b)
    return build.done()


def _softmax(node, nodes):
    """The same of a matrix; 1.2's takes no more dimensions than two."""
    build = _Builder(node)
    dtype = build.type("T")
    shape = build.shape(node.input[0], dtype)
    matrix_shape = build.concat([build.constant([-1], tf.int32), build.part(shape, -1)])
    matrix = build.add("Reshape", [node.input[0], matrix_shape], T=dtype)
    build.add("Reshape", [build.add(node.op, [matrix], T=dtype), shape], T=dtype)
    return build.done()


def _pad(node, nodes):
    """Pads with zeros, then puts the value where a padded tensor of ones shows padding."""
    build = _Builder(node)
    dtype = build.type("T")
    padded = build.add("Pad", node.input[:2], T=dtype)
    ones = build.add("Fill", [build.shape(node.input[0], dtype), build.constant(1, tf.int32)], T=tf.int32)
    mask = build.add("Pad", [ones, node.input[1]], T=tf.int32)
    inside = build.add("Equal", [mask, build.constant(1, tf.int32)], T=tf.int32)
    value = build.add("Fill", [build.shape(padded, dtype), node.input[2]], T=dtype)
    build.add("Select", [inside, padded, value], T=dtype)
    return build.done()


def _var_handle(node, nodes):
    """The variable itself; its name in a checkpoint is shared_name, which must be the node's name."""
    shared_name = node.attr["shared_name"].s.decode() or node.name
    variable = tf.NodeDef(name=node.name, op="VariableV2")
    variable.attr["shape"].CopyFrom(node.attr["shape"])
    variable.attr["dtype"].CopyFrom(node.attr["dtype"])
    if shared_name != node.name:
        variable.attr["shared_name"].s = shared_name.encode()
    return [variable]


def _gather(node, nodes):
    """Gather takes its rows from axis 0, the only one that GatherV2 must then name."""
    if node.attr["batch_dims"].i or not _is_constant(nodes, node.input[2], 0):
        return None
    del node.input[2:]
    return _renamed("Gather", "Taxis", "batch_dims")(node, nodes)


def _resource_gather(node, nodes):
    if node.attr["batch_dims"].i:
        return None
    build = _Builder(node)
    build.add("Gather", node.input, Tparams=build.type("dtype"), Tindices=build.type("Tindices"))
    return build.done()


def _band_part(node, nodes):
    build = _Builder(node)
    if "Tindex" not in node.attr or build.type("Tindex") == tf.int64:
        return None
    bounds = [build.add("Cast", [i], SrcT=build.type("Tindex"), DstT=tf.int64) for i in node.input[1:]]
    build.add("MatrixBandPart", [node.input[0], *bounds], T=build.type("T"))
    return build.done()


def _main_diagonal(old_op, *defaults):
    """For operations that have learnt about other diagonals; `defaults` are their further inputs."""

    def rewrite(node, nodes):
        if not all(_is_constant(nodes, name, value) for name, value in zip(node.input[1:], defaults, strict=True)):
            return None
        del node.input[1:]
        return _renamed(old_op, "align")(node, nodes)

    return rewrite


def _is_constant(nodes, name, value):
    """Whether a tensor is this scalar for sure."""
    node = nodes.get(name)
    if node is None or node.op != "Const":
        return False
    tensor = node.attr["value"].tensor
    # Looked at before it is unpacked: a stranger's tensor may claim any size.
    return not tensor.tensor_shape.dim and tf.make_ndarray(tensor) == value


# Inputs that hold axes or shapes: operation -> attribute of their type -> position.
_INT32_INDICES = {
    **dict.fromkeys(["All", "Any", "EuclideanNorm", "Max", "Mean", "Min", "Prod", "Sum"], {"Tidx": 1}),
    **dict.fromkeys(["BatchToSpace", "BroadcastTo", "Cumprod", "Cumsum", "ReverseV2"], {"Tidx": 1}),
    **dict.fromkeys(["MirrorPad", "Pad", "PadV2", "SpaceToBatch"], {"Tpaddings": 1}),
    "BatchToSpaceND": {"Tblock_shape": 1, "Tcrops": 2},
    "ConcatV2": {"Tidx": -1},
    "ExpandDims": {"Tdim": 1},
    "Fill": {"index_type": 0},
    "LinSpace": {"Tidx": 2},
    "Reshape": {"Tshape": 1},
    "SpaceToBatchND": {"Tblock_shape": 1, "Tpaddings": 2},
    "Tile": {"Tmultiples": 1},
    "Transpose": {"Tperm": 1},
}

_REWRITES = {
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
    "SelectV2": _select,
    "Selu": _selu,
    "Softmax": _softmax,
    "VarHandleOp": _var_handle,
}
