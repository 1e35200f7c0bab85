"""Frames between two processes: texts and arrays arrive whole, and nothing that is too long arrives at all."""

import socket
import struct
import threading
import time

import numpy as np
import pytest

from gan.sandbox import framing


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
    sender = threading.Thread(target=framing.send, args=(theirs, b"a text", values))
    sender.start()
    text, received = framing.receive(ours, most=values.size, deadline=time.monotonic() + 10)
    sender.join()
    assert text == b"a text"
    np.testing.assert_array_equal(received.reshape(values.shape), values)
    framing.send(ours, b"")
    assert framing.receive(theirs)[0] == b""


@pytest.mark.parametrize(
    "sent",
    [
        head(2, 8) + b"{}" + bytes(8),  # more values than asked for
        head(2**31, 0),
        head(2, 2**60),
        head(2, 3) + b"{}" + bytes(3),
    ],
)
def test_too_long(ends, sent):
    ours, theirs = ends
    threading.Thread(target=theirs.sendall, args=(sent,), daemon=True).start()
    with pytest.raises(framing.MessageError):
        framing.receive(ours, most=1, deadline=time.monotonic() + 5)


def test_the_other_side_is_gone(ends):
    ours, theirs = ends
    theirs.sendall(head(10, 0) + b"{")
    theirs.close()
    with pytest.raises(framing.Closed):
        framing.receive(ours)
    with pytest.raises(framing.Closed):
        framing.send(ours, b"{}")


def test_too_late(ends):
    ours, theirs = ends
    theirs.sendall(head(10, 0) + b'{"a":')  # half a message
    begun = time.monotonic()
    with pytest.raises(TimeoutError):
        framing.receive(ours, deadline=begun + 0.2)
    with pytest.raises(TimeoutError):  # a reader who does not read
        framing.send(ours, b"", np.zeros(2**22), deadline=time.monotonic() + 0.2)
    assert time.monotonic() - begun < 5


def test_what_is_sent(ends):
    ours, theirs = ends
    framing.send(ours, b"text", np.float32([1, 2]))
    assert theirs.recv(1000) == head(4, 8) + b"text" + np.float32([1, 2]).tobytes()


def test_silence(ends):
    ours, theirs = ends
    assert framing.is_silent(ours)
    theirs.send(b"x")
    assert not framing.is_silent(ours)
