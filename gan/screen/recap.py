"""The generated faces that fooled most, and the champion's way. No TensorFlow."""

from collections.abc import Iterable
from typing import Any

from gan.arena import schema
from gan.contest import rules
from gan.screen.faces import Faces
from gan.screen.records import Records
from gan.screen.timeline import HALF_ROUND, RESULT
from gan.screen.told import Told

Json = dict[str, Any]

MOST = 6  # faces of a recap


class Recap:
    """What a match or an event is remembered by.

    Args:
        records: of the store.
        faces: of its half rounds.
    """

    def __init__(self, records: Records, faces: Faces) -> None:
        self._records, self._faces = records, faces

    def of_match(self, match: int, told: Told) -> list[Json]:
        """The faces that fooled most in a match."""
        return self.fooled(one for one in self._records.played.get(match, ()) if one in told.told[HALF_ROUND])

    def of_event(self, event: int, told: Told) -> list[Json]:
        """The faces that fooled most in an event."""
        return self.fooled(
            half_round
            for match in self._records.of_event[event]
            if match.id in told.told[RESULT] and match.status == schema.DONE
            for half_round in self._records.played.get(match.id, ())
        )

    def fooled(self, half_rounds: Iterable[int]) -> list[Json]:
        """Of the generated faces of some half rounds those that were taken for real with the highest probabilities."""
        found = [one for one in self.generated(half_rounds) if one[0] > rules.THRESHOLD]
        return [self.face(*one) for one in sorted(found, key=lambda one: (-one[0], one[1:]))[:MOST]]

    def generated(self, half_rounds: Iterable[int]) -> list[tuple[float, int, int]]:
        """(probability of being real, half round, place in it) of all generated faces that were judged."""
        found = []
        for id_ in half_rounds:
            row = self._records.half_rounds[id_]
            seen = row.played.shown
            if seen is None or seen.probabilities is None or row.played.score.rule != rules.GUESSED:
                continue
            probabilities = seen.probabilities.tolist()
            found += [(probabilities[place], id_, place) for place, truth in enumerate(seen.truth) if not truth]
        return found

    def face(self, p: float, half_round: int, place: int) -> Json:
        """A generated face."""
        row = self._records.half_rounds[half_round]
        image = self._faces.pictures(half_round)[place]
        where = {"half_round": half_round, "match": row.match, "team": row.generator}
        return {**where, "truth": 0, "p": p, "image": image}

    def way(self, event: int, champion: int, told: Told) -> list[int]:
        """The matches that a champion won, in order; byes included."""
        won = (self._records.matches[one] for one in told.told[RESULT])
        return [one.id for one in won if (one.event, one.winner, one.status) == (event, champion, schema.DONE)]
