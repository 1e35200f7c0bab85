"""What training on several machines costs, and how it ends, on hosts that are network namespaces of this machine.

    sudo python benchmarks/cluster.py --train_data_pattern='data/train*.tfrecords' --hosts=1,2,4 --delay_ms=5

Each host is a namespace with one network card, a pair of virtual devices on a bridge; `tc netem` delays and loses what
it sends. Bytes are what all hosts send, and processor time is of all processes, both without the start: the difference
of two trainings of different length. The weights after the longer one are compared with those of one process. Then one
host of the last job is killed, stopped or cut off, and the seconds until all others have ended are counted. Needs root.
"""

import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[0] = ROOT

from gan.console import command, tensorflow_import
from gan.console.errors import UserError
from gan.console.flags import flag
from gan.snapshots import checkpoint_files

BRIDGE, SHORT_STEPS, PORT = "ganbridge", 10, 2222
ENDLESS = 10**7


@dataclasses.dataclass(frozen=True)
class ClusterConfig:
    """Flags of the command, by name."""

    train_data_pattern: str = flag(None, "TFRecord files of 50x50 faces.", required=True)
    hosts: str = flag("1,2,4", "How many hosts train together, with commas between; 1 is the measure.")
    steps: int = flag(200, "Steps that are timed.", at_least=1)
    delay_ms: float = flag(0.0, "Delay of what each host sends.", at_least=0)
    loss_percent: float = flag(0.0, "Share of packets that each host loses.", at_least=0, at_most=50)
    timeout_secs: int = flag(20, "--collective_timeout_secs of the job that loses a host.", at_least=1)


@dataclasses.dataclass
class Outcome:
    """What a training took."""

    bytes_sent: int
    processor_seconds: float
    seconds: float  # of training, by the chief's clock
    weights: dict[str, np.ndarray]


def main(config: ClusterConfig) -> None:
    """Measures each number of hosts, then how jobs end."""
    if os.geteuid():
        raise UserError("network namespaces need root; run it with sudo")
    counts = sorted(int(count) for count in config.hosts.split(","))
    tensorflow_import.import_tensorflow()
    alone = None
    print("hosts  MB a step  processor ms a step  ms a step  largest difference of a weight from one process")
    with _hosts(max(counts), config) as names:
        for count in counts:
            short, long = (_train(config, names[:count], SHORT_STEPS + extra) for extra in (0, config.steps))
            alone = alone or long.weights
            worst = max(float(np.abs(long.weights[name] - alone[name]).max()) for name in alone)
            told = [
                (long.bytes_sent - short.bytes_sent) / 1e6,
                1000 * (long.processor_seconds - short.processor_seconds),
                1000 * (long.seconds - short.seconds),
            ]
            print(
                f"{count:5d}  " + "  ".join(f"{each / config.steps:.2f}" for each in told) + f"  {worst:.2g}",
                flush=True,
            )
        for what in ("killed", "stopped", "cut off") if counts[-1] > 1 else ():
            seconds, codes = _lose(config, names[: counts[-1]], what)
            print(f"a host was {what}: all others ended within {seconds:.1f} s, exit codes {codes}", flush=True)


@contextlib.contextmanager
def _hosts(count: int, config: ClusterConfig) -> Iterator[list[str]]:
    """Makes namespaces that reach each other; yields their names."""
    names = [f"ganhost{number}" for number in range(count)]
    try:
        _ip("link", "add", BRIDGE, "type", "bridge")
        _ip("link", "set", BRIDGE, "up")
        for number, name in enumerate(names):
            card = f"gancard{number}"
            _ip("netns", "add", name)
            _ip("link", "add", card, "type", "veth", "peer", "name", "card", "netns", name)
            _ip("link", "set", card, "master", BRIDGE, "up")
            _ip("-n", name, "addr", "add", f"{_address(number)}/24", "dev", "card")
            for device in ("card", "lo"):
                _ip("-n", name, "link", "set", device, "up")
            if config.delay_ms or config.loss_percent:
                netem = ["delay", f"{config.delay_ms}ms", "loss", f"{config.loss_percent}%"]
                _in_host(name, "tc", "qdisc", "add", "dev", "card", "root", "netem", *netem)
        yield names
    finally:
        cards = [["link", "del", f"gancard{number}"] for number in range(count)]  # a namespace goes some time later
        for removal in (*cards, *(["netns", "del", name] for name in names), ["link", "del", BRIDGE]):
            subprocess.run(["ip", *removal], stderr=subprocess.DEVNULL, check=False)


def _train(config: ClusterConfig, names: list[str], steps: int) -> Outcome:
    with tempfile.TemporaryDirectory() as folder:
        before = sum(map(_bytes_sent, names))
        processes = _start(config, names, folder, f"--max_steps={steps}", f"--export_model_steps={ENDLESS}")
        ended = [os.wait4(process.pid, 0) for process in processes]
        codes = [os.waitstatus_to_exitcode(status) for _, status, _ in ended]
        if any(codes):
            raise UserError(f"a training failed: exit codes {codes}")
        state = _state(folder)
        spent = sum(usage.ru_utime + usage.ru_stime for _, _, usage in ended)
        seconds = float(state.pop("seconds"))
        return Outcome(sum(map(_bytes_sent, names)) - before, spent, seconds, state)


def _lose(config: ClusterConfig, names: list[str], what: str) -> tuple[float, list[int]]:
    """Trains until the first state is saved, then loses the last host; returns the seconds and the others' codes."""
    with tempfile.TemporaryDirectory() as folder:
        flags = [
            f"--max_steps={ENDLESS}",
            "--export_model_steps=20",
            f"--collective_timeout_secs={config.timeout_secs}",
        ]
        processes = _start(config, names, folder, *flags)
        while checkpoint_files.latest_state(folder) is None and processes[0].poll() is None:
            time.sleep(0.2)
        begun = time.monotonic()
        if what == "cut off":
            _ip("-n", names[-1], "link", "set", "card", "down")
        else:
            processes[-1].send_signal(signal.SIGKILL if what == "killed" else signal.SIGSTOP)
        codes = [process.wait(10 * config.timeout_secs) for process in processes[:-1]]
        seconds = time.monotonic() - begun
        processes[-1].kill()
        processes[-1].wait()
        _ip("-n", names[-1], "link", "set", "card", "up")
        return seconds, codes


def _start(config: ClusterConfig, names: list[str], folder: str, *flags: str) -> list[subprocess.Popen]:
    """Starts a training on all hosts; the first is the chief."""
    addresses = [f"{_address(number)}:{PORT}" for number in range(len(names))]
    common = [
        f"--train_data_pattern={config.train_data_pattern}",
        f"--train_dir={folder}",
        "--seed=1",
        "--batch_size=128",
    ]
    common += ["--num_epochs=1000000", "--optimizer=GradientDescentOptimizer"]
    processes = []
    for number, name in enumerate(names):
        task = {"type": "worker", "index": number - 1} if number else {"type": "chief", "index": 0}
        cluster = {"chief": addresses[:1], **({"worker": addresses[1:]} if addresses[1:] else {})}
        environment = {**os.environ, "PYTHONPATH": ROOT, "TF_CONFIG": json.dumps({"cluster": cluster, "task": task})}
        line = ["ip", "netns", "exec", name, sys.executable, "-m", "gan.train", *common, *flags]
        processes.append(subprocess.Popen(line, env=environment, stdout=subprocess.DEVNULL))
    return processes


def _state(folder: str) -> dict[str, np.ndarray]:
    import tensorflow.compat.v1 as tf

    found = checkpoint_files.latest_state(folder)
    assert found
    reader = tf.train.load_checkpoint(found.prefix)
    return {name: np.asarray(reader.get_tensor(name), float) for name in reader.get_variable_to_shape_map()}


def _address(number: int) -> str:
    return f"10.77.0.{number + 1}"


def _bytes_sent(name: str) -> int:
    return int(_in_host(name, "cat", "/sys/class/net/card/statistics/tx_bytes"))


def _in_host(name: str, *arguments: str) -> str:
    return _ip("netns", "exec", name, *arguments)


def _ip(*arguments: str) -> str:
    try:
        return subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True).stdout
    except subprocess.CalledProcessError as error:
        raise UserError(f"ip {' '.join(arguments)} failed: {error.stderr.strip()}") from error


if __name__ == "__main__":
    sys.exit(command.run(main, ClusterConfig))
