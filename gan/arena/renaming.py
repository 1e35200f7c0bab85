"""Gives an event or a team another name. No TensorFlow.

A team is known by its name: it has one in all events of an arena, in its ratings and in the log. What was written to
its bucket or exported before keeps the old one.
"""

import difflib
from typing import NamedTuple

from gan.arena import mock_battles, schema, store, teams
from gan.console.errors import UserError


class Renaming(NamedTuple):
    """What renaming an event would change."""

    event: schema.Event
    name: str  # the new one


class TeamRenaming(NamedTuple):
    """What renaming a team would change."""

    before: str
    name: str  # the new one
    events: tuple[str, ...]  # names of the events that it is in
    open_events: tuple[str, ...]  # those of them that are not over
    mended: tuple[str, ...]  # those of them in which it could not take part, only because of its name
    forfeited: tuple[int, ...]  # matches of these that it has forfeited already


def preview_event(kept: store.Store, event_name: str, new_name: str) -> Renaming:
    """What `rename` of an event would change; raises UserError if there is no such event, or the name is of no use."""
    event = event_named(kept, event_name)
    _check_changed(event.name, new_name)
    if kept.events.named(new_name) is not None:
        raise UserError(f"{kept.path} has an event {new_name!r} already; give {event.name} another name")
    if problem := teams.name_problem(new_name):
        raise UserError(f"--to={new_name!r} cannot be a name: {problem}; give another one")
    return Renaming(event, new_name)


def preview_team(kept: store.Store, before: str, name: str) -> TeamRenaming:
    """What `rename` of a team would change; raises UserError if there is no such team, or the name is of no use."""
    named = kept.teams.names()
    house = mock_battles.HOUSE_TEAM.name
    check_not_former(kept, before)
    if before not in named:
        raise UserError(f"{kept.path} has no such team as {before!r}; {_suggested(before, list(named))}")
    if before == house:
        raise UserError(f"the team {house!r} is the program's own, and keeps its name; name another one with --team")
    _check_changed(before, name)
    if problem := teams.name_problem(name):
        raise UserError(f"--to={name!r} cannot be a name: {problem}; give another one")
    taken = next((one for one in [house, *named] if one != before and teams.is_alike(one, name)), None)
    if taken:
        raise UserError(f"--to={name!r} is the name of another team, {taken!r}; give a name that nobody has had here")
    events = [event for event in kept.events.all() if event.id in named[before]]
    is_open = [event for event in events if event.finished is None]
    mended = [event for event in is_open if _is_mended(kept, event, before)]
    return TeamRenaming(
        *(before, name),
        tuple(event.name for event in events),
        tuple(event.name for event in is_open),
        tuple(event.name for event in mended),
        tuple(match for event in mended for match in _forfeited(kept, event, before)),
    )


def rename_team(kept: store.Store, before: str, name: str) -> None:
    """Gives a team another name in all events; one that could not take part for its name alone is admitted."""
    kept.teams.rename(before, name, teams.NAME_FAULTS)


def event_named(kept: store.Store, name: str) -> schema.Event:
    """The event of this name; raises UserError with the names that there are."""
    event = kept.events.named(name)
    if event is None:
        raise UserError(
            f"{kept.path} has no such event as {name!r}; its events are "
            f"{', '.join(event.name for event in kept.events.all()) or 'none'}"
        )
    return event


def check_not_former(kept: store.Store, name: str) -> None:
    """Raises UserError, with the name of today, for a name that a team had before it was renamed."""
    if now := kept.teams.former_names().get(name):
        raise UserError(f"the team {name!r} is called {now!r} now; give that name")


def _check_changed(before: str, name: str) -> None:
    if before == name:
        raise UserError(f"--to={name!r} is its name already; give another one")


def _suggested(name: str, known: list[str]) -> str:
    """Names that may have been meant, else those that there are."""
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.7)
    if close:
        return f"did you mean {' or '.join(map(repr, close))}?"
    return f"its teams are {', '.join(known) or 'none yet'}"


def _is_mended(kept: store.Store, event: schema.Event, name: str) -> bool:
    """Whether a team cannot take part in an event only because of its name."""
    listed = {one: fault["code"] for one, _, fault in event.options.get("teams", ()) if fault}
    admitted = {team.name: team.fault.code for team in kept.teams.of_event(event.id) if team.fault}
    return {**listed, **admitted}.get(name) in teams.NAME_FAULTS


def _forfeited(kept: store.Store, event: schema.Event, name: str) -> list[int]:
    """Matches of an event that a team has forfeited, and that are not annulled."""
    ids = {team.id for team in kept.teams.of_event(event.id) if team.name == name}
    forfeits = kept.matches.forfeits()
    return [match.id for match in kept.matches.of_event(event.id) if ids & set(forfeits.get(match.id, ()))]
