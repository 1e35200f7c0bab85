"""The webhook against a real server that fails, is slow, hangs, or asks to wait."""

import contextlib
import http.server
import json
import threading
import time

import hostile
import pytest

from gan import battle
from gan.arena import store, webhook
from gan.console.errors import UserError
from gan.contest import faults

SECRET = "T0/B0/secretsecret"
TRICKLING = 100  # a status that says for ever that the answer will come


class _Room(http.server.ThreadingHTTPServer):
    """A chat room: answers with `statuses` in turn, then with 200; a status of None never answers."""

    def __init__(self, statuses=(), headers=None):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.statuses, self.headers, self.received, self.times = [*statuses], headers or {}, [], []
        self.over = threading.Event()


class _Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *arguments):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.times.append(time.monotonic())
        status = self.server.statuses.pop(0) if self.server.statuses else 200
        if status is None:
            self.server.over.wait(30)
            return
        while status == TRICKLING and not self.server.over.wait(0.02):
            try:
                self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            except OSError:
                return
        if status == 200:
            self.server.received.append(json.loads(body))
        self.send_response(status)
        for name, value in self.server.headers.items() if status != 200 else ():
            self.send_header(name, value)
        self.end_headers()


@contextlib.contextmanager
def room(*statuses, **headers):
    server = _Room(statuses, headers)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield server, f"http://127.0.0.1:{server.server_address[1]}/{SECRET}"
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(webhook, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(webhook, "REQUEST_SECONDS", 0.5)


def test_a_message_that_failed_is_posted_again_in_order():
    with room(500, 503, 302) as (server, url), webhook.Webhook(url) as posted:
        posted.post("result", "a 16 : 14 b", points=[16, 14])
        posted.post("champion", "a <!channel> @everyone gs://bucket/model wins")
        posted.close(30)
    first, second = server.received
    assert first["text"] == first["content"] == "a 16 : 14 b"
    assert first["event"] == "result" and first["points"] == [16, 14] and first["at"].endswith("Z")
    assert "<" not in second["text"] and "@everyone" not in second["text"] and "bucket" not in second["content"]
    assert second["allowed_mentions"] == {"parse": []} and posted.undelivered is None


def test_who_asks_to_wait_is_waited_for():
    with room(429, **{"Retry-After": "1"}) as (server, url), webhook.Webhook(url) as posted:
        posted.post("held", "x")
        posted.close(30)
    assert len(server.received) == 1 and server.times[1] - server.times[0] >= 1


def test_a_server_that_hangs_keeps_nobody_waiting():
    with room(*[None] * 99) as (server, url):
        begun = time.monotonic()
        posted = webhook.Webhook(url)
        with posted:
            for number in range(5):
                posted.post("result", str(number))
            assert time.monotonic() - begun < 0.5  # nothing of this waits for the server
            posted.close(0.2)
            undelivered = posted.undelivered
    assert undelivered.number == 5 and SECRET not in repr(undelivered)


def test_a_server_that_never_comes_to_an_end_is_cut_off():
    """Each byte of an answer would begin the limit of a connection again."""
    with room(TRICKLING) as (server, url), webhook.Webhook(url) as hook:
        hook.post("result", "late")
        hook.post("result", "next")
        deadline = time.monotonic() + 20
        while len(server.received) < 2 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert [message["text"] for message in server.received] == ["late", "next"]


def test_what_was_not_delivered_is_told_once_without_the_secret():
    with room(404, 404, 404) as (server, url), webhook.Webhook(url) as posted:
        for number in range(3):
            posted.post("result", str(number))
    assert posted.undelivered == webhook.Undelivered(3, "status 404")
    with webhook.Webhook(url) as posted:  # the server has left
        posted.post("result", "x")
        posted.close(30)
    gone = posted.undelivered
    assert gone.number == 1 and "no answer" in gone.reason and SECRET not in gone.reason


@pytest.mark.parametrize(
    "url", ["hooks.example.org/" + SECRET, "ftp://a/" + SECRET, "https:///" + SECRET, "http://a:x/b"]
)
def test_a_wrong_address_is_refused_without_showing_it(url):
    with pytest.raises(UserError, match="--webhook is no address") as refused:
        webhook.Webhook(url)
    assert SECRET not in str(refused.value)


def test_a_battle_tells_its_room_and_shows_the_address_nowhere(faces, tmp_path, capsys):
    pytest.importorskip("openskill", reason="pip install 'gan-contest[arena]'")
    for name in "ab":
        hostile.write(str(tmp_path / name), step=ord(name))
    snapshots = ",".join(str(tmp_path / name) for name in "ab")
    flags = ["--mode=match", f"--snapshots={snapshots}", f"--input_data_pattern={faces}", "--seed=3"]
    with room(503) as (server, url):
        assert battle.main(["battle", *flags, f"--arena_dir={tmp_path}/first", f"--webhook={url}"]) == 0
    result, champion = server.received
    assert result["event"] == "result" and result["winner"] == champion["champion"] and sum(result["points"]) <= 60
    with room(*[404] * 9) as (server, url):
        assert battle.main(["battle", *flags, f"--arena_dir={tmp_path}/second", f"--webhook={url}"]) == 0
    shown = capsys.readouterr()
    assert "2 messages could not be delivered (status 404)" in shown.out and SECRET not in shown.out + shown.err
    with store.Store(f"{tmp_path}/second", read_only=True) as kept:
        logged = [faults.sentence(entry.note) for entry in kept.log.entries()]
    assert sum("webhook" in line for line in logged) == 1 and SECRET not in "".join(logged)
    secret = f"{tmp_path}/second/arena.sqlite3"
    with open(secret, "rb") as file:
        assert SECRET.encode() not in file.read()
