"""One trial of a sweep: a `gan.train` process with a train_dir of its own. No TensorFlow."""

import functools
import os
import pathlib
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Any

from gan.console import printable
from gan.console.flags import words_of
from gan.sandbox import confinement
from gan.snapshots import checkpoint_files
from gan.storage import files
from gan.training import quality_record
from gan.training.quality_record import QualityLine

COMMAND = (sys.executable, "-m", "gan.train")
OUTPUT = "output.txt"  # of train_dir: what the trial printed
SECONDS_TO_SAVE = 60  # that a trial has to end its step and to save
_SECONDS_TO_END = 60  # that the trial of a killed sweep has to leave its folder
_MOST_BYTES = 4096  # of the output, in which its last line is looked for
# What a cloud told this process about itself; it is not about the trials.
_NOT_INHERITED = ("TF_CONFIG", "CLOUD_ML_HP_METRIC_FILE", "CLOUD_ML_TRIAL_ID", "AIP_TENSORBOARD_LOG_DIR")


class TrialProcess:
    """Trains with some flags, or goes on with a training that was stopped.

    Args:
        train_dir: folder of this trial, on disk.
        flags: of train, all but train_dir.

    Attributes:
        is_lost: False; see trial_loop.Trial.

    Raises:
        OSError: the process cannot be started.
    """

    is_lost = False

    def __init__(self, train_dir: str, flags: Mapping[str, Any]) -> None:
        self._train_dir = train_dir
        _wait_until_free(train_dir)
        os.makedirs(train_dir, exist_ok=True)
        with open(os.path.join(train_dir, OUTPUT), "ab") as output:
            self._process = subprocess.Popen(
                [*COMMAND, f"--train_dir={train_dir}", *words_of(flags)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=_environment(),
                start_new_session=True,  # Ctrl-C in the terminal reaches the sweep alone, which asks its trials to stop
                preexec_fn=functools.partial(confinement.die_with_parent, signal.SIGTERM),
            )

    @property
    def exit_code(self) -> int | None:
        """How it ended; None while it runs. The negative number of a signal if that killed it."""
        return self._process.poll()

    def measured(self) -> list[QualityLine]:
        """What was measured so far."""
        return quality_record.read(self._train_dir)

    def ask_to_stop(self) -> None:
        """Asks it to end its step, to save and to end."""
        if self.exit_code is None:
            self._process.terminate()

    def wait(self, seconds: float = SECONDS_TO_SAVE) -> None:
        """Waits until it has ended; kills it after some seconds."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def last_line(self) -> str:
        """The last line that it printed; how it ended if it printed nothing."""
        with open(os.path.join(self._train_dir, OUTPUT), "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _MOST_BYTES))
            lines = file.read().decode("utf-8", "replace").split("\n")
        told = [printable.cleaned(line.rpartition("\r")[2]).strip() for line in lines]
        return next((line for line in reversed(told) if line), f"it ended with exit code {self.exit_code}")


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in _NOT_INHERITED}
    here = str(pathlib.Path(__file__).parents[2])  # the command may have been started inside gan/
    kept["PYTHONPATH"] = os.pathsep.join(filter(None, (here, kept.get("PYTHONPATH"))))
    # Several trials may share a GPU, and the first would take all of its memory.
    kept.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    return kept


def _wait_until_free(train_dir: str) -> None:
    """Waits for the trial of a sweep that was killed: it is still saving."""
    lock = os.path.join(train_dir, checkpoint_files.STATE_FOLDER, ".lock")
    end = time.monotonic() + _SECONDS_TO_END
    while files.is_locked(lock) and time.monotonic() < end:
        time.sleep(0.2)
