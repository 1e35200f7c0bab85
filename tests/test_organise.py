"""What an organiser does by the command, in arenas of made-up events and in one that is really played."""

import contextlib
import json
import os
import pty
import re
import shutil
import sqlite3
import subprocess
import sys
import time

import arena_data
import hostile
import pytest
from conftest import because

from gan import battle, organise
from gan.arena import annulment, freezing, organiser, schema, store
from gan.console import actions
from gan.console.errors import StateError
from gan.contest import faults, rules

CHANGES = {
    "annul": ["--match=1", "--reason=wrong test set"],
    "disqualify": ["--event=open", "--team=Blue Foxes", "--reason=why"],
    "reinstate": ["--event=open", "--team=Team Mira", "--reason=why"],
    "freeze": ["--reason=lunch"],
    "thaw": [],
    "rename": ["--event=cup", "--to=Faces Cup"],
}


@pytest.fixture
def folder(tmp_path):
    """An arena with a finished tournament and a league that has just begun."""
    folder = str(tmp_path / "arena")
    with store.Store(folder) as kept:
        arena_data.run(arena_data.play_tournament(kept, arena_data.NAMES[:4], name="cup"))
        arena_data.run(arena_data.play_league(kept, arena_data.NAMES[:4], name="open"), 3)
        out = next(team for team in kept.teams.of_event(kept.events.named("open").id) if team.name == "Team Mira")
        kept.teams.disqualify(out.id, "mistaken for another one")
    return folder


def run(action, *flags, folder):
    return organise.main(["organise", action, f"--arena_dir={folder}", *flags])


def log(folder):
    """(kind, sentence, who) of each entry of an arena's log."""
    with store.Store(folder, read_only=True) as kept:
        return [(entry.kind, faults.sentence(entry.note), entry.by) for entry in organiser.log(kept)]


def contents(folder):
    """name -> bytes of each file in an arena_dir."""
    return {name: open(os.path.join(folder, name), "rb").read() for name in sorted(os.listdir(folder))}


@pytest.mark.parametrize("action", CHANGES)
def test_without_yes_nothing_is_changed(action, folder, capsys):
    if action == "thaw":
        assert run("freeze", "--yes", folder=folder) == 0
    before = contents(folder)
    assert run(action, *CHANGES[action], folder=folder) == 1
    assert contents(folder) == before
    out = capsys.readouterr().out
    assert out.endswith("Nothing was changed. --yes does it.\n")


@pytest.mark.parametrize("action", CHANGES)
def test_with_yes_it_says_what_it_did(action, folder, capsys):
    pytest.importorskip("openskill", reason="pip install 'gan-contest[arena]'")
    if action == "thaw":
        assert run("freeze", "--yes", folder=folder) == 0
    assert run(action, *CHANGES[action], "--yes", folder=folder) == 0
    assert capsys.readouterr().out.endswith("\nDone.\n")
    assert freezing.is_frozen(folder) is (action == "freeze")
    with store.Store(folder, read_only=True) as kept:
        named = {event.name: event for event in kept.events.all()}
        assert ("Faces Cup" in named) is (action == "rename")
        assert (kept.matches.find(1).status == schema.ANNULLED) is (action == "annul")
        teams = {team.name: team for team in kept.teams.of_event(named["open"].id)}
        assert bool(teams["Blue Foxes"].fault) is (action == "disqualify")
        assert bool(teams["Team Mira"].fault) is (action != "reinstate")
    done_by = {by for _, _, by in log(folder)} - {None}
    assert done_by == {actions.user()} and "@" in actions.user()


def test_who_did_it_and_when_is_logged(folder, capsys, monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Seoul")
    time.tzset()
    try:
        assert run("rename", "--team=Blue Foxes", "--to=Red Foxes", "--by=anna", "--yes", folder=folder) == 0
        assert "\nthe log keeps that anna did it\nDone." in capsys.readouterr().out
        assert run("log", folder=folder) == 0
        line = capsys.readouterr().out.splitlines()[-1]
    finally:
        monkeypatch.undo()
        time.tzset()
    when = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+09:00"
    assert re.fullmatch(rf"{when}  renamed  the team Blue Foxes is now Red Foxes, in all events  by anna", line)
    assert run("log", "--json", folder=folder) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["by"] == "anna"


def test_a_freeze_is_logged_while_a_battle_plays(folder):
    with store.Store(folder) as kept:
        kept.log.add("note", because("before"))
        assert run("freeze", "--reason=lunch", "--by=anna", "--yes", folder=folder) == 0
        kept.log.add("note", because("after"))
        assert run("thaw", "--by=bob", "--yes", folder=folder) == 0
        assert log(folder)[-4:] == [
            ("note", "before", None),
            ("freeze", "nothing more is played: lunch", "anna"),
            ("note", "after", None),
            ("thaw", "matches may begin again", "bob"),
        ]


def test_a_freeze_works_although_the_log_cannot_be_written(folder, monkeypatch, capsys):
    def full(*others):
        raise StateError("the disk is full")

    monkeypatch.setattr(store, "add_to_log", full)
    assert run("freeze", "--yes", folder=folder) == 1
    assert "freeze is done, but the log does not tell of it: the disk is full" in capsys.readouterr().err
    assert freezing.is_frozen(folder)


def test_a_copy_of_the_store_alone_is_recovered(folder, tmp_path, capsys):
    """Events are there; the match that was played last is not."""
    copy = tmp_path / "copy"
    copy.mkdir()
    with store.Store(folder) as kept:
        kept.events.begin("lost", "league", 7, arena_data.SIZE, {})
        shutil.copy(os.path.join(folder, store.FILE), copy)
    assert run("log", folder=copy) == 1
    assert f"organise recover --arena_dir={copy}`" in capsys.readouterr().err
    before = contents(copy)
    assert run("recover", folder=copy) == 1
    out = capsys.readouterr().out
    assert "it has these events: cup, open;" in out and re.search(r"of \d{4}-.*[+-]\d\d:\d\d\n", out)
    assert out.endswith("Nothing was changed. --yes does it.\n") and contents(copy)[store.FILE] == before[store.FILE]
    assert run("recover", "--by=anna", "--yes", folder=copy) == 0
    kind, _, by = log(copy)[-1]
    assert (kind, by) == ("recovered", "anna")
    capsys.readouterr()
    assert run("recover", folder=copy) == run("recover", folder=folder) == 0
    assert capsys.readouterr().out.count("is whole; there is nothing to recover") == 2


def test_a_backup_replaces_another_one_only_if_it_is_meant(folder, tmp_path, capsys):
    copy = tmp_path / "copy"
    assert run("backup", f"--to={copy}", folder=folder) == 0
    assert "without a -wal or -shm beside it" in capsys.readouterr().out
    assert run("rename", "--team=Blue Foxes", "--to=Red Foxes", "--yes", folder=folder) == 0
    capsys.readouterr()
    assert run("backup", f"--to={copy}", folder=folder) == 1
    assert "name another folder, or give --replace to replace it" in capsys.readouterr().err
    with store.Store(copy):
        assert run("backup", f"--to={copy}", "--replace", folder=folder) == 1
    assert "is in use, or was not closed" in capsys.readouterr().err
    assert run("backup", f"--to={copy}", "--replace", folder=folder) == 0
    assert log(copy)[-1][0] == "renamed"
    for same in (folder, os.path.join(folder, ".")):
        assert run("backup", f"--to={same}", "--replace", folder=folder) == 1


def test_previews_name_what_falls(folder, capsys):
    run("annul", *CHANGES["annul"], folder=folder)
    out = capsys.readouterr().out
    assert "match 1 of cup is annulled" in out and "match 3 falls with it" in out and "cup, won by" in out
    run("disqualify", *CHANGES["disqualify"], folder=folder)
    assert capsys.readouterr().out.count("forfeited: Blue Foxes - ") == 3
    run("freeze", folder=folder)
    assert "not over yet: open" in capsys.readouterr().out
    assert run("thaw", folder=folder) == 0
    assert "is not frozen" in capsys.readouterr().out


@pytest.mark.parametrize("answer, code", [("y", 0), ("n", 1), ("", 1)])
def test_on_a_terminal_it_asks(answer, code, folder):
    master, terminal = pty.openpty()
    command = [sys.executable, "-m", "gan.organise", "rename", f"--arena_dir={folder}", *CHANGES["rename"]]
    with subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal) as process:
        os.close(terminal)
        out = b""
        while b"[y/N]" not in out:
            out += os.read(master, 1000)
        os.write(master, f"{answer}\n".encode())
        with contextlib.suppress(OSError):  # the other end is closed
            while part := os.read(master, 1000):
                out += part
        assert process.wait() == code
    os.close(master)
    assert b"cup is called Faces Cup from now on" in out
    assert (b"Done." in out) is (code == 0) and (b"Nothing was changed." in out) is (code == 1)
    with store.Store(folder, read_only=True) as kept:
        assert bool(kept.events.named("Faces Cup")) is (code == 0)


def test_while_a_battle_plays(folder, capsys, fails, tmp_path):
    """What changes results waits; what does not works."""
    with store.Store(folder):
        assert run("annul", *CHANGES["annul"], folder=folder) == 1
        assert "match 3 falls with it" in capsys.readouterr().out
        for action in ("annul", "disqualify", "reinstate", "rename"):
            flags = [f"--arena_dir={folder}", "--yes", *CHANGES[action]]
            assert "in use" in fails(lambda argv, action=action: organise.main([argv[0], action, *argv[1:]]), *flags)
        assert run("freeze", "--yes", folder=folder) == run("thaw", "--yes", folder=folder) == 0
        assert run("log", folder=folder) == run("backup", f"--to={tmp_path}/copy", folder=folder) == 0


def test_what_changed_before_the_answer_is_looked_at_again(folder, monkeypatch, capsys):
    def agree(preview, yes):
        with store.Store(folder) as kept:
            annulment.annul(kept, 3, "somebody else was quicker")
        return True

    monkeypatch.setattr(organise.actions, "is_agreed", agree)
    assert run("annul", *CHANGES["annul"], folder=folder) == 1
    assert "has changed meanwhile" in capsys.readouterr().err
    with store.Store(folder, read_only=True) as kept:
        assert kept.matches.find(1).status == schema.DONE


def test_the_log_as_text_and_as_json(folder, capsys):
    run("rename", *CHANGES["rename"], "--yes", folder=folder)
    capsys.readouterr()
    assert run("log", "--event=Faces Cup", folder=folder) == 0
    assert "  Faces Cup  renamed  cup is now Faces Cup" in capsys.readouterr().out
    assert run("log", "--json", folder=folder) == 0
    *_, entry = map(json.loads, capsys.readouterr().out.splitlines())
    assert (entry["event"], entry["kind"]) == ("Faces Cup", "renamed")


def test_mistakes(folder, tmp_path, fails, faces):
    def told(action, *flags, where=folder):
        return fails(lambda argv: organise.main([argv[0], action, *argv[1:]]), f"--arena_dir={where}", *flags)

    assert "--match is needed" in told("annul", "--reason=x") and "--reason is needed" in told("annul", "--match=1")
    assert "needs --team or --event, and not both" in told("rename", "--to=x")
    assert "needs --team or --event, and not both" in told("rename", "--to=x", "--team=a", "--event=cup")
    assert "there is no match 99" in told("annul", "--match=99", "--reason=x", "--yes")
    assert "no such event as 'cap'; its events are cup, open" in told("rename", "--event=cap", "--to=x")
    for action, flags in {**CHANGES, "log": [], "recover": [], "backup": [f"--to={tmp_path}/copy"]}.items():
        assert "no arena is there" in told(action, *flags, where=tmp_path / "none")
        assert "in a bucket" in told(action, *flags, where="gs://bucket/arena")
    replay = ["--half_round=999", f"--input_data_pattern={faces}"]
    assert "no arena is there" in told("replay", *replay, where=tmp_path / "none")
    assert "there is no half round 999" in told("replay", *replay)
    assert "holds an arena already" in told("backup", f"--to={folder}")
    assert "in a bucket" in told("backup", "--to=gs://bucket/copy")
    assert not (tmp_path / "none").exists() and not (tmp_path / "copy").exists()


@pytest.fixture(scope="module")
def guests(tmp_path_factory):
    """teams.csv of four fair teams, with weights drawn at random."""
    folder = tmp_path_factory.mktemp("guests")
    for number in range(4):
        hostile.write(str(folder / f"team{number}"), step=10 + number)
    write_teams(folder / "teams.csv", range(4))
    return folder / "teams.csv"


def write_teams(path, numbers):
    """A team for each number, with the snapshot of one of four."""
    lines = "".join(f"team {number},team{number % 4}\n" for number in numbers)
    path.write_text(f"team,path\n{lines}")


class TestRealBattles:
    """Snapshots in sandboxes."""

    pytestmark = pytest.mark.alone

    @pytest.fixture(autouse=True)
    def needs_ratings(self):
        pytest.importorskip("openskill", reason="pip install 'gan-contest[arena]'")

    def flags(self, guests, faces, folder, mode="tournament"):
        given = [f"--teams={guests}", f"--input_data_pattern={faces}", f"--arena_dir={folder}", "--seed=3"]
        return ["battle", f"--mode={mode}", *given]

    def test_annulled_frozen_and_replayed(self, guests, faces, tmp_path, capsys):
        folder = str(tmp_path / "arena")
        flags = self.flags(guests, faces, folder)
        assert battle.main(flags) == 0
        with store.Store(folder, read_only=True) as kept:
            before = kept.matches.all()
            seeds = [half.played.seed for half in kept.half_rounds.of_match(before[0].id)]
            untouched = kept.half_rounds.of_match(before[1].id)[0].id
        assert run("annul", f"--match={before[0].id}", "--reason=why not", "--yes", folder=folder) == 0
        assert run("freeze", "--reason=lunch", "--yes", folder=folder) == 0
        assert battle.main(flags) == 1
        assert f"`python -m gan.organise thaw --arena_dir={folder}`" in capsys.readouterr().out
        with store.Store(folder, read_only=True) as kept:
            assert kept.events.named("tournament").frozen, "the screen tells"
        assert run("thaw", "--yes", folder=folder) == 0
        assert battle.main(flags) == 0
        with store.Store(folder, read_only=True) as kept:
            event = kept.events.named("tournament")
            assert not event.frozen and event.champion is not None and len(kept.matches.all()) == len(before)
            again = kept.matches.all()[0]
            assert again.attempt == 2 and seeds != [half.played.seed for half in kept.half_rounds.of_match(again.id)]
        capsys.readouterr()
        assert run("log", folder=folder) == 0
        log = capsys.readouterr().out
        assert "why not" in log and "lunch" in log and "isolation" in log
        replay = [f"--half_round={untouched}", f"--input_data_pattern={faces}"]
        assert run("replay", *replay, folder=folder) == 0
        assert "the same" in capsys.readouterr().out
        with sqlite3.connect(f"{folder}/{store.FILE}") as connection:
            connection.execute("UPDATE half_round SET points = points + 1 WHERE id = ?", [untouched])
        assert run("replay", *replay, folder=folder) == 1
        assert "not the same" in capsys.readouterr().out

    def test_a_disqualified_team_forfeits_what_the_preview_says(self, guests, faces, tmp_path, capsys):
        """Also after the match is annulled and played again."""
        folder = str(tmp_path / "arena")
        flags = self.flags(guests, faces, folder, "league")
        assert battle.main([*flags, "--event=warm-up"]) == 0
        with store.Store(folder) as kept:  # as if the command was killed after two matches
            event = kept.events.named("warm-up")
            for match in kept.matches.of_event(event.id)[2:]:
                annulment.annul(kept, match.id, "for this test")
        given = ["--event=warm-up", "--team=team 2", "--reason=trained on the test set", "--yes"]
        capsys.readouterr()
        assert run("disqualify", *given, folder=folder) == 0
        promised = capsys.readouterr().out.count("forfeited: team 2 - ")
        assert battle.main([*flags, "--event=warm-up"]) == 0
        with store.Store(folder, read_only=True) as kept:
            out = next(team for team in kept.teams.of_event(event.id) if team.name == "team 2")
            forfeited = [row for row in kept.matches.of_event(event.id) if row.rule == rules.FORFEIT]
            assert len(forfeited) == promised > 0
            assert all(out.id in (row.home, row.away) and row.winner != out.id for row in forfeited)
        assert run("annul", f"--match={forfeited[0].id}", "--reason=again", "--yes", folder=folder) == 0
        assert battle.main([*flags, "--event=warm-up"]) == 0
        with store.Store(folder, read_only=True) as kept:
            place = forfeited[0].round, forfeited[0].position
            again = next(row for row in kept.matches.of_event(event.id) if (row.round, row.position) == place)
            assert again.id != forfeited[0].id and again.rule == rules.FORFEIT and again.winner != out.id

    def test_a_battle_goes_on_from_a_backup_that_was_made_while_it_played(self, guests, faces, tmp_path, capsys):
        """A league of eight teams has 28 matches."""
        folder, copy, listed = str(tmp_path / "arena"), str(tmp_path / "copy"), guests.parent / "eight.csv"
        write_teams(listed, range(8))
        command = [sys.executable, "-m", "gan.battle", *self.flags(listed, faces, folder, "league")[1:]]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as playing:
            try:
                while not self.num_done(folder):
                    assert playing.poll() is None, "it ended too early"
                    time.sleep(0.02)
                assert run("backup", f"--to={copy}", "--snapshots", folder=folder) == 0
            finally:
                playing.kill()
        assert "snapshots that may still be needed: 4" in capsys.readouterr().out
        assert 0 < self.num_done(copy) < 28
        assert sqlite3.connect(f"{copy}/{store.FILE}").execute("PRAGMA integrity_check").fetchone() == ("ok",)
        copied, original = self.points(copy), self.points(folder)
        assert battle.main(self.flags(listed, faces, copy, "league")) == 0
        assert self.num_done(copy) == 28
        finished = self.points(copy)
        assert finished[: len(copied)] == copied and finished[: len(original)] == original

    def num_done(self, folder):
        try:
            with store.Store(folder, read_only=True) as kept:
                return sum(row.status == schema.DONE for row in kept.matches.all())
        except store.NotBegun:
            return 0

    def points(self, folder):
        with store.Store(folder, read_only=True) as kept:
            return [
                (half.match, half.number, half.played.score.points, half.played.seed)
                for half in kept.half_rounds.after(0)
            ]
