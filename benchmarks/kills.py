"""Disturbs every command at random: kills it, fills its disk, closes its pipe; then runs it again and looks.

    python benchmarks/kills.py --runs=20
    python benchmarks/kills.py --runs=200 --seed=3 --commands=train,battle

A run is one command with small data and one fault, drawn from the seed: a signal at any moment, a disk with room for
a part of the results (a tmpfs as root, else a limit on the size of a file), or an output that is closed after a line
or two. Then:

    nobody saw a traceback
    a full disk is told by name, a closed pipe changes nothing but the output
    what lies there and looks finished can be read
    what was there before (a training, an arena) is still there
    the same command, undisturbed, ends well and its results are whole
    no process is left behind, no input has changed

The exit code is 1 if anything was otherwise; the line says how to repeat that run. To start fast, a run is forked from
a process that has imported TensorFlow. Linux only.
"""

import collections
import dataclasses
import hashlib
import importlib
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from typing import NamedTuple

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:1] = [ROOT, os.path.join(ROOT, "benchmarks"), os.path.join(ROOT, "tests")]

from gan.console import command, tensorflow_import
from gan.console.errors import UserError
from gan.console.flags import flag
from gan.data import tfrecords

KILL, FULL, PIPE = "kill", "full disk", "closed pipe"
SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
PATIENCE = 600  # seconds for one run, on a busy machine
_LEFT_BEHIND_SECONDS = 15  # until what a command started must be gone
_DISK = 2 << 30  # bytes of a disk that is not full


@dataclasses.dataclass(frozen=True)
class KillsConfig:
    """Flags of the command, by name."""

    runs: int = flag(20, "Disturbed runs.", at_least=1)
    seed: int = flag(0, "Of all that is drawn; run N of a seed is always the same but for the moment.", at_least=0)
    commands: str = flag("", "Only these, with commas; not set: all.")
    first: int = flag(0, "Number of the first run, to repeat one.", at_least=0)


class Fault(NamedTuple):
    """What happens to a run."""

    kind: str
    number: int = 0  # the signal; bytes of the disk; lines until the pipe is closed
    moment: float = 0.0  # share of the command's usual time at which the signal comes
    signals_all: bool = False  # whether the signal goes to all processes of the command, as Ctrl-C does
    fills_temporary: bool = False  # whether temporary files are on the small disk too

    def described(self) -> str:
        """A few words."""
        if self.kind == KILL:
            name = signal.Signals(self.number).name
            return f"{name}{' to all' if self.signals_all else ''} at {self.moment:.2f}"
        if self.kind == FULL:
            return f"disk of {self.number >> 10} KiB{' for temporary files too' if self.fills_temporary else ''}"
        return f"pipe closed after {self.number} lines"


class Ended(NamedTuple):
    """How a run ended."""

    code: int  # as of subprocess: below 0 for a signal
    output: str
    seconds: float


def main(argv: list[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    return command.run(disturb, KillsConfig, argv)


def disturb(config: KillsConfig) -> int:
    """Makes the data, disturbs all runs and prints a line for each; returns the exit code."""
    if sys.platform != "linux":
        raise UserError("processes are forked and disks mounted as Linux does it; run this on Linux")
    tensorflow_import.import_tensorflow()
    import kill_cases

    chosen = [case for case in kill_cases.CASES if not config.commands or case.name in config.commands.split(",")]
    if not chosen:
        known = ", ".join(case.name for case in kill_cases.CASES)
        raise UserError(f"--commands={config.commands} names no command; there are {known}")
    for case in chosen:
        importlib.import_module(f"gan.{case.name.split()[0]}")
    folder = tempfile.mkdtemp(prefix="kills-")
    try:
        return _disturb_all(config, chosen, folder)
    finally:
        subprocess.run(["umount", "-l", os.path.join(folder, "disk")], capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)


def _disturb_all(config: KillsConfig, cases: list, folder: str) -> int:
    inputs, before = _make_inputs(folder)
    usual: dict[str, tuple[float, int]] = {}  # command -> (seconds, bytes of its results)
    wrong, seen = [], collections.Counter()
    for number in range(config.first, config.first + config.runs):
        draw = random.Random(f"{config.seed} {number}")
        case = cases[number % len(cases)]
        with _Disk(os.path.join(folder, "disk")) as disk:
            if case.name not in usual:
                usual[case.name] = _undisturbed(case, inputs, disk)
                disk.clear()
            fault = _drawn(draw, usual[case.name][1])
            problem = _one_run(case, inputs, disk, fault, usual[case.name][0])
        problem = problem or ("an input has changed" if _digest(inputs) != before else "")
        seen[fault.kind] += 1
        print(f"{number:4} {case.name:26} {fault.described():42} {problem or 'good'}", flush=True)
        if problem:
            wrong.append(f"--seed={config.seed} --first={number} --runs=1")
    print(f"{config.runs} runs ({', '.join(f'{count} {kind}' for kind, count in seen.items())}), {len(wrong)} wrong")
    for flags in wrong:
        print(f"to repeat one: python benchmarks/kills.py {flags}")
    return 1 if wrong else 0


def _make_inputs(folder: str) -> tuple["object", str]:
    """The data that all commands read, and its digest."""
    import kill_cases
    from conftest import synthetic_images

    names = "faces.tfrecords", "pictures", "run", "arena", "teams.csv"
    at = kill_cases.Inputs(*(os.path.join(folder, name) for name in names))
    images = synthetic_images(96, 2500)
    tfrecords.write(at.faces, images)
    kill_cases.make_pictures(at.pictures, images[:40])
    kill_cases.make_teams(at)
    temporary = tempfile.gettempdir()
    data = [f"--train_data_pattern={at.faces}", f"--train_dir={at.run}", f"--max_steps={kill_cases.STEPS}"]
    _must_end_well("train", _run("train", [*data, "--batch_size=16", "--seed=5", "--export_model_steps=10"], temporary))
    battle = next(case for case in kill_cases.CASES if case.name == "battle")
    _must_end_well("battle", _run("battle", battle.flags(at, folder), temporary))
    return at, _digest(at)


def _must_end_well(name: str, ended: Ended) -> None:
    if ended.code:
        raise UserError(f"{name} fails undisturbed, with exit code {ended.code}: {ended.output[-2000:]}")


def _digest(inputs: "object") -> str:
    digest = hashlib.sha256()
    for path in inputs:  # type: ignore[attr-defined]
        names = [path] if os.path.isfile(path) else []
        for below, _, found in sorted(os.walk(path)):
            names += [os.path.join(below, name) for name in sorted(found) if not name.endswith(("-wal", "-shm"))]
        for name in filter(os.path.isfile, names):  # an arena holds links that lead nowhere
            with open(name, "rb") as file:
                digest.update(name.encode() + file.read())
    return digest.hexdigest()


def _undisturbed(case, inputs, disk: "_Disk") -> tuple[float, int]:
    """Seconds and bytes of a run that nothing happens to."""
    case.prepare(inputs, disk.folder)
    before = disk.used()
    ended = _run(case.name, case.flags(inputs, disk.folder), tempfile.gettempdir())
    _must_end_well(case.name, ended)
    return ended.seconds, disk.used() - before


def _drawn(draw: random.Random, room: int) -> Fault:
    kind = draw.choice([KILL, KILL, FULL, PIPE])
    if kind == KILL:
        return Fault(kind, draw.choice(SIGNALS), draw.uniform(0, 1.1), draw.random() < 0.5)
    if kind == FULL:
        return Fault(kind, int(draw.uniform(0, 1.2) * room), fills_temporary=draw.random() < 0.3)
    return Fault(kind, draw.randrange(3))


def _one_run(case, inputs, disk: "_Disk", fault: Fault, seconds: float) -> str:
    """Disturbs a command and runs it again; returns what was not as it should be, or ""."""
    import kill_cases

    case.prepare(inputs, disk.folder)
    temporary = tempfile.gettempdir()
    if fault.kind == FULL:
        disk.leave(fault.number)
        temporary = disk.folder if fault.fills_temporary else temporary
    flags = case.flags(inputs, disk.folder)
    ended = _run(case.name, flags, temporary, fault, seconds)
    problem = _problem_of(ended, fault, disk.folder)
    disk.grow()
    problem = problem or kill_cases.damaged(disk.folder) or case.kept(disk.folder)
    if problem:
        return f"{problem}\n{ended.output[-3000:]}"
    more = [flag.format(folder=disk.folder) for flag in case.again]
    again = _run(case.name, [*flags, *more], tempfile.gettempdir())
    is_done = again.code == 1 and case.done and case.done in again.output
    if (again.code and not is_done) or "Traceback" in again.output:
        return f"run again, it ends with exit code {again.code}: {ended.output[-1500:]}\n{again.output[-3000:]}"
    return kill_cases.damaged(disk.folder) or case.whole(disk.folder)


def _problem_of(ended: Ended, fault: Fault, folder: str) -> str:
    """What is wrong with how a disturbed run ended, or ""."""
    if "Traceback" in ended.output:
        return "it shows a traceback"
    if fault.kind == KILL and ended.code not in (0, 1, 128 + fault.number, 130, -fault.number):
        return f"exit code {ended.code}"
    if fault.kind == FULL and ended.code not in (0, 1):
        return f"exit code {ended.code}"
    if fault.kind == FULL and ended.code == 1 and folder not in ended.output:
        return "it does not name the disk that is full"
    if fault.kind == PIPE and ended.code != 0:
        return f"exit code {ended.code}, for a pipe that nobody reads"
    return _left_behind(ended)


def _left_behind(ended: Ended) -> str:
    """The processes of a run that are still there some seconds after it, or ""."""
    until = time.monotonic() + _LEFT_BEHIND_SECONDS
    while found := _of_session(_Child.session):
        if time.monotonic() > until:
            return f"its processes {found} are left behind"
        time.sleep(0.2)
    return ""


def _of_session(session: int) -> list[int]:
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", encoding="ascii", errors="replace") as file:
                fields = file.read().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(int(name))
    return found


class _Child:
    session = 0  # of the last run


def _run(name: str, flags: list[str], temporary: str, fault: Fault | None = None, usual: float = 0) -> Ended:
    """Runs a command in a process that is forked, with its output in a pipe."""
    begun = time.monotonic()
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        _be_command(name, flags, temporary, writer, fault)
    os.close(writer)
    _Child.session = pid
    output, closed_after = b"", fault.number if fault and fault.kind == PIPE else None
    signal_at = begun + fault.moment * usual if fault and fault.kind == KILL else None
    os.set_blocking(reader, False)
    status = None
    while status is None:
        ended, found = os.waitpid(pid, os.WNOHANG)
        status = found if ended else None
        output += _read(reader)
        if closed_after is not None and reader >= 0 and output.count(b"\n") >= closed_after:
            os.close(reader)
            reader = -1
        if signal_at and time.monotonic() >= signal_at and status is None and fault:
            _send(pid, fault)
            signal_at = None
        if time.monotonic() - begun > PATIENCE and status is None:
            os.killpg(pid, signal.SIGKILL)
            output += b"\nTraceback: it does not end"
        time.sleep(0.005)
    output += _read(reader)
    if reader >= 0:
        os.close(reader)
    return Ended(os.waitstatus_to_exitcode(status), output.decode(errors="replace"), time.monotonic() - begun)


def _send(pid: int, fault: Fault) -> None:
    """Sends the signal of a fault."""
    try:
        (os.killpg if fault.signals_all else os.kill)(pid, fault.number)
    except ProcessLookupError:  # it is so young that it has no group yet
        os.kill(pid, fault.number)


def _read(reader: int) -> bytes:
    found = b""
    try:
        while reader >= 0 and (part := os.read(reader, 1 << 16)):
            found += part
    except BlockingIOError:
        pass
    return found


def _be_command(name: str, flags: list[str], temporary: str, writer: int, fault: Fault | None) -> None:
    """What the forked process does; it never returns."""
    code = 70
    try:
        os.setsid()
        for number in SIGNALS:
            if number != signal.SIGKILL:
                signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        null = os.open(os.devnull, os.O_RDONLY)
        for opened, standard in ((null, 0), (writer, 1), (writer, 2)):
            os.dup2(opened, standard)
        os.close(writer)
        os.environ["TMPDIR"], tempfile.tempdir = temporary, None
        if fault and fault.kind == FULL and os.getuid():
            resource.setrlimit(resource.RLIMIT_FSIZE, (max(1, fault.number // 4),) * 2)
        words = name.split()
        code = importlib.import_module(f"gan.{words[0]}").main([*words, *flags])
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(code)


class _Disk:
    """A disk of its own for one run, as root; elsewhere a folder."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def __enter__(self) -> "_Disk":
        os.makedirs(self.folder, exist_ok=True)
        command_ = ["mount", "-t", "tmpfs", "-o", f"size={_DISK}", "tmpfs", self.folder]
        self._is_mounted = os.getuid() == 0 and subprocess.run(command_, capture_output=True).returncode == 0
        return self

    def __exit__(self, *exception: object) -> None:
        if self._is_mounted:
            subprocess.run(["umount", "-l", self.folder], check=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def used(self) -> int:
        """Bytes that files take."""
        paths = (os.path.join(below, name) for below, _, names in os.walk(self.folder) for name in names)
        return sum(os.lstat(path).st_blocks * 512 for path in paths)

    def leave(self, room: int) -> None:
        """Leaves room for so many bytes more."""
        self._resize(self.used() + max(room, 4096))

    def grow(self) -> None:
        """Makes room."""
        self._resize(_DISK)

    def clear(self) -> None:
        """Removes everything."""
        for name in os.listdir(self.folder):
            path = os.path.join(self.folder, name)
            shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)

    def _resize(self, size: int) -> None:
        if self._is_mounted:
            subprocess.run(["mount", "-o", f"remount,size={size}", self.folder], check=True)


if __name__ == "__main__":
    sys.exit(main())
