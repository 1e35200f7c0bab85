"""The views of the stage: one for each state of the arena, worked out by hand."""

import pytest
from conftest import because
from show_arena import PACE, begin, failed, finish, half_round, live, watch

from gan.arena import notes
from gan.arena.match_records import MatchPlace
from gan.arena.schedule import NextBattle
from gan.contest import rules
from gan.screen import matches
from gan.screen.pacing import ShowSettings

pytest_plugins = ["show_arena"]


def one_match(arena, clock, mode="league", points=(20, 10), **changes):
    """An event with a match of which both half rounds are played, at 101 and 102."""
    event, teams = begin(arena, mode, 2)
    match = arena.matches.begin(MatchPlace(event.id, 0, 0), teams[0].id, teams[1].id, 1)
    half_round(arena, match, 0, points[1], 101, clock)
    half_round(arena, match, 1, points[0], 102, clock, **changes)
    return event, teams, match


def test_nothing_and_the_first_countdown(arena, clock):
    assert watch(arena).state(100)["stage"] == {"view": "nothing"}
    arena.schedule.announce(NextBattle("mock 12:00", 1000.0, "Asia/Seoul"))
    showing = watch(arena)
    state = showing.state(100)
    assert state["stage"] == {"view": "countdown", "until": 1000, "time_zone": "Asia/Seoul"} and "event" not in state
    assert showing.state(1100)["stage"]["view"] == "countdown"  # buckets are looked at
    assert showing.next_change(100) == 1000 and showing.next_change(1000) == 1180
    assert showing.state(1180)["stage"] == {"view": "nothing"}


def test_between_mock_battles(arena, clock):
    event, teams, match = one_match(arena, clock, "mock")
    finish(arena, match, teams[0].id, (20, 10), 103, clock)
    arena.events.finish(event.id, None)
    arena.schedule.announce(NextBattle("mock 14:00", 1000.0, "Asia/Seoul"))
    showing = watch(arena)
    assert showing.state(110)["event"]["next_battle"] == 1000
    assert live(showing, 116.9)[0] == "won"  # from 113 to 117
    assert showing.state(117)["stage"]["view"] == "over"  # as long as a result
    stage = showing.state(121)["stage"]
    assert stage == {"view": "countdown", "since": 121, "until": 1000}
    assert showing.state(121)["event"]["time_zone"] == "Asia/Seoul"
    assert "next_battle" not in showing.state(1000)["event"]
    assert showing.state(1179)["stage"]["view"] == "countdown" and showing.state(1180)["stage"]["view"] == "over"


def test_mock_battles_that_are_frozen(arena, clock):
    event, teams, match = one_match(arena, clock, "mock")
    finish(arena, match, teams[0].id, (20, 10), 103, clock)
    arena.events.finish(event.id, None)
    arena.schedule.announce(NextBattle("mock 14:00", 1000.0, "Asia/Seoul"))
    clock.now = 200
    arena.log.add("freeze", notes.note("arena_frozen_because", reason="lunch"))
    showing = watch(arena)
    assert showing.state(199)["stage"]["view"] == "countdown" and showing.next_change(199) == 200
    state = showing.state(200)
    assert state["stage"] == {"view": "frozen", "since": 200}
    assert state["event"]["frozen"] == {"at": 200, "reason": {"en": "lunch", "ko": "lunch"}}
    clock.now = 300
    arena.log.add("thaw", notes.note("arena_thawed"))
    state = showing.state(300)
    assert state["stage"]["view"] == "countdown" and "frozen" not in state["event"]


@pytest.mark.parametrize(
    "rule, winner, view",
    [
        (rules.BY_POINTS, 0, "won"),
        (rules.BY_TIME, 1, "won"),
        (rules.TOSS_UP, 0, "toss_up"),
        (rules.DRAWN_TIME, None, "drawn"),
        (rules.FORFEIT, 0, "forfeit"),
    ],
)
def test_results(arena, clock, rule, winner, view):
    event, teams, match = one_match(arena, clock)
    clock.now = 103
    arena.matches.finish(match.id, rules.Result((20, 10), winner, rule))
    showing = watch(arena)
    state = showing.state(113)
    assert state["stage"] == {"view": view, "since": 113, "match": match.id, "half_round": 2}
    assert state["matches"]["1"]["explanation"] == rules.translations(rule)
    assert ("winner" in state["matches"]["1"]) == (winner is not None)
    assert ("recap" in state) == (view in ("won", "toss_up"))


def test_a_match_by_itself_is_over_with_its_result(arena, clock):
    event, teams, match = one_match(arena, clock, "match")
    finish(arena, match, teams[0].id, (20, 10), 103, clock)
    arena.events.finish(event.id, teams[0].id)
    assert watch(arena).state(117)["stage"] == {"view": "over", "since": 117, "match": match.id}


@pytest.mark.parametrize("mode, home, expected", [("league", 0, "timing"), ("check", 1, "between")])
def test_equal_points_are_timed(arena, clock, mode, home, expected):
    event, teams = begin(arena, mode, 2)
    match = arena.matches.begin(MatchPlace(event.id, 0, 0), teams[home].id, teams[1].id, 1)
    half_round(arena, match, 0, 10, 101, clock)
    half_round(arena, match, 1, 10, 102, clock)
    showing = watch(arena)
    assert live(showing, 112.9)[0] == "face" and live(showing, 113)[0] == expected


def test_equal_points_of_which_one_fails_are_not_timed(arena, clock):
    one_match(arena, clock, points=(30, 30), **failed(because("NaN!")))
    assert live(watch(arena), 120)[0] == "failed"


def test_frozen_is_told_when_the_show_has_got_there(arena, clock):
    event, teams, match = one_match(arena, clock)
    finish(arena, match, teams[0].id, (20, 10), 103, clock)
    clock.now = 104
    arena.events.set_frozen(event.id, True, "the projector is broken, see /srv/notes")
    showing = watch(arena)
    for now in (104, 116.9):
        assert "frozen" not in showing.state(now)["event"]
    state = showing.state(117)
    reason = dict.fromkeys(("en", "ko"), "the projector is broken, see …")
    assert state["event"]["frozen"] == {"at": 104, "reason": reason}
    assert state["stage"] == {"view": "frozen", "since": 117, "match": match.id}
    clock.now = 130
    arena.events.set_frozen(event.id, False)
    state = showing.state(130)
    assert "frozen" not in state["event"] and state["stage"]["view"] == "won"


def test_disqualified_is_told_in_time(arena, clock):
    event, teams, match = one_match(arena, clock)
    finish(arena, match, teams[0].id, (20, 10), 103, clock)
    clock.now = 104
    arena.teams.disqualify(teams[1].id, "copied")
    showing = watch(arena)
    key = str(teams[1].id)
    assert "disqualified" not in showing.state(116.9)["teams"][key]
    assert showing.state(117)["teams"][key]["disqualified"] is True
    assert showing.state(117)["stage"]["view"] == "won"  # it was played
    arena.teams.reinstate(teams[1].id, "it was not")
    assert "disqualified" not in showing.state(118)["teams"][key]


def refuse(arena, team):
    with arena.writing():
        fault = notes.faults.encoded(notes.note("no_snapshot"))
        arena._database.change("UPDATE team SET fault = ? WHERE id = ?", fault, team.id)


def test_a_refusal_is_told_once_the_snapshot_was_opened(arena, clock):
    event, teams = begin(arena, "league", 2)
    refuse(arena, teams[1])
    told = watch(arena).state(101)["teams"][str(teams[1].id)]
    assert told["refused"]["en"].startswith("there is no complete snapshot (files")
    assert told["why"] == {"en": "it has handed in nothing that is complete", "ko": "온전하게 제출한 것이 없습니다"}


def test_a_refusal_after_play_is_told_with_what_it_forfeits(arena, clock):
    event, teams = begin(arena, "league", 3)
    first = arena.matches.begin(MatchPlace(event.id, 0, 0), teams[0].id, teams[1].id, 1)
    half_round(arena, first, 0, 2, 101, clock)
    refuse(arena, teams[1])
    second = arena.matches.begin(MatchPlace(event.id, 1, 0), teams[1].id, teams[2].id, 1)
    showing = watch(arena)
    assert "refused" not in showing.state(105)["teams"][str(teams[1].id)]
    clock.now = 120
    arena.matches.finish(second.id, rules.Result((0, 60), rules.AWAY, rules.FORFEIT))
    state = showing.state(120)
    assert "refused" in state["teams"][str(teams[1].id)]
    assert state["forfeits"][0]["matches"] == [second.id] and state["stage"]["view"] == "forfeit"


def test_mock_battles_know_who_comes_next(arena, clock):
    event, teams = begin(arena, "mock", 4, {"teams": [[f"team {n}", "p", None] for n in range(1, 5)]})
    pairs = [[(teams[0].id, teams[1].id), (teams[2].id, teams[3].id)]]
    arena.events.set_options(event.id, event.options | {"pairs": pairs})
    arena.teams.set_seeding(event.id, {team.id: place for place, team in enumerate(teams, 1)})
    showing = watch(arena)
    state = showing.state(101)
    assert state["stage"]["view"] == "draw" and state["event"]["num_matches"] == 2
    assert state["stage"]["next"] == {"home": teams[0].id, "away": teams[1].id, "round": 0, "position": 0}
    match = arena.matches.begin(MatchPlace(event.id, 0, 0), teams[0].id, teams[1].id, 1)
    half_round(arena, match, 0, 2, 102, clock)
    half_round(arena, match, 1, 1, 103, clock)
    finish(arena, match, teams[1].id, (1, 2), 104, clock)
    assert showing.state(114)["stage"]["next"]["home"] == teams[2].id


def of_match(points, judged, num_rounds=1):
    return {"home": 1, "away": 2, "num_rounds": num_rounds, "points": points, "judged": judged}


NEEDS = [
    (of_match([0, 0], [0, 0]), 0, None),
    (of_match([0, 24], [0, 30]), 1, {"team": 1, "to_win": 25, "of": 30}),
    (of_match([8, 24], [13, 30]), 1, {"team": 1, "to_win": 17, "of": 17}),
    (of_match([8, 24], [14, 30]), 1, None),  # 16 are open: level at the most
    (of_match([8, 24], [15, 30]), 1, {"decided": 2}),
    (of_match([25, 24], [28, 30]), 1, {"decided": 1}),
    (of_match([24, 24], [30, 30]), 1, None),
    (of_match([40, 55], [60, 60], 3), 4, None),
    (of_match([20, 60], [60, 71], 3), 4, {"decided": 2}),  # 40 more, and home can get 30 only
    (of_match([60, 80], [60, 90], 3), 5, {"team": 1, "to_win": 21, "of": 30}),
    (of_match([9, 24], [15, 30]) | {"home": 2}, 1, None),  # a team against itself
]


@pytest.mark.parametrize("match, number, expected", NEEDS)
def test_what_is_needed(match, number, expected):
    assert matches.needs(match, number, 30) == expected


def test_it_is_told_on_the_stage(arena, clock):
    """Home's discriminator judges second: two faces, and away has one point of two."""
    one_match(arena, clock, points=(2, 1))
    showing = watch(arena, PACE)
    assert "needs" not in showing.state(104)["half_round"]
    assert showing.state(107)["half_round"]["needs"] == {"team": 1, "to_win": 2, "of": 2}
    assert showing.state(108.1)["half_round"]["needs"] == {"team": 1, "to_win": 1, "of": 1}
    assert showing.state(112)["half_round"]["needs"] == {"decided": 1}


def test_the_faces_that_fooled_most_and_the_way_of_the_champion(arena, clock):
    event, teams = begin(arena, "tournament", 2)
    match = arena.matches.begin(MatchPlace(event.id, 0, 0), teams[0].id, teams[1].id, 1)
    half_round(arena, match, 0, 1, 101, clock, probabilities=[0.75, 0.875])  # its generated face is taken for real
    half_round(arena, match, 1, 2, 102, clock)
    finish(arena, match, teams[0].id, (2, 1), 103, clock)
    arena.events.finish(event.id, teams[0].id)
    showing = watch(arena)
    assert "recap" not in showing.state(112)
    (face,) = showing.state(113)["recap"]
    assert face.pop("image").startswith("data:image/png")
    assert face == {"half_round": 1, "match": 1, "team": teams[0].id, "truth": 0, "p": 0.875}
    state = showing.state(117)
    assert state["stage"]["view"] == "champion" and state["path"] == [match.id] and len(state["recap"]) == 1
    assert showing.state(200) | {"now": 0} == state | {"now": 0}


def test_settings_are_told(arena, clock):
    assert watch(arena, ShowSettings(pace=3)).state(1)["settings"] == {"pace": 3}
    assert watch(arena, ShowSettings(show_minutes=30)).state(1)["settings"] == {"show_minutes": 30}
