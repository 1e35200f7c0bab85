"""Runs strangers' snapshots, each in a confined process of its own. No TensorFlow in this one.

A checkpoint is a program. It is copied to a folder of its own (staging.py), and a process that is forked for it
alone gives up everything but computing (confinement.py) before it opens it (child.py). What the process answers is
checked here: shapes, numbers, and the time it took by our clock.
"""

import contextlib
import os
import tempfile
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from types import TracebackType
from typing import NamedTuple

import numpy as np

from gan.console import printable
from gan.console.errors import ContractError, HostError, UserError
from gan.contest import output_checks
from gan.contest.behaviour import BATCH, Behaviour
from gan.contest.faults import breach, host_failure
from gan.contest.rules import HALF_ROUND_POINTS
from gan.sandbox import child_process, confinement, fair_deadline, memory_watch, protocol, staging

DEATHS_OF_ITS_OWN = 3  # of a snapshot's processes in a row
CALLS_TOGETHER = 3  # times the limit of a call: the limit of the 30 for a discriminator that looks at its batch
OUTSIDE = os.path.abspath(__file__)  # a file that every user may read, unless confined

_MOST_NAMES, _LONGEST_NAME = 20, 200  # of operations that never run; strangers choose the names


class Isolation(NamedTuple):
    """What holds on this machine."""

    held: tuple[str, ...]  # layers of confinement.py
    missing: dict[str, str]  # layer -> why not
    possible: tuple[str, ...]  # what a confined process can do all the same; see confinement.still_possible
    all_memory: int | None = None  # bytes for all open snapshots together; None if nobody watches them

    def described(self) -> str:
        """A sentence."""
        text = f"snapshots are confined by: {', '.join(self.held) or 'nothing'}"
        if self.missing:
            text += f"; not on this machine: {', '.join(f'{name} ({why})' for name, why in self.missing.items())}"
        if self.all_memory is not None:
            text += f"; all together may take {self.all_memory // 2**20:,} MiB of memory"
        if self.possible:
            text += f"; a snapshot could still {', '.join(self.possible)}"
        return text


class Sandbox:
    """Opens snapshots, each in a confined process. Close it, or use it as a context manager.

    Args:
        limits: what a snapshot may use while it is open.
        folder: where copies of snapshots are kept; None for a temporary one that goes with the sandbox.
        must_hold: layers of confinement.py without which nothing is opened.

    Raises:
        HostError: the process that forks the confined ones cannot be started.
        UserError: this system cannot fork (Windows).
    """

    def __init__(
        self,
        limits: child_process.SandboxLimits = child_process.DEFAULT_LIMITS,
        folder: str | None = None,
        must_hold: Iterable[str] = (),
    ) -> None:
        if not hasattr(os, "fork"):
            raise UserError("snapshots are opened in processes that Windows cannot make; use Linux, macOS or WSL")
        self._limits = limits
        with contextlib.ExitStack() as started:
            self._folder = folder or started.enter_context(tempfile.TemporaryDirectory(prefix="gan-snapshots-"))
            self._server = child_process.ForkServer()
            started.callback(self._server.close)
            self._processes: list[child_process.ConfinedProcess] = []
            started.callback(self._end_processes)
            self._watch = memory_watch.MemoryWatch(self._server.pid, limits.all_memory)
            started.callback(self._watch.close)
            self._resources = started.pop_all()
        self._count, self._must_hold = 0, frozenset(must_hold)

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends all processes."""
        self._resources.close()

    def is_crowded(self) -> bool:
        """Whether the open snapshots take so much memory that those that are not needed should be closed."""
        return self._watch.is_crowded()

    def isolation(self) -> Isolation:
        """Tries what a confined process can do on this machine; every later one must be confined as well as it was."""
        os.makedirs(self._folder, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=staging.PARTIAL, dir=self._folder) as folder:
            confinement.make_root(folder)
            with contextlib.closing(self._process(folder, None)) as probe:
                confined, _ = probe.ask(child_process.START, self._limits.open_seconds)
                possible, _ = probe.ask(child_process.TRY, self._limits.open_seconds)
        self._must_hold = frozenset(confined.held)
        return Isolation(confined.held, confined.missing, possible.actions, self._watch.budget)

    def open(self, where: str, size: int, batch_size: int = 256) -> "SandboxedSnapshot":
        """Opens the newest snapshot of a folder, or of a prefix, on disk or in a bucket.

        Args:
            where: the folder or prefix.
            size: pixels of an image.
            batch_size: images run at once.

        Raises:
            ContractError: the snapshot is not there or breaks the contract; names it.
            HostError: this machine failed.
            UserError: the bucket cannot be read.
        """
        opened = self.start(staging.stage(where, self._folder), size, batch_size)
        opened.wait()
        return opened

    def start(
        self, staged: staging.Staged, size: int, batch_size: int = 256, deaths: Counter[str] | None = None
    ) -> "SandboxedSnapshot":
        """Begins to open a snapshot; its `wait` raises what `open` would.

        Args:
            staged: its files.
            size: pixels of an image.
            batch_size: images run at once.
            deaths: counts by digest how often a snapshot's process was killed from outside. The DEATHS_OF_ITS_OWN-th
                time counts as the snapshot's fault. None: this machine is always to blame.

        Raises:
            HostError: this machine failed.
        """
        process = self._process(staged.folder, protocol.SnapshotToOpen(staged.name, size, batch_size))
        return SandboxedSnapshot(process, staged, self._limits, deaths)

    def _process(self, folder: str, snapshot: protocol.SnapshotToOpen | None) -> child_process.ConfinedProcess:
        self._count += 1
        limits = confinement.Limits(self._limits.memory, self._limits.processor_seconds)
        task = protocol.Task(folder, snapshot, limits, self._count, OUTSIDE, tuple(sorted(self._must_hold)))
        self._processes = [process for process in self._processes if not process.closed]
        self._processes.append(child_process.ConfinedProcess(self._server, task))
        self._watch.add(self._processes[-1])
        return self._processes[-1]

    def _end_processes(self) -> None:
        for process in self._processes:
            with contextlib.suppress(HostError):  # they end with the process that forked them
                process.close()


class SandboxedSnapshot:
    """A snapshot that is open in a confined process. Close it, or use it as a context manager.

    Args:
        process: that opens it.
        staged: its files.
        limits: what it may use.
        deaths: see Sandbox.start.

    Attributes:
        path: where it was found, without .index, .meta and .data-*.
        step: at the end of its name; None if there is none.
        note: why it is not the one that the file `checkpoint` names; None if it is.
        size: pixels of an image.
        staged: its files.
        shapes: variable name -> dimensions, of all that the checkpoint holds; None until it is open.
        behaviour: how its networks are asked; known once it is open.
        never_run: operations of its graph that could do harm elsewhere and do not run here, each with its name; known
            once it is open.
        seconds: model time of the last call.
    """

    def __init__(
        self,
        process: child_process.ConfinedProcess,
        staged: staging.Staged,
        limits: child_process.SandboxLimits,
        deaths: Counter[str] | None = None,
    ) -> None:
        if process.task.snapshot is None:
            raise ValueError("the process has no snapshot to open")
        self.path, self.step, self.note = staged.path, staged.step, staged.note
        self.size, self.staged = process.task.snapshot.size, staged
        self.seconds, self.behaviour = 0.0, Behaviour()
        self.never_run: list[str] = []
        self.shapes: dict[str, list[int]] | None = None
        self._process, self._batch_size = process, process.task.snapshot.batch_size
        self._limits, self._deaths = limits, deaths

    def __enter__(self) -> "SandboxedSnapshot":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends its process."""
        self._process.close()

    @property
    def prefix(self) -> str:
        """Path of the copy of its files, without .index, .meta and .data-*."""
        return os.path.join(self.staged.folder, self.staged.name)

    @property
    def closed(self) -> bool:
        """Whether its process is gone: closed, or ended after a breach of the contract."""
        return self._process.closed

    @property
    def log(self) -> str:
        """What TensorFlow wrote to stderr in there, at most 64 KiB."""
        return self._process.log()

    def wait(self) -> None:
        """Waits until it is open; every other method does so too.

        Raises:
            ContractError: it breaks the contract.
            HostError: this machine failed.
        """
        if self.shapes is None:
            with self._explained():
                confined, _ = self._process.ask(child_process.START, self._limits.open_seconds)
            self._check_confined(confined)
            with self._explained():
                opened, _ = self._process.ask(child_process.OPEN, self._limits.open_seconds)
            self.behaviour = Behaviour(opened.generator_sees_batch, opened.discriminator_sees_batch)
            self.never_run = [printable.cleaned(one)[:_LONGEST_NAME] for one in opened.never_run[:_MOST_NAMES]]
            self.shapes = opened.shapes

    def pin(self, cores: Collection[int]) -> bool:
        """Lets it run on these cores only, once it is open; False if this system cannot, or does not allow it."""
        return self._process.pin(cores)

    def verify(self) -> Behaviour:
        """Runs both networks and checks the rules that the graph alone does not show; see contract.check_behaviour.

        Returns:
            How it is asked, and what its team should know about that.

        Raises:
            ContractError: it breaks one of them.
            HostError: this machine failed.
        """
        self.wait()
        with self._explained():
            self._process.ask(child_process.VERIFY, self._limits.open_seconds, protocol.Verify())
        return self.behaviour

    def generate(self, noise: np.ndarray, batch_size: int | None = None, key: int = 0) -> np.ndarray:
        """Makes images.

        Args:
            noise: float32 [N, 100] in [-1, 1].
            batch_size: images run at once in this call; None for the one it was opened with.
            key: below 2^63, for a generator with random operations: the same key draws the same numbers.

        Returns:
            float32 [N, size] in [0, 1].

        Raises:
            ContractError: it breaks the contract.
            HostError: this machine failed.
        """
        self.wait()
        most = self._batch_size
        if self.behaviour.generator_sees_batch:  # whole batches, so that one is filled up at the end only
            most = -(-most // BATCH) * BATCH
        with self._explained():
            self.seconds, parts = 0.0, [np.zeros((0, self.size), np.float32)]
            for first in range(0, len(noise), most):
                request, part = protocol.Generate(batch_size, key, first), noise[first : first + most]
                parts.append(self._call(child_process.GENERATE, request, part, (len(part), self.size)))
            images = np.concatenate(parts)
            output_checks.check("generator", images, (len(noise), self.size))
        return images

    def discriminate(
        self, images: np.ndarray, batch_size: int | None = None, key: int = 0, references: np.ndarray | None = None
    ) -> np.ndarray:
        """Tells probabilities that images are real.

        Args:
            images: float32 [N, size] in [0, 1].
            batch_size: images run at once in this call; None for the one it was opened with.
            key: below 2^63, for a discriminator with random operations, and for places among reference images.
            references: float32 [15, size], real images beside which a discriminator that looks at its batch sees each
                image, with 14 of its own generator; None puts the images to it as they are.

        Returns:
            float32 [N] in [0, 1].

        Raises:
            ContractError: it breaks the contract.
            HostError: this machine failed.
        """
        self.wait()
        if references is None or not self.behaviour.discriminator_sees_batch:
            references = np.zeros((0, self.size), np.float32)
        most = 1 if len(references) else self._batch_size  # a call of the network has a limit of time
        with self._explained():
            self.seconds, parts, before = 0.0, [np.zeros((0, 1), np.float32)], 0.0
            waiting = self._process.waiting()
            for first in range(0, len(images), most):
                if len(references) and first % HALF_ROUND_POINTS == 0:
                    before, waiting = self.seconds, self._process.waiting()
                request = protocol.Discriminate(batch_size, key, first, len(references))
                part = images[first : first + most]
                shown = np.concatenate([part, references])
                parts.append(self._call(child_process.DISCRIMINATE, request, shown, (len(part), 1)))
                if len(references):
                    self._check_together(self.seconds - before, waiting)
            probabilities = np.concatenate(parts)
            output_checks.check("discriminator", probabilities, (len(images), 1))
        return probabilities[:, 0]

    def _check_together(self, seconds: float, waiting: fair_deadline.Waiting) -> None:
        """Looks at what calls for one half round took: 30 of them, each within its limit, would keep a hall waiting."""
        most = CALLS_TOGETHER * self._limits.call_seconds
        if seconds > most and seconds - waiting.seconds() > most:
            raise breach("slow", seconds=most, step=child_process.DISCRIMINATE.name)

    def _check_confined(self, confined: confinement.Confined) -> None:
        """Looks at its first message, which it sends before it looks at anything of a stranger."""
        if lost := set(self._process.task.must_hold) - set(confined.held):
            self.close()
            layers = [f"{layer} ({confined.missing.get(layer)})" for layer in sorted(lost)]
            raise host_failure("not_confined", layers=layers)
        self._process.is_strangers = True

    def _call(
        self,
        step: child_process.Step[protocol.Computed],
        request: protocol.Generate | protocol.Discriminate,
        inputs: np.ndarray,
        shape: tuple[int, int],
    ) -> np.ndarray:
        """One call of a model, with its time: float32 of this shape."""
        count = shape[0] * shape[1]
        self._process.ask(child_process.TAKE_INPUT, self._limits.call_seconds, request, inputs)
        if not self._process.is_silent():
            raise breach("early_answer")
        begun = time.monotonic()
        _, values = self._process.ask(step, self._limits.call_seconds, protocol.Go(), most=count)
        self.seconds += time.monotonic() - begun
        if len(values) != count:
            raise breach("number_count", count=len(values), wanted=count)
        return values.reshape(shape)

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """Closes its process if anything goes wrong, and adds its path to what is wrong with it."""
        try:
            yield
        except ContractError as error:
            self.close()
            raise ContractError.of(self.path, error) from error
        except HostError as error:
            self.close()
            if error.fault.code == child_process.KILLED and self._is_its_own_fault():
                raise ContractError.of(self.path, breach("killed_often", times=DEATHS_OF_ITS_OWN)) from error
            raise
        except BaseException:
            self.close()
            raise

    def _is_its_own_fault(self) -> bool:
        """Counts a death."""
        if self._deaths is None:
            return False
        self._deaths[self.staged.digest] += 1
        return self._deaths[self.staged.digest] >= DEATHS_OF_ITS_OWN
