"""A process that has TensorFlow imported, and forks a cell for each snapshot: a tenth of a second in place of several.

It runs no session, so that it stays with one thread and can be forked safely, and it sees nothing of what the
cells do. sandbox.py starts it and speaks to it over a socket, by its file descriptor:

| request                                          | answer                                       |
|--------------------------------------------------|----------------------------------------------|
| `cell`: arguments of child.run, two descriptors   | `pid`                                        |
| `end`: a pid                                     | `status`, of os.waitpid; the cell is killed  |

When its caller is gone it ends, and every cell with it.
"""

import contextlib
import json
import os
import signal
import socket
import sys

if not __package__:  # run as a file: the package is found one folder up
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


_LONGEST = 1 << 16  # bytes of a request


def main():
    """Serves until the caller is gone; the socket's descriptor is the first argument."""
    from gan.console import tensorflow_import

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the caller's to handle
    tensorflow_import.import_tensorflow()
    from gan.sandbox import child

    child.prepare()
    with socket.socket(fileno=int(sys.argv[1])) as caller, contextlib.suppress(ConnectionError):  # the caller is gone
        _answer(caller, {"threads": len(os.listdir("/proc/self/task")) if sys.platform == "linux" else None})
        while True:
            content, descriptors, _, _ = socket.recv_fds(caller, _LONGEST, 2)
            if not content:
                return
            request = json.loads(content)
            _answer(caller, _fork(caller, child, request, descriptors) if "cell" in request else _end(request["end"]))


def _fork(caller, cell, request, descriptors):
    try:
        pid = os.fork()
    except OSError as error:
        pid = None
        answer = {"failed": error.strerror}
    if pid == 0:
        _become(caller, cell, request["cell"], descriptors)
    for descriptor in descriptors:
        os.close(descriptor)
    return answer if pid is None else {"pid": pid}


def _become(caller, cell, arguments, descriptors):
    """What the child does; it never returns."""
    code = 1
    try:
        try:
            caller.close()
            channel, log = descriptors
            _redirect(log)
            # It is closed by the end of the process alone: who sees it closed can ask how that ended.
            opened = socket.socket(fileno=channel)
            cell.run(opened, **arguments)
            code = 0
        except BaseException:
            import traceback

            traceback.print_exc()
        sys.stderr.flush()
    finally:  # whatever goes wrong in telling what went wrong
        os._exit(code)


def _redirect(log):
    """What is written to stderr goes to a descriptor, which is closed; stdin and stdout lead nowhere."""
    null = os.open(os.devnull, os.O_RDWR)
    for opened, standard in ((null, 0), (null, 1), (log, 2)):
        os.dup2(opened, standard)
    os.close(null)
    os.close(log)


def _end(pid):
    os.kill(pid, signal.SIGKILL)
    return {"status": os.waitpid(pid, 0)[1]}


def _answer(caller, message):
    caller.sendall(json.dumps(message).encode() + b"\n")


if __name__ == "__main__":
    main()
