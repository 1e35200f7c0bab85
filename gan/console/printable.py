"""Makes text from strangers safe to show on a terminal and on a page. No TensorFlow."""

import os
import re
import unicodedata

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

_BREAKING = {"Cc", "Zl", "Zp"}  # categories: control characters, line breaks
_MARKS = {"Mn", "Me"}  # categories: accents and the like, which are drawn above or below the letter before
_MOST_MARKS = 4  # of a letter: Hebrew and Tibetan need as many; a tower of them is drawn over the lines around it
_TURNING = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}  # bidirectional classes


# Addresses, paths that begin at a root or in a home folder, and accounts.
_PLACES = re.compile(
    r"\b[a-z][a-z0-9+.-]*://[^\s,;()'\"]*[^\s,;:.()'\"]"
    r"|(?<![\w.)\]>])(?:~|\.{1,2})?/[^\s,;:()'\"]+"
    r"|\b[A-Za-z]:\\[^\s,;()'\"]+"
    r"|[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
)


def is_strange(character: str) -> bool:
    """Whether a character controls a terminal, breaks a line or turns the direction of writing."""
    return unicodedata.category(character) in _BREAKING or unicodedata.bidirectional(character) in _TURNING


def cleaned(text: str) -> str:
    """The text, with REPLACEMENT for each strange character, and for accents beyond what a letter can have."""
    shown, marks = [], 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character) in _MARKS else 0
        if marks <= _MOST_MARKS:
            shown.append(REPLACEMENT if is_strange(character) else character)
        elif marks == _MOST_MARKS + 1:
            shown.append(REPLACEMENT)
    return "".join(shown)


def without_places(text: str) -> str:
    """The text for people who need not know where things are: an ellipsis for each address, path and account."""
    return _PLACES.sub("\N{HORIZONTAL ELLIPSIS}", text)


def is_text(path: str) -> bool:
    """Whether a path is UTF-8: the name of a file may be any bytes, which Python keeps as surrogates."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def escaped(path: str) -> str:
    """A path with escapes such as \\xff for bytes that are no UTF-8."""
    return os.fsencode(path).decode(errors="backslashreplace")
