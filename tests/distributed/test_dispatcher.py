"""The pool of workers and the jobs that it is given, with a real scheduler of Dask."""

import os
import socket
import sys

import dask_cluster
import pytest

from gan.console.errors import HostError, UserError
from gan.distributed import attendance, code_version, dispatcher, snapshot_room, worker_pool
from gan.distributed.snapshot_room import RoomPlan, RoomReport
from gan.sandbox import child_process, staging

pytest.importorskip("distributed", reason="pip install 'gan-contest[cluster]'")

PLAN = RoomPlan(2500, child_process.DEFAULT_LIMITS, 4, None)
REPORT = RoomReport(code_version.here(), (), {}, "")


def fail(room, argument):
    """A job that nobody can do."""
    raise AssertionError


def test_a_pool_without_workers_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(attendance, "SECONDS_ALONE", 0.5)
    callbacks = dispatcher.Callbacks(lambda: REPORT, lambda digest: {}, lambda job, result: None, print)
    with dask_cluster.Scheduler(tmp_path) as scheduler, worker_pool.WorkerPool(None, scheduler.address) as pool:
        jobs = [dispatcher.Job(0, fail, None, ())]
        with pytest.raises(worker_pool.PoolLost, match="for 0 s no worker has been there, or Dask has paused"):
            dispatcher.Dispatcher(pool, PLAN, False, callbacks).run(jobs)
        monkeypatch.setattr(worker_pool, "CONNECT_SECONDS", 2)
        scheduler.process.kill()
        with pytest.raises(worker_pool.PoolLost, match="the scheduler is gone"):
            for _ in range(5):  # until the connection is closed
                pool.addresses()


NO_ADDRESSES = ["10.0.0.5", "tcp://10.0.0.5", "", "tcp://10.0.0.5:8786/x", "http://10.0.0.5:8786", "tcp://::1:8786"]


@pytest.mark.parametrize("address", NO_ADDRESSES)
def test_what_is_no_address_is_told(address):
    with pytest.raises(UserError, match=f"--scheduler={address} is no address of a scheduler, such as tcp://"):
        worker_pool.WorkerPool(None, address)


def test_a_scheduler_that_says_nothing_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(worker_pool, "CONNECT_SECONDS", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent:  # connects, as one that is stopped does
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(UserError, match=r"does not answer \(nothing was heard for 1 s\)"):
            worker_pool.WorkerPool(None, address)
    with pytest.raises(UserError, match="address begins with tls://, and Dask's settings name the certificates"):
        worker_pool.WorkerPool(None, address.replace("tcp", "tls"))


def test_a_name_that_nobody_knows_is_told(monkeypatch):
    monkeypatch.setattr(worker_pool, "CONNECT_SECONDS", 1)
    with pytest.raises(UserError, match=r"does not answer \(.*[Nn]ame"):
        worker_pool.WorkerPool(None, "tcp://nobody.invalid:8786")


NO_GAN = "import sys\nsys.modules['gan'] = None\n"
PATCHED = """
import importlib.{0} as patched
original = patched.{1}
patched.{1} = lambda name, *more: {2} if name == {3!r} else original(name, *more)
"""
NO_TENSORFLOW = PATCHED.format("util", "find_spec", None, "tensorflow")
OTHER_DASK = PATCHED.format("metadata", "version", "'1.0'", "dask")


def test_a_worker_that_cannot_read_calls_is_asked_only_what_does_not_end_it(tmp_path):
    with dask_cluster.Scheduler(tmp_path) as scheduler, worker_pool.WorkerPool(None, scheduler.address) as pool:
        found = {}
        for first, expected in [
            (NO_GAN, "it cannot import gan; install the same"),
            (NO_TENSORFLOW, "it has no TensorFlow; install the same"),
            (OTHER_DASK, "it has version 1.0 of dask, and this machine 2"),
            ("", None),
        ]:
            scheduler.start_worker(first)
            dask_cluster.wait_for(lambda: set(pool.addresses()) - set(found))
            (address,) = set(pool.addresses()) - set(found)
            found[address] = expected
        for address, expected in found.items():
            why = pool.why_unfit(address)
            assert why is None if expected is None else why.startswith(expected)
        assert pool.addresses() == sorted(found)


def test_a_worker_that_is_paused_takes_no_calls(tmp_path):
    """Nor one that retires: what it had would wait for ever."""
    with dask_cluster.Scheduler(tmp_path) as scheduler, worker_pool.WorkerPool(None, scheduler.address) as pool:
        scheduler.start_worker("", "--memory-limit=10MB")  # which it has passed when it begins
        dask_cluster.wait_for(lambda: pool._client.nthreads())
        dask_cluster.wait_for(lambda: not pool.addresses())
        assert pool._client.nthreads()


def test_a_result_is_not_waited_for_if_its_worker_is_lost(tmp_path, capfd):
    """It may be killed after its call is done and before the result is here."""
    with dask_cluster.Scheduler(tmp_path) as scheduler, worker_pool.WorkerPool(None, scheduler.address) as pool:
        worker = scheduler.start_worker()
        dask_cluster.wait_for(pool.addresses)
        (address,) = pool.addresses()
        call, late = pool.submit(address, bytes, 10**6), pool.submit(address, exec, "raise TimeoutError('its own')")
        dask_cluster.wait_for(lambda: call.done() and late.done())
        with pytest.raises(TimeoutError, match="its own"):
            worker_pool.result_of(late)
        worker.kill()
        with pytest.raises(worker_pool.ResultLost):
            worker_pool.result_of(call)
    assert "Traceback" not in capfd.readouterr().err  # of Dask's own waiting


def test_a_scheduler_with_another_gan_is_told(tmp_path):
    (tmp_path / "gan" / "distributed").mkdir(parents=True)
    for name in ("__init__.py", "distributed/__init__.py", "distributed/worker_pool.py"):
        (tmp_path / "gan" / name).touch()
    with dask_cluster.Scheduler(tmp_path) as scheduler:
        with pytest.raises(UserError, match="the scheduler has no gan, or another one; install the same gan-contest"):
            worker_pool.WorkerPool(None, scheduler.address)


def test_a_room_opens_what_was_sent(tmp_path):
    found = staging.stage(snapshot_room._HOUSE_TEAM, str(tmp_path))
    room = snapshot_room.SnapshotRoom(PLAN)
    with pytest.raises(HostError, match="the files of house were not sent to this worker"):
        room.open(found.digest, "house")
    room.keep(found.digest, staging.packed(str(tmp_path), found.digest))
    assert room.open(found.digest, "house") is room.open(found.digest, "house")
    assert room.open(found.digest, "house").verify().generator_sees_batch is False
    folder = room._folder
    room.close()
    assert not os.path.exists(folder)


def test_without_dask_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "dask.distributed", None)
    with pytest.raises(UserError, match="need the library Dask, which .*cluster"):
        worker_pool.WorkerPool(2, None)
