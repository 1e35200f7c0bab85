"""Which value of the checkpoint each variable gets: read from the saver's own operations, as data.

A saver may store a variable under another name, in parts, or as an average. So the way from the file to the variable
is followed in the graph: RestoreV2 -> Identity -> Assign. The path that the graph names is ignored, and nothing runs.
"""

import contextlib
from typing import Any, NamedTuple

import numpy as np
import tensorflow.compat.v1 as tf
from tensorflow.core.framework.variable_pb2 import VariableDef

from gan.contest import faults
from gan.snapshots import node_names

_ASSIGNING = {"Assign", "AssignVariableOp"}
_GROUPING = {"NoOp"}
_VARIABLE_COLLECTIONS = {"variables", "trainable_variables"}
_PASSING_ON = {"Identity", "Reshape"}
_OLD_FORMAT = {"Restore", "RestoreSlice"}


class Piece(NamedTuple):
    """Where the value of a variable is."""

    key: str  # name in the checkpoint
    part: str  # which part of it, as tf.Variable.SaveSliceInfo writes it, such as "10 20 0,5:-"; empty for all of it
    shape: tuple[int, ...] | None = None  # to which it is reshaped; None leaves it as it is


def read(meta_graph: tf.MetaGraphDef) -> dict[str, Piece] | None:
    """Reads what the saver restores: name of a variable's node -> Piece; None if the meta graph has no saver.

    Without a saver, parts of a variable are those that the list of variables tells, as a new saver would have them.

    Raises:
        ContractError: restoring does more than to read values and assign them.
    """
    start = meta_graph.saver_def.restore_op_name
    if not start:
        return _parts(meta_graph)
    nodes = {node.name: node for node in meta_graph.graph_def.node}
    found: dict[str, Piece] = {}
    waiting, seen = [node_names.node_of(start)], set[str]()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        node = _node(nodes, name)
        if node.op in _ASSIGNING:
            variable = _variable(nodes, node)
            piece, controls = _piece(nodes, node, variable)
            waiting += controls
            # Variables of one shared name are one variable.
            for own_name in {variable.name, variable.attr["shared_name"].s.decode(errors="replace")} - {""}:
                if own_name in found:
                    raise faults.breach("restored_twice", variable=own_name)
                found[own_name] = piece
        elif node.op not in _GROUPING:
            raise faults.breach("restore_runs", operation=node.op, node=name)
        waiting += [node_names.node_of(tensor) for tensor in node.input if tensor.startswith("^")]
        if node.op in _GROUPING:
            waiting += [node_names.node_of(tensor) for tensor in node.input]
    return found


def _parts(meta_graph: tf.MetaGraphDef) -> dict[str, Piece] | None:
    """Pieces of all variables of a meta graph without a saver; None if no variable is partitioned."""
    parts = {}
    for collection in _VARIABLE_COLLECTIONS & {*meta_graph.collection_def}:
        for text in meta_graph.collection_def[collection].bytes_list.value:
            with contextlib.suppress(Exception):  # protobuf's implementations raise classes of their own
                listed = VariableDef.FromString(text)
                part = listed.save_slice_info_def
                if part.full_name:
                    ranges = ":".join(f"{begin},{length}" for begin, length in zip(part.var_offset, part.var_shape))
                    spec = f"{' '.join(map(str, part.full_shape))} {ranges}"
                    parts[node_names.node_of(listed.variable_name)] = Piece(part.full_name, spec)
    if not parts:
        return None
    own = {node.name: Piece(node.name, "") for node in meta_graph.graph_def.node if node.op in node_names.VARIABLE_OPS}
    return own | parts


class Weights:
    """The values of a checkpoint's variables.

    Args:
        reader: a checkpoint reader of TensorFlow.
        pieces: what `read` returned; None if the names decide.
    """

    def __init__(self, reader: Any, pieces: dict[str, Piece] | None) -> None:
        self._reader, self._pieces = reader, pieces
        self._keys = set(reader.get_variable_to_shape_map())

    def read(self, name: str) -> np.ndarray:
        """The value of the variable of this name.

        Raises:
            KeyError: it has none.
            ValueError: the part of a value that it should get does not lie in the value.
        """
        piece = Piece(name, "") if self._pieces is None else self._pieces[name]
        if piece.key not in self._keys:
            raise KeyError(piece.key)
        value = _part(np.asarray(self._reader.get_tensor(piece.key)), piece.part)
        return value if piece.shape is None else value.reshape(piece.shape)


def _part(value: np.ndarray, spec: str) -> np.ndarray:
    """The part of a value that a slice such as "10 20 0,5:-" names: the whole shape, then begin and length, or -."""
    if not spec:
        return value
    *whole, ranges = spec.split(" ")
    chosen = []
    for one, size in zip(ranges.split(":"), value.shape, strict=True):
        begin, _, length = ("0", "", str(size)) if one == "-" else one.partition(",")
        chosen.append(slice(int(begin), int(begin) + int(length)))
    inside = all(0 <= one.start <= one.stop <= size for one, size in zip(chosen, value.shape))
    if [int(size) for size in whole] != [*value.shape] or not inside:
        raise ValueError(f"the slice {spec} does not lie in a value of shape {[*value.shape]}")
    return value[tuple(chosen)]


def _node(nodes: dict[str, tf.NodeDef], name: str) -> tf.NodeDef:
    if name not in nodes:
        raise faults.breach("restore_needs", node=name)
    return nodes[name]


def _variable(nodes: dict[str, tf.NodeDef], assign: tf.NodeDef) -> tf.NodeDef:
    node = _node(nodes, node_names.node_of(assign.input[0]))
    if node.op not in node_names.VARIABLE_OPS:
        raise faults.breach("restore_runs", operation=node.op, node=node.name)
    return node


def _piece(nodes: dict[str, tf.NodeDef], assign: tf.NodeDef, variable: tf.NodeDef) -> tuple[Piece, list[str]]:
    """The Piece that an assignment takes its value from, and the nodes that must run before."""
    tensor, is_reshaped, controls = assign.input[1], False, list[str]()
    for _ in range(len(nodes)):
        node = _node(nodes, node_names.node_of(tensor))
        controls += [node_names.node_of(i) for i in node.input if node_names.is_control(i)]
        if node.op not in _PASSING_ON:
            break
        is_reshaped |= node.op == "Reshape"
        tensor = node.input[0]
    if node.op in _OLD_FORMAT:
        raise faults.breach("saver_v1")
    if node.op != "RestoreV2":
        raise faults.breach("restore_changes", operation=node.op, variable=variable.name)
    index = node_names.output_of(tensor)
    keys, parts = (_texts(nodes, node.input[position]) for position in (1, 2))
    if not index < len(keys) == len(parts):
        raise faults.breach("restore_needs", node=node.name)
    shape = tuple(int(dim.size) for dim in variable.attr["shape"].shape.dim) if is_reshaped else None
    return Piece(keys[index], parts[index], shape), controls


def _texts(nodes: dict[str, tf.NodeDef], tensor: str) -> list[str]:
    """The texts of a constant."""
    node = _node(nodes, node_names.node_of(tensor))
    if node.op != "Const":
        raise faults.breach("restore_runs", operation=node.op, node=node.name)
    return [text.decode(errors="replace") for text in node.attr["value"].tensor.string_val]
