"""Names of teams that are the same or look alike, and characters that nobody sees in them. No TensorFlow.

Two names are the same if they are equal after Unicode's normalisation NFKC and without regard to capitals and to
characters that nobody sees. They look alike if a font draws them alike: the outlines of the font that matplotlib brings
tell that of Latin, Greek, Cyrillic and other letters, without a list of such letters that somebody would have to keep.
It has no Korean, Chinese and Japanese ones: of these a short list has the few that are told apart by their words only.
"""

import functools
import os
import unicodedata
from collections.abc import Callable, Hashable, Sequence

import numpy as np

from gan.console.errors import Fault

_FONT = "DejaVuSans.ttf"
# Letters and signs that this font tells apart, or does not have, and that many on a screen draw alike.
_ALIKE = (
    *("lI1|ㅣ丨", "O0○〇◯ㅇ", "-‐‑‒–—―−ーㅡ一", "'‘’ʼ`", '"“”', "·•・", "~∼～"),
    *("口ロㅁ□", "力カ", "二ニ", "八ハ", "工エ", "卜ト", "夕タ", "人ㅅ", "へヘ", "りリ", "べベ", "ぺペ"),
)
_JOINER, _NON_JOINER = "\N{ZERO WIDTH JOINER}", "\N{ZERO WIDTH NON-JOINER}"
_FLAG = "\N{WAVING BLACK FLAG}"  # begins the flags of England, Scotland and Wales, which tags spell
_FORMAT, _SYMBOL, _SKIN = "Cf", "So", "Sk"  # Unicode categories; emoji are symbols
_SYMBOLS = (_SYMBOL, "Sm", "Po")  # categories of characters that can be emoji or text, such as arrows
_VIRAMA = 9  # combining class: in scripts of India a joiner behind it changes what is drawn
_ARABIC_LETTER, _ARABIC_NUMBER = "AL", "AN"  # bidirectional classes
_FROM_THE_RIGHT = ("R", _ARABIC_LETTER, _ARABIC_NUMBER)
_NAMES_OF_UNSEEN = ("FILLER", "VARIATION SELECTOR", "GRAPHEME JOINER", "PATTERN BLANK", "VOWEL INHERENT")
_KEYCAPS = "#*0123456789©®"


def key(name: str) -> str:
    """Equal for names that are the same."""
    seen = "".join(character for character in name if not _is_unseen(character))
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", seen).casefold())
    return " ".join("".join(character for character in folded if not _is_unseen(character)).split())


def apart(name: str) -> str:
    """A name as it is put into a line: one that is read from the right must not turn the points beside it round."""
    turns = any(unicodedata.bidirectional(character) in _FROM_THE_RIGHT for character in name)
    return f"\N{FIRST STRONG ISOLATE}{name}\N{POP DIRECTIONAL ISOLATE}" if turns else name


def unseen(name: str) -> list[str]:
    """Characters of a name that nobody sees, but those that emoji and the scripts of some languages need."""
    return [character for place, character in enumerate(name) if _is_hidden(name, place)]


def without_unseen(name: str) -> str:
    """A name without the characters that `unseen` finds."""
    return "".join(character for place, character in enumerate(name) if not _is_hidden(name, place))


def described(character: str) -> str:
    """A character by its number and name: "U+0430 CYRILLIC SMALL LETTER A"."""
    return f"U+{ord(character):04X} {unicodedata.name(character, '')}".strip()


def remarks(names: Sequence[str]) -> list[Fault]:
    """What the organiser should know about names, no two of which are the same.

    Two of them look alike, or one has letters of another script among English ones that look like English ones.
    """
    found: list[Fault] = []
    seen: dict[Hashable, str] = {}
    outline = str if all(map(str.isascii, names)) else _outline  # loading a font takes half a second
    for name in names:
        for drawn in (_drawn(name, outline), _drawn(name.casefold(), outline)):
            other = seen.setdefault(drawn, name)
            if other != name:
                found.append(Fault("names_alike", {"name": name, "other": other, "letters": _differing(other, name)}))
        if not name.isascii() and (borrowed := _borrowed(name)):
            letters = [described(character) for character in borrowed]
            found.append(Fault("name_of_two_scripts", {"name": name, "letters": letters}))
    return list({repr(fault): fault for fault in found}.values())


def _is_unseen(character: str) -> bool:
    """Whether a character by itself draws nothing and takes no room, or is a blank that is no space."""
    if unicodedata.category(character) == _FORMAT:
        return unicodedata.bidirectional(character) != _ARABIC_NUMBER
    return not character.isascii() and any(word in unicodedata.name(character, "") for word in _NAMES_OF_UNSEEN)


def _is_hidden(name: str, place: int) -> bool:
    """Whether the character at a place is unseen and changes nothing that is drawn around it."""
    character, before, after = name[place], name[:place], name[place + 1 : place + 2]
    if not _is_unseen(character):
        return False
    last = before[-1:]
    if "VARIATION SELECTOR" in unicodedata.name(character, ""):
        return not last or not _has_variants(last)
    if character in (_JOINER, _NON_JOINER) and last and after:
        return not (_joins_emoji(character, before, after) or _joins_letters(last, after))
    if unicodedata.name(character, "").startswith(("TAG ", "CANCEL TAG")):
        return not before.rstrip("".join(chr(code) for code in range(0xE0020, 0xE0080))).endswith(_FLAG)
    return True


def _has_variants(character: str) -> bool:
    """Whether a character has several forms, of which a selector behind it chooses: symbols and Chinese ones."""
    return character in _KEYCAPS or _category(character) in _SYMBOLS or "CJK" in unicodedata.name(character, "")


def _joins_emoji(character: str, before: str, after: str) -> bool:
    base = before.rstrip("\N{VARIATION SELECTOR-16}")[-1:]
    return character == _JOINER and _category(base) in (_SYMBOL, _SKIN) and _category(after) == _SYMBOL


def _joins_letters(last: str, after: str) -> bool:
    letters = unicodedata.bidirectional(last), unicodedata.bidirectional(after)
    return unicodedata.combining(last) == _VIRAMA or letters == (_ARABIC_LETTER, _ARABIC_LETTER)


def _category(character: str) -> str:
    return unicodedata.category(character) if character else ""


def _drawn(name: str, outline: Callable[[str], Hashable]) -> tuple[Hashable, ...]:
    """What a name looks like, by the outlines of its characters: equal for names that look alike."""
    normalised = unicodedata.normalize("NFKC", name).translate(_many_fonts())
    return tuple(map(outline, " ".join(normalised.split())))


@functools.cache
def _many_fonts() -> dict[int, str]:
    """Character, as it is normalised -> the first of those that look like it."""
    return str.maketrans({unicodedata.normalize("NFKC", other): letters[0] for letters in _ALIKE for other in letters})


def _differing(one: str, other: str) -> list[str]:
    """The characters in which two names differ, described."""
    if len(one) == len(other):
        differing = [character for pair in zip(one, other) if pair[0] != pair[1] for character in pair]
    else:
        differing = [character for character in one + other if (character in one) != (character in other)]
    return [f"{character} is {described(character)}" for character in dict.fromkeys(differing)]


def _borrowed(name: str) -> list[str]:
    """Letters that are drawn like an English one, and are none, in words that have English ones too."""
    english = {_outline(letter) for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"}
    found = []
    for word in name.split():
        if any(character.isascii() and character.isalpha() for character in word):
            found += [c for c in word if not c.isascii() and _outline(c) in english]
    return list(dict.fromkeys(found))


@functools.lru_cache(maxsize=4096)
def _outline(character: str) -> Hashable:
    """What a character looks like; the character itself if the font does not have it."""
    from matplotlib import font_manager, get_data_path
    from matplotlib.textpath import text_to_path

    file = os.path.join(get_data_path(), "fonts", "ttf", _FONT)
    if character.isspace() or not font_manager.get_font(file).get_char_index(ord(character)):
        return character
    vertices, _ = text_to_path.get_text_path(font_manager.FontProperties(fname=file), character)
    return np.asarray(vertices).tobytes() or character  # some characters are blank
