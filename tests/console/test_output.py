"""Work goes on, and is saved, whatever becomes of the terminal, the pipe or the file that it prints to."""

import errno
import os
import signal
import subprocess
import sys
import time

import pytest
import tensorflow.compat.v1 as tf
from conftest import ROOT

from gan.console import output

TEAM = "불꽃 팀 🔥"


def command(name, *flags):
    return [sys.executable, "-m", f"gan.{name}", *flags]


def environment(**others):
    return {**os.environ, "PYTHONPATH": str(ROOT), **others}


def training(data, folder, *flags):
    return command("train", f"--train_data_pattern={data}", f"--train_dir={folder}", "--batch_size=8", *flags)


def newest(folder):
    return tf.train.latest_checkpoint(str(folder)).rpartition("-")[2]


def test_a_training_whose_reader_has_gone_goes_on_and_says_so(faces, tmp_path):
    """As in `train | head -1`."""
    flags = ["--max_steps=40", "--export_model_steps=1000"]
    read, write = os.pipe()
    process = subprocess.Popen(
        training(faces, tmp_path, *flags), stdout=write, stderr=subprocess.PIPE, env=environment(), text=True
    )
    os.close(write)
    with os.fdopen(read) as pipe:
        assert pipe.readline()
    told = process.stderr.read()
    assert process.wait() == 0 and newest(tmp_path) == "40"
    assert told.count("\n") == 1 and f"saved {tmp_path}/model.ckpt-40" in told


def test_ctrl_c_that_ends_the_reader_too_still_saves_and_says_so(faces, tmp_path):
    """As in `train | tee log`, where both processes get the signal."""
    process = subprocess.Popen(
        training(faces, tmp_path, "--num_epochs=1000000", "--export_model_steps=1000000"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
        text=True,
    )
    while "step" not in process.stdout.readline():
        pass
    time.sleep(1)
    process.stdout.close()
    process.send_signal(signal.SIGINT)
    told = process.stderr.read()
    assert process.wait() == 128 + signal.SIGINT
    assert "stopped by a signal" in told and f"saved {tmp_path}/model.ckpt-{newest(tmp_path)}" in told
    assert "Traceback" not in told and "Exception ignored" not in told


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp949", "ascii:strict"])
def test_a_name_that_the_terminal_lacks_is_escaped(encoding, trained, faces, tmp_path):
    teams = tmp_path / "teams.csv"
    teams.write_text(f"team,path\n{TEAM},{trained}\nB,{trained}\n", encoding="utf-8")
    flags = ["--mode=tournament", f"--teams={teams}", f"--input_data_pattern={faces}", f"--arena_dir={tmp_path}/arena"]
    done = subprocess.run(command("battle", *flags), env=environment(PYTHONIOENCODING=encoding), capture_output=True)
    told = done.stdout.decode(encoding.partition(":")[0])
    assert done.returncode == 0, done.stderr
    assert "\\U0001f525" in told and ("불꽃" in told) == (encoding == "cp949")
    assert b"wins tournament" in done.stdout


def test_a_tournament_whose_reader_has_gone_is_played_to_its_end(trained, faces, tmp_path):
    teams = tmp_path / "teams.csv"
    teams.write_text("team,path\n" + "".join(f"{name},{trained}\n" for name in "ABC"))
    flags = ["--mode=tournament", f"--teams={teams}", f"--input_data_pattern={faces}", f"--arena_dir={tmp_path}/arena"]
    line = " ".join(command("battle", *flags))
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line} | head -1"], env=environment(), capture_output=True, text=True
    )
    assert done.returncode == 0 and done.stdout.count("\n") == 1
    assert " wins tournament" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has /dev/full")
def test_a_full_disk_under_the_log_is_told_once(faces, tmp_path):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            training(faces, tmp_path, "--max_steps=5"),
            stdout=full,
            stderr=subprocess.PIPE,
            env=environment(),
            text=True,
        )
    assert done.returncode == 0 and newest(tmp_path) == "5"
    first, last = done.stderr.splitlines()
    assert first == "the output cannot be written (No space left on device); the work goes on without it"
    assert "saved" in last


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_what_was_closed_from_the_start_is_not_missed(closed, faces, tmp_path):
    line = " ".join(training(faces, tmp_path, "--max_steps=3"))
    done = subprocess.run(["sh", "-c", f"{line} {closed}"], env=environment(), capture_output=True, text=True)
    assert done.returncode == 0 and newest(tmp_path) == "3"
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize("words", ["battle --help", "organise --help"])
def test_help_that_nobody_reads_to_its_end_is_no_error(words):
    line = f"{sys.executable} -m gan.{words}; echo $? >&2"
    done = subprocess.run(["bash", "-c", f"({line}) | head -1"], env=environment(), capture_output=True, text=True)
    assert done.stderr == "0\n" and done.stdout.count("\n") == 1


def test_a_terminal_that_is_closed_ends_nothing_unsaved(faces, tmp_path):
    """The bar of a terminal goes to stderr: both are lost at once, with SIGHUP, also if the tests run under nohup."""
    controller, terminal = os.openpty()
    process = subprocess.Popen(
        training(faces, tmp_path, "--num_epochs=1000000", "--export_model_steps=1000000"),
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env=environment(),
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
    )
    os.close(terminal)
    told = b""
    while b"step" not in told:
        told += os.read(controller, 4096)
    time.sleep(1)
    os.close(controller)
    process.send_signal(signal.SIGHUP)
    assert process.wait(timeout=120) == 128 + signal.SIGHUP and int(newest(tmp_path)) > 0


def test_a_stream_that_cannot_be_reconfigured_may_fail_twice():
    """As a notebook's may: it lacks a character, and is gone when the escaped text comes."""

    class Ascii:
        encoding = "ascii"

        def write(self, text):
            text.encode("ascii")
            raise BrokenPipeError(errno.EPIPE, "Broken pipe")

        def fileno(self):
            raise ValueError

    stream = output.LastingStream(Ascii())
    assert stream.write("불꽃") == 2 and isinstance(stream.lost, BrokenPipeError)
