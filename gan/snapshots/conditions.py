"""Conditions of TensorFlow 1, as data: Switch sends a tensor into one of two branches, Merge takes the living one."""

from collections.abc import Callable

import numpy as np
import tensorflow.compat.v1 as tf

from gan.contest import faults
from gan.snapshots import node_names
from gan.snapshots.growing_graph import GrowingGraph

MERGES = {"Merge", "RefMerge"}
SWITCHES = {"Switch", "RefSwitch"}
_NEXT = {"NextIteration", "RefNextIteration"}


class Branches:
    """Tells which branches of a graph are dead.

    Args:
        graph: the graph.
        source: full name of the tensor that will be fed.
        constant: function from a tensor to its value; None if it has none, or if that cannot be told.
    """

    def __init__(self, graph: GrowingGraph, source: str, constant: Callable[[str], np.ndarray | None]) -> None:
        self._graph, self._source, self._constant = graph, source, constant
        self._dead: dict[str, bool] = {}

    def living_input(self, merge: tf.NodeDef) -> int:
        """The number of the one input of a merge that is alive. Raises ContractError if that is not one."""
        inputs = node_names.data(merge)
        if any(self._goes_round(tensor) for tensor in inputs):
            raise faults.breach("loop_malformed", node=merge.name)
        alive = [number for number, tensor in enumerate(inputs) if not self.is_dead(tensor)]
        if len(alive) != 1:
            raise faults.breach("condition_not_constant", node=merge.name)
        return alive[0]

    def _goes_round(self, tensor: str) -> bool:
        """Whether a tensor comes from the round before of a loop, which is dead if the loop is."""
        node = self._graph.nodes.get(node_names.node_of(tensor))
        return node is not None and node.op in _NEXT

    def _deciding(self, node: tf.NodeDef) -> list[str]:
        """The inputs that say whether a node is dead: of a loop's merge, what the loop begins with."""
        return [node_names.full(i) for i in node.input if not self._goes_round(i)]

    def is_dead(self, tensor: str) -> bool:
        """Whether a tensor lies in a branch that is not taken. What cannot be told is alive."""
        waiting = [node_names.full(tensor)]
        while waiting:
            one = waiting[-1]
            node = self._graph.nodes.get(node_names.node_of(one))
            if one in self._dead:
                waiting.pop()
            elif node is None or one == self._source:
                self._dead[one] = False
            else:
                unknown = [i for i in self._deciding(node) if i not in self._dead]
                mark = f"^{one}"
                if unknown and mark not in self._dead:
                    self._dead[mark] = True  # its inputs were asked for; a second time they form a circle
                    waiting += unknown
                else:
                    self._dead[one] = self._follows(one, node)
        return self._dead[node_names.full(tensor)]

    def _follows(self, tensor: str, node: tf.NodeDef) -> bool:
        """Whether a node's output is dead, as its inputs are."""
        flags = [self._dead.get(i, False) for i in self._deciding(node)]
        dead = bool(flags) and all(flags) if node.op in MERGES else any(flags)
        if node.op in SWITCHES and not dead:
            taken = self._constant(node.input[1])
            dead = taken is not None and int(bool(taken)) != node_names.output_of(tensor)
        return dead
