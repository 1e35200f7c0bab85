"""The program from Python: open a snapshot, generate, discriminate, measure, play a half round. No TensorFlow.

Whatever you open may be a stranger's: it runs in a confined process of its own, exactly as in a battle. So what you see
here is what a battle would see: images of 8 bits, one row of pixels each, and each image judged by itself.

    from gan import api

    real = api.read_images("data/validation.tfrecords")
    with api.open_snapshot("run1") as mine, api.open_snapshot("gan/house_team") as house:
        print(api.measure(mine, real))
        print(api.describe(api.play_half_round(mine, house, real, seed=1)))

A mistake raises UserError, whose text is one sentence that says what to do. ContractError (the snapshot breaks a rule
of the contest) and HostError (this machine failed) are kinds of it.
"""

import contextlib
from types import TracebackType

import numpy as np

from gan.console.errors import ContractError, HostError, UserError
from gan.contest import half_round, rules
from gan.contest.half_round import JudgedImages
from gan.data import pixels, tfrecords
from gan.measure import features, probes, quality
from gan.random_noise_generator import NOISE_SIZE, Use, uniform_noise
from gan.sandbox.sandbox import Sandbox, SandboxedSnapshot
from gan.storage import cache

__all__ = [
    "ConfinedSnapshot",
    "ContractError",
    "HostError",
    "JudgedImages",
    "Sandbox",
    "UserError",
    "describe",
    "draw_noise",
    "measure",
    "open_snapshot",
    "play_half_round",
    "read_images",
    "write_half_round",
    "write_picture",
]


class ConfinedSnapshot:
    """A snapshot that is open in a confined process; `open_snapshot` makes it. Close it, or use it in a `with`.

    Args:
        opened: the snapshot in its process.
        resources: what ends with it.

    Attributes:
        path: where it was found, without the endings of its files, such as .index.
        step: at the end of its name; None if there is none.
        note: why it is not the one that the file `checkpoint` names; None if it is.
        size: pixels of an image.

    Example:
        >>> from gan import api
        >>> with api.open_snapshot("run1") as snapshot:
        ...     print(snapshot.step, snapshot.size, snapshot.note)
        20 2500 None
    """

    def __init__(self, opened: SandboxedSnapshot, resources: contextlib.ExitStack) -> None:
        self._opened, self._resources = opened, resources
        self.path, self.step, self.note, self.size = opened.path, opened.step, opened.note, opened.size

    def __enter__(self) -> "ConfinedSnapshot":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends its process.

        Example:
            >>> from gan import api
            >>> snapshot = api.open_snapshot("run1")
            >>> snapshot.close()
        """
        self._resources.close()

    def check(self, real: np.ndarray | None = None) -> list[str]:
        """Tests every rule that a battle tests, as the check before you hand in does.

        Args:
            real: uint8 [N, size], real images, to look for weaknesses as well; None does not.

        Returns:
            What is allowed but costs points, a sentence each.

        Raises:
            ContractError: it breaks a rule.
            HostError: this machine failed.

        Example:
            >>> from gan import api
            >>> with api.open_snapshot("run1") as snapshot:
            ...     remarks = snapshot.check()
            >>> remarks
            []
        """
        remarks = self._opened.verify().remarks()
        return remarks if real is None else [*remarks, *probes.remarks(self._opened, _images(real, self.size))]

    def generate(self, noise: np.ndarray) -> np.ndarray:
        """Lets the generator make images.

        Args:
            noise: float32 [N, 100] in [-1, 1]; `draw_noise` makes it as a battle does.

        Returns:
            uint8 [N, size], 0 black and 255 white, row by row.

        Raises:
            ContractError: it breaks a rule of the contest.
            HostError: this machine failed.
            UserError: the noise has another shape or range.

        Example:
            >>> from gan import api
            >>> with api.open_snapshot("run1") as snapshot:
            ...     images = snapshot.generate(api.draw_noise(16, seed=1))
            >>> images.shape, images.dtype
            ((16, 2500), dtype('uint8'))
        """
        noise = np.asarray(noise, np.float32)
        if noise.ndim != 2 or noise.shape[1] != NOISE_SIZE:
            raise UserError(f"the noise has shape {list(noise.shape)}, not [N, {NOISE_SIZE}]; draw_noise(N) makes some")
        if not (np.abs(noise) <= 1).all():
            raise UserError("the noise leaves [-1, 1], which no generator was trained for; draw_noise(N) makes some")
        return pixels.to_bytes(self._opened.generate(noise))

    def discriminate(self, images: np.ndarray, beside: np.ndarray | None = None) -> np.ndarray:
        """Asks the discriminator how likely each image is real; above 0.5 it counts as "real".

        Args:
            images: uint8 [N, size].
            beside: uint8 [M, size], real images. A discriminator that looks at its batch sees each image among some of
                them, as in a battle. None puts the images to it as they are.

        Returns:
            float32 [N] in [0, 1].

        Raises:
            ContractError: it breaks a rule of the contest.
            HostError: this machine failed.
            UserError: the images have another shape or type.

        Example:
            >>> from gan import api
            >>> real = api.read_images("data/validation.tfrecords")
            >>> with api.open_snapshot("run1") as snapshot:
            ...     probabilities = snapshot.discriminate(real[:10])
            >>> probabilities.shape, probabilities.dtype
            ((10,), dtype('float32'))
        """
        shown = pixels.to_floats(_images(images, self.size))
        if beside is None:
            return self._opened.discriminate(shown)
        references = half_round.references(_images(beside, self.size), ())
        return self._opened.discriminate(shown, references=pixels.to_floats(references))


def open_snapshot(where: str, use_mnist: bool = False, sandbox: Sandbox | None = None) -> ConfinedSnapshot:
    """Opens the newest snapshot of a folder, or the one that a path names, in a confined process.

    Args:
        where: a folder, such as run1, or a path, such as run1/model.ckpt-1000; on disk or in a bucket (gs://).
        use_mnist: its images are 28x28 digits, not 50x50 faces.
        sandbox: that opens it; None starts one for this snapshot alone, which takes some seconds.

    Raises:
        ContractError: it is not there, or it breaks a rule of the contest.
        HostError: this machine failed.
        UserError: the bucket cannot be read, or this system cannot fork (Windows).

    Example:
        >>> from gan import api
        >>> with api.Sandbox() as sandbox:
        ...     snapshots = [api.open_snapshot(where, sandbox=sandbox) for where in ("run1", "run1/model.ckpt-10")]
        ...     print([snapshot.step for snapshot in snapshots])
        [20, 10]
    """
    with contextlib.ExitStack() as resources:
        sandbox = sandbox or resources.enter_context(Sandbox())
        opened = resources.enter_context(sandbox.open(where, pixels.image_size(use_mnist)))
        return ConfinedSnapshot(opened, resources.pop_all())
    raise AssertionError("the stack hides no exception")


def read_images(pattern: str, use_mnist: bool = False) -> np.ndarray:
    """Reads images from TFRecord files of the contest; `python -m gan.prepare_data` makes such files.

    Args:
        pattern: such as data/train*.tfrecords or gs://bucket/data/train*; several are separated by commas.
        use_mnist: the images are 28x28 digits, not 50x50 faces.

    Returns:
        uint8 [N, 2500], or [N, 784] for digits.

    Raises:
        UserError: no file matches, a file is damaged, or its images have another size.

    Example:
        >>> from gan import api
        >>> api.read_images("data/validation.tfrecords").shape
        (96, 2500)
    """
    return tfrecords.read_all(cache.find_files(pattern, None), pixels.image_size(use_mnist))


def draw_noise(count: int, seed: int = 0) -> np.ndarray:
    """Draws input for a generator: float32 [count, 100], uniform in [-1, 1); the same seed draws the same.

    Example:
        >>> from gan import api
        >>> api.draw_noise(4, seed=1).shape
        (4, 100)
    """
    return uniform_noise(count, Use.HALF_ROUND_NOISE, seed)


def measure(
    snapshot: ConfinedSnapshot, real: np.ndarray, train: np.ndarray | None = None, space: str = features.DEFAULT
) -> dict[str, float]:
    """Measures both networks as `gan.eval` does; docs/metrics.md explains the numbers.

    Args:
        snapshot: whose generator makes as many images as there are real ones.
        real: uint8 [N, size], held out from training; at least 15.
        train: uint8 [M, size], trained on: adds what other real images get (NAME_floor), and looks for copies.
        space: of features, one of gan.measure.features.SPACES but "inception", which needs a file.

    Returns:
        name, as in eval.jsonl, such as frechet_96_wavelets -> number. An interval has the names NAME_low and NAME_high.

    Raises:
        ContractError: the snapshot breaks a rule of the contest.
        HostError: this machine failed.
        UserError: there are too few real images, they were trained on, or there is no such space.

    Example:
        >>> from gan import api
        >>> real = api.read_images("data/validation.tfrecords")
        >>> with api.open_snapshot("run1") as snapshot:
        ...     numbers = api.measure(snapshot, real)
        >>> 0 <= numbers["accuracy_on_real"] <= 1, numbers["frechet_96_wavelets"] > 0
        (True, True)
    """
    held_out = _images(real, snapshot.size)
    trained_on = None if train is None else _images(train, snapshot.size)
    meter = quality.QualityMeter(held_out, {space: features.load(space, snapshot.size)}, trained_on)
    generated = snapshot.generate(uniform_noise(len(held_out), Use.EVALUATION_NOISE))
    on_real, on_generated = (snapshot.discriminate(images, held_out) for images in (held_out, generated))
    return {
        "num_real": len(on_real),
        "num_fake": len(on_generated),
        "accuracy_on_real": float(np.mean(on_real > rules.THRESHOLD)),
        "accuracy_on_fake": float(np.mean(on_generated <= rules.THRESHOLD)),
        **quality.record(meter.measure(generated), meter.floor),
    }


def play_half_round(
    generator: ConfinedSnapshot, discriminator: ConfinedSnapshot, real: np.ndarray, seed: int = 0
) -> JudgedImages:
    """Plays a half round: 15 images of one snapshot's generator and 15 real ones before a discriminator.

    Args:
        generator: the snapshot whose generator plays.
        discriminator: the snapshot whose discriminator plays; may be the same one.
        real: uint8 [N, size], real images to choose from; at least 15.
        seed: of noise, choice and order.

    Returns:
        The images as they were shown, what they are, and what the discriminator said.

    Raises:
        ContractError: a snapshot breaks a rule of the contest.
        HostError: this machine failed.
        UserError: there are too few real images, or the snapshots are of different sizes.

    Example:
        >>> from gan import api
        >>> real = api.read_images("data/validation.tfrecords")
        >>> with api.open_snapshot("run1") as snapshot:
        ...     played = api.play_half_round(snapshot, snapshot, real, seed=1)
        >>> right, total = played.right()
        >>> total, len(played.images), int(played.truth.sum())
        (30, 30, 15)
    """
    if generator.size != discriminator.size:
        raise UserError(f"{generator.path} makes images of {generator.size} pixels, not {discriminator.size}")
    images, num_total = _images(real, generator.size), rules.HALF_ROUND_POINTS
    return half_round.play(generator._opened, discriminator._opened, images, rules.IMAGES_OF_EACH, num_total, seed)


def describe(played: JudgedImages) -> str:
    """A half round in words, such as "right on 23 of 30 images: 12 of 15 real, 11 of 15 generated".

    Example:
        >>> import numpy as np
        >>> from gan import api
        >>> images, truth = np.zeros((3, 2500), np.uint8), np.array([1, 1, 0])
        >>> api.describe(api.JudgedImages(images, truth, np.array([0.9, 0.2, 0.1])))
        'right on 2 of 3 images: 1 of 2 real, 1 of 1 generated'
    """
    return half_round.describe(played)


def write_half_round(folder: str, played: JudgedImages) -> None:
    """Writes images/NN.png, ground_truth.csv, predictions.csv and overview.png, as generate_and_discriminate does.

    Args:
        folder: is made if it is not there; numbered images of an earlier half round are removed.
        played: the half round.

    Example:
        >>> import numpy as np, os
        >>> from gan import api
        >>> played = api.JudgedImages(np.zeros((2, 2500), np.uint8), np.array([1, 0]), np.array([0.9, 0.2]))
        >>> api.write_half_round("half_round", played)
        >>> sorted(os.listdir("half_round"))
        ['ground_truth.csv', 'images', 'overview.png', 'predictions.csv']
    """
    half_round.write(folder, played)


def write_picture(path: str, images: np.ndarray, columns: int | None = None, zoom: int = 1) -> None:
    """Writes images side by side as a PNG file.

    Args:
        path: of the file; its folder is made.
        images: uint8 [N, size].
        columns: images a row; None makes the grid as square as possible.
        zoom: whole factor by which each pixel is enlarged.

    Example:
        >>> from gan import api
        >>> api.write_picture("faces.png", api.read_images("data/validation.tfrecords")[:20], columns=10)
    """
    pixels.write_png(path, pixels.grid(_images(images, pixels.side(np.shape(images)[-1]) ** 2), columns, zoom=zoom))


def _images(images: np.ndarray, size: int) -> np.ndarray:
    """Images, if they are uint8 [N, size] with N above 0; else raises UserError."""
    images = np.asarray(images)
    if images.dtype != np.uint8 or images.ndim != 2 or images.shape[1] != size or not len(images):
        raise UserError(f"images must be uint8 [N, {size}], one row of pixels each, not {images.dtype} {images.shape}")
    return images
