"""The API as it is served: every address as its description says, and a client that others may begin with."""

import asyncio
import json
import math
import pathlib
import re
import subprocess
import sys
import time

import arena_data
import jsonschema
import pytest
from browsing import served
from conftest import ROOT
from described import DESCRIPTION, check
from starlette.testclient import TestClient

from gan.arena import snapshot_copies, store
from gan.screen import api, server, show, stage
from gan.screen.board import Board, Source
from gan.screen.pacing import ShowSettings

FORMER = "Old & new"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A mock battle, a league and a tournament that are over; one of its teams had another name."""
    folder = str(tmp_path_factory.mktemp("api") / "arena")
    with store.Store(folder) as arena:
        names = [FORMER, *arena_data.NAMES[1:8], arena_data.GENERATOR_FAILS]
        arena_data.run(arena_data.play_league(arena, names[:2], "Mock 12:00", "mock"))
        arena_data.run(arena_data.play_league(arena, names[:3]))
        arena_data.run(arena_data.play_tournament(arena, names))
        arena.teams.rename(FORMER, arena_data.NAMES[0])
    return folder


@pytest.fixture(scope="module")
def client(folder):
    """Asks a server without a network."""
    board = Board(Source(folder, ShowSettings(pace=0)))
    board.is_over = lambda: True  # nobody follows: each question looks at the store
    with TestClient(server.application(board), base_url="http://localhost") as client:
        yield client


NAMES = {
    "event": range(1, 4),
    "match": range(1, 13),
    "half_round": range(1, 20),
    "name": [arena_data.NAMES[0], FORMER, arena_data.MARKUP, "서울 그레이디언트", arena_data.CANNOT_PLAY],
}
JSON_PATHS = {path: entry["get"] for path, entry in DESCRIPTION["paths"].items() if path != "/stream"}


@pytest.mark.parametrize("path", JSON_PATHS)
def test_every_address_answers_as_described(client, path):
    schema = JSON_PATHS[path]["responses"]["200"]["content"]["application/json"]["schema"]
    place = re.search(r"{(\w+)}", path)
    for name in NAMES[place[1]] if place else [""]:
        answer = client.get(api.ROOT + (path.replace(place[0], str(name).replace("&", "%26")) if place else path))
        assert answer.status_code == 200 and answer.headers["Content-Type"] == "application/json", (path, name)
        check(schema, answer.json())
    if place:
        for missing in ("999", "999999999999999"):
            answer = client.get(api.ROOT + path.replace(place[0], missing))
            assert answer.status_code == 404 and answer.headers["Content-Type"].startswith("text/plain")


def test_every_address_is_described(client):
    described = {re.sub(r"{.*?}", "{}", path) for path in DESCRIPTION["paths"]}
    routes = [route.path for route in api.routes(Board(Source("nowhere", ShowSettings())))]
    assert {re.sub(r"{.*?}", "{}", path) for path in routes} == described
    assert DESCRIPTION["servers"] == [{"url": api.ROOT}]
    views = DESCRIPTION["components"]["schemas"]["Stage"]["properties"]["view"]["enum"]
    assert views == [view.value for view in stage.View]


def test_the_documentation_lists_every_view():
    page = (pathlib.Path(ROOT) / "docs" / "arena.md").read_text(encoding="utf-8")
    table = page.partition("| on the stage (`stage.view`) | when |")[2].partition("\n\n")[0]
    named = [view for row in re.findall(r"^\| (`.*?) \|", table, re.M) for view in re.findall(r"`(\w+)`", row)]
    assert sorted(named) == sorted(view.value for view in stage.View)


def test_the_description_is_strict_and_whole():
    jsonschema.Draft202012Validator.check_schema({"components": DESCRIPTION["components"]})
    schemas = DESCRIPTION["components"]["schemas"]
    used = set(re.findall(r"#/components/schemas/(\w+)", json.dumps(DESCRIPTION)))
    assert used == set(schemas)
    for wrong in ({"id": 1}, {"en": "a", "ko": None}, {"en": "a", "ko": "b", "more": 1}):
        with pytest.raises(jsonschema.ValidationError):
            check("Text", wrong)


def test_a_replay_is_a_file(client):
    answer = client.get("/api/v1/matches/4/replay")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="match_4.json"'
    assert answer.json()["match"] == client.get("/api/v1/matches/4").json()


def test_a_former_name_leads_to_the_team(client):
    now = client.get(f"/api/v1/teams/{arena_data.NAMES[0]}").json()
    assert client.get("/api/v1/teams/Old %26 new").json() == now and now["former_names"] == [FORMER]
    assert {match["event"] for match in now["matches"]} == {1, 2, 3}
    assert len(now["snapshots"]) == 3 and len(now["best_fakes"]) == len(now["worst_fakes"]) == 6
    best, worst = ([face["p"] for face in now[kind]] for kind in ("best_fakes", "worst_fakes"))
    assert best == sorted(best, reverse=True) and worst == sorted(worst) and worst[-1] <= best[-1]
    table = now["head_to_head"]
    for name, row in table.items():
        other = client.get(f"/api/v1/teams/{name}").json()["head_to_head"][now["name"]]
        assert (row["won"], row["points"]) == (other["lost"], other["against"])


def test_snapshots_have_the_names_that_their_teams_gave_them(client, folder):
    """As long as the arena has a copy of them."""
    address = f"/api/v1/teams/{arena_data.NAMES[0]}"
    assert all("name" not in one for one in client.get(address).json()["snapshots"])
    with store.Store(folder, read_only=True) as kept:
        (team,) = (one for one in kept.teams.of_event(1) if one.name == arena_data.NAMES[0])
        copy = pathlib.Path(folder) / snapshot_copies.SNAPSHOTS / team.snapshot
        copy.mkdir(parents=True)
        (copy / "my gan-9.index").touch()
        (copy / "my gan-9.data-00000-of-00001").touch()
        page = show.Show(kept, ShowSettings(pace=0)).team(arena_data.NAMES[0], math.inf)
    named = {one["event"]: one.get("name") for one in page["snapshots"]}
    assert named[1] == "my gan-9"
    check("TeamPage", page)


def test_old_addresses_are_gone_and_others_are_refused(client):
    for path in ("/state", "/events", "/match/1", "/ratings", "/api/v1", "/api/v1/nothing", "/api/v2/now"):
        assert client.get(path).status_code == 404, path
    assert client.post("/api/v1/now").status_code == 405


def test_the_policy_allows_the_import_map_and_no_other_script(client):
    answer = client.get("/")
    policy = answer.headers["Content-Security-Policy"]
    assert policy == server.policy(answer.text) and "unsafe" not in policy
    assert re.search(r"script-src 'self' 'sha256-[\w+/]{43}='", policy)
    assert server.policy(answer.text.replace('"htm"', '"html"')) != policy
    inline = re.findall(r"<script(?![^>]*src=)[^>]*>", answer.text)
    assert inline == ['<script type="importmap">']
    for module in ("app.js", "vendor/preact.mjs"):
        assert client.get(f"/{module}").headers["Content-Type"].startswith("text/javascript")


def test_lists_are_empty_before_the_arena_begins(tmp_path):
    board = Board(Source(str(tmp_path / "none"), ShowSettings()))
    with TestClient(server.application(board), base_url="http://localhost") as client:
        for path in ("events", "ratings", "teams"):
            assert client.get(f"/api/v1/{path}").json() == []
        check("State", client.get("/api/v1/now").json())
        assert client.get("/api/v1/now").json()["stage"] == {"view": "nothing"}
        assert client.get("/api/v1/matches/1").status_code == 404
        board.is_over = lambda: True


def test_an_unreadable_store_is_told_without_its_place(tmp_path, capsys):
    (tmp_path / store.FILE).write_text("no database" * 1000)
    board = Board(Source(str(tmp_path), ShowSettings()))
    state = board.current()
    check("State", state)
    assert (state["problem"], state["stage"]) == ("store_unreadable", {"view": "problem"})
    assert str(tmp_path) not in json.dumps(state) and str(tmp_path) in capsys.readouterr().err


def test_it_wakes_at_the_next_change(folder, monkeypatch):
    """What changes in a moment is waited for just as long; a change that is far away for a quarter of a second."""
    slept = []
    board = Board(Source(folder, ShowSettings(pace=0)))

    async def sleep(seconds):
        slept.append(seconds)

    with monkeypatch.context() as patched:
        patched.setattr(asyncio, "sleep", sleep)
        for ahead in (0.1, 3600):
            board.is_over = lambda: False
            board.look()
            board._next_change = time.time() + ahead
            board.is_over = iter([False, True]).__next__
            asyncio.run(board.follow())
    assert slept == [pytest.approx(0.1, abs=0.05), 0.25]


def test_what_the_hall_does_not_see_wakes_nobody(tmp_path):
    """The arena plays on while the first half round is shown."""
    with store.Store(str(tmp_path)) as arena:
        steps = arena_data.play_tournament(arena, arena_data.many_names(4))
        arena_data.run(steps, 3)
        board = Board(Source(str(tmp_path), ShowSettings(pace=3600)))
        board.look()
        before, number = board.current(), board._number
        arena_data.run(steps, 3)
        board.look()
        assert board._number == number and board.current() | {"now": 0} == before | {"now": 0}
        arena.events.rename(1, "Another name")
        board.look()
        assert board._number == number + 1 and board._change["event"] == {"name": "Another name"}


def test_the_client_of_the_documentation_prints_the_bracket(folder):
    page = (pathlib.Path(ROOT) / "docs" / "screen_api.md").read_text(encoding="utf-8")
    program = re.search(r"```python\n(.*?)```", page, re.DOTALL)[1]
    assert program.count("\n") <= 12
    with served(folder, "--pace=0") as address:
        program = program.replace("http://localhost:8080/", address)
        told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert told.count("\n") >= 8 and f"{arena_data.NAMES[1]}" in told


def test_an_answer_without_body_ends_at_once(folder):
    """A robot that asks for the head of the stream must not hold its connection for ever."""
    board = Board(Source(folder, ShowSettings(pace=0)))
    board.is_over, board.news = lambda: True, lambda: pytest.fail("the stream was opened")
    with TestClient(server.application(board), base_url="http://localhost") as client:
        found = client.head(api.STREAM)
    assert found.status_code == 200 and found.headers["content-type"].startswith("text/event-stream")
