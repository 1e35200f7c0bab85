"""Order and times of the faces of a half round, worked out by hand."""

import pytest

from gan.screen import reveal


def test_the_least_certain_comes_last_and_equals_as_they_were_judged():
    assert reveal.order([0.5, 0.9, 0.1, 0.51, 0.0], 5) == [4, 1, 2, 3, 0]
    assert reveal.order(None, 3) == [0, 1, 2]


def test_two_faces_in_seven_seconds():
    """Weights 1 and 2.5: 2 s and 5 s; told after 1.2 s and after 2 + 3 s."""
    assert reveal.groups(2, 7) == [
        reveal.Group(0, 1, 0, pytest.approx(1.2), pytest.approx(2)),
        reveal.Group(1, 1, pytest.approx(2), pytest.approx(5), 7),
    ]


def test_thirty_faces_at_the_pace_of_a_final():
    """Weights from 1 to 2.5, 52.5 in all: of 36 s the first face has 36 / 52.5 s, the last 2.5 times as much."""
    groups = reveal.groups(30, 36)
    assert [one.size for one in groups] == [1] * 30 and [one.first for one in groups] == list(range(30))
    assert groups[0].end == pytest.approx(0.6857, abs=1e-4)
    assert groups[-1].end == 36 and groups[-1].end - groups[-1].shown == pytest.approx(1.7143, abs=1e-4)
    assert groups[-1].told == pytest.approx(36 - 0.4 * 1.7143, abs=1e-3)


@pytest.mark.parametrize("seconds, sizes", [(12, [1] * 30), (6, [2] * 15), (1, [15, 15]), (0.5, [30]), (0, [30])])
def test_no_face_is_up_for_less_than_two_fifths_of_a_second(seconds, sizes):
    groups = reveal.groups(30, seconds)
    assert [one.size for one in groups] == sizes
    lengths = [one.end - one.shown for one in groups]
    assert min(lengths) >= min(seconds, reveal.FACE_SECONDS) - 1e-9 and sum(lengths) == pytest.approx(seconds)


@pytest.mark.parametrize("count", [1, 2, 7, 30])
@pytest.mark.parametrize("seconds", [0, 0.3, 2.9, 13, 36])
def test_groups_follow_each_other_and_hold_all_faces(count, seconds):
    groups = reveal.groups(count, seconds)
    assert groups[0].shown == 0 and groups[-1].end == seconds
    assert [one.shown for one in groups[1:]] == [one.end for one in groups[:-1]]
    assert [one.first for one in groups] == [sum(other.size for other in groups[:n]) for n in range(len(groups))]
    assert sum(one.size for one in groups) == count
    assert all(one.shown <= one.told <= one.end for one in groups)
