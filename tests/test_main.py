"""`gan COMMAND` runs each command as `python -m gan.COMMAND` does."""

import subprocess
import sys

from conftest import ROOT
from test_architecture import COMMANDS

from gan import __main__, __version__, linear_interpolation


def test_it_knows_all_commands():
    assert sorted(__main__.COMMANDS) == sorted(COMMANDS)


def test_a_command_runs_with_its_flags_and_its_exit_code(capsys):
    assert __main__.main(["gan", "linear-interpolation", "--help"]) == 0
    told = capsys.readouterr().out
    assert linear_interpolation.main(["x", "--help"]) == 0 and capsys.readouterr().out == told
    assert __main__.main(["gan", "train"]) == 2
    assert "train: --train_data_pattern is needed" in capsys.readouterr().err
    assert __main__.main(["gan", "organise", "log", "--arena_dir=/nowhere"]) == 1


def test_mistakes_and_help(capsys):
    assert __main__.main(["gan", "trian"]) == 2
    assert "'trian' is no command; the commands are prepare_data, train," in capsys.readouterr().err
    assert __main__.main(["gan"]) == 2 and __main__.main(["gan", "--help"]) == 0
    assert "Trains a generator and a discriminator" in capsys.readouterr().out
    assert __main__.main(["gan", "--version"]) == 0 and capsys.readouterr().out == f"gan-contest {__version__}\n"


def test_it_runs_as_a_module_and_as_a_folder():
    for words in (["-m", "gan"], ["gan"]):
        done = subprocess.run([sys.executable, *words, "--version"], cwd=ROOT, capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (0, f"gan-contest {__version__}\n"), done.stderr
