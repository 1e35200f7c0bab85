"""Seconds from the command `python -m gan.train` to the end of the first step, compared with TensorFlow's import.

    python benchmarks/start.py --train_data_pattern='data/train*.tfrecords'

Importing TensorFlow alone, `python -c 'import tensorflow'`, alternates with trainings of one step. A training's time is
the sum of two: from the start of Python to the announcement of the training, when all data is decoded, and the time of
the step, which is in the saved state. Each ratio is of one round, in which all ran under the same conditions. Other
programs on the machine change CPU seconds less than wall seconds. They are those of the whole process, so a training's
include saving and exit.
"""

import dataclasses
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[0] = ROOT

from benchmarks.throughput import NETWORKS, chosen
from gan.console import command, tensorflow_import
from gan.console.errors import UserError
from gan.console.flags import flag
from gan.storage import cache

IMPORT = "import"
ANNOUNCEMENT = "Ctrl-C saves and stops"  # ends the line that is printed before the first step


@dataclasses.dataclass(frozen=True)
class StartConfig:
    """Flags of the command, by name."""

    train_data_pattern: str = flag(None, "TFRecord files of 50x50 faces.", required=True)
    networks: str = flag("sample,dcgan", f"Which networks, with commas between: {', '.join(NETWORKS)}.")
    rounds: int = flag(5, "How many times everything is timed.", at_least=1)


def main(argv: list[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    return command.run(compare, StartConfig, argv)


def compare(config: StartConfig) -> None:
    """Times everything in turn and prints the results."""
    names = chosen("networks", config.networks, NETWORKS)
    files = [os.path.abspath(path) for path in cache.find_files(config.train_data_pattern, "train_data_pattern")]
    tensorflow_import.import_tensorflow()
    rounds = []
    print("wall seconds, and CPU seconds of the whole process", flush=True)
    for number in range(config.rounds):
        timed = {IMPORT: _timed(_import)}
        timed |= {name: _timed(lambda name=name: _train(files, NETWORKS[name])) for name in names}
        rounds.append(timed)
        columns = ", ".join(f"{name} {wall:.2f} ({cpu:.2f} CPU)" for name, (wall, cpu) in timed.items())
        print(f"{number + 1}/{config.rounds} {columns}", flush=True)
    for name in names:
        for index, unit in enumerate(("wall", "CPU")):
            ratios = [timed[name][index] / timed[IMPORT][index] for timed in rounds]
            median, least, most = statistics.median(ratios), min(ratios), max(ratios)
            print(f"{name}: {unit} time over import's: median {median:.2f}, from {least:.2f} to {most:.2f}")


def _timed(work):
    """(wall seconds that `work` returns, CPU seconds of the processes that it ran)."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    wall = work()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _import():
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", "import tensorflow"], check=True, stderr=subprocess.DEVNULL)
    return time.monotonic() - began


def _train(files, networks):
    import tensorflow.compat.v1 as tf

    from gan.snapshots import checkpoint_files

    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "gan.train", f"--train_data_pattern={','.join(files)}"]
        command += [f"--train_dir={folder}", "--max_steps=1", "--seed=0", *networks.flags]
        command += [f"--generator_model={networks.generator}", f"--discriminator_model={networks.discriminator}"]
        began, announced, output = time.monotonic(), None, []
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for line in process.stdout:
            output.append(line)
            if ANNOUNCEMENT in line:
                announced = time.monotonic()
        if process.wait() or announced is None:
            raise UserError(f"training failed: {''.join(output)}")
        state = tf.train.load_checkpoint(checkpoint_files.latest_state(folder).prefix)
        return announced - began + float(state.get_tensor("seconds"))


if __name__ == "__main__":
    sys.exit(main())
