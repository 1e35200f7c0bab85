"""Time limits on a busy machine: what others do with the processors is not counted, all else is."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import hostile
import numpy as np
import pytest

from gan.console.errors import ContractError
from gan.random_noise_generator import uniform_noise
from gan.sandbox import child_process, fair_deadline, framing, sandbox

pytestmark = [
    pytest.mark.alone,
    pytest.mark.skipif(not os.path.exists("/proc/self/schedstat"), reason="this system does not tell who waits"),
]
BUSY = "while True: pass"
# To hash a large text takes no lock of Python's, so all eight are ready to run at a time.
THREADS = """import hashlib, threading
def work():
    while True: hashlib.sha256(text)
text = bytes(2**22)
for _ in range(8): threading.Thread(target=work).start()"""


@contextlib.contextmanager
def processes(program, count, cores):
    """Runs a program several times on some cores only."""
    started = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(count)]
    try:
        for each in started:
            os.sched_setaffinity(each.pid, cores)
        time.sleep(0.3)
        yield [each.pid for each in started]
    finally:
        for each in started:
            each.kill()
            each.wait()


def last_core():
    return {max(os.sched_getaffinity(0))}


def wait_for(deadline):
    """Seconds until a deadline is over."""
    begun = time.monotonic()
    while (left := deadline.left()) > 0:
        time.sleep(left)
    return time.monotonic() - begun


def test_what_others_take_is_not_counted():
    with processes(BUSY, 6, last_core()) as (first, *_):
        assert wait_for(fair_deadline.FairDeadline(first, 0.8)) > 1.6


def test_a_process_that_sleeps_is_not_waited_for():
    with processes("import time\ntime.sleep(1000)", 1, last_core()) as (sleeping,), processes(BUSY, 4, last_core()):
        assert wait_for(fair_deadline.FairDeadline(sleeping, 1.0)) < 1.6


def test_a_process_that_waits_for_its_own_threads_is_not_waited_for():
    """Eight threads on one core: each is kept waiting by the other seven."""
    program = f"import os\nos.sched_setaffinity(0, {last_core()})\nimport ctypes\n{THREADS}"
    with processes(program, 1, last_core()) as (crowd,):
        waiting, begun = fair_deadline.Waiting(crowd), time.monotonic()
        time.sleep(2)
        passed = time.monotonic() - begun
        used = sum(each.processor for each in fair_deadline._used_by_threads(crowd).values())
        longest = max(each.waited for each in fair_deadline._used_by_threads(crowd).values())
        assert longest > 0.5 * passed  # the kernel says that they wait
        assert waiting.seconds() <= passed - min(used, passed) + 0.3


def test_it_ends_however_busy_the_machine_is(monkeypatch):
    monkeypatch.setattr(fair_deadline, "MOST_STRETCH", 2)
    with processes(BUSY, 8, last_core()) as (first, *_):
        assert wait_for(fair_deadline.FairDeadline(first, 0.5)) < 2


def test_a_process_that_is_gone_has_its_time():
    assert wait_for(fair_deadline.FairDeadline(2**22 + 1, 0.4)) == pytest.approx(0.4, abs=0.3)


@pytest.fixture(scope="module")
def a_sandbox(tmp_path_factory):
    limits = child_process.SandboxLimits(open_seconds=8, call_seconds=1.5)
    with sandbox.Sandbox(limits, str(tmp_path_factory.mktemp("copies"))) as opened:
        yield opened


def test_a_fair_snapshot_plays_on_a_busy_machine(a_sandbox, tmp_path):
    """Its call takes a good part of its limit, and many times that beside twelve others."""

    def write(repeats):
        hostile.write(str(tmp_path / str(repeats)), generator=lambda noise: hostile.busy_generator(noise, repeats))
        return str(tmp_path / str(repeats))

    with a_sandbox.open(write(12), hostile.SIZE) as opened:
        opened.generate(uniform_noise(15, 0))
        opened.generate(uniform_noise(15, 0))
        repeats = round(12 * 0.2 / opened.seconds)  # 0.2 s on this machine, on all cores
    with a_sandbox.open(write(repeats), hostile.SIZE) as opened:
        assert opened.pin(last_core())
        opened.generate(uniform_noise(15, 0))
        with processes(BUSY, 12, last_core()):
            images = opened.generate(uniform_noise(15, 0))
        assert images.shape == (15, hostile.SIZE) and opened.seconds > 1.5


def test_a_slow_snapshot_fails_on_a_busy_machine_too(a_sandbox, tmp_path):
    hostile.write(str(tmp_path), generator=lambda noise: hostile.busy_generator(noise, 4000))
    limits = child_process.SandboxLimits(open_seconds=1.5, call_seconds=1.5)
    with sandbox.Sandbox(limits) as opened, processes(BUSY, 2, os.sched_getaffinity(0)):
        with pytest.raises(ContractError, match="it took longer than 1.5 s to"):
            opened.open(str(tmp_path), hostile.SIZE)


def test_a_stopped_process_fails_in_time(a_sandbox, tmp_path):
    hostile.write(str(tmp_path))
    with a_sandbox.open(str(tmp_path), hostile.SIZE) as opened:
        os.kill(opened._process.pid, signal.SIGSTOP)
        begun = time.monotonic()
        with pytest.raises(ContractError, match="longer than 1.5 s"):
            opened.generate(uniform_noise(15, 0))
        assert time.monotonic() - begun < 4


def test_all_that_is_sent_arrives_though_the_deadline_moves():
    """A deadline that is asked again and again, while the reader takes its time."""

    class Patient:
        asked = 0

        def left(self):
            self.asked += 1
            return 0.05

    ours, theirs = socket.socketpair()
    values, patient = np.arange(2**20, dtype=np.float32), Patient()
    with ours, theirs:
        sender = threading.Thread(target=framing.send, args=(ours, b"text", values, patient))
        sender.start()
        time.sleep(0.5)
        text, received = framing.receive(theirs, most=len(values), deadline=Patient())
        sender.join(10)
    assert text == b"text" and patient.asked > 3
    np.testing.assert_array_equal(received, values)
