"""Who takes part in a comparison: snapshots, and images that were made elsewhere.

One that cannot take part is left out with its reason; it does not keep the others from being compared.
"""

import math
from typing import NamedTuple

import numpy as np

from gan.console.errors import DataError, UserError
from gan.console.progress import Progress
from gan.contest import half_round
from gan.data import pixels
from gan.measure import cross_play
from gan.random_noise_generator import Use, uniform_noise
from gan.sandbox import sandbox
from gan.snapshots import checkpoint_files
from gan.storage import cache

IMAGES_ENDING = ".npy"


class Contestant(NamedTuple):
    """A generator's images, and where it is a snapshot also its discriminator."""

    name: str
    path: str  # where it was found
    images: np.ndarray  # uint8 [N, size]
    snapshot: sandbox.SandboxedSnapshot | None  # None for images made elsewhere

    @property
    def step(self):
        """Training step; None for images made elsewhere."""
        return self.snapshot.step if self.snapshot else None

    @property
    def train_dir(self):
        """Folder of the training; None for images made elsewhere."""
        return checkpoint_files.folder_of(self.path) if self.snapshot else None


def gather(cells, paths, size, count, seed):
    """Opens all, checks the contract, and has each generator make its images.

    Args:
        cells: a sandbox.Sandbox.
        paths: name -> path of a snapshot, of a folder with snapshots, or of a .npy file of uint8 [N, size].
        size: pixels of an image.
        count: images of each.
        seed: of the latents, the same for all.

    Returns:
        (list of Contestants, name -> reason of those left out).
    """
    found, left_out = [], {}
    noise = uniform_noise(count, Use.EVALUATION_NOISE, seed)
    with Progress("opening", len(paths), "contestant") as progress:
        for name, path in paths.items():
            try:
                opened = _images(name, path, size, count) if path.endswith(IMAGES_ENDING) else None
                found.append(opened or _snapshot(cells, name, path, size, noise))
            except (UserError, OSError) as error:
                left_out[name] = str(error)
            progress.update()
    return found, left_out


def judge(contestants, real):
    """Shows all generated images and the real ones to every discriminator.

    Args:
        contestants: list of Contestants.
        real: uint8 [N, size].

    Returns:
        (cross_play.Verdicts, name -> reason of those whose discriminator failed at an image, of whom there is nothing
        in the verdicts).
    """
    judges = [contestant for contestant in contestants if contestant.snapshot]
    on_real, on_fake, left_out = {}, {}, {}
    with Progress("judging", len(judges), "discriminator") as progress:
        for judge in judges:
            try:
                beside = pixels.to_floats(half_round.references(real, ()))
                on_real[judge.name] = judge.snapshot.discriminate(pixels.to_floats(real), references=beside)
                for drawer in contestants:
                    drawn = pixels.to_floats(drawer.images)
                    on_fake[judge.name, drawer.name] = judge.snapshot.discriminate(drawn, references=beside)
            except (UserError, OSError) as error:
                left_out[judge.name] = str(error)
            progress.update()
    return cross_play.Verdicts(
        {judge: said for judge, said in on_real.items() if judge not in left_out},
        {pair: said for pair, said in on_fake.items() if not left_out.keys() & set(pair)},
    ), left_out


def _snapshot(cells, name, path, size, noise):
    snapshot = cells.open(path, size)
    snapshot.verify()
    return Contestant(name, snapshot.path, pixels.to_bytes(snapshot.generate(noise)), snapshot)


def _images(name, path, size, count):
    """A Contestant from a file of images; raises DataError where it holds something else."""
    try:
        images = np.load(cache.on_disk(path), allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise DataError(f"{path} is not a numpy file of images ({error})") from error
    if not isinstance(images, np.ndarray) or images.dtype != np.uint8 or math.prod(images.shape[1:]) != size:
        what = f"{images.dtype} {list(images.shape)}" if isinstance(images, np.ndarray) else "several arrays"
        raise DataError(f"{path} holds {what}; images are uint8 [N, {size}], 0 to 255, row by row")
    if len(images) < count:
        raise DataError(
            f"{path} holds {len(images)} images and all are compared on {count}; --num_images={len(images)} lowers that"
        )
    return Contestant(name, path, images[:count].reshape(count, size), None)
