"""How well a team's networks did over all matches: what its discriminator recognised, whom its generator fooled.

No TensorFlow.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from gan.arena import result_texts, schema
from gan.arena.schema import StoredHalfRound
from gan.arena.store import Store
from gan.contest import rules
from gan.contest.half_round import GENERATED, REAL
from gan.contest.languages import ENGLISH
from gan.measure import estimates


class Count(NamedTuple):
    """So many of so many images."""

    times: int = 0
    of: int = 0

    @property
    def share(self) -> float | None:
        """In [0, 1]; None of no images."""
        return self.times / self.of if self.of else None


class Recognition(NamedTuple):
    """A team over all its half rounds in which nothing failed."""

    real: Count = Count()  # real images that its discriminator took for real
    generated: Count = Count()  # generated images of its opponents that its discriminator took for generated
    fooled: Count = Count()  # images of its own generator that the opponents' discriminators took for real


class Judged(NamedTuple):
    """The right guesses of one half round in which nothing failed."""

    generator: int  # team
    discriminator: int  # team
    real: Count
    generated: Count


def of_half_round(half_round: StoredHalfRound) -> Judged | None:
    """What is counted of a half round; None if something failed, or if a team met itself, as in a check."""
    seen, is_guessed = half_round.played.shown, half_round.played.score.rule == rules.GUESSED
    if seen is None or not is_guessed or half_round.generator == half_round.discriminator:
        return None
    real, generated = (Count(*seen.right(category)) for category in (REAL, GENERATED))
    return Judged(half_round.generator, half_round.discriminator, real, generated)


def total(judged: Iterable[Judged], names: Mapping[int, str]) -> dict[str, Recognition]:
    """Every team's Recognition, by name.

    Args:
        judged: of half rounds.
        names: of the teams, by id; the same team has another id in each event.
    """
    sums: dict[str, list[int]] = {}
    for one in judged:
        judge, drawer = (sums.setdefault(names[team], [0] * 6) for team in (one.discriminator, one.generator))
        for place, number in enumerate((*one.real, *one.generated)):
            judge[place] += number
        drawer[4] += one.generated.of - one.generated.times
        drawer[5] += one.generated.of
    return {name: Recognition(Count(*found[:2]), Count(*found[2:4]), Count(*found[4:])) for name, found in sums.items()}


def of_arena(kept: Store) -> dict[str, Recognition]:
    """Every team's Recognition over all matches of an arena that are done, by name."""
    names = {team.id: team.name for event in kept.events.all() for team in kept.teams.of_event(event.id)}
    done = {match.id for match in kept.matches.all() if match.status == schema.DONE}
    half_rounds = (of_half_round(one) for one in kept.half_rounds.after(0) if one.match in done)
    return total(filter(None, half_rounds), names)


def sentence(found: Recognition, language: str = ENGLISH) -> str:
    """In words, such as "over all matches its discriminator recognised 83% of real images (25 of 30) ..."."""
    if not found.real.of and not found.fooled.of:
        return result_texts.text("nothing_judged", language)
    shares = {name: _words(count, language) for name, count in found._asdict().items()}
    return result_texts.text("recognised", language, **shares)


def percent(count: Count) -> str:
    """A share as people read it; a dash of no images."""
    return "–" if count.share is None else estimates.percent(count.share)


def _words(count: Count, language: str) -> str:
    return result_texts.text("share", language, percent=percent(count), times=count.times, of=count.of)
