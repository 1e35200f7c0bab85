"""Flags: from the command line and from flag files into a dataclass; mistakes and former flags are named."""

import dataclasses
import os
import pathlib

import pytest

import gan
from gan.console import command, flags
from gan.console.flags import flag
from gan.training import training_flags


@dataclasses.dataclass(frozen=True)
class Config:
    """Flags for these tests."""

    GONE = {"gone": "--count does it now", "old_name": "it is --name now"}

    name: str = flag(None, "A name.", required=True)
    count: int = flag(3, "A count.", at_least=1)
    rate: float = flag(0.5, "A rate.", at_least=0)
    loud: bool = flag(False, "Loud or not.")
    limit: int = flag(None, "May be left out.", at_least=1)
    colour: str = flag("red", "A colour.", choices=["red", "blue"], gone={"green": "green is now --colour=blue --loud"})


def parsed(*arguments):
    return flags.parse(Config, ["x", "--name=a", *arguments])


def test_flags_become_a_dataclass(tmp_path):
    (tmp_path / "more.flags").write_text("--rate=0.25\n# a comment\n--loud\n")
    config = flags.parse(Config, ["x", "--name", "a", "--count=7", f"--flagfile={tmp_path}/more.flags"])
    assert config == Config(name="a", count=7, rate=0.25, loud=True, limit=None, colour="red")


@pytest.mark.parametrize(
    "arguments, expected",
    [
        ([], "--name is needed"),
        (["--name="], "--name is needed"),
        (["--name=a", "--count=0"], "--count=0"),
        (["--name=a", "--rate=-1"], "--rate=-1"),
        (["--name=a", "--rate=nan"], "--rate=nan is not a finite number"),
        (["--name=a", "--count=many"], "--count=many"),
        (["--name=a", "--colour=yellow"], "red"),
        (["--name=a", "--cuont=2"], "count"),
        (["--name=a", "stray"], "stray"),
    ],
)
def test_wrong_flags_are_named(arguments, expected, capsys):
    assert command.run(lambda config: pytest.fail("ran"), Config, ["x", *arguments]) == 2
    assert expected in capsys.readouterr().err


@pytest.mark.parametrize("given", ["--gone", "--gone=x", "--gone=", "--nogone", "-gone", "--gone=true"])
def test_a_former_flag_says_what_took_its_place(given, tmp_path):
    (tmp_path / "old.flags").write_text(f"--count=7\n{given}\n")
    for arguments in ([given], [f"--flagfile={tmp_path}/old.flags"], ["--gone", "x"]):
        with pytest.raises(flags.FlagError) as told:
            parsed(*arguments)
        assert str(told.value) == "--gone is gone: --count does it now"


@pytest.mark.parametrize("is_in_a_file", [False, True])
def test_a_former_choice_says_what_took_its_place(is_in_a_file, tmp_path):
    (tmp_path / "old.flags").write_text("--colour=green\n")
    with pytest.raises(flags.FlagError, match="--colour=green: green is now --colour=blue --loud$"):
        parsed(f"--flagfile={tmp_path}/old.flags" if is_in_a_file else "--colour=green")
    assert parsed("--colour=blue").colour == "blue"


def test_former_flags_are_no_part_of_the_config_and_of_the_help():
    assert parsed() == Config(name="a")
    text = command.help_text("", Config)
    assert "gone" not in text and "old_name" not in text and "green" not in text


def test_a_home_folder_is_expanded():
    assert parsed("--name=~/run").name == str(pathlib.Path.home() / "run")


@pytest.mark.parametrize(
    "given", ["--flagfile=gan/recipes/faces_10min.flags", "--flagfile gan/recipes/faces_10min.flags"]
)
def test_recipes_are_found_from_anywhere(given, tmp_path, monkeypatch):
    """From a folder that has no gan/recipes; what follows on the command line wins."""
    monkeypatch.chdir(tmp_path)
    config = flags.parse(
        training_flags.TrainingFlags, ["train", *given.split(), "--train_data_pattern=x", "--batch_size=7"]
    )
    assert (config.max_minutes, config.batch_size) == (10, 7)
    with pytest.raises(flags.FlagError):
        flags.parse(training_flags.TrainingFlags, ["train", "--flagfile=gan/recipes/absent.flags"])


@pytest.mark.parametrize(
    "path", sorted(pathlib.Path(gan.__file__).parent.glob("recipes/*.flags")), ids=lambda p: p.stem
)
def test_recipes_hold_flags_of_train(path):
    config = flags.parse(training_flags.TrainingFlags, ["train", f"--flagfile={path}", "--train_data_pattern=x"])
    assert config.max_minutes and config.num_epochs > 1000


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_flag_file_is_read_as_any_editor_writes_it(encoding, tmp_path):
    (tmp_path / "mine.flags").write_text("# 한국어\r\n\r\n--count=3\r\n// x\r\n--name=불꽃\r\n", encoding=encoding)
    config = parsed(f"--flagfile={tmp_path}/mine.flags")
    assert config.count == 3 and config.name == "불꽃"


def test_flag_files_that_cannot_be_read_are_named(tmp_path):
    (tmp_path / "old").write_bytes("--name=불꽃\n".encode("cp949"))
    (tmp_path / "a").write_text(f"--count=1\n--flagfile={tmp_path}/b\n")
    (tmp_path / "b").write_text(f"--flagfile={tmp_path}/a\n")
    for name, told in {
        "old": "is not text in UTF-8; save it as UTF-8",
        "a": f"leads back to itself, by way of {tmp_path}/b",
        "none": "No such file or directory",
        ".": "Is a directory",
    }.items():
        with pytest.raises(flags.FlagError, match=f"--flagfile={tmp_path}/{name}.*{told}"):
            parsed(f"--flagfile={tmp_path}/{name}")
    with pytest.raises(flags.FlagError, match="--flagfile needs a file"):
        parsed("--flagfile")


def test_a_path_that_is_no_utf_8_is_named():
    with pytest.raises(flags.FlagError, match=r"--name=runs/\\xff is not UTF-8, .* rename it"):
        parsed("--name=" + os.fsdecode(b"runs/\xff"))
