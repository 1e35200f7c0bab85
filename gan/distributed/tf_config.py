"""TF_CONFIG: which process of a cluster this one is, and where the others are.

    {"cluster": {"chief": ["a:2222"], "worker": ["b:2222", "c:2222"]}, "task": {"type": "worker", "index": 0}}

`master` is the older word for chief; without either the first worker is the chief. An evaluator need not be listed.
Parameter servers (`ps`) may be listed; nobody needs them. An empty task or cluster is a single machine.
"""

import contextlib
import dataclasses
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence

from gan.console.errors import ProcessLost, UserError
from gan.console.signals import Interrupted

CHIEF, WORKER, SERVER, EVALUATOR = "chief", "worker", "ps", "evaluator"
_ALIASES = {"master": CHIEF}
_PROBE_SECONDS = 2  # for an address to answer; across a data centre it takes milliseconds
_SECONDS_AWAY = 60  # until an evaluator takes those who train for gone, who may be started again
GLANCE = 0.5  # seconds of waiting between two looks for a signal, a deadline or another process


@dataclasses.dataclass(frozen=True)
class Cluster:
    """The processes of a job, and which one this is.

    Attributes:
        addresses: job name -> "host:port" of each process; CHIEF has exactly one.
        job: CHIEF, WORKER, SERVER or EVALUATOR.
        index: number of this process within its job.
    """

    addresses: dict[str, list[str]]
    job: str
    index: int

    @property
    def chief(self) -> str:
        """The chief's address."""
        return self.addresses[CHIEF][0]

    @property
    def trainers(self) -> list[str]:
        """Addresses of the processes that train: the chief's, then the workers'."""
        return [self.chief, *self.addresses.get(WORKER, [])]

    @property
    def trainer_names(self) -> list[str]:
        """What to call these in messages."""
        return ["the chief", *(f"worker {number}" for number in range(self.replicas - 1))]

    @property
    def replicas(self) -> int:
        """How many processes train."""
        return len(self.trainers)

    @property
    def replica(self) -> int:
        """The number of a chief or worker among those that train."""
        return 0 if self.job == CHIEF else 1 + self.index

    @property
    def is_one_machine(self) -> bool:
        """Whether the chief trains alone, and only an evaluator may be beside it."""
        return self.replicas == 1

    @property
    def name(self) -> str:
        """This process, for messages."""
        return CHIEF if self.job == CHIEF else f"{self.job} {self.index}"


def from_environment() -> Cluster | None:
    """Reads TF_CONFIG.

    Returns:
        A Cluster, or None on a single machine.

    Raises:
        UserError: TF_CONFIG cannot be understood; says what is wrong with it.
    """
    text = os.environ.get("TF_CONFIG") or "{}"
    try:
        content = json.loads(text)
        task, addresses = content.get("task") or {}, content.get("cluster") or {}
        if not task or not addresses:
            return None
        job, index = _ALIASES.get(task["type"], task["type"]), int(task.get("index", 0))
        addresses = {_ALIASES.get(name, name): [_address(host) for host in hosts] for name, hosts in addresses.items()}
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise UserError(f"TF_CONFIG={text} cannot be understood: {type(error).__name__}: {error}") from error
    return _checked(addresses, job, index)


def answers(address: str) -> bool:
    """Whether a process listens at "host:port"."""
    return _connect(address) is None


def refuses(address: str) -> bool:
    """Whether the machine of "host:port" says that no process listens there; one that is silent does not say so."""
    return isinstance(_connect(address), ConnectionRefusedError)


def _connect(address: str) -> OSError | None:
    """Connects to "host:port"; returns what went wrong, or None."""
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), _PROBE_SECONDS):
            return None
    except OSError as error:
        return error


@contextlib.contextmanager
def listening(address: str) -> Iterator[None]:
    """Answers at the port of "host:port", so that an evaluator sees a chief that trains alone."""
    try:
        server = socket.create_server(("", int(address.rpartition(":")[2])))
    except OSError as error:
        print(
            f"warning: an evaluator could not see this chief: {address}: {error.strerror}", file=sys.stderr, flush=True
        )
        yield
        return

    def accept() -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                server.accept()[0].close()

    threading.Thread(target=accept, daemon=True).start()
    with server:
        yield


def wait_for(addresses: Sequence[str], seconds: float, interrupted: Callable[[], bool]) -> None:
    """Waits until all listen.

    Args:
        addresses: of "host:port".
        seconds: how long.
        interrupted: asked meanwhile whether to stop.

    Raises:
        UserError: one does not answer within the time.
        Interrupted: a signal came.
    """
    patience = Patience(seconds)
    for address in addresses:
        said = False
        while not answers(address):
            if not said:
                print(f"waiting for {address}", flush=True)
                said = True
            patience.check(
                f"{address} has not answered for {seconds:g} s; start every process of TF_CONFIG if the job is not over"
            )
            if interrupted():
                raise Interrupted(f"stopped by a signal while it waited for {address}")
            time.sleep(GLANCE)


class Patience:
    """How long something may take.

    Args:
        seconds: from the start, and from the last `renew`.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.renew()

    def renew(self) -> None:
        """Starts counting again."""
        self._end = time.monotonic() + self._seconds

    @property
    def over(self) -> bool:
        """Whether the time has passed."""
        return time.monotonic() >= self._end

    def check(self, message: str) -> None:
        """Raises ProcessLost(message) if the time has passed."""
        if self.over:
            raise ProcessLost(message)


class JobEnd:
    """Tells an evaluator when the chief and the workers have all gone.

    Args:
        cluster: a Cluster.
        seconds: how long to wait for the first of them to appear.
    """

    def __init__(self, cluster: Cluster, seconds: float) -> None:
        self._addresses, self._patience = cluster.trainers, Patience(seconds)
        self._away = min(seconds, _SECONDS_AWAY)

    def reached(self) -> bool:
        """Whether the job is over."""
        if any(answers(address) for address in self._addresses):
            self._patience = Patience(self._away)
            return False
        return self._patience.over


def _address(host: str) -> str:
    name, _, port = host.rpartition(":")
    if not (name and port.isascii() and port.isdigit() and int(port) < 65536):
        raise ValueError(f"{host!r} is not host:port")
    return host


def _checked(addresses: dict[str, list[str]], job: str, index: int) -> Cluster:
    """The Cluster, with exactly one chief."""
    workers = addresses.get(WORKER, [])
    if not addresses.get(CHIEF) and workers:
        addresses = {**addresses, CHIEF: workers[:1], WORKER: workers[1:]}
        if job == WORKER:
            job, index = (CHIEF, 0) if index == 0 else (WORKER, index - 1)
    addresses = {name: hosts for name, hosts in addresses.items() if hosts}
    unknown = {*addresses, job} - {CHIEF, WORKER, SERVER, EVALUATOR}
    if unknown:
        raise UserError(
            f"TF_CONFIG has {', '.join(sorted(unknown))}; this program knows master, chief, worker, ps and evaluator"
        )
    if len(addresses.get(CHIEF, [])) != 1:
        raise UserError("TF_CONFIG needs exactly one chief (or master), or workers of which the first is the chief")
    if job != EVALUATOR and not 0 <= index < len(addresses.get(job, [])):
        raise UserError(f"TF_CONFIG says that this is {job} {index}, and its cluster has {len(addresses.get(job, []))}")
    return Cluster(addresses, job, index)
