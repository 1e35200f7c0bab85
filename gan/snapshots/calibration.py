"""Moves the border between real and generated to where held-out images say that it belongs. No TensorFlow.

A discriminator knows its training images better than others, and where its border lies when training ends is
chance: "more real than" is what it learns. So its logits are shifted by a number that makes it accept a chosen share
of real images that it never trained on.
"""

import numpy as np

SMALLEST_PROBABILITY = 1e-7  # probabilities are kept this far from 0 and 1 to take their logits


def logits(probabilities):
    """log(p / (1 - p)) of probabilities float [N], kept finite: float64 [N]."""
    p = np.clip(np.asarray(probabilities, np.float64), SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)
    return np.log(p) - np.log1p(-p)


def offset(logits, acceptance):
    """What to add to the logits so that the discriminator accepts this share of the images.

    Args:
        logits: float [N], of held-out real images, without an offset. Of probabilities they could not be had back:
            those of logits beyond 16 are 1.
        acceptance: share of these to accept, in (0, 1].

    Returns:
        A float. Halfway between the image that is just accepted and the one that is just refused, the border is as
        far as it can be from both.
    """
    found = np.sort(logits)
    refused = len(found) - int(np.ceil(acceptance * len(found)))
    if refused == 0:
        return float(1 - found[0])
    return float(-(found[refused - 1] + found[refused]) / 2)
