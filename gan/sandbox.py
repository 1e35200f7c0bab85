"""Runs strangers' snapshots, each in a cell: a confined process of its own. No TensorFlow in this one.

A checkpoint is a program. It is copied to a folder of its own (staging.py), and a process that is forked for it
alone gives up all but computing (confinement.py) before it opens it (cell.py). What it answers is checked here:
shapes, numbers, and the time it took by our clock.
"""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from typing import NamedTuple

import numpy as np

from gan import cell, confinement, outputs, printable, staging, wire
from gan.errors import ContractError, UserError

_START_SECONDS = 180  # until TensorFlow is imported, on a busy machine
_LOG_BYTES = 1 << 16  # what a pipe holds, and the most that is kept of what a cell writes to stderr
_LONGEST_LINE = 300  # characters of the log of a cell that ended
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "PYTHONPATH", "LD_LIBRARY_PATH")  # the rest is none of theirs
OUTSIDE = os.path.abspath(__file__)  # a file that every user may read, unless confined


class HostError(UserError):
    """This machine failed, not a team: no process could be started, or one was killed from outside."""


class CallLimits(NamedTuple):
    """What one cell may use."""

    memory: int = confinement.Limits().memory  # bytes
    processor_seconds: int = confinement.Limits().processor_seconds  # in its whole life
    open_seconds: float = 60.0  # to open a snapshot, by the wall clock
    call_seconds: float = 10.0  # for one call of a model, likewise


DEFAULT_LIMITS = CallLimits()


class Isolation(NamedTuple):
    """What holds on this machine."""

    held: tuple  # layers of confinement.py
    missing: dict  # layer -> why not
    possible: tuple  # what a cell could do all the same; see confinement.still_possible

    def described(self):
        """A sentence."""
        text = f"cells are confined by: {', '.join(self.held) or 'nothing'}"
        if self.missing:
            text += f"; not on this machine: {', '.join(f'{name} ({why})' for name, why in self.missing.items())}"
        if self.possible:
            text += f"; a cell could still {', '.join(self.possible)}"
        return text


class Sandbox:
    """Opens snapshots in cells. Close it, or use it as a context manager.

    Args:
        limits: a CallLimits.
        folder: where copies of snapshots are kept; None for a temporary one that goes with the sandbox.
        must_hold: layers of confinement.py without which no cell opens anything.

    Raises:
        HostError: the process that forks cells cannot be started.
        UserError: this system cannot fork (Windows).
    """

    def __init__(self, limits=DEFAULT_LIMITS, folder=None, must_hold=()):
        if not hasattr(os, "fork"):
            raise UserError("snapshots are opened in processes that Windows cannot make; use Linux, macOS or WSL")
        self._limits = limits
        with contextlib.ExitStack() as started:
            self._folder = folder or started.enter_context(tempfile.TemporaryDirectory(prefix="gan-snapshots-"))
            self._server = _Server()
            started.callback(self._server.close)
            self._processes = []
            started.callback(self._end_processes)
            self._resources = started.pop_all()
        self._count, self._must_hold = 0, frozenset(must_hold)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Ends all cells."""
        self._resources.close()

    def isolation(self):
        """Tries out what a cell can do on this machine: an Isolation, which every later cell must keep to."""
        with tempfile.TemporaryDirectory(prefix="gan-probe-") as folder:
            confinement.make_root(folder)
            probe = self._process({"folder": folder, "name": None, "size": 0, "batch_size": 1})
            with contextlib.closing(probe):
                told, _ = probe.ask(None, self._limits.open_seconds, "start")
        self._must_hold = frozenset(told["held"])
        return Isolation(tuple(told["held"]), told["missing"], tuple(told["possible"]))

    def open(self, where, size, batch_size=256):
        """Opens the newest snapshot of a folder, or of a prefix, on disk or in a bucket: a Cell.

        Raises:
            ContractError: the snapshot is not there or breaks the contract; names it.
            HostError: this machine failed.
            UserError: the bucket cannot be read.
        """
        cell = self.start(staging.stage(where, self._folder), size, batch_size)
        cell.wait()
        return cell

    def start(self, staged, size, batch_size=256):
        """Begins to open a staging.Staged: a Cell, whose `wait` raises what `open` would."""
        process = self._process({"folder": staged.folder, "name": staged.name, "size": size, "batch_size": batch_size})
        return Cell(process, staged, size, batch_size, self._limits, self._must_hold)

    def _process(self, arguments):
        self._count += 1
        limits = {"memory": self._limits.memory, "processor_seconds": self._limits.processor_seconds}
        told = {**arguments, **limits, "number": self._count, "outside": OUTSIDE}
        self._processes = [process for process in self._processes if not process.closed]
        self._processes.append(_Process(self._server, told, self._limits))
        return self._processes[-1]

    def _end_processes(self):
        for process in self._processes:
            with contextlib.suppress(HostError):  # they end with the process that forked them
                process.close()


class Cell:
    """A snapshot in its cell. Close it, or use it as a context manager.

    Attributes:
        path: where it was found, without .index, .meta and .data-*.
        step: its training step.
        size: pixels of an image.
        staged: a staging.Staged: its files.
        shapes: variable name -> shape, of all that the checkpoint holds; None until it is open.
        seconds: of the last call's model time.
    """

    def __init__(self, process, staged, size, batch_size, limits, must_hold=frozenset()):
        self.path, self.step, self.size, self.staged = staged.path, staged.step, size, staged
        self.seconds = 0.0
        self._process, self._batch_size, self._limits = process, batch_size, limits
        self._must_hold, self.shapes = must_hold, None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Ends its process."""
        self._process.close()

    @property
    def prefix(self):
        """Path of the copy of its files, without .index, .meta and .data-*."""
        return os.path.join(self.staged.folder, self.staged.name)

    @property
    def closed(self):
        """Whether its process is gone: closed, or ended after a breach of the contract."""
        return self._process.closed

    @property
    def log(self):
        """What TensorFlow wrote to stderr in there, at most 64 KiB."""
        return self._process.log()

    def wait(self):
        """Waits until it is open; every other method does so too."""
        if self.shapes is None:
            self._check_confined(self._explained(None, self._limits.open_seconds, "start")[0])
            shapes = self._explained(None, self._limits.open_seconds, "be opened")[0].get("shapes")
            if not _are_shapes(shapes):
                raise self._breach("it did not tell the shapes of its variables")
            self.shapes = shapes

    def _check_confined(self, told):
        """The first message, sent before anything of a stranger is looked at."""
        if lost := self._must_hold - set(told["held"]):
            self.close()
            why = ", ".join(f"{layer} ({told['missing'].get(layer)})" for layer in sorted(lost))
            raise HostError(f"a cell could not be confined by: {why}")
        self._process.is_strangers = True

    def verify(self):
        """Runs both networks and checks the rules that only show when they run; see contract.check_behaviour."""
        self.wait()
        self._explained({"do": cell.VERIFY}, self._limits.open_seconds, "be checked")

    def generate(self, noise, batch_size=None):
        """noise float32 [N, 100] -> images float32 [N, size] in [0, 1]."""
        return self._run(cell.GENERATE, noise, self.size, batch_size, "its generator")

    def discriminate(self, images, batch_size=None):
        """images float32 [N, size] in [0, 1] -> probabilities that they are real, float32 [N]."""
        return self._run(cell.DISCRIMINATE, images, 1, batch_size, "its discriminator")[:, 0]

    def _run(self, what, inputs, width, batch_size, name):
        self.wait()
        self.seconds, results = 0.0, []
        for start in range(0, len(inputs), self._batch_size):
            part = inputs[start : start + self._batch_size]
            results.append(self._call(what, part, len(part) * width, batch_size).reshape(-1, width))
        result = np.concatenate(results) if results else np.zeros((0, width), np.float32)
        try:
            outputs.check(name, result, (len(inputs), width))
        except ContractError as error:
            raise self._breach(error) from error
        return result

    def _call(self, what, inputs, count, batch_size):
        request = {"do": what, "batch_size": batch_size}
        self._explained(request, self._limits.call_seconds, "take its input", array=inputs)
        if not self._process.is_silent():
            raise self._breach("it answered before it was asked")
        begun = time.monotonic()
        values = self._explained({"do": "go"}, self._limits.call_seconds, what, most=count)[1]
        self.seconds += time.monotonic() - begun
        if len(values) != count:
            raise self._breach(f"it answered with {len(values)} numbers in place of {count}")
        return values

    def _explained(self, request, seconds, what, **options):
        try:
            message, values = self._process.ask(request, seconds, what, **options)
        except ContractError as error:
            raise self._breach(error) from error
        except BaseException:
            self.close()
            raise
        if "fault" in message:
            raise self._breach(message["fault"])
        return message, values

    def _breach(self, why):
        self.close()
        return ContractError.of(self.path, why)


def _are_shapes(value):
    """Whether it is what a snapshot says of its variables: name -> list of sizes."""
    return isinstance(value, dict) and all(
        isinstance(shape, list) and all(type(size) is int for size in shape) for shape in value.values()
    )


class _Process:
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
            HostError: the process is gone and this machine seems to be the reason.
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
            return HostError(f"the process of a snapshot ended while it was to {what}: {last}")
        if "bad_alloc" in self.log() or "MemoryError" in self.log():
            return ContractError(f"it needs more memory than {self._limits.memory / 2**20:.0f} MiB")
        if number == 0:
            return ContractError(f"its process ended by itself when it was to {what}")
        return ContractError(f"it crashed TensorFlow ({signal.Signals(number).name}) when it was to {what}")


@contextlib.contextmanager
def _this_machine_failing(what):
    """Around what the process that forks cells is needed for: raises HostError where the system refuses."""
    try:
        yield
    except OSError as error:
        raise HostError(f"the process that forks cells could not {what} ({error.strerror or error})") from error


class _Server:
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
