"""Files of records as TensorFlow frames them, plain or compressed by GZIP or ZLIB. No TensorFlow.

A record is 8 bytes of length, 4 bytes of the length's checksum, the content, and 4 bytes of its checksum
(www.tensorflow.org/tutorials/load_data/tfrecord). A compressed file is such a file, compressed as a whole.
"""

import io
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

import google_crc32c

from gan.console.errors import DataError

HEAD, TAIL = struct.Struct("<QI"), struct.Struct("<I")
PLAIN, EMPTY, GZIP, ZLIB = "plain", "empty", "GZIP", "ZLIB"

_SIGNATURES = {
    b"\xff\xd8\xff": "a JPEG picture",
    b"\x89PNG": "a PNG picture",
    b"PK\x03\x04": "a zip archive",
}
_GZIP_HEAD = b"\x1f\x8b"
_DEFLATE, _MOST_WINDOW_BITS = 8, 7  # low and high half of the first byte of a ZLIB file
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS  # zlib's name for "find out which"
_BLOCK = 1 << 18  # compressed bytes read at a time
_LARGEST_RECORD = 256 << 20  # bytes


def checksum(content: bytes) -> int:
    """CRC32C, rotated and shifted as in the files of TensorFlow and LevelDB."""
    crc: int = google_crc32c.value(content)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def kind_of(path: str) -> str:
    """PLAIN, EMPTY, GZIP or ZLIB, from the first bytes of a file.

    A file that seems to be none of them is PLAIN: whoever reads it finds its first record damaged.

    Raises:
        DataError: the file is a picture or an archive.
    """
    with open(path, "rb") as file:
        head = file.read(HEAD.size)
    if not head:
        return EMPTY
    # First of all: the length of a first record may look like any signature, but not with its checksum.
    if len(head) == HEAD.size and checksum(head[:8]) == HEAD.unpack(head)[1]:
        return PLAIN
    for signature, what in _SIGNATURES.items():
        if head.startswith(signature):
            advice = "python -m gan.prepare_data --source=folder --input=... --output_dir=data makes those of pictures"
            raise DataError(f"{path} is {what}, not a TFRecord file; {advice}")
    if head.startswith(_GZIP_HEAD):
        return GZIP
    is_zlib = head[0] & 15 == _DEFLATE and head[0] >> 4 <= _MOST_WINDOW_BITS
    return ZLIB if is_zlib and int.from_bytes(head[:2], "big") % 31 == 0 else PLAIN


def read_records(path: str) -> Iterator[bytes]:
    """Yields the content of each record of a file, plain or compressed; of an empty file none.

    Raises:
        DataError: the file is of another kind, damaged or cut off; names the file and the number of the record.
    """
    kind, number = kind_of(path), 0
    with open(path, "rb") as opened:
        file: BinaryIO = opened
        if kind in (GZIP, ZLIB):
            file = io.BufferedReader(_Decompressed(opened), _BLOCK)
        while True:
            try:
                record = _read_record(file)
            except (zlib.error, EOFError, ValueError) as error:
                raise damaged(path, number) from error
            if record is None:
                return
            yield record
            number += 1


def damaged(path: str, number: int) -> DataError:
    """The error for a file whose record of this number, counted from 0, cannot be read."""
    if number == 0:
        return DataError(f"{path}, record 0: damaged, or not a TFRecord file")
    return DataError(f"{path}, record {number}: damaged or cut off; the {number} records before it are whole")


def _read_record(file: BinaryIO) -> bytes | None:
    """The next record, or None at the end; raises ValueError if it is damaged, EOFError if it is cut off."""
    head = file.read(HEAD.size)
    if not head:
        return None
    if len(head) < HEAD.size:
        raise EOFError
    length, head_checksum = HEAD.unpack(head)
    if checksum(head[:8]) != head_checksum or length > _LARGEST_RECORD:
        raise ValueError
    record, tail = file.read(length), file.read(TAIL.size)
    if len(tail) < TAIL.size:
        raise EOFError
    if checksum(record) != TAIL.unpack(tail)[0]:
        raise ValueError
    return record


class _Decompressed(io.RawIOBase):
    """What a file of GZIP or ZLIB holds; several of them one after the other count as one.

    Reading raises EOFError if the file is cut off, and zlib.error if it is damaged.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._compressed = file, b""
        self._decompressor = zlib.decompressobj(_GZIP_OR_ZLIB)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while True:
            if self._decompressor.eof:
                # GZIP allows zeros after the end.
                rest = self._decompressor.unused_data or self._file.read(_BLOCK)
                if not rest.strip(b"\0"):
                    return 0
                self._compressed, self._decompressor = rest, zlib.decompressobj(_GZIP_OR_ZLIB)
            self._compressed = self._compressed or self._file.read(_BLOCK)
            if not self._compressed:
                raise EOFError
            content = self._decompressor.decompress(self._compressed, len(buffer))
            self._compressed = self._decompressor.unconsumed_tail
            if content:
                buffer[: len(content)] = content
                return len(content)
