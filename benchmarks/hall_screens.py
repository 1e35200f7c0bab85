"""Photographs every state of the hall's screen, and measures whether it can be read from the last row.

    python benchmarks/hall_screens.py --output_dir=screens
    python benchmarks/hall_screens.py --output_dir=screens --states=won,champion --languages=ko --sizes=1920x1080

Each state is an arena of its own (tests/screen/hall_states.py), served at a moment that stands still, and opened in
Chromium. A line says for each picture how large the smallest text is that carries the story, and the smallest of all,
in arc minutes of a screen 4 m wide seen from 20 m; the lowest contrast; and what is cut off, shortened, outside the
window, or lies over other texts. The exit code is 1 if anything is below 10 and 5 arc minutes or below WCAG AA. A
phone (narrower than 600 px) is read from the hand, and ?overlay at home: there only contrast and what is cut off count.
"""

import dataclasses
import itertools
import os
import pathlib
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[0] = ROOT
sys.path[1:1] = [os.path.join(ROOT, "tests"), os.path.join(ROOT, "tests", "screen"), os.path.join(ROOT, "benchmarks")]

import browsing
import hall_legibility
import hall_states
import still_server

from gan.arena import store
from gan.console import command
from gan.console.errors import UserError
from gan.console.flags import flag
from gan.screen import show

PHONE = 600  # px; narrower windows are not a hall's
SETTLE_MS = 300  # until letters are fitted and images are drawn


@dataclasses.dataclass(frozen=True)
class HallScreensConfig:
    """Flags of the command, by name."""

    output_dir: str = flag(None, "Folder for the pictures.", required=True)
    states: str = flag("", f"Which states, with commas; not given: all of {', '.join(hall_states.STATES)}.")
    languages: str = flag("en,ko", "Languages, with commas.")
    sizes: str = flag("1920x1080,1366x768,3840x2160,390x844", "Sizes of the window, with commas.")
    query: str = flag("theme=dark", "What else stands behind the address, such as kiosk&theme=light.")


def main(argv: list[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    return command.run(photograph, HallScreensConfig, argv)


def photograph(config: HallScreensConfig) -> int:
    """Writes pictures, prints a table, and returns 1 if something cannot be read.

    Raises:
        UserError: there is no Chromium, playwright is not installed, or a flag names what is not there.
    """
    try:
        from playwright import sync_api
    except ImportError as error:
        raise UserError("playwright is not installed: pip install playwright") from error
    if not browsing.CHROMIUM:
        raise UserError("there is no chromium on this machine")
    names = config.states.split(",") if config.states else list(hall_states.STATES)
    if unknown := set(names) - set(hall_states.STATES):
        raise UserError(f"--states={config.states}: there is no {', '.join(sorted(unknown))}")
    os.makedirs(config.output_dir, exist_ok=True)
    print(f"{'state':22} {'size':>9} {'':2} {'story':>6} {'least':>6} {'contrast':>8}")
    number = 0
    with tempfile.TemporaryDirectory() as folder, sync_api.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=browsing.CHROMIUM, args=["--no-sandbox"])
        for name in names:
            with _shown(pathlib.Path(folder) / name, hall_states.STATES[name]) as address:
                number += _photograph_state(browser, address, name, config)
        browser.close()
    print(f"{number} problems")
    return command.EXIT_MISTAKE if number else 0


def _shown(folder: pathlib.Path, meant: hall_states.HallState):
    """Plays a state, and serves it at the moment that is meant."""
    meant.build(folder)
    if meant.view in ("nothing", "problem"):
        return still_server.served(str(folder), hall_states.NOON)
    with store.Store(str(folder), read_only=True) as kept:
        showing = show.Show(kept, still_server.SETTINGS)
        moment = hall_states.first_moment(meant, showing.state, showing.next_change)
    return still_server.served(str(folder), moment)


def _photograph_state(browser, address: str, name: str, config: HallScreensConfig) -> int:
    """Pictures of one state in all languages and sizes; returns how many problems there are."""
    number = 0
    for size, language in itertools.product(config.sizes.split(","), config.languages.split(",")):
        width, height = map(int, size.split("x"))
        with browsing.opened(browser, width, height, reduced_motion="reduce") as page:
            page.goto(f"{address}?{config.query}&lang={language}")
            page.wait_for_selector(".stage, .lower, main h1")
            page.wait_for_timeout(SETTLE_MS)
            path = os.path.join(config.output_dir, f"{name}_{size}_{language}.png")
            seen = hall_legibility.measured(page, path)
        problems = seen.problems(is_hall=width >= PHONE and "overlay" not in config.query)
        least = f"{seen.smallest(True):6.1f} {seen.smallest(False):6.1f} {seen.faintest():8.1f}"
        print(f"{name:22} {size:>9} {language:2} {least}")
        for problem in problems:
            print(f"    {problem}")
        number += len(problems)
    return number


if __name__ == "__main__":
    sys.exit(main())
