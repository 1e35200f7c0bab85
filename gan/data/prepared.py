"""Prepared data: a folder with three files of records and the manifest that says how they were made.

The manifest appears last: if it is there, the records are whole.
"""

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from gan.console import printable
from gan.console.errors import UserError
from gan.console.progress import Progress
from gan.data import splits, tfrecords
from gan.data.sources import Pictures
from gan.storage import files

MANIFEST = "manifest.json"
PRIVATE = "private"  # in place of a seed that nobody may know
RECORDS = [f"{split}.tfrecords" for split in splits.SPLITS]


class Settings(NamedTuple):
    """What decides the content of the records, as the manifest names it."""

    source: str  # one of sources.SOURCES
    input_sha256: str  # sources.fingerprint
    crop: str | None  # left,top,right,bottom in pixels; None: largest centred square
    seed: int | str  # or PRIVATE
    by_person: bool
    # Of records alone; None in all other manifests, which do not name them.
    image_feature: str | None = None
    value_range: str | None = None  # as it was given; "found" if it was to be found
    image_size: int | None = None  # pixels
    skip_damaged: bool = False  # the manifest names what was skipped in place of this

    def named(self) -> dict[str, Any]:
        """Name -> value of what the manifest says."""
        of_records = ("image_feature", "value_range", "image_size")
        values = {name: value for name, value in self._asdict().items() if name != "skip_damaged"}
        return {name: value for name, value in values.items() if value is not None or name not in of_records}


def is_prepared(folder: str, settings: Settings) -> bool:
    """Whether a folder on disk holds the records that these settings make.

    Raises:
        UserError: it holds other records.
    """
    held = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    held = [name for name in held if name.endswith(".tfrecords") or name == MANIFEST]
    difference = _difference(folder, settings, held) if held else None
    if difference:
        raise UserError(f"{folder} {difference}; give another --output_dir, or --overwrite")
    return bool(held)


def write(folder: str, settings: Settings, loaded: Pictures, parts: Mapping[str, np.ndarray]) -> None:
    """Writes the records of each set and the manifest.

    Args:
        folder: on disk.
        settings: what the pictures were made with.
        loaded: all pictures.
        parts: each of splits.SPLITS -> numbers of images.

    Raises:
        OSError: a file cannot be written; names it. Records that were there before are kept.
    """
    files.remove_unfinished(folder, [*RECORDS, MANIFEST])
    with contextlib.ExitStack() as stack:
        # Files appear when the stack is left, in the reverse order: the manifest after the records.
        manifest = stack.enter_context(files.written_whole(os.path.join(folder, MANIFEST)))
        checksums = {}
        with Progress("writing", sum(map(len, parts.values()))) as progress:
            for name, numbers in zip(RECORDS, parts.values()):
                file = stack.enter_context(files.written_whole(os.path.join(folder, name)))
                labels = None if loaded.labels is None else loaded.labels[numbers]
                tfrecords.write_records(file, _counted(loaded.images[numbers], progress), labels)
                file.flush()
                checksums[name] = files.sha256_of(file.name)
        manifest.write(json.dumps(_manifest(settings, loaded, parts, checksums), indent=2).encode() + b"\n")
        manifest.flush()
        # From here on the folder may be half old, half new; without a manifest nobody takes it for whole.
        with contextlib.suppress(FileNotFoundError):
            os.remove(os.path.join(folder, MANIFEST))


def _manifest(
    settings: Settings, loaded: Pictures, parts: Mapping[str, np.ndarray], checksums: Mapping[str, str]
) -> dict[str, Any]:
    counts = {split: len(numbers) for split, numbers in parts.items()}
    return {
        **settings.named(),
        **({"form": dict(loaded.form)} if loaded.form else {}),
        **_notes(loaded),
        "size": loaded.images.shape[1],
        "counts": counts,
        "left_over": len(loaded.images) - sum(counts.values()),
        "sha256": checksums,
    }


def _notes(loaded: Pictures) -> dict[str, Any]:
    """What of the input was left out, or taken in a way that is not plain; nothing of an input that was plain."""
    found: dict[str, Any] = {notes.title.replace(" ", "_"): notes.entries() for notes in loaded.notes}
    found["damaged"] = [{"name": printable.escaped(name), "why": why} for name, why in loaded.damaged]
    return {name: entries for name, entries in found.items() if entries}


def _counted(images: np.ndarray, progress: Progress) -> Iterator[np.ndarray]:
    for image in images:
        yield image
        progress.update()


def _difference(folder: str, settings: Settings, held: list[str]) -> str | None:
    """How the records in a folder differ from those that the settings make; None if they do not."""
    try:
        manifest = json.loads(files.read(os.path.join(folder, MANIFEST)))
        checksums = {name: manifest["sha256"][name] for name in RECORDS}
        changed = [name for name, value in settings.named().items() if manifest.get(name) != value]
    except (FileNotFoundError, ValueError, LookupError, TypeError):
        return f"holds {held[0]}, but no {MANIFEST} that says how it was made"
    if "input_sha256" in changed and manifest["source"] == settings.source:
        return "holds records of another input"
    if changed:
        name = changed[0]
        return f"holds records made with {name} {manifest.get(name)}, not {getattr(settings, name)}"
    if manifest.get("damaged") and not settings.skip_damaged:
        return f"holds records made without {len(manifest['damaged'])} damaged pictures, by --skip_damaged"
    for name in RECORDS:
        if name not in held or files.sha256_of(os.path.join(folder, name)) != checksums[name]:
            return f"holds no {name} as it was prepared"
    strange = [name for name in held if name not in [*RECORDS, MANIFEST]]
    return f"also holds {strange[0]}, which is not of these data" if strange else None
