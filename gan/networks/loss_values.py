"""The losses of both networks, from a losses.BaseLoss and the logits."""

from typing import Any

import tensorflow.compat.v1 as tf

from gan import losses
from gan.console.errors import UserError
from gan.networks import registry
from gan.networks.network import check_scalar


def how_many(share: float, number: tf.Tensor) -> tf.Tensor:
    """A share of `number` images, int32: rounded, and at least one."""
    return tf.maximum(1, tf.cast(tf.round(share * tf.cast(number, tf.float32)), tf.int32))


def losses_of(loss: Any, real_logits: tf.Tensor, fake_logits: tf.Tensor, top_k_share: float = 1.0) -> list[tf.Tensor]:
    """Both losses of a losses.BaseLoss, checked to be scalars.

    Args:
        loss: a losses.BaseLoss.
        real_logits: float32 [N, 1].
        fake_logits: float32 [N, 1].
        top_k_share: the generator's loss is of this share of its images, those with the highest logits, and of as many
            real ones (Sinha et al. 2020, arXiv 2002.06224). The gradients of bad images seldom lead to good ones.

    Returns:
        [discriminator's, generator's], float32 scalars.
    """
    values, given = [], (real_logits, fake_logits)
    for method in ("discriminator_loss", "generator_loss"):
        with registry.explaining(type(loss), method, registry.LOSS):
            values.append(getattr(loss, method)(*given))
        check_scalar(values[-1], f"{type(loss).__name__}.{method}")
        if top_k_share < 1:
            given = _most_convincing(real_logits, fake_logits, top_k_share)
    return values


def smooth_labels(loss: Any, smoothing: float) -> None:
    """Lets the discriminator's label for real images be 1 - smoothing (Salimans et al. 2016, arXiv 1606.03498, 3.4).

    Raises:
        UserError: the loss has no labels.
    """
    if type(loss).discriminator_loss is not losses.BaseLoss.discriminator_loss:
        raise UserError(
            f"--label_smoothing={smoothing:g}: {type(loss).__name__} has a discriminator_loss of its own, without "
            "labels; leave the flag out, or give a loss that defines calculate_loss alone"
        )
    loss.label_smoothing = smoothing


def _most_convincing(real_logits: tf.Tensor, fake_logits: tf.Tensor, share: float) -> tuple[tf.Tensor, tf.Tensor]:
    """(real logits, generated logits) of this share of the pairs, those with the highest generated logits."""
    chosen = tf.math.top_k(fake_logits[:, 0], how_many(share, tf.shape(fake_logits)[0])).indices
    return tf.gather(real_logits, chosen), tf.gather(fake_logits, chosen)
