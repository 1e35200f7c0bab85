"""How good a generator is while it trains: its images against training images, which leaves validation data clean."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from gan.console.errors import UserError
from gan.data import tfrecords
from gan.measure import features, metric_registry, quality
from gan.measure.estimates import value_of
from gan.measure.metric_registry import Metric, Quantity
from gan.random_noise_generator import Use, random_generator


class TrainingMeasurement(NamedTuple):
    """What was measured of generated images."""

    scalars: Mapping[str, float]  # by TensorBoard's tag
    chosen: str | None = None  # name of the number by which the best snapshot is chosen; None if none is
    value: float = 0.0  # this number
    cost: float = 0.0  # what must be small for it to be good


class TrainingQuality:
    """Measures generated images in one feature space, against training images drawn once.

    Args:
        paths: TFRecord files of training images, on disk.
        size: pixels of an image.
        chosen: what the best snapshot is chosen by: frechet, or frechet_wavelets to name the features too; None
            chooses none.

    Attributes:
        count: how many images are measured, and how many real ones they are compared with.
        chosen: name of the number that is chosen by; None if none is.

    Raises:
        UserError: there are too few training images, or the features are not for images of this size.
    """

    def __init__(self, paths: Sequence[str], size: int, chosen: str | None) -> None:
        self._paths, self._size = paths, size
        self._metric, self._space = None, features.DEFAULT
        if chosen:
            self._metric, self._space = metric_registry.choice(chosen, size, "keep_best")
        total = tfrecords.count_all(paths, size)
        if total < quality.FEWEST:
            raise UserError(
                f"{total} training images are too few to measure quality; {quality.FEWEST} are needed, or "
                "leave --keep_best and --quality_minutes out"
            )
        self._total, self.count = total, quality.usual_count(total)
        self._quantity = Quantity(self._metric, self.count, self._space) if self._metric else None
        self.chosen = self._quantity.name if self._quantity else None
        self._meter: quality.QualityMeter | None = None

    def measure(self, images: np.ndarray) -> TrainingMeasurement:
        """Measures generated images, uint8 [count, size]."""
        if self._meter is None:
            spaces = {self._space: features.load(self._space, self._size)}
            self._meter = quality.QualityMeter(self._real_images(), spaces)
        measured = self._meter.measure(images)
        scalars = {f"training_{quantity.tag}": value_of(number) for quantity, number in measured.items()}
        for quantity, number in measured.items():
            if quantity == self._quantity:
                value = value_of(number)
                return TrainingMeasurement(scalars, quantity.name, value, cost(quantity.metric, value))
        return TrainingMeasurement(scalars)

    def _real_images(self) -> np.ndarray:
        """Some of the training images, always the same: uint8 [count, size]."""
        chosen = random_generator(Use.TRAINING_SAMPLE).choice(self._total, self.count, replace=False)
        wanted, found, first = np.zeros(self._total, bool), [], 0
        wanted[chosen] = True
        for chunk in tfrecords.read_chunks(self._paths, self._size):
            found.append(chunk[wanted[first : first + len(chunk)]])
            first += len(chunk)
        return np.concatenate(found)


def cost(metric: Metric, value: float) -> float:
    """What must be small for a metric's value to be good."""
    if metric.direction is metric_registry.Direction.HIGHER:
        return -value
    if metric.direction is metric_registry.Direction.LOWER:
        return value
    assert metric.goal is not None  # `register` sees to it
    return abs(value - metric.goal)
