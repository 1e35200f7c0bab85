"""What is weak in a snapshot is said, with percentages; a strong one hears nothing."""

import numpy as np
import pytest

from gan.console.errors import ContractError
from gan.data import pixels
from gan.measure import bad_images, probes

_RANDOM = np.random.default_rng(0)
REAL = sum(
    _RANDOM.normal(0, deviation, (200, *shape)) for deviation, shape in ((40, (1, 50)), (15, (50, 1)), (8, (50, 50)))
)
REAL = np.clip(128 + REAL, 0, 255)
REAL = REAL.reshape(200, 2500).astype(np.uint8)


_KNOWN = {image.tobytes() for image in REAL}


def recognised(images):
    """Whether images, float32 [N, 2500], are among REAL."""
    return np.array([image.tobytes() in _KNOWN for image in pixels.to_bytes(images)])


class Fake:
    """A snapshot whose networks are functions; it takes for real what is real, and what `is_real` says."""

    def __init__(self, images=REAL, is_real=lambda images: np.zeros(len(images), bool), knows_real=True):
        self._images, self._is_real = images / 255, is_real
        self._knows_real = knows_real

    def generate(self, noise):
        return self._images[np.arange(len(noise)) % len(self._images)].astype(np.float32)

    def discriminate(self, images, references):
        assert references.shape == (15, images.shape[1]) and 0 <= references.min() <= references.max() <= 1
        known = recognised(images) if self._knows_real and images.shape[1] == 2500 else False
        return (self._is_real(images) | known).astype(np.float32)


@pytest.mark.parametrize("name", bad_images.FAMILIES)
def test_bad_images_are_images_that_are_drawn_again_alike(name):
    images = bad_images.make(name, REAL[:20], 3)
    assert images.shape == (20, 2500) and images.dtype == np.float32
    assert images.min() >= 0 and images.max() <= 1 and np.isfinite(images).all()
    np.testing.assert_array_equal(images, bad_images.make(name, REAL[:20], 3))
    np.testing.assert_array_equal(images * 255, np.round(images * 255))
    assert np.abs(images - REAL[:20] / 255).mean(1).min() > 0.01


def test_nothing_is_said_of_a_strong_snapshot():
    assert probes.remarks(Fake(), REAL) == []


def test_what_is_taken_for_real_is_told():
    (told,) = probes.remarks(Fake(is_real=lambda images: images.std(1) < 1e-3), REAL)
    assert "takes plain nonsense for real: " in told and "black 100%" in told and "one grey level 100%" in told
    shares = probes.accepted(Fake(is_real=lambda images: images.mean(1) > 0.999), REAL)
    assert shares.pop("white") == 1 and next(iter(shares.values())) < 0.2
    (told,) = probes.remarks(Fake(is_real=lambda images: np.ones(len(images), bool)), REAL)
    assert f"and {len(bad_images.FAMILIES) - 6} other kinds" in told and "--nonsense_filter" in told


def test_who_takes_one_kind_alone_for_real_is_not_told_to_train_against_all():
    (told,) = probes.remarks(Fake(is_real=lambda images: images.mean(1) > 0.999), REAL)
    assert told == "its discriminator takes plain nonsense for real: white 100%"


@pytest.mark.parametrize(
    "images, told",
    [
        (REAL[:1], "its images hardly vary: they will convince weak discriminators only"),
        ((REAL / 1000).astype(np.uint8), "its images hardly vary"),
        (REAL[:3], "its images are a few, again and again: they will convince weak discriminators only"),
        (np.clip(REAL[:10].repeat(12, 0) + _RANDOM.normal(0, 2, (120, 2500)), 0, 255), "its images are a few, again"),
        (np.random.default_rng(2).integers(0, 256, REAL.shape), "its images are far from real ones"),
    ],
)
def test_weak_images_are_told(images, told):
    (said,) = probes.remarks(Fake(images), REAL)
    assert told in said


def test_who_refuses_real_images_is_told():
    (told,) = probes.remarks(Fake(knows_real=False), REAL)
    assert told.startswith(
        "its discriminator takes only 0% of real images for real; --calibration_data_pattern of train"
    )


def test_a_discriminator_that_fails_on_nonsense_is_told_of():
    def judge(images):
        if not recognised(images).all():
            raise ContractError("the probabilities are not finite")
        return np.ones(len(images), bool)

    assert probes.remarks(Fake(is_real=judge), REAL) == [
        "its discriminator fails on images that are no faces: the probabilities are not finite"
    ]


def test_a_discriminator_that_fails_is_asked_no_more():
    """Its process has ended with the first failure."""
    asked = []

    def judge(images):
        asked.append(1)
        raise ContractError("the probabilities are not finite")

    assert probes.remarks(Fake(is_real=judge), REAL) == [
        "its discriminator fails on real images: the probabilities are not finite"
    ]
    assert len(asked) == 1


def test_of_digits_and_of_a_single_image_nothing_is_said():
    digits = np.random.default_rng(1).integers(0, 256, (200, 784)).astype(np.uint8)
    assert probes.remarks(Fake(digits, is_real=lambda images: np.ones(len(images), bool)), digits) == []
    assert probes.about_images(REAL[:1], REAL[:1]) == []
