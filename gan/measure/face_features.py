"""A small network that knows faces, in numpy: 64 features of a 50x50 image. No TensorFlow.

It was trained on the contest's training faces alone; tools/train_face_features.py does it again. docs/metrics.md says
what it sees.
"""

import io
import os
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from gan.storage import files

WEIGHTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "face_features.npz")
SIDE = 50
CONVOLUTIONS = ((24, 5, 2), (40, 3, 2), (48, 3, 1), (64, 3, 2))  # filters, kernel, stride; a rectifier after each
DIMENSIONS = 64
MIDDLE, UNIT = 128.0, 64.0  # of grey levels
FAR = np.float32(4.0)  # features beyond, which real faces seldom have, grow like logarithms: no image outweighs all


class Layer(NamedTuple):
    """Weights of a convolution, float32 [k, k, c, filters], or of the last layer, [inputs, 64]; and what it adds."""

    weights: np.ndarray
    bias: np.ndarray


class FaceFeatures:
    """The network: float32 [N, 50, 50] in grey levels -> float32 [N, 64]. Each image's features depend on it alone.

    Args:
        layers: those of CONVOLUTIONS, then the last one; None reads the trained ones.
    """

    def __init__(self, layers: Sequence[Layer] | None = None) -> None:
        *self._convolutions, self._last = _read() if layers is None else layers

    def __call__(self, images: np.ndarray) -> np.ndarray:
        return np.asarray(FAR * np.arcsinh(self.straight(images) / FAR))

    def straight(self, images: np.ndarray) -> np.ndarray:
        """The features before large ones are bent: what the last layer says, float32 [N, 64]."""
        x = (images[..., None] - np.float32(MIDDLE)) / np.float32(UNIT)
        for layer, (_, _, stride) in zip(self._convolutions, CONVOLUTIONS):
            x = np.maximum(_convolved(x, layer.weights, stride) + layer.bias, 0)
        return np.asarray((x.reshape(len(x), 1, -1) @ self._last.weights)[:, 0] + self._last.bias)


def write(path: str, layers: Sequence[Layer]) -> None:
    """Writes weights, rounded to float16."""
    parts: dict[str, Any] = {
        name: part for index, layer in enumerate(layers) for name, part in zip(_names(index), layer)
    }
    content = io.BytesIO()
    np.savez_compressed(content, **{name: part.astype(np.float16) for name, part in parts.items()})
    files.write_whole(path, content.getvalue())


def _read() -> list[Layer]:
    with np.load(WEIGHTS, allow_pickle=False) as content:
        names = [_names(index) for index in range(len(CONVOLUTIONS) + 1)]
        return [Layer(content[weights].astype(np.float32), content[bias].astype(np.float32)) for weights, bias in names]


def _names(index: int) -> tuple[str, str]:
    """Of a layer's parts in the file."""
    return f"weights{index}", f"bias{index}"


def _convolved(x: np.ndarray, weights: np.ndarray, stride: int) -> np.ndarray:
    """With zeros around, as TensorFlow's "SAME": float32 [N, h, w, c] -> [N, ceil(h / stride), ..., filters]."""
    kernel, side = len(weights), x.shape[1]
    count = -(-side // stride)
    missing = max((count - 1) * stride + kernel - side, 0)
    around = (missing // 2, missing - missing // 2)
    padded = np.pad(x, ((0, 0), around, around, (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (kernel, kernel), (1, 2))[:, ::stride, ::stride]
    patches = windows.transpose(0, 1, 2, 4, 5, 3).reshape(len(x), count * count, -1)
    # One product for each image: its rounding does not depend on the others.
    return (patches @ weights.reshape(-1, weights.shape[3])).reshape(len(x), count, count, -1)
