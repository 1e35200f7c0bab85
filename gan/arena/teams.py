"""Reads who takes part from teams.csv. No TensorFlow.

    team,path
    Gradient Descenders,gs://gradient-descenders/model
    "Real, or not?",teams/real_or_not

A line that is wrong becomes an entry with a fault, so that it costs its team its matches and nobody else theirs.
"""

import csv
import os
import unicodedata
from typing import NamedTuple

from gan.console import printable
from gan.console.errors import UserError
from gan.storage import files, paths

LONGEST_NAME = 60  # characters; more do not fit the screen
_TEAM, _PATH = "team", "path"  # columns
_INVISIBLE = "Cf"  # category
_RESERVED = "reserved"  # in place of the line of a name
_QUOTING = "a name with a comma or a quotation mark stands in quotation marks, and those within it are doubled"
_CONTROL_CHARACTER = "\1"  # in place of NUL, which csv refuses before Python 3.11


class Entry(NamedTuple):
    """A team as a line of the file names it."""

    name: str  # to be shown; no two are equal
    path: str  # of the snapshot or its folder; empty where the line has none
    line: int  # in the file, from 1
    fault: str | None  # why the team cannot take part; None where it can


def read(path, reserved=()):
    """Reads the teams.

    Args:
        reserved: names that no team may have.
        path: a CSV file in UTF-8, on disk or gs://, whose first line names the columns `team` and `path`; other
            columns are ignored. Paths are relative to the file's own folder.

    Returns:
        List of Entries in the order of the file.

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
    entries, taken = [], {_key(name): _RESERVED for name in reserved}
    for line, fields, problem in rows:
        fields = dict(zip(columns, map(str.strip, fields)))
        name, fault = _name(fields.get(_TEAM, ""), line, taken)
        given = fields.get(_PATH, "")
        fault = problem or fault or _fault_of_path(given, line)
        entries.append(Entry(name, _located(given, os.path.dirname(path)), line, fault))
    if not entries:
        raise UserError(f"--teams={path} names no team; below the first line, each line is one: name, comma, path")
    return entries


def _rows(path):
    """The rows that are not blank: (number of the first line, fields, what is wrong with it as CSV or None)."""
    lines = _text(path).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    start = 0
    while start < len(lines):
        following = (lines[number] + "\n" for number in range(start, len(lines)))
        reader = csv.reader(following, skipinitialspace=True, strict=True)
        try:
            fields, problem, used = next(reader), None, reader.line_num
        except csv.Error as error:
            # Such as a quotation mark without its other one, which would take in all that follows.
            fields, problem, used = [], f"line {start + 1} is not CSV ({error}); {_QUOTING}", 1
        if problem or any(field.strip() for field in fields):
            yield start + 1, fields, problem
        start += used


def _text(path):
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


def _name(given, line, taken):
    """(name to be shown, fault or None); adds it to `taken`, key -> line."""
    cleaned = printable.cleaned(given)
    shown = " ".join(unicodedata.normalize("NFC", cleaned).split())
    fault = None
    if not _key(shown):
        shown, fault = f"line {line}", f"line {line} gives the team no name"
    elif cleaned != given:
        fault = (
            f"the name in line {line} holds control characters, breaks of lines or characters that turn the direction "
            f"of writing, which are shown as {printable.REPLACEMENT}; write it without them"
        )
    elif len(shown) > LONGEST_NAME:
        fault = f"the name in line {line} has {len(shown)} characters; at most {LONGEST_NAME} are possible"
    if len(shown) > LONGEST_NAME:
        shown = shown[: LONGEST_NAME - 1] + "…"
    while _key(shown) in taken:
        where = taken[_key(shown)]
        has_it = "nobody may have this name" if where is _RESERVED else f"line {where} has the same name"
        fault = fault or f"{has_it}; write another in line {line}"
        shown = f"{shown} (line {line})"
    taken[_key(shown)] = line
    return shown, fault


def _key(name):
    """What two names have in common that look alike but for capitals."""
    visible = "".join(character for character in name if unicodedata.category(character) != _INVISIBLE)
    return " ".join(visible.casefold().split())


def _fault_of_path(path, line):
    if not path:
        return f"line {line} gives no path of a snapshot; write one in the column {_PATH}"
    if any(map(printable.is_strange, path)):
        return f"the path in line {line} holds control characters or breaks of lines; write it without them"
    if paths.is_remote(path) and not path.partition("://")[2].partition("/")[0]:
        return f"the path in line {line} names no bucket; write one like gs://team/model"
    return None


def _located(path, folder):
    """A path as seen from here; empty where there is none."""
    path = os.path.expanduser(path)
    if not path or paths.is_remote(path) or os.path.isabs(path):
        return path
    return paths.join(folder, path)
