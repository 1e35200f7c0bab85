"""Files put into a folder where somebody else lays traps."""

import os
import threading

import pytest

from gan.arena import result_delivery
from gan.console.errors import UserError
from gan.storage import buckets, files

pytest_plugins = ["cloud"]


@pytest.fixture
def source(tmp_path):
    (tmp_path / "source" / "half_round_0").mkdir(parents=True)
    (tmp_path / "source" / "half_round_0" / "overview.png").write_bytes(b"picture")
    (tmp_path / "source" / "index.html").write_text("page")
    return str(tmp_path / "source")


def test_files_arrive_and_are_renewed(source, tmp_path):
    for content in ("page", "newer"):
        with open(os.path.join(source, "index.html"), "w", encoding="utf-8") as file:
            file.write(content)
        result_delivery.deliver(source, str(tmp_path / "team"), "results/today")
        arrived = tmp_path / "team" / "results" / "today"
        assert (arrived / "index.html").read_text() == content
        assert (arrived / "half_round_0" / "overview.png").read_bytes() == b"picture"
        assert sorted(os.listdir(arrived)) == ["half_round_0", "index.html"]


def test_to_a_bucket(source, emulator, bucket):
    result_delivery.deliver(source, f"gs://{bucket}", "results/today")
    assert files.read(f"gs://{bucket}/results/today/index.html") == b"page"
    assert files.read(f"gs://{bucket}/results/today/half_round_0/overview.png") == b"picture"


def test_a_bucket_is_not_asked_one_by_one(source, emulator, bucket, monkeypatch):
    """Two pictures are uploaded at the same time: neither ends before the other has begun. The page comes last."""
    with open(os.path.join(source, "half_round_0", "00.png"), "wb") as file:
        file.write(b"another")
    os.utime(os.path.join(source, "index.html"), (2**31, 2**31))
    upload, both, ended = buckets.upload, threading.Barrier(2, timeout=60), []

    def watched(local, path):
        if path.endswith(".png"):
            both.wait()
        upload(local, path)
        ended.append(os.path.basename(path))

    monkeypatch.setattr(buckets, "upload", watched)
    result_delivery.deliver(source, f"gs://{bucket}", "results/today")
    assert sorted(ended[:2]) == ["00.png", "overview.png"] and ended[2:] == ["index.html"]
    assert len(emulator.names(bucket)) == 3


def test_no_page_without_its_pictures(source, emulator, faulty_bucket, monkeypatch):
    bucket, proxy = faulty_bucket
    monkeypatch.setattr(buckets, "RETRY_SECONDS", 1)
    os.utime(os.path.join(source, "index.html"), (2**31, 2**31))
    proxy.fail_next(10**6, match="uploadType")
    with pytest.raises(UserError, match="the network or the server failed"):
        result_delivery.deliver(source, f"gs://{bucket}", "results/today")
    assert emulator.names(bucket) == []


def test_nothing_is_written_through_a_link(source, tmp_path):
    place, precious = tmp_path / "team" / "results" / "today", tmp_path / "arena.sqlite3"
    place.mkdir(parents=True)
    precious.write_text("precious")
    (place / "index.html").symlink_to(precious)
    result_delivery.deliver(source, str(tmp_path / "team"), "results/today")
    assert precious.read_text() == "precious" and (place / "index.html").read_text() == "page"
    assert not (place / "index.html").is_symlink()


@pytest.mark.parametrize("trap", ["results", "results/today", "results/today/half_round_0"])
def test_no_folder_is_reached_by_a_link(source, tmp_path, trap):
    (tmp_path / "elsewhere").mkdir()
    place = tmp_path / "team" / trap
    place.parent.mkdir(parents=True)
    place.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError):
        result_delivery.deliver(source, str(tmp_path / "team"), "results/today")
    assert os.listdir(tmp_path / "elsewhere") == []


def test_a_pipe_in_the_way_does_not_block(source, tmp_path):
    place = tmp_path / "team" / "results" / "today"
    place.mkdir(parents=True)
    os.mkfifo(place / "index.html")
    result_delivery.deliver(source, str(tmp_path / "team"), "results/today")
    assert (place / "index.html").read_text() == "page"
