"""Shows the curves and sample images of trainings in TensorBoard; the trainings may be in a bucket.

    python -m gan.watch --log_dir=run1
    python -m gan.watch --log_dir=gs://YOUR_TEAM/run1

--log_dir is the folder of a training, or one with several of them side by side. Of a folder in a bucket, TensorBoard's
files are copied to a temporary folder on disk, and what a training adds to them follows while this command runs. No
snapshots are fetched. Ctrl-C ends it.
"""

import contextlib
import dataclasses
import io
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from typing import NoReturn

if not __package__:  # `python watch.py` inside gan/: the package is found one folder up
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from gan.console import command, signals, tensorflow_import
from gan.console.errors import BucketSilent, StateError, UserError
from gan.console.flags import flag
from gan.storage import growing_copy, paths

MARK = "tfevents"  # what TensorBoard knows its files by
PAGE_SECONDS = 5.0  # between two looks of TensorBoard at the files on disk, at most


@dataclasses.dataclass(frozen=True)
class WatchConfig:
    """Flags of the command, by name."""

    log_dir: str = flag(
        None,
        "Folder of a training, or one that holds the folders of several; on disk or in a bucket. --logdir is another "
        "name for it.",
        required=True,
        other_names=("logdir",),
    )
    port: int = flag(
        None,
        "Port of the page; 0 takes a free one. If it is not given, 6006 or the next free one.",
        at_least=0,
        at_most=65535,
    )
    host: str = flag(
        "127.0.0.1",
        "Address of the page: 127.0.0.1 is for browsers on this machine, 0.0.0.0 for all in its network.",
    )
    reload_interval: float = flag(
        20, "Seconds between two looks into the bucket. A training uploads what it logs every 20 s.", at_least=1
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    return command.run(watch, WatchConfig, argv)


def watch(config: WatchConfig) -> None:
    """Serves TensorBoard until it is interrupted."""
    with signals.terminated_as_interrupted(), tempfile.TemporaryDirectory(prefix="gan-watch-") as temporary:
        if paths.is_remote(config.log_dir):
            copy = growing_copy.GrowingCopy(config.log_dir, temporary, lambda name: MARK in name)
            if not copy.refresh():
                print(f"{config.log_dir} has no files of TensorBoard yet; they are shown once they come", flush=True)
            _serve(config, copy.path)
            _follow(copy, config.reload_interval)
        if not os.path.isdir(config.log_dir):
            raise StateError(f"--log_dir={config.log_dir}: there is no such folder; give the folder of a training")
        _serve(config, config.log_dir)
        while True:
            time.sleep(1)


def _serve(config: WatchConfig, folder: str) -> None:
    """Starts TensorBoard for a folder on disk, in a thread, and says where; raises UserError if it cannot."""
    tensorflow_import.import_tensorflow()  # which TensorBoard would import, with all that it prints
    from tensorboard import program

    tensorboard = program.TensorBoard()
    try:
        interval = min(PAGE_SECONDS, config.reload_interval)
        tensorboard.configure(logdir=folder, host=config.host, port=config.port, reload_interval=interval)
        with contextlib.redirect_stderr(io.StringIO()):  # its advice is about flags that are not ours
            address = tensorboard.launch()
    except program.TensorBoardServerException as error:
        raise UserError(f"{error.msg}; give another --port or --host") from error
    print(f"TensorBoard shows {config.log_dir} at {address}", flush=True)


def _follow(copy: growing_copy.GrowingCopy, seconds: float) -> NoReturn:
    """Keeps the copy up to date."""
    is_silent = False
    while True:
        time.sleep(seconds)
        try:
            copy.refresh()
            is_silent = False
        except BucketSilent as error:
            if not is_silent:
                print(f"{error}; until it answers, the page shows what there was", file=sys.stderr, flush=True)
            is_silent = True


if __name__ == "__main__":
    sys.exit(main())
