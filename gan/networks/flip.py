"""Tells images from their mirror images, if training showed both.

A generator that learned from faces and mirrored faces (--augment=flip) draws both, and the discriminator takes both for
real. The faces themselves need not be like that: those of the contest are lit from one side more often. A logistic
regression tells a training image from its mirror image, by how both are described (typicality.py). With it a snapshot's

- generator hands in an image as it is drawn with the probability that it is no mirror image, and else the mirror image
  of what is drawn: so the images look to each side as often as the training images do;
- discriminator believes less in what looks like a mirror image. Half of what other generators draw looks so, if they
  learned from mirrored faces.

Sources: Azadi et al. 2018, arXiv 1810.06758, for a classifier's odds that correct what a generator draws; Boehning 1992
for the bound on the curvature of a logistic regression; Saerens et al. 2002 for finding the share of each kind.
"""

import math

import numpy as np
import tensorflow.compat.v1 as tf

from gan.networks import typicality, views

WEIGHTS, ODDS, STRENGTH = (f"calibration/flip_{name}" for name in ("weights", "odds", "strength"))  # of a snapshot
AS_DRAWN = 1e6  # value of ODDS that turns no image
SHARE_OF_SPREAD = 0.1  # STRENGTH, in standard deviations of the discriminator's logits on held-out images
_RIDGE = 10.0  # of the ridge penalty, which keeps a weight small if few images support it
_ROUNDS = 100
_LEAST_SHARE = 0.001  # of mirror images among those drawn, or of others


def turned(images: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
    """Images or their mirror images, as the variables WEIGHTS and ODDS and the noise say.

    The sum of two numbers of the noise, modulo 2, is uniform and depends on neither of them: so what is drawn decides
    little of which way it is drawn, and the same noise always gives the same image.

    Args:
        images: float32 [N, size] in [0, 1], square, row by row.
        noise: float32 [N, at least 2], uniform in [-1, 1], that they were drawn from.

    Returns:
        float32 [N, size].
    """
    odds = tf.get_variable(ODDS, [], initializer=tf.zeros_initializer(), trainable=False)
    draws = tf.floormod(noise[:, 0] + noise[:, 1], 2) / 2
    return tf.where(draws > tf.sigmoid(_logits(images)[:, 0] + odds), views.mirrored(images), images)


def evidence(images: tf.Tensor) -> tf.Tensor:
    """What to add to a discriminator's logits, float32 [N, 1]; nothing as long as the variable STRENGTH is 0.

    It is the logarithm of how much more often an image like this comes up among the training images than if half of
    them were mirrored, times STRENGTH: at most log 2.

    Args:
        images: float32 [N, size] in [0, 1], square, row by row.
    """
    strength = tf.get_variable(STRENGTH, [], initializer=tf.zeros_initializer(), trainable=False)
    return strength * (math.log(2) - tf.nn.softplus(-_logits(images)))


def weights(images: np.ndarray, mirrored: np.ndarray) -> np.ndarray:
    """What tells images from their mirror images: the value of WEIGHTS.

    Args:
        images: descriptions of training images, float32 [N, typicality.SIZE].
        mirrored: descriptions of their mirror images, in the same order.

    Returns:
        float32 [typicality.SIZE, 1].
    """
    differences = (images - mirrored).astype(np.float64)
    most_curved = differences.T @ differences / 4 + _RIDGE * np.eye(typicality.SIZE)  # so no step goes too far
    step = np.linalg.inv(most_curved)
    found = np.zeros(typicality.SIZE)
    for _ in range(_ROUNDS):
        missing = np.exp(-np.logaddexp(0, differences @ found))  # 1 - probability of the image itself
        found += step @ (missing @ differences - _RIDGE * found)
    return found[:, np.newaxis].astype(np.float32)


def logits(images: np.ndarray, mirrored: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Of being no mirror image, float32 [N], by descriptions as of `weights` and what that found."""
    return ((images - mirrored) @ found)[:, 0]


def odds(logits: np.ndarray) -> float:
    """Logarithm of how many drawn images are no mirror images for each one that is: the value of ODDS.

    Args:
        logits: of being no mirror image if both were equally frequent, of images as they are drawn, float [N].
    """
    share = 0.5
    for _ in range(_ROUNDS):
        are_mirrored = np.exp(-np.logaddexp(0, logits + math.log((1 - share) / share)))
        share = float(np.clip(are_mirrored.mean(), _LEAST_SHARE, 1 - _LEAST_SHARE))
    return math.log((1 - share) / share)


def _logits(images: tf.Tensor) -> tf.Tensor:
    """Of being an image rather than a mirror image, float32 [N, 1]; every call in a graph shares WEIGHTS."""
    with tf.variable_scope(tf.get_variable_scope(), reuse=tf.AUTO_REUSE):
        shape = [typicality.SIZE, 1]
        told_by = tf.get_variable(WEIGHTS, shape, initializer=tf.zeros_initializer(), trainable=False)
    image, mirror_image = tf.split(typicality.described(tf.concat([images, views.mirrored(images)], 0)), 2)
    return tf.matmul(image - mirror_image, told_by)
