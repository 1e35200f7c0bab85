"""Objects of buckets against the real emulator, with faults."""

import gzip
import http.server
import json
import os
import threading
import urllib.parse

import pytest

from gan.console.errors import BucketRefused, StateError, UserError
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


def write_packed(emulator, bucket, name, stored):
    blob = emulator.client.bucket(bucket).blob(name)
    blob.content_encoding = "gzip"
    blob.upload_from_string(stored)


def test_compressed_objects_are_read_as_what_they_are(emulator, bucket, tmp_path):
    content = b"team,path\n" * 1000
    write_packed(emulator, bucket, "packed", gzip.compress(content))
    write_packed(emulator, bucket, "mislabelled", content)
    for name in ("packed", "mislabelled"):
        path = f"gs://{bucket}/{name}"
        generation = files.entries(f"gs://{bucket}")[name].generation
        assert files.read(path) == files.read_small(path, len(content)) == content
        files.fetch(path, str(tmp_path / name), generation, len(content))
        assert (tmp_path / name).read_bytes() == content
        with pytest.raises(OSError, match="more than"):
            files.read_small(path, len(content) - 1)
        with pytest.raises(OSError, match="more than"):
            files.fetch(path, str(tmp_path / "none"), generation, len(content) - 1)
    write_packed(emulator, bucket, "damaged", gzip.compress(content)[:-9])
    with pytest.raises(BucketRefused, match="cannot be decompressed .*; upload it again") as refused:
        files.read(f"gs://{bucket}/damaged")
    assert refused.value.is_certain and sorted(os.listdir(tmp_path)) == ["mislabelled", "packed"]


def test_what_gsutil_compresses(emulator, bucket, gsutil, tmp_path):
    content = b"hello " * 1000
    (tmp_path / "a.txt").write_bytes(content)
    for flag in ("-Z", "-J"):
        gsutil("cp", flag, tmp_path / "a.txt", f"gs://{bucket}/{flag}")
        assert files.read(f"gs://{bucket}/{flag}") == files.read_small(f"gs://{bucket}/{flag}", 6000) == content


def test_folders_without_end_are_not_listed(monkeypatch):
    """A stranger may fill a bucket with folders: a page of an answer that names folders alone has no file."""
    answered = _pages_of_folders(6)
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", answered.url)
    monkeypatch.setattr(buckets, "MOST_PAGES", 6)
    try:
        assert buckets.list_objects("gs://crowd/model", "model/", delimiter="/", most=10) == []
        answered.pages = 10**6
        with pytest.raises(BucketRefused, match="gs://crowd/model holds so many folders") as refused:
            buckets.list_objects("gs://crowd/model", "model/", delimiter="/", most=10)
        assert refused.value.is_certain and refused.value.fault.code == "bucket_crowded"
    finally:
        answered.shutdown()
        answered.server_close()


def _pages_of_folders(pages):
    """A server whose buckets hold nothing but folders, one on each page of a listing."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
            number = int(query.get("pageToken", ["1"])[0])
            following = {"nextPageToken": str(number + 1)} if number < self.server.pages else {}
            content = json.dumps({"prefixes": [f"model/{number}/"], **following}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.pages, server.url = pages, f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return server
