"""The two graphs: one to train in, one to hand in.

Training and serving are built from the same model classes, each in a graph of its own. The serving
graph holds the contract and nothing else: no input pipeline, no optimizer, no queue, no function.
"""

from typing import NamedTuple

import tensorflow.compat.v1 as tf

from gan.augment import Augmentation, Augmenter
from gan.networks import loss_values
from gan.networks.network import Network
from gan.networks.registry import DISCRIMINATOR, GENERATOR
from gan.training import gradients
from gan.training.hard_examples import Hardening
from gan.training.towers import Towers

MOMENTUM = 0.9  # of MomentumOptimizer, which has no default


class TrainingGraph(NamedTuple):
    """Everything that the training loop runs or saves."""

    train_op: tf.Operation  # one step of both networks
    discriminator_loss: tf.Tensor
    generator_loss: tf.Tensor
    accuracy_on_real: tf.Tensor  # share of real images judged real, augmented where they are
    accuracy_on_fake: tf.Tensor  # share of generated images judged generated, likewise
    augment_probability: tf.Tensor  # as it is in this step
    learning_rate: tf.Tensor
    schedule_factor: tf.Variable  # of the learning rate, which the training loop sets; None where no schedule does
    global_step: tf.Variable
    images_seen: tf.Variable  # real images used in all, int64
    seed: tf.Variable  # int64; kept here so that it is saved
    num_images: tf.Variable  # images in the data, int64
    seconds: tf.Variable  # time spent training in all, float64
    serving_weights: dict  # variable name -> tensor to serve: averages for the generator


def build_training_graph(
    generator,
    discriminator,
    loss,
    real_images,
    noise,
    *,
    size,
    optimizer="AdamOptimizer",
    adam_betas=(0.9, 0.999),
    base_learning_rate=0.001,
    learning_rate_decay=1.0,
    learning_rate_decay_examples=1,
    follows_schedule=False,
    clip_gradient_norm=0.0,
    regularization_penalty=0.0,
    averaging_decay=0.0,
    augmentation=None,
    penalty=None,
    top_k_share=1.0,
    replay_share=0.0,
    negatives_share=0.0,
    place=None,
    compute_type=tf.float32,
    devices=("",),
    exchange=None,
):
    """Builds one simultaneous training step of both networks in the current graph.

    The generator runs once; see towers.Towers for how the discriminator judges its images and the real ones.
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
        adam_betas: decays of AdamOptimizer's averages of gradients and of their squares.
        base_learning_rate: learning rate at the start.
        learning_rate_decay: factor applied every `learning_rate_decay_examples` real images.
        learning_rate_decay_examples: see above.
        follows_schedule: whether the learning rate is also multiplied by a variable that the training loop sets.
        clip_gradient_norm: largest norm of all gradients of a network together; 0 does not clip.
        regularization_penalty: weight of the models' own regularization losses.
        averaging_decay: decay of the generator's averaged weights per step, less at the start;
            0 serves the raw weights.
        augmentation: an augment.Augmentation of what the discriminator sees, or None.
        penalty: a gradients.Penalty on the discriminator, or None.
        top_k_share: share of the generated images that the generator learns from, see `losses_of`.
        replay_share: share of the images that the discriminator is to refuse which are of past steps.
        negatives_share: likewise, spoilt real ones.
        place: int64 [3], on which random draws and the steps with a penalty depend: the seed, the number of the step
            and the number of the first image here in the step's batch. None is the counters' seed and step, and 0.
        compute_type: tf.DType that models may compute in; see models.BaseModel.run_model.
        devices: names of the devices to share the batch; "" leaves the choice to TensorFlow.
        exchange: what a cluster puts between taking and applying gradients, or None:
            (a list of (gradient, variable) pairs for each network, update operations, number of
            real images) of this process -> the same of all processes together.

    Returns:
        A TrainingGraph.
    """
    counters = _counters()
    generator = Network(generator, GENERATOR, size, compute_type)
    discriminator = Network(discriminator, DISCRIMINATOR, size, compute_type)

    num_real = tf.shape(real_images)[0]
    if place is None:
        place = tf.stack([counters["seed"].read_value(), counters["global_step"].read_value(), 0])
    augmenter = Augmenter(augmentation or Augmentation(), place[:2], first=place[2])
    towers = Towers(generator, discriminator, real_images, noise, augmenter, devices)
    real_logits, fake_logits = towers.logits()
    real_verdicts, fake_verdicts = towers.predictions()

    losses = loss_values.losses_of(loss, real_logits, fake_logits, top_k_share)
    remembered = []
    if replay_share or negatives_share:
        hardening = Hardening(replay_share, negatives_share, size, place[:2])
        losses[0], remembered = hardening.apply(losses[0], loss, real_images, real_logits, towers, augmenter)
    learning_rate = tf.train.exponential_decay(
        base_learning_rate,
        counters["images_seen"],
        learning_rate_decay_examples,
        learning_rate_decay,
        staircase=True,
    )
    schedule_factor = None
    if follows_schedule:
        schedule_factor = tf.get_variable("schedule_factor", [], initializer=tf.ones_initializer(), trainable=False)
        learning_rate *= schedule_factor
    networks = discriminator, generator
    additions = [regularization_penalty * each for each in towers.regularization_losses()]
    additions[0] += gradients.lazy_penalty(penalty, towers, place[:2])
    found = gradients.of_both(networks, loss, losses, additions, fake_logits, towers.fake_images)
    gradients.check_owners(*networks)
    updates = discriminator.updates + generator.updates + augmenter.updates(real_logits) + remembered
    if exchange:
        found, updates, num_real = exchange(found, updates, num_real)
    if clip_gradient_norm:
        found = [gradients.clipped(pairs, clip_gradient_norm) for pairs in found]

    with tf.control_dependencies([gradient for pairs in found for gradient, _ in pairs]):
        applied = [
            _make_optimizer(optimizer, learning_rate, adam_betas, network.kind).apply_gradients(pairs)
            for network, pairs in zip(networks, found)
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
        discriminator_loss=losses[0],
        generator_loss=losses[1],
        accuracy_on_real=tf.reduce_mean(tf.cast(real_verdicts > 0.5, tf.float32)),
        accuracy_on_fake=tf.reduce_mean(tf.cast(fake_verdicts <= 0.5, tf.float32)),
        augment_probability=augmenter.probability,
        learning_rate=learning_rate,
        schedule_factor=schedule_factor,
        serving_weights={
            variable.op.name: averages.get(variable.op.name, variable)
            for variable in generator.variables + discriminator.variables
        },
        **counters,
    )


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


def _make_optimizer(name, learning_rate, adam_betas, kind):
    settings = {"AdamOptimizer": dict(zip(("beta1", "beta2"), adam_betas)), "MomentumOptimizer": {"momentum": MOMENTUM}}
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
