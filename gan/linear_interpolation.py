"""Draws the images between four latents: 10x10 images, with that of one latent in each corner.

    python -m gan.linear_interpolation --train_dir=run1 --output_file=interpolation.png

Soft changes from image to image show that the generator has learned faces. Jumps show that it has learned
a few pictures by heart. A snapshot that --calibrate_flip made draws some faces as in a mirror: there the light changes
sides between two images, and nothing else.
"""

import dataclasses
import os
import secrets
import sys

if not __package__:  # `python linear_interpolation.py` inside gan/: the package is found one folder up
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

import numpy as np

from gan.console import command, flags
from gan.console.flags import flag
from gan.data import pixels
from gan.random_noise_generator import Use, uniform_noise
from gan.sandbox import sandbox
from gan.storage import outputs

STEPS = 10  # images from corner to corner


@dataclasses.dataclass(frozen=True)
class InterpolationConfig:
    """Flags of the command, by name."""

    train_dir: str = flag(flags.TRAIN_DIR, "Folder with snapshots, or the path of one: run1/model.ckpt-1000.")
    output_file: str = flag("interpolation.png", "Picture to write.")
    seed: int | None = flag(None, "Seed of the four latents; if not set, one is drawn and printed.", at_least=0)
    use_mnist: bool = flag(False, "The snapshot generates MNIST digits, 28x28.")


def main(argv: list[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    return command.run(interpolate, InterpolationConfig, argv)


def interpolate(config: InterpolationConfig) -> None:
    """Writes the picture."""
    seed = config.seed if config.seed is not None else secrets.randbelow(2**31)
    with sandbox.Sandbox() as opener:
        snapshot = opener.open(config.train_dir, pixels.image_size(config.use_mnist))
        if snapshot.note:
            print(f"{snapshot.path}: {snapshot.note}")
        images = snapshot.generate(between(uniform_noise(4, Use.INTERPOLATION_NOISE, seed), STEPS))
    with outputs.output_file(config.output_file) as path:
        pixels.write_png(path, pixels.grid(pixels.to_bytes(images), columns=STEPS, zoom=2))
    print(f"{config.output_file}: {STEPS}x{STEPS} images of {snapshot.path} between four latents of seed {seed}")


def between(corners: np.ndarray, steps: int) -> np.ndarray:
    """Latents on a square grid, interpolated linearly in both directions.

    Args:
        corners: float32 [4, n]: top left, top right, bottom left, bottom right.
        steps: latents along each side.

    Returns:
        float32 [steps * steps, n], row by row.
    """
    along = np.linspace(0, 1, steps, dtype=np.float32)
    across, down = along[None, :, None], along[:, None, None]
    top_left, top_right, bottom_left, bottom_right = corners
    top = top_left + (top_right - top_left) * across
    bottom = bottom_left + (bottom_right - bottom_left) * across
    return (top + (bottom - top) * down).reshape(steps * steps, -1)


if __name__ == "__main__":
    sys.exit(main())
