"""Decompresses files that a bucket holds compressed (Content-Encoding: gzip), without trust in what they unpack to."""

import errno
import zlib
from typing import BinaryIO

_BEGINNING = b"\x1f\x8b"  # of all gzip data, RFC 1952
_WITH_GZIP_HEADER = 16 + zlib.MAX_WBITS
_BLOCK = 2**20  # bytes read, and written, at a time


class DamagedGzip(ValueError):
    """Data that begin as gzip are no whole gzip data."""


def is_gzip(encoding: str | None) -> bool:
    """Whether an HTTP header Content-Encoding says gzip."""
    return (encoding or "").strip().lower() in ("gzip", "x-gzip")


def unpack(source: BinaryIO, target: BinaryIO, most: int | None = None) -> None:
    """Decompresses gzip data; data that do not begin as gzip are copied as they are.

    Args:
        source: open for reading, at its beginning.
        target: open for writing.
        most: bytes to write at most; None for any number.

    Raises:
        DamagedGzip: the data are cut off, or are no gzip data after a good beginning.
        OSError: of errno EFBIG, there are more bytes than `most`.
    """
    written = 0

    def write(content: bytes) -> None:
        nonlocal written
        written += len(content)
        if most is not None and written > most:
            raise OSError(errno.EFBIG, f"it has more than {most} bytes once it is decompressed")
        target.write(content)

    block = source.read(_BLOCK)
    if not block.startswith(_BEGINNING):
        while block:
            write(block)
            block = source.read(_BLOCK)
        return
    unpacking = zlib.decompressobj(_WITH_GZIP_HEADER)
    while not unpacking.eof:
        try:
            unpacked = unpacking.decompress(block, _BLOCK)
        except zlib.error as error:
            raise DamagedGzip(str(error)) from error
        write(unpacked)
        block = unpacking.unconsumed_tail
        if unpacking.eof:
            block = unpacking.unused_data + source.read(_BLOCK)
            if block.startswith(_BEGINNING):  # another member; what else follows is padding, which gzip ignores too
                unpacking = zlib.decompressobj(_WITH_GZIP_HEADER)
        elif not block and not (block := source.read(_BLOCK)) and len(unpacked) < _BLOCK:
            raise DamagedGzip("it is cut off")
