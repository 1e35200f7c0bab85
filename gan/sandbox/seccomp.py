"""A filter of system calls for a process that only computes (Linux). No TensorFlow.

Before each system call the kernel runs a small program in the language of Berkeley packet filters; see
seccomp(2) and the kernel's Documentation/userspace-api/seccomp_filter.rst. Ours allows what computing,
reading files, threads and an open socket need. It refuses everything else with EPERM: writing files, new
processes, programs, sockets, signals to others. It can also kill a process that tries the worst of these. Of
some calls it allows some arguments only. The bindings on PyPI need the system's libseccomp, or are young; this
filter is tested call by call.
"""

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Iterable

_ALLOW, _KILL, _REFUSE = 0x7FFF0000, 0x80000000, 0x00050000  # SECCOMP_RET_ALLOW, _KILL_PROCESS, _ERRNO
_REFUSED = _REFUSE | errno.EPERM
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # BPF_LD|W|ABS, JEQ, JGE, JSET, RET, all |K
_NUMBER, _MACHINE, _ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data
_SET_SECCOMP, _FILTER, _SET_NAME = 22, 2, 15  # PR_SET_SECCOMP, SECCOMP_MODE_FILTER, PR_SET_NAME
_CLONE_THREAD = 0x00010000
_CLONE_APART = 0x7E020000 | 0x00002000  # all of CLONE_NEW..., which make namespaces, and CLONE_PTRACE
_SET_NONBLOCKING = 0x5421  # FIONBIO, which a socket's timeouts use
_SELF = 0  # means the calling process or thread
# F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_DUPFD_CLOEXEC. Other commands can make the kernel signal a process (F_SETOWN).
_DESCRIPTOR_COMMANDS = (0, 1, 2, 3, 1030)
_X32 = 0x40000000  # numbers from here on belong to another calling convention, which x86-64 kernels may know

# Arguments that would let a file be written: O_WRONLY | O_RDWR, O_CREAT, O_TRUNC, O_APPEND.
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_MESSAGE_FLAGS = 0xFFFFFFFF & ~0x4000  # all but MSG_NOSIGNAL; MSG_OOB can make the kernel send a signal

_NAMES = """
    read write readv writev pread64 close lseek fstat newfstatat statx getdents64 getcwd readlinkat faccessat faccessat2
    ppoll
    mmap mprotect munmap mremap madvise brk membarrier
    futex set_robust_list rseq set_tid_address sched_yield sched_getaffinity sched_getscheduler sched_getparam
    getcpu rt_sigaction rt_sigprocmask rt_sigreturn sigaltstack restart_syscall
    nanosleep clock_nanosleep clock_gettime clock_getres gettimeofday times getrusage sysinfo uname getrandom
    getpid getppid gettid getuid geteuid getgid getegid exit exit_group
"""

# What no network needs by any mistake: whoever tries it is in the hands of a stranger.
_HOSTILE = """
    execve execveat fork vfork ptrace process_vm_readv process_vm_writev kill tkill rt_sigqueueinfo rt_tgsigqueueinfo
    pidfd_open pidfd_getfd pidfd_send_signal socket socketpair connect bind listen accept accept4
    unshare setns chroot pivot_root mount umount2 bpf io_uring_setup userfaultfd perf_event_open
    init_module finit_module keyctl add_key request_key open_by_handle_at
    unlink unlinkat rename renameat renameat2 mkdir mkdirat link linkat symlink symlinkat
"""

# System call numbers of two machines, from the kernel's tables.
_X86_64 = """
    read 0 write 1 open 2 close 3 stat 4 fstat 5 lstat 6 poll 7 lseek 8 mmap 9 mprotect 10 munmap 11 brk 12
    rt_sigaction 13 rt_sigprocmask 14 rt_sigreturn 15 ioctl 16 pread64 17 readv 19 writev 20 access 21
    sched_yield 24 mremap 25 madvise 28 nanosleep 35 getpid 39 sendto 44 recvfrom 45 clone 56 exit 60 uname 63
    fcntl 72 getcwd 79 readlink 89 gettimeofday 96 getrlimit 97 getrusage 98 sysinfo 99 times 100 getuid 102
    getgid 104 geteuid 107 getegid 108 getppid 110 sigaltstack 131 sched_getparam 143 sched_getscheduler 145
    prctl 157 gettid 186 futex 202 sched_setaffinity 203 sched_getaffinity 204 getdents64 217 set_tid_address 218
    restart_syscall 219 clock_gettime 228 clock_getres 229 clock_nanosleep 230 exit_group 231 tgkill 234 openat 257
    newfstatat 262 readlinkat 267 faccessat 269 ppoll 271 set_robust_list 273 prlimit64 302 getcpu 309 getrandom 318
    membarrier 324 statx 332 rseq 334 clone3 435 faccessat2 439
    socket 41 connect 42 accept 43 bind 49 listen 50 socketpair 53 fork 57 vfork 58 execve 59 kill 62 rename 82
    mkdir 83 link 86 unlink 87 symlink 88 ptrace 101 rt_sigqueueinfo 129 pivot_root 155 chroot 161 mount 165 umount2 166
    init_module 175 tkill 200 add_key 248 request_key 249 keyctl 250 mkdirat 258 unlinkat 263 renameat 264 linkat 265
    symlinkat 266 unshare 272 accept4 288 rt_tgsigqueueinfo 297 perf_event_open 298 open_by_handle_at 304 setns 308
    process_vm_readv 310 process_vm_writev 311 finit_module 313 renameat2 316 bpf 321 execveat 322 userfaultfd 323
    pidfd_send_signal 424 io_uring_setup 425 pidfd_open 434 pidfd_getfd 438
"""
_AARCH64 = """
    getcwd 17 fcntl 25 ioctl 29 faccessat 48 openat 56 close 57 getdents64 61 lseek 62 read 63 write 64 readv 65
    writev 66 pread64 67 ppoll 73 readlinkat 78 newfstatat 79 fstat 80 exit 93 exit_group 94 set_tid_address 96
    futex 98 set_robust_list 99 nanosleep 101 clock_gettime 113 clock_getres 114 clock_nanosleep 115
    sched_getscheduler 120 sched_getparam 121 sched_setaffinity 122 sched_getaffinity 123 sched_yield 124
    restart_syscall 128 tgkill 131 sigaltstack 132 rt_sigaction 134 rt_sigprocmask 135 rt_sigreturn 139 times 153
    uname 160 getrusage 165 prctl 167 getcpu 168 gettimeofday 169 getpid 172 getppid 173 getuid 174 geteuid 175
    getgid 176 getegid 177 gettid 178 sysinfo 179 sendto 206 recvfrom 207 brk 214 munmap 215 mremap 216 clone 220
    mmap 222 mprotect 226 madvise 233 prlimit64 261 getrandom 278 membarrier 283 statx 291 rseq 293 clone3 435
    faccessat2 439
    mkdirat 34 unlinkat 35 symlinkat 36 linkat 37 renameat 38 umount2 39 mount 40 pivot_root 41 chroot 51 unshare 97
    init_module 105 ptrace 117 kill 129 tkill 130 rt_sigqueueinfo 138 socket 198 socketpair 199 bind 200 listen 201
    accept 202 connect 203 add_key 217 request_key 218 keyctl 219 execve 221 rt_tgsigqueueinfo 240 perf_event_open 241
    accept4 242 open_by_handle_at 265 setns 268 process_vm_readv 270 process_vm_writev 271 finit_module 273
    renameat2 276 bpf 280 execveat 281 userfaultfd 282 pidfd_send_signal 424 io_uring_setup 425 pidfd_open 434
    pidfd_getfd 438
"""
_OLDER = ("stat", "lstat", "poll", "access", "readlink", "getrlimit")  # only x86-64 has them beside the newer ones


def _table(text: str) -> dict[str, int]:
    words = text.split()
    return dict(zip(words[::2], map(int, words[1::2])))


# machine -> (AUDIT_ARCH of linux/audit.h, name of a system call -> its number)
MACHINES = {"x86_64": (0xC000003E, _table(_X86_64)), "aarch64": (0xC00000B7, _table(_AARCH64))}


def install(kills: bool = False) -> None:
    """Confines the calling thread, and everything that it will start, for good.

    Args:
        kills: whether the kernel kills the process, by SIGSYS, if it tries what no network needs by any mistake. What
            runs in it can neither prevent nor hide that. Otherwise these calls are refused like all others.

    Raises:
        OSError: the kernel has no such filter, or we have no table of this machine's system calls.
    """
    if platform.machine() not in MACHINES:
        raise OSError(errno.ENOSYS, f"no table of system calls for {platform.machine()}")
    architecture, numbers = MACHINES[platform.machine()]
    code = program(architecture, numbers, os.getpid(), kills)

    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_char_p)]

    libc = ctypes.CDLL(None, use_errno=True)
    wanted = Program(len(code) // 8, code)
    if libc.prctl(_SET_SECCOMP, _FILTER, ctypes.byref(wanted), 0, 0):
        raise OSError(ctypes.get_errno(), "no filter of system calls")


def program(architecture: int, numbers: dict[str, int], pid: int, kills: bool = False) -> bytes:
    """The filter's code.

    Args:
        architecture: the machine that the kernel must name (AUDIT_ARCH of linux/audit.h).
        numbers: name of a system call -> its number on that machine.
        pid: of the process, which may send itself signals (abort does).
        kills: see install.

    Returns:
        8 bytes for each instruction.
    """
    lines = [
        _line(_LOAD, _MACHINE),
        _line(_EQUAL, architecture, 1, 0),
        _line(_RETURN, _KILL),
        _line(_LOAD, _NUMBER),
        _line(_AT_LEAST, _X32, 0, 1),
        _line(_RETURN, _KILL),
    ]
    for name in (*_NAMES.split(), *(name for name in _OLDER if name in numbers)):
        lines += [_line(_EQUAL, numbers[name], 0, 1), _line(_RETURN, _ALLOW)]
    hostile = _KILL if kills else _REFUSED
    for name in (name for name in _HOSTILE.split() if name in numbers):
        lines += [_line(_EQUAL, numbers[name], 0, 1), _line(_RETURN, hostile)]
    for name, argument, checks in _checks(pid, hostile):
        if name in numbers:
            lines += _only_if(numbers[name], argument, checks)
    # If clone3 is missing, the C library starts threads with clone, whose flags a filter can see.
    lines += [_line(_EQUAL, numbers["clone3"], 0, 1), _line(_RETURN, _REFUSE | errno.ENOSYS)]
    return b"".join([*lines, _line(_RETURN, _REFUSED)])


def _checks(pid: int, hostile: int) -> Iterable[tuple[str, int, list[bytes]]]:
    """(system call, the number of one of its arguments, instructions that refuse some values of it)."""
    return (
        ("openat", 2, _without(_WRITING)),
        ("open", 1, _without(_WRITING)),
        ("clone", 0, [_line(_ANY_BIT, _CLONE_THREAD, 1, 0), _line(_RETURN, hostile), *_without(_CLONE_APART)]),
        ("sendto", 3, _without(_MESSAGE_FLAGS)),
        ("recvfrom", 3, _without(_MESSAGE_FLAGS)),
        ("fcntl", 1, _one_of(*_DESCRIPTOR_COMMANDS)),
        ("ioctl", 1, _one_of(_SET_NONBLOCKING)),
        ("prctl", 0, _one_of(_SET_NAME)),
        ("prlimit64", 0, _one_of(_SELF)),
        ("sched_setaffinity", 0, _one_of(_SELF)),
        ("tgkill", 0, _one_of(pid)),
    )


def _without(bits: int) -> list[bytes]:
    return [_line(_ANY_BIT, bits, 0, 1), _line(_RETURN, _REFUSED)]


def _one_of(*values: int) -> list[bytes]:
    left = range(len(values), 0, -1)  # instructions up to the refusal, over which a match jumps
    return [*(_line(_EQUAL, value, leap) for value, leap in zip(values, left)), _line(_RETURN, _REFUSED)]


def _only_if(number: int, argument: int, checks: list[bytes]) -> list[bytes]:
    """For one system call: loads the lower half of an argument, and allows what the checks do not refuse."""
    body = [_line(_LOAD, _ARGUMENTS + 8 * argument), *checks, _line(_RETURN, _ALLOW)]
    return [_line(_EQUAL, number, 0, len(body)), *body]


def _line(operation: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    """struct sock_filter: the jumps count the instructions that they skip."""
    return struct.pack("=HBBI", operation, if_true, if_false, value)
