"""Looks through a whole meta graph for what no network needs, in the parts that never run here too.

We leave a snapshot's saver, init operations, queue runners and input pipelines behind (cut.py), so that none of it
happens. Others may open the snapshot in the usual way and come to harm, so the arena's log names it.
"""

from collections.abc import Iterable, Iterator

import tensorflow.compat.v1 as tf

# What reads, writes, deletes or maps files that the graph names, runs code from outside of it, or talks to others.
_DANGEROUS = """
    ReadFile WriteFile MatchingFiles ImmutableConst LoadAndRemapMatrix GenerateVocabRemapping FileSystemSetConfiguration
    InitializeTableFromTextFile InitializeTableFromTextFileV2 WholeFileReader WholeFileReaderV2
    PyFunc PyFuncStateless EagerPyFunc RemoteCall Rpc TryRpc DebugIdentity DebugIdentityV2 DebugIdentityV3
    Abort SaveDataset SaveDatasetV2 LoadDataset SnapshotDataset SnapshotDatasetV2 MatchingFilesDataset
    CreateSummaryDbWriter WriteRawProtoSummary DataServiceDataset RegisterDataset
"""
DANGEROUS = frozenset(_DANGEROUS.split())
_MOST = 20  # that are named


def found_in(meta_graph: tf.MetaGraphDef) -> list[str]:
    """What a meta graph holds of that kind: texts such as "WriteFile (init/write)", at most 20."""
    found = list(_dangerous(meta_graph.graph_def.node, ""))
    for function in meta_graph.graph_def.library.function:
        found += _dangerous(function.node_def, f" in the function {function.signature.name}")
    return found if len(found) <= _MOST else [*found[: _MOST - 1], f"and {len(found) - _MOST + 1} more"]


def _dangerous(nodes: Iterable[tf.NodeDef], where: str) -> Iterator[str]:
    for node in nodes:
        writes = node.op == "PrintV2" and node.attr["output_stream"].s.startswith(b"file:")
        if node.op in DANGEROUS or writes:
            yield f"{node.op} ({node.name}{where})"
