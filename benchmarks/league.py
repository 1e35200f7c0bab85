"""Seconds of a league on this machine alone and on workers, one of which is killed; whether all stores are the same.

    python benchmarks/league.py --input_data_pattern=data/validation.tfrecords
    python benchmarks/league.py --input_data_pattern=data/validation.tfrecords --num_teams=16 --workers=1,2

Each league is a process of its own, as organisers run it. The last one loses a worker in its first half. Times of the
processor are those of all processes. With one worker more, they tell what the workers cost: each imports TensorFlow
once, and each match is sent. Ties are measured afterwards, by one worker of each machine.
"""

import dataclasses
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[0] = ROOT
sys.path.insert(1, os.path.join(ROOT, "benchmarks"))

import battle as tournament

from gan.arena import store
from gan.console import command
from gan.console.errors import StateError, UserError
from gan.console.flags import flag
from gan.contest import rules
from gan.storage import cache

_TIMED = (rules.BY_TIME, rules.TOSS_UP, rules.DRAWN_TIME)
_MANY = 1000  # teams, of the estimate


@dataclasses.dataclass(frozen=True)
class LeagueBenchmarkConfig:
    """Flags of the command, by name."""

    input_data_pattern: str = flag(None, "TFRecord files of 50x50 faces.", required=True)
    num_teams: int = flag(64, "Teams in the league.", at_least=3, at_most=1024)
    networks: str = flag("House", "Networks that the teams take in turn; see benchmarks/battle.py.")
    workers: str = flag("1,2,3", "Numbers of workers, with commas; the last league loses one of them.")
    seed: int = flag(0, "Seed of the weights and of the league.", at_least=0)


def main(argv: list[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    return command.run(measure, LeagueBenchmarkConfig, argv)


def measure(config: LeagueBenchmarkConfig) -> int:
    """Plays the leagues and prints the results; the exit code is 1 if two stores differ."""
    files = [os.path.abspath(path) for path in cache.find_files(config.input_data_pattern, "input_data_pattern")]
    numbers = [None, *map(int, config.workers.split(","))]
    with tempfile.TemporaryDirectory() as folder:
        tournament.write_teams(folder, config.networks.split(","), config)
        found = []
        for place, workers in enumerate(numbers):
            words = [f"--teams={folder}/teams.csv", f"--arena_dir={folder}/arena{place}", f"--seed={config.seed}"]
            words += [f"--input_data_pattern={','.join(files)}"] + ([f"--workers={workers}"] if workers else [])
            is_last = place == len(numbers) - 1
            found.append(_play(f"{folder}/arena{place}", words, workers if is_last else 0))
            lost = ", one lost" if is_last else ""
            print(f"{f'{workers} workers' if workers else 'no workers'}{lost}: {found[-1].described()}", flush=True)
        same = [one.content == found[0].content for one in found]
        print(f"results are the same, but for what times decide: {'yes' if all(same) else f'NO: {same}'}")
        alone, one_worker = found[0], found[1]
        matches = alone.matches
        pace = 1000 * (one_worker.playing - alone.playing) / matches
        start = one_worker.whole - one_worker.playing - alone.whole + alone.playing
        print(f"{numbers[1]} workers take {pace:+.0f} ms a match, and {start:.0f} s to start")
        print(f"{alone.ties} of {matches} matches are ties, which one worker measures one after the other")
        for workers, one in zip(numbers[1:], found[1:]):
            hours = one.playing / matches * _MANY * (_MANY - 1) / 2 / 3600
            print(f"{_MANY} teams with {workers} workers, at this pace: {hours:.1f} hours")
    return 0 if all(same) else command.EXIT_MISTAKE


@dataclasses.dataclass
class _Played:
    """A league that is over."""

    content: list  # what must be the same
    matches: int
    ties: int
    whole: float  # seconds
    playing: float  # seconds, from the first match that arrives
    processor: float  # seconds

    def described(self):
        pace = 1000 * self.playing / self.matches
        return (
            f"{self.whole:.0f} s in all, {self.playing:.0f} s of playing, {pace:.0f} ms a match, "
            f"{self.processor:.0f} s of the processor"
        )


def _play(arena_dir, words, workers_to_lose):
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "gan.battle", "--mode=league", *words], cwd=ROOT, stdout=subprocess.DEVNULL
    )
    while workers_to_lose and process.poll() is None and _matches_over(arena_dir) < 3:
        time.sleep(0.1)
    if workers_to_lose:
        os.kill(_workers_of(process.pid)[-1], signal.SIGKILL)
    if process.wait():
        raise UserError(f"the league failed with exit code {process.returncode}")
    whole, after = time.monotonic() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    with store.Store(arena_dir, read_only=True) as kept:
        (event,) = kept.events.all()
        rows = kept.matches.of_event(event.id)
        content = []
        for row in rows:
            halves = kept.half_rounds.of_match(row.id)
            seen = [tuple(array.tobytes() for array in half.played.shown or ()) for half in halves]
            who = None if row.rule in _TIMED else row.winner
            content.append((row.round, row.position, row.home, row.away, row.home_points, row.away_points, who, seen))
        ties = sum(row.rule in _TIMED for row in rows)
    return _Played(content, len(rows), ties, whole, event.finished - min(row.begun for row in rows), processor)


def _matches_over(arena_dir):
    try:
        with store.Store(arena_dir, read_only=True) as kept:
            return sum(row.ended is not None for row in kept.matches.all())
    except StateError:
        return 0


def _workers_of(pid):
    """Pids of the worker processes that a process has started, which Dask does by multiprocessing."""
    children = []
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/children", encoding="ascii") as file:
            children += file.read().split()
    found = []
    for child in map(int, children):
        with open(f"/proc/{child}/cmdline", "rb") as file:
            if b"spawn_main" in file.read():
                found.append(child)
    return found


if __name__ == "__main__":
    sys.exit(main())
