"""The package's names: one version, one file name on every Python, a changelog that begins with it."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile

import pytest
import setuptools
from conftest import ROOT

from gan import __version__
from gan.arena.battle_flags import _GONE_MODES, BattleFlags

CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
ARCHIVE = f"gan_contest-{__version__}.tar.gz"
MINORS = (10, 11, 12, 13)


def interpreter(minor):
    """Path to a Python 3.`minor`; skips the test if there is none."""
    if sys.version_info[:2] == (3, minor):
        return sys.executable
    installed = sorted(pathlib.Path.home().glob(f".pyenv/versions/3.{minor}.*/bin/python"))
    for path in [*map(str, installed), shutil.which(f"python3.{minor}")]:
        if path and not subprocess.run([path, "-c", ""], capture_output=True).returncode:
            return path
    pytest.skip(f"there is no Python 3.{minor}")


def environment_of(python, folder):
    """Variables with which a Python finds setuptools: its own, or ours if it has none."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    if subprocess.run([python, "-c", "import setuptools"], env=environment, capture_output=True).returncode:
        ours = pathlib.Path(setuptools.__file__).parent.parent
        for name in ("setuptools", "_distutils_hack", "pkg_resources"):
            if (ours / name).exists():
                (folder / name).symlink_to(ours / name)
        environment["PYTHONPATH"] = str(folder)
        if subprocess.run([python, "-c", "import setuptools"], env=environment, capture_output=True).returncode:
            pytest.skip(f"neither {python} has setuptools nor runs our {setuptools.__version__}: install it there")
    return environment


@pytest.mark.parametrize("minor", MINORS)
def test_every_python_writes_the_file_that_jobs_name(minor, tmp_path):
    python, source, borrowed = interpreter(minor), tmp_path / "source", tmp_path / "borrowed"
    borrowed.mkdir()
    (source / "gan").mkdir(parents=True)
    for name in ("setup.py", "README.md", "MANIFEST.in", "LICENSE", "gan/__init__.py"):
        shutil.copy(ROOT / name, source / name)
    command = [python, "setup.py", "--quiet", "sdist"]  # as docs/cloud.md says it
    environment = environment_of(python, borrowed)
    done = subprocess.run(command, cwd=source, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert os.listdir(source / "dist") == [ARCHIVE]
    with tarfile.open(source / "dist" / ARCHIVE) as archive:
        assert {name.partition("/")[0] for name in archive.getnames()} == {ARCHIVE.removesuffix(".tar.gz")}


def test_every_job_and_page_names_this_version():
    pages = [*(ROOT / "gan").glob("*.yaml"), *ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
    named = {path.name: re.findall(r"gan_contest-[\d.]+\.tar\.gz", path.read_text(encoding="utf-8")) for path in pages}
    assert {name for names in named.values() for name in names} == {ARCHIVE}
    assert all(named[name] for name in ("cloud.md", "guide.ko.md", "vertex-gpu.yaml"))


def test_the_changelog_begins_with_this_version():
    versions = re.findall(r"^## \[([\d.]+)\] - \d{4}-\d\d-\d\d$", CHANGELOG, re.MULTILINE)
    assert versions[0] == __version__ and versions[-1] == "1.0.0"
    assert versions == sorted(versions, key=lambda text: tuple(map(int, text.split("."))), reverse=True)


def test_the_changelog_names_all_flags_and_modes_that_went():
    removed = CHANGELOG.partition("### Removed")[2]
    assert [flag for flag in BattleFlags.GONE if f"`battle --{flag}`" not in removed] == []
    assert [mode for mode in _GONE_MODES if f"`{mode}`" not in removed] == []
