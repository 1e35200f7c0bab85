"""Mock battles by a timetable: random pairs among the teams that have handed in, results to each team's bucket.

Nobody need be there. A battle that was interrupted is finished first; one whose time has passed meanwhile is not
made up for. What goes wrong with a team, its bucket or the list of teams is told and costs no other team anything.
"""

import datetime
import itertools
import os
import tempfile
import time

from gan.arena import events, result_delivery, result_pages, teams
from gan.console.errors import UserError
from gan.random_noise_generator import Use, random_generator
from gan.snapshots import checkpoint_files

RESULTS, MODEL = "results", "model"  # folders of a team's bucket
_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
HOUSE_TEAM = teams.Entrant("House team", os.path.join(_PACKAGE, "house_team"), 0, None)
_PUBLISHED = "published"  # in the log: a team has its results of an event
_SEED = "seed"  # in the log: of all mock battles
_NAP_SECONDS = 30.0  # the longest sleep: the machine's clock may be set meanwhile


class Clock:
    """The time, and waiting for it. Tests have one of their own."""

    def now(self):
        """Aware datetime."""
        return datetime.datetime.now(datetime.timezone.utc)

    def wait_until(self, moment):
        """Sleeps until an aware datetime."""
        while (left := (moment - self.now()).total_seconds()) > 0:
            time.sleep(min(left, _NAP_SECONDS))


def hold(arena, list_teams, timetable, seed, clock, battles=None, on_match=lambda match, home, away: None, say=print):
    """Holds mock battles.

    Args:
        arena: an arena.Arena.
        list_teams: function that returns the teams.Entrants of now.
        timetable: a timetable.Timetable.
        seed: of all that is random; every battle derives its own.
        clock: a Clock.
        battles: how many to hold; None holds them until interrupted.
        on_match: see events.play.
        say: prints a line.

    Returns:
        The last events.Outcome; None where none was held.
    """
    outcome, moment = _catch_up(arena, on_match, say), clock.now()
    for _ in itertools.count() if battles is None else range(battles):
        moment = timetable.next_after(max(moment, clock.now()))  # whose clock may be put back
        say(f"next: {timetable.name(moment)}")
        clock.wait_until(moment)
        outcome = _catch_up(arena, on_match, say) or outcome
        outcome = _battle(arena, list_teams, timetable, moment, seed, on_match, say) or outcome
    return outcome


def keep_seed(arena, seed):
    """The seed of an arena's mock battles: `seed`, which the log keeps, or the one that it has kept before."""
    for entry in arena.store.log_entries():
        if entry.kind == _SEED:
            return int(entry.text)
    arena.store.log(_SEED, str(seed))
    return seed


def begun(arena):
    """Aware datetime of the first mock battle that was held in an arena; None where there was none."""
    times = [event.begun for event in arena.store.events() if event.mode == events.MOCK]
    return datetime.datetime.fromtimestamp(min(times), datetime.timezone.utc) if times else None


def results_folder(path, event_name):
    """Where a team finds its results: (its folder, folder inside).

    gs://team/model -> (gs://team, results/EVENT); other folders get them inside.
    """
    folder, event = checkpoint_files.folder_of(path).rstrip("/"), event_name.replace(" ", "_").replace(":", "")
    above, _, last = folder.rpartition("/")
    return above if last == MODEL and above else folder, f"{RESULTS}/{event}"


def _battle(arena, list_teams, timetable, moment, seed, on_match, say):
    """One battle; None where there is none."""
    name = timetable.name(moment)
    if events.is_frozen(arena.folder):
        return _skip(arena, name, "the arena is frozen", say)
    try:
        entries = [entry for entry in list_teams() if entry.fault or _has_handed_in(entry, arena, say)]
    except (UserError, OSError) as error:
        return _skip(arena, name, str(error), say)
    if not [entry for entry in entries if not entry.fault]:
        return _skip(arena, name, "no team has a snapshot", say)
    own_seed = int(random_generator(Use.DRAW, seed, int(moment.timestamp())).integers(2**31))
    event = events.begin(arena, name, events.MOCK, [*entries, HOUSE_TEAM], own_seed)
    return _play(arena, event, on_match, say)


def _catch_up(arena, on_match, say):
    """Does what a kill, a freeze or a bucket that did not answer left undone; see `_go_on`."""
    for event in arena.store.events():
        if event.mode == events.MOCK and event.finished is not None:
            _publish(arena, event, say)
    return _go_on(arena, on_match, say)


def _go_on(arena, on_match, say):
    """Plays on what was interrupted, held or frozen; the last events.Outcome, or None."""
    outcome = None
    for event in arena.store.events():
        if event.mode == events.MOCK and event.finished is None and not events.is_frozen(arena.folder):
            say(f"going on with {event.name}")
            try:
                outcome = _play(arena, event, on_match, say)
            except UserError as error:  # of other real images, for example
                say(f"{event.name} is left as it is: {error}")
    return outcome


def _play(arena, event, on_match, say):
    outcome = events.play(arena, event, on_match)
    if not outcome.is_frozen:
        _publish(arena, outcome.event, say)
    arena.rest()
    return outcome


def _skip(arena, name, why, say):
    say(f"{name} is not held: {why}")
    arena.store.log("not held", f"{name}: {why}")


def _has_handed_in(entry, arena, say):
    try:
        if checkpoint_files.snapshot_steps(entry.path):
            return True
        say(f"{entry.name} has handed in nothing")
    except (UserError, OSError) as error:
        say(f"{entry.name}: {error}")
        arena.store.log("host", f"{entry.name}: {error}")
    return False


def _publish(arena, event, say):
    """Writes every team's results to its bucket, once for good when they are final; what cannot be written is told."""
    *guests, house = arena.store.teams(event.id)
    entries = arena.store.log_entries(event.id)
    # What was written before a match was annulled and played again is not final.
    written = {entry.text for entry in entries if entry.kind == _PUBLISHED and entry.at > (event.finished or 0)}
    names = {team.id: team.name for team in [*guests, house]}
    matches = arena.store.matches(event.id)
    for team in guests:
        if not team.path or team.name in written:
            continue
        own = [match for match in matches if team.id in (match.home, match.away)]
        try:
            with tempfile.TemporaryDirectory() as folder:
                result_pages.write(folder, event, team, own, arena.store.half_rounds, names)
                result_delivery.deliver(folder, *results_folder(team.path, event.name))
            if event.finished is not None:
                arena.store.log(_PUBLISHED, team.name, event.id)
        except (UserError, OSError) as error:
            say(f"results of {team.name} could not be written: {error}")
            arena.store.log("host", f"results of {team.name}: {error}", event.id)
