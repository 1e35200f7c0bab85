"""HTML pages about an event: each team's own results, and the organiser's page of what only organisers are told.

No TensorFlow.
"""

import itertools
import os
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from gan.arena import findings, known_images, result_texts, schema, words
from gan.arena.findings import Probed
from gan.arena.schema import Event, Match, StoredHalfRound, Suspect, Team
from gan.arena.store import Store
from gan.console.errors import Fault
from gan.contest import faults, half_round, rules
from gan.contest.half_round import GENERATED, REAL, JudgedImages
from gan.contest.languages import ENGLISH
from gan.contest.rules import HalfRoundScore
from gan.contest.timing import Measured
from gan.measure.estimates import Estimate
from gan.report import page
from gan.report.page import Cell, Column, Figure, Row, Table
from gan.storage import files

PAGE = "index.html"
SUSPECTS = "suspects"  # folder of arena_dir with a page for each event of which only the organiser is told something

_TEMPLATES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "templates")
_MOST_SHOWN = 60  # of a team's suspects


class HalfRoundShown(NamedTuple):
    """A half round on a team's page."""

    title: str
    failures: list[str]
    note: str = ""
    overview: str = ""  # path of the picture; empty if nothing was judged


class MatchShown(NamedTuple):
    """A match on a team's page."""

    title: str
    is_over: bool = False
    outcome: str = ""
    forfeits: Sequence[str] = ()  # who forfeited it, and why
    half_rounds: Sequence[HalfRoundShown] = ()


class Suspected(NamedTuple):
    """A team's images that look copied."""

    name: str
    num_images: int
    faces: list[Figure]  # the nearest ones


class TeamResults(NamedTuple):
    """What a team's page tells of an event."""

    event: Event
    team: Team
    matches: Sequence[Match]  # of the team
    names: Mapping[int, str]  # of all teams, by id
    remarks: Sequence[str] = ()  # what the team should know about its snapshot
    forfeits: Mapping[int, Mapping[int, Fault]] = {}  # match -> team -> why it forfeited the match
    record: str = ""  # how its networks did over all matches, as recognition.sentence has it
    timings: Mapping[int, Measured] = types.MappingProxyType({})  # what was measured to break ties, by match
    language: str = ENGLISH  # of the page

    def text(self, key: str, /, **values: Any) -> str:
        """One of result_texts in the language of the page."""
        return result_texts.text(key, self.language, **values)

    def sentence(self, fault: Fault | None) -> str:
        """What went wrong, for a team; empty for None."""
        return faults.sentence(fault, self.language)


class HalfRoundFiles:
    """Half rounds for the pages of both teams of a match. Their pictures are drawn once, and copied for the other team.

    Args:
        of_match: function from a match's id to its half rounds.
    """

    def __init__(self, of_match: Callable[[int], Iterable[StoredHalfRound]]) -> None:
        self.of_match = of_match
        self._drawn: dict[int, str] = {}  # half round -> folder with its files, which stays until all pages are written

    def write(self, folder: str, stored: StoredHalfRound, seen: JudgedImages) -> None:
        """Writes the pictures and CSV files of a half round to a folder that does not exist yet."""
        if stored.id in self._drawn:
            files.copy_folder(self._drawn[stored.id], folder)
        else:
            half_round.write(folder, seen)
            self._drawn[stored.id] = folder


def write(folder: str, results: TeamResults, half_rounds: HalfRoundFiles) -> None:
    """Writes a team's results of an event: a page, and for each half round its pictures and CSV files.

    Half rounds are numbered through all matches of the team: those of its second match are in half_round_2 and 3.

    Args:
        folder: on disk.
        results: of the team.
        half_rounds: of the arena; the same value for all teams.
    """
    event, team = results.event, results.team
    numbers = itertools.accumulate((2 * match.num_rounds for match in results.matches), initial=0)
    shown = [_match(folder, match, first, half_rounds, results) for match, first in zip(results.matches, numbers)]
    # What a match was forfeited for stands there: the team's fault may be of later, and then says nothing about it.
    fault = "" if any(match.is_over for match in shown) else results.sentence(team.fault)
    values: dict[str, Any] = {"team": team.name, "event": event.name, "fault": fault, "remarks": results.remarks}
    values |= {"record": results.record, "matches": shown, "language": results.language, "text": result_texts.text}
    files.write_whole(os.path.join(folder, PAGE), page.render("results.html.j2", _TEMPLATES, **values).encode())


def write_suspects(folder: str, kept: Store, event: Event) -> str | None:
    """Writes the organiser's page of an event: who knows test images, who handed in the same, images that look copied.

    Args:
        folder: arena_dir.
        kept: the arena's store.
        event: the event.

    Returns:
        The page's path; None if there is nothing to show, and nothing is written.
    """
    suspects, probed = kept.suspects.of_event(event.id), findings.probed(kept, event)
    alike = findings.alike_lines(kept, event)
    if not (suspects or probed or alike):
        return None
    shown = [_suspected(team, suspects) for team in kept.teams.of_event(event.id)]
    values: dict[str, Any] = {"event": event.name, "teams": [team for team in shown if team.num_images], "alike": alike}
    values["probed"] = _table_of(probed) if probed else None
    path = os.path.join(folder, SUSPECTS, f"event_{event.id}.html")
    files.write_whole(path, page.render("suspects.html.j2", _TEMPLATES, **values).encode())
    return path


def _table_of(probed: Sequence[Probed]) -> Table:
    """What discriminators made of the test images, one row for each."""
    columns = [
        Column("team"),
        Column("verdict"),
        Column("test images"),
        Column("public images"),
        Column("lead", "95% interval"),
    ]
    columns += [Column(change, "fall") for change in known_images.CHANGES]
    return Table(columns, [_row_of(one) for one in probed])


def _row_of(probed: Probed) -> Row:
    found = probed.found
    test, public, lead = found.test, found.public, found.lead
    cells = [
        Cell("suspected" if found.is_suspected else "not suspected", is_strong=found.is_suspected),
        Cell(f"{test.accepted} of {test.images}"),
        Cell(f"{public.accepted} of {public.images}" if public else ""),
        _cell_of(lead) if lead else Cell(""),
    ]
    return Row(probed.team.name, cells + [_cell_of(found.fall(change)) for change in known_images.CHANGES])


def _cell_of(estimate: Estimate) -> Cell:
    interval = f"{findings.signed(estimate.low)} to {findings.signed(estimate.high)}"
    return Cell(findings.signed(estimate.value), small=[interval])


def _suspected(team: Team, suspects: Iterable[Suspect]) -> Suspected:
    found = sorted((one for one in suspects if one.team == team.id), key=lambda one: one.copy.distance)
    return Suspected(team.name, len(found), [_suspect(one) for one in found[:_MOST_SHOWN]])


def _suspect(suspect: Suspect) -> Figure:
    copy = suspect.copy
    share = copy.distance / (2 * copy.limit)  # the limit is half the usual distance
    return page.face(
        np.stack([copy.generated, copy.original]),
        "a generated image, and below it the training image that it looks copied from",
        f"{share:.0%}",
        f"half round {suspect.half_round}",
    )


def _match(
    folder: str,
    match: Match,
    first: int,
    half_rounds: HalfRoundFiles,
    results: TeamResults,
) -> MatchShown:
    """A match on a team's page; the folders of its half rounds are numbered from `first` on."""
    names, text = results.names, results.text
    forfeits = results.forfeits.get(match.id, {})
    home = names[match.home]
    if match.away is None:
        return MatchShown(text("no_opponent", home=home))
    away = names[match.away]
    if match.status == schema.HELD:
        return MatchShown(text("held", home=home, away=away, why=results.sentence(match.reason)))
    if match.status == schema.PLAYING:
        return MatchShown(text("not_over", home=home, away=away))
    played = list(half_rounds.of_match(match.id))
    return MatchShown(
        title=f"{home} {match.home_points} : {match.away_points} {away}",
        is_over=True,
        outcome=_outcome(match, (home, away), played, results),
        forfeits=[text("forfeits", team=names[team], why=results.sentence(fault)) for team, fault in forfeits.items()],
        half_rounds=[
            _half_round(os.path.join(folder, f"half_round_{first + one.number}"), one, half_rounds, results)
            for one in played
        ],
    )


def _outcome(match: Match, sides: tuple[str, str], played: Sequence[StoredHalfRound], results: TeamResults) -> str:
    """Who won, by which rule, and what that is worth."""
    language, rule = results.language, match.rule or ""
    name = rules.name(rule, language)
    won = results.text("wins", team=results.names[match.winner], rule=name) if match.winner else ""
    said = [won or results.text("nobody_wins", rule=name), rules.explanation(rule, language)]
    if measured := results.timings.get(match.id):
        said.append(words.time_sentence(sides, measured, language))
    said.append(words.sureness(match, sides, [one.played.score for one in played], language) or "")
    return " ".join(filter(None, said))


def _half_round(
    folder: str, stored: StoredHalfRound, half_rounds: HalfRoundFiles, results: TeamResults
) -> HalfRoundShown:
    names, text = results.names, results.text
    discriminator, generator = names[stored.discriminator], names[stored.generator]
    score, seen = stored.played.score, stored.played.shown
    failed = ((generator, score.generator_fault), (discriminator, score.discriminator_fault))
    sides = {"discriminator": discriminator, "generator": generator}
    shown = HalfRoundShown(
        title=text("half_round", **sides, points=score.points, all=rules.HALF_ROUND_POINTS),
        failures=[text("failed", team=who, why=results.sentence(fault)) for who, fault in failed if fault],
    )
    if seen is None or seen.probabilities is None:
        return shown
    half_rounds.write(folder, stored, seen)
    return shown._replace(note=_judged(score, seen, text), overview=f"{os.path.basename(folder)}/overview.png")


def _judged(score: HalfRoundScore, seen: JudgedImages, text: Callable[..., str]) -> str:
    """How many images were told right, and how long that took."""
    (right, count), (real, all_real), (generated, all_generated) = seen.right(), seen.right(REAL), seen.right(GENERATED)
    counts = {"right": right, "all": count, "real": real, "all_real": all_real}
    counts |= {"generated": generated, "all_generated": all_generated}
    took = {"generator_time": score.generator_seconds, "discriminator_time": score.discriminator_seconds}
    times = {name: text("not_timed") if each is None else f"{1000 * each:.1f} ms" for name, each in took.items()}
    return text("judged", **counts, **times)
