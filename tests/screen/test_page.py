"""The page in a real browser: followed live, found again, opened from disk, on a phone; whatever teams are called."""

import re
import threading
import time

import arena_data
from browsing import opened, served
from conftest import because, start

from gan import scoreboard
from gan.arena import schema, store
from gan.arena.match_records import MatchPlace
from gan.contest import rules

pytest_plugins = ["page_fixtures"]


def test_opened_late(page, played, address):
    with store.Store(played, read_only=True) as arena:
        event = arena.events.all()[-1]
        names = {team.id: team.name for team in arena.teams.of_event(event.id)}
    page.goto(address)
    page.wait_for_selector("[data-view=champion]")
    assert page.inner_text(".winner") == names[event.champion] and page.title() == event.name
    assert page.locator(".rungs li").count() >= 3 and page.locator(".recap img").count() == 6


def test_names_stay_text(page, played, address):
    with store.Store(played, read_only=True) as arena:
        teams = {team.id: team.name for team in arena.teams.of_event(3)}
        matches = arena.matches.of_event(3)
        match = next(one for one in matches if arena_data.MARKUP in (teams[one.home], teams[one.away]))
    for view in ("#/bracket", "#/matches", "#/teams", "#/ratings", f"#/match/{match.id}", "#/"):
        page.goto(address + view)
        page.wait_for_selector("main bdi")
        assert view == "#/" or page.get_by_text(arena_data.MARKUP).count(), view
        assert page.locator("main b").count() == 0 and page.title() != "hacked"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), view


def test_followed_live(page, tmp_path):
    folder, names = str(tmp_path / "arena"), [arena_data.MARKUP, arena_data.NAMES[5]]
    with served(folder, "--pace=1.5") as address:
        page.goto(address)
        page.wait_for_selector("[data-view=nothing]")
        with store.Store(folder) as arena:
            playing = threading.Thread(target=arena_data.run, args=(arena_data.play_tournament(arena, names),))
            playing.start()
            page.wait_for_selector("[data-view=face] .shot:not([data-verdict=''])")
            assert sorted(page.locator(".side .team bdi").all_inner_texts()) == sorted(names)
            seen = set()
            while page.locator("[data-view=face]").count():
                seen.add(page.locator(".shot:not([data-verdict=''])").count())
            assert len(seen) > 2 and max(seen) <= 30
            page.wait_for_selector("[data-view=champion]")
            playing.join()
            event = arena.events.all()[0]
            (match,) = arena.matches.of_event(event.id)
            page.goto(address + "#/matches")
            page.wait_for_selector(f".matches td:has-text('{match.home_points} : {match.away_points}')")


def test_connects_again(page, played):
    process = start("scoreboard", f"--arena_dir={played}", "--port=0", "--pace=0")
    address = re.search(r"http://\S+/", process.stdout.readline())[0]
    page.goto(address)
    page.wait_for_selector("[data-view=champion]")
    process.kill()
    process.communicate()
    page.wait_for_selector("header >> text=No connection")
    port = address.rstrip("/").rpartition(":")[2]
    process = start("scoreboard", f"--arena_dir={played}", f"--port={port}", "--pace=0")
    try:
        page.wait_for_selector("header:not(:has-text('No connection'))")
    finally:
        process.kill()
        process.communicate()


def test_exported_page_opens_from_disk(page, played, tmp_path):
    assert scoreboard.main(["scoreboard", f"--arena_dir={played}", f"--export={tmp_path}/page"]) == 0
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    address = (tmp_path / "page" / "index.html").as_uri()
    page.goto(address)
    page.wait_for_selector("[data-view=champion]")
    for view, selector in (
        ("bracket", ".box"),
        ("ratings", "svg.chart"),
        ("event/1", "h1:has-text('Mock 12:00')"),
        ("team/Team%20Mira", ".fake-list img"),
        ("match/1", ".replay .shot"),
    ):
        page.goto(f"{address}#/{view}")
        page.wait_for_selector(selector)
    page.keyboard.press("End")
    page.wait_for_selector("[data-view=won]")
    assert all(url.startswith(("file:", "data:")) for url in asked)


def test_snapshots_being_opened(page, tmp_path):
    folder = str(tmp_path / "arena")
    with served(folder) as address, store.Store(folder) as arena:
        page.goto(address)
        page.wait_for_selector("[data-view=nothing]")
        event = arena.events.begin("cup", schema.TOURNAMENT, 1, arena_data.SIZE, {"teams": [["A", "a", None]] * 2})
        page.wait_for_selector("[data-view=opening]")
        nav = page.inner_text("nav")
        assert "Bracket" in nav and "Table" not in nav
        arena_data.add_teams(arena, event, ["A"])
        page.wait_for_selector("progress[value='1'][max='2']")
        page.goto(address + "#/bracket")
        page.wait_for_selector("text=The teams are drawn once all networks are checked")


def test_problem_before_anything_was_shown(page, tmp_path):
    with served(tmp_path) as address:
        (tmp_path / store.FILE).write_text("no database" * 1000)
        time.sleep(1)
        for view in ("#/matches", "#/teams", "#/ratings", "#/forfeits", "#/events", "#/bracket", "#/"):
            page.goto(address + view)
            page.wait_for_selector("text=The results cannot be read at the moment")
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
    with served(folder, "--pace=0") as address:
        page.goto(f"{address}#/match/{match.id}")
        page.wait_for_selector(".replay .controls")
        page.keyboard.press("End")
        page.keyboard.press("PageUp")
        page.wait_for_selector(".points:text-is('30')")
        assert page.locator(".points").all_inner_texts() == ["0", "30"]
        assert "three copies" in page.inner_text("main")
        page.goto(address)
        page.wait_for_selector("[data-view=failed]")
        assert "All 30 points go to B" in page.inner_text(".headline") and "three copies" in page.inner_text(".reason")


def test_numbers_for_the_organiser(page, played, address):
    with store.Store(played, read_only=True) as arena:
        match = arena.matches.of_event(arena.events.all()[-1].id)[-1]
        half_rounds = [str(one.id) for one in arena.half_rounds.of_match(match.id)]
    page.goto(address + "#/matches")
    page.wait_for_selector("tbody tr")
    assert page.locator("tbody tr .id-cell").first.inner_text() == str(match.id)
    page.goto(f"{address}#/match/{match.id}")
    page.wait_for_selector(".half-rounds tbody tr")
    assert page.locator(".half-rounds td:last-child").all_inner_texts() == half_rounds


def test_fits_a_phone_and_asks_for_less_motion(browser, address):
    with opened(browser, 390, 844, reduced_motion="reduce") as page:
        for view in ("", "bracket", "matches", "teams", "ratings", "forfeits", "events", "match/14"):
            page.goto(f"{address}#/{view}")
            page.wait_for_selector("main h1")
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), view
        page.wait_for_selector("button:text-is('Play')")  # nothing moves by itself
