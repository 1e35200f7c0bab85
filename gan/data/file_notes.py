"""What is said about files of an input: which are left out and why, which were taken in a way that is not plain."""

import collections
from collections.abc import Iterator
from typing import Any

from gan.console import printable

_FIRST_TOLD, _FIRST_KEPT = 3, 20  # names on the terminal, and in the manifest


class FileNotes:
    """Names of files by what is to be said about them.

    Args:
        title: what they have in common, such as "left out".

    Attributes:
        title: the same.
    """

    def __init__(self, title: str = "left out") -> None:
        self.title = title
        self._names: dict[str, list[str]] = collections.defaultdict(list)

    def add(self, note: str, name: str) -> None:
        """Takes down one file."""
        self._names[note].append(printable.escaped(name))

    def sentences(self) -> Iterator[str]:
        """One line for each note: how many files, the note, and the first names."""
        for note, names in sorted(self._names.items()):
            more = f" and {len(names) - _FIRST_TOLD:,} more" if len(names) > _FIRST_TOLD else ""
            first = ", ".join(map(printable.cleaned, sorted(names)[:_FIRST_TOLD]))
            yield f"{self.title}: {len(names):,} file{'s' * (len(names) != 1)} ({note}): {first}{more}"

    def entries(self) -> list[dict[str, Any]]:
        """The same for the manifest, with more names."""
        return [
            {"why": note, "count": len(names), "first": sorted(names)[:_FIRST_KEPT]}
            for note, names in sorted(self._names.items())
        ]
