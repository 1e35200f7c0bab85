"""Messages between the processes: what is expected arrives as it was sent, and nothing else is taken for a message."""

import dataclasses
import json

import pytest

from gan.sandbox import confinement, protocol
from gan.sandbox.framing import MessageError

OPENING = protocol.SnapshotToOpen("model.ckpt-1", 2500, 16)
TASK = protocol.Task("/copies/abc", OPENING, confinement.Limits(2**30, 60), 7, "/etc/hostname", ("limits", "root"))
MESSAGES = [
    protocol.Listening(1),
    protocol.Listening(None),
    protocol.Fork(TASK),
    protocol.Fork(dataclasses.replace(TASK, snapshot=None)),
    protocol.Forked(123),
    protocol.ForkRefused("no memory"),
    protocol.End(123),
    protocol.Ended(9, 1500),
    confinement.Confined(("limits",), {"root": "not permitted"}),
    protocol.Possible(()),
    protocol.Opened({"w": [100, 2500], "b": []}, True, False, ["PyFunc (f)"]),
    protocol.SnapshotFault("forbidden_operations", {"network": "generator", "operations": ["Einsum", "Ünï"]}),
    protocol.Verify(),
    protocol.Verified(),
    protocol.Generate(None, 2**63 - 1, 0),
    protocol.Discriminate(1, 0, 256, 15),
    protocol.Ready(),
    protocol.Go(),
    protocol.Computed(),
]


def test_every_message_is_tested():
    sent = {type(message) for message in MESSAGES} | {protocol.Task, protocol.SnapshotToOpen}
    assert {cls for cls in vars(protocol).values() if dataclasses.is_dataclass(cls)} <= sent


@pytest.mark.parametrize("message", MESSAGES, ids=str)
def test_there_and_back(message):
    others = [protocol.Go, protocol.Ended]
    received = protocol.decode(protocol.encode(message), *others, type(message))
    assert received == message and type(received) is type(message)


@pytest.mark.parametrize("message", MESSAGES, ids=str)
def test_what_is_not_expected_is_refused(message):
    others = {type(other) for other in MESSAGES} - {type(message)}
    with pytest.raises(MessageError):
        protocol.decode(protocol.encode(message), *others)


@pytest.mark.parametrize("message", MESSAGES, ids=str)
def test_fields_are_exactly_those_of_the_message(message):
    kind, fields = json.loads(protocol.encode(message))
    changed = [{**fields, "more": 1}, *({k: v for k, v in fields.items() if k != name} for name in fields)]
    changed += [[*fields.values()], None]
    if not isinstance(message, protocol.SnapshotFault):  # contest.faults says what its parameters must be
        wrong = (1.5, {"a": None}, [[]], 7 if kind == "Opened" else True)
        changed += [{**fields, name: value} for name in fields for value in wrong]
    for other in changed:
        with pytest.raises(MessageError):
            protocol.decode(json.dumps([kind, other]).encode(), type(message))


OPENED = b'"generator_sees_batch": true, "discriminator_sees_batch": true, "never_run": []'  # but for the shapes


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{}[]",
        b"[]",
        b"{}",
        b"7",
        b'"Go"',
        b'["Go"]',
        b'["Go", {}, {}]',
        b'[["Go"], {}]',
        b'["__class__", {}]',
        b"\xff\xfe{",
        b"[" * 200_000,
        b'["Forked", {"pid": true}]',
        b'["Forked", {"pid": 1.0}]',
        b'["Forked", {"pid": "1"}]',
        b'["Forked", {"pid": NaN}]',
        b'["Forked", {"pid": %s}]' % (b"9" * 5000),
        b'["Opened", {"shapes": {"w": "xxx"}, %s}]' % OPENED,
        b'["Opened", {"shapes": {"w": [1, null]}, %s}]' % OPENED,
        b'["Opened", {"shapes": [["w", [1]]], %s}]' % OPENED,
        b'["Opened", {"shapes": null, %s}]' % OPENED,
        b'["SnapshotFault", {"code": ["slow"], "parameters": {}}]',
        b'["SnapshotFault", {"code": "slow", "parameters": {"seconds": Infinity}}]',
    ],
    ids=lambda text: text[:40].decode(errors="replace"),
)
def test_nonsense(text):
    with pytest.raises(MessageError):
        protocol.decode(text, protocol.Go, protocol.Forked, protocol.Opened, protocol.SnapshotFault)
