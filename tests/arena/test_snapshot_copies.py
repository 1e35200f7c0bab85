"""Copies of snapshots that no event needs, and a disk that fills, in arenas with real snapshots."""

import dataclasses
import os
import shutil
import signal
import sys

import hostile
import pytest

from gan.arena import arena, events, open_snapshots, snapshot_copies, teams
from gan.arena.event_records import Admission
from gan.console.errors import HostError
from gan.contest import faults
from gan.data import tfrecords
from gan.sandbox import sandbox

pytest.importorskip("openskill", reason="pip install 'gan-contest[arena]'")

MEBIBYTE = 2**20


@pytest.fixture
def images(faces):
    return tfrecords.read_all([faces], 2500)


@pytest.fixture
def pair(tmp_path):
    for number, name in enumerate(("ada", "bob"), 1):
        hostile.write(str(tmp_path / name), step=number)
    return [teams.Entrant(name, str(tmp_path / name), 0, None) for name in ("ada", "bob")]


def disk_with(free):
    return lambda path: shutil._ntuple_diskusage(2**50, 2**50 - free, free)


def copies(folder):
    return {name for name in os.listdir(folder / "snapshots") if len(name) == 64}


def test_copies_that_no_event_knows_are_removed_and_the_others_stay(tmp_path, images, pair):
    folder = tmp_path / "arena"
    with arena.Arena(str(folder), 2500, images) as opened:
        events.play(opened, events.begin(opened, "one", events.MATCH, pair, 1, {"num_rounds": 1}))
        needed = copies(folder)
    assert len(needed) == 2
    shutil.copytree(folder / "snapshots" / min(needed), folder / "snapshots" / ("0" * 64), symlinks=True)
    (folder / "snapshots" / "notes of the organiser").mkdir()
    with arena.Arena(str(folder), 2500, images) as opened:
        assert copies(folder) == needed
        assert (folder / "snapshots" / "notes of the organiser").is_dir()
        before, now = opened.replay(1)
        assert before.played.score.points == now.score.points


def test_a_full_disk_holds_an_event_before_it_begins_and_nothing_is_lost(tmp_path, images, pair, monkeypatch):
    folder = tmp_path / "arena"
    with arena.Arena(str(folder), 2500, images) as opened:
        event = events.begin(opened, "one", events.MATCH, pair, 1, {"num_rounds": 1})
        with monkeypatch.context() as full:
            full.setattr(shutil, "disk_usage", disk_with(100 * MEBIBYTE))
            with pytest.raises(HostError) as caught:
                events.play(opened, event)
        # For two teams 16 MiB for a copy and 2 MiB for results each, and the reserve of 256 MiB.
        assert str(caught.value) == (f"the disk of {folder}/snapshots is nearly full; make room for 192 MiB more on it")
        assert opened.store.teams.of_event(event.id) == []
        assert events.play(opened, event).champion is not None


def test_copies_of_old_mock_battles_go_if_the_disk_is_full(tmp_path, images, pair, monkeypatch):
    """One battle more than are kept: of its copies the one goes that no later battle has."""
    folder, digests = tmp_path / "arena", [letter * 64 for letter in "abc"]
    with arena.Arena(str(folder), 2500, images) as opened:
        for number in range(snapshot_copies.KEPT_BATTLES + 2):
            event = opened.store.events.begin(f"mock {number}", events.MOCK, number, 2500, {"teams": []})
            for digest in digests[:2] if number == 0 else digests[1:]:
                opened.store.teams.add(event.id, digest[0], "", Admission(digest, 1, None))
            if number <= snapshot_copies.KEPT_BATTLES:
                opened.store.events.finish(event.id, None)
        for digest in digests:
            (folder / "snapshots" / digest).mkdir(parents=True)
        opened.make_room(2)
        assert copies(folder) == set(digests)  # there is room
        monkeypatch.setattr(shutil, "disk_usage", disk_with(1))
        with pytest.raises(HostError, match="nearly full"):
            opened.make_room(2)
        assert copies(folder) == set(digests[1:])
        told = [faults.sentence(entry.note) for entry in opened.store.log.entries() if entry.kind == "host"]
        assert told == [
            "1 copies of snapshots of mock 0 were removed to make room on the disk; its half rounds cannot be replayed"
        ]


@pytest.mark.skipif(sys.platform != "linux", reason="a signal of Linux")
def test_the_log_tells_the_organiser_who_tried_a_forbidden_call(tmp_path, images, pair, monkeypatch):
    def verify(self):
        self.wait()
        if self.staged.name == "model.ckpt-2":  # bob's; it ends as the kernel ends it: see test_confinement.py
            server = self._process._server
            true_end = server.end
            monkeypatch.setattr(
                server, "end", lambda pid: dataclasses.replace(true_end(pid), status=int(signal.SIGSYS))
            )
            os.kill(self._process.pid, signal.SIGKILL)
        return true_verify(self)

    true_verify = sandbox.SandboxedSnapshot.verify
    monkeypatch.setattr(sandbox.SandboxedSnapshot, "verify", verify)
    with arena.Arena(str(tmp_path / "arena"), 2500, images) as opened:
        event = events.begin(opened, "one", events.MATCH, pair, 1, {"num_rounds": 1})
        assert events.play(opened, event).champion.name == "ada"
        (entry,) = [entry for entry in opened.store.log.entries(event.id) if entry.kind == "security"]
        assert entry.note.code == "forbidden_call_tried" and entry.note.parameters["team"] == "bob"
        assert "tried what no network needs" in faults.sentence(entry.note)


def test_a_copy_that_is_gone_is_not_waited_for_and_may_come_back(tmp_path, images, pair, monkeypatch):
    """As in an arena that was copied without its snapshots: each match would wait 6 s, in vain."""
    folder, slept = tmp_path / "arena", []
    with arena.Arena(str(folder), 2500, images) as opened:
        event = events.begin(opened, "one", events.MATCH, pair, 1, {"num_rounds": 1})
        assert events.admit_all(opened, event)
    os.rename(folder / "snapshots", tmp_path / "backup")
    monkeypatch.setattr(open_snapshots.time, "sleep", slept.append)
    with arena.Arena(str(folder), 2500, images) as opened:
        (held,) = events.play(opened, event).held
        assert "the copy of ada's snapshot is gone" in faults.sentence(held.reason) and sum(slept) == 0
        assert sum(entry.kind == "host" for entry in opened.store.log.entries()) == 1
        shutil.copytree(tmp_path / "backup", folder / "snapshots", symlinks=True, dirs_exist_ok=True)
        assert not events.play(opened, event).held
