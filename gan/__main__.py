"""All commands in one: `gan train --help` is `python -m gan.train --help`."""

import ast
import importlib
import os
import sys

if not __package__:  # `python gan` in the repository's root
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from gan import __version__
from gan.console import command, output

# In the order in which a contestant and then an organiser needs them.
COMMANDS = [
    *("prepare_data", "train", "sweep", "eval", "compare", "generate_and_discriminate", "linear_interpolation"),
    *("export_model", "submit", "battle", "organise", "scoreboard"),
]


def main(argv: list[str] | None = None) -> int:
    """Runs the command that the first word names, and returns its exit code."""
    program, *words = sys.argv if argv is None else argv
    with output.lasting():
        if not words or words[0] in command.HELP_FLAGS:
            print(help_text())
            return 0 if words else command.EXIT_FLAGS
        if words[0] == "--version":
            print(f"gan-contest {__version__}")
            return 0
        name = words[0].replace("-", "_")
        if name not in COMMANDS:
            print(f"gan: '{words[0]}' is no command; the commands are {', '.join(COMMANDS)}", file=sys.stderr)
            return command.EXIT_FLAGS
        return int(importlib.import_module(f"gan.{name}").main([f"{program} {name}", *words[1:]]))


def help_text() -> str:
    """What each command does, in a line each; read from the files, since importing all of them takes long."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:{width}}  {_first_line(name)}" for name in COMMANDS]
    return "\n".join(["gan COMMAND --help says more.", "", *lines])


def _first_line(name: str) -> str:
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), f"{name}.py")
    with open(path, encoding="utf-8") as file:
        return (ast.get_docstring(ast.parse(file.read())) or "").partition("\n")[0]


if __name__ == "__main__":
    sys.exit(main())
