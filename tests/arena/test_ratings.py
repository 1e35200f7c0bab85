"""Which matches say something about strength, and how much: by points since version 3 of the rules, by wins before."""

import pytest
from test_strength import PlackettLuce

from gan.arena import ratings, store, strength
from gan.arena.match_records import MatchPlace
from gan.arena.ratings import MatchToRate
from gan.arena.schema import Event
from gan.console.errors import Fault
from gan.contest import rules
from gan.contest.half_round import PlayedHalfRound
from gan.contest.rules import AWAY, HOME

NAMES = ("home", "away")
FAILED = Fault("not_finite", {"name": "generator"})


def halves(home, away, fault=None):
    """Scores of a round; away's discriminator judges first."""
    first = rules.HalfRoundScore(away, rules.GENERATOR_FAILED if fault else rules.GUESSED, 0.1, 0.1, fault, None)
    return [first, rules.HalfRoundScore(home, rules.GUESSED, 0.1, 0.1, None, None)]


def match(home, away, winner, rule, version=3, fault=None):
    return MatchToRate(NAMES, rules.Result((home, away), winner, rule), halves(home, away, fault), version)


@pytest.fixture
def kept(tmp_path):
    with store.Store(str(tmp_path)) as kept:
        yield kept


def moved(kept, *of_match, **more):
    """By how much home's and away's ratings move; None if they are not rated."""
    found = ratings.rated(kept, match(*of_match, **more))
    return found and tuple(found[name].mu - 25 for name in NAMES)


def test_more_points_move_more(kept):
    close, clear, utter = (moved(kept, points, 15, HOME, rules.BY_POINTS) for points in (16, 22, 30))
    assert 0 < close[0] < clear[0] < utter[0]
    assert all(one == pytest.approx(-other) for one, other in (close, clear, utter))
    away_wins = moved(kept, 15, 22, AWAY, rules.BY_POINTS)
    assert away_wins == pytest.approx(clear[::-1])


def test_a_toss_up_is_a_draw_and_less_time_is_half_a_point(kept):
    assert moved(kept, 20, 20, HOME, rules.TOSS_UP) == pytest.approx((0, 0))
    assert moved(kept, 20, 20, None, rules.DRAWN_TIME) == pytest.approx((0, 0))
    won, lost = moved(kept, 20, 20, AWAY, rules.BY_TIME)[::-1]
    by_a_point = moved(kept, 21, 20, HOME, rules.BY_POINTS)[0]
    assert won == pytest.approx(-lost) and won == pytest.approx(by_a_point / 2, rel=0.05)


def test_a_draw_brings_unequal_teams_together(kept):
    event = kept.events.begin("league", "league", 1, 4, {})
    teams = [kept.teams.add(event.id, name, "p", ("ab" * 32, 1, None)) for name in NAMES]
    row = kept.matches.begin(MatchPlace(event.id, 0, 0), teams[0].id, teams[1].id, 1)
    known = {"home": strength.Strength(30.0, 4.0), "away": strength.Strength(20.0, 4.0)}
    kept.matches.finish(row.id, rules.Result((20, 10), HOME, rules.BY_POINTS), None, known)
    found = ratings.rated(kept, match(20, 20, HOME, rules.TOSS_UP))
    assert found["home"].mu < 30 and found["away"].mu > 20 and found["home"].sigma < 4


def test_what_says_nothing(kept):
    for rule in (rules.FORFEIT, rules.BOTH_FAILED, rules.DRAWN_FAILED, rules.BYE):
        assert ratings.rated(kept, match(0, 30, AWAY, rule)) == {}
    for rule in (rules.TOSS_UP, rules.BY_SEEDING, rules.DRAWN_TIME):
        assert ratings.rated(kept, match(20, 20, HOME, rule, version=2)) == {}


def test_a_failure_and_earlier_rules_count_as_won_and_lost(kept):
    """By openskill's own numbers, whatever the points."""
    model = PlackettLuce()
    [[won], [lost]] = model.rate([[model.rating()], [model.rating()]])
    expected = (won.mu - 25, lost.mu - 25)
    assert moved(kept, 30, 1, HOME, rules.BY_POINTS, version=2) == expected
    assert moved(kept, 16, 15, HOME, rules.BY_POINTS, version=1) == expected
    assert moved(kept, 20, 20, HOME, rules.BY_TIME, version=2) == expected
    assert moved(kept, 5, 30, AWAY, rules.BY_POINTS, fault=FAILED) == expected[::-1]
    assert moved(kept, 20, 20, AWAY, rules.BY_FAULT) == expected[::-1]


def test_rated_again_as_before(kept):
    """A league under both rules, rated match by match, then all of it again."""
    for version, name in ((2, "old"), (3, "new")):
        event: Event = kept.events.begin(name, "league", 1, 4, {})
        with kept.writing():
            kept._database.change("UPDATE event SET rules = ? WHERE id = ?", version, event.id)
        teams = [kept.teams.add(event.id, one, "p", ("ab" * 32, 1, None)) for one in NAMES]
        played = [(26, 20, HOME, rules.BY_POINTS), (20, 20, AWAY, rules.BY_TIME), (20, 20, AWAY, rules.TOSS_UP)]
        for position, (home, away, winner, rule) in enumerate(played):
            row = kept.matches.begin(MatchPlace(event.id, 0, position), teams[0].id, teams[1].id, 1)
            found = MatchToRate(NAMES, rules.Result((home, away), winner, rule), halves(home, away), version)
            for number, score in enumerate(found.scores):
                pair = (teams[number].id, teams[1 - number].id)
                kept.half_rounds.add(row.id, number, pair, half_round_of(score))
            kept.matches.finish(row.id, found.result, None, ratings.rated(kept, found))
    before = [row[1:] for row in kept.ratings.all()]
    assert len(before) == 10  # a toss-up says nothing by the old rules
    kept.ratings.forget_from([1])
    assert kept.ratings.all() == []
    ratings.rate_again(kept, ["league"])
    assert [row[1:] for row in kept.ratings.all()] == before


def half_round_of(score):
    """A half round without images."""
    return PlayedHalfRound(1, score, None)


def league(folder, order, options):
    """A league of three whose matches are over in some order; returns its store and event."""
    kept = store.Store(str(folder))
    event = kept.events.begin("league 1", "league", 1, 4, options)
    found = [kept.teams.add(event.id, name, "p", ("ab" * 32, 1, None)) for name in "abc"]
    for place in order:
        home, away = [(0, 1), (1, 2), (2, 0)][place]
        row = kept.matches.begin(MatchPlace(event.id, place, 0), found[home].id, found[away].id, 1)
        for number, score in enumerate(halves(20 + place, 10)):
            kept.half_rounds.add(row.id, number, (found[home].id, found[away].id), PlayedHalfRound(1, score, None))
        kept.matches.finish(row.id, rules.Result((20 + place, 10), HOME, rules.BY_POINTS))
    return kept, event


def test_a_league_that_workers_played_is_rated_at_its_end_in_its_order(tmp_path):
    of_workers = {ratings.RATED_AT_END: True}
    with league(tmp_path / "home", (0, 1, 2), {})[0] as kept:
        ratings.rate_again(kept, ["league"])
        expected = [(row.name, *row.strength) for row in kept.ratings.all()]
    kept, event = league(tmp_path / "workers", (2, 0, 1), of_workers)
    with kept:
        ratings.rate_again(kept, ["league"])
        assert kept.ratings.all() == []  # it is not over, and others may be played before these
        ratings.rate_in_order(kept, event)
        assert [(row.name, *row.strength) for row in kept.ratings.all()] == expected
        ratings.rate_in_order(kept, event)
        assert len(kept.ratings.all()) == len(expected) == 6
