"""Shows the arena on a big screen: a page that follows the battles live, and every match as a replay.

    python -m gan.scoreboard --arena_dir=arena --host=0.0.0.0
    python -m gan.scoreboard --arena_dir=arena --export=arena_page

The page needs a browser and no other network. It only reads: start it before or after the battle, restart it, open it
in as many browsers as you like; it always shows everything. --export writes the same page, with everything that was
played, as files that open from disk.
"""

import contextlib
import dataclasses
import os
import sys
from collections.abc import Sequence
from typing import Any

if not __package__:  # `python scoreboard.py` inside gan/: the package is found one folder up
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from gan.arena import recognition, store, terminal
from gan.console import command
from gan.console.errors import UserError
from gan.console.flags import flag
from gan.screen import board, connections, export, pacing, server
from gan.storage import paths


@dataclasses.dataclass(frozen=True)
class ScoreboardConfig:
    """Flags of the command, by name."""

    arena_dir: str = flag(None, "The arena's folder; if it is not there yet, the page waits for it.", required=True)
    port: int = flag(8080, "Port of the page; 0 takes a free one.", at_least=0, at_most=65535)
    host: str = flag(
        "127.0.0.1",
        "Address of the page: 127.0.0.1 is for browsers on this machine, 0.0.0.0 for all in its network. Everybody "
        "who reaches it can look; nobody can change anything.",
    )
    host_names: str = flag(
        "",
        "Names, with commas, by which browsers reach the page if it stands behind a proxy, such as battle.example.com. "
        "Addresses, localhost and names of the local network are always known.",
    )
    show_minutes: float = flag(
        None,
        "Minutes that an event may take on the screen; each face is up for as long as that allows, up to 1.2 s in a "
        f"final. {pacing.SHOW_MINUTES:g} if it is not given; mock battles end in half of the time until the next one.",
        at_least=0.1,
    )
    pace: float = flag(None, "Seconds of every half round in place of --show_minutes; 0 shows all at once.", at_least=0)
    leaderboard: bool = flag(False, "Prints ratings and shares over all matches, for the organiser, and ends.")
    export: str = flag(None, "Folder: writes the page there, with everything that was played, and ends.")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    return command.run(scoreboard, ScoreboardConfig, argv)


def scoreboard(config: ScoreboardConfig) -> None:
    """Serves the page until it is stopped, or exports it."""
    paths.check_on_disk(config.arena_dir, "arena_dir")
    if os.path.exists(config.arena_dir) and not os.path.isdir(config.arena_dir):
        raise UserError(f"--arena_dir={config.arena_dir} is a file; give the folder of the arena")
    if config.leaderboard:
        with store.Store(config.arena_dir, read_only=True) as kept:
            print(terminal.leaderboard_text(kept.ratings.latest(), recognition.of_arena(kept)))
        return
    settings = _show_settings(config)
    if config.export:
        export.export(config.arena_dir, config.export)
        return
    uvicorn = server.import_uvicorn()
    with contextlib.closing(board.Source(config.arena_dir, settings)) as source:
        has_begun = source.show() is not None
        with server.listen(config.host, config.port) as listening:
            showing = board.Board(source)
            serving = uvicorn.Server(_settings(showing, config))
            showing.is_over = lambda: serving.should_exit
            print(f"the scoreboard of {config.arena_dir} is at {server.address_of(config.host, listening)}", flush=True)
            if not has_begun:
                print("the arena has not begun; the page waits for it", flush=True)
            serving.run(sockets=[listening])


def _show_settings(config: ScoreboardConfig) -> pacing.ShowSettings:
    """How fast the show goes."""
    if config.pace is not None and config.show_minutes is not None:
        raise UserError(
            "--pace says how long every half round takes, --show_minutes how long an event may take; give one of them"
        )
    return pacing.ShowSettings(config.pace, config.show_minutes or pacing.SHOW_MINUTES)


def _settings(showing: board.Board, config: ScoreboardConfig) -> Any:
    """How uvicorn serves the page."""
    uvicorn = server.import_uvicorn()
    tally = connections.Tally()
    most = connections.raise_file_limit()
    limits = connections.ConnectionLimits(connections=most, of_one_address=max(1, most // 2))
    names = [name.strip() for name in config.host_names.split(",") if name.strip()]
    for name in names:
        if ":" in name or "/" in name:
            raise UserError(f"--host_names: {name} is no name alone; write it without https:// and without a port")
    settings = uvicorn.Config(
        server.application(showing, names),
        http=connections.protocol_class(connections.Places(limits, tally)),
        ws="none",
        log_level="warning",
        access_log=False,
        server_header=False,
    )
    connections.count_in_logs(tally)
    return settings


if __name__ == "__main__":
    sys.exit(main())
