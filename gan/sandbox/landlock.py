"""Landlock: a Linux process gives up the file system, except for what it names (Linux 5.13 and later). No TensorFlow.

See landlock(7). It needs no privileges and holds for everything that the process starts. The bindings on PyPI
are young, or leave the network and signals out; these few calls are tested.
"""

import ctypes
import errno
import os
from collections.abc import Iterable

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # system calls, the same numbers on every machine
_ASK_VERSION, _BENEATH = 1, 1
_READ_FILE, _READ_FOLDER = 1 << 2, 1 << 3
# Version -> how many rights over files it knows; to restrict one that the kernel does not know is an error.
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
_NETWORK_VERSION, _NETWORK_RIGHTS = 4, 0b11  # to bind and to connect
_SCOPE_VERSION, _SCOPES = 6, 0b11  # abstract sockets of, and signals to, others


class _Ruleset(ctypes.Structure):
    _fields_ = [("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scopes", ctypes.c_uint64)]


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("rights", ctypes.c_uint64), ("folder", ctypes.c_int32)]


def version() -> int:
    """The kernel's version of Landlock; 0 if it has none."""
    try:
        return _call(_CREATE_RULESET, None, 0, _ASK_VERSION)
    except OSError:
        return 0


def restrict(readable: Iterable[str]) -> None:
    """Leaves the calling thread, and everything that it will start, only the right to read some folders and files.

    It must have given up new privileges (prctl's PR_SET_NO_NEW_PRIVS) or be root.

    Args:
        readable: paths of files, and of folders with everything below them; those that do not exist are left out.

    Raises:
        OSError: the kernel has no Landlock.
    """
    known = version()
    if not known:
        raise OSError(errno.ENOSYS, "no Landlock")
    rights = _FILE_RIGHTS.get(known, max(_FILE_RIGHTS.values()))
    ruleset = _Ruleset(
        (1 << rights) - 1,
        _NETWORK_RIGHTS if known >= _NETWORK_VERSION else 0,
        _SCOPES if known >= _SCOPE_VERSION else 0,
    )
    length = 8 if known < _NETWORK_VERSION else 16 if known < _SCOPE_VERSION else 24
    rules = _call(_CREATE_RULESET, ctypes.byref(ruleset), length, 0)
    for path in filter(os.path.exists, readable):
        opened = os.open(path, os.O_PATH)
        allowed = _READ_FILE | _READ_FOLDER if os.path.isdir(path) else _READ_FILE
        _call(_ADD_RULE, rules, _BENEATH, ctypes.byref(_Beneath(allowed, opened)), 0)
        os.close(opened)
    _call(_RESTRICT_SELF, rules, 0)
    os.close(rules)


def _call(number: int, *arguments: object) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    converted = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    result = int(libc.syscall(ctypes.c_long(number), *converted))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result
