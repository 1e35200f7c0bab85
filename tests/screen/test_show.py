"""The show: what is told when, worked out by hand, and the same for all viewers.

Half rounds here have two faces. With --pace=6 the first is shown for 6 / 3.5 = 1.714 s, and told after 60% of that, at
1.029 s; the second for 2.5 times as long, and told at 4.286 s, when the half round is.
"""

import os
import time

import arena_data
import pytest
from conftest import because
from show_arena import PACE, Clock, begin, failed, finish, half_round, live, watch

from gan.arena import annulment, database, notes, store, store_file
from gan.arena.match_records import MatchPlace
from gan.contest import rules
from gan.screen import board, records, texts
from gan.screen.pacing import ShowSettings

pytest_plugins = ["show_arena"]


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
    assert texts.of_fault(fault)["en"] == told
    assert set(texts.of_fault(fault)) == {"en", "ko"}


@pytest.fixture
def played(arena, clock):
    """Four teams: 1 beats 4, 2 beats 3, and the final is under way.

    By hand, at 6 s a half round and 4 s for a winner: half rounds 1 and 2 are shown from 101 and 107, the result is
    told at 113 and stays until 117; half round 3 from 117, the failed half round 4 from 123 until 127, the result until
    131. The final's half round 5 was played at 200, long after all was shown, and is shown from then, half round 6 from
    206.
    """
    event, teams = begin(arena)
    first = arena.matches.begin(MatchPlace(event.id, 0, 0), teams[0].id, teams[3].id, 1)
    half_round(arena, first, 0, 10, 101, clock)
    half_round(arena, first, 1, 20, 101.5, clock)
    finish(arena, first, teams[0].id, (20, 10), 102, clock, ratings=[("team 1", 27, 7), ("team 4", 23, 7)])
    second = arena.matches.begin(MatchPlace(event.id, 0, 1), teams[1].id, teams[2].id, 1)
    half_round(arena, second, 0, 30, 103, clock)
    half_round(arena, second, 1, 30, 104, clock, **failed(because("NaN!")))
    finish(arena, second, teams[1].id, (30, 30), 105, clock)
    final = arena.matches.begin(MatchPlace(event.id, 1, 0), teams[0].id, teams[1].id, 3)
    half_round(arena, final, 0, 17, 200, clock)
    half_round(arena, final, 1, 18, 200.5, clock)
    return event, teams, (first, second, final)


def test_times_worked_out_by_hand(arena, played):
    showing = watch(arena)
    assert "event" not in showing.state(99)
    for now, expected in (
        (100.5, ("draw", None, None, None)),
        (101, ("face", 1, 1, [0, 0])),
        (102.02, ("face", 1, 1, [0, 0])),
        (102.03, ("face", 1, 1, [0, 1])),  # the first face is told right
        (105.28, ("face", 1, 1, [0, 1])),
        (105.29, ("face", 1, 1, [0, 10])),  # all of the half round
        (107, ("face", 1, 2, [0, 10])),
        (108.03, ("face", 1, 2, [1, 10])),
        (112.9, ("face", 1, 2, [20, 10])),
        (113, ("won", 1, 2, [20, 10])),
        (116.9, ("won", 1, 2, [20, 10])),
        (117, ("face", 2, 3, [0, 0])),
        (123, ("failed", 2, 4, [30, 30])),
        (127, ("won", 2, 4, [30, 30])),
        (199, ("won", 2, 4, [30, 30])),
        (200, ("face", 3, 5, [0, 0])),
        (206, ("face", 3, 6, [0, 17])),
        (212, ("between", 3, 6, [18, 17])),
    ):
        assert live(showing, now) == expected, now
    begins = [showing.half_round(id_, 300)["begin"] for id_ in range(1, 7)]
    assert begins == pytest.approx([101, 107, 117, 123, 200, 206], abs=1e-3)


def test_when_each_card_is_told(arena, played):
    """The first face is shown at 0, told at 1.029; the second shown at 1.714, told at 4.286, and up until 6 s."""
    showing = watch(arena)
    changes, now = [], 101.0
    while now < 107:
        now = showing.next_change(now)
        changes.append(now - 101)
    assert changes == pytest.approx([1.0286, 1.7143, 4.2857, 6], abs=1e-4)
    hidden, told = {"image", "place"}, {"image", "place", "truth", "p"}
    for at, cards, half in (
        (0, [hidden], {"shown": 1, "judged": 0, "right": 0, "face": 0}),
        (1.03, [told], {"shown": 1, "judged": 1, "right": 1}),
        (1.72, [told, hidden], {"shown": 2, "judged": 1, "right": 1, "face": 1}),
        (4.29, [told, told], {"shown": 2, "judged": 2, "right": 2, "points": 10}),
        (5.99, [told, told], {"shown": 2, "judged": 2, "right": 2, "points": 10}),
    ):
        state = showing.state(101 + at)
        assert [set(state["cards"][str(place)]) for place in range(len(cards))] == cards, at
        assert len(state["cards"]) == len(cards)
        found = {
            name: state["half_round"][name]
            for name in ("shown", "judged", "right", "face", "points", "rule")
            if name in state["half_round"]
        }
        assert found == half | ({"rule": rules.GUESSED} if "points" in half else {}), at
        for one in (showing.match(1, 101 + at)["half_rounds"][0], showing.half_round(1, 101 + at)):
            assert one["cards"] == state["cards"] and one["judged"] == half["judged"]


def test_the_same_for_all_viewers_and_after_a_restart(arena, played, clock):
    early = watch(arena)
    early.state(115)
    final = played[2][2]
    half_round(arena, final, 2, 19, 300, clock)
    for now in (102.5, 108, 130, 303):
        assert early.state(now) == watch(arena).state(now)
    assert live(early, 303) == ("face", 3, 7, [18, 18])


def test_without_a_pace_all_is_told_as_it_happens(arena, played):
    showing = watch(arena, ShowSettings(pace=0))
    assert live(showing, 101.1) == ("between", 1, 1, [0, 10])
    assert live(showing, 101.6) == ("between", 1, 2, [20, 10])
    assert live(showing, 102.1) == ("won", 1, 2, [20, 10])
    assert live(showing, 201) == ("between", 3, 6, [18, 17])


def test_a_short_pace_shows_the_winner_as_long(arena, played):
    assert live(watch(arena, ShowSettings(pace=1)), 103.9) == ("won", 1, 2, [20, 10])
    assert live(watch(arena, ShowSettings(pace=1)), 104) == ("face", 2, 3, [0, 0])


def test_at_natural_paces_teams_meet_first(arena, played):
    """Four teams: semi-finals with 30 s a half round, 4 s for the meeting before; then 5 s for the result, and 8."""
    showing = watch(arena, ShowSettings())
    for now, expected in (
        (101, ("meets", 1, None, [0, 0])),
        (104.9, ("meets", 1, None, [0, 0])),
        (105, ("face", 1, 1, [0, 0])),
        (134.9, ("face", 1, 1, [0, 10])),
        (135, ("face", 1, 2, [0, 10])),
        (165, ("won", 1, 2, [20, 10])),
        (177.9, ("won", 1, 2, [20, 10])),
        (178, ("meets", 2, None, [0, 0])),
        (182, ("face", 2, 3, [0, 0])),
        (212, ("failed", 2, 4, [30, 30])),
        (216, ("won", 2, 4, [30, 30])),
        (229, ("meets", 3, None, [0, 0])),
        (233 + 36, ("face", 3, 6, [0, 17])),
    ):
        assert live(showing, now) == expected, now


def test_result_that_comes_late(arena, clock):
    """A tie is timed for ten seconds: the faces are long told; the next match waits for the winner's four."""
    event, teams = begin(arena)
    match = arena.matches.begin(MatchPlace(event.id, 0, 0), teams[0].id, teams[3].id, 1)
    half_round(arena, match, 0, 10, 101, clock)
    half_round(arena, match, 1, 10, 102, clock)
    finish(arena, match, teams[0].id, (10, 10), 123, clock, rules.BY_TIME, seconds=(0.5, 0.75))
    following = arena.matches.begin(MatchPlace(event.id, 0, 1), teams[1].id, teams[2].id, 1)
    half_round(arena, following, 0, 10, 124, clock)
    showing = watch(arena)
    assert live(showing, 112.9) == ("face", 1, 2, [10, 10])
    assert live(showing, 113) == ("timing", 1, 2, [10, 10])
    assert not {"seconds", "times"} & set(showing.state(122)["matches"]["1"])
    assert showing.state(124)["matches"]["1"]["seconds"] == [0.5, 0.75]
    assert live(showing, 126.9)[0] == "won"
    assert live(showing, 127) == ("face", 2, 3, [0, 0])


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
    assert live(showing, 200)[:3] == ("won", 3, 6)
    moments = records.Records(store.Store(str(arena.path.rpartition("/")[0]), read_only=True), PACE)
    moments.refresh()
    kinds = [(moment.kind, moment.id) for moment in moments.moments if moment.kind != "event"]
    assert kinds == [
        *[("half_round", 1), ("half_round", 2), ("result", 1), ("half_round", 3), ("half_round", 4), ("result", 2)],
        *[("half_round", 5), ("half_round", 6), ("result", 3)],
    ]


def test_a_clock_that_is_ahead_when_an_event_begins_hides_nothing(arena, clock):
    """A machine whose clock runs nine hours ahead until the network tells it the time."""
    clock.now = 100 + 9 * 3600
    event, teams = begin(arena)
    for number, (home, away) in enumerate([(0, 3), (1, 2), (0, 1)]):
        clock.now = 100 + 20 * number
        match = arena.matches.begin(MatchPlace(event.id, number // 2, number % 2), teams[home].id, teams[away].id, 1)
        for half in range(2):
            half_round(arena, match, half, 10, 101 + 20 * number + half, clock)
        finish(arena, match, teams[home].id, (10, 10), 103 + 20 * number, clock)
    showing = watch(arena)
    assert live(showing, 103)[:2] == ("face", 1)
    assert live(showing, 200)[:3] == ("won", 3, 6)


def test_a_team_that_is_reinstated_after_its_event_is_not_accused_any_more(arena, clock):
    event, teams = begin(arena)
    arena.teams.disqualify(teams[3].id, "trained on the test set")
    arena.events.finish(event.id, teams[0].id)
    showing = watch(arena)
    assert "'disqualified': True" in str(showing.state(clock.now + 1000))
    arena.teams.reinstate(teams[3].id, "it was not")
    assert "'disqualified': True" not in str(showing.state(clock.now + 1000))


def test_whoever_may_only_read_sees_an_event_that_begins_later(tmp_path, monkeypatch):
    """Without rights to the folder, SQLite is told that nobody writes, while nobody does."""
    monkeypatch.setattr(database, "is_still", lambda path: not os.path.exists(path + store_file.WAL))
    folder = str(tmp_path / "arena")
    with store.Store(folder) as arena:
        begin(arena, name="first")
    source, seen = board.Source(folder, ShowSettings(pace=0)), []

    def see():
        seen.append([event["name"] for event in source.show().events(time.time())])

    see()
    with store.Store(folder) as arena:
        begin(arena, name="second")
        see()
    see()
    source.close()
    assert seen == [["first"], ["first", "second"], ["first", "second"]]


def test_a_clock_that_is_a_week_ahead_of_all_others_shows_what_is_there(tmp_path, monkeypatch):
    """The arena wrote times to come, and nothing since: the screen does not wait for a week."""
    clock = Clock(time.time() + 7 * 24 * 3600)
    monkeypatch.setattr(database, "time", clock)
    with store.Store(str(tmp_path / "arena")) as arena:
        arena_data.run(arena_data.play_tournament(arena, arena_data.NAMES[:2]))
        clock.now = now = time.time()
        assert watch(arena, ShowSettings(pace=0)).state(now + 1)["stage"]["view"] == "champion"


def test_a_clock_that_is_set_back_while_it_is_looked_at_shows_what_is_there(tmp_path, monkeypatch):
    clock = Clock(time.time() + 7 * 24 * 3600)
    monkeypatch.setattr(database, "time", clock)
    monkeypatch.setattr(records, "time", clock)
    with store.Store(str(tmp_path / "arena")) as arena:
        arena_data.run(arena_data.play_tournament(arena, arena_data.NAMES[:2]))
        showing = watch(arena, ShowSettings(pace=0))
        assert showing.state(clock.now + 1)["stage"]["view"] == "champion"
        clock.now -= 7 * 24 * 3600
        assert showing.state(clock.now + 1)["stage"]["view"] == "champion"


def test_the_bracket_fills_as_it_is_told(arena, played, clock):
    event, (one, two, three, four), (_, _, final) = played
    showing = watch(arena)

    def places(now):
        return showing.state(now)["places"]

    ids = {"one": one.id, "two": two.id, "three": three.id, "four": four.id}
    start = {
        "0:0": {"home": ids["one"], "away": ids["four"]},
        "0:1": {"home": ids["two"], "away": ids["three"]},
        "1:0": {},
    }
    assert showing.state(100.5)["rounds"] == [{"teams": 4, "matches": 2}, {"teams": 2, "matches": 1}]
    assert places(100.5) == start
    assert places(112.9) == start | {"0:0": start["0:0"] | {"match": 1}}
    assert places(113)["1:0"] == {"home": one.id}
    assert places(127)["1:0"] == {"home": one.id, "away": two.id}
    assert places(200)["1:0"] == {"home": one.id, "away": two.id, "match": 3}
    for number in range(2, 6):
        half_round(arena, final, number, 15, 201 + number, clock)
    finish(arena, final, two.id, (48, 47), 210, clock)
    arena.events.finish(event.id, two.id)
    # Six half rounds from 200 to 236, then the winner until 240.
    assert live(showing, 235.9)[0] == "face"
    assert live(showing, 236) == ("won", 3, 10, [48, 47])
    assert not {"champion", "finished"} & set(showing.state(239.9)["event"])
    assert live(showing, 240) == ("champion", 3, None, [48, 47])
    state = showing.state(240)
    assert (state["event"]["champion"], state["event"]["champion_name"]) == (two.id, "team 2")
    assert state["path"] == [2, 3] and state["recap"] == []
    assert showing.next_change(241) == 244 and showing.next_change(245) == float("inf")


def test_byes_take_no_time(arena, clock):
    event, teams = begin(arena, count=3)
    clock.now = 101
    bye = arena.matches.begin(MatchPlace(event.id, 0, 0), teams[0].id, None, 1)
    arena_data.finish(arena, bye.id, teams[0].id, rules.BYE, (0, 0))
    match = arena.matches.begin(MatchPlace(event.id, 0, 1), teams[1].id, teams[2].id, 1)
    half_round(arena, match, 0, 10, 102, clock)
    showing = watch(arena)
    assert live(showing, 101.5) == ("draw", None, None, None)
    places = showing.state(101.5)["places"]
    assert places["0:0"] == {"home": teams[0].id, "match": bye.id, "bye": True}
    assert places["1:0"] == {"home": teams[0].id}
    assert live(showing, 102) == ("face", match.id, 1, [0, 0])
    state = showing.state(102)
    assert state["matches"][str(match.id)]["number"] == 1 and "number" not in state["matches"][str(bye.id)]
    assert (state["event"]["num_matches"], state["event"]["matches_told"]) == (2, 0)


def test_a_forfeit_without_half_rounds_has_its_turn(arena, clock):
    event, teams = begin(arena)
    clock.now = 101
    match = arena.matches.begin(MatchPlace(event.id, 0, 0), teams[0].id, teams[3].id, 1)
    arena_data.finish(arena, match.id, teams[0].id, rules.FORFEIT, (60, 0))
    following = arena.matches.begin(MatchPlace(event.id, 0, 1), teams[1].id, teams[2].id, 1)
    half_round(arena, following, 0, 10, 102, clock)
    showing = watch(arena)
    assert live(showing, 104.9) == ("forfeit", match.id, None, [60, 0])
    assert live(showing, 105.1) == ("face", following.id, 1, [0, 0])


def test_held_and_annulled(arena, played, clock):
    event, teams, (first, second, final) = played
    showing = watch(arena)
    clock.now = 230
    arena.matches.hold(final.id, because("the disk is full"))
    assert live(showing, 211)[0] == "face"
    held = showing.state(231)
    assert held["stage"]["view"] == "held" and held["matches"]["3"]["reason"]["en"] == "the disk is full"
    arena.matches.release(final.id)
    assert live(showing, 232)[0] == "between"
    before = showing.state(150)
    assert before["places"]["1:0"] == {"home": teams[0].id, "away": teams[1].id}
    clock.now = 240
    annulment.annul(arena, second.id, "wrong snapshot")
    after = showing.state(241)
    assert after["stage"]["view"] == "annulled"
    assert after["matches"]["2"]["status"] == "annulled"
    assert after["matches"]["2"]["reason"]["en"] == "wrong snapshot"
    assert after["matches"]["3"]["status"] == "annulled"
    assert after["matches"]["2"]["points"] == [30, 30]
    assert after["places"]["0:1"] == {"home": teams[1].id, "away": teams[2].id}
    assert after["places"]["1:0"] == {"home": teams[0].id}
    assert after["stage"]["next"] == {"home": teams[1].id, "away": teams[2].id, "round": 0, "position": 1}
    again = arena.matches.begin(MatchPlace(event.id, 0, 1), teams[1].id, teams[2].id, 1)
    half_round(arena, again, 0, 11, 250, clock)
    told = showing.state(251)["matches"][str(again.id)]
    assert (told["attempt"], told["number"]) == (2, 2)
    assert live(showing, 250.5) == ("face", again.id, 7, [0, 0])
    assert showing.match(second.id, 251)["half_rounds"][1]["generator_fault"]["en"] == "NaN!"


def test_forfeits_and_ratings_are_told_in_time(arena, played):
    showing = watch(arena)
    assert showing.state(122.9)["forfeits"] == []
    (forfeit,) = showing.state(123)["forfeits"]
    where = {"team": played[1][2].id, "match": 2, "number": 1, "network": "generator"}
    assert forfeit == where | {"reason": {"en": "NaN!", "ko": "NaN!"}, "why": {"en": "NaN!", "ko": "NaN!"}}
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
    assert "sure" not in showing.state(112.9)["matches"][str(match.id)] and showing.state(112.9)["ratings"] == {}
    state = showing.state(113)
    assert state["matches"][str(match.id)]["sure"] == pytest.approx([0.614, 0.386], abs=5e-4)
    assert not {"times", "timing"} & set(state["matches"][str(match.id)])
    found = state["ratings"][teams[0].name]
    assert (found["real"], found["generated"], found["fooled"]) == ([1, 1], [1, 1], [0, 1])
    with arena.writing():
        arena.matches.set_annulled(match.id, because("wrong"))
    assert watch(arena).state(113)["ratings"][teams[0].name]["real"] == [0, 0]


def test_a_league_has_a_table(arena, clock):
    event, teams = begin(arena, "league", 3)
    match = arena.matches.begin(MatchPlace(event.id, 0, 0), teams[0].id, teams[1].id, 1)
    half_round(arena, match, 0, 10, 101, clock)
    half_round(arena, match, 1, 20, 102, clock)
    finish(arena, match, teams[0].id, (20, 10), 103, clock)
    showing = watch(arena)
    nothing = {"played": 0, "won": 0, "drawn": 0, "lost": 0, "points": 0, "against": 0}
    won = nothing | {"played": 1, "won": 1, "points": 20, "against": 10}
    lost = nothing | {"played": 1, "lost": 1, "points": 10, "against": 20}
    one, two, three = (str(team.id) for team in teams)
    assert showing.state(112)["standings"] == {one: nothing, two: nothing, three: nothing}
    state = showing.state(113)
    assert state["standings"] == {one: won, two: lost, three: nothing}
    assert state["rounds"] == [] and state["places"] == {}
    assert state["stage"]["next"] == {"home": teams[2].id, "away": teams[0].id, "round": 1, "position": 0}


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
    assert state["places"]["0:0"] == {"home": home.id, "away": away.id, "match": match.id}
    assert state["event"]["champion"] == home.id


def test_teams_to_come(arena):
    event = arena.events.begin("cup", "tournament", 1, 4, {"teams": [["A", "p", None], ["B", "p", None]]})
    showing = watch(arena)
    state = showing.state(101)
    assert (state["event"]["num_teams"], state["event"]["teams_opened"], state["teams"]) == (2, 0, {})
    assert state["stage"] == {"view": "opening", "since": 100}
    arena_data.put_teams(arena, event.id, [("A", "p", None, None, None)])
    state = showing.state(101)
    assert state["event"]["teams_opened"] == 1 and [team["name"] for team in state["teams"].values()] == ["A"]


def test_a_team_against_itself(arena, clock):
    event, (team,) = begin(arena, "check", 1)
    match = arena.matches.begin(MatchPlace(event.id, 0, 0), team.id, team.id, 1)
    half_round(arena, match, 0, 10, 101, clock)
    half_round(arena, match, 1, 20, 101.5, clock)
    showing = watch(arena)
    assert live(showing, 107) == ("face", match.id, 2, [0, 10])
    assert live(showing, 113) == ("between", match.id, 2, [20, 10])


def test_events_follow_each_other(arena, played, clock):
    clock.now = 203
    begin(arena, "mock", 2)
    showing = watch(arena)
    assert [one["id"] for one in showing.events(211)] == [1]  # the second began while the first was still being shown
    assert [one["name"] for one in showing.events(212)] == ["tournament", "mock"]
    assert showing.state(212)["event"]["name"] == "mock"
    assert "stage" not in showing.state_of(1, 212) and showing.state_of(1, 212)["event"]["id"] == 1
    assert showing.state_of(2, 211) is None and showing.state_of(9, 211) is None


def test_a_half_round_is_shown_from_its_begin(arena, played):
    showing = watch(arena)
    assert showing.half_round(2, 106.9) is None and showing.half_round(99, 999) is None
    found = showing.half_round(2, 107)
    assert "points" not in found and set(found["cards"]["0"]) == {"image", "place"}
    found = showing.half_round(2, 113)
    assert [(card["truth"], card["p"]) for card in found["cards"].values()] == [(1, 0.75), (0, 0.25)]
    assert found["cards"]["0"]["image"].startswith("data:image/png;base64,") and found["points"] == 20
    assert showing.half_round(4, 123)["cards"] == {}
    assert showing.match(2, 116.9) is None and showing.replay(2, 126.9) is None
    assert [one["id"] for one in showing.match(2, 117)["half_rounds"]] == [3]
    assert showing.replay(2, 127)["match"] == showing.match(2, 127)
