"""The catalogue of faults: each code is raised, with the parameters of its sentence; those of strangers are checked."""

import ast
import collections
import importlib
import json
import re
import string

import numpy as np
import pytest
from conftest import ROOT

from gan.arena import notes
from gan.console.errors import OTHER, ContractError, Fault, HostError
from gan.contest import faults, faults_ko

RAISING = {"breach", "host_failure", "explaining", "note", "Fault"}


def raise_sites():
    """(code, names of its parameters, where) of each fault that the code makes, and the modules that add sentences."""
    sites, adding = [], set()
    for path in sorted((ROOT / "gan").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "attr", getattr(node.func, "id", None))
            if name == "explaining" and getattr(getattr(node.func, "value", None), "id", None) != "contract":
                continue
            if name == "add_sentences" and path.name != "faults.py":
                adding.add(".".join(path.relative_to(ROOT).with_suffix("").parts))
            literal = node.args and isinstance(node.args[0], ast.Constant) and node.args[0].value
            if name not in RAISING or not isinstance(literal, str):
                continue
            if name == "Fault":
                keys = node.args[1].keys if len(node.args) > 1 and isinstance(node.args[1], ast.Dict) else None
                names = None if keys is None else {key.value for key in keys}
            else:
                names = {keyword.arg for keyword in node.keywords} | ({"reason"} if name == "explaining" else set())
            sites.append((literal, names, f"{path.relative_to(ROOT)}:{node.lineno}"))
    return sites, adding


SITES, ADDING = raise_sites()
for module in sorted(ADDING):
    importlib.import_module(module)


def test_every_code_is_raised():
    raised = {code for code, _, _ in SITES}
    assert set(faults.SENTENCES) - raised == {OTHER}
    assert len(raised) > 40


@pytest.mark.parametrize("code, names, where", SITES, ids=[f"{code} {where}" for code, _, where in SITES])
def test_every_sentence_gets_its_parameters(code, names, where):
    assert code in faults.SENTENCES, where
    assert names is None or names == faults.parameters_of(code), where


def sample(code):
    """Parameters that fit: numbers where the sentence formats numbers."""
    fields = string.Formatter().parse(faults.SENTENCES[code])
    if code == faults.SEVERAL:
        return {"faults": [["cannot_run", {"reason": "text"}], ["out_of_memory", {}]]}
    return {name: 7.5 if format else "text" for _, name, format, _ in fields if name}


@pytest.mark.parametrize("code", faults.SENTENCES)
def test_sentences(code):
    text = faults.sentence(Fault(code, sample(code)))
    assert "{" not in text and code not in (text.split(" ")[0],) and not text.endswith(".")
    assert not sample(code) or "text" in text or "7.5" in text or " 8" in text or "(8" in text
    assert faults.SENTENCES[code][0].islower() or faults.SENTENCES[code][0] == "{"


def test_codes_and_sentences_differ():
    assert not [text for text, count in collections.Counter(faults.SENTENCES.values()).items() if count > 1]


def test_errors():
    error = faults.breach("out_of_range", name="generated_images", lowest=np.float32(-0.5), highest=np.float32(2))
    assert isinstance(error, ContractError)
    assert (
        str(error)
        == error.why
        == (
            "generated_images must lie in [0, 1], its values reach from -0.5 to 2; use a sigmoid, or "
            "tf.clip_by_value(generated_images, 0, 1)"
        )
    )
    assert json.loads(json.dumps(error.fault)) == ["out_of_range", error.fault.parameters]
    assert faults.sentence(Fault(*json.loads(json.dumps(error.fault)))) == str(error)
    named = ContractError.of("teams/a/model.ckpt-1", error)
    assert named.fault == error.fault and "teams/a" in str(named) and "teams/a" not in named.why
    error = faults.host_failure("slow", seconds=3, step="open")
    assert isinstance(error, HostError) and str(error) == "it took longer than 3 s to be opened; use smaller networks"
    assert error.fault == Fault("slow", {"seconds": 3, "step": "open"})


def test_strangers_choose_long_names():
    operations = [f"Op{number}\x1b[2J\n" for number in range(1000)]
    error = faults.breach("forbidden_operations", network="generator", operations=operations)
    assert len(error.fault.parameters["operations"]) == 50 and error.fault.parameters["operations"][-1] == "..."
    assert "\x1b" not in json.dumps(error.fault, ensure_ascii=False) and "\n" not in str(error)
    error = faults.breach("variable_missing", variable=5000 * "w")
    assert len(str(error)) < 4100 and error.fault == faults.received(*error.fault)


def test_what_another_version_stored_is_shown():
    assert faults.sentence(Fault("of_the_future", {"a": 1})) == "of_the_future {'a': 1}"
    assert faults.sentence(Fault("slow", {})) == "slow {}"
    assert faults.sentence(Fault("slow", {"seconds": "x", "step": "open"})).startswith("slow {")


def test_sentences_of_other_rooms():
    try:
        faults.add_sentences(
            {"test_of_a_room": "the {thing} is broken"}, {"test_of_a_room": "{thing:이/가} 고장났습니다"}
        )
        faults.add_sentences({"test_of_a_room": "the {thing} is broken"}, {})
        assert str(faults.breach("test_of_a_room", thing="roof")) == "the roof is broken"
        with pytest.raises(ValueError, match="has a sentence already"):
            faults.add_sentences({"slow": "it is slow"}, {})
        assert faults.translations(Fault("test_of_a_room", {"thing": "지붕"})) == {
            "en": "the 지붕 is broken",
            "ko": "지붕이 고장났습니다",
        }
        assert faults.received("test_of_a_room", {"thing": "roof"}) is None, "no process of a snapshot finds that"
    finally:
        faults.SENTENCES.pop("test_of_a_room")
        faults.IN_KOREAN.pop("test_of_a_room")


FOR_ORGANISERS = set(notes._OF_THE_LOG)  # the log, which is in English


def test_korean_has_the_same_codes():
    assert set(faults.SENTENCES) - set(faults.IN_KOREAN) <= FOR_ORGANISERS - {"snapshot_chosen", "arena_frozen_because"}
    assert set(faults.IN_KOREAN) <= set(faults.SENTENCES)


def fields(sentence):
    """(parameter, its format without particles) of a sentence."""
    found = {(name, form) for _, name, form, _ in string.Formatter().parse(sentence) if name}
    return {(name, "" if "/" in form and "|" not in form else form.partition("|")[0]) for name, form in found}


@pytest.mark.parametrize("code", faults.IN_KOREAN)
def test_korean_sentences(code):
    assert fields(faults.IN_KOREAN[code]) == fields(faults.SENTENCES[code])
    text = faults.sentence(Fault(code, sample(code)), "ko")
    assert not {"{", "|"} & set(text) and not text.endswith((".", "다.)")) and (code in faults_ko.SENTENCES or text)
    assert code in WITHOUT_WORDS or re.search("[가-힣]", text)


WITHOUT_WORDS = (OTHER, "annulled", "disqualification", "battle_not_held")  # the parameters say all


def test_korean_words_of_parameters():
    error = faults.breach("slow", seconds=3, step="generate")
    assert faults.sentence(error.fault, "ko") == "이미지를 생성하는 데 3초보다 오래 걸렸습니다"
    assert {step for step in faults._WORDS["step"]} == {step for step in faults_ko.WORDS["step"]}
    several = Fault("several", {"faults": [["out_of_memory", {}], ["variable_missing", {"variable": "w"}]]})
    assert faults.sentence(several, "ko").startswith("(1) 허용된 것보다") and "(2) 체크" in faults.sentence(
        several, "ko"
    )
    why = Fault("annulled_with", {"match": 3, "reason": Fault("test_images_known", {})})
    assert faults.sentence(why, "ko").endswith("매치 3이 무효가 되었습니다: 판별자가 테스트 이미지를 외우고 있습니다")


OF_SNAPSHOTS = sorted(faults._IN_THE_SNAPSHOT)


@pytest.mark.parametrize("code", OF_SNAPSHOTS)
def test_what_a_process_tells_is_received(code):
    parameters = sample(code)
    assert faults.received(code, parameters) == Fault(code, parameters)
    assert faults.received(code, {**parameters, "more": 1}) is None
    assert faults.received(code, [*parameters]) is None
    for name, value in parameters.items():
        assert faults.received(code, {key: other for key, other in parameters.items() if key != name}) is None
        wrong = [
            None,
            True,
            {},
            [[]],
            [1],
            [["several", {"faults": value}]] * 2,
            [["slow", {}]] * 2,
            [[1, 2]] * 2,
            float("nan"),
            float("inf"),
            10**4000,
            601 * "x",
            51 * ["x"],
            [601 * "x"],
        ]
        if isinstance(value, float):
            wrong += ["text", ["text"]]
        for other in wrong:
            assert faults.received(code, {**parameters, name: other}) is None, other


def test_codes_that_no_snapshot_tells():
    for code in set(faults.SENTENCES) - set(OF_SNAPSHOTS):
        assert faults.received(code, sample(code)) is None
    for code in (None, 7, [], {}, ["slow"], "", "of_the_future"):
        assert faults.received(code, {}) is None


def test_received_texts_are_cleaned():
    fault = faults.received("cannot_run", {"reason": "\x1b[2J gone\u202e\n"})
    assert not {"\x1b", "\u202e", "\n"} & set(fault.parameters["reason"])
    fault = faults.received("cannot_run", {"reason": "{network} {0} %s"})
    assert faults.sentence(fault) == "it cannot be run: {network} {0} %s"
