"""The page with a real server, in a real browser if there is one: followed while it is played, lost, exported."""

import re
import threading

import arena_data
import browsing
import pytest
from conftest import because, start

from gan import scoreboard
from gan.arena import schema, store
from gan.arena.match_records import MatchPlace
from gan.contest import rules
from gan.screen import server

pytest_plugins = ["browsing"]


def view(page, name):
    """Waits for a view of the stage."""
    page.wait_for_selector(f"[data-view={name}]")


@pytest.fixture
def champion(played):
    """The name of the champion of the tournament."""
    with store.Store(played, read_only=True) as arena:
        event = arena.events.all()[-1]
        return next(team.name for team in arena.teams.of_event(event.id) if team.id == event.champion)


def test_opened_late(page, address, champion):
    page.goto(address)
    view(page, "champion")
    assert page.inner_text(".winner") == champion
    assert page.title() == "Faces Cup 2026"
    assert page.locator(".rungs li").count() >= 3 and page.locator(".recap img").count() == 6


def test_names_stay_text(page, address):
    for path in ("#/bracket", "#/matches", "#/ratings", "#/match/2", "#/"):
        page.goto(address + path)
        page.wait_for_selector("main bdi")
        assert path in ("#/match/2", "#/") or page.get_by_text(arena_data.MARKUP).count()
        assert page.locator("main b, img[src='x']").count() == 0 and page.title() != "hacked"


def test_followed_live(page, tmp_path):
    """Names with markup; six half rounds of 1.5 s, of three groups of ten faces each."""
    folder, names = str(tmp_path / "arena"), [arena_data.MARKUP, arena_data.NAMES[5]]
    with browsing.served(folder, "--pace=1.5") as address:
        page.goto(address)
        page.wait_for_selector("text=The arena has not begun")
        with store.Store(folder) as arena:
            playing = threading.Thread(target=arena_data.run, args=(arena_data.play_tournament(arena, names),))
            playing.start()
            view(page, "face")
            assert sorted(page.locator(".team .name").all_inner_texts()) == sorted(names)
            seen = set()
            while page.locator("[data-view=face], [data-view=between]").count():
                seen.add(page.locator(".group .card, .large").count())
            playing.join()
            (match,) = arena.matches.of_event(arena.events.all()[0].id)
            view(page, "champion")
            assert max(seen) == 10
            points = match.home_points, match.away_points
            assert f"{max(points)} : {min(points)}" in page.inner_text(".score")


def test_connects_again(page, played):
    process = start("scoreboard", f"--arena_dir={played}", "--port=0", "--pace=0")
    address = re.search(r"http://\S+/", process.stdout.readline())[0]
    page.goto(address)
    view(page, "champion")
    process.kill()
    process.communicate()
    page.wait_for_selector(".warning:has-text('No connection')")
    port = address.rstrip("/").rpartition(":")[2]
    process = start("scoreboard", f"--arena_dir={played}", f"--port={port}", "--pace=0")
    try:
        page.wait_for_selector(".warning", state="detached")
    finally:
        process.kill()
        process.communicate()


def test_exported_page_opens_from_disk(page, played, champion, tmp_path):
    assert scoreboard.main(["scoreboard", f"--arena_dir={played}", f"--export={tmp_path / 'page'}"]) == 0
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    address = (tmp_path / "page" / "index.html").as_uri()
    page.goto(address)
    view(page, "champion")
    assert page.inner_text(".winner") == champion
    for path, selector in (("ratings", "svg.chart"), ("event/1", "text=Mock 12:00"), ("match/1", ".replay .stage")):
        page.goto(f"{address}#/{path}")
        page.wait_for_selector(selector)
    assert asked and all(url.startswith(("file:", "data:")) for url in asked)


def test_snapshots_being_opened(page, tmp_path):
    folder = str(tmp_path / "arena")
    with browsing.served(folder) as address, store.Store(folder) as arena:
        page.goto(address)
        page.wait_for_selector("text=The arena has not begun")
        event = arena.events.begin("cup", schema.TOURNAMENT, 1, arena_data.SIZE, {"teams": [["A", "a", None]] * 2})
        page.wait_for_selector(".opened progress[max='2'][value='0']", state="attached")
        assert "Bracket" in page.inner_text("nav")
        arena_data.add_teams(arena, event, ["A"])
        page.wait_for_selector(".opened:has-text('1 of 2 teams')")


def test_problem_before_anything_was_shown(page, tmp_path):
    with browsing.served(tmp_path) as address:
        (tmp_path / store.FILE).write_text("no database" * 1000)
        page.wait_for_timeout(2000 * server.LOOK_SECONDS)
        for path in ("#/matches", "#/ratings", "#/forfeits", "#/bracket", "#/"):
            page.goto(address + path)
            page.wait_for_selector(".connection:has-text('cannot be read')")
            assert page.locator("h1").count() and "Error(" not in page.inner_text("body")


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
    with browsing.served(folder, "--pace=2") as address:
        page.goto(address)
        view(page, "failed")
        assert page.locator(".points").all_inner_texts() == ["0", "30"]
        assert "three copies" in page.inner_text(".reason") and "All 30 points go to B" in page.inner_text(".headline")


SAID = {0.503: "50.3%", 0.498: "49.8%", 0.5: "50%", 0.50001: ">50%", 0.49999: "<50%", 0.506: "51%", 1: "100%"}


def test_half_is_told_from_more(page, address):
    page.goto(address)
    asked = "shares => import('arena/stage/reading.js').then((one) => shares.map(one.percent))"
    assert page.evaluate(asked, list(SAID)) == list(SAID.values())
