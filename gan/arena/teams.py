"""Reads who takes part from teams.csv. No TensorFlow.

    team,path
    Gradient Descenders,gs://gradient-descenders/model
    "Real, or not?",teams/real_or_not

A wrong line becomes an entrant with a fault: its team loses its matches, and no other team is affected.
"""

import csv
import os
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from gan.console import printable
from gan.console.errors import UserError
from gan.snapshots import checkpoint_files
from gan.storage import files, paths

LONGEST_NAME = 60  # characters; a longer name does not fit the screen
_TEAM, _PATH = "team", "path"  # columns
_INVISIBLE = "Cf"  # Unicode category
_RESERVED = 0  # stands for the number of the line of a name that nobody may have
_QUOTING = "put a name with a comma or a quotation mark in quotation marks, and double those inside it"
_CONTROL_CHARACTER = "\1"  # replaces NUL, which csv refuses before Python 3.11


class Entrant(NamedTuple):
    """A team that takes part, as the organiser names it."""

    name: str  # as it is shown; no two are equal
    path: str  # of the snapshot or its folder; empty if the line has none
    line: int  # in the file, from 1; 0 if there is no file
    fault: str | None  # why the team cannot take part; None if it can


def of_paths(named: Mapping[str, str]) -> list[Entrant]:
    """Entrants from name -> path; raises UserError for a path without a snapshot."""
    for path in named.values():
        if not checkpoint_files.snapshot_steps(path):
            raise UserError(f"there is no snapshot at {path} (model.ckpt-N.index, .meta and .data-*)")
    return [Entrant(name, path, 0, None) for name, path in named.items()]


def read(path: str, reserved: Iterable[str] = ()) -> list[Entrant]:
    """Reads the teams.

    Args:
        path: a CSV file in UTF-8, on disk or gs://. Its first line names the columns `team` and `path`; other columns
            are ignored. Paths of snapshots are relative to the file's own folder.
        reserved: names that no team may have.

    Returns:
        Entrants in the order of the file.

    Raises:
        UserError: there is no such file, it is no such list, or it names no team.
    """
    path = os.path.expanduser(path)
    rows = _rows(path)
    _, head, _ = next(rows, (1, [], None))
    columns = [field.strip().casefold() for field in head]
    if not {_TEAM, _PATH} <= set(columns):
        begin = ",".join(head)[:LONGEST_NAME]
        hint = ", with commas between, not semicolons" if ";" in begin else ""
        raise UserError(
            f"--teams={path} begins with {begin!r}; its first line must name the columns {_TEAM},{_PATH}{hint}"
        )
    entrants, taken = [], {_key(name): _RESERVED for name in reserved}
    for line, fields, problem in rows:
        values = dict(zip(columns, map(str.strip, fields)))
        name, fault = _name(values.get(_TEAM, ""), line, taken)
        given = values.get(_PATH, "")
        fault = problem or fault or _fault_of_path(given, line)
        entrants.append(Entrant(name, _located(given, os.path.dirname(path)), line, fault))
    if not entrants:
        raise UserError(f"--teams={path} names no team; write one on each line below the first: name, comma, path")
    return entrants


def _rows(path: str) -> Iterator[tuple[int, list[str], str | None]]:
    """The rows that are not blank: (number of the first line, fields, what is wrong with it as CSV or None)."""
    lines = _text(path).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    start = 0
    while start < len(lines):
        following = (lines[number] + "\n" for number in range(start, len(lines)))
        reader = csv.reader(following, skipinitialspace=True, strict=True)
        fields: list[str] = []
        try:
            fields, problem, used = next(reader), None, reader.line_num
        except csv.Error as error:
            # A quotation mark without its partner, for example, would swallow all lines that follow.
            problem, used = f"line {start + 1} is not CSV ({error}); {_QUOTING}", 1
        if problem or any(field.strip() for field in fields):
            yield start + 1, fields, problem
        start += used


def _text(path: str) -> str:
    try:
        content = files.read(path)
    except FileNotFoundError:
        raise UserError(f"--teams={path}: there is no such file") from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UserError(f"--teams={path} is not UTF-8 in line {line}; save it as CSV in UTF-8") from error
    return text.replace("\0", _CONTROL_CHARACTER)


def _name(given: str, line: int, taken: dict[str, int]) -> tuple[str, str | None]:
    """(name to be shown, fault or None); adds the name to `taken`, key -> line."""
    cleaned = printable.cleaned(given)
    shown = " ".join(unicodedata.normalize("NFC", cleaned).split())
    fault = None
    if not _key(shown):
        shown, fault = f"line {line}", f"line {line} gives the team no name"
    elif cleaned != given:
        fault = (
            f"the name in line {line} holds control characters, line breaks or characters that turn the direction "
            f"of writing, which are shown as {printable.REPLACEMENT}; write it without them"
        )
    elif len(shown) > LONGEST_NAME:
        fault = f"the name in line {line} has {len(shown)} characters; at most {LONGEST_NAME} are possible"
    if len(shown) > LONGEST_NAME:
        shown = shown[: LONGEST_NAME - 1] + "…"
    while _key(shown) in taken:
        other = taken[_key(shown)]
        has_it = "nobody may have this name" if other == _RESERVED else f"line {other} has the same name"
        fault = fault or f"{has_it}; write another in line {line}"
        shown = f"{shown} (line {line})"
    taken[_key(shown)] = line
    return shown, fault


def _key(name: str) -> str:
    """Equal for two names that look alike, or differ in capitals only."""
    visible = "".join(character for character in name if unicodedata.category(character) != _INVISIBLE)
    return " ".join(visible.casefold().split())


def _fault_of_path(path: str, line: int) -> str | None:
    if not path:
        return f"line {line} gives no path of a snapshot; write one in the column {_PATH}"
    if any(map(printable.is_strange, path)):
        return f"the path in line {line} holds control characters or line breaks; write it without them"
    if paths.is_remote(path) and not path.partition("://")[2].partition("/")[0]:
        return f"the path in line {line} names no bucket; write one like gs://team/model"
    return None


def _located(path: str, folder: str) -> str:
    """A path as seen from the working folder; empty if there is none."""
    path = os.path.expanduser(path)
    if not path or paths.is_remote(path) or os.path.isabs(path):
        return path
    return paths.join(folder, path)
