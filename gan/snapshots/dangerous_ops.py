"""Looks through all of a meta graph, and most at what would never be run here, for what no network needs.

A snapshot's saver, init operations, queue runners and input pipelines are left behind by cut.cut. Others may
not be as careful as that, so that a snapshot is refused where they would be harmed by opening it the usual way:
one that holds an operation that touches files by a name of its own, runs Python or calls other machines, anywhere,
functions among it; and one whose saver restores by running something else.
"""

from gan.console.errors import ContractError

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


def check(meta_graph):
    """Raises ContractError where a tf.MetaGraphDef holds something of that kind; the message names it."""
    for where, nodes in _graphs(meta_graph):
        for node in nodes:
            writes = node.op == "PrintV2" and node.attr["output_stream"].s.startswith(b"file:")
            if node.op in REFUSED or writes:
                raise ContractError(f"{where} holds the operation {node.op} ({node.name}), which no network needs")
    _check_saver(meta_graph)


def _graphs(meta_graph):
    """(what it is, its nodes) of the graph and all of its functions."""
    yield "its graph", meta_graph.graph_def.node
    for function in meta_graph.graph_def.library.function:
        yield f"its function {function.signature.name}", function.node_def


def _check_saver(meta_graph):
    nodes = {node.name: node for node in meta_graph.graph_def.node}
    waiting, seen = [meta_graph.saver_def.restore_op_name], set()
    while waiting:
        name = waiting.pop().lstrip("^").partition(":")[0]
        if name in seen or name not in nodes:
            continue
        seen.add(name)
        if nodes[name].op not in RESTORING:
            raise ContractError(f"its saver runs the operation {nodes[name].op} ({name}), which restores nothing")
        waiting += nodes[name].input
