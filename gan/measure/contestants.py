"""Who takes part in a comparison: snapshots, and images that were made elsewhere.

A contestant that cannot take part is left out with its reason; the others are compared.
"""

import math
import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from gan.console.errors import DataError, UserError
from gan.console.progress import Progress
from gan.contest import half_round
from gan.data import pixels
from gan.measure import cross_play, quality
from gan.random_noise_generator import Use, uniform_noise
from gan.sandbox import sandbox
from gan.storage import cache

IMAGES_ENDING = ".npy"


class Contestant(NamedTuple):
    """A generator's images, and its discriminator if it is a snapshot."""

    name: str
    path: str  # where it was found
    images: np.ndarray  # uint8 [N, size]
    snapshot: sandbox.SandboxedSnapshot | None  # None for images made elsewhere

    @property
    def step(self) -> int | None:
        """Training step, from the end of the snapshot's name; None without one, and for images made elsewhere."""
        return self.snapshot.step if self.snapshot else None

    @property
    def train_dir(self) -> str | None:
        """Folder of the training; None for images made elsewhere."""
        return (os.path.dirname(self.path) or ".") if self.snapshot else None

    @property
    def note(self) -> str | None:
        """Why its snapshot is not the one that its file `checkpoint` names; None if it is."""
        return self.snapshot.note if self.snapshot else None


def gather(
    opener: sandbox.Sandbox, paths: Mapping[str, str], size: int, count: int, seed: int
) -> tuple[list[Contestant], dict[str, str]]:
    """Opens all, checks the contract, and has each generator make its images.

    Args:
        opener: opens the snapshots.
        paths: name -> path of a snapshot, of a folder with snapshots, or of a .npy file of uint8 [N, size].
        size: pixels of an image.
        count: images of each.
        seed: of the latents, the same for all.

    Returns:
        (those that take part, name -> reason of those left out).
    """
    found: list[Contestant] = []
    left_out: dict[str, str] = {}
    noise = uniform_noise(count, Use.EVALUATION_NOISE, seed)
    with Progress("opening", len(paths), "contestant") as progress:
        for name, path in paths.items():
            try:
                opened = _images(name, path, size, count) if path.endswith(IMAGES_ENDING) else None
                found.append(opened or _snapshot(opener, name, path, size, noise))
            except (UserError, OSError) as error:
                left_out[name] = str(error)
            progress.update()
    return found, left_out


def judge(
    contestants: Sequence[Contestant], real: np.ndarray, said: Mapping[str, Sequence[np.ndarray]] | None = None
) -> tuple[cross_play.Verdicts, dict[str, str]]:
    """Shows all generated images and the real ones to every discriminator.

    Args:
        contestants: all that take part.
        real: uint8 [N, size].
        said: name -> what discriminators that were asked elsewhere said: about `real`, then about each contestant's
            images. The others are asked here.

    Returns:
        (what the discriminators said, name -> reason of those whose discriminator failed at an image). The former
        holds nothing about the latter.
    """
    discriminators = {one.name: one.snapshot for one in contestants if one.snapshot}
    on_real: dict[str, np.ndarray] = {}
    on_fake: dict[cross_play.Pair, np.ndarray] = {}
    left_out: dict[str, str] = {}
    with Progress("judging", len(discriminators), "discriminator") as progress:
        for name, snapshot in discriminators.items():
            try:
                on_real[name], *others = (said or {}).get(name) or _ask(snapshot, contestants, real)
                on_fake |= {(name, one.name): probabilities for one, probabilities in zip(contestants, others)}
            except (UserError, OSError) as error:
                left_out[name] = str(error)
            progress.update()
    return cross_play.Verdicts(
        {name: said for name, said in on_real.items() if name not in left_out},
        {pair: said for pair, said in on_fake.items() if not left_out.keys() & set(pair)},
    ), left_out


def _ask(snapshot: sandbox.SandboxedSnapshot, contestants: Sequence[Contestant], real: np.ndarray) -> list[np.ndarray]:
    beside = pixels.to_floats(half_round.references(real, ()))
    shown = [real, *(one.images for one in contestants)]
    return [snapshot.discriminate(pixels.to_floats(images), references=beside) for images in shown]


def _snapshot(opener: sandbox.Sandbox, name: str, path: str, size: int, noise: np.ndarray) -> Contestant:
    snapshot = opener.open(path, size)
    snapshot.verify()
    return Contestant(name, snapshot.path, pixels.to_bytes(snapshot.generate(noise)), snapshot)


def _images(name: str, path: str, size: int, count: int) -> Contestant:
    """A contestant from a file of images; raises DataError if it holds something else."""
    try:
        images = np.load(cache.on_disk(path), allow_pickle=False)
    except OSError:
        raise
    except Exception as error:  # numpy reads parts of a damaged file as Python, zip or pickle, each with own errors
        told = "" if isinstance(error, ValueError) and "pickle" in str(error) else f" ({error})"
        raise DataError(f"{path} is not a numpy file of images{told}") from error
    if not isinstance(images, np.ndarray) or images.dtype != np.uint8 or math.prod(images.shape[1:]) != size:
        what = f"{images.dtype} {list(images.shape)}" if isinstance(images, np.ndarray) else "several arrays"
        raise DataError(f"{path} holds {what}; images are uint8 [N, {size}], 0 to 255, row by row")
    if len(images) < count:
        enough = len(images) >= quality.FEWEST
        way_out = f"--num_images={len(images)} lowers that" if enough else f"at least {quality.FEWEST} are needed"
        raise DataError(f"{path} holds {len(images)} images and all are compared on {count}; {way_out}")
    return Contestant(name, path, images[:count].reshape(count, size), None)
