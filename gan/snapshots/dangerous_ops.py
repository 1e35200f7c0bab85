"""Looks through a whole meta graph for what no network needs, above all in the parts that are never run here.

We leave a snapshot's saver, init operations, queue runners and input pipelines behind (cut.py). Others may open it in
the usual way and come to harm. So a snapshot is refused if an operation anywhere in it, functions included, touches
files by a name of its own, runs Python or calls other machines, or if its saver restores by running something else.
"""

from collections.abc import Iterable, Iterator

import tensorflow.compat.v1 as tf

from gan.contest.faults import breach

# What reads, writes, deletes or maps files that the graph names, runs code from outside of it, or talks to others.
_REFUSED = """
    ReadFile WriteFile MatchingFiles ImmutableConst LoadAndRemapMatrix GenerateVocabRemapping FileSystemSetConfiguration
    InitializeTableFromTextFile InitializeTableFromTextFileV2 WholeFileReader WholeFileReaderV2
    PyFunc PyFuncStateless EagerPyFunc RemoteCall Rpc TryRpc DebugIdentity DebugIdentityV2 DebugIdentityV3
    Abort SaveDataset SaveDatasetV2 LoadDataset SnapshotDataset SnapshotDatasetV2 MatchingFilesDataset
    CreateSummaryDbWriter WriteRawProtoSummary DataServiceDataset RegisterDataset
"""
REFUSED = frozenset(_REFUSED.split())

# What restoring takes, in savers of TensorFlow from 0.12 on.
_RESTORING = """
    NoOp Const Identity Placeholder PlaceholderWithDefault Reshape Pack Unpack Cast
    Assign AssignVariableOp Variable VariableV2 VarHandleOp ReadVariableOp Restore RestoreSlice RestoreV2
"""
RESTORING = frozenset(_RESTORING.split())


def check(meta_graph: tf.MetaGraphDef) -> None:
    """Raises ContractError if a meta graph holds something of that kind; the message names it."""
    for node in _dangerous(meta_graph.graph_def.node):
        raise breach("dangerous_operation", operation=node.op, node=node.name)
    for function in meta_graph.graph_def.library.function:
        for node in _dangerous(function.node_def):
            raise breach("dangerous_function", function=function.signature.name, operation=node.op, node=node.name)
    _check_saver(meta_graph)


def _dangerous(nodes: Iterable[tf.NodeDef]) -> Iterator[tf.NodeDef]:
    for node in nodes:
        writes = node.op == "PrintV2" and node.attr["output_stream"].s.startswith(b"file:")
        if node.op in REFUSED or writes:
            yield node


def _check_saver(meta_graph: tf.MetaGraphDef) -> None:
    nodes = {node.name: node for node in meta_graph.graph_def.node}
    waiting, seen = [meta_graph.saver_def.restore_op_name], set[str]()
    while waiting:
        name = waiting.pop().lstrip("^").partition(":")[0]
        if name in seen or name not in nodes:
            continue
        seen.add(name)
        if nodes[name].op not in RESTORING:
            raise breach("dangerous_saver", operation=nodes[name].op, node=name)
        waiting += nodes[name].input
