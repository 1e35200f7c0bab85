"""Signals that end a block as Ctrl-C does."""

import dataclasses
import gc
import os
import signal
import subprocess
import sys
import time

import pytest

from gan.console import command, signals

SECONDS = 60  # at most


@dataclasses.dataclass(frozen=True)
class Nothing:
    """No flags."""


class Finalized:
    """Gets a signal while it is finalized, where Python drops what a handler raises."""

    def __init__(self, number):
        self.number = number

    def __del__(self):
        signal.raise_signal(self.number)


def finalized(number):
    one = Finalized(number)
    del one


def collected(number):
    """Sends a signal in a callback of the garbage collection, as libraries have them."""

    def callback(phase, info):
        gc.callbacks.remove(callback)
        signal.raise_signal(number)

    gc.callbacks.append(callback)
    gc.collect()


def work_on(config, dropped_in, number):
    with signals.terminated_as_interrupted():
        dropped_in(number)
        time.sleep(SECONDS)
    raise AssertionError("the interrupt is lost")


def test_ctrl_c_that_is_ignored_stays_ignored():
    """As of what a script runs in its background."""
    former = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with signals.SignalCatcher() as catcher:
            signal.raise_signal(signal.SIGINT)
            assert catcher.caught is None
            signal.raise_signal(signal.SIGTERM)
            assert catcher.caught == signal.SIGTERM
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, former)


@pytest.mark.parametrize("dropped_in", [finalized, collected])
def test_an_interrupt_that_python_drops_ends_a_command(dropped_in, capsys):
    before = signal.getsignal(signal.SIGINT), sys.unraisablehook
    assert command.run(lambda config: work_on(config, dropped_in, signal.SIGINT), Nothing, ["work"], doc="") == 130
    assert (signal.getsignal(signal.SIGINT), sys.unraisablehook) == before
    assert capsys.readouterr().err.endswith(": interrupted\n")


@pytest.mark.parametrize("dropped_in", [finalized, collected])
def test_a_process_dies_of_the_signal_that_python_dropped(dropped_in):
    code = f"import test_signals\ntest_signals.die_of({dropped_in.__name__!r})"
    process = subprocess.run([sys.executable, "-c", code], cwd=os.path.dirname(__file__), timeout=SECONDS)
    assert process.returncode == -signal.SIGTERM


def die_of(dropped_in):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with signals.interrupts_kept():
        work_on(None, globals()[dropped_in], signal.SIGTERM)


def test_what_else_python_drops_is_told_as_before(capsys):
    class Fails:
        def __del__(self):
            raise ValueError("told")

    told = []
    former, sys.unraisablehook = sys.unraisablehook, lambda dropped: told.append(str(dropped.exc_value))
    try:
        with signals.interrupts_kept():
            Fails()
    finally:
        sys.unraisablehook = former
    assert told == ["told"]


def test_a_ctrl_c_that_is_ignored_stays_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with signals.interrupts_kept(), signals.terminated_as_interrupted():
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)
