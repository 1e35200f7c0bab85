"""The processes of the simulated contest: started, killed, started again as a supervisor would, and watched."""

import ctypes
import http.client
import http.server
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import cloud

RESTART_SECONDS = 1.0  # between the death of a process and its restart
STOP_SECONDS = 120  # in which a process must end that is asked to
_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER
_PAGE = 4096  # bytes


class Supervised:
    """A command that is started again whenever it ends by itself, until it is stopped.

    Args:
        command: to run.
        log: path of the file that its output is added to.
        environment: of the process.
        folder: in which it runs.

    Attributes:
        starts: how often it was started.
        codes: exit codes in order.
    """

    def __init__(self, command: list[str], log: str, environment: Mapping[str, str], folder: str) -> None:
        self._command, self._log, self._environment, self._folder = command, log, environment, folder
        self._wanted = True
        self.starts, self.codes = 0, list[int]()
        self._process = self._start()
        self._thread = threading.Thread(target=self._supervise, daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int:
        """Of the process that runs now, or ran last."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether it runs, or is to be started again."""
        return self._thread.is_alive()

    def kill(self) -> None:
        """Ends the process as a power failure would; it is started again."""
        self._process.kill()

    def stop(self) -> None:
        """Ends it for good, unless it has ended."""
        self._wanted = False
        self._process.terminate()
        self._thread.join(STOP_SECONDS)
        if self._thread.is_alive():
            self._process.kill()
            self._thread.join()

    def wait(self, seconds: float) -> None:
        """Waits until it has ended with exit code 0."""
        self._thread.join(seconds)

    def _start(self) -> subprocess.Popen:
        self.starts += 1
        with open(self._log, "ab") as log:
            return subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=dict(self._environment),
                cwd=self._folder,
            )

    def _supervise(self) -> None:
        while True:
            self.codes.append(self._process.wait())
            if not self._wanted or self.codes[-1] == 0:
                return
            time.sleep(RESTART_SECONDS)
            if not self._wanted:
                return
            self._process = self._start()


def adopt_orphans() -> None:
    """Makes processes whose parent dies children of this one, so that `descendants` finds them. Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)


def descendants(pid: int) -> dict[int, str]:
    """All processes below one that are not dead: process id -> command."""
    found = {}
    for task in _listed(f"/proc/{pid}/task"):
        for child in map(int, _read(f"/proc/{pid}/task/{task}/children").split()):
            state = _read(f"/proc/{child}/stat").rpartition(")")[2].split()
            if state and state[0] not in "ZX":
                found[child] = _read(f"/proc/{child}/cmdline").replace("\0", " ").strip()[:100]
            found |= descendants(child)
    return found


def resident(pid: int) -> int:
    """Bytes of memory that a process itself holds; 0 if it is gone."""
    fields = _read(f"/proc/{pid}/statm").split()
    return int(fields[1]) * _PAGE if fields else 0


def _listed(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


class FaultyNetwork(cloud.FaultProxy):
    """The network between the arena and the buckets, which can also change an object just before it is read."""

    def __init__(self, upstream_port: int) -> None:
        self._hook_lock = threading.Lock()
        self._before: tuple[str, Callable[[], None]] | None = None
        super().__init__(upstream_port)

    def before_next(self, match: str, action: Callable[[], None]) -> None:
        """Does something before the next request whose line has `match` in it."""
        with self._hook_lock:
            self._before = match, action

    def admit(self, line: str) -> Any:
        """As FaultProxy.admit."""
        with self._hook_lock:
            if self._before and self._before[0] in line:
                action, self._before = self._before[1], None
                action()
        return super().admit(line)


class Hook:
    """A chat room's server, which keeps what is posted to it. Use as a context manager.

    Attributes:
        url: to post to.
        posted: bodies in order.
    """

    def __init__(self) -> None:
        self.posted: list[bytes] = []
        posted = self.posted

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                posted.append(self.rfile.read(int(self.headers.get("Content-Length", 0))))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer((cloud.HOST, 0), Handler)
        self.url = f"http://{cloud.HOST}:{self._server.server_address[1]}/hook"

    def __enter__(self) -> "Hook":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class Answer(NamedTuple):
    """What the screen answered."""

    path: str
    status: int  # 0 if it did not
    body: bytes


class Viewer:
    """A client that looks at the screen all the while: at its state twice a second, and at its stream of events.

    Args:
        port: of the screen on this machine.

    Attributes:
        silence: the longest time in seconds from one answer to the next.
        stream_silence: the same of the stream, which says that it is still there every 15 s.
        asked, failed: requests so far; failed ones as sentences.
        answers: the last answer of each path.
        texts: different lines of the stream.
    """

    def __init__(self, port: int) -> None:
        self.silence = self.stream_silence = 0.0
        self.asked, self.failed = 0, []
        self.answers: dict[str, Answer] = {}
        self.texts: set[bytes] = set()
        self._port, self._over = port, threading.Event()
        self._threads = [threading.Thread(target=one, daemon=True) for one in (self._look, self._listen)]
        for thread in self._threads:
            thread.start()

    def ask(self, path: str) -> Answer:
        """Asks for a path once."""
        connection = http.client.HTTPConnection(cloud.HOST, self._port, timeout=60)
        self.asked += 1
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            answer = Answer(path, response.status, response.read())
        except OSError as error:
            self.failed.append(f"{path}: {error}")
            return Answer(path, 0, b"")
        finally:
            connection.close()
        if answer.status >= 500:
            self.failed.append(f"{path}: {answer.status}")
        self.answers[path] = answer
        return answer

    def ask_for_all(self, half_rounds: int, matches: int, events: int) -> None:
        """Asks for everything that was played so far; waits until it is shown."""
        numbered = [("half_rounds", half_rounds), ("matches", matches), ("events", events)]
        paths = [f"/api/v1/{name}/{number}" for name, count in numbered for number in range(1, count + 1)]
        deadline = time.monotonic() + 120
        for path in [*paths, "/api/v1/ratings", "/api/v1/now", "/"]:
            while self.ask(path).status == 404 and time.monotonic() < deadline:
                time.sleep(1)

    def seen(self) -> list[bytes]:
        """All that was seen so far."""
        return [*(answer.body for answer in list(self.answers.values())), *list(self.texts)]

    def close(self) -> None:
        """Ends looking; the stream ends with the screen."""
        self._over.set()
        self._threads[0].join(60)

    def _look(self) -> None:
        last = time.monotonic()
        while not self._over.is_set():
            if self.ask("/api/v1/now").status == 200:
                now = time.monotonic()
                self.silence, last = max(self.silence, now - last), now
            self._over.wait(0.5)

    def _listen(self) -> None:
        connection = http.client.HTTPConnection(cloud.HOST, self._port, timeout=60)
        try:
            connection.request("GET", "/api/v1/stream")
            response, last = connection.getresponse(), time.monotonic()
            while line := response.readline():
                now = time.monotonic()
                self.stream_silence, last = max(self.stream_silence, now - last), now
                self.texts.add(line)
            if not self._over.is_set():
                self.failed.append("/api/v1/stream: the stream ended")
        except OSError as error:
            if not self._over.is_set():
                self.failed.append(f"/api/v1/stream: {error}")
        finally:
            connection.close()
