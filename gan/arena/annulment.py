"""Annuls matches, and what follows from them. No TensorFlow."""

from gan.arena import notes
from gan.arena.schema import ANNULLED, Match
from gan.arena.store import Store
from gan.console.errors import Fault, StateError
from gan.contest import faults


def why_not(kept: Store, match: int, admit_again: bool = True) -> str | None:
    """Why a match cannot be annulled, as a sentence with the way out; None if it can.

    Args:
        kept: the arena's store.
        match: its id.
        admit_again: whether a match that both teams forfeited may be annulled, for the sake of opening their snapshots
            again.
    """
    row = kept.matches.find(match)
    if row is None:
        return (
            f"there is no match {match} in {kept.path}; the terminal, the screen and its list of matches have numbers"
        )
    if row.status == ANNULLED:
        because = f": {faults.sentence(row.reason)}" if row.reason else ""
        return f"match {match} is annulled already{because}"
    if row.away is None:
        return (
            f"match {match} is a bye: {kept.teams.get(row.home).name} went on without a match, and nobody played; "
            "name a match that was played"
        )
    return _nobody_would_play(kept, row, admit_again)


def _nobody_would_play(kept: Store, row: Match, admit_again: bool) -> str | None:
    """Why a match that both teams forfeited cannot be annulled; None for other matches."""
    forfeits = kept.matches.forfeits().get(row.id, {})
    if row.home == row.away or not {row.home, row.away} <= set(forfeits):
        return None
    listed = [kept.teams.get(team) for team in forfeits]
    told = "; ".join(f"{team.name}: {faults.sentence(forfeits[team.id])}" for team in listed)
    nobody = f"nobody played match {row.id}, which both teams forfeited ({told})"
    if all(_is_disqualified(team.fault) for team in listed):
        return f"{nobody}, and nobody would play it again; reinstate one of them first"
    if not admit_again:
        return f"{nobody}; if one of them may take part by now, give --admit_again, which opens their snapshots again"
    return None


def _is_disqualified(fault: Fault | None) -> bool:
    return fault is not None and fault.code == notes.DISQUALIFIED


def annul(kept: Store, match: int, reason: str) -> list[int]:
    """Annuls a match, and the later ones of a tournament that its winner, or the winner of such a match, played in.

    Their event is open again, without a champion. A team of this match that could not take part, and was not
    disqualified, is admitted again, from the path that it has by then. Ratings are forgotten from the first of these
    matches on, those of later matches too; ratings.rate_again makes them again. The log notes it. All this is one
    transaction.

    Args:
        kept: the arena's store, open for writing.
        match: its id.
        reason: why.

    Returns:
        The ids of the matches annulled.

    Raises:
        StateError: it is annulled already, nobody would play it again, or there is no such match.
    """
    with kept.writing():
        if problem := why_not(kept, match):
            raise StateError(problem)
        first = kept.matches.get(match)
        chain = kept.matches.fed_by(first)
        ids = [row.id for row in chain]
        for id_ in ids:
            before = notes.note("annulled_with", match=match, reason=reason)
            kept.matches.set_annulled(id_, notes.note("annulled", reason=reason) if id_ == match else before)
        kept.ratings.forget_from(ids)
        kept.events.reopen(first.event)
        for team in {first.home, first.away}:
            if team is not None:
                kept.teams.admit_again(team)
    return ids
