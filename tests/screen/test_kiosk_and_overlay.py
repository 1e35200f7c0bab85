"""A kiosk, which takes turns by itself, and the lower third for streaming software, in a real browser."""

import pytest
from made_up import WON, opened
from page_server import half_round, image, state

pytest_plugins = ["page_fixtures"]


@pytest.fixture(scope="module")
def kiosk(browser):
    with opened(browser, "?kiosk&lang=ko") as kiosk:
        yield kiosk


@pytest.fixture(scope="module")
def overlay(browser):
    with opened(browser, "?overlay&lang=en") as overlay:
        yield overlay


def test_a_kiosk_takes_turns_in_quiet_moments_only(kiosk):
    """Of a minute: the stage for half of it, then the bracket and the ratings, 12 seconds each time."""
    minute = (48, 60, 72, 84, 96)
    assert turns(kiosk, "countdown", minute) == ["", "", "bracket", "ratings", ""]
    assert set(turns(kiosk, "face", minute)) == set(turns(kiosk, "meets", minute)) == {""}
    assert turns(kiosk, "champion", [72], since=70) == [""]  # everybody looks at it
    assert turns(kiosk, "countdown", minute, ratings={}) == ["", "", "bracket", "", ""]  # nobody is rated yet
    assert set(turns(kiosk, "countdown", minute, ratings={}, rounds=[])) == {""}


def turns(kiosk, view, times, since=0, number=1, **fields):
    """What a kiosk shows at some times."""
    given = state(view, stage={"since": since}, match={"number": number}, **{"ratings": {"a": {}}, **fields})
    asked = "([state, times]) => import('arena/kiosk.js').then((one) => times.map((now) => one.turnOf(state, now)))"
    return kiosk.page.evaluate(asked, [given, times])


def test_a_kiosk_shows_the_bracket_between_two_matches(kiosk):
    """Everybody sees the result first; then comes the bracket or, after each third match, the ratings."""
    for view in ("won", "toss_up", "forfeit", "drawn", "annulled"):
        assert turns(kiosk, view, [0, 5, 6, 13, 17]) == ["", "", "bracket", "bracket", "bracket"], view
    assert turns(kiosk, "won", [5, 6, 17], number=3) == ["", "ratings", "ratings"]
    assert turns(kiosk, "won", [6, 17], number=3, ratings={}) == ["", ""]
    assert turns(kiosk, "won", [36, 48, 60, 72, 84]) == ["ratings", "", "", "bracket", "ratings"]  # nothing follows


def test_a_kiosk_says_what_a_list_is_of_and_what_comes_next(kiosk):
    """The clock of the page follows that of the state: 1000 s."""
    places = {"0:0": {"home": 1, "away": 2, "match": 7}}
    following = {"since": 990, "next": {"home": 2, "away": 1, "round": 0, "position": 1}}
    given = state("won", match=WON, stage=following, places=places, event={"num_matches": 3, "matches_told": 1})
    kiosk.put(given)
    kiosk.page.wait_for_selector(".bracket .box")
    line = kiosk.text(".kiosk-line")
    assert "매치 3개 중 1개 종료" in line and "다음 매치: Team Mira – Blue Foxes" in line
    kiosk.show(state("meets"))
    assert kiosk.page.locator(".kiosk-line").count() == 0


LEAGUE = {"event": {"mode": "league"}, "rounds": []}
TABLE = {"1": {"won": 0, "points": 9, "against": 9}, "2": {"won": 2, "points": 9, "against": 8}}


@pytest.mark.parametrize(
    "view, fields, line",
    [
        ("won", {}, "Blue Foxes wins"),
        ("won", {"rule": "equal points, less time"}, "Blue Foxes wins by speed"),
        ("toss_up", {"rule": "equal points, a toss-up by time"}, "Blue Foxes wins a toss-up"),
        ("forfeit", {"rule": "forfeit"}, "Blue Foxes wins by forfeit"),
        ("drawn", {"winner": None}, "A draw"),
    ],
)
def test_an_overlay_says_how_a_match_was_won(overlay, view, fields, line):
    overlay.show(state(view, match=WON | fields))
    assert overlay.text(".sentence") == line


def test_an_overlay_says_what_goes_on(overlay):
    halfway = half_round(30, 30, right=23, points=23)
    overlay.show(state("between", half_round=halfway, match={"points": [0, 23], "judged": [0, 30]}))
    assert overlay.text(".sentence") == "Team Mira: 23 of 30 right"
    failed = half_round(0, 0, points=30, generator_fault={"en": "-", "ko": "-"})
    overlay.show(state("failed", half_round=failed, match={"points": [0, 30], "judged": [0, 30], "num_rounds": 3}))
    assert overlay.text(".sentence") == "The generator of Blue Foxes failed, which gave 30 points to Team Mira"
    assert "Final · Round 1 of 3" in overlay.text(".caption")
    overlay.show(state("opening", stage={"match": None}, event={"teams_opened": 3, "num_teams": 9}))
    assert overlay.text(".sentence") == "The teams’ networks are being checked: 3 / 9"
    overlay.show(state("over", stage={"match": None}, standings=TABLE, **LEAGUE))
    assert overlay.text(".sentence") == "Team Mira wins the league"
    card = {"image": image(90), "place": 0, "truth": 1, "p": 0.9}
    overlay.show(state("face", half_round=half_round(1, 1, right=1), cards={"0": card}))
    assert overlay.text(".verdict") == "✓ Answer: real"
    assert overlay.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgba(0, 0, 0, 0)"
    overlay.show(state("won", match=WON, problem="store_unreadable"))
    assert "The results cannot be read at the moment" in overlay.text(".caption")
