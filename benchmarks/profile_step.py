"""What a training step spends its time on: TensorFlow's own profiler, by kinds of operations.

    python benchmarks/profile_step.py --train_data_pattern='data/train*.tfrecords' \\
        --recipe=gan/recipes/faces_30min.flags

Trains as `gan.train` would with the flags of the recipe, and profiles steps one after the other. An operation's time is
that of all its runs in a step; operations run side by side, so they add up to more than a step takes. The profiler
slows a step down: compare shares, not milliseconds.
"""

import collections
import dataclasses
import functools
import os
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[0] = ROOT

from gan.console import columns, command, tensorflow_import
from gan.console.flags import flag
from gan.storage import cache
from gan.training import training_flags

WARMING_UP = 20  # steps, which also choose how to compute


@dataclasses.dataclass(frozen=True)
class ProfileConfig:
    """Flags of the command, by name."""

    train_data_pattern: str = flag(None, "TFRecord files of 50x50 faces.", required=True)
    recipe: str = flag("gan/recipes/faces_30min.flags", "Flag file of gan.train.")
    steps: int = flag(48, "Steps to profile.", at_least=1)
    kinds: int = flag(12, "Kinds of operations to show.", at_least=1)


def main(argv: list[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    return command.run(profile, ProfileConfig, argv)


def profile(config: ProfileConfig) -> None:
    """Prints the table."""
    files = cache.find_files(config.train_data_pattern, "train_data_pattern")
    given = training_flags.of_recipe(config.recipe, files)
    tensorflow_import.import_tensorflow()
    step, training = _training(given, files)
    for number in range(WARMING_UP):
        step(number)
    began = time.perf_counter()
    for number in range(config.steps):
        step(WARMING_UP + number)
    plain = (time.perf_counter() - began) / config.steps
    microseconds, runs = _profiled(training, step, config.steps)
    training.close()
    print(f"a step without the profiler: {1000 * plain:.1f} ms; the times of its operations, added up:\n")
    print(table(microseconds, runs, config.steps, config.kinds))


def table(microseconds: dict[str, float], runs: dict[str, int], steps: int, kinds: int) -> str:
    """The kinds of operations that take longest, a line each, and all others in one."""
    total = sum(microseconds.values())
    ordered = sorted(microseconds, key=lambda kind: -microseconds[kind])
    lines = [("operation", "share", "ms a step", "runs a step")]
    for kind in ordered[:kinds]:
        lines.append(_line(kind, microseconds[kind], runs[kind], total, steps))
    rest = ordered[kinds:]
    if rest:
        spent, times = (sum(each[kind] for kind in rest) for each in (microseconds, runs))
        lines.append(_line(f"{len(rest)} other kinds", spent, times, total, steps))
    return "\n".join(columns.aligned(lines))


def _line(kind, microseconds, runs, total, steps):
    share, milliseconds = microseconds / total, microseconds / steps / 1000
    return kind, f"{share:.1%}", f"{milliseconds:.2f}", f"{runs / steps:.1f}"


def _training(given, files):
    """A function that does the step of a number, and the TrainingSession that it does it in."""
    from gan import readers
    from gan.training import one_process, session

    settings = training_flags.settings_of(given, files)
    strategy = one_process.make(settings.batch, lambda: False)
    place = session.Place(strategy.placement, graph_seed=0)
    data = settings.data
    reader = readers.open_reader(data.files, data.size, data.memory_mb, data.threads)
    training = session.TrainingSession(settings.game, settings.step, settings.batch, reader, place)
    training.session.run(training.initializer)
    strategy.open(training)
    strategy.begin(seed=0, data_sha256="")
    return lambda number: strategy.step([], number, number * training.batch_size), training


def _profiled(training, step, steps):
    """Microseconds in all and number of runs by kind of operation."""
    import tensorflow.compat.v1 as tf

    microseconds, runs = collections.defaultdict(float), collections.defaultdict(int)
    plain, options = training.session.run, tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE)
    for number in range(steps):
        found = tf.RunMetadata()
        training.session.run = functools.partial(plain, options=options, run_metadata=found)
        step(WARMING_UP + steps + number)
        for device in found.step_stats.dev_stats:
            for node in device.node_stats:
                kind = node.timeline_label.partition(" = ")[2].partition("(")[0] or node.node_name
                microseconds[kind] += node.op_end_rel_micros - node.op_start_rel_micros
                runs[kind] += 1
    training.session.run = plain
    return microseconds, runs


if __name__ == "__main__":
    sys.exit(main())
