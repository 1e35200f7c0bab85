"""The Dockerfile, which is not built here: its files, its extras and its user, against the package; and hadolint."""

import re
import shutil
import subprocess
import sys

import pytest
from conftest import ROOT

from gan import __main__, __version__

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
INSTRUCTIONS = [line.split() for line in DOCKERFILE.replace("\\\n", " ").splitlines() if re.match(r"[A-Z]+ ", line)]
COPIED = [word for name, *words in INSTRUCTIONS if name == "COPY" for word in words[:-1]]
CLOUD = (ROOT / "docs" / "cloud.md").read_text(encoding="utf-8")


def words_of(instruction):
    return [words for name, *words in INSTRUCTIONS if name == instruction]


def test_what_it_copies_is_there_and_is_all_that_is_sent():
    assert len(COPIED) > 5 and all((ROOT / name).exists() for name in COPIED)
    ignore = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in ignore and sorted(line[1:] for line in ignore if line.startswith("!")) == sorted(COPIED)


def test_the_package_is_built_from_what_it_copies(tmp_path):
    for name in COPIED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    told = subprocess.run([sys.executable, "setup.py", "--version"], cwd=tmp_path, capture_output=True, text=True)
    assert told.stdout.split()[-1] == __version__, told.stderr
    command = [sys.executable, "setup.py", "--quiet", "egg_info"]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True).returncode == 0
    (requires,) = tmp_path.glob("*.egg-info/requires.txt")
    extras = set(re.findall(r"^\[(\w+)\]$", requires.read_text(), re.MULTILINE))
    shown = [DOCKERFILE, CLOUD, (ROOT / "docs" / "guide.ko.md").read_text(encoding="utf-8")]
    named = {name for text in shown for words in re.findall(r"EXTRAS=([\w,]+)", text) for name in words.split(",")}
    assert {"arena", "gpu"} <= named <= extras
    (comment,) = re.findall(r"# Of setup\.py: (.+)\.\n", DOCKERFILE)
    assert set(re.findall(r"(?:^|, )(\w+)", comment)) <= extras
    (entry,) = tmp_path.glob("*.egg-info/entry_points.txt")
    assert "gan = gan.__main__:main" in entry.read_text() and words_of("ENTRYPOINT") == [['["gan"]']]


def test_its_base_is_an_argument_and_it_does_not_run_as_root():
    assert words_of("FROM") == [["${BASE}"]] and ["BASE=python:3.12-slim-bookworm"] in words_of("ARG")
    assert words_of("USER") == [["1000"]]


def test_the_commands_that_are_shown_are_the_programs():
    shown = re.findall(r"^docker run (.+?gan-contest\S*) (\w+)", CLOUD.replace("\\\n", " "), re.MULTILINE)
    assert len(shown) >= 3 and {command for _, command in shown} <= set(__main__.COMMANDS)
    assert all("/contest" in options for options, _ in shown)


def test_hadolint_finds_nothing():
    hadolint = shutil.which("hadolint", path=f"{sys.prefix}/bin") or shutil.which("hadolint")
    if not hadolint:
        pytest.skip("hadolint is not here: pip install 'gan-contest[test]'")
    done = subprocess.run([hadolint, "--no-color", ROOT / "Dockerfile"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")
    assert "hadolint ignore" not in DOCKERFILE
