"""Matches as far as they are told: points, results, what is still open. No TensorFlow."""

from typing import Any

from gan.arena import schema
from gan.arena.schema import Match
from gan.contest import rules
from gan.screen import texts, worth
from gan.screen.records import Records
from gan.screen.timeline import HALF_ROUND, MEETS, RESULT
from gan.screen.told import Told

Json = dict[str, Any]

_FIELDS = "id", "event", "round", "position", "attempt", "home", "away", "num_rounds", "begun"


class ShownMatches:
    """All matches.

    Args:
        records: of the store.
    """

    def __init__(self, records: Records) -> None:
        self._records = records
        self._version = -1
        self._done: dict[int, Json] = {}  # matches whose result is told, which stay as they are
        self._numbers: dict[int, dict[tuple[int, int], int]] = {}

    def of_event(self, event: int, told: Told) -> dict[str, Json]:
        """The matches of an event that have begun to be shown, by id."""
        found = (one for one in self._records.of_event[event] if self.is_shown(one, told))
        return {str(one.id): self.match(one, told) for one in found}

    def is_shown(self, match: Match, told: Told) -> bool:
        """Whether a match has begun to be shown."""
        return (
            match.id in told.told[RESULT]
            or match.id in told.begun[MEETS]
            or any(one in told.begun[HALF_ROUND] for one in self._records.played.get(match.id, ()))
        )

    def match(self, row: Match, told: Told) -> Json:
        """A match as far as it was told; its points are those of the half rounds told."""
        self._forget_if_changed()
        if row.id in self._done and row.id in told.told[RESULT]:
            return self._done[row.id]
        points, judged, parts = [0, 0], [0, 0], []
        for id_ in self._records.played.get(row.id, ()):
            if id_ in told.told[HALF_ROUND]:
                one = self._records.half_rounds[id_]
                side = judge_side(one.number)  # a check is a team against itself
                points[side] += one.played.score.points
                judged[side] += size_of(self._records, id_)
                parts.append({"id": id_, "number": one.number, "points": one.played.score.points})
        match: Json = {name: getattr(row, name) for name in _FIELDS}
        match |= {"status": schema.PLAYING, "points": points, "judged": judged}
        if row.away is not None:
            match["number"] = self._number(row)
        if row.num_rounds > rules.MATCH_ROUNDS:
            match["half_rounds"] = parts
        if row.id not in told.told[RESULT]:
            return texts.without_none(match)
        self._done[row.id] = done = texts.without_none(match | self._result(row))
        return done

    def _result(self, row: Match) -> Json:
        fields = "status", "winner", "rule", "ended"
        result: Json = {name: getattr(row, name) for name in fields}
        result |= {"reason": texts.of_fault(row.reason), "explanation": texts.of_rule(row.rule)}
        if row.home_points is not None:
            result["points"] = [row.home_points, row.away_points]
        if row.home_seconds is not None and row.away_seconds is not None:
            result["seconds"] = [row.home_seconds, row.away_seconds]
        played = self._records.played.get(row.id, ())
        scores = [self._records.half_rounds[one].played.score for one in played]
        return result | worth.of_match(row, scores, self._records.timings.get(row.id))

    def _number(self, row: Match) -> int:
        """Its place in the order of showing, from 1; of another attempt that of the first one."""
        if row.event not in self._numbers:
            order: dict[tuple[int, int], int] = {}
            for moment in self._records.moments:
                if moment.event == row.event and moment.kind in (HALF_ROUND, RESULT):
                    id_ = self._records.half_rounds[moment.id].match if moment.kind == HALF_ROUND else moment.id
                    match = self._records.matches[id_]
                    if match.away is not None:
                        order.setdefault((match.round, match.position), len(order) + 1)
            self._numbers[row.event] = order
        return self._numbers[row.event][row.round, row.position]

    def _forget_if_changed(self) -> None:
        if self._version != self._records.version:
            self._version = self._records.version
            self._done.clear()
            self._numbers.clear()


def judge_side(number: int) -> int:
    """Whose discriminator judges in half round `number` of a match, from 0: rules.HOME or rules.AWAY."""
    return 1 - rules.generator_side(number)


def size_of(records: Records, half_round: int) -> int:
    """How many images a half round has: as many points are to be had."""
    seen = records.half_rounds[half_round].played.shown
    return rules.HALF_ROUND_POINTS if seen is None else len(seen.truth)


def needs(match: Json, number: int, of_half_round: int) -> Json | None:
    """What is still open in a half round that decides its match, or that the match is decided already.

    Args:
        match: as told, with the points and judged images so far.
        number: of the half round in it.
        of_half_round: images of a half round.

    Returns:
        {"decided": team} if the other one can't have more points any more; {"team": ..., "to_win": ..., "of": ...} in
        the last half round: how many of the points that are open the judging side needs for one more than the other
        has. None if neither can be said, or if it can draw level at the most.
    """
    if match["home"] == match["away"]:
        return None
    half_rounds = 2 * match["num_rounds"]
    total = match["num_rounds"] * of_half_round
    sides = match["home"], match["away"]
    for side in (rules.HOME, rules.AWAY):
        other = 1 - side
        if match["points"][side] > match["points"][other] + total - match["judged"][other]:
            return {"decided": sides[side]}
    if number != half_rounds - 1:
        return None
    judge = judge_side(number)
    open_points = total - match["judged"][judge]
    to_win = match["points"][1 - judge] - match["points"][judge] + 1
    if to_win > open_points:
        return None
    return {"team": sides[judge], "to_win": to_win, "of": open_points}
