"""Seconds of a whole tournament, with opening all snapshots, and of one half round in it.

    python benchmarks/battle.py --input_data_pattern=data/validation.tfrecords
    python benchmarks/battle.py --input_data_pattern=data/validation.tfrecords --num_teams=1024 --networks=Sample

Every team has a snapshot of its own with random weights: who wins does not matter here. The tournament is a process of
its own, as organisers run it, timed from its command to its end. Memory is the most that it and all its child processes
use together; memory that several share counts once (Pss). Times of the processor are those of all of them, in the
programs and in the kernel. On a busy machine they tell more than the time by the clock.

--networks=House takes the trained snapshot of gan/house_team, with weights that differ a little from team to team: its
matches end as those of a contest do, and few of them are ties, which take long to time.
"""

import dataclasses
import os
import resource
import shutil
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
from gan.contest import rules
from gan.data import pixels
from gan.snapshots import checkpoint_files
from gan.storage import cache

NETWORKS = ("Sample", "DCGAN", "Residual", "Contest")
HOUSE = "House"  # not one of them: trained
_HOUSE_NOISE = 0.02  # of a weight, from team to team
_LOOK_SECONDS = 0.5  # between two looks at the memory


@dataclasses.dataclass(frozen=True)
class BattleBenchmarkConfig:
    """Flags of the command, by name."""

    input_data_pattern: str = flag(None, "TFRecord files of 50x50 faces.", required=True)
    num_teams: int = flag(64, "Teams in the tournament.", at_least=2, at_most=1024)
    networks: str = flag(
        "Sample,DCGAN", f"Networks that the teams take in turn, with commas: {', '.join((*NETWORKS, HOUSE))}."
    )
    seed: int = flag(0, "Seed of the weights and of the tournament.", at_least=0)


def main(argv: list[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    return command.run(measure, BattleBenchmarkConfig, argv)


def measure(config: BattleBenchmarkConfig) -> None:
    """Writes the snapshots, plays the tournament, prints the results."""
    names = [name.strip() for name in config.networks.split(",")]
    if not set(names) <= {*NETWORKS, HOUSE}:
        raise UserError(f"--networks={config.networks}: there are {', '.join((*NETWORKS, HOUSE))}")
    files = [os.path.abspath(path) for path in cache.find_files(config.input_data_pattern, "input_data_pattern")]
    with tempfile.TemporaryDirectory() as folder:
        write_teams(folder, names, config)
        command = [sys.executable, "-m", "gan.battle", "--mode=tournament", f"--teams={folder}/teams.csv"]
        command += [f"--arena_dir={folder}/arena", f"--input_data_pattern={','.join(files)}", f"--seed={config.seed}"]
        begun, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
        most = _run(command)
        took, after = time.monotonic() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
        with store.Store(f"{folder}/arena", read_only=True) as kept:
            event = kept.events.named("tournament")
            matches = kept.matches.of_event(event.id)
            halves = [half for row in matches for half in kept.half_rounds.of_match(row.id)]
            first = min(row.begun for row in matches)
            faults = [team for team in kept.teams.of_event(event.id) if team.fault]
            opening, playing = first - event.begun, event.finished - first
        scores = [half.played.score for half in halves]
        seconds = [score.generator_seconds + score.discriminator_seconds for score in scores]
        # From one commit to the next in a match: its snapshots are open.
        both = zip(halves, halves[1:])
        loaded = [second.at - first.at for first, second in both if first.match == second.match]
        print(f"{config.num_teams} teams of {config.networks}: {took:.1f} s in all")
        in_programs, in_kernel = after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime
        print(f"time of the processor: {in_programs:.1f} s in programs, {in_kernel:.1f} s in the kernel")
        print(f"opening and checking all snapshots: {opening:.1f} s")
        ties = sum(row.rule in (rules.BY_TIME, rules.TOSS_UP, rules.BY_SEEDING) for row in matches)
        print(f"playing {len(halves)} half rounds: {playing:.1f} s; {ties} ties, {len(faults)} forfeits")
        print(f"a half round with opening: {1000 * playing / len(halves):.0f} ms on average")
        print(f"a half round with open snapshots, from one commit to the next: {_median_and_most(loaded)}")
        print(f"generator and discriminator in a half round: {_median_and_most(seconds)}")
        print(f"memory: {most / 2**20:.0f} MiB at most")


def _median_and_most(seconds):
    return f"median {1000 * statistics.median(seconds):.1f} ms, at most {1000 * max(seconds):.1f} ms"


def write_teams(folder, names, config):
    """Writes a snapshot for each team, and teams.csv."""
    tensorflow_import.import_tensorflow()
    import tensorflow.compat.v1 as tf

    from gan.snapshots import saver, serving_graph

    with open(f"{folder}/teams.csv", "w", encoding="utf-8") as file:
        file.write("team,path\n")
        for number in range(config.num_teams):
            file.write(f"team {number},team{number}\n")
    for offset, name in enumerate(names):
        if name == HOUSE:
            _write_house_teams(folder, range(offset, config.num_teams, len(names)), config.seed)
            continue
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


def _write_house_teams(folder, numbers, seed):
    """Writes the house team's snapshot for each of these teams, with slightly other weights."""
    import tensorflow.compat.v1 as tf

    found = checkpoint_files.latest_snapshot(f"{ROOT}/gan/house_team")
    reader = tf.train.load_checkpoint(found.prefix)
    values = {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}
    for number in numbers:
        random, prefix = np.random.default_rng([seed, number]), f"{folder}/team{number}/model.ckpt-1"
        os.mkdir(os.path.dirname(prefix))
        with tf.Graph().as_default(), tf.Session() as session:
            for name, value in values.items():
                noise = random.normal(1, _HOUSE_NOISE, value.shape) if value.dtype == np.float32 else 1
                tf.Variable((value * noise).astype(value.dtype), name=name)
            session.run(tf.global_variables_initializer())
            tf.train.Saver().save(session, prefix, write_meta_graph=False)
        shutil.copy(f"{found.prefix}.meta", f"{prefix}.meta")


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
    """A process and all its descendants."""
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
