"""The losses of both networks, from a losses.BaseLoss and the logits."""

import functools
import inspect
from typing import Any, NamedTuple

import tensorflow.compat.v1 as tf

from gan import losses
from gan.console.errors import UserError
from gan.networks import registry
from gan.networks.network import check_scalar


def how_many(share: float, number: tf.Tensor) -> tf.Tensor:
    """A share of `number` images, int32: rounded, and at least one."""
    return tf.maximum(1, tf.cast(tf.round(share * tf.cast(number, tf.float32)), tf.int32))


class Features(NamedTuple):
    """What a discriminator shows of its inside, for losses that ask for it: float32 [N, ...]."""

    of_real: tf.Tensor
    of_fake: tf.Tensor


def losses_of(
    loss: Any,
    real_logits: tf.Tensor,
    fake_logits: tf.Tensor,
    top_k_share: float = 1.0,
    features: Features | None = None,
) -> list[tf.Tensor]:
    """Both losses of a losses.BaseLoss, checked to be scalars.

    Args:
        loss: a losses.BaseLoss, or any object with its methods or with `calculate_loss` alone.
        real_logits: float32 [N, 1].
        fake_logits: float32 [N, 1].
        top_k_share: the generator's loss is of this share of its images, those with the highest logits, and of as many
            real ones (Sinha et al. 2020, arXiv 2002.06224). The gradients of bad images seldom lead to good ones.
        features: for a loss that asks for them; None if the discriminator shows none.

    Returns:
        [discriminator's, generator's], float32 scalars.
    """
    values = [value_of(loss, "discriminator_loss", real_logits, fake_logits, features)]
    if top_k_share < 1:
        chosen = tf.math.top_k(fake_logits[:, 0], how_many(top_k_share, tf.shape(fake_logits)[0])).indices
        real_logits, fake_logits = tf.gather(real_logits, chosen), tf.gather(fake_logits, chosen)
        features = features and Features(tf.gather(features.of_real, chosen), tf.gather(features.of_fake, chosen))
    return [*values, value_of(loss, "generator_loss", real_logits, fake_logits, features)]


def value_of(
    loss: Any, method: str, real_logits: tf.Tensor, fake_logits: tf.Tensor, features: Features | None = None
) -> tf.Tensor:
    """One loss of a losses.BaseLoss, a scalar.

    Args:
        loss: as in `losses_of`.
        method: discriminator_loss or generator_loss.
        real_logits: float32 [N, 1].
        fake_logits: float32 [N, 1].
        features: as in `losses_of`.

    Raises:
        UserError: the method fails, asks for features that are not there, or returns something else.
    """
    compute = getattr(loss, method, None) or functools.partial(_BY_LABELS[method], loss)
    given = {}
    if asks_for_features(loss, method):
        if features is None:
            raise UserError(
                f"{type(loss).__name__}.{method} asks for real_features and fake_features, and there are none; let the "
                'discriminator\'s run_model return "features", float32 [N, ...], or choose another --label_loss'
            )
        given = {"real_features": features.of_real, "fake_features": features.of_fake}
    # A loss may have variables of its own, and is asked again for hard examples.
    again = tf.variable_scope(tf.get_variable_scope(), reuse=tf.AUTO_REUSE, auxiliary_name_scope=False)
    with registry.explaining(type(loss), method, registry.LOSS), again:
        value = compute(real_logits, fake_logits, **given)
    check_scalar(value, f"{type(loss).__name__}.{method}")
    return value


def asks_for_features(loss: Any, *methods: str) -> bool:
    """Whether one of a loss's methods, of both if none is named, has arguments real_features and fake_features."""
    found = [getattr(loss, method, None) for method in methods or _BY_LABELS]
    return any(each and {"real_features", "fake_features"} <= {*inspect.signature(each).parameters} for each in found)


def _discriminator_by_labels(loss: Any, real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
    """As losses.BaseLoss has it, for a loss of another family."""
    real_labels = tf.ones_like(real_logits) - getattr(loss, "label_smoothing", 0.0)
    real_loss = loss.calculate_loss(real_logits, real_labels)
    return real_loss + loss.calculate_loss(fake_logits, tf.zeros_like(fake_logits))


def _generator_by_labels(loss: Any, real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
    del real_logits
    return loss.calculate_loss(fake_logits, tf.ones_like(fake_logits))


_BY_LABELS = {"discriminator_loss": _discriminator_by_labels, "generator_loss": _generator_by_labels}


def smooth_labels(loss: Any, smoothing: float) -> None:
    """Lets the discriminator's label for real images be 1 - smoothing (Salimans et al. 2016, arXiv 1606.03498, 3.4).

    Raises:
        UserError: the loss has no labels.
    """
    usual = getattr(losses.BaseLoss, "discriminator_loss", None)
    if getattr(type(loss), "discriminator_loss", None) not in (None, usual):
        raise UserError(
            f"--label_smoothing={smoothing:g}: {type(loss).__name__} has a discriminator_loss of its own, without "
            "labels; leave the flag out, or give a loss that defines calculate_loss alone"
        )
    loss.label_smoothing = smoothing
