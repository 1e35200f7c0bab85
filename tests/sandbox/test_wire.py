"""Messages between a cell and the arena: arrays arrive whole, and nothing that is wrong arrives at all."""

import json
import socket
import struct
import threading
import time

import numpy as np
import pytest

from gan.sandbox import wire


@pytest.fixture
def ends():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def head(text_length, values_length):
    return struct.pack("<IQ", text_length, values_length)


def test_there_and_back(ends):
    ours, theirs = ends
    values = np.random.default_rng(1).random((300, 2500), dtype=np.float32)  # more than a socket holds
    sender = threading.Thread(target=wire.send, args=(theirs, {"do": "it", "name": "Ünï"}, values))
    sender.start()
    message, received = wire.receive(ours, most=values.size, deadline=time.monotonic() + 10)
    sender.join()
    assert message == {"do": "it", "name": "Ünï"}
    np.testing.assert_array_equal(received.reshape(values.shape), values)
    wire.send(ours, {})
    assert wire.receive(theirs)[0] == {}


@pytest.mark.parametrize(
    "sent",
    [
        head(2, 8) + b"{}" + bytes(8),  # more values than asked for
        head(2**31, 0),
        head(2, 2**60),
        head(4, 0) + b"{}[]",
        head(2, 0) + b"[]",
        head(3, 0) + b"\xff\xfe{",
        head(200_000, 0) + b"[" * 200_000,
        head(2, 3) + b"{}" + bytes(3),
    ],
)
def test_nonsense(ends, sent):
    ours, theirs = ends
    threading.Thread(target=theirs.sendall, args=(sent,), daemon=True).start()
    with pytest.raises(wire.WireError):
        wire.receive(ours, most=1, deadline=time.monotonic() + 5)


def test_the_other_side_is_gone(ends):
    ours, theirs = ends
    theirs.sendall(head(10, 0) + b"{")
    theirs.close()
    with pytest.raises(wire.Closed):
        wire.receive(ours)
    with pytest.raises(wire.Closed):
        wire.send(ours, {})


def test_too_late(ends):
    ours, theirs = ends
    theirs.sendall(head(10, 0) + b'{"a":')  # half a message
    begun = time.monotonic()
    with pytest.raises(TimeoutError):
        wire.receive(ours, deadline=begun + 0.2)
    with pytest.raises(TimeoutError):  # a reader who does not read
        wire.send(ours, {}, np.zeros(2**22), deadline=time.monotonic() + 0.2)
    assert time.monotonic() - begun < 5


def test_what_is_sent_is_json(ends):
    ours, theirs = ends
    wire.send(ours, {"a": [1, None]}, np.float32([1, 2]))
    content = theirs.recv(1000)
    text_length, values_length = struct.unpack("<IQ", content[:12])
    assert json.loads(content[12 : 12 + text_length]) == {"a": [1, None]}
    assert content[12 + text_length :] == np.float32([1, 2]).tobytes() and values_length == 8
