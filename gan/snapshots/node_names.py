"""Names of nodes and of their outputs in a GraphDef: "name", "name:1" and "^name". No TensorFlow."""

from typing import Any


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
