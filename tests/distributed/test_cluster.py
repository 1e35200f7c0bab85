"""Clusters of real processes: the same weights as one process, and how they end and go on."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from conftest import ROOT, run_train, start

from gan import train
from gan.console import command
from gan.distributed import tf_config
from gan.snapshots import checkpoint_files

LOST = command.EXIT_LOST
SECONDS = 120  # for anything to happen; a machine with two cores starts six processes in some 20 s


def free_ports(count):
    """Ports that nobody listens at."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [s.getsockname()[1] for s in sockets]


def wait_until(true):
    end = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


class Job:
    """A chief, workers and perhaps an evaluator on this machine, each a `python -m gan.train`."""

    def __init__(self, pattern, train_dir, *flags, workers=2, chief="chief", evaluator=False, started=None):
        ports = [f"127.0.0.1:{port}" for port in free_ports(1 + workers)]
        self.cluster = {chief: ports[:1], "worker": ports[1:]}
        self.cluster = {job: hosts for job, hosts in self.cluster.items() if hosts}
        tasks = [("chief", 0), *(("worker", index) for index in range(workers))] + [("evaluator", 0)] * evaluator
        self.tasks, self._chief = tasks if started is None else started, chief
        self.flags = [f"--train_data_pattern={pattern}", f"--eval_data_pattern={pattern}", f"--train_dir={train_dir}"]
        self.flags += ["--seed=5", "--batch_size=16", "--collective_timeout_secs=60", *flags]
        self.processes, self.output, self._readers = {}, {}, []

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
        task = {"type": self._chief if job == "chief" else job, "index": index}
        config = json.dumps({"cluster": self.cluster, "task": task, "environment": "cloud"})
        path = os.pathsep.join([os.environ["PYTHONPATH"], str(ROOT / "tests")])
        environment = {**os.environ, "PYTHONPATH": path, "TF_CONFIG": config, "CUDA_VISIBLE_DEVICES": ""}
        process = self.processes[job, index] = start("train", *self.flags, env=environment)
        lines = self.output[job, index] = []
        self._readers.append(threading.Thread(target=lambda: lines.extend(process.stdout), daemon=True))
        self._readers[-1].start()

    def kill(self, job, index=0, number=signal.SIGKILL):
        self.processes[job, index].send_signal(number)
        return self.processes[job, index].wait(SECONDS)

    def wait_for(self, text, job="chief", index=0):
        """Waits until a process has printed a text."""
        end = time.monotonic() + SECONDS
        while not re.search(text, "".join(self.output[job, index])):
            alive = self.processes[job, index].poll() is None
            assert alive and time.monotonic() < end, f"{job} {index} never said {text!r}\n{self.said()}"
            time.sleep(0.05)

    def exit_codes(self):
        """Waits until all processes have ended by themselves."""
        end = time.monotonic() + SECONDS
        with contextlib.suppress(subprocess.TimeoutExpired):
            for process in self.processes.values():
                process.wait(max(0.1, end - time.monotonic()))
        codes = {task: process.poll() for task, process in self.processes.items()}
        assert None not in codes.values(), f"{codes}\n{self.said()}"
        for thread in self._readers:
            thread.join(5)
        return codes

    def text(self, job, index=0):
        return "".join(self.output[job, index])

    def said(self):
        return "\n".join(f"--- {job} {index}\n{''.join(lines)}" for (job, index), lines in self.output.items())


def state(train_dir):
    reader = tf.train.load_checkpoint(checkpoint_files.latest_state(str(train_dir)).prefix)
    return {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}


ENDLESS = ["--max_steps=1000000", "--num_epochs=1000000"]


@pytest.mark.parametrize("towers", [1, 2])
def test_together_is_the_same_as_alone(towers, faces, tmp_path):
    """Three processes share batches of 16 images as 5, 5 and 6, each among its devices, end, and go on."""
    flags = ["--export_model_steps=4", "--optimizer=GradientDescentOptimizer", "--learning_rate_schedule=linear"]
    flags += ["--discriminator_model=job_networks.Counting", "--discriminator_steps=2", "--augment=flip,brightness"]
    flags += ["--instance_noise=0.1"]
    assert run_train(faces, tmp_path / "alone", *flags, "--max_steps=8") == 0
    assert run_train(faces, tmp_path / "alone", *flags, "--max_steps=10") == 0
    for steps, done in ((8, 8), (10, 2)):
        devices = [f"--max_steps={steps}", f"--num_towers={towers}"]
        with Job(faces, tmp_path / "together", *flags, *devices, chief="master") as job:
            assert set(job.exit_codes().values()) == {0}, job.said()
            for index in range(2):
                assert f"leaves after its part in {done} steps" in job.text("worker", index), job.said()
    assert "going on from step 8" in job.text("chief"), job.said()
    alone, together = state(tmp_path / "alone"), state(tmp_path / "together")
    assert set(alone) == set(together)
    assert np.ptp(alone["discriminator/mean_image"]) > 0.01
    differing = {name for name in alone if not np.allclose(alone[name], together[name], rtol=1e-4, atol=1e-6)}
    assert differing == {"seconds"}


def test_batch_statistics_and_adaptive_probabilities_stay_equal(faces, tmp_path):
    """They are of each process's share; the check at each saved state would find that they differ."""
    flags = ["--generator_model=networks.ConvGenerator", "--discriminator_model=networks.ConvDiscriminator"]
    flags += ["--augment=flip,cutout", "--augment_target=0.01", "--max_steps=6", "--export_model_steps=3"]
    with Job(faces, tmp_path, *flags, "--top_k_share=0.5", workers=1) as job:
        assert set(job.exit_codes().values()) == {0}, job.said()
    assert state(tmp_path)["augment_probability"] > 0
    assert checkpoint_files.latest_snapshot(str(tmp_path)).step == 6


def test_a_killed_worker_ends_the_job_and_the_same_command_goes_on(faces, tmp_path):
    """Then a signal to the other worker ends all three, and the chief saves."""
    with Job(faces, tmp_path, *ENDLESS, "--export_model_steps=20") as job:
        job.wait_for(r"training: \d+")
        wait_until(lambda: checkpoint_files.latest_snapshot(str(tmp_path)))
        assert job.kill("worker", 1) == -signal.SIGKILL
        assert job.exit_codes() == {("chief", 0): LOST, ("worker", 0): LOST, ("worker", 1): -signal.SIGKILL}
        for task in (("chief", 0), ("worker", 0)):
            assert re.search("worker 1 at .* ha(s|ve) ended; .* they go on from the last saved state", job.text(*task))
        saved = checkpoint_files.latest_state(str(tmp_path)).step
        for task in (("chief", 0), ("worker", 0), ("worker", 1)):
            job.start(*task)
        job.wait_for(f"going on from step {saved}")
        job.wait_for(r"training: \d+")
        job.processes["worker", 0].send_signal(signal.SIGTERM)
        assert set(job.exit_codes().values()) == {128 + signal.SIGTERM}, job.said()
    assert not any("Traceback" in line for lines in job.output.values() for line in lines), job.said()
    assert checkpoint_files.latest_snapshot(str(tmp_path)).step == checkpoint_files.latest_state(str(tmp_path)).step
    assert state(tmp_path)["global_step"] > saved


def test_a_job_whose_time_is_up_ends_again(faces, tmp_path):
    """All processes know that there is nothing left to do, as when a cloud starts them once more."""
    for told in (r"saved .*model.ckpt-", "is trained already"):
        with Job(faces, tmp_path, "--num_epochs=1000000", "--max_minutes=0.02", workers=1) as job:
            assert set(job.exit_codes().values()) == {0}, job.said()
            assert re.search(told, job.text("chief")), job.said()


def test_a_silent_worker_ends_the_job(faces, tmp_path):
    with Job(faces, tmp_path, *ENDLESS, "--collective_timeout_secs=20", workers=1) as job:
        job.wait_for(r"training: \d+")
        job.processes["worker", 0].send_signal(signal.SIGSTOP)  # as silent as a machine without power
        stopped = time.monotonic()
        assert job.processes["chief", 0].wait(SECONDS) == LOST, job.said()
        assert time.monotonic() - stopped < 20 + 10, job.said()
        assert "silent" in job.text("chief"), job.said()
        job.processes["worker", 0].send_signal(signal.SIGCONT)
        assert job.processes["worker", 0].wait(SECONDS) == LOST, job.said()
    assert "Traceback" not in job.said()


def test_a_chief_that_fails_ends_the_job(faces, tmp_path):
    flags = ["--base_learning_rate=1e30", "--optimizer=GradientDescentOptimizer"]
    with Job(faces, tmp_path / "fails", *flags, workers=1) as job:
        assert job.exit_codes() == {("chief", 0): 1, ("worker", 0): LOST}, job.said()
    assert "training diverged" in job.text("chief"), job.said()
    assert re.search("the chief at .* has ended; its own output says why", job.text("worker")), job.said()


def test_other_flags_than_the_chiefs_are_named(faces, tmp_path):
    with Job(faces, tmp_path, workers=1, started=[]) as job:
        job.start("chief")
        job.flags += ["--adam_beta1=0.4", "--num_readers=1"]
        job.start("worker")
        assert set(job.exit_codes().values()) == {1}, job.said()
    for task in ("chief", "worker"):
        assert "worker 0 has other values or data than the chief: --adam_beta1; start all" in job.text(task), job.said()


def test_a_chief_that_never_comes_is_not_waited_for(faces, tmp_path):
    with Job(faces, tmp_path, "--collective_timeout_secs=2", workers=1, started=[("worker", 0)]) as job:
        assert set(job.exit_codes().values()) == {LOST}, job.said()
    assert re.search("127.0.0.1:\\d+ has not answered for 2 s", job.text("worker")), job.said()


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
    assert (worker.job, worker.index, worker.replica) == ("worker", 1, 2)
    evaluator = given(monkeypatch, cluster=HOSTS, task={"type": "evaluator"})
    assert evaluator.job == "evaluator" and evaluator.trainers == ["a:1", "b:1", "c:1"]
    no_chief = {"worker": ["b:1", "c:1"]}
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
    ],
)
def test_mistakes_in_tf_config_are_named(text, expected, monkeypatch, faces, tmp_path, fails):
    monkeypatch.setenv("TF_CONFIG", text)
    error = fails(train.main, f"--train_data_pattern={faces}", f"--train_dir={tmp_path}")
    assert expected in error


def test_a_port_that_is_taken_is_named(faces, tmp_path):
    job = Job(faces, tmp_path, workers=1, started=[("worker", 0)])
    host, port = job.cluster["worker"][0].split(":")
    with socket.create_server((host, int(port))), job:
        assert job.exit_codes() == {("worker", 0): 1}, job.said()
    assert "is another process listening there?" in job.text("worker"), job.said()


def test_parameter_servers_are_not_needed(monkeypatch, faces, tmp_path, capsys):
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": HOSTS, "task": {"type": "ps", "index": 0}}))
    assert run_train(faces, tmp_path / "none") == 0
    assert "ps 0 has nothing to do: training needs no parameter servers" in capsys.readouterr().out
    assert not (tmp_path / "none").exists()


def test_an_evaluator_sees_that_all_who_train_have_gone():
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(2)]
        chief, worker = (f"127.0.0.1:{server.getsockname()[1]}" for server in servers)
        cluster = tf_config.Cluster({"chief": [chief], "worker": [worker]}, "evaluator", 0)
        end = tf_config.JobEnd(cluster, 0.3)
        servers[0].close()
        time.sleep(0.4)
        assert not end.reached()  # the worker is there
    assert not end.reached()  # both may be started again
    time.sleep(0.4)
    assert end.reached()


def test_an_evaluator_needs_data(monkeypatch, faces, tmp_path, fails):
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": HOSTS, "task": {"type": "evaluator"}}))
    assert "--eval_data_pattern is needed" in fails(
        train.main, f"--train_data_pattern={faces}", f"--train_dir={tmp_path}"
    )


def test_an_evaluator_beside_a_chief_that_trains_alone(faces, tmp_path):
    with Job(faces, tmp_path, "--max_steps=20", "--collective_timeout_secs=20", workers=0, evaluator=True) as job:
        assert set(job.exit_codes().values()) == {0}, job.said()
        assert "model.ckpt-20: D right on" in "".join(job.output["evaluator", 0]), job.said()
