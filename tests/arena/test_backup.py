"""Copies of an arena, made while somebody writes to it."""

import os
import sqlite3
import subprocess
import sys
import textwrap

import pytest
import test_store

from gan.arena import backup, store
from gan.console.errors import StateError, UserError

DIGESTS = [f"{number:064x}" for number in range(4)]


@pytest.fixture
def folder(tmp_path):
    """An arena with an event of four teams and the copies of three of their snapshots; the last has a fault."""
    folder = tmp_path / "arena"
    with store.Store(str(folder)) as kept:
        event = kept.begin_event("cup", "league", 7, 4, {})
        faults = [None, None, None, "no good"]
        kept.add_teams(event.id, [(digest[-1], "p", digest, 1, fault) for digest, fault in zip(DIGESTS, faults)])
    for digest in DIGESTS[:3]:
        (folder / "snapshots" / digest / "proc").mkdir(parents=True)
        (folder / "snapshots" / digest / "model.ckpt-1.meta").write_bytes(digest.encode())
        (folder / "snapshots" / digest / "proc" / "self").symlink_to("cell")
    return folder


def test_the_store_alone(folder, tmp_path):
    made = backup.back_up(str(folder), str(tmp_path / "copies" / "monday"))
    assert made == (str(tmp_path / "copies" / "monday" / "arena.sqlite3"), 0, 0)
    assert os.listdir(tmp_path / "copies" / "monday") == ["arena.sqlite3"]
    with store.Store(str(folder), read_only=True) as one:
        with store.Store(str(tmp_path / "copies" / "monday"), read_only=True) as other:
            assert one.events() == other.events() and one.teams(1) == other.teams(1)


def test_with_the_snapshots(folder, tmp_path):
    (folder / "snapshots" / ".partial-x").mkdir()
    made = backup.back_up(str(folder), str(tmp_path / "copy"), with_snapshots=True)
    assert (made.snapshots, made.missing) == (3, 0)
    assert sorted(os.listdir(tmp_path / "copy" / "snapshots")) == DIGESTS[:3]
    for digest in DIGESTS[:3]:
        copied = tmp_path / "copy" / "snapshots" / digest
        assert (copied / "model.ckpt-1.meta").read_bytes() == digest.encode()
        assert os.readlink(copied / "proc" / "self") == "cell"


def test_a_snapshot_that_is_gone_is_counted(folder, tmp_path):
    os.rename(folder / "snapshots" / DIGESTS[1], tmp_path / "elsewhere")
    made = backup.back_up(str(folder), str(tmp_path / "copy"), with_snapshots=True)
    assert (made.snapshots, made.missing) == (2, 1)


def test_what_was_interrupted_is_done_by_the_same_command(folder, tmp_path, monkeypatch):
    """No store is there before all snapshots are."""
    copy_file, copied = backup._copy_file, []

    def fail(source, target):
        copied.append(target)
        if len(copied) == 2:
            raise KeyboardInterrupt
        return copy_file(source, target)

    with monkeypatch.context() as failing:
        failing.setattr(backup, "_copy_file", fail)
        with pytest.raises(KeyboardInterrupt):
            backup.back_up(str(folder), str(tmp_path / "copy"), with_snapshots=True)
    with pytest.raises(store.NotBegun):
        store.Store(str(tmp_path / "copy"), read_only=True)
    assert backup.back_up(str(folder), str(tmp_path / "copy"), with_snapshots=True).snapshots == 3
    assert sorted(os.listdir(tmp_path / "copy")) == ["arena.sqlite3", "snapshots"]
    assert sorted(os.listdir(tmp_path / "copy" / "snapshots")) == DIGESTS[:3]


def test_mistakes(folder, tmp_path):
    with pytest.raises(UserError, match="holds an arena already"):
        backup.back_up(str(folder), str(folder))
    with pytest.raises(StateError, match="no such file"):
        backup.back_up(str(tmp_path / "none"), str(tmp_path / "copy"))
    (tmp_path / "file").write_text("x")
    with pytest.raises(OSError):
        backup.back_up(str(folder), str(tmp_path / "file"))


def test_copies_of_a_store_that_grows(folder, tmp_path):
    """Each copy opens, is whole, and holds what was on disk before it was made."""
    command = [sys.executable, "-c", textwrap.dedent(test_store.WRITER), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        try:
            assert writer.stdout.readline() == "open\n"
            for number in range(5):
                told = {"half_round": set(), "match": set()}
                for _ in range(30):
                    kind, id_ = writer.stdout.readline().split()
                    told[kind].add(int(id_))
                copy = str(tmp_path / f"copy {number}")
                backup.back_up(str(folder), copy)
                test_store.check_whole(copy, told)
                with store.Store(copy) as kept:
                    kept.log("note", "it can be written to")
                assert writer.poll() is None
        finally:
            writer.kill()
    sizes = [os.path.getsize(tmp_path / f"copy {number}" / store.FILE) for number in range(5)]
    assert sizes[0] < sizes[-1]
    assert sqlite3.connect(f"{copy}/{store.FILE}").execute("PRAGMA integrity_check").fetchone() == ("ok",)
