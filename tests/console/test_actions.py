"""Commands with actions: help, mistakes, and asking before something is changed."""

import dataclasses

import pytest

from gan.console import actions
from gan.console.actions import Action
from gan.console.errors import UserError
from gan.console.flags import flag


@dataclasses.dataclass(frozen=True)
class FeedFlags:
    """Feeds the cat.

    It gets fish.
    """

    fish: int = flag(1, "How many.", at_least=1)


@dataclasses.dataclass(frozen=True)
class StrokeFlags:
    """Strokes the cat."""

    where: str = flag(None, "Which part of it.", required=True)


def feed(config):
    if config.fish > 9:
        raise UserError("the cat is full")
    print(f"{config.fish} fish")
    return 3 if config.fish == 3 else None


ACTIONS = (Action("feed", FeedFlags, feed), Action("stroke", StrokeFlags, lambda config: None))


def run(*words):
    return actions.run("cat", "Does things with the cat.\n", ACTIONS, ["cat", *words])


def test_an_action_gets_its_flags_and_returns_its_exit_code(capsys, tmp_path):
    (tmp_path / "more.flags").write_text("--fish=2\n")
    assert run("feed") == 0 and run("feed", "--fish=3") == 3 and run("feed", f"--flagfile={tmp_path}/more.flags") == 0
    assert capsys.readouterr().out == "1 fish\n3 fish\n2 fish\n"


@pytest.mark.parametrize("word", ["--help", "-h"])
def test_the_command_lists_its_actions(word, capsys):
    assert run(word) == 0
    out = capsys.readouterr().out
    assert out == "Does things with the cat.\n\nActions:\n  feed    Feeds the cat.\n  stroke  Strokes the cat.\n"


def test_an_action_has_help_of_its_own(capsys):
    assert run("feed", "--help") == 0
    out = capsys.readouterr().out
    assert out.startswith("Feeds the cat.\n\nIt gets fish.\n\nFlags:\n  --fish=...  (default: 1)\n")
    assert "where" not in out


HELP = "All actions: python -m gan.cat --help"


@pytest.mark.parametrize(
    "words, problem, ends",
    [
        (
            [],
            "cat: an action is needed; the first word is one of feed, stroke",
            HELP,
        ),
        (["sell"], "cat: 'sell' is no action; the first word is one of feed", HELP),
        (["--fish=1", "feed"], "cat: '--fish=1' is no action", HELP),
        (["feed", "--fish=0"], "cat feed: flag --fish=0", "All flags: python -m gan.cat feed --help"),
        (["feed", "--where=ear"], "cat feed: ", "All flags: python -m gan.cat feed --help"),
        (["stroke"], "cat stroke: --where is needed", "All flags: python -m gan.cat stroke --help"),
    ],
)
def test_mistakes_say_where_the_help_is(words, problem, ends, capsys):
    assert run(*words) == 2
    error = capsys.readouterr().err
    assert error.startswith(problem) and error.endswith(f"{ends}\n") and len(error.splitlines()) == 2


def test_mistakes_in_data_name_the_action(capsys):
    assert run("feed", "--fish=10") == 1
    assert capsys.readouterr().err == "cat feed: the cat is full\n"


class Terminal:
    """Stands for a stream that is a terminal."""

    def isatty(self):
        return True


@pytest.mark.parametrize(
    "answer, agreed", [("y", True), ("Yes ", True), ("", False), ("n", False), ("maybe", False), (EOFError, False)]
)
def test_on_a_terminal_it_asks(answer, agreed, monkeypatch, capsys):
    def typed(question):
        assert "[y/N]" in question
        if answer is EOFError:
            raise EOFError
        return answer

    monkeypatch.setattr("builtins.input", typed)
    monkeypatch.setattr(actions.sys, "stdin", Terminal())
    monkeypatch.setattr(actions.sys.stdout, "isatty", lambda: True, raising=False)
    assert actions.is_agreed("the cat goes", yes=False) is agreed
    out = capsys.readouterr().out
    assert out.startswith("the cat goes\n") and ("Nothing was changed." in out) is not agreed


def test_without_a_terminal_nothing_is_changed(monkeypatch, capsys):
    monkeypatch.setattr("builtins.input", lambda _: pytest.fail("asked"))
    assert not actions.is_agreed("the cat goes", yes=False)
    assert capsys.readouterr().out == "the cat goes\nNothing was changed. --yes does it.\n"
    assert actions.is_agreed("the cat goes", yes=True)
    assert capsys.readouterr().out == "the cat goes\n"
