"""Gives generated images the brightness and the contrast of the training images.

A generator that learns well may still draw all images a little too faint, which hardly any discriminator sees and every
distance does. So a snapshot draws sigmoid((1 + contrast) * logit(image) + brightness), with two numbers that are found
for its weights. Both are 0 in a snapshot that leaves the images as they are.
"""

from typing import NamedTuple

import numpy as np
import tensorflow.compat.v1 as tf

CONTRAST, BRIGHTNESS = "calibration/contrast", "calibration/brightness"  # variables of a snapshot
MOST_CONTRAST, MOST_BRIGHTNESS = 0.2, 0.3  # either way: what needs more is not drawn well yet
_EDGE = 1e-6  # images are kept this far from 0 and 1, so that their logits are finite
_ROUNDS = 8  # until both numbers stay the same to three digits


class Tones(NamedTuple):
    """Tones of many images, in [0, 1]."""

    mean: float  # of all pixels
    deviation: float  # of an image's pixels, mean of all images


def of_images(images: np.ndarray) -> Tones:
    """Tones of images, float [N, size] in [0, 1]."""
    return Tones(float(images.mean(dtype=np.float64)), float(images.std(1).mean()))


def adjusted(images: tf.Tensor) -> tf.Tensor:
    """Images float32 [N, size] in [0, 1] with the tones that two new variables of the graph say; those begin at 0."""
    contrast, brightness = (
        tf.get_variable(name, [], initializer=tf.zeros_initializer(), trainable=False)
        for name in (CONTRAST, BRIGHTNESS)
    )
    inside = tf.minimum(tf.maximum(images, _EDGE), 1 - _EDGE)
    return tf.sigmoid((1 + contrast) * (tf.log(inside) - tf.log(1 - inside)) + brightness)


def to_match(images: np.ndarray, wanted: Tones) -> tuple[float, float]:
    """The numbers that give images some tones, as nearly as the limits allow.

    Args:
        images: float32 [N, size] in [0, 1], as they are without them.
        wanted: the tones.

    Returns:
        (contrast, brightness).
    """
    inside = np.clip(images, _EDGE, 1 - _EDGE).astype(np.float32)
    logits = np.log(inside) - np.log1p(-inside)
    gain, brightness = 1.0, 0.0
    for _ in range(_ROUNDS):
        now = 1 / (1 + np.exp(-(np.float32(gain) * logits + np.float32(brightness))))
        mean, deviation = of_images(now)
        slope = float((now * (1 - now)).mean())  # of the mean, by the brightness
        if not deviation or not slope:
            break
        gain = float(np.clip(gain * wanted.deviation / deviation, 1 - MOST_CONTRAST, 1 + MOST_CONTRAST))
        brightness = float(np.clip(brightness + (wanted.mean - mean) / slope, -MOST_BRIGHTNESS, MOST_BRIGHTNESS))
    return gain - 1, brightness
