"""The operations of which a stranger's network may consist: functions of their inputs that end, in today's TensorFlow.

Wider than battle_ops, which TensorFlow 1.2 must be able to run too. Nothing here reads or writes files, keeps a state,
talks to others, runs code from outside, or gives other results for equal inputs.
"""

from collections.abc import Iterator

import tensorflow.compat.v1 as tf

from gan.contest.battle_ops import BATTLE_OPS

_NEWER = """
    AddV2 BatchMatMulV2 BatchMatMulV3 BroadcastTo ClipByValue DivNoNan Einsum EuclideanNorm FusedBatchNormV2
    FusedBatchNormV3 GatherV2 IdentityN LeakyRelu MatrixDiagPartV2 MatrixDiagPartV3 MatrixDiagV2 MatrixDiagV3
    MatrixSetDiagV2 MatrixSetDiagV3 MulNoNan PadV2 SelectV2 Selu Xdivy Xlogy
    Acosh Asinh Atanh Cosh Digamma Lgamma Sinh
    AvgPool3D Conv3D MaxPool3D MaxPoolV2 Cross MatrixDeterminant Qr ReverseSequence Roll ScatterNd SegmentMax
    SegmentMean SegmentSum SelfAdjointEigV2 Svd UnsortedSegmentMax UnsortedSegmentSum
    AccumulateNV2 AdjustContrastv2 BroadcastGradientArgs Conv3DBackpropInputV2 CumulativeLogsumexp Diag DiagPart
    DynamicPartition EluGrad Erfinv GuaranteeConst HSVToRGB InTopK ListDiff RGBToHSV Relu6Grad ReluGrad SigmoidGrad
    SoftmaxCrossEntropyWithLogits SoftplusGrad SparseMatMul SparseSoftmaxCrossEntropyWithLogits TanhGrad
    TensorScatterAdd TensorScatterUpdate Where
    StatelessRandomNormal StatelessRandomUniform StatelessRandomUniformInt StatelessTruncatedNormal
    StatelessRandomGetKeyCounter StatelessRandomNormalV2 StatelessRandomUniformV2 StatelessRandomUniformIntV2
    StatelessTruncatedNormalV2
"""
PLAY_OPS = BATTLE_OPS | frozenset(_NEWER.split())

TYPES = frozenset(
    [tf.bfloat16, tf.bool, tf.float16, tf.float32, tf.float64, tf.int8, tf.int16, tf.int32, tf.int64, tf.uint8]
    + [tf.uint64]  # keys and counters of the stateless random operations
)
# Outputs that a kernel leaves uninitialised: what was there before would show, such as images that the other network
# of the same team saw.
_UNINITIALISED = {"FusedBatchNorm": ("3", "4"), "FusedBatchNormV2": ("3", "4"), "FusedBatchNormV3": ("3", "4", "5")}
_UNINITIALISED_UNLESS = {"Svd": ("compute_uv", ("1", "2")), "SelfAdjointEigV2": ("compute_v", ("1",))}


def outside_play_ops(graph_def: tf.GraphDef, output: str) -> list[str]:
    """What of a network may not play: sorted texts such as "Assert" or "Add of complex64".

    Args:
        graph_def: the network, cut out of its graph, its random operations made functions of a key.
        output: name of the tensor that it returns.
    """
    nodes = graph_def.node
    ops = {node.name: node.op for node in nodes}
    uninitialised = {node.name: _uninitialised(node) for node in nodes}
    found = {text for node in nodes for text in _outside(node)}
    for tensor in [output, *(tensor for node in nodes for tensor in node.input)]:
        name, _, number = tensor.partition(":")
        if number in uninitialised.get(name, ()):
            found.add(f"{ops[name]}'s output {number}")
    return sorted(found)


def _uninitialised(node: tf.NodeDef) -> tuple[str, ...]:
    """Numbers of a node's outputs that hold what was there before."""
    wanted, outputs = _UNINITIALISED_UNLESS.get(node.op, ("", ()))
    if outputs and wanted in node.attr and not node.attr[wanted].b:
        return outputs
    return _UNINITIALISED.get(node.op, ())


def _outside(node: tf.NodeDef) -> Iterator[str]:
    if node.op not in PLAY_OPS:
        yield node.op
        return
    for attribute in node.attr.values():
        kind = attribute.WhichOneof("value")
        for number in [attribute.type] if kind == "type" else attribute.list.type:
            dtype = tf.as_dtype(number)
            if dtype.base_dtype not in TYPES:
                yield f"{node.op} of {dtype.base_dtype.name}"
