"""A process that has TensorFlow imported, and forks a confined process for each snapshot.

To fork takes a hundredth of a second; to import TensorFlow takes several. Before the first request this process runs
a snapshot of our own and closes it, so that it has one thread again and can be forked safely. It sees nothing of what
the forked processes do. child_process.py starts it and talks to it over a socket, whose file descriptor it names;
protocol.py has the messages. If its caller is gone, it ends, and every process that it forked ends too.
"""

import contextlib
import os
import signal
import socket
import sys
from collections.abc import Callable
from types import ModuleType

if not __package__:  # run as a file: the package is found one folder up
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from gan.sandbox import framing, pid_namespace, protocol


def main() -> None:
    """Serves until the caller is gone; the socket's descriptor is the first argument."""
    from gan.console import tensorflow_import

    namespaces = pid_namespace.PidNamespaces()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the caller's to handle
    tensorflow_import.import_tensorflow()
    from gan.sandbox import child

    idle = _begun_by_first_graph()
    child.prepare()
    threads = len(_threads() - idle) if sys.platform == "linux" else None
    with socket.socket(fileno=int(sys.argv[1])) as caller, contextlib.suppress(framing.Closed, ConnectionError):
        framing.send(caller, protocol.encode(protocol.Listening(threads)))
        while True:
            text, _ = framing.receive(caller)
            request: protocol.Fork | protocol.End = protocol.decode(text, protocol.Fork, protocol.End)
            if isinstance(request, protocol.End):
                framing.send(caller, protocol.encode(_end(request.pid)))
                continue
            content, descriptors, _, _ = socket.recv_fds(caller, 1, 2)
            if not content:
                return
            answer = _fork(caller, child, request.task, descriptors, namespaces.fork)
            framing.send(caller, protocol.encode(answer))


def _begun_by_first_graph() -> set[str]:
    """The thread that TensorFlow starts with it. It gets no work: a device of one thread computes in its caller's."""
    import tensorflow.compat.v1 as tf

    before = _threads()
    tf.Graph()
    return _threads() - before


def _threads() -> set[str]:
    """Of this process; none if the system does not tell."""
    return set(os.listdir("/proc/self/task")) if sys.platform == "linux" else set()


def _fork(
    caller: socket.socket,
    child: ModuleType,
    task: protocol.Task,
    descriptors: list[int],
    fork: Callable[[], int] = os.fork,
) -> protocol.Forked | protocol.ForkRefused:
    answer: protocol.Forked | protocol.ForkRefused
    try:
        pid = fork()
        answer = protocol.Forked(pid)
    except OSError as error:
        pid = -1
        answer = protocol.ForkRefused(error.strerror or str(error))
    if pid == 0:
        _become(caller, child, task, descriptors)
    for descriptor in descriptors:
        os.close(descriptor)
    return answer


def _become(caller: socket.socket, child: ModuleType, task: protocol.Task, descriptors: list[int]) -> None:
    """What the forked process does; it never returns."""
    code = 1
    try:
        try:
            caller.close()
            channel, log = descriptors
            _redirect(log)
            # It is closed by the end of the process alone: who sees it closed can ask how that ended.
            opened = socket.socket(fileno=channel)
            child.run(opened, task)
            code = 0
        except BaseException:
            import traceback

            traceback.print_exc()
        sys.stderr.flush()
    finally:  # whatever goes wrong in telling what went wrong
        os._exit(code)


def _redirect(log: int) -> None:
    """What is written to stderr goes to a descriptor, which is closed; stdin and stdout lead nowhere."""
    null = os.open(os.devnull, os.O_RDWR)
    for opened, standard in ((null, 0), (null, 1), (log, 2)):
        os.dup2(opened, standard)
    os.close(null)
    os.close(log)


def _end(pid: int) -> protocol.Ended:
    os.kill(pid, signal.SIGKILL)
    _, status, used = os.wait4(pid, 0)
    return protocol.Ended(status, round(1000 * (used.ru_utime + used.ru_stime)))


if __name__ == "__main__":
    main()
