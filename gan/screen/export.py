"""Writes the page as files that open from disk."""

import json
import math
import pathlib
import re
import time
from typing import Any

from gan.arena import store
from gan.console.errors import UserError
from gan.console.progress import Progress
from gan.screen import show, timeline
from gan.storage import files, paths

_THE_END = math.inf  # when everything is shown
_EXPORTED = re.compile(r"(state|ratings|(event|match)_\d+)\.js")  # in the folder data of an exported page
_LIVE, _FILES = 'data-source="live"', 'data-source="files"'  # how index.html says where the page's data come from


def export(arena_dir: str, target: str, pace: float) -> None:
    """Writes the page as files, with everything that was played.

    Args:
        arena_dir: the arena's folder.
        target: folder for the page: new, empty, or one of an earlier export, which is replaced.
        pace: seconds of a half round in a replay; 0 stands for timeline.PACE.

    Raises:
        UserError: `target` is in a bucket, or holds other files.
        StateError: there is no arena, or its store cannot be read.
    """
    if paths.is_remote(target):
        raise UserError(f"--export={target} is in a bucket; export to a folder on disk and copy it there")
    folder = pathlib.Path(target)
    _check_export(folder)
    with store.Store(arena_dir, read_only=True) as source:
        showing, now = show.Show(source, 0), {"now": time.time(), "pace": pace or timeline.PACE}
        state = showing.state(_THE_END) | now
        (folder / "data").mkdir(parents=True, exist_ok=True)
        for path in (folder / "data").iterdir():
            if _EXPORTED.fullmatch(path.name) and path.name != "state.js":  # by which an export is known
                path.unlink()
        _write_data(folder, "state", state)
        index = folder / "index.html"
        for path in show.PAGE.iterdir():
            content = path.read_bytes()
            if path.name == index.name:
                content = content.replace(_LIVE.encode(), _FILES.encode())
            files.write_whole(str(folder / path.name), content)
        _write_data(folder, "ratings", showing.ratings(_THE_END))
        for event in state["events"]:
            _write_data(folder, f"event/{event}", (showing.state_of(event, _THE_END) or {}) | now)
        with Progress("exporting", unit="replay") as progress:
            for match in source.matches.all(with_annulled=True):
                _write_data(folder, f"match/{match.id}", showing.match(match.id, _THE_END))
                progress.update()
    print(f"open {index.resolve().as_uri()}")


def _check_export(folder: pathlib.Path) -> None:
    """Raises UserError if a folder holds anything but an earlier export."""
    held = [path for path in folder.rglob("*") if not path.is_dir() and not files.is_unfinished(path.name)]
    if held and not (folder / "data" / "state.js").is_file():
        raise UserError(
            f"--export={folder} holds other files; give a folder that is new, empty, or of an earlier export"
        )


def _write_data(folder: pathlib.Path, name: str, content: Any) -> None:
    """Writes data as a script that calls a function of the page: a page from disk may run files, but not fetch them."""
    text = f"arena_data({json.dumps(name)}, {json.dumps(content)});\n"
    files.write_whole(str(folder / "data" / f"{name.replace('/', '_')}.js"), text.encode("ascii"))
