"""Layers of confinement, each by itself and all together, in processes of their own."""

import json
import os
import platform
import socket
import subprocess
import sys
import tempfile

import pytest

from gan import confinement, landlock, seccomp

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux only")

EVERYTHING = ["read files", "write files", "connect", "start processes"]

SCRIPT = """
import json, os, resource, socket, sys
from gan import confinement, seccomp
layers, folder, outside, port, then = json.loads(sys.argv[1])
confinement.make_root(folder)
os.chdir(folder)
apply = {
    "limits": lambda: confinement._limit(confinement.Limits(memory=256 * 2**20, processor_seconds=1)),
    "namespaces": confinement._leave_namespaces,
    "root": lambda: (confinement._leave_namespaces(), confinement._change_root()),
    "user": lambda: confinement._drop_user(7),
    "landlock": confinement._restrict_files,
    "system calls": lambda: (confinement._prctl(38, 1), seccomp.install()),
}
def connect():
    with socket.socket() as probe:
        probe.settimeout(1)
        probe.connect(("127.0.0.1", port))
confinement._connect = connect
encodings = "".encode("idna")
told = {"user": None}
if layers == "all":
    told["confined"] = confinement.confine(".", confinement.Limits(), 7)
else:
    for layer in layers:
        apply[layer]()
told["user"] = os.getuid()
if then == "memory":
    try:
        bytearray(512 * 2**20)
        told["memory"] = "got it"
    except MemoryError:
        told["memory"] = "refused"
elif then == "processor":
    while True:
        pass
elif then == "thread":
    import _thread
    done = _thread.allocate_lock()
    done.acquire()
    _thread.start_new_thread(done.release, ())
    told["thread"] = done.acquire(timeout=10)
elif then == "signal":
    try:
        os.kill(os.getppid(), 0)
        told["signal"] = "sent"
    except PermissionError:
        told["signal"] = "refused"
elif then == "abort":
    os.abort()
else:
    told["possible"] = confinement.still_possible(outside)
os.write(1, json.dumps(told).encode())
"""


@pytest.fixture
def run(tmp_path):
    """Runs the script with some layers; returns what it tells, or its return code where it was killed."""
    outside = tmp_path / "outside"
    outside.write_text("secret")
    for folder in [tmp_path, *tmp_path.parents]:  # where it is not root that reads, rights alone must not stop it
        if folder.stat().st_uid == os.getuid():
            folder.chmod(folder.stat().st_mode | 0o011)

    with socket.create_server(("127.0.0.1", 0)) as server:

        def run(layers, then="possible"):
            inside = tempfile.mkdtemp(dir=tmp_path)
            given = json.dumps([layers, inside, str(outside), server.getsockname()[1], then])
            done = subprocess.run([sys.executable, "-c", SCRIPT, given], capture_output=True, timeout=60)
            if done.returncode:
                assert done.returncode < 0, done.stderr.decode()
                return done.returncode
            return json.loads(done.stdout)

        yield run


def needs_namespaces():
    code = "from gan import confinement; confinement._leave_namespaces()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True)
    return done.returncode == 0


def test_nothing_is_impossible_without(run):
    assert run([])["possible"] == EVERYTHING


def test_everything_is_impossible_with_all(run):
    told = run("all")
    held, missing = told["confined"]
    assert told["possible"] == [], (held, missing)
    assert {"limits", "user"} <= set(held)
    assert told["user"] != 0


@pytest.mark.skipif(not landlock.version(), reason="this kernel has no Landlock")
def test_landlock_alone(run):
    possible = run(["landlock"])["possible"]
    assert "read files" not in possible and "write files" not in possible
    if landlock.version() >= 4:
        assert "connect" not in possible


@pytest.mark.skipif(platform.machine() not in seccomp.MACHINES, reason="no table of system calls for this machine")
def test_system_calls_alone(run):
    assert run(["system calls"])["possible"] == ["read files"]
    assert run(["system calls"], "thread")["thread"], "threads are allowed"
    assert run(["system calls"], "signal")["signal"] == "refused"
    assert run(["system calls"], "abort") == -6, "abort is allowed"


@pytest.mark.skipif(not needs_namespaces(), reason="this machine has no namespaces for us")
def test_root_and_namespaces_alone(run):
    assert "connect" not in run(["namespaces"])["possible"]
    assert "read files" not in run(["root"])["possible"]


def test_limits_alone(run):
    assert "write files" not in run(["limits"])["possible"]
    assert run(["limits"], "memory")["memory"] == "refused"
    assert run(["limits"], "processor") == -24  # SIGXCPU


@pytest.mark.skipif(os.getuid() != 0, reason="for root")
def test_root_becomes_nobody(run):
    told = run(["user"])
    assert told["user"] == confinement._FIRST_USER + 7
    assert "write files" not in told["possible"]


@pytest.mark.parametrize("machine", seccomp.MACHINES)
def test_numbers_of_system_calls(machine):
    """By a table that others keep."""
    system_calls = pytest.importorskip("system_calls", reason="pip install system-calls")
    table = system_calls.syscalls()
    arch = {"aarch64": "arm64"}.get(machine, machine)
    for name, number in seccomp.MACHINES[machine][1].items():
        assert table.get(name, arch) == number, name
