"""Every breach of a snapshot that its team can be told: made once in a real snapshot, and its sentence judged.

A sentence names the thing and shows what was found; behind a semicolon, a colon or in its rule it says the way out.
"""

import os

import pytest
import tensorflow as tf2
import tensorflow.compat.v1 as tf

from gan.console.errors import ContractError
from gan.contest import contract, faults
from gan.snapshots import growing_graph
from gan.snapshots.snapshot import Snapshot

SIZE = 4
# Provoked in tests/sandbox, where a snapshot has a process of its own, and in test_contract.py, since no operation that
# may play changes between two calls.
ELSEWHERE = {"out_of_memory", "cannot_run", "not_repeatable"}


class Parts:
    """Four tensors that keep the contract, with a weight each."""

    def __init__(self):
        self.noise = tf.placeholder(tf.float32, [None, 100], "noise")
        self.images = tf.placeholder(tf.float32, [None, SIZE], "images")
        self.w, self.v = tf.get_variable("w", [100, SIZE]), tf.get_variable("v", [SIZE, 1])
        self.generated = tf.sigmoid(tf.matmul(self.noise, self.w), "generated")
        self.probability = tf.sigmoid(tf.matmul(self.images, self.v), "judged")


def found(folder, change=None, mend=None, spoil=None, saver=tf.train.Saver):
    """Saves a snapshot with a mistake in it, and returns the Fault that is found, and its sentence.

    Args:
        folder: of the snapshot.
        change: parts -> None, while the graph is built.
        mend: meta graph -> None, when it is saved.
        spoil: prefix -> None, when all files are there.
        saver: makes the saver.
    """
    tf.disable_control_flow_v2()
    with tf.Graph().as_default(), tf.Session() as session:
        parts = Parts()
        if change:
            change(parts)
        contract.publish(parts.noise, parts.generated, parts.images, parts.probability)
        session.run(tf.global_variables_initializer())
        prefix = saver().save(session, os.path.join(folder, "model.ckpt"), 1)
    if mend:
        meta_graph = tf.MetaGraphDef()
        with open(f"{prefix}.meta", "rb") as file:
            meta_graph.ParseFromString(file.read())
        mend(meta_graph)
        with open(f"{prefix}.meta", "wb") as file:
            file.write(meta_graph.SerializeToString())
    if spoil:
        spoil(prefix)
    with pytest.raises(ContractError) as caught:
        Snapshot(str(folder), SIZE).verify()
    return caught.value.fault, str(caught.value)


def generated(make):
    """A change: the generated images are make(noise, w)."""
    return dict(change=lambda parts: setattr(parts, "generated", make(parts.noise, parts.w)))


def after(make):
    """A change: the generated images are make(images without the mistake)."""
    return dict(change=lambda parts: setattr(parts, "generated", make(parts.generated)))


def node(meta_graph, name):
    return next(each for each in meta_graph.graph_def.node if each.name == name)


def loop(rounds=3, body=lambda x: x * 0.5):
    """A change: a loop of TensorFlow 1 over the generated images; rounds is a number, or a function of them."""

    def make(x):
        number = rounds(x) if callable(rounds) else rounds
        return tf.while_loop(lambda i, _: i < number, lambda i, y: (i + 1, body(y)), [0, x])[1]

    return after(make)


def called(x):
    return tf2.function(lambda y: y * 0.5)(x)


def in_function(mend):
    """A mistake in the only function of a graph."""
    return {**after(called), "mend": lambda meta_graph: mend(meta_graph.graph_def.library.function[0])}


def inner_loop(x):
    return tf.while_loop(lambda i, _: i < 2, lambda i, y: (i + 1, y * 0.5), [0, x])[1]


def many_nodes(x):
    for _ in range(growing_graph.MOST_LOOP_NODES // 3 + 1):
        x = tf.negative(x)
    return x


def changed_often(noise, w):
    with tf.control_dependencies([w.assign_add(w)]), tf.control_dependencies([w.assign_sub(w * 0.5)]):
        return tf.sigmoid(tf.matmul(noise, w.read_value()))


def undecided(parts):
    keep = tf.placeholder(tf.float32, [], "keep_prob")
    parts.generated *= keep


def written(ending, content):
    """A file of the snapshot has other content."""

    def spoil(prefix):
        with open(prefix + ending, "wb") as file:
            file.write(content)

    return dict(spoil=spoil)


def renamed(meta_graph, collection):
    meta_graph.collection_def[collection].node_list.value[:] = ["nowhere:0"]


def twice(meta_graph):
    meta_graph.collection_def[contract.NOISE].node_list.value.append("noise:0")


def attribute(name, key, set_it):
    return dict(mend=lambda meta_graph: set_it(node(meta_graph, name).attr[key]))


def inputs(name, *tensors, op=None):
    """A change of the meta graph: a node takes other tensors, and is perhaps another operation."""

    def mend(meta_graph):
        changed = node(meta_graph, name)
        changed.op = op or changed.op
        changed.input[:] = tensors

    return dict(mend=mend)


def restored_by(op):
    """A change of the meta graph: the saver runs one more operation when it restores."""

    def mend(meta_graph):
        meta_graph.graph_def.node.add(name="more", op=op)
        node(meta_graph, "save/restore_all").input.append("^more")

    return dict(mend=mend)


def last_round(meta_graph):
    """The loop's exit hands out what is no switch's."""
    exits = [each for each in meta_graph.graph_def.node if each.op == "Exit"]
    for each in exits:
        each.input[:] = ["w/Read/ReadVariableOp"]


def repeated(function):
    function.node_def.add().CopyFrom(function.node_def[0])


def strange(function):
    function.node_def[-1].op = "Strange"


def recursive(function):
    """It calls itself, for ever."""
    product = next(each for each in function.node_def if each.op == "Mul")
    product.op, product.input[:] = function.signature.name, product.input[:1]
    result = function.signature.output_arg[0].name
    for each in function.node_def:
        each.input[:] = [tensor.replace(":z:", f":{result}:") for tensor in each.input]


def dead_branch(x):
    return tf.raw_ops.Switch(data=x, pred=True).output_false


# Code -> (how, parts of the sentence: the thing, what was found, the way out).
CASES = {
    "collection_missing": (
        dict(mend=lambda meta_graph: meta_graph.collection_def.pop(contract.IMAGES)),
        "the collection input_batch_raw is missing; add its tensor with tf.add_to_collection",
    ),
    "collection_count": (dict(mend=twice), "noise_input_placeholder must hold", "it holds 2; add its tensor once"),
    "collection_unknown": (
        dict(mend=lambda meta_graph: renamed(meta_graph, contract.NOISE)),
        "the collection noise_input_placeholder names a tensor that the graph does not have; save the graph in which",
    ),
    "meta_unreadable": (written(".meta", b"text"), "the .meta file is not a MetaGraphDef; copy it again, as a binary"),
    "graph_malformed": (inputs("MatMul/ReadVariableOp"), "the graph is malformed", "save it again with tf.train.Saver"),
    "network_malformed": (
        attribute("generated", "T", lambda value: setattr(value, "type", 200)),
        "the generator's graph is malformed",
        "200",
        "save it again with tf.train.Saver",
    ),
    "node_missing": (
        inputs("generated", "nowhere"),
        "generated_images needs a node that the graph does not have: nowhere; save the whole graph",
    ),
    "other_placeholder": (
        dict(change=undecided),
        "generated_images depends on a placeholder other than noise_input_placeholder: keep_prob; make it a constant",
    ),
    "input_unused": (
        generated(lambda noise, w: tf.zeros([15, SIZE])),
        "generated_images does not depend on noise_input_placeholder; compute it from this placeholder",
    ),
    "wrong_type": (
        after(lambda x: tf.cast(x, tf.float64)),
        "generated_images must be float32 [None, 4], it is float64 (",
        "4); tf.cast and tf.reshape help",
    ),
    "not_connectable": (
        attribute("MatMul", "transpose_b", lambda value: setattr(value, "b", True)),
        "the generator cannot be connected to float32 [None, 100]",
        "it must take any number of rows of this width",
    ),
    "forbidden_operations": (
        after(lambda x: tf.py_func(lambda y: y, [x], tf.float32)),
        "the generator uses operations that are not allowed in a battle: PyFunc",
        "docs/snapshots.md lists those that are",
    ),
    "circle": (
        inputs("generated", "generated", op="Snapshot"),
        "its graph runs in a circle at generated; save the graph that you trained",
    ),
    "unknown_operation": (
        in_function(strange),
        "it calls the operation Strange, which TensorFlow does not have; use TensorFlow's own operations",
    ),
    "name_taken": (in_function(repeated), "it has two nodes named ", "rename one of them"),
    "missing_function": (
        dict(**after(called), mend=lambda meta_graph: meta_graph.graph_def.library.Clear()),
        "it calls the function __inference",
        "which its graph does not hold as it is called; save the whole graph",
    ),
    "too_deep": (in_function(recursive), "nested more than 64 deep; build the graph without them"),
    "changed_often": (generated(changed_often), "the variable w is changed in several places", "change no variable"),
    "too_many_nodes": (
        dict(**after(called), limit=("MOST_NODES", 1)),
        "its graph has more than 1 nodes once its functions are written out; use smaller networks",
    ),
    "too_many_bytes": (
        dict(**after(called), limit=("MOST_BYTES", 10)),
        "its graph has more than 0 MiB once its functions are written out; use smaller networks",
    ),
    "condition_not_constant": (
        after(lambda x: tf.cond(x[0, 0] > 0.5, lambda: x, lambda: x * 0.5)),
        "the condition cond/Merge depends on the input",
        "decide it when the graph is built",
    ),
    "branch_never_taken": (
        after(dead_branch),
        "it takes the result of a branch that is never taken (Switch); take the result of the whole tf.cond",
    ),
    "loop_not_constant": (
        loop(lambda x: tf.shape(x)[0]),
        "the number of rounds of the loop while/Exit_1 depends on the input",
        "use operations on the whole batch",
    ),
    "loop_too_long": (loop(17), "the loop while/Exit_1 has more than 16 rounds; use fewer, or compute its result"),
    "loop_too_large": (
        loop(3, many_nodes),
        "the loop while/Exit_1 makes more than 2000 nodes in all rounds; use fewer rounds, or compute its result",
    ),
    "loop_nested": (
        loop(3, inner_loop),
        "a loop lies in another one (while/Exit_1); only loops that are not nested are allowed: write the inner one",
    ),
    "loop_malformed": (
        dict(**loop(3), mend=last_round),
        "the loop while/Exit_1 is malformed; make it with tf.while_loop",
    ),
    "weights_unreadable": (
        written(".index", b"text"),
        "the weights cannot be read",
        "copy all files of the snapshot again",
    ),
    "variable_unreadable": (
        written(".data-00000-of-00001", b"text"),
        "variable w cannot be read",
        "copy all files of the snapshot again",
    ),
    "variable_missing": (
        dict(saver=lambda: tf.train.Saver(tf.global_variables()[:1])),
        "variable v has no value in the checkpoint; give tf.train.Saver all variables",
    ),
    "restored_twice": (
        inputs("save/AssignVariableOp_1", "v", "save/Identity_1"),
        "its saver assigns two values to the variable v; save each variable once",
    ),
    "restore_runs": (
        restored_by("PyFunc"),
        "its saver runs the operation PyFunc (more) when it restores; save with a plain tf.train.Saver()",
    ),
    "restore_needs": (
        inputs("save/Identity_1", "nowhere"),
        "its saver needs nowhere, which the graph does not hold",
        "save with a plain tf.train.Saver()",
    ),
    "restore_changes": (
        inputs("save/Identity_1", "save/RestoreV2", op="Neg"),
        "its saver changes the value of the variable w by Neg; save with a plain tf.train.Saver()",
    ),
    "saver_v1": (
        inputs("save/RestoreV2", "a", "b", "c", op="RestoreSlice"),
        "its weights are in the Saver V1 format; restore it and save it with tf.train.Saver(write_version=",
    ),
    "variable_shape": (
        attribute("w", "shape", lambda value: value.shape.CopyFrom(tf.TensorShape([100, 5]).as_proto())),
        "variable w has shape (100, 5) in the graph and [100, 4] in the checkpoint; hand in all files of one save",
    ),
    "variable_type": (
        attribute("w", "dtype", lambda value: setattr(value, "type", tf.float64.as_datatype_enum)),
        "variable w has type float64 in the graph and float32 in the checkpoint; hand in all files of one save",
    ),
    "not_computable": (
        after(lambda x: tf.gather(x, [1_000_000] * SIZE, axis=1)),
        "generated_images cannot be computed",
        "1000000 is not in [0, 4)",
        "run it on batches of 15 and of 30 before you save it",
    ),
    "wrong_shape": (
        after(lambda x: x[:7]),
        "generated_images returned shape [7, 4], not [15, 4]; compute one row for each row of its input",
    ),
    "not_finite": (
        after(lambda x: tf.log(-x)),
        "generated_images has values that are not finite",
        "hand in an earlier",
    ),
    "out_of_range": (
        after(lambda x: x * 0 + 3),
        "generated_images must lie in [0, 1], its values reach from 3 to 3; use a sigmoid, or tf.clip_by_value",
    ),
    "range_of_tanh": (after(lambda x: tf.tanh(10 * x - 5)), "like those of a tanh; multiply by 0.5 and add 0.5"),
    "fixed_batch": (
        after(lambda x: tf.reshape(x, [64, SIZE])),
        "its generator has a batch size of 64 built in: Reshape always has 64 rows, use -1 or tf.shape",
    ),
}


@pytest.mark.parametrize("code", CASES)
def test_a_breach_names_the_thing_what_was_found_and_the_way_out(code, tmp_path, monkeypatch):
    how, *parts = CASES[code]
    how = dict(how)
    if "limit" in how:
        monkeypatch.setattr(growing_graph, *how.pop("limit"))
    fault, text = found(tmp_path, **how)
    told = [each[0] for each in fault.parameters["faults"]] if fault.code == faults.SEVERAL else [fault.code]
    assert told[0] == code, text
    for part in parts:
        assert part in text
    assert "\n" not in text and text.startswith(str(tmp_path))


def test_every_breach_is_provoked():
    assert set(CASES) | ELSEWHERE == set(faults._IN_THE_SNAPSHOT) - {faults.SEVERAL}
