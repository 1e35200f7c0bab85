"""The two graphs: one to train in, one to hand in.

Training and serving are built from the same model classes, each in a graph of its own. The serving
graph holds the contract and nothing else: no input pipeline, no optimizer, no queue, no function.
"""

from typing import NamedTuple

import tensorflow.compat.v1 as tf
from tensorflow.core.framework.variable_pb2 import VariableDef

from gan import contract, registry
from gan.errors import UserError
from gan.network import Network, check_scalar
from gan.registry import DISCRIMINATOR, GENERATOR

MOMENTUM = 0.9  # of MomentumOptimizer, which has no default


class TrainingGraph(NamedTuple):
    """Everything that the training loop runs or saves."""

    train_op: tf.Operation  # one step of both networks
    discriminator_loss: tf.Tensor
    generator_loss: tf.Tensor
    accuracy_on_real: tf.Tensor  # share of real images judged real
    accuracy_on_fake: tf.Tensor  # share of generated images judged generated
    learning_rate: tf.Tensor
    global_step: tf.Variable
    images_seen: tf.Variable  # real images used in all, int64
    seed: tf.Variable  # int64; kept here so that it is saved
    num_images: tf.Variable  # images in the data, int64
    seconds: tf.Variable  # time spent training in all, float64
    serving_weights: dict  # variable name -> tensor to serve: averages for the generator


class ServingGraph(NamedTuple):
    """The contract's graph with reference variables, ready to be saved and to be run."""

    graph: tf.Graph
    noise: tf.Tensor
    generated: tf.Tensor
    images: tf.Tensor
    probability: tf.Tensor
    saver: tf.train.Saver
    meta_graph: tf.MetaGraphDef  # what the .meta file holds
    variables: dict  # name -> variable
    outside_battle_ops: list  # operations that a battle would refuse


def build_training_graph(
    generator,
    discriminator,
    loss,
    real_images,
    noise,
    *,
    size,
    optimizer="AdamOptimizer",
    adam_beta1=0.9,
    base_learning_rate=0.001,
    learning_rate_decay=1.0,
    learning_rate_decay_examples=1,
    clip_gradient_norm=0.0,
    regularization_penalty=0.0,
    averaging_decay=0.0,
    devices=("",),
    exchange=None,
):
    """Builds one simultaneous training step of both networks in the current graph.

    The generator runs once; its images and the real ones go through the discriminator as one batch.
    All gradients are taken before any variable changes.

    On several devices each has a tower, the two networks on its share of the batch. The losses are of
    the whole batch, put together from all towers' logits, so that the gradients are those of one tower
    with the whole batch. Batch statistics are each tower's own; moving averages follow the first.

    Args:
        generator: a generator model.
        discriminator: a discriminator model.
        loss: a losses.BaseLoss.
        real_images: float32 [N, size] in [0, 1].
        noise: float32 [N, 100] in [-1, 1].
        size: pixels of an image.
        optimizer: name of a class of tf.train; each network gets one of its own.
        adam_beta1: decay of AdamOptimizer's average of gradients.
        base_learning_rate: learning rate at the start.
        learning_rate_decay: factor applied every `learning_rate_decay_examples` real images.
        learning_rate_decay_examples: see above.
        clip_gradient_norm: largest norm of all gradients of a network together; 0 does not clip.
        regularization_penalty: weight of the models' own regularization losses.
        averaging_decay: decay of the generator's averaged weights per step, less at the start;
            0 serves the raw weights.
        devices: names of the devices to share the batch; "" leaves the choice to TensorFlow.
        exchange: what a cluster puts between taking and applying gradients, or None:
            (a list of (gradient, variable) pairs for each network, update operations, number of
            real images) of this process -> the same of all processes together.

    Returns:
        A TrainingGraph.
    """
    counters = _counters()
    generator = Network(generator, GENERATOR, size)
    discriminator = Network(discriminator, DISCRIMINATOR, size)

    num_real = tf.shape(real_images)[0]
    towers = _Towers(generator, discriminator, real_images, noise, devices)
    real_logits, fake_logits = towers.joined("logits")
    real_verdicts, fake_verdicts = towers.joined("predictions")

    discriminator_loss, generator_loss = losses_of(loss, real_logits, fake_logits)
    learning_rate = tf.train.exponential_decay(
        base_learning_rate,
        counters["images_seen"],
        learning_rate_decay_examples,
        learning_rate_decay,
        staircase=True,
    )
    networks = discriminator, generator
    penalties = [regularization_penalty * towers.regularization_loss(network) for network in networks]
    if _declares(loss, "shares_backward") and _declares(discriminator.model, "judges_independently"):
        # One pass back through the discriminator serves both networks.
        by_logit = [tf.gradients(each, fake_logits)[0] for each in (discriminator_loss, generator_loss)]
        quotients = tf.math.divide_no_nan(by_logit[1], by_logit[0])
        gradients = _shared_gradients(networks, discriminator_loss, penalties, quotients, towers.fake_images)
    else:
        losses = discriminator_loss + penalties[0], generator_loss + penalties[1]
        gradients = [_gradients(network, of, len(devices) > 1) for network, of in zip(networks, losses)]
    _check_owners(*networks)
    updates = discriminator.updates + generator.updates
    if exchange:
        gradients, updates, num_real = exchange(gradients, updates, num_real)
    if clip_gradient_norm:
        gradients = [_clipped(pairs, clip_gradient_norm) for pairs in gradients]

    with tf.control_dependencies([gradient for pairs in gradients for gradient, _ in pairs]):
        applied = [
            _make_optimizer(optimizer, learning_rate, adam_beta1, network.kind).apply_gradients(pairs)
            for network, pairs in zip(networks, gradients)
        ]
    with tf.control_dependencies(applied + updates):
        average_op, averages = _averages(generator, averaging_decay, counters["global_step"])
    with tf.control_dependencies([average_op]):
        train_op = tf.group(
            tf.assign_add(counters["global_step"], 1),
            tf.assign_add(counters["images_seen"], tf.cast(num_real, tf.int64)),
        )
    return TrainingGraph(
        train_op=train_op,
        discriminator_loss=discriminator_loss,
        generator_loss=generator_loss,
        accuracy_on_real=tf.reduce_mean(tf.cast(real_verdicts > 0.5, tf.float32)),
        accuracy_on_fake=tf.reduce_mean(tf.cast(fake_verdicts <= 0.5, tf.float32)),
        learning_rate=learning_rate,
        serving_weights={
            variable.op.name: averages.get(variable.op.name, variable)
            for variable in generator.variables + discriminator.variables
        },
        **counters,
    )


def losses_of(loss, real_logits, fake_logits):
    """Both losses of a losses.BaseLoss for logits [N, 1], checked to be scalars: (discriminator's, generator's)."""
    values = []
    for method in ("discriminator_loss", "generator_loss"):
        with registry.explaining(type(loss), method, registry.LOSS):
            values.append(getattr(loss, method)(real_logits, fake_logits))
        check_scalar(values[-1], f"{type(loss).__name__}.{method}")
    return values


def build_serving_graph(generator, discriminator, size):
    """Builds the graph that is handed in, from models of its own, lowered to old operations.

    Args:
        generator: a generator model that was not used in another graph.
        discriminator: likewise.
        size: pixels of an image.

    Returns:
        A ServingGraph.
    """
    with tf.Graph().as_default():
        contract.publish(
            *Network(generator, GENERATOR, size).connect_to_placeholder(),
            *Network(discriminator, DISCRIMINATOR, size).connect_to_placeholder(),
        )
        networks = contract.cut(_meta_graph(), size)
    return _lowered_serving_graph(networks)


def _lowered_serving_graph(networks):
    """Puts two cut networks with reference variables into a new graph, with a saver."""
    graph = tf.Graph()
    with graph.as_default():
        graph_def = tf.GraphDef(versions=networks[0].graph_def.versions)
        noise, generated = _append(networks[0], "noise_input", graph_def)
        images, probability = _append(networks[1], "input_batch", graph_def)
        variables = {n.name: n for n in graph_def.node if n.op in contract.VARIABLE_OPS}
        for node in variables.values():
            graph_def.node.extend(_initializer(node))
        tensors = tf.import_graph_def(graph_def, return_elements=[noise, generated, images, probability], name="")
        for name in variables:
            variables[name] = _adopt_variable(name)
        contract.publish(*tensors)
        saver = tf.train.Saver(variables, max_to_keep=None)
        meta_graph = _meta_graph(saver.as_saver_def())
        outside = sorted(set().union(*(contract.outside_battle_ops(network) for network in networks)))
    return ServingGraph(graph, *tensors, saver, meta_graph, variables, outside)


def _append(network, name, graph_def):
    """Appends a network's nodes to `graph_def` with its placeholder renamed; returns input and output.

    What both networks use, such as a constant made once for the two, is there already.
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


def _initializer(variable):
    """Nodes that set a variable to zeros and read it: what a VariableDef must be able to name."""
    zeros = tf.NodeDef(name=variable.name + "/zeros", op="Const")
    dtype, shape = variable.attr["dtype"], variable.attr["shape"].shape
    zeros.attr["dtype"].CopyFrom(dtype)
    proto = zeros.attr["value"].tensor
    proto.CopyFrom(tf.make_tensor_proto(0, dtype=dtype.type, shape=()))
    proto.tensor_shape.CopyFrom(shape)
    assign = tf.NodeDef(name=variable.name + "/Assign", op="Assign", input=[variable.name, zeros.name])
    read = tf.NodeDef(name=variable.name + "/snapshot", op="Identity", input=[variable.name])
    for node in (assign, read):
        node.attr["T"].CopyFrom(dtype)
    return zeros, assign, read


def _adopt_variable(name):
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


def _meta_graph(saver_def=None):
    """The current graph as a MetaGraphDef that old readers accept."""
    meta_graph = tf.train.export_meta_graph(saver_def=saver_def, clear_devices=True, strip_default_attrs=True)
    meta_graph.meta_info_def.ClearField("stripped_op_list")
    return meta_graph


def _counters():
    """Variables that count what was done; saved with the training state."""

    def counter(name, dtype):
        return tf.get_variable(name, [], dtype, tf.zeros_initializer(), trainable=False)

    return dict(
        global_step=tf.train.get_or_create_global_step(),
        images_seen=counter("images_seen", tf.int64),
        seed=counter("seed", tf.int64),
        num_images=counter("num_images", tf.int64),
        seconds=counter("seconds", tf.float64),
    )


class _Towers:
    """Both networks on each device's share of a batch."""

    def __init__(self, generator, discriminator, real_images, noise, devices):
        self._shares, self._results = [], {generator.kind: [], discriminator.kind: []}
        self._num_real = []
        for index, device in enumerate(devices):
            real, latents, share = real_images, noise, 1.0
            if len(devices) > 1:
                total = tf.shape(real_images)[0]
                first, end = total * index // len(devices), total * (index + 1) // len(devices)
                real, latents, share = real_images[first:end], noise[first:end], (end - first) / total
            with tf.device(device):
                generated = generator(latents, is_training=True)
                verdicts = discriminator(tf.concat([real, generated["output"]], 0), is_training=True)
            self._shares.append(tf.cast(share, tf.float32))
            self._num_real.append(tf.shape(real)[0])
            self._results[generator.kind].append(generated)
            self._results[discriminator.kind].append(verdicts)

    @property
    def fake_images(self):
        """What the generators of all towers return."""
        return [results["output"] for results in self._results[GENERATOR]]

    def joined(self, key):
        """(of the real images, of the generated ones): what the discriminators of all towers return."""
        verdicts = [results[key] for results in self._results[DISCRIMINATOR]]
        of_real = [values[:count] for values, count in zip(verdicts, self._num_real)]
        of_fake = [values[count:] for values, count in zip(verdicts, self._num_real)]
        return _concatenated(of_real), _concatenated(of_fake)

    def regularization_loss(self, network):
        """All that a network's model wants added to its loss; what it returns is averaged over the batch."""
        returned = [
            share * results["regularization_loss"]
            for share, results in zip(self._shares, self._results[network.kind])
            if "regularization_loss" in results
        ]
        return tf.add_n([tf.constant(0.0), *network.regularization_losses, *returned])


def _concatenated(parts):
    return parts[0] if len(parts) == 1 else tf.concat(parts, 0)


def _declares(thing, what):
    """Whether a class itself says something; one derived from it may do otherwise."""
    return vars(type(thing)).get(what) is True


def _shared_gradients(networks, discriminator_loss, penalties, quotients, fake_images):
    """Both networks' gradients from one pass back through the discriminator.

    What reaches a generated image from either loss is the loss's gradient by the image's logit, times the gradient of
    the logit by the image. So the discriminator's, times the quotient of the two losses' gradients by the logit, is
    the generator's (Shi et al. 2021, arXiv 2103.00430).

    Args:
        networks: (discriminator, generator).
        discriminator_loss: without penalties.
        penalties: of the discriminator, which must not depend on images, and of the generator.
        quotients: [N, 1], the generator's loss's gradients by the logits of generated images, over the discriminator's.
        fake_images: generated images of each tower.
    """
    discriminator, generator = networks
    options = dict(colocate_gradients_with_ops=len(fake_images) > 1)
    variables = discriminator.trainable_variables
    found = tf.gradients([discriminator_loss, penalties[0]], variables + fake_images, **options)
    counts = tf.stack([tf.shape(images)[0] for images in fake_images])
    parts = tf.split(quotients, counts, num=len(fake_images))
    reaching = [quotient * gradient for quotient, gradient in zip(parts, found[len(variables) :])]
    of_generator = tf.gradients(
        [*fake_images, penalties[1]], generator.trainable_variables, [*reaching, tf.ones([])], **options
    )
    return [_paired(discriminator, found[: len(variables)]), _paired(generator, of_generator)]


def _gradients(network, loss, colocate):
    """(gradient, variable) pairs of a network."""
    gradients = tf.gradients(loss, network.trainable_variables, colocate_gradients_with_ops=colocate)
    return _paired(network, gradients)


def _paired(network, gradients):
    """(gradient, variable) pairs; every variable must have a gradient."""
    pairs = list(zip(gradients, network.trainable_variables))
    unused = [variable.op.name for gradient, variable in pairs if gradient is None]
    if unused:
        raise UserError(f"{type(network.model).__name__}: the loss does not depend on {', '.join(unused)}")
    return pairs


def _clipped(pairs, norm):
    gradients, variables = zip(*pairs)
    return list(zip(tf.clip_by_global_norm(gradients, norm)[0], variables))


def _check_owners(*networks):
    """A trainable variable that nobody trains is a mistake; so is one that both networks train."""
    owners = {}
    for network in networks:
        for variable in network.trainable_variables:
            owners.setdefault(variable.op.name, []).append(network.kind)
    for variable in tf.trainable_variables():
        if len(owners.get(variable.op.name, [])) != 1:
            who = " and ".join(owners.get(variable.op.name, [])) or "nobody"
            raise UserError(f"variable {variable.op.name} is trained by {who}; one network must own it")


def _make_optimizer(name, learning_rate, adam_beta1, kind):
    settings = {"AdamOptimizer": {"beta1": adam_beta1}, "MomentumOptimizer": {"momentum": MOMENTUM}}
    return getattr(tf.train, name)(learning_rate, name=f"{kind}_{name}", **settings.get(name, {}))


def _averages(generator, decay, global_step):
    """Exponential moving averages of the generator's variables (Yazici et al. 2018, arXiv 1806.04498).

    At step t the decay is min(decay, (1 + t) / (10 + t)): a half-life of about 8% of the steps so
    far, until the given decay is reached.
    """
    if not decay:
        return tf.no_op(), {}
    average = tf.train.ExponentialMovingAverage(decay, num_updates=global_step)
    variables = [v for v in generator.variables if v.dtype.base_dtype.is_floating]
    return average.apply(variables), {v.op.name: average.average(v) for v in variables}
