"""The process of a cell, seen from outside, and the process that forks it. No TensorFlow in this one."""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from typing import NamedTuple

from gan.console import printable
from gan.console.errors import ContractError, HostError
from gan.sandbox import confinement, wire

_START_SECONDS = 180  # until TensorFlow is imported, on a busy machine
_LOG_BYTES = 1 << 16  # what a pipe holds, and the most that is kept of what a cell writes to stderr
_LONGEST_LINE = 300  # characters of the log of a cell that ended
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "PYTHONPATH", "LD_LIBRARY_PATH")  # the rest is none of theirs


class CallLimits(NamedTuple):
    """What one cell may use."""

    memory: int = confinement.Limits().memory  # bytes
    processor_seconds: int = confinement.Limits().processor_seconds  # in its whole life
    open_seconds: float = 60.0  # to open a snapshot, by the wall clock
    call_seconds: float = 10.0  # for one call of a model, likewise


DEFAULT_LIMITS = CallLimits()


class Killed(HostError):
    """The process of a snapshot was killed from outside, as where the machine's memory runs out."""


class CellProcess:
    """One forked process, seen from outside.

    Attributes:
        is_strangers: whether it has begun to open a snapshot, and may have been taken over by it.
    """

    def __init__(self, server, arguments, limits):
        self._server, self._limits, self._log, self.is_strangers = server, limits, b"", False
        with _this_machine_failing("be asked"):
            self._channel, theirs = socket.socketpair()
            self._log_end, log = os.pipe()
        os.set_blocking(log, False)  # what does not fit is lost; it must not wait for a reader
        try:
            self._pid = server.fork(arguments, [theirs.fileno(), log])
        except BaseException:
            self._channel.close()
            os.close(self._log_end)
            raise
        finally:
            theirs.close()
            os.close(log)

    def ask(self, request, seconds, what, array=None, most=0):
        """Sends a request where there is one, and waits for a message: (dict, float32 [N]).

        Raises:
            ContractError: no answer in time, no sense in it, or the process died of what it did.
            HostError: this machine seems to be the reason.
        """
        if self._pid is None:
            raise ContractError("it was closed after an earlier failure")
        deadline = time.monotonic() + seconds
        try:
            if request is not None:
                wire.send(self._channel, request, array, deadline)
            return wire.receive(self._channel, most, deadline)
        except TimeoutError:
            self.close()
            if not self.is_strangers:
                raise HostError(f"the process of a snapshot took longer than {seconds:g} s to {what}") from None
            raise ContractError(f"it took longer than {seconds:g} s to {what}") from None
        except wire.Closed:
            status = self.close()
            raise self._death(status, what) from None
        except wire.WireError as error:
            self.close()
            raise ContractError(f"it answered nonsense: {error}") from None

    def is_silent(self):
        """Whether it has sent nothing that was not asked for."""
        return wire.is_silent(self._channel)

    @property
    def closed(self):
        return self._pid is None

    def log(self):
        """What it wrote to stderr, so far."""
        if self._pid is not None:
            self._drain()
        return self._log.decode(errors="replace")

    def close(self):
        """Kills it; returns its status, as os.waitpid does."""
        if self._pid is None:
            return None
        pid, self._pid = self._pid, None
        try:
            return self._server.end(pid)
        finally:
            self._drain()
            self._channel.close()
            os.close(self._log_end)

    def _drain(self):
        while select.select([self._log_end], [], [], 0)[0]:
            content = os.read(self._log_end, _LOG_BYTES)
            if not content:
                return
            self._log = (self._log + content)[-_LOG_BYTES:]

    def _death(self, status, what):
        """The error for a process that ended by itself while it was asked to do something."""
        number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        if number == signal.SIGXCPU:
            return ContractError(f"it used more than {self._limits.processor_seconds} s of processor time")
        if number == signal.SIGKILL or number == 0 and not self.is_strangers:
            last = (self.log().strip().splitlines() or ["killed from outside"])[-1]
            last = printable.cleaned(last)[:_LONGEST_LINE]
            kind = Killed if self.is_strangers else HostError
            return kind(f"the process of a snapshot ended while it was to {what}: {last}")
        if "bad_alloc" in self.log() or "MemoryError" in self.log():
            return ContractError(f"it needs more memory than {self._limits.memory / 2**20:.0f} MiB")
        if number == 0:
            return ContractError(f"its process ended by itself when it was to {what}")
        return ContractError(f"it crashed TensorFlow ({signal.strsignal(number) or number}) when it was to {what}")


@contextlib.contextmanager
def _this_machine_failing(what):
    """Around what the process that forks cells is needed for: raises HostError where the system refuses."""
    try:
        yield
    except OSError as error:
        raise HostError(f"the process that forks cells could not {what} ({error.strerror or error})") from error


class ForkServer:
    """The process that forks cells; see fork_server.py."""

    def __init__(self):
        self._channel, theirs = socket.socketpair()
        environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        environment |= {"CUDA_VISIBLE_DEVICES": "", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        # TensorFlow's own allocator tries for 10 s to get what there is not.
        environment["TF_ONEDNN_USE_SYSTEM_ALLOCATOR"] = "1"
        file = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fork_server.py")
        with theirs, _this_machine_failing("be started"):
            self._process = subprocess.Popen(
                [sys.executable, file, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env=environment,
                stdin=subprocess.DEVNULL,
            )
        self._channel.settimeout(_START_SECONDS)
        self._ready = False

    def fork(self, arguments, descriptors):
        """Forks a cell; returns its pid."""
        self._wait_until_ready()
        with _this_machine_failing("be asked"):
            socket.send_fds(self._channel, [json.dumps({"cell": arguments}).encode()], descriptors)
        answer = self._answer()
        if "failed" in answer:
            raise HostError(f"no process could be started ({answer['failed']})")
        return answer["pid"]

    def end(self, pid):
        """Kills a cell; returns its status, as os.waitpid does."""
        with _this_machine_failing("be asked"):
            self._channel.sendall(json.dumps({"end": pid}).encode())
        return self._answer()["status"]

    def close(self):
        """Ends it, and with it all cells."""
        self._channel.close()
        self._process.wait()

    def _wait_until_ready(self):
        if not self._ready:
            threads = self._answer()["threads"]
            if threads not in (1, None):
                raise HostError(f"the process that forks cells has {threads} threads, which are not forked")
            self._ready = True

    def _answer(self):
        content = b""
        while not content.endswith(b"\n"):
            with _this_machine_failing("answer"):
                part = self._channel.recv(1 << 16)
            if not part:
                raise HostError(f"the process that forks cells ended (exit code {self._process.wait()})")
            content += part
        return json.loads(content)
