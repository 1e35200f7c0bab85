"""What a comparison found, as one value, as text and as JSON. No TensorFlow."""

import itertools
import math
from typing import NamedTuple

import numpy as np

from gan.measure import cross_play, quality
from gan.measure.estimates import Estimate

_MOST_DECIMALS = 6


class Entry(NamedTuple):
    """One contestant and what was measured of it."""

    name: str
    path: str  # where it was found
    step: int | None  # of the training; None for images made elsewhere
    images: np.ndarray  # uint8 [N, size], generated
    measures: dict  # as quality.Yardstick.measure gives them
    nearest: tuple | None  # as quality.Yardstick.nearest_training gives it
    curves: dict  # tag -> learning_curves.Curve of the training
    evaluation: dict  # name -> learning_curves.Curve of its evaluations


class Contest(NamedTuple):
    """Everyone against everyone, under one rule for "real"."""

    shares: cross_play.Guesses  # of Estimates: how often each discriminator is right
    matches: dict  # (first, second) -> cross_play.Match
    ranking: dict  # name -> Estimate of the mean chance to win, the strongest first


class Comparison(NamedTuple):
    """All that was found."""

    entries: list  # of Entries
    left_out: dict  # name -> reason
    real: np.ndarray  # uint8 [N, size], shown to the discriminators
    verdicts: cross_play.Verdicts
    battle: Contest  # "real" where p > 0.5, as in a battle
    level: Contest  # every discriminator accepts the same share of real images
    simulated: dict  # (first, second) -> cross_play.Simulated, each pair once
    floor: dict  # as quality.Yardstick.floor
    held_out_distance: float | None  # as quality.Yardstick.held_out_distance gives it
    about: dict  # name -> value: what was compared, how and when, for the record

    def entry(self, name):
        """The entry of that name."""
        return next(entry for entry in self.entries if entry.name == name)


def contest(guesses, random):
    """Works out everyone against everyone: a Contest.

    Args:
        guesses: cross_play.Guesses.
        random: numpy Generator, for the intervals.
    """
    matches = cross_play.play(guesses, random) if guesses.real else {}
    return Contest(cross_play.shares(guesses), matches, cross_play.ranking(matches))


def strengths(contest):
    """What a place in the ranking is made of, against the networks of others.

    Returns:
        (generator -> share of its images that others' discriminators took for real, discriminator -> share of others'
        generated images that it recognised); without those that met nobody.
    """
    fooled, recognised = {}, {}
    for (judge, drawer), right in contest.shares.fake.items():
        if judge != drawer:
            fooled.setdefault(drawer, []).append(1 - right.value)
            recognised.setdefault(judge, []).append(right.value)
    return [{name: float(np.mean(all_)) for name, all_ in part.items()} for part in (fooled, recognised)]


def pairs(contest):
    """Each two teams once, in the order of the ranking."""
    return list(itertools.combinations(contest.ranking, 2))


def spaces(found):
    """(how many images, space) of all measures, in order."""
    return list(dict.fromkeys(quality.parts(name)[1:] for name in found.entries[0].measures))


def kinds(found, count, space):
    """Keys of quality.MEANINGS that were measured there, in order."""
    return [kind for kind in quality.MEANINGS if f"{kind}_{count}_{space}" in found.entries[0].measures]


def copiers(found):
    """Those of whose images too many are copies of training images: name -> share of copies."""
    suspects = {}
    for entry in found.entries:
        for name, number in entry.measures.items():
            if quality.parts(name)[0] == "copied" and number.low > quality.MANY_COPIES:
                suspects[entry.name] = number.value
    return suspects


def records(found):
    """The comparison as dicts for JSON, one of each contestant, judgement of a generator, match, and one left out."""
    lines = [{"kind": "contestant", **_contestant(found, entry)} for entry in found.entries]
    for (judge, drawer), right in found.battle.shares.fake.items():
        numbers = {"accuracy_on_fake": right, "accuracy_on_fake_at_acceptance": found.level.shares.fake[judge, drawer]}
        lines.append({"kind": "judgement", "discriminator": judge, "generator": drawer, **quality.flat(numbers)})
    for first, second in pairs(found.battle):
        match, simulated = found.battle.matches[first, second], found.simulated.get((first, second))
        numbers = {"chance": match.chance, "chance_at_acceptance": found.level.matches[first, second].chance}
        points = {"points": match.points, "against": match.against, "win": match.win, "tie": match.tie}
        played = {f"simulated_{name}": number for name, number in (simulated._asdict() if simulated else {}).items()}
        lines.append({"kind": "match", "first": first, "second": second, **points, **quality.flat(numbers), **played})
    lines += [{"kind": "left_out", "name": name, "reason": reason} for name, reason in found.left_out.items()]
    return [{**found.about, **line} for line in lines]


def text(found):
    """The comparison as lines to print."""
    blocks = [_ranking_text(found)] if found.battle.ranking else []
    if found.battle.shares.real:
        blocks.append(_accuracy_text(found))
    blocks += _quality_text(found)
    for name, share in copiers(found).items():
        blocks.append(f"{name}: {percent(share)} of its images are hardly different from training images")
    return "\n\n".join(blocks)


def percent(share):
    """A share as people read it: 0.123 -> 12%. All and nothing are said of nothing less."""
    rounded = f"{share:.0%}"
    if rounded == "100%" and share < 1:
        return ">99%"
    return "<1%" if rounded == "0%" and share > 0 else rounded


def interval(estimate):
    """An interval of shares as people read it: 10% to 15%, or 10% where both ends read the same."""
    return " to ".join(dict.fromkeys([percent(estimate.low), percent(estimate.high)]))


def readable(kind, number):
    """A measure as people read it, with as many digits as its interval is worth.

    Args:
        kind: key of quality.MEANINGS.
        number: Estimate or float.

    Returns:
        (value, "low to high"), the latter empty where there is no interval.
    """
    value = quality.value_of(number)
    if kind in quality.SHARES:
        return percent(value), interval(number) if isinstance(number, Estimate) else ""
    if not isinstance(number, Estimate):
        return f"{value:.2f}", ""
    width = number.high - number.low
    decimals = min(max(0, 1 - math.floor(math.log10(width))), _MOST_DECIMALS) if width > 0 else 2
    return f"{value:.{decimals}f}", f"{number.low:.{decimals}f} to {number.high:.{decimals}f}"


def _contestant(found, entry):
    numbers = {}
    if entry.name in found.battle.shares.real:
        numbers["accuracy_on_real"] = found.battle.shares.real[entry.name]
        numbers["accuracy_on_fake"] = found.battle.shares.fake[entry.name, entry.name]
    if entry.name in found.battle.ranking:
        numbers["chance"] = found.battle.ranking[entry.name]
        numbers["chance_at_acceptance"] = found.level.ranking[entry.name]
    about = {"name": entry.name, "path": entry.path, "step": entry.step}
    return {**about, **quality.flat(numbers), **quality.flat(entry.measures, found.floor)}


def _ranking_text(found):
    rows = [["", "wins", f"wins where all accept {percent(cross_play.ACCEPTANCE)} of real"]]
    for place, (name, chance) in enumerate(found.battle.ranking.items(), 1):
        rows.append([f"{place}. {name}", _with_interval(chance), _with_interval(found.level.ranking[name])])
    chances = {pair: percent(match.chance.value) for pair, match in found.battle.matches.items()}
    blocks = [f"Mean chance to win a round against the others\n{_table(rows)}", _matrix(found, "row wins", chances)]
    if found.simulated:
        wins = {pair: str(played.wins) for pair, played in found.simulated.items()}
        wins |= {pair[::-1]: str(played.losses) for pair, played in found.simulated.items()}
        blocks.append(_matrix(found, f"of {found.about['battles']} played", wins))
    return "\n\n".join(blocks)


def _with_interval(estimate):
    return f"{percent(estimate.value)} ({interval(estimate)})"


def _matrix(found, title, cells):
    names = list(found.battle.ranking)
    return _table([[title, *names], *([first, *(cells.get((first, s), "-") for s in names)] for first in names)])


def _accuracy_text(found):
    names = [entry.name for entry in found.entries]
    rows = [["right on", "real", *names]]
    for judge, on_real in found.battle.shares.real.items():
        on_fake = (found.battle.shares.fake[judge, name] for name in names)
        rows.append([f"D of {judge}", *(percent(right.value) for right in (on_real, *on_fake))])
    return f"How often each discriminator is right, p > 0.5\n{_table(rows)}"


def _quality_text(found):
    blocks = []
    for count, space in spaces(found):
        measured = kinds(found, count, space)
        rows = [[f"{count} images, {space}", *(quality.MEANINGS[kind].title for kind in measured)]]
        for name, measures in [*((e.name, e.measures) for e in found.entries), ("real faces", found.floor)]:
            numbers = {kind: measures.get(f"{kind}_{count}_{space}") for kind in measured}
            rows.append([name, *("" if n is None else readable(k, n)[0] for k, n in numbers.items())])
        blocks.append(_table(rows if found.floor else rows[:-1]))
    return blocks


def _table(rows):
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for first, *others in rows:
        lines.append("  ".join([first.ljust(widths[0]), *(t.rjust(w) for t, w in zip(others, widths[1:]))]).rstrip())
    return "\n".join(lines)
