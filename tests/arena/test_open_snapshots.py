"""Snapshots that are kept open from match to match, with real processes."""

import hostile
import pytest

from gan.arena import arena, events, open_snapshots, teams
from gan.data import tfrecords
from gan.sandbox import child_process, staging

pytest.importorskip("openskill", reason="pip install 'gan-contest[arena]'")

NAMES = "ada", "bob", "cyd", "dan"


@pytest.fixture
def four(tmp_path):
    for number, name in enumerate(NAMES, 1):
        hostile.write(str(tmp_path / name), step=number)
    return [teams.Entrant(name, str(tmp_path / name), 0, None) for name in NAMES]


def play(folder, images, entrants, most_open):
    """A tournament in which nothing stays open from the opening; for each match, what is open once it is played."""
    seen = []
    with arena.Arena(str(folder), 2500, images, arena.ArenaSettings(most_open=most_open)) as opened:
        event = events.begin(opened, "one", events.TOURNAMENT, entrants, 1)
        events.admit_all(opened, event)
        opened.rest()
        names = {team.snapshot: team.name for team in opened.store.teams.of_event(event.id)}

        def on_match(row, home, away):
            seen.append(({home.name, away.name}, {names[digest] for digest in opened._open._open}))

        assert events.play(opened, event, on_match).champion is not None
    return seen


def test_those_who_play_next_are_opened_meanwhile(tmp_path, faces, four):
    images = tfrecords.read_all([faces], 2500)
    (first, at_first), (second, at_second), _ = play(tmp_path / "wide", images, four, open_snapshots.FEWEST_OPEN)
    assert first | second == set(NAMES)
    assert at_first == set(NAMES)
    assert second < at_second, "nobody is opened for a match whose teams are not known yet"
    # With room for one match alone, those that play stay open.
    (first, at_first), *_ = play(tmp_path / "narrow", images, four, 2)
    assert at_first == first


def test_a_copy_that_is_gone_harms_nothing_before_its_match(tmp_path, faces, four):
    images = tfrecords.read_all([faces], 2500)
    with arena.Arena(str(tmp_path / "arena"), 2500, images) as opened:
        event = events.begin(opened, "one", events.TOURNAMENT, four, 1)
        events.admit_all(opened, event)
        opened.rest()
        lost = opened.store.teams.of_event(event.id)[3]
        (tmp_path / "arena" / "snapshots" / lost.snapshot).rename(tmp_path / "elsewhere")
        opened._open.expect([lost])
        opened._open.await_expected()
        assert not opened._open._open


def test_what_is_needed_last_makes_room_for_others(tmp_path, four):
    staged = [staging.stage(entrant.path, str(tmp_path / "copies")) for entrant in four]
    with open_snapshots.OpenSnapshots(str(tmp_path / "copies"), 2500, child_process.DEFAULT_LIMITS, 3) as opened:
        ada, bob, cyd = (opened.open(one) for one in staged[:3])
        opened.needed_last(staged[1].digest)
        opened.open(staged[3])
        assert [one.closed for one in (ada, bob, cyd)] == [False, True, False]
        opened.open(staged[1])
        assert [one.closed for one in (ada, cyd)] == [True, False], "else the one unused for longest"


def test_winners_of_a_round_stay_open_for_the_next(tmp_path, faces, four):
    """Of 8 teams with room for 6, each snapshot is opened once: losers are closed, and no winner is."""
    others = []
    for number, name in enumerate("efgh", 5):
        hostile.write(str(tmp_path / name), step=number)
        others.append(teams.Entrant(name, str(tmp_path / name), 0, None))
    with arena.Arena(
        str(tmp_path / "arena"), 2500, tfrecords.read_all([faces], 2500), arena.ArenaSettings(most_open=6)
    ) as opened:
        event = events.begin(opened, "one", events.TOURNAMENT, four + others, 1)
        events.admit_all(opened, event)
        opened.rest()
        before = opened._open._running_sandbox()._count
        assert events.play(opened, event).champion is not None
        assert opened._open._running_sandbox()._count - before == 8
