"""Writes a comparison as one HTML page for people who have not seen one before. No TensorFlow.

The page's text is in templates/comparison.html.j2; here is what its numbers are.
"""

from typing import NamedTuple

from gan.measure import comparison, cross_play, estimates, metric_registry
from gan.measure.comparison import Comparison, RoundRobin
from gan.measure.estimates import Estimate, Number, percent, percent_interval
from gan.measure.metric_registry import FRECHET, METRICS, Measured, Metric, Quantity
from gan.report import contestant_section, page
from gan.report.page import Cell, Column, Row, Table, Term
from gan.storage import files

_TEMPLATE = "comparison.html.j2"


class Best(NamedTuple):
    """The contestant whose images are nearest to real ones."""

    name: str
    metric: str
    value: str
    floor: str | None  # of other real faces; None without training images


class Strongest(NamedTuple):
    """The contestant that wins most."""

    name: str
    value: str  # share of rounds


class Winners(NamedTuple):
    """Values of winners.html.j2."""

    ranking: Table
    pairs: Table
    matches: Table
    pairs_at_acceptance: Table


class Judgements(NamedTuple):
    """How often discriminators are right."""

    in_battle: Table
    at_acceptance: Table


class Quality(NamedTuple):
    """How good the images are."""

    tables: dict[str, Table]  # by title
    meanings: list[Term]
    has_floor: bool


class Report(NamedTuple):
    """Values of comparison.html.j2."""

    title: str
    acceptance: str  # share of real faces that all accept when they are made comparable
    strongest: Strongest | None  # None if there are no two discriminators
    nearest_to_real: Best
    left_out: dict[str, str]  # name -> reason
    copiers: dict[str, str]  # name -> share of copies
    weaknesses: list[str]  # sentences, each with a name
    winners: Winners | None
    judgements: Judgements | None  # None if there is no discriminator
    quality: Quality
    contestants: list[contestant_section.Section]
    record: list[Term]


def write(path: str, found: Comparison) -> None:
    """Writes a comparison as an HTML file, whole or not at all."""
    files.write_whole(path, html(found).encode())


def html(found: Comparison) -> str:
    """A comparison as the text of an HTML page."""
    return page.render(_TEMPLATE, report=_report(found))


def _report(found: Comparison) -> Report:
    return Report(
        title="How good is this GAN?" if len(found.contestants) == 1 else "Which GAN is the best?",
        acceptance=percent(cross_play.ACCEPTANCE),
        strongest=_strongest(found),
        nearest_to_real=_nearest_to_real(found),
        left_out=found.left_out,
        copiers={name: percent(share) for name, share in comparison.copiers(found).items()},
        weaknesses=[f"{name}: {each}" for name, weak in found.weaknesses.items() for each in weak],
        winners=_winners(found) if found.battle.ranking else None,
        judgements=_judgements(found) if found.verdicts.real else None,
        quality=_quality(found),
        contestants=[contestant_section.section(found, contestant) for contestant in found.contestants],
        record=[Term(name, str(value)) for name, value in found.about.items() if value is not None],
    )


def _strongest(found: Comparison) -> Strongest | None:
    return next((Strongest(name, percent(chance.value)) for name, chance in found.battle.ranking.items()), None)


def _nearest_to_real(found: Comparison) -> Best:
    quantity = next(quantity for quantity in found.contestants[0].measured if quantity.metric is FRECHET)
    copiers = comparison.copiers(found)
    honest = [one for one in found.contestants if one.name not in copiers] or found.contestants
    best = min(honest, key=lambda one: estimates.value_of(one.measured[quantity]))
    floor = FRECHET.readable(found.floor[quantity])[0] if quantity in found.floor else None
    return Best(best.name, FRECHET.title, FRECHET.readable(best.measured[quantity])[0], floor)


def _winners(found: Comparison) -> Winners:
    return Winners(_ranking(found), _pairs(found.battle), _matches(found), _pairs(found.equal_acceptance))


def _ranking(found: Comparison) -> Table:
    fools, recognises = comparison.strengths(found.battle)
    rows = []
    for place, (name, chance) in enumerate(found.battle.ranking.items(), 1):
        at_acceptance = found.equal_acceptance.ranking[name]
        cells = [
            _share(chance)._replace(is_strong=True, bar=chance.value),
            _share(at_acceptance),
            Cell(percent(fools[name])),
            Cell(percent(recognises[name])),
        ]
        rows.append(Row(f"{place}. {name}", cells))
    return Table(_columns("", "wins", "wins, level", "fools", "recognises"), rows)


def _pairs(played: RoundRobin) -> Table:
    def chance(first: str, second: str) -> Cell:
        if first == second:
            return Cell("–")
        estimate = played.pairings[first, second].chance
        return _share(estimate)._replace(is_strong=True, share=estimate.value)

    names = list(played.ranking)
    rows = [Row(first, [chance(first, second) for second in names]) for first in names]
    return Table(_columns("row beats column", *names), rows)


def _matches(found: Comparison) -> Table:
    rows = []
    for first, second in comparison.pairs(found.battle):
        pairing, simulated = found.battle.pairings[first, second], found.simulated.get((first, second))
        cells = [
            Cell(f"{pairing.points:.1f} : {pairing.against:.1f}"),
            *(Cell(percent(share)) for share in (pairing.win, pairing.tie, pairing.loss)),
            Cell(f"{simulated.wins} : {simulated.losses}", [f"{simulated.ties} equal"]) if simulated else Cell("–"),
        ]
        rows.append(Row(f"{first} against {second}", cells))
    head = _columns("", "points expected", "more points", "equal points", "fewer points", "battles played")
    return Table(head, rows)


def _judgements(found: Comparison) -> Judgements:
    return Judgements(_accuracies(found, found.battle), _accuracies(found, found.equal_acceptance))


def _accuracies(found: Comparison, played: RoundRobin) -> Table:
    names = [contestant.name for contestant in found.contestants]
    rows = []
    for discriminator, on_real in played.accuracies.real.items():
        small = [percent_interval(on_real)] if played is found.battle else ["fixed"]
        cells = [Cell(percent(on_real.value), small)]
        for name in names:
            right = played.accuracies.fake[discriminator, name]
            small = [percent_interval(right)] + ["its own"] * (discriminator == name)
            cells.append(Cell(percent(right.value), small, is_strong=True, share=right.value))
        rows.append(Row(discriminator, cells))
    return Table(_columns("discriminator of", "real faces", *names), rows)


def _quality(found: Comparison) -> Quality:
    tables = metric_registry.tables(found.contestants[0].measured)
    shown = {metric for metrics in tables.values() for metric in metrics}
    return Quality(
        tables={
            f"{count} images, compared in: {space.replace('_', ' ')}": _metric_table(found, count, space, metrics)
            for (count, space), metrics in tables.items()
        },
        meanings=[
            Term(metric.title, metric.explanation, f"better: {metric.better}")
            for metric in METRICS.values()
            if metric in shown
        ],
        has_floor=bool(found.floor),
    )


def _metric_table(found: Comparison, count: int, space: str, metrics: list[Metric]) -> Table:
    def cells(measured: Measured) -> list[Cell]:
        numbers = [(metric, measured.get(Quantity(metric, count, space))) for metric in metrics]
        return [Cell("") if number is None else _measured(metric, number) for metric, number in numbers]

    columns = [Column(metric.title, f"better: {metric.better}") for metric in metrics]
    rows = [Row(name, cells(measured)) for name, measured in comparison.measured_rows(found)]
    return Table([Column(""), *columns], rows, apart=len(found.contestants))


def _measured(metric: Metric, number: Number) -> Cell:
    value, interval = metric.readable(number)
    return Cell(value, [interval] if interval else [])


def _share(estimate: Estimate) -> Cell:
    return Cell(percent(estimate.value), [percent_interval(estimate)])


def _columns(*titles: str) -> list[Column]:
    return [Column(title) for title in titles]
