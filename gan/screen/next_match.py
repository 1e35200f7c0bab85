"""Which match comes next, as far as that is known. No TensorFlow."""

from collections.abc import Iterator, Mapping
from typing import Any

from gan.arena import bracket, events, schema
from gan.arena.schema import Event
from gan.screen.records import Records

Json = dict[str, Any]

_Pair = tuple[int, int, int, int]  # round, position, home, away


def next_match(records: Records, event: Event, matches: Mapping[str, Json], places: Mapping[str, Json]) -> Json | None:
    """The first match of an event that has not begun to be shown and whose teams are known; None if there is none.

    Args:
        records: of the store.
        event: that has begun.
        matches: as told.
        places: of its bracket, as told.
    """
    begun = {(one["round"], one["position"]) for one in matches.values() if one["status"] != schema.ANNULLED}
    for round_, position, home, away in _pairs(records, event, places):
        if (round_, position) not in begun:
            return {"home": home, "away": away, "round": round_, "position": position}
    return None


def _pairs(records: Records, event: Event, places: Mapping[str, Json]) -> Iterator[_Pair]:
    """The matches of an event in the order in which they are played, without those whose teams are not known."""
    teams = list(records.teams[event.id])
    if event.mode == schema.TOURNAMENT:
        for key, place in places.items():
            if "home" in place and "away" in place:
                where = [int(number) for number in key.split(":")]
                yield where[0], where[1], place["home"], place["away"]
    elif event.mode == schema.MOCK:
        for (round_, position), (home, away) in records.mock_places(event).items():
            yield round_, position, home, away
    elif event.mode == events.LEAGUE and len(teams) >= bracket.MIN_TEAMS and len(teams) == records.listed(event):
        for round_ in range(len(teams) - 1 + len(teams) % 2):
            for position, (one, other) in enumerate(bracket.circle_round(len(teams), round_)):
                yield round_, position, teams[one], teams[other]
