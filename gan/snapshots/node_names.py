"""Names of nodes and of their outputs in a GraphDef: "name", "name:1" and "^name". No TensorFlow."""

import re
from collections.abc import Sequence
from typing import Any

# Ends of the names of nodes that lowering.py, layouts.py and random_ops.py make.
_RESERVED = re.compile(
    r"/(lowered_\w+|seed|own_number|shape|input_\d+|to_channels_(first|last)|channels_last)\Z", re.ASCII
)
VARIABLE_OPS = {"Variable", "VariableV2", "VarHandleOp"}  # whose nodes' names are those of their values


def node_of(tensor: str) -> str:
    """The node's name: "name" of "name:1" and of "^name"."""
    return tensor.lstrip("^").partition(":")[0]


def output_of(tensor: str) -> int:
    """Which output of its node a tensor is: 1 of "name:1", 0 of "name"."""
    number = tensor.partition(":")[2]
    return int(number) if number.isascii() and number.isdigit() and len(number) < 7 else 0


def full(tensor: str) -> str:
    """A tensor's name with the number of its output: "name:0" of "name"."""
    return f"{node_of(tensor)}:{output_of(tensor)}"


def short(tensor: str) -> str:
    """A tensor's name as graphs have it: without the number of its output if that is 0."""
    return node_of(tensor) if output_of(tensor) == 0 else full(tensor)


def is_control(tensor: str) -> bool:
    """Whether an input only says what must run before."""
    return tensor.startswith("^")


def data(node: Any) -> list[str]:
    """The inputs of a tf.NodeDef that are tensors."""
    return [tensor for tensor in node.input if not is_control(tensor)]


def without_reserved(nodes: Sequence[Any]) -> dict[str, str]:
    """Renames tf.NodeDefs whose names later steps would give to nodes of their own; returns old name -> new name."""
    taken, renamed = {node.name for node in nodes}, {}
    for node in nodes:
        if _RESERVED.search(node.name) and node.op not in VARIABLE_OPS:
            new = node.name + "_"
            while new in taken:
                new += "_"
            taken.add(new)
            renamed[node.name] = new
            node.name = new
    for node in nodes if renamed else ():
        for index, tensor in enumerate(node.input):
            name, _, output = tensor.partition(":")
            if name in renamed:
                node.input[index] = f"{renamed[name]}:{output}" if output else renamed[name]
    return renamed
