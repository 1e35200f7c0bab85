"""What is told of one team over all events: matches, opponents, snapshots, faces. No TensorFlow."""

from typing import Any

from gan.arena import schema, snapshot_copies
from gan.arena.schema import Match, Team
from gan.console import printable
from gan.contest import rules
from gan.screen import texts
from gan.screen.recap import MOST, Recap
from gan.screen.records import Records
from gan.screen.teams import ShownTeams
from gan.screen.timeline import EVENT, RESULT
from gan.screen.told import Told

Json = dict[str, Any]

WON, LOST, DRAWN, BYE = "won", "lost", "drawn", "bye"


class TeamPages:
    """The page of each team.

    Args:
        records: of the store.
        teams: ratings.
        recap: faces.
    """

    def __init__(self, records: Records, teams: ShownTeams, recap: Recap) -> None:
        self._records, self._teams, self._recap = records, teams, recap
        self._named: dict[str, str | None] = {}  # digest of a snapshot -> what its team called it

    def names(self, told: Told) -> list[str]:
        """All teams of events that have begun, in the order of the alphabet."""
        begun = (self._records.teams[event] for event in told.begun[EVENT])
        return sorted({team.name for teams in begun for team in teams.values()})

    def page(self, name: str, told: Told) -> Json | None:
        """All that is told of a team, by its name now or an earlier one; None if there is no such team."""
        if name not in self.names(told):
            name = self._records.former_names.get(name, name)
            if name not in self.names(told):
                return None
        ids = {
            team.id: (event, team)
            for event in told.begun[EVENT]
            for team in self._records.teams[event].values()
            if team.name == name
        }
        played = [
            match
            for match in (self._records.matches[one] for one in told.told[RESULT])
            if match.status == schema.DONE and (match.home in ids or match.away in ids)
        ]
        history = [one for one in self._teams.history(told) if one["name"] == name]
        snapshots = [self._snapshot(event, team, team.snapshot) for event, team in ids.values() if team.snapshot]
        return texts.without_none(
            {
                "name": name,
                "former_names": [old for old, now in self._records.former_names.items() if now == name],
                "rating": self._teams.ratings(told).get(name),
                "history": [{key: value for key, value in one.items() if key != "name"} for one in history],
                "snapshots": snapshots,
                "matches": [self._match(match, set(ids)) for match in played],
                "head_to_head": self._head_to_head(played, set(ids)),
                **self._fakes(played, set(ids)),
            }
        )

    def _snapshot(self, event: int, team: Team, digest: str) -> Json:
        if digest not in self._named:
            self._named[digest] = snapshot_copies.name_of(self._records.store, digest)
        name = self._named[digest]
        begun = self._records.event(event).begun
        return texts.without_none(
            {"event": event, "name": name and printable.cleaned(name), "step": team.step, "since": begun}
        )

    def _match(self, match: Match, ids: set[int]) -> Json:
        side = rules.HOME if match.home in ids else rules.AWAY
        opponent = match.away if side == rules.HOME else match.home
        points = (match.home_points, match.away_points)
        return texts.without_none(
            {
                "match": match.id,
                "event": match.event,
                "opponent": opponent and self._name(match.event, opponent),
                "side": "home" if side == rules.HOME else "away",
                "points": None if points[0] is None else [points[side], points[1 - side]],
                "result": _result(match, side),
            }
        )

    def _head_to_head(self, played: list[Match], ids: set[int]) -> Json:
        found: dict[str, Json] = {}
        for match in played:
            told = self._match(match, ids)
            if "opponent" not in told or match.home == match.away:
                continue
            row = found.setdefault(told["opponent"], {WON: 0, DRAWN: 0, LOST: 0, "points": 0, "against": 0})
            row[told["result"]] += 1
            own, others = told.get("points", (0, 0))
            row["points"] += own
            row["against"] += others
        return found

    def _fakes(self, played: list[Match], ids: set[int]) -> Json:
        """The faces of its generator that were taken for real the most, and the least."""
        drawn = [
            half_round
            for match in played
            for half_round in self._records.played.get(match.id, ())
            if self._records.half_rounds[half_round].generator in ids
        ]
        ranked = sorted(self._recap.generated(drawn), key=lambda one: (-one[0], one[1:]))
        best = ranked[:MOST]
        worst = ranked[len(best) :][-MOST:][::-1]
        faces = {"best_fakes": best, "worst_fakes": worst}
        return {key: [self._recap.face(*one) for one in found] for key, found in faces.items()}

    def _name(self, event: int, team: int) -> str:
        return self._records.teams[event][team].name


def _result(match: Match, side: int) -> str:
    if match.away is None:
        return BYE
    if match.winner is None or match.home == match.away:
        return DRAWN
    return WON if match.winner == (match.home, match.away)[side] else LOST
