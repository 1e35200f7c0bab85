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
from conftest import run_train, start

from gan import train
from gan.console.errors import UserError
from gan.distributed import tf_config
from gan.snapshots import checkpoint_files

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
        self.cluster = {job: hosts for job, hosts in self.cluster.items() if hosts}
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
    reader = tf.train.load_checkpoint(checkpoint_files.latest_state(str(train_dir)).prefix)
    return {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}


ENDLESS = ["--max_steps=1000000", "--num_epochs=1000000"]


@pytest.mark.parametrize("optimizer", ["GradientDescentOptimizer", "AdamOptimizer"])
def test_together_is_the_same_as_alone(optimizer, faces, tmp_path):
    """Three processes share batches of 16 images as 5, 5 and 6."""
    flags = ["--max_steps=8", "--export_model_steps=4", f"--optimizer={optimizer}"]
    assert run_train(faces, tmp_path / "alone", *flags) == 0
    with Job(faces, tmp_path / "together", *flags, chief="master") as job:
        assert set(job.exit_codes().values()) == {0}, job.said()
        for index in range(2):
            assert "leaves after its part in 8 steps" in "".join(job.output["worker", index]), job.said()
        assert "model.ckpt-8: D right on" in "".join(job.output["evaluator", 0]), job.said()
    alone, together = state(tmp_path / "alone"), state(tmp_path / "together")
    assert set(alone) == set(together)
    differing = {name for name in alone if not np.allclose(alone[name], together[name], rtol=1e-4, atol=1e-6)}
    assert differing == {"seconds"}


def test_together_through_kills(faces, tmp_path):
    """A worker is killed and comes back, then the chief; the other worker is stopped by SIGTERM."""
    with Job(faces, tmp_path, *ENDLESS, "--export_model_steps=20", "--worker_timeout_secs=3") as job:
        job.wait_for("worker 0 takes part[^$]*worker 1 takes part|worker 1 takes part[^$]*worker 0 takes part")
        job.wait_for("model.ckpt-", "evaluator")
        assert job.kill("worker", 1) == -signal.SIGKILL
        job.wait_for("goes on without worker 1, silent for 3 s")
        job.start("worker", 1)
        job.wait_for("goes on without worker 1[^$]*worker 1 takes part")
        job.kill("chief")
        saved = checkpoint_files.latest_state(str(tmp_path)).step
        job.flags += [f"--max_steps={saved + 60}"]
        job.start("chief")
        job.wait_for(f"going on from step {saved}")
        job.wait_for("worker 0 takes part[^$]*worker 1 takes part|worker 1 takes part[^$]*worker 0 takes part")
        assert job.kill("worker", 0, signal.SIGTERM) == 128 + signal.SIGTERM
        codes = job.exit_codes()
        assert codes.pop(("worker", 0)) == 143 and set(codes.values()) == {0}, job.said()
    assert state(tmp_path)["global_step"] == saved + 60
    assert checkpoint_files.latest_snapshot(str(tmp_path)).step == saved + 60


def test_each_on_its_own_through_kills(faces, tmp_path):
    with Job(faces, tmp_path, *ENDLESS, "--export_model_steps=100", "--asynchronous", "--worker_timeout_secs=3") as job:
        job.wait_for("model.ckpt-", "evaluator")
        job.kill("worker", 1)
        job.start("worker", 1)
        job.wait_for("worker 1 is ready", "worker", 1)
        job.kill("chief")
        saved = checkpoint_files.latest_state(str(tmp_path)).step
        job.flags += [f"--max_steps={saved + 600}"]
        job.start("chief")
        job.wait_for("going on from step")
        assert set(job.exit_codes().values()) == {0}, job.said()
        for index in range(2):
            assert int(re.search(r"part in (\d+) steps", "".join(job.output["worker", index]))[1]) > 0
    # All end within a step of their own of the last one.
    assert saved + 600 <= checkpoint_files.latest_snapshot(str(tmp_path)).step <= saved + 620


def test_a_signal_to_all_saves_and_ends_all(faces, tmp_path):
    with Job(faces, tmp_path, *ENDLESS, "--export_model_steps=1000000") as job:
        job.wait_for(r"training: \d+")
        for process in job.processes.values():
            process.send_signal(signal.SIGINT)
        codes = job.exit_codes()
    assert codes.pop(("evaluator", 0)) in (130, 0), job.said()  # 0 where the tests run with SIGINT ignored
    assert set(codes.values()) == {130}, job.said()
    assert checkpoint_files.latest_snapshot(str(tmp_path)).step == checkpoint_files.latest_state(str(tmp_path)).step > 0


def test_a_failed_job_ends_everywhere(faces, tmp_path):
    """A chief that fails tells the others; a parameter server that is gone is noticed by all."""
    with Job(faces, tmp_path / "fails", "--base_learning_rate=1e30", "--optimizer=GradientDescentOptimizer") as job:
        codes = job.exit_codes()
        assert codes.pop(("evaluator", 0)) == 0 and set(codes.values()) == {1}, job.said()
        assert "training diverged" in "".join(job.output["chief", 0])
        for task in (("worker", 0), ("worker", 1), ("ps", 0), ("ps", 1)):
            assert "the chief failed and ended the job" in "".join(job.output[task]), job.said()
    with Job(faces, tmp_path / "gone", *ENDLESS, "--chief_timeout_secs=10", "--worker_timeout_secs=5") as job:
        job.wait_for(r"training: \d+")
        job.processes["ps", 1].send_signal(signal.SIGSTOP)  # as silent as a machine without power
        end = time.monotonic() + SECONDS
        while any(job.processes[task].poll() is None for task in job.tasks if task[0] in ("chief", "worker")):
            assert time.monotonic() < end, job.said()
            time.sleep(0.1)
        job.kill("ps", 1)
        codes = job.exit_codes()
        assert codes.pop(("ps", 1)) == -signal.SIGKILL and codes.pop(("evaluator", 0)) == 0, job.said()
        assert set(codes.values()) == {1}, job.said()
        assert "a parameter server was lost" in "".join(job.output["chief", 0])
    assert not any("Traceback" in line for lines in job.output.values() for line in lines), job.said()


def test_a_chief_that_never_comes_is_not_waited_for(faces, tmp_path):
    with Job(faces, tmp_path, "--chief_timeout_secs=3", workers=1, servers=1, evaluator=False) as job:
        job.kill("chief")
        codes = job.exit_codes()
    assert codes == {("chief", 0): -signal.SIGKILL, ("worker", 0): 1, ("ps", 0): 1}, job.said()
    assert "has not answered for 3 s" in "".join(job.output["ps", 0]), job.said()
    # Whichever it notices first: that the chief stays away, or that the parameter server has left for that reason.
    assert re.search("has not answered for 3 s|a parameter server was lost", "".join(job.output["worker", 0])), (
        job.said()
    )


def test_a_chief_has_its_time_from_when_it_was_first_missed(monkeypatch):
    """However long all went well before, and nobody looked."""
    monkeypatch.setattr(tf_config, "_SECONDS_BETWEEN_LOOKS", 0)
    with socket.create_server(("127.0.0.1", 0)) as server:
        chief = f"127.0.0.1:{server.getsockname()[1]}"
        watch = tf_config.Watch(tf_config.Cluster({"chief": [chief]}, "ps", 0), 0.5)
        watch.check()
        time.sleep(0.6)
        watch.check()
    time.sleep(0.6)
    watch.check()
    time.sleep(0.6)
    with pytest.raises(UserError, match=f"the chief at {chief} has not answered for 0.5 s"):
        watch.check()


def given(monkeypatch, **config):
    monkeypatch.setenv("TF_CONFIG", json.dumps(config))
    return tf_config.from_environment()


HOSTS = {"master": ["a:1"], "worker": ["b:1", "c:1"], "ps": ["d:1"]}


@pytest.mark.parametrize(
    "config", [{}, {"task": {}, "cluster": {}, "environment": "cloud"}, {"cluster": HOSTS}, {"task": None}]
)
def test_a_single_machine(config, monkeypatch):
    assert given(monkeypatch, **config) is None
    monkeypatch.delenv("TF_CONFIG")
    assert tf_config.from_environment() is None


def test_tf_config_says_who_is_who(monkeypatch):
    master = given(monkeypatch, cluster=HOSTS, task={"type": "master", "index": 0})
    assert (master.job, master.replica, master.replicas, master.chief) == ("chief", 0, 3, "a:1")
    worker = given(monkeypatch, cluster=HOSTS, task={"type": "worker", "index": "1"})
    assert (worker.job, worker.index, worker.replica, worker.servers) == ("worker", 1, 2, ["d:1"])
    evaluator = given(monkeypatch, cluster=HOSTS, task={"type": "evaluator"})
    assert evaluator.job == "evaluator" and set(evaluator.training) == {"chief", "worker", "ps"}
    no_chief = {"worker": ["b:1", "c:1"], "ps": ["d:1"]}
    first = given(monkeypatch, cluster=no_chief, task={"type": "worker", "index": 0})
    second = given(monkeypatch, cluster=no_chief, task={"type": "worker", "index": 1})
    assert (first.job, first.replicas, second.job, second.index, second.chief) == ("chief", 2, "worker", 0, "b:1")
    alone = given(monkeypatch, cluster={"chief": ["a:1"], "evaluator": ["e:1"]}, task={"type": "chief"})
    assert alone.is_one_machine


@pytest.mark.parametrize(
    "text, expected",
    [
        ("{", "TF_CONFIG={ cannot be understood"),
        ('{"cluster": {"chief": ["a"]}, "task": {"type": "chief"}}', "'a' is not host:port"),
        ('{"cluster": {"chief": ["a:99999"]}, "task": {"type": "chief"}}', "'a:99999' is not host:port"),
        ('{"cluster": {"chief": ["a:1"]}, "task": {"index": 0}}', "cannot be understood: KeyError: 'type'"),
        ('{"cluster": {"boss": ["a:1"]}, "task": {"type": "boss"}}', "TF_CONFIG has boss; this program knows"),
        ('{"cluster": {"ps": ["a:1"]}, "task": {"type": "ps"}}', "needs exactly one chief"),
        ('{"cluster": {"chief": ["a:1", "b:1"]}, "task": {"type": "chief"}}', "needs exactly one chief"),
        ('{"cluster": {"chief": ["a:1"]}, "task": {"type": "chief", "index": 1}}', "this is chief 1, and its cluster"),
        ('{"cluster": {"chief": ["a:1"], "worker": ["b:1"]}, "task": {"type": "chief"}}', "workers and no ps"),
    ],
)
def test_mistakes_in_tf_config_are_named(text, expected, monkeypatch, faces, tmp_path, fails):
    monkeypatch.setenv("TF_CONFIG", text)
    error = fails(train.main, f"--train_data_pattern={faces}", f"--train_dir={tmp_path}")
    assert expected in error


def test_a_port_that_is_taken_is_named(faces, tmp_path):
    with Job(faces, tmp_path, "--chief_timeout_secs=3", workers=1, servers=1, evaluator=False) as job:
        job.wait_for("serves at", "ps")
        job.tasks, job.processes["ps", 1] = [], job.processes["ps", 0]
        job.start("ps")
        assert job.processes["ps", 0].wait(SECONDS) == 1
        end = time.monotonic() + 5
        while "is another process listening there?" not in "".join(job.output["ps", 0]):
            assert time.monotonic() < end, job.said()
            time.sleep(0.1)


def test_an_evaluator_needs_data(monkeypatch, faces, tmp_path, fails):
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": HOSTS, "task": {"type": "evaluator"}}))
    assert "--eval_data_pattern is needed" in fails(
        train.main, f"--train_data_pattern={faces}", f"--train_dir={tmp_path}"
    )


def test_an_evaluator_beside_a_chief_that_trains_alone(faces, tmp_path):
    with Job(faces, tmp_path, "--max_steps=20", "--chief_timeout_secs=10", workers=0, servers=0) as job:
        assert set(job.exit_codes().values()) == {0}, job.said()
        assert "model.ckpt-20: D right on" in "".join(job.output["evaluator", 0]), job.said()
