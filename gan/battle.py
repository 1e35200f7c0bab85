"""Plays battles between teams' snapshots: a match, a tournament, a league, mock battles, a check before handing in.

    python -m gan.battle --mode=check --snapshots=run1 --input_data_pattern='data/test.tfrecords'
    python -m gan.battle --mode=match --snapshots=run1,gan/house_team --input_data_pattern='data/test.tfrecords'
    python -m gan.battle --mode=tournament --teams=teams.csv --arena_dir=arena \\
        --input_data_pattern='data/test.tfrecords'
    python -m gan.battle --mode=mock --teams=teams.csv --arena_dir=arena --input_data_pattern='data/test.tfrecords' \\
        --first_battle=12:00 --period_minutes=120 --time_zone=Asia/Seoul

teams.csv has the columns team,path; a path is a folder or a snapshot, on disk or gs://. Each snapshot runs in a
confined process of its own, since it is a program of strangers. What was played is kept in --arena_dir: killed at
any moment, the same command goes on, and ends as it would have. `python -m gan.scoreboard --arena_dir=arena` shows
everything in a browser, live.

For organisers, with --arena_dir, while nothing is played in it, or at any time (freeze, thaw, log):

    --mode=annul --match=12 --reason='wrong test set'   the match is played again by the same command as before
    --mode=freeze, --mode=thaw                          nothing is played in between
    --mode=replay --half_round=40 --input_data_pattern='data/test.tfrecords'   plays it again, and compares
    --mode=disqualify --event=tournament --team='Blue Foxes' --reason='trained on the test set'
    --mode=log                                          what happened: annulments, failures of this machine, freezes

The exit code is 1 where something waits for the organiser.
"""

import dataclasses
import os
import secrets
import sys
import time

if not __package__:  # `python battle.py` inside gan/: the package is found one folder up
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

import numpy as np

from gan.arena import (
    arena,
    bracket,
    copy_check,
    events,
    mock_battles,
    ratings,
    result_pages,
    store,
    teams,
    terminal,
    timetable,
)
from gan.console import command, flags
from gan.console.errors import UserError
from gan.console.flags import flag
from gan.contest import rules
from gan.data import pixels, tfrecords
from gan.sandbox import child_process, staging
from gan.snapshots import checkpoint_files
from gan.storage import cache, paths

ANNUL, FREEZE, THAW, REPLAY, DISQUALIFY, LOG = "annul", "freeze", "thaw", "replay", "disqualify", "log"
ORGANISING = (ANNUL, DISQUALIFY, FREEZE, THAW, REPLAY, LOG)
MODES = (events.MATCH, events.TOURNAMENT, events.MOCK, events.LEAGUE, events.CHECK, *ORGANISING)
_DEFAULTS, _SIZES = child_process.DEFAULT_LIMITS, staging.DEFAULT_SIZES


@dataclasses.dataclass(frozen=True)
class BattleConfig:
    """Flags of the command, by name."""

    mode: str = flag(None, "What to do.", choices=MODES, required=True)
    input_data_pattern: str = flag(None, "TFRecord files of real images that nobody trained on, to choose from.")
    teams: str = flag(None, "File with the columns team,path: who takes part.")
    snapshots: str = flag(
        None, "In place of --teams, for a match or a check: folders or snapshots, with commas; NAME=PATH names one."
    )
    arena_dir: str = flag("arena/", "Folder that keeps everything.")
    event: str = flag(
        None,
        "Name of the event; not set: its mode, numbered where --mode is match, check or league. Mock battles are named "
        "by their times.",
    )
    seed: int = flag(None, "Of noise, real images, order and draw; drawn and shown where not set.", at_least=0)
    seeding: str = flag(
        events.BY_DRAW, "Who is seeded best; for --mode=tournament.", choices=(events.BY_DRAW, events.BY_RATING)
    )
    num_rounds: int = flag(
        rules.MATCH_ROUNDS, f"Rounds, for --mode=match; a tournament's final has {rules.FINAL_ROUNDS}.", at_least=1
    )
    first_battle: str = flag("12:00", "First mock battle: a time, or a day and a time, 2026-11-23 12:00.")
    period_minutes: int = flag(120, "From one mock battle to the next.", at_least=1, at_most=24 * 60)
    time_zone: str = flag("Asia/Seoul", "Of --first_battle.")
    num_battles: int = flag(None, "Mock battles to hold; not set: until interrupted.", at_least=1)
    train_data_pattern: str = flag(None, "TFRecord files that were trained on: looks for copies of them.")
    forfeit_copies: bool = flag(
        False,
        f"A generator of whose 15 images {arena.COPIES_TO_FORFEIT} or more look copied from the training files fails.",
    )
    require_isolation: bool = flag(False, "Refuses to begin where this machine cannot confine snapshots well.")
    memory_mb: int = flag(_DEFAULTS.memory // 2**20, "MiB that a snapshot may use.", at_least=64)
    processor_seconds: int = flag(_DEFAULTS.processor_seconds, "Processor time of a snapshot, in all.", at_least=1)
    open_seconds: float = flag(_DEFAULTS.open_seconds, "Time to open, and to check, a snapshot.", at_least=1)
    call_seconds: float = flag(_DEFAULTS.call_seconds, "Time for 15 images, and to judge 30.", at_least=0.1)
    max_data_mb: int = flag(_SIZES.data // 2**20, "MiB that a snapshot's .data-* files may have.", at_least=1)
    max_meta_mb: int = flag(_SIZES.meta // 2**20, "MiB that its .meta file may have.", at_least=1)
    open_snapshots: int = flag(
        arena.usual_cells(),
        "Snapshots kept open at a time, some 50 MiB each; the default is by this machine's memory.",
        at_least=2,
    )
    match: int = flag(None, "Number of the match to annul, as the terminal and the screen show it.")
    team: str = flag(None, "Team of --event to disqualify: it forfeits what it has not played yet.")
    reason: str = flag(None, "Why, for --mode=annul, disqualify and freeze.")
    half_round: int = flag(None, "Number of the half round to replay, as the screen shows it.")
    use_mnist: bool = flag(False, "Images are MNIST digits, 28x28, in place of 50x50 faces.")


def main(argv=None):
    """Runs the command and returns its exit code."""
    return command.run(battle, BattleConfig, argv)


def battle(config):
    """Plays, or does what the organiser wants; the exit code is 1 where something is left to the organiser."""
    _refuse_useless_flags(config)
    paths.check_on_disk(config.arena_dir, "arena_dir")
    if config.mode in ORGANISING and not os.path.exists(os.path.join(config.arena_dir, store.FILE)):
        raise UserError(f"--arena_dir={config.arena_dir}: no arena is there")
    organising = {FREEZE: _freeze, THAW: _freeze, ANNUL: _annul, DISQUALIFY: _disqualify, LOG: _print_log}
    if config.mode in organising:
        return organising[config.mode](config)
    if not config.input_data_pattern:
        raise UserError("--input_data_pattern is needed: TFRecord files of real images that nobody trained on")
    if config.forfeit_copies and not config.train_data_pattern:
        raise UserError("--forfeit_copies needs --train_data_pattern: TFRecord files that may have been copied from")
    entries = None if config.mode == REPLAY else _entries(config)
    if config.mode == events.MOCK:
        _timetable(config)  # a mistake in it is told at once
    size = pixels.image_size(config.use_mnist)
    real_images = tfrecords.read_all(cache.find_files(config.input_data_pattern, "input_data_pattern"), size)
    _check_enough(config, real_images)
    seed = config.seed if config.seed is not None else secrets.randbelow(2**31)
    with _arena(config, size, real_images) as opened:
        print(opened.isolation.described(), flush=True)
        if config.mode == REPLAY:
            return _replay(opened, config.half_round)
        if config.mode == events.MOCK:
            outcome = _hold_mock_battles(opened, config, seed)
        else:
            outcome = _play(opened, config, entries, seed)
        return _told(opened, outcome) if outcome else None


def _arena(config, size, real_images):
    limits = child_process.SandboxLimits(
        config.memory_mb * 2**20, config.processor_seconds, config.open_seconds, config.call_seconds
    )
    sizes = dataclasses.replace(_SIZES, data=config.max_data_mb * 2**20, meta=config.max_meta_mb * 2**20)
    known = None
    if config.train_data_pattern:
        files = cache.find_files(config.train_data_pattern, "train_data_pattern")
        known = copy_check.Copies(tfrecords.read_all(files, size), real_images)
    try:
        os.makedirs(config.arena_dir, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"--arena_dir={config.arena_dir} cannot be made ({error.strerror}); name another folder"
        ) from error
    return arena.Arena(
        config.arena_dir,
        size,
        real_images,
        limits,
        sizes,
        config.require_isolation,
        known,
        config.forfeit_copies,
        config.open_snapshots,
    )


def _entries(config):
    if config.snapshots:
        found = [teams.Entry(name, path, 0, None) for name, path in flags.named_paths(config.snapshots).items()]
        _check_there(found)
    elif config.teams:
        found = _listed(config)
    else:
        other = ", or --snapshots" if config.mode in (events.MATCH, events.CHECK) else ""
        raise UserError(f"--teams is needed{other}: a file with the columns team,path")
    if config.mode == events.MATCH and len(found) != 2:
        raise UserError(f"--mode=match is for 2 snapshots, {len(found)} are given")
    if config.mode in (events.TOURNAMENT, events.LEAGUE):
        try:
            bracket.num_rounds(len(found))
        except UserError as error:
            raise UserError(f"--teams={config.teams}: {error}") from None
    return found


def _timetable(config, begun=None):
    return timetable.Timetable(config.first_battle, config.period_minutes, config.time_zone, begun)


def _check_enough(config, real_images):
    rounds = rules.FINAL_ROUNDS if config.mode == events.TOURNAMENT else config.num_rounds
    wanted = 2 * rounds * rules.IMAGES_OF_EACH
    if config.mode != REPLAY and len(real_images) < wanted:
        raise UserError(
            f"--input_data_pattern={config.input_data_pattern} has {len(real_images)} images; {wanted} are needed, "
            "as none is shown twice in a match"
        )


def _play(opened, config, entries, seed):
    name = config.event or _unused_name(opened.store, config.mode)
    options = {events.TOURNAMENT: {"seeding": config.seeding}, events.MATCH: {"num_rounds": config.num_rounds}}
    event = events.begin(opened, name, config.mode, entries, seed, options.get(config.mode))
    if config.seed not in (None, event.seed):
        raise UserError(f"--seed={config.seed}: {event.name} was begun with seed {event.seed}, which goes on")
    print(f"{event.name}: seed {event.seed}, kept in {opened.store.path}", flush=True)
    if event.finished is not None:
        print(f"{event.name} is over; --event=NAME plays another one")
    return events.play(opened, event, _print_match)


def _unused_name(kept, mode):
    """The mode for a tournament; else that with a number, of the first event that is not over; a check is new."""
    if mode == events.TOURNAMENT:
        return mode
    number = 1
    while (found := kept.event(f"{mode} {number}")) and (found.finished is not None or mode == events.CHECK):
        number += 1
    return f"{mode} {number}"


def _hold_mock_battles(opened, config, seed):
    seed = mock_battles.keep_seed(opened, seed)
    if config.seed not in (None, seed):
        raise UserError(f"--seed={config.seed}: mock battles in {opened.store.path} have seed {seed}, which goes on")
    print(f"mock battles: seed {seed}, kept in {opened.store.path}; Ctrl-C ends", flush=True)
    clock = mock_battles.Clock()
    table = _timetable(config, mock_battles.begun(opened) or clock.now())
    return mock_battles.hold(
        opened, lambda: _listed(config), table, seed, clock, config.num_battles, _print_match, _say
    )


def _say(text):
    print(text, flush=True)


def _print_match(match, home, away):
    if home is not away:  # a check: what it says is told at the end
        _say(f"{match.id}: {terminal.line(match, home, away)}")


def _told(opened, outcome):
    """Prints how an event ended."""
    event, kept = outcome.event, opened.store
    listed, matches = kept.teams(event.id), kept.matches(event.id)
    if event.mode == events.CHECK:
        return _told_check(kept, outcome, listed)
    if event.mode == events.TOURNAMENT:
        print("\n" + terminal.bracket_text(listed, matches))
    if event.mode == events.LEAGUE:
        print("\n" + terminal.table_text(events.standings(kept, event)))
    _tell_suspects(opened, event, listed)
    if outcome.champion:
        _say(f"\n{outcome.champion.name} wins {event.name}")
    for match in outcome.held:
        _say(f"match {match.id} is held: {match.reason}; the same command tries it again")
    if outcome.is_frozen:
        _say("the arena is frozen; --mode=thaw, then the same command goes on")
    _say(f"to look at it: python -m gan.scoreboard --arena_dir={opened.folder}")
    return 1 if outcome.held or outcome.is_frozen else 0


def _tell_suspects(opened, event, listed):
    suspects = opened.store.suspects(event.id)
    page = result_pages.write_suspects(opened.folder, event, listed, suspects)
    for team in listed:
        if count := sum(suspect.team == team.id for suspect in suspects):
            _say(f"{count} images of {team.name} look copied from the training images, see {page}")


def _told_check(kept, outcome, listed):
    """Prints who can take part; the exit code is 1 where one cannot, or could not be checked."""
    matches, good = {match.home: match for match in kept.matches(outcome.event.id)}, True
    for team in listed:
        match = matches.get(team.id)
        problem = _problem(kept, team, match)
        good = good and not problem
        _say(f"{team.name}: {problem or f'step {team.step}, can take part'} ({team.path})")
    return 0 if good else 1


def _problem(kept, team, match):
    """What is wrong with a team that was checked in a match with itself; None where nothing is."""
    if team.fault:
        return f"would forfeit every match: {team.fault}"
    if match is None:
        return "could not be checked: the arena is frozen"
    if match.status == store.HELD:
        return f"could not be checked: {match.reason}"
    faults = [each for half in kept.half_rounds(match.id) for each in (half.generator_fault, half.discriminator_fault)]
    return next((f"would fail in battle: {fault}" for fault in faults if fault), None)


def _replay(opened, half_round):
    if half_round is None:
        raise UserError("--half_round is needed: the number of a half round")
    found = opened.store.half_round(half_round)
    if found is None:
        raise UserError(f"--half_round={half_round}: there is none in {opened.store.path}")
    events.check_playable(opened, opened.store.event_of(found.match))
    before, now = opened.replay(half_round)
    same = all(
        (a is None and b is None) or (a is not None and b is not None and np.array_equal(a, b))
        for a, b in ((before.images, now.images), (before.truth, now.truth), (before.probabilities, now.probabilities))
    )
    told = "images, order and probabilities are the same" if same else "images, order or probabilities differ"
    _say(f"half round {half_round}: {before.points} points then, {now.result.points} now; {told}")
    return 0 if same and before.points == now.result.points else 1


def _check_there(entries):
    """Raises UserError for a path, typed by hand, where no snapshot is."""
    for entry in entries:
        if not checkpoint_files.snapshot_steps(entry.path):
            raise UserError(
                f"--snapshots: there is no snapshot at {entry.path} (model.ckpt-N.index, .meta and .data-*)"
            )


def _listed(config):
    return teams.read(config.teams, [mock_battles.HOUSE_TEAM.name] if config.mode == events.MOCK else ())


def _refuse_useless_flags(config):
    """Raises UserError for a flag that this mode would not follow."""
    followed_by = {
        "seeding": (events.TOURNAMENT,),
        "num_rounds": (events.MATCH,),
        "snapshots": (events.MATCH, events.CHECK),
        "event": (events.MATCH, events.TOURNAMENT, events.LEAGUE, events.CHECK, DISQUALIFY, LOG),
        "match": (ANNUL,),
        "half_round": (REPLAY,),
        "team": (DISQUALIFY,),
    }
    defaults = {field.name: field.default for field in dataclasses.fields(config)}
    for name, modes in followed_by.items():
        if getattr(config, name) != defaults[name] and config.mode not in modes:
            raise UserError(f"--{name} is for --mode={' or '.join(modes)}, not for --mode={config.mode}")


def _disqualify(config):
    if not (config.event and config.team and config.reason):
        raise UserError("--mode=disqualify needs --event=NAME, --team=NAME and --reason='...'")
    with store.Store(config.arena_dir) as kept:
        event = _event(kept, config.event)
        if event.finished is not None:
            raise UserError(f"{event.name} is over; annul the matches that {config.team} should not have won")
        found = {team.name: team for team in kept.teams(event.id)}
        if config.team not in found:
            raise UserError(f"--team={config.team}: {event.name} has no such team; it has {', '.join(found)}")
        kept.disqualify(found[config.team].id, config.reason)
    _say(f"{config.team} forfeits what it has not played yet; the command that plays {event.name} goes on")


def _event(kept, name):
    event = kept.event(name)
    if event is None:
        there = ", ".join(event.name for event in kept.events()) or "none"
        raise UserError(f"--event={name}: {kept.path} has no such event; it has {there}")
    return event


def _print_log(config):
    with store.Store(config.arena_dir, read_only=True) as kept:
        entries = kept.log_entries(_event(kept, config.event).id if config.event else None)
        names = {event.id: event.name for event in kept.events()}
    for entry in entries:
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(entry.at))
        about = [names[entry.event]] if entry.event else []
        about += [f"match {entry.match}"] if entry.match else []
        _say("  ".join(filter(None, [when, ", ".join(about), entry.kind, entry.text])))


def _annul(config):
    if config.match is None or not config.reason:
        raise UserError("--mode=annul needs --match=NUMBER and --reason='...'")
    with store.Store(config.arena_dir) as kept:
        annulled = kept.annul(config.match, config.reason)
        ratings.rate_again(kept, events.RATED)
    _say(f"annulled: {', '.join(map(str, annulled))}; the command that played the event plays on from there")


def _freeze(config):
    path = os.path.join(config.arena_dir, events.FROZEN)
    if config.mode == FREEZE:
        with open(path, "w", encoding="utf-8") as file:
            file.write(config.reason or "")
        _say(f"{config.arena_dir} is frozen: the match that is being played ends, and no other begins")
    elif os.path.exists(path):
        os.remove(path)
        _say(f"{config.arena_dir} goes on: run the command that plays")


if __name__ == "__main__":
    sys.exit(main())
