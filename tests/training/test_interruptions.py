"""Real processes, stopped and killed at random moments; GAN_TEST_KILLS sets how often."""

import os
import random
import signal
import time

import numpy as np
import pytest
from conftest import run_train, start
from test_train import weights

from gan.random_noise_generator import uniform_noise
from gan.snapshots import checkpoint_files
from gan.snapshots.snapshot import Snapshot

KILLS = int(os.environ.get("GAN_TEST_KILLS", "4"))
STEPS_PER_SNAPSHOT = 5  # so often that most kills come while something is being written


def start_training(faces, train_dir, *flags):
    """Starts training and waits until its loop is about to begin."""
    quick = ["--batch_size=16", "--seed=5", f"--export_model_steps={STEPS_PER_SNAPSHOT}"]
    process = start("train", f"--train_data_pattern={faces}", f"--train_dir={train_dir}", *quick, *flags)
    output = []
    for line in process.stdout:
        output.append(line)
        if "Ctrl-C saves and stops" in line:
            return process
    pytest.fail(f"training ended with exit code {process.wait()}: {''.join(output)}")


def test_killed_between_the_state_and_the_snapshot(faces, tmp_path):
    """The first snapshot, or a later one, is then written before anything else."""
    for last in (5, 10):
        assert run_train(faces, tmp_path, f"--max_steps={last}") == 0
        for path in tmp_path.glob(f"model.ckpt-{last}*"):
            path.unlink()
        (tmp_path / "checkpoint").unlink()
        assert run_train(faces, tmp_path, f"--max_steps={last}") == 0
        assert checkpoint_files.latest_snapshot(str(tmp_path)).step == last


def test_killed_at_random_moments(faces, tmp_path):
    random_ = random.Random(1)
    killed, straight = tmp_path / "killed", tmp_path / "straight"
    endless = ["--max_steps=1000000", "--num_epochs=1000000"]
    step, noise = 0, uniform_noise(4, 0)
    for _ in range(KILLS):
        process = start_training(faces, killed, *endless)
        time.sleep(random_.uniform(0, 1.5))
        process.kill()
        process.communicate()
        found = checkpoint_files.latest_snapshot(str(killed))
        if found:
            snapshot = Snapshot(str(killed), 2500)
            assert np.isfinite(snapshot.generate(noise)).all()
            assert snapshot.step % STEPS_PER_SNAPSHOT == 0
            assert found.step >= step, "a snapshot was lost"
            step = found.step
    last = step + 7
    assert run_train(faces, killed, "--num_epochs=1000000", f"--max_steps={last}") == 0
    assert run_train(faces, straight, "--num_epochs=1000000", f"--max_steps={last}") == 0
    after_kills, without = weights(killed), weights(straight)
    for name in without:
        np.testing.assert_allclose(after_kills[name], without[name], rtol=1e-5, atol=1e-6)
    assert not [p.name for p in killed.rglob("*") if ".tempstate" in p.name or p.name.endswith(".part")]


@pytest.mark.parametrize("number, code", [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)])
def test_asked_to_stop_it_saves_and_leaves(number, code, faces, tmp_path):
    if number == signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
        pytest.skip("the tests run under nohup, and so does the training: it goes on")
    flags = ["--max_steps=1000000", "--num_epochs=1000000", "--export_model_steps=1000000"]
    process = start_training(faces, tmp_path, *flags)
    time.sleep(1)
    process.send_signal(number)
    asked = time.monotonic()
    output, _ = process.communicate(timeout=60)
    assert process.returncode == code
    assert time.monotonic() - asked < 10
    assert "saved" in output and "Traceback" not in output
    found = checkpoint_files.latest_snapshot(str(tmp_path))
    assert found.step == checkpoint_files.latest_state(str(tmp_path)).step > 0
