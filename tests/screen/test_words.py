"""The words of the page: the same in both languages."""

import json
import re

import pytest

from gan.contest import languages, rules
from gan.screen import show

AREAS = sorted((show.PAGE / "words").glob("*.js"))
PLACE = re.compile(r"\{(\w+)(?::[^}]+)?\}")


def words_of(path):
    """key -> {language: sentence} of a file, which is JSON but for its first and last words."""
    return json.loads(re.fullmatch(r"export default (\{.*\});\n", path.read_text(encoding="utf-8"), re.DOTALL)[1])


@pytest.mark.parametrize("path", AREAS, ids=lambda path: path.stem)
def test_both_languages_say_the_same(path):
    for key, sentences in words_of(path).items():
        assert set(sentences) == {"en", "ko"}, key
        english, korean = sentences["en"], sentences["ko"]
        many = english["other"] if isinstance(english, dict) else english
        assert isinstance(english, str) or set(english) == {"one", "other"} and "{n}" in many, key
        assert sorted(PLACE.findall(many)) == sorted(PLACE.findall(korean)), key
        particles = re.findall(r"\{\w+:([^}]+)\}", korean)
        assert set(particles) <= {"이/가", "을/를", "은/는", "과/와", "으로/로"}, key


def test_no_key_is_in_two_areas():
    keys = [key for path in AREAS for key in words_of(path)]
    assert len(keys) == len(set(keys))


def test_every_key_that_is_named_is_there():
    keys = {key for path in AREAS for key in words_of(path)}
    for path in show.PAGE.rglob("*.js"):
        named = re.findall(r"\b(?:t|say)\(\s*\"([\w.]+)\"", path.read_text(encoding="utf-8"))
        assert set(named) <= keys, path


def test_rules_are_named_as_in_results():
    words = {key: sentences for path in AREAS for key, sentences in words_of(path).items()}
    for rule in rules.EXPLANATIONS:
        assert words[f"rule.{rule}"] == {language: rules.name(rule, language) for language in languages.LANGUAGES}
