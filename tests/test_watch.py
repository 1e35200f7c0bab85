"""`watch` shows trainings in a bucket: what TensorBoard's page is told, over HTTP."""

import http.client
import json
import os
import re
import signal
import socket
import time
import urllib.parse

import pytest
from conftest import run_train, start

from gan import watch
from gan.data import tensorboard

pytest_plugins = ["cloud"]

PATIENCE = 120  # seconds for anything that is waited for
TAG = "loss/discriminator"


@pytest.fixture
def watching(tmp_path, monkeypatch):
    """watching(*flags) starts the command on a free port; returns the process and the address of its page."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    started = []

    def begin(*flags):
        process = start("watch", "--port=0", *flags)
        started.append(process)
        for line in process.stdout:
            if found := re.search(r"TensorBoard shows .* at (http://\S+)", line):
                return process, found[1]
        raise AssertionError(f"watch ended with exit code {process.wait()}")

    yield begin
    for process in started:
        process.kill()
        process.wait()


def ask(address, path, **query):
    """The answer of TensorBoard's page."""
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(address).netloc, timeout=30)
    connection.request("GET", f"/data/{path}?{urllib.parse.urlencode(query)}")
    response = connection.getresponse()
    assert response.status == 200
    return json.loads(response.read())


def until(condition):
    """Waits for what a function returns to be true, and returns it."""
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    return found


def last_step(address, run):
    tags = ask(address, "plugin/scalars/tags")
    if TAG not in tags.get(run, {}):
        return None
    return ask(address, "plugin/scalars/scalars", run=run, tag=TAG)[-1][1]


def test_trainings_in_a_bucket_appear_and_grow(watching, bucket, faces, tmp_path):
    runs = f"gs://{bucket}/runs"
    assert run_train(faces, f"{runs}/one") == 0
    process, address = watching(f"--log_dir={runs}", "--reload_interval=1")
    assert until(lambda: last_step(address, "one")) == 20
    assert run_train(faces, f"{runs}/two") == 0
    assert run_train(faces, f"{runs}/one", "--max_steps=40") == 0
    assert until(lambda: last_step(address, "two")) == 20
    until(lambda: last_step(address, "one") == 40)
    samples = ask(address, "plugin/images/tags")
    assert set(samples) == {"one", "two"} and samples["one"]
    kept = [name for _, _, names in os.walk(tmp_path) for name in names]
    assert len(kept) == 3 and all("tfevents" in name for name in kept)
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == -signal.SIGTERM
    assert not [name for name in os.listdir(tmp_path) if name.startswith("gan-watch-")]


def test_one_training_that_has_not_begun(watching, emulator, faulty_bucket, faces):
    bucket, proxy = faulty_bucket
    process, address = watching(f"--log_dir=gs://{bucket}/run", "--reload_interval=1")
    assert ask(address, "runs") == []
    proxy.fail_next(3)
    assert run_train(faces, f"gs://{bucket}/run") == 0
    assert until(lambda: last_step(address, ".")) == 20
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE) == 130
    assert process.stdout.read() == "watch: interrupted\n"


def test_a_file_that_grows_while_it_is_read(watching, emulator, bucket, tmp_path):
    writer = tensorboard.SummaryWriter(str(tmp_path / "here"))
    contents = []
    for step in (1, 2, 3):
        writer.scalars(step, {TAG: 0.5})
        writer.flush()
        (file,) = (tmp_path / "here").iterdir()
        contents.append(file.read_bytes())
    name = f"run/{file.name}"
    emulator.write(bucket, name, contents[0])
    _, address = watching(f"--log_dir=gs://{bucket}/run", "--reload_interval=1")
    assert until(lambda: last_step(address, ".")) == 1
    emulator.write(bucket, name, contents[2][:-5])  # in the middle of a record
    until(lambda: last_step(address, ".") == 2)
    emulator.write(bucket, name, contents[2])
    until(lambda: last_step(address, ".") == 3)


def test_a_folder_on_disk_is_shown_as_it_is(watching, trained):
    _, address = watching(f"--logdir={trained}")
    assert until(lambda: last_step(address, ".")) == 20


def test_mistakes(fails, bucket, tmp_path):
    assert "there is no such folder" in fails(watch.main, f"--log_dir={tmp_path}/none")
    assert "there is no such bucket" in fails(watch.main, "--log_dir=gs://bucket-of-nobody/run")
    with socket.create_server(("localhost", 0)) as taken:
        port = taken.getsockname()[1]
        error = fails(watch.main, f"--log_dir={tmp_path}", f"--port={port}")
    assert f"port {port}" in error and "give another --port" in error
