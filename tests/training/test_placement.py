"""How many threads share an operation of a training."""

import pytest

from gan.training import placement


@pytest.mark.parametrize("cores, threads", [(1, 0), (2, 1), (4, 0), (16, 0)])
def test_on_two_cores_an_operation_has_one_thread(monkeypatch: pytest.MonkeyPatch, cores: int, threads: int) -> None:
    monkeypatch.delenv("TF_NUM_INTRAOP_THREADS", raising=False)
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: set(range(cores)), raising=False)
    assert placement.Placement(1).session_config().intra_op_parallelism_threads == threads


def test_tensorflows_own_variable_has_the_last_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "2")
    assert placement.threads_per_operation(2) == 0


def test_systems_that_do_not_tell_which_cores_a_process_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TF_NUM_INTRAOP_THREADS", raising=False)
    monkeypatch.delattr("os.sched_getaffinity", raising=False)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    assert placement.Placement(1).session_config().intra_op_parallelism_threads == 1
