"""Clusters of real processes: together and each on its own, killed and restarted, and how they end."""

import contextlib
import json
import os
import re
import signal
import socket
import threading
import time

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from conftest import start

from gan import checkpoint, cluster, train
from gan.errors import UserError

SECONDS = 120  # for anything to happen; a machine with two cores starts six processes in some 20 s


def free_ports(count):
    """Ports that nobody listens at."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [s.getsockname()[1] for s in sockets]


class Job:
    """A chief, workers, parameter servers and an evaluator on this machine, each a `python -m gan.train`."""

    def __init__(self, pattern, train_dir, *flags, workers=2, servers=2, chief="chief", evaluator=True):
        ports = [f"127.0.0.1:{port}" for port in free_ports(1 + workers + servers)]
        self.cluster = {chief: ports[:1], "worker": ports[1 : 1 + workers], "ps": ports[1 + workers :]}
        self.tasks = [(job, i) for job, hosts in self.cluster.items() for i in range(len(hosts))]
        self.tasks += [("evaluator", 0)] if evaluator else []
        self.flags = [f"--train_data_pattern={pattern}", f"--eval_data_pattern={pattern}", f"--train_dir={train_dir}"]
        self.flags += ["--seed=5", "--batch_size=16", "--chief_timeout_secs=60", *flags]
        self.processes, self.output = {}, {}

    def __enter__(self):
        for task in self.tasks:
            self.start(*task)
        return self

    def __exit__(self, *exception):
        for process in self.processes.values():
            process.kill()
            process.wait()

    def start(self, job, index=0):
        """Starts a process, or starts it again."""
        config = json.dumps({"cluster": self.cluster, "task": {"type": job, "index": index}, "environment": "cloud"})
        environment = {**os.environ, "TF_CONFIG": config, "CUDA_VISIBLE_DEVICES": ""}
        process = self.processes[job, index] = start("train", *self.flags, env=environment)
        lines = self.output[job, index] = []
        threading.Thread(target=lambda: lines.extend(process.stdout), daemon=True).start()

    def kill(self, job, index=0, number=signal.SIGKILL):
        self.processes[job, index].send_signal(number)
        return self.processes[job, index].wait(SECONDS)

    def wait_for(self, text, job="chief", index=0):
        """Waits until a process has printed a text."""
        end = time.monotonic() + SECONDS
        while not re.search(text, "".join(self.output[job, index])):
            assert self.processes[job, index].poll() is None, self.said()
            assert time.monotonic() < end, f"{job} {index} never said {text!r}\n{self.said()}"
            time.sleep(0.05)

    def exit_codes(self):
        """Waits until all processes have ended by themselves."""
        end = time.monotonic() + SECONDS
        with contextlib.suppress(Exception):
            for process in self.processes.values():
                process.wait(max(0.1, end - time.monotonic()))
        codes = {task: process.poll() for task, process in self.processes.items()}
        assert None not in codes.values(), f"{codes}\n{self.said()}"
        return codes

    def said(self):
        return "\n".join(f"--- {job} {index}\n{''.join(lines)}" for (job, index), lines in self.output.items())


def state(train_dir):
    reader = tf.train.load_checkpoint(checkpoint.latest_state(str(train_dir)).prefix)
    return {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}


@pytest.mark.parametrize("flags", [[], ["--asynchronous"]], ids=["synchronous", "asynchronous"])
def test_a_job_trains_and_every_process_ends(flags, faces, tmp_path):
    with Job(faces, tmp_path, "--max_steps=300", "--num_epochs=1000", "--export_model_steps=100", *flags) as job:
        assert set(job.exit_codes().values()) == {0}, job.said()
        print(job.said())
    assert checkpoint.latest_snapshot(str(tmp_path)).step >= 300
