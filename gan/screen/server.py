"""The server of the page and of its API: it sends what is on the screen, as server-sent events and as answers."""

import asyncio
import base64
import contextlib
import hashlib
import mimetypes
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from typing import Any

from gan.console.errors import UserError
from gan.screen import api, connections, show
from gan.screen.board import Board

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
_PACKED_BYTES = 1000  # an answer of more is compressed for browsers that take it
_LEVEL = 1  # of compression: others wait meanwhile
IMPORT_MAP = re.compile(r'<script type="importmap">(.*?)</script>', re.DOTALL)  # of the page: its modules by name
_MODULES = ".js", ".mjs"  # some systems know no type for these, or one that browsers refuse

_Asgi = Callable[[Any, Any, Any], Awaitable[None]]


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
    packed = GZipMiddleware(plain, minimum_size=_PACKED_BYTES, compresslevel=_LEVEL)
    names = {name.lower() for name in host_names}
    misdirected = Response("this page has another name; --host_names of the scoreboard lists more", 421)

    async def chosen(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await plain(scope, receive, send)
        elif not connections.is_known(dict(scope["headers"]).get(b"host", b"").decode("latin-1"), names):
            await misdirected(scope, receive, send)
        elif "\0" in scope["path"]:  # no file has such a name
            await api.answer(None)(scope, receive, send)
        else:  # what is packed is held back until there is enough of it
            await (plain if scope["path"] == api.STREAM else packed)(scope, receive, send)

    return _with_headers(chosen)


def _routes(board: Board) -> list[Any]:
    """What is served at which address: the API, and the page's files."""
    from starlette.routing import Mount
    from starlette.staticfiles import StaticFiles

    for ending in _MODULES:
        mimetypes.add_type("text/javascript", ending)
    return [Mount(api.ROOT, routes=api.routes(board)), Mount("/", StaticFiles(directory=show.PAGE, html=True))]


def policy(index: str) -> str:
    """The Content-Security-Policy of a page: only its own files, and the import map that it holds."""
    found = IMPORT_MAP.search(index)
    digest = hashlib.sha256((found[1] if found else "").encode()).digest()
    return (
        f"default-src 'self'; script-src 'self' 'sha256-{base64.b64encode(digest).decode()}'; img-src 'self' data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"
    )


def _with_headers(application: _Asgi) -> _Asgi:
    index = (show.PAGE / "index.html").read_text(encoding="utf-8")
    fixed = {"Content-Security-Policy": policy(index), **_HEADERS}
    headers = [(name.lower().encode(), value.encode()) for name, value in fixed.items()]

    async def wrapped(scope: Any, receive: Any, send: Callable[[Any], Awaitable[None]]) -> None:
        async def send_with_headers(message: Any) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *headers]}
            await send(message)

        await application(scope, receive, send_with_headers)

    return wrapped


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
        both = family == socket.AF_INET6 and host == "::" and socket.has_dualstack_ipv6()
        return socket.create_server((host, port), family=family, dualstack_ipv6=both)
    except (OSError, UnicodeError) as error:  # a name with an empty part is no Unicode, Python says
        why = getattr(error, "strerror", None) or "that is no name of a machine"
        raise UserError(
            f"--host={host} --port={port} cannot be listened at: {why}; another port may be free"
        ) from error


def address_of(host: str, listening: socket.socket) -> str:
    """The address of the page, for a browser."""
    port = listening.getsockname()[1]
    name = socket.gethostname() if host in ("0.0.0.0", "::", "") else f"[{host}]" if ":" in host else host
    return f"http://{name}:{port}/"
