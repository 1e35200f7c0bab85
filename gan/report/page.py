"""Fills the templates of HTML pages that need nothing else: no scripts, no files, no network. No TensorFlow.

Python prepares plain values, and templates turn them into HTML. All text is escaped: strangers choose much of it.
"""

import base64
import functools
import os
from collections.abc import Sequence
from typing import Any, NamedTuple

import jinja2
import numpy as np

from gan.data import pixels

TEMPLATES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "templates")
_STRONGEST = 0.55  # opacity of a cell's colour, with which its text is still easy to read
_SHORTEST_BAR = 0.02  # share of its cell
_SHEET_COLUMNS = 10


class Column(NamedTuple):
    """The head of a table's column."""

    title: str
    small: str = ""  # a line below


class Cell(NamedTuple):
    """A cell of a table."""

    text: str
    small: Sequence[str] = ()  # lines below
    is_strong: bool = False
    share: float | None = None  # in [0, 1]: colours the cell, blue above a half and orange below; None does not
    bar: float | None = None  # in [0, 1]: how much of the cell's width a bar fills; None for no bar

    # Blue and orange can be told apart with every kind of colour vision, on light and on dark ground.
    @property
    def colour(self) -> str:
        """Name of the style's colour for the share."""
        return "blue" if self.share is not None and self.share >= 0.5 else "orange"

    @property
    def strength(self) -> str:
        """Opacity of that colour."""
        return f"{abs((self.share or 0) - 0.5) * 2 * _STRONGEST:.2f}"

    @property
    def bar_width(self) -> str:
        """The bar's width in CSS."""
        return f"{max(_SHORTEST_BAR, self.bar or 0):.0%}"


class Row(NamedTuple):
    """A row of a table."""

    name: str
    cells: Sequence[Cell]


class Table(NamedTuple):
    """A table; it scrolls if it is wider than the screen."""

    columns: Sequence[Column]  # the first is over the rows' names
    rows: Sequence[Row]
    apart: int | None = None  # index of a row with a line above; None for none


class Term(NamedTuple):
    """A word and what it means, or a name and its value."""

    name: str
    meaning: str
    soft: str = ""  # a remark on the word


class Picture(NamedTuple):
    """A picture inside the page."""

    source: str  # data: URI
    shows: str  # for those who cannot see it


class Figure(NamedTuple):
    """A picture with lines of text below it."""

    picture: Picture
    caption: Sequence[str]


def render(template: str, folder: str = TEMPLATES, **values: Any) -> str:
    """A page as text.

    Args:
        template: name of its file.
        folder: where it is; base.html.j2 and parts.html.j2 are always found.
        **values: what the template names.

    Raises:
        jinja2.TemplateError: the template names something else.
    """
    return _environment(folder).get_template(template).render(**values)


def sheet(images: np.ndarray, shows: str) -> Picture:
    """Many images as one picture: uint8 [N, size]."""
    return _png(pixels.grid(images, _SHEET_COLUMNS, gap=1, zoom=2), shows)


def face(images: np.ndarray, shows: str, *caption: str) -> Figure:
    """One image, or several, one below the other, with lines of text: uint8 [N, size]."""
    return Figure(_png(pixels.grid(images, columns=1, gap=0, zoom=2), shows), caption)


def chart(svg: str, shows: str) -> Picture:
    """A drawing."""
    return Picture(_data_uri(svg.encode(), "svg+xml"), shows)


@functools.cache
def _environment(folder: str) -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader([folder, TEMPLATES]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _png(picture: np.ndarray, shows: str) -> Picture:
    return Picture(_data_uri(pixels.png(picture), "png"), shows)


def _data_uri(content: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode('ascii')}"
