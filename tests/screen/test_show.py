"""The show: what is told when, worked out by hand, and nothing before its time."""

import itertools
import json
import os
import shutil
import sqlite3
import time

import arena_data
import numpy as np
import pytest
from conftest import because

from gan.arena import annulment, database, notes, store
from gan.arena.match_records import MatchPlace
from gan.contest import rules
from gan.screen import show

PACE = 6


class Clock:
    """Stands in for the time of the store."""

    def __init__(self, now=100.0):
        self.now = now

    def time(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(database, "time", clock)
    return clock


@pytest.fixture
def arena(tmp_path, clock):
    with store.Store(str(tmp_path / "arena")) as arena:
        yield arena


def watch(arena, pace=PACE):
    """A Show of what another process would read."""
    return show.Show(store.Store(os.path.dirname(arena.path), read_only=True), pace)


def begin(arena, mode="tournament", count=4):
    event = arena.events.begin(mode, mode, 1, 4, {"secret": 1})
    teams = arena_data.put_teams(arena, event.id, [(f"team {n}", "p", None, None, None) for n in range(1, count + 1)])
    if mode == "tournament":
        arena.teams.set_seeding(event.id, {team.id: number for number, team in enumerate(teams, 1)})
    return event, teams


def half_round(arena, match, number, points, at, clock, **changes):
    clock.now = at
    sides = (match.home, match.away)
    given = dict(
        generator=sides[number % 2],
        discriminator=sides[1 - number % 2],
        seed=1,
        images=np.zeros((2, 4), np.uint8),
        truth=[1, 0],
        probabilities=[0.75, 0.25],
        points=points,
        generator_seconds=0.5,
        discriminator_seconds=0.25,
        generator_fault=None,
        discriminator_fault=None,
        rule=rules.GUESSED,
    )
    return arena_data.put_half_round(arena, match.id, number, **{**given, **changes})


def finish(arena, match, winner, points, at, clock, **more):
    clock.now = at
    return arena_data.finish(arena, match.id, winner, rules.BY_POINTS, points, **more)


@pytest.mark.parametrize(
    "fault, told",
    [
        (because("gs://foxes/model: no such bucket (404)"), "\u2026: no such bucket (404)"),
        (because("/srv/contest/teams/a/model.ckpt-7.meta is damaged"), "\u2026 is damaged"),
        (because("judge@contest-1.iam.gserviceaccount.com does not have access"), "\u2026 does not have access"),
        (because("the loop Gx/cond/while has 1/2 of [0, 1] rounds"), "the loop Gx/cond/while has 1/2 of [0, 1] rounds"),
        (notes.note("bucket_closed", reason="gs://a: Google said no"), "the organiser has no right to read its bucket"),
    ],
)
def test_what_everybody_reads_names_no_place(fault, told):
    assert show._sentence(fault) == told


@pytest.fixture
def played(arena, clock):
    """Four teams: 1 beats 4, 2 beats 3, and the final is under way.

    By hand, at 6 s a half round and 4 s for a winner: half rounds 1 and 2 are shown from 101 and 107, the result is
    told at 113 and stays until 117; half rounds 3 and 4 from 117 and 123, the result at 129 until 133. The final's
    half round 5 was played at 200, long after all was shown, and is shown from then, half round 6 from 206.
    """
    event, teams = begin(arena)
    first = arena.matches.begin(MatchPlace(event.id, 0, 0), teams[0].id, teams[3].id, 1)
    half_round(arena, first, 0, 10, 101, clock)
    half_round(arena, first, 1, 20, 101.5, clock)
    finish(arena, first, teams[0].id, (20, 10), 102, clock, ratings=[("team 1", 27, 7), ("team 4", 23, 7)])
    second = arena.matches.begin(MatchPlace(event.id, 0, 1), teams[1].id, teams[2].id, 1)
    fault = dict(
        images=None, truth=None, probabilities=None, generator_fault=because("NaN!"), rule=rules.GENERATOR_FAILED
    )
    half_round(arena, second, 0, 30, 103, clock)
    half_round(arena, second, 1, 30, 104, clock, **fault)
    finish(arena, second, teams[1].id, (30, 30), 105, clock)
    final = arena.matches.begin(MatchPlace(event.id, 1, 0), teams[0].id, teams[1].id, 3)
    half_round(arena, final, 0, 17, 200, clock)
    half_round(arena, final, 1, 18, 200.5, clock)
    return event, teams, (first, second, final)


def live(showing, now):
    """(phase, match, half round, points of the match)."""
    state = showing.state(now)
    found = state["live"]
    match = state["matches"].get(found["match"])
    return found["phase"], found["match"], found["half_round"], match and match["points"]


def test_times_worked_out_by_hand(arena, played):
    showing = watch(arena)
    assert showing.state(99)["event"] is None
    for now, expected in (
        (100.5, ("waiting", None, None, None)),
        (101, ("playing", 1, 1, [0, 0])),
        (106.9, ("playing", 1, 1, [0, 0])),
        (107, ("playing", 1, 2, [0, 10])),
        (112.9, ("playing", 1, 2, [0, 10])),
        (113, ("done", 1, 2, [20, 10])),
        (116.9, ("done", 1, 2, [20, 10])),
        (117, ("playing", 2, 3, [0, 0])),
        (123, ("playing", 2, 4, [0, 30])),
        (129, ("done", 2, 4, [30, 30])),
        (199, ("done", 2, 4, [30, 30])),
        (200, ("playing", 3, 5, [0, 0])),
        (206, ("playing", 3, 6, [0, 17])),
        (212, ("between", 3, 6, [18, 17])),
    ):
        assert live(showing, now) == expected, now
    begins = [showing.half_round(id_, 300)["begin"] for id_ in range(1, 7)]
    assert begins == pytest.approx([101, 107, 117, 123, 200, 206], abs=1e-3)


def test_the_same_for_all_viewers_and_after_a_restart(arena, played, clock):
    early = watch(arena)
    early.state(115)
    final = played[2][2]
    half_round(arena, final, 2, 19, 300, clock)
    for now in (108, 130, 303):
        assert early.state(now) == watch(arena).state(now)
    assert live(early, 303) == ("playing", 3, 7, [18, 17])


def test_without_a_pace_all_is_told_as_it_happens(arena, played):
    showing = watch(arena, pace=0)
    assert live(showing, 101.1) == ("between", 1, 1, [0, 10])
    assert live(showing, 101.6) == ("deciding", 1, 2, [20, 10])
    assert live(showing, 102.1) == ("done", 1, 2, [20, 10])
    assert live(showing, 201) == ("between", 3, 6, [18, 17])


def test_a_short_pace_shows_the_winner_as_long(arena, played):
    assert live(watch(arena, pace=1), 103.9) == ("done", 1, 2, [20, 10])
    assert live(watch(arena, pace=1), 104) == ("playing", 2, 3, [0, 0])


def test_result_that_comes_late(arena, clock):
    """A tie is timed for ten seconds: the faces are long uncovered; the next match waits for the winner's four."""
    event, teams = begin(arena)
    match = arena.matches.begin(MatchPlace(event.id, 0, 0), teams[0].id, teams[3].id, 1)
    half_round(arena, match, 0, 10, 101, clock)
    half_round(arena, match, 1, 10, 102, clock)
    finish(arena, match, teams[0].id, (10, 10), 123, clock, seconds=(0.5, 0.75))
    following = arena.matches.begin(MatchPlace(event.id, 0, 1), teams[1].id, teams[2].id, 1)
    half_round(arena, following, 0, 10, 124, clock)
    showing = watch(arena)
    assert live(showing, 113) == ("deciding", 1, 2, [10, 10])
    assert "seconds" not in showing.state(122)["matches"][1]
    assert showing.state(124)["matches"][1]["seconds"] == [0.5, 0.75]
    assert live(showing, 126.9)[0] == "done"
    assert live(showing, 127) == ("playing", 2, 3, [0, 0])


@pytest.mark.parametrize("ahead", ["half rounds", "all of the match", "the end of the match"])
def test_a_clock_that_was_a_week_ahead_stops_nothing(arena, clock, ahead):
    """The second of three matches was played while the clock was wrong; the third, and the screen, go on."""
    event, teams = begin(arena)
    week = 7 * 24 * 3600
    wrong = {"half rounds": (week, 0, 0), "all of the match": (week, week, week), "the end of the match": (0, 0, week)}
    of_half_rounds, of_begin, of_end = wrong[ahead]
    for number, (home, away) in enumerate([(0, 3), (1, 2), (0, 1)]):
        at = 100 + 20 * number
        clock.now = at + (of_begin if number == 1 else 0)
        place = MatchPlace(event.id, number // 2, number % 2)
        match = arena.matches.begin(place, teams[home].id, teams[away].id, 1)
        for half in range(2):
            half_round(arena, match, half, 10, at + 1 + half + (of_half_rounds if number == 1 else 0), clock)
        finish(arena, match, teams[home].id, (10, 10), at + 3 + (of_end if number == 1 else 0), clock)
    showing = watch(arena)
    assert live(showing, 200)[:3] == ("done", 3, 6)
    kinds = [(moment.kind, moment.id) for moment in showing._timeline if moment.kind != "event"]
    assert kinds == [
        *[("half_round", 1), ("half_round", 2), ("result", 1), ("half_round", 3), ("half_round", 4), ("result", 2)],
        *[("half_round", 5), ("half_round", 6), ("result", 3)],
    ]


def test_a_clock_that_is_a_week_ahead_of_all_others_shows_what_is_there(tmp_path, monkeypatch):
    """The arena wrote times to come, and nothing since: the screen does not wait for a week."""
    clock = Clock(time.time() + 7 * 24 * 3600)
    monkeypatch.setattr(database, "time", clock)
    with store.Store(str(tmp_path / "arena")) as arena:
        arena_data.run(arena_data.play_tournament(arena, arena_data.NAMES[:2]))
        clock.now = now = time.time()
        assert watch(arena, 0).state(now + 1)["live"]["phase"] == "champion"


def test_a_clock_that_is_set_back_while_it_is_looked_at_shows_what_is_there(tmp_path, monkeypatch):
    clock = Clock(time.time() + 7 * 24 * 3600)
    monkeypatch.setattr(database, "time", clock)
    monkeypatch.setattr(show, "time", clock)
    with store.Store(str(tmp_path / "arena")) as arena:
        arena_data.run(arena_data.play_tournament(arena, arena_data.NAMES[:2]))
        showing = watch(arena, 0)
        assert showing.state(clock.now + 1)["live"]["phase"] == "champion"
        clock.now -= 7 * 24 * 3600
        assert showing.state(clock.now + 1)["live"]["phase"] == "champion"


def test_the_bracket_fills_as_it_is_told(arena, played, clock):
    event, (one, two, three, four), (_, _, final) = played
    showing = watch(arena)

    def places(now):
        return {place: (found["teams"], found["match"]) for place, found in showing.state(now)["places"].items()}

    start = {"0:0": ([one.id, four.id], None), "0:1": ([three.id, two.id], None), "1:0": ([None, None], None)}
    assert showing.state(100.5)["rounds"] == ["semi-final", "final"]
    start["0:1"] = ([two.id, three.id], None)
    assert places(100.5) == start
    assert places(112.9) == start | {"0:0": ([one.id, four.id], 1)}
    assert places(113)["1:0"] == ([one.id, None], None)
    assert places(129)["1:0"] == ([one.id, two.id], None)
    assert places(200)["1:0"] == ([one.id, two.id], 3)
    for number in range(2, 6):
        half_round(arena, final, number, 15, 201 + number, clock)
    finish(arena, final, two.id, (48, 47), 210, clock)
    arena.events.finish(event.id, two.id)
    # Six half rounds from 200 to 236, then the winner until 240.
    assert live(showing, 235.9)[0] == "playing"
    assert live(showing, 236) == ("done", 3, 10, [48, 47])
    assert showing.state(239.9)["event"]["champion"] is None
    assert live(showing, 240) == ("champion", 3, 10, [48, 47])
    assert showing.state(240)["event"]["champion"] == two.id


def test_byes_take_no_time(arena, clock):
    event, teams = begin(arena, count=3)
    clock.now = 101
    bye = arena.matches.begin(MatchPlace(event.id, 0, 0), teams[0].id, None, 1)
    arena_data.finish(arena, bye.id, teams[0].id, rules.BYE, (0, 0))
    match = arena.matches.begin(MatchPlace(event.id, 0, 1), teams[1].id, teams[2].id, 1)
    half_round(arena, match, 0, 10, 102, clock)
    showing = watch(arena)
    assert live(showing, 101.5) == ("waiting", None, None, None)
    places = showing.state(101.5)["places"]
    assert places["0:0"] == {"teams": [teams[0].id, None], "match": bye.id, "bye": True}
    assert places["1:0"]["teams"] == [teams[0].id, None]
    assert live(showing, 102) == ("playing", match.id, 1, [0, 0])


def test_a_forfeit_without_half_rounds_has_its_turn(arena, clock):
    event, teams = begin(arena)
    clock.now = 101
    match = arena.matches.begin(MatchPlace(event.id, 0, 0), teams[0].id, teams[3].id, 1)
    arena_data.finish(arena, match.id, teams[0].id, rules.FORFEIT, (60, 0))
    following = arena.matches.begin(MatchPlace(event.id, 0, 1), teams[1].id, teams[2].id, 1)
    half_round(arena, following, 0, 10, 102, clock)
    showing = watch(arena)
    assert live(showing, 104.9) == ("done", match.id, None, [60, 0])
    assert live(showing, 105.1) == ("playing", following.id, 1, [0, 0])


def test_held_and_annulled(arena, played, clock):
    event, teams, (first, second, final) = played
    showing = watch(arena)
    clock.now = 230
    arena.matches.hold(final.id, because("the disk is full"))
    assert live(showing, 211)[0] == "playing"
    held = showing.state(231)
    assert held["live"]["phase"] == "held" and held["matches"][final.id]["reason"] == "the disk is full"
    arena.matches.release(final.id)
    assert live(showing, 232)[0] == "between"
    before = showing.state(150)
    assert before["places"]["1:0"]["teams"] == [teams[0].id, teams[1].id]
    clock.now = 240
    annulment.annul(arena, second.id, "wrong snapshot")
    after = showing.state(241)
    assert after["matches"][second.id]["status"] == "annulled"
    assert after["matches"][second.id]["reason"] == "wrong snapshot"
    assert after["matches"][final.id]["status"] == "annulled"
    assert after["matches"][second.id]["points"] == [30, 30]
    assert after["places"]["0:1"] == {"teams": [teams[1].id, teams[2].id], "match": None, "bye": False}
    assert after["places"]["1:0"]["teams"] == [teams[0].id, None]
    again = arena.matches.begin(MatchPlace(event.id, 0, 1), teams[1].id, teams[2].id, 1)
    half_round(arena, again, 0, 11, 250, clock)
    assert showing.state(251)["matches"][again.id]["attempt"] == 2
    assert live(showing, 251) == ("playing", again.id, 7, [0, 0])
    assert showing.match(second.id, 251)["half_rounds"][1]["generator_fault"] == "NaN!"


def test_forfeits_and_ratings_are_told_in_time(arena, played):
    showing = watch(arena)
    assert showing.state(128.9)["forfeits"] == []
    (forfeit,) = showing.state(129)["forfeits"]
    assert (forfeit["match"], forfeit["number"], forfeit["network"], forfeit["reason"]) == (2, 1, "generator", "NaN!")
    assert showing.state(112.9)["ratings"] == {} and showing.ratings(112.9) == []
    rating = showing.state(113)["ratings"]["team 1"]
    assert (rating["mu"], rating["matches"], rating["ordinal"]) == (27, 1, 27 - 3 * 7)
    assert rating["low"] == pytest.approx(27 - 1.96 * 7, abs=0.01)
    assert [row["name"] for row in showing.ratings(113)] == ["team 1", "team 4"]


def test_how_sure_and_what_was_recognised_are_told_with_the_result(arena, clock):
    event, teams = begin(arena, "league", 2)
    match = arena.matches.begin(MatchPlace(event.id, 0, 0), teams[0].id, teams[1].id, 1)
    half_round(arena, match, 0, 22, 101, clock)
    half_round(arena, match, 1, 23, 102, clock)
    finish(arena, match, teams[0].id, (23, 22), 103, clock, ratings=[(team.name, 26, 7) for team in teams])
    showing = watch(arena)
    assert "sure" not in showing.state(112.9)["matches"][match.id] and showing.state(112.9)["ratings"] == {}
    state = showing.state(113)
    assert state["matches"][match.id]["sure"] == pytest.approx((0.614, 0.386), abs=5e-4)
    assert state["matches"][match.id]["times"] is None and state["matches"][match.id]["timing"] is None
    found = state["ratings"][teams[0].name]
    assert (found["real"], found["generated"], found["fooled"]) == ((1, 1), (1, 1), (0, 1))
    with arena.writing():
        arena.matches.set_annulled(match.id, because("wrong"))
    assert watch(arena).state(113)["ratings"][teams[0].name]["real"] == (0, 0)


def test_a_league_has_a_table(arena, clock):
    event, teams = begin(arena, "league", 3)
    match = arena.matches.begin(MatchPlace(event.id, 0, 0), teams[0].id, teams[1].id, 1)
    half_round(arena, match, 0, 10, 101, clock)
    half_round(arena, match, 1, 20, 102, clock)
    finish(arena, match, teams[0].id, (20, 10), 103, clock)
    showing = watch(arena)
    assert showing.state(112)["standings"][teams[0].id] == {
        "played": 0,
        "won": 0,
        "points": 0,
        "against": 0,
        "drawn": 0,
    }
    state = showing.state(113)
    assert state["standings"][teams[0].id] == {"played": 1, "won": 1, "points": 20, "against": 10, "drawn": 0}
    assert state["standings"][teams[1].id] == {"played": 1, "won": 0, "points": 10, "against": 20, "drawn": 0}
    assert state["rounds"] == [] and state["places"] == {}


def test_a_tournament_played_between_two_looks(arena, clock):
    event = arena.events.begin("cup", "tournament", 1, 4, {})
    showing = watch(arena)
    assert showing.state(101)["teams"] == {}
    home, away = arena_data.put_teams(arena, event.id, [(name, "p", None, None, None) for name in ("A", "B")])
    arena.teams.set_seeding(event.id, {home.id: 1, away.id: 2})
    match = arena.matches.begin(MatchPlace(event.id, 0, 0), home.id, away.id, 1)
    arena_data.finish(arena, match.id, home.id, rules.FORFEIT, (30, 0))
    arena.events.finish(event.id, home.id)
    state = showing.state(110)
    assert [team["name"] for team in state["teams"].values()] == ["A", "B"]
    assert state["places"]["0:0"]["teams"] == [home.id, away.id] and state["event"]["champion"] == home.id


def test_teams_to_come(arena):
    event = arena.events.begin("cup", "tournament", 1, 4, {"teams": [["A", "p", None], ["B", "p", None]]})
    showing = watch(arena)
    assert (showing.state(101)["event"]["num_teams"], showing.state(101)["teams"]) == (2, {})
    arena_data.put_teams(arena, event.id, [("A", "p", None, None, None)])
    assert [team["name"] for team in showing.state(101)["teams"].values()] == ["A"]


def test_a_team_against_itself(arena, clock):
    event, (team,) = begin(arena, "check", 1)
    match = arena.matches.begin(MatchPlace(event.id, 0, 0), team.id, team.id, 1)
    half_round(arena, match, 0, 10, 101, clock)
    half_round(arena, match, 1, 20, 101.5, clock)
    showing = watch(arena)
    assert live(showing, 107) == ("playing", match.id, 2, [0, 10])
    assert live(showing, 113) == ("deciding", match.id, 2, [20, 10])


def test_events_follow_each_other(arena, played, clock):
    clock.now = 203
    begin(arena, "mock", 2)
    showing = watch(arena)
    assert list(showing.state(211)["events"]) == [1]  # the second began while the first was still being shown
    assert showing.state(212)["event"]["name"] == "mock"
    assert showing.state_of(1, 212)["live"]["half_round"] == 6
    assert showing.state_of(2, 211) is None and showing.state_of(9, 211) is None


def test_a_half_round_is_shown_from_its_begin(arena, played):
    showing = watch(arena)
    assert showing.half_round(2, 106.9) is None and showing.half_round(99, 999) is None
    found = showing.half_round(2, 107)
    assert (found["truth"], found["probabilities"], found["points"]) == ([1, 0], [0.75, 0.25], 20)
    assert found["sprite"].startswith("data:image/png;base64,")
    assert showing.half_round(4, 123)["sprite"] is None
    assert showing.match(2, 116.9) is None
    assert [one["id"] for one in showing.match(2, 117)["half_rounds"]] == [3]


def test_nothing_is_told_before_its_time(tmp_path, clock):
    """At any moment the state is what it would be if all that is not told had not happened, or gone otherwise."""
    folder = tmp_path / "arena"
    with store.Store(str(folder)) as arena:
        for _ in arena_data.play_tournament(arena, [*arena_data.NAMES[2:8], arena_data.GENERATOR_FAILS]):
            clock.now += 0.75
        steps = arena_data.play_league(arena, arena_data.many_names(4))
        for _ in itertools.islice(steps, 6):
            clock.now += 0.75
        arena.matches.hold(arena.matches.of_event(2)[-1].id, because("SECRET"))
    with store.Store(str(folder), read_only=True) as source:
        showing = show.Show(source, PACE)
        showing.state(0)
        moments = showing._timeline
    assert {moment.kind for moment in moments} == {"event", "half_round", "result", "champion"}
    random = np.random.default_rng(1)
    for now in [*random.uniform(moments[0].begin, moments[-1].end, 25), moments[5].begin, moments[-1].end + 1]:
        copy = shutil.copytree(folder, tmp_path / "copy", dirs_exist_ok=True)
        forget(copy / store.FILE, moments, now)
        with (
            store.Store(str(folder), read_only=True) as whole,
            store.Store(str(copy), read_only=True) as part,
        ):
            everything, known = show.Show(whole, PACE), show.Show(part, PACE)
            assert everything.state(now) == known.state(now)
            for event in (1, 2):
                assert everything.state_of(event, now) == known.state_of(event, now)
            assert everything.ratings(now) == known.ratings(now)
            for match in whole.matches.all():
                assert about(everything.match(match.id, now)) == about(known.match(match.id, now))
            text = json.dumps([everything.state(now), everything.ratings(now)])
            assert ("SECRET" in text) == (now >= moments[-1].begin)
            assert "options" not in text and '"seed"' not in text


def about(match):
    """A match with the ids of its half rounds: of the one being shown, all may be known."""
    return match and match | {"half_rounds": [one["id"] for one in match["half_rounds"]]}


def forget(path, moments, now):
    """Takes out of a copy of the store what is not told: what has not begun is deleted, points being shown change."""
    database = sqlite3.connect(path)
    begun = {kind: {m.id for m in moments if m.kind == kind and m.begin <= now} for kind in ("half_round", "event")}
    told = {kind: {m.id for m in moments if m.kind == kind and m.told <= now} for kind in ("half_round", "result")}
    champions = {m.id for m in moments if m.kind == "champion" and m.told <= now}

    def change(statement, ids):
        database.execute(f"{statement} ({', '.join(map(str, ids)) or -1})")

    change("DELETE FROM half_round WHERE id NOT IN", begun["half_round"])
    wrong = json.dumps({"code": "WRONG", "parameters": {}})
    change(
        f"UPDATE half_round SET points = 77, rule = 'WRONG', generator_fault = '{wrong}' WHERE id NOT IN",
        told["half_round"],
    )
    change("DELETE FROM rating WHERE match NOT IN", told["result"])
    met = f"SELECT id FROM match WHERE id IN ({', '.join(map(str, told['result'])) or -1})"
    seen = f"SELECT home FROM match WHERE id IN ({met}) UNION SELECT away FROM match WHERE id IN ({met}) AND away"
    change(f"UPDATE team SET fault = NULL WHERE id NOT IN ({seen}) AND event NOT IN", champions)
    change(
        "UPDATE match SET status = 'playing', winner = NULL, rule = NULL, reason = NULL, home_points = NULL, "
        "away_points = NULL, home_seconds = NULL, away_seconds = NULL, ended = NULL WHERE id NOT IN",
        told["result"],
    )
    change("DELETE FROM match WHERE id NOT IN (SELECT match FROM half_round) AND id NOT IN", told["result"])
    change("UPDATE event SET finished = NULL, champion = NULL WHERE id NOT IN", champions)
    change("DELETE FROM event WHERE id NOT IN", begun["event"])
    database.commit()
    database.close()
