"""Bodies of functions, copied into the graph that calls them, as data."""

from collections.abc import Mapping

import tensorflow.compat.v1 as tf
from tensorflow.core.framework.attr_value_pb2 import AttrValue
from tensorflow.core.framework.function_pb2 import FunctionDef
from tensorflow.python.framework import op_def_registry

from gan.contest import faults
from gan.snapshots import node_names


def inline(
    function: FunctionDef,
    attributes: Mapping[str, AttrValue],
    inputs: list[str],
    prefix: str,
    library: Mapping[str, FunctionDef],
) -> tuple[list[tf.NodeDef], list[str]]:
    """Copies a function's body.

    Args:
        function: a FunctionDef.
        attributes: of the call; they take the place of what the body leaves open.
        inputs: the tensors that it is called with.
        prefix: put before the names of the copies.
        library: all functions by name, since the body may call them.

    Returns:
        (the copies, the tensors that are its results).
    """
    arguments = [argument.name for argument in function.signature.input_arg]
    if len(arguments) != len(inputs):
        raise faults.breach("missing_function", function=function.signature.name)
    given = dict(zip(arguments, inputs))
    outputs = {node.name: _first_outputs(node, library) for node in function.node_def}

    def real(tensor: str) -> str:
        """A tensor's name outside: "node:output:3" of the body, or an argument."""
        name, _, rest = tensor.partition(":")
        if not rest and name in given:
            return given[name]
        if name not in outputs:
            raise faults.breach("node_missing", output=function.signature.name, node=name)
        output, _, number = rest.partition(":")
        if output not in outputs[name]:
            raise faults.breach("node_missing", output=function.signature.name, node=f"{name}:{output}")
        return f"{prefix}/{name}:{outputs[name][output] + int(number or 0)}"

    given_attributes = {each.name: each.default_value for each in function.signature.attr} | dict(attributes)
    copies = []
    for node in function.node_def:
        copy = tf.NodeDef()
        copy.CopyFrom(node)
        copy.name = f"{prefix}/{node.name}"
        del copy.input[:]
        copy.input.extend(real(tensor) for tensor in node_names.data(node))
        controls = [node_names.node_of(tensor) for tensor in node.input if node_names.is_control(tensor)]
        copy.input.extend(f"^{prefix}/{name}" for name in controls if name in outputs)
        for key, value in node.attr.items():
            if value.placeholder and value.placeholder in given_attributes:
                copy.attr[key].CopyFrom(given_attributes[value.placeholder])
        copies.append(copy)
    return copies, [real(function.ret[result.name]) for result in function.signature.output_arg]


def _first_outputs(node: tf.NodeDef, library: Mapping[str, FunctionDef]) -> dict[str, int]:
    """Name of each output of a node -> number of its first tensor."""
    signature = library[node.op].signature if node.op in library else op_def_registry.get(node.op)
    if signature is None:
        raise faults.breach("unknown_operation", operation=node.op)
    found, number = {}, 0
    for output in signature.output_arg:
        found[output.name] = number
        if output.number_attr:
            number += node.attr[output.number_attr].i
        elif output.type_list_attr:
            number += len(node.attr[output.type_list_attr].list.type)
        else:
            number += 1
    return found
