"""How much memory the control groups that we are in allow, such as those of a container or a service (Linux).

A machine may have 64 GiB, and the container or the systemd service that runs us 4 of them: then 4 GiB count. Groups lie
one in the other, and the limits of all of them hold. See cgroups(7) and, of the kernel, Documentation/admin-guide:
cgroup-v2 and cgroup-v1/memory. We read groups only: to make one of our own would take rights that systemd or a
container engine has. No TensorFlow.
"""

import contextlib
import functools
import os
from typing import NamedTuple

_SELF = "/proc/self"
_ENDLESS = 1 << 60  # bytes; the first version writes "no limit" as a number beyond that


class _Files(NamedTuple):
    """Where a version of control groups keeps its numbers."""

    limits: tuple[str, ...]
    used: str
    prefix: str  # of the names in memory.stat that count the groups inside, too


_FIRST = _Files(("memory.limit_in_bytes",), "memory.usage_in_bytes", "total_")
_SECOND = _Files(("memory.max", "memory.high"), "memory.current", "")
# What the kernel takes back if a group needs memory: pages of files.
_CAN_BE_TAKEN_BACK = ("inactive_file", "active_file", "slab_reclaimable")


class _Group(NamedTuple):
    folder: str
    files: _Files


def limit(process: str = _SELF) -> int | None:
    """Bytes that the groups that a process is in let it have; None if none of them has a limit."""
    found = [one for group in _groups(process) if (one := _limit(group)) is not None]
    return min(found, default=None)


def left(process: str = _SELF) -> int | None:
    """Bytes that these groups can still give; None if none of them has a limit."""
    found = []
    for group in _groups(process):
        most, used = _limit(group), _number(group, group.files.used)
        if most is not None and used is not None:
            found.append(max(0, most - used + _can_be_taken_back(group)))
    return min(found, default=None)


@functools.lru_cache(maxsize=8)
def _groups(process: str) -> list[_Group]:
    """The group of a process that counts memory, and those around it as far as they can be seen."""
    found = []
    for mount, root, files in _hierarchies(process):
        own = _path_of(process, files)
        if own is None:
            continue
        inside = os.path.relpath(own, root) if own == root or own.startswith(root.rstrip("/") + "/") else "."
        folder = os.path.normpath(os.path.join(mount, inside))
        while folder == mount or folder.startswith(mount + "/"):
            found.append(_Group(folder, files))
            folder = os.path.dirname(folder)
    return found


def _hierarchies(process: str) -> list[tuple[str, str, _Files]]:
    """(where it is mounted, which group is mounted there, its files) of each hierarchy that counts memory."""
    found = []
    with contextlib.suppress(OSError), open(f"{process}/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            before, _, after = line.partition(" - ")
            kind, _, options = (after.split() + [""] * 3)[:3]
            root, mount = before.split()[3:5]
            if kind == "cgroup2":
                found.append((mount, root, _SECOND))
            elif kind == "cgroup" and "memory" in options.split(","):
                found.append((mount, root, _FIRST))
    return found


def _path_of(process: str, files: _Files) -> str | None:
    """The path of the group that a process is in; None if it is in none."""
    with contextlib.suppress(OSError), open(f"{process}/cgroup", encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            number, controllers, path = line.rstrip("\n").split(":", 2)
            if number == "0" if files is _SECOND else "memory" in controllers.split(","):
                return path
    return None


def _limit(group: _Group) -> int | None:
    numbers = [_number(group, name) for name in group.files.limits]
    return min((number for number in numbers if number is not None and number < _ENDLESS), default=None)


def _number(group: _Group, name: str) -> int | None:
    """None if there is no such file, or it says "max"."""
    with contextlib.suppress(OSError, ValueError), open(f"{group.folder}/{name}", encoding="ascii") as file:
        return int(file.read())
    return None


def _can_be_taken_back(group: _Group) -> int:
    wanted = [group.files.prefix + name for name in _CAN_BE_TAKEN_BACK]
    with contextlib.suppress(OSError, ValueError), open(f"{group.folder}/memory.stat", encoding="ascii") as file:
        return sum(int(line.split()[1]) for line in file if line.split()[0] in wanted)
    return 0
