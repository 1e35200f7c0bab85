"""Gradients of both networks: apart, or from one pass back through the discriminator; and gradient penalties."""

from typing import NamedTuple

import tensorflow.compat.v1 as tf

from gan.console.errors import UserError
from gan.networks import registry
from gan.networks.network import check_scalar

# Least slope of the discriminator's loss along a generated image's logit: far from 0, where its own is less than a
# float32 can be, there would be nothing to divide the generator's by.
_SMALLEST_SLOPE = 1e-20


class Penalty(NamedTuple):
    """A gradient penalty and how it is applied."""

    penalty: object  # a losses.BasePenalty
    weight: float = None  # of the penalty beside the discriminator's loss; None is the penalty's own
    steps: int = 1  # from one step with the penalty to the next; it then counts that many times


def lazy_penalty(settings, towers, seed):
    """What a penalty adds to the discriminator's loss: 0 in most steps (Karras et al. 2020, arXiv 1912.04958, B).

    In those, neither it nor its gradient is computed. No gradient reaches the generator.

    Args:
        settings: a Penalty, or None.
        towers: towers.Towers.
        seed: int64 [2], of which the last is the number of the step.

    Returns:
        float32 scalar.
    """
    if settings is None:
        return tf.constant(0.0)
    penalty, weight, steps = settings
    real_images, fake_images = (tf.stop_gradient(images) for images in towers.judged_images())

    def weighted():
        with registry.explaining(type(penalty), "calculate_penalty", registry.PENALTY):
            value = penalty.calculate_penalty(towers.judge, real_images, fake_images, seed=seed)
        check_scalar(value, f"{type(penalty).__name__}.calculate_penalty")
        return (penalty.weight if weight is None else weight) * steps * value

    if steps == 1:
        return weighted()
    return tf.cond(tf.equal(seed[1] % steps, 0), weighted, lambda: tf.constant(0.0))


def of_both(networks, loss, losses, additions, fake_logits, fake_images):
    """Takes the gradients of both networks, in one pass back through the discriminator where that is exact.

    Args:
        networks: (discriminator, generator).
        loss: a losses.BaseLoss.
        losses: its values for both, scalars, which depend on the networks through logits alone.
        additions: what is added to them; the discriminator's must pass no gradient to the generated images.
        fake_logits: float32 [N, 1], of the generated images, from which the losses are computed.
        fake_images: generated images of each tower.

    Returns:
        A list of (gradient, variable) pairs for each network.
    """
    colocate = len(fake_images) > 1  # each operation's gradient is taken where the operation was done
    if registry.declares(loss, "shares_backward") and networks[0].judges_independently:
        found = _shared(networks, losses, additions, fake_logits, fake_images, colocate)
    else:
        found = [
            tf.gradients([each, addition], network.trainable_variables, colocate_gradients_with_ops=colocate)
            for network, each, addition in zip(networks, losses, additions)
        ]
    return [_paired(network, gradients) for network, gradients in zip(networks, found)]


def _shared(networks, losses, additions, fake_logits, fake_images, colocate):
    """Both networks' gradients from one pass back through the discriminator.

    What reaches a generated image from either loss is the loss's gradient by the image's logit, times the gradient of
    the logit by the image. So the discriminator's, times the quotient of the two losses' gradients by the logit, is
    the generator's (Shi et al. 2021, arXiv 2103.00430). The quotient is 0 for an image that the generator is not to
    learn from.
    """
    discriminator, generator = networks
    losses = [losses[0] + _SMALLEST_SLOPE * tf.reduce_sum(fake_logits), losses[1]]
    by_logit = [tf.convert_to_tensor(tf.gradients(loss, fake_logits)[0]) for loss in losses]
    quotients = tf.math.divide_no_nan(by_logit[1], by_logit[0])
    variables = discriminator.trainable_variables
    found = tf.gradients([losses[0], additions[0]], variables + fake_images, colocate_gradients_with_ops=colocate)
    counts = tf.stack([tf.shape(images)[0] for images in fake_images])
    parts = tf.split(quotients, counts, num=len(fake_images))
    reaching = [quotient * gradient for quotient, gradient in zip(parts, found[len(variables) :])]
    of_generator = tf.gradients(
        [*fake_images, additions[1]],
        generator.trainable_variables,
        [*reaching, tf.ones([])],
        colocate_gradients_with_ops=colocate,
    )
    return found[: len(variables)], of_generator


def clipped(pairs, norm):
    """(gradient, variable) pairs whose gradients are at most `norm` long, all together."""
    gradients, variables = zip(*pairs)
    return list(zip(tf.clip_by_global_norm(gradients, norm)[0], variables))


def check_owners(*networks):
    """Raises UserError for a trainable variable that nobody trains, or that both networks train."""
    owners = {}
    for network in networks:
        for variable in network.trainable_variables:
            owners.setdefault(variable.op.name, []).append(network.kind)
    for variable in tf.trainable_variables():
        if len(owners.get(variable.op.name, [])) != 1:
            who = " and ".join(owners.get(variable.op.name, [])) or "nobody"
            raise UserError(f"variable {variable.op.name} is trained by {who}; one network must own it")


def _paired(network, gradients):
    """(gradient, variable) pairs; every variable must have a gradient."""
    pairs = list(zip(gradients, network.trainable_variables))
    unused = [variable.op.name for gradient, variable in pairs if gradient is None]
    if unused:
        raise UserError(f"{type(network.model).__name__}: the loss does not depend on {', '.join(unused)}")
    return pairs
