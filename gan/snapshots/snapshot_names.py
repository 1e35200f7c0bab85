"""Names of the files of snapshots, whoever wrote them, and the file `checkpoint` that names one. No TensorFlow.

A snapshot NAME is NAME.index, NAME.meta and all NAME.data-*. In the old V1 format of TensorFlow's Saver it is NAME and
NAME.meta. Strangers choose the names.
"""

import re
from collections.abc import Collection, Iterable, Sequence

from gan.console import printable
from gan.storage import files

POINTER = "checkpoint"
# Bytes of a snapshot's name. A file system takes 255, with the ending of a shard and that of an unfinished file.
LONGEST_NAME = 220

_ENDING = re.compile(r"\.(index|meta|data-(\d{5})-of-(\d{5}))\Z", re.ASCII)
# Steps have at most 18 digits, so that each fits into 64 bits.
_STEP = re.compile(r"-(\d{1,18})\Z", re.ASCII)
_STRING = rb"""(?:"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')"""
_STRINGS = _STRING + rb"(?:\s*" + _STRING + rb")*"  # several in a row are one
_FIELD = re.compile(rb"^[ \t]*model_checkpoint_path[ \t]*:\s*(" + _STRINGS + rb")", re.MULTILINE)
_ESCAPE = re.compile(rb"\\([0-7]{1,3}|[xX][0-9a-fA-F]{1,2}|.)", re.DOTALL)
_LETTERS = {b"a": b"\a", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}
_ROOT_FOLDERS = ("dev", "proc")  # that a confined process needs beside a snapshot: no file can have these names
_SHOWN = 100  # characters of a name that is not in the folder


def step_of(name: str) -> int | None:
    """The step at the end of a snapshot's name or path, given without .index, .meta and .data-*; None without one."""
    match = _STEP.search(name)
    return int(match[1]) if match else None


def without_ending(path: str) -> str:
    """A path without .index, .meta or .data-*."""
    return _ENDING.sub("", path)


def part_of(file: str) -> str | None:
    """Which part of a snapshot a file is by its ending: "index", "meta" or "data"; None if it has no such ending."""
    match = _ENDING.search(file)
    return match[1].partition("-")[0] if match else None


def parts_of(name: str, names: Collection[str]) -> dict[str, str]:
    """Which of the files of a folder belong to the snapshot `name`.

    Returns:
        File -> "index", "meta" or "data". A file without an ending is the data of a snapshot in the V1 format.
    """
    found = {file: part for file in names if (part := part_of(file)) and without_ending(file) == name}
    if name in names and f"{name}.index" not in found and f"{name}.meta" in found and _may_be_v1(name):
        found[name] = "data"
    return found


def complete(names: Collection[str]) -> dict[str, list[str]]:
    """Finds the complete snapshots among the files of one folder.

    Returns:
        Name -> its files. Names that are unfit for the disk or for a terminal are left out.
    """
    by_name: dict[str, list[str]] = {}
    for file in names:
        if part_of(file):
            by_name.setdefault(without_ending(file), []).append(file)
    for name in by_name:
        if name in names and f"{name}.index" not in names and _may_be_v1(name):
            by_name[name].append(name)
    return {name: sorted(parts) for name, parts in by_name.items() if _is_complete(name, parts) and _is_fit(name)}


def named_in(content: bytes) -> str:
    """The path that the content of a file `checkpoint` names, with TensorFlow's escapes decoded; "" without one."""
    match = _FIELD.search(content)
    if not match:
        return ""
    value = b"".join(_ESCAPE.sub(_unescaped, each[1:-1]) for each in re.findall(_STRING, match[1]))
    return value.decode("utf-8", "surrogateescape")


def last_parts(path: str) -> list[str]:
    """What the name of a snapshot can be if this is its path on some machine: a backslash may be a part of it."""
    name = path.rpartition("/")[2]
    return [name, name.rpartition("\\")[2]]


def pointer_to(names: Sequence[str]) -> bytes:
    """Content of a file `checkpoint` that names the last of these, and lists all."""
    quoted = [b'"' + b"".join(map(_escaped, name.encode("utf-8", "surrogateescape"))) + b'"' for name in names]
    lines = [b"model_checkpoint_path: " + quoted[-1], *(b"all_model_checkpoint_paths: " + name for name in quoted)]
    return b"\n".join(lines) + b"\n"


def choice(pointer: str | None, name: str) -> str:
    """A sentence: why this snapshot was taken and not the one that `checkpoint` names.

    Args:
        pointer: what `checkpoint` names; "" if nothing, None if there is no such file.
        name: of the snapshot.
    """
    if pointer is None:
        why = f"there is no file {POINTER}"
    elif not pointer:
        why = f"the file {POINTER} names no snapshot"
    else:
        named = last_parts(pointer)[0].encode("utf-8", "replace").decode()
        shown = printable.cleaned(named if len(named) <= _SHOWN else named[:_SHOWN] + "...")
        why = f"the file {POINTER} names {shown or 'a folder'}, which is missing or incomplete"
    return f"{why}; {name} was taken, the newest complete snapshot by time"


def _may_be_v1(name: str) -> bool:
    return name not in (POINTER, *_ROOT_FOLDERS) and part_of(name) is None and not files.is_unfinished(name)


def _is_complete(name: str, parts: Iterable[str]) -> bool:
    endings = [_ENDING.search(file) for file in parts if file != name]
    kinds = {match[1] for match in endings if match}
    if name in parts:
        return "meta" in kinds
    shards: dict[int, int] = {}  # how many there should be -> how many there are
    for match in endings:
        if match and match[3] and int(match[2]) < int(match[3]):
            shards[int(match[3])] = shards.get(int(match[3]), 0) + 1
    return {"index", "meta"} <= kinds and any(total == number for total, number in shards.items())


def _is_fit(name: str) -> bool:
    """Whether a copy can have the name, on every disk, and be shown under it."""
    try:
        length = len(name.encode())
    except UnicodeEncodeError:  # its bytes are not UTF-8
        return False
    is_short = 0 < length <= LONGEST_NAME and name not in (".", "..")
    return is_short and "/" not in name and not any(map(printable.is_strange, name))


def _unescaped(match: re.Match[bytes]) -> bytes:
    code = match[1]
    if code[:1] in b"xX" and len(code) > 1:
        return bytes([int(code[1:], 16)])
    if code[:1] in b"01234567":
        return bytes([int(code, 8) % 256])
    return _LETTERS.get(code, code)


def _escaped(byte: int) -> bytes:
    """As TensorFlow writes a byte of a string: everything but printable ASCII in octal digits."""
    if chr(byte) in "\"'\\":
        return b"\\" + bytes([byte])
    return bytes([byte]) if 32 <= byte < 127 else b"\\%03o" % byte
