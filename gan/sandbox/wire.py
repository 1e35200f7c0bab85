"""Messages between two processes of which neither trusts the other: a small JSON object and at most one array.

    length of the object (4 bytes), length of the array (8 bytes), the object, the array's float32 values

Nothing that arrives is ever run or unpickled, and no more is read than the receiver is ready for.
"""

import json
import select
import struct
import time

import numpy as np

_HEAD = struct.Struct("<IQ")
_LONGEST = 1 << 20  # bytes of a JSON object


class WireError(Exception):
    """What arrived is no message, or too long."""


class Closed(WireError):
    """The other side is gone."""


def send(channel, message, array=None, deadline=None):
    """Sends a dict that JSON can hold, and a float32 array of any shape or None; raises as `receive` does."""
    text = json.dumps(message).encode()
    values = b"" if array is None else np.ascontiguousarray(array, "<f4").tobytes()
    try:
        _wait_until(channel, deadline)
        channel.sendall(_HEAD.pack(len(text), len(values)) + text + values)
    except (BrokenPipeError, ConnectionResetError) as error:
        raise Closed("the other side is gone") from error


def is_silent(channel):
    """Whether nothing has arrived that was not received yet."""
    return not select.select([channel], [], [], 0)[0]


def receive(channel, most=0, deadline=None):
    """Waits for a message.

    Args:
        channel: a socket.
        most: values that its array may have.
        deadline: of time.monotonic(); None waits for ever.

    Returns:
        (dict, float32 [N] with N <= most).

    Raises:
        TimeoutError: the deadline passed.
        Closed: the other side is gone.
        WireError: it is no message, or longer than allowed.
    """
    text_length, values_length = _HEAD.unpack(_exactly(channel, _HEAD.size, deadline))
    if text_length > _LONGEST or values_length > 4 * most or values_length % 4:
        raise WireError(f"a message of {text_length + values_length} bytes is not expected")
    text, values = _exactly(channel, text_length, deadline), _exactly(channel, values_length, deadline)
    try:
        message = json.loads(text)
        if not isinstance(message, dict):
            raise ValueError("not an object")
        return message, np.frombuffer(values, "<f4")
    except (ValueError, RecursionError) as error:
        raise WireError(f"a message cannot be read ({error})") from error


def _exactly(channel, count, deadline):
    content = bytearray()
    while len(content) < count:
        _wait_until(channel, deadline)
        try:
            part = channel.recv(min(count - len(content), 1 << 20))
        except ConnectionResetError:
            part = b""
        if not part:
            raise Closed("the other side is gone")
        content += part
    return bytes(content)


def _wait_until(channel, deadline):
    if deadline is None:
        channel.settimeout(None)
        return
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("no answer in time")
    channel.settimeout(left)
