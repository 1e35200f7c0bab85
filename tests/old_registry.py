"""Prints what a TensorFlow knows of operations, as JSON; Python 2.7 and TensorFlow 1.2 suffice.

    python old_registry.py OPERATION...

name -> {"deprecated": bool, "attributes": names, "types": type attribute -> the types for which a CPU
can run it}. A name that is not registered is left out.
"""

from __future__ import print_function

import json
import sys

import tensorflow as tf
from tensorflow.core.framework import types_pb2
from tensorflow.python.framework import op_def_registry

TYPES = ("DT_FLOAT", "DT_DOUBLE", "DT_INT32", "DT_INT64", "DT_UINT8", "DT_BOOL")
# For attributes that have no default; any valid value will do.
VALUES = {
    "N": 2,
    "axis": 0,
    "block_size": 2,
    "ksize": [1, 1, 1, 1],
    "ksizes": [1, 1, 1, 1],
    "message": b"",
    "mode": b"REFLECT",
    "num": 2,
    "num_split": 2,
    "padding": b"SAME",
    "rates": [1, 1, 1, 1],
    "strides": [1, 1, 1, 1],
}
# Inputs that must be vectors for the graph to be accepted.
VECTORS = ("block_shape",)


def can_run(op, attribute, dtype):
    """Whether a CPU has a kernel for an operation with one type given and the others free.

    Placing comes before running, so that a missing kernel is told before the missing input.
    """
    graph_def = tf.GraphDef()
    node = tf.NodeDef(name="tried", op=op.name)
    for attr in op.attr:
        value = node.attr[attr.name]
        if attr.type == "type":
            allowed = attr.allowed_values.list.type
            free = types_pb2.DT_FLOAT if not allowed or types_pb2.DT_FLOAT in allowed else types_pb2.DT_INT32
            value.type = dtype if attr.name == attribute else attr.default_value.type or free
        elif attr.type == "shape":
            value.shape.SetInParent()
        elif attr.type == "tensor":
            value.tensor.dtype = node.attr["dtype"].type
            value.tensor.tensor_shape.dim.add().size = 0
        elif not attr.HasField("default_value"):
            given = VALUES[attr.name]
            if isinstance(given, list):
                value.list.i.extend(given)
            elif isinstance(given, bytes):
                value.s = given
            else:
                value.i = given
        else:
            value.CopyFrom(attr.default_value)
    for argument in op.input_arg:
        for _ in range(node.attr[argument.number_attr].i if argument.number_attr else 1):
            given = graph_def.node.add(name="input%d" % len(graph_def.node), op="Placeholder")
            given.attr["dtype"].type = argument.type or node.attr[argument.type_attr].type
            if argument.name in VECTORS:
                given.attr["shape"].shape.dim.add().size = 2
            else:
                given.attr["shape"].shape.unknown_rank = True
            node.input.append(given.name)
    graph_def.node.extend([node])
    with tf.Graph().as_default() as graph, tf.Session() as session:
        tf.import_graph_def(graph_def, name="")
        try:
            session.run(graph.get_operation_by_name("tried"))
        except tf.errors.OpError as error:
            return "No OpKernel" not in str(error)
        return True


def types_of(op, attr):
    allowed = [types_pb2.DataType.Name(number) for number in attr.allowed_values.list.type]
    names = [name for name in TYPES if not allowed or name in allowed]
    return [name for name in names if can_run(op, attr.name, types_pb2.DataType.Value(name))]


def main(names):
    registered = op_def_registry.get_registered_ops()
    found = {}
    for name in names:
        if name in registered:
            op = registered[name]
            found[name] = {
                "deprecated": op.HasField("deprecation"),
                "attributes": [attr.name for attr in op.attr],
                "types": {attr.name: types_of(op, attr) for attr in op.attr if attr.type == "type"},
            }
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1:])
