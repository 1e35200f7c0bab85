"""Plays battles between teams' snapshots: a match, a tournament, a league, mock battles, a check before handing in.

    python -m gan.battle --mode=check --snapshots=run1 --input_data_pattern='data/validation.tfrecords'
    python -m gan.battle --mode=match --snapshots=run1,gan/house_team \\
        --input_data_pattern='data/validation.tfrecords'
    python -m gan.organise secret --arena_dir=arena --test_data_pattern='data/test.tfrecords'
    python -m gan.battle --mode=mock --teams=teams.csv --arena_dir=arena \\
        --input_data_pattern='data/validation.tfrecords' \\
        --first_battle=12:00 --period_minutes=120 --time_zone=Asia/Seoul
    python -m gan.battle --mode=tournament --teams=teams.csv --arena_dir=arena \\
        --input_data_pattern='data/test.tfrecords'

The test images stay secret until the tournament: mock battles and all other kinds of play show validation images, and
are refused if they are given an image that the arena knows as secret.

teams.csv has the columns team,path; a path is a folder or a snapshot, on disk or gs://. Each snapshot runs in a
confined process of its own, since it is a stranger's program. --arena_dir keeps all results: if the command is killed,
the same command goes on where it was, with the same outcome. `python -m gan.scoreboard --arena_dir=arena` shows
everything in a browser, live. `python -m gan.organise --help` lists what an organiser can do to an arena: annul a
match, freeze, disqualify a team, replay a half round, read the log, copy everything.

The exit code is 1 if something waits for the organiser, or if a checked snapshot cannot take part.
"""

import contextlib
import dataclasses
import datetime
import os
import secrets
import sys
from collections.abc import Iterator, Sequence

if not __package__:  # `python battle.py` inside gan/: the package is found one folder up
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from gan.arena import (
    arena,
    checking,
    copy_check,
    events,
    league_on_workers,
    mock_battles,
    notices,
    probing,
    result_pages,
    schema,
    secrecy,
    team_names,
    teams,
    terminal,
    timetable,
    webhook,
)
from gan.arena.battle_flags import NO_PROBE, PROBE_BEFORE, BattleFlags
from gan.console import command, flags, output, signals
from gan.console.errors import UserError
from gan.console.progress import Progress
from gan.contest import faults, rules
from gan.data import pixels, tfrecords
from gan.distributed import worker_flags, worker_pool
from gan.sandbox import child_process, staging
from gan.storage import cache, paths


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    with signals.terminated_as_interrupted():
        return command.run(battle, BattleFlags, argv)


def battle(config: BattleFlags) -> int | None:
    """Plays; the exit code is 1 if something is left to the organiser."""
    _refuse_useless_flags(config)
    paths.check_on_disk(config.arena_dir, "arena_dir")
    room = webhook.Webhook(config.webhook) if config.webhook else None
    entrants = _entrants(config)
    if config.mode == events.MOCK:
        _timetable(config)  # so that a mistake in it is found at once
    size = pixels.image_size(config.use_mnist)
    given = _given_images(config, size)
    seed = config.seed if config.seed is not None else secrets.randbelow(2**31)
    with _arena(config, size, given) as opened:
        begun = _going_on(opened, config)
        _check_enough(opened, config, begun)
        _check_names(opened, config, entrants)
        if begun:
            events.check_playable(opened, begun)  # before other images become secret
        consent = secrecy.Consent(config.no_secret_images, config.show_again)
        secrecy.check(opened.store, config.mode, given, consent, goes_on=begun is not None)
        print(opened.isolation.described(), flush=True)
        with _told(opened, room) as told:
            if config.mode == events.MOCK:
                outcome = _hold_mock_battles(opened, config, seed, told)
            else:
                outcome = _play(opened, config, entrants, seed, told)
            if outcome:
                told.outcome(outcome)
        return _tell(opened, outcome) if outcome else None


@contextlib.contextmanager
def _told(opened: arena.Arena, room: webhook.Webhook | None) -> Iterator[notices.Notices]:
    """Who is told what happens; what was not delivered is logged at the end."""
    try:
        with room or contextlib.nullcontext():
            yield notices.Notices(room, opened.store)
    finally:
        if room and (undelivered := room.undelivered):
            _say(f"webhook: {undelivered.number} messages could not be delivered ({undelivered.reason})")
            notices.note_undelivered(opened.store, undelivered)


def _refuse_useless_flags(config: BattleFlags) -> None:
    """Raises UserError for a flag that this mode would not follow."""
    followed_by = {
        "seeding": (events.TOURNAMENT,),
        "num_rounds": (events.MATCH,),
        "snapshots": (events.MATCH, events.CHECK),
        "no_secret_images": (events.MOCK,),
        "language": (events.MOCK,),
        "matches_per_battle": (events.MOCK,),
        **dict.fromkeys(("first_battle", "period_minutes", "time_zone", "num_battles"), (events.MOCK,)),
        "pairing": (events.MOCK,),
        "show_again": (events.TOURNAMENT,),
        "forfeit_wrong_names": (events.MATCH, events.TOURNAMENT, events.LEAGUE),
        "probe": (events.TOURNAMENT,),
        "forfeit_known_images": (events.TOURNAMENT,),
        "workers": (events.LEAGUE,),
        "scheduler": (events.LEAGUE,),
        "allow_other_bits": (events.LEAGUE,),
        "event": (events.MATCH, events.TOURNAMENT, events.LEAGUE, events.CHECK),
    }
    defaults = {field.name: field.default for field in dataclasses.fields(config)}
    for name, modes in followed_by.items():
        if getattr(config, name) != defaults[name] and config.mode not in modes:
            raise UserError(f"--{name} is for --mode={' or '.join(modes)}, not for --mode={config.mode}")
    worker_flags.check(config)
    if config.forfeit_copies and not config.train_data_pattern:
        raise UserError("--forfeit_copies needs --train_data_pattern: TFRecord files that may have been copied from")
    if config.forfeit_known_images and config.probe != PROBE_BEFORE:
        raise UserError("--forfeit_known_images needs --probe=before: after the matches nothing is left to forfeit")


def _entrants(config: BattleFlags) -> list[teams.Entrant]:
    """Who takes part; raises UserError if nobody is named, or too few or too many for the mode."""
    if config.snapshots and config.teams:
        raise UserError("--teams and --snapshots both say who takes part; give one of them")
    if config.snapshots:
        given, found = f"--snapshots={config.snapshots}", teams.of_paths(flags.named_paths(config.snapshots))
    elif config.teams:
        given, found = f"--teams={config.teams}", _listed(config)
    else:
        other = ", or --snapshots" if config.mode in (events.MATCH, events.CHECK) else ""
        raise UserError(f"--teams is needed{other}: a file with the columns team,path")
    names = [mock_battles.HOUSE_TEAM.name, *(entrant.name for entrant in found if not entrant.fault)]
    for remark in team_names.remarks(names):
        _say(f"look at {given}: {faults.sentence(remark)}")
    try:
        events.check_number(config.mode, len(found))
    except UserError as error:
        raise UserError(f"{given}: {error}") from None
    return found


def _listed(config: BattleFlags) -> list[teams.Entrant]:
    return teams.read(config.teams, [mock_battles.HOUSE_TEAM.name] if config.mode == events.MOCK else ())


def _timetable(config: BattleFlags, begun: datetime.datetime | None = None) -> timetable.Timetable:
    return timetable.Timetable(config.first_battle, config.period_minutes, config.time_zone, begun)


def _given_images(config: BattleFlags, size: int) -> list[secrecy.GivenImages]:
    """The images that half rounds draw from, then those for references if they are named."""
    given = []
    for name in ("input_data_pattern", "reference_data_pattern"):
        if pattern := getattr(config, name):
            images = tfrecords.read_all(cache.find_files(pattern, name), size)
            given.append(secrecy.GivenImages(f"--{name}={pattern}", images))
    return given


def _going_on(opened: arena.Arena, config: BattleFlags) -> schema.Event | None:
    """The tournament that this command goes on with; None if it begins one, or plays something else."""
    if config.mode != events.TOURNAMENT:
        return None
    begun = opened.store.events.named(config.event or events.unused_name(opened.store, config.mode))
    if begun:
        events.check_rules(begun)
    return begun


def _check_enough(opened: arena.Arena, config: BattleFlags, begun: schema.Event | None) -> None:
    """Raises UserError if there are too few real images for the longest match: it shows none twice."""
    rounds = config.num_rounds
    if config.mode == events.TOURNAMENT:
        rounds = rules.FINAL_ROUNDS[begun.rules if begun else rules.VERSION]
    images = opened.images_of(begun)
    wanted, there = rules.images_needed(rounds, images.rules), len(images.shown)
    if there < wanted:
        raise UserError(
            f"--input_data_pattern={config.input_data_pattern} has {there} images to show; {wanted} are needed, "
            "as no two rounds of a match show the same"
        )


def _check_names(opened: arena.Arena, config: BattleFlags, entrants: list[teams.Entrant]) -> None:
    """Raises UserError if a team would forfeit a new event for its name alone; tells it before mock battles."""
    source = f"--snapshots={config.snapshots}" if config.snapshots else f"--teams={config.teams}"
    kept = opened.store
    checked = teams.with_former_names(entrants, kept.teams.former_names())
    if config.mode == events.MOCK:
        for fault in teams.faults_of_names(checked):
            _say(f"{source}: {faults.sentence(fault)}")
    elif config.mode != events.CHECK:
        name = config.event or events.unused_name(kept, config.mode)
        may_forfeit = config.forfeit_wrong_names or kept.events.named(name) is not None
        teams.check_names(checked, source, may_forfeit)


def _arena(config: BattleFlags, size: int, given: list[secrecy.GivenImages]) -> arena.Arena:
    (_, real_images), *public = given
    limits = child_process.SandboxLimits(
        config.memory_mb * 2**20, config.processor_seconds, config.open_seconds, config.call_seconds
    )
    if config.all_memory_mb:
        limits = limits._replace(all_memory=config.all_memory_mb * 2**20)
    sizes = dataclasses.replace(staging.DEFAULT_SIZES, data=config.max_data_mb * 2**20, meta=config.max_meta_mb * 2**20)
    known = None
    if config.train_data_pattern:
        files = cache.find_files(config.train_data_pattern, "train_data_pattern")
        known = copy_check.CopyCheck(tfrecords.read_all(files, size), real_images)
    settings = arena.ArenaSettings(
        limits, sizes, config.require_isolation, config.forfeit_copies, config.open_snapshots
    )
    return arena.Arena(config.arena_dir, size, real_images, settings, known, *(named.images for named in public))


def _play(
    opened: arena.Arena,
    config: BattleFlags,
    entrants: list[teams.Entrant],
    seed: int,
    told: notices.Notices,
) -> events.Outcome:
    name = config.event or events.unused_name(opened.store, config.mode)
    options: dict[str, dict[str, object]] = {
        events.TOURNAMENT: {"seeding": config.seeding},
        events.MATCH: {"num_rounds": config.num_rounds},
    }
    event = events.begin(opened, name, config.mode, entrants, seed, options.get(config.mode))
    if config.seed not in (None, event.seed):
        raise UserError(
            f"--seed={config.seed}: {event.name} was begun with seed {event.seed}, which goes on; leave --seed out"
        )
    print(f"{event.name}: seed {event.seed}, kept in {opened.store.path}", flush=True)
    if event.finished is not None:
        print(f"{event.name} is over; --event=NAME plays another one")
    if config.probe == PROBE_BEFORE and event.finished is None and events.admit_all(opened, event):
        _probe(opened, event)
        for team in probing.forfeit(opened.store, event) if config.forfeit_known_images else ():
            _say(f"{team.name} forfeits its matches: its discriminator knows test images by heart")
    with _workers(config) as workers:
        outcome = events.play(opened, event, _on_match(told), workers)
    if config.probe != NO_PROBE and outcome.event.finished is not None:
        if outcome.champion:
            _say(f"{outcome.champion.name} wins {event.name}; now discriminators are probed")
        _probe(opened, event)
    return outcome


@contextlib.contextmanager
def _workers(config: BattleFlags) -> Iterator[league_on_workers.Workers | None]:
    if config.workers is None and config.scheduler is None:
        yield None
        return
    with worker_pool.WorkerPool(config.workers, config.scheduler) as pool:
        yield league_on_workers.Workers(pool, config.allow_other_bits)


def _probe(opened: arena.Arena, event: schema.Event) -> None:
    """Shows the test images to discriminators that were not probed yet."""
    with Progress("probing", len(opened.store.teams.of_event(event.id)), "team") as progress:
        probing.probe(opened, event, lambda name: progress.update(note=name))


def _hold_mock_battles(
    opened: arena.Arena, config: BattleFlags, seed: int, told: notices.Notices
) -> events.Outcome | None:
    seed = mock_battles.keep_seed(opened, seed)
    if config.seed not in (None, seed):
        raise UserError(
            f"--seed={config.seed}: mock battles in {opened.store.path} have seed {seed}, which goes on; leave --seed "
            "out"
        )
    print(f"mock battles: seed {seed}, kept in {opened.store.path}; Ctrl-C ends", flush=True)
    clock = mock_battles.Clock()
    table = _timetable(config, mock_battles.begun(opened) or clock.now())
    telling = mock_battles.Telling(_on_match(told), _say, told.next_battle, told.skipped_battle, config.language)
    battles = mock_battles.MockBattles(opened, lambda: _listed(config), table, seed, clock, telling)
    return battles.hold(config.num_battles, mock_battles.MockDraw(config.pairing, config.matches_per_battle))


def _say(text: str) -> None:
    print(text, flush=True)


def _on_match(told: notices.Notices) -> events.OnMatch:
    def on_match(match: schema.Match, home: schema.Team, away: schema.Team | None) -> None:
        _print_match(match, home, away)
        told.match(match, home, away)

    return on_match


def _print_match(match: schema.Match, home: schema.Team, away: schema.Team | None) -> None:
    if home is not away:  # the result of a check is told at the end
        number = f"{match.id}: " if away else ""  # of what can be annulled
        _say(number + terminal.line(match, home, away))


def _tell(opened: arena.Arena, outcome: events.Outcome) -> int:
    """Prints how an event ended; returns the exit code."""
    event, kept = outcome.event, opened.store
    if event.mode == events.CHECK:
        text, is_good = terminal.check_text(kept, event)
        _say(text)
        for remark in checking.remarks(opened, event):
            _say(remark)
        return 0 if is_good else command.EXIT_MISTAKE
    page = result_pages.write_suspects(opened.folder, kept, event)
    output.announce(terminal.outcome_text(kept, outcome, opened.folder, page))
    return command.EXIT_MISTAKE if outcome.held or outcome.is_frozen else 0


if __name__ == "__main__":
    sys.exit(main())
