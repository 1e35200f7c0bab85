"""The rules of a submission: each is broken once, and the message must name it."""

import re

import numpy as np
import pytest
import tensorflow as tf2
import tensorflow.compat.v1 as tf
from networks import SINCE_2_16, Discriminator, Generator
from tensorflow.python.framework import op_def_registry

from gan import models
from gan.console.errors import ContractError
from gan.contest import battle_ops, contract
from gan.contest.behaviour import Behaviour
from gan.contest.contract import GENERATED, IMAGES, NOISE, PROBABILITY
from gan.snapshots import cut, serving_graph

SIZE = 4


class Parts:
    """Four tensors that keep the contract; tests replace some of them in the current graph."""

    def __init__(self):
        self.noise = tf.placeholder(tf.float32, [None, 100], "noise")
        self.generated = tf.sigmoid(self.noise[:, :SIZE])
        self.images = tf.placeholder(tf.float32, [None, SIZE], "images")
        self.probability = tf.sigmoid(tf.reduce_sum(self.images, 1, keepdims=True))

    def publish(self):
        contract.publish(self.noise, self.generated, self.images, self.probability)


def open_with(change=None, size=SIZE):
    """Builds the four tensors, changed by `change`, and connects what `extract_networks` makes of them."""
    with tf.Graph().as_default():
        parts = Parts()
        if change:
            change(parts)
        parts.publish()
        meta_graph = tf.train.export_meta_graph()
    networks = cut.extract_networks(meta_graph, size)
    with tf.Graph().as_default():
        for network, scope in zip(networks, ("generator", "discriminator")):
            cut.connect(cut.freeze(network, {}.__getitem__), size, scope)
    return networks


def refused(change, size=SIZE):
    with pytest.raises(ContractError) as caught:
        open_with(change, size)
    return str(caught.value)


def outside(network):
    return battle_ops.outside_battle_ops(network.graph_def, network.output)


def meta_of_parts():
    with tf.Graph().as_default():
        Parts().publish()
        return tf.train.export_meta_graph()


def set_part(name, make):
    """A change for `open_with`: parts.NAME = make(parts)."""
    return lambda parts: setattr(parts, name, make(parts))


def test_what_keeps_the_contract_passes():
    generator, discriminator = open_with()
    assert outside(generator) == outside(discriminator) == []


@pytest.mark.parametrize("collection", [NOISE, GENERATED, IMAGES, PROBABILITY])
def test_collections_hold_exactly_one_tensor(collection):
    meta_graph = meta_of_parts()
    names = meta_graph.collection_def[collection].node_list.value
    names.append("generated:0")
    with pytest.raises(ContractError, match=f"{collection} must hold exactly one tensor, it holds 2"):
        cut.extract_networks(meta_graph, SIZE)
    del names[:]
    with pytest.raises(ContractError, match=f"{collection} must hold exactly one tensor, it holds 0"):
        cut.extract_networks(meta_graph, SIZE)
    del meta_graph.collection_def[collection]
    with pytest.raises(ContractError, match=f"the collection {collection} is missing"):
        cut.extract_networks(meta_graph, SIZE)


@pytest.mark.parametrize("collection", [NOISE, IMAGES])
def test_collections_name_tensors_of_the_graph(collection):
    meta_graph = meta_of_parts()
    meta_graph.collection_def[collection].node_list.value[0] = "elsewhere:0"
    with pytest.raises(ContractError, match=f"{collection} names a tensor that the graph does not have"):
        cut.extract_networks(meta_graph, SIZE)


def test_a_missing_node_is_named():
    meta_graph = meta_of_parts()
    nodes = meta_graph.graph_def.node
    del nodes[[node.name for node in nodes].index("Sum")]
    with pytest.raises(ContractError, match="p_for_data needs a node that the graph does not have: Sum"):
        cut.extract_networks(meta_graph, SIZE)


def second_placeholder(parts):
    parts.generated *= tf.placeholder(tf.float32, [], "brightness")


def probability_of_noise(parts):
    parts.probability *= tf.sigmoid(parts.noise[:, :1])


BROKEN = {
    "second placeholder": (
        second_placeholder,
        "generated_images depends on a placeholder other than noise_input_placeholder: brightness; "
        "make it a constant, or a tf.placeholder_with_default",
    ),
    "noise in p_for_data": (
        probability_of_noise,
        "p_for_data depends on a placeholder other than input_batch_raw: noise; make it a constant, or a "
        "tf.placeholder_with_default",
    ),
    "constant output": (
        set_part("probability", lambda parts: tf.constant([[0.5]])),
        "p_for_data does not depend on input_batch_raw; compute it from this placeholder",
    ),
    "logits of the wrong width": (
        set_part("probability", lambda parts: tf.tile(parts.probability, [1, 2])),
        "p_for_data must be float32 [None, 1], it is float32 (?, 2); tf.cast and tf.reshape help",
    ),
    "generator of other images": (
        set_part("generated", lambda parts: parts.generated[:, :3]),
        "generated_images must be float32 [None, 4], it is float32 (?, 3); tf.cast and tf.reshape help",
    ),
    "pictures with three dimensions": (
        set_part("generated", lambda parts: tf.reshape(parts.generated, [-1, 2, 2])),
        "generated_images must be float32 [None, 4], it is float32 (?, 2, 2); tf.cast and tf.reshape help",
    ),
    "integer output": (
        set_part("generated", lambda parts: tf.cast(255 * parts.generated, tf.int32)),
        "generated_images must be float32 [None, 4], it is int32 (?, 4); tf.cast and tf.reshape help",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken(case):
    change, message = BROKEN[case]
    assert refused(change) == message


def test_placeholders_are_what_the_judge_feeds():
    def short_noise(parts):
        parts.noise = tf.placeholder(tf.float32, [None, 64])
        parts.generated = tf.sigmoid(parts.noise[:, :SIZE])

    def double_images(parts):
        parts.images = tf.placeholder(tf.float64, [None, SIZE])
        parts.probability = tf.cast(tf.reduce_mean(parts.images, 1, keepdims=True), tf.float32)

    ways_out = "; tf.cast and tf.reshape help"
    short = "noise_input_placeholder must be float32 (?, 100), it is float32 (?, 64)"
    assert refused(short_noise) == short + ways_out
    assert refused(double_images) == "input_batch_raw must be float32 (?, 4), it is float64 (?, 4)" + ways_out
    assert refused(None, size=9) == "input_batch_raw must be float32 (?, 9), it is float32 (?, 4)" + ways_out


def test_probabilities_may_be_a_vector():
    _, discriminator = open_with(set_part("probability", lambda parts: parts.probability[:, 0]))
    with tf.Graph().as_default(), tf.Session() as session:
        images, probability, _ = cut.connect(discriminator, SIZE, "discriminator")
        assert session.run(probability, {images: np.zeros([3, SIZE])}).tolist() == [[0.5]] * 3


def test_a_queue_of_other_images_is_refused():
    def queue(parts):
        parts.images = tf.FIFOQueue(8, [tf.float32], [[3]]).dequeue_many(8)
        parts.probability = tf.sigmoid(tf.matmul(parts.images, np.ones([3, 1], np.float32)))

    assert refused(queue).startswith(
        "the discriminator cannot be connected to float32 [None, 4]: Dimensions must be equal, but are 4 and 3"
    )


def test_a_queue_becomes_a_placeholder():
    def queue(parts):
        label, parts.images = tf.FIFOQueue(8, [tf.int32, tf.float32], [[], [SIZE]]).dequeue_many(8)
        parts.probability = tf.sigmoid(tf.reduce_sum(tf.reshape(parts.images, [-1, 2, 2]), 1)[:, :1])

    _, discriminator = open_with(queue)
    assert outside(discriminator) == []
    assert not [node for node in discriminator.graph_def.node if "Queue" in node.op]


def test_p_for_data_of_more_than_the_queues_images_is_refused():
    def labels_too(parts):
        labels, parts.images = tf.FIFOQueue(8, [tf.float32, tf.float32], [[1], [SIZE]]).dequeue_many(8)
        parts.probability = tf.sigmoid(parts.images[:, :1] + labels)

    assert "operations that are not allowed in a battle: FIFOQueueV2, QueueDequeueManyV2" in refused(labels_too)


def test_a_placeholder_with_a_default_becomes_its_default():
    def switch(parts):
        parts.generated *= tf.placeholder_with_default(0.25, [], "brightness")

    generator, _ = open_with(switch)
    with tf.Graph().as_default(), tf.Session() as session:
        noise, images, _ = cut.connect(generator, SIZE, "generator")
        np.testing.assert_allclose(session.run(images, {noise: np.zeros([1, 100])}), [[0.125] * SIZE])


def test_unknown_shapes_are_accepted_as_tensorflow_1_2_wrote_them():
    meta_graph = meta_of_parts()
    for node in meta_graph.graph_def.node:
        if node.name in ("noise", "images"):
            node.attr["shape"].shape.Clear()
    generator, _ = cut.extract_networks(meta_graph, SIZE)
    assert [dim.size for dim in generator.graph_def.node[0].attr["shape"].shape.dim] == [-1, 100]


def test_functions_are_written_out():
    @tf2.function
    def brighter(images):
        return images * 0.5

    def call(parts):
        parts.generated = brighter(parts.generated)

    generator, _ = open_with(call)
    assert outside(generator) == []
    with tf.Graph().as_default(), tf.Session() as session:
        noise, images, _ = cut.connect(generator, SIZE, "generator")
        np.testing.assert_allclose(session.run(images, {noise: np.zeros([1, 100])}), [[0.25] * SIZE])


def test_control_dependencies_are_left_behind():
    def prints(parts):
        with tf.control_dependencies([tf.print("drawn"), tf.assert_positive(parts.noise)]):
            parts.generated = tf.identity(parts.generated)

    generator, _ = open_with(prints)
    assert {node.op for node in generator.graph_def.node} == {
        "Placeholder", "Const", "StridedSlice", "Sigmoid", "Identity",
    }  # fmt: skip


STATISTICS = ("scale", "offset", "mean", "variance")
# How it is named if not every TensorFlow from 1.2 on can run it -> a function of a [N, 4] tensor.
NOT_EVERYWHERE = {
    "Bitcast": lambda x: tf.cast(tf.bitcast(x, tf.int32), tf.float32),
    "Cast of bfloat16": lambda x: tf.cast(tf.cast(x, tf.bfloat16), tf.float32),
    "Conv2D with data_format": lambda x: image_like(x, padding="SAME", data_format="NCHW"),
    "Conv2D with dilations": lambda x: image_like(x, padding="SAME", dilations=2),
    "Conv2D with explicit_paddings": lambda x: image_like(x, padding=[[0, 0], [1, 1], [1, 1], [0, 0]]),
    "Einsum": lambda x: tf.einsum("ni,ij->nj", x, tf.eye(SIZE)),
    "FusedBatchNorm's output 3": lambda x: (
        x
        + tf.reduce_sum(
            tf.raw_ops.FusedBatchNorm(
                x=tf.reshape(x, [-1, 1, 1, SIZE]), is_training=False, **dict.fromkeys(STATISTICS, tf.ones([SIZE]))
            )[3]
        )
    ),
    "MatMul of int64": lambda x: tf.cast(tf.matmul(tf.cast(x, tf.int64), np.ones([SIZE, SIZE], np.int64)), tf.float32),
    "Multinomial": lambda x: tf.cast(tf.multinomial(x, SIZE), tf.float32),
    "PyFunc": lambda x: tf.reshape(tf.py_func(np.sqrt, [x], tf.float32), [-1, SIZE]),
    "RandomStandardNormal": lambda x: x + tf.random_normal(tf.shape(x)),
    "RandomUniform": lambda x: tf.nn.dropout(x, rate=0.5),
    "ReadFile": lambda x: x + tf.cast(tf.strings.length(tf.io.read_file("/etc/hostname")), tf.float32),
    "ResizeBilinear with half_pixel_centers": lambda x: tf.reshape(
        tf2.image.resize(tf.reshape(x, [-1, 2, 2, 1]), [1, 4]), [-1, SIZE]
    ),
}
UNINITIALISED = {
    "Cholesky": lambda x: tf.raw_ops.Cholesky(input=-x),
    "Svd's output 1": lambda x: tf.raw_ops.Svd(input=x, compute_uv=False)[1],
    "SelfAdjointEigV2's output 1": lambda x: tf.raw_ops.SelfAdjointEigV2(input=x, compute_v=False)[1],
}
NEVER = {"Multinomial", "PyFunc", "ReadFile", "FusedBatchNorm's output 3"}  # of these, what may not play either


def image_like(x, **options):
    """A convolution of one pixel with four channels."""
    shape = [-1, SIZE, 1, 1] if options.get("data_format") else [-1, 1, 1, SIZE]
    return tf.reshape(tf.nn.conv2d(tf.reshape(x, shape), tf.ones([1, 1, SIZE, SIZE]), strides=1, **options), [-1, SIZE])


@pytest.mark.parametrize("name", NOT_EVERYWHERE)
def test_what_is_not_allowed_is_named(name):
    """By whoever opens it and, before that, by whoever writes it."""
    generator = Generator(lambda noise: tf.sigmoid(NOT_EVERYWHERE[name](noise[:, :SIZE])))
    serving = serving_graph.build_serving_graph(generator, models.SampleDiscriminator(), SIZE)
    assert name in serving.outside_battle_ops

    change = set_part("generated", lambda parts: tf.sigmoid(NOT_EVERYWHERE[name](parts.noise[:, :SIZE])))
    if name in NEVER | {"Bitcast"}:
        message = refused(change)
        assert message.startswith("the generator uses operations that are not allowed in a battle: ")
        assert name in message.partition("battle: ")[2].partition(";")[0].split(", ")
    else:
        open_with(change)


@pytest.mark.parametrize("name", UNINITIALISED)
def test_what_was_in_memory_before_is_not_read(name):
    """Such as images that the discriminator of the same team saw; the output that is computed may play."""

    def reading(output):
        def change(parts):
            value = output(tf.linalg.diag(parts.noise[0, :SIZE]))
            parts.generated = tf.sigmoid(parts.noise[:, :SIZE] + tf.reduce_sum(value))

        return change

    assert name in refused(reading(UNINITIALISED[name]))
    open_with(reading(lambda x: tf.raw_ops.Svd(input=x, compute_uv=True)[1]))
    open_with(reading(lambda x: tf.raw_ops.SelfAdjointEigV2(input=x, compute_v=False)[0]))


def test_a_condition_that_depends_on_the_input_is_refused():
    def condition(parts):
        parts.generated = tf.cond(parts.noise[0, 0] > 0, lambda: parts.generated, lambda: 1 - parts.generated)

    assert re.match("the condition cond/Merge depends on the input, .*tf.placeholder_with_default$", refused(condition))


def test_both_networks_are_looked_at_and_may_share_constants():
    """A constant made once per graph is part of both networks."""
    shared = {}

    def both(x):
        half = shared.setdefault(tf.get_default_graph(), tf.constant(0.5, name="half"))
        return tf.roll(x[:, :1] * half, 1, 1)

    generator = Generator(lambda noise: tf.sigmoid(tf.tile(both(noise), [1, SIZE])))
    serving = serving_graph.build_serving_graph(generator, Discriminator(lambda images: tf.sigmoid(both(images))), SIZE)
    assert serving.outside_battle_ops == ["Roll"]
    with tf.Session(graph=serving.graph) as session:
        session.run([variable.initializer for variable in serving.variables.values()])
        noise, images = np.full([1, 100], 2.0), np.full([1, SIZE], 1.0)
        np.testing.assert_allclose(session.run(serving.generated, {serving.noise: noise})[0, 0], 0.7310586, rtol=1e-6)
        np.testing.assert_allclose(session.run(serving.probability, {serving.images: images}), [[0.6224593]], rtol=1e-6)


def test_battle_ops_are_pure_here():
    """All are in this TensorFlow's registry, and none but the variables has a state."""
    registered = {name: op_def_registry.get(name) for name in battle_ops.BATTLE_OPS}
    assert [name for name, op in registered.items() if op is None] == []
    assert {name for name, op in registered.items() if op.is_stateful} == battle_ops.VARIABLE_OPS
    functions = [name for name, op in registered.items() if any(attr.type == "func" for attr in op.attr)]
    assert functions == []


def test_attributes_without_effect_are_left_out():
    """Whatever this TensorFlow writes, one that does not know them opens it without a complaint."""
    change = set_part("generated", lambda parts: tf.sigmoid(tf.cast(parts.noise > 0, "float32") @ tf.ones([100, SIZE])))
    generator, _ = open_with(change)
    assert {"Cast", "MatMul"} <= {node.op for node in generator.graph_def.node}
    assert [key for node in generator.graph_def.node for key in node.attr if key in battle_ops.HARMLESS] == []


def test_harmless_attributes_are_at_their_defaults():
    """Else a snapshot with default attributes left out would mean something else than one with them in."""
    defaults = {
        (attr.name, str(attr.default_value)): battle_ops._plain(attr.default_value)
        for op in map(op_def_registry.get, battle_ops.BATTLE_OPS)
        for attr in op.attr
        if attr.name in battle_ops.HARMLESS
    }
    found = {name: value for (name, _), value in defaults.items()}
    assert set(found) | SINCE_2_16 == set(battle_ops.HARMLESS)
    assert found == {name: battle_ops.HARMLESS[name] for name in found}
    assert len(defaults) == len(found), "one name has two defaults"


def weight_network(**weights):
    """A generator with one variable, w [100, 4], frozen with the given weights."""
    with tf.Graph().as_default():
        parts = Parts()
        w = tf.get_variable("w", [100, SIZE])
        parts.generated = tf.sigmoid(tf.matmul(parts.noise, w))
        parts.publish()
        generator, _ = cut.extract_networks(tf.train.export_meta_graph(), SIZE)
    return cut.freeze(generator, weights.__getitem__)


def test_weights_must_be_there_and_fit():
    weight_network(w=np.zeros([100, SIZE], np.float32))
    with pytest.raises(
        ContractError, match="^variable w has no value in the checkpoint; give tf.train.Saver all variables$"
    ):
        weight_network(v=np.zeros([100, SIZE], np.float32))
    with pytest.raises(ContractError) as caught:
        weight_network(w=np.zeros([100, 3], np.float32))
    assert str(caught.value) == (
        "variable w has shape (100, 4) in the graph and [100, 3] in the checkpoint; hand in all files of one save"
    )
    with pytest.raises(ContractError, match="variable w has type float32 in the graph and float64 in the checkpoint"):
        weight_network(w=np.zeros([100, SIZE]))


def generate(noise):
    """A generator that keeps the rules: the first of the noise, moved to [0, 1]."""
    return 0.5 + 0.5 * noise[:, :SIZE]


def discriminate(images):
    return images.mean(axis=1)


class Drifting:
    """The same plus 0.001 more with every call."""

    def __init__(self, function):
        self._function, self._calls = function, 0

    def __call__(self, x):
        self._calls += 1
        return 0.5 * self._function(x) + 0.001 * self._calls


MISBEHAVIOUR = {
    "generated_images must lie in [0, 1], its values reach from -0.9": (lambda noise: noise[:, :SIZE], discriminate),
    "generated_images has values that are not finite": (
        lambda noise: generate(noise) / (noise[:, :1] * 0),
        discriminate,
    ),
    "generated_images returned shape [15, 3], not [15, 4]": (lambda noise: generate(noise)[:, :3], discriminate),
    "generated_images changes between two calls with the same input (by 0.001)": (Drifting(generate), discriminate),
    "p_for_data must lie in [0, 1], its values reach from": (generate, lambda images: 2 * discriminate(images)),
    "p_for_data has values that are not finite": (generate, lambda images: discriminate(images) * np.float32("nan")),
    "p_for_data changes between two calls with the same input": (generate, Drifting(discriminate)),
}


@pytest.mark.parametrize("message", MISBEHAVIOUR)
@np.errstate(divide="ignore", invalid="ignore")
def test_misbehaviour_is_named(message):
    assert contract.check_behaviour(generate, discriminate, SIZE) == Behaviour(False, False)
    with pytest.raises(ContractError) as caught:
        contract.check_behaviour(*MISBEHAVIOUR[message], SIZE)
    assert str(caught.value).startswith(message)


def test_networks_that_look_at_their_batch_are_found():
    def centred(noise):
        return generate(noise - noise.mean(axis=0)) / 2 + 0.25

    def scaled(images):
        return discriminate(images) / (1 + images.std())

    assert contract.check_behaviour(centred, discriminate, SIZE) == Behaviour(True, False)
    assert contract.check_behaviour(generate, scaled, SIZE) == Behaviour(False, True)
    assert [len(Behaviour(*seen).remarks()) for seen in ((False, False), (True, False), (True, True))] == [0, 1, 2]


def test_a_discriminator_that_looks_at_its_batch_for_bright_images_alone_is_found():
    """Of its own dark images it is sure, whatever is beside them."""

    def dark(noise):
        return 0.01 * generate(noise)

    def sure(images):
        means = images.mean(1)
        return 1 / (1 + np.exp(-20 * (means - means.mean()) / (means.std() + 1e-3) - 200 * (means - 0.4)))

    assert contract.check_discriminator(sure, dark, SIZE)


def test_what_is_no_number_alone_looks_at_its_batch():
    """A batch norm without an epsilon divides 0 by 0 then."""

    def normalised(noise):
        with np.errstate(invalid="ignore"):
            return 1 / (1 + np.exp(-((noise - noise.mean(0)) / noise.std(0))[:, :SIZE]))

    assert contract.check_generator(normalised, SIZE)


def test_random_networks_that_do_not_look_at_their_batch():
    """What they draw depends on the size of the batch, but not on what is in it."""
    drawing = {size: np.random.default_rng(size).random((size, SIZE)).astype(np.float32) for size in range(1, 31)}

    def noisy(noise):
        return (generate(noise) + drawing[len(noise)]) / 2

    def centred(noise):
        return noisy(noise - noise.mean(axis=0)) / 2

    assert contract.check_behaviour(noisy, discriminate, SIZE, (True, False)) == Behaviour(False, False)
    assert contract.check_behaviour(centred, discriminate, SIZE, (True, False)) == Behaviour(True, False)


def test_all_breaches_are_named_at_once():
    with pytest.raises(ContractError) as caught:
        contract.check_behaviour(lambda noise: 2 * generate(noise) - 1, Drifting(discriminate), SIZE)
    first, second = str(caught.value).split(" (2) ")
    assert first.startswith("(1) generated_images must lie in [0, 1]") and "multiply by 0.5 and add 0.5" in first
    assert second.startswith("p_for_data changes between two calls")
    assert caught.value.fault.code == "several" and len(caught.value.fault.parameters["faults"]) == 2
