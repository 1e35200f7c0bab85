"""Completion in the shell, asked as the shell's function asks."""

import os
import subprocess
import sys

import pytest
from conftest import ROOT

from gan import __main__, organise

SEPARATOR = "\013"


def completed(line, folder=ROOT):
    """What the shell is told at the end of a line."""
    asked = {"_ARGCOMPLETE": "1", "COMP_LINE": line, "COMP_POINT": str(len(line)), "COMP_TYPE": "9", "IFS": SEPARATOR}
    told = folder / "told"
    environment = {**os.environ, **asked, "_ARGCOMPLETE_STDOUT_FILENAME": str(told)}
    environment.pop("_ARC_DEBUG", None)
    command = [sys.executable, "-m", "gan"]
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True)
    assert done.stdout == "" and "Traceback" not in done.stderr
    return told.read_text().split(SEPARATOR) if told.exists() and told.stat().st_size else []


@pytest.mark.parametrize(
    "line, expected",
    [
        ("gan ", [*__main__.COMMANDS, "--help", "--version"]),
        ("gan tra", ["train "]),
        ("gan train --max_", ["--max_steps", "--max_minutes"]),
        ("gan train --nodry", ["--nodry_run "]),
        ("gan battle --mode ", ["match", "tournament", "mock", "league", "check"]),
        ("gan battle --mode=le", ["--mode=league "]),
        ("gan organise ", [action.name for action in organise.ACTIONS]),
        ("gan organise annul --mat", ["--match "]),
        ("gan prepare-data --sour", ["--source "]),
        ("gan train --train_dir=ru", ["--train_dir=run1/"]),
        ("gan train --max_steps ", []),  # a number is no file
        ("gan nonsense --", []),
        ("gan organise nonsense --", []),
    ],
)
def test_the_shell_is_told_what_may_follow(line, expected, tmp_path):
    pytest.importorskip("argcomplete", reason="pip install 'gan-contest[completion]'")
    (tmp_path / "run1").mkdir()
    assert completed(line, tmp_path) == expected


def test_who_is_not_asked_imports_nothing_for_it():
    code = "import sys\nfrom gan import __main__\n__main__.main(['gan', 'train', '--help'])\n"
    code += "assert not {'argcomplete', 'argparse'} & set(sys.modules)\n"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
