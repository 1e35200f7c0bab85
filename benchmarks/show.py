"""How long the server takes for each change of the screen, with many teams.

    python benchmarks/show.py --num_teams=256

A made-up tournament is played to its end. Then the show goes through all its moments at natural paces, as fast as it
can. At each, the state is put together, and what changed in it is put into a merge patch and into JSON, as for those
who follow the stream. Also: how long it takes to read the store the first time, and again after a change.
"""

import dataclasses
import json
import math
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Any

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[0] = ROOT
sys.path.insert(1, os.path.join(ROOT, "tests"))

import arena_data

from gan.arena import store
from gan.console import command
from gan.console.flags import flag
from gan.screen import merge_patch, show
from gan.screen.pacing import ShowSettings


@dataclasses.dataclass(frozen=True)
class ShowConfig:
    """Flags of the command, by name."""

    num_teams: int = flag(256, "Teams in the tournament.", at_least=2, at_most=1024)


def main(config: ShowConfig) -> None:
    """Prints a table."""
    with tempfile.TemporaryDirectory() as folder, store.Store(folder) as arena:
        names = arena_data.many_names(config.num_teams)
        arena_data.run(arena_data.play_tournament(arena, names))
        with store.Store(folder, read_only=True) as source:
            showing = show.Show(source, ShowSettings())
            first = _timed(lambda: showing.state(0.0))
            changes = list(_changes(showing))
            again = _again(arena, showing)
    took, sizes = [one for one, _ in changes], [size for _, size in changes]
    print(f"{config.num_teams} teams, {len(changes)} changes")
    print(f"a change, median:          {1000 * statistics.median(took):6.2f} ms, {statistics.median(sizes):,.0f} bytes")
    print(f"one in a hundred takes:    {1000 * statistics.quantiles(took, n=100)[98]:6.2f} ms or more")
    print(f"the longest:               {1000 * max(took):6.2f} ms; the largest: {max(sizes):,} bytes")
    print(f"the store read at first:   {1000 * first:6.2f} ms, again: {1000 * again:6.2f} ms")


def _changes(showing: show.Show) -> Iterator[tuple[float, int]]:
    """(seconds, bytes) of each change of the show."""
    now, before = 0.0, showing.state(0.0)
    while (now := showing.next_change(now)) < math.inf:
        begun = time.perf_counter()
        state = showing.state(now)
        text = json.dumps(merge_patch.difference(before, state))
        yield time.perf_counter() - begun, len(text)
        before = state


def _again(arena: store.Store, showing: show.Show) -> float:
    """Seconds until the state is there again after the store has changed."""
    arena.events.rename(1, "another name")
    return _timed(lambda: showing.state(time.time()))


def _timed(action: Any) -> float:
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


if __name__ == "__main__":
    sys.exit(command.run(main, ShowConfig))
