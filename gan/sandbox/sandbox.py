"""Runs strangers' snapshots, each in a cell: a confined process of its own. No TensorFlow in this one.

A checkpoint is a program. It is copied to a folder of its own (staging.py), and a process that is forked for it
alone gives up all but computing (confinement.py) before it opens it (child.py). What it answers is checked here:
shapes, numbers, and the time it took by our clock.
"""

import contextlib
import os
import tempfile
import time
from typing import NamedTuple

import numpy as np

from gan.console.errors import ContractError, HostError, UserError
from gan.contest import output_checks
from gan.sandbox import child, child_process, confinement, staging

DEATHS_OF_ITS_OWN = 3  # of a snapshot's cells in a row
OUTSIDE = os.path.abspath(__file__)  # a file that every user may read, unless confined


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
        limits: a child_process.CallLimits.
        folder: where copies of snapshots are kept; None for a temporary one that goes with the sandbox.
        must_hold: layers of confinement.py without which no cell opens anything.

    Raises:
        HostError: the process that forks cells cannot be started.
        UserError: this system cannot fork (Windows).
    """

    def __init__(self, limits=child_process.DEFAULT_LIMITS, folder=None, must_hold=()):
        if not hasattr(os, "fork"):
            raise UserError("snapshots are opened in processes that Windows cannot make; use Linux, macOS or WSL")
        self._limits = limits
        with contextlib.ExitStack() as started:
            self._folder = folder or started.enter_context(tempfile.TemporaryDirectory(prefix="gan-snapshots-"))
            self._server = child_process.ForkServer()
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

    def start(self, staged, size, batch_size=256, deaths=None):
        """Begins to open a staging.Staged: a Cell, whose `wait` raises what `open` would.

        `deaths`, a collections.Counter of digests, counts how often cells were killed from outside; from the
        DEATHS_OF_ITS_OWN-th on it is taken for the snapshot's fault.
        """
        process = self._process({"folder": staged.folder, "name": staged.name, "size": size, "batch_size": batch_size})
        return Cell(process, staged, size, batch_size, self._limits, self._must_hold, deaths)

    def _process(self, arguments):
        self._count += 1
        limits = {"memory": self._limits.memory, "processor_seconds": self._limits.processor_seconds}
        told = {**arguments, **limits, "number": self._count, "outside": OUTSIDE, "must_hold": [*self._must_hold]}
        self._processes = [process for process in self._processes if not process.closed]
        self._processes.append(child_process.CellProcess(self._server, told, self._limits))
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

    def __init__(self, process, staged, size, batch_size, limits, must_hold=frozenset(), deaths=None):
        self.path, self.step, self.size, self.staged = staged.path, staged.step, size, staged
        self.seconds = 0.0
        self._process, self._batch_size, self._limits = process, batch_size, limits
        self._must_hold, self._deaths, self.shapes = must_hold, deaths, None

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
        self._explained({"do": child.VERIFY}, self._limits.open_seconds, "be checked")

    def generate(self, noise, batch_size=None):
        """noise float32 [N, 100] -> images float32 [N, size] in [0, 1]."""
        return self._run(child.GENERATE, noise, self.size, batch_size, "its generator")

    def discriminate(self, images, batch_size=None):
        """images float32 [N, size] in [0, 1] -> probabilities that they are real, float32 [N]."""
        return self._run(child.DISCRIMINATE, images, 1, batch_size, "its discriminator")[:, 0]

    def _run(self, what, inputs, width, batch_size, name):
        self.wait()
        self.seconds, results = 0.0, []
        for start in range(0, len(inputs), self._batch_size):
            part = inputs[start : start + self._batch_size]
            results.append(self._call(what, part, len(part) * width, batch_size).reshape(-1, width))
        result = np.concatenate(results) if results else np.zeros((0, width), np.float32)
        try:
            output_checks.check(name, result, (len(inputs), width))
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
        except child_process.Killed as error:
            self._count_death(error)
            raise
        except BaseException:
            self.close()
            raise
        if "fault" in message:
            raise self._breach(message["fault"])
        return message, values

    def _count_death(self, error):
        self.close()
        if self._deaths is not None:
            self._deaths[self.staged.digest] += 1
            if self._deaths[self.staged.digest] >= DEATHS_OF_ITS_OWN:
                why = f"its process was killed {DEATHS_OF_ITS_OWN} times, as where it needs more memory than there is"
                raise self._breach(why) from error

    def _breach(self, why):
        self.close()
        return ContractError.of(self.path, why)


def _are_shapes(value):
    """Whether it is what a snapshot says of its variables: name -> list of sizes."""
    return isinstance(value, dict) and all(
        isinstance(shape, list) and all(type(size) is int for size in shape) for shape in value.values()
    )
