"""The stage in a real browser, if there is one: what stands there in a state that is made up by hand."""

import pytest
from made_up import WON, opened
from page_server import RULES, half_round, image, state
from test_scenes import NEEDS

pytest_plugins = ["page_fixtures"]


@pytest.fixture(scope="module")
def hall(browser):
    with opened(browser, "?lang=en") as hall:
        yield hall


@pytest.fixture(scope="module")
def kiosk(browser):
    with opened(browser, "?kiosk&lang=ko") as hall:
        yield hall


def told(truth, p):
    return {"image": image(90), "place": 0, "truth": truth, "p": p}


@pytest.mark.parametrize(
    "card, verdict, truth, says, line",
    [
        (told(1, 0.83), "right", "Answer: real", "83% real", "✓ Right: a point for Team Mira"),
        (told(0, 0.1), "right", "Answer: generated", "90% generated", "✓ Right: a point for Team Mira"),
        (told(0, 0.83), "wrong", "Answer: generated", "83% real", "✗ Wrong: Blue Foxes fools Team Mira"),
        (told(1, 0.5), "wrong", "Answer: real", "50% generated", "✗ Wrong: Team Mira rejects a real face"),
        (told(1, 0.5004), "right", "Answer: real", ">50% real", "✓ Right: a point for Team Mira"),
    ],
)
def test_verdicts(hall, card, verdict, truth, says, line):
    right = int(verdict == "right")
    given = state("face", half_round=half_round(1, 1, right=right), cards={"0": card}, match={"points": [0, right]})
    page = hall.show(given)
    assert page.locator(".large").get_attribute("data-verdict") == verdict
    assert (hall.text(".panel .truth"), hall.text(".gauge strong"), hall.text(".panel .verdict")) == (truth, says, line)
    assert page.locator(".shot[data-verdict]").first.get_attribute("data-verdict") == verdict


def test_nothing_is_told_while_it_is_judged(hall):
    page = hall.show(state("face", half_round=half_round(1, 0), cards={"0": {"image": image(90), "place": 4}}))
    assert hall.text(".panel .truth") == "Real or generated?" and hall.text(".panel .verdict") == ""
    assert page.locator(".gauge strong").count() == 0
    assert page.locator(".frame img").evaluate("image => image.clientWidth % 50") == 0


WIDE = ("\u4eba" * 60, "W" * 60)
LONG = ("W" * 60, "An exceedingly long name of a team that has sixty characters")


SIZES = """() => [...document.querySelectorAll(".stage *")]
    .filter((one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))
    .map((one) => [parseFloat(getComputedStyle(one).fontSize), Boolean(one.closest(".winner"))])"""
CUT = """() => [...document.querySelectorAll(".fit")]
    .filter((box) => box.scrollHeight > box.clientHeight + 1 || box.scrollWidth > box.clientWidth + 1)
    .map((box) => box.className)"""


@pytest.mark.parametrize(
    "names",
    [("Blue Foxes", "Team Mira"), ("딥페이크 사냥꾼들과 함께하는 연구실", "나무"), WIDE, WIDE[::-1], LONG, LONG[::-1]],
)
def test_the_winner_is_the_largest_text_and_fits(hall, names):
    page = hall.show(state("won", names, match=WON))
    try:
        for width, height in ((1366, 768), (390, 844), (1920, 1080)):
            page.set_viewport_size({"width": width, "height": height})
            page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
            sizes = page.evaluate(SIZES)
            winner = max(size for size, is_winner in sizes if is_winner)
            assert winner > max(size for size, is_winner in sizes if not is_winner), width
            assert page.evaluate(CUT) == [], width
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
    finally:
        page.set_viewport_size({"width": 1920, "height": 1080})


BEGINS = """() => [...document.querySelectorAll(".recap .of bdi, .rungs bdi")].map((name) => {
    const range = document.createRange();
    range.setStart(name.firstChild, 0);
    range.setEnd(name.firstChild, 1);
    const [letter, box] = [range.getBoundingClientRect(), name.parentElement.getBoundingClientRect()];
    return name.scrollWidth > name.clientWidth && letter.left > box.left - 1 && letter.right < box.right + 1;
})"""


@pytest.mark.parametrize("name", ["W" * 60, "فريق الوجوه المزيفة من كلية الهندسة في جامعة القاهرة الكبرى"])
def test_a_name_that_is_cut_keeps_its_beginning(hall, name):
    faces = [{"image": image(80), "team": 2, "match": 7, "p": 0.9}]
    given = state("champion", ("Blue Foxes", name), match=WON, event={"champion": 1}, path=[7], recap=faces)
    begins = hall.show(given).evaluate(BEGINS)
    assert begins == [True, True]


NO_FONT = "\U0001fc10"  # an emoji that there may be some day


def test_an_emoji_without_a_font_is_left_out_of_names_and_told_to_the_operator(hall):
    page = hall.show(state("won", (f"{NO_FONT}  Ghosts {NO_FONT}", NO_FONT), match=WON))
    assert (hall.text(".winner"), hall.text(".score")) == ("Ghosts", "beats U+1FC10 26 : 22")
    told = "This browser lacks a font for: emoji"
    assert told not in page.locator("body").text_content()
    page.keyboard.press("?")
    assert page.locator(".help .lacks").text_content() == told
    page.keyboard.press("Escape")


def test_a_short_name_takes_all_the_room(kiosk):
    """The largest size is 220 px of a window that is 1920 px wide."""
    page = kiosk.show(state("won", match=WON))
    size = page.locator(".winner").evaluate("winner => parseFloat(getComputedStyle(winner).fontSize)")
    assert abs(size - 220) < 1


def test_language_switch(hall):
    page = hall.show(state("timing", match={"points": [24, 24], "judged": [30, 30]}))
    assert "Blue Foxes and Team Mira" in hall.text(".reason")
    page.click("button[lang=ko]")
    assert "Blue Foxes\u2060와 Team Mira의" in hall.text(".reason")  # a name and its particle stay on one line
    assert page.evaluate("[document.documentElement.lang, localStorage.getItem('arena.lang')]") == ["ko", "ko"]
    page.keyboard.press("l")
    assert "Blue Foxes and Team Mira" in hall.text(".reason")


PARTICLES = {
    **{"팀": "이", "나무": "가", "GAN": "이", "MNIST": "가", "Falcon": "이", "Foxes": "가", "Apple": "이"},
    **{"Team 7": "이", "Team 2": "가", "Team 10": "이", "팀 (예비)": "가", "robot": "이(가)", "深層": "이(가)"},
}


def test_korean_particles(hall):
    asked = "words => import('arena/particles.js').then((one) => words.map((word) => one.withParticle(word, '이/가')))"
    assert dict(zip(PARTICLES, hall.page.evaluate(asked, list(PARTICLES)))) == PARTICLES


SAID = {0.503: "50.3%", 0.498: "49.8%", 0.5: "50%", 0.50001: ">50%", 0.49999: "<50%", 0.506: "51%", 1: "100%"}


def test_half_is_told_from_more(hall):
    asked = "shares => import('arena/stage/reading.js').then((one) => shares.map(one.percent))"
    assert hall.page.evaluate(asked, list(SAID)) == list(SAID.values())


def test_merge_patches(hall):
    """The cases of RFC 7396, appendix A, that JSON objects as states can be in."""
    asked = "([before, patch]) => import('arena/source.js').then((module) => module.patched(before, patch))"
    for before, patch, after in (
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ):
        assert hall.page.evaluate(asked, [before, patch]) == after


def test_a_replay_needs_what_was_needed_then(hall):
    asked = """([cases, rules]) => import("arena/stage/reading.js").then((one) =>
        cases.map(([match, number]) => one.needsOf(match, number, rules) || null))"""
    found = hall.page.evaluate(asked, [[[match, number] for match, number, _ in NEEDS], RULES])
    assert found == [expected for _, _, expected in NEEDS]


def test_sounds_follow_what_is_shown(hall):
    def after(shown, judged, p):
        cards = {str(at): {"image": "", "truth": 1, "p": p} for at in range(judged)}
        return state("face", half_round=half_round(shown, judged), cards=cards)

    won = state("won", match=WON)
    pairs = [
        [after(1, 0, 1), after(1, 1, 0.9)],
        [after(1, 0, 1), after(1, 1, 0.1)],
        [after(1, 1, 0.9), after(2, 1, 0.9)],
    ]
    pairs += [[after(30, 30, 0.9), won], [won, won]]
    asked = "pairs => import('arena/sound.js').then((one) => pairs.map(([before, after]) => one.tuneOf(before, after)))"
    assert hall.page.evaluate(asked, pairs) == ["right", "wrong", "tick", "win", None]


def test_every_view_has_a_scene_without_navigation(kiosk):
    """In a kiosk: no header, something to read, nothing outside the window."""
    judged = {"points": [0, 1], "judged": [0, 1]}
    half = {"half_round": half_round(1, 1, right=1), "cards": {"0": told(1, 0.9)}}
    failed = {"half_round": half_round(0, 0, points=30, generator_fault={"en": "it is slow", "ko": "느립니다"})}
    for given in (
        state("nothing", stage={"match": None}, event={}) | {"event": None},
        state("opening", stage={"match": None}, event={"teams_opened": 1, "num_teams": 64}),
        state("draw", stage={"match": None}, places={"0:0": {"teams": {"home": 1, "away": 2}}}),
        state("countdown", event={"mode": "mock"}, stage={"match": None, "until": 4600}),
        state("meets"),
        state("face", match=judged, **half),
        state("between", match=judged, **half),
        state("failed", match={"points": [0, 30]}, **failed),
        state("timing", match={"points": [24, 24], "judged": [30, 30]}),
        *(state(view, match=WON) for view in ("won", "toss_up", "forfeit", "over")),
        state("drawn", match=WON | {"winner": None, "points": [24, 24]}),
        *(state(view, match={"status": view, "reason": {"en": "why", "ko": "왜"}}) for view in ("annulled", "held")),
        state("frozen", match=WON, event={"frozen": {"reason": {"en": "lunch", "ko": "점심"}, "at": 900}}),
        state("champion", match=WON, event={"champion": 1, "finished": 990}, path=[7]),
        state("problem", stage={"match": None}, problem="store_unreadable"),
    ):
        page, view = kiosk.show(given), given["stage"]["view"]
        assert page.locator("h1").count() == 1 and page.locator("header").count() == 0, view
        assert kiosk.text(".stage") and "stage." not in kiosk.text(".stage"), view  # a key without words
        assert page.evaluate(CUT) == [], view
        size = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
        assert size == [1920, 1080], view


def test_unequal_totals_are_explained(hall):
    """In the first half one side has not judged; in a final, the points are said to be a sum."""
    page = hall.show(state("face", half_round=half_round(1, 1, right=1), match={"points": [0, 1], "judged": [0, 1]}))
    assert page.locator(".judged").all_text_contents() == ["has not judged yet", "has judged 1 face"]
    assert hall.text(".middle") == "First half"
    halves = [{"id": 1, "number": 0, "points": 22}, {"id": 2, "number": 1, "points": 23}]
    match = {"num_rounds": 3, "half_rounds": halves, "points": [23, 31], "judged": [30, 42]}
    page = hall.show(state("face", half_round=half_round(12, 12, right=9, number=2), match=match))
    assert page.locator(".rounds .pair").all_text_contents() == ["23 : 22", "– : 9", "– : –"]
    assert (hall.text(".middle .label"), hall.text(".sum-of")) == ("Round 2, first half", "Total 23 : 31")
    assert page.locator(".points-of").all_text_contents() == ["Total", "Total"]
    assert hall.text(".strip .what") == "Final · Round 2 of 3"
    assert page.locator(".needs").all_text_contents() == [
        "after round 1: 1 ahead",
        "after round 1: 1 behind",
    ]


OF_ROUNDS = [  # points of half rounds, points and images judged so far, what stands below [home, away]
    ((), [0, 9], [0, 12], ["has not judged yet", "has judged 12 faces"]),
    ((22,), [8, 22], [12, 30], ["needs 15 of the 18 faces left to lead", "has judged 30 faces"]),
    ((22,), [4, 22], [12, 30], ["needs all 18 faces left to draw level", "has judged 30 faces"]),
    ((22,), [3, 22], [12, 30], ["has judged 12 faces", "sure to lead after round 1"]),
    ((22,), [23, 22], [29, 30], ["leads by 1", "has judged 30 faces"]),
    ((22, 23, 19, 18), [41, 46], [60, 66], ["after round 2: level", "after round 2: level"]),
    ((22, 23, 17, 18), [41, 44], [60, 66], ["after round 2: 2 ahead", "must win round 3 by 3 or more"]),
    ((22, 23, 19, 18, 25), [49, 66], [72, 90], ["needs all 18 faces left to win", "has judged 90 faces"]),
    ((22, 23, 19, 18, 25), [48, 66], [72, 90], ["needs all 18 faces left to draw level", "has judged 90 faces"]),
]


@pytest.mark.parametrize("played, points, judged, lines", OF_ROUNDS)
def test_the_one_behind_in_a_final_knows_what_it_needs(hall, played, points, judged, lines):
    number = len(played)
    halves = [{"id": one, "number": one, "points": points} for one, points in enumerate(played)]
    match = {"num_rounds": 3, "half_rounds": halves, "points": points, "judged": judged}
    before = sum(played[number % 2 :: 2])
    half = half_round(12, 12, right=points[1 - number % 2] - before, number=number)
    page = hall.show(state("face", half_round=half, match=match))
    assert page.locator(".needs, .judged").all_text_contents() == lines


def test_a_failed_network_judges_no_faces_and_is_named_in_the_result(hall):
    fault = {"team": 1, "match": 7, "number": 0, "network": "generator", "reason": {"en": "slow; be faster", "ko": "-"}}
    why = {"en": "it is slow", "ko": "느립니다"}
    failed = half_round(0, 0, points=30, generator_fault=fault["reason"], why=why)
    page = hall.show(state("failed", half_round=failed, forfeits=[fault], match={"points": [0, 30], "judged": [0, 30]}))
    assert page.locator(".needs").all_text_contents() == ["cannot win on points any more"]
    assert page.locator(".judged").all_text_contents() == ["30 points given: the other’s generator failed"]
    assert hall.text(".notice .kind") == "✗ The generator of Blue Foxes failed"
    assert hall.text(".reason") == "Reason: it is slow"
    assert hall.text(".notice .wait") == "In a moment they change sides: Blue Foxes judges, Team Mira draws"
    lost = WON | {"winner": 2, "points": [20, 30], "judged": [30, 30]}
    hall.show(state("won", match=lost, forfeits=[fault]))
    assert hall.text(".why") == "The generator of Blue Foxes failed, which gave 30 points to Team Mira"


LARGER = [{"teams": 4, "matches": 2}, {"teams": 2, "matches": 1}]
OUTCOMES = [  # rounds and mode of the event, points, what follows
    (LARGER, "tournament", [0, 22], "So Team Mira wins 22 : 0 and goes on to the final"),
    (LARGER[1:], "tournament", [0, 22], "So Team Mira wins 22 : 0 and is the champion"),
    ([], "league", [0, 22], "So Team Mira wins 22 : 0"),
    (LARGER, "tournament", [0, 0], "The result follows in a moment"),
]


@pytest.mark.parametrize("rounds, mode, points, follows", OUTCOMES)
def test_a_failure_says_what_comes_next(hall, rounds, mode, points, follows):
    failed = half_round(
        0, 0, number=1, generator=2, discriminator=1, points=0, discriminator_fault={"en": "-", "ko": "-"}
    )
    match = {"points": points, "judged": [30, 30]}
    hall.show(state("failed", half_round=failed, match=match, rounds=rounds, event={"mode": mode}))
    assert hall.text(".notice .wait") == follows


def test_faces_are_counted_so_that_the_sum_is_right(hall):
    cards = dict(enumerate([told(1, 0.9), told(0, 0.1), told(0, 0.8), told(1, 0.2), told(1, 0.3)]))
    half = half_round(5, 5, right=2, points=2, real=3, generated=2)
    page = hall.show(state("between", half_round=half, cards=cards, match={"points": [0, 2], "judged": [0, 30]}))
    assert hall.text(".middle") == "Half-time"
    assert (
        hall.text(".wrongs")
        == "Team Mira was fooled by 1 of 2 generated faces, and took 2 of 3 real ones for generated"
    )
    counts = [" ".join(text.split()) for text in page.locator(".legend :is(.right, .wrong)").all_text_contents()]
    assert counts == ["✓ 2 judged right", "✗ 1 generated, taken for real · ✗ 2 real, taken for generated"]


def test_the_bar_is_marked_where_the_rules_say(hall):
    given = state("face", half_round=half_round(1, 0), cards={"0": {"image": image(90), "place": 4}})
    page = hall.show(given | {"rules": RULES | {"threshold": 0.6}})
    assert hall.text(".ends .at") == "60%"
    middle = "one => (one.getBoundingClientRect().left + one.getBoundingClientRect().right) / 2"
    assert abs(page.locator(".ends .at").evaluate(middle) - page.locator(".threshold").evaluate(middle)) < 6


@pytest.mark.parametrize(
    "rule, view, fields, score, why",
    [
        (
            "equal points, less time",
            "won",
            {"times": ["17.31 ms", "17.12 ms"]},
            "level with Blue Foxes at 24 : 24, but faster",
            "How long their networks take: Team Mira 17.12 ms, Blue Foxes 17.31 ms",
        ),
        (
            "equal points, a toss-up by time",
            "toss_up",
            {"times": ["17.58 ms", "17.38 ms"]},
            "level with Blue Foxes, 24 : 24",
            "Equally fast as far as can be measured: a toss-up for Team Mira"
            "How long their networks take: Team Mira 17.38 ms, Blue Foxes 17.58 ms",
        ),
    ],
)
def test_a_tie_is_not_said_to_be_won_by_points(hall, rule, view, fields, score, why):
    tie = WON | {"winner": 2, "points": [24, 24], "judged": [30, 30], "rule": rule, **fields}
    hall.show(state(view, match=tie))
    assert (hall.text(".score"), hall.text(".why")) == (score, why)


NO_SNAPSHOT = {"en": "it has no complete snapshot", "ko": "완전한 스냅샷이 없습니다"}


def test_who_cannot_take_part_is_said_from_the_opening_on(hall):
    given = state("opening", stage={"match": None}, event={"num_teams": 4})
    page = hall.show(given)
    assert page.locator(".refused").count() == 0 and page.locator(".how").count() == 1
    given["teams"]["2"] |= {"refused": NO_SNAPSHOT, "why": NO_SNAPSHOT}
    page = hall.show(given)
    chips = page.locator(".chips li").all_text_contents()
    assert [" ".join(chip.split()) for chip in chips] == ["✗ Team Mira", "✓ Blue Foxes"]
    assert page.locator(".chips .sign").first.get_attribute("aria-label") == "cannot take part:"
    assert hall.text(".refused .reason") == "✗ Team Mira cannot take part: it has no complete snapshot"
    drawn = given | {"stage": {"view": "draw", "since": 1}, "places": {"0:0": {"home": 1, "away": 2}}}
    hall.show(drawn)
    assert (hall.text(".pairs .home"), hall.text(".pairs .away")) == ("Blue Foxes", "Team Mira ✗ out")


def test_a_forfeit_says_why(hall):
    forfeit = {"team": 2, "matches": [7], "reason": {"en": "there is none; copy it", "ko": "-"}, "why": NO_SNAPSHOT}
    match = WON | {"rule": "forfeit", "points": [30, 0], "judged": [30, 0]}
    hall.show(state("forfeit", match=match, forfeits=[forfeit]))
    assert hall.text(".score") == "Team Mira forfeits, 30 : 0"
    assert hall.text(".why") == "Team Mira cannot take part: it has no complete snapshot"


def test_a_disqualified_opponent_is_said_to_be(hall):
    given = state("forfeit", match=WON | {"rule": "forfeit", "points": [30, 0], "judged": [30, 0]})
    given["teams"]["2"]["disqualified"] = True
    hall.show(given)
    assert hall.text(".result .kind") == "◆ Winner by disqualification · is the champion"
    assert hall.text(".score") == "Team Mira is disqualified, 30 : 0"
