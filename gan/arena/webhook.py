"""Posts what happens to a webhook, such as a chat room's: in a thread of its own, so that no battle waits for it.

A message is JSON in the form that Slack and Mattermost (`text`) and Discord (`content`) take, with fields of our own
beside it. The URL holds a secret: nothing here shows more of it than the name of its host. No TensorFlow.
"""

import contextlib
import http.client
import json
import queue
import socket
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import Any, NamedTuple

from gan.console import printable
from gan.console.errors import UserError

REQUEST_SECONDS = 10.0  # without an answer for so long, a message counts as not delivered
TRIES = 6  # of one message
PAUSE_SECONDS = 1.0  # after the first failure; it doubles each time
LONGEST_PAUSE = 60.0  # seconds, also if the server asks for more
MOST_WAITING = 1000  # messages; beyond that the oldest are dropped
_LONGEST_TEXT = 1900  # characters; Discord takes 2,000
_GIVEN_UP = {400, 401, 403, 404, 405, 410, 413}  # statuses after which to try again does not help


class Undelivered(NamedTuple):
    """What was not delivered."""

    number: int  # of messages
    reason: str  # of the last one, without the URL


class Webhook:
    """Posts messages in turn. Use as a context manager.

    Args:
        url: http:// or https://; its path and query are secret.

    Attributes:
        undelivered: what was not delivered, once it is closed; None if everything was.

    Raises:
        UserError: it is no such URL.
    """

    def __init__(self, url: str) -> None:
        try:
            parts = urllib.parse.urlsplit(url)
            is_good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
        except ValueError:
            is_good = False
        if not is_good or any(map(printable.is_strange, url)) or " " in url:
            raise UserError(
                "--webhook is no address of a webhook; write it as https://host/path (it is not shown here)"
            )
        self._url = url
        self.undelivered: Undelivered | None = None
        self._messages: queue.Queue[bytes | None] = queue.Queue()
        self._failed, self._reason = 0, ""
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._work, name="webhook", daemon=True)

    def __enter__(self) -> "Webhook":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def post(self, kind: str, text: str, **fields: Any) -> None:
        """Lets a message be posted soon; returns at once.

        Args:
            kind: of the event, such as notices.RESULT.
            text: a line for people; addresses and paths in it are left out.
            fields: what else there is to tell, as JSON can hold it.
        """
        shown = printable.without_places(printable.cleaned(text))[:_LONGEST_TEXT]
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        quiet: dict[str, Any] = {"allowed_mentions": {"parse": []}}  # a team named @everyone calls nobody in Discord
        message = {"text": _escaped(shown), "content": shown, **quiet, "event": kind, "at": at, **fields}
        if self._messages.qsize() >= MOST_WAITING:
            self._messages.get_nowait()
            self._note("too many messages were waiting")
        self._messages.put(json.dumps(message).encode())  # in ASCII, whatever a name holds

    def close(self, seconds: float = 2 * REQUEST_SECONDS) -> None:
        """Posts what waits, for some seconds at most, and keeps in `undelivered` what was not delivered."""
        if self._is_over.is_set():
            return
        self._messages.put(None)
        self._thread.join(seconds)
        self._is_over.set()
        left = self._messages.qsize() - 1 if self._thread.is_alive() else 0  # the last one is the mark of the end
        number = self._failed + (left + 1 if self._thread.is_alive() else 0)  # and one is being posted
        if number:
            self.undelivered = Undelivered(number, self._reason or "no answer")

    def _work(self) -> None:
        while (message := self._messages.get()) is not None and not self._is_over.is_set():
            self._deliver(message)

    def _deliver(self, message: bytes) -> None:
        pause = PAUSE_SECONDS
        reason = ""
        for left in reversed(range(TRIES)):
            reason, wanted, is_final = self._try(message)
            if not reason:
                return
            if is_final or not left or self._is_over.wait(min(LONGEST_PAUSE, max(pause, wanted))):
                break
            pause *= 2
        self._note(reason)

    def _try(self, message: bytes) -> tuple[str, float, bool]:
        """(why it failed or "", seconds that the server wants us to wait, whether to try again is useless)."""
        request = urllib.request.Request(self._url, message, {"Content-Type": "application/json"}, method="POST")
        try:
            with _OPENER.open(request, timeout=REQUEST_SECONDS):
                return "", 0.0, False
        except urllib.error.HTTPError as error:
            with error:
                return f"status {error.code}", _seconds(error.headers.get("Retry-After")), error.code in _GIVEN_UP
        except Exception as error:  # whatever a server does must not end the thread; the words could hold the URL
            return f"no answer ({type(error).__name__})", 0.0, False

    def _note(self, reason: str) -> None:
        self._failed += 1
        self._reason = reason


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows nobody elsewhere: the message would be lost on the way, as a GET."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """No new request: the answer counts as a failure."""


class _Cut:
    """A connection that is cut off after REQUEST_SECONDS, however often the server sends a little of its answer."""

    sock: socket.socket

    def connect(self) -> None:
        """Connects."""
        super().connect()  # type: ignore[misc]
        timer = threading.Timer(REQUEST_SECONDS, _cut_off, [self.sock])
        timer.daemon = True
        timer.start()


class _PlainConnection(_Cut, http.client.HTTPConnection):
    pass


class _SafeConnection(_Cut, http.client.HTTPSConnection):
    pass


class _PlainHandler(urllib.request.HTTPHandler):
    def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_PlainConnection, request)


class _SafeHandler(urllib.request.HTTPSHandler):
    def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_SafeConnection, request)


_OPENER = urllib.request.build_opener(_NoRedirect, _PlainHandler, _SafeHandler)


def _cut_off(connected: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it is closed, as it should be
        socket.socket.shutdown(connected, socket.SHUT_RDWR)  # that of TLS would touch what another thread reads


def _escaped(text: str) -> str:
    """The text for Slack and Mattermost, where <!channel> would call everybody and @all, @here too."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("@", "@\u200b")


def _seconds(retry_after: str | None) -> float:
    """Of a header Retry-After; 0 if it is missing or a date."""
    try:
        return max(0.0, float(retry_after or 0))
    except ValueError:
        return 0.0
