"""Time to quality: minutes of training until generated images are good, with a plain DCGAN in PyTorch beside it.

    python benchmarks/time_to_quality.py --train_data_pattern='data/train*.tfrecords' \\
        --recipes=gan/recipes/faces_10min.flags,gan/recipes/faces_30min.flags

Quality is the Frechet distance in wavelets between 2,000 generated images and 2,000 training images, always the same
ones, as `gan.train --keep_best=frechet` measures it; the peer's images are measured in the same way. A time is that of
the first measurement at or below a level. gan.train is measured each --every minutes, or less often if measuring would
take more than 3% of the time. The peer's script shows its images at its end alone, so it is trained from scratch for 1,
2, 4 ... minutes with the same seed: its times are as coarse as that. No start counts; gan.train's minutes hold
the measuring and saving before them, the peer's do not.

Everything runs one after the other. Do not compare with figures of other machines or of other minutes.
"""

import contextlib
import dataclasses
import importlib.util
import os
import sys
import tempfile
from typing import NamedTuple

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:1] = [ROOT, os.path.join(ROOT, "benchmarks")]

# The metrics' many small matrices need one thread: with more, on a busy machine, they take ten times as long.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import throughput

from gan.console import columns, command, flag_files, tensorflow_import
from gan.console.errors import UserError
from gan.console.flags import flag
from gan.data import pixels
from gan.storage import cache
from gan.training import quality_record, training_flags

LEVELS = (10.0, 5.0, 2.5, 1.5)
PEER = "DCGAN in PyTorch"


@dataclasses.dataclass(frozen=True)
class TimeConfig:
    """Flags of the command, by name."""

    train_data_pattern: str = flag(None, "TFRecord files of 50x50 faces.", required=True)
    recipes: str = flag("gan/recipes/faces_30min.flags", "Flag files of gan.train, with commas between.")
    minutes: float | None = flag(None, "Minutes of each training; not set is what the recipe says.", at_least=0.01)
    peer_minutes: float = flag(16.0, "Minutes of the peer's longest training; 0 leaves it out.", at_least=0)
    every: float = flag(0.5, "Minutes from one measurement to the next.", at_least=0)
    seed: int = flag(0, "Seed of all trainings.", at_least=0)
    keep_dir: str | None = flag(None, "Folder in which the recipes' trainings stay; not set removes them.")
    peer: str = flag(
        os.path.join(os.path.dirname(ROOT), "shared", "bench", "pytorch_dcgan.py"),
        "Script that trains a DCGAN in PyTorch: takes a .npy file of uint8 [N, 2500], --minutes and --samples.",
    )


class Measured(NamedTuple):
    """One point of a curve."""

    minutes: float
    distance: float


def main(argv: list[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    return command.run(compare, TimeConfig, argv)


def compare(config: TimeConfig) -> None:
    """Trains everything and prints the table."""
    files = [os.path.abspath(path) for path in cache.find_files(config.train_data_pattern, "train_data_pattern")]
    has_peer = is_installed("torch") and os.path.exists(config.peer)
    if config.peer_minutes and not has_peer:
        print(f"no peer: torch (pip install torch) or {config.peer} is missing")
    recipes = _recipes(config)
    for recipe in recipes:  # before the first one trains
        training_flags.of_recipe(recipe, files)
    curves, kept = {}, _kept_dirs(config)
    for recipe in recipes:
        curves[recipe] = _told(recipe, _train(config, recipe, files, kept.get(recipe)))
    if config.peer_minutes and has_peer:
        curves[PEER] = _told(PEER, _train_peer(config, files))
    print("\n" + table(curves))


def is_installed(module: str) -> bool:
    """Whether a module can be imported."""
    return importlib.util.find_spec(module) is not None


def first_at(curve: list[Measured], level: float) -> float | None:
    """Minutes of the first measurement at or below a level; None if there is none."""
    return next((each.minutes for each in curve if each.distance <= level), None)


def table(curves: dict[str, list[Measured]]) -> str:
    """Minutes to each level, and the best of all measurements, a line for each training."""
    lines = [["minutes to a distance of", *(f"{level:g}" for level in LEVELS), "trained", "best"]]
    for name, curve in curves.items():
        times = [first_at(curve, level) for level in LEVELS]
        best = min(each.distance for each in curve)
        cells = ["never" if time is None else f"{time:.1f}" for time in times]
        lines.append([name, *cells, f"{curve[-1].minutes:.1f}", f"{best:.3g}"])
    return "\n".join(columns.aligned(lines))


def _train(config, recipe, files, kept):
    """The curve of a recipe; `kept` is the folder in which its training stays, or None."""
    with contextlib.nullcontext(kept) if kept else tempfile.TemporaryDirectory() as folder:
        words = [
            f"--flagfile={os.path.abspath(flag_files.own_file(recipe))}",
            f"--train_data_pattern={','.join(files)}",
            f"--train_dir={folder}",
        ]
        words += [f"--seed={config.seed}", f"--quality_minutes={config.every}", "--keep_best=frechet"]
        words += [f"--max_minutes={config.minutes}"] if config.minutes else []
        throughput.run([sys.executable, "-m", "gan.train", *words])
        return [Measured(line.minutes, line.value) for line in quality_record.read(folder)]


def _recipes(config):
    """The flag files, each once."""
    return list(dict.fromkeys(recipe.strip() for recipe in config.recipes.split(",") if recipe.strip()))


def _kept_dirs(config):
    """Where each recipe's training stays; raises UserError before any begins if one of the folders cannot be new."""
    if config.keep_dir is None:
        return {}
    recipes = _recipes(config)
    names = [os.path.splitext(os.path.basename(recipe))[0] for recipe in recipes]
    for recipe, name in zip(recipes, names):
        if names.count(name) > 1:
            raise UserError(f"--keep_dir: two recipes are called {name}; rename {recipe}")
        if os.path.exists(os.path.join(config.keep_dir, name)):
            raise UserError(f"{config.keep_dir}/{name} is already there; remove it, or name another --keep_dir")
    return {recipe: os.path.abspath(os.path.join(config.keep_dir, name)) for recipe, name in zip(recipes, names)}


def _train_peer(config, files):
    """The curve of the peer, trained for longer and longer times."""
    tensorflow_import.import_tensorflow()
    from gan.data import tfrecords
    from gan.measure import training_quality

    judge = training_quality.TrainingQuality(files, pixels.FACE_SIZE, "frechet")
    curve = []
    with tempfile.TemporaryDirectory() as folder:
        faces, samples = os.path.join(folder, "faces.npy"), os.path.join(folder, "samples.npy")
        np.save(faces, tfrecords.read_all(files, pixels.FACE_SIZE))
        for minutes in peer_times(config.peer_minutes):
            words = [faces, "--norm", f"--minutes={minutes}", f"--samples={samples}", f"--seed={config.seed}"]
            throughput.run([sys.executable, os.path.abspath(config.peer), *words])
            images = np.load(samples)
            if len(images) < judge.count:
                raise UserError(f"{config.peer} made {len(images)} images; {judge.count} are needed")
            curve.append(Measured(minutes, judge.measure(images[: judge.count]).value))
    return curve


def peer_times(longest: float) -> list[float]:
    """Minutes of the peer's trainings: halves of the longest one down to a minute, rising."""
    times = [longest]
    while times[0] >= 2:
        times.insert(0, times[0] / 2)
    return times


def _told(name, curve):
    if not curve:
        raise UserError(f"{name}: nothing was measured; raise --minutes")
    print(f"{name}: " + ", ".join(f"{each.minutes:.1f} min {each.distance:.3g}" for each in curve), flush=True)
    return curve


if __name__ == "__main__":
    sys.exit(main())
