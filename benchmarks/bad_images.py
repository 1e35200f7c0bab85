"""What discriminators take for real of images that anybody sees are no photographs of faces: a table of all families.

    python benchmarks/bad_images.py --snapshots=run30,house=gan/house_team \\
        --eval_data_pattern='data/validation*.tfrecords'

The first line is the share of real faces that are accepted. A star marks families of which training with
--nonsense_filter draws nothing alike.
"""

import dataclasses
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[0] = ROOT

import numpy as np

from gan.console import command, flags
from gan.console.flags import flag
from gan.contest import half_round
from gan.data import pixels, tfrecords
from gan.measure import bad_images
from gan.sandbox import sandbox
from gan.storage import cache

# gan/training/nonsense.py draws these, or something very near.
DRAWN = {
    *("black", "white", "one grey level", "gradient", "white noise", "faint noise", "fine smooth noise"),
    *("coarse smooth noise", "noise of all scales", "stripes", "discs", "rectangles"),
    *("oval on a ground", "a drawn face", "marble"),
    *("a tenth of the contrast", "a fiftieth of the brightness", "over-exposed", "black or white"),
    *("three grey levels", "negative", "solarised", "sixth power of the brightness", "sixth root of the brightness"),
    *("three times too bright, beginning again at black", "strong blur", "large pixels", "noise as strong as the face"),
    *("grid of 2x2 pixels", "relief", "high frequencies alone", "upside down", "turned by 90 degrees"),
    *("turned by 45 degrees", "lower half above the upper one", "upper half mirrored below", "half of it black"),
    *("half of it one grey level", "average of sixteen faces", "a face and itself on its side, averaged"),
    *("difference of two faces", "product of a face and one upside down", "quarters of four faces"),
    *("blocks in another order", "tiles of many faces", "swirled", "bulging", "oblique", "wavy rows"),
    *("two and a half times as tall", "four small faces", "a sixteenth of a face, enlarged"),
    *("squeezed to a third of the width", "a ninth of the area, on a ground"),
}


@dataclasses.dataclass(frozen=True)
class BadImagesConfig:
    """Flags of the benchmark, by name."""

    snapshots: str = flag(None, "Folders or snapshots, with commas; NAME=PATH names one.", required=True)
    eval_data_pattern: str = flag(None, "TFRecord files of faces that nobody trained on.", required=True)
    count: int = flag(300, "Images of each family; some mix sixteen faces.", at_least=16)
    seed: int = flag(1, "Of the choice and of what is drawn.", at_least=0)


def main(argv: list[str] | None = None) -> int:
    """Runs the benchmark and returns its exit code."""
    return command.run(measure, BadImagesConfig, argv)


def measure(config: BadImagesConfig) -> None:
    """Prints the table."""
    real = tfrecords.read_all(cache.find_files(config.eval_data_pattern, "eval_data_pattern"), pixels.FACE_SIZE)
    faces = real[np.random.default_rng(config.seed).permutation(len(real))[: config.count]]
    paths = flags.named_paths(config.snapshots)
    with sandbox.Sandbox() as opener:
        opened = [opener.open(path, pixels.FACE_SIZE) for path in paths.values()]
        beside = pixels.to_floats(half_round.references(real, faces))
        print(f"{'':46}" + "".join(f"{name[:12]:>13}" for name in paths))
        _row("real faces", [_accepted(each, pixels.to_floats(real), beside) for each in opened])
        rows = []
        for name in bad_images.FAMILIES:
            images = bad_images.make(name, faces, config.seed)
            rows.append([_accepted(each, images, beside) for each in opened])
            _row(f"{name}{'' if name in DRAWN else ' *'}", rows[-1])
    shares = np.array(rows)
    _row("mean of all families", shares.mean(0).tolist())
    _row("largest", shares.max(0).tolist())
    print(f"{'families above 5%':46}" + "".join(f"{count:13d}" for count in (shares > 0.05).sum(0)))


def _accepted(snapshot: sandbox.SandboxedSnapshot, images: np.ndarray, beside: np.ndarray) -> float:
    return float((snapshot.discriminate(images, references=beside) > 0.5).mean())


def _row(name: str, shares: list[float]) -> None:
    print(f"{name:46}" + "".join(f"{share:13.1%}" for share in shares), flush=True)


if __name__ == "__main__":
    sys.exit(main())
