"""Random operations of a network, made functions of a key: the same key draws the same numbers.

A network's draws may not depend on what ran before, or a match could not be played again. Each operation draws by a
counter-based generator from the key of the call and from its own number.
"""

import numpy as np
import tensorflow.compat.v1 as tf

from gan.snapshots.node_builder import constant

STATELESS = {
    "RandomUniform": "StatelessRandomUniform",
    "RandomStandardNormal": "StatelessRandomNormal",
    "TruncatedNormal": "StatelessTruncatedNormal",
    "RandomUniformInt": "StatelessRandomUniformInt",
}
_CALLS = 2**32  # numbers of calls below those of the operations


def keyed(graph_def: tf.GraphDef) -> tuple[tf.GraphDef, str | None]:
    """Replaces random operations by stateless ones.

    Returns:
        (the graph, name of the placeholder of its key: int64 [2], the key of the half round, and the number of the
        call), or (the same graph, None) if nothing in it is random.
    """
    if not any(node.op in STATELESS for node in graph_def.node):
        return graph_def, None
    result, names = tf.GraphDef(versions=graph_def.versions), {node.name for node in graph_def.node}
    name = "random_key"
    while name in names:
        name += "_"
    key = tf.NodeDef(name=name, op="Placeholder")
    key.attr["dtype"].type = tf.int64.as_datatype_enum
    key.attr["shape"].shape.CopyFrom(tf.TensorShape([2]).as_proto())
    result.node.append(key)
    for number, node in enumerate(graph_def.node):
        if node.op in STATELESS:
            result.node.extend(_stateless(node, number, name))
        else:
            result.node.append(node)
    return result, name + ":0"


def _stateless(node: tf.NodeDef, number: int, key: str) -> list[tf.NodeDef]:
    """The operation under its name with a seed of its own, and what makes the seed."""
    offset = constant(f"{node.name}/own_number", np.array([0, number * _CALLS], np.int64))
    seed = tf.NodeDef(name=f"{node.name}/seed", op="Add", input=[key, offset.name])
    seed.attr["T"].type = tf.int64.as_datatype_enum
    drawn = tf.NodeDef(name=node.name, op=STATELESS[node.op])
    drawn.input.extend([node.input[0], seed.name, *node.input[1:]])
    drawn.attr["T"].CopyFrom(node.attr["T"])
    drawn.attr["dtype"].CopyFrom(node.attr["Tout" if node.op == "RandomUniformInt" else "dtype"])
    drawn.attr["Tseed"].type = tf.int64.as_datatype_enum
    return [offset, seed, drawn]
