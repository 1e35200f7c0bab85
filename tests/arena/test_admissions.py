import hostile
import pytest
from conftest import synthetic_images

from gan.arena import arena, events, open_snapshots, schema, teams
from gan.console.errors import UserError
from gan.contest import faults
from gan.sandbox import staging

pytest.importorskip("openskill", reason="pip install 'gan-contest[arena]'")


def test_what_no_team_can_do_is_tried_often_for_the_first_one_only(tmp_path, monkeypatch):
    slept = []
    monkeypatch.setattr(open_snapshots.time, "sleep", slept.append)

    def fail(*_):
        raise UserError("no credentials")

    entries = [teams.Entrant(name, str(tmp_path / name), 0, None) for name in "abcdefgh"]
    with arena.Arena(str(tmp_path / "arena"), 2500, synthetic_images(120, 2500, 1)) as opened:
        event = events.begin(opened, "cup", events.TOURNAMENT, entries, 1, {"seeding": events.BY_DRAW})
        with monkeypatch.context() as without:
            without.setattr(staging, "stage", fail)
            assert len(events.play(opened, event).held) == 4
        assert sum(slept) == sum(open_snapshots.PAUSES)
        tried = [entry.note.parameters["team"] for entry in opened.store.log.entries() if entry.kind == "host"]
        assert tried[:5] == ["a", "a", "a", "b", "c"]
        assert len([name for name in tried if name in "abcdefgh"]) == 3 + 7 + 4  # the first team, the others, matches


def test_a_team_that_cannot_be_admitted_keeps_others_waiting_once(tmp_path, monkeypatch):
    """This machine has no credentials, say. Each further match of the team is one try without a pause, and is held."""
    names, slept, stage = "abcd", [], staging.stage
    for name in names[1:]:
        hostile.write(str(tmp_path / name))

    def stage_or_fail(where, *others):
        if where.endswith("/a"):
            raise faults.host_failure("process_refused", reason="nothing works")
        return stage(where, *others)

    monkeypatch.setattr(staging, "stage", stage_or_fail)
    monkeypatch.setattr(open_snapshots.time, "sleep", slept.append)
    entries = [teams.Entrant(name, str(tmp_path / name), 0, None) for name in names]
    with arena.Arena(str(tmp_path / "arena"), 2500, synthetic_images(120, 2500, 1)) as opened:
        outcome = events.play(opened, events.begin(opened, "league", events.LEAGUE, entries, 1))
        assert sum(slept) == sum(open_snapshots.PAUSES)
        played = opened.store.matches.of_event(outcome.event.id)
        assert sorted(row.status for row in played) == [schema.DONE] * 3 + [schema.HELD] * 3
        monkeypatch.setattr(staging, "stage", stage)  # the same command again
        assert not events.play(opened, outcome.event).held
