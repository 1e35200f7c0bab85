"""What runs inside a confined process: one snapshot, opened after everything else was given up.

protocol.py has the messages. Before any request comes, the process sends two: which layers of confinement hold, before
it opens anything, and then what the snapshot is, or what is wrong with it.
"""

import contextlib
import gc
import os
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from gan.console.errors import ContractError, UserError, reason
from gan.contest import rules
from gan.contest.behaviour import Behaviour
from gan.contest.faults import breach
from gan.data.pixels import FACE_SIZE
from gan.random_noise_generator import NOISE_SIZE
from gan.sandbox import confinement, framing, protocol

if TYPE_CHECKING:
    from gan.snapshots.snapshot import Snapshot

_OUR_OWN = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "house_team")
MOST_IMAGES = 1 << 16  # in one request

_Result = TypeVar("_Result")


def prepare() -> None:
    """Imports and looks up all that a confined process will need, while files can still be read.

    It runs a snapshot of our own, as each confined process will run a stranger's: what TensorFlow looks up, compiles
    and keeps at its first run is then done once, not in every process. Its session's threads end with it.
    """
    import encodings.idna  # noqa: F401 - looked up by name
    import traceback  # noqa: F401

    import tensorflow.compat.v1 as tf

    from gan.snapshots.snapshot import Snapshot

    # TensorFlow imports its parts when they are first asked for.
    tf.train.NewCheckpointReader, tf.import_graph_def, tf.Session, tf.errors.OpError, tf.ConfigProto  # noqa: B018
    with contextlib.suppress(UserError):  # it is only slower without
        ours = Snapshot(_OUR_OWN, FACE_SIZE)
        _warm_up(ours)
        ours.close()
    gc.collect()
    gc.freeze()  # a collection would write to memory that the processes share


def run(channel: socket.socket, task: protocol.Task) -> None:
    """Confines this process, opens a snapshot and answers requests until the other side is gone."""
    confined = confinement.confine(task.folder, task.limits, task.number, task.snapshot is not None)
    _tell(channel, confined)
    if task.snapshot is None:
        _tell(channel, protocol.Possible(confinement.still_possible(task.outside)))
        return
    if not set(task.must_hold) <= set(confined.held):
        return
    wanted = task.snapshot
    snapshot = _attempt(lambda: _open(wanted))
    if isinstance(snapshot, protocol.SnapshotFault):
        _tell(channel, snapshot)
        return
    behaviour = _attempt(lambda: _warm_up(snapshot))
    if isinstance(behaviour, protocol.SnapshotFault):  # it is told when it is asked for
        behaviour = Behaviour()
    _tell(channel, protocol.Opened(snapshot.shapes, *behaviour, snapshot.never_run))
    while True:
        try:
            text, values = framing.receive(channel, MOST_IMAGES * max(wanted.size, NOISE_SIZE))
        except framing.Closed:
            return
        _answer(channel, snapshot, text, values)


def _open(wanted: protocol.SnapshotToOpen) -> "Snapshot":
    from gan.snapshots.snapshot import Snapshot

    return Snapshot(wanted.name, wanted.size, wanted.batch_size)


def _warm_up(snapshot: "Snapshot") -> Behaviour:
    """Runs both networks as a half round will: the first run of a shape takes far longer than those that follow."""
    behaviour = snapshot.behaviour
    images = snapshot.generate(np.zeros((rules.IMAGES_OF_EACH, NOISE_SIZE), np.float32))
    snapshot.discriminate(images[:1], references=images)
    return behaviour


def _answer(channel: socket.socket, snapshot: "Snapshot", text: bytes, values: np.ndarray) -> None:
    request: protocol.Verify | protocol.Generate | protocol.Discriminate = protocol.decode(
        text, protocol.Verify, protocol.Generate, protocol.Discriminate
    )
    if isinstance(request, protocol.Verify):
        fault = _attempt(snapshot.verify)
        _tell(channel, fault if isinstance(fault, protocol.SnapshotFault) else protocol.Verified())
        return
    is_noise = isinstance(request, protocol.Generate)
    inputs = values.reshape(-1, NOISE_SIZE if is_noise else snapshot.size)
    _tell(channel, protocol.Ready())
    protocol.decode(framing.receive(channel)[0], protocol.Go)
    result = _attempt(lambda: _run(snapshot, request, inputs))
    if isinstance(result, protocol.SnapshotFault):
        _tell(channel, result)
    else:
        _tell(channel, protocol.Computed(), result)


def _run(snapshot: "Snapshot", request: protocol.Generate | protocol.Discriminate, inputs: np.ndarray) -> np.ndarray:
    from gan.snapshots.running import Draws

    draws = Draws(request.key, request.first)
    if isinstance(request, protocol.Generate):
        return snapshot.generate(inputs, request.batch_size, draws)
    images, references = inputs[: len(inputs) - request.references], inputs[len(inputs) - request.references :]
    return snapshot.discriminate(images, request.batch_size, draws, references if request.references else None)


def _tell(channel: socket.socket, message: Any, array: np.ndarray | None = None) -> None:
    framing.send(channel, protocol.encode(message), array)


def _attempt(action: Callable[[], _Result]) -> _Result | protocol.SnapshotFault:
    """What it returns, or what is wrong with the snapshot, without its path, which is another one outside."""
    try:
        return action()
    except ContractError as error:
        fault = error.fault
    except MemoryError:
        fault = breach("out_of_memory").fault
    except Exception as error:  # whatever a stranger's files bring about is their fault; the log tells where
        import traceback

        traceback.print_exc()
        fault = breach("cannot_run", reason=f"{type(error).__name__}: {reason(error)}").fault
    return protocol.SnapshotFault(fault.code, fault.parameters)
