"""Writes the page as files that open from disk.

Browsers refuse to load modules from disk. So in the index.html of an exported page, the import map leads from each
module's name to an address that holds its source.
"""

import base64
import json
import math
import pathlib
import re
import time
from typing import Any

from gan.arena import store
from gan.console.errors import UserError
from gan.console.progress import Progress
from gan.screen import show
from gan.screen.pacing import ShowSettings
from gan.screen.server import IMPORT_MAP
from gan.storage import files, paths

_THE_END = math.inf  # when everything is shown
_EXPORTED = re.compile(r"(state|ratings|teams|(events|matches|teams)_\d+)\.js")  # in the folder data
_LIVE, _FILES = 'data-source="live"', 'data-source="files"'  # how index.html says where the page's data come from
_START = re.compile(r'<script type="module" src="\./(.*?)"></script>')  # how it says which module begins
_OWN = "arena/"  # what the names of our modules begin with
_MODULES = ".js", ".mjs"


def export(arena_dir: str, target: str) -> None:
    """Writes the page as files, with everything that was played.

    Args:
        arena_dir: the arena's folder.
        target: folder for the page: new, empty, or one of an earlier export, which is replaced.

    Raises:
        UserError: `target` is in a bucket, or holds other files.
        StateError: there is no arena, or its store cannot be read.
    """
    if paths.is_remote(target):
        raise UserError(f"--export={target} is in a bucket; export to a folder on disk and copy it there")
    folder = pathlib.Path(target)
    _check_export(folder)
    with store.Store(arena_dir, read_only=True) as source:
        showing, now = show.Show(source, ShowSettings(pace=0)), {"now": time.time()}
        state = showing.state(_THE_END) | now
        (folder / "data").mkdir(parents=True, exist_ok=True)
        for path in (folder / "data").iterdir():
            if _EXPORTED.fullmatch(path.name) and path.name != "state.js":  # by which an export is known
                path.unlink()
        _write_data(folder, "state", state)
        _copy_page(folder)
        _write_data(folder, "ratings", showing.ratings(_THE_END))
        names = showing.team_names(_THE_END)
        _write_data(folder, "teams", names)
        for number, name in enumerate(names):
            _write_data(folder, f"teams/{number}", showing.team(name, _THE_END))
        for event in state["events"]:
            _write_data(folder, f"events/{event}", (showing.state_of(int(event), _THE_END) or {}) | now)
        with Progress("exporting", unit="replay") as progress:
            for match in source.matches.all(with_annulled=True):
                if (content := showing.match(match.id, _THE_END)) is not None:
                    _write_data(folder, f"matches/{match.id}", content)
                progress.update()
    print(f"open {(folder / 'index.html').resolve().as_uri()}")


def _copy_page(folder: pathlib.Path) -> None:
    """Writes the page itself: index.html with all modules, and the other files as they are."""
    modules = [path for path in show.PAGE.rglob("*") if path.suffix in _MODULES]
    for path in show.PAGE.rglob("*"):
        if path.is_file() and path not in modules:
            copy = folder / path.relative_to(show.PAGE)
            copy.parent.mkdir(parents=True, exist_ok=True)
            files.write_whole(str(copy), path.read_bytes())
    index = (show.PAGE / "index.html").read_text(encoding="utf-8")
    files.write_whole(str(folder / "index.html"), from_disk(index).encode())


def from_disk(index: str) -> str:
    """The page's index.html as it opens from disk, with the sources of all its modules.

    Raises:
        ValueError: it has no import map, or begins with no module of ours.
    """
    found, start = IMPORT_MAP.search(index), _START.search(index)
    if not found or not start:
        raise ValueError("index.html of the page lacks its import map, or the module that it begins with")
    named = json.loads(found[1])["imports"]
    sources = {name: show.PAGE / path for name, path in named.items() if name != _OWN}
    foreign = {path.resolve() for path in sources.values()}
    for path in sorted(show.PAGE.rglob("*.js")):
        if path.resolve() not in foreign:
            sources[_OWN + path.relative_to(show.PAGE).as_posix()] = path
    imports = {name: _address(path) for name, path in sources.items()}
    index = index.replace(found[1], json.dumps({"imports": imports}))
    index = index.replace(start[0], f'<script type="module">import "{_OWN}{start[1]}";</script>')
    return index.replace(_LIVE, _FILES)


def _address(module: pathlib.Path) -> str:
    return "data:text/javascript;base64," + base64.b64encode(module.read_bytes()).decode("ascii")


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
