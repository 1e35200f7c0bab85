"""Texts of teams' pages: the same values in both languages."""

import string

import pytest

from gan.arena import result_texts


def fields(sentence):
    """(value, its format without particles) of a text; a value may stand there twice."""
    found = {(name, form) for _, name, form, _ in string.Formatter().parse(sentence) if name}
    return {(name, "" if "/" in form and "|" not in form else form.partition("|")[0]) for name, form in found}


@pytest.mark.parametrize("key", result_texts._TEXTS)
def test_both_languages_say_the_same(key):
    english, in_korean = result_texts._TEXTS[key]
    assert fields(english) == fields(in_korean)
    assert any("가" <= letter <= "힣" for letter in in_korean) and english.isascii()


def test_particles():
    assert result_texts.text("no_opponent", "ko", home="한별") == "한별은 매치 없이 다음 라운드에 올라갑니다"
    share = result_texts.text("share", "ko", percent="83%", times=25, of=30)
    told = result_texts.text("recognised", "ko", real=share, generated=share, fooled=share)
    assert "실제 이미지의 83%(30장 중 25장)를" in told
