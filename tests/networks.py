"""Networks for tests: convolutional ones made of gan.layers, and one that uses every battle operation.

Also makes snapshots of them with random weights, which takes no training.
"""

import numpy as np
import tensorflow.compat.v1 as tf

from gan import layers, models
from gan.snapshots import checkpoint_files, saver, serving_graph

raw = tf.raw_ops

# Of battle_ops.HARMLESS, what TensorFlow 2.15 does not have yet.
SINCE_2_16 = {"bad_indices_policy", "grad_a", "grad_b", "grad_x", "grad_y"}


class ConvGenerator(models.BaseModel):
    """100 - 7x7x16 - 13x13x12 (14x14) - 25x25x8 (28x28) - 50x50 (28x28) with batch norm and leaky ReLU."""

    def create_model(self, output_size, **unused_params):
        self.sizes = [(13, 13), (25, 25), (50, 50)] if output_size == 2500 else [(14, 14), (28, 28)]

    def run_model(self, model_input, is_training=True, **unused_params):
        x = tf.reshape(layers.dense(model_input, 7 * 7 * 16, "dense"), [-1, 7, 7, 16])
        for index, size in enumerate(self.sizes):
            x = tf.nn.leaky_relu(layers.batch_norm(x, is_training, f"norm{index}"))
            channels = 1 if size == self.sizes[-1] else 12 - 4 * index
            x = layers.conv2d_transpose(x, channels, 4, 2, f"deconv{index}", size)
        return {"output": tf.reshape(tf.sigmoid(x), [-1, size[0] * size[1]])}


class ConvDiscriminator(models.BaseModel):
    """Two convolutions, batch norm, leaky ReLU and a dense layer on top, normalised too."""

    def create_model(self, input_size, **unused_params):
        self.side = round(input_size**0.5)

    def run_model(self, model_input, is_training=True, **unused_params):
        x = tf.reshape(model_input, [-1, self.side, self.side, 1])
        x = tf.nn.leaky_relu(layers.conv2d(x, 8, 5, 2, "conv0"))
        x = tf.nn.leaky_relu(layers.batch_norm(layers.conv2d(x, 12, 4, 2, "conv1"), is_training, "norm1"))
        x = layers.dense(tf.reshape(x, [-1, x.shape[1] * x.shape[2] * 12]), 16, "dense2")
        x = tf.nn.leaky_relu(layers.batch_norm(x, is_training, "norm2"))
        logits = layers.dense(x, 1, "dense3")
        return {"logits": logits, "predictions": tf.sigmoid(logits)}


class Discriminator(models.BaseModel):
    """A discriminator whose predictions are a given function of the images."""

    def __init__(self, predict):
        self._predict = predict

    def create_model(self, input_size, **unused_params):
        self._bias = tf.get_variable("bias", [1], initializer=tf.zeros_initializer())

    def run_model(self, model_input, is_training=True, **unused_params):
        predictions = self._predict(model_input) + self._bias
        return {"logits": predictions, "predictions": predictions}


class Generator(Discriminator):
    """A generator whose images are a given function of the noise."""

    def create_model(self, output_size, **unused_params):
        super().create_model(output_size)

    def run_model(self, model_input, is_training=True, **unused_params):
        return {"output": super().run_model(model_input)["predictions"]}


def _unary(argument, *ops):
    return {op: lambda x, h, op=op: getattr(raw, op)(**{argument: x}) for op in ops}


def _stretched(*ops):
    return {op: lambda x, h, op=op: getattr(raw, op)(x=7 * x - 3.5) for op in ops}


def _of_infinities(*ops):
    """On numbers, infinity and NaN."""
    return {op: lambda x, h, op=op: getattr(raw, op)(x=tf.log(tf.floor(9 * x) - 4)) for op in ops}


def _binary(*ops):
    return {op: lambda x, h, op=op: getattr(raw, op)(x=x, y=x[:, ::-1] + 0.1) for op in ops}


def _integer(*ops):
    """On integers, one input of which is never zero."""
    return {op: lambda x, h, op=op: getattr(raw, op)(x=_int(20 * x), y=_int(5 * x[:, ::-1]) + 1) for op in ops}


def _reduction(*ops):
    return {op: lambda x, h, op=op: getattr(raw, op)(input=h, axis=[1, 3]) for op in ops}


def _resize(*ops):
    return {op: lambda x, h, op=op: getattr(raw, op)(images=h, size=[7, 15], align_corners=True) for op in ops}


def _int(x):
    return tf.cast(x, tf.int32)


def _constant(*shape):
    return tf.constant(np.linspace(-1, 1, int(np.prod(shape)), dtype=np.float32).reshape(shape))


def _square(x):
    """[N, 4, 4], well conditioned."""
    return tf.reshape(x[:, :16], [-1, 4, 4]) + 4 * tf.constant(np.eye(4, dtype=np.float32))


# operation -> a use of it: a function of x, [N, 100] in (0, 1), and of h, [N, 10, 10, 4] in (-1, 1).
USES = {
    **_unary("x", "Acos", "Asin", "Atan", "Cos", "Erf", "Erfc", "Exp", "Expm1", "Log", "Log1p", "Neg", "OnesLike"),
    **_unary("x", "Reciprocal", "Rsqrt", "Sigmoid", "Sin", "Sqrt", "Square", "Tan", "Tanh", "ZerosLike"),
    **_stretched("Abs", "Ceil", "Floor", "Rint", "Round", "Sign"),
    **_of_infinities("IsFinite", "IsInf", "IsNan"),
    **_unary("features", "Elu", "Relu", "Relu6", "Softplus", "Softsign"),
    **_unary("input", "Identity", "StopGradient"),
    **_binary("Add", "Div", "FloorDiv", "FloorMod", "Greater", "GreaterEqual", "Less", "LessEqual", "Maximum"),
    **_binary("Minimum", "Mod", "Mul", "Pow", "RealDiv", "SquaredDifference", "Sub"),
    **_integer("Equal", "NotEqual", "TruncateDiv", "TruncateMod"),
    **_reduction("Max", "Mean", "Min", "Sum"),
    **_resize("ResizeArea", "ResizeBicubic", "ResizeBilinear", "ResizeNearestNeighbor"),
    "AddN": lambda x, h: raw.AddN(inputs=[x, x]),
    "All": lambda x, h: raw.All(input=h < 0.5, axis=[3]),
    "Any": lambda x, h: raw.Any(input=h > 0.5, axis=[3]),
    "ArgMax": lambda x, h: raw.ArgMax(input=h, dimension=1),
    "ArgMin": lambda x, h: raw.ArgMin(input=h, dimension=1),
    "Atan2": lambda x, h: raw.Atan2(y=x, x=x[:, ::-1]),
    "AvgPool": lambda x, h: raw.AvgPool(value=h, ksize=[1, 3, 3, 1], strides=[1, 2, 2, 1], padding="SAME"),
    "BatchMatMul": lambda x, h: raw.BatchMatMul(x=h, y=h, adj_x=True) / 10,
    "BatchToSpace": lambda x, h: raw.BatchToSpace(
        input=raw.SpaceToBatch(input=h, paddings=np.zeros([2, 2]), block_size=2), crops=[[0, 0], [0, 2]], block_size=2
    ),
    "BatchToSpaceND": lambda x, h: raw.BatchToSpaceND(
        input=raw.SpaceToBatchND(input=h, block_shape=[2, 5], paddings=np.zeros([2, 2])),
        block_shape=[2, 5],
        crops=[[1, 0], [0, 2]],
    ),
    "BiasAdd": lambda x, h: raw.BiasAdd(value=h, bias=_constant(4)),
    "BiasAddV1": lambda x, h: raw.BiasAddV1(value=h, bias=_constant(4)),
    "BroadcastArgs": lambda x, h: x[:, :2] * tf.cast(raw.BroadcastArgs(s0=tf.shape(x)[1:], s1=[1, 1]), tf.float32) / 99,
    "Cast": lambda x, h: tf.cast(tf.cast(255 * x, tf.uint8), tf.float64) / 255,
    "Concat": lambda x, h: raw.Concat(concat_dim=1, values=[h, -h])[:, 8:],
    "ConcatOffset": lambda x, h: (
        x[:, :2] + tf.cast(raw.ConcatOffset(concat_dim=0, shape=[tf.shape(x)[1:], [5]])[1], tf.float32) / 99
    ),
    "ConcatV2": lambda x, h: tf.concat([-h, h], 1)[:, 8:],
    "Const": lambda x, h: x + 0.25,
    "Conv2D": lambda x, h: raw.Conv2D(input=h, filter=_constant(3, 3, 4, 5), strides=[1, 2, 2, 1], padding="VALID"),
    "Conv2DBackpropInput": lambda x, h: tf.nn.conv2d_transpose(
        h, _constant(4, 4, 5, 4), tf.stack([tf.shape(h)[0], 19, 20, 5]), [1, 2, 2, 1]
    ),
    "Cumprod": lambda x, h: raw.Cumprod(x=x[:, :20], axis=1),
    "Cumsum": lambda x, h: raw.Cumsum(x=h, axis=1, exclusive=True, reverse=True),
    "DepthToSpace": lambda x, h: raw.DepthToSpace(input=h, block_size=2),
    "DepthwiseConv2dNative": lambda x, h: tf.nn.depthwise_conv2d(h, _constant(3, 3, 4, 2), [1, 1, 1, 1], "SAME"),
    "Dilation2D": lambda x, h: raw.Dilation2D(
        input=h, filter=_constant(3, 3, 4), strides=[1, 2, 2, 1], rates=[1, 1, 1, 1], padding="SAME"
    ),
    "ExpandDims": lambda x, h: raw.ExpandDims(input=x, axis=-1),
    "ExtractImagePatches": lambda x, h: raw.ExtractImagePatches(
        images=h, ksizes=[1, 3, 3, 1], strides=[1, 2, 2, 1], rates=[1, 2, 2, 1], padding="SAME"
    )[:, 1:-1, 1:],
    "FakeQuantWithMinMaxArgs": lambda x, h: raw.FakeQuantWithMinMaxArgs(inputs=h, min=-1, max=1),
    "FakeQuantWithMinMaxVars": lambda x, h: raw.FakeQuantWithMinMaxVars(inputs=h, min=-0.9, max=0.8),
    "Fill": lambda x, h: raw.Fill(dims=tf.shape(h), value=0.3),
    "FusedBatchNorm": lambda x, h: raw.FusedBatchNorm(
        x=h, scale=_constant(4), offset=_constant(4), mean=_constant(4), variance=2 + _constant(4), is_training=False
    )[0],
    "Gather": lambda x, h: tf.tensordot(x, raw.Gather(params=_constant(200, 4), indices=tf.range(0, 200, 2)), 1) / 9,
    "GatherNd": lambda x, h: x[:, :2] + raw.GatherNd(params=_constant(5, 5), indices=[[0, 1], [3, 4]]),
    "InvertPermutation": lambda x, h: tf.transpose(h, raw.InvertPermutation(x=[0, 3, 1, 2])),
    "L2Loss": lambda x, h: x + raw.L2Loss(t=_constant(5)),
    "LRN": lambda x, h: raw.LRN(input=h, depth_radius=2),
    "LinSpace": lambda x, h: x[:, :8] * raw.LinSpace(start=0.1, stop=2.0, num=8),
    "LogSoftmax": lambda x, h: raw.LogSoftmax(logits=h) / 4,
    "LogicalAnd": lambda x, h: raw.LogicalAnd(x=x > 0.3, y=x < 0.6),
    "LogicalNot": lambda x, h: raw.LogicalNot(x=x > 0.3),
    "LogicalOr": lambda x, h: raw.LogicalOr(x=x < 0.3, y=x > 0.6),
    "MatMul": lambda x, h: raw.MatMul(a=x, b=_constant(7, 100), transpose_b=True) / 9,
    "MatrixBandPart": lambda x, h: raw.MatrixBandPart(input=_square(x), num_lower=1, num_upper=0),
    "MatrixDiag": lambda x, h: raw.MatrixDiag(diagonal=x[:, :4]),
    "MatrixDiagPart": lambda x, h: raw.MatrixDiagPart(input=_square(x)),
    "MatrixInverse": lambda x, h: raw.MatrixInverse(input=_square(x)),
    "MatrixSetDiag": lambda x, h: raw.MatrixSetDiag(input=_square(x), diagonal=x[:, 30:34]),
    "MatrixSolve": lambda x, h: raw.MatrixSolve(matrix=_square(x), rhs=_square(x[:, 16:])),
    "MatrixTriangularSolve": lambda x, h: raw.MatrixTriangularSolve(matrix=_square(x), rhs=_square(x[:, 16:])),
    "MaxPool": lambda x, h: raw.MaxPool(input=h, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="VALID"),
    "MirrorPad": lambda x, h: raw.MirrorPad(input=h, paddings=[[0, 0], [2, 1], [1, 1], [0, 0]], mode="REFLECT"),
    "OneHot": lambda x, h: tf.one_hot(_int(10 * x), 10, 0.9, 0.1)[:, :9],
    "Pack": lambda x, h: tf.stack([x, x[:, ::-1]], axis=2),
    "Pad": lambda x, h: raw.Pad(input=h, paddings=[[0, 0], [0, 1], [1, 0], [0, 0]]),
    "Prod": lambda x, h: raw.Prod(input=1 + h / 4, axis=[1, 3]),
    "Range": lambda x, h: x + tf.cast(tf.range(0, tf.shape(x)[1]), tf.float32) / 100,
    "Rank": lambda x, h: x / tf.cast(raw.Rank(input=x), tf.float32),
    "Reshape": lambda x, h: tf.reshape(h, [-1, 40, 5, 2])[:, ::4, 0],
    "ReverseV2": lambda x, h: tf.reverse(h, [2]),
    "Select": lambda x, h: raw.Select(condition=x > 0.5, x=x, y=-x),
    "Shape": lambda x, h: x / tf.cast(tf.shape(x)[1], tf.float32),
    "ShapeN": lambda x, h: x / tf.cast(raw.ShapeN(input=[x, h])[1][1], tf.float32),
    "Size": lambda x, h: x / tf.cast(raw.Size(input=_constant(5)), tf.float32),
    "Slice": lambda x, h: tf.slice(h, [0, 2, 3, 1], [-1, 4, 2, 2]),
    "Softmax": lambda x, h: tf.nn.softmax(5 * h),
    "SpaceToBatch": lambda x, h: raw.SpaceToBatch(
        input=tf.transpose(h, [3, 1, 2, 0]), paddings=np.zeros([2, 2]), block_size=2
    ),
    "SpaceToBatchND": lambda x, h: raw.SpaceToBatchND(
        input=tf.transpose(h, [3, 1, 2, 0]), block_shape=[5, 2], paddings=np.zeros([2, 2])
    ),
    "SpaceToDepth": lambda x, h: raw.SpaceToDepth(input=h, block_size=5),
    "Split": lambda x, h: tf.split(h, 2, 2)[1],
    "SplitV": lambda x, h: tf.split(h, [3, 7], 1)[1],
    "Squeeze": lambda x, h: tf.squeeze(h[:, 3:4], [1]),
    "StridedSlice": lambda x, h: h[:, 8:2:-2, ..., tf.newaxis, 1],
    "Tile": lambda x, h: tf.tile(x[:, :3], [1, 4]),
    "TopKV2": lambda x, h: tf.math.top_k(x, 4).values,
    "Transpose": lambda x, h: tf.transpose(h, [0, 3, 2, 1]),
    "Unpack": lambda x, h: tf.unstack(h, axis=2)[3],
}
# These put the batch last.
BATCH_LAST = ("SpaceToBatch", "SpaceToBatchND")
VALUES_PER_USE = 16


def use_everything(noise):
    """An image of the results of all USES, VALUES_PER_USE pixels each, squeezed to between 0 and 1."""
    x = 0.5 + 0.45 * noise
    h = tf.nn.tanh(tf.nn.conv2d(tf.reshape(2 * noise, [-1, 10, 10, 1]), _constant(3, 3, 1, 4), 1, "SAME"))
    rows = []
    for op, use in USES.items():
        with tf.name_scope(op):
            values = tf.cast(use(x, h), tf.float32)
            values = tf.reshape(values, [-1, tf.shape(x)[0]] if op in BATCH_LAST else [tf.shape(x)[0], -1])
            values = tf.transpose(values) if op in BATCH_LAST else values
            rows.append(tf.tile(values, [1, VALUES_PER_USE])[:, :VALUES_PER_USE])
    rows = 0.5 + 0.5 * tf.nn.softsign(tf.concat(rows, 1))
    return tf.pad(rows, [[0, 0], [0, 2500 - len(USES) * VALUES_PER_USE]])


def random_weights(shapes, seed=0):
    """name -> float32 array, such that values keep their scale from layer to layer."""
    random = np.random.default_rng(seed)

    def draw(name, shape):
        if name.endswith(("variance", "scale")):
            return random.uniform(0.5, 2.0, shape)
        return random.normal(0, (2 / np.prod(shape[:-1])) ** 0.5 if len(shape) > 1 else 0.1, shape)

    return {name: draw(name, shape).astype(np.float32) for name, shape in shapes.items()}


def write_snapshot(train_dir, generator, discriminator, size, step=1, weights=None):
    """Writes a snapshot of two models; returns (prefix, ServingGraph, weights)."""
    serving = serving_graph.build_serving_graph(generator, discriminator, size)
    shapes = {name: variable.shape.as_list() for name, variable in serving.variables.items()}
    weights = {**random_weights(shapes), **(weights or {})}
    with tf.Session(graph=serving.graph) as session:
        saver.load_weights(serving, session, weights)
        saver.write_snapshot(serving, session, str(train_dir), step, keep=5)
    return f"{train_dir}/{checkpoint_files.SNAPSHOT}-{step}", serving, weights
