"""Loops of TensorFlow 1, found in the graph and copied round by round, as data.

Such a loop is Enter -> Merge -> Switch -> body -> NextIteration -> Merge, and Switch -> Exit.
"""

import tensorflow.compat.v1 as tf

from gan.contest import faults
from gan.snapshots import node_names

_ENTERS, _EXITS = {"Enter", "RefEnter"}, {"Exit", "RefExit"}
_MERGES, _SWITCHES = {"Merge", "RefMerge"}, {"Switch", "RefSwitch"}
_NEXT = {"NextIteration", "RefNextIteration"}


class Frame:
    """A loop of TensorFlow 1, found from one of its exits.

    Attributes:
        condition: tensor that says whether there is another round.
        first: merge -> the tensor that it begins with.
        following: merge -> the tensor that it goes on with.
        exits: exit -> the merge whose value it hands out.

    Raises:
        ContractError: it is nested or malformed.
    """

    def __init__(self, nodes: dict[str, tf.NodeDef], exit_: tf.NodeDef) -> None:
        self._nodes, self._name = nodes, exit_.name
        self._copies: dict[tuple[str, str], str] = {}  # (node, suffix) -> name of its copy
        self._made: set[tuple[str, str]] = set()  # those of them that were made
        switch = self._input(exit_, 0, _SWITCHES)
        self._loop_condition = self._input(switch, 1, {"LoopCond"})
        self.condition = node_names.full(self._loop_condition.input[0])
        self.first: dict[str, str] = {}
        self.following: dict[str, str] = {}
        self.exits: dict[str, str] = {}
        for node in list(nodes.values()):
            if node.op in _SWITCHES and node_names.node_of(node.input[1]) == self._loop_condition.name:
                merge = self._input(node, 0, _MERGES)
                inputs = [nodes.get(node_names.node_of(i)) for i in merge.input]
                enters = [i for i in inputs if i is not None and i.op in _ENTERS]
                following = [i for i in inputs if i is not None and i.op in _NEXT]
                if len(enters) != 1 or len(following) != 1:
                    raise faults.breach("loop_malformed", node=self._name)
                self.first[merge.name] = node_names.full(enters[0].input[0])
                self.following[merge.name] = node_names.full(following[0].input[0])
                self._frame = enters[0].attr["frame_name"].s
        for node in nodes.values():
            if node.op in _EXITS:
                source = nodes.get(node_names.node_of(node.input[0]))
                if source is not None and source.op in _SWITCHES:
                    merge = node_names.node_of(source.input[0])
                    if merge in self.first:
                        self.exits[node.name] = merge

    def copy(self, tensor: str, values: dict[str, str], suffix: str) -> tuple[str, list[tf.NodeDef]]:
        """Copies what computes a tensor in one round.

        Args:
            tensor: in the loop.
            values: merge -> its value in this round.
            suffix: put behind the names of the copies; copies of the same suffix are shared.

        Returns:
            (the tensor of this round, the copies that were not made before).
        """
        made: dict[str, tf.NodeDef] = {}
        waiting = [node_names.full(tensor)]
        while waiting:
            node = self._nodes.get(node_names.node_of(waiting.pop()))
            if node is None:
                raise faults.breach("loop_malformed", node=self._name)
            if self._outside(node, values) is not None or (node.name, suffix) in self._made:
                continue
            self._made.add((node.name, suffix))
            name = self._copied(node.name, suffix)
            copy = tf.NodeDef()
            copy.CopyFrom(node)
            copy.name = name
            del copy.input[:]
            made[name] = copy
            inputs = node_names.data(node)
            copy.input.extend(self._in_round(i, values, suffix) for i in inputs)
            waiting += inputs
            for control in (node_names.node_of(i) for i in node.input if node_names.is_control(i)):
                if control in self._nodes and self._outside(self._nodes[control], values) is None:
                    copy.input.append(f"^{self._copied(control, suffix)}")
                    waiting.append(control)
        return self._in_round(tensor, values, suffix), list(made.values())

    def _copied(self, name: str, suffix: str) -> str:
        """The name of a node's copy; no other node has it."""
        if (name, suffix) not in self._copies:
            new = f"{name}/{suffix}"
            while new in self._nodes:
                new += "_"
            self._copies[name, suffix] = new
        return self._copies[name, suffix]

    def _in_round(self, tensor: str, values: dict[str, str], suffix: str) -> str:
        node = self._nodes.get(node_names.node_of(tensor))
        if node is None:
            raise faults.breach("loop_malformed", node=self._name)
        outside = self._outside(node, values)
        if outside is not None:
            return outside
        return f"{self._copied(node.name, suffix)}:{node_names.output_of(tensor)}"

    def _outside(self, node: tf.NodeDef, values: dict[str, str]) -> str | None:
        """The tensor that a node of the loop stands for, if it hands on what comes from outside or from before."""
        for _ in range(4):  # Identity is no such node: it is copied
            if node.op in _SWITCHES and node_names.node_of(node.input[1]) == self._loop_condition.name:
                node = self._nodes[node_names.node_of(node.input[0])]
            elif node.op in _MERGES and node.name in values:
                return values[node.name]
            elif node.op in _ENTERS:
                if node.attr["frame_name"].s != self._frame:
                    raise faults.breach("loop_nested", node=self._name)
                return node_names.full(node.input[0])
            elif node.op in _EXITS:
                raise faults.breach("loop_nested", node=self._name)
            else:
                return None
        return None

    def _input(self, node: tf.NodeDef, position: int, ops: set[str]) -> tf.NodeDef:
        found = self._nodes.get(node_names.node_of(node.input[position])) if len(node.input) > position else None
        if found is None or found.op not in ops:
            raise faults.breach("loop_malformed", node=self._name)
        return found
