"""The real gcloud for the tests, with a recording server and the emulator in place of Google's services.

A test module that names this module in `pytest_plugins` beside `cloud` gets the fixture `gcloud`. Nothing that gcloud
does here leaves the loopback interface, and it neither reads nor changes the settings of the user.
"""

import http.server
import json
import os
import shutil
import subprocess
import sys
import threading
from importlib import metadata
from typing import NamedTuple

import pytest

HOST = "127.0.0.1"
NOWHERE = f"http://{HOST}:9"  # a proxy that does not exist, for everything that is not on this machine
# gcloud asks this before it starts a process of a cluster, and again for each. The import takes seconds every time.
VERSION_QUESTION = "import tensorflow as tf; print(tf.version.VERSION)"


class Request(NamedTuple):
    """A request that gcloud made."""

    method: str
    path: str  # with its query
    body: dict


class _Recorder(http.server.ThreadingHTTPServer):
    """Answers every request for a job as if it were accepted, and keeps it."""

    def __init__(self):
        super().__init__((HOST, 0), _RecordingHandler)
        self.requests = []
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self):
        return f"http://{HOST}:{self.server_address[1]}/"


class _RecordingHandler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *arguments):
        """Silence."""

    def do_POST(self):
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        request = Request(self.command, self.path, json.loads(content or b"{}"))
        self.server.requests.append(request)
        resource = self.path.partition("?")[0].removeprefix("/v1/")
        answer = json.dumps({**request.body, "name": f"{resource}/1", "state": "JOB_STATE_PENDING"}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_PUT = do_PATCH = do_DELETE = do_POST


class Gcloud:
    """gcloud with the services of the tests.

    Attributes:
        project: the project that it works in.
        requests: those that it made to Vertex AI and AI Platform, in order; storage is the emulator's.
    """

    project = "tests"

    def __init__(self, executable, folder, storage_url):
        self._recorder = _Recorder()
        self.requests = self._recorder.requests
        commands = folder / "bin"
        commands.mkdir()
        (commands / "gcloud").symlink_to(executable)
        python = commands / "python"
        version = metadata.version("tensorflow")
        answer = f'if [ "$2" = "{VERSION_QUESTION}" ]; then echo {version}; exit; fi'
        python.write_text(f'#!/bin/sh\n{answer}\nexec "{sys.executable}" "$@"\n')
        python.chmod(0o755)
        (folder / "token").write_text("any")
        foreign = ("CLOUDSDK_", "GOOGLE_", "AIP_", "CLOUD_ML_")
        self._environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(foreign) and not name.lower().endswith("_proxy") and name != "TF_CONFIG"
        }
        self._environment.update(
            PATH=f"{commands}{os.pathsep}{os.environ['PATH']}",
            HOME=str(folder),
            http_proxy=NOWHERE,
            https_proxy=NOWHERE,
            no_proxy=f"{HOST},localhost",
            CLOUDSDK_CONFIG=str(folder / "settings"),
            CLOUDSDK_CORE_PROJECT=self.project,
            CLOUDSDK_CORE_DISABLE_PROMPTS="1",
            CLOUDSDK_CORE_DISABLE_USAGE_REPORTING="1",
            CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK="1",
            CLOUDSDK_AUTH_ACCESS_TOKEN_FILE=str(folder / "token"),
            CLOUDSDK_API_ENDPOINT_OVERRIDES_AIPLATFORM=self._recorder.url,
            CLOUDSDK_API_ENDPOINT_OVERRIDES_ML=self._recorder.url,
            CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE=f"{storage_url}/storage/v1/",
        )

    def run(self, command, folder):
        """Runs a line of shell in a folder; returns everything that it wrote, after an assertion that it succeeded."""
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}"
        return done.stdout

    def close(self):
        self._recorder.shutdown()
        self._recorder.server_close()


@pytest.fixture(scope="module")
def gcloud(emulator, tmp_path_factory):
    """The Gcloud that the variable GCLOUD names; `make test` sets it if there is one."""
    executable = shutil.which(os.environ.get("GCLOUD") or "")
    if executable is None:
        pytest.skip("the variable GCLOUD names no gcloud of Google's SDK")
    found = Gcloud(executable, tmp_path_factory.mktemp("gcloud"), emulator.url)
    yield found
    found.close()
