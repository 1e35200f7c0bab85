"""Completes command lines in the shell: commands, actions, flags, choices and files.

The library argcomplete talks to the shell: `eval "$(register-python-argcomplete gan)"` in ~/.bashrc or ~/.zshrc. It is
imported only if the shell asks, so that a command that is run starts no later for it.
"""

import dataclasses
import os
import typing
from collections.abc import Iterable

if typing.TYPE_CHECKING:  # its import takes some milliseconds
    import argparse

ASKED = "_ARGCOMPLETE"  # argcomplete's variable: the place, from 1, of the word with which a parser begins


def is_asked() -> bool:
    """Whether the shell asks how to complete a line; then nothing is run."""
    return ASKED in os.environ


def words_before() -> list[str]:
    """The whole words of the shell's line before the one that is to be completed, the program's name first."""
    from argcomplete import lexers

    *_, words, _ = lexers.split_line(os.environ["COMP_LINE"], int(os.environ["COMP_POINT"]))
    return list(words)


def tell_words(words: Iterable[str], place: int) -> typing.NoReturn:
    """Tells the shell which words may stand at a place of the line, and ends the process.

    Args:
        words: such as the names of all commands.
        place: 1 for the first word after the program's name.
    """
    parser = _parser()
    parser.add_argument("word", choices=list(words))
    _tell(parser, place)


def tell_flags(config_class: type, place: int) -> typing.NoReturn:
    """Tells the shell which flags, choices or files may come next, and ends the process.

    Args:
        config_class: dataclass whose fields were made by flags.flag.
        place: where the flags begin; see `tell_words`.
    """
    parser = _parser()
    parser.add_argument("--help", action="store_true")
    parser.add_argument("--flagfile")
    types = typing.get_type_hints(config_class)
    for field in dataclasses.fields(config_class):
        if isinstance(field.default, bool):
            parser.add_argument(f"--{field.name}", f"--no{field.name}", action="store_true")
            continue
        argument = parser.add_argument(f"--{field.name}", choices=field.metadata["choices"])
        if str not in (types[field.name], *typing.get_args(types[field.name])):  # a number is no file
            argument.completer = _nothing  # type: ignore[attr-defined]
    _tell(parser, place)


def _parser() -> "argparse.ArgumentParser":
    import argparse

    return argparse.ArgumentParser(add_help=False)


def _nothing(**unused: object) -> list[str]:
    return []


def _tell(parser: "argparse.ArgumentParser", place: int) -> typing.NoReturn:
    import argcomplete

    os.environ[ASKED] = str(place)
    argcomplete.autocomplete(parser)
    raise SystemExit(1)
