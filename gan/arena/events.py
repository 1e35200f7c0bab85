"""Tournaments, leagues, mock battles, single matches, checks: who meets whom, and going on after a kill. No TensorFlow.

An event is known by its name. Beginning one that is there already goes on with it: what was committed is not
played again, and what was held for the organiser is tried anew.
"""

import os
from typing import NamedTuple

from gan.arena import bracket, ratings, store
from gan.console.errors import UserError
from gan.console.progress import Progress
from gan.contest import rules
from gan.random_noise_generator import Use, random_generator

MATCH, TOURNAMENT, MOCK, LEAGUE, CHECK = "match", store.TOURNAMENT, "mock", "league", "check"
RATED = (TOURNAMENT, MOCK, LEAGUE)
BY_DRAW, BY_RATING = "draw", "rating"
FROZEN = "frozen"  # a file in arena_dir, while the organiser wants nothing to be played


class Outcome(NamedTuple):
    """What became of an event."""

    event: store.Event
    champion: store.Team | None  # None where it has none, or is not over
    held: list  # store.Match that wait for the organiser
    is_frozen: bool


def begin(arena, name, mode, entries, seed, options=None):
    """Begins an event, or goes on with the one of this name.

    Args:
        arena: an arena.Arena.
        name: of the event.
        mode: MATCH, TOURNAMENT, MOCK, LEAGUE or CHECK.
        entries: list of teams.Entrant.
        seed: of all that is random in it; one that is there keeps its own.
        options: dict of what else decides how it is played.

    Returns:
        A store.Event.

    Raises:
        UserError: there is an event of this name, and it is another one.
    """
    listed = [[entry.name, entry.path, entry.fault] for entry in entries]
    wanted = {**(options or {}), **arena.settings(), "teams": listed}
    event = arena.store.event(name)
    if event is None:
        event = arena.store.begin_event(name, mode, seed, arena.size, wanted)
        arena.store.log("isolation", arena.isolation.described(), event.id)
    elif (event.mode, event.size, _identity(event.options)) != (mode, arena.size, _identity(wanted)):
        raise UserError(
            f"{arena.store.path} has a {event.mode} named {name!r} already, of other teams, real images or options; "
            "give this one another name with --event, or another --arena_dir"
        )
    elif event.options != wanted:  # a path was mended: it counts where a snapshot is opened from now on
        arena.store.set_options(event.id, wanted, {name: path for name, path, _ in listed})
        event = arena.store.event(name)
    return event


def check_number(mode, num_teams):
    """Raises UserError if an event of this mode cannot have so many teams."""
    if mode == MATCH and num_teams != 2:
        raise UserError(f"a match is for 2 teams, not for {num_teams}")
    if mode in (TOURNAMENT, LEAGUE):
        bracket.num_rounds(num_teams)


def unused_name(kept, mode):
    """The name of an event that is given none: `tournament`, else `match 1` and so on, the first that is not over.

    A check never goes on with another one.
    """
    if mode == TOURNAMENT:
        return mode
    number = 1
    while (found := kept.event(f"{mode} {number}")) and (found.finished is not None or mode == CHECK):
        number += 1
    return f"{mode} {number}"


def _identity(options):
    """What must be the same for an event to go on: all but where the teams' snapshots are."""
    return {**options, "teams": [name for name, _, _ in options["teams"]]}


def play(arena, event, on_match=lambda match, home, away: None):
    """Plays an event to its end, or as far as it goes; matches that were held are tried anew.

    Args:
        arena: an arena.Arena.
        event: a store.Event, begun.
        on_match: called after each match with the store.Match and its two store.Teams; away is None for a bye.

    Returns:
        An Outcome.
    """
    check_playable(arena, event)
    ratings.rate_again(arena.store, RATED)  # where a kill followed an annulment
    _tell_frozen(arena, event, is_frozen(arena.folder))
    if not _admit_all(arena, event):
        return Outcome(arena.store.event(event.name), None, [], True)
    for match in arena.store.matches(event.id):
        if match.status == store.HELD:
            arena.store.release_match(match.id)
    game = _Game(arena, event, on_match)
    players = {TOURNAMENT: _tournament, LEAGUE: _league, MOCK: _mock, MATCH: _match, CHECK: _check}
    if event.finished is None:
        with Progress("playing", _num_matches(event.mode, len(game.teams)), "match") as game.progress:
            champion = players[event.mode](game)
    else:
        champion = _champion(game)
    _tell_frozen(arena, event, game.is_frozen)
    held = [match for match in arena.store.matches(event.id) if match.status == store.HELD]
    if held or game.is_frozen:
        champion = None
    elif event.finished is None:
        arena.store.finish_event(event.id, champion and champion.id)
    return Outcome(arena.store.event(event.name), champion, held, game.is_frozen)


def check_playable(arena, event):
    """Raises UserError where an arena that was opened with other real images cannot play, or replay, an event."""
    if event.size != arena.size:
        raise UserError(
            f"{event.name} is of images of {event.size} pixels, and these of {arena.size}: --use_mnist is for digits"
        )
    if event.options.get("real_images") != arena.settings()["real_images"]:
        raise UserError(f"{event.name} was begun with other real images; name the same --input_data_pattern")


def standings(kept, event):
    """The table of a league as it is in a store.Store: store.Team -> bracket.Standing, best first."""
    teams = {team.id: team for team in kept.teams(event.id)}
    done = [one for one in kept.matches(event.id) if one.status == store.DONE]
    points = [(one.home, one.away, (one.home_points, one.away_points), one.winner) for one in done]
    table = bracket.standings(teams, points)
    return {teams[team]: table[team] for team in bracket.ranked(table)}


def is_frozen(folder):
    """Whether the organiser wants nothing to be played in an arena_dir."""
    return os.path.exists(os.path.join(folder, FROZEN))


def _tell_frozen(arena, event, frozen):
    """Notes for the screen whether the event is frozen, where it is news and the event is not over."""
    if event.finished is None and arena.store.event(event.name).frozen != frozen:
        arena.store.set_frozen(event.id, frozen, why_frozen(arena.folder) if frozen else "")


def why_frozen(folder):
    """What the organiser said when an arena_dir was frozen; empty if nothing, or if it is not frozen."""
    try:
        with open(os.path.join(folder, FROZEN), encoding="utf-8") as file:
            return file.read()
    except OSError:  # thawed meanwhile
        return ""


class _Game:
    """An event being played."""

    def __init__(self, arena, event, on_match):
        self.arena, self.event, self._on_match = arena, event, on_match
        self.teams = arena.store.teams(event.id)
        self.is_frozen = False
        self.progress = None

    def match(self, round, position, home, away, num_rounds=rules.MATCH_ROUNDS):
        """Plays a match; returns the winner, or None where it is held or all is frozen."""
        self.is_frozen = self.is_frozen or is_frozen(self.arena.folder)
        if self.is_frozen:
            return None
        row = self.arena.play(self.event, round, position, home, away, num_rounds, self.event.mode in RATED)
        with self.progress.hidden():
            self._on_match(row, home, away)
        self.progress.update()
        if self.event.mode == TOURNAMENT and away is not None and row.status == store.DONE:
            self.arena.release(away if row.winner == home.id else home)
        return {home.id: home, away and away.id: away}.get(row.winner)


def _num_matches(mode, num_teams):
    """How many matches an event has, byes included; None where it is not known before the draw."""
    if mode == TOURNAMENT:
        return 2 ** bracket.num_rounds(num_teams) - 1
    return {LEAGUE: num_teams * (num_teams - 1) // 2, MATCH: 1, CHECK: num_teams}.get(mode)


def _admit_all(arena, event):
    """Admits the teams that are not admitted yet; False where the arena is frozen meanwhile."""
    listed, done = event.options["teams"], len(arena.store.teams(event.id))
    if done == len(listed):
        return True
    with Progress("opening snapshots", len(listed), "team", done) as progress:
        for name, path, fault in listed[done:]:
            if is_frozen(arena.folder):
                _tell_frozen(arena, event, True)
                return False
            arena.store.add_teams(event.id, [(name, path, *arena.admit(name, path, fault))])
            progress.update(note=name)
    return True


def _tournament(game):
    by_seeding = _seeded(game)
    rounds = bracket.num_rounds(len(by_seeding))
    pairs = bracket.first_round(len(by_seeding))
    for round in range(rounds):
        num_rounds = rules.FINAL_ROUNDS if bracket.is_final(round, rounds) else rules.MATCH_ROUNDS
        winners = []
        for position, pair in enumerate(pairs):
            home, away = (by_seeding.get(seed) for seed in pair or (None, None))
            winner = game.match(round, position, home, away, num_rounds) if home else None
            winners.append(winner and winner.seeding)
        pairs = bracket.pairs_of(winners)
    return by_seeding.get(winners[0])


def _seeded(game):
    """Seeding -> team, drawn where it is not yet."""
    if any(team.seeding is None for team in game.teams):
        random = random_generator(Use.DRAW, game.event.seed)
        teams = {team.name: team for team in game.teams}
        if game.event.options.get("seeding") == BY_RATING:
            known = game.arena.store.ratings()
            strengths = {name: ratings.of(row).ordinal for name, row in known.items()}
            drawn = bracket.by_rating(list(teams), strengths, random)
        else:
            drawn = bracket.by_draw(list(teams), random)
        game.arena.store.set_seeding(game.event.id, {teams[name].id: place for place, name in enumerate(drawn, 1)})
        game.teams = game.arena.store.teams(game.event.id)
    return {team.seeding: team for team in game.teams}


def _league(game):
    for round, pairs in enumerate(bracket.everyone_against_everyone(len(game.teams))):
        for position, (home, away) in enumerate(pairs):
            game.match(round, position, game.teams[home], game.teams[away])
    return next(iter(standings(game.arena.store, game.event)))


def _mock(game):
    """The last team is the house team, who stands in where the others are odd."""
    if all(team.seeding is None for team in game.teams):  # nobody is drawn yet
        *guests, house = game.teams
        able = [team for team in guests if not team.fault]
        pairs, left_over = bracket.random_pairs(able, random_generator(Use.DRAW, game.event.seed))
        drawn = [team for pair in pairs for team in pair] + ([left_over, house] if left_over else [])
        game.arena.store.set_seeding(game.event.id, {team.id: place for place, team in enumerate(drawn, 1)})
        game.teams = game.arena.store.teams(game.event.id)
    drawn = sorted((team for team in game.teams if team.seeding), key=lambda team: team.seeding)
    for position, (home, away) in enumerate(zip(drawn[::2], drawn[1::2])):
        game.match(0, position, home, away)


def _match(game):
    home, away = game.teams
    return game.match(0, 0, home, away, game.event.options["num_rounds"])


def _check(game):
    for position, team in enumerate(game.teams):
        game.match(0, position, team, team)


def _champion(game):
    return next((team for team in game.teams if team.id == game.event.champion), None)
