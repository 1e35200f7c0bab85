"""Rewrites a graph's newer operations into the spellings that TensorFlow 1.2 knows.

rewrites.py has one function for each of these operations. Every rewrite is exact: the same numbers come out, except
for the last bit if the old spelling rounds once more. An operation without an older spelling stays as it is, and
`battle_ops.outside_battle_ops` names it. This works on NodeDefs alone: no session, no graph, and no shapes, so that a
rewrite holds for every shape.
"""

from collections.abc import Mapping

import tensorflow.compat.v1 as tf

from gan.snapshots.rewrites import REWRITES

# GraphDef version of TensorFlow 1.2, the oldest reader: what a lowered graph claims to be.
GRAPH_DEF_VERSION = 22

# Inputs that hold axes or shapes: operation -> attribute of their type -> position.
_INT32_INDICES: dict[str, dict[str, int]] = {
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


def lower(graph_def: tf.GraphDef) -> tf.GraphDef:
    """Rewrites a graph with old operations, as far as there are any.

    Resource variables become reference variables, which have the same names and values in a
    checkpoint. Devices and private attributes are left out: they name what may not be there.

    Args:
        graph_def: of an inference graph; not changed.

    Returns:
        A GraphDef with the same node names.

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
        new_nodes = REWRITES[node.op](copy, nodes) if node.op in REWRITES else None
        for result in [*casts, *(new_nodes or [copy])]:
            _strip_private_attributes(result)
            lowered.node.append(result)
    return lowered


def _strip_private_attributes(node: tf.NodeDef) -> None:
    """Removes attributes such as _class, which names a node that may be gone."""
    for key in [key for key in node.attr if key.startswith("_")]:
        del node.attr[key]


def _past_identity_n(tensor: str, nodes: Mapping[str, tf.NodeDef]) -> str:
    """The tensor that a second or later output of IdentityN repeats: 1.2 has only Identity, with one output."""
    for _ in nodes:
        name, _, output = tensor.partition(":")
        if output in ("", "0") or name not in nodes or nodes[name].op != "IdentityN":
            break
        tensor = nodes[name].input[int(output)]
    return tensor


def _narrow_indices(node: tf.NodeDef) -> list[tf.NodeDef]:
    """Turns int64 axes and shapes into int32, the only type that 1.2 takes for them; returns the Casts for it."""
    casts = []
    for attribute, position in _INT32_INDICES.get(node.op, {}).items():
        if attribute in node.attr and node.attr[attribute].type == tf.int64.as_datatype_enum:
            cast = tf.NodeDef(name=f"{node.name}/lowered_{attribute}", op="Cast", input=[node.input[position]])
            cast.attr["SrcT"].type, cast.attr["DstT"].type = tf.int64.as_datatype_enum, tf.int32.as_datatype_enum
            node.input[position] = cast.name
            node.attr[attribute].type = tf.int32.as_datatype_enum
            casts.append(cast)
    return casts
