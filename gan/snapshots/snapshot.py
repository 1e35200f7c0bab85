"""Opens a snapshot, ours or a stranger's, always in this one way: what is measured is what is judged.

The meta graph is read as data and cut down to the two networks. Weights are what the saver would restore, read from
the graph as data too. The submitted saver, init operations and input pipelines never run.
"""

import contextlib
import functools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import tensorflow.compat.v1 as tf
from google.protobuf import text_format

from gan.console.errors import ContractError, StateError
from gan.contest import behaviour, contract
from gan.contest.behaviour import Behaviour
from gan.contest.faults import Breaches, breach
from gan.snapshots import beside_references, checkpoint_files, cut, dangerous_ops, missing, restore_map, sessions
from gan.snapshots.running import NO_DRAWS, Draws, RunningNetwork


class _Checked(NamedTuple):
    """What the check of one network found."""

    sees_batch: bool
    breaches: Breaches


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
        never_run: operations of its graph that could do harm elsewhere, each with its name; see dangerous_ops.

    Raises:
        StateError: there is no snapshot.
        ContractError: the snapshot breaks the contract; the message names it and all that was found.
    """

    networks: tuple[cut.NetworkGraph, cut.NetworkGraph]
    shapes: dict[str, list[int]]

    def __init__(self, where: str, size: int, batch_size: int = 256) -> None:
        found = checkpoint_files.latest_snapshot(where)
        if found is None:
            raise StateError(f"{where}: {missing.why(where)}")
        self.prefix, self.step, self.path = found.prefix, found.step, found.path
        self.size = size
        self._batch_size = batch_size
        self._running: dict[str, RunningNetwork] = {}
        with self._named():
            self._open()

    def generate(self, noise: np.ndarray, batch_size: int | None = None, draws: Draws = NO_DRAWS) -> np.ndarray:
        """Makes images.

        Args:
            noise: float32 [N, 100] in [-1, 1].
            batch_size: images run at once in this call; None for the snapshot's. A generator that looks at its batch
                is always asked for 15 at once, the last of them filled up by repeating its own.
            draws: for a generator with random operations.

        Returns:
            float32 [N, size], in [0, 1] if the snapshot keeps the contract.

        Raises:
            ContractError: the generator cannot be run.
        """
        with self._named():
            batch_size = batch_size or self._batch_size
            if len(noise) == 0 or not self._generator_check.sees_batch:
                return self._running[cut.GENERATOR](noise, batch_size, draws)
            whole = (len(noise) - 1) // behaviour.BATCH * behaviour.BATCH
            last = np.resize(noise[whole:], (behaviour.BATCH, noise.shape[1]))
            filled = np.concatenate([noise[:whole], last])
            return self._running[cut.GENERATOR](filled, behaviour.BATCH, draws)[: len(noise)]

    def discriminate(
        self,
        images: np.ndarray,
        batch_size: int | None = None,
        draws: Draws = NO_DRAWS,
        references: np.ndarray | None = None,
    ) -> np.ndarray:
        """Tells probabilities that images are real.

        Args:
            images: float32 [N, size] in [0, 1].
            batch_size: images run at once in this call; None for the snapshot's.
            draws: for a discriminator with random operations, and for places among reference images.
            references: float32 [15, size], real images; a discriminator that looks at its batch sees each image
                beside these and 14 of its own generator. None puts the images to it as they are.

        Returns:
            float32 [N], in [0, 1] if the snapshot keeps the contract.

        Raises:
            ContractError: the discriminator cannot be run.
        """
        with self._named():
            if references is not None and len(images) and self._discriminator_check.sees_batch:
                return self._beside(images, references, draws)
            return self._running[cut.DISCRIMINATOR](images, batch_size or self._batch_size, draws)[:, 0]

    @property
    def behaviour(self) -> Behaviour:
        """How its networks must be asked; runs them once to find out."""
        return Behaviour(self._generator_check.sees_batch, self._discriminator_check.sees_batch)

    def verify(self) -> Behaviour:
        """Runs both networks and checks the rules that the graph alone does not show; see contract.check_behaviour."""
        with self._named():
            breaches = Breaches()
            for check in (self._generator_check, self._discriminator_check):
                with breaches.noted():
                    check.breaches.raise_all()
            breaches.raise_all()
            return self.behaviour

    @functools.cached_property
    def _generator_check(self) -> _Checked:
        sees_batch, breaches = False, Breaches()
        with breaches.noted():
            sees_batch = contract.check_generator(self._drawn, self.size, self._running[cut.GENERATOR].is_random)
        return _Checked(sees_batch, breaches)

    @functools.cached_property
    def _discriminator_check(self) -> _Checked:
        sees_batch, breaches, running = False, Breaches(), self._running[cut.DISCRIMINATOR]
        with breaches.noted():
            sees_batch = contract.check_discriminator(self._judged, self._drawn, self.size, running.is_random)
        return _Checked(sees_batch, breaches)

    @functools.cached_property
    def _own_references(self) -> np.ndarray:
        """Images of its own generator, beside which its discriminator may see others: float32 [14, size]."""
        return beside_references.own(lambda noise: self._running[cut.GENERATOR](noise, len(noise)))

    def close(self) -> None:
        """Ends its session and the threads of it; it cannot run any more."""
        self._running.clear()
        self._session.close()
        del self._session

    def _drawn(self, noise: np.ndarray) -> np.ndarray:
        if cut.GENERATOR not in self._running:
            raise breach("cannot_run", reason="it has no generator")
        return self._running[cut.GENERATOR](noise, len(noise))

    def _judged(self, images: np.ndarray) -> np.ndarray:
        return self._running[cut.DISCRIMINATOR](images, len(images))[:, 0]

    def _beside(self, images: np.ndarray, references: np.ndarray, draws: Draws) -> np.ndarray:
        """Shows each image among reference images, at a place that the draws decide."""
        references, results = np.concatenate([references, self._own_references]), []
        shown = beside_references.batches(images, references, draws.key, draws.first)
        for number, (batch, place) in enumerate(shown, draws.first):
            results.append(self._running[cut.DISCRIMINATOR](batch, len(batch), Draws(draws.key, number))[place])
        return np.concatenate(results)

    def _open(self) -> None:
        """Reads, cuts out and connects both networks."""
        with contract.explaining("weights_unreadable"):
            reader = tf.train.NewCheckpointReader(self.prefix)  # load_checkpoint prefers a folder of this name
            self.shapes = reader.get_variable_to_shape_map()
        meta_graph = self._meta_graph()
        self.never_run = dangerous_ops.found_in(meta_graph)
        breaches, networks, connected = Breaches(), {}, {}
        with contract.explaining("graph_malformed"):
            weights = restore_map.Weights(reader, restore_map.read(meta_graph))
        ends = zip((cut.GENERATOR, cut.DISCRIMINATOR), cut.both_ends(meta_graph, self.size))
        with tf.Graph().as_default() as graph:
            for scope, between in ends:
                with breaches.noted():
                    extracted = cut.extract(meta_graph, between, weights.read)
                    networks[scope] = cut.freeze(extracted, weights.read)
                    connected[scope] = cut.connect(networks[scope], self.size, scope)
        session = self._session = tf.Session(graph=graph, config=sessions.judge_config())
        outputs = {cut.GENERATOR: (contract.GENERATED, self.size), cut.DISCRIMINATOR: (contract.PROBABILITY, 1)}
        for scope, tensors in connected.items():
            self._running[scope] = RunningNetwork(session, tensors, *outputs[scope])
        if breaches:
            for scope, check in ((cut.GENERATOR, "_generator_check"), (cut.DISCRIMINATOR, "_discriminator_check")):
                with breaches.noted():
                    if scope in connected:
                        getattr(self, check).breaches.raise_all()
        breaches.raise_all()
        self.networks = networks[cut.GENERATOR], networks[cut.DISCRIMINATOR]

    def _meta_graph(self) -> tf.MetaGraphDef:
        meta_graph = tf.MetaGraphDef()
        with open(self.prefix + ".meta", "rb") as file:
            content = file.read()
        try:
            meta_graph.ParseFromString(content)
        except Exception as error:  # protobuf's implementations raise classes of their own
            try:
                return text_format.Parse(content.decode(), tf.MetaGraphDef())  # of export_meta_graph(as_text=True)
            except (text_format.ParseError, UnicodeDecodeError, RecursionError):
                raise breach("meta_unreadable") from error
        return meta_graph

    @contextlib.contextmanager
    def _named(self) -> Iterator[None]:
        """Adds the snapshot's path to what is wrong with it."""
        try:
            yield
        except ContractError as error:
            raise ContractError.of(self.path, error) from error
