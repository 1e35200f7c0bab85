"""Makes text from strangers safe to show on a terminal and on a page. No TensorFlow."""

import os
import re
import unicodedata

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

_BREAKING = {"Cc", "Zl", "Zp"}  # categories: control characters, line breaks
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
    """The text, with REPLACEMENT for each strange character."""
    return "".join(REPLACEMENT if is_strange(character) else character for character in text)


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
