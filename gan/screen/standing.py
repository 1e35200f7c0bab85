"""Where the teams of an event stand: the bracket and the table, from the matches that were told. No TensorFlow."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gan.arena import bracket, schema
from gan.arena.schema import Team
from gan.screen import texts

Json = dict[str, Any]  # what JSON can hold

NO_BRACKET: Json = {"rounds": [], "places": {}}


def bracket_of(teams: Mapping[int, Team], matches: Mapping[str, Json]) -> Json:
    """The rounds, and "round:position" -> who plays there as far as that is known; empty before the draw.

    Args:
        teams: by id.
        matches: as told, by id.
    """
    of_seed: dict[int | None, int] = {team.seeding: team.id for team in teams.values() if team.seeding}
    if not bracket.MIN_TEAMS <= len(of_seed) <= bracket.MAX_TEAMS:
        return NO_BRACKET
    played = {(one["round"], one["position"]): one for one in matches.values() if one["status"] != schema.ANNULLED}
    num_rounds = bracket.num_rounds(len(of_seed))
    places: Json = {}
    pairs: list[Sequence[int | None]] = [*bracket.first_round(len(of_seed))]
    for round_ in range(num_rounds):
        winners = []
        for position, pair in enumerate(pairs):
            match, is_bye = played.get((round_, position)), round_ == 0 and pair[1] is None
            home, away = (match["home"], match.get("away")) if match else (of_seed.get(seed) for seed in pair)
            place = {"home": home, "away": away, "match": match and match["id"], "bye": is_bye or None}
            places[f"{round_}:{position}"] = texts.without_none(place)
            winner = home if is_bye else match and match.get("winner")
            winners.append(teams[winner].seeding if winner else None)
        # One of both may be known already; the better seeded is at home.
        pairs = [sorted(pair, key=lambda seed: seed or len(of_seed) + 1) for pair in zip(winners[::2], winners[1::2])]
    sizes = [bracket.num_matches(round_, num_rounds) for round_ in range(num_rounds)]
    return {"rounds": [{"teams": 2 * matches, "matches": matches} for matches in sizes], "places": places}


def standings_of(teams: Iterable[int], matches: Mapping[str, Json]) -> dict[str, Json]:
    """Team -> its part of the table, from the matches that are done."""
    done = [one for one in matches.values() if one["status"] == schema.DONE and "away" in one]
    table = bracket.standings(teams, [(one["home"], one["away"], one["points"], one.get("winner")) for one in done])
    return {str(team): {**row._asdict(), "lost": row.played - row.won - row.drawn} for team, row in table.items()}
