"""Rewrites a graph's newer operations into the spellings that TensorFlow 1.2 knows.

Every rewrite is exact: the same numbers come out. What has no older spelling stays as it is, and
`contract.outside_battle_ops` names it. Works on NodeDefs alone and in place; no session, no graph.
"""

import numpy as np
import tensorflow.compat.v1 as tf


def lower(graph_def):
    """Returns a GraphDef with the same node names that uses old operations only, where they exist.

    Resource variables become reference variables, whose names and values are the same in a
    checkpoint.

    Args:
        graph_def: tf.GraphDef of an inference graph; not changed.
    """
    lowered = tf.GraphDef(versions=graph_def.versions)
    nodes = {node.name: node for node in graph_def.node}
    for node in graph_def.node:
        copy = tf.NodeDef()
        copy.CopyFrom(node)
        new_nodes = _REWRITES[node.op](copy, nodes) if node.op in _REWRITES else None
        for result in new_nodes or [copy]:
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
    """Removes attributes such as _class and _output_shapes, which name nodes that may be gone."""
    for key in [key for key in node.attr if key.startswith("_")]:
        del node.attr[key]


def _renamed(new_op, *dropped):
    def rewrite(node, nodes):
        node.op = new_op
        for attribute in dropped:
            node.attr.pop(attribute, None)
        return [node]

    return rewrite


def _fused_batch_norm(node, nodes):
    """FusedBatchNorm has no type U for its statistics; alike where U is float32, as it must be there."""
    if node.attr["U"].type not in (tf.float32.as_datatype_enum, 0) or node.attr["T"].type != tf.float32.as_datatype_enum:
        return None
    return _renamed("FusedBatchNorm", "U", "exponential_avg_factor")(node, nodes)


def _leaky_relu(node, nodes):
    """max(x, alpha x), which is leaky ReLU for alpha <= 1."""
    alpha = node.attr["alpha"].f if "alpha" in node.attr else 0.2
    if alpha > 1:
        return None
    dtype = tf.as_dtype(node.attr["T"].type or tf.float32.as_datatype_enum)
    slope = constant(node.name + "/alpha", np.asarray(alpha, dtype.as_numpy_dtype))
    scaled = _node(node.name + "/scaled", "Mul", [slope.name, node.input[0]], dtype)
    return [slope, scaled, _node(node.name, "Maximum", [scaled.name, node.input[0]], dtype)]


def _clip_by_value(node, nodes):
    dtype = tf.as_dtype(node.attr["T"].type)
    upper = _node(node.name + "/upper", "Minimum", [node.input[0], node.input[2]], dtype)
    return [upper, _node(node.name, "Maximum", [upper.name, node.input[1]], dtype)]


def _var_handle(node, nodes):
    """The variable itself; its name in a checkpoint is shared_name, which must be the node's name."""
    shared_name = node.attr["shared_name"].s.decode() or node.name
    variable = tf.NodeDef(name=node.name, op="VariableV2")
    variable.attr["shape"].CopyFrom(node.attr["shape"])
    variable.attr["dtype"].CopyFrom(node.attr["dtype"])
    if shared_name != node.name:
        variable.attr["shared_name"].s = shared_name.encode()
    return [variable]


def _read_variable(node, nodes):
    identity = tf.NodeDef(name=node.name, op="Identity", input=node.input)
    identity.attr["T"].CopyFrom(node.attr["dtype"])
    return [identity]


def _gather(node, nodes):
    """Gather takes its rows from axis 0, the only one that GatherV2 must then name."""
    axis = nodes.get(node.input[2])
    if axis is None or axis.op != "Const" or tf.make_ndarray(axis.attr["value"].tensor) != 0:
        return None
    del node.input[2:]
    return _renamed("Gather", "Taxis", "batch_dims")(node, nodes)


def _resource_gather(node, nodes):
    gather = tf.NodeDef(name=node.name, op="Gather", input=node.input)
    gather.attr["Tparams"].CopyFrom(node.attr["dtype"])
    gather.attr["Tindices"].CopyFrom(node.attr["Tindices"])
    return [gather]


def _node(name, op, inputs, dtype):
    node = tf.NodeDef(name=name, op=op, input=inputs)
    node.attr["T"].type = dtype.as_datatype_enum
    return node


_REWRITES = {
    "AddV2": _renamed("Add"),
    "BatchMatMulV2": _renamed("BatchMatMul", "grad_x", "grad_y"),
    "ClipByValue": _clip_by_value,
    "FusedBatchNormV2": _fused_batch_norm,
    "FusedBatchNormV3": _fused_batch_norm,
    "GatherV2": _gather,
    "LeakyRelu": _leaky_relu,
    "ReadVariableOp": _read_variable,
    "ResourceGather": _resource_gather,
    "VarHandleOp": _var_handle,
}
