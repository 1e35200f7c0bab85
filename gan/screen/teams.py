"""Teams, what they forfeited, and how strong they are, as far as that is told. No TensorFlow."""

from collections.abc import Iterator, Mapping
from typing import Any

from gan.arena import recognition, schema
from gan.arena.schema import Event, Rating, Team
from gan.console.errors import Fault
from gan.screen import reasons, texts, worth
from gan.screen.records import Records
from gan.screen.timeline import CHAMPION, HALF_ROUND, NOTICE, RESULT
from gan.screen.told import Told

Json = dict[str, Any]


class ShownTeams:
    """The teams of all events.

    Args:
        records: of the store.
    """

    def __init__(self, records: Records) -> None:
        self._records = records
        self._rated: tuple[tuple[int, int], Json] | None = None  # (version, results told) -> ratings

    def of_event(self, event: Event, told: Told) -> dict[str, Json]:
        """The teams of an event by id, with those that can't take part, as far as that is told."""
        refused = self._told_refused(event, told)
        disqualified = {
            self._records.notices[id_].note.parameters.get("team")
            for id_ in told.told[NOTICE]
            if self._records.notices[id_].event == event.id and self._records.is_disqualification(id_)
        }
        found = {}
        for team in self._records.teams[event.id].values():
            fields: Json = {"id": team.id, "name": team.name, "seeding": team.seeding, "step": team.step}
            if self._records.is_disqualified(team) and (team.name in disqualified or team.id in refused):
                fields["disqualified"] = True
            if team.id in refused:
                fields |= {"refused": texts.of_fault(team.fault), "why": reasons.brief(team.fault)}
            found[str(team.id)] = texts.without_none(fields)
        return found

    def _told_refused(self, event: Event, told: Told) -> set[int]:
        """The teams of which it is told that they can't take part.

        What is found when a snapshot is opened, before the first match, is told at once; a disqualification, and what
        is found of a team that has played, with the match that the team forfeits.
        """
        teams = {team.id: team for team in self._records.teams[event.id].values() if team.fault}
        if event.id in told.told[CHAMPION]:
            return set(teams)
        forfeited = {team for match in told.told[RESULT] for team in self._records.forfeited.get(match, {})}
        return {team for team in teams if team in forfeited or self._is_found_at_first(teams[team])}

    def _is_found_at_first(self, team: Team) -> bool:
        return team.id not in self._records.players and not self._records.is_disqualified(team)

    def forfeits(self, event: Event, told: Told) -> list[Json]:
        """All faults: those of teams that could not take part, then those of half rounds, in order.

        Why a team forfeited a match is told with its result, as it was then; the entry lists the matches. A team that
        met nobody is told of with the event's end.
        """
        teams = self._records.teams[event.id]
        found = self._forfeited_matches(teams, told)
        if event.id in told.told[CHAMPION]:
            met = {team for one in self._records.of_event[event.id] for team in (one.home, one.away)}
            found += [_forfeit(team.id, team.fault) for team in teams.values() if team.fault and team.id not in met]
        for id_ in told.told[HALF_ROUND]:
            row = self._records.half_rounds[id_]
            score = row.played.score
            for network, owner, fault in (
                ("generator", row.generator, score.generator_fault),
                ("discriminator", row.discriminator, score.discriminator_fault),
            ):
                if fault and owner in teams:
                    where = {"match": row.match, "number": row.number, "network": network}
                    found.append(_forfeit(owner, fault) | where)
        return found

    def _forfeited_matches(self, teams: Mapping[int, Team], told: Told) -> list[Json]:
        """An entry for each reason for which one of these teams forfeited matches that were told and count."""
        found: dict[tuple[int, str], Json] = {}
        for match in told.told[RESULT]:
            if self._records.matches[match].status == schema.DONE:
                for team, fault in self._records.forfeited.get(match, {}).items():
                    if team in teams:
                        entry = found.setdefault((team, str(fault)), _forfeit(team, fault) | {"matches": []})
                        entry["matches"].append(match)
        order = list(teams)
        return sorted(found.values(), key=lambda entry: order.index(entry["team"]))

    def ratings(self, told: Told) -> Json:
        """Team's name -> its latest rating, and what its networks recognised; the same until another result is told."""
        key = self._records.version, len(told.told[RESULT])
        if self._rated is None or self._rated[0] != key:
            self._rated = key, self._latest(told)
        return self._rated[1]

    def _latest(self, told: Told) -> Json:
        rated = [one for one in self._records.ratings if one.match in told.told[RESULT]]
        counts: dict[str, int] = {}
        for one in rated:
            counts[one.name] = counts.get(one.name, 0) + 1
        names = {team.id: team.name for teams in self._records.teams.values() for team in teams.values()}
        judged = (self._records.judged[id_] for id_ in self._counted(told))
        found = recognition.total(filter(None, judged), names)
        return {
            one.name: {**rating_of(one), "matches": counts[one.name], **worth.of_team(found.get(one.name))}
            for one in rated
        }

    def _counted(self, told: Told) -> Iterator[int]:
        """The half rounds of all matches whose result is told, and stands."""
        for id_ in told.told[RESULT]:
            if self._records.matches[id_].status == schema.DONE:
                yield from self._records.played.get(id_, ())

    def history(self, told: Told) -> list[Json]:
        """All ratings that are told, oldest first."""
        return [
            {"name": one.name, "match": one.match, "event": one.event, "at": one.at, **rating_of(one)}
            for one in self._records.ratings
            if one.match in told.told[RESULT]
        ]


def rating_of(row: Rating) -> Json:
    """A rating with its 95% interval."""
    low, high = row.strength.interval
    return {**row.strength._asdict(), "low": low, "high": high, "ordinal": row.strength.ordinal}


def _forfeit(team: int, fault: Fault | None) -> Json:
    """An entry of what was forfeited: by itself of all that a team has to play."""
    return texts.without_none({"team": team, "reason": texts.of_fault(fault), "why": reasons.brief(fault)})
