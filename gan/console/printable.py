"""Makes text from strangers safe to show on a terminal and on a page. No TensorFlow."""

import unicodedata

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

_BREAKING = {"Cc", "Zl", "Zp"}  # categories: control characters, line breaks
_TURNING = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}  # bidirectional classes


def is_strange(character: str) -> bool:
    """Whether a character controls a terminal, breaks a line or turns the direction of writing."""
    return unicodedata.category(character) in _BREAKING or unicodedata.bidirectional(character) in _TURNING


def cleaned(text: str) -> str:
    """The text, with REPLACEMENT for each strange character."""
    return "".join(REPLACEMENT if is_strange(character) else character for character in text)
