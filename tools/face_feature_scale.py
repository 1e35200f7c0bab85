"""In what units a trained network's features are told: the last step of train_face_features.py. No TensorFlow."""

from collections.abc import Sequence

import numpy as np

from gan.measure.face_features import SIDE, FaceFeatures, Layer
from tools.face_alterations import FAMILIES, GRID, LOCAL_FAMILIES, UNALTERED, Faces, Views

# Directions in which real faces differ little count as if they differed by this share of the mean variance.
LEAST_VARIANCE = 0.1
# So many directions, those in which faces spoilt at one place differ most from real ones, count so much more.
EMPHASISED, EMPHASIS = 2, 3.0
CELLS = 3  # a side; spoilt at another place is another way to be spoilt
FEWEST = 15  # images of a way to be spoilt
DRAWS, PAIRS, ALTERED = 16, 125, 500  # views that directions are found by
_BLOCK = 32  # images worked on at once


def scaled(layers: Sequence[Layer], faces: np.ndarray, seed: int) -> list[Layer]:
    """The same network, another last layer: faces lie around 0 with a deviation of about 1 in each direction.

    Directions in which faces hardly differ stay shorter, since what differs there is noise. Those that tell spoilt
    faces from real ones are longer (linear discriminants, Fisher 1936), since a Frechet distance adds up all
    directions, and the scatter of the others hides what few of them see.

    Args:
        layers: of the trained network.
        faces: uint8 [N, 2500], training faces.
        seed: of the views that directions are found by.
    """
    network, last = FaceFeatures(layers), layers[-1]
    vectors = _computed(network, faces)
    mean, covariance = vectors.mean(0, dtype=np.float64), np.cov(vectors, rowvar=False, dtype=np.float64)
    variances, axes = np.linalg.eigh(covariance)
    turned = axes / np.sqrt(variances + LEAST_VARIANCE * variances.mean())
    drawn = Faces(faces, seed)
    shifts, counts = _shifts(network, [drawn.draw(PAIRS, ALTERED) for _ in range(DRAWS)])
    shifts = shifts @ turned
    directions = np.linalg.eigh((shifts.T * counts) @ shifts)[1][:, ::-1]
    weights = np.where(np.arange(len(variances)) < EMPHASISED, EMPHASIS, 1)
    matrix = turned @ directions * weights
    last = Layer((last.weights @ matrix).astype(np.float32), ((last.bias - mean) @ matrix).astype(np.float32))
    return [*layers[:-1], last]


def _shifts(network: FaceFeatures, drawn: Sequence[Views]) -> tuple[np.ndarray, np.ndarray]:
    """How far each way to be spoilt moves faces in the mean, [ways, 64], and how many images say so, [ways]."""
    views = Views(*(np.concatenate(parts) for parts in zip(*drawn)))
    vectors = _computed(network, views.images)
    real = vectors[views.families == FAMILIES.index(UNALTERED)].mean(0)
    rows, columns = np.divmod(views.changes.reshape(len(vectors), -1).argmax(1), GRID)
    places = rows * CELLS // GRID * CELLS + columns * CELLS // GRID
    shifts, counts = [], []
    for name in LOCAL_FAMILIES:
        for place in range(CELLS**2):
            chosen = (views.families == FAMILIES.index(name)) & (places == place)
            if chosen.sum() >= FEWEST:
                shifts.append(vectors[chosen].mean(0) - real)
                counts.append(chosen.sum())
    return np.array(shifts, np.float64).reshape(len(counts), -1), np.array(counts, np.float64)


def _computed(network: FaceFeatures, images: np.ndarray) -> np.ndarray:
    """Features before they are bent: float32 [N, 64]."""
    blocks = [images[first : first + _BLOCK] for first in range(0, len(images), _BLOCK)]
    return np.concatenate([network.straight(block.reshape(-1, SIDE, SIDE).astype(np.float32)) for block in blocks])
