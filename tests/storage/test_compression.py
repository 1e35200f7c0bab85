"""Compressed files: whole, in several members, cut off, padded, and those that say so and are not."""

import gzip
import io
import os

import pytest

from gan.storage import compression


def unpacked(content, most=None):
    with io.BytesIO() as target:
        compression.unpack(io.BytesIO(content), target, most)
        return target.getvalue()


LARGE = os.urandom(2**20) + bytes(5 * 2**20) + os.urandom(2**20)


@pytest.mark.parametrize("content", [b"", b"x", b"hello " * 1000, LARGE], ids=["empty", "one", "text", "large"])
def test_what_gzip_wrote(content):
    packed = gzip.compress(content)
    assert unpacked(packed) == unpacked(packed, len(content)) == content
    assert unpacked(packed + gzip.compress(b"more")) == content + b"more"
    assert unpacked(packed + bytes(20)) == content
    for cut in (1, 5, len(packed) // 2):
        with pytest.raises(compression.DamagedGzip):
            unpacked(packed[:-cut])
    if content:
        with pytest.raises(OSError, match="more than"):
            unpacked(packed, len(content) - 1)


def test_what_is_not_compressed_comes_as_it_is():
    for content in (b"", b"\x1f", b"plain", LARGE):
        assert unpacked(content, len(content)) == content
    with pytest.raises(OSError, match="more than 4 bytes"):
        unpacked(b"plain", 4)


def test_a_bomb_ends_at_the_limit():
    """A gibibyte of zeros in a megabyte."""
    packed = gzip.compress(bytes(2**20)) * 1024
    with io.BytesIO() as target:
        with pytest.raises(OSError, match="more than"):
            compression.unpack(io.BytesIO(packed), target, 3 * 2**20)
        assert len(target.getvalue()) <= 3 * 2**20
