"""Commands that have actions, such as `python -m gan.organise annul --match=12`, each with its own flags and help."""

import getpass
import inspect
import os
import socket
import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from gan.console import command, completion, output


class Action(NamedTuple):
    """One action of a command."""

    name: str  # the word after the command
    config_class: type  # its flags; its docstring is the help, and the first line of that is in the list of actions
    run: Callable[[Any], int | None]  # function from the config to an exit code; None stands for 0


def run(name: str, doc: str, actions: Sequence[Action], argv: Sequence[str] | None = None) -> int:
    """Runs the action that a command line names.

    Args:
        name: of the command.
        doc: the command's own help, shown above the list of actions.
        actions: all that it can do, in the order of the list.
        argv: the program's name, the action and its flags; None for those of this process.

    Returns:
        The exit code; see command.run.
    """
    with output.lasting():
        return _run(name, doc, actions, sys.argv if argv is None else argv)


def _run(name: str, doc: str, actions: Sequence[Action], argv: Sequence[str]) -> int:
    program, *words = argv
    if completion.is_asked() and not words:
        completion.tell_words([action.name for action in actions], 2)
    if words and words[0] in command.HELP_FLAGS:
        print(help_text(doc, actions))
        return 0
    chosen = next((action for action in actions if words and action.name == words[0]), None)
    if chosen is None:
        known = ", ".join(action.name for action in actions)
        problem = f"'{words[0]}' is no action" if words else "an action is needed"
        print(f"{name}: {problem}; the first word is one of {known}", file=sys.stderr)
        print(f"All actions: python -m gan.{name} --help", file=sys.stderr)
        return command.EXIT_FLAGS
    whole_name, help_of_action = f"{name} {chosen.name}", inspect.cleandoc(chosen.config_class.__doc__ or "")
    return command.run(chosen.run, chosen.config_class, [program, *words[1:]], whole_name, help_of_action)


def help_text(doc: str, actions: Sequence[Action]) -> str:
    """The command's own text, then its actions in one line each."""
    width = max(len(action.name) for action in actions)
    lines = [f"  {action.name:{width}}  {(action.config_class.__doc__ or '').splitlines()[0]}" for action in actions]
    return "\n".join([doc.strip(), "", "Actions:", *lines])


def user() -> str:
    """Who runs this command, and on which machine: anna@hall; the user who called sudo, if it was called by it."""
    try:
        name = os.environ.get("SUDO_USER") or getpass.getuser()
    except (OSError, KeyError, ImportError):  # the user has a number and no name
        name = str(os.getuid()) if hasattr(os, "getuid") else "somebody"
    return f"{name}@{socket.gethostname()}"


def is_agreed(preview: str, yes: bool) -> bool:
    """Asks whether an action is to change what its preview says.

    Args:
        preview: what would change, as lines.
        yes: the flag --yes: the user has agreed already, and is not asked.

    Returns:
        Whether to change it. Without a terminal nobody can be asked: False, and a line says that --yes does it.
    """
    print(preview, flush=True)
    if yes:
        return True
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        print("Nothing was changed. --yes does it.")
        return False
    try:
        answer = input("Do this? [y/N] ")
    except EOFError:
        answer = ""
    if answer.strip().casefold() in ("y", "yes"):
        return True
    print("Nothing was changed.")
    return False
