"""Copied training images are found, also where they were altered; other images are not."""

import numpy as np
import pytest

from gan.arena import copy_check
from gan.contest import half_round


def tiles(count, seed):
    """Images of squares of random greys, from dark to light but not to the ends: uint8 [count, 2500]."""
    greys = np.random.default_rng(seed).uniform(60, 190, (count, 10, 10))
    return greys.repeat(5, 1).repeat(5, 2).reshape(count, 2500).astype(np.uint8)


TRAIN, HELD_OUT = tiles(300, seed=1), tiles(60, seed=2)


@pytest.fixture(scope="module")
def known():
    return copy_check.CopyCheck(TRAIN, HELD_OUT)


def altered(change, count=20):
    return np.clip(change(TRAIN[:count].astype(float)), 0, 255).astype(np.uint8)


ALTERED = {
    "the same": lambda images: images,
    "brighter": lambda images: images + 40,
    "less contrast": lambda images: 0.7 * images + 30,
    "mirrored": lambda images: images.reshape(-1, 50, 50)[:, :, ::-1].reshape(-1, 2500),
    "with noise": lambda images: images + np.random.default_rng(3).normal(0, 8, images.shape),
}


@pytest.mark.parametrize("how", ALTERED)
def test_copies_are_found(known, how):
    found = known.find(altered(ALTERED[how]), np.full(20, half_round.GENERATED))
    assert [suspect.image for suspect in found] == list(range(20))
    mirrored = ALTERED["mirrored"](TRAIN[:20].astype(float)).astype(np.uint8)
    for suspect in found:
        assert any((suspect.original == image).all() for image in (TRAIN[suspect.image], mirrored[suspect.image]))


def test_others_are_not(known):
    judged = np.concatenate([HELD_OUT[:30], TRAIN[:5], TRAIN.mean(0, keepdims=True).astype(np.uint8)])
    truth = np.array([half_round.GENERATED] * 30 + [half_round.REAL] * 5 + [half_round.GENERATED])
    assert known.find(judged, truth) == []
