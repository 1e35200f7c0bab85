"""The server of the page: it sends what is on the screen, as server-sent events."""

import asyncio
import contextlib
import json
import os
import socket
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from typing import Any

from gan.arena import store
from gan.console.errors import StateError, UserError
from gan.screen import connections, show

LOOK_SECONDS = 0.25  # between two looks at the store
HEARTBEAT_SECONDS = 15  # proxies on the way to the hall may close a connection that is silent for longer
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; object-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
_UNBUFFERED = {"X-Accel-Buffering": "no"}  # so that nginx passes each event on at once
_PACKED_BYTES = 1000  # an answer of more is compressed for browsers that take it


_State = dict[str, Any]  # of the page; what JSON can hold
_Asgi = Callable[[Any, Any, Any], Awaitable[None]]


class Source:
    """The show of an arena_dir. The folder may be missing at first, and may be replaced while it is shown."""

    def __init__(self, arena_dir: str, pace: float) -> None:
        self.pace = pace
        self._folder, self._path = arena_dir, os.path.join(arena_dir, store.FILE)
        self._store: store.Store | None = None
        self._show: show.Show | None = None
        self._opened: tuple[int, int] | None = None

    def show(self) -> show.Show | None:
        """The show of now; None before the arena has begun. Raises StateError if the store cannot be used."""
        found = _identity(self._path)
        if found != self._opened:
            self.close()
            with contextlib.suppress(store.NotBegun):
                self._store = store.Store(self._folder, read_only=True)
                self._show, self._opened = show.Show(self._store, self.pace), found
        return self._show

    def close(self) -> None:
        """Closes the store."""
        if self._store:
            self._store.close()
        self._store = self._show = self._opened = None


class Board:
    """The state of the page, and the connections that wait for its changes.

    Attributes:
        is_over: function that says whether the server stops.
    """

    def __init__(self, source: Source) -> None:
        self.is_over: Callable[[], bool] = lambda: False
        self._source = source
        self._state: _State = {}
        self._key: Any = None  # of the state
        self._number = 0  # of the state
        self._change: _State = {}  # from the state before
        self._changed = asyncio.Event()
        self._change_text: str | None = None  # as JSON, once it was sent

    def look(self) -> None:
        """Looks at the store, and wakes who waits if it has changed."""
        now = time.time()
        try:
            showing = self._source.show()
            key: Any = showing and (showing, *showing.position(now))
            if self._state and key == self._key:
                return
            state = showing.state(now) if showing else show.nothing(now, self._source.pace)
        except Exception as error:  # the screen must go on: nobody is there to restart it
            key = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
            if key == self._key:
                return
            state = {**self._state, "now": now, "problem": key}
            print(f"scoreboard: {key}", file=sys.stderr, flush=True)
        self._change, self._state, self._key = difference(self._state, state), state, key
        self._change_text = None
        self._number += 1
        self._wake()

    async def follow(self) -> None:
        """Looks at the store again and again until the server stops."""
        while not self.is_over():
            self.look()
            await asyncio.sleep(LOOK_SECONDS)
        self._wake()

    async def news(self) -> AsyncIterator[str]:
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

    def ask(self, question: Callable[[show.Show, float], Any]) -> Any:
        """question(show, now); None if the arena has not begun."""
        showing = self._source.show()
        return showing and question(showing, time.time())

    def current(self) -> _State:
        """The state now."""
        self.look()
        return self._as_of_now()

    def _news(self) -> str:
        """The latest change as JSON, encoded once for all connections."""
        if self._change_text is None:
            self._change_text = _json(self._change)
        return self._change_text

    def _as_of_now(self) -> _State:
        """The state with the time of now; browsers set their clock by it."""
        return self._state | {"now": time.time()}

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


def difference(before: _State, after: _State) -> _State:
    """What changes one state into another: the values that differ; of values that are dicts, the entries that differ.

    A difference cannot say that something is gone. If something is, or the event is another one, the difference is
    the whole state, under the key `all`.
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


def application(board: Board, host_names: Collection[str] = ()) -> _Asgi:
    """The ASGI application that serves a Board.

    Args:
        board: what it shows.
        host_names: names by which browsers may reach it, beside addresses and names of the local network.
    """
    from starlette.applications import Starlette
    from starlette.middleware.gzip import GZipMiddleware
    from starlette.responses import Response

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        following = asyncio.create_task(board.follow())
        yield
        following.cancel()

    plain = Starlette(routes=_routes(board), lifespan=lifespan)
    packed = GZipMiddleware(plain, minimum_size=_PACKED_BYTES)
    names = {name.lower() for name in host_names}
    misdirected = Response("this page has another name; --host_names of the scoreboard lists more", 421)

    async def chosen(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await plain(scope, receive, send)
        elif not connections.is_known(dict(scope["headers"]).get(b"host", b"").decode("latin-1"), names):
            await misdirected(scope, receive, send)
        elif "\0" in scope["path"]:  # no file has such a name
            await _answer(None)(scope, receive, send)
        else:  # what is packed is held back until there is enough of it
            await (plain if scope["path"] == "/events" else packed)(scope, receive, send)

    return _with_headers(chosen)


def _answer(content: Any) -> Any:
    """A response with a value as JSON; of None, that there is no such thing."""
    from starlette.responses import Response

    if content is None:
        return Response("there is no such thing, or it has not been shown yet", 404, media_type="text/plain")
    return Response(_json(content), media_type="application/json")


def _routes(board: Board) -> list[Any]:
    """What is served at which address: the page's files, the state, and what a Board answers."""
    from starlette.convertors import IntegerConvertor, register_url_convertor
    from starlette.requests import Request
    from starlette.responses import Response, StreamingResponse
    from starlette.routing import Mount, Route
    from starlette.staticfiles import StaticFiles

    def route(path: str, question: Callable[[show.Show, Any, float], Any]) -> Route:
        async def endpoint(request: Request) -> Any:
            id_ = request.path_params.get("id")
            try:
                return _answer(board.ask(lambda showing, now: question(showing, id_, now)))
            except StateError as error:
                return Response(str(error), 503, media_type="text/plain")

        return Route(path, endpoint)

    async def state(request: Request) -> Any:
        return _answer(board.current())

    async def events(request: Request) -> StreamingResponse:
        return StreamingResponse(board.news(), media_type="text/event-stream", headers=_UNBUFFERED)

    class Id(IntegerConvertor):
        """A number that the store can have."""

        regex = "[0-9]{1,15}"

    register_url_convertor("id", Id())
    return [
        Route("/state", state),
        Route("/events", events),
        route("/event/{id:id}", lambda showing, id_, now: showing.state_of(id_, now)),
        route("/match/{id:id}", lambda showing, id_, now: showing.match(id_, now)),
        route("/half_round/{id:id}", lambda showing, id_, now: showing.half_round(id_, now)),
        route("/ratings", lambda showing, _, now: showing.ratings(now)),
        Mount("/", StaticFiles(directory=show.PAGE, html=True)),
    ]


def _with_headers(application: _Asgi) -> _Asgi:
    headers = [(name.lower().encode(), value.encode()) for name, value in _HEADERS.items()]

    async def wrapped(scope: Any, receive: Any, send: Callable[[Any], Awaitable[None]]) -> None:
        async def send_with_headers(message: Any) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *headers]}
            await send(message)

        await application(scope, receive, send_with_headers)

    return wrapped


def _json(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def _identity(path: str) -> tuple[int, int] | None:
    """Differs for two files that were at a path one after the other; None if there is no file."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def import_uvicorn() -> Any:
    """The library that serves; raises UserError if it, or starlette, is not installed."""
    try:
        import starlette  # noqa: F401
        import uvicorn
    except ImportError as error:
        raise UserError(
            f"the page needs {error.name}, which `pip install 'gan-contest[arena]'` installs; --export does not need it"
        ) from error
    return uvicorn


def listen(host: str, port: int) -> socket.socket:
    """Opens the port; raises UserError if that is not possible."""
    try:
        family, *_ = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise UserError(
            f"--host={host} --port={port} cannot be listened at: {error.strerror}; another port may be free"
        ) from error


def address_of(host: str, listening: socket.socket) -> str:
    """The address of the page, for a browser."""
    port = listening.getsockname()[1]
    name = socket.gethostname() if host in ("0.0.0.0", "::", "") else f"[{host}]" if ":" in host else host
    return f"http://{name}:{port}/"
