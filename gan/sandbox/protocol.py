"""What the three kinds of processes tell each other: us, the fork server, and a confined process for each snapshot.

| from, to                | message      | array            | answer                                           |
|-------------------------|--------------|------------------|--------------------------------------------------|
| fork server, us         | Listening    |                  |                                                  |
| we, fork server         | Fork         |                  | Forked or ForkRefused                            |
| we, fork server         | End          |                  | Ended                                            |
| confined process, us    | Confined (of confinement.py)    |   |                                                  |
| confined process, us    | Possible     |                  | none: it ends; only if it has nothing to open    |
| confined process, us    | Opened       |                  |                                                  |
| we, confined process    | Verify       |                  | Verified                                         |
| we, confined process    | Generate     | noise [N, 100]   | Ready                                            |
| we, confined process    | Discriminate | images [N, size], then references [M, size] | Ready                 |
| we, confined process    | Go           |                  | Computed: images [N, size], or probabilities [N] |

In the place of Opened, Verified and Computed the confined process may send SnapshotFault. Between Go and the answer it
does nothing but run the model, so that we can time it by our clock.

A message is one JSON text in a frame of framing.py: its class's name, and its fields. A process that opened a
stranger's snapshot may be in the stranger's hands, so nothing that arrives is run or unpickled, and `decode` refuses
every text but a message of an expected class with exactly its fields, of the right types. No TensorFlow.
"""

import dataclasses
import functools
import json
import types
import typing
from typing import Any

from gan.sandbox import confinement
from gan.sandbox.framing import MessageError


@dataclasses.dataclass(frozen=True)
class SnapshotToOpen:
    """Which snapshot, and how."""

    name: str  # of its files without endings
    size: int  # pixels of an image
    batch_size: int  # images run at once, if a call does not say otherwise


@dataclasses.dataclass(frozen=True)
class Task:
    """What a confined process is for."""

    folder: str  # where the snapshot's files are; the only folder that the process will see
    snapshot: SnapshotToOpen | None  # None opens none: the process tries what it could still do, and ends
    limits: confinement.Limits
    number: int  # of this process among those of its sandbox
    outside: str  # path of a file that must not be readable
    must_hold: tuple[str, ...]  # layers of confinement without which nothing is opened


@dataclasses.dataclass(frozen=True)
class Listening:
    """The fork server is ready."""

    threads: int | None  # that it has; None if the system does not say


@dataclasses.dataclass(frozen=True)
class Fork:
    """Fork a process; the two descriptors that it gets (its channel, its stderr) follow."""

    task: Task


@dataclasses.dataclass(frozen=True)
class Forked:
    """It was forked."""

    pid: int


@dataclasses.dataclass(frozen=True)
class ForkRefused:
    """The system refused to fork."""

    reason: str


@dataclasses.dataclass(frozen=True)
class End:
    """Kill a process."""

    pid: int


@dataclasses.dataclass(frozen=True)
class Ended:
    """It is gone."""

    status: int  # as os.waitpid returns it
    processor_milliseconds: int  # that it used


@dataclasses.dataclass(frozen=True)
class Possible:
    """What the process can do although it must not; see confinement.still_possible."""

    actions: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Opened:
    """The snapshot is open."""

    shapes: dict[str, list[int]]  # variable name -> dimensions, of all that the checkpoint holds
    generator_sees_batch: bool  # see contest.behaviour
    discriminator_sees_batch: bool
    never_run: list[str]  # see snapshots.dangerous_ops


@dataclasses.dataclass(frozen=True)
class SnapshotFault:
    """The snapshot breaks the contract; see contest.faults, whose `received` says whether this one can be believed."""

    code: str
    parameters: dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Verify:
    """Check the rules that the graph alone does not show."""


@dataclasses.dataclass(frozen=True)
class Verified:
    """The snapshot keeps them."""


@dataclasses.dataclass(frozen=True)
class Generate:
    """Be ready to run the generator on the noise that comes with this."""

    batch_size: int | None  # images run at once; None for the one that was given when it was opened
    key: int  # for its random operations
    first: int  # number of the first input among those that this key is for


@dataclasses.dataclass(frozen=True)
class Discriminate:
    """Be ready to run the discriminator on the images that come with this."""

    batch_size: int | None  # see Generate
    key: int
    first: int
    references: int  # how many of the images, the last ones, are reference images


@dataclasses.dataclass(frozen=True)
class Ready:
    """The input is there."""


@dataclasses.dataclass(frozen=True)
class Go:
    """Run the model."""


@dataclasses.dataclass(frozen=True)
class Computed:
    """What the model returned comes with this."""


def encode(message: object) -> bytes:
    """A message as a text; it holds what JSON can hold."""
    return json.dumps([type(message).__name__, dataclasses.asdict(message)]).encode()  # type: ignore[call-overload]


def decode(text: bytes, *expected: type) -> Any:
    """Reads a message.

    Args:
        text: that arrived.
        *expected: classes of the messages that may come now.

    Returns:
        An instance of one of them.

    Raises:
        MessageError: it is anything else.
    """
    try:
        content = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise MessageError(f"a message cannot be read ({error})") from error
    if not isinstance(content, list) or len(content) != 2:
        raise MessageError("it is no message")
    kind, fields = content
    for cls in expected:
        if cls.__name__ == kind:
            return _instance(cls, fields)
    raise MessageError(f"{' or '.join(cls.__name__ for cls in expected)} is expected")


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no JSON")


@functools.cache
def _fields(cls: type) -> dict[str, Any]:
    """Field name -> its type."""
    hints = typing.get_type_hints(cls)
    return {field.name: hints[field.name] for field in dataclasses.fields(cls)}


def _instance(cls: type, values: Any) -> Any:
    if not isinstance(values, dict) or values.keys() != _fields(cls).keys():
        raise MessageError(f"{cls.__name__} has other fields")
    return cls(**{name: _checked(values[name], wanted, name) for name, wanted in _fields(cls).items()})


def _checked(value: Any, wanted: Any, name: str) -> Any:
    """The value as the type that its field has; raises MessageError if it is of another one."""
    kind, inner = typing.get_origin(wanted) or wanted, typing.get_args(wanted)
    if kind in (types.UnionType, typing.Union):  # X | None
        return None if value is None else _checked(value, inner[0], name)
    if dataclasses.is_dataclass(kind):
        return _instance(typing.cast(type, kind), value)
    if kind is dict and isinstance(value, dict):
        return {key: _checked(item, inner[1], name) for key, item in value.items()}
    if kind in (list, tuple) and isinstance(value, list):
        return kind(_checked(item, inner[0], name) for item in value)
    if kind is Any or type(value) is kind:  # a bool is no int
        return value
    raise MessageError(f"{name} is of another type")
