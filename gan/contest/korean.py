"""Korean sentences with values in them: the particles that fit, and templates that ask for them. Pure Python.

The page does the same in `gan/screen/page/particles.js`.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

_FIRST_SYLLABLE, _LAST_SYLLABLE, _FINALS = 0xAC00, 0xD7A3, 28  # of Hangul; kinds of final consonants, with none
_NONE, _RIEUL, _OTHER = "none", "rieul", "other"  # final consonants, as far as particles care
# 영 일 이 삼 사 오 육 칠 팔 구. Numbers that end in 0 are read 십, 백, 천 or 만, which end in a consonant as well.
_OF_DIGIT = (_OTHER, _RIEUL, _NONE, _OTHER, _NONE, _NONE, _OTHER, _RIEUL, _RIEUL, _NONE)
# The names of these letters, 엘 엠 엔 알, end in a consonant; those of all others in a vowel.
_OF_LETTER = {"L": _RIEUL, "M": _OTHER, "N": _OTHER, "R": _RIEUL}
_TO = "으로"  # the only particle that ㄹ takes as a vowel does: 물로


def with_particle(text: str, pair: str) -> str:
    """A word with the Korean particle that fits its end.

    Args:
        text: the word, in any language. Punctuation at its end is not read.
        pair: the particle after a consonant and the one after a vowel, such as "이/가".

    Returns:
        The word with one of them; with both, such as "이(가)", if its end cannot be told.
    """
    after_consonant, after_vowel = pair.split("/")
    end = _ending(text)
    if end is None:
        return text + (f"({_TO[0]}){after_vowel}" if after_consonant == _TO else f"{after_consonant}({after_vowel})")
    is_vowel = end == _NONE or (end == _RIEUL and after_consonant == _TO)
    return text + (after_vowel if is_vowel else after_consonant)


def completed(sentence: str, values: Mapping[str, Any]) -> str:
    """A sentence with its values: {name}, {number:.1f}, {name:이/가} or {number:.1f|이/가}.

    Raises:
        KeyError: a value is missing.
        ValueError, TypeError: a value has no such format.
    """
    return sentence.format(**{name: _Value(value) for name, value in values.items()})


class _Value:
    """What stands in a sentence; its format may end in a pair of particles."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __format__(self, spec: str) -> str:
        form, _, pair = spec.rpartition("|") if "|" in spec else ("", "", spec) if "/" in spec else (spec, "", "")
        text = format(self._value, form)
        return with_particle(text, pair) if pair else text


def _ending(text: str) -> str | None:
    """How a text ends if it is read aloud; None if that cannot be told."""
    while text and unicodedata.category(text[-1])[0] not in "LN":
        text = text[:-1]
    if not text:
        return None
    code = ord(text[-1])
    if _FIRST_SYLLABLE <= code <= _LAST_SYLLABLE:
        final = (code - _FIRST_SYLLABLE) % _FINALS
        return {0: _NONE, 8: _RIEUL}.get(final, _OTHER)
    if text[-1] in "0123456789":
        return _OF_DIGIT[int(text[-1])]
    word = re.search("[A-Za-z]+$", text)
    return _of_word(word[0]) if word else None


def _of_word(word: str) -> str | None:
    """How an English word ends in Korean. After b, c, d, g, k, p and t it depends on the vowel: cat 캣, gate 게이트."""
    if word.isupper():
        return _OF_LETTER.get(word[-1], _NONE)
    end = word.lower()
    if re.search("(l|[^aeiouy]le)$", end):
        return _RIEUL
    if re.search("(m|n|ng|[aeiou][mn]e)$", end):
        return _OTHER
    return None if end[-1] in "bcdgkpt" else _NONE
