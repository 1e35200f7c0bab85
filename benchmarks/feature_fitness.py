"""Whether distances in a feature space grow as images get worse: the test that a space for metrics must pass.

    python benchmarks/feature_fitness.py --train_data_pattern='data/train*.tfrecords' \\
        --validation_data_pattern='data/validation*.tfrecords' --train_dirs=run1

The validation faces are compared with as many faces of the training set. These are blurred, shifted, copied, left out
and so on, a little more at each level. A space is good if both distances grow strictly with every level; the earlier a
level stands out from the distances of untouched faces, the better. Snapshots of training runs are further series, in
the order of their steps; there distances should fall while the training gets better.
"""

import dataclasses
import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[0] = ROOT

import numpy as np

from gan.console import command
from gan.console.errors import UserError
from gan.console.flags import flag
from gan.data import pixels, tfrecords
from gan.measure import features, metrics
from gan.random_noise_generator import Use, uniform_noise
from gan.snapshots import checkpoint_files
from gan.storage import cache

FACES = os.path.join(os.path.dirname(ROOT), "shared", "data", "faces")
SIDE = 50
CLUSTERS = 8
Seed = int | tuple[int, ...]
FLOOR_POOL, FLOOR_DRAWS = 6000, 20  # untouched faces; how often as many as the validation set has are drawn from them


class Series(NamedTuple):
    """One way to make images worse."""

    name: str
    levels: tuple[float, ...]  # values for `alter`, from little to much
    alter: Callable[[np.ndarray, float, np.random.Generator], np.ndarray]  # of float32 [N, 50, 50] in grey levels

    def draw(self, training: np.ndarray, level: float, count: int, seed: Seed) -> np.ndarray:
        """`count` altered images, the same ones at every level: uint8 [count, 2500]."""
        images = draw(training, count, seed).reshape(-1, SIDE, SIDE).astype(np.float32)
        altered = self.alter(images, level, generator(seed, 1))
        return np.rint(np.clip(altered, 0, 255)).astype(np.uint8).reshape(count, -1)


class Population(NamedTuple):
    """One way to leave out more and more of the training set."""

    name: str
    levels: tuple[float, ...]
    rank: Callable[[np.ndarray], np.ndarray]  # uint8 [M, 2500] -> [M]; images below the level are left out

    def draw(self, training: np.ndarray, level: float, count: int, seed: Seed) -> np.ndarray:
        """`count` of the images that are left: uint8 [count, 2500]."""
        return draw(training[self.rank(training) >= level], count, seed)


def draw(images: np.ndarray, count: int, seed: Seed) -> np.ndarray:
    """`count` of the images, without replacement."""
    if len(images) < count:
        raise UserError(f"{len(images)} images are left of the training set, {count} are needed")
    return images[generator(seed, 0).permutation(len(images))[:count]]


def generator(*key: Seed) -> np.random.Generator:
    """A numpy generator that depends on the key alone."""
    return np.random.default_rng(key)


def blur(images: np.ndarray, sigma: float, random: np.random.Generator) -> np.ndarray:
    """Gaussian blur of `sigma` pixels, edges repeated."""
    reach = int(np.ceil(4 * sigma))
    weights = np.exp(-np.square(np.arange(-reach, reach + 1) / sigma) / 2)
    taps = np.clip(np.arange(SIDE)[:, None] + np.arange(-reach, reach + 1), 0, SIDE - 1)
    matrix = np.zeros((SIDE, SIDE))
    np.add.at(matrix, (np.arange(SIDE)[:, None], taps), weights / weights.sum())
    return matrix @ images @ matrix.T


def noise(images: np.ndarray, sigma: float, random: np.random.Generator) -> np.ndarray:
    """White noise of `sigma` grey levels."""
    return images + sigma * random.standard_normal(images.shape)


def brighten(images: np.ndarray, levels: float, random: np.random.Generator) -> np.ndarray:
    """Adds grey levels."""
    return images + levels


def darken(images: np.ndarray, levels: float, random: np.random.Generator) -> np.ndarray:
    """Takes grey levels away."""
    return images - levels


def less_contrast(images: np.ndarray, percent: float, random: np.random.Generator) -> np.ndarray:
    """Moves grey values towards the image's mean."""
    mean = images.mean((1, 2), keepdims=True)
    return mean + (images - mean) * (1 - percent / 100)


def more_contrast(images: np.ndarray, percent: float, random: np.random.Generator) -> np.ndarray:
    """Moves grey values away from the image's mean."""
    mean = images.mean((1, 2), keepdims=True)
    return mean + (images - mean) * (1 + percent / 100)


def checkerboard(images: np.ndarray, amplitude: float, random: np.random.Generator) -> np.ndarray:
    """Adds a checkerboard of single pixels, in grey levels."""
    sign = (-1.0) ** np.arange(SIDE)
    return images + amplitude * sign * sign[:, None]


def grid(images: np.ndarray, amplitude: float, random: np.random.Generator) -> np.ndarray:
    """Brightens every second pixel of every second row, as transposed convolutions of stride 2 do."""
    comb = (np.arange(SIDE) % 2 == 0) * 1.0
    pattern = comb * comb[:, None]
    return images + amplitude * (pattern - pattern.mean())


def coarse_grid(images: np.ndarray, amplitude: float, random: np.random.Generator) -> np.ndarray:
    """The same with a period of four pixels, as two such layers do."""
    comb = (np.arange(SIDE) % 4 == 0) * 1.0
    pattern = np.maximum(comb, comb[:, None])
    return images + amplitude * (pattern - pattern.mean())


def translate(images: np.ndarray, pixels: float, random: np.random.Generator) -> np.ndarray:
    """Shifts to the right and down, edges repeated."""
    index = np.clip(np.arange(SIDE) - pixels, 0, None)
    return images[:, index][:, :, index]


def crop(images: np.ndarray, pixels: float, random: np.random.Generator) -> np.ndarray:
    """Cuts pixels off each side and enlarges the rest."""
    return resample(images, *np.meshgrid(*[np.linspace(pixels, SIDE - 1 - pixels, SIDE)] * 2, indexing="ij"))


def warp(images: np.ndarray, pixels: float, random: np.random.Generator) -> np.ndarray:
    """Bends each image by a smooth random field of `pixels` standard deviation: misplaced parts of faces."""
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(float)
    fields = random.standard_normal((2, *images.shape))
    fields = blur(fields.reshape(-1, SIDE, SIDE), 4, random).reshape(fields.shape)
    dy, dx = pixels * fields / fields.std()
    return resample(images, y + dy, x + dx)


def resample(images: np.ndarray, y: np.ndarray, x: np.ndarray, finer: int = 4) -> np.ndarray:
    """Values of each image [N, H, W] at rows `y` and columns `x`, [H, W] or [N, H, W], without blurring.

    Bilinear between the pixels of a `finer` image, which the cosine transform interpolates.
    """
    frequencies = np.arange(SIDE)[:, None]
    cosines = [
        np.cos(np.pi * frequencies * (np.arange(SIDE * scale) + 0.5) / (SIDE * scale)).astype(np.float32)
        for scale in (1, finer)
    ]
    interpolation = cosines[1].T @ (cosines[0] * np.where(frequencies, 2 / SIDE, 1 / SIDE).astype(np.float32))
    images = interpolation @ images.astype(np.float32) @ interpolation.T
    y, x = (np.clip((values + 0.5) * finer - 0.5, 0, SIDE * finer - 1) for values in (y, x))
    top, left = (np.minimum(values.astype(int), SIDE * finer - 2) for values in (y, x))
    down, right = y - top, x - left
    which = np.arange(len(images))[:, None, None]
    upper = images[which, top, left] * (1 - right) + images[which, top, left + 1] * right
    lower = images[which, top + 1, left] * (1 - right) + images[which, top + 1, left + 1] * right
    return upper * (1 - down) + lower * down


def ghost(images: np.ndarray, percent: float, random: np.random.Generator) -> np.ndarray:
    """Mixes another face into each: double exposures, as generators make between two modes."""
    return images * (1 - percent / 100) + images[::-1] * percent / 100


def holes(images: np.ndarray, pixels: float, random: np.random.Generator) -> np.ndarray:
    """Blackens a square of `pixels` a side at a random place of each image."""
    images = images.copy()
    places = random.random((len(images), 2))
    for image, (top, left) in zip(images, (places * (SIDE - pixels)).astype(int)):
        image[top : top + pixels, left : left + pixels] = 0
    return images


def shuffled_blocks(images: np.ndarray, percent: float, random: np.random.Generator) -> np.ndarray:
    """In a share of the images, shuffles the 25 blocks of 10x10 pixels: textures of faces that are no faces."""
    images, chosen = images.copy(), share(len(images), percent, random)
    blocks = images[chosen].reshape(-1, 5, 10, 5, 10).transpose(0, 1, 3, 2, 4).reshape(-1, 25, 10, 10)
    blocks = np.stack([parts[random.permutation(25)] for parts in blocks])
    images[chosen] = blocks.reshape(-1, 5, 5, 10, 10).transpose(0, 1, 3, 2, 4).reshape(-1, SIDE, SIDE)
    return images


def upside_down(images: np.ndarray, percent: float, random: np.random.Generator) -> np.ndarray:
    """Turns a share of the images upside down."""
    images, chosen = images.copy(), share(len(images), percent, random)
    images[chosen] = images[chosen, ::-1]
    return images


def copies(images: np.ndarray, percent: float, random: np.random.Generator) -> np.ndarray:
    """Replaces a share of the images by copies of ten of them."""
    images, chosen = images.copy(), share(len(images), percent, random)
    images[chosen] = images[np.arange(len(chosen)) % 10]
    return images


def share(count: int, percent: float, random: np.random.Generator) -> np.ndarray:
    """Indices of a share; a larger one holds the smaller."""
    return random.permutation(count)[: round(count * percent / 100)]


def brightness(images: np.ndarray) -> np.ndarray:
    """Percentile of each image's brightness: float [N]."""
    return 100 * images.mean(1).argsort(kind="stable").argsort() / len(images)


def darkness(images: np.ndarray) -> np.ndarray:
    """The same from the bright end."""
    return 100 - 100 / len(images) - brightness(images)


def cluster(images: np.ndarray, rounds: int = 20) -> np.ndarray:
    """Which of eight clusters of tones each image is in, numbered by their distance from the first one: int [N]."""
    points = features.load("low_resolution", SIDE * SIDE)(images)
    centres = points[:1]
    while len(centres) < CLUSTERS:
        centres = np.concatenate([centres, points[metrics.squared_distances(points, centres).min(1).argmax()][None]])
    for _ in range(rounds):
        labels = metrics.squared_distances(points, centres).argmin(1)
        centres = np.stack([points[labels == label].mean(0) for label in range(CLUSTERS)])
    # Near ones first: leaving out two opposite modes changes the mean less than leaving out one.
    order = metrics.squared_distances(centres[:1], centres)[0].argsort()
    return order.argsort()[labels]


SERIES = [
    Series("blur, sigma in pixels", (0.4, 0.6, 0.8, 1, 1.5, 2.5), blur),
    Series("noise, grey levels", (1, 2, 4, 8, 16, 32), noise),
    Series("brighter, grey levels", (4, 8, 16, 32, 64), brighten),
    Series("darker, grey levels", (4, 8, 16, 32, 64), darken),
    Series("less contrast, %", (5, 10, 20, 40, 60), less_contrast),
    Series("more contrast, %", (5, 10, 20, 40, 80), more_contrast),
    Series("checkerboard, grey levels", (1, 2, 4, 8, 16), checkerboard),
    Series("2x2 grid, grey levels", (1, 2, 4, 8, 16, 32), grid),
    Series("4x4 grid, grey levels", (1, 2, 4, 8, 16, 32), coarse_grid),
    Series("translation, pixels", (1, 2, 3, 5, 8), translate),
    Series("crop, pixels a side", (1, 2, 3, 5, 8), crop),
    Series("warp, pixels", (0.5, 1, 2, 3, 5), warp),
    Series("ghost of another face, %", (5, 10, 20, 30, 40, 50), ghost),
    Series("black squares, pixels", (3, 5, 8, 12, 20), holes),
    Series("shuffled blocks, % of images", (5, 10, 20, 50, 100), shuffled_blocks),
    Series("upside down, % of images", (5, 10, 20, 50, 100), upside_down),
    Series("copies of ten, % of images", (10, 20, 40, 60, 80, 100), copies),
    Population("darkest left out, %", (10, 20, 40, 60, 80), brightness),
    Population("brightest left out, %", (10, 20, 40, 60, 80), darkness),
    Population("modes left out, of 8", (1, 2, 3, 4, 5, 6, 7), cluster),
]


@dataclasses.dataclass(frozen=True)
class FitnessConfig:
    """Flags of the command, by name."""

    train_data_pattern: str = flag(os.path.join(FACES, "train*.tfrecords"), "TFRecord files of 50x50 faces to alter.")
    validation_data_pattern: str = flag(
        os.path.join(FACES, "validation*.tfrecords"), "TFRecord files of 50x50 faces to compare with."
    )
    spaces: str = flag(
        "wavelets,random_network,low_resolution", "Spaces of gan/measure/features.py to test, with commas."
    )
    inception_graph: str | None = flag(None, "File of weights for the space inception.")
    train_dirs: str | None = flag(None, "Folders of training runs whose snapshots are further series, with commas.")
    snapshots: int = flag(8, "How many snapshots of each run, spread evenly over their order.", at_least=2)
    draws: int = flag(3, "How many times images are drawn; distances are averages.", at_least=1)


class Distances(NamedTuple):
    """Both distances from the validation faces."""

    frechet: float
    kernel: float


class Space:
    """A feature space with the validation faces in it, and the distances of untouched faces from them."""

    def __init__(self, name: str, config: FitnessConfig, training: np.ndarray, validation: np.ndarray) -> None:
        self._features = features.load(name, SIDE * SIDE, config.inception_graph)
        self.name, self._reference = name, self._features(validation)
        started = time.perf_counter()
        pool = self._features(training[:FLOOR_POOL])
        self.seconds = (time.perf_counter() - started) / len(pool) * 1000
        draws = [draw(pool, len(validation), (seed, 2)) for seed in range(FLOOR_DRAWS)]
        self.floor = np.array([self._between(drawn) for drawn in draws])  # [draws, 2]

    def distances(self, images: np.ndarray) -> Distances:
        """Distances of uint8 [N, 2500]."""
        return self._between(self._features(images))

    def _between(self, vectors):
        return Distances(
            metrics.frechet_distance(vectors, self._reference), metrics.kernel_distance(vectors, self._reference)
        )

    def summary(self) -> str:
        """Its floor in words."""
        (frechet, kernel), (frechet_spread, kernel_spread) = self.floor.mean(0), self.floor.std(0)
        return (
            f"{self._reference.shape[1]} dimensions, {self.seconds:.1f} s for 1,000 images; untouched faces, "
            f"{len(self._reference)}: Frechet {frechet:.3g} +- {frechet_spread:.2g}, "
            f"kernel {kernel:.3f} +- {kernel_spread:.2g}"
        )


def main(argv: list[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    return command.run(measure, FitnessConfig, argv)


def measure(config: FitnessConfig) -> None:
    """Prints for each space and series whether distances grow, from which level they stand out, and their values."""
    training, validation = (
        tfrecords.read_all(cache.find_files(pattern, flag_name), SIDE * SIDE)
        for pattern, flag_name in (
            (config.train_data_pattern, "train_data_pattern"),
            (config.validation_data_pattern, "validation_data_pattern"),
        )
    )
    spaces = [Space(name.strip(), config, training, validation) for name in config.spaces.split(",")]
    for space in spaces:
        print(f"{space.name}: {space.summary()}")
    print("\n| images | " + " | ".join(f"{space.name} {what}" for space in spaces for what in Distances._fields) + " |")
    print("|---|" + "---|" * 2 * len(spaces))
    rows = []
    for series in SERIES:
        values = np.mean(
            [distances(spaces, series, training, len(validation), seed) for seed in range(config.draws)], 0
        )
        rows.append((series, values))
        print(f"| {series.name} | " + " | ".join(verdicts(spaces, series, values)) + " |", flush=True)
    for index, space in enumerate(spaces):
        for row, what in enumerate(Distances._fields):
            print(f"\n{space.name}, {what} distance at each level, the first untouched:")
            for series, values in rows:
                print(f"{series.name} {series.levels}: " + " ".join(f"{value:.4g}" for value in values[:, index, row]))
    for train_dir in config.train_dirs.split(",") if config.train_dirs else []:
        measure_run(train_dir, spaces, len(validation), config.snapshots)


def distances(
    spaces: list[Space], series: Series | Population, training: np.ndarray, count: int, seed: Seed
) -> np.ndarray:
    """Distances at no alteration and at each level: float [1 + levels, spaces, 2]."""
    sets = [draw(training, count, seed)] + [series.draw(training, level, count, seed) for level in series.levels]
    return np.array([[space.distances(images) for space in spaces] for images in sets])


def verdicts(spaces: list[Space], series: Series | Population, values: np.ndarray) -> Iterator[str]:
    """For each space and distance: whether it grows, and the first level beyond three deviations of the floor."""
    for index, space in enumerate(spaces):
        limits = space.floor.mean(0) + 3 * space.floor.std(0)
        for row, limit in enumerate(limits):
            series_values = values[:, index, row]
            beyond = [level for level, value in zip(series.levels, series_values[1:]) if value > limit]
            grows = "grows" if (np.diff(series_values) > 0).all() else "no"
            yield f"{grows}, from {beyond[0]}" if beyond else f"{grows}, never"


def measure_run(train_dir: str, spaces: list[Space], count: int, snapshots: int) -> None:
    """Prints the distances along a training run."""
    from gan.snapshots.snapshot import Snapshot

    steps = checkpoint_files.snapshot_steps(train_dir)
    if not steps:
        raise UserError(f"--train_dirs={train_dir}: no snapshots there")
    chosen = [steps[round(place)] for place in np.linspace(0, len(steps) - 1, min(snapshots, len(steps)))]
    print(f"\n{train_dir}: steps {chosen}")
    values = []
    for step in chosen:
        snapshot = Snapshot(os.path.join(train_dir, f"model.ckpt-{step}"), SIDE * SIDE)
        images = pixels.to_bytes(snapshot.generate(uniform_noise(count, Use.EVALUATION_NOISE, 0)))
        values.append([space.distances(images) for space in spaces])
    for index, space in enumerate(spaces):
        for row, what in enumerate(Distances._fields):
            print(f"{space.name}, {what}: " + " ".join(f"{value[index][row]:.4g}" for value in values))


if __name__ == "__main__":
    sys.exit(main())
