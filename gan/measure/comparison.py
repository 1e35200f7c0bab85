"""What a comparison found, as one value, as text and as JSON. No TensorFlow."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from gan.measure import cross_play, metric_registry, quality, training_record
from gan.measure.cross_play import Pair
from gan.measure.estimates import Estimate, Number, percent, percent_interval
from gan.measure.learning_curves import Curves
from gan.measure.metric_registry import COPIED, Measured, Quantity
from gan.measure.training_record import TrainingRecord

MANY_COPIES = 0.05  # share of copies that calls for a closer look; of held-out faces, fewer than 1% are that near


class MeasuredContestant(NamedTuple):
    """One contestant and what was measured of it."""

    name: str
    path: str  # where it was found
    step: int | None  # at the end of the snapshot's name; None without one, and for images made elsewhere
    images: np.ndarray  # uint8 [N, size], generated
    measured: Measured
    nearest: tuple[np.ndarray, np.ndarray] | None  # as quality.QualityMeter.nearest_training gives it
    curves: Curves  # of its training
    training: TrainingRecord | None  # None if nothing is known of it
    snapshot: str | None = None  # its name; None for images made elsewhere
    note: str | None = None  # why it is not the one that the file `checkpoint` names; None if it is


class RoundRobin(NamedTuple):
    """Everyone against everyone, under one rule for "real"."""

    accuracies: cross_play.Accuracies
    pairings: dict[Pair, cross_play.Pairing]  # (first, second), in both orders
    ranking: dict[str, Estimate]  # mean chance to win, the strongest first


class Comparison(NamedTuple):
    """All that was found."""

    contestants: list[MeasuredContestant]
    left_out: dict[str, str]  # name -> reason
    real: np.ndarray  # uint8 [N, size], shown to the discriminators
    verdicts: cross_play.Verdicts
    battle: RoundRobin  # "real" if p > 0.5, as in a battle
    equal_acceptance: RoundRobin  # every discriminator accepts the same share of real images
    simulated: dict[Pair, cross_play.Simulated]  # each pair once
    floor: Measured  # what other real images get
    held_out_distance: float | None  # as quality.QualityMeter.held_out_distance gives it
    about: dict[str, Any]  # what was compared, how and when, for the record
    weaknesses: dict[str, list[str]]  # name -> sentences of probes.py


def round_robin(guesses: cross_play.Guesses, random: np.random.Generator) -> RoundRobin:
    """Works out everyone against everyone; `random` is for the intervals."""
    pairings = cross_play.play(guesses, random) if guesses.real else {}
    return RoundRobin(cross_play.accuracies(guesses), pairings, cross_play.ranking(pairings))


def strengths(played: RoundRobin) -> tuple[dict[str, float], dict[str, float]]:
    """What a place in the ranking is made of, against the networks of others.

    Returns:
        (generator -> share of its images that others' discriminators took for real, discriminator -> share of others'
        generated images that it recognised); without those that met nobody.
    """
    fooled: dict[str, list[float]] = {}
    recognised: dict[str, list[float]] = {}
    for (discriminator, generator), right in played.accuracies.fake.items():
        if discriminator != generator:
            fooled.setdefault(generator, []).append(1 - right.value)
            recognised.setdefault(discriminator, []).append(right.value)
    return _means(fooled), _means(recognised)


def pairs(played: RoundRobin) -> list[Pair]:
    """Each two teams once, in the order of the ranking."""
    return list(itertools.combinations(played.ranking, 2))


def copiers(found: Comparison) -> dict[str, float]:
    """Those of whose images too many are copies of training images: name -> share of copies."""
    suspects = {}
    for contestant in found.contestants:
        for quantity, number in contestant.measured.items():
            if quantity.metric is COPIED and isinstance(number, Estimate) and number.low > MANY_COPIES:
                suspects[contestant.name] = number.value
    return suspects


def measured_rows(found: Comparison) -> list[tuple[str, Measured]]:
    """The rows of a table of metrics: the contestants, then the floor if there is one."""
    rows = [(contestant.name, contestant.measured) for contestant in found.contestants]
    return [*rows, ("real faces", found.floor)] if found.floor else rows


def records(found: Comparison) -> list[dict[str, Any]]:
    """The comparison as dicts for JSON: one each for a contestant, a judgement of a generator, a match, one left out.

    All begin with what the comparison is about.
    """
    lines = [*_contestant_records(found), *_judgement_records(found), *_match_records(found)]
    lines += [{"kind": "left_out", "name": name, "reason": reason} for name, reason in found.left_out.items()]
    return [{**found.about, **line} for line in lines]


def text(found: Comparison) -> str:
    """The comparison as lines to print."""
    blocks = [_ranking_text(found)] if found.battle.ranking else []
    if found.battle.accuracies.real:
        blocks.append(_accuracy_text(found))
    blocks += _quality_text(found)
    blocks += [f"{name}: {sentence}" for name, weak in found.weaknesses.items() for sentence in weak]
    for name, share in copiers(found).items():
        blocks.append(f"{name}: {percent(share)} of its images are hardly different from training images")
    return "\n\n".join(blocks)


def _means(numbers: Mapping[str, Sequence[float]]) -> dict[str, float]:
    return {name: float(np.mean(of_name)) for name, of_name in numbers.items()}


def _contestant_records(found: Comparison) -> Iterator[dict[str, Any]]:
    for contestant in found.contestants:
        name = contestant.name
        numbers: dict[str, Number] = {}
        if name in found.battle.accuracies.real:
            numbers["accuracy_on_real"] = found.battle.accuracies.real[name]
            numbers["accuracy_on_fake"] = found.battle.accuracies.fake[name, name]
        if name in found.battle.ranking:
            numbers["chance"] = found.battle.ranking[name]
            numbers["chance_at_acceptance"] = found.equal_acceptance.ranking[name]
        about = {"kind": "contestant", "name": name, "path": contestant.path, "step": contestant.step}
        noted: dict[str, Any] = {"note": contestant.note} if contestant.note else {}
        noted |= {"weaknesses": weak} if (weak := found.weaknesses.get(name)) else {}
        measured = quality.record(contestant.measured, found.floor)
        trained = {"training": training_record.as_json(contestant.training)} if contestant.training else {}
        yield {**about, **noted, **quality.with_intervals(numbers), **measured, **trained}


def _judgement_records(found: Comparison) -> Iterator[dict[str, Any]]:
    for pair, right in found.battle.accuracies.fake.items():
        discriminator, generator = pair
        at_acceptance = found.equal_acceptance.accuracies.fake[pair]
        numbers = {"accuracy_on_fake": right, "accuracy_on_fake_at_acceptance": at_acceptance}
        about = {"kind": "judgement", "discriminator": discriminator, "generator": generator}
        yield {**about, **quality.with_intervals(numbers)}


def _match_records(found: Comparison) -> Iterator[dict[str, Any]]:
    for pair in pairs(found.battle):
        first, second = pair
        pairing, simulated = found.battle.pairings[pair], found.simulated.get(pair)
        points = {"points": pairing.points, "against": pairing.against, "win": pairing.win, "tie": pairing.tie}
        chances = {"chance": pairing.chance, "chance_at_acceptance": found.equal_acceptance.pairings[pair].chance}
        played = {f"simulated_{name}": number for name, number in (simulated._asdict() if simulated else {}).items()}
        about = {"kind": "match", "first": first, "second": second}
        yield {**about, **points, **quality.with_intervals(chances), **played}


def _ranking_text(found: Comparison) -> str:
    rows = [["", "wins", f"wins if all accept {percent(cross_play.ACCEPTANCE)} of real"]]
    for place, (name, chance) in enumerate(found.battle.ranking.items(), 1):
        equal = found.equal_acceptance.ranking[name]
        rows.append([f"{place}. {name}", _with_interval(chance), _with_interval(equal)])
    chances = {pair: percent(pairing.chance.value) for pair, pairing in found.battle.pairings.items()}
    blocks = [f"Mean chance to win a round against the others\n{_table(rows)}", _matrix(found, "row wins", chances)]
    if found.simulated:
        wins = {pair: str(played.wins) for pair, played in found.simulated.items()}
        wins |= {(second, first): str(played.losses) for (first, second), played in found.simulated.items()}
        blocks.append(_matrix(found, f"wins of {found.about['battles']} played, ties for neither", wins))
    return "\n\n".join(blocks)


def _with_interval(estimate: Estimate) -> str:
    return f"{percent(estimate.value)} ({percent_interval(estimate)})"


def _matrix(found: Comparison, title: str, cells: Mapping[Pair, str]) -> str:
    names = list(found.battle.ranking)
    return _table([[title, *names], *([first, *(cells.get((first, s), "-") for s in names)] for first in names)])


def _accuracy_text(found: Comparison) -> str:
    names = [contestant.name for contestant in found.contestants]
    rows = [["right on", "real", *names]]
    for discriminator, on_real in found.battle.accuracies.real.items():
        on_fake = (found.battle.accuracies.fake[discriminator, name] for name in names)
        rows.append([f"D of {discriminator}", *(percent(right.value) for right in (on_real, *on_fake))])
    return f"How often each discriminator is right, p > 0.5\n{_table(rows)}"


def _quality_text(found: Comparison) -> list[str]:
    blocks = []
    for (count, space), metrics in metric_registry.tables(found.contestants[0].measured).items():
        rows = [[f"{count} images, {space}", *(metric.title for metric in metrics)]]
        for name, measured in measured_rows(found):
            numbers = ((metric, measured.get(Quantity(metric, count, space))) for metric in metrics)
            rows.append([name, *("" if n is None else metric.readable(n)[0] for metric, n in numbers)])
        blocks.append(_table(rows))
    return blocks


def _table(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for first, *others in rows:
        lines.append("  ".join([first.ljust(widths[0]), *(t.rjust(w) for t, w in zip(others, widths[1:]))]).rstrip())
    return "\n".join(lines)
