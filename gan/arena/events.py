"""Tournaments, leagues, mock battles, matches and checks: who meets whom, and going on after a kill. No TensorFlow.

An event is known by its name. To begin one that is there already is to go on with it: what was committed is not
played again, and what was held for the organiser is tried again.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from gan.arena import (
    bracket,
    freezing,
    league_on_workers,
    notes,
    pairing,
    probing,
    ratings,
    schema,
    strength,
    team_names,
)
from gan.arena.arena import Arena, MatchToPlay
from gan.arena.bracket import Standing
from gan.arena.league_on_workers import Workers
from gan.arena.ratings import RATED_AT_END
from gan.arena.schema import Event, Match, Team
from gan.arena.store import Store
from gan.arena.teams import Entrant
from gan.console.errors import StateError, UserError
from gan.console.progress import Progress
from gan.contest import faults, rules
from gan.random_noise_generator import Use, random_generator

MATCH, TOURNAMENT, MOCK, LEAGUE, CHECK = "match", schema.TOURNAMENT, schema.MOCK, "league", "check"
RATED = (TOURNAMENT, MOCK, LEAGUE)
BY_DRAW, BY_RATING = "draw", "rating"
MATCHES_PER_BATTLE, PAIRING = "matches_per_battle", "pairing"  # options of a mock battle
PERIOD_SECONDS = "period_seconds"  # option of a mock battle: from it to the next one
PAIRS = "pairs"  # option of a mock battle, once they are drawn: rounds of pairs of teams

OnMatch = Callable[[Match, Team, Team | None], None]  # called after each match with it and its teams; None for a bye


class Outcome(NamedTuple):
    """What became of an event."""

    event: Event
    champion: Team | None  # None if it has none, or is not over
    held: list[Match]  # matches that wait for the organiser
    is_frozen: bool


def begin(
    arena: Arena,
    name: str,
    mode: str,
    entrants: Sequence[Entrant],
    seed: int,
    options: Mapping[str, Any] | None = None,
) -> Event:
    """Begins an event, or goes on with the one of this name.

    Args:
        arena: plays it.
        name: of the event.
        mode: MATCH, TOURNAMENT, MOCK, LEAGUE or CHECK.
        entrants: who takes part.
        seed: of all that is random in it; an event that is there keeps its own.
        options: what else decides how it is played, as JSON can hold it.

    Raises:
        UserError: there is an event of this name, and it is another one.
    """
    listed = [[entrant.name, entrant.path, faults.plain(entrant.fault)] for entrant in entrants]
    wanted = {**(options or {}), **arena.fixed_options(), "teams": listed}
    event = arena.store.events.named(name)
    if event is not None:  # what was drawn stays
        wanted |= {name: event.options[name] for name in (PAIRS, RATED_AT_END) if name in event.options}
    if event is None:
        event = arena.store.events.begin(name, mode, seed, arena.size, wanted)
        arena.keep_references(event)
        arena.store.log.add("isolation", notes.of_isolation(arena.isolation), event.id)
        for remark in team_names.remarks([entrant.name for entrant in entrants if not entrant.fault]):
            arena.store.log.add("names", remark, event.id)
    elif (event.mode, event.size, _identity(event.options)) != (mode, arena.size, _identity(wanted)):
        raise UserError(
            f"{arena.store.path} has a {event.mode} named {name!r} already, of other teams, real images or options; "
            "give this one another name with --event, or another --arena_dir"
        )
    elif event.options != wanted:  # a path was corrected: it counts if a snapshot is opened from now on
        with arena.store.writing():
            arena.store.events.set_options(event.id, wanted)
            arena.store.teams.set_paths(event.id, {entrant.name: entrant.path for entrant in entrants})
        event = arena.store.events.get(event.id)
    return event


def _identity(options: Mapping[str, Any]) -> dict[str, Any]:
    """What must be the same for an event to go on: all but where the teams' snapshots are."""
    return {**options, "teams": [name for name, _, _ in options["teams"]]}


def check_number(mode: str, num_teams: int) -> None:
    """Raises UserError if an event of this mode cannot have so many teams."""
    if mode == MATCH and num_teams != 2:
        raise UserError(f"a match is for 2 teams, not for {num_teams}")
    if mode in (TOURNAMENT, LEAGUE):
        bracket.num_rounds(num_teams)


def unused_name(kept: Store, mode: str) -> str:
    """The name of an event that is given none: `tournament`, else `match 1` and so on, the first that is not over.

    A check never goes on with another one.
    """
    if mode == TOURNAMENT:
        return mode
    number = 1
    while (found := kept.events.named(f"{mode} {number}")) and (found.finished is not None or mode == CHECK):
        number += 1
    return f"{mode} {number}"


def play(
    arena: Arena,
    event: Event,
    on_match: OnMatch = lambda match, home, away: None,
    workers: Workers | None = None,
) -> Outcome:
    """Plays an event to its end, or as far as it goes; matches that were held are tried again.

    Args:
        arena: plays it.
        event: begun.
        on_match: called after each match.
        workers: who play the matches of a league; None if this process does.

    Raises:
        UserError: the arena was opened with other real images, the event is of newer rules, or the workers are gone.
        HostError: the disk has too little room for the snapshots; the event goes on when it is played again.
    """
    check_playable(arena, event)
    arena.keep_references(event)
    kept = arena.store
    ratings.rate_again(kept, RATED)  # if a kill followed an annulment
    freezing.tell(arena.store, arena.folder, event, freezing.is_frozen(arena.folder))
    if not admit_all(arena, event):
        return Outcome(kept.events.get(event.id), None, [], True)
    for match in held_matches(arena, event):
        kept.matches.release(match.id)
    game = _Game(arena, event, on_match, workers)
    if event.finished is None:
        with Progress("playing", _num_matches(event.mode, len(game.teams)), "match") as game.progress:
            champion = _PLAYERS[event.mode](game)
    else:
        champion = next((team for team in game.teams if team.id == event.champion), None)
    freezing.tell(arena.store, arena.folder, event, game.is_frozen)
    held = held_matches(arena, event)
    if held or game.is_frozen:
        champion = None
    elif event.finished is None:
        with kept.writing():
            if RATED_AT_END in game.event.options:
                ratings.rate_in_order(kept, event)
            kept.events.finish(event.id, champion and champion.id)
    return Outcome(kept.events.get(event.id), champion, held, game.is_frozen)


def check_playable(arena: Arena, event: Event) -> None:
    """Raises UserError if an arena that was opened with other real images, or this program, cannot play an event."""
    check_rules(event)
    if event.size != arena.size:
        raise UserError(
            f"{event.name} is of images of {event.size} pixels, and these have {arena.size}: --use_mnist is for digits"
        )
    if event.options.get("real_images") != arena.fixed_options()["real_images"]:
        raise UserError(f"{event.name} was begun with other real images; name the same --input_data_pattern")


def check_rules(event: Event) -> None:
    """Raises StateError if an event began under rules that this program does not know."""
    if event.rules > rules.VERSION:
        raise StateError(f"{event.name} is played by newer rules (version {event.rules}); use the newer program")


def standings(kept: Store, event: Event) -> list[tuple[Team, Standing]]:
    """The table of a league as it is now, best first."""
    teams = {team.id: team for team in kept.teams.of_event(event.id)}
    done = [one for one in kept.matches.of_event(event.id) if one.status == schema.DONE]
    points = [(one.home, one.away, (one.home_points, one.away_points), one.winner) for one in done]
    table = bracket.standings(teams, points)
    return [(teams[team], table[team]) for team in bracket.ranked(table)]


def held_matches(arena: Arena, event: Event) -> list[Match]:
    """The matches of an event that wait for the organiser."""
    return [match for match in arena.store.matches.of_event(event.id) if match.status == schema.HELD]


class _Game:
    """An event that is being played."""

    def __init__(self, arena: Arena, event: Event, on_match: OnMatch, workers: Workers | None) -> None:
        self.arena, self.event, self._on_match, self.workers = arena, event, on_match, workers
        self.teams = arena.store.teams.of_event(event.id)
        self.is_frozen = False
        self.progress: Progress

    def round(
        self, number: int, pairs: Sequence[tuple[Team, Team | None] | None], num_rounds: int = rules.MATCH_ROUNDS
    ) -> list[Team | None]:
        """Plays the matches of a round.

        Args:
            number: of the round, from 0.
            pairs: who plays, by position; None in place of the away team for a bye, of a pair if it is not known yet.
            num_rounds: rounds of each match.

        Returns:
            The winner of each; None if the match is held, or all is frozen.
        """
        winners = []
        for position, (pair, after) in enumerate(itertools.zip_longest(pairs, pairs[1:])):
            winners.append(self._match(number, position, pair, num_rounds, after or ()) if pair else None)
        return winners

    def _match(
        self,
        round: int,
        position: int,
        pair: tuple[Team, Team | None],
        num_rounds: int,
        after: Sequence[Team | None],
    ) -> Team | None:
        if self.must_stop():
            return None
        home, away = pair
        is_rated = self.event.mode in RATED and RATED_AT_END not in self.event.options
        wanted = MatchToPlay(round, position, home, away, num_rounds, is_rated)
        row = self.arena.play(self.event, wanted, [team for team in after if team])
        self.tell(row, home, away)
        winner = next((team for team in (home, away) if team and team.id == row.winner), None)
        if self.event.mode == TOURNAMENT and winner:
            self.arena.plays_last(winner)
            if away is not None:
                self.arena.release(away if winner is home else home)
        return winner

    def must_stop(self) -> bool:
        """Whether the arena is frozen, or was since this began."""
        self.is_frozen = self.is_frozen or freezing.is_frozen(self.arena.folder)
        return self.is_frozen

    def tell(self, row: Match, home: Team, away: Team | None) -> None:
        """Tells of a match that is over or held."""
        with self.progress.hidden():
            self._on_match(row, home, away)
        self.progress.update()


def _num_matches(mode: str, num_teams: int) -> int | None:
    """How many matches an event has, byes included; None if it is not known before the draw."""
    if mode == TOURNAMENT:
        return int(2 ** bracket.num_rounds(num_teams)) - 1
    return {LEAGUE: num_teams * (num_teams - 1) // 2, MATCH: 1, CHECK: num_teams}.get(mode)


def admit_all(arena: Arena, event: Event) -> bool:
    """Admits the teams that are not admitted yet, as `play` does first; False if the arena is frozen meanwhile.

    The log tells which of them handed in the same.
    """
    listed, done = event.options["teams"], len(arena.store.teams.of_event(event.id))
    if done < len(listed) and not _admit_others(arena, event, listed, done):
        return False
    if event.mode in RATED:
        probing.note_same(arena, event)
    return True


def _admit_others(arena: Arena, event: Event, listed: Sequence[Any], done: int) -> bool:
    """Admits the teams that are listed after those that are done; False if the arena is frozen meanwhile."""
    arena.make_room(len(listed) - done)
    with Progress("opening snapshots", len(listed), "team", done) as progress:
        arena.looks.look_once(path for _, path, fault in listed[done:] if not fault)
        for number, (name, path, fault) in enumerate(listed[done:], done + 1):
            if freezing.is_frozen(arena.folder):
                freezing.tell(arena.store, arena.folder, event, True)
                return False
            arena.admissions.expect(
                [path, *(path for _, path, fault in listed[number:] if not fault)] if not fault else []
            )
            admission = arena.admissions.admit(name, path, fault and faults.of_plain(fault), event.id)
            arena.store.teams.add(event.id, name, path, admission)
            progress.update(note=name)
    arena.looks.forget()
    return True


def _tournament(game: _Game) -> Team | None:
    by_seeding = _seeded(game)
    rounds = bracket.num_rounds(len(by_seeding))
    pairs: Sequence[tuple[int, int | None] | None] = bracket.first_round(len(by_seeding))
    winners: list[int | None] = []
    for round in range(rounds):
        num_rounds = rules.FINAL_ROUNDS[game.event.rules] if bracket.is_final(round, rounds) else rules.MATCH_ROUNDS
        known = [(by_seeding[pair[0]], by_seeding.get(pair[1])) if pair else None for pair in pairs]
        winners = [winner and winner.seeding for winner in game.round(round, known, num_rounds)]
        pairs = bracket.pairs_of(winners)
    return by_seeding.get(winners[0])


def _seeded(game: _Game) -> dict[int | None, Team]:
    """Seeding -> team, drawn if it is not drawn yet."""
    if any(team.seeding is None for team in game.teams):
        random = random_generator(Use.DRAW, game.event.seed)
        names = [team.name for team in game.teams]
        if game.event.options.get("seeding") == BY_RATING:
            strengths = {name: row.strength.ordinal for name, row in game.arena.store.ratings.latest().items()}
            drawn = bracket.by_rating(names, strengths, random)
        else:
            drawn = bracket.by_draw(names, random)
        by_name = {team.name: team for team in game.teams}
        _set_seeding(game, [by_name[name] for name in drawn])
    return {team.seeding: team for team in game.teams}


def _set_seeding(game: _Game, drawn: Sequence[Team]) -> None:
    seeding = {team.id: place for place, team in enumerate(drawn, 1)}
    game.arena.store.teams.set_seeding(game.event.id, seeding)
    game.teams = game.arena.store.teams.of_event(game.event.id)


def _league(game: _Game) -> Team | None:
    rounds = [
        [(game.teams[home], game.teams[away]) for home, away in pairs]
        for pairs in bracket.everyone_against_everyone(len(game.teams))
    ]
    told = _play_on_workers(game, rounds) if game.workers else set()
    for round, pairs in enumerate(rounds):
        game.round(round, [None if (round, position) in told else pair for position, pair in enumerate(pairs)])
    (first, best), (_, next_best), *_ = standings(game.arena.store, game.event)
    return None if bracket.rank(best) == bracket.rank(next_best) else first  # nobody wins if nothing tells them apart


def _play_on_workers(game: _Game, rounds: Sequence[Sequence[tuple[Team, Team]]]) -> set[tuple[int, int]]:
    """Has workers play what they can; returns the places (round, position) of the matches that are over by then."""
    assert game.workers
    kept, event = game.arena.store, game.event
    over = {(row.round, row.position) for row in kept.matches.of_event(event.id) if row.status == schema.DONE}
    able = {team.id for team in game.teams if not team.fault and team.snapshot}
    left = [
        MatchToPlay(round, position, home, away, rules.MATCH_ROUNDS, True)
        for round, pairs in enumerate(rounds)
        for position, (home, away) in enumerate(pairs)
        if (round, position) not in over and {home.id, away.id} <= able
    ]
    told: set[tuple[int, int]] = set()

    def tell(row: Match, home: Team, away: Team) -> None:
        told.add((row.round, row.position))
        game.tell(row, home, away)

    if left:
        kept.events.set_options(event.id, {**event.options, RATED_AT_END: True})
        game.event = kept.events.get(event.id)
        keeping = league_on_workers.Keeping(tell, game.progress.say, game.must_stop)
        league_on_workers.play(game.arena, event, left, game.workers, keeping)
    return told


def mock_rounds(event: Event, teams: Sequence[Team]) -> list[list[tuple[Team, Team]]]:
    """The pairs of a mock battle, round by round; none before they are drawn."""
    if PAIRS not in event.options:  # a battle of an earlier version, in which everybody plays once
        seeded = sorted((team for team in teams if team.seeding), key=lambda team: team.seeding or 0)
        return [list(zip(seeded[::2], seeded[1::2]))]
    by_id = {team.id: team for team in teams}
    return [[(by_id[home], by_id[away]) for home, away in pairs] for pairs in event.options[PAIRS]]


def _mock(game: _Game) -> None:
    if all(team.seeding is None for team in game.teams):  # nobody is drawn yet
        _draw_mock(game)
    for round, pairs in enumerate(mock_rounds(game.event, game.teams)):
        game.round(round, pairs)


def _draw_mock(game: _Game) -> None:
    """Draws the pairs, and keeps them. The last team is the house team, which plays if the others' number is odd."""
    *guests, house = game.teams
    able = [team for team in guests if not team.fault]
    able += [house] if len(able) % 2 and not house.fault else []
    options = game.event.options
    known = [game.arena.store.ratings.latest_of(team.name) for team in able]
    drawn = pairing.rounds(
        options.get(PAIRING, pairing.RANDOM),
        [row.strength if row else strength.new() for row in known],
        options.get(MATCHES_PER_BATTLE, 1),
        random_generator(Use.DRAW, game.event.seed),
    )
    pairs = [[(able[home].id, able[away].id) for home, away in one] for one in drawn]
    with game.arena.store.writing():
        game.arena.store.events.set_options(game.event.id, {**options, PAIRS: pairs})
        _set_seeding(game, [able[index] for pair in drawn[0] for index in pair] if drawn else [])
    game.event = game.arena.store.events.get(game.event.id)


def _match(game: _Game) -> Team | None:
    home, away = game.teams
    return game.round(0, [(home, away)], game.event.options["num_rounds"])[0]


def _check(game: _Game) -> None:
    game.round(0, [(team, team) for team in game.teams])


_PLAYERS: dict[str, Callable[[_Game], Team | None]] = {
    TOURNAMENT: _tournament,
    LEAGUE: _league,
    MOCK: _mock,
    MATCH: _match,
    CHECK: _check,
}
