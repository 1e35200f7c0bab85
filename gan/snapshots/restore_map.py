"""Which value of the checkpoint each variable gets: read from the saver's own operations, as data.

A saver may store a variable under another name, in parts, or as an average. So the way from the file to the variable
is followed in the graph: RestoreV2 -> Identity -> Assign. The path that the graph names is ignored, and nothing runs.
"""

from typing import Any, NamedTuple

import numpy as np
import tensorflow.compat.v1 as tf

from gan.contest import faults
from gan.snapshots import node_names

_ASSIGNING = {"Assign", "AssignVariableOp"}
_VARIABLES = {"Variable", "VariableV2", "VarHandleOp"}
_GROUPING = {"NoOp"}
_PASSING_ON = {"Identity", "Reshape"}
_OLD_FORMAT = {"Restore", "RestoreSlice"}


class Piece(NamedTuple):
    """Where the value of a variable is."""

    key: str  # name in the checkpoint
    part: str  # which part of it, as tf.Variable.SaveSliceInfo writes it, such as "10 20 0,5:-"; empty for all of it
    is_reshaped: bool = False  # whether it takes the shape of the variable, whatever its own is


def read(meta_graph: tf.MetaGraphDef) -> dict[str, Piece] | None:
    """Reads what the saver restores: name of a variable's node -> Piece; None if the meta graph has no saver.

    Raises:
        ContractError: restoring does more than to read values and assign them.
    """
    start = meta_graph.saver_def.restore_op_name
    if not start:
        return None
    nodes = {node.name: node for node in meta_graph.graph_def.node}
    found: dict[str, Piece] = {}
    waiting, seen = [node_names.node_of(start)], set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        node = _node(nodes, name)
        if node.op in _ASSIGNING:
            variable = _variable(nodes, node)
            if variable in found:
                raise faults.breach("restored_twice", variable=variable)
            found[variable] = _piece(nodes, node, variable)
        elif node.op not in _GROUPING:
            raise faults.breach("restore_runs", op=node.op, node=name)
        waiting += [node_names.node_of(tensor) for tensor in node.input if tensor.startswith("^")]
        if node.op in _GROUPING:
            waiting += [node_names.node_of(tensor) for tensor in node.input]
    return found


class Weights:
    """The values of a checkpoint's variables.

    Args:
        reader: a checkpoint reader of TensorFlow.
        pieces: what `read` returned; None if the names decide.
    """

    def __init__(self, reader: Any, pieces: dict[str, Piece] | None) -> None:
        self._reader, self._pieces = reader, pieces
        self._keys = set(reader.get_variable_to_shape_map())

    def read(self, names: list[str], shape: tf.TensorShape) -> np.ndarray:
        """The value of a variable.

        Args:
            names: of its node, and what else it may be called in the checkpoint.
            shape: of the variable.

        Raises:
            KeyError: it has none.
        """
        for name in names if self._pieces is None else names[:1]:
            piece = Piece(name, "") if self._pieces is None else self._pieces.get(name)
            if piece and piece.key in self._keys:
                value = _part(np.asarray(self._reader.get_tensor(piece.key)), piece.part)
                is_reshaped = piece.is_reshaped and value.size == shape.num_elements()
                return value.reshape(shape.as_list()) if is_reshaped else value
        raise KeyError(names[0])


def _part(value: np.ndarray, spec: str) -> np.ndarray:
    """The part of a value that a slice such as "10 20 0,5:-" names: the whole shape, then begin and length, or -."""
    if not spec:
        return value
    *_, ranges = spec.split(" ")
    chosen = []
    for one in ranges.split(":"):
        begin, _, length = one.partition(",")
        chosen.append(slice(None) if one == "-" else slice(int(begin), int(begin) + int(length)))
    if len(chosen) != value.ndim:
        raise ValueError(f"a slice {spec} does not fit {list(value.shape)}")
    return value[tuple(chosen)]


def _node(nodes: dict[str, tf.NodeDef], name: str) -> tf.NodeDef:
    if name not in nodes:
        raise faults.breach("restore_needs", node=name)
    return nodes[name]


def _variable(nodes: dict[str, tf.NodeDef], assign: tf.NodeDef) -> str:
    node = _node(nodes, node_names.node_of(assign.input[0]))
    if node.op not in _VARIABLES:
        raise faults.breach("restore_runs", op=node.op, node=node.name)
    return node.name


def _piece(nodes: dict[str, tf.NodeDef], assign: tf.NodeDef, variable: str) -> Piece:
    """The Piece that an assignment takes its value from."""
    tensor, is_reshaped = assign.input[1], False
    for _ in range(len(nodes)):
        node = _node(nodes, node_names.node_of(tensor))
        if node.op not in _PASSING_ON:
            break
        is_reshaped |= node.op == "Reshape"
        tensor = node.input[0]
    if node.op in _OLD_FORMAT:
        raise faults.breach("saver_v1")
    if node.op != "RestoreV2":
        raise faults.breach("restore_changes", op=node.op, variable=variable)
    index = node_names.output_of(tensor)
    keys, parts = (_texts(nodes, node.input[position]) for position in (1, 2))
    if not index < len(keys) == len(parts):
        raise faults.breach("restore_needs", node=node.name)
    return Piece(keys[index], parts[index], is_reshaped)


def _texts(nodes: dict[str, tf.NodeDef], tensor: str) -> list[str]:
    """The texts of a constant."""
    node = _node(nodes, node_names.node_of(tensor))
    if node.op != "Const":
        raise faults.breach("restore_runs", op=node.op, node=node.name)
    return [text.decode(errors="replace") for text in node.attr["value"].tensor.string_val]
