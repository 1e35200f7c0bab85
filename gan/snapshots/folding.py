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
from gan.snapshots import functions, node_names
from gan.snapshots.node_builder import constant

MOST_NODES = 50_000  # that folding may make of a graph
MOST_BYTES = 256 * 2**20  # of these nodes
MOST_LOOP_NODES = 2_000  # that all rounds of all loops may have
MOST_ROUNDS = 16  # of a loop
_DEEPEST = 24  # conditions that depend on conditions, and calls in calls
# Operation -> which of its inputs it hands on.
_HANDING_ON = {"PlaceholderWithDefault": 0, "Print": 0, "Snapshot": 0, "RefIdentity": 0, "Assign": 1}
_ASSIGNING = {"AssignAdd": "Add", "AssignSub": "Sub"}
_CALLS = {"PartitionedCall", "StatefulPartitionedCall"}
_SWITCHES = {"Switch", "RefSwitch"}
_MERGES = {"Merge", "RefMerge"}
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
        self._nodes = {node.name: node for node in meta_graph.graph_def.node}
        self._library = {f.signature.name: f for f in meta_graph.graph_def.library.function}
        self._source, self._compute = node_names.full(source), compute
        self._alias: dict[str, str] = {}  # tensor -> the tensor that stands for it
        self._constants: dict[str, np.ndarray | None] = {}
        self._dead: dict[str, bool] = {}
        self._in_loops: set[str] = set()  # nodes that rounds of loops were written out to
        self._levels: dict[str, int] = {}  # node -> how many calls are around it
        self._made = self._bytes = self._made_in_loops = self._depth = 0

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
            tensor = self._real(waiting.pop())
            name = node_names.node_of(tensor)
            if tensor == self._source:
                reaches = True
            elif name not in kept:
                node = self._node(name, wanted_by or node_names.node_of(sink))
                if self._expand(node):
                    if tensor not in self._alias:
                        raise faults.breach("branch_never_taken", node=name)
                    waiting.append(tensor)
                else:
                    kept[name] = node
                    waiting += [i for i in node.input if not node_names.is_control(i)]
        return Folded(self._ordered(kept), self._real(node_names.full(sink)), reaches)

    def constant(self, tensor: str) -> np.ndarray | None:
        """The value of a tensor that does not depend on what is fed; None if it does, or is random."""
        tensor = self._real(node_names.full(tensor))
        if tensor not in self._constants:
            self._depth += 1
            if self._depth > _DEEPEST:
                raise faults.breach("too_deep", most=_DEEPEST)
            try:
                folded = self.fold(tensor)
            finally:
                self._depth -= 1
            unknown = folded.reaches_source or any(node.op in _PLACEHOLDERS for node in folded.nodes)
            self._constants[tensor] = None if unknown else self._compute(folded)
        return self._constants[tensor]

    def _real(self, tensor: str) -> str:
        """The tensor that stands for another in the end."""
        tensor = node_names.full(tensor)
        for _ in range(len(self._alias) + 1):
            if tensor not in self._alias:
                return tensor
            tensor = self._alias[tensor]
        raise faults.breach("circle", node=node_names.node_of(tensor))

    def _node(self, name: str, wanted_by: str) -> tf.NodeDef:
        if name not in self._nodes:
            raise faults.breach("node_missing", output=wanted_by, node=name)
        return self._nodes[name]

    def _ordered(self, kept: dict[str, tf.NodeDef]) -> list[tf.NodeDef]:
        """Copies of nodes with the tensors that they really take, in the order of the graph."""
        result = []
        for name in self._nodes:
            if name in kept:
                copy = tf.NodeDef()
                copy.CopyFrom(kept[name])
                del copy.input[:]
                inputs = [i for i in kept[name].input if not node_names.is_control(i)]
                copy.input.extend(node_names.short(self._real(i)) for i in inputs)
                result.append(copy)
        return result

    def _expand(self, node: tf.NodeDef) -> bool:
        """Says what stands for each output of a node that is a branch, a loop or a call; False if it is none."""
        if node.op in _HANDING_ON:
            self._alias[node.name + ":0"] = node_names.full(node.input[_HANDING_ON[node.op]])
        elif node.op in _ASSIGNING:
            self._expand_assignment(node)
        elif node.op in ("Floor", "GreaterEqual") and self._is_mask_of_ones(node):
            pass
        elif node.op in _MERGES:
            self._expand_merge(node)
        elif node.op in _SWITCHES:
            taken = self._predicate(node, node.input[1])
            self._alias[f"{node.name}:{int(bool(taken))}"] = node_names.full(node.input[0])
        elif node.op in ("If", "StatelessIf"):
            taken = self._predicate(node, node.input[0])
            branch = node.attr["then_branch" if np.all(taken) else "else_branch"].func
            self._call(node, branch, list(node.input[1:]))
        elif node.op in ("Case", "StatelessCase"):
            branches = node.attr["branches"].list.func
            index = int(self._predicate(node, node.input[0]))
            self._call(node, branches[index if 0 <= index < len(branches) else -1], list(node.input[1:]))
        elif node.op in ("While", "StatelessWhile"):
            self._expand_while(node)
        elif node.op in ("Exit", "RefExit"):
            self._expand_frame(node)
        elif node.op in _CALLS:
            self._call(node, node.attr["f"].func, list(node.input))
        elif node.op in self._library:
            call = tf.NameAttrList(name=node.op)
            for key, value in node.attr.items():
                call.attr[key].CopyFrom(value)
            self._call(node, call, list(node.input))
        else:
            if node.op in _LOOP_OPS:
                raise faults.breach("loop_malformed", node=node.name)
            return False
        return True

    def _expand_assignment(self, node: tf.NodeDef) -> None:
        """The new value of a variable that is changed and used at once; the change itself is left behind."""
        changed = tf.NodeDef(name=self._free_name(f"{node.name}/value"), op=_ASSIGNING[node.op], input=node.input[:2])
        changed.attr["T"].CopyFrom(node.attr["T"])
        self._add([changed], node)
        self._alias[node.name + ":0"] = changed.name + ":0"

    def _is_mask_of_ones(self, node: tf.NodeDef) -> bool:
        """Whether this is the mask of a dropout that keeps everything: then ones stand for it.

        Floor(keep + u) of old TensorFlows, u >= rate of newer ones, u uniform in [0, 1).
        """
        inputs = [i for i in node.input if not node_names.is_control(i)]
        if node.op == "Floor":
            added = self._nodes.get(node_names.node_of(self._real(inputs[0])))
            if added is None or added.op not in ("Add", "AddV2"):
                return False
            inputs, needed, one = [i for i in added.input if not node_names.is_control(i)], 1.0, np.float32(1)
        else:
            needed, one = 0.0, np.bool_(True)
        pairs = [inputs, inputs[::-1]] if node.op == "Floor" else [inputs]
        for uniform, number in pairs:
            shape = self._shape_of_uniform(uniform)
            if shape is not None and self._is(number, needed):
                value = constant(self._free_name(f"{node.name}/one"), one)
                ones = tf.NodeDef(name=self._free_name(f"{node.name}/ones"), op="Fill", input=[shape, value.name])
                ones.attr["T"].type = value.attr["dtype"].type
                self._add([value, ones], node)
                self._alias[node.name + ":0"] = ones.name + ":0"
                return True
        return False

    def _shape_of_uniform(self, tensor: str) -> str | None:
        """The tensor that says the shape of uniform numbers in [0, 1); None if `tensor` is something else."""
        for identity, ops in ((0.0, ("Add", "AddV2")), (1.0, ("Mul",)), (None, ("RandomUniform",))):
            node = self._nodes.get(node_names.node_of(self._real(tensor)))
            if node is None or node.op not in ops:
                continue  # random_uniform writes u * (1 - 0) + 0
            if identity is None:
                return node_names.full(node.input[0])
            if not self._is(node.input[1], identity):
                return None
            tensor = node.input[0]
        return None

    def _is(self, tensor: str, number: float) -> bool:
        """Whether a tensor is a constant of this value."""
        value = self._constant_if_any(tensor)
        return value is not None and np.size(value) == 1 and float(np.reshape(value, ())) == number

    # Conditions of TensorFlow 1: Switch sends a tensor into one of two branches, Merge takes the one that is alive.

    def _expand_merge(self, node: tf.NodeDef) -> None:
        inputs = [i for i in node.input if not node_names.is_control(i)]
        if any(self._is_next_iteration(i) for i in inputs):
            raise faults.breach("loop_malformed", node=node.name)
        alive = [number for number, tensor in enumerate(inputs) if not self._is_dead(tensor)]
        if len(alive) != 1:
            raise faults.breach("condition_not_constant", node=node.name)
        self._alias[node.name + ":0"] = node_names.full(inputs[alive[0]])
        number = constant(self._free_name(f"{node.name}/which"), np.int32(alive[0]))
        self._add([number], node)
        self._alias[node.name + ":1"] = number.name + ":0"

    def _is_next_iteration(self, tensor: str) -> bool:
        node = self._nodes.get(node_names.node_of(tensor))
        return node is not None and node.op in ("NextIteration", "RefNextIteration")

    def _is_dead(self, tensor: str) -> bool:
        """Whether a tensor lies in a branch that is not taken. What cannot be told is alive."""
        waiting = [node_names.full(tensor)]
        while waiting:
            one = waiting[-1]
            if one in self._dead:
                waiting.pop()
                continue
            name = node_names.node_of(one)
            node = self._nodes.get(name)
            if node is None or one == self._source:
                self._dead[one] = False
                continue
            inputs = [node_names.full(i) for i in node.input]
            first = [i for i in inputs if i not in self._dead]
            mark = f"^{one}"
            if first and mark not in self._dead:
                self._dead[mark] = True  # its inputs were asked for; a second time they form a circle
                waiting += first
                continue
            flags = [self._dead.get(i, False) for i in inputs]
            dead = bool(flags) and all(flags) if node.op in _MERGES else any(flags)
            if node.op in _SWITCHES and not dead:
                taken = self._constant_if_any(node.input[1])
                dead = taken is not None and int(bool(taken)) != node_names.output_of(one)
            self._dead[one] = dead
        return self._dead[node_names.full(tensor)]

    def _constant_if_any(self, tensor: str) -> np.ndarray | None:
        try:
            return self.constant(tensor)
        except ContractError:  # it lies beside the way, as what an assertion checks
            return None

    def _predicate(self, node: tf.NodeDef, tensor: str) -> np.ndarray:
        value = self.constant(tensor)
        if value is None or np.size(value) != 1:
            raise faults.breach("condition_not_constant", node=node.name)
        return value

    # Calls of functions.

    def _call(self, node: tf.NodeDef, function: tf.NameAttrList, inputs: list[str]) -> None:
        inputs = [i for i in inputs if not node_names.is_control(i)]
        for number, tensor in enumerate(self._inlined(node, function, inputs, node.name)):
            self._alias[f"{node.name}:{number}"] = tensor

    def _inlined(
        self, node: tf.NodeDef, function: tf.NameAttrList, inputs: list[str], prefix: str, in_loop: bool = False
    ) -> list[str]:
        """Adds a copy of a function's body to the graph; returns its results."""
        in_loop = in_loop or node.name in self._in_loops
        if function.name not in self._library:
            raise faults.breach("missing_function", function=function.name)
        level = self._levels.get(node.name, 0) + 1
        if level > _DEEPEST:
            raise faults.breach("too_deep", most=_DEEPEST)
        body, results = functions.inline(self._library[function.name], function.attr, inputs, prefix, self._library)
        self._add(body, node, in_loop)
        for each in body:
            self._levels[each.name] = level
        return [node_names.full(tensor) for tensor in results]

    def _free_name(self, name: str) -> str:
        while name in self._nodes:
            name += "_"
        return name

    def _add(self, nodes: list[tf.NodeDef], origin: tf.NodeDef, in_loop: bool = False) -> None:
        self._made += len(nodes)
        self._bytes += sum(each.ByteSize() for each in nodes)
        self._made_in_loops += len(nodes) if in_loop else 0
        if self._made > MOST_NODES:
            raise faults.breach("too_many_nodes", most=MOST_NODES)
        if self._bytes > MOST_BYTES:
            raise faults.breach("too_many_bytes", mebibytes=MOST_BYTES / 2**20)
        if self._made_in_loops > MOST_LOOP_NODES:
            raise faults.breach("loop_too_large", node=origin.name, most=MOST_LOOP_NODES)
        if in_loop:
            self._in_loops.update(each.name for each in nodes)
        for each in nodes:
            if each.name in self._nodes:
                raise faults.breach("name_taken", node=each.name)
            self._nodes[each.name] = each

    # Loops.

    def _expand_while(self, node: tf.NodeDef) -> None:
        """A loop of TensorFlow 2: two functions, of which one says whether there is another round."""
        if node.name in self._in_loops:
            raise faults.breach("loop_nested", node=node.name)
        values = [node_names.full(i) for i in node.input if not node_names.is_control(i)]
        condition, body = node.attr["cond"].func, node.attr["body"].func
        for number in range(MOST_ROUNDS + 1):
            (again,) = self._inlined(node, condition, values, f"{node.name}/again_{number}", in_loop=True)
            if not self._goes_on(node, again, number):
                break
            values = self._inlined(node, body, values, f"{node.name}/round_{number}", in_loop=True)
        for index, tensor in enumerate(values):
            self._alias[f"{node.name}:{index}"] = tensor

    def _goes_on(self, node: tf.NodeDef, again: str, number: int) -> bool:
        value = self.constant(again)
        if value is None or np.size(value) != 1:
            raise faults.breach("loop_not_constant", node=node.name)
        if np.all(value) and number == MOST_ROUNDS:
            raise faults.breach("loop_too_long", node=node.name, most=MOST_ROUNDS)
        return bool(np.all(value))

    def _expand_frame(self, node: tf.NodeDef) -> None:
        """A loop of TensorFlow 1: Enter -> Merge -> Switch -> body -> NextIteration -> Merge, and Switch -> Exit."""
        frame = functions.Frame(self._nodes, node)
        values = dict(frame.first)
        for number in range(MOST_ROUNDS + 1):
            again, body = frame.copy(frame.condition, values, f"again_{number}")
            self._add(body, node, in_loop=True)
            if not self._goes_on(node, again, number):
                break
            following = {}
            for merge, tensor in frame.following.items():
                following[merge], body = frame.copy(tensor, values, f"round_{number}")
                self._add(body, node, in_loop=True)
            values = following
        for exit_, merge in frame.exits.items():
            self._alias[exit_ + ":0"] = node_names.full(values[merge])
