"""How the nonsense filter learns, beside both networks, which it does not change."""

from collections.abc import Sequence
from typing import Any

import tensorflow.compat.v1 as tf

from gan.data import pixels
from gan.networks import nonsense_filter
from gan.training import nonsense
from gan.training.nonsense_contents import Some, at

STEPS = 3  # from one step in which the filter learns to the next
_IMAGES = 64  # photographs that it then sees at most, and as many images that are none
_LEARNING_RATE = 1e-3
_AVERAGING_DECAY = 0.999
_PHOTOGRAPHS = 2**42  # keeps what is drawn for photographs apart from what is drawn for nonsense


def take_step(
    real_images: tf.Tensor,
    seed: tf.Tensor,
    global_step: tf.Variable,
    schedule_factor: tf.Variable | None,
    compute_type: tf.DType = tf.float32,
) -> tf.Operation:
    """Makes the filter and an operation that trains it, on the first of some real images and as much nonsense.

    In a step in which it does not learn its gradients are 0.

    Args:
        real_images: float32 [N, size] in [0, 1], of this step.
        seed: int64 [2], another one in each step.
        global_step: steps so far.
        schedule_factor: part of the learning rate; None if that stays the same.
        compute_type: what the filter's convolutions compute in.
    """
    nonsense_filter.make_variables(real_images.shape.as_list()[1])
    variables = nonsense_filter.variables()
    gradients = tf.cond(
        tf.equal(tf.math.floormod(global_step, STEPS), 0),
        lambda: tf.gradients(loss(real_images, seed, compute_type), variables),
        lambda: [tf.zeros_like(variable) for variable in variables],
    )
    return _apply(gradients, variables, 1.0 if schedule_factor is None else schedule_factor)


def take_step_alone(
    real_images: tf.Tensor, seed: tf.Tensor, compute_type: tf.DType = tf.float32
) -> tuple[tf.Operation, tf.Tensor]:
    """As `take_step`, for a filter that learns in every step: what trains it, and its loss before."""
    nonsense_filter.make_variables(real_images.shape.as_list()[1])
    variables = nonsense_filter.variables()
    found = loss(real_images, seed, compute_type)
    with tf.control_dependencies([found]):
        return _apply(tf.gradients(found, variables), variables, 1.0), found


def loss(real_images: tf.Tensor, seed: tf.Tensor, compute_type: tf.DType = tf.float32) -> tf.Tensor:
    """Cross entropy of the filter's verdicts, a scalar; 2 log 2 for a filter that knows nothing."""
    count = tf.minimum(tf.shape(real_images)[0], _IMAGES)
    photographs = _as_handed_in(_taken_otherwise(real_images[:count], seed))
    drawn = _as_handed_in(nonsense.draw(real_images, count, seed))
    on_photographs = tf.reduce_mean(tf.nn.softplus(-nonsense_filter.logits(photographs, compute_type)))
    return on_photographs + tf.reduce_mean(tf.nn.softplus(nonsense_filter.logits(drawn, compute_type)))


def average(global_step: tf.Variable, decay: float = _AVERAGING_DECAY) -> tuple[tf.Operation, dict[str, tf.Tensor]]:
    """Moving averages of the filter's weights: what updates them, and the averages by the variables' names."""
    averages = tf.train.ExponentialMovingAverage(decay, num_updates=global_step)
    variables = nonsense_filter.variables()
    return averages.apply(variables), {v.op.name: averages.average(v) for v in variables}


def _apply(gradients: Sequence[tf.Tensor], variables: Sequence[tf.Variable], factor: Any) -> tf.Operation:
    optimizer = tf.train.AdamOptimizer(
        _LEARNING_RATE * factor, beta2=0.99, name=f"{nonsense_filter.SCOPE}_AdamOptimizer"
    )
    return optimizer.apply_gradients(list(zip(gradients, variables)))


def _taken_otherwise(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Photographs as they might have been taken: half of them in a mirror, half a little turned, moved, nearer, darker.

    So the filter does not learn them by heart, and does not take every resampled image for a bent one.
    """
    side = pixels.side(images.shape.as_list()[1])
    some = Some(tf.reshape(images, [-1, side, side]), tf.range(tf.shape(images)[0]), seed + [_PHOTOGRAPHS, 0])
    rows, columns = some.plane().turned(some.take(-0.15, 0.15))
    size = some.take(0.9, 1.1)
    turned = at(some.face(), size * rows + some.take(-0.1, 0.1), size * columns + some.take(-0.1, 0.1))
    toned = some.take(0.85, 1.1) * turned + some.take(-0.05, 0.05)
    taken = tf.where_v2(some.take() < 0.5, tf.clip_by_value(toned, 0.0, 1.0), some.face())
    return tf.reshape(tf.where_v2(some.take() < 0.5, taken[:, :, ::-1], taken), tf.shape(images))


def _as_handed_in(images: tf.Tensor) -> tf.Tensor:
    """Images of whole grey levels, as all that a judge shows."""
    return tf.round(images * 255) / 255
