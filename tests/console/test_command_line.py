"""Help and mistakes come at once; the three ways of starting a command all work."""

import dataclasses
import os
import pathlib
import shutil
import subprocess
import sys

import pytest
from conftest import ROOT
from test_architecture import COMMANDS

from gan import train
from gan.console import command, flags
from gan.console.errors import UserError
from gan.console.flags import flag


@dataclasses.dataclass(frozen=True)
class Config:
    """Flags for these tests."""

    name: str = flag(None, "A name.", required=True)
    count: int = flag(3, "A count.", at_least=1)
    rate: float = flag(0.5, "A rate.", at_least=0)
    loud: bool = flag(False, "Loud or not.")
    limit: int = flag(None, "May be left out.", at_least=1)
    colour: str = flag("red", "A colour.", choices=["red", "blue"])


def test_flags_become_a_dataclass(tmp_path):
    (tmp_path / "more.flags").write_text("--rate=0.25\n# a comment\n--loud\n")
    config = flags.parse(Config, ["x", "--name", "a", "--count=7", f"--flagfile={tmp_path}/more.flags"])
    assert config == Config(name="a", count=7, rate=0.25, loud=True, limit=None, colour="red")


@pytest.mark.parametrize(
    "arguments, expected",
    [
        ([], "--name is needed"),
        (["--name=a", "--count=0"], "--count=0"),
        (["--name=a", "--rate=-1"], "--rate=-1"),
        (["--name=a", "--count=many"], "--count=many"),
        (["--name=a", "--colour=green"], "red"),
        (["--name=a", "--cuont=2"], "count"),
        (["--name=a", "stray"], "stray"),
    ],
)
def test_wrong_flags_are_named(arguments, expected, capsys):
    assert command.run(lambda config: pytest.fail("ran"), Config, ["x", *arguments]) == 2
    assert expected in capsys.readouterr().err


def test_exit_codes_and_messages(capsys):
    def raising(error):
        def main(config):
            raise error

        return command.run(main, Config, ["x", "--name=a"])

    assert command.run(lambda config: None, Config, ["x", "--name=a"]) == 0
    assert command.run(lambda config: 143, Config, ["x", "--name=a"]) == 143
    assert raising(UserError("the cat is missing")) == 1
    assert "the cat is missing" in capsys.readouterr().err
    assert raising(PermissionError(13, "Permission denied", "/root/x")) == 1
    assert "/root/x: Permission denied" in capsys.readouterr().err
    assert raising(KeyboardInterrupt()) == 130


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_help_teaches_every_flag_without_tensorflow(command):
    code = (
        f"import sys; from gan import {command} as c; c.main(['x', '--help']); assert 'tensorflow' not in sys.modules"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert f"python -m gan.{command}" in printed
    assert printed.count("\n  --") >= 4 or "\nActions:\n" in printed


def in_new_python(code, **environment):
    """Runs code in a process of its own; returns what it prints."""
    environment = {**os.environ, **environment}
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    ).stdout


def test_tensorflow_comes_without_keras_until_somebody_uses_it():
    code = """
import gc, sys
from gan import train
from gan.console import tensorflow_import
tensorflow_import.import_tensorflow()
assert gc.isenabled() and "keras" not in sys.modules and "keras.src.optimizers" not in sys.modules
import tensorflow as tf
from tensorflow.keras import layers
import tensorflow.compat.v1 as tf1
print(layers.Dense is tf.keras.layers.Dense is tf1.keras.layers.Dense, tf.keras.optimizers.Adam.__name__)
"""
    assert in_new_python(code) == "True Adam\n"


@pytest.mark.parametrize("given, used", [({}, "1"), ({"TF_ENABLE_ONEDNN_OPTS": "0"}, "0")])
def test_onednn_is_on_unless_the_user_says_no(given, used, monkeypatch):
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS", raising=False)  # set in this process by importing gan
    code = "from gan.console import tensorflow_import; import os, sys; assert 'tensorflow' not in sys.modules; "
    code += "tensorflow_import.import_tensorflow(); print(os.environ['TF_ENABLE_ONEDNN_OPTS'])"
    assert in_new_python(code, **given) == f"{used}\n"


@pytest.mark.parametrize("arguments", [["--help"], ["--no_such_flag"], ["--train_data_pattern=x", "--batch_size=0"]])
def test_three_ways_to_start(arguments, tmp_path):
    ways = [
        ([sys.executable, "-m", "gan.train"], ROOT),
        ([sys.executable, "train.py"], ROOT / "gan"),
        ([sys.executable, str(ROOT / "gan" / "train.py")], tmp_path),
    ]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    results = [
        subprocess.run([*way, *arguments], cwd=folder, env=environment, capture_output=True, text=True)
        for way, folder in ways
    ]
    assert len({(r.returncode, r.stdout, r.stderr) for r in results}) == 1
    assert results[0].returncode == (0 if arguments == ["--help"] else 2)


def test_package_works_from_its_sdist_in_another_folder(tmp_path, faces):
    """Built, installed without its dependencies beside those that are here, and run elsewhere."""
    source = tmp_path / "source"
    shutil.copytree(
        ROOT, source, ignore=shutil.ignore_patterns(".git", ".venv", "demo", "*.egg-info", ".old-tensorflow")
    )
    subprocess.run([sys.executable, "setup.py", "--quiet", "sdist"], cwd=source, check=True, capture_output=True)
    (archive,) = (source / "dist").glob("*.tar.gz")
    target = tmp_path / "installed"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*install, "--target", str(target), str(archive)], check=True)
    shutil.rmtree(source)
    run = subprocess.run(
        [sys.executable, "-m", "gan.train", f"--train_data_pattern={faces}", "--train_dir=run", "--max_steps=2"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(target)},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "run" / "model.ckpt-2.meta").exists()
    assert (target / "gan" / "__init__.py").exists()


@pytest.mark.parametrize(
    "given", ["--flagfile=gan/recipes/faces_10min.flags", "--flagfile gan/recipes/faces_10min.flags"]
)
def test_recipes_are_found_from_anywhere(given, tmp_path, monkeypatch):
    """From a folder that has no gan/recipes; what follows on the command line wins."""
    monkeypatch.chdir(tmp_path)
    config = flags.parse(train.TrainConfig, ["train", *given.split(), "--train_data_pattern=x", "--batch_size=7"])
    assert (config.max_minutes, config.batch_size) == (10, 7)
    with pytest.raises(flags.FlagError):
        flags.parse(train.TrainConfig, ["train", "--flagfile=gan/recipes/absent.flags"])


@pytest.mark.parametrize(
    "path", sorted(pathlib.Path(train.__file__).parent.glob("recipes/*.flags")), ids=lambda p: p.stem
)
def test_recipes_hold_flags_of_train(path):
    config = flags.parse(train.TrainConfig, ["train", f"--flagfile={path}", "--train_data_pattern=x"])
    assert config.max_minutes and config.num_epochs > 1000
