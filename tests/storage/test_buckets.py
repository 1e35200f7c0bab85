"""Objects of buckets against the real emulator, with faults."""

import os

import pytest

from gan.console.errors import StateError, UserError
from gan.storage import buckets, files, outputs

pytest_plugins = ["cloud"]


def test_bytes_come_back_as_they_went(emulator, bucket, tmp_path):
    large = os.urandom(9 * 2**20)
    (tmp_path / "large").write_bytes(large)
    buckets.upload(str(tmp_path / "large"), f"gs://{bucket}/a/large")
    buckets.write(f"gs://{bucket}/a/small", b"small")
    assert sorted(files.names(f"gs://{bucket}/a")) == ["large", "small"]
    files.fetch(f"gs://{bucket}/a/large", str(tmp_path / "back"))
    assert (tmp_path / "back").read_bytes() == large
    assert files.read(f"gs://{bucket}/a/small") == b"small"


def test_what_is_not_there_is_said(bucket, tmp_path):
    for look in (files.read, lambda path: files.fetch(path, str(tmp_path / "local")), lambda path: buckets.read(path)):
        with pytest.raises(FileNotFoundError, match=f"there is no such file: 'gs://{bucket}/none'"):
            look(f"gs://{bucket}/none")
    assert os.listdir(tmp_path) == []
    buckets.delete(f"gs://{bucket}/none")
    with pytest.raises(StateError, match="no such bucket"):
        buckets.list_objects("gs://bucket-of-nobody/x", "x")


def test_passing_faults_are_overcome(emulator, faulty_bucket, tmp_path):
    bucket, proxy = faulty_bucket
    content = os.urandom(2**20)
    (tmp_path / "file").write_bytes(content)
    proxy.fail_next(2)
    proxy.reset_next(1, match="upload")
    buckets.upload(str(tmp_path / "file"), f"gs://{bucket}/file")
    assert emulator.read(bucket, "file") == content
    proxy.fail_next(1)
    proxy.reset_next(1)
    files.fetch(f"gs://{bucket}/file", str(tmp_path / "back"))
    assert (tmp_path / "back").read_bytes() == content
    assert proxy.faults >= 3


def test_a_server_that_stays_away_ends_in_a_sentence(faulty_bucket, monkeypatch, tmp_path):
    bucket, proxy = faulty_bucket
    monkeypatch.setattr(buckets, "RETRY_SECONDS", 1)
    proxy.down()
    with pytest.raises(UserError, match="the network or the server failed"):
        buckets.write(f"gs://{bucket}/x", b"x")
    with pytest.raises(UserError, match="everything is kept in"), outputs.output_folder(f"gs://{bucket}/out") as folder:
        open(os.path.join(folder, "result"), "w").close()
    assert os.listdir(folder) == ["result"]
