"""Seconds that a whole tournament takes, loading of all snapshots included, and the time of one half round in it.

    python benchmarks/battle.py --input_data_pattern=data/validation.tfrecords
    python benchmarks/battle.py --input_data_pattern=data/validation.tfrecords --num_teams=1024 --networks=Sample

Every team has a snapshot of its own, with weights drawn at random: who wins does not matter here. The tournament
is a process of its own, as organisers run it, timed from its command to its end. Memory is what it, the process
that forks the cells, and the cells use at most, where what several share counts once (Pss).
"""

import dataclasses
import os
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[0] = ROOT

from gan import models
from gan.arena import store
from gan.console import command, tensorflow_import
from gan.console.errors import UserError
from gan.console.flags import flag
from gan.data import pixels
from gan.storage import cache

NETWORKS = ("Sample", "DCGAN", "Residual", "Contest")
_LOOK_SECONDS = 0.5  # between two looks at the memory


@dataclasses.dataclass(frozen=True)
class BattleBenchmarkConfig:
    """Flags of the command, by name."""

    input_data_pattern: str = flag(None, "TFRecord files of 50x50 faces.", required=True)
    num_teams: int = flag(64, "Teams in the tournament.", at_least=2, at_most=1024)
    networks: str = flag("Sample,DCGAN", f"Networks, in turns, with commas between: {', '.join(NETWORKS)}.")
    seed: int = flag(0, "Of weights and tournament.", at_least=0)


def main(argv=None):
    """Runs the command and returns its exit code."""
    return command.run(measure, BattleBenchmarkConfig, argv)


def measure(config):
    """Writes the snapshots, plays the tournament, prints what came out."""
    names = [name.strip() for name in config.networks.split(",")]
    if not set(names) <= set(NETWORKS):
        raise UserError(f"--networks={config.networks}: there are {', '.join(NETWORKS)}")
    files = [os.path.abspath(path) for path in cache.find_files(config.input_data_pattern, "input_data_pattern")]
    with tempfile.TemporaryDirectory() as folder:
        _write_teams(folder, names, config)
        command = [sys.executable, "-m", "gan.battle", "--mode=tournament", f"--teams={folder}/teams.csv"]
        command += [f"--arena_dir={folder}/arena", f"--input_data_pattern={','.join(files)}", f"--seed={config.seed}"]
        begun = time.monotonic()
        most = _run(command)
        took = time.monotonic() - begun
        with store.Store(f"{folder}/arena", read_only=True) as kept:
            event = kept.event("tournament")
            halves = [half for row in kept.matches(event.id) for half in kept.half_rounds(row.id)]
            first = min(row.begun for row in kept.matches(event.id))
            faults = [team for team in kept.teams(event.id) if team.fault]
            opening, playing = first - event.begun, event.finished - first
        seconds = sorted(half.generator_seconds + half.discriminator_seconds for half in halves)
        # From one commit to the next in a match, whose snapshots are open by then.
        both = zip(halves, halves[1:])
        loaded = sorted(second.played - first.played for first, second in both if first.match == second.match)
        print(
            f"{config.num_teams} teams of {config.networks}: {took:.1f} s, of these {opening:.1f} s to open and check"
        )
        print(f"all snapshots and {playing:.1f} s to play {len(halves)} half rounds; {len(faults)} forfeits")
        middle, longest = 1000 * statistics.median(seconds), 1000 * seconds[-1]
        print(f"a half round, all from one commit to the next, once loaded: {1000 * statistics.median(loaded):.1f} ms")
        print(
            f"in the middle, {1000 * loaded[-1]:.1f} ms at most; the models' time in it: {middle:.1f} ms in the middle,"
        )
        print(f"{longest:.1f} ms at most; with loading {1000 * playing / len(halves):.0f} ms on average")
        print(f"memory: {most / 2**20:.0f} MiB at most")


def _write_teams(folder, names, config):
    """A snapshot for each team, and teams.csv."""
    tensorflow_import.import_tensorflow()
    import tensorflow.compat.v1 as tf

    from gan.snapshots import saver, serving_graph

    with open(f"{folder}/teams.csv", "w", encoding="utf-8") as file:
        file.write("team,path\n")
        for number in range(config.num_teams):
            file.write(f"team {number},team{number}\n")
    for offset, name in enumerate(names):
        networks = getattr(models, f"{name}Generator")(), getattr(models, f"{name}Discriminator")()
        serving = serving_graph.build_serving_graph(*networks, pixels.FACE_SIZE)
        with tf.Session(graph=serving.graph) as session:
            for number in range(offset, config.num_teams, len(names)):
                random = np.random.default_rng([config.seed, number])
                weights = {
                    variable: random.normal(0, 0.05, value.shape.as_list()).astype(np.float32)
                    for variable, value in serving.variables.items()
                }
                saver.load_weights(serving, session, weights)
                os.mkdir(f"{folder}/team{number}")
                saver.write_snapshot(serving, session, f"{folder}/team{number}", 1, keep=1)


def _run(command):
    """Runs a command; returns the most memory that it and its children used, in bytes."""
    most = 0
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    while process.poll() is None:
        most = max(most, sum(map(_memory, _family(process.pid))))
        time.sleep(_LOOK_SECONDS)
    if process.returncode:
        raise UserError(f"the tournament failed with exit code {process.returncode}")
    return most


def _family(pid):
    """A process and all that descend from it."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            children = [int(child) for child in file.read().split()]
    except OSError:
        children = []
    return [pid, *(one for child in children for one in _family(child))]


def _memory(pid):
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith("Pss:"))
    except (OSError, StopIteration):
        return 0


if __name__ == "__main__":
    sys.exit(main())
