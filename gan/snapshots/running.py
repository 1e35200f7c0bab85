"""Runs one network of a snapshot, batch by batch."""

from typing import NamedTuple

import numpy as np
import tensorflow.compat.v1 as tf

from gan.console.errors import ContractError
from gan.contest import contract
from gan.contest.faults import breach
from gan.snapshots import cut

_MOST_TRIED = 4  # batch sizes that may be built in
_MOST_ROWS = 1024  # of one of these


_WHOSE = {contract.GENERATED: cut.GENERATOR, contract.PROBABILITY: cut.DISCRIMINATOR}


class Draws(NamedTuple):
    """What the random operations of a network draw from; the same draws give the same numbers."""

    key: int = 0  # below 2^63
    first: int = 0  # number of the first input among those that are drawn for with this key


NO_DRAWS = Draws()  # for networks without random operations, and wherever one fixed key will do


class RunningNetwork:
    """A network in a session.

    Args:
        session: of its graph.
        tensors: the network's.
        name: contract.GENERATED or contract.PROBABILITY: what it returns.
        width: values that it returns for each input.
    """

    def __init__(self, session: tf.Session, tensors: cut.ConnectedNetwork, name: str, width: int) -> None:
        self._tensors, self._name, self._width = tensors, name, width
        self.is_random = tensors.key is not None
        fed = [tensor for tensor in (tensors.input, tensors.key) if tensor is not None]
        # Made once: `run` looks up what it is asked for in each call, which takes as long as a small network does.
        self._call = session.make_callable(tensors.output, fed)

    def __call__(self, values: np.ndarray, batch_size: int, draws: Draws = NO_DRAWS) -> np.ndarray:
        """Runs the network.

        Args:
            values: float32 [N, M].
            batch_size: inputs run at once; the last batch may be smaller.
            draws: for its random operations.

        Returns:
            float32 [N, width].

        Raises:
            ContractError: it cannot be run, has another batch size built in, or returns another shape.
        """
        parts = [
            self._one_batch(values[i : i + batch_size], draws.key, draws.first + i)
            for i in range(0, len(values), batch_size)
        ]
        return np.concatenate([np.zeros((0, self._width), np.float32), *parts])

    def built_in_batch(self) -> tuple[int, str] | None:
        """The one batch size that the network can run, and the name of the node that says so; None if there is none."""
        tried = set[int]()
        for node, rows in _fixed_rows(self._tensors.input):
            if rows in tried or len(tried) == _MOST_TRIED:
                continue
            tried.add(rows)
            values = np.zeros((rows, int(self._tensors.input.shape[1])), np.float32)
            try:
                if self._run(values, 0, 0).shape == (rows, self._width):
                    return rows, node.partition("/")[2] if node.startswith(_SCOPES) else node
            except (ContractError, tf.errors.OpError, ValueError):
                continue
        return None

    def _one_batch(self, values: np.ndarray, key: int, number: int) -> np.ndarray:
        try:
            with contract.explaining("not_computable", name=self._name):
                results = self._run(values, key, number)
            if results.shape != (len(values), self._width):
                wanted = str([len(values), self._width])
                raise breach("wrong_shape", name=self._name, shape=str([*results.shape]), wanted=wanted)
        except ContractError as error:
            if error.fault.code == "out_of_memory":
                raise
            built_in = self.built_in_batch()
            if built_in and built_in[0] != len(values):
                raise breach("fixed_batch", name=_WHOSE[self._name], rows=built_in[0], node=built_in[1]) from None
            raise
        return results

    def _run(self, values: np.ndarray, key: int, number: int) -> np.ndarray:
        results = self._call(values, np.array([key, number], np.int64)) if self.is_random else self._call(values)
        is_vector = self._width == 1 and results.shape == (len(values),)
        return results[:, None] if is_vector else results


_SIZES = ("Shape", "ShapeN", "Size", "Rank")  # which have as many numbers whatever the rows
_SCOPES = (cut.GENERATOR + "/", cut.DISCRIMINATOR + "/")


def _fixed_rows(given: tf.Tensor) -> list[tuple[str, int]]:
    """Operations that make a fixed number of rows of what depends on `given`, of which the rows are not known.

    Returns:
        List of (name, rows), in the order of the graph.
    """
    depending, found = {given.name}, []
    for op in given.graph.get_operations():
        inputs = [tensor for tensor in op.inputs if tensor.name in depending]
        if not inputs or op.type in _SIZES:
            continue
        depending.update(tensor.name for tensor in op.outputs)
        rows = {_rows(tensor) for tensor in op.outputs} - {None}
        if all(_rows(tensor) is None for tensor in inputs):
            found += [(op.name, number) for number in rows if number and 1 < number <= _MOST_ROWS]
    return found


def _rows(tensor: tf.Tensor) -> int | None:
    return tensor.shape.as_list()[0] if tensor.shape.ndims else None
