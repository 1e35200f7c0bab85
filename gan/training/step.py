"""The graph to train in: one step of both networks.

`build_training_graph` calls one function after the other, and each takes the named tuples that those before it return:
`connect` runs the networks on a batch, then come their losses, the gradients, what applies these, and the averages of
the generator's weights. The graph to hand in is another one: snapshots.serving_graph.
"""

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import tensorflow.compat.v1 as tf

from gan.augment import Augmenter
from gan.networks import loss_values, nonsense_filter, registry
from gan.networks.network import Network
from gan.networks.registry import DISCRIMINATOR, GENERATOR
from gan.training import compute_type, filter_training, gradients, learning_rate
from gan.training.forward_pass import ForwardPass, Tower
from gan.training.gradients import Losses, Pairs, Penalty
from gan.training.hard_examples import HardExamples
from gan.training.reduction import Changed, Exchange, Gradients, Reduction
from gan.training.settings import OptimizerSettings, StepSettings, UpdateRule

MOMENTUM = 0.9  # of MomentumOptimizer, which has no default


class Game(NamedTuple):
    """What plays: two networks, and what they play for."""

    generator: Any  # a models.BaseModel that was not used in another graph, or its class
    discriminator: Any  # also
    loss: Any  # a losses.BaseLoss
    penalty: Penalty | None = None
    copies: Sequence[tuple[Any, Any]] = ()  # of the networks, one pair a device
    seed: int | None = None  # see network.Network


class StepInputs(NamedTuple):
    """What a step is fed with."""

    real_images: tf.Tensor  # float32 [N, size] in [0, 1]
    noise: tf.Tensor  # float32 [N, 100] in [-1, 1]
    # int64 [3], which decides what is drawn at random and whether a penalty is due: the seed, the number of the step,
    # and the number of the first image here in the step's batch. None is the counters' seed and step, and 0.
    place: tf.Tensor | None = None


class Counters(NamedTuple):
    """Variables that count what was done; saved with the training state."""

    global_step: tf.Variable
    images_seen: tf.Variable  # real images used in all, int64
    seed: tf.Variable  # int64; kept here so that it is saved
    num_images: tf.Variable  # images in the data, int64
    seconds: tf.Variable  # of training in all, float64


class Connected(NamedTuple):
    """Both networks, run on a batch."""

    towers: list[Tower]  # the devices, each with its copies of the networks
    passed: ForwardPass
    augmenter: Augmenter
    seed: tf.Tensor  # int64 [2]: the seed and the number of the step
    num_real: tf.Tensor  # int32, real images in the batch

    @property
    def generator(self) -> Network:
        """The generator that is saved; those of other devices are copies of it."""
        return self.towers[0].generator

    @property
    def discriminator(self) -> Network:
        """The discriminator that is saved."""
        return self.towers[0].discriminator


class LearningRates(NamedTuple):
    """The learning rates of a step."""

    discriminator: tf.Tensor
    generator: tf.Tensor
    schedule_factor: tf.Variable | None  # part of it that the training loop sets; None if no schedule does


class Averages(NamedTuple):
    """Averages of the generator's weights."""

    update: tf.Operation
    by_name: dict[str, tf.Tensor]  # by the name of the variable; empty if weights are served as they are


class TrainingGraph(NamedTuple):
    """Everything that the training loop runs or saves."""

    train_op: tf.Operation  # one step of both networks
    discriminator_op: tf.Operation | None  # an update of the discriminator alone; None if a step has one update of it
    discriminator_loss: tf.Tensor
    generator_loss: tf.Tensor
    scalars: dict[str, tf.Tensor]  # what TensorBoard shows, by name
    schedule_factor: tf.Variable | None  # see LearningRates
    noise_factor: tf.Variable | None  # see augment.Augmenter
    counters: Counters
    serving_weights: dict[str, tf.Tensor]  # variable name -> tensor to serve: averages for the generator
    copies: list[tuple[tf.Variable, tf.Variable]]  # other devices' variables, each with the one that it is a copy of


def build_training_graph(
    game: Game,
    inputs: StepInputs,
    settings: StepSettings,
    devices: Sequence[str] = ("",),
    exchange: Exchange | None = None,
) -> TrainingGraph:
    """Builds one simultaneous training step of both networks in the current graph.

    The generator runs once; forward_pass.ForwardPass says how the discriminator judges its images and the real ones.
    All gradients are taken before any variable changes.

    If several devices share the batch, each runs its own copies of both networks on its part. The losses are of the
    whole batch, put together from all logits, so that the gradients, added up, are those of one device with the whole
    batch. Batch statistics are each device's own; their moving averages are averaged.

    Args:
        game: the networks, with copies for all devices but the first, and the loss.
        inputs: the batch.
        settings: what to do with them.
        devices: names of the devices that share the batch; "" leaves the choice to TensorFlow.
        exchange: what a cluster puts between taking and applying gradients, or None.
    """
    counters = make_counters()
    connected = connect(game, inputs, settings, counters, devices)
    losses, updates = find_losses(game, inputs.real_images, connected, settings)
    rates = find_learning_rates(settings, counters)
    optimizers = make_optimizers(settings.optimizer, rates)
    own = take_gradients(game.loss, connected, losses, updates)
    reduce = Reduction(connected.towers, connected.passed.shares, exchange)
    found = reduce(own, changed_otherwise(own, connected))
    applied = apply_gradients(found.pairs, optimizers, settings.optimizer)
    if settings.nonsense_filter:
        dtype, factor = _compute_type(settings), rates.schedule_factor
        applied.append(
            filter_training.take_step(inputs.real_images, connected.seed, counters.global_step, factor, dtype)
        )
    with tf.control_dependencies(applied + found.updates):
        averages = average(connected, settings.optimizer.averaging_decay, counters.global_step)
        if settings.nonsense_filter:
            averages = _with(averages, *filter_training.average(counters.global_step))
    # A loss of one's own may read these: they rise once it has.
    with tf.control_dependencies([averages.update, *losses.values]):
        train_op = tf.group(
            tf.assign_add(counters.global_step, 1),
            tf.assign_add(counters.images_seen, tf.cast(found.num_real, tf.int64)),
        )
    filters = nonsense_filter.variables() if settings.nonsense_filter else []
    alone = None
    if settings.discriminator_steps > 1:
        part = of_discriminator(own, connected)
        found = reduce(part, changed_otherwise(part, connected), both=False)
        alone = update_discriminator(found, optimizers, settings.optimizer, counters)
    return TrainingGraph(
        train_op=train_op,
        discriminator_op=alone,
        discriminator_loss=losses.values[0],
        generator_loss=losses.values[1],
        scalars=_scalars(losses, connected, rates, settings.augmentation.target is not None),
        schedule_factor=rates.schedule_factor,
        noise_factor=connected.augmenter.noise_factor,
        counters=counters,
        serving_weights={
            variable.op.name: averages.by_name.get(variable.op.name, variable)
            for variable in connected.generator.variables + connected.discriminator.variables + filters
        },
        copies=copies_of(connected.towers, optimizers),
    )


def make_counters() -> Counters:
    """Makes the variables that count."""

    def counter(name: str, dtype: tf.DType) -> tf.Variable:
        return tf.get_variable(name, [], dtype, tf.zeros_initializer(), trainable=False)

    return Counters(
        global_step=tf.train.get_or_create_global_step(),
        images_seen=counter("images_seen", tf.int64),
        seed=counter("seed", tf.int64),
        num_images=counter("num_images", tf.int64),
        seconds=counter("seconds", tf.float64),
    )


def connect(
    game: Game, inputs: StepInputs, settings: StepSettings, counters: Counters, devices: Sequence[str]
) -> Connected:
    """Makes both networks and runs them on the batch."""
    size = inputs.real_images.shape.as_list()[1]
    dtype, towers = _compute_type(settings), []
    for number, (device, models) in enumerate(zip(devices, [(game.generator, game.discriminator), *game.copies])):
        with tf.device(device):
            generator = Network(models[0], GENERATOR, size, dtype, number, game.seed)
            discriminator = Network(models[1], DISCRIMINATOR, size, dtype, number, game.seed)
            towers.append(Tower(device, generator, discriminator))
    num_real = tf.shape(inputs.real_images)[0]
    place = inputs.place
    if place is None:
        place = tf.stack([counters.seed.read_value(), counters.global_step.read_value(), 0])
    augmenter = Augmenter(settings.augmentation, place[:2], first=place[2])
    passed = ForwardPass(towers, inputs.real_images, inputs.noise, augmenter)
    return Connected(towers, passed, augmenter, place[:2], num_real)


def _compute_type(settings: StepSettings) -> tf.DType:
    """What convolutions compute in."""
    return tf.as_dtype(compute_type.compute_type(settings.compute_type))


def find_losses(
    game: Game, real_images: tf.Tensor, connected: Connected, settings: StepSettings
) -> tuple[Losses, list[tf.Operation]]:
    """Both networks' losses, and their update operations: their own, and of the memory that one may need."""
    passed = connected.passed
    before = len(tf.get_collection(tf.GraphKeys.UPDATE_OPS))
    values = loss_values.losses_of(
        game.loss, passed.real_logits, passed.fake_logits, settings.loss.top_k_share, passed.features
    )
    added = [getattr(each, "op", each) for each in tf.get_collection(tf.GraphKeys.UPDATE_OPS)[before:]]
    updates = [each for each in added if gradients.is_unconditional(each)]
    if any(settings.hard_examples.shares):
        hard = HardExamples(settings.hard_examples, connected.discriminator.size, connected.seed)
        values[0], of_memory = hard.apply(values[0], game.loss, real_images, passed, connected.augmenter)
        updates += of_memory
    additions = [settings.loss.regularization_penalty * each for each in passed.regularization_losses()]
    additions[0] += gradients.lazy_penalty(game.penalty, passed, connected.seed)
    return Losses(values, additions), updates


def find_learning_rates(settings: StepSettings, counters: Counters) -> LearningRates:
    """The learning rates, which fall with the images seen and, if there is a schedule, with a variable."""
    falling, rules = settings.learning_rate, settings.optimizer
    factor = None
    if falling.schedule != learning_rate.CONSTANT:
        factor = tf.get_variable("schedule_factor", [], initializer=tf.ones_initializer(), trainable=False)

    def rate(base: float) -> tf.Tensor:
        decayed = tf.train.exponential_decay(
            base, counters.images_seen, falling.decay_examples, falling.decay, staircase=True
        )
        return decayed if factor is None else decayed * factor

    of_discriminator = rate(rules.discriminator.learning_rate)
    if rules.generator.learning_rate == rules.discriminator.learning_rate:
        return LearningRates(of_discriminator, of_discriminator, factor)
    return LearningRates(of_discriminator, rate(rules.generator.learning_rate), factor)


def make_optimizers(settings: OptimizerSettings, rates: LearningRates) -> list[tf.train.Optimizer]:
    """[The discriminator's optimizer, the generator's]."""
    return [
        _make_optimizer(settings.discriminator, rates.discriminator, DISCRIMINATOR),
        _make_optimizer(settings.generator, rates.generator, GENERATOR),
    ]


def take_gradients(loss: Any, connected: Connected, losses: Losses, updates: list[tf.Operation]) -> Gradients:
    """Both networks' gradients, and every operation to run with them; raises UserError for a variable without one."""
    networks = connected.discriminator, connected.generator
    towers = connected.towers
    shares_backward = registry.declares(loss, "shares_backward") and not loss_values.asks_for_features(loss)
    pairs = gradients.of_both(towers, losses, connected.passed, shares_backward)
    gradients.check_owners(networks)
    copies = [network for tower in towers[1:] for network in (tower.generator, tower.discriminator)]
    gradients.warn_of_untrained(networks, pairs[0], copies)
    adapted = connected.augmenter.updates(connected.passed.real_logits)
    of_networks = [update for tower in towers for update in tower.discriminator.updates + tower.generator.updates]
    return Gradients(pairs, of_networks + adapted + updates, connected.num_real)


def apply_gradients(
    all_pairs: Sequence[Sequence[Pairs]], optimizers: Sequence[tf.train.Optimizer], settings: OptimizerSettings
) -> list[tf.Operation]:
    """Operations that change networks, once all their gradients are there.

    Args:
        all_pairs: for each device the discriminator's gradients, and perhaps the generator's.
        optimizers: theirs.
        settings: how to clip.
    """
    if settings.clip_gradient_norm:
        all_pairs = [[gradients.clipped(own, settings.clip_gradient_norm) for own in pairs] for pairs in all_pairs]
    # Of all devices: one optimizer has one count of steps.
    by_network = [list(itertools.chain(*each)) for each in zip(*all_pairs)]
    with tf.control_dependencies([gradient for pairs in by_network for gradient, _ in pairs]):
        applied = [optimizer.apply_gradients(pairs) for optimizer, pairs in zip(optimizers, by_network)]
    if settings.clip_discriminator_weights:
        weights = [variable for _, variable in by_network[0]]
        applied[0] = gradients.clip_weights(weights, settings.clip_discriminator_weights, applied[0])
    return applied


def changed_otherwise(found: Gradients, connected: Connected) -> Changed:
    """Variables of numbers that a step may change, but no optimizer: averages, adaptive probabilities."""
    copies = []
    for tower, pairs in zip(connected.towers, found.pairs):
        trained = {id(variable) for own in pairs for _, variable in own}
        networks = (tower.discriminator, tower.generator)[: len(pairs)]
        candidates = [variable for network in networks for variable in network.variables]
        copies.append([v for v in candidates if v.dtype.base_dtype.is_floating and id(v) not in trained])
    return Changed(copies, connected.augmenter.adapted)


def of_discriminator(found: Gradients, connected: Connected) -> Gradients:
    """The part of a step that an update of the discriminator alone needs."""
    generators = [update for tower in connected.towers for update in tower.generator.updates]
    others = [update for update in found.updates if not any(update is own for own in generators)]
    return Gradients([pairs[:1] for pairs in found.pairs], others, found.num_real)


def update_discriminator(
    found: Gradients,
    optimizers: Sequence[tf.train.Optimizer],
    settings: OptimizerSettings,
    counters: Counters,
) -> tf.Operation:
    """An update of the discriminator alone, by its gradients on a batch of its own."""
    applied = apply_gradients(found.pairs, optimizers[:1], settings)
    with tf.control_dependencies(applied + found.updates):
        return tf.assign_add(counters.images_seen, tf.cast(found.num_real, tf.int64)).op


def copies_of(
    towers: Sequence[Tower], optimizers: Sequence[tf.train.Optimizer]
) -> list[tuple[tf.Variable, tf.Variable]]:
    """The variables of all devices but the first, each with the first device's that has the same value."""
    found = []
    for tower in towers[1:]:
        for kind in ("discriminator", "generator"):
            for copy, own in zip(getattr(tower, kind).variables, getattr(towers[0], kind).variables, strict=True):
                found.append((copy, own))
                for optimizer in optimizers:
                    slots = [
                        (optimizer.get_slot(copy, name), optimizer.get_slot(own, name))
                        for name in optimizer.get_slot_names()
                    ]
                    found += [pair for pair in slots if pair[0] is not None]
    return found


def average(connected: Connected, decay: float, global_step: tf.Variable) -> Averages:
    """Exponential moving averages of the generator's variables (Yazici et al. 2018, arXiv 1806.04498).

    At step t the decay is min(decay, (1 + t) / (10 + t)): a half-life of about 8% of the steps so far, until the given
    decay is reached. A decay of 0 averages nothing. What the discriminator reads too is served as it is: by that it has
    learned to judge.
    """
    if not decay:
        return Averages(tf.no_op(), {})
    averages = tf.train.ExponentialMovingAverage(decay, num_updates=global_step)
    generator, passed = connected.generator, connected.passed
    shared = {id(v) for v in generator.variables_of(passed.real_logits, not_through=passed.generated)}
    if shared:
        names = ", ".join(v.op.name for v in generator.variables if id(v) in shared)
        print(f"note: the discriminator reads {names}, which the generator alone trains; not averaged", flush=True)
    variables = [v for v in generator.variables if v.dtype.base_dtype.is_floating and id(v) not in shared]
    return Averages(averages.apply(variables), {v.op.name: averages.average(v) for v in variables})


def _with(averages: Averages, update: tf.Operation, by_name: dict[str, tf.Tensor]) -> Averages:
    """Averages, and others beside them."""
    return Averages(tf.group(averages.update, update), averages.by_name | by_name)


def _make_optimizer(rule: UpdateRule, rate: tf.Tensor, kind: str) -> tf.train.Optimizer:
    own: dict[str, dict[str, float]] = {
        "AdamOptimizer": {"beta1": rule.adam_beta1, "beta2": rule.adam_beta2},
        "MomentumOptimizer": {"momentum": MOMENTUM},
    }
    make = getattr(tf.train, rule.name)
    return make(rate, name=f"{kind}_{rule.name}", **own.get(rule.name, {}))


def _scalars(losses: Losses, connected: Connected, rates: LearningRates, adapts: bool) -> dict[str, tf.Tensor]:
    """What TensorBoard shows of a step; images are judged as the discriminator saw them, after augmentation."""
    passed = connected.passed
    scalars = {
        "loss/discriminator": losses.values[0],
        "loss/generator": losses.values[1],
        "accuracy/on_real": tf.reduce_mean(tf.cast(passed.real_predictions > 0.5, tf.float32)),
        "accuracy/on_fake": tf.reduce_mean(tf.cast(passed.fake_predictions <= 0.5, tf.float32)),
    }
    if rates.generator is rates.discriminator:
        scalars["learning_rate"] = rates.generator
    else:
        scalars |= {"learning_rate/discriminator": rates.discriminator, "learning_rate/generator": rates.generator}
    if adapts:
        scalars["augment_probability"] = connected.augmenter.probability
    return scalars
