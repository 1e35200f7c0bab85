"""How good and how new a generator's images are, measured against real ones. No TensorFlow.

The same numbers of other real images, drawn from the training set, are the floor: no generator can be expected to
come below.
"""

import contextlib
import time
from collections.abc import Collection, Iterator, Mapping

import numpy as np

from gan.console.errors import UserError
from gan.console.progress import Progress
from gan.data import pixels
from gan.measure import cross_play, estimates, metric_registry, metrics
from gan.measure.estimates import Estimate, Number
from gan.measure.features import Features
from gan.measure.metric_registry import PIXELS, ComparedImages, Measured, Metric, Quantity, RealImages
from gan.random_noise_generator import Use, random_generator

# Images that numbers are measured on: at least those of a half round, and at most so many that time and memory, which
# grow with the square, are bearable.
FEWEST, MOST = cross_play.IMAGES, 2000

_CHUNK = 512  # images whose features are computed at once
_LONG = 5  # seconds of work; more shows progress


class QualityMeter:
    """Measures generated images against held-out real ones.

    Args:
        real: uint8 [N, size], held out from training.
        spaces: name -> features of images.
        train: uint8 [M, size], the images trained on, for the floor and to look for copies; None without.
        search: names of those spaces in which copies of training images are looked for, besides pixels.
        count: how many images to measure on; None for `usual_count` of the real ones.
        seed: of the choice of images and of the intervals.

    Attributes:
        count: how many real images, and as many generated ones, each number is measured on.
        floor: what `measure` gives for other real images: for those of the training set, and for the held-out ones
            where copies are looked for. Empty without training images.

    Raises:
        UserError: there are too few images, or the held-out ones are training images.
    """

    def __init__(
        self,
        real: np.ndarray,
        spaces: Mapping[str, Features],
        train: np.ndarray | None = None,
        search: Collection[str] = (),
        count: int | None = None,
        seed: int = 0,
    ) -> None:
        if len(real) < FEWEST:
            raise UserError(f"{len(real)} real images are too few to measure generated ones; {FEWEST} are needed")
        self.count, self._spaces, self._seed = count or usual_count(len(real)), spaces, seed
        held_out = self._in_all_spaces(self._some(real))
        training = self._in_spaces(pixels.with_flips(train), search) if train is not None else {}
        self._real = {name: RealImages(images, training.get(name), seed) for name, images in held_out.items()}
        self._check_held_out()
        self.floor: Measured = self._floor(train) if train is not None else {}

    def measure(self, images: np.ndarray) -> Measured:
        """Measures generated images.

        Args:
            images: uint8 [N, size], at least `count`, of which the first are used.
        """
        compared = self._compared(self._in_all_spaces(images[: self.count]))
        return {quantity: quantity.metric.compute(compared[quantity.space]) for quantity in self._quantities()}

    def nearest_training(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        """The nearest training image of each, mirror images included, in pixels.

        Args:
            images: uint8 [N, size].

        Returns:
            (uint8 [N, size], the training images; float [N], distances in grey levels), or None without training
            images.
        """
        training = self._real[PIXELS].training
        if training is None:
            return None
        indices, distances = metrics.nearest(images, training)
        return training[indices], distances

    def held_out_distance(self) -> float | None:
        """Median distance in grey levels of held-out images to their nearest training image; None without those."""
        pixels = self._real[PIXELS]
        return None if pixels.training is None else float(np.median(pixels.distances))

    def _some(self, images: np.ndarray) -> np.ndarray:
        random = random_generator(Use.EVALUATION_NOISE, self._seed, 1)
        return images[np.sort(random.choice(len(images), self.count, replace=False))]

    def _in_spaces(self, images: np.ndarray, spaces: Collection[str]) -> dict[str, np.ndarray]:
        return {PIXELS: images, **{name: _compute(self._spaces[name], images, name) for name in spaces}}

    def _in_all_spaces(self, images: np.ndarray) -> dict[str, np.ndarray]:
        return self._in_spaces(images, self._spaces.keys())

    def _compared(self, generated: Mapping[str, np.ndarray]) -> dict[str, ComparedImages]:
        return {name: ComparedImages(images, self._real[name]) for name, images in generated.items()}

    def _quantities(self) -> Iterator[Quantity]:
        """All that can be measured; first what needs no training images, and of that first what is in features."""
        for spaces, needs_training in (([*self._spaces, PIXELS], False), ([PIXELS, *self._spaces], True)):
            for space in spaces:
                for metric in metric_registry.METRICS.values():
                    if metric.needs_training == needs_training and self._can_measure(metric, space):
                        yield Quantity(metric, self.count, space)

    def _can_measure(self, metric: Metric, space: str) -> bool:
        is_meant = metric.in_pixels if space == PIXELS else metric.in_features
        return is_meant and not (metric.needs_training and self._real[space].training is None)

    def _floor(self, train: np.ndarray) -> Measured:
        others = self._compared(self._in_all_spaces(self._some(train))) if len(train) >= self.count else None
        held_out = self._compared({name: real.held_out for name, real in self._real.items()})
        floor: dict[Quantity, Number] = {}
        for quantity in self._quantities():
            metric = quantity.metric
            # Training images are no measure of how near to training images real ones are; held-out images are.
            compared = held_out if metric.needs_training else others
            if metric.floor is not None:
                floor[quantity] = metric.floor
            elif compared:
                floor[quantity] = metric.compute(compared[quantity.space])
        return floor

    def _check_held_out(self) -> None:
        if self.held_out_distance() == 0:
            raise UserError(
                "most of the images to evaluate with are training images; give images that were held out from training"
            )


def usual_count(num_real: int) -> int:
    """How many images each number is measured on, if nobody asks for another count."""
    return min(num_real, MOST)


def with_intervals(numbers: Mapping[str, Number], floor: Mapping[str, Number] | None = None) -> dict[str, float]:
    """Numbers as one level of names for JSON: an Estimate becomes NAME, NAME_low and NAME_high.

    Args:
        numbers: name -> number.
        floor: name -> number, for NAME_floor; None without.
    """
    result = {}
    for name, number in numbers.items():
        result[name] = estimates.value_of(number)
        if isinstance(number, Estimate):
            result |= {f"{name}_low": number.low, f"{name}_high": number.high}
        if floor and name in floor:
            result[f"{name}_floor"] = estimates.value_of(floor[name])
    return result


def record(measured: Measured, floor: Measured) -> dict[str, float]:
    """Measured numbers, their intervals and their floors by flat names, for JSON."""
    return with_intervals(metric_registry.flat(measured), metric_registry.flat(floor))


def described(measured: Measured, floor: Measured) -> str:
    """Measured numbers as lines of text, each with its interval and its floor if it has them."""
    lines = []
    for quantity, number in measured.items():
        interval = f" ({number.low:.4g} to {number.high:.4g})" if isinstance(number, Estimate) else ""
        below = f", floor {estimates.value_of(floor[quantity]):.4g}" if quantity in floor else ""
        lines.append(f"  {quantity.name} {estimates.value_of(number):.4g}{interval}{below}")
    return "\n".join(lines)


def _compute(features: Features, images: np.ndarray, name: str) -> np.ndarray:
    """Features float [N, d], with progress if it takes long."""
    start = time.monotonic()
    chunks = [features(images[:_CHUNK])]
    is_long = (time.monotonic() - start) * len(images) / _CHUNK > _LONG
    with Progress(f"features: {name}", len(images)) if is_long else contextlib.nullcontext() as progress:
        for first in range(_CHUNK, len(images), _CHUNK):
            chunks.append(features(images[first : first + _CHUNK]))
            if progress:
                progress.update(len(chunks[-1]))
    return np.concatenate(chunks)
