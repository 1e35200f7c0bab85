"""The scoreboard: a real server asked by HTTP, and the page in a real browser where there is one."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import sys
import threading
import time
import urllib.error
import urllib.request

import arena_data
import pytest
from conftest import because, start

from gan import scoreboard
from gan.arena import schema, store
from gan.arena.match_records import MatchPlace
from gan.contest import faults, rules
from gan.screen import server, show, timeline

PATIENCE = 30  # seconds until something that must happen is given up
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The folder of an arena with a tournament of 16 teams and a mock battle, both over; tests must not change it."""
    folder = str(tmp_path_factory.mktemp("finished") / "arena")
    with store.Store(folder) as arena:
        arena_data.run(arena_data.play_league(arena, arena_data.NAMES[:2], "Mock 12:00", "mock"))
        arena_data.run(arena_data.play_tournament(arena, arena_data.NAMES))
    return folder


@contextlib.contextmanager
def served(folder, *flags):
    """A scoreboard on a free port: its address."""
    process = start("scoreboard", f"--arena_dir={folder}", "--port=0", *flags)
    try:
        line = process.stdout.readline()
        yield re.search(r"http://\S+/", line)[0]
    finally:
        process.kill()
        process.communicate()


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


def test_the_page_never_makes_markup_of_texts():
    for path in show.PAGE.glob("*.js"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", text), path


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


@pytest.fixture(scope="module")
def browser():
    """Headless Chromium."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM:
        pytest.skip("there is no chromium on this machine")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser):
    """A page of the size of a projector; fails the test where the page's scripts fail or break the policy."""
    context = browser.new_context(viewport={"width": 1920, "height": 1080})
    page = context.new_page()
    page.set_default_timeout(PATIENCE * 1000)
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: message.type == "error" and problems.append(message.text))
    yield page
    context.close()
    assert not [problem for problem in problems if "net::ERR_" not in problem]  # but for servers that were stopped


def text_of(page, selector):
    return page.locator(selector).inner_text()


def test_page_opened_late_shows_champion_and_all_matches(page, finished, address):
    with store.Store(finished, read_only=True) as arena:
        event = arena.events.all()[-1]
        names = {team.id: team.name for team in arena.teams.of_event(event.id)}
    page.goto(address)
    page.wait_for_selector("[data-phase=champion]")
    assert text_of(page, ".winner") == names[event.champion]
    assert text_of(page, "h1") == f"{names[event.champion]} is the champion"
    page.goto(address + "#/matches")
    assert page.locator("tbody tr").count() == 15
    page.goto(address + "#/bracket")
    assert page.locator(".slot").count() == 15
    page.goto(address + "#/ratings")
    page.wait_for_selector("svg.chart")
    assert page.locator("tbody tr").count() == 16
    page.goto(address + "#/forfeits")
    assert faults.sentence(arena_data.FAULT) in text_of(page, "main")
    page.goto(address + "#/event/1")
    page.wait_for_selector("text=Mock 12:00")
    assert text_of(page, "h1") == "Mock 12:00"


def test_names_stay_text(page, address):
    for view in ("#/bracket", "#/matches", "#/ratings", "#/match/2", "#/"):
        page.goto(address + view)
        page.wait_for_selector("main bdi")
        assert view in ("#/match/2", "#/") or page.get_by_text(arena_data.MARKUP).count()
        assert page.locator("img, main b").count() == 0 and page.title() != "hacked"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), view


def test_followed_live(page, tmp_path):
    folder, names = str(tmp_path / "arena"), [arena_data.MARKUP, arena_data.NAMES[5]]
    with served(folder, "--pace=1.5") as address:
        page.goto(address)
        page.wait_for_selector("text=The arena has not begun")
        with store.Store(folder) as arena:
            playing = threading.Thread(target=arena_data.run, args=(arena_data.play_tournament(arena, names),))
            playing.start()
            page.wait_for_selector(".card:not(.covered)")
            assert sorted(page.locator(".team .name").all_inner_texts()) == sorted(names)
            seen = set()
            while page.locator("[data-phase=playing]").count():
                seen.add(page.locator(".card:not(.covered)").count())
            assert len(seen) > 5 and max(seen) == 30
            page.wait_for_selector("[data-phase=done]")
            event = arena.events.all()[0]
            (match,) = arena.matches.of_event(event.id)
            points = page.locator(".points").all_inner_texts()
            assert points == [str(match.home_points), str(match.away_points)]
            page.wait_for_selector("[data-phase=champion]")
            playing.join()


def test_connects_again(page, finished):
    process = start("scoreboard", f"--arena_dir={finished}", "--port=0", "--pace=0")
    address = re.search(r"http://\S+/", process.stdout.readline())[0]
    page.goto(address)
    page.wait_for_selector("[data-phase=champion]")
    process.kill()
    process.communicate()
    page.wait_for_selector("text=No connection")
    port = address.rstrip("/").rpartition(":")[2]
    process = start("scoreboard", f"--arena_dir={finished}", f"--port={port}", "--pace=0")
    try:
        page.wait_for_selector("#connection:empty", state="attached")
    finally:
        process.kill()
        process.communicate()


def replay_by_keyboard(page, address):
    """From the live view to the final's replay and through it, without a mouse."""
    page.goto(address)
    page.wait_for_selector("[data-phase=champion]")
    page.keyboard.press("ArrowLeft")
    page.wait_for_selector(".replay .card")
    before = page.url
    page.keyboard.press("ArrowLeft")
    page.wait_for_selector(f".neighbours a[href='#{before.partition('#')[2]}']")
    page.keyboard.press("ArrowRight")
    number = before.rpartition("/")[2]
    page.wait_for_selector(f".match-number:text-is('match {number}')")  # the address changes before the view does
    page.keyboard.press("Space")
    page.wait_for_selector("button:text-is('Play')")
    page.locator("input[type=range]").focus()
    page.keyboard.press("End")
    page.wait_for_selector("[data-phase=done]")
    page.keyboard.press("Home")
    assert page.locator(".card.covered").count() == 30
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert page.locator(".card.covered").count() == 27
    page.keyboard.press("Escape")
    page.wait_for_selector(".live [data-phase=champion]")


def test_replay_by_keyboard(page, address):
    replay_by_keyboard(page, address)


def test_exported_page_opens_from_disk(page, finished, tmp_path):
    assert export(finished, tmp_path / "page") == 0
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    address = (tmp_path / "page" / "index.html").as_uri()
    replay_by_keyboard(page, address)
    for view, selector in (("ratings", "svg.chart"), ("event/1", "text=Mock 12:00"), ("match/1", ".replay .card")):
        page.goto(f"{address}#/{view}")
        page.wait_for_selector(selector)
    assert all(url.startswith(("file:", "data:")) for url in asked)


def test_cards_are_uncovered_on_time(page, address):
    """Card k of 30 at 6 s a half round: after 6 (k + 1) / 32 seconds."""
    page.goto(address)
    half = {"truth": [1] * 30}
    for seconds, cards in ((0, 0), (0.18, 0), (0.1875, 1), (0.37, 1), (0.375, 2), (5.62, 29), (5.625, 30), (9, 30)):
        assert page.evaluate("([half, seconds]) => Arena.uncovered(half, seconds, 6)", [half, seconds]) == cards
    assert page.evaluate("half => Arena.uncovered(half, 0, 0)", half) == 30


def test_snapshots_being_opened(page, tmp_path):
    folder = str(tmp_path / "arena")
    with served(folder) as address, store.Store(folder) as arena:
        page.goto(address)
        page.wait_for_selector("text=The arena has not begun")
        event = arena.events.begin("cup", schema.TOURNAMENT, 1, arena_data.SIZE, {"teams": [["A", "a", None]] * 2})
        page.wait_for_selector("h1:text-is('2 teams: their snapshots are being opened and checked')")
        assert "Bracket" in text_of(page, "nav") and "Table" not in text_of(page, "nav")
        arena_data.add_teams(arena, event, ["A"])
        page.wait_for_selector("text=2 teams: their snapshots")
        arena_data.add_teams(arena, event, ["B"])
        page.wait_for_selector("text=the first match is about to begin")


def test_problem_before_anything_was_shown(page, tmp_path):
    with served(tmp_path) as address:
        (tmp_path / store.FILE).write_text("no database" * 1000)
        time.sleep(2 * server.LOOK_SECONDS)
        for view in ("#/matches", "#/ratings", "#/forfeits", "#/bracket", "#/"):
            page.goto(address + view)
            page.wait_for_selector("#connection:has-text('not a database')")
            assert page.locator("h1").count() and "Error(" not in text_of(page, "header")


def test_forfeit_with_images_ends_at_all_points(page, tmp_path):
    """All 30 images are taken for real, so 15 guesses are right; the generator forfeits, so it is 30 points."""
    folder = str(tmp_path / "arena")
    with store.Store(folder) as arena:
        event = arena.events.begin("mock", "mock", 1, arena_data.SIZE, {})
        home, away = arena_data.add_teams(arena, event, ["A", "B"])
        match = arena.matches.begin(MatchPlace(event.id, 0, 0), home.id, away.id, 1)
        given = rules.HalfRoundScore(30, rules.GENERATOR_FAILED, 0.1, 0.1, because("three copies"), None)._asdict()
        given |= dict(images=arena_data.faces()[:30], truth=[0, 1] * 15, probabilities=[0.9] * 30)
        arena_data.put_half_round(arena, match.id, 0, generator=home.id, discriminator=away.id, seed=1, **given)
    with served(folder, "--pace=2") as address:
        page.goto(address)
        page.wait_for_selector(".points:text-is('30')")
        page.goto(f"{address}#/match/{match.id}")
        page.wait_for_selector(".replay .card:nth-child(30):not(.covered)")
        assert page.locator(".points").all_inner_texts() == ["0", "30"]
        assert "three copies" in text_of(page, ".fault") and "forfeits" in text_of(page, "h1")
        assert page.locator(".card .mark:visible").count() == 0


def test_numbers_for_the_organiser(page, finished, address):
    with store.Store(finished, read_only=True) as arena:
        match = arena.matches.of_event(arena.events.all()[-1].id)[-1]
        half_rounds = [str(one.id) for one in arena.half_rounds.of_match(match.id)]
    page.goto(address + "#/matches")
    page.wait_for_selector("tbody tr")
    assert page.locator("tbody tr .no").first.inner_text() == str(match.id)
    page.goto(f"{address}#/match/{match.id}")
    page.wait_for_selector(".replay tbody tr")
    assert text_of(page, ".match-number") == f"match {match.id}"
    assert page.locator(".replay tbody td.number:nth-child(2)").all_inner_texts() == half_rounds


@pytest.mark.parametrize(
    "share, said",
    [
        (0.503, "50.3%"),
        (0.498, "49.8%"),
        (0.5, "50%"),
        (0.50001, ">50%"),
        (0.49999, "<50%"),
        (0.506, "51%"),
        (1, "100%"),
    ],
)
def test_half_is_told_from_more(page, address, share, said):
    page.goto(address)
    assert page.evaluate("share => Arena.percent(share)", share) == said


def test_fits_a_phone_and_asks_for_less_motion(browser, address):
    context = browser.new_context(viewport={"width": 390, "height": 844}, reduced_motion="reduce")
    page = context.new_page()
    for view in ("", "#/bracket", "#/matches", "#/ratings", "#/forfeits", "#/match/3"):
        page.goto(address + view)
        page.wait_for_selector("main h1")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), view
    page.wait_for_selector("button:text-is('Play')")  # nothing moves by itself
    context.close()


def test_package_has_the_page():
    assert {"index.html", "style.css", "app.js"} <= {path.name for path in show.PAGE.iterdir()}
    page = (show.PAGE / "index.html").read_text(encoding="utf-8")
    named = set(re.findall(r'(?:src|href)="(\w+\.(?:js|css))"', page))
    assert named == {path.name for path in pathlib.Path(show.PAGE).iterdir()} - {"index.html"}
