"""TF_CONFIG: which process of a cluster this one is, and where the others are.

    {"cluster": {"chief": ["a:2222"], "worker": ["b:2222", "c:2222"], "ps": ["d:2222"]},
     "task": {"type": "worker", "index": 0}}

`master` is the older word for chief; without either the first worker is the chief. An evaluator need
not be listed. An empty task or cluster is a single machine.
"""

import contextlib
import json
import os
import socket
import sys
import threading
import time
from typing import NamedTuple

from gan.console.errors import UserError
from gan.console.signals import Interrupted

CHIEF, WORKER, SERVER, EVALUATOR = "chief", "worker", "ps", "evaluator"
_ALIASES = {"master": CHIEF}
_PROBE_SECONDS = 2  # for an address to answer; across a data centre it takes milliseconds
_SECONDS_BETWEEN_LOOKS = 3  # for the chief
_SECONDS_AWAY = 60  # until an evaluator takes a chief that trained alone for gone
GLANCE = 0.5  # seconds of waiting between two looks for a signal, a deadline or another process


class Cluster(NamedTuple):
    """The processes of a job, and which one this is.

    Attributes:
        addresses: job name -> "host:port" of each process; CHIEF has exactly one.
        job: CHIEF, WORKER, SERVER or EVALUATOR.
        index: number of this process within its job.
    """

    addresses: dict
    job: str
    index: int

    @property
    def chief(self):
        """The chief's address."""
        return self.addresses[CHIEF][0]

    @property
    def servers(self):
        """The parameter servers' addresses."""
        return self.addresses.get(SERVER, [])

    @property
    def replicas(self):
        """How many processes train: the chief, number 0, and the workers."""
        return 1 + len(self.addresses.get(WORKER, []))

    @property
    def replica(self):
        """The number of a chief or worker among those that train."""
        return 0 if self.job == CHIEF else 1 + self.index

    @property
    def is_one_machine(self):
        """Whether the chief trains alone, and only an evaluator may be beside it."""
        return not self.servers and self.replicas == 1

    @property
    def training(self):
        """The jobs that TensorFlow's servers run in."""
        return {job: hosts for job, hosts in self.addresses.items() if job != EVALUATOR}

    @property
    def name(self):
        """This process, for messages."""
        return CHIEF if self.job == CHIEF else f"{self.job} {self.index}"


class ClusterSettings(NamedTuple):
    """How the processes of a job work together."""

    asynchronous: bool  # each process does steps of its own
    worker_timeout_secs: float  # how long a step, and the start, waits for a worker
    chief_timeout_secs: float  # how long a process waits for the chief or for a parameter server


def from_environment():
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


def answers(address):
    """Whether a process listens at "host:port"."""
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), _PROBE_SECONDS):
            return True
    except OSError:
        return False


@contextlib.contextmanager
def listening(address):
    """Answers at the port of "host:port", so that an evaluator sees a chief that trains alone."""
    try:
        server = socket.create_server(("", int(address.rpartition(":")[2])))
    except OSError as error:
        print(
            f"warning: an evaluator could not see this chief: {address}: {error.strerror}", file=sys.stderr, flush=True
        )
        yield
        return

    def accept():
        with contextlib.suppress(OSError):  # closed
            while True:
                server.accept()[0].close()

    threading.Thread(target=accept, daemon=True).start()
    with server:
        yield


def wait_for(addresses, seconds, interrupted):
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

    def __init__(self, seconds):
        self._seconds = seconds
        self.renew()

    def renew(self):
        """Starts counting again."""
        self._end = time.monotonic() + self._seconds

    @property
    def over(self):
        """Whether the time has passed."""
        return time.monotonic() >= self._end

    def check(self, message):
        """Raises UserError(message) where the time has passed."""
        if self.over:
            raise UserError(message)


class Watch:
    """Looks, now and then, whether the chief still answers.

    Args:
        cluster: a Cluster.
        seconds: how long the chief may stay away, being restarted.
    """

    def __init__(self, cluster, seconds):
        self._chief, self._seconds = cluster.chief, seconds
        self._pause, self._patience = Patience(_SECONDS_BETWEEN_LOOKS), None

    def check(self):
        """Raises UserError where the chief has stayed away too long; call often."""
        if not self._pause.over:
            return
        self._pause.renew()
        if answers(self._chief):
            self._patience = None
        elif self._patience is None:  # a look may be late: time counts from the first that fails
            self._patience = Patience(self._seconds)
        else:
            self._patience.check(
                f"the chief at {self._chief} has not answered for {self._seconds:g} s; start the job again, and it "
                "goes on from the last state"
            )


class JobEnd:
    """Tells an evaluator when the chief and the parameter servers have all gone.

    Args:
        cluster: a Cluster.
        seconds: how long to wait for the first of them to appear.
    """

    def __init__(self, cluster, seconds):
        self._addresses, self._patience = [cluster.chief, *cluster.servers], Patience(seconds)
        # A chief that is away while a parameter server answers may come back; one that trains alone may just as well.
        self._away = 0 if cluster.servers else min(seconds, _SECONDS_AWAY)

    def reached(self):
        """Whether the job is over."""
        if any(answers(address) for address in self._addresses):
            self._patience = Patience(self._away)
            return False
        return self._patience.over


def _address(host):
    name, _, port = host.rpartition(":")
    if not (name and port.isascii() and port.isdigit() and int(port) < 65536):
        raise ValueError(f"{host!r} is not host:port")
    return host


def _checked(addresses, job, index):
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
    if WORKER in addresses and SERVER not in addresses:
        raise UserError("TF_CONFIG has workers and no ps; a cluster keeps its variables on parameter servers: add one")
    return Cluster(addresses, job, index)
