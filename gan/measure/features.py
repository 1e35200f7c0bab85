"""Images to feature vectors, in which metrics.py compares real and generated images.

Four spaces need no file, are the same for everyone, and see each image by itself. "face_features" is a network that was
trained on the contest's faces, and takes 50x50 faces alone; nothing in the three others was trained. "inception" needs
a file of weights. docs/metrics.md says how well each space tells good images from bad ones. TensorFlow is imported for
"inception" alone.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from gan.console.errors import UserError, reason
from gan.data import pixels
from gan.storage import files

DEFAULT = "wavelets"
FACE_FEATURES = "face_features"
BUILT_IN = ("wavelets", "random_network", "low_resolution", FACE_FEATURES)  # they need no file
SPACES = (*BUILT_IN, "inception")

INCEPTION_BLOCK = 32  # images run at once
BLOCK = 32  # images worked on at once, so that they stay in the processor's cache

Features = Callable[[np.ndarray], np.ndarray]  # uint8 [N, size] -> float32 [N, d]; each image's depend on it alone

# Of each band: its wavelength in pixels; the cells on a side in which its energy is averaged; the mean logarithm of
# that energy over faces, upright and slanting, less the mean over all bands, so that features of faces lie around 0.
_BANDS = ((2, 2, -1.7, -3.4), (4, 2, 1.0, -0.4), (8, 3, 2.8, 1.7))
_TYPICAL_CONTRAST = 6.2  # the mean over all bands
_CONTRAST_WEIGHT = 3.0
_UNSEEN = 9.0  # energy of noise of three grey levels, too weak to be seen
_TONES, _TONE_UNIT = 5, 32.0  # blurred pixels a side; grey levels
_LATTICE, _LATTICE_WEIGHT = 4, 0.5  # period in pixels


def load(name: str, size: int, graph_file: str | None = None) -> Features:
    """The function that turns images into features.

    Args:
        name: one of SPACES.
        size: pixels of an image.
        graph_file: path of the frozen Inception graph of 2015, on disk or gs://; only for "inception".

    Raises:
        UserError: there is no such space, it is not for images of this size, or the graph file is missing or is
            another one.
    """
    check(name, size)
    side = pixels.side(size)
    if name == "inception":
        return _Inception(side, graph_file)
    spaces: dict[str, Callable[[int], Features]] = {
        "wavelets": _Wavelets,
        "random_network": _RandomNetwork,
        "low_resolution": _LowResolution,
        FACE_FEATURES: _face_features,
    }
    space = spaces[name](side)
    return lambda images: _in_blocks(space, images, side)


def check(name: str, size: int) -> None:
    """Raises UserError if there is no such space, or it is not for images of this size, in pixels."""
    if name not in SPACES:
        raise UserError(f"there are no features {name!r}; there are {', '.join(SPACES)}")
    if name == FACE_FEATURES and size != pixels.FACE_SIZE:
        side = pixels.side(size)
        raise UserError(f"the features {name} are for 50x50 faces, not for images of {side}x{side}; take {DEFAULT}")


def _face_features(side: int) -> Features:
    from gan.measure.face_features import FaceFeatures  # reads its weights

    return FaceFeatures()


def _in_blocks(space: Features, images: np.ndarray, side: int) -> np.ndarray:
    if len(images) == 0:
        return space(np.zeros((1, side, side), np.float32))[:0]
    blocks = [images[start : start + BLOCK] for start in range(0, len(images), BLOCK)]
    return np.concatenate([space(block.reshape(-1, side, side).astype(np.float32)) for block in blocks])


class _Wavelets:
    """Edges at each scale, the coarse distribution of tones, and traces of upsampling: 110 dimensions.

    These are: logarithms of the energy in three octaves and four directions, on a grid, relative to the image's
    contrast; the contrast; 5x5 blurred pixels; and the 4x4 phases of a lattice of period four. Strided transposed
    convolutions leave such a lattice; real images have none.
    """

    def __init__(self, side: int) -> None:
        self._bands = [_Band(side, wavelength, cells) for wavelength, cells, *_ in _BANDS]
        self._means = [np.array([upright, upright, slanting, slanting], np.float32) for *_, upright, slanting in _BANDS]
        self._tones = _cells(side, _TONES)
        self._smooth = _filters(side, np.arange(side), np.tile(np.array([1, 4, 6, 4, 1]) / 16, (side, 1)))
        phases = np.arange(side) % _LATTICE == np.arange(_LATTICE)[:, None]
        self._phases = (phases / phases.sum(1, keepdims=True)).astype(np.float32)

    def __call__(self, images: np.ndarray) -> np.ndarray:
        logs = [np.log(band(images) + _UNSEEN) for band in self._bands]
        contrast = np.mean([values.mean((1, 2, 3)) for values in logs], 0)[:, None, None, None]
        energies = [values - contrast - mean[:, None, None] for values, mean in zip(logs, self._means)]
        tones = self._tones @ (images - 128) @ self._tones.T
        details = images - self._smooth @ images @ self._smooth.T
        parts = [
            *energies,
            _CONTRAST_WEIGHT * (contrast - _TYPICAL_CONTRAST),
            tones / _TONE_UNIT,
            _LATTICE_WEIGHT * np.arcsinh(self._phases @ details @ self._phases.T),
        ]
        return np.concatenate([part.reshape(len(images), -1) for part in parts], 1)


class _Band:
    """Mean energy of Gabor filters of one wavelength in four directions.

    Each is a product of filters along the rows and along the columns, so an image is filtered by small matrix products
    of its own. Their rounding does not depend on the other images, and no threads are started for them.
    """

    def __init__(self, side: int, wavelength: int, cells: int) -> None:
        stride = max(1, wavelength // 4)
        centres = np.arange((side - 1) % stride // 2, side, stride)
        self._filters = np.stack(_gabor(side, centres, wavelength))
        self._cells = _cells(len(centres), cells)

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """float32 [N, side, side] -> [N, 4, cells, cells]."""
        rows = self._filters[:, None] @ images
        # The names say which filters run along columns and rows: low, even or odd.
        (_, le, lo), (el, ee, eo), (ol, oe, oo) = rows @ self._filters.transpose(0, 2, 1)[:, None, None]
        pairs = [(el, ol), (le, lo), (ee - oo, oe + eo), (ee + oo, oe - eo)]
        energy = np.stack([np.square(real) + np.square(imaginary) for real, imaginary in pairs], 1)
        return np.asarray(self._cells @ energy @ self._cells.T)


def _gabor(side: int, centres: np.ndarray, wavelength: int) -> list[np.ndarray]:
    """Blurring, even and odd filters along a line: three of float32 [len(centres), side]."""
    width = 0.4 * wavelength
    offsets = np.arange(-int(3 * width + 1), int(3 * width + 1) + 1)
    envelope = np.exp(-np.square(offsets / width) / 2)
    even, odd = (envelope * wave(2 * np.pi * offsets / wavelength) for wave in (np.cos, np.sin))
    even -= envelope * even.sum() / envelope.sum()  # blind to brightness
    norms = [np.sqrt(np.square(values).sum()) for values in (envelope, even)]
    return [
        _filters(side, centres, np.tile(values / norm, (len(centres), 1)))
        for values, norm in zip((envelope, even, odd), (*norms, norms[1]))
    ]


def _filters(side: int, centres: np.ndarray, taps: np.ndarray) -> np.ndarray:
    """Filters around each centre of a line whose ends are mirrored: [n], [n, odd length] -> float32 [n, side]."""
    reach = taps.shape[1] // 2
    index = (centres[:, None] + np.arange(-reach, reach + 1)) % (2 * side)
    matrix = np.zeros((len(centres), side))
    np.add.at(matrix, (np.arange(len(centres))[:, None], np.minimum(index, 2 * side - 1 - index)), taps)
    return matrix.astype(np.float32)


def _cells(count: int, cells: int) -> np.ndarray:
    """Averages over equal parts of a line: float32 [cells, count]."""
    inside = (np.arange(count) + 0.5) * cells // count == np.arange(cells)[:, None]
    return np.asarray((inside / inside.sum(1, keepdims=True)).astype(np.float32))


class _RandomNetwork:
    """Two random convolutions; means and deviations of their channels in four quarters, projected to 64 dimensions."""

    CHANNELS, KERNEL, STRIDE, DIMENSIONS = (24, 48), 5, 2, 64
    SCALE = 5.0  # makes the standard deviation over faces about 1

    def __init__(self, side: int) -> None:
        numbers = _Numbers(seed=1)
        self._weights: list[np.ndarray] = []
        depth = 1
        for channels in self.CHANNELS:
            fan_in = self.KERNEL**2 * depth
            self._weights.append(numbers.uniform(fan_in, channels) * np.float32(np.sqrt(6 / fan_in)))
            depth = channels
        basis = np.linalg.qr(numbers.uniform(8 * depth, self.DIMENSIONS))[0]
        self._projection = basis.astype(np.float32)

    def __call__(self, images: np.ndarray) -> np.ndarray:
        x: np.ndarray = (images[..., None] - 128) / 64
        for weights in self._weights:
            x = np.maximum(_patches(x, self.KERNEL, self.STRIDE) @ weights, 0)
        half = (x.shape[1] + 1) // 2
        halves = (slice(half), slice(-half, None))
        quarters = [x[:, rows, columns] for rows in halves for columns in halves]
        pooled = np.concatenate([f(quarter, axis=(1, 2)) for quarter in quarters for f in (np.mean, np.std)], 1)
        return np.asarray(self.SCALE * (pooled[:, None] @ self._projection)[:, 0])


def _patches(x: np.ndarray, kernel: int, stride: int) -> np.ndarray:
    """float32 [N, H, W, C] -> [N, h, w, kernel * kernel * C]."""
    windows = np.lib.stride_tricks.sliding_window_view(x, (kernel, kernel), axis=(1, 2))[:, ::stride, ::stride]
    return windows.reshape(*windows.shape[:3], -1)


class _Numbers:
    """Random numbers from the raw bits of Philox, which are the same in all versions of numpy."""

    def __init__(self, seed: int) -> None:
        self._bits = np.random.Philox(seed)

    def uniform(self, *shape: int) -> np.ndarray:
        """float32, uniform in [-1, 1)."""
        bits = self._bits.random_raw(int(np.prod(shape)))
        return np.asarray(((bits >> 40).astype(np.float64) / 2**23 - 1).astype(np.float32).reshape(shape))


class _LowResolution:
    """The 8x8 lowest frequencies of the cosine transform: what can be seen of an image from far away."""

    DIMENSIONS, UNIT = 8, 8.0  # frequencies on a side; grey levels, root mean square over the image

    def __init__(self, side: int) -> None:
        frequencies, positions = np.arange(self.DIMENSIONS)[:, None], np.arange(side) + 0.5
        basis = np.cos(np.pi * frequencies * positions / side) * np.sqrt(2 / side)
        basis[0] /= np.sqrt(2)
        self._basis = (basis / np.sqrt(side)).astype(np.float32)

    def __call__(self, images: np.ndarray) -> np.ndarray:
        return np.asarray(self._basis @ (images - 128) @ self._basis.T).reshape(len(images), -1) / self.UNIT


class _Inception:
    """pool_3 of the network of Szegedy et al. 2015, arXiv 1512.00567, as frozen for TensorFlow: 2048 dimensions."""

    def __init__(self, side: int, graph_file: str | None) -> None:
        self._side = side
        graph_def = _read_graph(graph_file)
        import tensorflow.compat.v1 as tf

        names = {node.name for node in graph_def.node}
        self._wants_scaled = "ExpandDims" not in names
        graph = tf.Graph()
        with graph.as_default():
            self._images = tf.placeholder(tf.float32, [INCEPTION_BLOCK, side, side])
            colour = tf.repeat(self._images[..., None], 3, axis=3)
            entrance = "ExpandDims:0"
            if self._wants_scaled:
                colour, entrance = (tf.image.resize_bilinear(colour, [299, 299]) - 128) / 128, "Mul:0"
            try:
                wanted = tf.graph_util.extract_sub_graph(graph_def, ["pool_3"])
                for node in wanted.node:
                    node.attr.pop("_output_shapes", None)  # some graphs say here: one image at a time
                (pooled,) = tf.import_graph_def(wanted, {entrance: colour}, ["pool_3:0"])
            except (ValueError, TypeError, AssertionError) as error:
                raise UserError(f"{graph_file} is not the Inception graph of 2015: {reason(error)}") from error
            self._features = tf.reshape(pooled, [INCEPTION_BLOCK, -1])
        self._session = tf.Session(graph=graph)

    def __call__(self, images: np.ndarray) -> np.ndarray:
        # All blocks have one size, the last one is filled up: so results do not depend on the number of images.
        results = []
        for start in range(0, max(len(images), 1), INCEPTION_BLOCK):
            part = images[start : start + INCEPTION_BLOCK].reshape(-1, self._side, self._side)
            padded = np.zeros((INCEPTION_BLOCK, self._side, self._side), np.float32)
            padded[: len(part)] = part
            results.append(self._session.run(self._features, {self._images: padded})[: len(part)])
        return np.concatenate(results)


def _read_graph(path: str | None) -> Any:
    """The tf.GraphDef of a file."""
    if path is None:
        way_out = "--inception_graph names it, or choose another --features"
        raise UserError(f'the features "inception" need the file classify_image_graph_def.pb; {way_out}')
    try:
        content = files.read(path)
    except (FileNotFoundError, IsADirectoryError) as error:
        raise UserError(f"there is no file {path}; --inception_graph must name classify_image_graph_def.pb") from error
    import tensorflow.compat.v1 as tf

    graph_def = tf.GraphDef()
    try:
        graph_def.ParseFromString(content)
    except Exception as error:  # protobuf's implementations raise classes of their own
        raise UserError(
            f"{path} is not a frozen graph; --inception_graph must name classify_image_graph_def.pb"
        ) from error
    if "pool_3" not in {node.name for node in graph_def.node}:
        raise UserError(
            f"{path} is not the Inception graph of 2015: it has no pool_3; take classify_image_graph_def.pb"
        )
    return graph_def
