"""Draws the pictures of the README from real runs.

    python pics/make_pics.py --faces_run=gan/house_team --mnist_run=digits_run

human_faces.png shows faces that scikit-image brings along. The generated images come from the newest snapshots.
"""

import dataclasses
import os
import sys

sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch
from matplotlib.path import Path

from gan.console import command, tensorflow_import
from gan.console.flags import flag
from gan.data import pixels, sources
from gan.random_noise_generator import uniform_noise

INK, REAL, GENERATED = "#222222", "#0057b0", "#c25400"


@dataclasses.dataclass(frozen=True)
class PicsConfig:
    """Flags of the command, by name."""

    faces_run: str = flag(None, "train_dir of a run on faces.", required=True)
    mnist_run: str | None = flag(None, "train_dir of a run on MNIST; not set: its picture stays as it is.")
    output_dir: str = flag("pics", "Folder for the pictures.")
    seed: int = flag(1, "Seed of the noise.", at_least=0)


def main(argv: list[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    return command.run(draw, PicsConfig, argv)


def draw(config: PicsConfig) -> None:
    """Draws the pictures."""
    tensorflow_import.import_tensorflow()
    from gan.snapshots.snapshot import Snapshot

    human = sources.load("faces_sample", sources.find("faces_sample", None)).images[:64]
    faces = Snapshot(config.faces_run, pixels.FACE_SIZE)
    noise = uniform_noise(64, config.seed)
    generated = pixels.to_bytes(faces.generate(noise))
    grids = [("human_faces", human, 1), ("generated_faces", generated, 1)]
    if config.mnist_run:
        digits = Snapshot(config.mnist_run, pixels.MNIST_SIZE)
        grids.append(("generated_mnist", pixels.to_bytes(digits.generate(noise)), 2))
    for name, images, zoom in grids:
        pixels.write_png(os.path.join(config.output_dir, name + ".png"), pixels.grid(images, zoom=zoom))
    judged = np.concatenate([_two_right_one_wrong(faces, human, True), _two_right_one_wrong(faces, generated, False)])
    probabilities = faces.discriminate(pixels.to_floats(judged))
    _workflow(os.path.join(config.output_dir, "workflow.png"), human, generated, judged, probabilities)
    names = ", ".join(name for name, *_ in grids)
    print(f"{names} and workflow.png are in {config.output_dir}")


def _two_right_one_wrong(snapshot, images, is_real):
    """Two images that the snapshot judges right and one that it judges wrong; others if there are too few."""
    is_right = (snapshot.discriminate(pixels.to_floats(images)) > 0.5) == is_real
    right, wrong = images[is_right], images[~is_right]
    return np.concatenate([right[:2], wrong[:1], right[2:], wrong[1:]])[:3]


def _workflow(path, human, generated, judged, probabilities):
    """Draws the way of faces and noise through both networks to a snapshot and a half round."""
    figure = Figure(figsize=(13, 4.6))
    FigureCanvasAgg(figure)
    noise = np.random.default_rng(0).random((24, 24))
    _image(figure, (0.01, 0.56, 0.15, 0.34), pixels.grid(human[:9]), "real faces", REAL)
    _image(figure, (0.01, 0.08, 0.15, 0.34), noise, "noise [-1, 1] x 100", GENERATED)
    _box(figure, (0.215, 0.13, 0.12, 0.24), "generator", "models.py", GENERATED)
    _image(figure, (0.385, 0.08, 0.15, 0.34), pixels.grid(generated[:9]), "generated faces", GENERATED)
    _box(figure, (0.385, 0.61, 0.15, 0.24), "discriminator", "models.py", REAL)
    _box(figure, (0.595, 0.37, 0.12, 0.26), "snapshot", "model.ckpt-N\n4 collections", INK)
    for start, end, colour in (
        ((0.165, 0.73), (0.383, 0.73), REAL),
        ((0.165, 0.25), (0.213, 0.25), GENERATED),
        ((0.337, 0.25), (0.383, 0.25), GENERATED),
        ((0.46, 0.45), (0.46, 0.60), GENERATED),
        ((0.385, 0.66), (0.275, 0.39), INK),
        ((0.537, 0.70), (0.593, 0.56), INK),
        ((0.717, 0.50), (0.765, 0.50), INK),
    ):
        _arrow(figure, [start, end], colour)
    _arrow(figure, [(0.275, 0.12), (0.275, 0.025), (0.655, 0.025), (0.655, 0.36)], INK)
    figure.text(0.29, 0.50, "gradients", color=INK, fontsize=10, ha="right")
    figure.text(0.275, 0.95, "train", color=INK, fontsize=15, weight="bold", ha="center")
    figure.text(0.655, 0.95, "hand in", color=INK, fontsize=15, weight="bold", ha="center")
    figure.text(0.885, 0.95, "half round", color=INK, fontsize=15, weight="bold", ha="center")
    for place, (image, probability) in enumerate(zip(judged, probabilities)):
        real, column, row = place < 3, place // 3, place % 3
        box = (0.775 + 0.115 * column, 0.64 - 0.3 * row, 0.10, 0.19)
        right = "right" if (probability > 0.5) == real else "wrong"
        colour = REAL if real else GENERATED
        _image(
            figure,
            box,
            image.reshape(50, 50),
            f"{'real' if real else 'generated'}\np {probability:.2f}, {right}",
            colour,
        )
    figure.savefig(path, dpi=100, facecolor="white")


def _arrow(figure, corners, colour):
    arrow = FancyArrowPatch(path=Path(corners), arrowstyle="-|>", mutation_scale=18, lw=2, color=colour)
    arrow.set_transform(figure.transFigure)
    figure.add_artist(arrow)


def _image(figure, box, pixels, title, colour):
    axes = figure.add_axes(box)
    axes.imshow(pixels, cmap="gray")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_title(title, fontsize=10, color=colour, pad=4)


def _box(figure, box, title, subtitle, colour):
    axes = figure.add_axes(box)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_edgecolor(colour)
        spine.set_linewidth(2)
    axes.text(0.5, 0.62, title, ha="center", va="center", fontsize=13, weight="bold", color=colour)
    axes.text(0.5, 0.26, subtitle, ha="center", va="center", fontsize=9, color=INK)


if __name__ == "__main__":
    sys.exit(main())
