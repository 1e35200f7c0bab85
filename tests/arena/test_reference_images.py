"""The real images beside which a discriminator that looks at its batch sees others: an event keeps its own."""

import hostile
import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from conftest import synthetic_images

from gan.arena import arena, events, teams
from gan.contest import rules

pytest.importorskip("openskill", reason="pip install 'gan-contest[arena]'")

REAL, PUBLIC, OTHER = (synthetic_images(120, 2500, seed) for seed in (1, 2, 3))


@pytest.fixture(scope="module")
def entrants(tmp_path_factory):
    """Two teams whose discriminators tell what they see beside an image: the mean of their batch."""

    def discriminator(images):
        mean = tf.reduce_mean(images)
        return hostile.fair_discriminator(images) * 0.0 + mean

    path = str(tmp_path_factory.mktemp("sees"))
    hostile.write(path, discriminator=discriminator)
    return [teams.Entrant(name, path, 0, None) for name in "ab"]


def played(opened, entrants, name):
    """Probabilities of an event's half rounds, [half rounds, 30]."""
    event = events.begin(opened, name, events.MATCH, entrants, 7, {"num_rounds": 1})
    assert not events.play(opened, event).held
    (match,) = opened.store.matches.of_event(event.id)
    return np.stack([one.played.shown.probabilities for one in opened.store.half_rounds.of_match(match.id)])


def test_an_event_keeps_the_public_ones_that_it_began_with(entrants, tmp_path):
    with arena.Arena(str(tmp_path), 2500, REAL, public_images=PUBLIC) as opened:
        first = played(opened, entrants, "first")
        kept = opened.images_of(opened.store.events.named("first")).references
    assert {image.tobytes() for image in kept} <= {image.tobytes() for image in PUBLIC} and len(kept) == 15
    with arena.Arena(str(tmp_path), 2500, REAL, public_images=OTHER) as opened:
        assert np.array_equal(opened.images_of(opened.store.events.named("first")).references, kept)
        for number in (1, 2):  # judged beside those of the event, not those of this command
            before, now = opened.replay(number)
            np.testing.assert_array_equal(now.shown.probabilities, before.played.shown.probabilities)
        assert not np.array_equal(played(opened, entrants, "second"), first)


def test_without_public_ones_they_are_set_aside(tmp_path):
    with arena.Arena(str(tmp_path), 2500, REAL) as opened:
        images = opened.images_of(None)
        shown = {image.tobytes() for image in images.shown}
        assert len(shown) == 105 and not shown & {image.tobytes() for image in images.references}
    with arena.Arena(str(tmp_path), 2500, REAL[:59]) as opened:  # 44 others would not do for a final
        assert len(opened.images_of(None).shown) == 59


def test_an_event_of_version_1_draws_from_all_images(entrants, tmp_path, monkeypatch):
    with arena.Arena(str(tmp_path), 2500, REAL) as opened:
        with monkeypatch.context() as before:
            before.setattr(rules, "VERSION", 1)
            event = events.begin(opened, "old", events.MATCH, entrants, 7, {"num_rounds": 1})
        assert len(opened.images_of(event).shown) == len(REAL)
