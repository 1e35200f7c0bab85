"""Plays a whole contest on this machine, with everything that goes wrong in one, and checks what came of it.

    python benchmarks/simulated_contest.py
    python benchmarks/simulated_contest.py --input_data_pattern=data/validation.tfrecords --seed=3

Sixteen teams hand in to buckets of the emulator that the tests use. The real commands hold a day of twelve mock
battles, with a shortened period, and then the tournament with secret test images. Nobody touches them. By a plan that
follows from the seed, teams come late, leave, upload something better, upload half of a snapshot, name none, hand in
what must not run, and change their files while these are read. The network fails for a while. The process of the
battles is killed now and then, and a supervisor starts the same command again. A client looks at the screen all the
time.

Then a table says what was planned, what happened, and whether it was as it should be. It is computed from the store and
from what lies in the buckets, as far as possible without the code that wrote them. The exit code is 1 if anything was
not as it should be. --work_dir keeps everything to look at.
"""

import dataclasses
import os
import shutil
import signal
import sys
import tempfile
import textwrap
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:1] = [ROOT, os.path.join(ROOT, "benchmarks"), os.path.join(ROOT, "tests")]

import numpy as np

from gan.console import command, tensorflow_import
from gan.console.errors import UserError
from gan.console.flags import flag
from gan.data import pixels, tfrecords
from gan.storage import cache

MADE_FACES, FEWEST_FACES = 240, 120  # drawn if no file is given; needed
_WIDTHS = 44, 70  # of the table's columns, in characters


@dataclasses.dataclass(frozen=True)
class SimulatedContestConfig:
    """Flags of the command, by name."""

    input_data_pattern: str = flag(
        None,
        "TFRecord files of 50x50 faces: half of them are shown in mock battles, half are the test images. Not set: "
        "drawn ones.",
    )
    seed: int = flag(0, "Of the plan, the teams and all battles.", at_least=0)
    num_battles: int = flag(
        12, "Mock battles; if they are fewer, what is planned for later ones does not happen.", at_least=2, at_most=12
    )
    period_seconds: int = flag(30, "From one mock battle to the next; a divisor of 86,400.", at_least=6)
    work_dir: str = flag(None, "Empty folder to keep everything in. Not set: a temporary one.")


def main(argv: list[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    return command.run(simulate, SimulatedContestConfig, argv)


def simulate(config: SimulatedContestConfig) -> int:
    """Plays the contest and prints the table; returns the exit code."""
    if 86400 % config.period_seconds:
        raise UserError(f"--period_seconds={config.period_seconds} does not divide a day; 20, 30 and 60 do")
    if config.work_dir and os.path.exists(config.work_dir) and os.listdir(config.work_dir):
        raise UserError(f"--work_dir={config.work_dir} is not empty; name another folder")
    tensorflow_import.import_tensorflow()
    try:
        from contest_day import day, table
    except ImportError as error:
        raise UserError(f"{error.name} is not installed: pip install --editable '.[test]'") from error
    public, secret = _faces(config.input_data_pattern)
    folder = os.path.abspath(config.work_dir or tempfile.mkdtemp(prefix="simulated_contest"))
    os.makedirs(folder, exist_ok=True)
    place = day.Place(ROOT, folder, *(os.path.join(folder, f"{name}.tfrecords") for name in ("public", "secret")))
    tfrecords.write(place.public, public)
    tfrecords.write(place.secret, secret)
    began = time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that what was started ends too
    try:
        lines = table.play(place, config.seed, config.num_battles, config.period_seconds)
    finally:
        if not config.work_dir:
            shutil.rmtree(folder, ignore_errors=True)
    for line in lines:
        _print(line.planned, line.happened, "good" if line.is_good else "WRONG")
    wrong = sum(not line.is_good for line in lines)
    print(f"{len(lines)} lines, {wrong} of them wrong; seed {config.seed}; {time.monotonic() - began:.0f} s")
    return 1 if wrong else 0


def _faces(pattern: str | None) -> tuple[np.ndarray, np.ndarray]:
    """(faces that everybody may see, test images), uint8 [N, 2500] each; none is in both."""
    if pattern:
        found = tfrecords.read_all(cache.find_files(pattern, "input_data_pattern"), pixels.FACE_SIZE)
    else:
        from conftest import synthetic_images

        found = synthetic_images(MADE_FACES, pixels.FACE_SIZE)
    different = np.unique(found, axis=0)
    if len(different) < FEWEST_FACES:
        raise UserError(f"--input_data_pattern={pattern} has {len(different)} faces; {FEWEST_FACES} are needed")
    mixed = np.random.default_rng(0).permutation(different)
    return mixed[::2], mixed[1::2]


def _print(planned: str, happened: str, verdict: str) -> None:
    """Prints a line of the table; long texts take several lines."""
    columns = [textwrap.wrap(text, width) or [""] for text, width in zip((planned, happened), _WIDTHS)]
    for number in range(max(map(len, columns))):
        parts = [column[number] if number < len(column) else "" for column in columns]
        print(f"{parts[0]:{_WIDTHS[0]}}  {parts[1]:{_WIDTHS[1]}}  {verdict if number == 0 else ''}".rstrip())


if __name__ == "__main__":
    sys.exit(main())
