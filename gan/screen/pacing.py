"""How much time the hall gives to each match: natural paces, and what fits into the time of an event. No TensorFlow.

The pace follows from what is known when an event begins, its mode, its number of teams and the settings of the screen,
so a server that was started again and all viewers agree. Naturally a face is up for 1.2 s in a final, 1 s in a
semi-final, 0.8 s in a quarter-final, then 0.6, 0.4, 0.3 and 0.2 s. An event that would take longer than the hall has
time is shown faster: its earlier rounds first, and its last three rounds only where they take more than half of the
time. What is left of it after that may be for pauses between the matches.
"""

from typing import NamedTuple

from gan.arena import bracket, events, schema
from gan.contest import rules

SHOW_MINUTES = 90.0  # of an event, unless the organiser says otherwise
PACE = 6.0  # seconds a half round of a replay, with --pace=0
WINNER_SECONDS = 4.0  # a result, with --pace
_FACE_SECONDS = (1.2, 1.0, 0.8, 0.6, 0.4, 0.3)  # of the final, the round before it, and so on
_FASTEST = 0.2  # of all earlier rounds
_OTHER_FACES = {events.MATCH: 1.2, events.LEAGUE: 0.6, events.MOCK: 0.6, events.CHECK: 0.4}
_MEETS_SECONDS, _RESULT_SECONDS = 4.0, 5.0
PAUSE_SECONDS = 8.0  # after a result, if there is time for it; a kiosk shows the bracket then
_WITH_PAUSES = schema.TOURNAMENT, schema.MOCK, events.LEAGUE
_FEWEST_FOR_PAUSES = 2  # matches
_LATE_ROUNDS = 3  # of a tournament, whose pace is kept if they take half of the time or less
_FAILED_SECONDS = 4.0  # a half round in which something failed, at most


class ShowSettings(NamedTuple):
    """What the organiser says about the show.

    pace: seconds of each half round, 0 shows all at once; None for natural paces.
    show_minutes: how long an event may take at natural paces.
    """

    pace: float | None = None
    show_minutes: float = SHOW_MINUTES


class Plan(NamedTuple):
    """What is known of an event when it begins."""

    mode: str
    num_teams: int
    of_rules: int = rules.VERSION  # their version
    num_rounds: int = rules.MATCH_ROUNDS  # of a match that is an event of its own
    matches_each: int = 1  # that a team has in a mock battle
    period_seconds: float | None = None  # from one mock battle to the next


class MatchPace(NamedTuple):
    """Seconds of the parts of a match."""

    meets: float  # who meets whom; 0 leaves it out
    half_round: float
    result: float
    pause: float = 0.0  # until the next match, in which the result stays

    def scaled(self, factor: float) -> "MatchPace":
        """The same parts, each so many times as long."""
        return MatchPace(*(factor * seconds for seconds in self))

    def of_failed(self) -> float:
        """Seconds of a half round without faces."""
        return min(_FAILED_SECONDS, self.half_round)

    def of_match(self, num_rounds: int) -> float:
        """Seconds of a match of so many rounds in which nothing fails."""
        return self.meets + 2 * num_rounds * self.half_round + self.result + self.pause


class _Round(NamedTuple):
    """The matches of a round that take time."""

    matches: int
    num_rounds: int  # of each
    pace: MatchPace

    @property
    def seconds(self) -> float:
        return self.matches * self.pace.of_match(self.num_rounds)


class EventPace:
    """The pace of every match of an event.

    Args:
        plan: of the event.
        settings: of the screen.
    """

    def __init__(self, plan: Plan, settings: ShowSettings) -> None:
        if settings.pace is not None:
            fixed = MatchPace(0.0, settings.pace, min(WINNER_SECONDS, settings.pace))
            self._rounds = [_Round(0, 1, fixed)]
            return
        natural = _rounds_of(plan)
        budget = 60 * settings.show_minutes
        if plan.mode == schema.MOCK and plan.period_seconds:
            budget = min(budget, plan.period_seconds / 2)
        fitted = _fitted(natural, budget, _LATE_ROUNDS if plan.mode == schema.TOURNAMENT else 0)
        self._rounds = _with_pauses(fitted, budget, plan)

    def of_round(self, round_: int) -> MatchPace:
        """The pace of a match in a round, from 0."""
        return self._rounds[min(round_, len(self._rounds) - 1)].pace

    @property
    def seconds(self) -> float:
        """How long all matches take, if nothing fails; 0 with a fixed pace."""
        return sum(one.seconds for one in self._rounds)


def num_matches(plan: Plan) -> int:
    """How many matches between two teams an event has at the most; byes are none."""
    if plan.mode == schema.TOURNAMENT:
        return max(1, plan.num_teams - 1)
    if plan.mode == schema.MOCK:  # one of its teams is the house team, which plays if it must
        guests = max(0, plan.num_teams - 1)
        return (guests + 1) // 2 * plan.matches_each
    return {events.LEAGUE: plan.num_teams * (plan.num_teams - 1) // 2, events.CHECK: plan.num_teams}.get(plan.mode, 1)


def _natural(face_seconds: float) -> MatchPace:
    return MatchPace(_MEETS_SECONDS, rules.HALF_ROUND_POINTS * face_seconds, _RESULT_SECONDS)


def _rounds_of(plan: Plan) -> list[_Round]:
    """The rounds of an event at its natural pace."""
    if plan.mode != schema.TOURNAMENT or not bracket.MIN_TEAMS <= plan.num_teams <= bracket.MAX_TEAMS:
        pace = _natural(_OTHER_FACES.get(plan.mode, _FACE_SECONDS[0]))
        return [_Round(num_matches(plan), plan.num_rounds, pace)]
    total = bracket.num_rounds(plan.num_teams)
    found = []
    for round_ in range(total):
        from_last = total - 1 - round_
        matches = bracket.num_matches(round_, total)
        byes = 2 * matches - plan.num_teams if round_ == 0 else 0
        num_rounds = rules.FINAL_ROUNDS.get(plan.of_rules, 1) if from_last == 0 else rules.MATCH_ROUNDS
        face_seconds = _FACE_SECONDS[from_last] if from_last < len(_FACE_SECONDS) else _FASTEST
        found.append(_Round(matches - byes, num_rounds, _natural(face_seconds)))
    return found


def _fitted(natural: list[_Round], budget: float, num_late: int) -> list[_Round]:
    """The rounds so much faster that they take no longer than the budget, in seconds."""
    split = len(natural) - num_late if num_late else 0
    early, late = natural[: max(0, split)], natural[max(0, split) :]
    early_seconds, late_seconds = (sum(one.seconds for one in rounds) for rounds in (early, late))
    of_late = min(1.0, max(budget / 2, budget - early_seconds) / late_seconds)
    of_early = min(1.0, (budget - of_late * late_seconds) / early_seconds) if early else 1.0
    return [one._replace(pace=one.pace.scaled(of_early)) for one in early] + [
        one._replace(pace=one.pace.scaled(of_late)) for one in late
    ]


def _with_pauses(fitted: list[_Round], budget: float, plan: Plan) -> list[_Round]:
    """The rounds with a pause after each match, if that takes no longer than the budget, in seconds.

    There is none after the final, which its champion follows, nor in an event of one match, nor in a check.
    """
    last = len(fitted) - 1 if plan.mode == schema.TOURNAMENT else len(fitted)
    if plan.mode not in _WITH_PAUSES or sum(one.matches for one in fitted) < _FEWEST_FOR_PAUSES:
        return fitted
    paused = [one._replace(pace=one.pace._replace(pause=PAUSE_SECONDS)) for one in fitted[:last]] + fitted[last:]
    return paused if sum(one.seconds for one in paused) <= budget else fitted
