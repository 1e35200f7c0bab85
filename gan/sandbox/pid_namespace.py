"""Forks processes that see no other process: each is number 1 of a PID namespace of its own (Linux). No TensorFlow.

See pid_namespaces(7). It takes root's right to administer the system, in the namespace that we are in ourselves. Where
that is not given, a process is forked without.
"""

import ctypes
import os
import sys

_NEW_PROCESSES = 0x20000000  # CLONE_NEWPID
_OURS = "/proc/self/ns/pid"
_REFUSED = "the host does not allow it; root may"


class PidNamespaces:
    """Gives each process that this one forks a namespace, if the host allows it. Make it before threads start.

    Attributes:
        missing: why the host does not allow it; None if it does.
    """

    def __init__(self) -> None:
        self._ours = -1
        self.missing: str | None = _REFUSED
        if sys.platform == "linux" and os.path.exists(_OURS):
            self._ours = os.open(_OURS, os.O_RDONLY | os.O_CLOEXEC)
            if self._can():
                self.missing = None

    def fork(self) -> int:
        """os.fork, into a namespace of its own if the host allows it."""
        if self.missing is not None:
            pid = os.fork()
            if pid == 0 and self._ours >= 0:
                os.close(self._ours)
            return pid
        self._leave()
        pid = -1
        try:
            pid = os.fork()
        finally:
            if pid != 0:
                self._return()
        if pid == 0:
            os.close(self._ours)
        return pid

    def _can(self) -> bool:
        """Tries it in another process: one that can leave but not return could fork no more."""
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                self._leave()
                self._return()
                code = 0
            except OSError:
                pass
            finally:
                os._exit(code)
        return os.waitpid(pid, 0)[1] == 0

    def _leave(self) -> None:
        """The next process that is forked is the first of a new namespace."""
        _check(_libc().unshare(_NEW_PROCESSES))

    def _return(self) -> None:
        _check(_libc().setns(self._ours, _NEW_PROCESSES))


def has_own() -> bool:
    """Whether the calling process is the first of a namespace, and sees nobody but itself."""
    return os.getpid() == 1 and os.getppid() == 0


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _check(result: int) -> None:
    if result:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
