"""What the processes of a cluster tell each other, through queues on the parameter servers.

The chief orders a worker to do its share of a step; the worker says when it has. Nobody waits inside
TensorFlow: a thread takes messages out of the queue and the program waits for the thread, so that a
process can look after signals and lost peers meanwhile.
"""

import contextlib
import queue
import threading
from typing import NamedTuple

import tensorflow.compat.v1 as tf

from gan.console.errors import UserError
from gan.distributed.tf_config import CHIEF, SERVER, WORKER
from gan.training import placement
from gan.training.session import BatchShare

_CAPACITY = 10000  # messages that nobody fetches, as for a worker that is gone
READY, BUSY, LEAVING = -1, -2, -3  # what a worker says beside the numbers of rounds
WORK, FINISHED, FAILED = 0, 1, 2  # kinds of orders


class Order(NamedTuple):
    """From the chief to a worker: do images `first` to `first + count` of a step's batch, or leave."""

    kind: int  # WORK, FINISHED or FAILED
    round: int = 0  # to be said back when it is done, in synchronous training; no two are equal
    seed: int = 0
    step: int = 0  # steps before this one
    images_seen: int = 0  # images before this step's
    first: int = 0
    count: int = 0

    @property
    def share(self):
        """The share of the batch."""
        return BatchShare(self.seed, self.step, self.images_seen, self.first, self.count)


class Message(NamedTuple):
    """From a worker to the chief."""

    replica: int
    said: int  # the round that is done, READY, BUSY or LEAVING


class PostOffice:
    """The queues as one process sees them.

    Args:
        cluster: a tf_config.Cluster.
        placement: the placement.Placement of this process.
    """

    def __init__(self, cluster, placement):
        with tf.Graph().as_default() as graph:
            # A parameter server's session reaches no other, and so must not know their queues.
            servers = {SERVER: [cluster.index], CHIEF: range(len(cluster.servers))}.get(cluster.job, ())
            self._ends = [_Queue(f"/job:{SERVER}/task:{i}", f"end_{i}", []) for i in servers]
            if cluster.job != SERVER:
                first = f"/job:{SERVER}/task:0"
                self._inbox = _Queue(first, "inbox", [len(Message._fields)])
                self._orders = [
                    _Queue(first, f"orders_{replica}", [len(Order._fields)]) for replica in range(cluster.replicas)
                ]
        self._session = tf.Session(placement.target, graph, placement.session_config())
        self._watch = placement.watch
        self._replica = cluster.replica
        mine = {CHIEF: lambda: self._inbox, WORKER: lambda: self._orders[self._replica], SERVER: lambda: self._ends[0]}
        self._listener = _Listener(self._session, mine[cluster.job]())

    def order(self, orders):
        """For the chief: tells workers what to do: replica -> Order."""
        self._put({self._orders[replica]: order for replica, order in orders.items()})

    def next_message(self, timeout):
        """For the chief: a Message, or None after `timeout` seconds."""
        received = self._listener.next(timeout)
        return received if received is None else Message(*received)

    def end_servers(self, kind):
        """For the chief: ends the parameter servers with FINISHED or FAILED."""
        for end in self._ends:
            with contextlib.suppress(UserError):  # it may be what is gone
                self._put({end: kind})

    def tell(self, said):
        """For a worker: a round's number, READY, BUSY or LEAVING."""
        self._put({self._inbox: Message(self._replica, said)})

    def next_order(self, timeout):
        """For a worker: an Order, or None after `timeout` seconds."""
        received = self._listener.next(timeout)
        return received if received is None else Order(*received)

    def end(self, timeout):
        """For a parameter server: FINISHED or FAILED, or None after `timeout` seconds."""
        return self._listener.next(timeout)

    def _put(self, values):
        """Puts values into queues: _Queue -> value."""
        feed = {each.value: value for each, value in values.items()}
        try:
            with self._watch:
                self._session.run([each.enqueue for each in values], feed)
        except tf.errors.OpError as error:
            raise placement.lost(error) from error


def check_end(kind):
    """Raises UserError where a job ended because its chief failed."""
    if kind == FAILED:
        raise UserError("the chief failed and ended the job; its own output says why")


class _Queue:
    """A queue of int64 vectors on a parameter server, shared by all processes that know its name."""

    def __init__(self, device, name, shape):
        with tf.device(device):
            shared = tf.FIFOQueue(_CAPACITY, [tf.int64], [shape], shared_name=name)
            self.value = tf.placeholder(tf.int64, shape)
            self.enqueue, self.dequeue = shared.enqueue(self.value), shared.dequeue()


class _Listener:
    """A thread that waits for messages."""

    def __init__(self, session, source):
        self._received = queue.Queue()
        threading.Thread(target=self._listen, args=(session, source.dequeue), daemon=True).start()

    def next(self, timeout):
        try:
            received = self._received.get(timeout=timeout) if timeout else self._received.get_nowait()
        except queue.Empty:
            return None
        if isinstance(received, Exception):
            raise placement.lost(received) from received
        return received

    def _listen(self, session, dequeue):
        while True:
            try:
                self._received.put(session.run(dequeue))
            except Exception as error:  # whatever it is, the program must hear of it
                self._received.put(error)
                return
