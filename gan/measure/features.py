"""Images to feature vectors, in which metrics.py compares real and generated images.

Three spaces need no file, are the same for everyone and judge each image by itself; "inception" needs a file of
weights. docs/metrics.md says how fit they are. TensorFlow is imported for "inception" alone.
"""

import numpy as np

from gan.console.errors import UserError, reason
from gan.data import pixels
from gan.storage import files

DEFAULT = "wavelets"
SPACES = ("wavelets", "random_network", "low_resolution", "inception")

INCEPTION_BLOCK = 32  # images run at once
BLOCK = 32  # images worked on at once, so that they stay in the processor's cache

# Wavelength in pixels of each band, cells a side in which its energy is averaged, and the mean logarithm of that energy
# over faces, upright and slanting, less the mean over bands: features of faces lie around 0.
_BANDS = ((2, 2, -1.7, -3.4), (4, 2, 1.0, -0.4), (8, 3, 2.8, 1.7))
_TYPICAL_CONTRAST = 6.2  # that mean over bands
_CONTRAST_WEIGHT = 3.0
_UNSEEN = 9.0  # energy of noise of three grey levels, which nobody sees
_TONES, _TONE_UNIT = 5, 32.0  # blurred pixels a side; grey levels
_LATTICE, _LATTICE_WEIGHT = 4, 0.5  # period in pixels


def load(name, size, graph_file=None):
    """Gives the function that turns images into features.

    Args:
        name: one of SPACES.
        size: pixels of an image.
        graph_file: path of the frozen Inception graph of 2015, on disk or gs://; for "inception" alone.

    Returns:
        A function: uint8 [N, size] -> float32 [N, d]. The features of an image depend on it alone.

    Raises:
        UserError: there is no such space, or the graph file is missing or another.
    """
    if name not in SPACES:
        raise UserError(f"there are no features {name!r}; there are {', '.join(SPACES)}")
    side = pixels.side(size)
    if name == "inception":
        return _Inception(side, graph_file)
    space = {"wavelets": _Wavelets, "random_network": _RandomNetwork, "low_resolution": _LowResolution}[name](side)
    return lambda images: _in_blocks(space, images, side)


def _in_blocks(space, images, side):
    if len(images) == 0:
        return space(np.zeros((1, side, side), np.float32))[:0]
    blocks = [images[start : start + BLOCK] for start in range(0, len(images), BLOCK)]
    return np.concatenate([space(block.reshape(-1, side, side).astype(np.float32)) for block in blocks])


class _Wavelets:
    """What an image is made of at each scale, where its tones lie, and traces of upsampling: 110 dimensions.

    Logarithms of the energy in three octaves and four directions, on a grid, relative to the image's contrast; its
    contrast; 5x5 blurred pixels; and the 4x4 phases of a lattice of period four, which real images do not have and
    strided transposed convolutions leave.
    """

    def __init__(self, side):
        self._bands = [_Band(side, wavelength, cells) for wavelength, cells, *_ in _BANDS]
        self._means = [np.array([upright, upright, slanting, slanting], np.float32) for *_, upright, slanting in _BANDS]
        self._tones = _cells(side, _TONES)
        self._smooth = _filters(side, np.arange(side), np.tile(np.array([1, 4, 6, 4, 1]) / 16, (side, 1)))
        phases = np.arange(side) % _LATTICE == np.arange(_LATTICE)[:, None]
        self._phases = (phases / phases.sum(1, keepdims=True)).astype(np.float32)

    def __call__(self, images):
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

    Each is a product of filters along the rows and along the columns, so that an image is filtered by small matrix
    products of its own: their rounding does not depend on the other images, and no threads are started for them.
    """

    def __init__(self, side, wavelength, cells):
        stride = max(1, wavelength // 4)
        centres = np.arange((side - 1) % stride // 2, side, stride)
        self._filters = np.stack(_gabor(side, centres, wavelength))
        self._cells = _cells(len(centres), cells)

    def __call__(self, images):
        """float32 [N, side, side] -> [N, 4, cells, cells]."""
        rows = self._filters[:, None] @ images
        # Named by the filters along columns and rows, low, even and odd.
        (_, le, lo), (el, ee, eo), (ol, oe, oo) = rows @ self._filters.transpose(0, 2, 1)[:, None, None]
        pairs = [(el, ol), (le, lo), (ee - oo, oe + eo), (ee + oo, oe - eo)]
        energy = np.stack([np.square(real) + np.square(imaginary) for real, imaginary in pairs], 1)
        return self._cells @ energy @ self._cells.T


def _gabor(side, centres, wavelength):
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


def _filters(side, centres, taps):
    """Filters around each centre of a line whose ends are mirrored: [n], [n, odd length] -> float32 [n, side]."""
    reach = taps.shape[1] // 2
    index = (centres[:, None] + np.arange(-reach, reach + 1)) % (2 * side)
    matrix = np.zeros((len(centres), side))
    np.add.at(matrix, (np.arange(len(centres))[:, None], np.minimum(index, 2 * side - 1 - index)), taps)
    return matrix.astype(np.float32)


def _cells(count, cells):
    """Averages over equal stretches of a line: float32 [cells, count]."""
    inside = (np.arange(count) + 0.5) * cells // count == np.arange(cells)[:, None]
    return (inside / inside.sum(1, keepdims=True)).astype(np.float32)


class _RandomNetwork:
    """Two random convolutions; means and deviations of the channels in four quarters, projected on 64 dimensions."""

    CHANNELS, KERNEL, STRIDE, DIMENSIONS = (24, 48), 5, 2, 64
    SCALE = 5.0  # about unit deviation over faces

    def __init__(self, side):
        numbers = _Numbers(seed=1)
        self._weights, depth = [], 1
        for channels in self.CHANNELS:
            fan_in = self.KERNEL**2 * depth
            self._weights.append(numbers.uniform(fan_in, channels) * np.float32(np.sqrt(6 / fan_in)))
            depth = channels
        basis = np.linalg.qr(numbers.uniform(8 * depth, self.DIMENSIONS))[0]
        self._projection = basis.astype(np.float32)

    def __call__(self, images):
        x = (images[..., None] - 128) / 64
        for weights in self._weights:
            x = np.maximum(_patches(x, self.KERNEL, self.STRIDE) @ weights, 0)
        half = (x.shape[1] + 1) // 2
        halves = (slice(half), slice(-half, None))
        quarters = [x[:, rows, columns] for rows in halves for columns in halves]
        pooled = np.concatenate([f(quarter, axis=(1, 2)) for quarter in quarters for f in (np.mean, np.std)], 1)
        return self.SCALE * (pooled[:, None] @ self._projection)[:, 0]


def _patches(x, kernel, stride):
    """float32 [N, H, W, C] -> [N, h, w, kernel * kernel * C]."""
    windows = np.lib.stride_tricks.sliding_window_view(x, (kernel, kernel), axis=(1, 2))[:, ::stride, ::stride]
    return windows.reshape(*windows.shape[:3], -1)


class _Numbers:
    """Random numbers that are the same in all versions of numpy: the raw bits of Philox."""

    def __init__(self, seed):
        self._bits = np.random.Philox(seed)

    def uniform(self, *shape):
        """float32, uniform in [-1, 1)."""
        bits = self._bits.random_raw(int(np.prod(shape)))
        return ((bits >> 40).astype(np.float64) / 2**23 - 1).astype(np.float32).reshape(shape)


class _LowResolution:
    """The 8x8 lowest frequencies of the cosine transform: what is left of an image from afar."""

    DIMENSIONS, UNIT = 8, 8.0  # grey levels, root mean square over the image

    def __init__(self, side):
        frequencies, positions = np.arange(self.DIMENSIONS)[:, None], np.arange(side) + 0.5
        basis = np.cos(np.pi * frequencies * positions / side) * np.sqrt(2 / side)
        basis[0] /= np.sqrt(2)
        self._basis = (basis / np.sqrt(side)).astype(np.float32)

    def __call__(self, images):
        return (self._basis @ (images - 128) @ self._basis.T).reshape(len(images), -1) / self.UNIT


class _Inception:
    """pool_3 of the network of Szegedy et al. 2015, arXiv 1512.00567, as frozen for TensorFlow: 2048 dimensions."""

    def __init__(self, side, graph_file):
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
                    node.attr.pop("_output_shapes", None)  # they may say one image at a time
                (pooled,) = tf.import_graph_def(wanted, {entrance: colour}, ["pool_3:0"])
            except (ValueError, TypeError, AssertionError) as error:
                raise UserError(f"{graph_file} is not the Inception graph of 2015: {reason(error)}") from error
            self._features = tf.reshape(pooled, [INCEPTION_BLOCK, -1])
        self._session = tf.Session(graph=graph)

    def __call__(self, images):
        # Blocks of one size, the last one filled up: results do not depend on how many images there are.
        results = []
        for start in range(0, max(len(images), 1), INCEPTION_BLOCK):
            part = images[start : start + INCEPTION_BLOCK].reshape(-1, self._side, self._side)
            padded = np.zeros((INCEPTION_BLOCK, self._side, self._side), np.float32)
            padded[: len(part)] = part
            results.append(self._session.run(self._features, {self._images: padded})[: len(part)])
        return np.concatenate(results)


def _read_graph(path):
    """The GraphDef of a file."""
    if path is None:
        raise UserError('the features "inception" need the file classify_image_graph_def.pb')
    try:
        content = files.read(path)
    except (FileNotFoundError, IsADirectoryError) as error:
        raise UserError(f"there is no file {path}; the features need classify_image_graph_def.pb") from error
    import tensorflow.compat.v1 as tf

    graph_def = tf.GraphDef()
    try:
        graph_def.ParseFromString(content)
    except Exception as error:  # protobuf's implementations raise classes of their own
        raise UserError(f"{path} is not a frozen graph") from error
    if "pool_3" not in {node.name for node in graph_def.node}:
        raise UserError(f"{path} is not the Inception graph of 2015: it has no pool_3")
    return graph_def
