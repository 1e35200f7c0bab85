"""Gradients of both networks: apart, or from one pass back through the discriminator; and gradient penalties."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import tensorflow.compat.v1 as tf

from gan.console.errors import UserError, reason
from gan.networks import keras_layers, registry
from gan.networks.network import Network, check_scalar, takes
from gan.training.forward_pass import ForwardPass, Tower

Pairs = list[tuple[tf.Tensor, tf.Variable]]  # gradients, each with its variable

# Least slope of the discriminator's loss along a generated image's logit. Far from 0 its own slope is less than a
# float32 can be, and the generator's could not be divided by it.
_SMALLEST_SLOPE = 1e-20


class Penalty(NamedTuple):
    """A gradient penalty and how it is applied."""

    penalty: Any  # a losses.BasePenalty
    weight: float | None = None  # of the penalty beside the discriminator's loss; None is the penalty's own
    steps: int = 1  # from one step with the penalty to the next; it then counts that many times


class Losses(NamedTuple):
    """What the networks minimise, scalars: first the discriminator's, then the generator's."""

    values: list[tf.Tensor]  # by the logits alone, as they are shown
    additions: list[tf.Tensor]  # penalties; the discriminator's pass no gradient to the generated images


def lazy_penalty(settings: Penalty | None, passed: ForwardPass, seed: tf.Tensor) -> tf.Tensor:
    """What a penalty adds to the discriminator's loss: 0 in most steps (Karras et al. 2020, arXiv 1912.04958, B).

    In those steps neither the penalty nor its gradient is computed. No gradient reaches the generator.

    Args:
        settings: the penalty, or None.
        passed: the forward pass of this step.
        seed: int64 [2], of which the last is the number of the step.

    Returns:
        float32 scalar.
    """
    if settings is None:
        return tf.constant(0.0)
    penalty, weight, steps = settings
    real_images, fake_images = tf.stop_gradient(passed.judged_real), tf.stop_gradient(passed.judged_fake)

    def weighted() -> tf.Tensor:
        graph = tf.get_default_graph()
        before = len(graph.get_operations())
        with registry.explaining(type(penalty), "calculate_penalty", registry.PENALTY):
            seeded = {"seed": seed} if takes(penalty.calculate_penalty, "seed") else {}
            value = penalty.calculate_penalty(passed.judge, real_images, fake_images, **seeded)
        check_scalar(value, f"{type(penalty).__name__}.calculate_penalty")
        if any(each.type == "ResizeBilinearGrad" for each in graph.get_operations()[before:]):
            print(
                f"warning: {type(penalty).__name__} does not reach weights behind a bilinear resize, of whose gradient "
                "TensorFlow has none; resize in another way, or leave --penalty out",
                flush=True,
            )
        return (getattr(penalty, "weight", 1.0) if weight is None else weight) * steps * value

    if steps == 1:
        return weighted()
    return tf.cond(tf.equal(seed[1] % steps, 0), weighted, lambda: tf.constant(0.0))


def of_both(towers: Sequence[Tower], losses: Losses, passed: ForwardPass, shares_backward: bool) -> list[list[Pairs]]:
    """Takes the gradients of both networks, in one pass back through the discriminator if that is exact.

    Args:
        towers: the devices, each with copies of both networks.
        losses: what they minimise.
        passed: the forward pass from whose logits the losses are computed.
        shares_backward: whether the loss promises that one pass is enough; see losses.BaseLoss.

    Returns:
        for each device: (gradient, variable) pairs of its discriminator, and those of its generator. Those of all
        devices add up to the gradients of the losses.
    """
    try:
        return _of_both(towers, losses, passed, shares_backward)
    except UserError:
        raise
    except Exception as error:  # TensorFlow's where it knows no gradient, and those of gradients of one's own
        raise UserError(
            f"the gradients cannot be computed: {reason(error)}; choose another operation there, or, if it is a "
            "gradient of a gradient, leave --penalty out"
        ) from error


def _of_both(towers: Sequence[Tower], losses: Losses, passed: ForwardPass, shares_backward: bool) -> list[list[Pairs]]:
    networks = [tower.discriminator for tower in towers], [tower.generator for tower in towers]
    colocate = len(towers) > 1  # each operation's gradient is taken where the operation was done
    if shares_backward and towers[0].discriminator.judges_independently:
        found = _shared(networks, losses, passed, colocate)
    else:
        found = [
            tf.gradients([each, addition], _variables(copies), colocate_gradients_with_ops=colocate)
            for copies, each, addition in zip(networks, losses.values, losses.additions)
        ]
    rests = [iter(gradients) for gradients in found]
    return [
        [
            _paired(network, [next(rest) for _ in network.trainable_variables])
            for network, rest in zip((tower.discriminator, tower.generator), rests)
        ]
        for tower in towers
    ]


def _variables(networks: Sequence[Network]) -> list[tf.Variable]:
    return [variable for network in networks for variable in network.trainable_variables]


def _shared(
    networks: tuple[list[Network], list[Network]], losses: Losses, passed: ForwardPass, colocate: bool
) -> list[list[tf.Tensor]]:
    """Both networks' gradients from one pass back through the discriminator.

    A generated image gets from either loss: the loss's gradient by the image's logit, times the gradient of the logit
    by the image. So the generator's is the discriminator's, times the quotient of the two losses' gradients by the
    logit (Shi et al. 2021, arXiv 2103.00430). The quotient is 0 for an image that the generator must not learn from.
    """
    discriminators, generators = networks
    of_discriminator = losses.values[0] + _SMALLEST_SLOPE * tf.reduce_sum(passed.fake_logits)
    by_logit = [
        tf.convert_to_tensor(tf.gradients(loss, passed.fake_logits)[0]) for loss in (of_discriminator, losses.values[1])
    ]
    quotients = tf.math.divide_no_nan(by_logit[1], by_logit[0])
    variables = _variables(discriminators)
    found = tf.gradients(
        [of_discriminator, losses.additions[0]], variables + passed.generated, colocate_gradients_with_ops=colocate
    )
    counts = tf.stack([tf.shape(images)[0] for images in passed.generated])
    parts = tf.split(quotients, counts, num=len(passed.generated))
    by_image = found[len(variables) :]
    if any(gradient is None for gradient in by_image):
        raise UserError(
            f"{type(discriminators[0].model).__name__}: its logits do not depend on the images; compute them "
            "from model_input"
        )
    reaching = [quotient * gradient for quotient, gradient in zip(parts, by_image)]
    of_generator = tf.gradients(
        [*passed.generated, losses.additions[1]],
        _variables(generators),
        [*reaching, tf.ones([])],
        colocate_gradients_with_ops=colocate,
    )
    return [found[: len(variables)], of_generator]


def clipped(pairs: Pairs, norm: float) -> Pairs:
    """(gradient, variable) pairs whose gradients, all together, have at most this norm."""
    gradients, variables = zip(*pairs)
    own_types = [each.dtype for each in gradients]
    found = [each if each.dtype == tf.float32 else tf.cast(each, tf.float32) for each in gradients]
    return [
        (each if own_type == tf.float32 else tf.cast(each, own_type), variable)
        for each, own_type, variable in zip(tf.clip_by_global_norm(found, norm)[0], own_types, variables)
    ]


def is_unconditional(operation: tf.Operation) -> bool:
    """Whether an operation lies in no condition and no loop, so that each step can run it."""
    return operation._get_control_flow_context() is None


def clip_weights(variables: Sequence[tf.Variable], limit: float, after: tf.Operation) -> tf.Operation:
    """Keeps weights in [-limit, limit], once an operation has changed them (Arjovsky et al. 2017, arXiv 1701.07875)."""
    with tf.control_dependencies([after]):
        return tf.group(*(v.assign(tf.clip_by_value(v.read_value(), -limit, limit)) for v in variables))


def check_owners(networks: Sequence[Network]) -> None:
    """Raises UserError for a trainable variable that both networks train."""
    owners: dict[str, list[str]] = {}
    for network in networks:
        for variable in network.trainable_variables:
            owners.setdefault(variable.op.name, []).append(network.kind)
    for name, kinds in owners.items():
        if len(kinds) > 1:
            raise UserError(
                f"variable {name} is trained by {' and '.join(kinds)}; one network must own it: leave it out of the "
                "other's get_variables"
            )


def warn_of_untrained(networks: Sequence[Network], all_pairs: Sequence[Pairs], copies: Sequence[Network] = ()) -> None:
    """Says which trainable variables of networks, and of nobody, stay as they begin, and why; nothing of copies."""
    known = [variable for copy in copies for variable in copy.variables]
    for network, pairs in zip(networks, all_pairs):
        if keras_layers.has_spectral_normalization(network.model):
            print(
                f"warning: SpectralNormalization of Keras does nothing in {type(network.model).__name__}: it changes "
                "weights while Keras trains; take layers.spectral_norm of gan",
                flush=True,
            )
        unlisted, trained = network.unlisted_variables, [variable for _, variable in pairs]
        _warn(network.frozen_variables, "their Keras layers have trainable=False")
        idle = [v for v in network.trainable_variables if not any(v is other for other in trained)]
        _warn(unlisted, f"{type(network.model).__name__}.get_variables leaves them out; list them to train them")
        _warn(idle, f"the loss of {type(network.model).__name__} does not depend on them")
        _warn(
            network.borrowed_variables,
            f"{type(network.model).__name__}.get_variables lists them, but they are the other network's; list its own",
            how="not trained twice",
        )
        known += [*unlisted, *network.frozen_variables, *network.trainable_variables]
    nobodys = [v for v in tf.trainable_variables() if not any(v is other for other in known)]
    _warn(nobodys, "no network made them; make them in create_model, or with trainable=False")


def _warn(variables: Sequence[tf.Variable], why: str, how: str = "not trained") -> None:
    if variables:
        names = ", ".join(variable.op.name for variable in variables)
        print(f"warning: {how}: {names}: {why}", flush=True)


def _paired(network: Network, gradients: Sequence[tf.Tensor]) -> Pairs:
    """(gradient, variable) pairs of the variables that have a gradient; at least one must."""
    pairs = [(gradient, v) for gradient, v in zip(gradients, network.trainable_variables) if gradient is not None]
    if not pairs:
        names = ", ".join(variable.op.name for variable in network.trainable_variables)
        raise UserError(
            f"{type(network.model).__name__}: the loss depends on none of its variables ({names}); use them in "
            "run_model, without tf.stop_gradient or numpy between them and what it returns"
        )
    return pairs
