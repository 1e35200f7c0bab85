"""The metrics of generated images: each is one function and one registration here, and nowhere else. No TensorFlow.

`eval`, `compare`, the report, its charts and TensorBoard go through METRICS; none of them knows a metric by its name.
To add one, write a function from ComparedImages to a number, and call `register`. The mathematics is in metrics.py.
"""

import dataclasses
import enum
import functools
import math
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import numpy as np

from gan.console.errors import UserError
from gan.measure import estimates, features, metrics
from gan.measure.estimates import Estimate, Number
from gan.random_noise_generator import Use, random_generator

PIXELS = "pixels"  # name of the space of plain grey levels, among those of features.SPACES
_RESAMPLES = 200  # for intervals
_MOST_DECIMALS = 6


class RealImages:
    """The real images of one space: the same for all generators.

    Args:
        held_out: features float [N, d], or pixels uint8 [N, size], of images that nobody trained on.
        training: those of the training images and of their mirror images, [2M, d]; None without.
        seed: of the metrics' randomness.
    """

    def __init__(self, held_out: np.ndarray, training: np.ndarray | None, seed: int) -> None:
        self.held_out, self.training, self.seed = held_out, training, seed

    @functools.cached_property
    def distances(self) -> np.ndarray:
        """Distance of each held-out image to its nearest training image: float [N]."""
        return _to_training(self.held_out, self.training)


class ComparedImages:
    """What a metric gets: generated images and real ones in one space. What several metrics need is computed once.

    Args:
        generated: features float [N, d], or pixels uint8 [N, size].
        against: the real images, as many.
    """

    def __init__(self, generated: np.ndarray, against: RealImages) -> None:
        self.generated, self._against = generated, against

    @property
    def real(self) -> np.ndarray:
        """Held-out real images: [N, d], of the generated ones' kind."""
        return self._against.held_out

    @property
    def training(self) -> np.ndarray | None:
        """Training images and their mirror images, [2M, d]; never None for a metric that needs them."""
        return self._against.training

    def random(self) -> np.random.Generator:
        """Starts again at each call, so that chance treats all generators and all metrics alike."""
        return random_generator(Use.EVALUATION_NOISE, self._against.seed, 1)

    @functools.cached_property
    def neighbourhoods(self) -> metrics.Coverage:
        """Precision, recall, density and coverage."""
        return metrics.precision_recall_density_coverage(self.real, self.generated)

    @functools.cached_property
    def distances(self) -> np.ndarray:
        """Distance of each generated image to its nearest training image: float [N]."""
        if self.generated is self.real:
            return self.real_distances
        return _to_training(self.generated, self.training)

    @property
    def real_distances(self) -> np.ndarray:
        """Distance of each held-out real image to its nearest training image: float [N]."""
        return self._against.distances

    @functools.cached_property
    def memorisation(self) -> metrics.Memorisation:
        """How the generated images' distances compare with the held-out ones'."""
        return metrics.memorisation(self.distances, self.real_distances)


class Unit(enum.Enum):
    """What a metric's number is."""

    SHARE = "share"  # in [0, 1], shown as per cent
    DISTANCE = "distance"  # 0 is the same; no upper end
    RATIO = "ratio"  # 1 is as real images have it; no upper end


class Direction(enum.Enum):
    """Where a metric's number should be."""

    LOWER = "lower"
    HIGHER = "higher"
    NEAR = "near"  # the metric's goal


@dataclasses.dataclass(frozen=True, eq=False)
class Metric:
    """One way to measure generated images.

    Attributes:
        key: begins the names in files, such as frechet in frechet_689_wavelets; never changes.
        title: for people, short.
        unit: what the number is.
        direction: where it should be.
        explanation: for people who have not heard of it, in a sentence or two.
        compute: measures the generated images of one space.
        goal: the best number, if it is worth a mention; always there for Direction.NEAR.
        in_features: measured in each feature space that was asked for; if it needs training images, in each in which
            copies are looked for.
        in_pixels: measured in pixels.
        needs_training: cannot be computed without the training images.
        floor: number of real images, if it is known beforehand; None: measured.
        has_chart: the report draws it over the training, from earlier evaluations.
    """

    key: str
    title: str
    unit: Unit
    direction: Direction
    explanation: str
    compute: Callable[[ComparedImages], Number]
    goal: float | None = None
    in_features: bool = True
    in_pixels: bool = False
    needs_training: bool = False
    floor: float | None = None
    has_chart: bool = False

    @property
    def better(self) -> str:
        """Where the number should be, for people: lower, higher, 0%, near 50%."""
        if self.goal is None:
            return self.direction.value
        goal = estimates.percent(self.goal) if self.unit is Unit.SHARE else f"{self.goal:g}"
        return f"near {goal}" if self.direction is Direction.NEAR else goal

    def readable(self, number: Number) -> tuple[str, str]:
        """A number of this metric for people, with as many digits as its interval is worth.

        Returns:
            (value, "low to high"); the latter is empty without an interval.
        """
        value = estimates.value_of(number)
        if self.unit is Unit.SHARE:
            interval = estimates.percent_interval(number) if isinstance(number, Estimate) else ""
            return estimates.percent(value), interval
        if not isinstance(number, Estimate):
            return f"{value:.2f}", ""
        width = number.high - number.low
        decimals = min(max(0, 1 - math.floor(math.log10(width))), _MOST_DECIMALS) if width > 0 else 2
        return f"{value:.{decimals}f}", f"{number.low:.{decimals}f} to {number.high:.{decimals}f}"


@dataclasses.dataclass(frozen=True)
class Quantity:
    """What was measured: a metric on so many images, in one space."""

    metric: Metric
    count: int  # generated images, and as many real ones
    space: str  # PIXELS or one of features.SPACES

    @property
    def name(self) -> str:
        """The flat name in files: frechet_689_wavelets."""
        return f"{self.metric.key}_{self.count}_{self.space}"

    @property
    def tag(self) -> str:
        """The tag in TensorBoard."""
        return f"quality/{self.name}"


class Choice(NamedTuple):
    """By what the best snapshot of a training is chosen."""

    metric: Metric
    space: str  # one of features.BUILT_IN


Measured = Mapping[Quantity, Number]  # what was found; quantities of the same table follow METRICS' order

METRICS: dict[str, Metric] = {}  # by key, in the order shown

# What is measured of a discriminator: name in eval.jsonl -> tag in TensorBoard, which the training uses too.
DISCRIMINATOR_TAGS = {
    "accuracy_on_real": "accuracy/on_real",
    "accuracy_on_fake": "accuracy/on_fake",
    "discriminator_loss": "loss/discriminator",
    "generator_loss": "loss/generator",
}


def choosable() -> list[str]:
    """Keys of the metrics by which the best snapshot of a training can be chosen."""
    return [key for key, metric in METRICS.items() if metric.in_features and not metric.needs_training]


def choice(text: str, size: int, flag_name: str) -> Choice:
    """What a flag chooses by: frechet, or frechet_wavelets, which names the features too.

    Raises:
        UserError: there is no such metric, there are no such features, or they are not for images of this size.
    """
    for key in choosable():
        for space in (None, *features.BUILT_IN):
            if text == (f"{key}_{space}" if space else key):
                features.check(space or features.DEFAULT, size)
                return Choice(METRICS[key], space or features.DEFAULT)
    raise UserError(
        f"--{flag_name}={text}: the metrics are {', '.join(choosable())}, alone or with features behind them, such as "
        f"{FRECHET.key}_{features.DEFAULT}; the features are {', '.join(features.BUILT_IN)}"
    )


def register(metric: Metric) -> Metric:
    """Adds a metric to METRICS; raises ValueError if its key is taken or a direction has no goal."""
    if metric.key in METRICS:
        raise ValueError(f"there is a metric {metric.key} already")
    if metric.direction is Direction.NEAR and metric.goal is None:
        raise ValueError(f"the metric {metric.key} should be near a goal, and has none")
    METRICS[metric.key] = metric
    return metric


def quantities(count: int, spaces: Iterable[str]) -> dict[str, Quantity]:
    """Flat name -> what it names, for all metrics on so many images; `spaces` are those of features."""
    found = [Quantity(metric, count, space) for metric in METRICS.values() for space in (*spaces, PIXELS)]
    return {quantity.name: quantity for quantity in found}


def flat(measured: Measured) -> dict[str, Number]:
    """Measured numbers by their flat names."""
    return {quantity.name: number for quantity, number in measured.items()}


def tables(measured: Measured) -> dict[tuple[int, str], list[Metric]]:
    """The metrics that can stand in one table, for their numbers may be compared: (count, space) -> metrics."""
    found: dict[tuple[int, str], list[Metric]] = {}
    for quantity in measured:
        found.setdefault((quantity.count, quantity.space), []).append(quantity.metric)
    return found


def _to_training(images: np.ndarray, training: np.ndarray | None) -> np.ndarray:
    if training is None:
        raise ValueError("a metric that asks for distances to training images must be registered with needs_training")
    return metrics.nearest(images, training)[1]


def _frechet(images: ComparedImages) -> Estimate:
    return estimates.bootstrap(metrics.frechet_distance, images.generated, images.real, _RESAMPLES, images.random())


def _kid(images: ComparedImages) -> Estimate:
    return metrics.kernel_distance_interval(images.generated, images.real, _RESAMPLES, images.random())


def _very_near_training(images: ComparedImages) -> Estimate:
    return estimates.wilson(images.memorisation.very_near, len(images.generated))


def _copied(images: ComparedImages) -> Estimate:
    share = float(np.mean(images.distances < np.median(images.real_distances) / 2))
    return estimates.wilson(share, len(images.distances))


FRECHET = register(
    Metric(
        key="frechet",
        title="Frechet distance",
        unit=Unit.DISTANCE,
        direction=Direction.LOWER,
        explanation="How far all generated images together are from all real ones: their averages and how they vary, "
        "in features of the images. Other real images have about 0.",
        compute=_frechet,
        has_chart=True,
    )
)
register(
    Metric(
        key="kid",
        title="KID",
        unit=Unit.DISTANCE,
        direction=Direction.LOWER,
        explanation="Kernel distance: another way to ask the same, which needs fewer images. Its average for other "
        "real images is exactly 0, so it may come out below.",
        compute=_kid,
    )
)
register(
    Metric(
        key="precision",
        title="precision",
        unit=Unit.SHARE,
        direction=Direction.HIGHER,
        explanation="Share of generated images that lie where real ones lie: do they look like faces?",
        compute=lambda images: images.neighbourhoods.precision,
    )
)
register(
    Metric(
        key="recall",
        title="recall",
        unit=Unit.SHARE,
        direction=Direction.HIGHER,
        explanation="Share of real images that lie where generated ones lie: is every kind of face drawn?",
        compute=lambda images: images.neighbourhoods.recall,
    )
)
register(
    Metric(
        key="density",
        title="density",
        unit=Unit.RATIO,
        direction=Direction.HIGHER,
        explanation="Like precision, but counts how many real images are around; less moved by odd ones.",
        compute=lambda images: images.neighbourhoods.density,
    )
)
register(
    Metric(
        key="coverage",
        title="coverage",
        unit=Unit.SHARE,
        direction=Direction.HIGHER,
        explanation="Share of real images that have a generated one nearby: low where few kinds are drawn.",
        compute=lambda images: images.neighbourhoods.coverage,
    )
)
register(
    Metric(
        key="nearer_to_training",
        title="nearer to training",
        unit=Unit.SHARE,
        direction=Direction.NEAR,
        goal=0.5,
        explanation="Chance that a generated image is nearer to a training image, or to its mirror image, than a "
        "held-out face is. About 50% for new images, 100% for copies. Blurred images are near to everything in "
        "pixels; copies are near in every space.",
        compute=lambda images: images.memorisation.nearer,
        in_pixels=True,
        needs_training=True,
        floor=0.5,
    )
)
register(
    Metric(
        key="very_near_training",
        title="very near to training",
        unit=Unit.SHARE,
        direction=Direction.NEAR,
        goal=0.01,
        explanation="Share of generated images that are nearer to a training image than all but 1% of held-out faces "
        "are.",
        compute=_very_near_training,
        in_pixels=True,
        needs_training=True,
        floor=0.01,
    )
)
COPIED = register(
    Metric(
        key="copied",
        title="half as far from training",
        unit=Unit.SHARE,
        direction=Direction.LOWER,
        goal=0.0,
        explanation="Share of generated images that are less than half as far from a training image as is usual for "
        "held-out faces. Blurred images do not get that near; copies do.",
        compute=_copied,
        in_features=False,  # there, faces of different people can be as near
        in_pixels=True,
        needs_training=True,
    )
)
