"""Files of flags, one --name=value a line, as people's editors write them. No TensorFlow."""

import codecs
import os
from collections.abc import Sequence

from absl import flags

_FLAG = "--flagfile"
_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def expanded(argv: Sequence[str]) -> list[str]:
    """A command line with the lines of each file in the place of its --flagfile=FILE.

    Lines that begin with # or // are comments. A file may name another one.

    Args:
        argv: the program's name and its arguments.

    Raises:
        flags.Error: a file cannot be read, is not text, or leads back to itself.
    """
    return _expanded(list(argv), [])


def own_file(path: str) -> str:
    """A path in this package, such as gan/recipes/faces_10min.flags, from wherever the command was started.

    Returns:
        `path` itself if there is such a file, or if this package has none of this name.
    """
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    own = os.path.join(os.path.dirname(package), path)
    is_own = path.replace(os.sep, "/").startswith(os.path.basename(package) + "/") and os.path.exists(own)
    return own if is_own and not os.path.exists(path) else path


def _expanded(arguments: list[str], around: list[str]) -> list[str]:
    """Arguments without --flagfile; `around` are the files that are being read."""
    found, waiting = [], iter(arguments)
    for argument in waiting:
        name, is_given, path = argument.partition("=")
        if name.lstrip("-") != _FLAG.lstrip("-") or not name.startswith("-"):
            found.append(argument)
            continue
        if not is_given:
            path = next(waiting, "")
        if not path:
            raise flags.Error(f"{_FLAG} needs a file: {_FLAG}=FILE")
        path = own_file(os.path.expanduser(path.strip()))
        if path in around:
            raise flags.Error(f"{_FLAG}={path} leads back to itself, by way of {around[-1]}")
        found += _expanded(_lines(path), [*around, path])
    return found


def _lines(path: str) -> list[str]:
    """The flags in a file, one an item."""
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError as error:
        raise flags.Error(f"{_FLAG}={path}: {error.strerror or error}") from error
    encoding = next((name for mark, name in _MARKS.items() if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        raise flags.Error(f"{_FLAG}={path} is not text in UTF-8; save it as UTF-8") from None
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith(("#", "//"))]
