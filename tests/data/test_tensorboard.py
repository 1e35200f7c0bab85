"""The real TensorBoard server, asked over HTTP."""

import io
import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request

import pytest
from conftest import run_train
from PIL import Image

from gan import eval


@pytest.fixture(scope="module")
def server(faces, tmp_path_factory):
    """Address of a TensorBoard that shows a training run of two starts, and its evaluation."""
    train_dir = tmp_path_factory.mktemp("board")
    for last in (15, 40):
        assert run_train(faces, train_dir, f"--max_steps={last}") == 0
    eval.main(["eval", f"--eval_data_pattern={faces}", f"--train_dir={train_dir}", "--run_once"])
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "tensorboard.main", f"--logdir={train_dir}", f"--port={port}", "--load_fast=false"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    yield f"http://localhost:{port}"
    process.kill()
    process.wait()
    shutil.rmtree(train_dir)


def ask(url, seconds=300):
    """The answer's body, once there is one that is not empty JSON."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            body = urllib.request.urlopen(url, timeout=10).read()
            if body not in (b"{}", b"[]"):
                return body
        except OSError:
            pass
        assert time.monotonic() < deadline, f"no answer from {url}"
        time.sleep(0.3)


def query(server, path, **arguments):
    return ask(f"{server}/data/plugin/{path}?{urllib.parse.urlencode(arguments)}")


def test_scalars_are_listed_and_drawn(server):
    deadline = time.monotonic() + 300
    while True:  # runs appear one after the other
        tags = json.loads(query(server, "scalars/tags"))
        if "eval" in tags or time.monotonic() > deadline:
            break
        time.sleep(0.3)
    expected = {"loss/discriminator", "loss/generator", "accuracy/on_real", "accuracy/on_fake"}
    assert expected | {"learning_rate", "images_per_second", "epoch"} == set(tags["."])
    assert {tag for tag in tags["eval"] if not tag.startswith("quality/")} == expected
    assert any(tag.startswith("quality/frechet_") for tag in tags["eval"])
    points = json.loads(query(server, "scalars/scalars", run=".", tag="loss/generator"))
    assert [step for _, step, _ in points] == list(range(1, 41))
    assert all(0 < value < 50 for _, _, value in points)


def test_sample_images_are_served(server):
    (images,) = json.loads(query(server, "images/tags"))["."].values()
    assert images["samples"] >= 1
    listed = json.loads(query(server, "images/images", run=".", tag="samples", sample=0))
    assert [image["step"] for image in listed] == [10, 15, 20, 30, 40]
    picture = Image.open(io.BytesIO(ask(f"{server}/data/plugin/images/individualImage?{listed[-1]['query']}")))
    assert picture.size == (8 * 52 - 2, 8 * 52 - 2)
