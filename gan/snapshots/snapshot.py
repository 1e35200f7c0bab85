"""Opens a snapshot, ours or a stranger's, always in this one way: what is measured is what is judged.

The meta graph is read as data and cut down to the two networks. Weights are read by name. The submitted saver, init
operations and input pipelines never run.
"""

import contextlib
from collections.abc import Callable, Iterator

import numpy as np
import tensorflow.compat.v1 as tf

from gan.console.errors import ContractError, StateError
from gan.contest import contract
from gan.contest.faults import breach
from gan.snapshots import checkpoint_files, cut, dangerous_ops


class Snapshot:
    """Both networks of a snapshot, ready to run.

    Args:
        where: a train_dir, whose newest snapshot is taken, or a prefix such as run/model.ckpt-1000.
        size: pixels of an image.
        batch_size: images run at once; bounds memory, not results.

    Attributes:
        prefix: path of its files on disk without .index, .meta and .data-*; of a copy if they are in a bucket.
        path: where it was found, without these endings.
        step: its training step.
        size: pixels of an image.
        networks: (generator, discriminator), frozen.
        shapes: variable name -> list of dimensions, of all variables that the checkpoint holds.

    Raises:
        StateError: there is no snapshot.
        ContractError: the snapshot breaks the contract; the message names it and the rule.
    """

    networks: tuple[cut.NetworkGraph, cut.NetworkGraph]
    shapes: dict[str, list[int]]

    def __init__(self, where: str, size: int, batch_size: int = 256) -> None:
        found = checkpoint_files.latest_snapshot(where)
        if found is None:
            raise StateError(f"{where} has no complete snapshot (model.ckpt-N.index, .meta and .data-*)")
        self.prefix, self.step, self.path = found.prefix, found.step, found.path
        self.size = size
        self._batch_size = batch_size
        with self._named():
            self.networks = self._read()
            self._generator, self._discriminator = self._connect()

    def generate(self, noise: np.ndarray, batch_size: int | None = None) -> np.ndarray:
        """Makes images.

        Args:
            noise: float32 [N, 100] in [-1, 1].
            batch_size: images run at once in this call; None for the snapshot's.

        Returns:
            float32 [N, size], in [0, 1] if the snapshot keeps the contract.

        Raises:
            ContractError: the generator cannot be run.
        """
        with self._named():
            return self._generate(noise, batch_size)

    def discriminate(self, images: np.ndarray, batch_size: int | None = None) -> np.ndarray:
        """Tells probabilities that images are real.

        Args:
            images: float32 [N, size] in [0, 1].
            batch_size: images run at once in this call; None for the snapshot's.

        Returns:
            float32 [N], in [0, 1] if the snapshot keeps the contract.

        Raises:
            ContractError: the discriminator cannot be run.
        """
        with self._named():
            return self._discriminate(images, batch_size)

    def verify(self) -> None:
        """Runs both networks and checks the rules that the graph alone does not show; see contract.check_behaviour."""
        with self._named():
            contract.check_behaviour(self._generate, self._discriminate, self.size)

    def _read(self) -> tuple[cut.NetworkGraph, cut.NetworkGraph]:
        """The two networks with their weights."""
        with contract.explaining("weights_unreadable"):
            reader = tf.train.load_checkpoint(self.prefix)
            self.shapes = reader.get_variable_to_shape_map()

        def read_weight(name: str) -> np.ndarray:
            if name not in self.shapes:
                raise KeyError(name)
            return reader.get_tensor(name)

        meta_graph = self._meta_graph()
        dangerous_ops.check(meta_graph)
        generator, discriminator = cut.extract_networks(meta_graph, self.size)
        return cut.freeze(generator, read_weight), cut.freeze(discriminator, read_weight)

    def _meta_graph(self) -> tf.MetaGraphDef:
        meta_graph = tf.MetaGraphDef()
        with open(self.prefix + ".meta", "rb") as file:
            content = file.read()
        try:
            meta_graph.ParseFromString(content)
        except Exception as error:  # protobuf's implementations raise classes of their own
            raise breach("meta_unreadable") from error
        return meta_graph

    def _connect(self) -> tuple[Callable[..., np.ndarray], Callable[..., np.ndarray]]:
        """Functions that run the two networks, in a session of their own."""
        graph = tf.Graph()
        with graph.as_default():
            noise, generated = cut.connect(self.networks[0], self.size, cut.GENERATOR)
            images, probability = cut.connect(self.networks[1], self.size, cut.DISCRIMINATOR)
        config = tf.ConfigProto()
        config.graph_options.rewrite_options.disable_meta_optimizer = True
        session = tf.Session(graph=graph, config=config)
        # Made once: `run` looks up what it is asked for in each call, which takes as long as a small network does.
        return session.make_callable(generated, [noise]), session.make_callable(probability, [images])

    def _generate(self, noise: np.ndarray, batch_size: int | None = None) -> np.ndarray:
        with contract.explaining("not_computable", name=contract.GENERATED):
            images = self._in_batches(self._generator, noise, batch_size)
        return self._checked(contract.GENERATED, images, (len(noise), self.size))

    def _discriminate(self, images: np.ndarray, batch_size: int | None = None) -> np.ndarray:
        with contract.explaining("not_computable", name=contract.PROBABILITY):
            probabilities = self._in_batches(self._discriminator, images, batch_size)
        return self._checked(contract.PROBABILITY, probabilities, (len(images), 1))[:, 0]

    def _in_batches(self, network: Callable[..., np.ndarray], values: np.ndarray, batch_size: int | None) -> np.ndarray:
        batch_size = batch_size or self._batch_size
        return np.concatenate([network(values[i : i + batch_size]) for i in range(0, len(values), batch_size)])

    def _checked(self, name: str, results: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
        if results.shape != shape:
            raise breach("wrong_shape", name=name, shape=str([*results.shape]), wanted=str([*shape]))
        return results

    @contextlib.contextmanager
    def _named(self) -> Iterator[None]:
        """Adds the snapshot's path to what is wrong with it."""
        try:
            yield
        except ContractError as error:
            raise ContractError.of(self.path, error) from error
