"""What a worker of a cluster does: its share of every step, until the chief says that the job is over."""

import contextlib

from gan import readers
from gan.console.errors import UserError
from gan.console.signals import Interrupted, SignalCatcher
from gan.distributed import chief, messages
from gan.distributed.node import Node
from gan.distributed.tf_config import GLANCE, Patience, Watch
from gan.training.session import Place, TrainingSession

_SECONDS_IDLE = 3  # without orders, until a worker says again that it is there


def work(training, settings, cluster):
    """Takes part in training until the job ends, the chief stays away or a signal comes.

    Args:
        training: a settings.TrainingSettings, the same as the chief's.
        settings: a tf_config.ClusterSettings, likewise.
        cluster: a tf_config.Cluster.

    Returns:
        The exit code.

    Raises:
        UserError: the data or the networks are not right, or another process is gone.
    """
    chief.check_batch(training.batch, settings, cluster)
    with SignalCatcher() as signals:
        try:
            worker = _Worker(training, settings, cluster, lambda: signals.caught)
        except Interrupted as stopped:
            print(stopped, flush=True)
            return signals.exit_code
        print(f"{cluster.name} is ready", flush=True)
        kind = worker.loop(signals)
        print(f"{cluster.name} leaves after its part in {worker.steps} steps", flush=True)
        messages.check_end(kind)
        return signals.exit_code


class _Worker:
    """The training graph, without all that only the chief does."""

    def __init__(self, training, settings, cluster, interrupted):
        node = Node(cluster, training.batch.devices, settings.chief_timeout_secs, interrupted)
        self._post, self._chief = node.post, Watch(cluster, settings.chief_timeout_secs)
        data = training.data
        reader = readers.open_reader(data.files, data.size, data.memory_mb, data.threads)
        self._exchange = chief.open_exchange(settings, cluster)
        # Random operations of the networks' own must not be the same in all workers: no seed of the graph.
        place = Place(node, self._exchange)
        self._training = TrainingSession(training.game, training.step, training.batch, reader, place)
        self._replicas, self._replica, self._done, self.steps = cluster.replicas, cluster.replica, None, 0

    def loop(self, signals):
        """Follows orders; returns the kind of the last one, or None where a signal came first."""
        try:
            return self._follow(signals)
        except UserError:
            if not signals.caught:  # asked to stop together with this one, a parameter server may have left before
                raise
        finally:
            with contextlib.suppress(UserError):  # the parameter servers may be what is gone
                self._post.tell(messages.LEAVING)

    def _follow(self, signals):
        announced = Patience(0)
        while not signals.caught:
            self._chief.check()
            if announced.over:
                self._post.tell(messages.READY)
                announced = Patience(_SECONDS_IDLE)
            order = self._post.next_order(GLANCE)
            if order is None:
                continue
            if order.kind != messages.WORK:
                return order.kind
            if not self._exchange:
                return self._work_alone(order, signals)
            self._work_together(order)
            announced.renew()
        return None

    def _work_together(self, order):
        """Does its share of a step; an order that comes twice, because the chief took it for lost, is done once."""
        if order.round != self._done:
            self._training.run(self._exchange.write, self._training.feed(order.share), order.step + 1)
            self._done = order.round
            self.steps += 1
        self._post.tell(order.round)

    def _work_alone(self, order, signals):
        """Does steps of its own; returns the kind of the last order, or None where a signal came first."""
        turns, told = self._turns(order), Patience(_SECONDS_IDLE)
        while not signals.caught:
            feed = self._training.feed(turns.next(order.seed).share)
            self._training.run(self._training.graph.train_op, feed, order.step + self.steps + 1)
            self.steps += 1
            self._chief.check()
            if told.over:  # a chief that was restarted knows nobody
                self._post.tell(messages.BUSY)
                told.renew()
            other = self._post.next_order(0)
            if other and other.kind != messages.WORK:
                return other.kind
            if other:  # of a chief that was restarted
                order, turns = other, self._turns(other)
        return None

    def _turns(self, order):
        return chief.Turns(self._training.batch_size, self._replicas, self._replica, order.images_seen)
