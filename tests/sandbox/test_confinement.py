"""Layers of confinement, each by itself and all together, in processes of their own."""

import json
import os
import platform
import signal
import socket
import subprocess
import sys
import tempfile

import pytest
from conftest import let_others_reach

from gan.sandbox import confinement, landlock, seccomp

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux only")

EVERYTHING = ["read files", "write files", "connect", "start processes", "signal others"]
NEW_NAMESPACES = [0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000]
CLONE_PTRACE = 0x00002000

SCRIPT = """
import codecs, ctypes, dataclasses, errno, fcntl, json, os, resource, socket, sys
from gan.sandbox import confinement, seccomp
layers, folder, outside, port, then = json.loads(sys.argv[1])
confinement.make_root(folder)
os.chdir(folder)
apply = {
    "limits": lambda: confinement._limit(confinement.Limits(memory=256 * 2**20, processor_seconds=1)),
    "namespaces": confinement._leave_namespaces,
    "root": lambda: (confinement._leave_namespaces(), confinement._change_root()),
    "user": lambda: confinement._drop_user(7),
    "capabilities": lambda: confinement._drop_capabilities(),
    "another user": lambda: (os.setgroups([]), os.setresgid(*[12345] * 3), os.setresuid(*[12345] * 3)),
    "landlock": confinement._restrict_files,
    "system calls": lambda: (confinement._prctl(38, 1), seccomp.install()),
}
apply["killing calls"] = lambda: (confinement._prctl(38, 1), seccomp.install(kills=True))
def connect():
    with socket.socket() as probe:
        probe.settimeout(1)
        probe.connect(("127.0.0.1", port))
confinement._connect = connect
apply["all"] = lambda: told.update(
    confined=dataclasses.asdict(confinement.confine(".", confinement.Limits(), 7))
)
def error_of(call, *arguments):
    try:
        result = call(*arguments)
        return errno.errorcode[ctypes.get_errno()] if result == -1 else None
    except OSError as error:
        return errno.errorcode[error.errno]
def clone(flags):
    number = seccomp.MACHINES[os.uname().machine][1]["clone"]
    return libc.syscall(*[ctypes.c_long(value) for value in (number, 0x00010000 | flags, 0, 0, 0, 0)])
encodings = [codecs.lookup(name) for name in ("idna", "ascii")]  # another user may not be able to import them
libc = ctypes.CDLL(None, use_errno=True)
status = os.open("/proc/self/status", os.O_RDONLY)
near, far = socket.socketpair()
far.send(b"word")
told = {"user": None}
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
    told["kill"] = error_of(os.kill, os.getppid(), 0)
    commands = {"F_SETOWN": os.getppid(), "F_SETSIG": 0, "F_SETFL": fcntl.fcntl(near, fcntl.F_GETFL)}
    commands |= {"F_SETOWN_EX": bytes(8), "F_GETFD": 0, "F_GETFL": 0, "F_DUPFD": 0, "F_DUPFD_CLOEXEC": 0}
    numbers = {"F_SETSIG": 10, "F_SETOWN_EX": 15}
    for name, value in commands.items():
        told[name] = error_of(fcntl.fcntl, near, numbers.get(name) or getattr(fcntl, name), value)
elif then == "messages":
    for name in ("MSG_OOB", "MSG_DONTWAIT", "MSG_NOSIGNAL"):
        told[name] = error_of(near.send, b"x", getattr(socket, name))
    told["MSG_PEEK"] = error_of(near.recv, 4, socket.MSG_PEEK)
    near.settimeout(5)
    told["received"] = near.recv(4).decode()
elif then == "cores":
    cores = os.sched_getaffinity(0)
    told["ours"], told["theirs"] = [error_of(os.sched_setaffinity, pid, cores) for pid in (0, os.getppid())]
elif then == "clone":  # a thread without shared signal handlers, which the kernel itself refuses to make
    told["clone"] = {flags: error_of(clone, flags) for flags in json.loads(outside)}
elif then == "capabilities":
    names = ("CapInh:", "CapPrm:", "CapEff:", "CapAmb:")
    lines = [line.split() for line in os.pread(status, 10000, 0).decode().splitlines()]
    told["capabilities"] = list({int(line[1], 16) for line in lines if line[0] in names})
elif then == "memory killer":
    with open("/proc/self/oom_score_adj") as file:
        told["score"] = int(file.read())
elif then == "try":
    attempts = {
        "program": lambda: os.execv("/bin/true", ["true"]),
        "process": os.fork,
        "socket": socket.socket,
        "signal": lambda: os.kill(os.getppid(), 0),
        "rename": lambda: os.rename("a", "b"),
        "write": lambda: open("a", "w"),
    }
    told["error"] = error_of(attempts[outside])
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
    let_others_reach(tmp_path)  # where it is not root that reads, rights alone must not stop it
    with socket.create_server(("127.0.0.1", 0)) as server:

        def run(layers, then="possible", outside=str(outside)):
            inside = tempfile.mkdtemp(dir=tmp_path)
            given = json.dumps([layers, inside, outside, server.getsockname()[1], then])
            done = subprocess.run([sys.executable, "-c", SCRIPT, given], capture_output=True, timeout=60)
            if done.returncode:
                assert done.returncode < 0, done.stderr.decode()
                return done.returncode
            return json.loads(done.stdout)

        yield run


def needs_namespaces():
    code = "from gan.sandbox import confinement; confinement._leave_namespaces()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True)
    return done.returncode == 0


def test_nothing_is_impossible_without(run):
    assert run([])["possible"] == EVERYTHING


def test_everything_is_impossible_with_all(run):
    told = run(["all"])
    held, missing = told["confined"]["held"], told["confined"]["missing"]
    assert told["possible"] == [], (held, missing)
    assert {"limits", "user"} <= set(held)
    assert told["user"] != 0


@pytest.mark.skipif(not landlock.version(), reason="this kernel has no Landlock")
def test_landlock_alone(run):
    possible = run(["landlock"])["possible"]
    assert "read files" not in possible and "write files" not in possible
    if landlock.version() >= 4:
        assert "connect" not in possible
    if landlock.version() >= 6:
        assert "signal others" not in possible


needs_filter = pytest.mark.skipif(platform.machine() not in seccomp.MACHINES, reason="no filter for this machine")


@needs_filter
def test_system_calls_alone(run):
    assert run(["system calls"])["possible"] == ["read files"]
    assert run(["system calls"], "thread")["thread"], "threads are allowed"
    assert run(["system calls"], "abort") == -6, "abort is allowed"


@needs_filter
@pytest.mark.parametrize("attempt", ["program", "process", "socket", "signal", "rename"])
def test_what_no_network_needs_kills_if_it_is_a_stranger_s(run, attempt):
    assert run(["killing calls"], "try", attempt) == -signal.SIGSYS
    assert run(["system calls"], "try", attempt)["error"] == "EPERM"


@needs_filter
def test_what_a_library_may_try_by_mistake_is_only_refused(run):
    assert run(["killing calls"], "try", "write")["error"] == "EPERM"
    assert run(["killing calls"], "thread")["thread"], "threads are allowed"


@needs_filter
def test_no_signal_by_any_way(run):
    told = run(["system calls"], "signal")
    assert [told[name] for name in ("kill", "F_SETOWN", "F_SETOWN_EX", "F_SETSIG", "F_SETFL")] == 5 * ["EPERM"]
    assert [told[name] for name in ("F_GETFD", "F_GETFL", "F_DUPFD", "F_DUPFD_CLOEXEC")] == 4 * [None]


@needs_filter
def test_messages_are_plain(run):
    told = run(["system calls"], "messages")
    assert [told[name] for name in ("MSG_OOB", "MSG_DONTWAIT", "MSG_PEEK")] == 3 * ["EPERM"]
    assert told["MSG_NOSIGNAL"] is None and told["received"] == "word"


@needs_filter
def test_processor_cores_of_others(run):
    told = run(["system calls"], "cores")
    assert (told["ours"], told["theirs"]) == (None, "EPERM")


@needs_filter
def test_a_thread_stays_in_its_namespaces(run):
    told = run(["system calls"], "clone", outside=json.dumps([0, CLONE_PTRACE, *NEW_NAMESPACES]))["clone"]
    assert told.pop("0") == "EINVAL", "the kernel was asked"
    assert told == {str(flags): "EPERM" for flags in (CLONE_PTRACE, *NEW_NAMESPACES)}


@pytest.mark.skipif(not needs_namespaces(), reason="this machine has no namespaces for us")
def test_root_and_namespaces_alone(run):
    assert "connect" not in run(["namespaces"])["possible"]
    assert "read files" not in run(["root"])["possible"]


def test_limits_alone(run):
    assert "write files" not in run(["limits"])["possible"]
    assert run(["limits"], "memory")["memory"] == "refused"
    assert run(["limits"], "processor") == -24  # SIGXCPU
    assert run(["limits"], "memory killer")["score"] == 1000


def test_capabilities_alone(run):
    assert run(["capabilities"], "capabilities")["capabilities"] == [0]


@pytest.mark.skipif(os.getuid() != 0, reason="for root")
def test_root_becomes_nobody(run):
    told = run(["user"])
    assert told["user"] == confinement._FIRST_USER + 7
    assert "write files" not in told["possible"] and "signal others" not in told["possible"]


@pytest.mark.skipif(os.getuid() != 0, reason="for root, who can become any other")
def test_another_user_keeps_nothing_either(run):
    layers = ["another user", "all"]
    assert run(layers)["possible"] == []
    assert run(layers, "capabilities")["capabilities"] == [0]


FORKED = """
import json, os, socket, sys
from gan.sandbox import fork_server

class Fake:
    def run(self, channel, then):  # in place of a protocol.Task
        if then == "descriptors":
            links = {name: os.path.realpath(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd")}
            channel.sendall(json.dumps({"channel": channel.fileno(), "links": links}).encode())
            os.write(2, b"logged")
            return
        if then == "no stderr":
            sys.stderr = None
        elif then == "closed stderr":
            os.close(2)
            sys.stderr.write("unwritten")
        raise ValueError("of a process")

theirs, ours, caller = *socket.socketpair(), socket.socket()
log, written = os.pipe()
server = os.getpid()
try:
    pid = fork_server._fork(caller, Fake(), sys.argv[1], [theirs.detach(), written]).pid
finally:
    if os.getpid() != server:
        os._exit(7)
code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
told = {"code": code, "said": ours.recv(10000).decode(), "log": os.read(log, 10000).decode()}
os.write(1, json.dumps(told).encode())
"""


def forked(then):
    """What a fork of the server that does `then` leaves; its code is 7 if it went on through the server's program."""
    done = subprocess.run([sys.executable, "-c", FORKED, then], capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def test_a_fork_keeps_no_descriptor_but_its_own():
    told = forked("descriptors")
    said = json.loads(told["said"])
    links = {int(name): link for name, link in said["links"].items()}
    assert [links.pop(number) for number in (0, 1)] == [os.devnull] * 2
    assert "pipe" in links.pop(2) and told["log"] == "logged"
    assert "socket" in links.pop(said["channel"])
    assert not [link for link in links.values() if link == os.devnull]
    assert told["code"] == 0


@pytest.mark.parametrize("then", ["fails", "no stderr", "closed stderr"])
def test_a_fork_that_fails_ends(then):
    told = forked(then)
    assert told["code"] == 1 and told["said"] == ""
    assert (then == "fails") == ("of a process" in told["log"])


@pytest.mark.parametrize("machine", seccomp.MACHINES)
def test_numbers_of_system_calls(machine):
    """By a table that others keep."""
    system_calls = pytest.importorskip("system_calls", reason="pip install system-calls")
    table = system_calls.syscalls()
    arch = {"aarch64": "arm64"}.get(machine, machine)
    for name, number in seccomp.MACHINES[machine][1].items():
        assert table.get(name, arch) == number, name


ENDS = """
import ctypes, json, os, sys, tempfile
from gan.sandbox import confinement, pid_namespace
from codecs import lookup
lookup("idna")
namespaces = pid_namespace.PidNamespaces()
folder = tempfile.mkdtemp(dir=sys.argv[2])
confinement.make_root(folder)
then = {
    "program": lambda: os.execv("/bin/true", ["true"]),
    "crash": lambda: ctypes.string_at(0),
    "abort": os.abort,
    "processor": lambda: [None for _ in iter(int, 1)],
    "nothing": lambda: os._exit(0 if pid_namespace.has_own() else 7),
}[sys.argv[1]]
pid = namespaces.fork()
if pid == 0:
    confinement.confine(folder, confinement.Limits(processor_seconds=1), 7, is_strangers=True)
    then()
    os._exit(99)
print(json.dumps([namespaces.missing, os.waitpid(pid, 0)[1]]))
"""


@needs_filter
@pytest.mark.parametrize(
    "then, statuses",
    [
        ("program", [signal.SIGSYS]),
        ("crash", [signal.SIGSEGV, signal.SIGSEGV | 0x80]),
        # To the first process of a namespace only the kernel can send a signal: abort falls back to a crash.
        ("abort", [signal.SIGABRT, signal.SIGSEGV]),
        ("processor", [signal.SIGKILL]),
        ("nothing", [0]),
    ],
)
def test_how_the_first_process_of_a_namespace_ends(then, statuses, tmp_path):
    done = subprocess.run([sys.executable, "-c", ENDS, then, str(tmp_path)], capture_output=True, timeout=60)
    missing, status = json.loads(done.stdout)
    if missing is not None:
        pytest.skip(f"this host does not allow PID namespaces ({missing})")
    assert status in statuses
