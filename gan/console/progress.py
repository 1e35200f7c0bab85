"""Progress of long work: a bar on a terminal, a line every few seconds elsewhere."""

import contextlib
import sys
import time
from collections.abc import Iterator
from typing import Any

from tqdm import tqdm

SECONDS_BETWEEN_LINES = 5


class Progress:
    """Shows how far a piece of work has come.

    Use as a context manager and call `update` as often as you like:

        with Progress("training", total=4650, unit="step") as progress:
            progress.update(10, note="D loss 1.21")

    Args:
        title: what is being done.
        total: how many units there are, or None if that is not known.
        unit: name of one unit.
        initial: units done before this run.
        scale: True writes large numbers as 1.2M (for bytes).
        only_if_long: True shows nothing of work that takes less than SECONDS_BETWEEN_LINES.
    """

    def __init__(
        self,
        title: str,
        total: int | None = None,
        unit: str = "image",
        initial: int = 0,
        scale: bool = False,
        only_if_long: bool = False,
    ) -> None:
        self._title, self._total, self._unit = title, total, unit
        self._done, self._note = initial, ""
        self._said: tuple[int, str] | None = None  # the last line, so that the end does not repeat it
        self._bar: Any = None
        if sys.stderr.isatty():
            self._bar = tqdm(
                total=total,
                initial=initial,
                desc=title,
                unit=unit,
                unit_scale=scale,
                dynamic_ncols=True,
                delay=SECONDS_BETWEEN_LINES if only_if_long else 0,
            )
        self._scale, self._is_silent = scale, only_if_long
        self._next_line = time.monotonic() + SECONDS_BETWEEN_LINES

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *exception: Any) -> None:
        if self._bar is not None:
            self._bar.close()
        elif exception[0] is None and not self._is_silent and self._said != (self._done, self._note):
            self._print_line()

    def update(self, units: int = 1, note: str | None = None) -> None:
        """Adds units; `note` replaces the text shown after the count."""
        self._done += units
        self._note = note if note is not None else self._note
        if self._bar is not None:
            if note is not None:
                self._bar.set_postfix_str(note, refresh=False)
            self._bar.update(units)
        elif time.monotonic() >= self._next_line:
            self._print_line()

    def say(self, message: str) -> None:
        """Prints a line of its own without breaking the bar."""
        if self._bar is not None:
            self._bar.write(message)
        else:
            _print_whole(message)

    @contextlib.contextmanager
    def hidden(self) -> Iterator[None]:
        """Takes the bar off the terminal while the `with` block prints lines of its own."""
        if self._bar is not None:
            self._bar.clear()
        yield
        if self._bar is not None:
            self._bar.refresh()

    def _print_line(self) -> None:
        of = f"/{self._count(self._total)}" if self._total is not None else ""
        units = self._unit
        if (self._done if self._total is None else self._total) != 1:
            units += "es" if units.endswith("ch") else "s"
        _print_whole(f"{self._title}: {self._count(self._done)}{of} {units} {self._note}".rstrip())
        self._said = self._done, self._note
        self._next_line, self._is_silent = time.monotonic() + SECONDS_BETWEEN_LINES, False

    def _count(self, number: int) -> str:
        return tqdm.format_sizeof(number) if self._scale else str(number)


def _print_whole(line: str) -> None:
    """Prints a line by one call: with PYTHONUNBUFFERED a reader would see it without its end for a moment."""
    print(f"{line}\n", end="", flush=True)
