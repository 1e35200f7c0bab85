"""Opens a snapshot, anybody's, through one door: what is measured is what is judged.

The meta graph is read as data and cut down to the two networks; weights are read by name. The
submitted saver, init operations and input pipelines never run.
"""

import contextlib

import numpy as np
import tensorflow.compat.v1 as tf

from gan.console.errors import ContractError, StateError
from gan.contest import contract
from gan.snapshots import checkpoint_files, cut, dangerous_ops


class Snapshot:
    """Both networks of a snapshot, ready to run.

    Args:
        where: a train_dir, whose newest snapshot is taken, or a prefix such as run/model.ckpt-1000.
        size: pixels of an image.
        batch_size: images run at once; bounds memory, not results.

    Attributes:
        prefix: its path on disk, likewise without the endings; of one in a bucket, a copy in the cache.
        path: where it was found, without .index, .meta and .data-*.
        step: its training step.
        size: pixels of an image.
        networks: (generator, discriminator) as frozen contract.Networks.
        shapes: variable name -> shape, of all that the checkpoint holds.

    Raises:
        StateError: there is no snapshot.
        ContractError: the snapshot breaks the contract; the message names it and the rule.
    """

    def __init__(self, where, size, batch_size=256):
        found = checkpoint_files.latest_snapshot(where)
        if found is None:
            raise StateError(f"{where} has no complete snapshot (model.ckpt-N.index, .meta and .data-*)")
        self.prefix, self.step, self.path = found
        self._batch_size = batch_size
        with self._named():
            self._open(size)

    def generate(self, noise, batch_size=None):
        """noise float32 [N, 100] -> images float32 [N, size] in [0, 1]; another batch_size for this call only."""
        with self._named():
            return self._generate(noise, batch_size)

    def discriminate(self, images, batch_size=None):
        """images float32 [N, size] in [0, 1] -> probabilities that they are real, float32 [N]; likewise."""
        with self._named():
            return self._discriminate(images, batch_size)

    def verify(self):
        """Runs both networks and checks the rules that only show when they run; see contract.py."""
        with self._named():
            contract.check_behaviour(self._generate, self._discriminate, self.size)

    def _open(self, size):
        self.size = size
        with contract.explaining("the weights cannot be read"):
            reader = tf.train.load_checkpoint(self.prefix)
            self.shapes = reader.get_variable_to_shape_map()

        def read_weight(name):
            if name not in self.shapes:
                raise KeyError(name)
            return reader.get_tensor(name)

        meta_graph = self._meta_graph()
        dangerous_ops.check(meta_graph)
        self.networks = [cut.freeze(network, read_weight) for network in cut.cut(meta_graph, size)]
        graph = tf.Graph()
        with graph.as_default():
            ends = [
                cut.connect(network, size, scope)
                for network, scope in zip(self.networks, ("generator", "discriminator"))
            ]
        config = tf.ConfigProto()
        config.graph_options.rewrite_options.disable_meta_optimizer = True
        session = tf.Session(graph=graph, config=config)
        # Made once: `run` looks up what it is asked for in each call, which takes as long as a small network does.
        self._generator, self._discriminator = (session.make_callable(result, [given]) for given, result in ends)

    def _meta_graph(self):
        meta_graph = tf.MetaGraphDef()
        with open(self.prefix + ".meta", "rb") as file:
            content = file.read()
        try:
            meta_graph.ParseFromString(content)
        except Exception as error:  # protobuf's implementations raise classes of their own
            raise ContractError("the .meta file is not a MetaGraphDef") from error
        return meta_graph

    def _generate(self, noise, batch_size=None):
        return self._run(self._generator, noise, contract.GENERATED, self.size, batch_size or self._batch_size)

    def _discriminate(self, images, batch_size=None):
        return self._run(self._discriminator, images, contract.PROBABILITY, 1, batch_size or self._batch_size)[:, 0]

    def _run(self, network, values, name, width, batch_size):
        parts = [values[i : i + batch_size] for i in range(0, len(values), batch_size)]
        with contract.explaining(f"{name} cannot be computed"):
            results = np.concatenate([network(part) for part in parts])
        if results.shape != (len(values), width):
            raise ContractError(f"{name} returned shape {list(results.shape)}, not {[len(values), width]}")
        return results

    @contextlib.contextmanager
    def _named(self):
        """Adds the snapshot's path to what is wrong with it."""
        try:
            yield
        except ContractError as error:
            raise ContractError.of(self.path, error) from error
