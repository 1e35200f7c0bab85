"""What the store and a look know of each team in mock battles: the statuses that teams read. No TensorFlow."""

import datetime
import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gan.arena import notes, schema
from gan.arena.bucket_looks import Look
from gan.arena.schema import Event, Match
from gan.arena.status_pages import MatchTold, TeamStatus
from gan.arena.store import Store
from gan.arena.teams import Entrant
from gan.console import printable
from gan.console.errors import ContractError, Fault
from gan.contest import faults
from gan.contest.languages import ENGLISH, KOREAN
from gan.sandbox.staging import Staged


class Moments(NamedTuple):
    """Of a look, all aware."""

    looked: datetime.datetime
    next_battle: datetime.datetime


def after_look(
    kept: Store, battle: str, looked: Mapping[str, Look], entrants: Sequence[Entrant], moments: Moments
) -> dict[str, TeamStatus]:
    """Statuses of teams after a look at their buckets, before their snapshots are opened.

    Args:
        kept: the arena's store.
        battle: name of the mock battle that the look is for.
        looked: path of a team in a bucket -> what the look found; of others nothing is said.
        entrants: the teams.
        moments: of the look.

    Returns:
        path -> status; nothing for teams without a path.
    """
    matches = matches_of_teams(kept)
    found = {}
    for entrant in entrants:
        if not entrant.path:
            continue
        answer = looked.get(entrant.path)
        staged = answer if isinstance(answer, Staged) else None
        problem = entrant.fault or (notes.of(answer) if isinstance(answer, ContractError) else _fault_of(answer))
        if staged is None and problem is None:  # on disk: it is looked at when the battle begins
            continue
        found[entrant.path] = TeamStatus(
            team=entrant.name,
            looked=moments.looked,
            battle=battle,
            found=staged is not None,
            snapshot=staged and staged.name,
            step=staged and staged.step,
            admitted=None if staged and not problem else False,
            problems=_shown(problem),
            problems_ko=_shown(problem, KOREAN),
            remarks=[staged.note] if staged and staged.note else [],
            remarks_ko=[notes.remark_of_choice(staged.note, KOREAN)] if staged and staged.note else [],
            matches=matches.get(entrant.name, []),
            next_battle=moments.next_battle,
        )
    return found


def after_battle(kept: Store, event: Event, names: Mapping[str, str], moments: Moments) -> dict[str, TeamStatus]:
    """Statuses of an event's teams when it was played: path -> status.

    Args:
        kept: the arena's store.
        event: a mock battle; its last team is the house team.
        names: path -> name of the snapshot there, as far as a look found it.
        moments: of the look.
    """
    matches, entries = matches_of_teams(kept), kept.log.entries(event.id)
    *guests, _ = kept.teams.of_event(event.id)
    return {
        team.path: TeamStatus(
            team=team.name,
            looked=moments.looked,
            battle=event.name,
            found=team.snapshot is not None,
            snapshot=names.get(team.path),
            step=team.step,
            admitted=team.fault is None if team.snapshot or team.fault else None,
            problems=_shown(team.fault),
            problems_ko=_shown(team.fault, KOREAN),
            remarks=notes.remarks_of(team, entries),
            remarks_ko=notes.remarks_of(team, entries, KOREAN),
            matches=matches.get(team.name, []),
            next_battle=moments.next_battle,
        )
        for team in guests
        if team.path
    }


def matches_of_teams(kept: Store) -> dict[str, list[MatchTold]]:
    """Name of a team -> its matches in mock battles that are decided, the newest first."""
    found: dict[str, list[MatchTold]] = {}
    for event in reversed(kept.events.all()):
        if event.mode == schema.MOCK:
            names = {team.id: team.name for team in kept.teams.of_event(event.id)}
            for match in kept.matches.of_event(event.id):
                if match.status == schema.DONE and match.away is not None:
                    for is_home, team in ((True, match.home), (False, match.away)):
                        told = _told(event, match, is_home, names)
                        found.setdefault(names[team], []).append(told)
    return found


def _told(event: Event, match: Match, is_home: bool, names: Mapping[int, str]) -> MatchTold:
    sides = [(match.home, match.home_points or 0), (match.away or 0, match.away_points or 0)]
    (own, points), (other, other_points) = sides if is_home else reversed(sides)
    is_won = match.winner == own if match.winner else None
    return MatchTold(event.name, names[other], points, other_points, is_won, match.rule or "")


def _fault_of(answer: Look | None) -> Fault | None:
    """Why a bucket could not be read, in words that name neither the organiser nor the server's own."""
    if not isinstance(answer, Exception):
        return None
    fault = getattr(answer, "fault", None)
    return fault if isinstance(fault, Fault) else notes.note("bucket_missing")


def _shown(fault: Fault | None, language: str = ENGLISH) -> list[str]:
    return [printable.without_places(text) for text in faults.sentences(fault, language)]


def snapshot_names(looked: Mapping[str, Look]) -> dict[str, str]:
    """Path -> name of the snapshot that a look found there."""
    return {path: os.path.basename(answer.name) for path, answer in looked.items() if isinstance(answer, Staged)}
