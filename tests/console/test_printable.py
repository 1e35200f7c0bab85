import unicodedata

import pytest

from gan.console import printable

TOWER = "Z" + "\u0309" * 50


@pytest.mark.parametrize(
    "text", ["Việt", unicodedata.normalize("NFD", "Việt"), "שּׁ֖ב", "ที่นี่", "얼굴", "❤️", "a\u0301\u0302 b\u0301"]
)
def test_what_people_write_stays(text):
    assert printable.cleaned(text) == text


def test_a_tower_of_accents_is_cut():
    """Fifty accents on one letter would be drawn over the lines around it."""
    assert (
        printable.cleaned(f"a {TOWER}! {TOWER}") == "a Z\u0309\u0309\u0309\u0309\ufffd! Z\u0309\u0309\u0309\u0309\ufffd"
    )


def test_what_controls_a_terminal_is_replaced():
    assert printable.cleaned("a\x1b[31m\u202eb\n") == "a\ufffd[31m\ufffdb\ufffd"
