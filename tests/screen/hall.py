"""An arena played by hand: a store whose clock is set, faces, names in several scripts, any number of right guesses."""

from collections.abc import Callable
from unittest import mock

import arena_data
import numpy as np

from gan.arena import database, schema, store
from gan.arena.match_records import MatchPlace
from gan.arena.strength import Strength
from gan.console.errors import Fault
from gan.contest import rules
from gan.contest.half_round import JudgedImages, PlayedHalfRound
from gan.contest.timing import Measured

NOON = 1795834800.0  # 2026-11-28 12:00 in Seoul
KOREAN, LONG, ARABIC, GHOSTS, WIDE = (arena_data.NAMES[number] for number in (2, 8, 5, 12, 9))
NAMES = [KOREAN, "Blue Foxes", LONG, GHOSTS, ARABIC, WIDE, arena_data.MARKUP, *arena_data.NAMES[6:8]]
NAMES += [name for name in arena_data.NAMES if name not in NAMES]


class Clock:
    """Stands in for the time of the store."""

    def __init__(self, now: float = NOON) -> None:
        self.now = now

    def time(self) -> float:
        """Unix seconds."""
        return self.now


class Hall:
    """An arena that is written to as it would be in a battle, with one event.

    Args:
        folder: arena_dir.
        mode: of the event.
        names: of its teams.
        options: of the event.
    """

    def __init__(self, folder: str, mode: str = schema.TOURNAMENT, names: list[str] = NAMES, **options: object) -> None:
        self.folder, self.clock, self.names, self.mode = folder, Clock(), list(names), mode
        self._options = {"teams": [[name, f"teams/{name}", None] for name in names], **options}
        self._random = np.random.default_rng(7)

    def __enter__(self) -> "Hall":
        self._patched = mock.patch.object(database, "time", self.clock)
        self._patched.start()
        self.store = store.Store(self.folder)
        self.begin("Faces Cup 2026")
        return self

    def __exit__(self, *raised: object) -> None:
        self.store.close()
        self._patched.stop()

    def begin(self, name: str) -> None:
        """Begins an event of that name."""
        self.event = self.store.events.begin(name, self.mode, 1, arena_data.SIZE, self._options)
        self.teams: list[schema.Team] = []

    def admit(self, count: int | None = None, faults: dict[str, Fault] | None = None) -> None:
        """Opens so many snapshots, one a second."""
        given = faults or {}
        for index, name in enumerate(self.names[:count]):
            self.clock.now += 1
            entry = (name, f"teams/{index}", f"{index:064x}", 1000 + index, given.get(name))
            self.teams += arena_data.put_teams(self.store, self.event.id, [entry])

    def draw(self, faults: dict[str, Fault] | None = None) -> None:
        """Opens all snapshots and draws: the first name is seeded first."""
        self.admit(faults=faults)
        seeding = {team.id: number for number, team in enumerate(self.teams, 1)}
        if self.mode == schema.TOURNAMENT:
            self.store.teams.set_seeding(self.event.id, seeding)

    def match(
        self, place: tuple[int, int] = (0, 0), sides: tuple[int, int] = (0, 1), num_rounds: int = 1
    ) -> schema.Match:
        """Begins a match between two teams, by their positions in the list."""
        self.clock.now += 1
        home, away = (self.teams[side].id for side in sides)
        return self.store.matches.begin(MatchPlace(self.event.id, *place), home, away, num_rounds)

    def half_round(self, match: schema.Match, number: int, right: int = 20, **failed: Fault) -> None:
        """Plays a half round with so many right guesses, or one in which a network failed.

        Args:
            match: that is being played.
            number: of the half round, from 0.
            right: guesses.
            **failed: `generator_fault` or `discriminator_fault`.
        """
        self.clock.now += 0.05
        sides = (match.home, match.away)
        drawer = rules.generator_side(number)
        images = truth = probabilities = None
        if not failed:
            images, truth, probabilities = self._judged(right)
        score = rules.half_round(truth, probabilities, 0.0042, 0.0113, **failed)
        shown = None if images is None else JudgedImages(images, truth, probabilities)
        played = PlayedHalfRound(number + 1, score, shown)
        self.store.half_rounds.add(match.id, number, (sides[drawer], sides[1 - drawer]), played)

    def play(self, match: schema.Match, *rights: int) -> None:
        """Plays half rounds with so many right guesses each."""
        for number, right in enumerate(rights):
            self.half_round(match, number, right)

    def finish(
        self, match: schema.Match, times: tuple[float, float] | None = None, noise: float = 1e-5
    ) -> schema.Match:
        """Ends a match by the rules.

        Args:
            match: whose half rounds were played, unless a side cannot take part.
            times: seconds of home's and away's models, if there is a tie.
            noise: seconds by which measured times vary: if much, they do not tell who is faster.
        """
        self.clock.now += 0.5
        ids, may_draw = (match.home, match.away), self.mode != schema.TOURNAMENT
        sides = [self.store.teams.get(side) for side in ids]
        measured = times and self._measured(times, noise)
        if any(side.fault for side in sides):
            result = rules.forfeit_result(sides[0].fault, sides[1].fault, match.num_rounds, may_draw)
        else:
            known = measured and rules.ModelTimes(*measured.seconds, measured.tells)
            result = rules.match_result(self.store.half_rounds.scores_of(match.id), known, may_draw)
        if measured:
            self.store.timings.add(match.id, measured)
        strengths = self._strengths([side.name for side in sides], result.winner)
        return self.store.matches.finish(match.id, result, measured and measured.seconds, strengths)

    def tournament(self, points: Callable[[int, int], tuple[int, int]] = lambda round_, position: (19, 24)) -> None:
        """Plays a tournament among all teams, whose number is a power of 2, to its champion."""
        standing = list(range(len(self.teams)))
        round_ = 0
        while len(standing) > 1:
            pairs = [(standing[number], standing[-1 - number]) for number in range(len(standing) // 2)]
            num_rounds = 3 if len(pairs) == 1 else 1
            standing = []
            for position, pair in enumerate(pairs):
                match = self.match((round_, position), pair, num_rounds)
                self.play(match, *points(round_, position) * num_rounds)
                done = self.finish(match)
                standing.append(pair[0] if done.winner == self.teams[pair[0]].id else pair[1])
            standing.sort()
            round_ += 1
        self.clock.now += 1
        self.store.events.finish(self.event.id, self.teams[standing[0]].id)

    def _measured(self, times: tuple[float, float], noise: float) -> Measured:
        """Fifteen pairs of times, with medians that are nearly the given ones."""
        home, away = (tuple(float(one) for one in self._random.normal(each, noise, 15)) for each in times)
        return Measured(home, away, 1)

    def _strengths(self, names: list[str], winner: int | None) -> dict[str, Strength]:
        """Ratings after a match, roughly as they would be."""
        before = self.store.ratings.latest()
        found = {}
        for side, name in enumerate(names):
            mu, sigma = before[name].strength if name in before else (25.0, 8.0)
            change = 0.0 if winner is None else 1.4 if side == winner else -1.4
            found[name] = Strength(mu + change, 0.93 * sigma)
        return found

    def _judged(self, right: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Faces, half of them generated, and as many right guesses as one likes, more or less certain."""
        random, count = self._random, rules.IMAGES_OF_EACH
        real = arena_data.faces()[random.choice(len(arena_data.faces()), count, replace=False)]
        order = random.permutation(2 * count)
        images = np.concatenate([arena_data.generated_faces(count, random), real])[order]
        truth = np.repeat([0, 1], count)[order]
        certainty = random.uniform(0.02, 0.49, 2 * count)
        says_real = truth == 1
        says_real[random.choice(2 * count, 2 * count - right, replace=False)] ^= True
        return images, truth, np.where(says_real, 0.5 + certainty, 0.5 - certainty)
