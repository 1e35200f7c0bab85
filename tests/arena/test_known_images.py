"""Who knows test images by heart is told from who learned what real images look like."""

import numpy as np
import pytest
from conftest import synthetic_images

from gan.arena import known_images
from gan.arena.known_images import CHANGES, MIRRORED, MOVED, TURNED, Acceptance, KnownImages
from gan.data import pixels

SIZE = 2500
TEST, PUBLIC = synthetic_images(200, SIZE, 1), synthetic_images(180, SIZE, 2)
BESIDE = PUBLIC[:15]


class Judge:
    """A discriminator that accepts images by a function of float32 [N, size]."""

    def __init__(self, accepts):
        self._accepts, self.most = accepts, 0

    def discriminate(self, images, batch_size=None, key=0, references=None):
        assert batch_size == 1 and np.array_equal(references, pixels.to_floats(BESIDE)), "as a battle asks"
        self.most = max(self.most, len(images))
        return np.where(self._accepts(images), 0.9, 0.1).astype(np.float32)


def honest(images):
    """Accepts images that are brighter than most; a third of them, not by chance."""
    return images.mean(1) > np.median(pixels.to_floats(PUBLIC).mean(1))


def knows(known, distance):
    """Accepts whatever is nearer to a known image than a distance for each pixel."""
    kept = pixels.to_floats(known)

    def accepts(images):
        squares = (images**2).sum(1)[:, None] + (kept**2).sum(1)[None] - 2 * images @ kept.T
        return squares.min(1) < SIZE * distance**2

    return accepts


def either(*judges):
    return lambda images: np.logical_or.reduce([judge(images) for judge in judges])


def copies(images):
    """Images, and all their mirrored and moved versions, as one who knows of this test would keep them."""
    mirrored = known_images.changed(images, MIRRORED)
    moved = [
        np.roll(some.reshape(-1, 50, 50), step, axis)
        for some in (images, mirrored)
        for axis in (1, 2)
        for step in (-1, 1)
    ]
    return np.concatenate([images, mirrored, *(some.reshape(-1, SIZE) for some in moved)])


def look(accepts, public=PUBLIC):
    return known_images.look(Judge(accepts), TEST, public, BESIDE)


def test_an_honest_discriminator_is_not_suspected():
    found = look(honest)
    assert not found.is_suspected and 0.2 < found.test.accepted / found.test.images < 0.8
    assert abs(found.lead.value) < 0.1 and all(abs(found.fall(change).value) < 0.05 for change in CHANGES)
    assert not look(honest, None).is_suspected and not look(lambda images: images[:, 0] > 2).is_suspected


CHEATS = {
    "only test images": knows(TEST, 0.01),
    "and what is near them": knows(TEST, 0.03),
    "and mirrored and moved": knows(copies(TEST), 0.01),
    "beside an honest one": either(honest, knows(TEST, 0.01)),
    "with copies, beside an honest one": either(honest, knows(copies(TEST), 0.01)),
    "test and public images": knows(np.concatenate([TEST, PUBLIC]), 0.01),
}


@pytest.mark.parametrize("how", CHEATS)
def test_one_that_knows_them_is_suspected(how):
    found = look(CHEATS[how])
    assert found.is_suspected and found.test.accepted == len(TEST)


def test_without_public_images_one_that_falls_apart_is_suspected():
    assert look(CHEATS["only test images"], None).is_suspected
    assert look(CHEATS["only test images"], None).lead is None


def test_images_are_shown_in_numbers_as_in_a_battle():
    judge = Judge(honest)
    known_images.look(judge, TEST, PUBLIC, BESIDE)
    assert judge.most == 30


def test_what_is_counted():
    # Of 100 images 60 are accepted; moved, 10 of these are not, and 4 others are.
    test = Acceptance(100, 60, (0, 10, 0), (0, 4, 0))
    assert test.accepted_changed(MOVED) == 54 and test.fall(MOVED).value == pytest.approx(0.06)
    public = Acceptance(50, 20, (0, 1, 0), (0, 0, 0))
    found = KnownImages(test, public)
    assert found.lead.value == pytest.approx(0.2) and found.fall(MOVED).value == pytest.approx(0.06 - 0.02)
    assert found.fall(MIRRORED).value == 0


def test_how_images_are_changed():
    image = np.zeros((50, 50), np.uint8)
    image[20:30, 5:10] = 200
    images = np.repeat(image.reshape(1, SIZE), 4, 0)
    mirrored = known_images.changed(images, MIRRORED).reshape(4, 50, 50)
    assert mirrored[0, 20:30, 40:45].min() == 200 and mirrored.sum() == images.sum()
    moved = known_images.changed(images, MOVED).reshape(4, 50, 50)
    starts = [tuple(np.argwhere(one)[0]) for one in moved]
    assert starts == [(20, 6), (20, 4), (21, 5), (19, 5)] and moved.sum() == images.sum()
    turned = known_images.changed(images, TURNED).reshape(4, 50, 50).astype(float)
    rows, columns = np.mgrid[0:50, 0:50]
    centre = (turned[0] * rows).sum() / turned[0].sum(), (turned[0] * columns).sum() / turned[0].sum()
    # (24.5, 7) lies 17.5 to the left of the centre: 4% farther, and 4 degrees around it.
    assert abs(centre[1] - (24.5 - 17.5 * 1.04 * np.cos(np.deg2rad(4)))) < 0.2
    assert abs(abs(centre[0] - 24.5) - 17.5 * 1.04 * np.sin(np.deg2rad(4))) < 0.2
    flat = np.full((1, SIZE), 90, np.uint8)
    assert all(np.array_equal(known_images.changed(flat, change), flat) for change in CHANGES)
