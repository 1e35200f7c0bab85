"""Takes a graph of TensorFlow 1 or 2 down to what computes one tensor: no branches, loops or calls are left.

Everything is data until the operations that are left have been checked. What decides a branch or ends a loop must be
a constant: it is computed from operations of the same list, once the part of the graph that it needs was folded.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import tensorflow.compat.v1 as tf

from gan.console.errors import ContractError
from gan.contest import faults
from gan.snapshots import conditions, dropout_masks, functions, loop_frames, node_names
from gan.snapshots.growing_graph import GrowingGraph
from gan.snapshots.node_builder import constant

MOST_ROUNDS = 16  # of a loop
_DEEPEST = 64  # conditions that depend on conditions, and calls in calls
# Operation -> which of its inputs it hands on.
_HANDING_ON = {"PlaceholderWithDefault": 0, "Print": 0, "Snapshot": 0, "RefIdentity": 0, "Assign": 1}
_ASSIGNING = {"AssignAdd": "Add", "AssignAddVariableOp": "Add", "AssignSub": "Sub", "AssignSubVariableOp": "Sub"}
_SETTING = {"Assign", "AssignVariableOp"}
_IS_INITIALIZED = {"IsVariableInitialized", "VarIsInitializedOp"}
_MOST_BEFORE = 20_000  # nodes that run before a variable is read
_CALLS = {"PartitionedCall", "StatefulPartitionedCall"}
_LOOP_OPS = {"Enter", "RefEnter", "Exit", "RefExit", "NextIteration", "RefNextIteration", "LoopCond"}
_PLACEHOLDERS = {"Placeholder", "PlaceholderV2"}


class Folded(NamedTuple):
    """What computes a tensor."""

    nodes: list  # of tf.NodeDefs without control inputs, each after those that it needs, if there is no circle
    output: str  # the tensor's name in it
    reaches_source: bool  # whether the tensor depends on the placeholder that was asked about


class GraphFolder:
    """Folds the graph of a meta graph.

    Args:
        meta_graph: a tf.MetaGraphDef, from anyone.
        source: name of the tensor that will be fed.
        compute: function from Folded, which depends on no placeholder, to the value of its tensor; None if it cannot
            be computed.
    """

    def __init__(
        self, meta_graph: tf.MetaGraphDef, source: str, compute: Callable[[Folded], np.ndarray | None]
    ) -> None:
        self._graph = GrowingGraph(meta_graph)
        self._source, self._compute = node_names.full(source), compute
        self._branches = conditions.Branches(self._graph, self._source, self._constant_if_any)
        self._constants: dict[str, np.ndarray | None] = {}
        self._changed_inputs: dict[str, list[str]] = {}
        self._levels: dict[str, int] = {}  # node -> how many calls are around it
        self._depth = 0

    def fold(self, sink: str, wanted_by: str | None = None) -> Folded:
        """What computes a tensor.

        Args:
            sink: its name.
            wanted_by: what a message calls it; None for its name.

        Raises:
            ContractError: a branch or a loop depends on what is fed, or the graph is malformed or too large.
        """
        waiting, kept, reaches = [node_names.full(sink)], {}, False
        while waiting:
            tensor = self._graph.real(waiting.pop())
            name = node_names.node_of(tensor)
            if tensor == self._source:
                reaches = True
            elif name not in kept:
                if name not in self._graph.nodes:
                    output = wanted_by or node_names.node_of(sink)
                    raise faults.breach("node_missing", output=output, node=name)
                node = self._graph.nodes[name]
                if self._expand(node):
                    if not self._graph.has_stand_in(tensor):
                        raise faults.breach("branch_never_taken", node=name)
                    waiting.append(tensor)
                else:
                    kept[name] = node
                    waiting += self._inputs(node)
        return Folded(self._ordered(kept), self._graph.real(sink), reaches)

    def constant(self, tensor: str) -> np.ndarray | None:
        """The value of a tensor that does not depend on what is fed; None if it does, or is random."""
        tensor = self._graph.real(tensor)
        if tensor not in self._constants:
            self._depth += 1
            try:
                if self._depth > _DEEPEST:
                    raise faults.breach("too_deep", most=_DEEPEST)
                folded = self.fold(tensor)
            finally:
                self._depth -= 1
            unknown = folded.reaches_source or any(node.op in _PLACEHOLDERS for node in folded.nodes)
            self._constants[tensor] = None if unknown else self._compute(folded)
        return self._constants[tensor]

    def _constant_if_any(self, tensor: str) -> np.ndarray | None:
        try:
            return self.constant(tensor)
        except ContractError:  # it lies beside the way, as what an assertion checks
            return None

    def _is_number(self, tensor: str, number: float) -> bool:
        """Whether a tensor is a constant of this value."""
        value = self._constant_if_any(tensor)
        return value is not None and np.size(value) == 1 and float(np.reshape(value, ())) == number

    def _decision(self, node: tf.NodeDef, tensor: str) -> np.ndarray:
        """The one value that decides which branch is taken at a node."""
        value = self.constant(tensor)
        if value is None or np.size(value) != 1:
            raise faults.breach("condition_not_constant", node=node.name)
        return value

    def _ordered(self, kept: dict[str, tf.NodeDef]) -> list[tf.NodeDef]:
        """Copies of nodes with the tensors that they really take, in the order of the graph."""
        result = []
        for name in self._graph.nodes:
            if name in kept:
                copy = tf.NodeDef()
                copy.CopyFrom(kept[name])
                del copy.input[:]
                copy.input.extend(node_names.short(self._graph.real(i)) for i in self._inputs(kept[name]))
                result.append(copy)
        return result

    def _expand(self, node: tf.NodeDef) -> bool:
        """Says what stands for each output of a node that is a branch, a loop or a call; False if it is none."""
        if node.op in _HANDING_ON:
            self._graph.stand_in(node.name + ":0", node.input[_HANDING_ON[node.op]])
        elif node.op == "IdentityN":
            for number, tensor in enumerate(node_names.data(node)):
                self._graph.stand_in(f"{node.name}:{number}", tensor)
        elif node.op in _IS_INITIALIZED:  # every variable is, once it is restored
            yes = constant(self._graph.free_name(f"{node.name}/yes"), np.bool_(True))
            self._graph.add([yes], node)
            self._graph.stand_in(node.name + ":0", yes.name)
        elif node.op in ("ReadVariableOp", "Identity"):
            return self._expand_read(node)
        elif node.op in _ASSIGNING:
            self._expand_assignment(node)
        elif node.op in dropout_masks.OPS:
            return dropout_masks.replace_mask_of_ones(self._graph, node, self._is_number, self._source)
        elif node.op in conditions.MERGES:
            self._expand_merge(node)
        elif node.op in conditions.SWITCHES:
            taken = self._decision(node, node.input[1])
            self._graph.stand_in(f"{node.name}:{int(bool(taken))}", node.input[0])
        elif node.op in ("While", "StatelessWhile"):
            self._expand_while(node)
        elif node.op in ("Exit", "RefExit"):
            self._expand_frame(node)
        elif node.op in _LOOP_OPS:
            raise faults.breach("loop_malformed", node=node.name)
        else:
            return self._expand_call(node)
        return True

    def _expand_assignment(self, node: tf.NodeDef) -> None:
        """The new value of a variable that is changed and used at once; the change itself is left behind."""
        self._graph.stand_in(node.name + ":0", self._assigned(node))

    def _assigned(self, node: tf.NodeDef) -> str:
        """The tensor that an assignment gives its variable."""
        variable, value = node_names.data(node)[:2]
        if node.op in _SETTING:
            return value
        name, inputs, is_resource = self._graph.free_name(f"{node.name}/value"), [variable, value], "T" not in node.attr
        made = []
        if is_resource:
            read = tf.NodeDef(name=self._graph.free_name(f"{node.name}/before"), op="ReadVariableOp", input=[variable])
            read.attr["dtype"].CopyFrom(node.attr["dtype"])
            made, inputs = [read], [read.name, value]
        changed = tf.NodeDef(name=name, op=_ASSIGNING[node.op], input=inputs)
        changed.attr["T"].CopyFrom(node.attr["dtype" if is_resource else "T"])
        self._graph.add([*made, changed], node)
        return name

    def _expand_read(self, node: tf.NodeDef) -> bool:
        """Lets a variable that is read after it was changed have its new value; says whether it was."""
        variable = self._variable(node.input[0])
        if variable is None:
            return False
        changes = [each for each in self._runs_before(node) if self._variable(each.input[0]) == variable]
        if len(changes) > 1:
            raise faults.breach("changed_often", variable=variable, node=node.name)
        if changes:
            self._graph.stand_in(node.name + ":0", self._assigned(changes[0]))
        return bool(changes)

    def _inputs(self, node: tf.NodeDef) -> list[str]:
        """The tensors that a node takes: of a variable that changes before it runs, the new value.

        The value of a reference variable, once read, changes with the variable: both are the same memory.
        """
        tensors = node_names.data(node)
        if len(tensors) == len(node.input):
            return tensors
        if node.name not in self._changed_inputs:
            self._changed_inputs[node.name] = [self._after_change(node, tensor) for tensor in tensors]
        return self._changed_inputs[node.name]

    def _after_change(self, node: tf.NodeDef, tensor: str) -> str:
        read = self._graph.origin(tensor)
        variable = self._variable(read.input[0]) if read is not None and read.op == "Identity" else None
        if variable is None or self._graph.nodes[variable].op == "VarHandleOp":
            return tensor
        changes = [each for each in self._runs_before(node) if self._variable(each.input[0]) == variable]
        return self._assigned(changes[0]) if len(changes) == 1 else tensor

    def _variable(self, tensor: str) -> str | None:
        """The variable that a tensor is; None if it is something else."""
        node = self._graph.origin(tensor)
        return node.name if node is not None and node.op in node_names.VARIABLE_OPS else None

    def _runs_before(self, node: tf.NodeDef) -> list[tf.NodeDef]:
        """The assignments that must run before a node, by its control inputs."""
        waiting = [node_names.node_of(i) for i in node.input if node_names.is_control(i)]
        found, seen = [], set[str]()
        while waiting:
            each = self._graph.nodes.get(waiting.pop())
            if each is None or each.name in seen or self._branches.is_dead(each.name):
                continue
            seen.add(each.name)
            if len(seen) > _MOST_BEFORE:
                raise faults.breach("too_many_nodes", most=_MOST_BEFORE)
            if each.op in _ASSIGNING or each.op in _SETTING:
                found.append(each)
            waiting += [node_names.node_of(i) for i in each.input]
        return found

    def _expand_merge(self, node: tf.NodeDef) -> None:
        living = self._branches.living_input(node)
        self._graph.stand_in(node.name + ":0", node_names.data(node)[living])
        number = constant(self._graph.free_name(f"{node.name}/which"), np.int32(living))
        self._graph.add([number], node)
        self._graph.stand_in(node.name + ":1", number.name)

    def _expand_call(self, node: tf.NodeDef) -> bool:
        inputs = node_names.data(node)
        if node.op in ("If", "StatelessIf"):
            taken = self._decision(node, inputs[0])
            is_true = bool(taken) if np.ndim(taken) == 0 else np.size(taken) > 0  # as TensorFlow's If has it
            function, inputs = node.attr["then_branch" if is_true else "else_branch"].func, inputs[1:]
        elif node.op in ("Case", "StatelessCase"):
            branches = node.attr["branches"].list.func
            index = int(self._decision(node, inputs[0]))
            function, inputs = branches[index if 0 <= index < len(branches) else -1], inputs[1:]
        elif node.op in _CALLS:
            function = node.attr["f"].func
        elif node.op in self._graph.library:
            function = tf.NameAttrList(name=node.op)
            for key, value in node.attr.items():
                function.attr[key].CopyFrom(value)
        else:
            return False
        for number, tensor in enumerate(self._inlined(node, function, inputs, node.name)):
            self._graph.stand_in(f"{node.name}:{number}", tensor)
        return True

    def _inlined(
        self, node: tf.NodeDef, function: tf.NameAttrList, inputs: list[str], prefix: str, in_loop: bool = False
    ) -> list[str]:
        """Adds a copy of a function's body to the graph; returns its results."""
        library = self._graph.library
        if function.name not in library:
            raise faults.breach("missing_function", function=function.name)
        level = self._levels.get(node.name, 0) + 1
        if level > _DEEPEST:
            raise faults.breach("too_deep", most=_DEEPEST)
        prefix = self._graph.free_prefix(prefix, [each.name for each in library[function.name].node_def])
        body, results = functions.inline(library[function.name], function.attr, inputs, prefix, library)
        self._graph.add(body, node, in_loop or self._graph.is_in_loop(node))
        for each in body:
            self._levels[each.name] = level
        return results

    def _expand_while(self, node: tf.NodeDef) -> None:
        """A loop of TensorFlow 2: two functions, of which one says whether there is another round."""
        if self._graph.is_in_loop(node):
            raise faults.breach("loop_nested", node=node.name)
        values = node_names.data(node)
        condition, body = node.attr["cond"].func, node.attr["body"].func
        for number in range(MOST_ROUNDS + 1):
            (again,) = self._inlined(node, condition, values, f"{node.name}/again_{number}", in_loop=True)
            if not self._goes_on(node, again, number):
                break
            values = self._inlined(node, body, values, f"{node.name}/round_{number}", in_loop=True)
        for index, tensor in enumerate(values):
            self._graph.stand_in(f"{node.name}:{index}", tensor)

    def _expand_frame(self, node: tf.NodeDef) -> None:
        """A loop of TensorFlow 1, found from one of its exits."""
        frame = loop_frames.Frame(self._graph.nodes, node)
        values = dict(frame.first)
        for number in range(MOST_ROUNDS + 1):
            again, body = frame.copy(frame.condition, values, f"again_{number}")
            self._graph.add(body, node, in_loop=True)
            if not self._goes_on(node, again, number):
                break
            following = {}
            for merge, tensor in frame.following.items():
                following[merge], body = frame.copy(tensor, values, f"round_{number}")
                self._graph.add(body, node, in_loop=True)
            values = following
        for exit_, merge in frame.exits.items():
            self._graph.stand_in(exit_ + ":0", values[merge])

    def _goes_on(self, node: tf.NodeDef, again: str, number: int) -> bool:
        """Whether a loop has another round, as this value says."""
        value = self.constant(again)
        if value is None or np.size(value) != 1:
            raise faults.breach("loop_not_constant", node=node.name)
        if np.all(value) and number == MOST_ROUNDS:
            raise faults.breach("loop_too_long", node=node.name, most=MOST_ROUNDS)
        return bool(np.all(value))
