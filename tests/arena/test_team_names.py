"""Names that are the same or look alike are found, whatever they are written with; honest names in any script pass."""

import unicodedata

import pytest

from gan.arena import team_names
from gan.contest import faults


@pytest.mark.parametrize(
    "name",
    [
        "Blue Foxes",
        "얼굴 생성기",
        unicodedata.normalize("NFD", "얼굴 생성기"),
        "深層偽造研究会",
        "葛\U000e0100城",  # a form of a Chinese character
        "فريق الوجوه",
        "می\u200cخواهم",  # Persian, with the non-joiner that its spelling needs
        "क्\u200dष",
        "צוות 7",
        "👩‍💻 and friends",
        "👩🏽‍🚀🏳️‍🌈🏃🏽‍♂️❤️‍🔥",
        "❤️ 1️⃣ ↔️ ‼️",
        "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",  # the flag of Scotland
        "Ωmega",
        "Grüße",
    ],
)
def test_honest_names_hide_nothing(name):
    assert team_names.unseen(name) == [] and team_names.without_unseen(name) == name
    assert team_names.remarks([name, "Other"]) == []


@pytest.mark.parametrize(
    "hidden",
    [
        *("\u200b", "\u200c", "\u200d", "\u200e", "\u200f", "\u2060", "\ufeff", "\u00ad", "\u061c", "\u034f"),
        *("\u115f", "\u1160", "\u3164", "\uffa0", "\u2800", "\ufe0f", "\u180e", "\U000e0061", "\U000e0100"),
    ],
)
def test_characters_that_nobody_sees_are_found(hidden):
    for name in (f"Fa{hidden}ces", f"Faces{hidden}", f"{hidden}Faces"):
        assert team_names.unseen(name) == [hidden] and team_names.without_unseen(name) == "Faces"
        assert team_names.key(name) == team_names.key("faces")


@pytest.mark.parametrize(
    "one, other",
    [
        ("Faces", "FACES"),
        ("Straße", "STRASSE"),
        ("Faces", "Ｆａｃｅｓ"),
        ("Faces", "𝐅𝐚𝐜𝐞𝐬"),
        ("ﬁne", "fine"),
        ("é", unicodedata.normalize("NFD", "É")),
        ("한글", unicodedata.normalize("NFD", "한글")),
        ("ㅋㅋ", "ᄏᄏ"),  # letters by themselves, and those that a syllable is made of
        ("ㅋㅋ", "ﾻﾻ"),
        ("㈜얼굴", "(주)얼굴"),
        ("얼굴", "\u3000얼굴\u00a0"),
        ("👩‍💻", "👩💻"),
        ("❤️", "❤"),
    ],
)
def test_the_same_name_written_in_another_way(one, other):
    assert team_names.key(one) == team_names.key(other)


@pytest.mark.parametrize(
    "one, other, letters",
    [
        ("Blue Foxes", "Bluе Foxes", ["U+0065 LATIN SMALL LETTER E", "U+0435 CYRILLIC SMALL LETTER IE"]),
        ("coco", "сосо", ["U+0441 CYRILLIC SMALL LETTER ES"]),
        ("HEXA", "НЕХА", ["U+041D CYRILLIC CAPITAL LETTER EN"]),
        ("Alpha", "Αlpha", ["U+0391 GREEK CAPITAL LETTER ALPHA"]),
        ("Team Al", "Team AI", ["U+0049 LATIN CAPITAL LETTER I"]),
        ("GAN 0", "GAN O", ["U+0030 DIGIT ZERO"]),
        ("Team1", "Teaml", ["U+0031 DIGIT ONE"]),
        ("Team-7", "Team–7", ["U+002D HYPHEN-MINUS", "U+2013 EN DASH"]),
        ("It's us", "It’s us", ["U+2019 RIGHT SINGLE QUOTATION MARK"]),
        ("Team O", "Team ㅇ", ["U+3147 HANGUL LETTER IEUNG"]),
        ("ㅁ", "口", ["U+3141 HANGUL LETTER MIEUM", "U+53E3 CJK UNIFIED IDEOGRAPH-53E3"]),
        ("ロケット", "口ケット", ["U+30ED KATAKANA LETTER RO"]),
        ("ラーメン", "ラ一メン", ["U+30FC KATAKANA-HIRAGANA PROLONGED SOUND MARK"]),
    ],
)
def test_names_that_look_alike_are_told_with_the_letters_that_differ(one, other, letters):
    assert team_names.key(one) != team_names.key(other)
    told = [faults.sentence(fault) for fault in team_names.remarks(["Nash", one, other]) if fault.code == "names_alike"]
    assert len(told) == 1 and f"the names {one} and {other} look alike" in told[0]
    assert all(letter in told[0] for letter in letters)


def test_letters_of_another_script_in_a_word_are_told():
    (found,) = team_names.remarks(["Blue Fоxes", "Ωmega", "서울 GAN", "Москва GAN"])
    assert "Blue Fоxes has letters that look like others: U+043E CYRILLIC SMALL LETTER O" in faults.sentence(found)


def test_a_name_that_is_read_from_the_right_stands_apart():
    for name, apart in (
        ("Foxes", "Foxes"),
        ("여우", "여우"),
        ("عربي", "\u2068عربي\u2069"),
        ("a עברית", "\u2068a עברית\u2069"),
    ):
        assert team_names.apart(name) == apart


def test_other_names_are_not_alike():
    names = [
        "Team 7",
        "Team 2",
        "rn",
        "m",
        "Nash",
        "Dash",
        "mine",
        "nine",
        *("우리은행", "우리온행", "팀 이", "팀 미", "ㅁ", "ㅂ", "한", "ㅎㅏㄴ"),
        "서울 그레이디언트",
        "서울 그레이디얼트",
        "Ωmega",
    ]
    assert team_names.remarks(names) == []
