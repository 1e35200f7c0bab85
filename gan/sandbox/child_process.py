"""A confined process seen from outside, and the process that forks it. No TensorFlow in this one."""

import contextlib
import dataclasses
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Collection, Iterator
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np

from gan.console.errors import ContractError, HostError
from gan.contest.faults import breach, host_failure, received, sentence
from gan.sandbox import confinement, fair_deadline, framing, memory_watch, protocol

KILLED = "killed"  # code of the HostError of a process that was killed from outside, as happens if memory runs out
FORBIDDEN_CALL = "forbidden_call"  # code of the fault of a process that tried what no network needs
_END_SECONDS = 30  # that the server has to end a process, or itself
_START_SECONDS = 180  # until TensorFlow is imported, on a busy machine
_LOG_BYTES = 1 << 16  # what a pipe holds, and the most that is kept of what a process writes to stderr
_LONGEST_LINE = 300  # characters of the log of a process that ended
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "PYTHONPATH", "LD_LIBRARY_PATH")  # the rest is none of theirs

_Message = TypeVar("_Message")


class SandboxLimits(NamedTuple):
    """What a snapshot may use while it is open."""

    memory: int = confinement.Limits().memory  # bytes
    processor_seconds: int = confinement.Limits().processor_seconds  # of its process, in its whole life
    open_seconds: float = 60.0  # to open it, by the wall clock less what others made it wait
    call_seconds: float = 10.0  # for one call of a model, counted the same way
    all_memory: int | None = None  # bytes of all snapshots that are open; None for a share of the machine's


DEFAULT_LIMITS = SandboxLimits()


@dataclasses.dataclass(frozen=True)
class Step(Generic[_Message]):
    """Something that a confined process is asked to do."""

    name: str  # as the parameter `step` of contest.faults
    answer: type[_Message]
    may_fail: bool = False  # whether a protocol.SnapshotFault may come in place of the answer


START = Step("start", confinement.Confined)
TRY = Step("try", protocol.Possible)
OPEN = Step("open", protocol.Opened, may_fail=True)
VERIFY = Step("verify", protocol.Verified, may_fail=True)
TAKE_INPUT = Step("input", protocol.Ready)
GENERATE = Step("generate", protocol.Computed, may_fail=True)
DISCRIMINATE = Step("discriminate", protocol.Computed, may_fail=True)


class ConfinedProcess:
    """One forked process, seen from outside.

    Args:
        server: that forks it.
        task: what it is for.

    Attributes:
        task: what it is for.
        is_strangers: whether it has begun to open a snapshot, and may have been taken over by it.

    Raises:
        HostError: it could not be started.
    """

    def __init__(self, server: "ForkServer", task: protocol.Task) -> None:
        self.task, self.is_strangers = task, False
        self._server, self._log = server, b""
        self._lock = threading.Lock()  # of its pid: nobody may signal another process that has it later
        self._processor_seconds = 0.0  # that it used, once it is gone
        self._excess: memory_watch.Excess | None = None  # for which it was ended
        with _this_machine_failing("request"):
            self._channel, theirs = socket.socketpair()
            self._log_end, log = os.pipe()
        os.set_blocking(log, False)  # what does not fit is lost; it must not wait for a reader
        self._pid: int | None
        try:
            self._pid = server.fork(task, [theirs.fileno(), log])
        except BaseException:
            self._channel.close()
            os.close(self._log_end)
            raise
        finally:
            theirs.close()
            os.close(log)

    def ask(
        self,
        step: Step[_Message],
        seconds: float,
        request: object = None,
        array: np.ndarray | None = None,
        most: int = 0,
    ) -> tuple[_Message, np.ndarray]:
        """Sends a request and waits for the answer.

        Args:
            step: what it is to do.
            seconds: until the answer must be there; more if others keep the processors busy, see fair_deadline.py.
            request: a message of protocol.py; None sends nothing: the answer comes by itself.
            array: float32 that goes with the request.
            most: values that may come with the answer.

        Returns:
            (the answer, float32 [N] with N <= most).

        Raises:
            ContractError: it tells what is wrong with the snapshot, answers too late or nonsense, or died of what it
                did.
            HostError: this machine seems to be the reason.
        """
        if self._pid is None:
            raise breach("closed_earlier")
        deadline = fair_deadline.FairDeadline(self._pid, seconds)
        expected = (step.answer, protocol.SnapshotFault) if step.may_fail else (step.answer,)
        answer: _Message | protocol.SnapshotFault
        try:
            if request is not None:
                framing.send(self._channel, protocol.encode(request), array, deadline)
            text, values = framing.receive(self._channel, most, deadline)
            answer = protocol.decode(text, *expected)
        except TimeoutError:
            self.close()
            if not self.is_strangers:
                raise host_failure("machine_slow", seconds=seconds, step=step.name) from None
            raise breach("slow", seconds=seconds, step=step.name) from None
        except framing.Closed:
            status = self.close()
            raise self._death(status, step.name) from None
        except framing.MessageError as error:
            self.close()
            raise breach("nonsense", reason=str(error)) from None
        if isinstance(answer, protocol.SnapshotFault):
            self.close()
            raise _error_of(answer)
        return answer, values

    @property
    def pid(self) -> int | None:
        """Its number; None if it is gone."""
        return self._pid

    def end_for_memory(self, excess: memory_watch.Excess | None) -> None:
        """Kills it, from another thread. Who asks it next is told of its excess; without one, this machine failed."""
        with self._lock, contextlib.suppress(OSError):
            if self._pid is not None:
                os.kill(self._pid, signal.SIGKILL)
                self._excess = excess

    def waiting(self) -> fair_deadline.Waiting:
        """Counts from now on how long other programs keep it waiting for a processor."""
        return fair_deadline.Waiting(self._pid or 0)

    def is_silent(self) -> bool:
        """Whether it has sent nothing that it was not asked for."""
        return framing.is_silent(self._channel)

    def pin(self, cores: Collection[int]) -> bool:
        """Lets all its threads run on these cores only; False if this system cannot, or does not allow it."""
        if self._pid is None or not hasattr(os, "sched_setaffinity"):
            return False
        try:
            for thread in _threads(self._pid):
                os.sched_setaffinity(thread, cores)
        except OSError:
            return False
        return True

    @property
    def closed(self) -> bool:
        """Whether it is gone."""
        return self._pid is None

    def log(self) -> str:
        """What it wrote to stderr, so far."""
        if self._pid is not None:
            self._drain()
        return self._log.decode(errors="replace")

    def close(self) -> int:
        """Kills it; returns its status as os.waitpid does, or 0 if it was closed already."""
        if self._pid is None:
            return 0
        with self._lock:
            pid, self._pid = self._pid, None
        try:
            ended = self._server.end(pid)
            self._processor_seconds = ended.processor_milliseconds / 1000
            return ended.status
        finally:
            self._drain()
            self._channel.close()
            os.close(self._log_end)

    def _drain(self) -> None:
        while select.select([self._log_end], [], [], 0)[0]:
            content = os.read(self._log_end, _LOG_BYTES)
            if not content:
                return
            self._log = (self._log + content)[-_LOG_BYTES:]

    def _death(self, status: int, step: str) -> ContractError | HostError:
        """The error for a process that ended by itself while it was asked to do something."""
        number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        if self._excess:
            taken, share = (count / 2**20 for count in self._excess)
            return breach("memory_share", mebibytes=taken, share=share)
        if number == signal.SIGSYS and self.is_strangers:
            return breach("forbidden_call", step=step)
        # The first process of a namespace is not told of its limit, but killed at it.
        is_used_up = self._processor_seconds >= self.task.limits.processor_seconds
        if number == signal.SIGXCPU or number == signal.SIGKILL and is_used_up:
            return breach("processor_time", seconds=self.task.limits.processor_seconds)
        if number == signal.SIGKILL or number == 0 and not self.is_strangers:
            last = (self.log().strip().splitlines() or ["killed from outside"])[-1][:_LONGEST_LINE]
            if self.is_strangers:
                return host_failure("killed", step=step, last=last)
            return host_failure("process_failed", step=step, last=last)
        if "bad_alloc" in self.log() or "MemoryError" in self.log():
            return breach("too_much_memory", mebibytes=self.task.limits.memory / 2**20)
        if number == 0:
            return breach("ended", step=step)
        return breach("crashed", signal=signal.strsignal(number) or str(number), step=step)


def _threads(pid: int) -> list[int]:
    """The threads of a process and of its descendants; raises OSError if the system does not list them."""
    found = []
    for thread in os.listdir(f"/proc/{pid}/task"):
        found.append(int(thread))
        with open(f"/proc/{pid}/task/{thread}/children", encoding="ascii") as file:
            for child in file.read().split():
                found += _threads(int(child))
    return found


def _error_of(told: protocol.SnapshotFault) -> ContractError:
    """The error for what a process tells of its snapshot, unless it makes no sense."""
    fault = received(told.code, told.parameters)
    if fault is None:
        return breach("nonsense", reason="it told a fault that no snapshot has")
    return ContractError(sentence(fault), fault=fault)


@contextlib.contextmanager
def _this_machine_failing(step: str) -> Iterator[None]:
    """Around what the fork server is needed for: raises HostError if the system refuses."""
    try:
        yield
    except OSError as error:
        raise host_failure("fork_server_failed", step=step, reason=error.strerror or str(error)) from error


class ForkServer:
    """The process that forks the confined ones, seen from outside; see fork_server.py.

    Raises:
        HostError: it cannot be started.
    """

    def __init__(self) -> None:
        self._channel, theirs = socket.socketpair()
        environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        environment |= {"CUDA_VISIBLE_DEVICES": "", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        # Each thread would get an arena of 64 MiB, and address space is limited.
        environment["MALLOC_ARENA_MAX"] = "4"
        # TensorFlow's own allocator tries for 10 s to get memory that is not there.
        environment["TF_ONEDNN_USE_SYSTEM_ALLOCATOR"] = "1"
        # A session's threads end with it; one pool for all sessions would stay.
        environment["TF_OVERRIDE_GLOBAL_THREADPOOL"] = "1"
        file = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fork_server.py")
        with theirs, _this_machine_failing("start"):
            self._process = subprocess.Popen(
                [sys.executable, file, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env=environment,
                stdin=subprocess.DEVNULL,
            )
        self._ready = False

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    def fork(self, task: protocol.Task, descriptors: list[int]) -> int:
        """Forks a process; returns its pid.

        Args:
            task: what it is for.
            descriptors: its ends of its channel and of a pipe for stderr.

        Raises:
            HostError: it cannot be forked.
        """
        self._wait_until_ready()
        self._send(protocol.Fork(task))
        with _this_machine_failing("request"):
            socket.send_fds(self._channel, [b"2"], descriptors)
        answer: protocol.Forked | protocol.ForkRefused = self._receive(protocol.Forked, protocol.ForkRefused)
        if isinstance(answer, protocol.ForkRefused):
            raise host_failure("process_refused", reason=answer.reason)
        return answer.pid

    def end(self, pid: int) -> protocol.Ended:
        """Kills a process; returns how it ended."""
        self._send(protocol.End(pid))
        ended: protocol.Ended = self._receive(protocol.Ended, seconds=_END_SECONDS)
        return ended

    def close(self) -> None:
        """Ends it, and with it all processes that it forked; kills it if it is stuck."""
        self._channel.close()
        self._exit_code()

    def _exit_code(self) -> int:
        """Waits until it has ended: its channel is closed."""
        try:
            return self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def _wait_until_ready(self) -> None:
        if not self._ready:
            listening: protocol.Listening = self._receive(protocol.Listening)
            if listening.threads not in (1, None):
                raise host_failure("fork_server_threads", threads=listening.threads)
            self._ready = True

    def _send(self, message: object) -> None:
        with _this_machine_failing("request"):
            try:
                framing.send(self._channel, protocol.encode(message))
            except framing.Closed:
                raise self._ended() from None

    def _receive(self, *expected: type, seconds: float = _START_SECONDS) -> Any:
        with _this_machine_failing("answer"):
            try:
                text, _ = framing.receive(self._channel, deadline=time.monotonic() + seconds)
                return protocol.decode(text, *expected)
            except framing.Closed:
                raise self._ended() from None
            except TimeoutError:
                self._process.kill()  # it is stuck; nobody else is to wait for it, too
                raise
            except framing.MessageError as error:
                raise host_failure("fork_server_failed", step="answer", reason=str(error)) from error

    def _ended(self) -> HostError:
        return host_failure("fork_server_ended", exit_code=self._exit_code())
