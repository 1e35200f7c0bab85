"""Trials on real workers of Dask: what a trial saves comes home while it trains."""

import os

import dask_cluster
import pytest

from gan.distributed import remote_trials, trial_room, worker_pool
from gan.distributed.trial_room import TrialData, TrialFiles
from gan.snapshots import checkpoint_files

pytest.importorskip("distributed", reason="pip install 'gan-contest[cluster]'")

# Stands for train: saves a state every 10 steps, keeps the last one alone, and goes on from it.
STAND_IN = """
import glob, os, signal, sys, time
from gan.snapshots import checkpoint_files
flags = dict(word[2:].split("=", 1) for word in sys.argv[1:])
state = os.path.join(flags["train_dir"], "state")
found = checkpoint_files.latest_state(flags["train_dir"])
step = found.step if found else 0
print("from step", step, flush=True)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
os.makedirs(state, exist_ok=True)
while step < int(flags["max_steps"]):
    step += 10
    for ending in ("data-00000-of-00001", "index"):
        checkpoint_files.write(f"{state}/state.ckpt-{step}.{ending}", b"%d" % step)
    checkpoint_files.publish(state, "state.ckpt", step, 1)
    time.sleep(0.2)
"""


@pytest.fixture
def scheduler(tmp_path, monkeypatch):
    monkeypatch.setattr(remote_trials, "_SECONDS_BETWEEN_COPIES", 0.0)
    script = tmp_path / "stand_in.py"
    script.write_text(STAND_IN)
    chosen = f"trial_process.COMMAND = (sys.executable, {str(script)!r})"
    with dask_cluster.Scheduler(tmp_path) as scheduler:
        scheduler.start_worker(f"import sys\nfrom gan.distributed import trial_process\n{chosen}\n")
        yield scheduler


def begin(pool, folder, steps):
    trials = remote_trials.RemoteTrials(pool, str(folder), TrialData({}), print)
    dask_cluster.wait_for(trials.places)
    return trials.begin("trial-000", {"max_steps": steps})


def test_what_a_trial_saved_is_there_after_the_sweep_was_killed(scheduler, tmp_path):
    folder = tmp_path / "trial-000"
    with worker_pool.WorkerPool(None, scheduler.address) as pool:
        trial = begin(pool, tmp_path, 10**6)
        dask_cluster.wait_for(lambda: trial.exit_code or trial.is_lost or saved(folder) >= 30)
        assert trial.exit_code is None and not trial.is_lost, trial.last_line()
    # The pool is closed as if this process had been killed: nothing is fetched any more.
    before = saved(folder)
    assert len(list((folder / "state").glob("*.index"))) <= 2  # older ones were removed here, too
    with worker_pool.WorkerPool(None, scheduler.address) as pool:
        trial = begin(pool, tmp_path, before + 20)
        dask_cluster.wait_for(lambda: trial.exit_code is not None or trial.is_lost)
        assert trial.exit_code == 0, trial.last_line()
    assert f"from step {before}\n" in (folder / "output.txt").read_text()
    assert saved(folder) == before + 20


def saved(folder):
    found = checkpoint_files.latest_state(str(folder)) if folder.exists() else None
    return found.step if found else 0


def test_a_worker_that_loses_its_folder_takes_nothing_from_the_sweeps(tmp_path):
    for step in (10, 20):
        for ending in ("data-00000-of-00001", "index"):
            os.makedirs(tmp_path / "state", exist_ok=True)
            checkpoint_files.write(f"{tmp_path}/state/state.ckpt-{step}.{ending}", b"")
    checkpoint_files.publish(f"{tmp_path}/state", "state.ckpt", 20, 2)
    there = set(trial_room.packed(str(tmp_path)))
    trial_room.bring_home(str(tmp_path), TrialFiles({"state/state.ckpt-20.index"}, {}))
    assert set(trial_room.packed(str(tmp_path))) == there
    trial_room.bring_home(str(tmp_path), TrialFiles({name for name in there if "-10." not in name}, {}))
    assert set(trial_room.packed(str(tmp_path))) == {name for name in there if "-10." not in name}
