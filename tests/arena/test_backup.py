"""Copies of an arena, made while somebody writes to it."""

import os
import shutil
import sqlite3
import subprocess
import sys
import textwrap

import arena_data
import pytest
import test_store
from conftest import because

from gan.arena import backup, store
from gan.console.errors import StateError, UserError, of_system
from gan.storage import files

DIGESTS = [f"{number:064x}" for number in range(4)]


@pytest.fixture
def folder(tmp_path):
    """An arena with an event of four teams and the copies of three of their snapshots; the last has a fault."""
    folder = tmp_path / "arena"
    with store.Store(str(folder)) as kept:
        event = kept.events.begin("cup", "league", 7, 4, {})
        faults = [None, None, None, because("no good")]
        arena_data.put_teams(
            kept, event.id, [(digest[-1], "p", digest, 1, fault) for digest, fault in zip(DIGESTS, faults)]
        )
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
            assert one.events.all() == other.events.all() and one.teams.of_event(1) == other.teams.of_event(1)


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
    copy_folder, copied = files.copy_folder, []

    def fail(source, target, is_synced):
        copied.append(target)
        copy_folder(source, target, is_synced)
        if len(copied) == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as failing:
        failing.setattr(files, "copy_folder", fail)
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
                    kept.log.add("note", because("it can be written to"))
                assert writer.poll() is None
        finally:
            writer.kill()
    sizes = [os.path.getsize(tmp_path / f"copy {number}" / store.FILE) for number in range(5)]
    assert sizes[0] < sizes[-1]
    assert sqlite3.connect(f"{copy}/{store.FILE}").execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.parametrize("size, what", [("64k", "arena.sqlite3.part: database or disk is full"), ("2m", "model.ckpt")])
def test_a_full_disk_is_one_sentence_and_is_left_as_it_was(folder, tmp_path, small_disk, size, what):
    """The copy of the store, or of a snapshot, has no room. Parts of copies go, so that the disk is not full."""
    large = folder / "snapshots" / DIGESTS[2] / "model.ckpt-1.data-00000-of-00001"
    large.write_bytes(os.urandom(4 << 20))
    disk = small_disk(size)
    with pytest.raises((StateError, OSError)) as caught:
        backup.back_up(str(folder), str(disk / "copy"), with_snapshots=True)
    told = of_system(caught.value) if isinstance(caught.value, OSError) else str(caught.value)
    assert what in told and told.endswith("; make room there, or name a folder on another disk")
    assert "\n" not in told and "[" not in told
    assert not [path for path in disk.rglob("*") if path.name.endswith(".part")]


def test_a_snapshot_that_a_battle_removes_meanwhile_is_counted(folder, tmp_path, monkeypatch):
    copy = files.copy_folder

    def remove_and_copy(source, *others, **more):
        if DIGESTS[1] in source:
            shutil.rmtree(folder / "snapshots" / DIGESTS[1])
        copy(source, *others, **more)

    monkeypatch.setattr(files, "copy_folder", remove_and_copy)
    made = backup.back_up(str(folder), str(tmp_path / "copy"), with_snapshots=True)
    assert (made.snapshots, made.missing) == (2, 1)
    assert sorted(os.listdir(tmp_path / "copy" / "snapshots")) == [DIGESTS[0], DIGESTS[2]]


def test_two_backups_to_one_folder_at_once(folder, tmp_path, monkeypatch):
    """The second one is refused, and harms nothing of the first."""
    copy_store, told = backup.copy_store, []

    def copy_twice(*where):
        monkeypatch.setattr(backup, "copy_store", copy_store)
        with pytest.raises(StateError, match="another backup writes to .*/copy; wait for its end") as caught:
            backup.back_up(str(folder), str(tmp_path / "copy"))
        told.append(caught.value)
        copy_store(*where)

    monkeypatch.setattr(backup, "copy_store", copy_twice)
    backup.back_up(str(folder), str(tmp_path / "copy"), with_snapshots=True)
    assert told and sorted(os.listdir(tmp_path / "copy")) == ["arena.sqlite3", "snapshots"]
