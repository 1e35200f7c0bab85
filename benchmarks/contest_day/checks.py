"""Whether the day was as it should be: each check gives lines for the table."""

import contextlib
import html
import os
import re
import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import hostile
import numpy as np

from contest_day import evidence, hand_ins
from contest_day.day import Day
from contest_day.evidence import Contest
from contest_day.plan import Plan, Team
from gan.arena import events, ratings, store
from gan.contest import faults

_RESTART_SECONDS = 45.0  # from a kill to the moment when the process waits again, on a machine that is very busy
_CLOSING_SECONDS = 5.0  # from the last result delivered to the moment when the process waits again
_BEFORE_A_BATTLE = 2.0  # seconds: what was uploaded so long before an event began was there when it looked
_GROWTH, _MORE = 1.1, 8 * 2**20  # of memory from the first to the last battle of one process: factor, and bytes
_RESULT = re.compile(r"(\d+) : (\d+)")


class Line(NamedTuple):
    """A line of the table."""

    planned: str
    happened: str
    is_good: bool


class Results(NamedTuple):
    """All that lies in the teams' buckets: bucket -> name below results/ -> content."""

    buckets: dict[str, dict[str, bytes]]


def mock_events(found: Contest) -> list[Any]:
    """The mock battles in their order: battle N is the N-th."""
    return [event for event in found.events.values() if event["mode"] == "mock"]


def battles_held(day: Day, found: Contest, first: float, wanted: int) -> Iterable[Line]:
    """Every moment of the timetable had one battle, unless one was at play or the process was down."""
    held = mock_events(found)
    names = {event["name"] for event in held}
    open_ = [event for event in held if event["finished"] is None]
    busy = [(event["begun"], _delivered(found, event) + _CLOSING_SECONDS) for event in held]
    busy += [(kill.at, kill.at + _RESTART_SECONDS) for kill in day.kills]
    moments = [first + number * day.period for number in range(int((held[-1]["begun"] - first) / day.period) + 1)]
    begun = [event["begun"] for event in held]
    empty = [moment for moment in moments if not any(moment - 1 <= at < moment + day.period for at in begun)]
    missed = [moment for moment in empty if not any(start <= moment <= end for start, end in busy)]
    happened = f"{len(held)} held, {len(names)} names, {len(open_)} open; {len(empty)} moments passed meanwhile"
    happened += f", {len(missed)} for no reason" if missed else ""
    good = len(held) == len(names) == wanted and not open_ and not missed
    yield Line(f"{wanted} mock battles, each once", happened, good)
    once = {(row["event"], row["round"], row["position"]) for row in found.matches.values()}
    done = [row for row in found.matches.values() if row["status"] == "done"]
    twice = len(found.half_rounds) - len({(half.match, half.number) for half in found.half_rounds})
    happened = (
        f"{len(done)} of {len(found.matches)} done, {len(found.matches) - len(once)} twice; {twice} half rounds twice"
    )
    yield Line("every match to its end, once", happened, len(done) == len(found.matches) == len(once) and not twice)


def _delivered(found: Contest, event: Any) -> float:
    """When the last result of an event was delivered."""
    told = [entry["at"] for entry in found.log if entry["event"] == event["id"] and entry["kind"] == "published"]
    return max([event["finished"] or event["begun"], *told])


def teams_took_part(day: Day, found: Contest) -> Iterable[Line]:
    """A line for each team: in which battles it played, was absent or could not take part."""
    for team in day.plan.teams:
        wrong, told = [], []
        for battle, event in enumerate(mock_events(found), 1):
            state, reason = _state(found, event, team)
            told.append((battle, f"{state} ({reason})" if reason else state))
            if not any(_is_as_planned(state, reason, kind) for kind in _kinds(day, team, battle, event["begun"])):
                wrong.append(f"wrong in battle {battle}: {state} {reason}")
        story = ", ".join(f"{kind} before battle {at}" for at, kind in sorted(team.hand_ins.items()))
        yield Line(f"{team.name}: {story}", "; ".join([*_in_ranges(told), *wrong]), not wrong)


def _state(found: Contest, event: Any, team: Team) -> tuple[str, str]:
    """(what a team did in an event, why it could not take part)."""
    row = next((row for row in found.teams.values() if (row["event"], row["name"]) == (event["id"], team.name)), None)
    if row is None:
        return "absent", ""
    own = [one for one in found.matches.values() if row["id"] in (one["home"], one["away"])]
    if row["fault"] is not None:
        reason = faults.sentence(faults.decoded(row["fault"]))
        return ("out" if not own else "out, yet in a match"), reason
    return (f"plays step {row['step']}" if own else "admitted, without a match"), ""


def _kinds(day: Day, team: Team, battle: int, begun: float) -> set[str]:
    """What a team's bucket may have held when a battle looked at it."""
    kinds = {team.kind_at(battle)}
    changed = [change for change in day.changes if change.team == team and change.battle == battle]
    if battle > 1 and changed and changed[0].done > begun - _BEFORE_A_BATTLE:
        kinds.add(team.kind_at(battle - 1))
    return kinds


def _is_as_planned(state: str, reason: str, kind: str) -> bool:
    if kind in hostile.SNAPSHOTS:
        return state == "out" and re.search(hostile.SNAPSHOTS[kind][1], reason) is not None
    if kind in hand_ins.PLAYING:
        return state == f"plays step {2 if kind == hand_ins.BETTER else 1}"
    return state == "absent"


def _in_ranges(told: list[tuple[int, str]]) -> list[str]:
    """ "1-3 absent", "4-12 plays": what was the same in several battles, once."""
    ranges: list[list[Any]] = []
    for battle, what in told:
        if ranges and ranges[-1][2] == what:
            ranges[-1][1] = battle
        else:
            ranges.append([battle, battle, what])
    return [f"{first}-{last} {what}" if first < last else f"{first} {what}" for first, last, what in ranges]


def replaced(day: Day, found: Contest) -> Iterable[Line]:
    """What was replaced while it was read played as one of the whole snapshots."""
    for team in day.plan.teams:
        if team.is_replaced:
            used = {row["snapshot"] for row in found.teams.values() if row["name"] == team.name and row["snapshot"]}
            whole = [_files(os.path.join(day.arena_dir, "snapshots", digest)) in day.variants(team) for digest in used]
            happened = f"replaced {day.replaced} times; {len(used)} snapshots played, {sum(whole)} of them whole"
            yield Line(f"{team.name}: replaced while it is read", happened, day.replaced > 0 and all(whole))


def _files(folder: str) -> dict[str, bytes]:
    found = {}
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        with contextlib.suppress(IsADirectoryError), open(os.path.join(folder, name), "rb") as file:
            found[name] = file.read()
    return found


def scores(found: Contest, results: Results) -> Iterable[Line]:
    """Points, winners and ratings, computed again from what is stored and from what teams were given."""
    wrong = [half for half in found.half_rounds if half.points != _points(half)]
    yield Line("points follow from guesses", f"{len(found.half_rounds)} half rounds, {len(wrong)} differ", not wrong)
    played = [row for row in found.matches.values() if row["away"] is not None]
    odd = [row["id"] for row in played if not _is_right(found, row)]
    yield Line("winners follow from points", f"{len(played)} matches, differ: {odd or 'none'}", not odd)
    given = different = 0
    for team in found.teams.values():
        event = found.events[team["event"]]
        bucket = team["path"].removeprefix("gs://").partition("/")[0]
        if event["mode"] != "mock" or bucket not in results.buckets:
            continue
        folder = event["name"].replace(" ", "_").replace(":", "")
        files = {
            name.removeprefix(f"{folder}/"): content
            for name, content in results.buckets[bucket].items()
            if name.startswith(f"{folder}/")
        }
        given += 1
        different += not _agrees(found, team, files)
    yield Line(
        "teams were given the same", f"{given} results of teams, {different} missing or different", not different
    )


def _points(half: evidence.HalfRound) -> int:
    generator_failed, discriminator_failed = half.has_failed
    if discriminator_failed or generator_failed:
        return 0 if discriminator_failed else 30
    return int(((half.probabilities > 0.5) == (half.truth == 1)).sum())


def _is_right(found: Contest, row: Any) -> bool:
    """Whether points and winner of a match are what its half rounds say."""
    sides = row["home"], row["away"]
    points, failed = dict.fromkeys(sides, 0), dict.fromkeys(sides, False)
    own = [half for half in found.half_rounds if half.match == row["id"]]
    for half in own:
        points[half.discriminator] += half.points
        failed[half.generator] |= half.has_failed[0]
        failed[half.discriminator] |= half.has_failed[1]
    able = [side for side in sides if found.teams[side]["fault"] is None]
    if len(able) < 2:
        winners = able or [row["home"], None]  # two teams that cannot play: home wins, or by other rules nobody
        return row["winner"] in winners and not own
    if len(own) != 2 * row["num_rounds"] or (row["home_points"], row["away_points"]) != tuple(map(points.get, sides)):
        return False
    home, away = sides
    if points[home] != points[away]:
        return row["winner"] == max(sides, key=lambda side: points[side])
    if failed[home] != failed[away]:
        return row["winner"] == min(sides, key=lambda side: failed[side])
    took = {home: row["home_seconds"], away: row["away_seconds"]}
    if None in took.values() or took[home] == took[away]:
        return row["winner"] in (home, None)
    return row["winner"] == min(sides, key=lambda side: took[side])


def _agrees(found: Contest, team: Any, files: dict[str, bytes]) -> bool:
    """Whether the results of a team in an event are there and say what the store says."""
    if "index.html" not in files:
        return False
    page = html.unescape(files["index.html"].decode())
    if team["fault"] is not None:
        return faults.sentence(faults.decoded(team["fault"]))[:60] in page
    own = [row for row in found.matches.values() if team["id"] in (row["home"], row["away"])]
    told = [tuple(map(int, pair)) for pair in _RESULT.findall(page)]
    folders = sorted({name.rpartition("/ground_truth.csv")[0] for name in files if name.endswith("ground_truth.csv")})
    halves = [half for row in own for half in found.half_rounds if half.match == row["id"] and not any(half.has_failed)]
    if not all((row["home_points"], row["away_points"]) in told for row in own) or len(folders) != len(halves):
        return False
    in_store = sorted((half.points, [evidence.digest(image) for image in half.images]) for half in halves)
    in_bucket = sorted((evidence.points_in(files, one), evidence.pictures_in(files, one)) for one in folders)
    return in_store == in_bucket


def rated(day: Day, folder: str) -> Iterable[Line]:
    """The ratings are those of all matches rated at once, in their order, whatever was killed meanwhile."""
    columns = "SELECT name, match, mu, sigma FROM rating ORDER BY id"
    kept = [tuple(row) for row in evidence.rows(day.arena_dir, columns)]
    os.makedirs(folder)
    source = os.path.join(day.arena_dir, store.FILE)
    with contextlib.closing(sqlite3.connect(source)) as old:
        with contextlib.closing(sqlite3.connect(os.path.join(folder, store.FILE))) as copy:
            old.backup(copy)
            copy.execute("DELETE FROM rating")
            copy.commit()
    with store.Store(folder) as opened:
        ratings.rate_again(opened, events.RATED)
    again = [tuple(row) for row in evidence.rows(folder, columns)]
    is_equal = [row[:2] for row in kept] == [row[:2] for row in again] and np.allclose(
        [row[2:] for row in kept], [row[2:] for row in again], rtol=0, atol=1e-9
    )
    is_once = len({row[:2] for row in kept}) == len(kept)
    yield Line(
        "ratings follow from matches",
        f"{len(kept)} ratings, {'equal' if is_equal else 'DIFFERENT'}",
        is_equal and is_once,
    )


def memory(day: Day) -> Iterable[Line]:
    """What the process of the mock battles holds between battles does not grow."""
    lives: dict[int, list[Any]] = {}
    for one in day.memory.values():
        lives.setdefault(one.pid, []).append(one)
    longest = max(lives.values(), key=len, default=[])
    if len(longest) < 3:
        yield Line("memory of the process over the day", "it never lived for three battles", False)
        return
    first, *_, last = longest
    happened = f"{first.resident / 2**20:.1f} MiB after battle {first.battle}, {last.resident / 2**20:.1f} MiB after "
    happened += f"{last.battle}; {first.processes} and {last.processes} processes below it"
    good = last.resident <= _GROWTH * first.resident + _MORE and last.processes <= first.processes
    yield Line("memory of the process over the day", happened, good)


class _MatchFacts(NamedTuple):
    """What must be equal of a match."""

    played: tuple  # home, away, status, number of rounds, points
    winner: str | None
    rule: str


def tournament(disturbed: Contest, calm: Contest, plan: Plan) -> Iterable[Line]:
    """The same teams, draws, images, guesses and winners, times aside; planned forfeits with their reasons."""
    one, other = _outcome(disturbed), _outcome(calm)
    keys = sorted(set(one) | set(other), key=str)
    parted = [key for key in keys if _is_timed_otherwise(one.get(key), other.get(key))]
    following = [key for key in keys if parted and _follows(key, one, other)]
    different = [key for key in keys if one.get(key) != other.get(key) and key not in {*parted, *following}]
    happened = f"{len(one)} and {len(other)} facts, {len(different)} differ"
    happened += f" ({different[:3]})" if different else f"; champion {one[('champion',)]}"
    if parted:
        happened += f"; {len(parted)} ties went the other way by time, {len(following)} facts follow from that"
    yield Line("tournament, killed once: equal to an undisturbed one", happened, not different and len(one) > 20)
    event, _ = _of_tournament(disturbed)
    wrong, reasons = [], []
    for team in plan.teams:
        kind = team.kind_at(plan.battles)
        state, reason = _state(disturbed, event, team)
        if kind in hand_ins.PLAYING:
            is_right = state.startswith("plays")
        else:
            wanted = hostile.SNAPSHOTS[kind][1] if kind in hostile.SNAPSHOTS else "no complete snapshot"
            is_right = state.startswith("out") and re.search(wanted, reason) is not None
            reasons.append(f"{team.name}: {reason[:60]}")
        if not is_right:
            wrong.append(f"{team.name}: {state} {reason}")
    yield Line("tournament: who forfeits, and why", "; ".join([*reasons, *wrong]), not wrong)


def _is_timed_otherwise(one: Any, other: Any) -> bool:
    """Whether these are the same match, equal in points, that measured times gave to the one and to the other."""
    if not (isinstance(one, _MatchFacts) and isinstance(other, _MatchFacts)):
        return False
    return one != other and all("time" in row.rule for row in (one, other)) and one.played == other.played


def _follows(key: tuple, one: Mapping[tuple, Any], other: Mapping[tuple, Any]) -> bool:
    """Whether a fact is of the champion, or of a match that other teams play."""
    if key[0] != "match":
        return key == ("champion",)
    return len({found[key[:4]].played[:2] for found in (one, other) if key[:4] in found}) > 1


def _of_tournament(found: Contest) -> tuple[Any, list[Any]]:
    event = next(event for event in found.events.values() if event["mode"] == "tournament")
    return event, [row for row in found.matches.values() if row["event"] == event["id"]]


def _outcome(found: Contest) -> dict[tuple, Any]:
    """Everything about a tournament that must be equal in two of the same seed."""
    event, matches = _of_tournament(found)
    names = {row["id"]: row["name"] for row in found.teams.values()} | {None: None}
    facts: dict[tuple, Any] = {("champion",): names[event["champion"]], ("seed",): event["seed"]}
    for row in found.teams.values():
        if row["event"] == event["id"]:
            code = evidence.fault_code(row["fault"])
            facts["team", row["name"]] = row["seeding"], row["snapshot"], row["step"], code
    for row in matches:
        place = "match", row["round"], row["position"], row["attempt"]
        facts[place] = _MatchFacts(
            played=(
                *(names[row[name]] for name in ("home", "away")),
                *(row[name] for name in ("status", "num_rounds", "home_points", "away_points")),
            ),
            winner=names[row["winner"]],
            rule=str(row["rule"]),
        )
        for half in found.half_rounds:
            if half.match == row["id"]:
                arrays = [None if a is None else a.tobytes() for a in (half.truth, half.probabilities, half.images)]
                facts[(*place, half.number)] = half.seed, half.points, half.has_failed, arrays
    return facts
