"""What the page, the terminal and the API say a result is worth: sureness, times, draws, shares recognised."""

import arena_data
import pytest
from browsing import served

from gan import scoreboard
from gan.arena import recognition, store
from gan.arena.match_records import MatchPlace
from gan.contest import rules
from gan.contest.timing import Measured

pytest_plugins = ["page_fixtures"]

FACES = arena_data.faces()[:30]
TRUTH = [1] * 15 + [0] * 15


def judged(kept, match, number, generator, discriminator, right):
    """A half round in which `right` guesses are right, real images first."""
    said = [(0.9 if real else 0.1) if place < right else (0.1 if real else 0.9) for place, real in enumerate(TRUTH)]
    values = rules.half_round(TRUTH, said, 0.01, 0.01)._asdict()
    arena_data.put_half_round(
        kept, match, number, generator, discriminator, seed=1, images=FACES, truth=TRUTH, probabilities=said, **values
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A league: Foxes 23 : 22 Owls, then a tie that times do not tell, one that they do, and two that cannot play."""
    folder = str(tmp_path_factory.mktemp("worth") / "arena")
    with store.Store(folder) as kept:
        event = kept.events.begin("League", "league", 1, arena_data.SIZE, {})
        foxes, owls = arena_data.put_teams(
            kept, event.id, [(name, "p", "ab" * 32, 1, None) for name in ("Foxes", "W" * 60)]
        )
        ties = {
            1: Measured((0.01712,) * 15, (0.01731,) * 15, 1),
            2: Measured((0.0173,) * 15, (0.0171, 0.0175, 0.01735) * 5, 1),
        }
        results = [(22, 23, rules.HOME, rules.BY_POINTS), (20, 20, rules.HOME, rules.BY_TIME)]
        results += [(20, 20, rules.HOME, rules.TOSS_UP), (0, 0, None, rules.DRAWN_FAILED)]
        for position, (away, home, winner, rule) in enumerate(results):
            match = kept.matches.begin(MatchPlace(event.id, 0, position), foxes.id, owls.id, 1)
            if rule != rules.DRAWN_FAILED:
                judged(kept, match.id, 0, foxes.id, owls.id, away)
                judged(kept, match.id, 1, owls.id, foxes.id, home)
            if position in ties:
                kept.timings.add(match.id, ties[position])
            seconds = ties[position].seconds if position in ties else None
            strengths = (
                {}
                if winner is None
                else {foxes.name: arena_data.Strength(26, 6), owls.name: arena_data.Strength(24, 6)}
            )
            kept.matches.finish(match.id, rules.Result((home, away), winner, rule), seconds, strengths)
        kept.events.finish(event.id, foxes.id)
    return folder


@pytest.fixture(scope="module")
def address(folder):
    with served(folder, "--pace=0") as address:
        yield address


def verdict_of(page, address, match):
    page.goto(f"{address}#/match/{match}")
    if match < 4:
        page.get_by_role("button", name="Result").click()
    page.wait_for_selector(".result .why")
    return page.locator(".result").inner_text().replace("\n", " ")


def test_how_sure_a_result_is(page, address):
    assert "with 61% probability: luck may have decided" in verdict_of(page, address, 1)


def test_times_with_the_digits_that_decide(page, address):
    told = verdict_of(page, address, 2)
    assert "17.12 ms" in told and "17.31 ms" in told and "%" not in told.partition("Faces")[0]


def test_a_toss_up_is_called_one(page, address):
    told = verdict_of(page, address, 3)
    assert "17.300 ms" in told and "17.350 ms" in told
    assert "Equally fast as far as can be measured: a toss-up for Foxes" in told


def test_a_draw_has_no_winner(page, address):
    told = verdict_of(page, address, 4)
    assert "draw" in told.lower() and "nobody wins" in told and "0 : 0" in told
    page.goto(f"{address}#/bracket")
    page.wait_for_selector("tbody tr")
    assert page.locator("tbody tr").first.locator("td.number").all_inner_texts()[1:4] == [
        "3",
        "1",
        "0",
    ]  # won, drawn, lost


def test_columns_of_the_leaderboard(page, address, folder):
    """Foxes take all 15 real images for real each time, and 8 + 5 + 5 of the Owls' 45 for generated."""
    page.goto(f"{address}#/ratings")
    page.wait_for_selector(".ratings tbody tr")
    cells = page.locator(".ratings tbody tr").first.locator("td").all_inner_texts()
    assert [cell for cell in cells if "%" in cell] == ["100%", "40%", "62%"]  # real, generated, fooled
    with store.Store(folder, read_only=True) as kept:
        found = recognition.of_arena(kept)["Foxes"]
    assert found == ((45, 45), (18, 45), (28, 45))


@pytest.mark.parametrize("match", [1, 2, 3, 4])
def test_it_fits_the_projector(page, address, match):
    """A name of 60 letters: no sentence of the verdict is wider or lower than the screen."""
    page.goto(f"{address}#/match/{match}")
    if match < 4:
        page.get_by_role("button", name="Result").click()
    page.wait_for_selector(".result .why")
    for part in page.locator(".result p").all():
        box = part.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 1920 and box["y"] + box["height"] <= 1080
    assert page.evaluate("document.documentElement.scrollWidth") <= 1920


def test_the_leaderboard_on_the_terminal(folder, capsys):
    assert scoreboard.main(["scoreboard", f"--arena_dir={folder}", "--leaderboard"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["1.", "Foxes", "26.0", "±", "11.8", "100%", "40%", "62%"]
    assert lines[0].split() == ["rating", "real", "generated", "fooled"]


def test_the_leaderboard_of_nobody(tmp_path, fails, capsys):
    with store.Store(str(tmp_path / "arena")):
        pass
    assert scoreboard.main(["scoreboard", f"--arena_dir={tmp_path}/arena", "--leaderboard"]) == 0
    assert "nobody has been rated" in capsys.readouterr().out
    assert "no such file" in fails(scoreboard.main, f"--arena_dir={tmp_path}/nothing", "--leaderboard")
