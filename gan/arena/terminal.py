"""What an arena prints on the terminal."""

from gan.arena import bracket, store


def line(match, home, away):
    """A match in a line: "Blue Foxes 31 : 27 Team Mira, Blue Foxes wins by more points"."""
    if away is None:
        return f"{home.name} goes on without a match"
    if match.status == store.HELD:
        return f"{home.name} - {away.name} is held: {match.reason}"
    if match.status == store.PLAYING:
        return f"{home.name} - {away.name} is not over yet"
    text = f"{home.name} {match.home_points} : {match.away_points} {away.name}"
    if home.id == away.id:
        return text
    winner = home if match.winner == home.id else away
    times = ""
    if match.home_seconds is not None and match.away_seconds is not None:
        times = f" ({1000 * match.home_seconds:.1f} ms against {1000 * match.away_seconds:.1f} ms)"
    faults = "".join(f"; {team.name}: {team.fault}" for team in (home, away) if team.fault)
    return f"{text}, {winner.name} wins: {match.rule}{times}{faults}"


def bracket_text(teams, matches):
    """The bracket of a tournament as lines, a block for each round."""
    by_id, rounds = {team.id: team for team in teams}, bracket.num_rounds(len(teams))
    lines = []
    for round in range(rounds):
        lines += ["", bracket.round_name(round, rounds).capitalize()]
        for match in matches:
            if match.round == round:
                lines.append("  " + line(match, by_id[match.home], by_id.get(match.away)))
    return "\n".join(lines[1:])


def table_text(standings):
    """The table of a league as lines; see events.standings."""
    width = max(len(team.name) for team in standings)
    lines = [f"{'':>3} {'':{width}}  won  lost  points"]
    for place, (team, row) in enumerate(standings.items(), 1):
        lost = row.played - row.won
        lines.append(f"{place:>2}. {team.name:{width}} {row.won:>4} {lost:>5} {row.points:>5}:{row.against}")
    return "\n".join(lines)
