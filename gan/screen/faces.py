"""Half rounds and their faces, as far as they are shown. No TensorFlow."""

import base64
import functools
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from gan.arena.schema import StoredHalfRound
from gan.contest import rules
from gan.data import pixels
from gan.screen import reasons, reveal, texts, timeline
from gan.screen.pacing import MatchPace
from gan.screen.records import Records
from gan.screen.timeline import Moment

Json = dict[str, Any]

_KEPT = 64  # half rounds whose faces are kept as pictures; each takes 80 kB


class Uncovered(NamedTuple):
    """How far a half round is shown."""

    shown: int = 0  # faces
    judged: int = 0  # faces that are told
    right: int = 0  # of those that are told
    group: int = 0  # the first of the faces that were shown last, all at once


class Faces:
    """The faces of all half rounds.

    Args:
        records: of the store.
    """

    def __init__(self, records: Records) -> None:
        self._records = records
        self.pictures = functools.lru_cache(_KEPT)(self._draw)
        self.order = functools.lru_cache(_KEPT)(self._in_order)

    def uncovered(self, row: StoredHalfRound, moment: Moment, pace: MatchPace, now: float) -> Uncovered:
        """How far a half round is shown; nothing of one in which something failed."""
        groups = timeline.groups_of(row, pace)
        shown = sum(one.size for one in groups if moment.begin + one.shown <= now)
        group = max((one.first for one in groups if moment.begin + one.shown <= now), default=0)
        judged = sum(one.size for one in groups if moment.begin + one.told <= now)
        seen = row.played.shown
        if not judged or seen is None:
            return Uncovered(shown, judged, 0, group)
        told = self.order(row.id)[:judged]
        return Uncovered(shown, judged, int((seen.guesses == seen.truth)[told].sum()), group)

    def changes(self, row: StoredHalfRound, moment: Moment, pace: MatchPace) -> Iterable[float]:
        """When a half round changes on the screen."""
        for group in timeline.groups_of(row, pace):
            yield moment.begin + group.shown
            yield moment.begin + group.told

    def half_round(self, row: StoredHalfRound, moment: Moment, uncovered: Uncovered, is_told: bool) -> Json:
        """A half round without its faces, as far as it is shown."""
        seen, score = row.played.shown, row.played.score
        real = rules.IMAGES_OF_EACH if seen is None else int(np.sum(seen.truth != 0))
        told: Json = {}
        if is_told:
            told = {
                "points": score.points,
                "rule": score.rule,
                "explanation": texts.of_rule(score.rule),
                "generator_seconds": score.generator_seconds,
                "discriminator_seconds": score.discriminator_seconds,
                "generator_fault": texts.of_fault(score.generator_fault),
                "discriminator_fault": texts.of_fault(score.discriminator_fault),
                "why": reasons.brief(score.discriminator_fault or score.generator_fault),
            }
        fields = "id", "match", "number", "generator", "discriminator"
        return texts.without_none(
            {
                **{name: getattr(row, name) for name in fields},
                "begin": moment.begin,
                "end": moment.end,
                "real": real,
                "generated": rules.IMAGES_OF_EACH if seen is None else len(seen.truth) - real,
                **uncovered._asdict(),
                "face": uncovered.judged if uncovered.judged < uncovered.shown else None,
                **told,
            }
        )

    def cards(self, row: StoredHalfRound, uncovered: Uncovered, is_told: bool) -> Json:
        """The faces that are shown so far, by their places in the order of showing.

        If something failed, all of them are there once that is told; without what the discriminator says, if it failed.
        """
        seen = row.played.shown
        if seen is None:
            return {}
        shown, judged = uncovered.shown, uncovered.judged
        if is_told:
            shown = judged = len(seen.truth)
        pictures, cards = self.pictures(row.id) if shown else (), {}
        for place, index in enumerate(self.order(row.id)[:shown]):
            card: Json = {"image": pictures[index], "place": index}
            if place < judged:
                card["truth"] = int(seen.truth[index] != 0)
                if seen.probabilities is not None:
                    card["p"] = float(seen.probabilities[index])
            cards[str(place)] = card
        return cards

    def _draw(self, id_: int) -> tuple[str, ...]:
        """The addresses of pictures of all faces of a half round, in the order in which they were judged."""
        stored = self._records.store.half_rounds.get(id_)
        if stored is None or stored.played.shown is None:
            return ()
        return tuple(_address(image) for image in stored.played.shown.images)

    def _in_order(self, id_: int) -> list[int]:
        seen = self._records.half_rounds[id_].played.shown
        if seen is None:
            return []
        probabilities = None if seen.probabilities is None else seen.probabilities.tolist()
        return reveal.order(probabilities, len(seen.truth))


def _address(image: np.ndarray) -> str:
    side = pixels.side(len(image))
    picture = pixels.png(image.reshape(side, side))
    return "data:image/png;base64," + base64.b64encode(picture).decode("ascii")
