"""What benchmarks/kills.py runs: every command with small data, and what must hold of its results."""

import contextlib
import glob
import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from PIL import Image

from gan.data import pixels, tfrecords
from gan.snapshots import checkpoint_files

STEPS, MORE_STEPS = 20, 60  # of the training that all begin with, and of the one that is disturbed
_HOUSE_TEAM = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "gan", "house_team")


class Inputs(NamedTuple):
    """What the commands read; no fault may change it."""

    faces: str  # TFRecord file of 50x50 images
    pictures: str  # folder of PNG files
    run: str  # train_dir after STEPS steps
    arena: str  # arena_dir of a finished tournament
    teams: str  # CSV file of four teams


class Case(NamedTuple):
    """A command, and how it is run again after it was disturbed.

    Attributes:
        name: of the command.
        flags: (inputs, folder for the results) -> the flags.
        again: flags that the second run adds.
        prepare: (inputs, folder) -> None, before the first run.
        kept: folder -> what was lost of what was there before; "" for nothing.
        done: what the second run may say if the first one did it all.
        whole: folder -> what lacks of the results of a run that ended well; "" for nothing.
    """

    name: str
    flags: Callable[[Inputs, str], list[str]]
    whole: Callable[[str], str]
    again: tuple[str, ...] = ()
    prepare: Callable[[Inputs, str], None] = lambda inputs, folder: None
    kept: Callable[[str], str] = lambda folder: ""
    done: str = ""


def damaged(folder: str) -> str:
    """The first file in a folder that looks finished but cannot be read; "" if there is none."""
    readers: dict[str, Callable[[str], object]] = {
        ".png": _read_picture,
        ".json": _read_json,
        ".tfrecords": lambda path: tfrecords.read_all([path], pixels.FACE_SIZE),
        ".sqlite3": _check_store,
    }
    for path in sorted(glob.glob(os.path.join(glob.escape(folder), "**"), recursive=True)):
        reader = readers.get(os.path.splitext(path)[1])
        if reader and os.path.isfile(path):
            try:
                reader(path)
            except Exception as error:  # whatever a reader finds
                return f"{path} is damaged: {error}"
    return ""


def _read_picture(path: str) -> None:
    with Image.open(path) as picture:
        picture.load()


def _read_json(path: str) -> None:
    with open(path, encoding="utf-8") as file:
        json.load(file)


def _check_store(path: str) -> None:  # to be read only: a writer would put away the -wal file beside it
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=60)) as connection:
        found = connection.execute("PRAGMA integrity_check").fetchone()[0]
        if found != "ok":
            raise ValueError(found)


def _has(*names: str) -> Callable[[str], str]:
    """A check that files are there; a name may be a pattern."""

    def check(folder: str) -> str:
        missing = [name for name in names if not glob.glob(os.path.join(glob.escape(folder), name))]
        return f"{', '.join(missing)} is missing" if missing else ""

    return check


def _copy_run(inputs: Inputs, folder: str) -> None:
    shutil.copytree(inputs.run, os.path.join(folder, "run"))


def _copy_arena(inputs: Inputs, folder: str) -> None:
    shutil.copytree(inputs.arena, os.path.join(folder, "arena"), symlinks=True)


def _trained_to(folder: str, fewest: int) -> str:
    found = checkpoint_files.latest_snapshot(os.path.join(folder, "run"))
    if found is None or (found.step or 0) < fewest:
        return f"the newest snapshot is {found.path if found else None}, not of step {fewest} or later"
    if found.note:
        return f"{found.path}: {found.note}"
    return ""


def _played(folder: str) -> int:
    """Half rounds that an arena keeps."""
    path = os.path.join(folder, "arena", "arena.sqlite3")
    if not os.path.exists(path):
        return 0
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=60)) as connection:
        try:
            return int(connection.execute("SELECT COUNT(*) FROM half_round").fetchone()[0])
        except sqlite3.OperationalError:  # it has no tables yet
            return 0


def _won(folder: str) -> str:
    """Two semi-finals of one round, and a final of three: five rounds of two half rounds."""
    played = _played(folder)
    return "" if played >= 10 else f"the arena has {played} half rounds, not 10"


def _battle(inputs: Inputs, folder: str) -> list[str]:
    arena = f"--arena_dir={folder}/arena"
    return ["--mode=tournament", f"--teams={inputs.teams}", arena, f"--input_data_pattern={inputs.faces}", "--seed=1"]


def _annulled(folder: str) -> str:
    return "" if _played(folder) >= 10 else "half rounds are missing"


def make_teams(inputs: Inputs) -> None:
    """Writes the CSV file of teams."""
    paths = {"one": inputs.run, "two": _HOUSE_TEAM, "three": inputs.run, "four": _HOUSE_TEAM}
    with open(inputs.teams, "w", encoding="utf-8") as file:
        file.write("team,path\n" + "".join(f"{name},{path}\n" for name, path in paths.items()))


def make_pictures(folder: str, images: np.ndarray) -> None:
    """Writes images, uint8 [N, 2500], as PNG files."""
    os.makedirs(folder, exist_ok=True)
    for number, image in enumerate(images):
        Image.fromarray(image.reshape(50, 50)).save(os.path.join(folder, f"{number:03}.png"))


CASES = (
    Case(
        "prepare_data",
        lambda at, to: ["--source=folder", f"--input={at.pictures}", f"--output_dir={to}/data", "--num_workers=2"],
        _has("data/train.tfrecords", "data/validation.tfrecords", "data/test.tfrecords", "data/manifest.json"),
        again=("--overwrite",),
    ),
    Case(
        "train",
        lambda at, to: [
            *(f"--train_data_pattern={at.faces}", f"--train_dir={to}/run", f"--max_steps={MORE_STEPS}"),
            *("--batch_size=16", "--seed=5", "--export_model_steps=5"),
        ],
        lambda folder: _trained_to(folder, MORE_STEPS),
        prepare=_copy_run,
        kept=lambda folder: _trained_to(folder, STEPS),
    ),
    Case(
        "eval",
        lambda at, to: [
            f"--eval_data_pattern={at.faces}",
            f"--train_dir={at.run}",
            f"--log_dir={to}/log",
            "--run_once",
        ],
        _has("log/eval/*"),
    ),
    Case(
        "compare",
        lambda at, to: [
            *(f"--snapshots=one={at.run},two={_HOUSE_TEAM}", f"--eval_data_pattern={at.faces}"),
            *(f"--output_dir={to}/comparison", "--battles=20"),
        ],
        _has("comparison/*.html", "comparison/*.jsonl"),
    ),
    Case(
        "generate_and_discriminate",
        lambda at, to: [
            *(f"--G_train_dir={at.run}", f"--D_train_dir={at.run}", f"--input_data_pattern={at.faces}"),
            *(f"--output_dir={to}/half_round", "--seed=1"),
        ],
        _has("half_round/overview.png", "half_round/*.csv"),
    ),
    Case(
        "linear_interpolation",
        lambda at, to: [f"--train_dir={at.run}", f"--output_file={to}/interpolation.png", "--seed=1"],
        _has("interpolation.png"),
    ),
    Case(
        "export_model",
        lambda at, to: [f"--train_dir={at.run}", f"--output_dir={to}/saved_model"],
        _has("saved_again/saved_model.pb"),
        again=("--output_dir={folder}/saved_again",),
    ),
    Case(
        "submit",
        lambda at, to: [
            *(f"--train_dir={at.run}", f"--input_data_pattern={at.faces}", "--bucket=gs://a-team", "--dry_run"),
            *(f"--output_dir={to}/submission", "--seed=1"),
        ],
        _has("submission/overview.png"),
    ),
    Case("battle", _battle, _won),
    Case(
        "organise annul",
        lambda at, to: [f"--arena_dir={to}/arena", "--match=3", "--reason=a test", "--yes"],
        _annulled,
        prepare=_copy_arena,
        kept=_annulled,
        done="annulled already",
    ),
    Case(
        "organise backup",
        lambda at, to: [f"--arena_dir={at.arena}", f"--to={to}/copy"],
        _has("copy/arena.sqlite3"),
        again=("--replace",),
    ),
    Case(
        "scoreboard",
        lambda at, to: [f"--arena_dir={at.arena}", f"--export={to}/page"],
        _has("page/index.html"),
    ),
)
