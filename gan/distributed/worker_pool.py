"""The workers of a Dask cluster: of this machine, started here, or of a scheduler elsewhere. No TensorFlow.

Dask moves calls, data and results, and tells which workers are there. What the workers compute with stays with them as
the result of a call, and goes when this process is gone: Dask drops what nobody waits for.
"""

import asyncio
import concurrent.futures
import contextlib
import importlib.metadata
import importlib.util
import logging
import multiprocessing.resource_tracker
import os
import re
import signal
import tempfile
import urllib.parse
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any

from gan.console.errors import UserError

CONNECT_SECONDS = 30  # that a scheduler has to answer
_SECONDS_BETWEEN_DOUBTS = 1.0  # whether a result that is on its way still is
_Timeout = asyncio.TimeoutError  # which Dask raises; Python 3.10 has another TimeoutError
_ADDRESS = re.compile(r"((tcp|tls|wss?)://)?([^/:@\s]+|\[[^]/\s]+\]):\d{1,5}")
_SETTINGS = {
    "distributed.comm.retry.count": 0,
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    "distributed.admin.large-graph-warning-threshold": "1TiB",  # a snapshot may have 200 MiB
}


def dask() -> Any:
    """The library; raises UserError if it is not installed."""
    try:
        import dask.distributed
    except ImportError:
        raise UserError(
            "--workers and --scheduler need the library Dask, which `pip install 'gan-contest[cluster]'` installs"
        ) from None
    return dask


class ResultLost(Exception):
    """A worker was lost before the result of its call was here: the call is no longer done, and may never be again."""


class PoolLost(UserError):
    """The scheduler is gone, or no worker is left; what was finished before is kept by the caller."""


class WorkerPool:
    """Workers that take calls. Use as a context manager.

    Args:
        workers: processes to start on this machine; None to use those of `scheduler`.
        scheduler: address of a Dask scheduler.

    Attributes:
        name: the flag that chose the workers, for messages.

    Raises:
        UserError: Dask is missing, the scheduler does not answer, or the workers cannot be started.
    """

    def __init__(self, workers: int | None, scheduler: str | None) -> None:
        self._dask = dask()
        self.name = f"--workers={workers}" if scheduler is None else f"--scheduler={scheduler}"
        if scheduler is not None and not _ADDRESS.fullmatch(scheduler):
            raise UserError(f"{self.name} is no address of a scheduler, such as tcp://10.0.0.5:8786")
        _silence()
        with contextlib.ExitStack() as opened:
            opened.enter_context(self._dask.config.set(_SETTINGS))
            address: Any = scheduler
            if scheduler is not None:
                self._check_answers(scheduler)
            else:
                address = opened.enter_context(self._started(workers or 1))
            self._client = opened.enter_context(contextlib.closing(self._connected(address)))
            self._check_understands()
            self._resources = opened.pop_all()

    def __enter__(self) -> "WorkerPool":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError, RuntimeError, _Timeout):  # of a scheduler that is gone
            self._resources.close()

    def addresses(self) -> list[str]:
        """Of the workers that take calls now, sorted. Raises PoolLost if the scheduler does not answer."""
        try:
            return sorted(self._running_workers())
        except (OSError, _Timeout, RuntimeError, AttributeError) as error:
            raise self._lost(error) from error

    def why_unfit(self, address: str) -> str | None:
        """Why a worker cannot read our calls, as the end of a sentence; None if it can.

        Dask ends a worker that is sent a call that it cannot read, with all that others have given it to do.
        """
        try:
            told = self._client.sync(
                self._client._run,
                _why_unfit_here,
                _versions(),
                workers=[address],
                on_error="return",
                callback_timeout=CONNECT_SECONDS,
            )[address]
        except _Timeout:
            return f"it has not answered for {CONNECT_SECONDS} s"
        except (OSError, RuntimeError, AttributeError) as error:
            raise self._lost(error) from error
        if isinstance(told, OSError):
            return why_failed(told)
        if isinstance(told, Exception):
            return f"it cannot import gan; install the same gan-contest[cluster] there ({first_line(told)})"
        return None if told is None else str(told)

    def submit(self, address: str, function: Callable[..., Any], *arguments: Any) -> Any:
        """Has one worker call a function of a module.

        Args:
            address: of the worker. If it is lost, the call waits for ever: look at `addresses`, and drop it.
            function: what to call.
            *arguments: results of other calls of this worker may be among them, as they were returned here.

        Returns:
            The call, of dask.distributed.Future. Its result stays with the worker until it is dropped.

        Raises:
            PoolLost: the scheduler is gone.
        """
        try:
            return self._client.submit(function, *arguments, workers=[address], pure=False)
        except (OSError, RuntimeError, AttributeError) as error:
            raise self._lost(error) from error

    def wait(self, calls: Sequence[Any], seconds: float) -> list[Any]:
        """Waits until a call is done, but no longer than so many seconds; returns those that are done."""
        with contextlib.suppress(_Timeout, concurrent.futures.CancelledError):
            self._dask.distributed.wait(list(calls), timeout=seconds, return_when="FIRST_COMPLETED")
        return [call for call in calls if call.done()]

    def _lost(self, error: BaseException) -> PoolLost:
        return PoolLost(
            f"{self.name}: the scheduler is gone ({first_line(error)}); what was finished is kept: give the same "
            "command again once it is there"
        )

    @contextlib.contextmanager
    def _started(self, workers: int) -> Iterator[Any]:
        """A cluster of this machine. Its connections are encrypted with keys that only its processes have."""
        with tempfile.TemporaryDirectory(prefix="gan-workers-", ignore_cleanup_errors=True) as folder:
            os.chmod(folder, 0o711)  # confined processes of other users open their snapshots in there
            try:
                with _unheard_by_new_threads(signal.SIGINT):  # the workers' parent: Ctrl-C is for this process alone
                    cluster = self._dask.distributed.LocalCluster(
                        n_workers=workers,
                        threads_per_worker=1,
                        processes=True,
                        host="127.0.0.1",
                        scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
                        memory_limit=0,  # snapshots have limits of their own
                        local_directory=folder,
                        security=True,
                        silence_logs=logging.CRITICAL,
                    )
            except (OSError, RuntimeError, _Timeout, ImportError) as error:
                raise UserError(f"{self.name}: the workers cannot be started ({first_line(error)})") from error
            with contextlib.closing(cluster):
                yield cluster

    def _connected(self, address: Any) -> Any:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", self._dask.distributed.versions.VersionMismatchWarning)  # see why_unfit
                return self._dask.distributed.Client(address, timeout=CONNECT_SECONDS)
        except (OSError, _Timeout, RuntimeError, ValueError, TypeError) as error:
            raise self._no_answer(error) from error

    def _check_answers(self, scheduler: str) -> None:
        """Raises UserError if a scheduler does not answer in time; Dask's client would wait without end for one."""
        core = self._dask.distributed.core

        async def ask() -> None:
            host = urllib.parse.urlsplit(f"//{scheduler.rpartition('//')[2]}").hostname
            await asyncio.get_running_loop().getaddrinfo(host, None)  # Dask would try again until the time is over
            arguments = self._dask.distributed.Security().get_connection_args("client")
            connection = await core.connect(scheduler, timeout=CONNECT_SECONDS, **arguments)
            connection.abort()

        try:
            asyncio.run(asyncio.wait_for(ask(), CONNECT_SECONDS + 1))  # Dask, which tells more, comes first
        except (OSError, _Timeout, RuntimeError, ValueError, TypeError, MemoryError) as error:
            raise self._no_answer(error) from error

    def _check_understands(self) -> None:
        """Raises UserError if the scheduler cannot read our calls."""
        try:
            self._running_workers()
        except (OSError, _Timeout, RuntimeError) as error:
            raise self._no_answer(error) from error
        except Exception as error:  # whatever its Python says
            raise UserError(
                f"{self.name}: the scheduler has no gan, or another one; install the same gan-contest[cluster] there "
                f"({first_line(error)})"
            ) from error

    def _running_workers(self) -> list[str]:
        found = self._client.sync(self._client._run_on_scheduler, _running, callback_timeout=CONNECT_SECONDS)
        return list(found)

    def _no_answer(self, error: BaseException) -> UserError:
        while isinstance(error.__cause__, Exception):
            error = error.__cause__
        if isinstance(error, _Timeout):
            why = f"nothing was heard for {CONNECT_SECONDS} s"
        elif isinstance(error, MemoryError):  # what it said was taken for a very long message
            why = "something else than a scheduler answers"
        elif "identity()" in str(error):  # has other arguments there
            why = "a worker answers, or another version of Dask than this machine's"
        else:
            why = first_line(error)
        return UserError(
            f"{self.name} does not answer ({why}); is `dask scheduler` running at this address? If it uses TLS, the "
            "address begins with tls://, and Dask's settings name the certificates (docs/arena.md)"
        )


def _silence() -> None:
    """Keeps Dask from writing to the terminal: what is lost is told in our own words."""
    ours = ("distributed", "asyncio")  # which tells of Dask's tasks that nobody waits for any more
    for name in [name for name in logging.root.manager.loggerDict if name.partition(".")[0] in ours]:
        logging.getLogger(name).setLevel(logging.CRITICAL)


@contextlib.contextmanager
def _unheard_by_new_threads(number: int) -> Iterator[None]:
    """Blocks a signal in threads that are begun meanwhile, and in the processes that these start."""
    multiprocessing.resource_tracker.ensure_running()  # or the first such thread would start it, and unblock the signal
    former = signal.pthread_sigmask(signal.SIG_BLOCK, {number})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, former)


def _running(dask_scheduler: Any) -> list[str]:
    """Called by the scheduler: the workers that are not paused (they have too little memory) nor about to retire."""
    return [address for address, worker in dask_scheduler.workers.items() if worker.status.name == "running"]


def _versions() -> dict[str, str]:
    """Of what must be the same in all processes of a pool, or Dask cannot read what it sends."""
    return {name: importlib.metadata.version(name) for name in ("dask", "distributed")}


def _why_unfit_here(versions: Mapping[str, str]) -> str | None:
    """What is wrong with this process as a worker, as the end of a sentence; `versions` are those of who asks."""
    if importlib.util.find_spec("tensorflow") is None:
        return "it has no TensorFlow; install the same gan-contest[cluster] there"
    for name, version in _versions().items():
        if version != versions[name]:
            return f"it has version {version} of {name}, and this machine {versions[name]}; install the same"
    return None


def result_of(call: Any) -> Any:
    """What a call that is done has returned.

    Dask would wait for it without end if its worker is lost on the way.

    Raises:
        ResultLost: it is. Look at the pool's addresses, and drop the call if its worker is not among them.
        Exception: whatever the call has raised.
    """
    while True:
        try:
            return call.result(timeout=_SECONDS_BETWEEN_DOUBTS)
        except _Timeout:
            if call.status == "error":  # the call itself has raised it
                raise
            if not call.done():
                raise ResultLost from None


def host_of(address: str) -> str:
    """The host in an address such as tcp://10.0.0.5:40001."""
    return urllib.parse.urlsplit(address).hostname or address


def why_failed(error: Exception) -> str:
    """What a worker's failure says, as the end of a sentence."""
    if "deserializ" in str(error) or isinstance(error, (ImportError, AttributeError)):
        return (
            "the scheduler or the worker cannot read what it is sent; install the same gan-contest[cluster] on both "
            f"({first_line(error)})"
        )
    return f"it failed: {first_line(error)}"


def first_line(error: BaseException) -> str:
    """The first line of an error's message, or its kind if it has none."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
