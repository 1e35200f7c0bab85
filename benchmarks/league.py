"""Seconds of a league on this machine alone and on workers, one of which is killed; whether all stores are the same.

    python benchmarks/league.py --input_data_pattern=data/validation.tfrecords
    python benchmarks/league.py --input_data_pattern=data/validation.tfrecords --num_teams=16 --workers=1,2

Each league is a process of its own, as organisers run it. The last one loses a worker in its first half. Workers play
all matches first. Then one worker of each machine measures the times of ties. Both parts are told apart, since more
workers shorten the first one only. The estimate of a large league follows from blocks of teams: within a block all
snapshots stay open, so the pace does not depend on the number of teams.
"""

import dataclasses
import os
import signal
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[0] = ROOT
sys.path[1:1] = [os.path.join(ROOT, "benchmarks"), os.path.join(ROOT, "tests")]

import battle as tournament
from dask_cluster import workers_of

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
        alone, with_workers = found[0], found[1:]
        print(f"{alone.ties} of {alone.matches} matches are ties, which this process measures as they come")
        pairs = _MANY * (_MANY - 1) / 2
        for workers, one in zip(numbers[1:], with_workers):
            seconds = pairs * one.playing / one.matches
            print(f"{workers} workers: {1000 * one.blocks / one.matches:.0f} ms a match of blocks, ", end="")
            print(f"{1000 * (one.playing - one.blocks) / max(1, one.ties):.0f} ms a tie")
            print(f"{_MANY} teams on one machine, at this pace: {seconds / 3600:.1f} hours, ", end="")
            print(f"{pairs * one.blocks / one.matches / 3600:.1f} of them for blocks")
    return 0 if all(same) else command.EXIT_MISTAKE


@dataclasses.dataclass
class _Played:
    """A league that is over."""

    content: list  # what must be the same
    matches: int
    ties: int
    whole: float  # seconds
    playing: float  # seconds, from the first match that arrives
    blocks: float  # seconds of `playing` until the last match came that is no tie

    def described(self):
        pace = 1000 * self.playing / self.matches
        return f"{self.whole:.0f} s in all, {self.playing:.0f} s of playing, {pace:.0f} ms a match"


def _play(arena_dir, words, workers_to_lose):
    begun = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "gan.battle", "--mode=league", *words], cwd=ROOT, stdout=subprocess.DEVNULL
    )
    while workers_to_lose and process.poll() is None and _matches_over(arena_dir) < 3:
        time.sleep(0.1)
    if workers_to_lose:
        os.kill(workers_of(process.pid)[-1], signal.SIGKILL)
    if process.wait():
        raise UserError(f"the league failed with exit code {process.returncode}")
    whole = time.monotonic() - begun
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
        first = min(row.begun for row in rows)
        blocks = max((row.ended for row in rows if row.rule not in _TIMED), default=first) - first
    return _Played(content, len(rows), ties, whole, event.finished - first, blocks)


def _matches_over(arena_dir):
    try:
        with store.Store(arena_dir, read_only=True) as kept:
            return sum(row.ended is not None for row in kept.matches.all())
    except StateError:
        return 0


if __name__ == "__main__":
    sys.exit(main())
