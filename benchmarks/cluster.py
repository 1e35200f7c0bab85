"""What training on several machines costs, and how it ends, on hosts that are network namespaces of this machine.

    sudo python benchmarks/cluster.py --train_data_pattern='data/train*.tfrecords' --networks=0:0,5:0,1:0.1

Bytes are what all hosts send, and processor time is of all processes, both without the start: the difference of two
trainings of different length, the shorter one in the first network alone. The weights after the longer one are compared
with those of one process. Then, in the last network, one host of the last job is killed, stopped or cut off, and the
seconds until all others have ended are counted; the same commands are started again, and must go on from the saved
state. See hosts.py for the hosts. Needs root.
"""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[0] = ROOT
sys.path.insert(1, os.path.join(ROOT, "benchmarks"))

import hosts

from gan.console import command, tensorflow_import
from gan.console.errors import UserError
from gan.console.flags import flag
from gan.snapshots import checkpoint_files

SHORT_STEPS, STEPS_AFTER_LOSS, PORT = 10, 20, 2222
ENDLESS = 10**7


@dataclasses.dataclass(frozen=True)
class ClusterConfig:
    """Flags of the command, by name."""

    train_data_pattern: str = flag(None, "TFRecord files of 50x50 faces.", required=True)
    hosts: str = flag("1,2,4", "How many hosts train together, with commas between; 1 is the measure.")
    steps: int = flag(200, "Steps that are timed.", at_least=1)
    networks: str = flag("0:0", "MS:PERCENT, how long each packet takes and how many are lost, with commas.")
    loses_hosts: bool = flag(True, "Whether one host is lost in the end.")
    timeout_secs: int = flag(20, "--collective_timeout_secs of the job that loses a host.", at_least=1)


@dataclasses.dataclass
class Outcome:
    """What a training took."""

    bytes_sent: int
    processor_seconds: float
    seconds: float  # of training, by the chief's clock
    weights: dict[str, np.ndarray]


def main(config: ClusterConfig) -> None:
    """Measures each number of hosts in each network, then how jobs end."""
    counts = sorted(int(count) for count in config.hosts.split(","))
    networks = [_network(words) for words in config.networks.split(",")]
    tensorflow_import.import_tensorflow()
    alone, short = None, {}
    print("ms  loss  hosts  MB a step  processor ms a step  ms a step  largest difference of a weight from one process")
    for network in networks:
        with hosts.hosts(max(counts), network) as names:
            for count in counts:
                if alone and count == 1:
                    continue  # it has no network
                if count not in short:
                    short[count] = _train(config, names[:count], SHORT_STEPS)
                long = _train(config, names[:count], SHORT_STEPS + config.steps)
                alone = alone or long.weights
                worst = max(float(np.abs(long.weights[name] - alone[name]).max()) for name in alone)
                print(f"{1000 * network.delay:g}  {network.loss:.1%}  {count}  ", end="")
                print(
                    "  ".join(f"{each:.4g}" for each in _a_step(config, short[count], long)) + f"  {worst:.2g}",
                    flush=True,
                )
    if config.loses_hosts and counts[-1] > 1:
        with hosts.hosts(counts[-1], networks[-1]) as names:
            for what in ("killed", "stopped", "cut off"):
                _lose(config, names, what)


def _network(words: str) -> hosts.Network:
    delay, _, loss = words.partition(":")
    return hosts.Network(float(delay) / 1000, float(loss or 0) / 100)


def _a_step(config: ClusterConfig, short: Outcome, long: Outcome) -> list[float]:
    """Megabytes, milliseconds of processors and milliseconds of a step."""
    differences = [
        (long.bytes_sent - short.bytes_sent) / 1e6,
        1000 * (long.processor_seconds - short.processor_seconds),
        1000 * (long.seconds - short.seconds),
    ]
    return [each / config.steps for each in differences]


def _train(config: ClusterConfig, names: list[str], steps: int) -> Outcome:
    with tempfile.TemporaryDirectory() as folder:
        before = sum(map(hosts.bytes_sent, names))
        processes = _start(config, names, folder, f"--max_steps={steps}", f"--export_model_steps={ENDLESS}")
        ended = [os.wait4(process.pid, 0) for process in processes]
        codes = [os.waitstatus_to_exitcode(status) for _, status, _ in ended]
        if any(codes):
            raise UserError(f"a training failed: exit codes {codes}")
        state = _state(folder)
        spent = sum(usage.ru_utime + usage.ru_stime for _, _, usage in ended)
        seconds = float(state.pop("seconds"))
        return Outcome(sum(map(hosts.bytes_sent, names)) - before, spent, seconds, state)


def _lose(config: ClusterConfig, names: list[str], what: str) -> None:
    """Trains until a state is saved, loses the last host, starts all again, and prints how that went."""
    with tempfile.TemporaryDirectory() as folder:
        flags = ["--export_model_steps=20", f"--collective_timeout_secs={config.timeout_secs}"]
        processes = _start(config, names, folder, f"--max_steps={ENDLESS}", *flags)
        while checkpoint_files.latest_state(folder) is None and processes[0].poll() is None:
            time.sleep(0.2)
        begun = time.monotonic()
        if what == "cut off":
            hosts.connect(names[-1], False)
        else:
            processes[-1].send_signal(signal.SIGKILL if what == "killed" else signal.SIGSTOP)
        codes = [process.wait(10 * config.timeout_secs) for process in processes[:-1]]
        seconds = time.monotonic() - begun
        lost = processes[-1].wait(10 * config.timeout_secs) if what == "cut off" else None
        processes[-1].kill()
        processes[-1].wait()
        hosts.connect(names[-1], True)
        print(f"a host was {what}: all others ended within {seconds:.1f} s, exit codes {codes}", end="")
        print(f", its own {lost}" if lost is not None else "", flush=True)
        saved = checkpoint_files.latest_state(folder)
        assert saved
        steps = saved.step + STEPS_AFTER_LOSS
        codes = [process.wait() for process in _start(config, names, folder, f"--max_steps={steps}", *flags)]
        last = checkpoint_files.latest_state(folder)
        assert last
        print(f"started again, they went on from step {saved.step} to {last.step}, exit codes {codes}", flush=True)


def _start(config: ClusterConfig, names: list[str], folder: str, *flags: str) -> list[subprocess.Popen]:
    """Starts a training on all hosts; the first is the chief."""
    addresses = [f"{hosts.address(number)}:{PORT}" for number in range(len(names))]
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


if __name__ == "__main__":
    sys.exit(command.run(main, ClusterConfig))
