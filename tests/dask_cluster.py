"""Real schedulers and workers of Dask for tests, and the workers that a command of ours has started."""

import os
import socket
import subprocess
import sys
import time

from conftest import ROOT

SECONDS = 180  # of patience with a busy machine


def wait_for(condition):
    """Waits until a function returns something true."""
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


class Scheduler:
    """A scheduler of its own process. Use as a context manager; all that was started ends with it.

    Args:
        folder: for files.

    Attributes:
        address: of the scheduler.
        process: the scheduler's.
    """

    def __init__(self, folder):
        self._folder, self._started = folder, []
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{port}"
        self.process = self._run("dask_scheduler", "--host=127.0.0.1", f"--port={port}", "--no-dashboard")

    def __enter__(self):
        wait_for(self._listens)
        return self

    def __exit__(self, *exception):
        for process in self._started:
            process.kill()
        for process in self._started:
            process.wait(SECONDS)

    def _listens(self):
        host, port = self.address.removeprefix("tcp://").split(":")
        with socket.socket() as tried:
            return not tried.connect_ex((host, int(port)))

    def start_worker(self, first=None, *more):
        """Starts a worker without a nanny, which runs some code before anything else; returns its process."""
        paths = [str(ROOT)]
        if first:
            folder = self._folder / f"first{len(self._started)}"
            folder.mkdir()
            (folder / "sitecustomize.py").write_text(first)
            paths.insert(0, str(folder))
        flags = ["--no-nanny", "--no-dashboard", "--nthreads=2", f"--local-directory={self._folder}", *more]
        return self._run("dask_worker", self.address, *flags, paths=paths)

    def _run(self, module, *flags, paths=(str(ROOT),)):
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
        command = [sys.executable, "-m", f"distributed.cli.{module}", *flags]
        with open(self._folder / f"{module}{len(self._started)}.log", "wb") as log:
            process = subprocess.Popen(command, env=environment, cwd=self._folder, stdout=log, stderr=log)
        self._started.append(process)
        return process


def workers_of(pid):
    """Pids of the worker processes that a process has started, which Dask does by multiprocessing."""
    children = []
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/children", encoding="ascii") as file:
            children += file.read().split()
    return sorted({int(child) for child in children if is_worker(child)})


def is_worker(pid):
    """Whether a process is there and was started by multiprocessing."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return b"spawn_main" in file.read()
    except OSError:
        return False
