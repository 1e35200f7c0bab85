"""How long the page's lists take to be drawn with many teams, in Chromium, also on a slow machine.

    python benchmarks/page_lists.py --num_teams=256

A made-up tournament is played to its end and served. Each view is opened from another one: the time is from the change
of the address until the browser has drawn it, answers of the server included. Then changes come in as the server would
send them: one of a card, which only a match's points show, and one of a result, which ratings show, too. Each is timed
until the browser has drawn what follows from it. All of it again with Chromium's processor six times slower, which
stands for an old phone. Also: how heavy the page is, and how high each view gets in a window of 1920x1080.
"""

import dataclasses
import json
import os
import statistics
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[0] = ROOT
sys.path.insert(1, os.path.join(ROOT, "tests"))

import arena_data
import browsing

from gan.arena import store
from gan.console import command
from gan.console.errors import UserError
from gan.console.flags import flag
from gan.screen import show

SLOWER = (1, 6)  # times; Chromium's "CPU throttling"
CHANGES = 5  # of each kind
# The address of each view, and what is there once it is drawn.
VIEWS = {
    "bracket": ".bracket .box",
    "matches": ".matches tbody tr",
    "teams": ".teams tbody tr",
    "ratings": "svg.chart",
    "events": ".events tbody tr",
    "team/Blue%20Foxes": ".facts",
    "match/": ".replay .controls",
}
# Keeps the stream of events, so that a change can be handed to the page, and waits until something is drawn.
SCRIPT = """
window.EventSource = class extends EventSource {
  constructor(...all) { super(...all); window.stream = this; }
};
window.drawn = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 0)));
window.view = async (address, selector) => {
  const begin = performance.now();
  location.hash = address;
  while (!document.querySelector(selector)) await new Promise((resolve) => setTimeout(resolve, 0));
  await drawn();
  return performance.now() - begin;
};
window.change = async (patch) => {
  const begin = performance.now();
  stream.dispatchEvent(new MessageEvent("change", { data: JSON.stringify(patch) }));
  await drawn();
  return performance.now() - begin;
};
"""


@dataclasses.dataclass(frozen=True)
class PageListsConfig:
    """Flags of the command, by name."""

    num_teams: int = flag(256, "Teams in the tournament.", at_least=4, at_most=1024)


def main(argv: list[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    return command.run(measure, PageListsConfig, argv)


def measure(config: PageListsConfig) -> None:
    """Prints a table.

    Raises:
        UserError: there is no Chromium, or playwright is not installed.
    """
    try:
        from playwright import sync_api
    except ImportError as error:
        raise UserError("playwright is not installed: pip install playwright") from error
    if not browsing.CHROMIUM:
        raise UserError("there is no chromium on this machine")
    with tempfile.TemporaryDirectory() as folder:
        with store.Store(folder) as arena:
            arena_data.run(arena_data.play_tournament(arena, arena_data.many_names(config.num_teams)))
        files = [path for path in show.PAGE.rglob("*") if path.is_file()]
        print(f"the page: {len(files)} files, {sum(path.stat().st_size for path in files) / 1000:.0f} kB")
        print(f"{'view':18} {'slower':>6} {'first':>9} {'card':>9} {'result':>9} {'elements':>9} {'height':>7}")
        with browsing.served(folder, "--pace=0") as address, sync_api.sync_playwright() as running:
            browser = running.chromium.launch(executable_path=browsing.CHROMIUM, args=["--no-sandbox"])
            for times in SLOWER:
                with browsing.opened(browser) as page:
                    _measure_views(page, address, times)
            browser.close()


def _measure_views(page, address, times):
    page.add_init_script(SCRIPT)
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": times})
    page.goto(address + "#/forfeits")
    page.wait_for_selector("main h1")
    state = json.loads(page.evaluate("fetch('api/v1/now').then((answer) => answer.text())"))
    match, rated = max(state["matches"], key=int), next(iter(state["ratings"]))
    for view, selector in VIEWS.items():
        path = f"{view}{match}" if view.endswith("/") else view
        first = page.evaluate("([path, selector]) => view(`#/${path}`, selector)", [path, selector])
        page.wait_for_timeout(500)  # for what comes later, as images
        cards = [_change(page, {"matches": {match: {"points": [n, 0]}}}) for n in range(CHANGES)]
        results = [
            _change(page, {"matches": {match: {"points": [0, n]}}, "ratings": {rated: {"mu": n, "matches": n}}})
            for n in range(CHANGES)
        ]
        size = page.evaluate("[document.getElementsByTagName('*').length, document.documentElement.scrollHeight]")
        told = [first, statistics.median(cards), statistics.median(results)]
        print(f"{view:18} {times:5}x {''.join(f'{one:7.0f} ms' for one in told)} {size[0]:9} {size[1]:7}")


def _change(page, patch):
    return page.evaluate("(patch) => change(patch)", patch)


if __name__ == "__main__":
    sys.exit(main())
