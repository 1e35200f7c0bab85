"""An arena that a test fills moment by moment, and the show of it."""

import os

import arena_data
import described
import numpy as np
import pytest

from gan.arena import database, store
from gan.contest import rules
from gan.screen import show
from gan.screen.pacing import ShowSettings

PACE = ShowSettings(pace=6)
FACE = np.zeros(4, np.uint8)


class Clock:
    """Stands in for the time of the store."""

    def __init__(self, now=100.0):
        self.now = now

    def time(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(database, "time", clock)
    return clock


@pytest.fixture
def arena(tmp_path, clock):
    with store.Store(str(tmp_path / "arena")) as arena:
        yield arena


class DescribedShow(show.Show):
    """A Show whose answers are as the API's description says."""

    def state(self, now):
        state = super().state(now)
        described.check("State", state)
        return state

    def match(self, id_, now):
        match = super().match(id_, now)
        if match:
            described.check("WholeMatch", match)
        return match


def watch(arena, settings=PACE):
    """A Show of what another process would read."""
    return DescribedShow(store.Store(os.path.dirname(arena.path), read_only=True), settings)


def begin(arena, mode="tournament", count=4, options=None, name=None):
    """An event with teams called "team 1" and so on; a tournament is drawn."""
    event = arena.events.begin(name or mode, mode, 1, 4, options or {"secret": 1})
    teams = arena_data.put_teams(arena, event.id, [(f"team {n}", "p", "00", n, None) for n in range(1, count + 1)])
    if mode == "tournament":
        arena.teams.set_seeding(event.id, {team.id: number for number, team in enumerate(teams, 1)})
    return event, teams


def half_round(arena, match, number, points, at, clock, **changes):
    """Adds a half round of two faces, played at a time."""
    clock.now = at
    sides = (match.home, match.away)
    given = dict(
        generator=sides[number % 2],
        discriminator=sides[1 - number % 2],
        seed=1,
        images=np.zeros((2, 4), np.uint8),
        truth=[1, 0],
        probabilities=[0.75, 0.25],
        points=points,
        generator_seconds=0.5,
        discriminator_seconds=0.25,
        generator_fault=None,
        discriminator_fault=None,
        rule=rules.GUESSED,
    )
    return arena_data.put_half_round(arena, match.id, number, **{**given, **changes})


def failed(fault):
    """What of a half round is different if the generator fails."""
    return dict(images=None, truth=None, probabilities=None, generator_fault=fault, rule=rules.GENERATOR_FAILED)


def finish(arena, match, winner, points, at, clock, rule=rules.BY_POINTS, **more):
    """Finishes a match at a time."""
    clock.now = at
    return arena_data.finish(arena, match.id, winner, rule, points, **more)


def live(showing, now):
    """(view, match, half round, points of the match)."""
    state = showing.state(now)
    stage = state["stage"]
    match = state.get("matches", {}).get(str(stage.get("match")))
    return stage["view"], stage.get("match"), stage.get("half_round"), match and match["points"]
