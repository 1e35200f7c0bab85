"""What an organiser does to an arena: annul, disqualify, freeze, thaw, replay, read the log. No TensorFlow.

Whatever changes something has a preview: a value that says what would change, made without changing anything.
"""

import contextlib
import os
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gan.arena import annulment, arena, bracket, events, freezing, notes, ratings, renaming, schema, store
from gan.console.errors import Fault, StateError, UserError
from gan.contest import faults
from gan.contest.half_round import JudgedImages
from gan.storage import files


class Annulment(NamedTuple):
    """What annulling a match would change."""

    event: schema.Event
    teams: dict[int, schema.Team]  # of the event, by id
    matches: tuple[schema.Match, ...]  # the match, then the later ones of its bracket that follow from it
    forgotten: tuple[int, ...]  # matches whose ratings are removed, oldest first
    rated_again: tuple[int, ...]  # those of them that keep their result, and are rated again
    admitted_again: tuple[str, ...]  # teams of the match that could not take part, and now may
    forfeits: dict[int, dict[int, Fault]]  # why matches were forfeited: match -> team -> why


class Forfeit(NamedTuple):
    """A match that a disqualified team would lose."""

    round: int
    position: int
    match: int | None  # None before it begins
    opponent: str | None  # name of the team; None as long as it is not known


class Disqualification(NamedTuple):
    """What disqualifying a team would change."""

    event: schema.Event
    team: schema.Team
    num_teams: int  # of the event
    forfeits: tuple[Forfeit, ...] | None  # None before the draw: whatever the team will have to play


class Reinstatement(NamedTuple):
    """What ending a disqualification would change."""

    event: schema.Event
    team: schema.Team
    forfeited: tuple[int, ...]  # matches that it has forfeited, which stay forfeited unless they are annulled


class Freeze(NamedTuple):
    """Whether an arena is frozen, and what freezing it or thawing it would touch."""

    is_frozen: bool
    reason: str  # why it is frozen; empty if it is not, or if no reason was given
    events: tuple[str, ...]  # names of the events that are not over


class NewSecret(NamedTuple):
    """What telling an arena of secret images would change."""

    number: int  # of images
    new: int  # of them, those that it does not know yet
    shown: int  # of them, those that were shown before


class ForgottenSecret(NamedTuple):
    """What telling an arena that images are not secret would change."""

    number: int  # of images
    known: int  # of them, those that are secret so far
    left: int  # secret images afterwards


class ReplayResult(NamedTuple):
    """How a half round that was played again compares with what is stored."""

    points: int  # as stored
    points_now: int
    is_same: bool  # whether images, order and probabilities are equal, too


class LogLine(NamedTuple):
    """Something that happened."""

    at: float  # unix seconds
    event: str | None  # name
    match: int | None
    kind: str  # a short word
    note: Fault
    by: str | None = None  # who did it; None for the program itself


def preview_annulment(kept: store.Store, match: int, admit_again: bool = False) -> Annulment:
    """What `annul` would change.

    Args:
        kept: the arena's store.
        match: its id.
        admit_again: whether the match may be one that both teams forfeited.

    Raises:
        UserError: there is no such match, it is annulled already, or nobody played it.
    """
    if problem := annulment.why_not(kept, match, admit_again):
        raise UserError(problem)
    first = kept.matches.get(match)
    event = kept.events.of_match(match)
    by_id = {team.id: team for team in kept.teams.of_event(event.id)}
    fallen = kept.matches.fed_by(first)
    ids = {row.id for row in fallen}
    history = kept.ratings.all()
    earliest = next((index for index, row in enumerate(history) if row.match in ids), len(history))
    forgotten = tuple(dict.fromkeys(row.match for row in history[earliest:]))
    again = [by_id[team].name for team in dict.fromkeys((first.home, first.away)) if team and _may_return(by_id[team])]
    rated_again = tuple(id_ for id_ in forgotten if id_ not in ids)
    return Annulment(event, by_id, tuple(fallen), forgotten, rated_again, tuple(again), kept.matches.forfeits())


def annul(kept: store.Store, match: int, reason: str) -> None:
    """Annuls a match and what follows from it: the command that plays the event plays them again.

    Raises:
        StateError: the match is annulled already, or there is none.
    """
    annulment.annul(kept, match, reason)
    ratings.rate_again(kept, events.RATED)


def preview_disqualification(kept: store.Store, event_name: str, team_name: str) -> Disqualification:
    """What `disqualify` would change.

    Raises:
        UserError: there is no such event or team, the event is over, or the team is disqualified already.
    """
    event = renaming.event_named(kept, event_name)
    if event.finished is not None:
        raise UserError(
            f"{event.name} is over: annul a match that {team_name} should not have won, which opens the event again, "
            "and disqualify the team then"
        )
    listed = kept.teams.of_event(event.id)
    team = _team_named(kept, event, listed, team_name)
    if _is_disqualified(team):
        raise UserError(f"{team_name} is out of {event.name} already: {_why(team)}")
    return Disqualification(event, team, len(listed), _forfeits(event, listed, kept.matches.of_event(event.id), team))


def disqualify(kept: store.Store, team: int, reason: str) -> None:
    """Lets a team forfeit what it has not played yet, and what is played again."""
    kept.teams.disqualify(team, reason)


def preview_reinstatement(kept: store.Store, event_name: str, team_name: str) -> Reinstatement:
    """What `reinstate` would change; raises UserError if there is no such team, or it is not disqualified."""
    event = renaming.event_named(kept, event_name)
    team = _team_named(kept, event, kept.teams.of_event(event.id), team_name)
    if not _is_disqualified(team):
        raise UserError(f"{team_name} is not disqualified from {event.name}, so there is nothing to change")
    forfeits = kept.matches.forfeits()
    own = [row.id for row in kept.matches.of_event(event.id) if team.id in forfeits.get(row.id, ())]
    return Reinstatement(event, team, tuple(own))


def reinstate(kept: store.Store, team: int, reason: str) -> None:
    """Ends a disqualification: the team takes part as it could before, in what is played from now on."""
    kept.teams.reinstate(team, reason)


def preview_freeze(kept: store.Store, folder: str) -> Freeze:
    """What `freeze` or `thaw` would change in the arena_dir `folder`, whose store is `kept`."""
    open_events = tuple(event.name for event in kept.events.all() if event.finished is None)
    return Freeze(freezing.is_frozen(folder), freezing.why_frozen(folder), open_events)


def freeze(folder: str, reason: str, by: str) -> None:
    """Lets nothing more begin in an arena_dir; a match that is being played ends.

    Args:
        folder: arena_dir.
        reason: why; may be empty.
        by: who does it, for the log.

    Raises:
        StateError: it is frozen, but the log cannot be written to.
    """
    files.write_whole(os.path.join(folder, freezing.FROZEN), reason.encode())
    note = notes.note("arena_frozen_because", reason=reason) if reason else notes.note("arena_frozen")
    _log(folder, "freeze", note, by)


def thaw(folder: str, by: str) -> None:
    """Ends a freeze; raises StateError if that is done, but the log cannot be written to."""
    with contextlib.suppress(FileNotFoundError):
        os.remove(os.path.join(folder, freezing.FROZEN))
    _log(folder, "thaw", notes.note("arena_thawed"), by)


def _log(folder: str, kind: str, note: Fault, by: str) -> None:
    try:
        store.add_to_log(folder, kind, note, by)
    except StateError as error:
        raise StateError(f"{kind} is done, but the log does not tell of it: {error}") from error


def preview_secret(kept: store.Store, images: np.ndarray) -> NewSecret:
    """What `secret_images.add` would change; `images` are uint8 [N, size]."""
    known, shown = kept.secret_images.count_among(images), kept.shown_images.count_among(images)
    return NewSecret(len(images), len(images) - known, shown)


def keep_secret(kept: store.Store, images: np.ndarray) -> None:
    """Lets an arena keep the digests of secret images, uint8 [N, size]."""
    preview = preview_secret(kept, images)
    with kept.writing():
        kept.secret_images.add(images)
        kept.log.add("secret", notes.note("secret_told", number=preview.number, new=preview.new))


def preview_forgetting(kept: store.Store, images: np.ndarray) -> ForgottenSecret:
    """What `forget_secret` would change; raises UserError if none of the images, uint8 [N, size], is secret."""
    known = kept.secret_images.count_among(images)
    if not known:
        raise UserError(f"none of these {len(images)} images is secret in {kept.path}, so there is nothing to forget")
    return ForgottenSecret(len(images), known, kept.secret_images.count() - known)


def forget_secret(kept: store.Store, images: np.ndarray) -> None:
    """Lets an arena forget that images, uint8 [N, size], are secret: they were told by mistake."""
    with kept.writing():
        kept.log.add("secret", notes.note("secret_forgotten", number=kept.secret_images.remove(images)))


def replay(opened: arena.Arena, half_round: int) -> ReplayResult:
    """Plays a half round again, from the snapshots that the arena keeps, and compares.

    Raises:
        UserError: there is no such half round, a snapshot is gone, or the arena was opened with other real images.
    """
    stored = opened.store.half_rounds.get(half_round)
    if stored is None:
        raise UserError(
            f"there is no half round {half_round} in {opened.store.path}; its screen shows the number of each"
        )
    events.check_playable(opened, opened.store.events.of_match(stored.match))
    before, now = opened.replay(half_round)
    points, points_now = before.played.score.points, now.score.points
    is_same = points == points_now and _are_equal(before.played.shown, now.shown)
    return ReplayResult(points, points_now, is_same)


def log(kept: store.Store, event_name: str | None = None) -> list[LogLine]:
    """What happened in an event, or in all of them, oldest first; raises UserError if there is no such event."""
    chosen = renaming.event_named(kept, event_name).id if event_name else None
    names, authors = {event.id: event.name for event in kept.events.all()}, kept.log.authors()
    return [
        LogLine(entry.at, names.get(entry.event or 0), entry.match, entry.kind, entry.note, authors.get(entry.id))
        for entry in kept.log.entries(chosen)
    ]


def _may_return(team: schema.Team) -> bool:
    """Whether a team could not take part, and was not disqualified."""
    return team.fault is not None and not _is_disqualified(team)


def _is_disqualified(team: schema.Team) -> bool:
    return team.fault is not None and team.fault.code == notes.DISQUALIFIED


def _why(team: schema.Team) -> str:
    return faults.sentence(team.fault) if team.fault else ""


def _team_named(kept: store.Store, event: schema.Event, listed: Sequence[schema.Team], name: str) -> schema.Team:
    """The team of this name in an event; raises UserError with the names that there are."""
    team = next((team for team in listed if team.name == name), None)
    if team is None:
        renaming.check_not_former(kept, name)
        there = ", ".join(team.name for team in listed) or "none yet"
        raise UserError(f"{event.name} has no such team as {name!r}; its teams are {there}")
    return team


def _are_equal(before: JudgedImages | None, now: JudgedImages | None) -> bool:
    if before is None or now is None:
        return before is now
    return all(
        one is other if one is None or other is None else np.array_equal(one, other) for one, other in zip(before, now)
    )


def _forfeits(
    event: schema.Event, listed: list[schema.Team], matches: list[schema.Match], team: schema.Team
) -> tuple[Forfeit, ...] | None:
    """Matches that a team still has to play; None before it is known whom it meets."""
    is_drawn = any(one.seeding is not None for one in listed)
    if event.mode in (events.TOURNAMENT, events.MOCK) and not is_drawn:
        return None
    if len(listed) < len(event.options.get("teams", listed)):  # some teams are not admitted yet
        return None
    rows = {(row.round, row.position): row for row in matches}
    if event.mode == events.TOURNAMENT:
        return _next_in_bracket(listed, rows, team)
    found = []
    for round, position, home, away in _pairings(event, listed):
        row = rows.get((round, position))
        if team in (home, away) and not (row and row.status == schema.DONE):
            found.append(Forfeit(round, position, row and row.id, (away if team == home else home).name))
    return tuple(found)


def _pairings(event: schema.Event, listed: list[schema.Team]) -> list[tuple[int, int, schema.Team, schema.Team]]:
    """(round, position, home, away) of all matches of an event that has no bracket."""
    if event.mode == events.LEAGUE:
        rounds = bracket.everyone_against_everyone(len(listed))
    elif event.mode == events.MOCK:
        return [
            (round, position, home, away)
            for round, pairs in enumerate(events.mock_rounds(event, listed))
            for position, (home, away) in enumerate(pairs)
        ]
    elif event.mode == events.CHECK:
        rounds = [[(index, index) for index in range(len(listed))]]
    else:
        rounds = [[(0, 1)]]
    return [
        (round, position, listed[home], listed[away])
        for round, pairs in enumerate(rounds)
        for position, (home, away) in enumerate(pairs)
    ]


def _next_in_bracket(
    listed: list[schema.Team], rows: dict[tuple[int, int], schema.Match], team: schema.Team
) -> tuple[Forfeit, ...]:
    """The match of a tournament that a team has to play next; none if it is out, or has won the final."""
    by_seeding = {one.seeding: one for one in listed}
    seedings = {one.id: one.seeding for one in listed}
    pairs: Sequence[tuple[int, int | None] | None] = bracket.first_round(len(listed))
    position = next(index for index, pair in enumerate(pairs) if team.seeding in (pair or ()))
    for round in range(bracket.num_rounds(len(listed))):
        winners = []  # seedings by position; None for a match that is not decided
        for place, pair in enumerate(pairs):
            row = rows.get((round, place))
            decided = seedings[row.winner] if row and row.status == schema.DONE and row.winner else None
            winners.append(pair[0] if pair is not None and pair[1] is None else decided)
        if winners[position] is None:
            others = [seeding for seeding in pairs[position] or () if seeding != team.seeding]
            row = rows.get((round, position))
            return (Forfeit(round, position, row and row.id, by_seeding[others[0]].name if others else None),)
        if winners[position] != team.seeding:
            return ()
        pairs, position = list(bracket.pairs_of(winners)), position // 2
    return ()
