import contextlib
import subprocess
import sys
import time

import hostile
import pytest
import tensorflow.compat.v1 as tf

from gan.console.errors import ContractError
from gan.random_noise_generator import uniform_noise
from gan.sandbox import child_process, memory_watch, sandbox

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
MEBIBYTE = 2**20
DEADLINE = 60  # seconds, on a busy machine


class Taker:
    """A process that takes memory, as a watch sees it."""

    def __init__(self, mebibytes):
        program = f"kept = bytearray(b'x') * ({mebibytes} << 20); print('ready', flush=True); input()"
        self.process = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.process.stdout.readline()
        self.excess, self.was_ended = None, False

    @property
    def pid(self):
        return None if self.was_ended else self.process.pid

    def end_for_memory(self, excess):
        self.process.kill()
        self.excess, self.was_ended = excess, True

    def close(self):
        self.process.kill()
        self.process.communicate()


@contextlib.contextmanager
def watching(budget, *sizes):
    takers = [Taker(size) for size in sizes]
    watch = memory_watch.MemoryWatch(0, budget * MEBIBYTE)  # they have no parent with which they share memory
    for taker in takers:
        watch.add(taker)
    try:
        yield watch, takers
    finally:
        watch.close()
        for taker in takers:
            taker.close()


def test_the_one_that_takes_the_most_beyond_its_share_is_ended_and_no_other():
    with watching(200, 30, 150, 60) as (_, takers):
        until = time.monotonic() + DEADLINE
        while not takers[1].was_ended and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(3 * memory_watch.LOOK_SECONDS)
        assert [taker.was_ended for taker in takers] == [False, True, False]
        assert takers[1].excess.taken >= 150 * MEBIBYTE and takers[1].excess.share == 200 * MEBIBYTE // 3


def test_nobody_is_ended_within_the_budget():
    with watching(1000, 30, 150, 60) as (watch, takers):
        time.sleep(4 * memory_watch.LOOK_SECONDS)
        assert not any(taker.was_ended for taker in takers)
        assert not watch.is_crowded()


def test_it_is_crowded_before_anybody_is_ended():
    with watching(300, 80, 80, 90) as (watch, takers):
        assert watch.is_crowded()
        assert not any(taker.was_ended for taker in takers)


def test_nobody_fails_for_memory_that_other_programs_take(monkeypatch):
    monkeypatch.setattr(memory_watch, "_bytes_left", lambda: 0)
    with watching(200, 20, 120) as (watch, takers):
        until = time.monotonic() + DEADLINE
        while not takers[1].was_ended and time.monotonic() < until:
            time.sleep(0.05)
        assert takers[1].was_ended and takers[1].excess is None  # ended, but not blamed
        assert not takers[0].was_ended and watch.is_crowded()


def test_a_snapshot_that_takes_more_than_its_share_fails_with_a_sentence(tmp_path):
    """Within its own limit: only the budget of all stops it, and the other snapshot plays on."""

    def greedy(noise):
        large = tf.ones([14000, 7000]) * tf.reduce_mean(noise)  # 374 MiB, and the same again for a product
        for _ in range(6):
            large = tf.sin(large) + tf.cos(large)
        return hostile.fair_generator(noise) + 0 * tf.reduce_mean(large)

    hostile.write(tmp_path / "greedy", generator=greedy)
    hostile.write(tmp_path / "fair")
    limits = child_process.SandboxLimits(memory=8 << 30, all_memory=400 * MEBIBYTE)
    with sandbox.Sandbox(limits) as opened:
        fair = opened.open(str(tmp_path / "fair"), hostile.SIZE)
        with pytest.raises(ContractError, match="its share is 200 MiB"):
            opened.open(str(tmp_path / "greedy"), hostile.SIZE).generate(uniform_noise(15, 0))
        assert fair.generate(uniform_noise(15, 0)).shape == (15, hostile.SIZE)
