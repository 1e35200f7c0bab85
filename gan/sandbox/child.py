"""What runs inside a cell: one snapshot, opened after everything else was given up.

It answers requests one by one, over a socket, in the messages of wire.py:

| request        | array                       | answers                                                         |
|----------------|-----------------------------|-----------------------------------------------------------------|
| `verify`       |                             | done                                                            |
| `generate`     | noise [N, 100]              | ready; after a `go`: the images [N, size]                       |
| `discriminate` | images [N, size]            | likewise, with the probabilities [N]                            |

Between `go` and the answer nothing is done but running the model, so that who asks can time it by its own
clock. Before any request it sends two messages: which layers of confinement hold, before it opens anything; and
what the snapshot is, or what is wrong with it: `fault` where it breaks the contract.
"""

import numpy as np

from gan.console.errors import ContractError, reason
from gan.contest import rules
from gan.random_noise_generator import NOISE_SIZE
from gan.sandbox import confinement, wire

GENERATE, DISCRIMINATE, VERIFY = "generate", "discriminate", "verify"
MOST_IMAGES = 1 << 16  # in one request


def prepare():
    """Imports and looks up all that a cell will need, while files can still be read."""
    import encodings.idna  # noqa: F401 - looked up by name
    import traceback  # noqa: F401

    import tensorflow.compat.v1 as tf

    from gan.snapshots import snapshot  # noqa: F401

    # TensorFlow imports its parts when they are first asked for. A graph would start a thread here.
    tf.train.load_checkpoint, tf.import_graph_def, tf.Session, tf.errors.OpError, tf.ConfigProto  # noqa: B018


def run(channel, folder, name, size, batch_size, memory, processor_seconds, number, outside, must_hold):
    """Confines this process, opens a snapshot and answers requests until the other side is gone.

    Args:
        channel: a connected socket.
        folder: where the snapshot's files are.
        name: of its files without endings; None opens none, to tell what a cell could still do.
        size: pixels of an image.
        batch_size: images run at once where not asked otherwise.
        memory, processor_seconds: see confinement.Limits.
        number: of this cell among those alive.
        outside: path of a file that must not be readable.
        must_hold: layers of confinement without which nothing is opened.
    """
    confined = confinement.confine(folder, confinement.Limits(memory, processor_seconds), number)
    told = {"held": confined.held, "missing": confined.missing}
    if name is None:
        wire.send(channel, {**told, "possible": confinement.still_possible(outside)})
        return
    wire.send(channel, told)
    if not set(must_hold) <= set(confined.held):
        return
    snapshot, fault = _attempt(lambda: _open(name, size, batch_size))
    if not fault:
        _attempt(lambda: _warm_up(snapshot))  # what goes wrong is told when it is asked for
    wire.send(channel, fault or {"shapes": snapshot.shapes})
    while not fault:
        try:
            request, values = wire.receive(channel, MOST_IMAGES * max(size, NOISE_SIZE))
        except wire.Closed:
            return
        _answer(channel, snapshot, request, values)


def _open(name, size, batch_size):
    from gan.snapshots.snapshot import Snapshot

    return Snapshot(name, size, batch_size)


def _warm_up(snapshot):
    """Runs both networks as a half round will: the first run of a shape takes far longer than those that follow."""
    images = snapshot.generate(np.zeros((rules.IMAGES_OF_EACH, NOISE_SIZE), np.float32))
    snapshot.discriminate(images[:1])


def _answer(channel, snapshot, request, values):
    what = request["do"]
    if what == VERIFY:
        wire.send(channel, _attempt(snapshot.verify)[1])
        return
    model = snapshot.generate if what == GENERATE else snapshot.discriminate
    inputs = values.reshape(-1, NOISE_SIZE if what == GENERATE else snapshot.size)
    wire.send(channel, {"ready": True})
    wire.receive(channel)
    result, fault = _attempt(lambda: model(inputs, request.get("batch_size")))
    wire.send(channel, fault, None if fault else result)


def _attempt(action):
    """(what it returns, {}) or (None, {"fault": what is wrong with the snapshot})."""
    try:
        return action(), {}
    except ContractError as error:
        return None, {"fault": error.why}  # without the path, which is another one outside
    except MemoryError:
        return None, {"fault": "it needs more memory than it may have"}
    except Exception as error:  # whatever a stranger's files bring about is a fault of theirs; the log tells where
        import traceback

        traceback.print_exc()
        return None, {"fault": f"it cannot be run: {type(error).__name__}: {reason(error)}"}
