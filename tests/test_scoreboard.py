"""The scoreboard: a real server asked by HTTP, and its export."""

import base64
import json
import os
import re
import shutil
import signal
import socket
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

import arena_data
import pytest
from browsing import PATIENCE, served
from conftest import start

from gan import scoreboard
from gan.arena import store
from gan.contest import faults, rules
from gan.screen import server, show
from gan.screen.merge_patch import patched


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The folder of an arena with a tournament of 16 teams and a mock battle, both over; tests must not change it."""
    folder = str(tmp_path_factory.mktemp("finished") / "arena")
    with store.Store(folder) as arena:
        arena_data.run(arena_data.play_league(arena, arena_data.NAMES[:2], "Mock 12:00", "mock"))
        arena_data.run(arena_data.play_tournament(arena, arena_data.NAMES))
    return folder


@pytest.fixture(scope="module")
def address(finished):
    with served(finished, "--pace=0") as address:
        yield address


def ask(address, path=""):
    """(status, headers, body) of an address."""
    try:
        with urllib.request.urlopen(address + path, timeout=PATIENCE) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read().decode()


class Events:
    """Server-sent events, with the state that they lead to."""

    def __init__(self, address):
        self._answer = urllib.request.urlopen(address + "api/v1/stream", timeout=PATIENCE)
        self.kinds, self.state = [], {}

    def next(self):
        """Takes one more; returns the state after it."""
        kind, deadline = None, time.monotonic() + PATIENCE
        for line in self._answer:
            assert time.monotonic() < deadline, self.state  # heartbeats go on for ever
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name == "event":
                kind = value
            if name == "data":
                self.kinds.append(kind)
                self.state = json.loads(value) if kind == "state" else patched(self.state, json.loads(value))
                return self.state
        raise AssertionError("the server closed")

    def until(self, is_wanted):
        """Takes more until the state is as wanted."""
        deadline = time.monotonic() + PATIENCE
        while not (self.state and is_wanted(self.state)):
            assert time.monotonic() < deadline, self.state
            self.next()
        return self.state


def told(address, path):
    """What the API answers."""
    return json.loads(ask(address, f"api/v1/{path}")[2])


def test_everything_is_there_when_opened_late(address):
    time.sleep(1.5)
    for state in (Events(address).next(), told(address, "now")):
        assert abs(state["now"] - time.time()) < 1  # the browser sets its clock by it
        assert state["event"]["name"] == "Faces Cup 2026" and len(state["events"]) == 2
        assert len(state["matches"]) == 15 and len(state["places"]) == 15 and state["stage"]["view"] == "champion"
        assert state["teams"][str(state["event"]["champion"])]["name"] in arena_data.NAMES
        assert faults.translations(arena_data.FAULT) in [forfeit["reason"] for forfeit in state["forfeits"]]
        assert sorted(match["number"] for match in state["matches"].values()) == list(range(1, 16))
    mock = told(address, "events/1")
    assert mock["event"]["name"] == "Mock 12:00" and len(mock["matches"]) == 1
    final = told(address, f"matches/{max(map(int, state['matches']))}")
    assert [one["number"] for one in final["half_rounds"]] == list(range(2 * rules.FINAL_ROUNDS[rules.VERSION]))
    first = told(address, f"half_rounds/{final['half_rounds'][0]['id']}")
    assert first == final["half_rounds"][0] and len(first["cards"]) == 30
    assert len(told(address, "ratings")) == 2 * 15 + 2


def test_headers_and_what_is_not_there(address):
    for path in ("", "api/v1/now", "app.js", "api/v1/matches/1", "nothing"):
        headers = ask(address, path)[1]
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'self'; script-src 'self' 'sha256-") and "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
    missing = "matches/999", "half_rounds/999", "events/999", "matches/x", "../store.py", "%2e%2e/store.py", "teams/%00"
    for path in (*(f"api/v1/{one}" for one in missing), "../store.py", "%2e%2e/store.py", "..", "match/1", "state"):
        assert ask(address, path)[0] == 404 or path == "..", path
    page = ask(address)[2]
    assert page == (show.PAGE / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<script>|<style|\bon\w+=|https?://|style=", page)
    request = urllib.request.Request(address + "api/v1/now", method="POST", data=b"x")
    with pytest.raises(urllib.error.HTTPError, match="405"):
        urllib.request.urlopen(request)


def test_followed_from_before_it_begins(tmp_path):
    folder = str(tmp_path / "arena")
    with served(folder, "--pace=0.2") as address:
        events = Events(address)
        assert "event" not in events.next()
        with store.Store(folder) as arena:
            for _ in arena_data.play_tournament(arena, arena_data.many_names(4)):
                time.sleep(0.05)
            events.until(lambda state: "event" in state and len(state["teams"]) == 4)
            events.until(lambda state: state["stage"]["view"] == "face")
            again = Events(address)  # a connection that was lost gets everything
            again.next()
            for one in (events, again):
                state = one.until(lambda state: state["stage"]["view"] == "champion")
                now = told(address, "now")
                assert state | {"now": 0} == now | {"now": 0}
            assert events.kinds.count("change") > 5 and again.kinds[0] == "state"
        shutil.rmtree(folder)  # the organiser starts again
        events.until(lambda state: "event" not in state)
        with store.Store(folder) as arena:
            arena.events.begin("another", "mock", 1, 2500, {})
            events.until(lambda state: "event" in state)
            assert events.state["event"]["name"] == "another"
        shutil.rmtree(folder)
        os.makedirs(folder)
        with open(os.path.join(folder, store.FILE), "w") as file:
            file.write("no database" * 1000)
        assert events.until(lambda state: "problem" in state)["problem"] == "store_unreadable"
        assert events.state["event"]["name"] == "another"  # what was last to be seen stays
        status, _, told_to_all = ask(address, "api/v1/matches/1")
        assert status == 503 and folder not in told_to_all


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stops_at_once_with_somebody_watching(finished, number):
    if signal.getsignal(number) is signal.SIG_IGN:
        pytest.skip("the tests run in the background of a shell, which has them ignore it")
    process = start("scoreboard", f"--arena_dir={finished}", "--port=0")
    events = Events(re.search(r"http://\S+/", process.stdout.readline())[0])
    events.next()
    begun = time.monotonic()
    process.send_signal(number)
    told, _ = process.communicate(timeout=PATIENCE)
    assert time.monotonic() - begun < PATIENCE / 2
    assert "Traceback" not in told and "rror" not in told
    assert process.returncode in (130, -signal.SIGTERM)


def test_mistakes(fails, finished, tmp_path, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = fails(scoreboard.main, f"--arena_dir={finished}", f"--port={port}")
        assert f"--port={port} cannot be listened at: Address already in use" in told
    assert "cannot be listened at" in fails(scoreboard.main, f"--arena_dir={finished}", "--host=nowhere.invalid")
    assert "cannot be listened at" in fails(scoreboard.main, f"--arena_dir={finished}", "--host=a..b", "--port=0")
    for name in ("https://battle.example.com", "battle.example.com:8443"):
        error = fails(scoreboard.main, f"--arena_dir={finished}", f"--host_names={name}", "--port=0")
        assert f"--host_names: {name} is no name alone" in error
    assert "--arena_dir is needed" in fails(scoreboard.main)
    assert "in a bucket" in fails(scoreboard.main, "--arena_dir=gs://bucket/arena")
    for flag in ("--pace=-1", "--show_minutes=0"):
        assert flag.partition("=")[0] in fails(scoreboard.main, f"--arena_dir={finished}", flag)
    both = fails(scoreboard.main, f"--arena_dir={finished}", "--pace=3", "--show_minutes=30")
    assert "--pace says how long every half round takes" in both and "give one of them" in both
    path = os.path.join(finished, store.FILE)
    assert f"--arena_dir={path} is a file" in fails(scoreboard.main, f"--arena_dir={path}")
    (tmp_path / store.FILE).write_text("no database" * 1000)
    assert "not a database" in fails(scoreboard.main, f"--arena_dir={tmp_path}")
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert "pip install 'gan-contest[arena]'" in fails(scoreboard.main, f"--arena_dir={finished}")


def exported_data(folder, name):
    """The content of an exported file."""
    text = (folder / "data" / f"{name.replace('/', '_')}.js").read_text(encoding="ascii")
    return json.loads(re.fullmatch(r'arena_data\("[\w/]+", (.*)\);\n', text)[1])


def export(folder, target):
    return scoreboard.main(["scoreboard", f"--arena_dir={folder}", f"--export={target}"])


def test_export_holds_everything(fails, finished, address, tmp_path, capsys):
    target = tmp_path / "new" / "page"
    assert export(finished, target) == 0
    assert (target / "index.html").as_uri() in capsys.readouterr().out
    served, state = told(address, "now"), exported_data(target, "state")
    assert state | {"now": 0} == served | {"now": 0}
    for event in state["events"]:
        shown = exported_data(target, f"events/{event}")
        assert shown | {"now": 0} == told(address, f"events/{event}") | {"now": 0}
        for match in shown["matches"]:
            assert exported_data(target, f"matches/{match}") == told(address, f"matches/{match}")
    assert exported_data(target, "ratings") == told(address, "ratings")
    names = exported_data(target, "teams")
    assert names == told(address, "teams") and len(names) == 16
    for number, name in enumerate(names):
        assert exported_data(target, f"teams/{number}") == told(address, f"teams/{urllib.parse.quote(name)}")
    check_modules((target / "index.html").read_text(encoding="utf-8"))

    (target / "data" / "matches_999.js").write_text("old")
    assert export(finished, target) == 0
    assert not (target / "data" / "matches_999.js").exists()
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.txt").write_text("precious")
    assert "holds other files" in fails(scoreboard.main, f"--arena_dir={finished}", f"--export={other}")
    assert [path.name for path in other.iterdir()] == ["thesis.txt"]
    assert "no such file" in fails(scoreboard.main, f"--arena_dir={other}", f"--export={tmp_path}/x")
    assert not (tmp_path / "x").exists()
    assert "is in a bucket" in fails(scoreboard.main, f"--arena_dir={finished}", "--export=gs://bucket/page")


def check_modules(index):
    """All modules of the page are in the import map of an index.html, whole and by every name that they have."""
    modules = json.loads(server.IMPORT_MAP.search(index)[1])["imports"]
    sources = {name: base64.b64decode(address.partition(",")[2]).decode() for name, address in modules.items()}
    assert all(address.startswith("data:text/javascript;base64,") for address in modules.values())
    assert sources["arena/app.js"] == (show.PAGE / "app.js").read_text(encoding="utf-8")
    from_module = re.compile(r"""(?:^|[;}])\s*(?:import|export)\b[^;'"]*?from\s*["']([^"']+)["']""", re.M)
    assert sum(len(from_module.findall(source)) for source in sources.values()) > len(sources)
    for name, source in sources.items():
        for imported in from_module.findall(source):
            assert imported in modules, (name, imported)
    assert '<script type="module">import "arena/app.js";</script>' in index and 'data-source="files"' in index
