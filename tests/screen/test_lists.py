"""The page's lists in a real browser: bracket, matches, ratings, teams, events, replays; on paper and by keyboard."""

import pathlib
import urllib.parse

import arena_data
import browsing
import pytest

from gan.arena import store
from gan.contest import faults
from gan.screen import reasons

pytest_plugins = ["page_fixtures"]

SCRIPTS = [pathlib.Path(__file__).parent / name for name in ("colours.js", "page_audit.js")]
TEAM = "Team Mira"
TEAM_PAGE = f"team/{urllib.parse.quote(TEAM)}"


@pytest.fixture(scope="module")
def tournament(played):
    """(matches, team's id -> name) of the tournament, as the store has them."""
    with store.Store(played, read_only=True) as arena:
        event = arena.events.all()[-1]
        return arena.matches.of_event(event.id), {team.id: team.name for team in arena.teams.of_event(event.id)}


def test_every_place_of_a_bracket_is_in_a_part_that_fits(page, address):
    page.goto(address)
    sizes = page.evaluate(
        """async () => {
            const { windowsOf, isInside, positionsOf } = await import("arena/views/bracket_windows.js");
            const sizes = [];
            for (let rounds = 1; rounds <= 10; rounds++) {
              const windows = windowsOf(rounds);
              for (let round = 0; round < rounds; round++)
                for (let position = 0; position < 2 ** (rounds - 1 - round); position++)
                  if (!windows.some((one) => isInside(one, { round, position }))) throw new Error(`${rounds} ${round}`);
              const rows = windows.map((one) => positionsOf(one, one.first)).map(([from, to]) => to - from);
              sizes.push([windows.length, Math.max(...rows)]);
            }
            return sizes;
        }"""
    )
    # 2, 4, 8, 16 and 32 teams whole; of 64 the last 16 and 4 sections of 16; of 1,024 16 sections of 64.
    assert sizes[:6] == [[1, 1], [1, 2], [1, 4], [1, 8], [1, 16], [5, 8]]
    assert sizes[6:] == [[9, 8], [17, 8], [17, 16], [17, 32]]


def test_team_is_found_in_a_large_bracket(page, address_of_64):
    page.goto(address_of_64 + "#/bracket")
    page.wait_for_selector(".box")
    assert page.locator(".box").count() == 15  # from the last 16 on
    page.keyboard.press("/")
    page.keyboard.type("team 4")
    assert "10 found" in page.inner_text(".search")  # Team 40 to Team 49; there is no Team 4
    page.keyboard.type("1")
    page.keyboard.press("Enter")
    page.wait_for_selector(".box[data-way=true] .box-row[data-marked=true]:has-text('Team 41')")
    assert "Team 41: won" in page.inner_text(".way")
    assert page.locator(".box[data-way=true]").first.is_visible()
    page.keyboard.press("Tab")
    page.click("button:text-is('To the last match')")
    page.wait_for_selector("h3:text-is('Final · sum of 3 rounds')")
    assert page.evaluate("document.activeElement.matches('.box')")
    page.click("button:text-is('All rounds')")
    page.wait_for_function("() => document.querySelectorAll('.box').length === 63")


def test_lists_say_what_the_store_says(page, address, tournament):
    matches, names = tournament
    page.goto(address + "#/matches")
    page.wait_for_selector(".matches tbody tr")
    rows = page.locator(".matches tbody tr").all_inner_texts()
    assert len(rows) == len(matches) == 15
    for row, match in zip(rows, sorted(matches, key=lambda match: match.id, reverse=True)):
        for told in (names[match.home], names[match.away], f"{match.home_points} : {match.away_points}"):
            assert browsing.without_emoji(told) in browsing.without_emoji(row)
    page.keyboard.press("/")
    page.keyboard.type("mira")
    page.wait_for_function("() => document.querySelectorAll('.matches tbody tr').length < 15")
    assert all(TEAM in row for row in page.locator(".matches tbody tr").all_inner_texts())
    page.goto(address + "#/bracket")
    assert page.locator(".slot").count() == 15
    page.goto(address + "#/ratings")
    page.wait_for_selector("svg.chart")
    assert page.locator("tbody tr").count() == 16
    page.goto(address + "#/forfeits")
    page.wait_for_selector(f"td:has-text('{reasons.brief(arena_data.FAULT)['en']}')")
    page.goto(address + "#/events")
    page.click("text=Mock 12:00")
    page.wait_for_selector("h1:has-text('Mock 12:00')")
    assert page.locator(".standings tbody tr").count() == 2
    page.goto(address + "#/teams")
    assert page.locator(".teams tbody tr").count() == 16


def test_page_of_a_team(page, address, tournament):
    matches, names = tournament
    played = [match for match in matches if TEAM in (names[match.home], names[match.away])]
    page.goto(address + "#/bracket")
    page.wait_for_selector(".box")
    page.keyboard.press("/")
    page.keyboard.type(TEAM)
    page.click("text=The team’s page")
    page.wait_for_selector(f"h1:has-text('{TEAM}')")
    page.wait_for_selector(".team-page tbody tr")
    told = page.inner_text(".team-page")
    for match in played:
        points = (match.home_points, match.away_points)
        own, against = points if names[match.home] == TEAM else points[::-1]
        assert f"{own} : {against}" in told
    assert page.locator(".fake-list img").count() == 12
    assert all(width == 50 for width in page.evaluate("[...document.images].map(image => image.naturalWidth)"))
    assert page.title() == f"{TEAM} · Faces Cup 2026"
    page.goto(address + "#/team/nobody")
    page.wait_for_selector("text=There is no such team")


@pytest.mark.parametrize(
    "name, fault",
    [(arena_data.CANNOT_PLAY, arena_data.FAULT), (arena_data.GENERATOR_FAILS, arena_data.GENERATOR_FAULT)],
)
def test_page_of_a_team_tells_it_all_that_went_wrong(page, address, name, fault):
    page.goto(f"{address}#/team/{urllib.parse.quote(name)}")
    page.wait_for_selector(".team-page .forfeits")
    assert faults.sentence(fault) in page.inner_text(".team-page .forfeits")


def test_replay_by_keyboard_and_slider(page, address, tournament):
    matches, names = tournament
    final = matches[-1]
    page.goto(f"{address}#/match/{final.id}")
    page.wait_for_selector(".replay .controls")
    page.keyboard.press(" ")
    page.wait_for_selector("button:text-is('Play')")
    page.keyboard.press("Home")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert page.input_value("input[type=range]") == "6"
    assert page.locator(".film img").count() == 4  # three are told, and the next one is shown
    page.keyboard.press("PageDown")
    assert page.locator(".film img").count() == 1
    page.locator("input[type=range]").focus()
    page.keyboard.press("End")
    page.wait_for_selector("[data-view=won]")
    assert names[final.winner] in page.inner_text(".stage .winner")
    assert page.locator(".half-rounds tbody tr").count() == 6
    page.click("text=match before")
    page.wait_for_selector("[data-view=face]")


def test_replay_of_an_earlier_event_names_that_event(page, address):
    page.goto(f"{address}#/match/1")
    page.wait_for_selector(".replay-title:has-text('Mock 12:00')")
    page.wait_for_selector(".strip .event:has-text('Mock 12:00')")


def test_bracket_on_paper(page, address_of_64):
    page.goto(address_of_64 + "?theme=dark#/bracket")
    page.wait_for_selector(".box")
    assert page.pdf().count(b"/Type /Page\n") >= 5
    page.emulate_media(media="print")
    page.wait_for_function("() => document.querySelectorAll('.box').length === 15 * 5")
    assert not page.locator("nav, .search, .jump").first.is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def views(match):
    return ["bracket", "matches", "teams", "ratings", "events", "event/1", "forfeits", TEAM_PAGE, f"match/{match}"]


@pytest.mark.parametrize("language, theme, width, height", [("en", "dark", 1920, 1080), ("ko", "light", 390, 844)])
def test_everybody_can_use_it(browser, address, tournament, language, theme, width, height):
    with browsing.opened(browser, width, height, reduced_motion="reduce") as page:
        for view in views(tournament[0][-1].id):
            page.goto(f"{address}?lang={language}&theme={theme}#/{view}")
            page.wait_for_selector("main h1")
            page.wait_for_timeout(200)  # for what is asked for besides
            assert not audited(page), view


def audited(page):
    """What is wrong on a page: sentences."""
    colours, audit = (script.read_text(encoding="utf-8") for script in SCRIPTS)
    page.evaluate(colours)
    return page.evaluate(audit)


def test_audit_finds_what_is_planted(page, address):
    page.goto(address + "?theme=dark#/bracket")
    page.wait_for_selector(".box")
    page.evaluate(
        """() => {
            document.documentElement.style.setProperty("--soft", "#444");
            document.documentElement.style.setProperty("--line", "#333");
            document.querySelector("main").append(document.createElement("button"), document.createElement("img"));
        }"""
    )
    found = "\n".join(audited(page))
    assert "contrast" in found and "edge" in found and "no name: button" in found and "no text for an image" in found


def test_arrow_keys_go_from_link_to_link(page, address):
    page.goto(address + "#/matches")
    page.wait_for_selector(".matches tbody tr")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement === document.querySelector('.matches a')")
