"""Plays one half round: one snapshot's generator against the discriminator of the same or of another one.

    python -m gan.generate_and_discriminate --G_train_dir=run1 --D_train_dir=run1 \\
        --input_data_pattern='data/validation.tfrecords' --output_dir=half_round

If both folders are the same, this is the submission check: it opens the snapshot as a battle does, tests
every rule of the contract, and lets the snapshot play against itself. It writes to output_dir:

    images/NN.png       generated and real images in random order
    ground_truth.csv    Id,Category with 1 for real and 0 for generated
    predictions.csv     the discriminator's guesses: Id,Category
    overview.png        all images with the guesses
"""

import dataclasses
import os
import secrets
import sys

if not __package__:  # `python generate_and_discriminate.py` inside gan/: the package is found one folder up
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from gan.console import command, flags
from gan.console.errors import UserError
from gan.console.flags import flag
from gan.contest import half_round
from gan.data import pixels, tfrecords
from gan.measure import probes
from gan.sandbox import sandbox
from gan.storage import cache, outputs


@dataclasses.dataclass(frozen=True)
class HalfRoundConfig:
    """Flags of the command, by name."""

    G_train_dir: str = flag(flags.TRAIN_DIR, "Folder of the snapshot whose generator plays, or path of a snapshot.")
    D_train_dir: str = flag(flags.TRAIN_DIR, "Folder of the snapshot whose discriminator plays, or path of a snapshot.")
    input_data_pattern: str = flag(None, "TFRecord files of real images: a pattern, or several.", required=True)
    num_generate: int = flag(15, "Images to generate.", at_least=1)
    num_total_images: int | None = flag(
        None, "Images in all; those that are not generated are real. Not set: twice --num_generate.", at_least=1
    )
    output_dir: str = flag("half_round/", "Folder for the images and the two CSV files.")
    use_mnist: bool = flag(False, "The data is MNIST, 28x28, not faces, 50x50.")
    seed: int | None = flag(None, "Seed of noise, choice and order. Not set: it is drawn, and shown.", at_least=0)


def main(argv: list[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    return command.run(play, HalfRoundConfig, argv)


def play(config: HalfRoundConfig) -> None:
    """Plays the half round and writes its files."""
    total = config.num_total_images or 2 * config.num_generate
    if total < config.num_generate:
        raise UserError(f"--num_total_images={total} is less than --num_generate={config.num_generate}")
    files = cache.find_files(config.input_data_pattern, "input_data_pattern")
    size = pixels.image_size(config.use_mnist)
    seed = config.seed if config.seed is not None else secrets.randbelow(2**31)
    with sandbox.Sandbox() as opener:
        real_images = tfrecords.read_all(files, size)
        snapshots = {where: opener.open(where, size) for where in (config.G_train_dir, config.D_train_dir)}
        for snapshot in snapshots.values():
            behaviour = snapshot.verify()
            print(f"{snapshot.path} keeps the contract")
            if snapshot.note:
                print(f"{snapshot.path}: {snapshot.note}")
            for remark in behaviour.remarks():
                print(f"note: {remark}")
        generator, discriminator = snapshots[config.G_train_dir], snapshots[config.D_train_dir]
        played = half_round.play(generator, discriminator, real_images, config.num_generate, total, seed)
        with outputs.output_folder(config.output_dir, half_round.images_of(config.output_dir)) as folder:
            half_round.write(folder, played)
        for snapshot in snapshots.values():  # last: one that fails on a bad image has ended
            for remark in probes.if_possible(probes.remarks, snapshot, real_images):
                print(f"note: {snapshot.path}: {remark}")
    print(f"{discriminator.path} is {half_round.describe(played)} by {generator.path}; seed {seed}")
    print(f"images, ground_truth.csv, predictions.csv and overview.png are in {config.output_dir}")


if __name__ == "__main__":
    sys.exit(main())
