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

from gan.arena import notes, team_names  # noqa: F401 - notes: the sentences of its faults
from gan.console import printable
from gan.console.errors import Fault, UserError
from gan.contest import faults
from gan.snapshots import checkpoint_files
from gan.storage import files, paths

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LONGEST_NAME = 60  # characters; a longer name does not fit the screen
FORMER_NAME = "team_name_former"  # code of the fault of a team that is listed by a name that it had before
_TAKEN_FOR_OTHERS = {".", "..", "__proto__"}
# Codes of what can be wrong with a name alone.
NAME_FAULTS = (
    *("team_name_missing", "team_name_strange", "team_name_long", "team_name_reserved", "team_name_taken"),
    FORMER_NAME,
)
_TEAM, _PATH = "team", "path"  # columns
_RESERVED = 0  # stands for the number of the line of a name that nobody may have
_CONTROL_CHARACTER = "\1"  # replaces NUL, which csv refuses before Python 3.11


class Entrant(NamedTuple):
    """A team that takes part, as the organiser names it."""

    name: str  # as it is shown; no two are equal
    path: str  # of the snapshot or its folder; empty if the line has none
    line: int  # in the file, from 1; 0 if there is no file
    fault: Fault | None  # why the team cannot take part; None if it can


HOUSE_TEAM = Entrant("House team", os.path.join(_PACKAGE, "house_team"), 0, None)


def of_paths(named: Mapping[str, str]) -> list[Entrant]:
    """Entrants from name -> path; raises UserError for a path without a snapshot."""
    for path in named.values():
        if not checkpoint_files.has_snapshot(path):
            raise UserError(f"there is no snapshot at {path} (NAME.index, NAME.meta and every NAME.data-*)")
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
        wrong = "semicolons" if ";" in begin else "tabs" if "\t" in begin else ""
        hint = f", with commas between, not {wrong}" if wrong else ""
        raise UserError(
            f"--teams={path} begins with {begin!r}; its first line must name the columns {_TEAM},{_PATH}{hint}"
        )
    if twice := [name for name in (_TEAM, _PATH) if columns.count(name) > 1]:
        raise UserError(f"--teams={path} has several columns {twice[0]}; give the others another name, or remove them")
    entrants, taken = [], {team_names.key(name): _RESERVED for name in reserved}
    for line, fields, problem in rows:
        values = dict(zip(columns, map(str.strip, fields)))
        name, fault = _name(values.get(_TEAM, ""), line, taken)
        given = values.get(_PATH, "")
        fault = problem or fault or _fault_of_path(given, line)
        entrants.append(Entrant(name, _located(given, os.path.dirname(path)), line, fault))
    if not entrants:
        raise UserError(f"--teams={path} names no team; write one on each line below the first: name, comma, path")
    return entrants


def name_problem(name: str) -> str | None:
    """Why a team or an event cannot have a name; None if it can."""
    if not team_names.key(name):
        return "it has no visible character"
    if name in _TAKEN_FOR_OTHERS:
        return "folders and browsers take it for something else"
    if printable.cleaned(name) != name:
        return "it holds control characters, line breaks, towers of accents or signs that turn the direction of writing"
    if len(name) > LONGEST_NAME:
        return f"it has {len(name)} characters, and at most {LONGEST_NAME} are possible"
    if name != " ".join(unicodedata.normalize("NFC", name).split()):
        return "it has spaces at its ends or several in a row, or accents apart from their letters"
    if unseen := team_names.unseen(name):
        return f"it holds characters that nobody sees: {', '.join(map(team_names.described, dict.fromkeys(unseen)))}"
    return None


def is_alike(one: str, other: str) -> bool:
    """Whether two names are the same, or differ in capitals or unseen characters only."""
    return team_names.key(one) == team_names.key(other)


def check_names(entrants: Iterable[Entrant], source: str, may_forfeit: bool) -> None:
    """Raises UserError if teams would forfeit only because of the names that a list gives them.

    Args:
        entrants: who takes part; see with_former_names.
        source: the flag and the list, for the message.
        may_forfeit: whether they may, unless they are listed by former names, which lead to no team.
    """
    wrong = faults_of_names(entrants)
    refused = [fault for fault in wrong if not may_forfeit or fault.code == FORMER_NAME]
    if refused:
        way = "" if may_forfeit else " (or give --forfeit_wrong_names: then such a team forfeits its matches)"
        raise UserError(f"{source}: {'; '.join(map(faults.sentence, refused))}{way}")


def faults_of_names(entrants: Iterable[Entrant]) -> list[Fault]:
    """What is wrong with the names of entrants, and with nothing else of them."""
    return [one.fault for one in entrants if one.fault and one.fault.code in NAME_FAULTS]


def with_former_names(entrants: Iterable[Entrant], now: Mapping[str, str]) -> list[Entrant]:
    """Entrants, with a fault for each that is listed by a name that its team had before it was renamed.

    Args:
        entrants: as they are listed.
        now: former name -> name.
    """
    return [
        entrant._replace(fault=Fault("team_name_former", {"name": now[entrant.name], "line": entrant.line}))
        if entrant.name in now
        else entrant
        for entrant in entrants
    ]


def _rows(path: str) -> Iterator[tuple[int, list[str], Fault | None]]:
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
            problem, used = Fault("line_not_csv", {"line": start + 1, "reason": str(error)}), 1
        if problem or any(field.strip() for field in fields):
            yield start + 1, fields, problem
        start += used


def _text(path: str) -> str:
    try:
        content = files.read(path)
    except FileNotFoundError:
        raise UserError(f"--teams={path}: there is no such file; write one with the columns {_TEAM},{_PATH}") from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UserError(f"--teams={path} is not UTF-8 in line {line}; save it as CSV in UTF-8") from error
    return text.replace("\0", _CONTROL_CHARACTER)


def _name(given: str, line: int, taken: dict[str, int]) -> tuple[str, Fault | None]:
    """(name to be shown, fault or None); adds the name to `taken`, key -> line."""
    cleaned = printable.cleaned(given)
    written = unicodedata.normalize("NFC", cleaned)
    unseen, shown = team_names.unseen(written), " ".join(team_names.without_unseen(written).split())
    fault: Fault | None = None
    if not team_names.key(shown):
        shown, fault = f"line {line}", Fault("team_name_missing", {"line": line})
    elif shown in _TAKEN_FOR_OTHERS:
        shown, fault = f"line {line}", Fault("team_name_reserved", {"line": line})
    elif cleaned != given:
        fault = Fault("team_name_strange", {"line": line, "shown_as": printable.REPLACEMENT})
    elif len(shown) > LONGEST_NAME:
        fault = Fault("team_name_long", {"line": line, "characters": len(shown), "most": LONGEST_NAME})
    if len(shown) > LONGEST_NAME:
        shown = shown[: LONGEST_NAME - 1] + "…"
    while team_names.key(shown) in taken:
        other = taken[team_names.key(shown)]
        if other == _RESERVED:
            fault = fault or Fault("team_name_reserved", {"line": line})
        else:
            fault = fault or Fault("team_name_taken", {"other": other, "line": line})
        shown = f"{shown} (line {line})"
    taken[team_names.key(shown)] = line
    if unseen and not fault:
        characters = [team_names.described(character) for character in dict.fromkeys(unseen)]
        fault = Fault("team_name_unseen", {"line": line, "characters": characters})
    return shown, fault


def _fault_of_path(path: str, line: int) -> Fault | None:
    if not path:
        return Fault("team_path_missing", {"line": line})
    if any(map(printable.is_strange, path)):
        return Fault("team_path_strange", {"line": line})
    if paths.is_remote(path) and not path.partition("://")[2].partition("/")[0]:
        return Fault("team_path_without_bucket", {"line": line})
    return None


def _located(path: str, folder: str) -> str:
    """A path as seen from the working folder; empty if there is none."""
    path = os.path.expanduser(path)
    if not path or paths.is_remote(path) or os.path.isabs(path):
        return path
    return paths.join(folder, path)
