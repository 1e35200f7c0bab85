"""Serves an arena at a moment that stands still, from a thread of this process."""

import contextlib
import threading
import time
from collections.abc import Iterator
from unittest import mock

from hall import Clock

from gan.screen import board, pacing, server

SETTINGS = pacing.ShowSettings()


@contextlib.contextmanager
def served(folder: str, moment: float, settings: pacing.ShowSettings = SETTINGS) -> Iterator[str]:
    """The address of the page of an arena_dir, for which it is always the same unix second."""
    uvicorn = server.import_uvicorn()
    with contextlib.closing(board.Source(folder, settings)) as source, server.listen("127.0.0.1", 0) as listening:
        showing = board.Board(source)
        serving = uvicorn.Server(
            uvicorn.Config(server.application(showing), log_level="warning", timeout_graceful_shutdown=1)
        )
        showing.is_over = lambda: serving.should_exit
        with mock.patch.object(board, "time", Clock(moment)), _running(serving, listening):
            yield server.address_of("127.0.0.1", listening)


@contextlib.contextmanager
def _running(serving, listening) -> Iterator[None]:
    thread = threading.Thread(target=serving.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        while not serving.started and thread.is_alive():
            time.sleep(0.01)
        yield
    finally:
        serving.should_exit = True
        thread.join()
