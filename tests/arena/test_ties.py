"""Ties and draws in real matches: how they are timed, what is kept, told and rated, and what needs a winner."""

import os

import hostile
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from gan.arena import (
    arena,
    bracket,
    events,
    league_on_workers,
    match,
    played_elsewhere,
    recognition,
    result_pages,
    schema,
    store,
    teams,
    terminal,
    words,
)
from gan.contest import rules, timing
from gan.data import tfrecords
from gan.distributed import worker_pool
from gan.screen import show
from gan.screen.pacing import ShowSettings

pytest.importorskip("openskill", reason="pip install 'gan-contest[arena]'")
pytestmark = pytest.mark.alone


def all_real(images):
    """Takes every image for real: 15 points, whatever it sees."""
    return 1 + 0 * hostile.fair_discriminator(images)


def slow(noise):
    """Takes some ms more than the fair generator, which depend on the input."""
    x = tf.fill([400, 400], 1e-3 + 0 * noise[0, 0])
    for _ in range(4):
        x = tf.matmul(x, x)
    return hostile.fair_generator(noise) + 0 * tf.reduce_sum(x)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    folder = tmp_path_factory.mktemp("folders")
    hostile.write(str(folder / "fast"), discriminator=all_real)
    hostile.write(str(folder / "slow"), slow, all_real)
    for name in ("broken", "refused"):
        hostile.build("PyFunc", folder / name)
    return folder


@pytest.fixture
def opened(tmp_path, faces):
    with arena.Arena(str(tmp_path / "arena"), 2500, tfrecords.read_all([faces], 2500)) as opened:
        yield opened


def play(opened, folders, mode, names, **options):
    """Plays an event between teams of these names, whose folders are what stands before a dash; returns its outcome."""
    entrants = [teams.Entrant(name, str(folders / name.split("-")[0]), 0, None) for name in names]
    return events.play(opened, events.begin(opened, f"the {mode}", mode, entrants, 5, options))


def only_match(opened):
    (row,) = opened.store.matches.all()
    return row


def test_slower_networks_lose_and_what_was_measured_is_kept(opened, folders, tmp_path):
    outcome = play(opened, folders, events.LEAGUE, ["slow", "fast"])
    row, measured = only_match(opened), opened.store.timings.of_match(1)
    home, away = (opened.store.teams.get(team) for team in (row.home, row.away))
    assert (
        outcome.champion.name == "fast" and row.rule == rules.BY_TIME and (row.home_points, row.away_points) == (15, 15)
    )
    assert measured.tells and measured.seconds == (row.home_seconds, row.away_seconds)
    assert timing.FEWEST_PAIRS <= len(measured.home) == len(measured.away) <= timing.MOST_PAIRS
    latest = opened.store.ratings.latest()
    assert latest["fast"].strength.mu > 25 > latest["slow"].strength.mu
    names = {team.id: team.name for team in opened.store.teams.of_event(1)}
    found = recognition.of_arena(opened.store)["fast"]
    assert (found.real, found.generated, found.fooled) == ((15, 15), (0, 15), (15, 15))
    results = result_pages.TeamResults(
        outcome.event, home, [row], names, record=recognition.sentence(found), timings=opened.store.timings.all()
    )
    result_pages.write(str(tmp_path / "page"), results, result_pages.HalfRoundFiles(opened.store.half_rounds.of_match))
    page = (tmp_path / "page" / "index.html").read_text()
    times = words.times(measured)
    assert (
        all(f"{name} {time}" in page for name, time in zip((home.name, away.name), times)) and "the times tell" in page
    )
    assert "100% (15 of 15) of real and 0% (0 of 15) of generated" in page
    korean = results._replace(record=recognition.sentence(found, "ko"), language="ko")
    half_rounds = result_pages.HalfRoundFiles(opened.store.half_rounds.of_match)
    result_pages.write(str(tmp_path / "korean"), korean, half_rounds)
    page = (tmp_path / "korean" / "index.html").read_text()
    assert "fast 승리: 동점, 더 짧은 시간. 두 팀의 점수가" in page and f"모델 실행 시간: {home.name} {times[0]}" in page
    assert "이미지 30장 중 15장 정답: 실제 15장 중 15장, 생성 15장 중 0장; 생성자 " in page and "wins" not in page
    assert f"{times[0]} against {times[1]}" in terminal.line(row, home, away)


def test_a_tie_that_was_played_elsewhere_is_measured_here(opened, folders):
    """As workers of a league leave it: its half rounds are kept, and it waits."""
    entrants = [teams.Entrant(name, str(folders / name), 0, None) for name in ("slow", "fast")]
    event = events.begin(opened, "league 1", events.LEAGUE, entrants, 5)
    assert events.admit_all(opened, event)
    ((pair,),) = bracket.everyone_against_everyone(2)
    home, away = (opened.store.teams.of_event(event.id)[place] for place in pair)
    wanted, images = arena.MatchToPlay(0, 0, home, away, 1, True), opened.images_of(event)
    key = played_elsewhere.key_of_next(opened, event, wanted)
    sides = [opened._side(team) for team in (home, away)]
    played = [match.play_half_round(sides, number, images, key) for number in range(2)]
    row = played_elsewhere.keep(opened, event, wanted, played)
    assert played_elsewhere.tied(opened, event) == {(0, 0): key}
    assert row.status == schema.PLAYING and len(opened.store.half_rounds.of_match(row.id)) == 2
    outcome = events.play(opened, event)
    row = only_match(opened)
    assert outcome.champion.name == "fast" and row.rule == rules.BY_TIME and row.attempt == key[-1] == 1
    assert opened.store.timings.of_match(row.id).tells
    assert opened.store.ratings.latest()["fast"].strength.mu > 25


def test_a_worker_measures_the_ties_of_its_league(opened, folders, monkeypatch):
    pytest.importorskip("distributed", reason="pip install 'gan-contest[cluster]'")
    monkeypatch.setattr(match, "measure_times", None)  # here; workers have modules of their own
    entrants = [teams.Entrant(name, str(folders / name), 0, None) for name in ("slow", "fast")]
    event = events.begin(opened, "league 1", events.LEAGUE, entrants, 5)
    with worker_pool.WorkerPool(1, None) as pool:
        outcome = events.play(opened, event, workers=league_on_workers.Workers(pool))
    row = only_match(opened)
    assert row.rule in (rules.BY_TIME, rules.TOSS_UP) and outcome.champion.id == row.winner
    assert opened.store.timings.of_match(row.id).seconds == (row.home_seconds, row.away_seconds)
    assert {one.match for one in opened.store.ratings.all()} == {row.id}


def test_equals_are_told_apart_only_by_a_toss_up(opened, folders):
    """The same snapshot on both sides: who wins is luck, and said to be (in all but 5% of such ties)."""
    outcome = play(opened, folders, events.LEAGUE, ["fast-1", "fast-2"])
    row, measured = only_match(opened), opened.store.timings.of_match(1)
    assert row.rule == (rules.BY_TIME if measured.tells else rules.TOSS_UP)
    assert (row.home_seconds < row.away_seconds) == (row.winner == row.home)
    assert outcome.champion.id == row.winner
    latest = {name: found.strength.mu for name, found in opened.store.ratings.latest().items()}
    assert set(latest.values()) == {25.0} or measured.tells
    with store.Store(opened.folder, read_only=True) as kept:
        told = show.Show(kept, ShowSettings(pace=0)).state(2e9)["matches"][str(row.id)]
    assert told["times"] == list(words.times(measured)) and told["times"][0] != told["times"][1]
    assert told["timing"]["tells"] == measured.tells and told["timing"]["pairs"] == len(measured.home)
    assert "sure" not in told


def test_slow_teams_do_not_stop_an_event_by_a_tie(opened, folders, monkeypatch):
    """After a while one pair is enough: it decides, and tells nothing."""
    monkeypatch.setattr(timing, "MOST_SECONDS", 0.0)
    monkeypatch.setattr(timing, "LONGEST_SECONDS", 0.0)
    outcome = play(opened, folders, events.LEAGUE, ["slow", "fast"])
    row, measured = only_match(opened), opened.store.timings.of_match(1)
    assert len(measured.home) == 1 and not measured.tells and row.rule == rules.TOSS_UP
    assert outcome.champion.id == row.winner and (row.home_seconds < row.away_seconds) == (row.winner == row.home)
    assert row.away_seconds == measured.away[0] and words.times(measured)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system pins nothing")
def test_both_are_pinned_to_one_core_and_let_go(opened, folders, monkeypatch):
    """Every thread of both processes, while they are timed and after it."""
    seen, time_of_round = [], arena.match._time_of_round

    def look(side, *rest):
        seen.append(cores_of(side.open()))
        return time_of_round(side, *rest)

    def cores_of(snapshot):
        pid = snapshot._process._pid
        return {frozenset(os.sched_getaffinity(int(thread))) for thread in os.listdir(f"/proc/{pid}/task")}

    monkeypatch.setattr(arena.match, "_time_of_round", look)
    play(opened, folders, events.LEAGUE, ["slow", "fast"])
    measured = opened.store.timings.of_match(1)
    assert measured.core in os.sched_getaffinity(0)
    assert seen and all(cores == {frozenset({measured.core})} for cores in seen)
    for snapshot in opened._open._open.values():
        assert cores_of(snapshot) == {frozenset(os.sched_getaffinity(0))}


def test_earlier_rules_measure_15_times_and_know_no_toss_up(opened, folders, monkeypatch):
    monkeypatch.setattr(rules, "VERSION", 2)
    play(opened, folders, events.LEAGUE, ["fast-1", "fast-2"])
    row, measured = only_match(opened), opened.store.timings.of_match(1)
    assert len(measured.home) == 15 and row.rule == rules.BY_TIME
    winner = opened.store.teams.get(row.winner).name
    assert opened.store.ratings.latest()[winner].strength.mu > 26  # a full win


@pytest.mark.parametrize("mode", [events.LEAGUE, events.MATCH])
def test_two_that_cannot_take_part_draw(opened, folders, mode):
    options = {"num_rounds": 1} if mode == events.MATCH else {}
    play(opened, folders, mode, ["broken", "refused"], **options)
    row = only_match(opened)
    assert (row.status, row.winner, row.rule) == ("done", None, rules.DRAWN_FAILED)
    assert opened.store.ratings.all() == []
    listed = opened.store.teams.of_event(1)
    assert "nobody wins: equal points, both sides failed, a draw" in terminal.line(row, *listed)
    if mode == events.LEAGUE:
        table = events.standings(opened.store, opened.store.events.get(1))
        assert [(found.played, found.won, found.drawn) for _, found in table] == [(1, 0, 1)] * 2
        assert " 0      1     0" in terminal.table_text(table)
    with store.Store(opened.folder, read_only=True) as kept:
        state = show.Show(kept, ShowSettings(pace=0)).state(2e9)
    told = state["matches"][str(row.id)]
    assert "winner" not in told and "nobody wins" in told["explanation"]["en"]


def test_two_that_cannot_take_part_in_a_mock_battle(opened, folders):
    """They are left out of the draw; a bucket that closes between draw and match is a fault of then."""
    names = ["broken", "refused", "fast-1", "fast-2", "House team"]
    play(opened, folders, events.MOCK, names[:4] + ["fast-3"])
    drawn = {opened.store.teams.get(team).name for row in opened.store.matches.all() for team in (row.home, row.away)}
    assert drawn == {"fast-1", "fast-2"}


def test_a_tournament_needs_a_winner_all_the_same(opened, folders):
    outcome = play(opened, folders, events.TOURNAMENT, ["broken", "refused"])
    row = only_match(opened)
    assert row.rule == rules.BOTH_FAILED and row.winner == row.home and outcome.champion.id == row.home
    assert "home, which is the better seeded team of a tournament" in rules.EXPLANATIONS[row.rule]
    assert opened.store.ratings.all() == []


def test_under_earlier_rules_home_wins_in_a_league(opened, folders, monkeypatch):
    monkeypatch.setattr(rules, "VERSION", 2)
    outcome = play(opened, folders, events.LEAGUE, ["broken", "refused"])
    row = only_match(opened)
    assert row.rule == rules.BOTH_FAILED and row.winner == row.home and outcome.event.rules == 2


def test_a_check_times_nobody_against_itself(opened, folders):
    play(opened, folders, events.CHECK, ["fast"])
    assert only_match(opened).rule == rules.DRAWN_TIME and opened.store.timings.all() == {}


class Asked:
    """Stands for an open snapshot: draws images of one grey level, and keeps what it is asked to judge."""

    def __init__(self, grey):
        self.grey, self.judged, self.seconds = grey, [], 0.0

    def wait(self):
        pass

    def pin(self, cores):
        return True

    def generate(self, noise):
        self.seconds = 2.0
        return np.full((len(noise), 2500), self.grey, np.float32)

    def discriminate(self, images, batch_size, references):
        assert batch_size == 1 and len(references) == 15
        self.judged.append(images)
        self.seconds = 1.0


def test_a_discriminator_is_timed_on_what_the_other_side_draws_and_on_real_images():
    """A third of a round's images a time, 5 of each kind: 2 s for the images and three times 1 s to judge them."""
    real = np.arange(20, dtype=np.uint8)[:, None].repeat(2500, 1)
    asked = Asked(0.2), Asked(0.8)
    sides = [match.Side(schema.Team(n, 0, "", "", None, None, None, None), lambda n=n: asked[n]) for n in (0, 1)]
    times, measured = match.measure_times(sides, match.EventImages(real, real[:15], rules.VERSION), (1, 2))
    assert (times.home, times.away, times.tells) == (5.0, 5.0, False)
    assert len(measured.home) == timing.MOST_PAIRS
    for one, other in (asked, asked[::-1]):
        round_ = np.concatenate(one.judged[:3])
        assert all(len(part) == 10 and (part > 0.1).all(1).sum() == 5 for part in one.judged)
        drawn = round_[(round_ > 0.1).all(1)]
        assert len(drawn) == 15 and np.allclose(drawn, other.grey, atol=0.01)
        assert len(np.unique(round_[(round_ < 0.1).all(1)][:, 0])) == 15
