"""The cloud of the tests itself: the emulator, the faults that the proxy makes, and gsutil."""

import concurrent.futures
import http.client
import os
import threading
import time

import pytest

pytest_plugins = ["cloud"]

HOST = "127.0.0.1"
KIB, MIB = 2**10, 2**20


def blob(bucket, name, chunk_size=None):
    """An object of a new client that finds its server as the commands do; nothing is asked of the server yet."""
    storage = pytest.importorskip("google.cloud.storage")
    return storage.Client().bucket(bucket).blob(name, chunk_size=chunk_size)


def quick_retry():
    """The client's own retries, without its waits of seconds."""
    retry = pytest.importorskip("google.cloud.storage.retry")
    return retry.DEFAULT_RETRY.with_delay(initial=0.02, maximum=0.1).with_timeout(20)


def get(proxy, path, connection=None):
    """Status and body of a GET without any retries."""
    connection = connection or http.client.HTTPConnection(HOST, proxy.port, timeout=10)
    connection.request("GET", path)
    response = connection.getresponse()
    return response.status, response.read()


def objects(bucket):
    return f"/storage/v1/b/{bucket}/o"


def test_emulator_keeps_objects_through_a_restart(emulator, bucket):
    data, url = os.urandom(100_000), emulator.url
    emulator.write(bucket, "run/b", data)
    emulator.write(bucket, "run/a", b"")
    emulator.write(bucket, "other", b"x")
    assert emulator.names(bucket) == ["other", "run/a", "run/b"]
    emulator.delete(bucket, "other")
    emulator.stop()
    with pytest.raises(OSError):
        http.client.HTTPConnection(HOST, emulator.port, timeout=5).request("GET", "/")
    emulator.start()
    assert emulator.url == url
    assert emulator.names(bucket) == emulator.names(bucket, "run/") == ["run/a", "run/b"]
    assert emulator.read(bucket, "run/b") == data
    assert blob(bucket, "run/b").download_as_bytes() == data


def test_each_test_has_a_bucket_of_its_own(emulator, bucket, faulty_bucket):
    emulator.write(bucket, "a", b"1")
    assert faulty_bucket[0] != bucket
    assert emulator.names(faulty_bucket[0]) == []


def test_environment_leads_clients_to_the_emulator_without_an_account(emulator, bucket):
    blob(bucket, "a").upload_from_string(b"1")
    assert emulator.read(bucket, "a") == b"1"


def test_everything_passes_through_the_proxy(emulator, faulty_bucket, tmp_path):
    bucket, proxy = faulty_bucket
    small, large = os.urandom(1000), os.urandom(9 * MIB)
    blob(bucket, "small").upload_from_string(small)
    blob(bucket, "large").upload_from_string(large)
    blob(bucket, "chunks", chunk_size=4 * MIB).upload_from_string(large)
    with blob(bucket, "written").open("wb", chunk_size=256 * KIB) as file:
        file.write(large[: 300 * KIB])
    methods = [line.split("?")[0].replace(bucket, "B") for line in proxy.log]
    post, put = "POST /upload/storage/v1/b/B/o", "PUT /upload/storage/v1/b/B/o"
    assert methods == [post] + [post, put] + [post, put, put, put] + [post, put, put]
    assert "uploadType=multipart" in proxy.log[0] and "uploadType=resumable" in proxy.log[1]
    assert emulator.names(bucket) == ["chunks", "large", "small", "written"]
    assert emulator.read(bucket, "large") == large

    before = proxy.requests
    listed = {found.name: found for found in blob(bucket, "").client.list_blobs(bucket)}
    assert proxy.requests == before + 1
    assert listed["large"].download_as_bytes() == large  # from the address that the listing told
    listed["chunks"].download_to_filename(tmp_path / "chunks")
    assert (tmp_path / "chunks").read_bytes() == large
    assert blob(bucket, "large").download_as_bytes(start=10, end=19) == large[10:20]
    assert blob(bucket, "small").exists() and not blob(bucket, "none").exists()
    listed["small"].delete()
    assert proxy.requests == len(proxy.log) == before + 7
    assert proxy.faults == 0
    assert "small" not in emulator.names(bucket)


def test_proxy_handles_chunked_bodies_and_keeps_connections(emulator, faulty_bucket):
    bucket, proxy = faulty_bucket
    connection = http.client.HTTPConnection(HOST, proxy.port, timeout=10)
    parts = [os.urandom(size) for size in (1, 70_000, 3)]
    path = f"/upload{objects(bucket)}?uploadType=media&name=a"
    for _ in range(2):
        connection.request("POST", path, body=iter(parts), encode_chunked=True, headers={"Content-Type": "a/b"})
        response = connection.getresponse()
        assert response.status == 200 and response.read()
        used = connection.sock
        assert used is not None
    assert get(proxy, objects(bucket) + "/a?alt=media", connection) == (200, b"".join(parts))
    connection.request("HEAD", objects(bucket) + "/a?alt=media")
    assert connection.getresponse().read() == b""
    proxy.fail_next(1)
    assert get(proxy, objects(bucket), connection)[0] == 503
    assert get(proxy, objects(bucket), connection)[0] == 200
    assert connection.sock is used
    assert emulator.read(bucket, "a") == b"".join(parts)


def test_proxy_delivers_an_answer_that_comes_before_the_end_of_an_upload(faulty_bucket):
    bucket, proxy = faulty_bucket
    path = f"/upload{objects(bucket)}?uploadType=resumable&name=a&upload_id=unknown"
    for _ in range(2):
        connection = http.client.HTTPConnection(HOST, proxy.port, timeout=10)
        connection.request("PUT", path, body=bytes(9 * MIB))
        assert connection.getresponse().status == 404


@pytest.mark.alone
def test_latency_delays_each_request_and_not_the_others(faulty_bucket):
    bucket, proxy = faulty_bucket
    proxy.latency = 0.3
    begin = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: get(proxy, objects(bucket))[0], range(8)))
    assert answers == [200] * 8
    assert 0.3 <= time.monotonic() - begin < 1.5
    proxy.calm()
    begin = time.monotonic()
    get(proxy, objects(bucket))
    assert time.monotonic() - begin < 0.25


def test_next_requests_fail(emulator, faulty_bucket):
    exceptions = pytest.importorskip("google.api_core.exceptions")
    bucket, proxy = faulty_bucket
    proxy.fail_next(2)
    proxy.fail_next(1, status=429)
    assert [get(proxy, objects(bucket))[0] for _ in range(4)] == [503, 503, 429, 200]
    assert (proxy.requests, proxy.faults) == (4, 3)
    proxy.fail_next(1)
    with pytest.raises(exceptions.ServiceUnavailable):
        blob(bucket, "a").upload_from_string(b"1", retry=None)
    assert emulator.names(bucket) == []
    proxy.fail_next(1, match="uploadType=multipart")
    assert get(proxy, objects(bucket))[0] == 200
    blob(bucket, "a").upload_from_string(b"1", retry=quick_retry())
    assert proxy.faults == 5
    assert emulator.read(bucket, "a") == b"1"
    proxy.fail_next(5)
    proxy.calm()
    assert get(proxy, objects(bucket))[0] == 200


def test_what_clients_ask_in_the_background_does_not_count(faulty_bucket):
    bucket, proxy = faulty_bucket
    missing = blob(bucket, "missing")
    proxy.fail_next(1, match="/o/missing")
    proxy.fail_next(1, match="?alt")
    for _ in range(4):
        assert not missing.exists(retry=quick_retry())
        time.sleep(0.1)
    assert (proxy.requests, proxy.faults) == (5, 1)
    itself = f"/storage/v1/b/{bucket}"
    proxy.fail_next(1)
    assert get(proxy, itself)[0] == 200
    proxy.fail_next(1, match=f"{itself}?")
    assert get(proxy, f"{itself}?fields=name")[0] == 503
    assert get(proxy, objects(bucket))[0] == 503
    assert (proxy.requests, proxy.faults) == (7, 3)


def test_random_share_of_requests_fails_the_same_for_a_seed(faulty_bucket):
    bucket, proxy = faulty_bucket

    def answers(share, seed):
        proxy.fail_share(share, seed)
        return [get(proxy, objects(bucket))[0] for _ in range(60)]

    first = answers(0.3, seed=1)
    assert set(first) == {200, 503} and 8 <= first.count(503) <= 30
    assert proxy.faults == first.count(503)
    assert answers(0.3, seed=1) == first
    assert answers(0.3, seed=2) != first
    assert answers(0, seed=1) == [200] * 60


@pytest.mark.parametrize("size", [1000, 9 * MIB])
def test_reset_cuts_uploads(emulator, faulty_bucket, size):
    requests = pytest.importorskip("requests")
    bucket, proxy = faulty_bucket
    data = os.urandom(size)
    # A large upload starts with a request that has a small body of its own.
    match = "uploadType=multipart" if size < 8 * MIB else "PUT "
    proxy.reset_next(1, match=match)
    with pytest.raises(requests.exceptions.ConnectionError):
        blob(bucket, "a").upload_from_string(data, retry=None)
    assert proxy.faults == 1
    assert emulator.names(bucket) == []
    proxy.reset_next(2, match=match)
    blob(bucket, "a").upload_from_string(data, retry=quick_retry())
    assert proxy.faults == 3
    assert emulator.read(bucket, "a") == data


def test_reset_cuts_an_upload_after_half_of_its_body(faulty_bucket):
    bucket, proxy = faulty_bucket
    proxy.reset_next(1)
    connection = http.client.HTTPConnection(HOST, proxy.port, timeout=10)
    connection.putrequest("POST", f"/upload{objects(bucket)}?uploadType=media&name=a")
    connection.putheader("Content-Length", "1000")
    connection.endheaders(b"x" * 499)
    connection.sock.settimeout(0.3)
    with pytest.raises(TimeoutError):
        connection.sock.recv(1)
    connection.send(b"x")
    connection.sock.settimeout(10)
    with pytest.raises(ConnectionResetError):
        connection.sock.recv(1)


@pytest.mark.parametrize("size", [1000, 9 * MIB])
def test_reset_cuts_downloads_after_half_of_the_body(emulator, faulty_bucket, size):
    requests = pytest.importorskip("requests")
    bucket, proxy = faulty_bucket
    data = os.urandom(size)
    emulator.write(bucket, "a", data)
    proxy.reset_next(1)
    connection = http.client.HTTPConnection(HOST, proxy.port, timeout=10)
    connection.request("GET", objects(bucket) + "/a?alt=media")
    response = connection.getresponse()
    assert response.status == 200 and response.getheader("Content-Length") == str(size)
    assert response.read(size // 2) == data[: size // 2]
    with pytest.raises(ConnectionResetError):
        response.read()
    proxy.reset_next(1)
    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.exceptions.ConnectionError)):
        blob(bucket, "a").download_as_bytes(retry=None)
    proxy.reset_next(2)
    assert blob(bucket, "a").download_as_bytes(retry=quick_retry()) == data
    proxy.reset_next(1)
    assert [found.name for found in blob(bucket, "a").client.list_blobs(bucket, retry=quick_retry())] == ["a"]
    assert proxy.faults == 5


def test_reset_of_an_answer_hides_a_success(emulator, faulty_bucket):
    requests = pytest.importorskip("requests")
    bucket, proxy = faulty_bucket
    proxy.reset_next(2, answers=True)
    with pytest.raises(requests.exceptions.RequestException):
        blob(bucket, "a").upload_from_string(b"1", retry=None)
    assert emulator.read(bucket, "a") == b"1"
    with pytest.raises(requests.exceptions.RequestException):
        blob(bucket, "a").delete(retry=None)
    assert emulator.names(bucket) == []


def test_down_refuses_and_breaks_connections_until_up(emulator, faulty_bucket):
    bucket, proxy = faulty_bucket
    emulator.write(bucket, "a", b"1")
    connection = http.client.HTTPConnection(HOST, proxy.port, timeout=10)
    assert get(proxy, objects(bucket), connection)[0] == 200
    assert connection.sock is not None
    proxy.latency = 0.5
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(get, proxy, objects(bucket))
        while proxy.requests < 2:
            time.sleep(0.01)
        proxy.down()
        proxy.down()
        with pytest.raises((OSError, http.client.HTTPException)):
            waiting.result()
    proxy.latency = 0
    with pytest.raises((OSError, http.client.HTTPException)):
        get(proxy, objects(bucket), connection)
    with pytest.raises(ConnectionRefusedError):
        get(proxy, objects(bucket))
    again = threading.Timer(0.3, proxy.up)
    again.start()
    assert blob(bucket, "a").download_as_bytes(retry=quick_retry()) == b"1"  # waits for it
    again.join()
    proxy.up()
    assert get(proxy, objects(bucket))[0] == 200


def test_restart_of_the_emulator_behind_the_proxy_breaks_requests(emulator, faulty_bucket):
    bucket, proxy = faulty_bucket
    emulator.write(bucket, "a", b"1")
    emulator.stop()
    try:
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            get(proxy, objects(bucket))
    finally:
        emulator.start()
    assert blob(bucket, "a").download_as_bytes() == b"1"


def test_gsutil_copies_and_lists(emulator, bucket, gsutil, tmp_path):
    small, large = os.urandom(1000), os.urandom(9 * MIB)
    (tmp_path / "small").write_bytes(small)
    (tmp_path / "large").write_bytes(large)
    gsutil("cp", tmp_path / "small", f"gs://{bucket}/model/small")
    gsutil("cp", tmp_path / "large", f"gs://{bucket}/model/large")
    emulator.write(bucket, "other", b"1")
    assert emulator.read(bucket, "model/small") == small and emulator.read(bucket, "model/large") == large
    model = [f"gs://{bucket}/model/large", f"gs://{bucket}/model/small"]
    assert gsutil("ls", f"gs://{bucket}/model/").split() == model
    assert gsutil("ls", f"gs://{bucket}").split() == [f"gs://{bucket}/other", f"gs://{bucket}/model/"]
    gsutil("cp", f"gs://{bucket}/other", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"1"
    (tmp_path / "copies").mkdir()
    gsutil("cp", f"gs://{bucket}/model/*", tmp_path / "copies")
    assert {path.name: path.read_bytes() for path in (tmp_path / "copies").iterdir()} == {
        "small": small,
        "large": large,
    }
    assert "matched no objects" in gsutil("ls", f"gs://{bucket}/none", fails=True)
