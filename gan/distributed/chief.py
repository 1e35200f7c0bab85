"""How a training step is done: by one process, or by a cluster, together or each on its own.

The process that trains alone, or the chief of a cluster, has one of these:

    strategy.begin(seed)                                  once the variables are there
    results, step, images_seen = strategy.step(fetches, step, images_seen)
    strategy.stop_workers()                               before what was trained is saved for the last time
    strategy.end(failed)                                  at the very end
"""

import contextlib
import itertools
import time

from gan.console.errors import UserError
from gan.distributed import messages
from gan.distributed.gradient_slots import GradientSlots
from gan.distributed.messages import Order
from gan.distributed.node import Node
from gan.distributed.tf_config import GLANCE, Patience
from gan.training import one_process

_SECONDS_TO_LEAVE = 30  # for workers, at the end of a job
_SECONDS_AFTER_SIGNAL = 5  # for workers to finish a step, when the chief is asked to stop


def make(batch, interrupted, settings, cluster):
    """The strategy for settings.BatchSettings, tf_config.ClusterSettings and a tf_config.Cluster of several processes.

    `interrupted()` says whether a signal asks this process to stop. Raises UserError where a batch has too few images,
    Interrupted where a signal comes before all parameter servers do.
    """
    check_batch(batch, settings, cluster)
    return (Asynchronous if settings.asynchronous else Synchronous)(batch, settings, cluster, interrupted)


def check_batch(batch, settings, cluster):
    """Raises UserError where a batch has too few images."""
    one_process.check_batch(batch, 1 if settings.asynchronous else cluster.replicas)


def open_exchange(settings, cluster):
    """What a process of a cluster puts between taking and applying gradients."""
    return None if settings.asynchronous else GradientSlots(cluster.replicas, cluster.replica)


class _Chief(one_process.OneProcess):
    """What the two strategies of a cluster have in common."""

    def __init__(self, batch, settings, cluster, interrupted):
        self.placement = Node(cluster, batch.devices, settings.chief_timeout_secs, interrupted)
        self._post, self._interrupted, self._patience = self.placement.post, interrupted, settings.worker_timeout_secs
        self._replicas = cluster.replicas
        self._workers, self._ended = set(), False
        self.exchange = open_exchange(settings, cluster)
        how = "asynchronous" if settings.asynchronous else "synchronous"
        self.summary = f" on {self._replicas} replicas and {len(cluster.servers)} parameter servers, {how}"

    def begin(self, seed):
        """Begins to train, with all workers if they are there in time."""
        super().begin(seed)
        patience = Patience(self._patience)
        if len(self._workers) < self._replicas - 1:
            print(f"waiting for {self._replicas - 1} workers", flush=True)
        while len(self._workers) < self._replicas - 1 and not patience.over and not self._interrupted():
            self._receive(GLANCE)

    def stop_workers(self):
        """Tells the workers to leave, and waits for those that are there."""
        self._order_all(messages.FINISHED)
        patience = Patience(_SECONDS_TO_LEAVE)
        while self._workers and not patience.over:
            self._receive(GLANCE)

    def end(self, failed):
        """Ends workers that are still there, then the parameter servers."""
        if self._ended:
            return
        kind, self._ended = messages.FAILED if failed else messages.FINISHED, True
        with contextlib.suppress(UserError):  # the parameter servers may be what is gone
            self._order_all(kind)
            time.sleep(GLANCE)  # for the workers to take it before the queue goes
            self._post.end_servers(kind)

    def _order_all(self, kind):
        self._post.order({replica: Order(kind) for replica in range(1, self._replicas)})

    def _receive(self, timeout):
        """The next Message, or None; keeps account of who is there."""
        message = self._post.next_message(timeout)
        if message is None:
            return None
        if message.said == messages.LEAVING:
            self._workers.discard(message.replica)
        elif message.replica not in self._workers:
            self._workers.add(message.replica)
            print(f"{_name(message.replica)} takes part", flush=True)
        return message


class Synchronous(_Chief):
    """Every process does its share of each step, and their gradients are averaged."""

    def open(self, training):
        super().open(training)
        training.run(self.exchange.initializer)

    def begin(self, seed):
        self._rounds = itertools.count(time.time_ns())  # numbers that no former chief has used
        super().begin(seed)

    def step(self, fetches, step, images_seen):
        while self._receive(0):
            pass  # who has come back takes part
        total, replicas = self._training.batch_size, [0, *sorted(self._workers)]
        bounds = [total * i // len(replicas) for i in range(len(replicas) + 1)]
        orders = {
            replica: Order(messages.WORK, next(self._rounds), self._seed, step, images_seen, first, end - first)
            for replica, first, end in zip(replicas, bounds, bounds[1:])
        }
        own = orders.pop(0)
        self._post.order(orders)
        _, values = self._training.run([self.exchange.write, fetches], self._training.feed(own.share), step + 1)
        counts = {0: own.count, **{replica: orders[replica].count for replica in self._collect(orders, step + 1)}}
        self._training.run(self._training.graph.train_op, self.exchange.feed(counts, total), step + 1)
        return values, step + 1, images_seen + total

    def _collect(self, orders, step):
        """Waits for the workers; returns those that are done. Who is not in time is left out until it is back."""
        done, patience, hurry = set(), Patience(self._patience), None
        while not done >= self._workers & {*orders} and not patience.over and not (hurry and hurry.over):
            hurry = hurry or (Patience(_SECONDS_AFTER_SIGNAL) if self._interrupted() else None)
            message = self._receive(GLANCE)
            if not message or message.replica not in orders:
                continue
            order = orders[message.replica]
            if message.said == order.round:
                done.add(message.replica)
            elif (
                message.said == messages.READY and message.replica not in done
            ):  # it was restarted, and the order went down with it
                self._post.order({message.replica: order})
        for replica in sorted(self._workers & {*orders} - done):
            self._workers.discard(replica)
            waited = _SECONDS_AFTER_SIGNAL if hurry else self._patience
            print(
                f"step {step} goes on without {_name(replica)}, silent for {waited:g} s; it may come back", flush=True
            )
        return done


class Asynchronous(_Chief):
    """Every process does steps of its own, on whatever the variables are by then."""

    def begin(self, seed):
        self._turns, self._without_order = None, set()
        super().begin(seed)

    def step(self, fetches, step, images_seen):
        while self._receive(0):
            pass
        if self._without_order:
            order = Order(messages.WORK, 0, self._seed, step, images_seen, 0, self._training.batch_size)
            self._post.order(dict.fromkeys(self._without_order, order))
            self._without_order.clear()
        if self._turns is None:
            self._turns = Turns(self._training.batch_size, self._replicas, 0, images_seen)
        feed = self._training.feed(self._turns.next(self._seed).share)
        _, values = self._training.run([self._training.graph.train_op, fetches], feed, step + 1)
        counters = self._training.graph.counters
        counters = [counters.global_step, counters.images_seen]
        step, images_seen = self._training.run(counters, step=step + 1)
        return values, int(step), int(images_seen)

    def _receive(self, timeout):
        before, message = {*self._workers}, super()._receive(timeout)
        if message and (message.said == messages.READY or message.replica not in before):
            self._without_order.add(message.replica)
        self._without_order &= self._workers
        return message


class Turns:
    """Which batches a process takes that does steps of its own: every one whose number is its own's turn.

    Args:
        batch_size: images of a batch.
        replicas: how many processes train.
        replica: number of this one.
        images_seen: images that were used before.
    """

    def __init__(self, batch_size, replicas, replica, images_seen):
        self._batch_size = batch_size
        first = -(-images_seen // (batch_size * replicas)) * replicas + replica
        self._numbers = itertools.count(first, replicas)

    def next(self, seed):
        """The next one, as an Order."""
        number = next(self._numbers)
        return Order(messages.WORK, 0, seed, number, number * self._batch_size, 0, self._batch_size)


def _name(replica):
    return f"worker {replica - 1}"
