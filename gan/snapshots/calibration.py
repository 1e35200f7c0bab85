"""Finds a discriminator's threshold between real and generated from held-out real images. No TensorFlow.

A discriminator knows its training images better than others, and it learns "more real than", not "real": its threshold
is wherever training happened to leave it. So a number is added to its logits that makes it accept a chosen share of
real images that it never trained on.
"""

import numpy as np

OFFSET = "calibration/offset"  # variable of a snapshot whose discriminator is calibrated
SMALLEST_PROBABILITY = 1e-7  # probabilities are kept this far from 0 and 1, so that their logits are finite


def logits(probabilities: np.ndarray) -> np.ndarray:
    """log(p / (1 - p)) of probabilities float [N], kept finite: float64 [N]."""
    p = np.clip(np.asarray(probabilities, np.float64), SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)
    return np.log(p) - np.log1p(-p)


def offset(logits: np.ndarray, acceptance: float) -> float:
    """What to add to the logits so that the discriminator accepts this share of the images.

    Args:
        logits: float [N], of held-out real images, without an offset; -inf for those that are refused anyhow. Logits
            cannot be recovered from probabilities: beyond 16 the sigmoid is 1 in float32.
        acceptance: share of the images to accept, in (0, 1].

    Returns:
        The offset that puts the threshold halfway between the image that is just accepted and the one that is just
        refused, as far as it can be from both. If more are refused anyhow, all others are accepted; of images of equal
        logits all are accepted if one is.
    """
    found = np.sort(logits)
    wanted = int(np.ceil(acceptance * len(found)))
    judged = found[np.isfinite(found)]
    if not len(judged):
        return 0.0
    # As many as have a smaller logit than the one that must just be accepted.
    refused = int(np.searchsorted(judged, judged[max(len(judged) - wanted, 0)]))
    if not refused:
        return float(1 - judged[0])
    return float(-(judged[refused - 1] + judged[refused]) / 2)
