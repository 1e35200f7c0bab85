"""A half round: one generator's images among real ones, before one discriminator. No TensorFlow."""

import contextlib
import csv
import io
import itertools
import math
import os
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

import numpy as np

from gan.console.errors import UserError
from gan.contest import behaviour, rules
from gan.data import pixels
from gan.random_noise_generator import Use, random_generator, uniform_noise
from gan.storage import files, paths

REAL, GENERATED = 1, 0  # categories of the CSV files
_IMAGE = "images/{}.png"
_LARGEST_TABLE = 2**24  # bytes; each image has 5 to 10
_SIDE = 1.18  # inches of an image in the overview


class JudgedImages(NamedTuple):
    """The images of a half round in the order shown, and what the discriminator said about each."""

    images: np.ndarray  # uint8 [N, size]; [N, 0] in a listing that leaves the pixels out
    truth: np.ndarray  # int [N], REAL or GENERATED
    probabilities: np.ndarray | None  # float32 [N], that the image is real; None if the discriminator failed

    @property
    def guesses(self) -> np.ndarray:
        """int [N]: REAL if p > 0.5. Raises ValueError if the discriminator failed."""
        if self.probabilities is None:
            raise ValueError("the discriminator failed, so there are no guesses")
        return np.where(self.probabilities > rules.THRESHOLD, REAL, GENERATED)

    def right(self, category: int | None = None) -> tuple[int, int]:
        """(how many guesses are right, of how many), of one category or of both."""
        chosen = np.full(len(self.truth), True) if category is None else self.truth == category
        return int((self.guesses == self.truth)[chosen].sum()), int(chosen.sum())


class PlayedHalfRound(NamedTuple):
    """A half round of a match: how it was judged, and everything that was seen in it."""

    seed: int  # of noise and order
    score: rules.HalfRoundScore
    shown: JudgedImages | None  # None if the generator made no images


class Generator(Protocol):
    """A SandboxedSnapshot."""

    def generate(self, noise: np.ndarray, batch_size: int | None = None, key: int = 0) -> np.ndarray:
        """noise [N, 100] -> float32 images [N, size] in [0, 1]; `key` is of draws_key."""


class Discriminator(Protocol):
    """A SandboxedSnapshot."""

    def discriminate(
        self,
        images: np.ndarray,
        batch_size: int | None = None,
        key: int = 0,
        references: np.ndarray | None = None,
    ) -> np.ndarray:
        """float32 images [N, size] in [0, 1] -> float32 probabilities [N] that they are real; `key` is of draws_key."""


def choose(real_images: np.ndarray, count: int, *key: int) -> np.ndarray:
    """Chooses real images without repeats.

    Args:
        real_images: uint8 [N, size] to choose from.
        count: how many.
        *key: non-negative ints; the same key chooses the same.

    Returns:
        uint8 [count, size], in the order chosen.

    Raises:
        UserError: there are too few.
    """
    if count > len(real_images):
        raise UserError(f"the data has {len(real_images)} images, {count} real ones are asked for")
    return real_images[random_generator(Use.HALF_ROUND_CHOICE, *key).permutation(len(real_images))[:count]]


def draws_key(category: int, *key: int) -> int:
    """The key, below 2^63, of what a network draws if it has random operations.

    Args:
        category: GENERATED for the generator, REAL for the discriminator, so that neither can repeat the other's draws.
        *key: non-negative ints that name the half round.
    """
    return int(random_generator(Use.NETWORK_DRAWS, category, *key).integers(2**63))


def references(real_images: np.ndarray, shown: Iterable[np.ndarray]) -> np.ndarray:
    """Chooses real images beside which a discriminator that looks at its batch sees others.

    Args:
        real_images: uint8 [N, size] to choose from; the same images give the same choice.
        shown: uint8 [M, size], real images of the half round, which are passed over.

    Returns:
        uint8 [15, size]; some are repeated if there are too few.
    """
    order = random_generator(Use.REFERENCE_CHOICE).permutation(len(real_images))
    passed_over = {image.tobytes() for image in shown}
    left = (index for index in order if real_images[index].tobytes() not in passed_over)
    chosen = list(itertools.islice(left, behaviour.REAL_REFERENCES)) or list(order[: behaviour.REAL_REFERENCES])
    return real_images[np.resize(chosen, behaviour.REAL_REFERENCES)]


def without(real_images: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Real images that are not among others, which are uint8 [M, size] too: uint8 [N, size], in the same order."""
    left_out = {image.tobytes() for image in others}
    return real_images[[image.tobytes() not in left_out for image in real_images]]


def generate(generator: Generator, count: int, seed: int, key: int = 0) -> np.ndarray:
    """Lets a generator make images: uint8 [count, size]; `key` is of draws_key."""
    return pixels.to_bytes(generator.generate(uniform_noise(count, Use.HALF_ROUND_NOISE, seed), key=key))


def mix(generated: np.ndarray, real: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Puts images in random order.

    Args:
        generated: uint8 [N, size].
        real: uint8 [M, size].
        seed: of the order.

    Returns:
        (uint8 [N + M, size], int [N + M], REAL or GENERATED).
    """
    order = random_generator(Use.HALF_ROUND_ORDER, seed).permutation(len(generated) + len(real))
    truth = np.repeat([GENERATED, REAL], [len(generated), len(real)])
    return np.concatenate([generated, real])[order], truth[order]


def judge(discriminator: Discriminator, images: np.ndarray, beside: np.ndarray, key: int = 0) -> np.ndarray:
    """Asks a discriminator about each image by itself, so that it can learn nothing from the others.

    Args:
        discriminator: says probabilities.
        images: uint8 [N, size].
        beside: of `references`.
        key: of draws_key.

    Returns:
        float32 [N], probabilities that they are real.
    """
    return discriminator.discriminate(pixels.to_floats(images), 1, key, pixels.to_floats(beside))


def play(
    generator: Generator,
    discriminator: Discriminator,
    real_images: np.ndarray,
    num_generate: int,
    num_total: int,
    seed: int,
) -> JudgedImages:
    """Plays a half round.

    Args:
        generator: makes images.
        discriminator: judges them among real ones.
        real_images: uint8 [N, size] to choose from.
        num_generate: images to generate.
        num_total: images in all; the others are real.
        seed: of noise, choice and order.

    Raises:
        UserError: there are too few real images.
    """
    real = choose(real_images, num_total - num_generate, seed)
    images, truth = mix(generate(generator, num_generate, seed, draws_key(GENERATED, seed)), real, seed)
    beside = references(real_images, real)
    return JudgedImages(images, truth, judge(discriminator, images, beside, draws_key(REAL, seed)))


def write(folder: str, shown: JudgedImages) -> None:
    """Writes images/NN.png, ground_truth.csv, predictions.csv and overview.png to a folder, each whole or not at all.

    The images of an earlier half round are removed.

    Raises:
        UserError: there are images of the same names that no half round has written.
    """
    os.makedirs(os.path.join(folder, "images"), exist_ok=True)
    for name in images_of(folder):
        with contextlib.suppress(FileNotFoundError):
            os.remove(os.path.join(folder, name))
    digits = max(2, len(str(len(shown.images) - 1)))
    ids = [f"{number:0{digits}d}" for number in range(len(shown.images))]
    files_of_images = [os.path.join(folder, _IMAGE.format(name)) for name in ids]
    taken = next(filter(os.path.lexists, files_of_images), None)
    if taken:
        raise UserError(f"{taken} is there, and no half round has written it; give another folder")
    _write_tables(folder, ids, shown)  # if this is killed, the images that are there are known by it
    for path, image in zip(files_of_images, shown.images):
        pixels.write_png(path, pixels.grid(image[None]))
    _write_tables(folder, ids, shown)  # so that they are uploaded after what they name
    write_overview(os.path.join(folder, "overview.png"), shown)


def _write_tables(folder: str, ids: Sequence[str], shown: JudgedImages) -> None:
    for name, categories in (("ground_truth", shown.truth), ("predictions", shown.guesses)):
        table = io.StringIO()
        csv.writer(table).writerows([("Id", "Category"), *zip(ids, categories)])
        files.write_whole(os.path.join(folder, name + ".csv"), table.getvalue().encode())


def images_of(folder: str) -> list[str]:
    """Names, below a folder on disk or in a bucket, of the images that an earlier half round has written there."""
    try:
        table = files.read_small(paths.join(folder, "ground_truth.csv"), _LARGEST_TABLE).decode(errors="replace")
        return [_IMAGE.format(row[0]) for row in csv.reader(table.splitlines()) if row and row[0].isdecimal()]
    except (OSError, UserError, csv.Error):  # none, one that is not ours, or a bucket that may only be written to
        return []


def describe(shown: JudgedImages) -> str:
    """The result in words: "right on 23 of 30 images: 12 of 15 real, 11 of 15 generated"."""
    parts = [shown.right(), shown.right(REAL), shown.right(GENERATED)]
    total, real, generated = (f"{right} of {count}" for right, count in parts)
    return f"right on {total} images: {real} real, {generated} generated"


def write_overview(path: str, shown: JudgedImages) -> None:
    """Draws a half round as a PNG file: each image, what it is, and what the discriminator said about it."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = min(10, len(shown.images))
    rows = math.ceil(len(shown.images) / columns)
    width, height = 1.3 * columns, 1.65 * rows + 0.6  # inches
    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    right, probabilities = shown.guesses == shown.truth, np.asarray(shown.probabilities)
    figure.suptitle(f"discriminator right on {right.sum()} of {len(right)}", fontsize=12)
    # One pair of axes, in inches: axes for each image take twice the time, and a mock battle draws many of these.
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    for number, (image, truth, probability, correct) in enumerate(zip(shown.images, shown.truth, probabilities, right)):
        left, bottom = 1.3 * (number % columns) + 0.06, height - 0.85 - 1.65 * (number // columns) - _SIDE
        place = (left, left + _SIDE, bottom, bottom + _SIDE)
        axes.imshow(
            image.reshape(pixels.side(image.size), -1), cmap="gray", vmin=0, vmax=255, extent=place, aspect="auto"
        )
        # Blue and orange stay apart for every kind of colour vision.
        axes.text(
            left + _SIDE / 2,
            bottom + _SIDE + 0.06,
            f"{'real' if truth == REAL else 'generated'}\n{'right' if correct else 'WRONG'}, p {probability:.2f}",
            fontsize=8,
            color="#0057b0" if correct else "#c25400",
            horizontalalignment="center",
        )
    axes.set(xlim=(0, width), ylim=(0, height))
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=100)
    files.write_whole(path, picture.getvalue())
