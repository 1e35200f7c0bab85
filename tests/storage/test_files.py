"""Listing and reading files on disk and in buckets; writing them whole."""

import contextlib
import errno
import os
import resource
import signal
import subprocess
import sys

import pytest

from gan.console.errors import BucketRefused, StateError
from gan.storage import buckets, files

pytest_plugins = ["cloud"]


def test_odd_entries_of_a_folder_are_left_out(tmp_path):
    (tmp_path / "file").write_bytes(b"four")
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "gone").symlink_to("nowhere")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    modified = (tmp_path / "file").stat().st_mtime
    assert files.entries(str(tmp_path)) == {"file": (4, None, modified), "link": (4, None, modified)}
    assert files.entries(str(tmp_path), "f") == {"file": (4, None, modified)}
    assert files.is_folder(str(tmp_path)) and not files.is_folder(str(tmp_path / "file"))
    for name in ("link", "loop", "gone", "folder", "pipe"):
        with pytest.raises(OSError, match="it is"):
            files.read_small(str(tmp_path / name), 4)


def test_a_folder_without_end_is_not_listed(emulator, bucket, tmp_path, monkeypatch):
    """A stranger may fill a bucket with millions of files."""
    monkeypatch.setattr(files, "MOST_ENTRIES", 3)
    crowd = tmp_path / "crowd"
    crowd.mkdir()
    for number in range(4):
        assert len(files.names(f"gs://{bucket}/crowd")) == len(files.names(str(crowd))) == number
        buckets.write(f"gs://{bucket}/crowd/{number}", b"x")
        (crowd / str(number)).write_bytes(b"x")
    for folder, error in ((f"gs://{bucket}/crowd", BucketRefused), (str(crowd), StateError)):
        with pytest.raises(error, match="more than 3 files"):
            files.names(folder)
    assert files.names(f"gs://{bucket}/none") == files.names(str(tmp_path / "none")) == []


def test_no_more_is_read_than_asked_for(emulator, bucket, tmp_path):
    for path in (str(tmp_path / "file"), f"gs://{bucket}/file"):
        with pytest.raises(FileNotFoundError):
            files.read_small(path + ".none", 4)
        for content in (b"", b"four"):
            (tmp_path / "file").write_bytes(content)
            emulator.write(bucket, "file", content)
            assert files.read_small(path, 4) == content
        with pytest.raises(OSError, match="more than 3 bytes"):
            files.read_small(path, 3)


@pytest.fixture
def old(tmp_path):
    """The path of a file that holds b"old", alone in its folder."""
    path = tmp_path / "deep" / "result.json"
    files.write_whole(str(path), b"old")
    return path


def held(path):
    """What is in a file's folder: name -> content."""
    return {each.name: each.read_bytes() for each in path.parent.iterdir()}


@contextlib.contextmanager
def largest_file(size):
    """Lets this process write no more than so many bytes to a file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_file_is_replaced_as_a_whole(old):
    with open(old, "rb") as opened_before:
        with files.written_whole(str(old)) as file:
            file.write(b"half")
            file.flush()
            assert old.read_bytes() == b"old"
            file.write(b", whole")
        assert opened_before.read() == b"old"
    assert held(old) == {"result.json": b"half, whole"}


def test_an_error_leaves_what_was_there(old):
    for error in (
        ValueError("a number"),
        KeyboardInterrupt(),
        FileNotFoundError(2, "none", "another.txt"),
        OSError("cut"),
    ):
        with pytest.raises(type(error)) as told, files.written_whole(str(old)) as file:
            file.write(b"half")
            raise error
        assert told.value is error  # even an OSError, if it is about something else
    assert held(old) == {"result.json": b"old"}


def test_two_writers_do_not_mix(old):
    with files.written_whole(str(old)) as one, files.written_whole(str(old)) as other:
        one.write(b"one")
        other.write(b"other")
    assert held(old) == {"result.json": b"one"}


def test_a_kill_leaves_what_was_there(old):
    code = "import os, signal, sys; from gan.storage import files\n"
    code += "with files.written_whole(sys.argv[1]) as file:\n"
    code += "    file.write(bytes(10**6)); file.flush(); os.kill(os.getpid(), signal.SIGKILL)"
    assert subprocess.run([sys.executable, "-c", code, str(old)]).returncode == -signal.SIGKILL
    left = held(old)
    assert left.pop("result.json") == b"old" and len(left) == 1 and all(map(files.is_unfinished, left))
    for name in ("other.json.0123abcd.part", "result.json.part"):  # of another file; of an earlier version
        (old.parent / name).write_bytes(b"x")
    files.remove_unfinished(str(old.parent), ["result.json"])
    assert held(old) == {"result.json": b"old", "other.json.0123abcd.part": b"x"}


def test_what_cannot_be_written_is_named(old):
    with largest_file(100), pytest.raises(OSError, match=f"File too large: '{old}'"):
        files.write_whole(str(old), bytes(1000))
    with pytest.raises(IsADirectoryError, match=f"'{old.parent}'"):
        files.write_whole(str(old.parent), b"x")
    with pytest.raises(FileExistsError, match=f"'{old}'"):
        files.write_whole(str(old / "below"), b"x")
    assert held(old) == {"result.json": b"old"}


def test_a_full_disk_is_named(small_disk):
    disk = small_disk("1m")
    path = str(disk / "deep" / "result.json")
    files.write_whole(path, b"old")
    with pytest.raises(OSError, match=f"No space left on device: '{path}'"):
        files.write_whole(path, bytes(2**20))
    assert held(disk / "deep" / "result.json") == {"result.json": b"old"}
    (disk / "ballast").write_bytes(bytes(2**20 - 2**14))
    with contextlib.suppress(OSError):
        (disk / "more").write_bytes(bytes(2**14))
    with pytest.raises(OSError, match="No space left on device"):
        files.check_writable(str(disk))


def test_lines_are_added_whole_or_not_at_all(small_disk):
    disk = small_disk("64k")
    path = disk / "results.jsonl"
    files.append_lines(str(path), ["one", "two"])
    with path.open("ab") as file:
        file.write(b'{"cut o')  # as a kill leaves it
    files.append_lines(str(path), ["three"])
    assert path.read_bytes() == b'one\ntwo\n{"cut o\nthree\n'
    before = path.read_bytes()
    with pytest.raises(OSError, match=f"No space left on device: '{path}'"):
        files.append_lines(str(path), ["x" * 200_000])
    assert path.read_bytes() == before


def test_a_folder_that_can_be_written_is_left_as_it_was(old):
    files.check_writable(str(old.parent / "new"))
    files.check_writable(str(old.parent))
    assert os.listdir(old.parent / "new") == []
    with pytest.raises(FileExistsError):
        files.check_writable(str(old))


def test_a_lock_keeps_others_out_and_is_seen(tmp_path):
    path = str(tmp_path / "deep" / ".lock")
    assert not files.is_locked(path) and not os.path.exists(path)
    with files.locked(path, "--train_dir=run"):
        assert files.is_locked(path)
        with pytest.raises(StateError, match="--train_dir=run is in use"), files.locked(path, "--train_dir=run"):
            pass
    assert not files.is_locked(path)


def test_a_disk_without_locks_can_be_written_to(tmp_path, monkeypatch):
    def without(file, operation):
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(files.fcntl, "flock", without)
    path = str(tmp_path / ".lock")
    with files.locked(path, "--train_dir=run"):
        assert not files.is_locked(path)


@pytest.mark.parametrize("has_links", [True, False])
def test_a_second_name_of_a_file_is_a_copy_where_there_are_none(has_links, tmp_path, monkeypatch):
    def without(path, new):
        raise PermissionError(errno.EPERM, "Operation not permitted", path)

    if not has_links:
        monkeypatch.setattr(os, "link", without)
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_bytes(b"content")
    os.utime(old, ns=(1, 10**18 + 7))
    files.link(str(old), str(new))
    assert new.read_bytes() == b"content" and os.stat(new).st_mtime_ns == 10**18 + 7
    assert os.path.samefile(old, new) == has_links


def test_a_folder_is_copied_with_its_links_and_names_what_fails(tmp_path, small_disk):
    source = tmp_path / "source"
    (source / "inner").mkdir(parents=True)
    (source / "inner" / "large").write_bytes(bytes(2**20))
    (source / "link").symlink_to("nowhere")
    files.copy_folder(str(source), str(tmp_path / "new" / "copy"), is_synced=True)
    assert (tmp_path / "new" / "copy" / "inner" / "large").read_bytes() == bytes(2**20)
    assert os.readlink(tmp_path / "new" / "copy" / "link") == "nowhere"
    disk = small_disk("256k")
    with pytest.raises(OSError) as caught:
        files.copy_folder(str(source), str(disk / "copy"))
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, str(disk / "copy" / "inner" / "large"))
