"""Whether distances in a feature space grow as images get worse: the test that a space for metrics must pass.

    python benchmarks/feature_fitness.py --train_data_pattern='data/train*.tfrecords' \\
        --validation_data_pattern='data/validation*.tfrecords' --train_dirs=run1

The validation faces are compared with as many faces of the training set. These are blurred, shifted, copied, left out
and so on, a little more at each level. A space that was trained on the training faces wants --altered=validation, which
alters faces that it has never seen. A space is good if both distances grow strictly with every level; the earlier a
level stands out from the distances of untouched faces, the better. Snapshots of training runs are further series, in
the order of their steps; there distances should fall while the training gets better.
"""

import dataclasses
import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[0] = ROOT

import numpy as np

from benchmarks.local_alterations import LOCAL, Alter
from benchmarks.whole_alterations import WHOLE
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
    alter: Alter

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
    *(Series(*each) for each in WHOLE),
    Population("darkest left out, %", (10, 20, 40, 60, 80), brightness),
    Population("brightest left out, %", (10, 20, 40, 60, 80), darkness),
    Population("modes left out, of 8", (1, 2, 3, 4, 5, 6, 7), cluster),
    *(Series(*each) for each in LOCAL),
]


@dataclasses.dataclass(frozen=True)
class FitnessConfig:
    """Flags of the command, by name."""

    train_data_pattern: str = flag(os.path.join(FACES, "train*.tfrecords"), "TFRecord files of 50x50 faces.")
    validation_data_pattern: str = flag(
        os.path.join(FACES, "validation*.tfrecords"), "TFRecord files of 50x50 faces that nobody trained on."
    )
    altered: str = flag(
        "training",
        "Which faces are altered: training, to compare them with the validation faces; validation, to compare them "
        "with as many training faces. The latter cannot leave out faces.",
        choices=("training", "validation"),
    )
    spaces: str = flag(",".join(features.BUILT_IN), "Spaces of gan/measure/features.py to test, with commas.")
    series: str | None = flag(None, "Series to test, with commas: words of their names. The default is all.")
    inception_graph: str | None = flag(None, "File of weights for the space inception.")
    train_dirs: str | None = flag(None, "Folders of training runs whose snapshots are further series, with commas.")
    snapshots: int = flag(8, "How many snapshots of each run, spread evenly over their order.", at_least=2)
    draws: int = flag(3, "How many times images are drawn; distances are averages.", at_least=1)


class Distances(NamedTuple):
    """Both distances of images from untouched faces."""

    frechet: float
    kernel: float


def between(vectors: np.ndarray, others: np.ndarray) -> Distances:
    """Both distances of features [N, d]."""
    return Distances(metrics.frechet_distance(vectors, others), metrics.kernel_distance(vectors, others))


class Space:
    """A feature space with the faces to compare with, and the distances of untouched faces."""

    def __init__(self, name: str, config: FitnessConfig, training: np.ndarray, validation: np.ndarray) -> None:
        self._features = features.load(name, SIDE * SIDE, config.inception_graph)
        self.name, held_out = name, self._features(validation)
        started = time.perf_counter()
        pool = self._features(training[:FLOOR_POOL])
        self.seconds = (time.perf_counter() - started) / len(pool) * 1000
        draws = [draw(pool, len(validation), (seed, 2)) for seed in range(FLOOR_DRAWS)]
        self.floor = np.array([between(drawn, held_out) for drawn in draws])  # [draws, 2]
        self._references = draws if config.altered == "validation" else [held_out]

    def distances(self, images: np.ndarray, seed: int) -> Distances:
        """Distances of uint8 [N, 2500] from the reference of this seed."""
        return between(self._features(images), self._references[seed % len(self._references)])

    def summary(self) -> str:
        """Its floor in words."""
        (frechet, kernel), (frechet_spread, kernel_spread) = self.floor.mean(0), self.floor.std(0)
        return (
            f"{self._references[0].shape[1]} dimensions, {self.seconds:.1f} s for 1,000 images; untouched faces, "
            f"{len(self._references[0])}: Frechet {frechet:.3g} +- {frechet_spread:.2g}, "
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
    altered, kinds = (training, Series | Population) if config.altered == "training" else (validation, Series)
    for series in chosen_series(config.series, kinds):
        values = np.mean([distances(spaces, series, altered, len(validation), seed) for seed in range(config.draws)], 0)
        rows.append((series, values))
        print(f"| {series.name} | " + " | ".join(verdicts(spaces, series, values)) + " |", flush=True)
    for index, space in enumerate(spaces):
        for row, what in enumerate(Distances._fields):
            print(f"\n{space.name}, {what}, the first untouched; then how many deviations above the floor:")
            mean, deviation = space.floor.mean(0)[row], space.floor.std(0)[row]
            for series, values in rows:
                found = values[:, index, row]
                beyond = " ".join(f"{(value - mean) / deviation:.1f}" for value in found[1:])
                print(f"{series.name} {series.levels}: " + " ".join(f"{value:.4g}" for value in found) + f"; {beyond}")
    for train_dir in config.train_dirs.split(",") if config.train_dirs else []:
        measure_run(train_dir, spaces, len(validation), config.snapshots)


def chosen_series(words: str | None, kinds: Any) -> list[Series | Population]:
    """The series of these kinds whose names hold one of the words."""
    wanted = [word.strip() for word in words.split(",")] if words else [""]
    found = [series for series in SERIES if isinstance(series, kinds) and any(word in series.name for word in wanted)]
    if not found:
        raise UserError(f"--series={words}: no series is called so; there are {'; '.join(one.name for one in SERIES)}")
    return found


def distances(spaces: list[Space], series: Series | Population, faces: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Distances at no alteration and at each level: float [1 + levels, spaces, 2]."""
    sets = [draw(faces, count, seed)] + [series.draw(faces, level, count, seed) for level in series.levels]
    return np.array([[space.distances(images, seed) for space in spaces] for images in sets])


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
        values.append([space.distances(images, 0) for space in spaces])
    for index, space in enumerate(spaces):
        for row, what in enumerate(Distances._fields):
            found = [value[index][row] for value in values]
            print(f"{space.name}, {what}: " + " ".join(f"{value:.4g}" for value in found))
            print(f"    rank correlation with the step: {rank_correlation(found):.2f}")


def rank_correlation(values: list[float]) -> float:
    """Spearman's, of values and their order: -1 if they fall all the time."""
    return float(np.corrcoef(np.argsort(np.argsort(values)), np.arange(len(values)))[0, 1])


if __name__ == "__main__":
    sys.exit(main())
