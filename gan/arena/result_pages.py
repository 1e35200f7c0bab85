"""What an arena tells: lines for the terminal, a team's own folder of results, the organiser's page of copies.

No TensorFlow.
"""

import os

import numpy as np

from gan.arena import schema
from gan.contest import half_round, rules
from gan.report import markup

PAGE = "index.html"
SUSPECTS = "suspects"  # folder of arena_dir with a page for each event in which copies were suspected

_MOST_SHOWN = 60  # of a team's suspects
_COPIES = (
    "Above, a generated image; below it the training image that it looks copied from, mirrored where that is nearer. "
    "The number is their distance in pixels, at equal brightness and contrast: 100% is what real images that nobody "
    "trained on are from the training image nearest to them, in the middle, and 0% is a copy. Below 50% an image is "
    "suspected, and so is one that is far nearer to one training image than to all others."
)


def write(folder, event, team, matches, half_rounds, names):
    """Writes a team's results of an event: a page, and for each half round its pictures and CSV files.

    Args:
        folder: on disk.
        event: a store.Event.
        team: the store.Team.
        matches: its store.Matches.
        half_rounds: function from a match's id to its store.HalfRounds.
        names: team's id -> name.
    """
    os.makedirs(folder, exist_ok=True)
    parts = [f"<h1>{markup.text(team.name)}: {markup.text(event.name)}</h1>"]
    if team.fault:
        parts.append(markup.paragraph(f"This snapshot cannot take part: {markup.text(team.fault)}", "warning"))
    for match in matches:
        parts += _match(folder, match, half_rounds(match.id), names)
    with open(os.path.join(folder, PAGE), "w", encoding="utf-8") as file:
        file.write(markup.document(f"{team.name}, {event.name}", parts))


def write_suspects(folder, event, teams, suspects):
    """Writes the organiser's page of the images of an event that look copied, beside what they look copied from.

    Args:
        folder: arena_dir.
        event: a store.Event.
        teams: its store.Teams.
        suspects: its store.Suspects.

    Returns:
        The page's path; None where there is nothing to show, and nothing is written.
    """
    if not suspects:
        return None
    parts = [f"<h1>{markup.text(event.name)}: images that look copied</h1>", markup.paragraph(_COPIES, "note")]
    for team in teams:
        found = sorted((one for one in suspects if one.team == team.id), key=lambda one: one.distance)
        if found:
            shown = f", the nearest {_MOST_SHOWN} shown" if len(found) > _MOST_SHOWN else ""
            parts += [f"<h2>{markup.text(team.name)}: {len(found)}{shown}</h2>"]
            parts += [markup.faces([_suspect(one) for one in found[:_MOST_SHOWN]])]
    path = os.path.join(folder, SUSPECTS, f"event_{event.id}.html")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(markup.document(f"{event.name}: images that look copied", parts))
    return path


def _suspect(suspect):
    share = suspect.distance / (2 * suspect.limit_)  # the limit is half of what is usual
    return markup.face(
        np.stack([suspect.generated, suspect.original]),
        f"{share:.0%}<br>half round {suspect.half_round}",
        "a generated image, and below it the training image that it looks copied from",
    )


def _match(folder, match, half_rounds, names):
    home, away = names[match.home], names[match.away]
    if match.status == schema.HELD:
        return [markup.paragraph(markup.text(f"{home} - {away} is held: {match.reason}"), "warning")]
    if match.status == schema.PLAYING:
        return [markup.paragraph(markup.text(f"{home} - {away} is not over yet"), "warning")]
    text = f"{home} {match.home_points} : {match.away_points} {away}"
    parts = [f"<h2>{markup.text(text)}</h2>"]
    decided = f"{names[match.winner]} wins: {match.rule}. {rules.EXPLANATIONS.get(match.rule, '')}"
    parts.append(markup.paragraph(markup.text(decided)))
    for played in half_rounds:
        parts += _half_round(folder, played, names)
    return parts


def _half_round(folder, played, names):
    judge, drawer = names[played.discriminator], names[played.generator]
    name = f"half_round_{played.number}"
    parts = [f"<h3>{markup.text(f'{judge} judges {drawer}: {played.points} of {rules.HALF_ROUND_POINTS}')}</h3>"]
    for who, fault in ((drawer, played.generator_fault), (judge, played.discriminator_fault)):
        if fault:
            parts.append(markup.paragraph(markup.text(f"{who} failed: {fault}"), "warning"))
    if played.images is None or played.probabilities is None:
        return parts
    seen = half_round.HalfRound(played.images, played.truth, played.probabilities)
    half_round.write(os.path.join(folder, name), seen)
    seconds = played.generator_seconds, played.discriminator_seconds
    times = f"generator {1000 * seconds[0]:.1f} ms, discriminator {1000 * seconds[1]:.1f} ms"
    parts.append(markup.paragraph(markup.text(f"{half_round.describe(seen)}; {times}"), "note"))
    parts.append(f'<img class="sheet" alt="all images and guesses" src="{name}/overview.png">')
    return parts
