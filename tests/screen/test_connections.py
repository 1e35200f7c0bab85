"""The screen goes on whatever clients do: silent ones, many, strange requests, a proxy on the way."""

import contextlib
import gzip
import http.client
import os
import re
import resource
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.parse

import arena_data
import pytest
from conftest import ROOT
from test_scoreboard import PATIENCE, Events, ask

from gan.arena import store
from gan.screen import connections

IDLE, VIEWERS = 1100, 500
NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


class Scoreboard:
    """A scoreboard as a process, with what it writes to stderr."""

    def __init__(self, folder, *flags, files=None):
        command = [sys.executable, "-m", "gan.scoreboard", f"--arena_dir={folder}", "--port=0", "--pace=0", *flags]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        limit = (lambda: resource.setrlimit(resource.RLIMIT_NOFILE, files)) if files else None
        pipes = dict(stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.process = subprocess.Popen(command, env=environment, text=True, preexec_fn=limit, **pipes)
        self.address = re.search(r"http://\S+/", self.process.stdout.readline())[0]
        self.place = urllib.parse.urlparse(self.address).hostname, urllib.parse.urlparse(self.address).port

    def end(self):
        """Stops it; returns what it wrote to stderr."""
        self.process.kill()
        return self.process.communicate()[1]


@pytest.fixture
def arena(tmp_path):
    """(folder, steps of a tournament of 8 teams that was begun)."""
    folder = str(tmp_path / "arena")
    with store.Store(folder) as kept:
        steps = arena_data.play_tournament(kept, arena_data.NAMES[:8])
        arena_data.run(steps, 2)
        yield folder, steps


@pytest.fixture
def many_files():
    """Lets this process open enough sockets."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * (IDLE + VIEWERS)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip(f"this system lets a process have {hard} files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextlib.contextmanager
def idle(place, count):
    """Connections that say nothing."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(socket.create_connection(place)) for _ in range(count)]


def test_silent_connections_do_not_take_the_screen(arena, many_files):
    folder, steps = arena
    shown = Scoreboard(folder, files=(1024, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    hall = Events(shown.address)
    hall.next()
    with idle(shown.place, IDLE) as silent:
        before = len(hall.state["matches"])
        begun = time.monotonic()
        arena_data.run(steps)
        hall.until(lambda state: len(state["matches"]) > before)
        assert ask(shown.address, "api/v1/now")[0] == 200
        assert time.monotonic() - begun < PATIENCE / 2
        silent[0].settimeout(connections.ConnectionLimits().request_seconds + PATIENCE)
        with contextlib.suppress(ConnectionResetError):
            assert silent[0].recv(1) == b""  # it was closed
    told = shown.end()
    assert "connections were closed that asked for nothing" in told and told.count("\n") == 1


def test_a_head_that_trickles_is_cut_off(arena):
    shown = Scoreboard(arena[0])
    with socket.create_connection(shown.place) as slow:
        slow.settimeout(PATIENCE)
        begun = time.monotonic()
        with pytest.raises(OSError):
            while time.monotonic() - begun < PATIENCE:
                slow.sendall(b"GET / HTTP/1.1\r\n" if time.monotonic() - begun < 0.3 else b"X-More: 1\r\n")
                time.sleep(0.2)
    shown.end()
    assert time.monotonic() - begun < connections.ConnectionLimits().request_seconds + 5


def test_an_address_leaves_places_for_others():
    tally = connections.Tally()
    places = connections.Places(connections.ConnectionLimits(connections=4, of_one_address=2), tally)
    assert [places.take("10.0.0.1") for _ in range(3)] == [True, True, False]
    assert [places.take("127.0.0.1") for _ in range(3)] == [True, True, False]
    places.leave("10.0.0.1")
    assert places.take("10.0.0.2") and not places.take("10.0.0.3")


def test_a_line_a_minute(capsys, monkeypatch):
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    tally = connections.Tally()
    for _ in range(500):
        tally.count("things")
    now = 1061.0
    tally.count("things")
    assert capsys.readouterr().err == "scoreboard: 1 things\nscoreboard: 500 things\n"


LONG = "9" * 5000
STRANGE = {
    f"GET /match/{LONG} HTTP/1.1": 404,
    f"GET /half_round/{LONG} HTTP/1.1": 404,
    f"GET /event/{2**63} HTTP/1.1": 404,
    "GET /match/-1 HTTP/1.1": 404,
    "GET /match/%00 HTTP/1.1": 404,
    "GET /%00 HTTP/1.1": 404,
    "GET /%ff%fe HTTP/1.1": 404,
    f"GET /{'a' * 3000} HTTP/1.1": 404,
    "GET /..%2f..%2fstore.py HTTP/1.1": 404,
    "HEAD /api/v1/now HTTP/1.1": 200,
    "POST /api/v1/now HTTP/1.1": 405,
    "DELETE /api/v1/stream HTTP/1.1": 405,
    "GET /api/v1/now HTTP/1.0": 200,
    "GET /api/v1/now": 400,
    "nonsense": 400,
}


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("shown") / "arena")
    with store.Store(folder) as kept:
        arena_data.run(arena_data.play_tournament(kept, arena_data.NAMES[:8]))
    board = Scoreboard(folder)
    yield board
    assert "Traceback" not in board.end()


@pytest.mark.parametrize("line", STRANGE, ids=lambda line: line[:24])
def test_strange_requests_are_answered(shown, line):
    with socket.create_connection(shown.place, PATIENCE) as client:
        client.sendall(f"{line}\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        answer = client.makefile("rb").read()
    assert int(answer.split()[1]) == STRANGE[line], answer[:200]


def status(shown, host):
    connection = http.client.HTTPConnection(*shown.place, timeout=PATIENCE)
    connection.request("GET", "/api/v1/now", headers={"Host": host})
    return connection.getresponse().status


def test_names_that_anybody_can_own_are_refused(shown):
    for host in ("localhost", "localhost:8080", "127.0.0.1", "192.168.0.7:80", "[::1]:8080", "hall-pc", "hall.local"):
        assert status(shown, host) == 200, host
    for host in ("evil.example.com", "127.0.0.1.evil.example", "hall.local.evil.org:8080"):
        assert status(shown, host) == 421, host


def test_names_that_are_listed_are_known(shown):
    board = Scoreboard(
        shown.process.args[3].partition("=")[2], "--host_names=battle.example.com, faces.example.org, 대결.kr"
    )
    try:
        assert status(board, "Battle.example.com") == status(board, "faces.example.org:443") == 200
        assert status(board, "xn--p89as3j.kr") == 200  # the same as browsers write it
        assert status(board, "example.com") == 421
    finally:
        board.end()


def test_large_answers_are_packed_and_events_are_not(shown):
    connection = http.client.HTTPConnection(*shown.place, timeout=PATIENCE)
    connection.request("GET", "/api/v1/events/1", headers={"Accept-Encoding": "gzip"})
    answer = connection.getresponse()
    assert answer.headers["Content-Encoding"] == "gzip"
    packed = answer.read()
    assert gzip.decompress(packed).startswith(b'{"now":') and len(packed) < len(gzip.decompress(packed)) / 3
    connection.request("GET", "/api/v1/stream", headers={"Accept-Encoding": "gzip"})
    answer = connection.getresponse()
    assert answer.headers["Content-Encoding"] is None and answer.headers["X-Accel-Buffering"] == "no"


@contextlib.contextmanager
def nginx(folder, place):
    """The real nginx before a scoreboard, as docs/arena.md has it but for TLS; yields its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    configuration = f"""
        daemon off; pid {folder}/pid; error_log {folder}/error.log;
        events {{ worker_connections 4096; }}
        http {{
            access_log off;
            client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
            uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
            server {{
                listen 127.0.0.1:{port} backlog=2048;
                location / {{ proxy_pass http://{place[0]}:{place[1]}; }}
            }}
        }}"""
    (folder / "nginx.conf").write_text(configuration)
    command = [NGINX, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.communicate()


needs_nginx = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")


@needs_nginx
def test_behind_nginx_each_change_comes_at_once(arena, tmp_path):
    folder, steps = arena
    shown = Scoreboard(folder)
    with nginx(tmp_path, shown.place) as address:
        hall = Events(address)
        hall.next()
        before = len(hall.state["matches"])
        begun = time.monotonic()
        arena_data.run(steps)
        hall.until(lambda state: len(state["matches"]) > before)
        assert time.monotonic() - begun < PATIENCE / 3
    shown.end()


@needs_nginx
@pytest.mark.alone
def test_the_hall_sees_all_beside_silent_connections_and_viewers(arena, many_files, tmp_path):
    """1,100 silent connections, 500 viewers through nginx; the hall's browser is one of them."""
    folder, steps = arena
    shown = Scoreboard(folder)
    seen, late = [], []

    def watch(viewer):
        with contextlib.suppress(OSError, AssertionError):
            viewer.until(lambda state: state["stage"]["view"] == "champion")
            seen.append(viewer)

    with nginx(tmp_path, shown.place) as address, idle(shown.place, IDLE // 2), idle(urlplace(address), IDLE // 2):
        viewers = [Events(address) for _ in range(VIEWERS)]
        hall = Events(address)
        hall.next()
        threads = [threading.Thread(target=watch, args=[viewer], daemon=True) for viewer in viewers]
        for thread in threads:
            thread.start()
        judged = 0  # half rounds; what else the arena does may change nothing that the hall sees
        for number, _ in enumerate(steps):
            with store.Store(folder, read_only=True) as kept:
                half_rounds = len(kept.half_rounds.after(0))
            if half_rounds > judged:
                judged, begun = half_rounds, time.monotonic()
                hall.until(lambda state, wanted=30 * judged: images_judged(state) >= wanted)
                late.append(time.monotonic() - begun)
            assert number < 1000
        hall.until(lambda state: state["stage"]["view"] == "champion")
        for thread in threads:
            thread.join(PATIENCE)
    told = shown.end()
    print(f"longest wait of the hall: {max(late):.2f} s; viewers that saw the champion: {len(seen)} of {VIEWERS}")
    assert len(seen) == VIEWERS and "Traceback" not in told


def images_judged(state):
    """How many images were judged in all matches so far."""
    return sum(sum(match["judged"]) for match in state.get("matches", {}).values() if match.get("rule") != "bye")


def urlplace(address):
    parts = urllib.parse.urlparse(address)
    return parts.hostname, parts.port
