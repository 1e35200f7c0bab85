"""Merge patches: those of RFC 7396, and the differences that lead from one state to the next."""

import json

import pytest

from gan.screen import merge_patch

# (before, patch, after), from the standard's appendix.
STANDARD = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "foo"}, "bar", "bar"),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]


@pytest.mark.parametrize("before, patch, after", STANDARD)
def test_of_the_standard(before, patch, after):
    assert merge_patch.patched(before, patch) == after


BEFORE = {"empty": {}, "a": 1, "b": {"x": 1, "y": {"z": 1}}, "d": [1]}


@pytest.mark.parametrize(
    "after, patch",
    [
        (BEFORE, {}),
        (BEFORE | {"a": 2}, {"a": 2}),
        (BEFORE | {"b": {"x": 2, "y": {"z": 1}}}, {"b": {"x": 2}}),
        (BEFORE | {"b": {"x": 1}}, {"b": {"y": None}}),
        (BEFORE | {"b": 7}, {"b": 7}),
        (BEFORE | {"empty": {"x": {}}}, {"empty": {"x": {}}}),
        (BEFORE | {"a": {"x": 1}}, {"a": {"x": 1}}),
        (BEFORE | {"d": []}, {"d": []}),
        ({"a": 1}, {"empty": None, "b": None, "d": None}),
        ({}, {"empty": None, "a": None, "b": None, "d": None}),
    ],
)
def test_differences(after, patch):
    assert merge_patch.difference(BEFORE, after) == patch
    assert merge_patch.patched(BEFORE, json.loads(json.dumps(patch))) == after


def test_what_is_the_same_object_is_not_looked_into():
    class Never(dict):
        def __iter__(self):
            raise AssertionError

        items = __iter__

    part = Never(x=1)
    assert merge_patch.difference({"part": part, "n": 1}, {"part": part, "n": 2}) == {"n": 2}
