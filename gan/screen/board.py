"""The state of the page, and the connections that wait for its changes."""

import asyncio
import contextlib
import json
import math
import os
import sys
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

from gan.arena import database, store
from gan.console.errors import UserError
from gan.screen import merge_patch, show
from gan.screen.pacing import ShowSettings
from gan.screen.stage import View

LOOK_SECONDS = 0.25  # between two looks at the store
HEARTBEAT_SECONDS = 15  # proxies on the way to the hall may close a connection that is silent for longer
UNREADABLE = "store_unreadable"  # the problem that everybody is told of; the organiser is told what it is

_State = dict[str, Any]  # of the page; what JSON can hold


class Source:
    """The show of an arena_dir. The folder may be missing at first, and may be replaced while it is shown."""

    def __init__(self, arena_dir: str, settings: ShowSettings) -> None:
        self.settings = settings
        self._folder, self._path = arena_dir, os.path.join(arena_dir, store.FILE)
        self._store: store.Store | None = None
        self._show: show.Show | None = None
        self._opened: tuple[float, ...] | None = None

    def show(self) -> show.Show | None:
        """The show of now; None before the arena has begun. Raises StateError if the store cannot be used."""
        found = _identity(self._path)
        if found != self._opened:
            self.close()
            with contextlib.suppress(store.NotBegun):
                self._store = store.Store(self._folder, read_only=True)
                self._show, self._opened = show.Show(self._store, self.settings), found
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
        self._next_change = math.inf  # of what is shown of the store as it is, in unix seconds
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
            state = showing.state(now) if showing else show.nothing(now, self._source.settings)
            self._next_change = showing.next_change(now) if showing else math.inf
        except Exception as error:  # the screen must go on: nobody is there to restart it
            key = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
            self._next_change = math.inf
            if key == self._key:
                return
            state = {**(self._state or self._unseen(now)), "now": now, "problem": UNREADABLE}
            print(f"scoreboard: {key}", file=sys.stderr, flush=True)
        change = merge_patch.difference(self._state, state)
        self._key = key
        if self._state and set(change) <= {"now"}:  # the arena has gone on, which the hall does not see yet
            return
        self._change, self._state = change, state
        self._change_text = None
        self._number += 1
        self._wake()

    async def follow(self) -> None:
        """Looks at the store again and again until the server stops."""
        while not self.is_over():
            self.look()
            await asyncio.sleep(max(0.0, min(LOOK_SECONDS, self._next_change - time.time())))
        self._wake()

    async def news(self) -> AsyncIterator[str]:
        """Yields server-sent events: the state, then its changes."""
        yield "retry: 1000\n\n"
        sent = None
        while not self.is_over():
            changed = self._changed
            if sent != self._number:
                is_next = sent is not None and sent + 1 == self._number
                text = self._news() if is_next else as_json(self._as_of_now())
                sent = self._number
                yield f"event: {'change' if is_next else 'state'}\ndata: {text}\n\n"
                continue
            try:
                await asyncio.wait_for(changed.wait(), HEARTBEAT_SECONDS)
            except asyncio.TimeoutError:
                # The page sees by it that the connection lives, and what the time is: clocks are corrected.
                yield f"event: change\ndata: {as_json({'now': time.time()})}\n\n"

    def ask(self, question: Callable[[show.Show, float], Any]) -> Any:
        """question(show, now); None if the arena has not begun."""
        showing = self._source.show()
        return showing and question(showing, time.time())

    def current(self) -> _State:
        """The state now."""
        self.look()
        return self._as_of_now()

    def _unseen(self, now: float) -> _State:
        """The state of a store of which nothing was seen."""
        return show.nothing(now, self._source.settings) | {"stage": {"view": View.PROBLEM.value}}

    def _news(self) -> str:
        """The latest change as JSON, encoded once for all connections."""
        if self._change_text is None:
            self._change_text = as_json(self._change)
        return self._change_text

    def _as_of_now(self) -> _State:
        """The state with the time of now; browsers set their clock by it."""
        return self._state | {"now": time.time()}

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


def as_json(content: Any) -> str:
    """A value as compact JSON."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def _identity(path: str) -> tuple[float, ...] | None:
    """Differs for two files that were at a path one after the other; None if there is no file.

    Of a file that was opened as one that nobody writes, whatever is written counts.
    """
    try:
        found = os.stat(path)
    except OSError:
        return None
    if database.is_still(path):
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
    return found.st_dev, found.st_ino
