"""What the README shows works: its networks train, its commands parse, its pictures are there."""

import dataclasses
import importlib
import re
import shlex

import pytest
import yaml
from conftest import ROOT, run_train
from test_architecture import COMMANDS

from gan import __version__, train
from gan.console import flags
from gan.snapshots.snapshot import Snapshot

README = (ROOT / "README.md").read_text(encoding="utf-8")
KOREAN = (ROOT / "README.ko.md").read_text(encoding="utf-8")


def blocks(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def commands(text):
    """Every `python -m gan.X ...` as a list of words, from code blocks and from tables."""
    lines = "\n".join(blocks(text, "bash")).replace("\\\n", " ").splitlines()
    lines += re.findall(r"`(python -m gan\.\w+ [^`]+)`", text)
    return [shlex.split(line, comments=True)[2:] for line in lines if line.startswith("python -m gan.")]


@pytest.fixture
def networks(tmp_path, monkeypatch):
    (example,) = blocks(README, "python")
    assert example.startswith("# my_networks.py")
    (tmp_path / "my_networks.py").write_text(example)
    monkeypatch.syspath_prepend(tmp_path)
    return "my_networks."


@pytest.mark.parametrize("loss", ["LeastSquaresLoss", "RelativisticLoss"])
@pytest.mark.parametrize("discriminator", ["ConvDiscriminator", "PlainDiscriminator"])
@pytest.mark.parametrize("mnist", [False, True])
def test_own_networks_train_and_keep_the_contract(
    loss, discriminator, mnist, networks, faces, digits, tmp_path, capsys
):
    flags = [
        f"--generator_model={networks}ConvGenerator",
        f"--discriminator_model={networks}{discriminator}",
        f"--label_loss={networks}{loss}",
        "--max_steps=2",
    ]
    pattern, size = (digits, 784) if mnist else (faces, 2500)
    assert run_train(pattern, tmp_path / "run", *flags, *["--use_mnist"] * mnist) == 0
    Snapshot(str(tmp_path / "run"), size).verify()
    assert "refused" not in capsys.readouterr().out


@pytest.mark.parametrize("words", commands(README), ids=" ".join)
def test_commands_parse(words):
    module = importlib.import_module(words[0])
    if actions := {action.name: action.config_class for action in getattr(module, "ACTIONS", ())}:
        command, action, *rest = words
        flags.parse(actions[action], [command, *rest])
        return
    (config,) = (
        item
        for item in vars(module).values()
        if isinstance(item, type) and dataclasses.is_dataclass(item) and item.__module__ == module.__name__
    )
    flags.parse(config, words)


@pytest.mark.parametrize("path", sorted((ROOT / "gan").glob("*.yaml")), ids=lambda path: path.name)
def test_jobs_are_valid_and_shown(path):
    assert f"gan/{path.name}" in README and f"gan/{path.name}" in KOREAN
    job = yaml.safe_load(path.read_text())
    for pool in job.get("workerPoolSpecs", []):
        package = pool["pythonPackageSpec"]
        assert package["pythonModule"] == "gan.train"
        assert package["packageUris"] == [f"gs://YOUR_TEAM/package/gan_contest-{__version__}.tar.gz"]
        flags.parse(train.TrainConfig, ["train", *package["args"]])


def test_every_command_is_shown():
    shown = {words[0] for words in commands(README)}
    assert shown == {f"gan.{command}" for command in COMMANDS}


def test_both_languages_show_the_same_commands_and_pictures():
    assert commands(KOREAN) == commands(README)
    assert blocks(KOREAN, "python") == blocks(README, "python")
    pictures = re.findall(r"\((pics/\w+\.png)\)", README)
    assert re.findall(r"\((pics/\w+\.png)\)", KOREAN) == pictures
    assert all((ROOT / picture).exists() for picture in pictures)
