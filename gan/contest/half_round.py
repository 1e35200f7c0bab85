"""A half round: one generator's images among real ones, before one discriminator. No TensorFlow."""

import csv
import itertools
import math
import os
import re
from typing import NamedTuple

import numpy as np

from gan.console.errors import UserError
from gan.contest import behaviour, rules
from gan.data import pixels
from gan.random_noise_generator import Use, random_generator, uniform_noise


def write_half_round(path, images, is_real, probabilities):
    """Draws a half round: each image, what it is, and what the discriminator made of it.

    Args:
        path: PNG file to write.
        images: uint8 [N, H*W].
        is_real: bool [N].
        probabilities: float [N], the discriminator's probability that the image is real.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = min(10, len(images))
    rows = math.ceil(len(images) / columns)
    figure = Figure(figsize=(1.3 * columns, 1.65 * rows + 0.6), layout="constrained")
    FigureCanvasAgg(figure)
    right = (probabilities > rules.THRESHOLD) == is_real
    figure.suptitle(f"discriminator right on {right.sum()} of {len(images)}", fontsize=12)
    all_axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in all_axes:
        axes.set_axis_off()
    for axes, image, real, probability, correct in zip(all_axes, images, is_real, probabilities, right):
        axes.imshow(image.reshape(pixels.side(image.size), -1), cmap="gray", vmin=0, vmax=255)
        # Blue and orange stay apart for every kind of colour vision.
        axes.set_title(
            f"{'real' if real else 'generated'}\n{'right' if correct else 'WRONG'}, p {probability:.2f}",
            fontsize=8,
            color="#0057b0" if correct else "#c25400",
        )
    figure.savefig(path, dpi=100)


REAL, GENERATED = 1, 0  # categories of the CSV files


class HalfRound(NamedTuple):
    """What was shown and what was said, in the order shown."""

    images: np.ndarray  # uint8 [N, size]
    truth: np.ndarray  # int [N], REAL or GENERATED
    probabilities: np.ndarray  # float32 [N], that the image is real

    @property
    def guesses(self):
        """int [N]: REAL where p > 0.5."""
        return np.where(self.probabilities > rules.THRESHOLD, REAL, GENERATED)

    def right(self, category=None):
        """(how many guesses are right, of how many), of one category or of both."""
        chosen = np.full(len(self.truth), True) if category is None else self.truth == category
        return int((self.guesses == self.truth)[chosen].sum()), int(chosen.sum())


def choose(real_images, count, *key):
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


def draws_key(category, *key):
    """The key, below 2^63, of what a network draws if it has random operations.

    Args:
        category: GENERATED for the generator, REAL for the discriminator, so that neither can repeat the other's draws.
        *key: non-negative ints that name the half round.
    """
    return int(random_generator(Use.NETWORK_DRAWS, category, *key).integers(2**63))


def references(real_images, shown):
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


def generate(generator, count, seed, key=0):
    """Has a generator make images.

    Args:
        generator: a sandbox.SandboxedSnapshot.
        count: of images.
        seed: of the noise.
        key: of draws_key.

    Returns:
        uint8 [count, size].
    """
    return pixels.to_bytes(generator.generate(uniform_noise(count, Use.HALF_ROUND_NOISE, seed), key=key))


def mix(generated, real, seed):
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


def judge(discriminator, images, beside, key=0):
    """Asks a discriminator about each image by itself, so that it can learn nothing from the others.

    Args:
        discriminator: a sandbox.SandboxedSnapshot.
        images: uint8 [N, size].
        beside: of `references`.
        key: of draws_key.

    Returns:
        float32 [N], probabilities that they are real.
    """
    return discriminator.discriminate(pixels.to_floats(images), 1, key, pixels.to_floats(beside))


def play(generator, discriminator, real_images, num_generate, num_total, seed):
    """Plays a half round.

    Args:
        generator: a sandbox.SandboxedSnapshot.
        discriminator: a sandbox.SandboxedSnapshot.
        real_images: uint8 [N, size] to choose from.
        num_generate: images to generate.
        num_total: images in all; the others are real.
        seed: of noise, choice and order.

    Returns:
        A HalfRound.

    Raises:
        UserError: there are too few real images.
    """
    real = choose(real_images, num_total - num_generate, seed)
    images, truth = mix(generate(generator, num_generate, seed, draws_key(GENERATED, seed)), real, seed)
    beside = references(real_images, real)
    return HalfRound(images, truth, judge(discriminator, images, beside, draws_key(REAL, seed)))


def write(folder, played):
    """Writes images/NN.png, ground_truth.csv, predictions.csv and overview.png to a folder.

    Numbered images of a former, larger half round are removed.
    """
    image_folder = os.path.join(folder, "images")
    os.makedirs(image_folder, exist_ok=True)
    for name in os.listdir(image_folder):
        if re.fullmatch(r"\d+\.png", name):
            os.remove(os.path.join(image_folder, name))
    digits = max(2, len(str(len(played.images) - 1)))
    ids = [f"{number:0{digits}d}" for number in range(len(played.images))]
    for name, image in zip(ids, played.images):
        pixels.write_png(os.path.join(image_folder, name + ".png"), pixels.grid(image[None]))
    for name, categories in (("ground_truth", played.truth), ("predictions", played.guesses)):
        with open(os.path.join(folder, name + ".csv"), "w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("Id", "Category"), *zip(ids, categories)])
    overview = os.path.join(folder, "overview.png")
    write_half_round(overview, played.images, played.truth == REAL, played.probabilities)


def describe(played):
    """The result in words: "right on 23 of 30 images: 12 of 15 real, 11 of 15 generated"."""
    parts = [played.right(), played.right(REAL), played.right(GENERATED)]
    total, real, generated = (f"{right} of {count}" for right, count in parts)
    return f"right on {total} images: {real} real, {generated} generated"
