"""Images that nobody takes for a photograph of a face, in many families, to show to discriminators. No TensorFlow.

A discriminator that has never seen a kind of bad image leaves the answer to chance. Here are simple images (constants,
noise, patterns) and faces that were spoilt so strongly that anybody sees it.
"""

import numpy as np

from gan.data import pixels
from gan.measure import bad_layouts, bad_patterns, bad_tones
from gan.measure.bad_image_drawing import Family

FAMILIES: dict[str, Family] = {**bad_patterns.FAMILIES, **bad_tones.FAMILIES, **bad_layouts.FAMILIES}


def make(name: str, faces: np.ndarray, seed: int) -> np.ndarray:
    """Bad images of one family.

    Args:
        name: a key of FAMILIES.
        faces: uint8 [N, size], real square images.
        seed: of everything that is drawn.

    Returns:
        float32 [N, size] in [0, 1], of whole grey levels as in a PNG file.
    """
    side = pixels.side(faces.shape[1])
    square = faces.reshape(-1, side, side) / 255.0
    random = np.random.default_rng([seed, *name.encode()])
    images = np.clip(FAMILIES[name].make(square, random), 0, 1)
    return (np.round(images * 255) / 255).astype(np.float32).reshape(len(faces), -1)
