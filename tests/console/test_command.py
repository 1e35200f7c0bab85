"""A command's help, messages and exit codes; the ways to start it; the package that is built from all of them."""

import dataclasses
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import zipfile

import pytest
from conftest import ROOT
from test_architecture import COMMANDS

from gan.console import command
from gan.console.errors import ProcessLost, UserError
from gan.console.flags import flag


@dataclasses.dataclass(frozen=True)
class Config:
    """Flags for these tests."""

    name: str = flag(None, "A name.", required=True)
    rate: float = flag(0.5, "A rate.", at_least=0, group="Speed")
    colour: str = flag("red", "A colour.", choices=["red", "blue"])
    loud: bool = flag(False, "Loud or not.", group="Sound")
    limit: int = flag(None, "May be left out.", at_least=1, group="Speed")


def test_help_shows_flags_in_their_groups():
    assert (
        command.help_text("What it does.\n", Config)
        == """\
What it does.

Flags:
  --name=...  (needed)
      A name.
  --colour=...  (default: red)
      A colour. One of: red, blue.
  --flagfile=FILE
      Reads more flags from a file, one --name=value a line.

Speed:
  --rate=...  (default: 0.5)
      A rate.
  --limit=...  (default: not set)
      May be left out.

Sound:
  --[no]loud  (default: off)
      Loud or not."""
    )


def test_exit_codes_and_messages(capsys):
    def raising(error):
        def main(config):
            raise error

        return command.run(main, Config, ["x", "--name=a"])

    assert command.run(lambda config: None, Config, ["x", "--name=a"]) == 0
    assert command.run(lambda config: 143, Config, ["x", "--name=a"]) == 143
    assert raising(UserError("the cat is missing")) == 1
    assert "the cat is missing" in capsys.readouterr().err
    assert raising(ProcessLost("the chief has ended")) == 134
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


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A folder with the package's sdist and wheel, the wheel built from what the sdist holds."""
    folder = tmp_path_factory.mktemp("built")
    ignored = shutil.ignore_patterns(".git", ".venv", "demo", "*.egg-info", ".old-tensorflow")
    shutil.copytree(ROOT, folder / "source", ignore=ignored)
    setup = [sys.executable, "setup.py", "--quiet", "sdist", f"--dist-dir={folder}"]
    subprocess.run(setup, cwd=folder / "source", check=True, capture_output=True)
    (archive,) = folder.glob("*.tar.gz")
    wheel = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", str(archive)]
    subprocess.run([*wheel, f"--wheel-dir={folder}"], check=True)
    shutil.rmtree(folder / "source")
    return folder


def test_the_package_holds_every_file(built):
    """Pages, templates, recipes, the house team: everything in gan/ that a command reads."""
    tracked = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "gan").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    (sdist,), (wheel,) = built.glob("*.tar.gz"), built.glob("*.whl")
    with tarfile.open(sdist) as archive:
        in_sdist = {name.partition("/")[2] for name in archive.getnames()}
    with zipfile.ZipFile(wheel) as archive:
        in_wheel = set(archive.namelist())
    assert tracked - in_sdist == set()
    assert tracked - in_wheel == set()
    kinds = {pathlib.PurePath(name).suffix for name in tracked}
    assert {".py", ".yaml", ".flags", ".html", ".css", ".js", ".meta"} <= kinds


def test_the_package_works_in_another_folder(built, faces, tmp_path):
    """Installed without its dependencies, beside those that are here."""
    (wheel,) = built.glob("*.whl")
    target = tmp_path / "installed"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(target), str(wheel)]
    subprocess.run(install, check=True)
    run = subprocess.run(
        [sys.executable, "-m", "gan.train", f"--train_data_pattern={faces}", "--train_dir=run", "--max_steps=2"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(target)},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "run" / "model.ckpt-2.meta").exists()
