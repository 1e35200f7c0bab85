"""Shows the arena on a big screen: a page that follows the battles live, and every match as a replay.

    python -m gan.scoreboard --arena_dir=arena --host=0.0.0.0
    python -m gan.scoreboard --arena_dir=arena --export=arena_page

The page needs a browser and nothing else, no other network. It only reads: start it before the arena or after it,
stop it and start it again, open it as often as you like; it always shows everything. --export writes the same page
as files that open from disk, with all that was played.
"""

import asyncio
import contextlib
import dataclasses
import json
import math
import os
import pathlib
import re
import shutil
import socket
import sys
import time

if not __package__:  # `python scoreboard.py` inside gan/: the package is found one folder up
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from gan import command_line, show, storage, store
from gan.command_line import flag
from gan.errors import StateError, UserError
from gan.progress import Progress

PAGE = pathlib.Path(__file__).parent / "scoreboard_page"
PACE = 6.0
LOOK_SECONDS = 0.25  # between two looks at the store
HEARTBEAT_SECONDS = 15  # after which a silent connection is taken for dead by what lies between here and the hall
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; object-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
_THE_END = math.inf  # when everything is shown
_EXPORTED = re.compile(r"(state|ratings|(event|match)_\d+)\.js")  # in the folder data of an exported page
_LIVE, _FILES = 'data-source="live"', 'data-source="files"'  # how index.html says where the page's data come from


@dataclasses.dataclass(frozen=True)
class ScoreboardConfig:
    """Flags of the command, by name."""

    arena_dir: str = flag(None, "The arena's folder; the page waits where it is not there yet.", required=True)
    port: int = flag(8080, "Port of the page; 0 takes a free one.", at_least=0, at_most=65535)
    host: str = flag(
        "127.0.0.1",
        "Address of the page: 127.0.0.1 is for browsers on this machine, 0.0.0.0 for all in its network. Whoever "
        "reaches it can look; nobody can change anything.",
    )
    pace: float = flag(
        PACE, "Seconds in which the faces of a half round are uncovered; 0 shows all at once.", at_least=0
    )
    export: str = flag(None, "Writes the page to this folder, with all that was played, and leaves.")


def main(argv=None):
    """Runs the command and returns its exit code."""
    return command_line.run(scoreboard, ScoreboardConfig, argv)


def scoreboard(config):
    """Serves the page until it is stopped, or exports it."""
    storage.check_on_disk(config.arena_dir, "arena_dir")
    if os.path.exists(config.arena_dir) and not os.path.isdir(config.arena_dir):
        raise UserError(f"--arena_dir={config.arena_dir} is a file; give the folder of the arena")
    if config.export:
        export(config)
        return
    uvicorn = _uvicorn()
    with contextlib.closing(Source(config.arena_dir, config.pace)) as source:
        has_begun = source.show() is not None
        with _listen(config.host, config.port) as listening:
            board = Board(source)
            server = uvicorn.Server(
                uvicorn.Config(application(board), log_level="warning", access_log=False, server_header=False)
            )
            board.is_over = lambda: server.should_exit
            print(f"the scoreboard of {config.arena_dir} is at {_address(config.host, listening)}", flush=True)
            if not has_begun:
                print("the arena has not begun; the page waits for it", flush=True)
            server.run(sockets=[listening])


class Source:
    """The show of an arena_dir that need not be there yet, and may be put anew while it is shown."""

    def __init__(self, arena_dir, pace):
        self.pace = pace
        self._folder, self._path = arena_dir, os.path.join(arena_dir, store.FILE)
        self._store = self._show = self._opened = None

    def show(self):
        """The show.Show, or None before the arena has begun; raises StateError where the store cannot be used."""
        found = _identity(self._path)
        if found != self._opened:
            self.close()
            with contextlib.suppress(store.NotBegun):
                self._store = store.Store(self._folder, read_only=True)
                self._show, self._opened = show.Show(self._store, self.pace), found
        return self._show

    def close(self):
        """Closes the store."""
        if self._store:
            self._store.close()
        self._store = self._show = self._opened = None


class Board:
    """The state of the page, and those who wait for its changes.

    Attributes:
        is_over: asked whether the server stops.
    """

    def __init__(self, source):
        self.is_over = lambda: False
        self._source = source
        self._state, self._key, self._number = {}, None, 0
        self._change, self._changed = {}, asyncio.Event()
        self._change_text = None  # as JSON, once somebody is told

    def look(self):
        """Looks at the store, and makes a change known."""
        now = time.time()
        try:
            showing = self._source.show()
            key = showing and (showing, *showing.position(now))
            if self._state and key == self._key:
                return
            state = showing.state(now) if showing else show.nothing(now, self._source.pace)
        except Exception as error:  # nobody is there to start the screen again
            key = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
            if key == self._key:
                return
            state = {**self._state, "now": now, "problem": key}
            print(f"scoreboard: {key}", file=sys.stderr, flush=True)
        self._change, self._state, self._key = difference(self._state, state), state, key
        self._change_text = None
        self._number += 1
        self._wake()

    async def follow(self):
        """Looks at the store again and again until the server stops."""
        while not self.is_over():
            self.look()
            await asyncio.sleep(LOOK_SECONDS)
        self._wake()

    async def news(self):
        """Yields server-sent events: the state, then its changes."""
        yield "retry: 1000\n\n"
        sent = None
        while not self.is_over():
            changed = self._changed
            if sent != self._number:
                is_next = sent is not None and sent + 1 == self._number
                text = self._news() if is_next else _json(self._as_of_now())
                sent = self._number
                yield f"event: {'change' if is_next else 'state'}\ndata: {text}\n\n"
                continue
            try:
                await asyncio.wait_for(changed.wait(), HEARTBEAT_SECONDS)
            except asyncio.TimeoutError:
                yield ": still here\n\n"

    def ask(self, question):
        """question(show, now), or None where the arena has not begun."""
        showing = self._source.show()
        return showing and question(showing, time.time())

    def current(self):
        """The state now."""
        self.look()
        return self._as_of_now()

    def _news(self):
        """The latest change as JSON: encoded once, for all who look."""
        if self._change_text is None:
            self._change_text = _json(self._change)
        return self._change_text

    def _as_of_now(self):
        """The state, with the time by which a browser sets its clock."""
        return self._state | {"now": time.time()}

    def _wake(self):
        self._changed.set()
        self._changed = asyncio.Event()


def difference(before, after):
    """What changes a state into another: the values that differ, and of dicts only the entries that differ.

    Another event is another page, and an entry that is gone cannot be told by what is there: then it is everything,
    under `all`.
    """
    is_gone = any(isinstance(value, dict) and set(value) - set(after.get(key) or ()) for key, value in before.items())
    if is_gone or set(before) != set(after):
        return {"all": after}
    changes = {}
    for key, value in after.items():
        old = before[key]
        if isinstance(value, dict) and isinstance(old, dict):
            value = {name: part for name, part in value.items() if name not in old or old[name] != part}
            old = {}
        if value != old:
            changes[key] = value
    return changes


def application(board):
    """The ASGI application that answers for a Board."""
    from starlette.applications import Starlette
    from starlette.responses import Response, StreamingResponse
    from starlette.routing import Mount, Route
    from starlette.staticfiles import StaticFiles

    def answer(content):
        if content is None:
            return Response("there is no such thing, or it has not been shown yet", 404, media_type="text/plain")
        return Response(_json(content), media_type="application/json")

    def route(path, question):
        async def endpoint(request):
            id_ = request.path_params.get("id")
            try:
                return answer(board.ask(lambda showing, now: question(showing, id_, now)))
            except StateError as error:
                return Response(str(error), 503, media_type="text/plain")

        return Route(path, endpoint)

    async def state(request):
        return answer(board.current())

    async def events(request):
        return StreamingResponse(board.news(), media_type="text/event-stream")

    @contextlib.asynccontextmanager
    async def lifespan(_):
        following = asyncio.create_task(board.follow())
        yield
        following.cancel()

    routes = [
        Route("/state", state),
        Route("/events", events),
        route("/event/{id:int}", lambda showing, id_, now: showing.state(now, id_)),
        route("/match/{id:int}", lambda showing, id_, now: showing.match(id_, now)),
        route("/half_round/{id:int}", lambda showing, id_, now: showing.half_round(id_, now)),
        route("/ratings", lambda showing, _, now: showing.ratings(now)),
        Mount("/", StaticFiles(directory=PAGE, html=True)),
    ]
    return _with_headers(Starlette(routes=routes, lifespan=lifespan))


def export(config):
    """Writes the page as files, with everything that was played."""
    if storage.is_remote(config.export):
        raise UserError(f"--export={config.export} is in a bucket; export to a folder on disk and copy it there")
    folder = pathlib.Path(config.export)
    _check_export(folder)
    with store.Store(config.arena_dir, read_only=True) as source:
        showing, now = show.Show(source, 0), {"now": time.time(), "pace": config.pace or PACE}
        state = showing.state(_THE_END) | now
        (folder / "data").mkdir(parents=True, exist_ok=True)
        for path in (folder / "data").iterdir():
            if _EXPORTED.fullmatch(path.name):
                path.unlink()
        _write_data(folder, "state", state)
        for path in PAGE.iterdir():
            shutil.copy(path, folder)
        index = folder / "index.html"
        index.write_text(index.read_text(encoding="utf-8").replace(_LIVE, _FILES), encoding="utf-8")
        _write_data(folder, "ratings", showing.ratings(_THE_END))
        for event in state["events"]:
            _write_data(folder, f"event/{event}", showing.state(_THE_END, event) | now)
        with Progress("exporting", unit="replay") as progress:
            for match in source.matches(with_annulled=True):
                _write_data(folder, f"match/{match.id}", showing.match(match.id, _THE_END))
                progress.update()
    print(f"open {index.resolve().as_uri()}")


def _check_export(folder):
    """Raises UserError where a folder holds anything but a former export."""
    if folder.is_dir() and any(folder.iterdir()) and not (folder / "data" / "state.js").is_file():
        raise UserError(f"--export={folder} holds other files; give a folder that is new, empty, or a former export")


def _write_data(folder, name, content):
    """Files on disk cannot be asked for, only be run: each is a call of the page's function that takes it."""
    text = f"arena_data({json.dumps(name)}, {json.dumps(content)});\n"
    (folder / "data" / f"{name.replace('/', '_')}.js").write_text(text, encoding="ascii")


def _with_headers(application):
    headers = [(name.lower().encode(), value.encode()) for name, value in _HEADERS.items()]

    async def wrapped(scope, receive, send):
        async def send_with_headers(message):
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *headers]}
            await send(message)

        await application(scope, receive, send_with_headers)

    return wrapped


def _json(content):
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def _identity(path):
    """What differs between two files that were at a path one after the other; None where there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _uvicorn():
    try:
        import starlette  # noqa: F401
        import uvicorn
    except ImportError as error:
        raise UserError(
            f"the page needs {error.name}, which `pip install 'gan-contest[arena]'` brings; --export does without"
        ) from error
    return uvicorn


def _listen(host, port):
    try:
        family, *_ = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise UserError(
            f"--host={host} --port={port} cannot be listened at: {error.strerror}; another port may be free"
        ) from error


def _address(host, listening):
    """Where a browser finds the page."""
    port = listening.getsockname()[1]
    name = socket.gethostname() if host in ("0.0.0.0", "::", "") else f"[{host}]" if ":" in host else host
    return f"http://{name}:{port}/"


if __name__ == "__main__":
    sys.exit(main())
