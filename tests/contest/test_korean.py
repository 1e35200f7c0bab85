"""Particles that fit the word before them, and sentences that ask for them."""

import pytest

from gan.contest import korean

PAIRS = [
    ("팀", "팀이 팀을 팀은 팀과 팀으로"),
    ("나무", "나무가 나무를 나무는 나무와 나무로"),
    ("물", "물이 물을 물은 물과 물로"),
    ("Team 1", "1이 1을 1은 1과 1로"),  # 일
    ("team2", "2가 2를 2는 2와 2로"),  # 이
    ("10", "10이 10을 10은 10과 10으로"),  # 십
    ("LMN", "N이 N을 N은 N과 N으로"),  # 엔
    ("CPU", "U가 U를 U는 U와 U로"),  # 유
    ("model", "l이 l을 l은 l과 l로"),  # 모델
    ("apple", "e이 e을 e은 e과 e로"),  # 애플
    ("MatMul", "l이 l을 l은 l과 l로"),  # 맷멀
    ("training", "g이 g을 g은 g과 g으로"),  # 트레이닝
    ("noise", "e가 e를 e는 e와 e로"),  # 노이즈
    ("images", "s가 s를 s는 s와 s로"),  # 이미지스
    ("cat", "t이(가) t을(를) t은(는) t과(와) t(으)로"),  # 캣, but gate is 게이트
    ("فريق", "ق이(가) ق을(를) ق은(는) ق과(와) ق(으)로"),
    ("🙂", "🙂이(가) 🙂을(를) 🙂은(는) 🙂과(와) 🙂(으)로"),
    ("", "이(가) 을(를) 은(는) 과(와) (으)로"),
]


@pytest.mark.parametrize("word, expected", PAIRS)
def test_particles(word, expected):
    pairs = ["이/가", "을/를", "은/는", "과/와", "으로/로"]
    for pair, end in zip(pairs, expected.split(), strict=True):
        found = korean.with_particle(word, pair)
        assert found.startswith(word) and found.endswith(end)


def test_marks_at_the_end_are_not_read():
    assert korean.with_particle("별(1팀)", "이/가") == "별(1팀)이"
    assert korean.with_particle('"바다"', "을/를") == '"바다"를'


def test_sentences():
    assert (
        korean.completed("{a:이/가} {n:.0f|을/를} {b}", {"a": "한별", "n": 4.2, "b": "{a}|x/y"}) == "한별이 4를 {a}|x/y"
    )
    with pytest.raises(ValueError):
        korean.completed("{n:.0f|을/를}", {"n": "text"})
    with pytest.raises(KeyError):
        korean.completed("{n}", {})
