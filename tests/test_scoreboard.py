"""The scoreboard: a real server asked by HTTP, and its export."""

import json
import os
import re
import shutil
import signal
import socket
import sys
import time
import urllib.error
import urllib.request

import arena_data
import pytest
from browsing import PATIENCE, served
from conftest import start

from gan import scoreboard
from gan.arena import store
from gan.contest import faults, rules
from gan.screen import server, show, timeline


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
        self._answer = urllib.request.urlopen(address + "events", timeout=PATIENCE)
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
                self.state = json.loads(value) if kind == "state" else changed(self.state, json.loads(value))
                return self.state
        raise AssertionError("the server closed")

    def until(self, is_wanted):
        """Takes more until the state is as wanted."""
        deadline = time.monotonic() + PATIENCE
        while not (self.state and is_wanted(self.state)):
            assert time.monotonic() < deadline, self.state
            self.next()
        return self.state


def changed(before, change):
    """What source.js makes of a change."""
    if "all" in change:
        return change["all"]
    both = {name: (before[name], value) for name, value in change.items()}
    return before | {
        name: old | new if isinstance(old, dict) and isinstance(new, dict) else new for name, (old, new) in both.items()
    }


def test_everything_is_there_when_opened_late(address):
    time.sleep(1.5)
    for state in (Events(address).next(), json.loads(ask(address, "state")[2])):
        assert abs(state["now"] - time.time()) < 1  # the browser sets its clock by it
        assert state["event"]["name"] == "Faces Cup 2026" and len(state["events"]) == 2
        assert len(state["matches"]) == 15 and len(state["places"]) == 15 and state["live"]["phase"] == "champion"
        assert state["teams"][str(state["event"]["champion"])]["name"] in arena_data.NAMES
        assert {forfeit["reason"] for forfeit in state["forfeits"]} >= {faults.sentence(arena_data.FAULT)}
    mock = json.loads(ask(address, "event/1")[2])
    assert mock["event"]["name"] == "Mock 12:00" and len(mock["matches"]) == 1
    final = json.loads(ask(address, f"match/{max(map(int, state['matches']))}")[2])
    assert [one["number"] for one in final["half_rounds"]] == list(range(2 * rules.FINAL_ROUNDS[rules.VERSION]))
    first = json.loads(ask(address, f"half_round/{final['half_rounds'][0]['id']}")[2])
    assert first == final["half_rounds"][0] and len(first["probabilities"]) == 30
    assert len(json.loads(ask(address, "ratings")[2])) == 2 * 15 + 2


def test_headers_and_what_is_not_there(address):
    for path in ("", "state", "app.js", "match/1", "nothing"):
        headers = ask(address, path)[1]
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'self'; img-src 'self' data:") and "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
    for path in ("match/999", "half_round/999", "event/999", "match/x", "../store.py", "%2e%2e/store.py", ".."):
        assert ask(address, path)[0] == 404 or path == ".."
    page = ask(address)[2]
    assert page == (show.PAGE / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<script>|<style|\bon\w+=|https?://|style=", page)
    request = urllib.request.Request(address + "state", method="POST", data=b"x")
    with pytest.raises(urllib.error.HTTPError, match="405"):
        urllib.request.urlopen(request)


def test_followed_from_before_it_begins(tmp_path):
    folder = str(tmp_path / "arena")
    with served(folder, "--pace=0.2") as address:
        events = Events(address)
        assert events.next()["event"] is None
        with store.Store(folder) as arena:
            for _ in arena_data.play_tournament(arena, arena_data.many_names(4)):
                time.sleep(0.05)
            events.until(lambda state: state["event"] and len(state["teams"]) == 4)
            events.until(lambda state: state["live"]["phase"] == "playing")
            again = Events(address)  # a connection that was lost gets everything
            again.next()
            for one in (events, again):
                state = one.until(lambda state: state["event"]["champion"])
                now = json.loads(ask(address, "state")[2])
                assert state | {"now": 0} == now | {"now": 0}
            assert events.kinds.count("change") > 5 and again.kinds[0] == "state"
        shutil.rmtree(folder)  # the organiser starts again
        events.until(lambda state: state["event"] is None)
        with store.Store(folder) as arena:
            arena.events.begin("another", "mock", 1, 2500, {})
            events.until(lambda state: state["event"])
            assert events.state["event"]["name"] == "another"
        shutil.rmtree(folder)
        os.makedirs(folder)
        with open(os.path.join(folder, store.FILE), "w") as file:
            file.write("no database" * 1000)
        assert "not a database" in events.until(lambda state: "problem" in state)["problem"]
        assert ask(address, "match/1")[0] == 503


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
    assert "--arena_dir is needed" in fails(scoreboard.main)
    assert "in a bucket" in fails(scoreboard.main, "--arena_dir=gs://bucket/arena")
    assert "--pace" in fails(scoreboard.main, f"--arena_dir={finished}", "--pace=-1")
    path = os.path.join(finished, store.FILE)
    assert f"--arena_dir={path} is a file" in fails(scoreboard.main, f"--arena_dir={path}")
    (tmp_path / store.FILE).write_text("no database" * 1000)
    assert "not a database" in fails(scoreboard.main, f"--arena_dir={tmp_path}")
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert "pip install 'gan-contest[arena]'" in fails(scoreboard.main, f"--arena_dir={finished}")


def test_differences():
    before = {"empty": {}, "a": 1, "b": {"x": 1, "y": {"z": 1}}, "c": None, "d": [1]}
    for after in (
        before,
        before | {"a": 2},
        before | {"b": {"x": 1, "y": {"z": 2}, "new": None}},
        before | {"b": {"x": 1}},
        before | {"b": None},
        before | {"b": {**before["b"], "new": {}}},
        before | {"empty": {"x": {}}},
        before | {"c": {"x": 1}},
        before | {"d": []},
        before | {"e": 1},
        {"a": 1},
    ):
        assert changed(before, json.loads(json.dumps(server.difference(before, after)))) == after
    assert server.difference(before, before) == {}
    assert server.difference(before, before | {"b": {"x": 2, "y": {"z": 1}}}) == {"b": {"x": 2}}
    assert server.difference({}, before) == {"all": before}


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
    served = json.loads(ask(address, "state")[2])
    state = exported_data(target, "state")
    assert state | {"now": 0, "pace": 0} == served | {"now": 0} and state["pace"] == timeline.PACE
    for event in state["events"]:
        for match in json.loads(ask(address, f"event/{event}")[2])["matches"]:
            assert exported_data(target, f"match/{match}") == json.loads(ask(address, f"match/{match}")[2])
    assert exported_data(target, "ratings") == json.loads(ask(address, "ratings")[2])

    (target / "data" / "match_999.js").write_text("old")
    assert export(finished, target) == 0
    assert not (target / "data" / "match_999.js").exists()
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.txt").write_text("precious")
    assert "holds other files" in fails(scoreboard.main, f"--arena_dir={finished}", f"--export={other}")
    assert [path.name for path in other.iterdir()] == ["thesis.txt"]
    assert "no such file" in fails(scoreboard.main, f"--arena_dir={other}", f"--export={tmp_path}/x")
    assert not (tmp_path / "x").exists()
    assert "is in a bucket" in fails(scoreboard.main, f"--arena_dir={finished}", "--export=gs://bucket/page")
