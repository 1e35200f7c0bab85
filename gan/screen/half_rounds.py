"""Half rounds in the show: how far the one is that is being shown, and what follows from it. No TensorFlow."""

from collections.abc import Iterable
from typing import Any

from gan.screen import matches, texts
from gan.screen.faces import Faces, Uncovered
from gan.screen.records import Records
from gan.screen.timeline import HALF_ROUND, Moment
from gan.screen.told import Told

Json = dict[str, Any]


class ShownHalfRounds:
    """All half rounds that have begun to be shown.

    Args:
        records: of the store.
        faces: of its half rounds.
    """

    def __init__(self, records: Records, faces: Faces) -> None:
        self._records, self._faces = records, faces

    def position(self, told: Told, now: float) -> tuple[int, Uncovered] | None:
        """Which half round is being shown, and how far; None if another thing is."""
        live = _live(told)
        return (live.id, self._uncovered(live, now)) if live else None

    def changes(self, told: Told) -> Iterable[float]:
        """When the half round changes that is being shown, if one is."""
        live = _live(told)
        if live is None:
            return ()
        row = self._records.half_rounds[live.id]
        return self._faces.changes(row, live, self._records.pace_of(self._records.matches[row.match]))

    def half_round(self, id_: int, told: Told, now: float) -> Json:
        """A half round with its faces, as far as it is shown."""
        row, moment = self._records.half_rounds[id_], told.begun[HALF_ROUND][id_]
        uncovered, is_told = self._uncovered(moment, now), id_ in told.told[HALF_ROUND]
        cards = self._faces.cards(row, uncovered, is_told)
        return self._faces.half_round(row, moment, uncovered, is_told) | {"cards": cards}

    def on_stage(self, id_: int, match: Json, told: Told, now: float) -> Json:
        """The half round on the stage and its faces; none of one in which something failed.

        Args:
            id_: of the half round.
            match: that it belongs to, with what is told so far.
            told: how far the show has got.
            now: unix seconds.
        """
        half_round = self.half_round(id_, told, now)
        cards = half_round.pop("cards")
        size = matches.size_of(self._records, id_)
        half_round["needs"] = matches.needs(match, half_round["number"], size)
        is_failed = not half_round["shown"] and "points" in half_round
        return {"half_round": texts.without_none(half_round), "cards": {} if is_failed else cards}

    def with_live(self, match: Json, told: Told, now: float) -> Json:
        """A match, with what is told so far of the half round that is being shown."""
        live = _live(told)
        if live is None or live.id in told.told[HALF_ROUND] or self._records.half_rounds[live.id].match != match["id"]:
            return match
        uncovered = self._uncovered(live, now)
        side = matches.judge_side(self._records.half_rounds[live.id].number)
        points, judged = [*match["points"]], [*match["judged"]]
        points[side] += uncovered.right
        judged[side] += uncovered.judged
        return match | {"points": points, "judged": judged}

    def _uncovered(self, moment: Moment, now: float) -> Uncovered:
        row = self._records.half_rounds[moment.id]
        return self._faces.uncovered(row, moment, self._records.pace_of(self._records.matches[row.match]), now)


def _live(told: Told) -> Moment | None:
    """The half round that is being shown; None if another thing is."""
    latest = next(told.latest(), None)
    return latest if latest and latest.kind == HALF_ROUND and told.position[2] < told.position[0] else None
