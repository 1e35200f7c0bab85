"""What the arena says in sentences, in every language, for everybody who looks. No TensorFlow."""

from typing import Any

from gan.arena import notes
from gan.console import printable
from gan.console.errors import Fault
from gan.contest import faults, rules
from gan.contest.languages import ENGLISH, KOREAN, LANGUAGES

Text = dict[str, str]  # language -> the sentence

_BUCKET_CLOSED = {
    ENGLISH: "the organiser has no right to read its bucket",
    KOREAN: "주최 측 계정에 이 팀의 버킷을 읽을 권한이 없습니다",
}


def of_fault(fault: Fault | None) -> Text | None:
    """Why something failed, for everybody: the organiser's folders, buckets and accounts are left out."""
    if fault is None:
        return None
    if fault.code == notes.BUCKET_CLOSED:  # its reason is in the words of the bucket's owner
        return dict(_BUCKET_CLOSED)
    return {language: printable.without_places(text) for language, text in faults.translations(fault).items()}


def as_written(words: str) -> Text:
    """What a person wrote, the same in every language."""
    shown = printable.without_places(printable.cleaned(words))
    return dict.fromkeys(LANGUAGES, shown)


def of_rule(rule: str | None) -> Text | None:
    """What a rule says; None of one that is not known."""
    return rules.translations(rule) if rule in rules.EXPLANATIONS else None


def without_none(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields that apply: one that does not is absent, never null."""
    return {name: value for name, value in fields.items() if value is not None}
