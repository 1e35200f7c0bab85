"""What a worker of a cluster does: its share of every step, until the chief says that the job is over."""

from gan import contract, messages, readers, strategy
from gan.cluster import Watch
from gan.errors import UserError
from gan.node import Node
from gan.signals import SignalCatcher
from gan.training_session import TrainingSession

_SECONDS_IDLE = 3  # without orders, until a worker says again that it is ready
_GLANCE = 0.5  # seconds of waiting between two looks for a signal and for the chief


def work(config, files, cluster):
    """Takes part in training until the job ends, the chief stays away or a signal comes.

    Args:
        config: a train.TrainConfig, the same as the chief's.
        files: TFRecord files to train on.
        cluster: a cluster.Cluster.

    Returns:
        The exit code.

    Raises:
        UserError: the data or the networks are not right, or another process is gone.
    """
    with SignalCatcher() as signals:
        worker = _Worker(config, files, cluster)
        print(f"{cluster.name} is ready", flush=True)
        kind = worker.loop(signals)
        print(f"{cluster.name} leaves after its part in {worker.steps} steps", flush=True)
        if kind == messages.FAILED:
            raise UserError("the chief failed and ended the job; its own output says why")
        return signals.exit_code


class _Worker:
    """The training graph, without all that only the chief does."""

    def __init__(self, config, files, cluster):
        size = contract.image_size(config.use_mnist)
        node = Node(cluster, config.num_towers, config.chief_timeout_secs)
        self._post, self._chief = node.post, Watch(cluster, config.chief_timeout_secs)
        reader = readers.open_reader(files, size, config.data_memory_mb, config.num_readers)
        self._exchange = strategy.open_exchange(config, cluster)
        # Random operations of the networks' own must not be the same in all workers.
        self._training = TrainingSession(config, reader, size, node, self._exchange, graph_seed=None)
        self._replicas, self._replica, self.steps = cluster.replicas, cluster.replica, 0

    def loop(self, signals):
        """Follows orders; returns the kind of the last one, or None where a signal came first."""
        idle = None
        while not signals.caught:
            if idle is None or idle >= _SECONDS_IDLE:
                self._post.tell(messages.READY)
                idle = 0
            order = self._post.next_order(_GLANCE)
            if order is None:
                idle += _GLANCE
                self._chief.check()
                continue
            if order.kind == messages.WORK:
                order = self._work_alone(order, signals) if self._exchange is None else self._work_together(order)
            if order is not None and order.kind != messages.WORK:
                self._post.tell(messages.LEAVING)
                return order.kind
            idle = 0
        self._post.tell(messages.LEAVING)
        return None

    def _work_together(self, order):
        """Does a share of a step."""
        self._training.run(self._exchange.write, self._training.feed(order), order.step + 1)
        self._post.tell(order.round)
        self.steps += 1

    def _work_alone(self, order, signals):
        """Does steps of its own; returns the next order, or None where a signal comes first."""
        turns = strategy.Turns(self._training.batch_size, self._replicas, self._replica, order.images_seen)
        while not signals.caught:
            self._training.run(
                self._training.graph.train_op, self._training.feed(turns.next(order.seed)), order.step + self.steps + 1
            )
            self.steps += 1
            self._chief.check()
            other = self._post.next_order(0)
            if other and other.kind != messages.WORK:
                return other
        return None
