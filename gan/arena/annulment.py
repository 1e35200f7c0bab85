"""Annuls matches, and what follows from them. No TensorFlow."""

from gan.arena import notes
from gan.arena.schema import ANNULLED
from gan.arena.store import Store
from gan.console.errors import StateError


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
        StateError: it is annulled already, or there is no such match.
    """
    with kept.writing():
        first = kept.matches.find(match)
        if first is None or first.status == ANNULLED:
            raise StateError(f"match {match} cannot be annulled: {'it is already' if first else 'there is none'}")
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
