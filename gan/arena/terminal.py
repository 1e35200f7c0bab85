"""What an arena prints on the terminal: matches, tables, outcomes, and previews of what an organiser would change."""

import datetime
import json
from collections.abc import Mapping
from typing import Any

from gan.arena import bracket, events, findings, notes, organiser, recognition, renaming, schema, snapshot_copies, store
from gan.arena.backup import Backup
from gan.console.errors import Fault
from gan.contest import faults, rules, timing
from gan.contest.faults import sentence

_Forfeits = Mapping[int, Mapping[int, Fault]]  # match -> team -> why, as store.matches.forfeits() returns them


def line(match: schema.Match, home: schema.Team, away: schema.Team | None, forfeits: _Forfeits | None = None) -> str:
    """A match in one line: "Blue Foxes 31 : 27 Team Mira, Blue Foxes wins: more points".

    Args:
        match: the match.
        home: its first team.
        away: its second team; None for a bye.
        forfeits: why matches were forfeited; None if the match has just been played, so that the teams' faults say it.
    """
    if away is None:
        return f"{home.name} goes on without a match"
    if match.status == schema.HELD:
        return f"{home.name} - {away.name} is held{_because_of(match.reason)}"
    if match.status == schema.PLAYING:
        return f"{home.name} - {away.name} is not over yet"
    text = f"{home.name} {match.home_points} : {match.away_points} {away.name}"
    if home.id == away.id:
        return text
    outcome = "nobody wins" if match.winner is None else f"{(home if match.winner == home.id else away).name} wins"
    times = ""
    if match.home_seconds is not None and match.away_seconds is not None:
        times = " ({} against {})".format(*timing.shown(match.home_seconds, match.away_seconds))
    if forfeits is None:
        is_forfeited = match.rule in (rules.FORFEIT, rules.BOTH_FAILED)
        told = {team.id: team.fault for team in (home, away) if team.fault and is_forfeited}
    else:
        told = dict(forfeits.get(match.id, {}))
    why = "".join(f"; {team.name}: {sentence(told[team.id])}" for team in (home, away) if team.id in told)
    return f"{text}, {outcome}: {match.rule}{times}{why}"


def bracket_text(teams: list[schema.Team], matches: list[schema.Match], forfeits: _Forfeits) -> str:
    """The bracket of a tournament as lines, a block for each round; `forfeits` as in `line`."""
    by_id, rounds = {team.id: team for team in teams}, bracket.num_rounds(len(teams))
    lines = []
    for round in range(rounds):
        lines += ["", bracket.round_name(round, rounds).capitalize()]
        for match in matches:
            if match.round == round:
                lines.append("  " + line(match, by_id[match.home], _away(match, by_id), forfeits))
    return "\n".join(lines[1:])


def table_text(standings: list[tuple[schema.Team, bracket.Standing]]) -> str:
    """The table of a league as lines; see events.standings."""
    width = max(len(team.name) for team, _ in standings)
    lines = [f"{'':>3} {'':{width}}  won  drawn  lost  points"]
    for place, (team, row) in enumerate(standings, 1):
        lost = row.played - row.won - row.drawn
        results = f"{row.won:>4} {row.drawn:>6} {lost:>5} {row.points:>5}:{row.against}"
        lines.append(f"{place:>2}. {team.name:{width}} {results}")
    return "\n".join(lines)


def leaderboard_text(latest: dict[str, schema.Rating], found: dict[str, recognition.Recognition]) -> str:
    """All rated teams as lines, best first: rating, and what was recognised over all matches.

    Args:
        latest: rating of each team, by name.
        found: what was recognised, by name.
    """
    if not latest:
        return "nobody has been rated so far"
    width = max(map(len, latest))
    lines = [f"{'':>4} {'':{width}}       rating   real  generated  fooled"]
    ranked = sorted(latest.values(), key=lambda row: -row.strength.ordinal)
    for place, (name, (mu, _), (_, high)) in enumerate(
        ((row.name, row.strength, row.strength.interval) for row in ranked), 1
    ):
        shares = [recognition.percent(count) for count in found.get(name, recognition.Recognition())]
        lines.append(
            f"{place:>3}. {name:{width}} {mu:>5.1f} ± {high - mu:>4.1f} {shares[0]:>6} {shares[1]:>10} {shares[2]:>7}"
        )
    lines.append("real, generated: share of such images that the team's discriminator recognised, over all matches")
    lines.append(
        "fooled: how often an image of its generator was taken for real; rating: more is stronger, with 95% interval"
    )
    return "\n".join(lines)


def outcome_text(kept: store.Store, outcome: events.Outcome, folder: str, suspects_page: str | None) -> str:
    """How an event ended, or how far it went; not for a check.

    Args:
        kept: the arena's store.
        outcome: from events.play.
        folder: arena_dir.
        suspects_page: path of the page of what only the organiser is told; None if there is none.
    """
    event = outcome.event
    teams, lines = kept.teams.of_event(event.id), []
    if event.mode == events.TOURNAMENT:
        lines += ["", bracket_text(teams, kept.matches.of_event(event.id), kept.matches.forfeits())]
    if event.mode == events.LEAGUE:
        lines += ["", table_text(events.standings(kept, event))]
    suspects = [suspect.team for suspect in kept.suspects.of_event(event.id)]
    for team in teams:
        if count := suspects.count(team.id):
            lines.append(f"{count} images of {team.name} look copied from the training images, see {suspects_page}")
    lines += findings.alike_lines(kept, event)
    lines += probe_lines(findings.probed(kept, event), suspects_page)
    lines += _remarks(kept, event, teams)
    if outcome.champion:
        lines += ["", f"{outcome.champion.name} wins {event.name}"]
    for match in outcome.held:
        lines.append(f"match {match.id} is held{_because_of(match.reason)}; the same command tries it again")
    if outcome.is_frozen:
        thaw = f"python -m gan.organise thaw --arena_dir={folder}"
        lines.append(f"the arena is frozen; after `{thaw}` the same command goes on")
    return "\n".join([*lines, f"to look at it: python -m gan.scoreboard --arena_dir={folder}"])


def probe_lines(probed: list[findings.Probed], suspects_page: str | None) -> list[str]:
    """A line for each team whose discriminator seems to know test images, and one that says how many were probed."""
    if not probed:
        return []
    suspected = [one for one in probed if one.found.is_suspected]
    lines = [f"{one.team.name} seems to know the test images: it {findings.described(one.found)}" for one in suspected]
    found = "none seems" if not suspected else f"{len(suspected)} seem{'s' * (len(suspected) == 1)}"
    return [*lines, f"of {len(probed)} discriminators, {found} to know the test images, see {suspects_page}"]


def check_text(kept: store.Store, event: schema.Event) -> tuple[str, bool]:
    """(a line for each team that was checked, whether all of them can take part)."""
    matches, lines, is_good = {match.home: match for match in kept.matches.of_event(event.id)}, [], True
    teams = kept.teams.of_event(event.id)
    for team in teams:
        problem = _problem(kept, team, matches.get(team.id))
        is_good = is_good and problem is None
        lines.append(f"{team.name}: {problem or f'{_snapshot(kept, team)}, can take part'} ({team.path})")
    return "\n".join([*lines, *_remarks(kept, event, teams)]), is_good


def annulment_text(preview: organiser.Annulment) -> str:
    """What annulling a match would change."""
    teams, (first, *later) = preview.teams, preview.matches
    told = [line(row, teams[row.home], _away(row, teams), preview.forfeits) for row in preview.matches]
    lines = [f"match {first.id} of {preview.event.name} is annulled: {told[0]}"]
    lines += [
        f"match {row.id} falls with it, since its winner played there: {text}" for row, text in zip(later, told[1:])
    ]
    lines.append(f"the command that played {preview.event.name} plays {'them' if later else 'it'} again")
    if preview.event.finished is not None:
        winner = f"won by {teams[preview.event.champion].name}" if preview.event.champion else "over"
        lines.append(f"{preview.event.name}, {winner}, is open again")
    lines += [
        f"{name} could not take part; it is admitted again, from the path that it has by then"
        for name in preview.admitted_again
    ]
    if preview.forgotten:
        lines.append(f"forgotten: the ratings that followed from match {_numbers(preview.forgotten)}")
    if preview.rated_again:
        lines.append(f"rated again, with the result that they have: match {_numbers(preview.rated_again)}")
    return "\n".join(lines)


def disqualification_text(preview: organiser.Disqualification) -> str:
    """What disqualifying a team would change."""
    event, name = preview.event, preview.team.name
    lines = [f"{name} is disqualified from {event.name}; results so far stay"]
    if preview.forfeits is None:
        lines.append(f"nothing is drawn yet: {name} forfeits whatever it will have to play")
    elif not preview.forfeits:
        lines.append(f"{name} has nothing left to play")
    for forfeit in preview.forfeits or ():
        number = "" if forfeit.match is None else f" (match {forfeit.match})"
        where = ""
        if event.mode == events.TOURNAMENT:
            where = f", {bracket.round_name(forfeit.round, bracket.num_rounds(preview.num_teams))}"
        lines.append(f"forfeited: {name} - {forfeit.opponent or 'a team that is not known yet'}{where}{number}")
    return "\n".join(lines)


def freeze_text(preview: organiser.Freeze, folder: str) -> str:
    """What freezing an arena would change."""
    lines = []
    if preview.is_frozen:
        lines.append(f"{folder} is frozen already{_because(preview.reason)}; the reason is replaced")
    going = ", ".join(preview.events)
    lines.append(f"{folder} is frozen: a match that is being played ends, and no other begins")
    return "\n".join([*lines, f"not over yet: {going}" if going else "all events are over"])


def thaw_text(preview: organiser.Freeze, folder: str) -> str:
    """What thawing an arena would change."""
    if not preview.is_frozen:
        return f"{folder} is not frozen"
    going = ", ".join(preview.events)
    lines = [f"{folder} is frozen{_because(preview.reason)}; matches may begin again"]
    return "\n".join([*lines, f"not over yet: {going}" if going else "all events are over"])


def reinstatement_text(preview: organiser.Reinstatement) -> str:
    """What ending a disqualification would change."""
    event, name = preview.event, preview.team.name
    lines = [f"{name} takes part in {event.name} again, in what is played from now on"]
    if preview.forfeited:
        lines.append(f"these matches stay forfeited, unless they are annulled: match {_numbers(preview.forfeited)}")
    return "\n".join(lines)


def team_renaming_text(preview: renaming.TeamRenaming) -> str:
    """What renaming a team would change."""
    before, name = preview.before, preview.name
    lines = [
        f"the team {before} is called {name} from now on, in {', '.join(preview.events)}, in ratings and on the page"
    ]
    lines.append("what was delivered or exported before keeps the old name")
    for event in preview.mended:
        lines.append(f"{event}: it could not take part only because of its name, and may now")
    if preview.forfeited:
        numbers = _numbers(preview.forfeited)
        lines.append(f"it has forfeited because of its name, and stays so unless annulled: match {numbers}")
    lines.append(f"write {name} in teams.csv, too, before battle is started again: it is known by that name only")
    return "\n".join(lines)


def recovery_text(folder: str, events_: list[schema.Event], num_done: int, latest: float | None) -> str:
    """What going on with a store that lacks its newest part would mean.

    Args:
        folder: arena_dir.
        events_: that it knows of.
        num_done: matches that are over in it.
        latest: unix seconds of the newest thing in it; None if there is nothing.
    """
    names = ", ".join(event.name for event in events_) or "none"
    newest = f"the newest thing that it knows is of {_when(latest)}" if latest else "it holds nothing"
    return "\n".join(
        [
            f"{folder} was copied while it was in use, without arena.sqlite3-wal; {newest}",
            f"it has these events: {names}; matches that are over: {num_done}",
            "what was played after that is lost in this copy, and may be played again with other outcomes",
        ]
    )


def renaming_text(preview: renaming.Renaming) -> str:
    """What renaming an event would change."""
    text = f"{preview.event.name} is called {preview.name} from now on"
    if preview.event.finished is None and preview.event.mode != events.MOCK:
        text += f"\nit is not over: the command that plays it needs --event={preview.name!r}"
    return text


def secret_text(preview: organiser.NewSecret) -> str:
    """What telling an arena of secret images would change."""
    number, new, shown = preview
    lines = [f"{number} images are secret, {new} of them new to this arena: only a tournament shows them"]
    if shown:
        lines.append(f"warning: {shown} of them were shown before, so teams may know them; take others if you can")
    return "\n".join(lines)


def forgetting_text(preview: organiser.ForgottenSecret) -> str:
    """What telling an arena that images are not secret would change."""
    number, known, left = preview
    lines = [f"{known} of these {number} images are no longer secret: every kind of play may show them, to everybody"]
    lines.append(f"{left} others stay secret" if left else "warning: then this arena knows of no secret images")
    return "\n".join(lines)


def replay_text(number: int, result: organiser.ReplayResult) -> str:
    """How a half round that was played again compares."""
    told = "images, order and probabilities are the same" if result.is_same else "the half round is not the same"
    return f"half round {number}: {result.points} points then, {result.points_now} now; {told}"


def backup_text(made: Backup, with_snapshots: bool) -> str:
    """What a backup holds."""
    if not with_snapshots:
        lines = [f"copied to {made.path}, without snapshots: results can be looked at, but no match played"]
    else:
        lines = [f"copied to {made.path}, with the snapshots that may still be needed: {made.snapshots}"]
    lines.append("the copy was tested; it is one whole file, without a -wal or -shm beside it")
    if made.missing:
        lines.append(f"the arena itself has no copy of so many that may be needed: {made.missing}")
    return "\n".join(lines)


def log_text(entry: organiser.LogLine) -> str:
    """An entry of the log in one line, by the local clock, with its distance to UTC."""
    about = ", ".join(filter(None, [entry.event, f"match {entry.match}" if entry.match else None]))
    by = f"by {entry.by}" if entry.by else None
    return "  ".join(filter(None, [_when(entry.at), about, entry.kind, sentence(entry.note), by]))


def log_json(entry: organiser.LogLine) -> str:
    """An entry of the log as one line of JSON, its time in UTC."""
    when = datetime.datetime.fromtimestamp(entry.at, datetime.timezone.utc)
    values: dict[str, Any] = {"at": when.isoformat(timespec="milliseconds"), "event": entry.event, "match": entry.match}
    values |= {"kind": entry.kind, "by": entry.by, "text": sentence(entry.note), "note": faults.plain(entry.note)}
    return json.dumps(values, ensure_ascii=False)


def _when(at: float) -> str:
    """Unix seconds as the local clock shows them: 2026-11-23 12:00:00+09:00."""
    return datetime.datetime.fromtimestamp(at).astimezone().isoformat(sep=" ", timespec="seconds")


def _snapshot(kept: store.Store, team: schema.Team) -> str:
    """What a team handed in: the step, or the name of a snapshot without one."""
    if team.step is not None:
        return f"step {team.step}"
    return snapshot_copies.name_of(kept, team.snapshot or "") or "its snapshot"


def _remarks(kept: store.Store, event: schema.Event, teams: list[schema.Team]) -> list[str]:
    """Lines of what teams should know about their snapshots; none for most."""
    entries = kept.log.entries(event.id)
    return [f"{team.name}: {remark}" for team in teams for remark in notes.remarks_of(team, entries)]


def _problem(kept: store.Store, team: schema.Team, match: schema.Match | None) -> str | None:
    """What is wrong with a team that was checked in a match with itself; None if nothing is."""
    if team.fault:
        return f"would forfeit every match: {sentence(team.fault)}"
    if match is None:
        return "could not be checked: the arena is frozen"
    if match.status == schema.HELD:
        return f"could not be checked{_because_of(match.reason)}"
    scores = [one.played.score for one in kept.half_rounds.of_match(match.id)]
    found = [fault for one in scores for fault in (one.generator_fault, one.discriminator_fault) if fault]
    return f"would fail in battle: {sentence(found[0])}" if found else None


def _because_of(fault: Fault | None) -> str:
    return f": {sentence(fault)}" if fault else ""


def _away(match: schema.Match, teams: dict[int, schema.Team]) -> schema.Team | None:
    return None if match.away is None else teams[match.away]


def _numbers(ids: tuple[int, ...]) -> str:
    return ", ".join(map(str, ids))


def _because(reason: str) -> str:
    return f" ({reason})" if reason else ""
