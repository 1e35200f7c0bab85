"""Watches a whole tournament and mock battles in Chromium, and checks at every change that the page shows what is so.

    python benchmarks/watch_hall.py --input_data_pattern=data/validation.tfrecords --show_minutes=4
    python benchmarks/watch_hall.py --input_data_pattern=data/validation.tfrecords --mode=mock --num_battles=4

Teams with random weights, and with the house team's, play in a process of their own, as organisers run it. A
scoreboard shows them. One window of Chromium has the stage, another one the list of matches. A script in each reads
what is to be seen at every change: names, points, faces, verdicts, the winner, the number of the match. At the end all
of it is held against the store's rows (hall_oracle.py), and against what a scoreboard that begins only then says of
the same second. Then the page is exported, opened from disk, and checked in the same way, with each replay.
The exit code is 1 if anything was shown that was not so.
"""

import collections
import contextlib
import dataclasses
import os
import pathlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Any

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[0] = ROOT
sys.path[1:1] = [os.path.join(ROOT, "tests"), os.path.join(ROOT, "benchmarks")]

import arena_data
import battle
import browsing
import hall_oracle

from gan.arena import events, store
from gan.console import command
from gan.console.errors import UserError
from gan.console.flags import flag
from gan.screen import pacing, show
from gan.storage import cache

_LOOK_SECONDS = 0.5  # between two readings of the windows
_REST_SECONDS = 6.0  # without a change, once all is played
_LATE_SECONDS = 2.0  # that a page may be behind, on a machine that plays beside it
_EARLY_SECONDS = 0.05  # by the clocks of browsers, which are coarse
_MOST_TOLD = 20  # lines of each kind
_PASSING = ("nothing", "opening", "draw", "countdown")  # the store keeps only the latest of these
_LAST_VIEWS = ("champion", "over", "countdown")


@dataclasses.dataclass(frozen=True)
class WatchHallConfig:
    """Flags of the command, by name."""

    input_data_pattern: str = flag(None, "TFRecord files of 50x50 faces.", required=True)
    mode: str = flag(events.TOURNAMENT, "What is watched.", choices=(events.TOURNAMENT, events.MOCK))
    num_teams: int = flag(16, "Teams.", at_least=2, at_most=64)
    num_battles: int = flag(3, "Mock battles, one every 30 s.", at_least=1)
    show_minutes: float = flag(4.0, "Minutes of a tournament on the screen.", at_least=0.1)
    seed: int = flag(0, "Of weights and of all that is played.", at_least=0)


def main(argv: list[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    return command.run(watch, WatchHallConfig, argv)


def watch(config: WatchHallConfig) -> int:
    """Plays, watches, prints what was wrong, and returns 1 if anything was.

    Raises:
        UserError: there is no Chromium, playwright is not installed, or there are no faces.
    """
    try:
        from playwright import sync_api
    except ImportError as error:
        raise UserError("playwright is not installed: pip install playwright") from error
    if not browsing.CHROMIUM:
        raise UserError("there is no chromium on this machine")
    files = [os.path.abspath(path) for path in cache.find_files(config.input_data_pattern, "input_data_pattern")]
    with tempfile.TemporaryDirectory() as place, sync_api.sync_playwright() as running:
        folder = pathlib.Path(place)
        _write_teams(folder, config)
        browser = running.chromium.launch(executable_path=browsing.CHROMIUM, args=["--no-sandbox"])
        stage, lists = _watched(browser, folder, files, config)
        wrong = _checked(folder / "arena", stage, lists, config)
        wrong += _checked_export(browser, folder)
        browser.close()
    for kind, count in wrong.most_common(_MOST_TOLD):
        print(f"{count} x {kind}")
    print(f"{len(stage)} changes of the stage, {len(lists)} of the list; {wrong.total()} of them wrong")
    return command.EXIT_MISTAKE if wrong else 0


def _write_teams(folder: pathlib.Path, config: WatchHallConfig) -> None:
    given = battle.BattleBenchmarkConfig("", config.num_teams, "Sample,House,DCGAN", config.seed)
    battle.write_teams(str(folder), given.networks.split(","), given)
    names = arena_data.many_names(config.num_teams)
    lines = ['"{}",team{}\n'.format(name.replace('"', '""'), number) for number, name in enumerate(names)]
    (folder / "teams.csv").write_text("team,path\n" + "".join(lines), encoding="utf-8")


def _watched(
    browser: Any, folder: pathlib.Path, files: list[str], config: WatchHallConfig
) -> tuple[list[Any], list[Any]]:
    """Plays, and reads both windows until nothing more comes: (changes of the stage, of the list of matches)."""
    stage, lists = [], []
    minutes = f"--show_minutes={config.show_minutes:g}"
    with contextlib.ExitStack() as opened:
        address = opened.enter_context(browsing.served(str(folder / "arena"), minutes))
        pages = [opened.enter_context(browsing.opened(browser)) for _ in range(2)]
        for page, path in zip(pages, ("", "#/matches")):
            page.goto(f"{address}?lang=en{path}")
            page.wait_for_selector("main h1, main .empty")
            page.evaluate(_script())
        playing = opened.enter_context(_playing(folder, files, config))
        last = time.monotonic()
        while playing.poll() is None or time.monotonic() < last + _REST_SECONDS or stage[-1]["view"] not in _LAST_VIEWS:
            for page, seen in zip(pages, (stage, lists)):
                found = page.evaluate("take()")
                # The clock of a countdown goes on for ever.
                if any(not seen or _without_clock(one) != _without_clock(seen[-1]) for one in found):
                    last = time.monotonic()
                seen += found
            time.sleep(_LOOK_SECONDS)
        if playing.returncode:
            raise UserError(f"battle ended with {playing.returncode}")
    return [one for one in stage if "view" in one], [one for one in lists if "rows" in one]


@contextlib.contextmanager
def _playing(folder: pathlib.Path, files: list[str], config: WatchHallConfig) -> Iterator[subprocess.Popen[bytes]]:
    given = [f"--mode={config.mode}", f"--teams={folder}/teams.csv", f"--arena_dir={folder}/arena"]
    given += [f"--input_data_pattern={','.join(files)}", f"--seed={config.seed}"]
    if config.mode == events.MOCK:
        given += [f"--num_battles={config.num_battles}", "--no_secret_images", "--first_battle=00:00"]
        given += ["--period_minutes=0.5", "--matches_per_battle=1"]
    process = subprocess.Popen([sys.executable, "-m", "gan.battle", *given], cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _without_clock(seen: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in seen.items() if name not in ("at", "clock")}


def _checked(
    arena_dir: pathlib.Path, stage: list[Any], lists: list[Any], config: WatchHallConfig
) -> collections.Counter[str]:
    """What was wrong in what the windows showed, and how often."""
    with store.Store(str(arena_dir), read_only=True) as kept:
        known = {event.name: hall_oracle.Oracle(kept, event) for event in kept.events.all()}
        wrong = collections.Counter(
            f"stage ({seen['view']}): {one}"
            for seen in stage
            if seen["event"] in known
            for one in known[seen["event"]].wrong_on_stage(seen)
        )
        wrong.update(
            f"list: {one}"
            for seen in lists
            if seen["event"] in known
            for one in known[seen["event"]].wrong_in_list(seen)
        )
        wrong.update(f"stage: {one}" for one in _not_as_shown(kept, stage, config))
    return wrong


def _not_as_shown(kept: store.Store, stage: list[Any], config: WatchHallConfig) -> Iterator[str]:
    """What a show that begins only now would not have had on the stage at that second."""
    showing = show.Show(kept, pacing.ShowSettings(show_minutes=config.show_minutes))
    moments, now = [], stage[0]["at"] - 60
    end = stage[-1]["at"]
    while now <= end:
        moments.append((now, _brief(showing.state(now))))
        now = showing.next_change(now)
    latest, before = 0.0, None
    for seen in stage:
        brief = (seen["view"], tuple(seen["points"]))
        if brief == before or seen["view"] in _PASSING:
            continue
        before = brief
        told = [at for at, one in moments if at <= seen["at"] + _EARLY_SECONDS and _is_same(one, brief)]
        if not told:
            yield f"{brief} was not to be seen yet"
            continue
        latest = max(latest, seen["at"] - told[-1])
        if seen["at"] - told[-1] > _LATE_SECONDS:
            yield f"{brief} is {seen['at'] - told[-1]:.1f} s late"
    print(f"the stage was at most {latest:.2f} s behind")


def _brief(state: dict[str, Any]) -> tuple[str, tuple[int, ...]]:
    """The view and the points of a state."""
    match = state.get("matches", {}).get(str(state["stage"].get("match")))
    return state["stage"]["view"], tuple(match["points"]) if match else ()


def _is_same(state: tuple[str, tuple[int, ...]], seen: tuple[str, tuple[int, ...]]) -> bool:
    """Whether a page of this state shows this; some views have no points."""
    return state[0] == seen[0] and (not seen[1] or state[1] == seen[1])


def _checked_export(browser: Any, folder: pathlib.Path) -> collections.Counter[str]:
    """What is wrong on the exported page: its stage, its list, and the end of each match's replay."""
    target = folder / "exported"
    given = [sys.executable, "-m", "gan.scoreboard", f"--arena_dir={folder}/arena", f"--export={target}"]
    subprocess.run(given, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    wrong: collections.Counter[str] = collections.Counter()
    with store.Store(str(folder / "arena"), read_only=True) as kept, browsing.opened(browser) as page:
        known = {event.name: hall_oracle.Oracle(kept, event) for event in kept.events.all()}
        address = (target / "index.html").as_uri() + "?lang=en"
        seen = _read(page, address, ".stage")
        wrong.update(f"exported stage: {one}" for one in known[seen["event"]].wrong_on_stage(seen))
        seen = _read(page, f"{address}#/matches", ".matches tbody tr")
        wrong.update(f"exported list: {one}" for one in known[seen["event"]].wrong_in_list(seen))
        for oracle in known.values():
            for match in oracle.matches:
                page.goto(f"{address}#/match/{match.id}")
                page.get_by_role("button", name="Result", exact=True).click()
                page.wait_for_selector(".winner, .pairing")
                page.evaluate(_script())
                seen = page.evaluate("showsNow()")
                wrong.update(f"replay of match {match.id}: {one}" for one in oracle.wrong_on_stage(seen))
    return wrong


def _read(page: Any, address: str, selector: str) -> dict[str, Any]:
    page.goto(address)
    page.wait_for_selector(selector)
    page.evaluate(_script())
    found: dict[str, Any] = page.evaluate("showsNow()")
    return found


def _script() -> str:
    return (pathlib.Path(ROOT) / "benchmarks" / "hall_watching.js").read_text(encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
