"""What the screen may show at a moment: from the store to what JSON can hold. No TensorFlow.

`timeline` says when something is told. Nothing of what has not begun is told, and nothing that would give it away: no
points, winners, ratings or faults, and no seeds. docs/screen_api.md and openapi.json describe the answers. A field that
does not apply is absent, never null.
"""

import math
import pathlib
from typing import Any

from gan.arena import schema
from gan.arena.schema import Event
from gan.arena.store import Store
from gan.contest import rules
from gan.screen import matches, standing, texts
from gan.screen.faces import Faces
from gan.screen.half_rounds import ShownHalfRounds
from gan.screen.matches import ShownMatches
from gan.screen.next_match import next_match
from gan.screen.pacing import ShowSettings
from gan.screen.recap import Recap
from gan.screen.records import Records
from gan.screen.stage import Scene, Stage, View
from gan.screen.team_page import TeamPages
from gan.screen.teams import ShownTeams
from gan.screen.timeline import CHAMPION, EVENT, HALF_ROUND, RESULT
from gan.screen.told import Told

PAGE = pathlib.Path(__file__).parent / "page"  # what the browser loads
API_VERSION = "1"

Json = dict[str, Any]  # what JSON can hold

_WITH_FACES = (View.FACE, View.BETWEEN, View.FAILED, View.TIMING)
_WITH_NEXT = (View.DRAW, View.WON, View.TOSS_UP, View.DRAWN, View.FORFEIT, View.ANNULLED, View.HELD, View.FROZEN)
_WITH_RECAP = (View.WON, View.TOSS_UP)


def nothing(now: float, settings: ShowSettings) -> Json:
    """The state before the first event."""
    return {
        "now": now,
        "version": API_VERSION,
        "settings": texts.without_none(settings._asdict() | ({} if settings.pace is None else {"show_minutes": None})),
        "rules": rules_of(rules.VERSION),
        "events": {},
        "stage": {"view": View.NOTHING.value},
    }


def rules_of(version: int) -> Json:
    """The numbers of the contest that a viewer needs, by the version of the rules."""
    return {
        "version": version,
        "images_of_each": rules.IMAGES_OF_EACH,
        "points_of_half_round": rules.HALF_ROUND_POINTS,
        "threshold": rules.THRESHOLD,
        "rounds": {"match": rules.MATCH_ROUNDS, "final": rules.FINAL_ROUNDS.get(version, rules.MATCH_ROUNDS)},
        "first_judge": ("home", "away")[matches.judge_side(0)],
    }


class Show:
    """What may be shown, read again from the store whenever that has changed.

    Args:
        source: opened to read.
        settings: of the show.
    """

    def __init__(self, source: Store, settings: ShowSettings) -> None:
        self.settings = settings
        self._records = records = Records(source, settings)
        faces = Faces(records)
        self._half_rounds = ShownHalfRounds(records, faces)
        self._matches, self._teams, self._stage = ShownMatches(records), ShownTeams(records), Stage(records)
        self._recap = Recap(records, faces)
        self._pages = TeamPages(records, self._teams, self._recap)
        self._told: tuple[int, Told] | None = None
        self._lasting: dict[int, tuple[Any, Json]] = {}  # event -> (key, all but the stage)

    def position(self, now: float) -> tuple[Any, ...]:
        """A key that differs whenever `state` does, apart from its `now`."""
        told = self._shown(now)
        battle = [now < at for at in self._stage.changes_of_countdown()]
        return self._records.version, told.position, self._half_rounds.position(told, now), battle

    def next_change(self, now: float) -> float:
        """When the state changes next, unless the store does before; infinity if it does not, in unix seconds."""
        told = self._shown(now)
        times = list(self._records.times.after(now))
        times += [*self._half_rounds.changes(told), *self._stage.changes_of_countdown()]
        return min((at for at in times if at > now), default=math.inf)

    def state(self, now: float) -> Json:
        """Everything about the latest event, with the stage, but without the history of ratings.

        Args:
            now: unix seconds.

        Returns:
            Values that are dicts are by id, written as text. `nothing` before the first event.
        """
        told = self._shown(now)
        begun = [one for one in self._records.events if one.id in told.begun[EVENT]]
        if not begun:
            return self._awaited(now)
        event = begun[-1]
        state = {"now": now, **self._of_event(event, told)}
        state["event"] = state["event"] | self._countdown(now)
        scene = self._stage.scene(event, told, now)
        return state | self._on_stage(event, scene, told, state, now)

    def state_of(self, event: int, now: float) -> Json | None:
        """As `state`, about the event of this id and without the stage; None if it has not begun."""
        told = self._shown(now)
        if event not in told.begun[EVENT]:
            return None
        return {"now": now, **self._of_event(self._records.event(event), told)}

    def events(self, now: float) -> list[Json]:
        """All events that have begun, oldest first."""
        return list(self._events(self._shown(now)).values())

    def match(self, id_: int, now: float) -> Json | None:
        """A match with its teams and half rounds, as far as it was shown; None if it was not."""
        told = self._shown(now)
        row = self._records.matches.get(id_)
        if row is None or not self._matches.is_shown(row, told):
            return None
        teams = self._teams.of_event(self._records.event(row.event), told)
        halves = [one for one in self._records.played.get(id_, ()) if one in told.begun[HALF_ROUND]]
        return self._half_rounds.with_live(self._matches.match(row, told), told, now) | {
            "teams": {str(team): teams[str(team)] for team in (row.home, row.away) if team},
            "half_rounds": [self._half_rounds.half_round(one, told, now) for one in halves],
        }

    def replay(self, id_: int, now: float) -> Json | None:
        """A match whose result is told, to be kept as a file: with the rules and its event; None before that."""
        row = self._records.matches.get(id_)
        told = self._shown(now)
        if row is None or id_ not in told.told[RESULT]:
            return None
        match = self.match(id_, now)
        event = self._events(told)[str(row.event)]
        return {"version": API_VERSION, "rules": rules_of(self._records.event(row.event).rules), "event": event} | {
            "match": match
        }

    def half_round(self, id_: int, now: float) -> Json | None:
        """A half round with its faces, as far as it was shown; None before it begins to be shown."""
        told = self._shown(now)
        return self._half_rounds.half_round(id_, told, now) if id_ in told.begun[HALF_ROUND] else None

    def ratings(self, now: float) -> list[Json]:
        """All ratings shown so far, oldest first."""
        return self._teams.history(self._shown(now))

    def team_names(self, now: float) -> list[str]:
        """The names of all teams of events that have begun."""
        return self._pages.names(self._shown(now))

    def team(self, name: str, now: float) -> Json | None:
        """All that is told of a team; None if there is none of this name."""
        return self._pages.page(name, self._shown(now))

    def _shown(self, now: float) -> Told:
        self._records.refresh()
        position = self._records.times.position(now)
        if self._told is None or self._told[0] != self._records.version or not self._told[1].advance(position):
            self._told = self._records.version, Told(self._records.moments)
            self._told[1].advance(position)
        return self._told[1]

    def _awaited(self, now: float) -> Json:
        """The state before the first event; the first mock battle may be announced."""
        state, battle = nothing(now, self.settings), self._records.next_battle
        if battle and self._stage.is_counting_down(now):
            state["stage"] = {"view": View.COUNTDOWN.value, "until": battle.at, "time_zone": battle.zone}
        return state

    def _of_event(self, event: Event, told: Told) -> Json:
        """All of the state that changes with half rounds and results only; the very same object until then."""
        key = self._records.version, told.position[:2]
        if event.id not in self._lasting or self._lasting[event.id][0] != key:
            self._lasting[event.id] = key, self._of_event_now(event, told)
        return self._lasting[event.id][1]

    def _of_event_now(self, event: Event, told: Told) -> Json:
        teams = self._records.teams[event.id]
        shown = self._matches.of_event(event.id, told)
        is_bracket = event.mode == schema.TOURNAMENT
        return {
            "version": API_VERSION,
            "settings": nothing(0, self.settings)["settings"],
            "rules": rules_of(event.rules),
            "event": self._event(event, told, shown),
            "events": self._events(told),
            "teams": self._teams.of_event(event, told),
            "matches": shown,
            **(standing.bracket_of(teams, shown) if is_bracket else standing.NO_BRACKET),
            "standings": standing.standings_of(teams, shown),
            "forfeits": self._teams.forfeits(event, told),
            "ratings": self._teams.ratings(told),
        }

    def _event(self, event: Event, told: Told, shown: Json) -> Json:
        """The event that a state is about."""
        battle = self._records.next_battle
        done = [one for one in shown.values() if one["status"] == schema.DONE and "away" in one]
        fields = {
            **self._listed(event, told),
            "num_teams": self._records.listed(event),
            "teams_opened": len(self._records.teams[event.id]),
            "frozen": self._stage.frozen(event, told),
            "num_matches": self._records.num_matches(event),
            "matches_told": len(done),
            "time_zone": battle and battle.zone,
        }
        return texts.without_none(fields)

    def _events(self, told: Told) -> Json:
        return {str(one.id): self._listed(one, told) for one in self._records.events if one.id in told.begun[EVENT]}

    def _listed(self, event: Event, told: Told) -> Json:
        """An event as it is listed."""
        fields: Json = {name: getattr(event, name) for name in ("id", "name", "mode", "begun")}
        if event.id in told.told[CHAMPION]:
            champion = self._records.teams[event.id].get(event.champion or 0)
            fields |= {"finished": event.finished, "champion": event.champion}
            fields["champion_name"] = champion and champion.name
        return texts.without_none(fields)

    def _countdown(self, now: float) -> Json:
        battle = self._records.next_battle
        return {"next_battle": battle.at} if battle and now < battle.at else {}

    def _on_stage(self, event: Event, scene: Scene, told: Told, state: Json, now: float) -> Json:
        """What belongs to the view on the stage."""
        fields: Json = {"stage": scene.fields()}
        stage, shown = fields["stage"], state["matches"]
        if scene.view == View.COUNTDOWN and self._records.next_battle:
            stage["until"] = self._records.next_battle.at
        if scene.view == View.FROZEN and "frozen" not in state["event"]:
            fields["event"] = state["event"] | {"frozen": self._stage.frozen_countdown(event, now)}
        if scene.view in _WITH_NEXT and (following := next_match(self._records, event, shown, state["places"])):
            stage["next"] = following
        if scene.half_round is not None and scene.match is not None and scene.view in _WITH_FACES:
            match = self._half_rounds.with_live(shown[str(scene.match.id)], told, now)
            fields["matches"] = shown | {str(scene.match.id): match}
            fields |= self._half_rounds.on_stage(scene.half_round, match, told, now)
        if scene.view in _WITH_RECAP and scene.match:
            fields["recap"] = self._recap.of_match(scene.match.id, told)
        if scene.view == View.CHAMPION and event.champion is not None:
            fields["recap"] = self._recap.of_event(event.id, told)
            fields["path"] = self._recap.way(event.id, event.champion, told)
        return fields
