"""Fills a store as the arena would: made-up events, by the real rules, with images that look like faces."""

import datetime
import functools
import itertools
import pathlib

import numpy as np
from conftest import synthetic_images

from gan.arena import bracket, mock_battles, schema
from gan.arena.event_records import Admission
from gan.arena.match_records import MatchPlace
from gan.arena.strength import Strength
from gan.console.errors import Fault
from gan.contest import rules
from gan.contest.half_round import JudgedImages, PlayedHalfRound
from gan.data import tfrecords

SIZE = 2500
SHARED_FACES = (
    pathlib.Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "faces" / "validation.tfrecords"
)
MARKUP = "<img src=x onerror=document.title='hacked'><b>Bold</b>"
NAMES = [
    "Blue Foxes",
    "Team Mira",
    "서울 그레이디언트",
    "Gradient Descenders",
    MARKUP,
    "فريق الوجوه",
    "Mode Collapse",
    "深層偽造研究会",
    "An exceedingly long name of a team that has sixty characters",
    "W" * 60,
    "Latent Space Cadets",
    "Real, or not?",
    "👻 Ghosts in the Shell 👻",
    'O\'Brien & "Sons"',
    "Nash",
    "Ωmega",
]
FAULT = Fault("collection_missing", {"collection": "p_for_data"})
GENERATOR_FAULT = Fault("not_finite", {"name": "generator"})
CANNOT_PLAY, GENERATOR_FAILS = "Mode Collapse", "Nash"


@functools.cache
def faces():
    """uint8 [N, 2500]: real faces where ../shared is there, else smooth blobs."""
    return tfrecords.read_all([str(SHARED_FACES)], SIZE) if SHARED_FACES.exists() else synthetic_images(100, SIZE)


def generated_faces(count, random):
    """Two faces laid over each other, with some noise: uint8 [count, 2500]."""
    pairs = faces()[random.integers(len(faces()), size=(count, 2))].astype(float).mean(1)
    return np.clip(pairs + random.normal(0, 8, pairs.shape), 0, 255).astype(np.uint8)


def add_half_round(arena, match, number, sides, random, skills):
    """Plays half round `number` of a match between two teams; returns a rules.HalfRoundScore."""
    drawer = rules.generator_side(number)
    generator, discriminator = sides[drawer], sides[1 - drawer]
    images = truth = probabilities = None
    fault = GENERATOR_FAULT if generator.name == GENERATOR_FAILS else None
    if not fault:
        count = rules.IMAGES_OF_EACH
        real = faces()[random.choice(len(faces()), count, replace=False)]
        order = random.permutation(2 * count)
        images = np.concatenate([generated_faces(count, random), real])[order]
        truth = np.repeat([0, 1], count)[order]
        logits = (2 * truth - 1) * skills[discriminator.name] + random.normal(0, 1.5, 2 * count)
        probabilities = 1 / (1 + np.exp(-logits))
    seconds = random.uniform(0.002, 0.02, 2)
    score = rules.half_round(truth, probabilities, *seconds, generator_fault=fault)
    shown = JudgedImages(images, truth, probabilities)
    if fault:
        score, shown = score._replace(discriminator_seconds=None), None
    played = PlayedHalfRound(int(random.integers(2**31)), score, shown)
    arena.half_rounds.add(match.id, number, (generator.id, discriminator.id), played)
    return score


def put_half_round(arena, match, number, generator, discriminator, suspects=(), **fields):
    """Adds a half round, given as the fields of all classes that it is made of."""
    shown = None
    if fields["truth"] is not None:
        shown = JudgedImages(fields["images"], fields["truth"], fields["probabilities"])
    score = rules.HalfRoundScore(**{name: fields[name] for name in rules.HalfRoundScore._fields})
    played = PlayedHalfRound(fields["seed"], score, shown)
    return arena.half_rounds.add(match, number, (generator, discriminator), played, suspects)


def put_teams(arena, event, entries):
    """Adds teams to an event: tuples (name, path, snapshot, step, fault); returns them."""
    return [arena.teams.add(event, name, path, Admission(*handed_in)) for name, path, *handed_in in entries]


def finish(arena, match, winner, rule, points, seconds=None, ratings=()):
    """Finishes a match; ratings are tuples (name, mu, sigma)."""
    side = rules.HOME if winner == arena.matches.get(match).home else rules.AWAY
    skills = {name: Strength(mu, sigma) for name, mu, sigma in ratings}
    return arena.matches.finish(match, rules.Result(points, side, rule), seconds, skills)


def play_match(arena, event, place, home, away, num_rounds, random, skills):
    """Plays or goes on with a match; a generator that yields after each transaction and returns the winner."""
    match = arena.matches.begin(MatchPlace(event.id, *place), home.id, away and away.id, num_rounds)
    yield
    if match.status == schema.DONE:
        return {home.id: home, away and away.id: away}[match.winner]
    if away is None:
        finish(arena, match.id, home.id, rules.BYE, (0, 0))
        yield
        return home
    sides, seconds = (home, away), None
    if home.fault or away.fault:
        result = rules.forfeit_result(home.fault, away.fault, num_rounds)
    else:
        played = []
        for number in range(2 * num_rounds):
            played.append(add_half_round(arena, match, number, sides, random, skills))
            yield
        result = rules.match_result(played)
        if result.winner is None:
            seconds = tuple(random.uniform(0.01, 0.02, 2))
            result = rules.match_result(played, rules.ModelTimes(*seconds))
    winner, loser = sides[result.winner], sides[1 - result.winner]
    before = arena.ratings.latest()
    mu = {team.name: before[team.name].strength.mu if team.name in before else 25.0 for team in sides}
    sigma = {team.name: before[team.name].strength.sigma * 0.93 if team.name in before else 8.0 for team in sides}
    new = [
        (winner.name, mu[winner.name] + 1.5, sigma[winner.name]),
        (loser.name, mu[loser.name] - 1.5, sigma[loser.name]),
    ]
    finish(arena, match.id, winner.id, result.rule, result.points, seconds, ratings=new)
    yield
    return winner


def play_tournament(arena, names, name="Faces Cup 2026", seed=1):
    """Plays a tournament to its champion; a generator that yields after each transaction."""
    random = np.random.default_rng(seed)
    event = arena.events.begin(name, schema.TOURNAMENT, seed, SIZE, {})
    teams = add_teams(arena, event, names)
    drawn = bracket.by_draw(teams, random)
    arena.teams.set_seeding(event.id, {team.id: seeding for seeding, team in enumerate(drawn, 1)})
    seeding = {team.id: seeding for seeding, team in enumerate(drawn, 1)}
    yield
    skills = {team.name: random.uniform(0.3, 1.8) for team in teams}
    pairs = [(drawn[home - 1], away and drawn[away - 1]) for home, away in bracket.first_round(len(teams))]
    num_rounds = bracket.num_rounds(len(teams))
    for round_ in range(num_rounds):
        length = rules.FINAL_ROUNDS[event.rules] if bracket.is_final(round_, num_rounds) else rules.MATCH_ROUNDS
        winners = []
        for position, (home, away) in enumerate(pairs):
            winners.append(
                (yield from play_match(arena, event, (round_, position), home, away, length, random, skills))
            )
        ranked = [sorted(pair, key=lambda team: seeding[team.id]) for pair in zip(winners[::2], winners[1::2])]
        pairs = ranked
    arena.events.finish(event.id, winners[0].id)
    yield


def play_league(arena, names, name="League", mode="league", seed=2):
    """Everyone against everyone, or as a mock battle whoever comes next; a generator like play_tournament."""
    random = np.random.default_rng(seed)
    event = arena.events.begin(name, mode, seed, SIZE, {})
    teams = add_teams(arena, event, names)
    yield
    skills = {team.name: random.uniform(0.3, 1.8) for team in teams}
    all_rounds = bracket.everyone_against_everyone(len(teams)) if mode == "league" else [[(0, 1)]]
    wins = dict.fromkeys((team.id for team in teams), 0)
    for round_, pairs in enumerate(all_rounds):
        for position, (home, away) in enumerate(pairs):
            place = round_, position
            winner = yield from play_match(arena, event, place, teams[home], teams[away], 1, random, skills)
            wins[winner.id] += 1
    arena.events.finish(event.id, max(wins, key=wins.get))
    yield


def add_teams(arena, event, names):
    """Teams with snapshots, but for one that cannot play."""
    return put_teams(
        arena,
        event.id,
        [
            (name, f"teams/{index}", f"{index:064x}", 1000, FAULT if name == CANNOT_PLAY else None)
            for index, name in enumerate(names)
        ],
    )


def run(steps, count=None):
    """Takes so many steps of a generator, or all."""
    for _ in itertools.islice(steps, count):
        pass


def many_names(count):
    """So many different names."""
    return [*NAMES[:count], *(f"Team {number}" for number in range(len(NAMES), count))]


class HurriedClock(mock_battles.Clock):
    """Does not wait: what it waits for is there at once."""

    ahead = datetime.timedelta()

    def now(self):
        return super().now() + self.ahead

    def wait_until(self, moment):
        self.ahead += max(moment - self.now(), datetime.timedelta())
