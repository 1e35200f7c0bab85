"""Connections to the screen: how many there may be, how long one may keep silent, and by which names it is reached.

A browser asks within milliseconds. Whoever opens connections and says nothing would otherwise take all of them, and the
hall would look at a dark screen.
"""

import collections
import functools
import ipaddress
import logging
import socket
import sys
import time
from collections.abc import Collection
from typing import Any, NamedTuple

_SPARE_FILES = 200  # that the process needs beside its connections
_LOCAL_ENDINGS = (".localhost", ".local", ".lan", ".internal", ".home.arpa")  # no public name ends so
_LOGGERS = ("uvicorn.error", "asyncio")  # that tell of clients


class ConnectionLimits(NamedTuple):
    """What clients may take."""

    connections: int = 4096  # at a time, of all together
    of_one_address: int = 2048  # of these; this machine itself, and so a proxy on it, may take all
    request_seconds: float = 10.0  # from the connection, or from the answer before, to the end of a request's head
    stalled_seconds: float = 60.0  # that a client may leave unread what it asked for


class Tally:
    """Counts what goes wrong with clients, and prints a line about it, at most one a minute."""

    def __init__(self, seconds: float = 60.0) -> None:
        self._seconds = seconds
        self._counts: collections.Counter[str] = collections.Counter()
        self._printed = -seconds

    def count(self, what: str) -> None:
        """Counts one more; `what` says what happened, in the plural."""
        self._counts[what] += 1
        now = time.monotonic()
        if now - self._printed >= self._seconds:
            told = ", ".join(f"{count} {name}" for name, count in self._counts.most_common(5))
            print(f"scoreboard: {told}", file=sys.stderr, flush=True)
            self._counts.clear()
            self._printed = now

    def filter(self, record: logging.LogRecord) -> bool:
        """Counts what a library logs; it prints nothing by itself."""
        error = record.exc_info[1] if record.exc_info else None
        message = f"{record.getMessage().splitlines()[0]}{f' ({error!r})' if error else ''}"
        self.count(f"times: {message[:200]}")
        return False


class Places:
    """The connections that are open.

    Args:
        limits: how many there may be.
        tally: counts those that find no place, and those that are closed for their silence.
    """

    def __init__(self, limits: ConnectionLimits, tally: Tally) -> None:
        self.limits, self._tally = limits, tally
        self._of: collections.Counter[str] = collections.Counter()

    def take(self, address: str) -> bool:
        """Whether one more connection from an address has a place; it has it until `leave`."""
        is_own = address in ("", "127.0.0.1", "::1")
        if (
            self._of.total() >= self.limits.connections
            or not is_own
            and self._of[address] >= self.limits.of_one_address
        ):
            self._tally.count("connections were refused, since too many are open")
            return False
        self._of[address] += 1
        return True

    def leave(self, address: str) -> None:
        """Gives the place of a connection back."""
        self._of[address] -= 1
        if self._of[address] <= 0:
            del self._of[address]

    def note_silent(self) -> None:
        """Counts a connection that was closed because nothing came."""
        self._tally.count("connections were closed that asked for nothing")

    def note_stalled(self) -> None:
        """Counts a connection that was closed because nobody read what it asked for."""
        self._tally.count("connections were closed that did not read their answer")


def raise_file_limit() -> int:
    """Lets this process have as many files as the system allows; returns the connections that it can then keep."""
    if sys.platform == "win32":
        return ConnectionLimits().connections
    import resource

    wanted = ConnectionLimits().connections + _SPARE_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    possible = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < possible:
        resource.setrlimit(resource.RLIMIT_NOFILE, (possible, hard))
        soft = possible
    return wanted - _SPARE_FILES if soft == resource.RLIM_INFINITY else max(1, min(soft, wanted) - _SPARE_FILES)


def count_in_logs(tally: Tally) -> None:
    """Has the libraries' loggers count what they say of clients, in place of a traceback for each."""
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        logger.filters = [each for each in logger.filters if not isinstance(each, Tally)]
        logger.addFilter(tally)


def is_known(host: str, names: Collection[str]) -> bool:
    """Whether a browser may have come here on purpose under this name.

    A stranger's page may let its own name lead to this machine, to read the screen with a spectator's browser. So names
    are refused that anybody can own, unless they are listed.

    Args:
        host: the Host header; empty if there is none, as in HTTP/1.0.
        names: names that were listed, in lower case.
    """
    name = host.rpartition(":")[0] if ":" in host and not host.endswith("]") else host
    name = name.strip("[]").rstrip(".").lower()
    try:
        ipaddress.ip_address(name)
    except ValueError:
        own = {socket.gethostname().lower(), _full_name(), *names, *map(_as_browsers_write_it, names)}
        return name in own or "." not in name or name.endswith(_LOCAL_ENDINGS)
    return True


def _as_browsers_write_it(name: str) -> str:
    """A name of a machine in ASCII: \ub300\uacb0.kr is xn--p89as3j.kr."""
    try:
        return name.encode("idna").decode()
    except UnicodeError:
        return name


@functools.cache
def _full_name() -> str:
    """This machine's name with its domain; a name server may be asked once."""
    return socket.getfqdn().lower()


def protocol_class(places: Places) -> Any:
    """The class that uvicorn makes one of for each connection, so that each keeps to the limits of `places`."""
    from uvicorn.protocols.http.h11_impl import H11Protocol

    limits = places.limits

    class GuardedProtocol(H11Protocol):
        """HTTP/1.1 with a place, and with a time for each request and for reading the answer."""

        _address: str | None = None
        _silence: Any = None
        _stall: Any = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            address = (self.client or ("",))[0]
            if not places.take(address):
                transport.abort()
                return
            self._address = address
            connected = transport.get_extra_info("socket")
            if connected is not None and connected.family != getattr(socket, "AF_UNIX", None):
                connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            self._watch()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._watch()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            self._watch()

        def pause_writing(self) -> None:
            super().pause_writing()
            self._stall = self.loop.call_later(limits.stalled_seconds, self._end, places.note_stalled)

        def resume_writing(self) -> None:
            super().resume_writing()
            self._cancel("_stall")

        def connection_lost(self, exc: Exception | None) -> None:
            self._cancel("_silence")
            self._cancel("_stall")
            if self._address is not None:
                places.leave(self._address)
                self._address = None
            super().connection_lost(exc)

        def _watch(self) -> None:
            """Lets the time for a request run while none is answered; more bytes of its head do not begin it again."""
            if self.cycle is not None and not self.cycle.response_complete:
                self._cancel("_silence")
            elif self._silence is None and self._address is not None:
                self._silence = self.loop.call_later(limits.request_seconds, self._end, places.note_silent)

        def _cancel(self, timer: str) -> None:
            if getattr(self, timer) is not None:
                getattr(self, timer).cancel()
                setattr(self, timer, None)

        def _end(self, note: Any) -> None:
            note()
            self.transport.abort()

    return GuardedProtocol
