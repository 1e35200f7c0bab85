"""Files of a bucket that grow, and their copy on disk."""

import gzip
import os

import pytest

from gan.console.errors import BucketSilent, StateError
from gan.storage import buckets, growing_copy

pytest_plugins = ["cloud"]


def copy_of(bucket, tmp_path, folder="runs"):
    return growing_copy.GrowingCopy(f"gs://{bucket}/{folder}", str(tmp_path / "local"), lambda name: "log" in name)


def contents(copy):
    found = [os.path.join(folder, name) for folder, _, names in os.walk(copy.path) for name in names]
    return {os.path.relpath(path, copy.path): open(path, "rb").read() for path in found}


def test_what_grew_is_added_to_the_file_that_a_reader_holds(emulator, faulty_bucket, tmp_path):
    bucket, proxy = faulty_bucket
    emulator.write(bucket, "runs/a/log", b"first")
    copy = copy_of(bucket, tmp_path)
    assert copy.refresh() == 1
    with open(os.path.join(copy.path, "a", "log"), "rb") as reader:
        assert reader.read() == b"first"
        emulator.write(bucket, "runs/a/log", b"first, second")
        emulator.write(bucket, "runs/b/log", b"other")
        assert copy.refresh() == 2
        assert reader.read() == b", second"
    assert contents(copy) == {"a/log": b"first, second", "b/log": b"other"}
    before = proxy.requests
    assert copy.refresh() == 2
    assert proxy.requests == before + 1  # nothing but a listing


def test_only_the_files_that_are_wanted_and_have_names_of_files_are_there(emulator, memory_emulator, tmp_path):
    memory_emulator.create_bucket("bucket")
    for name in ("runs/log", "runs/model", "runs/../log", "runs//log", "runs/log/", "other/log"):
        memory_emulator.write("bucket", name, name.encode())
    copy = copy_of("bucket", tmp_path)
    assert copy.refresh() == 1
    assert contents(copy) == {"log": b"runs/log"}


def test_what_is_replaced_or_deleted_is_so_in_the_copy(emulator, bucket, tmp_path):
    for name in ("shorter", "gone", "stays"):
        emulator.write(bucket, f"runs/{name}.log", b"12345")
    copy = copy_of(bucket, tmp_path)
    copy.refresh()
    emulator.write(bucket, "runs/shorter.log", b"12")
    emulator.delete(bucket, "runs/gone.log")
    assert copy.refresh() == 2
    assert contents(copy) == {"shorter.log": b"12", "stays.log": b"12345"}
    emulator.delete(bucket, "runs/shorter.log")
    emulator.delete(bucket, "runs/stays.log")
    assert copy.refresh() == 0 and contents(copy) == {}


def test_files_that_somebody_else_removed_from_the_copy(emulator, bucket, tmp_path):
    for name in ("grows", "goes"):
        emulator.write(bucket, f"runs/{name}.log", b"12")
    copy = copy_of(bucket, tmp_path)
    copy.refresh()
    for name in ("grows", "goes"):
        os.remove(os.path.join(copy.path, f"{name}.log"))
    emulator.write(bucket, "runs/grows.log", b"1234")
    emulator.delete(bucket, "runs/goes.log")
    assert copy.refresh() == 1 and contents(copy) == {"grows.log": b"1234"}


def test_compressed_files_come_as_what_they_are(emulator, bucket, tmp_path):
    def write(content):
        blob = emulator.client.bucket(bucket).blob("runs/log")
        blob.content_encoding = "gzip"
        blob.upload_from_string(gzip.compress(content))

    write(b"first" * 100)
    copy = copy_of(bucket, tmp_path)
    copy.refresh()
    write(b"first" * 100 + os.urandom(1000))
    copy.refresh()
    assert len(contents(copy)["log"]) == 1500


def test_a_failure_leaves_the_copy_and_the_next_time_goes_on(emulator, faulty_bucket, tmp_path, monkeypatch):
    bucket, proxy = faulty_bucket
    monkeypatch.setattr(buckets, "RETRY_SECONDS", 1)
    emulator.write(bucket, "runs/log", b"first")
    copy = copy_of(bucket, tmp_path)
    copy.refresh()
    emulator.write(bucket, "runs/log", b"first, second")
    for break_it in (proxy.down, lambda: proxy.reset_next(100, match="alt=media")):
        break_it()
        with pytest.raises(BucketSilent):
            copy.refresh()
        assert contents(copy) == {"log": b"first"}
        proxy.up()
        proxy.calm()
    copy.refresh()
    assert contents(copy) == {"log": b"first, second"}


def test_a_bucket_that_is_not_there_is_said(bucket, tmp_path):
    with pytest.raises(StateError, match="there is no such bucket"):
        copy_of("bucket-of-nobody", tmp_path).refresh()
