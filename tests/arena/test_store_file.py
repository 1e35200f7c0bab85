"""The arena's file: whole once it is closed, and a sentence for a copy that lacks its newest part."""

import contextlib
import os
import pathlib
import shutil
import sqlite3
import tempfile

import pytest
from conftest import because

from gan.arena import backup, store, store_file
from gan.console.errors import StateError


@pytest.fixture
def folder(tmp_path):
    return str(tmp_path / "arena")


@pytest.fixture
def open_place():
    """A folder that every user can reach, unlike tmp_path."""
    with tempfile.TemporaryDirectory() as place:
        os.chmod(place, 0o755)
        yield pathlib.Path(place)


def noted(folder, read_only=True, **options):
    """What the log of an arena says."""
    with store.Store(folder, read_only, **options) as kept:
        return [entry.note.parameters["text"] for entry in kept.log.entries()]


def copy_alone(folder, tmp_path, *parts):
    """A copy of the store, with those parts beside it that are named."""
    copy = tmp_path / "copy"
    copy.mkdir()
    for part in ("", *parts):
        shutil.copy(os.path.join(folder, store.FILE) + part, copy)
    return str(copy)


def test_a_copy_of_the_file_alone_is_known_as_one(folder, tmp_path):
    """While a battle plays the newest part is in the -wal."""
    with store.Store(folder) as kept:
        kept.log.add("note", because("new"))
        copy = copy_alone(folder, tmp_path)
    for read_only in (True, False):
        with pytest.raises(
            StateError, match=r"arena\.sqlite3-wal, which holds what is newest, is not beside it"
        ) as told:
            store.Store(copy, read_only)
        assert f"organise recover --arena_dir={copy}`" in str(told.value) and "organise backup`" in str(told.value)
    with pytest.raises(StateError, match="not beside it"):
        backup.back_up(copy, str(tmp_path / "other"))
    assert noted(copy, is_alone=True) == []
    assert noted(copy, read_only=False, is_alone=True) == []  # it is closed as a whole one
    assert noted(copy) == noted(copy, read_only=False) == []
    assert noted(folder) == ["new"]


def test_a_copy_with_its_wal_is_whole(folder, tmp_path):
    with store.Store(folder) as kept:
        kept.log.add("note", because("new"))
        copy = copy_alone(folder, tmp_path, store_file.WAL)
    assert noted(copy) == noted(copy, read_only=False) == ["new"]


def test_a_store_that_was_killed_is_opened_as_ever(folder):
    pid = os.fork()
    if not pid:
        store.Store(folder).log.add("note", because("new"))
        os.kill(os.getpid(), 9)
    os.waitpid(pid, 0)
    assert noted(folder) == ["new"]
    os.rename(f"{folder}/{store.FILE}-wal", f"{folder}/kept")
    for read_only in (True, False):
        with pytest.raises(StateError, match="not beside it"):
            store.Store(folder, read_only)
    os.rename(f"{folder}/kept", f"{folder}/{store.FILE}-wal")
    assert noted(folder, read_only=False) == ["new"]


def test_closed_while_somebody_reads_it_is_one_whole_file(folder, tmp_path):
    """The screen has it open, and is left open."""
    kept = store.Store(folder)
    with store.Store(folder, read_only=True) as screen:
        kept.log.add("note", because("new"))
        assert len(screen.log.entries()) == 1
        kept.close()
        copy = copy_alone(folder, tmp_path)
        assert noted(copy) == ["new"] and len(screen.log.entries()) == 1
    assert noted(folder, read_only=False) == ["new"]


def test_what_could_not_be_made_whole_is_told(folder, tmp_path, monkeypatch, capsys):
    """Somebody reads from it for longer than the store waits."""
    monkeypatch.setattr(store_file, "_PATIENCE_SECONDS", 0.2)
    kept = store.Store(folder)
    with store.Store(folder, read_only=True) as reader, reader.reading():
        reader.log.entries()
        kept.log.add("note", because("new"))
        kept.close()
    told = capsys.readouterr().err
    assert "copy arena.sqlite3-wal and arena.sqlite3-shm with it" in told and "organise backup" in told
    assert noted(folder) == ["new"]
    assert noted(copy_alone(folder, tmp_path, store_file.WAL)) == ["new"]


def test_an_empty_copy(folder, tmp_path):
    """Of a store that an earlier version of this program had just begun."""
    os.makedirs(folder)
    open(os.path.join(folder, store.FILE), "w").close()
    with pytest.raises(StateError, match=r"is empty, so it was copied without its -wal file: .* or remove .* to begin"):
        store.Store(folder)
    assert os.listdir(folder) == [store.FILE]


@pytest.mark.skipif(os.name != "posix" or os.getuid() != 0, reason="needs two users")
def test_a_folder_that_cannot_be_written_to(folder, tmp_path, open_place):
    """It is read if it was closed; whoever wants to write, or has no -shm, gets a sentence."""
    with store.Store(folder) as kept:
        kept.log.add("note", because("new"))
        open_copy = copy_alone(folder, tmp_path, store_file.WAL)
    closed = shutil.copytree(folder, open_place / "closed")
    open_copy = shutil.copytree(open_copy, open_place / "copy")
    for place in (closed, open_copy):
        os.chmod(place, 0o555)

    def as_nobody(action):
        """What a sentence says, or an action returns, without root's rights."""
        read, write = os.pipe()
        pid = os.fork()
        if not pid:
            try:
                os.setuid(65534)
                said = repr(action())
            except StateError as error:
                said = str(error)
            os.write(write, said.encode())
            os._exit(0)
        os.close(write)
        os.waitpid(pid, 0)
        with open(read) as told:
            return told.read()

    assert as_nobody(lambda: noted(str(closed))) == "['new']"
    assert "give yourself the right to write" in as_nobody(lambda: noted(str(closed), read_only=False))
    assert "copy it, with its -wal file, to another folder" in as_nobody(lambda: noted(open_copy))


def test_a_link_to_the_file_has_the_same_lock(folder, tmp_path):
    """Two arenas on one store."""
    with store.Store(folder):
        other = tmp_path / "other"
        other.mkdir()
        (other / store.FILE).symlink_to(os.path.join(folder, store.FILE))
        with pytest.raises(StateError, match=r"is in use: another battle, or an action of organise.* \(Ctrl-C\)"):
            store.Store(str(other))


def test_a_network_disk_is_named(folder, tmp_path, monkeypatch, capsys):
    mounts = tmp_path / "mounts"
    mounts.write_text(f"disk / ext4 rw 0 0\nserver:/home {tmp_path} nfs4 rw 0 0\nbucket /mnt fuse.gcsfuse rw 0 0\n")
    monkeypatch.setattr(store_file, "_MOUNTS", str(mounts))
    with store.Store(folder):
        pass
    assert "is on a network disk (nfs4)" in capsys.readouterr().err
    assert store_file.network_disk("/mnt/arena") == "fuse.gcsfuse" and store_file.network_disk("/mntx") is None
    mounts.write_text("disk / ext4 rw 0 0\n")
    store.Store(folder).close()
    assert capsys.readouterr().err == ""


def test_a_backup_is_tested(folder, tmp_path, monkeypatch):
    with store.Store(folder) as kept:
        for number in range(200):
            kept.log.add("note", because(f"{number}" * 50))
    copy_to = backup.database.copy

    def damaged(source, path):
        copy_to(source, path)
        with open(path, "r+b") as file:
            file.seek(8192)
            file.write(b"\xff" * 4096)

    monkeypatch.setattr(backup.database, "copy", damaged)
    with pytest.raises(StateError, match="is damaged: the disk may be failing; copy to another one"):
        backup.back_up(folder, str(tmp_path / "copy"))
    assert not (tmp_path / "copy" / store.FILE).exists()


def test_sqlite_itself_can_read_a_backup(folder, tmp_path):
    with store.Store(folder) as kept:
        kept.log.add("note", because("new"))
        made = backup.back_up(folder, str(tmp_path / "copy"))
    assert os.listdir(tmp_path / "copy") == [store.FILE]
    with contextlib.closing(sqlite3.connect(made.path)) as copy:
        assert copy.execute("SELECT count(*) FROM log").fetchone() == (1,)
        assert copy.execute("PRAGMA application_id").fetchone() == (0,)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
@pytest.mark.parametrize("make", [os.mkdir, getattr(os, "mkfifo", None)])
def test_what_is_no_file_is_not_opened(folder, make):
    """To open a pipe that nobody writes to would wait for ever."""
    os.makedirs(folder)
    make(os.path.join(folder, store.FILE))
    for read_only in (False, True):
        with pytest.raises(StateError, match="is no file but a folder, a pipe or a device; remove it, or name another"):
            store.Store(folder, read_only)
    assert os.listdir(folder) == [store.FILE]


@pytest.mark.parametrize("value", ["[1, 2", b"\xff\xfe"])
def test_a_damaged_row_ends_in_a_sentence(folder, value):
    with store.Store(folder) as kept:
        kept.events.begin("the cup", "tournament", 1, 2500, {"teams": []})
    with contextlib.closing(sqlite3.connect(os.path.join(folder, store.FILE))) as connection, connection:
        connection.execute("UPDATE event SET options = ?", (value,))
    with store.Store(folder, read_only=True) as kept:
        with pytest.raises(StateError, match="holds a row in event that is not ours .*; go on from a"):
            kept.events.all()
