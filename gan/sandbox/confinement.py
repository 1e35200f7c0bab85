"""Takes everything but computing from a process: for good, layer by layer, as far as the host allows. No TensorFlow.

| layer         | takes away                                                                               |
|---------------|------------------------------------------------------------------------------------------|
| limits        | memory beyond a limit, processor time beyond another, files that grow, core dumps        |
| namespaces    | the network, shared memory and the like of others (Linux)                                |
| process numbers | seeing and signalling other processes: it is number 1 of a PID namespace (Linux)        |
| root          | every file outside of one folder, by changing the root folder (Linux)                    |
| user          | the rights of the user root, if it is root                                               |
| capabilities  | what is left of root's rights, and those of namespaces of one's own (Linux)              |
| landlock      | every file outside of that folder, writing, connecting (Linux 5.13 and later)            |
| system calls  | all but a short list: no writing, processes, programs, sockets, signals (Linux, seccomp)  |

A layer that the host does not have is left out and named. Several layers overlap on purpose. `still_possible` tries
what a process can do all the same, instead of concluding it.
"""

import contextlib
import ctypes
import dataclasses
import errno
import os
import signal
import socket
import struct
import sys
from collections.abc import Callable

from gan.sandbox import landlock, pid_namespace, seccomp

with contextlib.suppress(ImportError):  # Windows, which has no confined processes
    import fcntl  # here, since a confined process can no longer import


_PDEATHSIG, _NO_NEW_PRIVILEGES = 1, 38  # PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS
_NEW_MOUNTS, _NEW_IPC, _NEW_USER, _NEW_NETWORK = 0x00020000, 0x08000000, 0x10000000, 0x40000000  # CLONE_NEW...
_CAPABILITIES = struct.pack("=IiIIIIII", 0x20080522, *[0] * 7)  # _LINUX_CAPABILITY_VERSION_3, this thread; none
_FIRST_USER, _USERS = 65000, 500  # user ids that Debian's policy and others leave unused
_THREADS = 1024  # of a process that has a user of its own
_FILES = 64
# TensorFlow reads these once, and dies if they are not there.
RANDOM_DEVICE, PROGRAM_LINK = "/dev/urandom", "/proc/self/exe"
_RANDOM_BYTES = 4096


@dataclasses.dataclass(frozen=True)
class Limits:
    """What a confined process may use."""

    memory: int = 2 * 2**30  # bytes more than it has when it is confined
    processor_seconds: int = 600 * (os.cpu_count() or 1)  # in its whole life, all cores added up


@dataclasses.dataclass(frozen=True)
class Confined:
    """What became of each layer."""

    held: tuple[str, ...]  # names of the layers that hold
    missing: dict[str, str]  # name of a layer -> why the host does not have it


def make_root(folder: str) -> None:
    """Makes a folder fit to become the root folder of a confined process: adds the files that TensorFlow looks for."""
    for path in (RANDOM_DEVICE, PROGRAM_LINK):
        os.makedirs(os.path.dirname(folder + path))
    with open(folder + RANDOM_DEVICE, "wb") as file:
        file.write(bytes(_RANDOM_BYTES))  # nothing in there may be random
    os.symlink("confined", folder + PROGRAM_LINK)
    os.chmod(folder, 0o755)


def confine(folder: str, limits: Limits, number: int = 0, is_strangers: bool = False) -> Confined:
    """Confines the calling process, which must have one thread only.

    Afterwards its working folder is `folder`, the only one that it can read from.

    Args:
        folder: existing folder with the files that it needs, which `make_root` has made fit.
        limits: what it may use.
        number: of this process among those alive; chooses a user if it was root.
        is_strangers: whether it is killed if it tries what no network needs; see seccomp.install.
    """
    os.chdir(folder)
    die_with_parent()
    layers: dict[str, Callable[[], None]] = {
        "limits": lambda: _limit(limits),
        "namespaces": _leave_namespaces,
        "process numbers": _check_process_numbers,
        "root": _change_root,
        "user": lambda: _drop_user(number),
        "capabilities": _drop_capabilities,
        "landlock": _restrict_files,
        "system calls": lambda: seccomp.install(is_strangers),
    }
    held: list[str] = []
    missing: dict[str, str] = {}
    for name, apply in layers.items():
        try:
            apply()
            held.append(name)
        except (OSError, ValueError, AttributeError) as error:
            missing[name] = getattr(error, "strerror", None) or str(error)
    return Confined(tuple(held), missing)


def still_possible(outside: str) -> tuple[str, ...]:
    """Tries what a confined process must not be able to do.

    Args:
        outside: path of a file that exists outside of its folder.

    Returns:
        Words for what it could do: "read files", "write files", "connect", "start processes",
        "signal others".
    """
    attempts: dict[str, Callable[[], None]] = {
        "read files": lambda: open(outside, "rb").close(),
        "write files": lambda: _write("probe"),
        "connect": _connect,
        "start processes": _start_process,
        "signal others": _signal_parent,
    }
    return tuple(what for what, attempt in attempts.items() if _works(attempt))


def die_with_parent(number: int = signal.SIGKILL) -> None:
    """Has the kernel send this process a signal when its parent ends (Linux); the default kills it."""
    if sys.platform == "linux":
        _prctl(_PDEATHSIG, number)


def _limit(limits: Limits) -> None:
    import resource  # which Windows does not have

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_FILES, _FILES))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.processor_seconds, limits.processor_seconds + 1))
    if sys.platform == "linux":  # elsewhere programs reserve much address space that they never use
        _be_first_to_go()
        with open("/proc/self/statm", encoding="ascii") as file:
            now = int(file.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (now + limits.memory, now + limits.memory))


def _be_first_to_go() -> None:
    """If the machine runs out of memory, the kernel kills this process, not the one that started it."""
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
        file.write("1000")


def _leave_namespaces() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    new = _NEW_MOUNTS | _NEW_IPC | _NEW_NETWORK
    if libc.unshare(new if os.geteuid() == 0 else new | _NEW_USER):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def _check_process_numbers() -> None:
    """A process cannot leave its own PID namespace; whoever forks it does it for it."""
    if not pid_namespace.has_own():
        raise OSError(errno.EPERM, "the host does not let it have a PID namespace")


def _change_root() -> None:
    os.chroot(".")
    os.chdir("/")


def _drop_user(number: int) -> None:
    """Root becomes a user that owns nothing; every other user stays what it is."""
    if os.geteuid() != 0 or os.getuid() != 0:
        return
    import resource

    user = _FIRST_USER + number % _USERS
    resource.setrlimit(resource.RLIMIT_NPROC, (_THREADS, _THREADS))
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    die_with_parent()  # a change of user undoes it


def _drop_capabilities() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.capset(_CAPABILITIES[:8], _CAPABILITIES[8:]):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def _restrict_files() -> None:
    _prctl(_NO_NEW_PRIVILEGES, 1)
    landlock.restrict([".", RANDOM_DEVICE])


def _prctl(option: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, value, 0, 0, 0):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def _works(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
        return True
    except ConnectionRefusedError:
        return True  # the connection was tried
    except OSError:
        return False


def _connect() -> None:
    with socket.socket() as probe:
        probe.settimeout(1)
        probe.connect(("127.0.0.1", 9))


def _write(name: str) -> None:
    with open(name, "wb") as file:
        file.write(b"x")
    os.remove(name)


def _start_process() -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)


def _signal_parent() -> None:
    """Tries to signal the parent, if it sees it. If a filter stops kill, a descriptor's owner may still get one."""
    if os.getppid() == 0:  # which would mean its own processes
        raise ProcessLookupError
    if _works(lambda: os.kill(os.getpid(), 0)):
        os.kill(os.getppid(), 0)  # a process that may not do this is refused the other way too
        return
    fcntl.fcntl(0, fcntl.F_SETOWN, os.getppid())
    fcntl.fcntl(0, fcntl.F_SETOWN, 0)
