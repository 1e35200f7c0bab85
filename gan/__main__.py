"""All commands in one: `gan train --help` is `python -m gan.train --help`."""
# PYTHON_ARGCOMPLETE_OK tells argcomplete, if it is active for all programs, that this one can be asked.

import ast
import importlib
import os
import sys
import textwrap

if not __package__:  # `python gan` in the repository's root
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from gan import __version__
from gan.console import command, completion, output

# In the order in which a contestant and then an organiser needs them.
GROUPS = {
    "From pictures to a hand-in": [
        *("prepare_data", "train", "watch", "sweep", "eval", "compare"),
        *("generate_and_discriminate", "linear_interpolation", "export_model", "submit"),
    ],
    "Battles": ["battle", "organise", "scoreboard"],
}
COMMANDS = [name for names in GROUPS.values() for name in names]
_WIDTH = 96  # characters a line of help


def main(argv: list[str] | None = None) -> int:
    """Runs the command that the first word names, and returns its exit code."""
    given = sys.argv if argv is None else argv
    program, *words = completion.words_before() if completion.is_asked() else given
    if completion.is_asked() and not words:
        completion.tell_words([*COMMANDS, "--help", "--version"], 1)
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
        exit_code = int(importlib.import_module(f"gan.{name}").main([f"{program} {name}", *words[1:]]))
    return exit_code if argv else command.end(exit_code)


def help_text() -> str:
    """What each command does; read from the files, since importing all of them takes long."""
    lines = [_first_line("__init__"), "", "    gan COMMAND --flag=value ...", "    gan COMMAND --help"]
    for title, names in GROUPS.items():
        lines += ["", f"{title}:"]
        for name in names:
            lines += [
                f"  {name}",
                textwrap.fill(_first_line(name), _WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 6),
            ]
    return "\n".join(lines)


def _first_line(name: str) -> str:
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), f"{name}.py")
    with open(path, encoding="utf-8") as file:
        return (ast.get_docstring(ast.parse(file.read())) or "").partition("\n")[0]


if __name__ == "__main__":
    sys.exit(main())
