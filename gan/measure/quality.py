"""How good and how new a generator's images are, measured against real ones. No TensorFlow.

Every number's name says on how many images it was measured and in which space: frechet_689_wavelets. The
same numbers of other real images, drawn from the training set, are the floor: no generator can be
expected to come below.
"""

import contextlib
import re
import time
from typing import NamedTuple

import numpy as np

from gan.console.errors import UserError
from gan.console.progress import Progress
from gan.measure import cross_play, estimates, metrics
from gan.measure.estimates import Estimate
from gan.random_noise_generator import Use, random_generator


class Meaning(NamedTuple):
    """What a number is."""

    title: str
    better: str  # where it should be
    text: str


# Images that numbers are measured on: those of a half round, and so many that time and memory, which grow with the
# square, are bearable.
FEWEST, MOST = cross_play.IMAGES, 2000
PIXELS = "pixels"
MANY_COPIES = 0.05  # share of copies that calls for a closer look; of held-out faces, fewer than 1% are that near
_RESAMPLES = 200  # for intervals
MEANINGS = {
    "frechet": Meaning(
        "Frechet distance",
        "lower",
        "How far all generated images together are from all real ones: their averages and how they vary, in features "
        "of the images. Other real images have about 0.",
    ),
    "kid": Meaning(
        "KID",
        "lower",
        "Kernel distance: another way to ask the same, which needs fewer images. Its average for other real images is "
        "exactly 0, so it may come out below.",
    ),
    "precision": Meaning(
        "precision", "higher", "Share of generated images that lie where real ones lie: do they look like faces?"
    ),
    "recall": Meaning(
        "recall", "higher", "Share of real images that lie where generated ones lie: is every kind of face drawn?"
    ),
    "density": Meaning(
        "density", "higher", "Like precision, but counts how many real images are around; less moved by odd ones."
    ),
    "coverage": Meaning(
        "coverage", "higher", "Share of real images that have a generated one nearby: low where few kinds are drawn."
    ),
    "nearer_to_training": Meaning(
        "nearer to training",
        "near 50%",
        "Chance that a generated image is nearer to a training image, or to its mirror image, than a held-out face is. "
        "About 50% for new images, 100% for copies. Blurred images are near to everything in pixels; copies are near "
        "in every space.",
    ),
    "very_near_training": Meaning(
        "very near to training",
        "near 1%",
        "Share of generated images that are nearer to a training image than all but 1% of held-out faces are.",
    ),
    "copied": Meaning(
        "half as far from training",
        "0%",
        "Share of generated images that are less than half as far from a training image as is usual for held-out "
        "faces. Blurred images do not get that near; copies do.",
    ),
}
SHARES = frozenset(MEANINGS) - {"frechet", "kid", "density"}  # shown as per cent
_CHUNK = 512  # images whose features are computed at once
_LONG = 5  # seconds of work from which on progress is shown


class Yardstick:
    """Held-out real images that generated ones are measured against.

    Args:
        real: uint8 [N, size], held out from training.
        spaces: name -> function uint8 [N, size] -> float [N, d], as features.load gives them.
        train: uint8 [M, size], the images trained on, for the floor and for memorisation; None without.
        search: names of those spaces in which copies of training images are looked for, besides pixels.
        count: how many images to measure on; None: as many as there are real ones, up to MOST.
        seed: of the choice of images and of the intervals.

    Attributes:
        count: how many real images, and as many generated ones, each number is measured on.
        floor: name -> Estimate or float, as `measure` gives them for real images: of the training set, and held-out
            ones where copies are looked for. Empty without training images.

    Raises:
        UserError: there are too few images, or the held-out ones are training images.
    """

    def __init__(self, real, spaces, train=None, search=(), count=None, seed=0):
        if len(real) < FEWEST:
            raise UserError(f"{len(real)} real images are too few to measure generated ones; {FEWEST} are needed")
        self.count, self._spaces, self._seed = count or min(len(real), MOST), spaces, seed
        held_out = self._some(real)
        self._real = self._features(held_out)
        self._training = self._training_in(search, train) if train is not None else {}
        self._held_out = self._distances({PIXELS: held_out, **self._real})
        self._check_held_out()
        self.floor = self._floor(train) if train is not None else {}

    def measure(self, images):
        """Measures generated images.

        Args:
            images: uint8 [N, size], at least `count`, of which the first are used.

        Returns:
            name -> estimates.Estimate, or float where there is no interval. In the names, N is `count` and SPACE a
            space: frechet_N_SPACE and kid_N_SPACE, precision_N_SPACE, recall_N_SPACE, density_N_SPACE,
            coverage_N_SPACE; with training images also nearer_to_training_N_SPACE (the chance that a generated
            image is nearer to a training image than a held-out one is; 0.5 for new images) and
            very_near_training_N_SPACE (the share nearer than the nearest 1% of held-out ones; 0.01 for new images),
            and copied_N_pixels (the share less than half as far away as held-out ones in the median).
        """
        images = images[: self.count]
        features = self._features(images)
        return {**self._compare(features), **self._look_for_copies({PIXELS: images, **features})}

    def nearest_training(self, images):
        """The nearest training image of each, flips included, in pixels.

        Args:
            images: uint8 [N, size].

        Returns:
            (uint8 [N, size], the training images; float [N], distances in grey levels), or None without training
            images.
        """
        if not self._training:
            return None
        indices, distances = metrics.nearest(images, self._training[PIXELS])
        return self._training[PIXELS][indices], distances

    def held_out_distance(self):
        """Median distance in grey levels of held-out images to their nearest training image; None without those."""
        return float(np.median(self._held_out[PIXELS])) if self._held_out else None

    def _some(self, images):
        chosen = self._random().choice(len(images), self.count, replace=False)
        return images[np.sort(chosen)]

    def _random(self):
        """The same numbers for every generator, so that chance treats all alike."""
        return random_generator(Use.EVALUATION_NOISE, self._seed, 1)

    def _features(self, images):
        return {name: _compute(space, images, name) for name, space in self._spaces.items()}

    def _training_in(self, search, train):
        """Training images and their flips, in pixels and in each space to search: name -> [2M, d]."""
        images = metrics.with_flips(train)
        return {PIXELS: images, **{name: _compute(self._spaces[name], images, name) for name in search}}

    def _floor(self, train):
        new = {}
        for name in self._training:
            label = f"{self.count}_{name}"
            new |= {f"nearer_to_training_{label}": 0.5, f"very_near_training_{label}": 0.01}
            new |= self._copied(name, self._held_out[name])
        return {**(self._compare(self._features(self._some(train))) if len(train) >= self.count else {}), **new}

    def _compare(self, features):
        """The numbers that compare two sets of images."""
        results = {}
        for name, fake in features.items():
            real, label = self._real[name], f"{self.count}_{name}"
            frechet = estimates.bootstrap(metrics.frechet_distance, fake, real, _RESAMPLES, self._random())
            kernel = metrics.kernel_distance_interval(fake, real, _RESAMPLES, self._random())
            results |= {f"frechet_{label}": frechet, f"kid_{label}": kernel}
            covered = metrics.precision_recall_density_coverage(real, fake)
            results |= {f"{what}_{label}": value for what, value in covered._asdict().items()}
        return results

    def _look_for_copies(self, spaces):
        """The numbers that say whether images are too near to those trained on."""
        results = {}
        for name, distances in self._distances(spaces).items():
            found, label = metrics.memorisation(distances, self._held_out[name]), f"{self.count}_{name}"
            results |= {
                f"nearer_to_training_{label}": found.nearer,
                f"very_near_training_{label}": estimates.wilson(found.very_near, self.count),
                **self._copied(name, distances),
            }
        return results

    def _copied(self, space, distances):
        """The share of copies, in pixels: in features alone, faces of different people can be as near."""
        if space != PIXELS:
            return {}
        share = float(np.mean(distances < np.median(self._held_out[space]) / 2))
        return {f"copied_{self.count}_{space}": estimates.wilson(share, len(distances))}

    def _distances(self, spaces):
        """Distances to the nearest training image, in each space that has some: name -> float [N]."""
        return {name: metrics.nearest(spaces[name], near)[1] for name, near in self._training.items()}

    def _check_held_out(self):
        if self._held_out and np.median(self._held_out[PIXELS]) == 0:
            raise UserError(
                "most of the images to evaluate with are training images; give images that were held out from training"
            )


def flat(measures, floor=None):
    """Numbers as one level of names for JSON: an Estimate becomes NAME, NAME_low and NAME_high.

    Args:
        measures: name -> Estimate or float.
        floor: likewise, for NAME_floor; None without.
    """
    result = {}
    for name, value in measures.items():
        result[name] = value_of(value)
        if isinstance(value, Estimate):
            result |= {f"{name}_low": value.low, f"{name}_high": value.high}
        if floor and name in floor:
            result[f"{name}_floor"] = value_of(floor[name])
    return result


def value_of(number):
    """The number itself, with or without an interval."""
    return number.value if isinstance(number, Estimate) else number


def parts(name):
    """frechet_689_wavelets -> ("frechet", 689, "wavelets"); the first is a key of MEANINGS."""
    kind, count, space = re.fullmatch(r"(.+?)_(\d+)_(.+)", name).groups()
    return kind, int(count), space


def described(measures, floor):
    """Numbers as lines of text, each with its interval and its floor where it has them."""
    lines = []
    for name, number in measures.items():
        interval = f" ({number.low:.4g} to {number.high:.4g})" if isinstance(number, Estimate) else ""
        below = f", floor {value_of(floor[name]):.4g}" if name in floor else ""
        lines.append(f"  {name} {value_of(number):.4g}{interval}{below}")
    return "\n".join(lines)


def _compute(space, images, name):
    """Features float [N, d], with progress where it takes long."""
    start = time.monotonic()
    chunks = [space(images[:_CHUNK])]
    is_long = (time.monotonic() - start) * len(images) / _CHUNK > _LONG
    with Progress(f"features: {name}", len(images)) if is_long else contextlib.nullcontext() as progress:
        for first in range(_CHUNK, len(images), _CHUNK):
            chunks.append(space(images[first : first + _CHUNK]))
            if progress:
                progress.update(len(chunks[-1]))
    return np.concatenate(chunks)
