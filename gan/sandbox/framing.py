"""Frames on a socket between two processes of which neither trusts the other: a text and at most one array each.

    length of the text (4 bytes), length of the array (8 bytes), the text, the array's float32 values

No more is read than the receiver is ready for. protocol.py says what the texts are. No TensorFlow.
"""

import contextlib
import select
import socket
import struct
import time
from typing import Protocol

import numpy as np

_HEAD = struct.Struct("<IQ")
_LONGEST = 1 << 20  # bytes of a text
_PART = 1 << 20  # bytes that are received at once


class MessageError(Exception):
    """What arrived is not what is expected, or too long."""


class Closed(MessageError):
    """The other side is gone."""


class Deadline(Protocol):
    """A time at which waiting ends, and which may move while one waits."""

    def left(self) -> float:
        """Seconds until it is worth asking again; 0 or less if the time is over."""


def send(
    channel: socket.socket, text: bytes, array: np.ndarray | None = None, deadline: Deadline | float | None = None
) -> None:
    """Sends a frame.

    Args:
        channel: a connected socket.
        text: at most 1 MiB.
        array: float32 of any shape, or None.
        deadline: a time of time.monotonic(), or one that may move; None waits without end.

    Raises:
        TimeoutError: the deadline passed.
        Closed: the other side is gone.
    """
    values = b"" if array is None else np.ascontiguousarray(array, "<f4").tobytes()
    left = memoryview(_HEAD.pack(len(text), len(values)) + text + values)
    try:
        while left:
            _wait_until(channel, deadline)
            with contextlib.suppress(TimeoutError):  # it may have moved
                left = left[channel.send(left) :]
    except (BrokenPipeError, ConnectionResetError) as error:
        raise Closed("the other side is gone") from error


def receive(
    channel: socket.socket, most: int = 0, deadline: Deadline | float | None = None
) -> tuple[bytes, np.ndarray]:
    """Waits for a frame.

    Args:
        channel: a connected socket.
        most: values that its array may have.
        deadline: a time of time.monotonic(), or one that may move; None waits without end.

    Returns:
        (text, float32 [N] with N <= most).

    Raises:
        TimeoutError: the deadline passed.
        Closed: the other side is gone.
        MessageError: the frame is longer than allowed.
    """
    text_length, values_length = _HEAD.unpack(_exactly(channel, _HEAD.size, deadline))
    if text_length > _LONGEST or values_length > 4 * most or values_length % 4:
        raise MessageError(f"a message of {text_length + values_length} bytes is not expected")
    text = _exactly(channel, text_length, deadline)
    return text, np.frombuffer(_exactly(channel, values_length, deadline), "<f4")


def is_silent(channel: socket.socket) -> bool:
    """Whether nothing has arrived that was not received yet."""
    return not select.select([channel], [], [], 0)[0]


def _exactly(channel: socket.socket, count: int, deadline: Deadline | float | None) -> bytes:
    content = bytearray()
    while len(content) < count:
        _wait_until(channel, deadline)
        try:
            part = channel.recv(min(count - len(content), _PART))
        except TimeoutError:  # it may have moved
            continue
        except ConnectionResetError:
            part = b""
        if not part:
            raise Closed("the other side is gone")
        content += part
    return bytes(content)


def _wait_until(channel: socket.socket, deadline: Deadline | float | None) -> None:
    if deadline is None:
        channel.settimeout(None)
        return
    left = deadline - time.monotonic() if isinstance(deadline, (int, float)) else deadline.left()
    if left <= 0:
        raise TimeoutError("no answer in time")
    channel.settimeout(left)
