"""The graph that is handed in: the contract and nothing else, in operations that TensorFlow 1.2 knows."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import tensorflow.compat.v1 as tf
from tensorflow.core.framework.variable_pb2 import VariableDef

from gan.contest import battle_ops, contract
from gan.networks import flip, keras_layers, nonsense_filter, views
from gan.networks.network import Network
from gan.networks.registry import DISCRIMINATOR, GENERATOR
from gan.snapshots import calibration, cut, sharpness, spectrum, tones


class ServingGraph(NamedTuple):
    """The contract's graph with reference variables, ready to be saved and to be run."""

    graph: tf.Graph
    noise: tf.Tensor
    generated: tf.Tensor
    images: tf.Tensor
    probability: tf.Tensor
    logits: tf.Tensor | None  # of a calibrated discriminator, its offset added; None if it is not calibrated
    filter_logits: tf.Tensor | None  # of a nonsense filter beside a calibrated discriminator; None if there is none
    saver: tf.train.Saver
    meta_graph: tf.MetaGraphDef  # what the .meta file holds
    variables: dict[str, tf.Variable]  # by name
    outside_battle_ops: list[str]  # what is not in the battle op set, so that old TensorFlows may not open it
    networks: tuple[cut.NetworkGraph, cut.NetworkGraph]  # the same as data, with their variables


class Additions(NamedTuple):
    """What is handed in beside the networks as they were trained."""

    offset: bool = False  # variable calibration.OFFSET is added to the discriminator's logits
    filter: bool = False  # the discriminator judges together with a nonsense filter
    tones: bool = False  # the generated images get other tones
    sharpness: bool = False  # the generated images are sharpened or blurred
    spectrum: bool = False  # the generated images get other shares of the spatial frequencies
    flip: bool = False  # images are told from mirror images
    test_time_flip: bool = False  # the discriminator judges images and their mirror images


AS_TRAINED = Additions()
_LEAST = 1e-7  # probability, and 1 less the largest, that has a logit in float32


def build_serving_graph(
    generator: Any, discriminator: Any, size: int, additions: Additions = AS_TRAINED, seed: int | None = None
) -> ServingGraph:
    """Builds the graph that is handed in, lowered to old operations.

    Args:
        generator: a generator model that was not used in another graph, or its class.
        discriminator: also a discriminator.
        size: pixels of an image.
        additions: what else the graph has.
        seed: see network.Network.

    Raises:
        ContractError: a condition or a loop of a network depends on its input.
    """
    with keras_layers.new_graph():
        tf.train.get_or_create_global_step()  # of which a network may be a function, as in training
        # Both are made before either runs, as in training: Keras counts layers to name them.
        drawer, judge = (
            Network(generator, GENERATOR, size, seed=seed),
            Network(discriminator, DISCRIMINATOR, size, seed=seed),
        )
        noise, drawn = drawer.connect_to_placeholder()
        images, judged = judge.connect_to_placeholder()
        generated = _generated(noise, tf.reshape(drawn["output"], [-1, size]), additions)
        contract.publish(noise, generated, images, _probability(images, judged, judge, additions))
        networks = cut.extract_networks(_meta_graph(), size)
    return _lowered_serving_graph(networks, additions.offset, additions.filter)


def _generated(noise: tf.Tensor, images: tf.Tensor, additions: Additions) -> tf.Tensor:
    """What is handed in of the images that a generator draws.

    Pixels outside [0, 1] stay outside, so that the generator's fault is found.
    """
    if additions.flip:
        images = flip.turned(images, noise)
    if not (additions.sharpness or additions.tones or additions.spectrum):
        return images
    outside = images - tf.minimum(tf.maximum(images, 0), 1)
    if additions.sharpness:
        images = sharpness.adjusted(images)
    if additions.tones:
        images = tones.adjusted(images)
    if additions.spectrum:
        images = spectrum.adjusted(images)
    return images + outside


def _probability(images: tf.Tensor, judged: dict[str, tf.Tensor], judge: Network, additions: Additions) -> tf.Tensor:
    """What is handed in of a discriminator's results."""
    if not (additions.offset or additions.filter or additions.test_time_flip):
        return judged["predictions"]
    logits = _logits(judged)
    if additions.test_time_flip:
        logits = (logits + _logits(judge(views.mirrored(images), is_training=False))) / 2
    if additions.offset:
        if additions.flip:
            logits += flip.evidence(images)
        logits += tf.get_variable(calibration.OFFSET, [], initializer=tf.zeros_initializer(), trainable=False)
    if additions.filter:
        logits = nonsense_filter.judge_beside(logits, images, additions.offset)
    return tf.sigmoid(logits)


def _logits(judged: dict[str, tf.Tensor]) -> tf.Tensor:
    """Logits of a discriminator's probabilities: its own, unless it computes the probabilities in another way."""
    source = _source(judged["predictions"])
    if source.op.type == "Sigmoid" and _source(source.op.inputs[0]).name == _source(judged["logits"]).name:
        return judged["logits"]
    given = judged["predictions"]
    outside = given - tf.minimum(tf.maximum(given, 0), 1)  # has no logit, so that the discriminator's fault is found
    probability = tf.minimum(tf.maximum(given, _LEAST), 1 - _LEAST) + outside
    return tf.log(probability / (1 - probability))


def _source(tensor: tf.Tensor) -> tf.Tensor:
    """What a tensor is but for its shape."""
    while tensor.op.type in ("Identity", "Reshape", "Squeeze", "ExpandDims"):
        tensor = tensor.op.inputs[0]
    return tensor


def _lowered_serving_graph(
    networks: tuple[cut.NetworkGraph, cut.NetworkGraph], calibrated: bool, has_filter: bool
) -> ServingGraph:
    """Puts two cut networks with reference variables into a new graph, with a saver."""
    graph = tf.Graph()
    with graph.as_default():
        graph_def = tf.GraphDef(versions=networks[0].graph_def.versions)
        noise, generated = _append(networks[0], "noise_input", graph_def)
        images, probability = _append(networks[1], "input_batch", graph_def)
        variables = {n.name: n for n in graph_def.node if n.op in battle_ops.VARIABLE_OPS}
        for node in variables.values():
            graph_def.node.extend(_initializer(node))
        wanted = [noise, generated, images, probability]
        noise, generated, images, probability = tf.import_graph_def(graph_def, return_elements=wanted, name="")
        for name in variables:
            variables[name] = _adopt_variable(name)
        contract.publish(noise, generated, images, probability)
        saver = tf.train.Saver(variables, max_to_keep=None)
        meta_graph = _meta_graph(saver.as_saver_def())
        logits = filter_logits = None
        if calibrated:
            logits = probability.op.inputs[0]
            if has_filter:
                logits, filter_logits = logits.op.inputs  # of a minimum
        outside = sorted(set().union(*(battle_ops.outside_battle_ops(n.graph_def, n.output) for n in networks)))
    return ServingGraph(
        *(graph, noise, generated, images, probability, logits, filter_logits, saver, meta_graph, variables, outside),
        networks,
    )


def _append(network: cut.NetworkGraph, name: str, graph_def: tf.GraphDef) -> tuple[str, str]:
    """Appends a network's nodes to `graph_def` with its placeholder renamed; returns input and output.

    Nodes that both networks use, such as a constant made once for the two, are there already.
    """
    old, there = network.input.partition(":")[0], {node.name for node in graph_def.node}
    for node in network.graph_def.node:
        if node.name in there:
            continue
        copy = graph_def.node.add()
        copy.CopyFrom(node)
        if copy.name == old:
            copy.name = name
        for index, tensor in enumerate(copy.input):
            if tensor == old:
                copy.input[index] = name
    return name + ":0", network.output


def _initializer(variable: tf.NodeDef) -> Iterable[tf.NodeDef]:
    """Nodes that set a variable to zeros and read it, which a VariableDef must name."""
    zeros = tf.NodeDef(name=variable.name + "/zeros", op="Const")
    dtype, shape = variable.attr["dtype"], variable.attr["shape"].shape
    zeros.attr["dtype"].CopyFrom(dtype)
    proto = zeros.attr["value"].tensor
    proto.CopyFrom(tf.make_tensor_proto(np.zeros((), tf.as_dtype(dtype.type).as_numpy_dtype)))
    proto.tensor_shape.CopyFrom(shape)
    assign = tf.NodeDef(name=variable.name + "/Assign", op="Assign", input=[variable.name, zeros.name])
    read = tf.NodeDef(name=variable.name + "/snapshot", op="Identity", input=[variable.name])
    for node in (assign, read):
        node.attr["T"].CopyFrom(dtype)
    return zeros, assign, read


def _adopt_variable(name: str) -> tf.Variable:
    """Makes a tf.Variable of nodes that are already in the graph."""
    definition = VariableDef(
        variable_name=name + ":0",
        initializer_name=name + "/Assign",
        initial_value_name=name + "/zeros:0",
        snapshot_name=name + "/snapshot:0",
        trainable=True,
    )
    variable = tf.Variable.from_proto(definition)
    tf.add_to_collection(tf.GraphKeys.GLOBAL_VARIABLES, variable)
    return variable


def _meta_graph(saver_def: Any = None) -> tf.MetaGraphDef:
    """The current graph as a MetaGraphDef that old readers accept."""
    meta_graph = tf.train.export_meta_graph(saver_def=saver_def, clear_devices=True, strip_default_attrs=True)
    meta_graph.meta_info_def.ClearField("stripped_op_list")
    return meta_graph
