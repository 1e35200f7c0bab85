"""Makes the nodes that stand in for one node of a GraphDef. Works on NodeDefs alone: no session, no graph."""

from typing import Any

import numpy as np
import tensorflow.compat.v1 as tf


def constant(name: str, value: Any) -> tf.NodeDef:
    """A Const node holding a numpy array."""
    value = np.asarray(value)
    node = tf.NodeDef(name=name, op="Const")
    node.attr["dtype"].type = tf.as_dtype(value.dtype).as_datatype_enum
    node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value))
    return node


class NodeBuilder:
    """Makes the nodes that stand in for one node. The last of them gets its name."""

    def __init__(self, node: tf.NodeDef) -> None:
        self._node = node
        self._nodes: list[tf.NodeDef] = []

    def type(self, attribute: str) -> tf.DType:
        """The tf.DType that the node has as `attribute`."""
        return tf.as_dtype(self._node.attr[attribute].type)

    def constant(self, value: Any, dtype: tf.DType) -> str:
        """Adds a constant and returns its name."""
        return self._append(constant("", np.asarray(value, dtype.as_numpy_dtype)))

    def add(self, op: str, inputs: list[str], **attributes: Any) -> str:
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

    def done(self) -> list[tf.NodeDef]:
        """The nodes. The last one has the name of the node that they stand in for."""
        self._nodes[-1].name = self._node.name
        return self._nodes

    def shape(self, tensor: str, dtype: tf.DType) -> str:
        """The shape of a tensor, an int32 vector."""
        return self.add("Shape", [tensor], T=dtype)

    def part(self, vector: str, begin: int, end: int | None = None) -> str:
        """vector[begin:end] of an int32 vector."""
        ends = [self.constant([edge], tf.int32) for edge in (begin, end or 0, 1)]
        return self.add("StridedSlice", [vector, *ends], T=tf.int32, Index=tf.int32, end_mask=int(end is None))

    def concat(self, vectors: list[str]) -> str:
        """Joins int32 vectors."""
        axis = self.constant(0, tf.int32)
        return self.add("ConcatV2", [*vectors, axis], T=tf.int32, N=len(vectors))

    def common_shape(self, *tensors_and_types: tuple[str, tf.DType]) -> str:
        """The shape that tensors have once they are broadcast to each other."""
        shapes = [self.shape(tensor, dtype) for tensor, dtype in tensors_and_types]
        common = shapes[0]
        for shape in shapes[1:]:
            common = self.add("BroadcastArgs", [common, shape], T=tf.int32)
        return common

    def broadcast(self, tensor: str, shape: str, dtype: tf.DType) -> str:
        """Broadcasts by adding a constant that changes no value, not even the sign of a zero."""
        neutral = self.constant(True if dtype == tf.bool else (-0.0 if dtype.is_floating else 0), dtype)
        filled = self.add("Fill", [shape, neutral], T=dtype)
        if dtype == tf.bool:
            return self.add("LogicalAnd", [tensor, filled])
        return self.add("Add", [tensor, filled], T=dtype)

    def _append(self, node: tf.NodeDef) -> str:
        node.name = f"{self._node.name}/lowered_{len(self._nodes)}"
        self._nodes.append(node)
        return node.name
