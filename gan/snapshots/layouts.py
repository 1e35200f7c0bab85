"""Channels first (NCHW), which no processor computes, made channels last (NHWC) by transposing around it."""

import numpy as np
import tensorflow.compat.v1 as tf

from gan.snapshots.node_builder import constant

_FIRST, _LAST = [0, 2, 3, 1], [0, 3, 1, 2]  # to channels last, and back
# Operation -> which of its inputs have channels, and how many of its outputs.
_WITH_CHANNELS = {
    "AvgPool": ([0], 1),
    "BiasAdd": ([0], 1),
    "Conv2D": ([0], 1),
    "Conv2DBackpropInput": ([2], 1),
    "DepthToSpace": ([0], 1),
    "DepthwiseConv2dNative": ([0], 1),
    "FusedBatchNorm": ([0], 1),
    "FusedBatchNormV2": ([0], 1),
    "FusedBatchNormV3": ([0], 1),
    "MaxPool": ([0], 1),
    "SpaceToDepth": ([0], 1),
}
_PER_DIMENSION = ("strides", "ksize", "dilations")  # attributes with a number for each dimension


def channels_last(graph_def: tf.GraphDef) -> tf.GraphDef:
    """The same graph in which every operation has its channels last."""
    result, turned = tf.GraphDef(versions=graph_def.versions), set()
    for node in graph_def.node:
        if node.op in _WITH_CHANNELS and "data_format" in node.attr and node.attr["data_format"].s == b"NCHW":
            result.node.extend(_transposed(node))
            turned.add(node.name)
        else:
            result.node.append(node)
    for node in result.node:  # only the first output has channels; statistics of a batch norm come from the node inside
        for index, tensor in enumerate(node.input):
            name, _, output = tensor.partition(":")
            if name in turned and output not in ("", "0"):
                node.input[index] = f"{name}/channels_last:{output}"
    return result


def _transposed(node: tf.NodeDef) -> list[tf.NodeDef]:
    inputs, _ = _WITH_CHANNELS[node.op]
    dtype = node.attr["T"].type
    to_last = constant(f"{node.name}/to_channels_last", np.array(_FIRST, np.int32))
    to_first = constant(f"{node.name}/to_channels_first", np.array(_LAST, np.int32))
    made = [to_last, to_first]
    inner = tf.NodeDef()
    inner.CopyFrom(node)
    inner.name = f"{node.name}/channels_last"
    inner.attr["data_format"].s = b"NHWC"
    for key in _PER_DIMENSION:
        values = list(inner.attr[key].list.i) if key in inner.attr else []
        if len(values) == 4:
            del inner.attr[key].list.i[:]
            inner.attr[key].list.i.extend(values[i] for i in _FIRST)
    pads = list(inner.attr["explicit_paddings"].list.i) if "explicit_paddings" in inner.attr else []
    if len(pads) == 8:
        del inner.attr["explicit_paddings"].list.i[:]
        inner.attr["explicit_paddings"].list.i.extend(pads[2 * i + j] for i in _FIRST for j in (0, 1))
    for position in inputs:
        turned = _transpose(f"{node.name}/input_{position}", node.input[position], to_last.name, dtype)
        inner.input[position] = turned.name
        made.append(turned)
    if node.op == "Conv2DBackpropInput":  # its first input is the shape of what comes out
        gathered = tf.NodeDef(name=f"{node.name}/shape", op="Gather", input=[node.input[0], to_last.name])
        gathered.attr["Tparams"].type = gathered.attr["Tindices"].type = tf.int32.as_datatype_enum
        inner.input[0] = gathered.name
        made.append(gathered)
    made.append(inner)
    made.append(_transpose(node.name, inner.name, to_first.name, dtype))
    return made


def _transpose(name: str, tensor: str, order: str, dtype: int) -> tf.NodeDef:
    node = tf.NodeDef(name=name, op="Transpose", input=[tensor, order])
    node.attr["T"].type = dtype
    node.attr["Tperm"].type = tf.int32.as_datatype_enum
    return node
