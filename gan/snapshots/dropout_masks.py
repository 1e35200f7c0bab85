"""Finds the mask of a dropout that keeps everything: ones stand for it, and nothing random is left."""

from collections.abc import Callable

import numpy as np
import tensorflow.compat.v1 as tf

from gan.snapshots import node_names
from gan.snapshots.growing_graph import GrowingGraph
from gan.snapshots.node_builder import constant

OPS = {"Floor", "GreaterEqual"}  # floor(keep + u) of old TensorFlows, u >= rate of newer ones, u uniform in [0, 1)

IsNumber = Callable[[str, float], bool]  # whether a tensor is a constant of this value


def replace_mask_of_ones(graph: GrowingGraph, node: tf.NodeDef, is_number: IsNumber, source: str) -> bool:
    """Lets ones stand for a node if it is the mask of a dropout that keeps everything; says whether it is.

    Args:
        graph: the graph.
        node: one of OPS.
        is_number: whether a tensor is a constant of a value.
        source: full name of the tensor that will be fed, which is never taken for what draws the mask.
    """
    shape = _shape_of_mask(graph, node, is_number, source)
    if shape is None:
        return False
    dtype = tf.as_dtype(node.attr["T"].type or tf.float32) if node.op == "Floor" else tf.bool
    one = constant(graph.free_name(f"{node.name}/one"), np.ones([], dtype.as_numpy_dtype))
    ones = tf.NodeDef(name=graph.free_name(f"{node.name}/ones"), op="Fill", input=[shape, one.name])
    ones.attr["T"].type = one.attr["dtype"].type
    graph.add([one, ones], node)
    graph.stand_in(node.name + ":0", ones.name)
    return True


def _shape_of_mask(graph: GrowingGraph, node: tf.NodeDef, is_number: IsNumber, source: str) -> str | None:
    """The tensor that says the shape of a mask of ones; None if the node is something else."""
    inputs = node_names.data(node)
    if node.op == "GreaterEqual":
        uniform, rate = inputs
        return _shape_of_uniform(graph, uniform, is_number, source) if is_number(rate, 0.0) else None
    added = graph.origin(inputs[0])
    if added is None or added.op not in ("Add", "AddV2"):
        return None
    for uniform, keep in (node_names.data(added), node_names.data(added)[::-1]):
        shape = _shape_of_uniform(graph, uniform, is_number, source)
        if shape is not None and is_number(keep, 1.0):
            return shape
    return None


def _shape_of_uniform(graph: GrowingGraph, tensor: str, is_number: IsNumber, source: str) -> str | None:
    """The tensor that says the shape of uniform numbers in [0, 1); None if `tensor` is something else."""
    for ops, neutral in ((("Add", "AddV2"), 0.0), (("Mul",), 1.0)):  # random_uniform writes u * (1 - 0) + 0
        node = graph.origin(tensor)
        if node is not None and node.op in ops:
            if not is_number(node.input[1], neutral):
                return None
            tensor = node.input[0]
    node = graph.origin(tensor)
    if node is None or node.op != "RandomUniform" or graph.real(tensor) == source:
        return None
    return node_names.full(node.input[0])
