"""The graph of a meta graph while it is folded: its nodes, and those that are added, within a budget."""

from collections.abc import Sequence

import tensorflow.compat.v1 as tf

from gan.contest import faults
from gan.snapshots import node_names

MOST_NODES = 50_000  # that folding may make of a graph
MOST_BYTES = 256 * 2**20  # of these nodes
MOST_LOOP_NODES = 2_000  # that all rounds of all loops may have


class GrowingGraph:
    """Nodes as data, with tensors that stand for others.

    Args:
        meta_graph: a tf.MetaGraphDef, from anyone.

    Attributes:
        nodes: by name.
        library: functions by name.
    """

    def __init__(self, meta_graph: tf.MetaGraphDef) -> None:
        self.nodes = {node.name: node for node in meta_graph.graph_def.node}
        self.library = {f.signature.name: f for f in meta_graph.graph_def.library.function}
        self._stand_ins: dict[str, str] = {}  # tensor -> the tensor that stands for it
        self._in_loops: set[str] = set()  # nodes that rounds of loops were written out to
        self._made = self._bytes = self._made_in_loops = 0

    def stand_in(self, tensor: str, other: str) -> None:
        """Lets another tensor stand for one from now on."""
        self._stand_ins[tensor] = node_names.full(other)

    def has_stand_in(self, tensor: str) -> bool:
        """Whether another tensor stands for one."""
        return tensor in self._stand_ins

    def real(self, tensor: str) -> str:
        """The tensor that stands for one in the end. Raises ContractError if there is none."""
        tensor = node_names.full(tensor)
        for _ in range(len(self._stand_ins) + 1):
            if tensor not in self._stand_ins:
                return tensor
            tensor = self._stand_ins[tensor]
        raise faults.breach("circle", node=node_names.node_of(tensor))

    def origin(self, tensor: str) -> tf.NodeDef | None:
        """The node that computes a tensor in the end; None if the graph lacks it."""
        return self.nodes.get(node_names.node_of(self.real(tensor)))

    def free_name(self, name: str) -> str:
        """A name that no node has yet."""
        while name in self.nodes:
            name += "_"
        return name

    def free_prefix(self, prefix: str, names: Sequence[str]) -> str:
        """A prefix with which no node has one of these names yet: PREFIX/NAME."""
        number, free = 0, prefix
        while any(f"{free}/{name}" in self.nodes for name in names):
            number += 1
            free = f"{prefix}_{number}"
        return free

    def is_in_loop(self, node: tf.NodeDef) -> bool:
        """Whether a node was added for a round of a loop."""
        return node.name in self._in_loops

    def add(self, nodes: list[tf.NodeDef], cause: tf.NodeDef, in_loop: bool = False) -> None:
        """Adds nodes.

        Args:
            nodes: to add.
            cause: the node that they are added for, which a message names.
            in_loop: whether they are of a round of a loop.

        Raises:
            ContractError: the budget is spent, or a name is taken.
        """
        self._made += len(nodes)
        self._bytes += sum(each.ByteSize() for each in nodes)
        self._made_in_loops += len(nodes) if in_loop else 0
        if self._made > MOST_NODES:
            raise faults.breach("too_many_nodes", most=MOST_NODES)
        if self._bytes > MOST_BYTES:
            raise faults.breach("too_many_bytes", mebibytes=MOST_BYTES / 2**20)
        if self._made_in_loops > MOST_LOOP_NODES:
            raise faults.breach("loop_too_large", node=cause.name, most=MOST_LOOP_NODES)
        if in_loop:
            self._in_loops.update(each.name for each in nodes)
        for each in nodes:
            if each.name in self.nodes:
                raise faults.breach("name_taken", node=each.name)
            self.nodes[each.name] = each
