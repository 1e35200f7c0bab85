"""Patterns and folders of buckets on disk: what is new is fetched, the rest is there already."""

import os
import pathlib
import urllib.parse

import pytest

from gan.console.errors import DataError, UserError
from gan.storage import buckets, cache, files

pytest_plugins = ["cloud"]


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """A cache of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_patterns_match_like_glob_and_files_are_fetched_once(emulator, bucket):
    for name in ("data/train1", "data/train2", "data/test1", "data/train/deep", "train1"):
        emulator.write(bucket, name, name.encode())
    found = cache.find_files(f"gs://{bucket}/data/train*", "flag")
    assert [pathlib.Path(path).read_text() for path in found] == ["data/train1", "data/train2"]
    emulator.delete(bucket, "data/train2")
    emulator.write(bucket, "data/train1", b"changed")
    (again,) = cache.find_files(f"gs://{bucket}/data/train*", "flag")
    assert pathlib.Path(again).read_text() == "changed" and again not in found
    before = os.stat(again).st_mtime_ns
    assert cache.find_files(f"gs://{bucket}/data/train*", "flag") == [again]
    assert os.stat(again).st_mtime_ns == before


def test_the_path_of_a_file_is_taken_as_it_is(tmp_path):
    """Also where it holds what patterns are made of."""
    odd, two = tmp_path / "faces [2]" / "train.tfrecords", tmp_path / "a, b.tfrecords"
    odd.parent.mkdir()
    for path in (odd, two):
        path.write_bytes(b"")
        assert cache.find_files(str(path), "flag") == [str(path)]
    (tmp_path / "c.tfrecords").write_bytes(b"")
    assert cache.find_files(f"{odd},{tmp_path}/c*", "flag") == [str(tmp_path / "c.tfrecords"), str(odd)]


def test_folders_that_a_console_made_are_no_files(emulator, bucket):
    for name in ("data/", "data/inner/", "data/train1"):
        emulator.write(bucket, name, name.encode())
    (path,) = cache.find_files(f"gs://{bucket}/data/*", "flag")
    assert pathlib.Path(path).read_text() == "data/train1"


def test_files_of_a_bucket_have_the_order_of_their_names(emulator, bucket):
    """As on disk, so that the same data trains alike; whatever was uploaded first."""
    for name in ("b", "c", "a"):
        emulator.write(bucket, f"data/{name}", name.encode())
    found = cache.find_files(f"gs://{bucket}/data/*", "flag")
    assert [pathlib.Path(path).read_text() for path in found] == ["a", "b", "c"]


def test_versions_of_a_folder_that_nobody_reads_any_more_are_removed(emulator, bucket):
    """A team may upload another snapshot before each mock battle."""
    folder, local = f"gs://{bucket}/model", []
    for content in (b"1", b"22", b"333"):
        emulator.write(bucket, "model/a", content)
        local.append(cache.listed_on_disk(folder, files.entries(folder)))
        assert os.path.exists(local[0]) == (content != b"333")
        os.utime(local[0], (0, 0)) if content == b"22" else None
    assert pathlib.Path(local[1], "a").read_bytes() == b"22" and pathlib.Path(local[2], "a").read_bytes() == b"333"


def fetched(proxy):
    """Names of the objects whose content was asked for since the last call, sorted."""
    lines = [line.split("?")[0] for line in proxy.log if "alt=media" in line]
    proxy.log.clear()
    return sorted(urllib.parse.unquote(line.rpartition("/o/")[2]) for line in lines)


def contents(folder):
    """Relative name -> content of the files in a folder and the folders in it."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in pathlib.Path(folder).rglob("*.*")}


def test_folders_come_to_disk_as_they_are_and_what_is_there_is_not_fetched_again(emulator, faulty_bucket):
    bucket, proxy = faulty_bucket
    for name in ("in/a.png", "in/x/b.png", "in/x/y/c.png", "in/notes.txt", "inner/d.png", "in/empty/"):
        emulator.write(bucket, name, name.encode())

    def come():
        folder = cache.on_disk(f"gs://{bucket}/in/", lambda name: name.endswith(".png"))
        assert os.path.basename(folder) == "in"
        return contents(folder)

    a, b, c = (name.encode() for name in ("in/a.png", "in/x/b.png", "in/x/y/c.png"))
    assert come() == {"a.png": a, "x/b.png": b, "x/y/c.png": c}
    assert fetched(proxy) == ["in/a.png", "in/x/b.png", "in/x/y/c.png"]
    assert come() == {"a.png": a, "x/b.png": b, "x/y/c.png": c}
    assert fetched(proxy) == []
    emulator.write(bucket, "in/x/b.png", b"changed")
    emulator.delete(bucket, "in/a.png")
    assert come() == {"x/b.png": b"changed", "x/y/c.png": c}
    assert fetched(proxy) == ["in/x/b.png"]
    whole = contents(cache.on_disk(f"gs://{bucket}"))
    assert whole == {
        "in/x/b.png": b"changed",
        "in/x/y/c.png": c,
        "in/notes.txt": b"in/notes.txt",
        "inner/d.png": b"inner/d.png",
    }
    assert fetched(proxy) == ["in/notes.txt", "inner/d.png"]


def test_what_a_fault_left_out_of_a_folder_comes_the_next_time(emulator, faulty_bucket, monkeypatch):
    bucket, proxy = faulty_bucket
    monkeypatch.setattr(buckets, "RETRY_SECONDS", 1)
    names = [f"in/{number}.png" for number in range(20)]
    for name in names:
        emulator.write(bucket, name, name.encode())
    proxy.fail_next(1000, match="15.png")
    with pytest.raises(UserError, match="15.png: the network or the server failed"):
        cache.on_disk(f"gs://{bucket}/in")
    proxy.calm()
    fetched(proxy)
    assert contents(cache.on_disk(f"gs://{bucket}/in")) == {name[3:]: name.encode() for name in names}
    again = fetched(proxy)
    assert "in/15.png" in again and "in/0.png" not in again


@pytest.mark.parametrize("name", ["../x.png", "sub/../../../x.png", "/etc/x.png", "./x.png", "sub//x.png"])
def test_no_name_leads_out_of_the_cache(name, memory_emulator, tmp_path):
    memory_emulator.create_bucket("names")
    memory_emulator.write("names", "in/good.png", b"good")
    memory_emulator.write("names", f"in/{name}", b"evil")
    for look in (
        lambda: cache.on_disk("gs://names/in"),
        lambda: cache.on_disk(f"gs://names/in/{name}"),
        lambda: cache.on_disk(f"gs://names/in/{os.path.dirname(name)}"),
        lambda: cache.find_files(f"gs://names/in/{name}", "flag"),
    ):
        with pytest.raises(DataError, match="cannot be the name of a file on disk"):
            look()
    assert not list(tmp_path.rglob("*.png"))


def test_a_file_whose_name_is_no_utf_8_is_named(tmp_path):
    with open(os.fsencode(tmp_path) + b"/train\xff.tfrecords", "wb"):
        pass
    with pytest.raises(DataError, match=r"--flag=.*train\*: .*train\\xff.tfrecords is not UTF-8, .* rename it"):
        cache.find_files(f"{tmp_path}/train*", "flag")
