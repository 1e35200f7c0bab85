"""Every rewrite gives the numbers of the operation that it stands for."""

import numpy as np
import pytest
import tensorflow as tf2
import tensorflow.compat.v1 as tf

from gan.contest import battle_ops
from gan.snapshots import cut, lowering, rewrites

raw = tf.raw_ops
IMAGE = np.random.default_rng(1).normal(size=(3, 4, 5, 2)).astype(np.float32)
IMAGE[0, 0, 0] = [0.0, -0.0]
IMAGE[1, 2] = 0.0
POSITIVE, SMALL = np.abs(IMAGE), IMAGE[:, :1, :, :1]


def lowered(inputs, build):
    """Runs build(*placeholders) as it is and lowered.

    Returns:
        (ops before, ops after, result before, result after)
    """
    with tf.Graph().as_default() as graph:
        placeholders = [tf.placeholder(v.dtype, [None, *v.shape[1:]], f"in{i}") for i, v in enumerate(inputs)]
        result = build(*placeholders)
        feed = dict(zip(placeholders, inputs))
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            expected = session.run(result, feed)
            variables = {v.op.name: session.run(v) for v in tf.global_variables()}
    source = tf.graph_util.extract_sub_graph(graph.as_graph_def(), [result.op.name])
    network = cut.freeze(cut.NetworkGraph(lowering.lower(source), "in0:0", result.name), variables.__getitem__)
    assert not battle_ops.outside_battle_ops(network.graph_def, network.output)
    with tf.Graph().as_default():
        names = [placeholder.name for placeholder in placeholders]
        *given, output = tf.import_graph_def(network.graph_def, return_elements=[*names, network.output], name="")
        with tf.Session() as session:
            got = session.run(output, dict(zip(given, inputs)))
    return {n.op for n in source.node}, {n.op for n in network.graph_def.node}, expected, got


def identical(expected, got):
    np.testing.assert_array_equal(got, expected)
    if expected.dtype.kind == "f":
        np.testing.assert_array_equal(np.signbit(got), np.signbit(expected))


def close(expected, got):
    np.testing.assert_allclose(got, expected, rtol=2e-6, atol=2e-7)


def custom(x):
    """Two results of a custom gradient: in a graph these are the outputs of one IdentityN."""

    @tf.custom_gradient
    def both(y):
        return (y * 2, y * 3), lambda *upstream: upstream[0]

    return both(x)


def variable_table(rows):
    return tf.get_variable("table", initializer=tf.reshape(tf.range(2.0 * rows), [rows, 2]), use_resource=True)


INT = np.arange(12, dtype=np.int32).reshape(3, 4) - 5
KEYS, QUERIES = IMAGE.reshape(3, 20, 2), IMAGE.reshape(3, 4, 10)

# operation -> (inputs, a use of it, comparison)
CASES = {
    "AddV2": ([IMAGE, SMALL], lambda x, y: raw.AddV2(x=x, y=y), identical),
    "BatchMatMulV2": ([KEYS], lambda x: tf.matmul(x, x, transpose_a=True), close),
    "BatchMatMulV2 with weights": ([KEYS], lambda x: tf.matmul(x, np.float32([[1, 2, 3], [4, 5, 6]])), close),
    "BatchMatMulV2 with more dimensions": (
        [IMAGE],
        lambda x: tf.matmul(x, np.ones([1, 4, 3, 2], "f"), transpose_b=True),
        close,
    ),
    "BroadcastTo": ([SMALL], lambda x: tf.broadcast_to(x, tf.stack([tf.shape(x)[0], 4, 5, 2])), identical),
    "BroadcastTo of int64": ([INT], lambda x: raw.BroadcastTo(input=x, shape=np.int64([2, 3, 4])), identical),
    "CheckNumerics": ([IMAGE], lambda x: tf.debugging.check_numerics(x, "x"), identical),
    "ClipByValue": ([IMAGE], lambda x: raw.ClipByValue(t=x, clip_value_min=-0.5, clip_value_max=0.5), identical),
    "DivNoNan": ([IMAGE, SMALL], lambda x, y: tf.math.divide_no_nan(x, tf.nn.relu(y)), identical),
    "EnsureShape": ([IMAGE], lambda x: tf.ensure_shape(x, [None, 4, 5, 2]), identical),
    "EuclideanNorm": ([IMAGE], lambda x: tf.math.reduce_euclidean_norm(x, [1, 3]), close),
    "EuclideanNorm kept": ([IMAGE], lambda x: raw.EuclideanNorm(input=x, axis=np.int64([2]), keep_dims=True), close),
    "FusedBatchNormV3": (
        [IMAGE],
        lambda x: tf.nn.fused_batch_norm(x, [1.0, 2.0], [0.5, 0.0], [0.1, 0.2], [1.5, 2.5], is_training=False)[0],
        identical,
    ),
    "GatherV2": ([INT], lambda i: tf.gather(tf.range(20.0), tf.abs(i)), identical),
    "IdentityN": ([IMAGE], lambda x: custom(x)[0], identical),
    "IdentityN of the second": ([IMAGE], lambda x: -custom(custom(x)[1])[1], identical),
    "LeakyRelu": ([IMAGE], tf.nn.leaky_relu, identical),
    "LeakyRelu steep": ([IMAGE], lambda x: tf.nn.leaky_relu(x, 1.5), identical),
    "LeakyRelu downwards": ([IMAGE], lambda x: tf.nn.leaky_relu(x, -0.3), close),
    "LogSoftmax": ([IMAGE], tf.nn.log_softmax, close),
    "MatrixBandPart": ([QUERIES], lambda x: raw.MatrixBandPart(input=x, num_lower=1, num_upper=2), identical),
    "MatrixDiagPartV3": ([QUERIES], tf.linalg.diag_part, identical),
    "MatrixDiagV3": ([KEYS], tf.linalg.diag, identical),
    "PadV2": ([IMAGE], lambda x: tf.pad(x, [[0, 0], [1, 2], [0, 1], [0, 0]], constant_values=0.3), identical),
    "PadV2 with infinity": (
        [IMAGE],
        lambda x: tf.pad(x, np.int64([[0, 0], [1, 0], [0, 1], [0, 0]]), constant_values=-np.inf),
        identical,
    ),
    "PlaceholderWithDefault": ([IMAGE], lambda x: x * tf.placeholder_with_default(3.0, []), identical),
    "ReadVariableOp": ([KEYS], lambda x: x * variable_table(20), identical),
    "ResourceGather": ([INT], lambda i: tf.nn.embedding_lookup(variable_table(8), tf.abs(i)), identical),
    "ResourceGatherNd": ([INT], lambda i: variable_table(8).gather_nd(tf.abs(i)[..., None]), identical),
    "SelectV2": ([IMAGE, SMALL], lambda x, y: tf2.where(y > 0, x, -1.5), identical),
    "SelectV2 of bools": ([IMAGE, SMALL], lambda x, y: tf2.where(y > 0, x > 1, y < -1), identical),
    "SelectV2 of ints": ([INT], lambda x: tf2.where(x[:, :1] > 0, x, -x), identical),
    "Selu": ([3 * IMAGE], tf.nn.selu, close),
    "Softmax": ([IMAGE], tf.nn.softmax, close),
}
# Axes and shapes of int64, which TensorFlow 1.2 has no kernel for, or dies of.
AXES = {
    "All": lambda x: raw.All(input=x > -2, axis=np.int64([1, 2])),
    "Any": lambda x: raw.Any(input=x > 1, axis=np.int64([1, 2])),
    "BatchToSpaceND": lambda x: raw.BatchToSpaceND(
        input=tf.transpose(x, [1, 0, 2, 3]), block_shape=np.int64([2, 2]), crops=np.zeros([2, 2], np.int64)
    ),
    "ConcatV2": lambda x: raw.ConcatV2(values=[x, x], axis=np.int64(2)),
    "Cumprod": lambda x: tf.math.cumprod(x, np.int64(1)),
    "Cumsum": lambda x: tf.cumsum(x, np.int64(1)),
    "ExpandDims": lambda x: raw.ExpandDims(input=x, axis=np.int64(1)),
    "Fill": lambda x: x[0, 0, 0, 0] + raw.Fill(dims=np.int64([2, 3]), value=0.5),
    "LinSpace": lambda x: x[..., :1] * raw.LinSpace(start=0.0, stop=1.0, num=np.int64(7)),
    "Max": lambda x: raw.Max(input=x, axis=np.int64([2, 3])),
    "Mean": lambda x: raw.Mean(input=x, axis=np.int64([2, 3]), keep_dims=True),
    "Min": lambda x: raw.Min(input=x, axis=np.int64([2, 3])),
    "MirrorPad": lambda x: tf.pad(x, np.int64([[0, 0], [1, 0], [0, 1], [0, 0]]), "SYMMETRIC"),
    "Pad": lambda x: tf.pad(x, np.int64([[0, 0], [1, 0], [0, 1], [0, 0]])),
    "Prod": lambda x: raw.Prod(input=x, axis=np.int64([2, 3])),
    "Reshape": lambda x: tf.reshape(x, np.int64([-1, 8, 5])),
    "ReverseV2": lambda x: tf.reverse(x, np.int64([1, 3])),
    "SpaceToBatchND": lambda x: raw.SpaceToBatchND(
        input=x, block_shape=np.int64([2, 5]), paddings=np.zeros([2, 2], np.int64)
    ),
    "Sum": lambda x: raw.Sum(input=x, axis=np.int64([2, 3])),
    "Tile": lambda x: tf.tile(x, np.int64([1, 2, 1, 3])),
    "Transpose": lambda x: tf.transpose(x, np.int64([0, 3, 1, 2])),
}


@pytest.mark.parametrize("case", CASES)
def test_rewrite(case):
    inputs, build, compare = CASES[case]
    before, after, expected, got = lowered(inputs, build)
    op = case.partition(" ")[0]
    assert op in before
    assert op not in after or op in battle_ops.BATTLE_OPS
    assert expected.size > 1
    compare(expected, got)


def test_every_rewrite_is_tested():
    tested = {case.partition(" ")[0] for case in CASES}
    assert set(rewrites.REWRITES) - tested == {"FusedBatchNormV2", "VarHandleOp"}  # as V3; with every variable


@pytest.mark.parametrize("op", AXES)
def test_int64_axes_become_int32(op):
    _, _, expected, got = lowered([IMAGE], AXES[op])
    assert expected.size > 1
    identical(expected, got)
    with tf.Graph().as_default() as graph:
        AXES[op](tf.placeholder(tf.float32, IMAGE.shape))
    attributes = [name for name in lowering._INT32_INDICES[op]]
    (before,) = [node for node in graph.as_graph_def().node if node.op == op]
    (after,) = [node for node in lowering.lower(graph.as_graph_def()).node if node.op == op]
    assert {before.attr[name].type for name in attributes} == {tf.int64.as_datatype_enum}
    assert {after.attr[name].type for name in attributes} == {tf.int32.as_datatype_enum}


def test_infinities_pass():
    x = np.float32([[np.inf, -np.inf, np.nan, -0.0]])
    for build in (
        lambda t: tf2.where(t > 0, t, 2.0),
        lambda t: tf.broadcast_to(t, [3, 4]),
        lambda t: tf.pad(t, [[0, 0], [1, 1]], constant_values=2.0),
    ):
        identical(*lowered([x], build)[2:])


@pytest.mark.parametrize(
    "build",
    [
        lambda x: tf.gather(x, [1, 0], axis=1),
        lambda x: tf.gather(x, [[0], [1], [2]], axis=1, batch_dims=1),
        lambda x: tf.linalg.diag(x, k=1),
        lambda x: tf.linalg.diag_part(x, k=1),
        lambda x: raw.FusedBatchNormV3(
            x=tf.cast(x, tf.float16), scale=[1.0, 1.0], offset=[0.0, 0.0], mean=[], variance=[]
        )[0],
    ],
)
def test_what_has_no_older_spelling_stays(build):
    with tf.Graph().as_default() as graph:
        op = build(tf.placeholder(tf.float32, IMAGE.shape)).op.type
    assert op not in battle_ops.BATTLE_OPS
    assert op in {node.op for node in lowering.lower(graph.as_graph_def()).node}


def test_variables_keep_their_checkpoint_names():
    with tf.Graph().as_default() as graph:
        with tf.variable_scope("net"):
            tf.get_variable("w", [2, 3], use_resource=True)
    (variable,) = [node for node in lowering.lower(graph.as_graph_def()).node if node.op == "VariableV2"]
    assert variable.name == "net/w"
    assert [dim.size for dim in variable.attr["shape"].shape.dim] == [2, 3]
    assert "shared_name" not in variable.attr


def test_devices_and_private_attributes_go():
    with tf.Graph().as_default() as graph, tf.device("/gpu:3"):
        x = tf.placeholder(tf.float32, [2], "x")
        with tf.colocate_with(x):
            tf.identity(x)
    source = graph.as_graph_def(add_shapes=True)
    assert source.node[1].device and "_class" in source.node[1].attr and "_output_shapes" in source.node[1].attr
    for node in lowering.lower(source).node:
        assert not node.device
        assert not [key for key in node.attr if key.startswith("_")]


def test_the_source_is_not_changed():
    with tf.Graph().as_default() as graph:
        tf.reduce_sum(tf.nn.leaky_relu(tf.placeholder(tf.float32, [2, 2])), np.int64([1]))
    source = graph.as_graph_def()
    copy = tf.GraphDef.FromString(source.SerializeToString())
    lowering.lower(source)
    assert source == copy


def test_a_huge_constant_is_not_unpacked():
    """A stranger's axis of 10^15 zeros takes no memory."""
    with tf.Graph().as_default() as graph:
        tf.gather(tf.placeholder(tf.float32, [3, 3]), [0], name="gather")
    source = graph.as_graph_def()
    (axis,) = [node for node in source.node if node.name == "gather/axis"]
    axis.attr["value"].tensor.tensor_shape.dim.add().size = 10**15
    assert "GatherV2" in {node.op for node in lowering.lower(source).node}
