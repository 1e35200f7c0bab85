"""Serves the page with states that a test makes up, so that each scene of the stage can be looked at by itself."""

import base64
import contextlib
import hashlib
import http.server
import io
import json
import re
import threading
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from PIL import Image

from gan.screen import show

JSON = dict[str, Any]
RULES = {
    "version": 3,
    "images_of_each": 15,
    "points_of_half_round": 30,
    "threshold": 0.5,
    "rounds": {"match": 1, "final": 3},
    "first_judge": "away",
}
TYPES = {"html": "text/html; charset=utf-8", "css": "text/css"}


def image(shade: int) -> str:
    """A face, as far as a page can tell."""
    file = io.BytesIO()
    Image.fromarray(np.full((50, 50), shade, np.uint8)).save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def state(view: str, names: tuple[str, str] = ("Blue Foxes", "Team Mira"), **fields: Any) -> JSON:
    """The page's state, of a tournament of two teams; `match` fills in its only match."""
    match = {"id": 7, "event": 1, "round": 0, "position": 0, "attempt": 1, "number": 1, "home": 1, "away": 2}
    match |= {"num_rounds": 1, "begun": 10, "status": "playing", "points": [0, 0], "judged": [0, 0]}
    event = {"id": 1, "name": "Cup", "mode": "tournament", "begun": 1, "num_teams": 2, "teams_opened": 2}
    return {
        "now": 1000,
        "version": "1",
        "settings": {},
        "rules": RULES,
        "event": event | {"num_matches": 1, "matches_told": 0} | fields.pop("event", {}),
        "events": {},
        "teams": {str(index + 1): {"id": index + 1, "name": name} for index, name in enumerate(names)},
        "matches": {"7": match | fields.pop("match", {})},
        "rounds": [{"teams": 2, "matches": 1}],
        "places": {},
        "standings": {},
        "forfeits": [],
        "ratings": {},
        "stage": {"view": view, "since": 990, "match": 7} | fields.pop("stage", {}),
        **fields,
    }


def half_round(shown: int, told: int, **fields: Any) -> JSON:
    """The first half round of that match, in which away judges."""
    half = {"id": 3, "match": 7, "number": 0, "generator": 1, "discriminator": 2, "begin": 1, "end": 31}
    half |= {"real": 15, "generated": 15, "right": 0, "judged": told, "shown": shown, "group": max(0, shown - 1)}
    return half | ({"face": told} if shown > told else {}) | fields


class Stream:
    """What the page's stream sends: the latest state that was put in."""

    def __init__(self) -> None:
        self._latest: JSON | None = None
        self._changed = threading.Condition()
        self._is_over = False

    def put(self, given: JSON) -> None:
        """Has all open streams send a state."""
        with self._changed:
            self._latest = given
            self._changed.notify_all()

    def close(self) -> None:
        """Ends all open streams."""
        with self._changed:
            self._is_over = True
            self._changed.notify_all()

    def events(self) -> Iterator[bytes]:
        """Yields server-sent events until the stream is closed."""
        sent = None
        while True:
            with self._changed:
                while not self._is_over and self._latest is sent:
                    self._changed.wait()
                if self._is_over:
                    return
                sent = self._latest
            yield f"event: state\ndata: {json.dumps(sent)}\n\n".encode()


@contextlib.contextmanager
def served(stream: Stream) -> Iterator[str]:
    """The address of the page, with a stream."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(stream))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        stream.close()
        server.shutdown()
        server.server_close()


def _handler(stream: Stream) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

        def do_GET(self) -> None:
            path = self.path.partition("?")[0].lstrip("/") or "index.html"
            file = show.PAGE / path
            if path == "api/v1/stream":
                self._answer("text/event-stream", stream.events())
            elif file.is_file():
                self._answer(TYPES.get(path.rpartition(".")[2], "text/javascript"), [file.read_bytes()])
            else:
                self.send_error(404)

        def _answer(self, kind: str, parts: Iterable[bytes]) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Security-Policy", _policy())
            self.end_headers()
            with contextlib.suppress(ConnectionError):  # the browser has gone
                for part in parts:
                    self.wfile.write(part)
                    self.wfile.flush()

    return Handler


def _policy() -> str:
    index = (show.PAGE / "index.html").read_text(encoding="utf-8")
    imports = re.search(r'<script type="importmap">(.*?)</script>', index, re.DOTALL)
    assert imports
    digest = base64.b64encode(hashlib.sha256(imports[1].encode()).digest()).decode()
    return f"default-src 'self'; script-src 'self' 'sha256-{digest}'; img-src 'self' data:; object-src 'none'"
