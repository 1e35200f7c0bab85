"""Forks processes that see no other process: each is number 1 of a PID namespace of its own (Linux). No TensorFlow.

See pid_namespaces(7). It takes the right to administer the system, which root has, and which every other user has in a
user namespace, if the host allows one. Elsewhere a process is forked without.
"""

import contextlib
import ctypes
import os
import sys

_NEW_PROCESSES, _NEW_USER = 0x20000000, 0x10000000  # CLONE_NEWPID, CLONE_NEWUSER
_SET_DUMPABLE = 4  # PR_SET_DUMPABLE
_OURS = "/proc/self/ns/pid"


class PidNamespaces:
    """Gives each process that this one forks a namespace. Make it while this process has one thread.

    Attributes:
        missing: why the host does not allow it; None if it does.
    """

    def __init__(self) -> None:
        self._ours, self.missing = -1, None if sys.platform == "linux" else "Linux only"
        if self.missing is None:
            try:
                if os.geteuid() != 0:
                    _enter_user_namespace()
                self._ours = os.open(_OURS, os.O_RDONLY | os.O_CLOEXEC)
                self._leave()
                self._return()
            except (OSError, AttributeError) as error:
                self.missing = getattr(error, "strerror", None) or str(error)

    def fork(self) -> int:
        """os.fork, into a namespace of its own if the host allows it."""
        if self.missing is not None:
            return os.fork()
        self._leave()
        pid = None
        try:
            pid = os.fork()
        finally:
            if pid != 0:
                self._return()
        if pid == 0:
            os.close(self._ours)
        return pid

    def _leave(self) -> None:
        """The next process that is forked is the first of a new namespace."""
        _check(_libc().unshare(_NEW_PROCESSES))

    def _return(self) -> None:
        _check(_libc().setns(self._ours, _NEW_PROCESSES))


def has_own() -> bool:
    """Whether the calling process is the first of a namespace, and sees nobody but itself."""
    return os.getpid() == 1 and os.getppid() == 0


def _enter_user_namespace() -> None:
    user, group = os.geteuid(), os.getegid()
    _check(_libc().unshare(_NEW_USER))
    # The user stays the same one, and may still say of its processes what the kernel is to do with them.
    for name, content in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        with contextlib.suppress(OSError), open(f"/proc/self/{name}", "w", encoding="ascii") as file:
            file.write(content)
    _check(_libc().prctl(_SET_DUMPABLE, 1, 0, 0, 0))


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _check(result: int) -> None:
    if result:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
