"""Lines of progress in a file or a pipe, and a bar on a terminal that changes its size."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
import time

import pytest
from conftest import ROOT

from gan.console import progress


@pytest.fixture
def lines(monkeypatch, capsys):
    """Runs work with a line for each update; returns what it printed."""
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0)

    def run(work, **options):
        capsys.readouterr()
        with progress.Progress("counting", 3, "image", **options) as shown:
            work(shown)
        return capsys.readouterr().out.splitlines()

    return run


def test_the_last_line_is_not_printed_twice(lines):
    assert lines(lambda shown: [shown.update() for _ in range(3)]) == [
        "counting: 1/3 images",
        "counting: 2/3 images",
        "counting: 3/3 images",
    ]


def test_a_last_line_with_another_note_is_printed(lines, monkeypatch):
    def work(shown):
        shown.update(3, note="loss 1")
        monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 1000)
        shown._next_line = time.monotonic() + 1000
        shown.update(0, note="loss 2")

    assert lines(work) == ["counting: 3/3 images loss 1", "counting: 3/3 images loss 2"]


def test_work_of_no_units_says_so_once(lines):
    assert lines(lambda shown: None) == ["counting: 0/3 images"]


BAR = """
import sys, time
from gan.console.progress import Progress
with Progress("counting", 40, "image") as shown:
    for number in range(40):
        shown.update(1, note="a note that needs room on the terminal")
        if number % 10 == 0:
            shown.say(f"line {number}")
        time.sleep(0.1)
"""


def widths(text):
    """Characters of each state of the bar."""
    states = [part for part in text.replace("\n", "\r").split("\r") if part.startswith("counting")]
    return [len(part) for part in states]


def test_a_bar_follows_the_size_of_its_terminal():
    """Made narrow while it runs: no state of the bar is longer than the terminal, and lines stay whole."""
    ours, theirs = pty.openpty()

    def resize(columns):
        fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    resize(100)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen([sys.executable, "-c", BAR], stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    wide, narrow, sink = b"", b"", []
    try:
        while len(wide) < 1500:
            wide += os.read(ours, 4096)
        resize(40)
        begun = time.monotonic()
        while time.monotonic() - begun < 120:
            part = os.read(ours, 4096)
            sink.append((time.monotonic() - begun, part))
    except OSError:  # its end
        pass
    assert process.wait(60) == 0
    os.close(ours)
    narrow = b"".join(part for after, part in sink if after > 1)
    assert 60 < max(widths(wide.decode())) <= 100
    assert max(widths(narrow.decode())) <= 40
    for number in (0, 10, 20, 30):
        assert f"line {number}\r\n" in (wide + b"".join(part for _, part in sink)).decode()


def test_two_readers_of_one_file_see_whole_lines(tmp_path):
    """`> log` read by two `tail -f`: each line comes in one piece, and none is lost or doubled.

    All are less than a page of 4,096 bytes: a line across two pages may be seen in two pieces, as the system writes it.
    """
    log = tmp_path / "log"
    program = (
        "from gan.console import progress\n"
        "progress.SECONDS_BETWEEN_LINES = 0\n"
        "with progress.Progress('counting', 150) as shown:\n"
        "    for _ in range(150): shown.update()\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with log.open("w") as file:
        process = subprocess.Popen([sys.executable, "-c", program], stdout=file, env=environment)
    seen = ["", ""]
    with log.open() as one, log.open() as two:
        while process.poll() is None:
            for number, reader in enumerate((one, two)):
                part = reader.read()
                assert not part or part.endswith("\n")
                seen[number] += part
        seen = [text + reader.read() for text, reader in zip(seen, (one, two))]
    assert seen[0] == seen[1] and seen[0].splitlines() == [f"counting: {n}/150 images" for n in range(1, 151)]
