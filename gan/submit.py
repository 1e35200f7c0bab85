"""Hands in: checks the newest snapshot as a battle would, then copies it to the team's bucket.

    python -m gan.submit --train_dir=run1 --input_data_pattern=data/validation.tfrecords --bucket=gs://YOUR_TEAM
    python -m gan.submit --train_dir=run1 --input_data_pattern=data/validation.tfrecords --bucket=gs://YOUR_TEAM \\
        --dry_run

The check tests every rule of the contract and plays a half round of the snapshot against itself, with
pictures. A snapshot that passes goes to gs://YOUR_TEAM/model, the source to gs://YOUR_TEAM/source. Then
everything is read back and compared, and opened from there as the organisers will open it. By hand it is
`gsutil cp` of the same files, those of the snapshot and then the file `checkpoint`.
"""

import dataclasses
import os
import secrets
import sys

import numpy as np

if not __package__:  # `python submit.py` inside gan/: the package is found one folder up
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from gan.console import command, flags, output
from gan.console.errors import UserError
from gan.console.flags import flag
from gan.console.progress import Progress
from gan.contest import half_round
from gan.data import pixels, tfrecords
from gan.measure import probes
from gan.sandbox import sandbox
from gan.snapshots import checkpoint_files
from gan.storage import buckets, cache, files, outputs, paths

SOURCE_ENDINGS = (".py", ".yaml", ".flags")
_MOST_SOURCES = 2000  # files; this package has 300
_LIBRARIES = ("site-packages", "node_modules")
_ENVIRONMENT_MARKS = ("pyvenv.cfg", "conda-meta")


@dataclasses.dataclass(frozen=True)
class SubmitConfig:
    """Flags of the command, by name."""

    bucket: str = flag(None, "The team's bucket: gs://YOUR_TEAM.", required=True)
    input_data_pattern: str = flag(None, "TFRecord files of real images for the half round.", required=True)
    train_dir: str = flag(flags.TRAIN_DIR, "Folder with snapshots, or the path of one: run1/model.ckpt-1000.")
    best: bool = flag(False, "Hands in the best snapshot, train_dir/best, that train --keep_best chose.")
    source_dir: str | None = flag(None, "Folder of your source; not set: the folder of this package.")
    num_generate: int = flag(15, "Images to generate in the half round; as many real ones are added.", at_least=1)
    output_dir: str = flag("submission/", "Folder for the half round's images and CSV files.")
    dry_run: bool = flag(False, "Checks, and says what would be copied, but copies nothing.")
    use_mnist: bool = flag(False, "The data is MNIST, 28x28, not 50x50 faces.")
    seed: int | None = flag(None, "Seed of the half round; if not set, one is drawn and printed.", at_least=0)


def main(argv: list[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    return command.run(submit, SubmitConfig, argv)


def submit(config: SubmitConfig) -> None:
    """Checks the snapshot, copies it, and reads it back."""
    if not paths.is_remote(config.bucket):
        raise UserError(f"--bucket={config.bucket} is not a bucket; write gs://YOUR_TEAM")
    paths.split(config.bucket)  # which tells if it names none
    source = _source_files(config.source_dir or os.path.dirname(os.path.abspath(__file__)))
    real_files = cache.find_files(config.input_data_pattern, "input_data_pattern")
    size = pixels.image_size(config.use_mnist)
    with sandbox.Sandbox() as opener:
        snapshot = opener.open(_where(config), size)
        behaviour = snapshot.verify()
        print(f"{snapshot.path} keeps the contract")
        if snapshot.note:
            print(f"{snapshot.path}: {snapshot.note}")
        for remark in behaviour.remarks():
            print(f"note: {remark}")
        real_images = tfrecords.read_all(real_files, size)
        _play(config, real_images, snapshot)
        for remark in probes.if_possible(
            probes.remarks, snapshot, real_images
        ):  # last: who fails on a bad image has ended
            print(f"note: {remark}")
        _hand_in(config, opener, snapshot, source)


def _where(config: SubmitConfig) -> str:
    """The folder or snapshot to hand in."""
    if not config.best:
        return config.train_dir
    best = paths.join(config.train_dir, checkpoint_files.BEST_FOLDER)
    if not checkpoint_files.has_snapshot(best):
        raise UserError(f"--best: {best} has no snapshot; train with --keep_best=frechet, or leave --best out")
    return best


def _hand_in(
    config: SubmitConfig, opener: "sandbox.Sandbox", snapshot: "sandbox.SandboxedSnapshot", source: dict[str, bytes]
) -> None:
    """Copies the files that were checked, reads them back, and opens them from the bucket."""
    model_folder = paths.join(config.bucket, "model")
    copies = {
        paths.join(model_folder, name): content for name, content in checkpoint_files.handed_in(snapshot.prefix).items()
    }
    copies |= {paths.join(config.bucket, "source", name): content for name, content in source.items()}
    if config.dry_run:
        for path, content in copies.items():
            print(f"would copy {path}, {len(content):,} bytes")
        return
    _copy(copies)
    there = opener.open(model_folder, snapshot.size)
    there.verify()
    if there.staged.digest != snapshot.staged.digest:
        raise UserError(f"{model_folder} shows another snapshot, {there.path}; look at what else lies there")
    step = "" if there.step is None else f", step {there.step}"
    output.announce(f"handed in: organisers will see {there.path}{step}, and {len(source)} files of source")


def _play(config: SubmitConfig, real_images: np.ndarray, snapshot: "sandbox.SandboxedSnapshot") -> None:
    """Plays a half round of the snapshot against itself and writes its pictures."""
    seed = config.seed if config.seed is not None else secrets.randbelow(2**31)
    played = half_round.play(snapshot, snapshot, real_images, config.num_generate, 2 * config.num_generate, seed)
    with outputs.output_folder(config.output_dir, half_round.images_of(config.output_dir)) as folder:
        half_round.write(folder, played)
    print(f"against itself it is {half_round.describe(played)}; seed {seed}; pictures are in {config.output_dir}")


def _source_files(folder: str) -> dict[str, bytes]:
    """Relative name -> content of the source files in a folder and the folders in it."""
    found = {}
    local = cache.on_disk(folder, lambda name: name.endswith(SOURCE_ENDINGS))
    for below, folders, names in os.walk(local):
        folders[:] = [name for name in folders if not name.startswith((".", "__")) and not _is_library(below, name)]
        for name in names:
            path = os.path.join(below, name)
            if name.endswith(SOURCE_ENDINGS) and not name.startswith(".") and os.path.isfile(path):
                found[os.path.relpath(path, os.path.dirname(os.path.abspath(local)))] = files.read(path)
    if not found:
        raise UserError(f"--source_dir={folder} holds no {' or '.join(SOURCE_ENDINGS)} file")
    if len(found) > _MOST_SOURCES:
        raise UserError(
            f"--source_dir={folder} holds {len(found):,} {' and '.join(SOURCE_ENDINGS)} files, more than "
            f"{_MOST_SOURCES:,}; give the folder of your own source alone"
        )
    return dict(sorted(found.items()))


def _is_library(folder: str, name: str) -> bool:
    """Whether a folder holds what pip or conda installed, not source of one's own."""
    path = os.path.join(folder, name)
    return name in _LIBRARIES or any(os.path.exists(os.path.join(path, mark)) for mark in _ENVIRONMENT_MARKS)


def _copy(copies: dict[str, bytes]) -> None:
    """Writes path -> content in this order, then reads everything back; raises UserError if anything differs."""
    with Progress("handing in", 2 * len(copies), "file") as progress:
        for path, content in copies.items():
            buckets.write(path, content)
            progress.update()
        for path, content in copies.items():
            if files.read(path) != content:
                raise UserError(
                    f"{path} has another content than was copied; somebody else may be handing in, try again"
                )
            progress.update()


if __name__ == "__main__":
    sys.exit(main())
