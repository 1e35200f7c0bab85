"""What the screen may show at a moment: from the store to what JSON can hold. No TensorFlow.

`timeline` says when something is told. Nothing of what has not begun is told, and nothing that would give it away: no
points, winners, ratings or faults, and no seeds.
"""

import base64
import bisect
import functools
import pathlib
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from gan.arena import notes, recognition, schema
from gan.arena.schema import Event, Match, Rating, StoredHalfRound, Team
from gan.arena.store import Store
from gan.console import printable
from gan.console.errors import Fault
from gan.contest import faults, rules
from gan.data import pixels
from gan.screen import standing, timeline, worth
from gan.screen.timeline import CHAMPION, EVENT, HALF_ROUND, RESULT, Moment

PAGE = pathlib.Path(__file__).parent / "page"  # what the browser loads

_Json = dict[str, Any]  # what JSON can hold
_KEPT_SPRITES = 32  # encoded; everybody asks for the newest


def nothing(now: float, pace: float) -> _Json:
    """The state before the first event."""
    return {"now": now, "pace": pace, "event": None, "events": {}, "explanations": rules.EXPLANATIONS}


class Show:
    """What may be shown, read again from the store whenever that has changed.

    Args:
        source: opened to read.
        pace: seconds a half round; 0 shows everything at once.
    """

    def __init__(self, source: Store, pace: float) -> None:
        self._store, self._pace = source, pace
        self._version: int | None = None
        self._laid_out = 0.0  # by the clock; what it says may go back
        self._half_rounds: dict[int, StoredHalfRound] = {}
        self._teams: dict[int, dict[int, Team]] = {}  # event -> id -> team
        self._num_renamings = 0
        # Event -> when it was finished as its teams were read, which do not change after that.
        self._finished: dict[int, float | None] = {}
        self._judged: dict[int, recognition.Judged | None] = {}  # half round -> what is counted of it
        self._sprite = functools.lru_cache(_KEPT_SPRITES)(self._draw_sprite)

    def position(self, now: float) -> tuple[int | None, int, int]:
        """A key that differs whenever `state` does, apart from its `now`."""
        self._refresh()
        return self._version, bisect.bisect(self._begins, now), bisect.bisect(self._tolds, now)

    def state(self, now: float) -> _Json:
        """Everything about the latest event but images and the history of ratings.

        Args:
            now: unix seconds.

        Returns:
            Values that are dicts are by id. `nothing` before the first event.
        """
        shown = self._shown(now)
        begun = [one for one in self._events if one.id in shown.begun[EVENT]]
        return self._state(begun[-1], shown, now) if begun else nothing(now, self._pace)

    def state_of(self, event: int, now: float) -> _Json | None:
        """As `state`, about the event of this id; None if it has not begun."""
        shown = self._shown(now)
        chosen = next((one for one in self._events if one.id == event and event in shown.begun[EVENT]), None)
        return self._state(chosen, shown, now) if chosen else None

    def _state(self, chosen: Event, shown: "_Shown", now: float) -> _Json:
        events = {one.id: _event(one, shown) for one in self._events if one.id in shown.begun[EVENT]}
        state = nothing(now, self._pace) | {"events": events}
        teams = self._teams[chosen.id]
        matches = {one.id: self._match(one, shown) for one in self._of_event(chosen.id) if self._is_shown(one, shown)}
        return state | {
            "event": _event(chosen, shown),
            "teams": {team.id: _team(team) for team in teams.values()},
            "matches": matches,
            **(standing.bracket_of(teams, matches) if chosen.mode == schema.TOURNAMENT else standing.NO_BRACKET),
            "standings": standing.standings_of(teams, matches),
            "live": self._live(chosen, shown, now),
            "forfeits": self._forfeits(chosen, shown),
            "ratings": self._latest_ratings(shown),
        }

    def match(self, id_: int, now: float) -> _Json | None:
        """A match with its half rounds, as far as it was shown; None if it was not."""
        shown = self._shown(now)
        row = self._matches.get(id_)
        if row is None or not self._is_shown(row, shown):
            return None
        return self._match(row, shown) | {
            "event": row.event,
            "teams": {team: _team(self._teams[row.event][team]) for team in (row.home, row.away) if team},
            "half_rounds": [
                self._half_round(one, shown) for one in self._played.get(id_, ()) if one in shown.begun[HALF_ROUND]
            ],
        }

    def half_round(self, id_: int, now: float) -> _Json | None:
        """A half round with its images; None before it begins to be shown."""
        shown = self._shown(now)
        return self._half_round(id_, shown) if id_ in shown.begun[HALF_ROUND] else None

    def ratings(self, now: float) -> list[_Json]:
        """All ratings shown so far, oldest first."""
        told = self._shown(now).told[RESULT]
        return [
            {"name": one.name, "match": one.match, "event": one.event, "at": one.at, **_rating(one)}
            for one in self._ratings
            if one.match in told
        ]

    def _refresh(self) -> None:
        version, now = self._store.data_version(), time.time()
        if version == self._version and now >= self._laid_out:  # laid out again if the clock was put back
            self._laid_out = now
            return
        with self._store.reading():
            self._events = self._store.events.all()
            self._matches = {match.id: match for match in self._store.matches.all(with_annulled=True)}
            for one in self._store.half_rounds.after(max(self._half_rounds, default=0)):
                self._half_rounds[one.id], self._judged[one.id] = one, recognition.of_half_round(one)
            if self._num_renamings != (num_renamings := self._store.teams.num_renamings()):
                self._num_renamings = num_renamings
                self._finished.clear()  # teams of events that are over have other names, too
            for event in self._events:
                if event.finished is None or event.finished != self._finished.get(event.id):
                    self._teams[event.id] = {team.id: team for team in self._store.teams.of_event(event.id)}
                    self._finished[event.id] = event.finished
            self._forfeited = self._store.matches.forfeits()
            self._ratings, self._timings = self._store.ratings.all(), self._store.timings.all()
        self._played: dict[int, list[int]] = {}  # match -> its half rounds
        for one in self._half_rounds.values():
            self._played.setdefault(one.match, []).append(one.id)
        half_rounds = self._half_rounds.values()
        self._timeline = timeline.laid_out(self._events, self._matches.values(), half_rounds, self._pace, now)
        self._begins = [moment.begin for moment in self._timeline]
        self._tolds = [moment.told for moment in self._timeline]
        self._version, self._laid_out = version, now

    def _shown(self, now: float) -> "_Shown":
        self._refresh()
        begun = self._timeline[: bisect.bisect(self._begins, now)]
        told = self._timeline[: bisect.bisect(self._tolds, now)]
        return _Shown(begun, _by_kind(begun), _by_kind(told))

    def _of_event(self, event: int) -> list[Match]:
        return [match for match in self._matches.values() if match.event == event]

    def _is_shown(self, match: Match, shown: "_Shown") -> bool:
        return match.id in shown.told[RESULT] or any(
            one in shown.begun[HALF_ROUND] for one in self._played.get(match.id, ())
        )

    def _match(self, row: Match, shown: "_Shown") -> _Json:
        """A match as far as it was told; its points are those of the half rounds told."""
        points = [0, 0]
        for one in self._played.get(row.id, ()):
            if one in shown.told[HALF_ROUND]:
                judge = 1 - rules.generator_side(self._half_rounds[one].number)  # a check is a team against itself
                points[judge] += self._half_rounds[one].played.score.points
        fields = "id", "round", "position", "attempt", "home", "away", "num_rounds", "begun"
        match: _Json = {name: getattr(row, name) for name in fields}
        match |= {"status": schema.PLAYING, "points": points}
        if row.id in shown.told[RESULT]:
            match |= {name: getattr(row, name) for name in ("status", "winner", "rule", "ended")}
            match["reason"] = _sentence(row.reason)
            if row.home_points is not None:
                match["points"] = [row.home_points, row.away_points]
            match["seconds"] = [row.home_seconds, row.away_seconds]
            scores = [self._half_rounds[one].played.score for one in self._played.get(row.id, ())]
            match |= worth.of_match(row, scores, self._timings.get(row.id))
        return match

    def _half_round(self, id_: int, shown: "_Shown") -> _Json:
        row = self._half_rounds[id_]
        score, images = row.played.score, row.played.shown
        probabilities = None if images is None else images.probabilities
        fields = "id", "match", "number", "generator", "discriminator"
        return {name: getattr(row, name) for name in fields} | {
            **score._asdict(),
            "generator_fault": _sentence(score.generator_fault),
            "discriminator_fault": _sentence(score.discriminator_fault),
            "truth": None if images is None else images.truth.tolist(),
            "probabilities": None if probabilities is None else probabilities.tolist(),
            "sprite": self._sprite(id_),
            "begin": shown.begun[HALF_ROUND][id_].begin,
        }

    def _draw_sprite(self, id_: int) -> str | None:
        """All images of a half round side by side, as the address of a PNG picture; None if there are none."""
        stored = self._store.half_rounds.get(id_)
        if stored is None or stored.played.shown is None:
            return None
        images = stored.played.shown.images
        picture = pixels.png(pixels.grid(images, columns=len(images), gap=0))
        return "data:image/png;base64," + base64.b64encode(picture).decode("ascii")

    def _live(self, event: Event, shown: "_Shown", now: float) -> _Json:
        """What is on the stage.

        Its phase is one of waiting (nothing yet), playing (a half round is being uncovered), between (it is uncovered,
        and the next has not been played yet), deciding (the last one is uncovered), and done, annulled, held, or
        champion.
        """
        last = next(moment for moment in reversed(shown.in_order) if self._is_on_stage(moment, event))
        live: _Json = {"phase": "waiting", "match": None, "half_round": None}
        if last.kind == HALF_ROUND:
            row = self._half_rounds[last.id]
            is_last = row.number == 2 * self._matches[row.match].num_rounds - 1
            phase = "playing" if last.told > now else "deciding" if is_last else "between"
            return live | {"phase": phase, "match": row.match, "half_round": row.id}
        if last.kind == EVENT:
            return live
        results = [m.id for m in shown.in_order if m.kind == RESULT and self._is_on_stage(m, event)]
        live |= {"phase": CHAMPION if last.kind == CHAMPION else self._matches[last.id].status}
        if results:
            half_rounds = self._played.get(results[-1])
            live |= {"match": results[-1], "half_round": half_rounds[-1] if half_rounds else None}
        return live

    def _is_on_stage(self, moment: Moment, event: Event) -> bool:
        is_bye = moment.kind == RESULT and self._matches[moment.id].away is None
        return moment.event == event.id and not is_bye

    def _forfeits(self, event: Event, shown: "_Shown") -> list[_Json]:
        """All faults: those of teams that could not take part, then those of half rounds, in order.

        Why a team forfeited a match is told with its result, as it was then; the entry lists the matches. A team that
        met nobody is told of with the event's end.
        """
        teams = self._teams[event.id]
        found = self._forfeited_matches(teams, shown)
        if event.id in shown.told[CHAMPION]:
            met = {team for one in self._of_event(event.id) for team in (one.home, one.away)}
            found += [_forfeit(team.id, team.fault) for team in teams.values() if team.fault and team.id not in met]
        for id_ in shown.told[HALF_ROUND]:
            row = self._half_rounds[id_]
            score = row.played.score
            for network, owner, fault in (
                ("generator", row.generator, score.generator_fault),
                ("discriminator", row.discriminator, score.discriminator_fault),
            ):
                if fault and owner in teams:
                    where = {"match": row.match, "number": row.number, "network": network}
                    found.append(_forfeit(owner, fault) | where)
        return found

    def _forfeited_matches(self, teams: Mapping[int, Team], shown: "_Shown") -> list[_Json]:
        """An entry for each reason for which one of these teams forfeited matches that were told and count."""
        found: dict[tuple[int, str | None], _Json] = {}
        for match in shown.told[RESULT]:
            if self._matches[match].status == schema.DONE:
                for team, fault in self._forfeited.get(match, {}).items():
                    if team in teams:
                        entry = found.setdefault((team, _sentence(fault)), _forfeit(team, fault))
                        entry["matches"].append(match)
        order = list(teams)
        return sorted(found.values(), key=lambda entry: order.index(entry["team"]))

    def _latest_ratings(self, shown: "_Shown") -> dict[str, _Json]:
        told = [one for one in self._ratings if one.match in shown.told[RESULT]]
        counts: dict[str, int] = {}
        for one in told:
            counts[one.name] = counts.get(one.name, 0) + 1
        names = {team.id: team.name for teams in self._teams.values() for team in teams.values()}
        found = recognition.total(filter(None, (self._judged[id_] for id_ in self._counted(shown))), names)
        return {
            one.name: {**_rating(one), "matches": counts[one.name], **worth.of_team(found.get(one.name))}
            for one in told
        }

    def _counted(self, shown: "_Shown") -> Iterator[int]:
        """The half rounds of all matches whose result is told, and stands."""
        for id_ in shown.told[RESULT]:
            if self._matches[id_].status == schema.DONE:
                yield from self._played.get(id_, ())


class _Shown(NamedTuple):
    """The Moments until now: in order, and kind -> {id: Moment} of those that have begun and those that are told."""

    in_order: list[Moment]
    begun: dict[str, dict[int, Moment]]
    told: dict[str, dict[int, Moment]]


def _sentence(fault: Fault | None) -> str | None:
    """Why something failed, for everybody: the organiser's folders, buckets and accounts are left out."""
    if fault is None:
        return None
    if fault.code == notes.BUCKET_CLOSED:  # its reason is in the words of the bucket's owner
        return "the organiser has no right to read its bucket"
    return printable.without_places(faults.sentence(fault))


def _forfeit(team: int, fault: Fault | None) -> _Json:
    """An entry of what was forfeited: by itself of all that a team has to play."""
    return {"team": team, "match": None, "matches": [], "number": None, "network": None, "reason": _sentence(fault)}


def _by_kind(moments: Iterable[Moment]) -> dict[str, dict[int, Moment]]:
    found: dict[str, dict[int, Moment]] = {kind: {} for kind in (EVENT, HALF_ROUND, RESULT, CHAMPION)}
    for moment in moments:
        found[moment.kind][moment.id] = moment
    return found


def _event(row: Event, shown: _Shown) -> _Json:
    is_over = row.id in shown.told[CHAMPION]
    fields = ("id", "name", "mode", "size", "frozen", "begun")
    end = {"finished": row.finished if is_over else None, "champion": row.champion if is_over else None}
    # Their snapshots are opened one by one after the event has begun.
    num_teams = len(row.options.get("teams", ()))
    return {name: getattr(row, name) for name in fields} | {"num_teams": num_teams} | end


def _team(row: Team) -> _Json:
    return {name: getattr(row, name) for name in ("id", "name", "seeding", "step")}


def _rating(row: Rating) -> _Json:
    low, high = row.strength.interval
    return {**row.strength._asdict(), "low": low, "high": high, "ordinal": row.strength.ordinal}
