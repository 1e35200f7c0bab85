"""Plays battles between teams' snapshots: a match, a tournament, a league, mock battles, a check before handing in.

    python -m gan.battle --mode=check --snapshots=run1 --input_data_pattern='data/validation.tfrecords'
    python -m gan.battle --mode=match --snapshots=run1,gan/house_team \\
        --input_data_pattern='data/validation.tfrecords'
    python -m gan.battle --mode=tournament --teams=teams.csv --arena_dir=arena \\
        --input_data_pattern='data/test.tfrecords'
    python -m gan.organise secret --arena_dir=arena --test_data_pattern='data/test.tfrecords'
    python -m gan.battle --mode=mock --teams=teams.csv --arena_dir=arena \\
        --input_data_pattern='data/validation.tfrecords' \\
        --first_battle=12:00 --period_minutes=120 --time_zone=Asia/Seoul

The test images stay secret until the tournament: mock battles and all other kinds of play show validation images, and
are refused if they are given an image that the arena knows as secret.

teams.csv has the columns team,path; a path is a folder or a snapshot, on disk or gs://. Each snapshot runs in a
confined process of its own, since it is a stranger's program. --arena_dir keeps all results: if the command is killed,
the same command goes on where it was, with the same outcome. `python -m gan.scoreboard --arena_dir=arena` shows
everything in a browser, live. `python -m gan.organise --help` lists what an organiser can do to an arena: annul a
match, freeze, disqualify a team, replay a half round, read the log, copy everything.

The exit code is 1 if something waits for the organiser, or if a checked snapshot cannot take part.
"""

import dataclasses
import datetime
import os
import secrets
import sys
from collections.abc import Sequence

if not __package__:  # `python battle.py` inside gan/: the package is found one folder up
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from gan.arena import (
    arena,
    copy_check,
    events,
    mock_battles,
    open_snapshots,
    result_pages,
    schema,
    secrecy,
    teams,
    terminal,
    timetable,
)
from gan.console import command, flags, signals
from gan.console.errors import UserError
from gan.console.flags import flag
from gan.contest import rules
from gan.data import pixels, tfrecords
from gan.sandbox import child_process, staging
from gan.storage import cache, paths

MODES = (events.MATCH, events.TOURNAMENT, events.MOCK, events.LEAGUE, events.CHECK)
_ORGANISING = ("annul", "disqualify", "freeze", "thaw", "replay", "log")  # modes of earlier versions
_GONE_MODES = {mode: f"it is now a command of its own, `python -m gan.organise {mode}`" for mode in _ORGANISING}
_DEFAULTS, _SIZES = child_process.DEFAULT_LIMITS, staging.DEFAULT_SIZES
_TIMETABLE, _COPIES, _SNAPSHOTS = "Mock battles", "Copies of training images", "What a snapshot may use"


@dataclasses.dataclass(frozen=True)
class BattleConfig:
    """Flags of the command, by name."""

    GONE = {
        "match": "`python -m gan.organise annul` has it now",
        "team": "`python -m gan.organise disqualify` has it now",
        "reason": "`python -m gan.organise` has it now, in annul, disqualify and freeze",
        "half_round": "`python -m gan.organise replay` has it now",
    }

    mode: str = flag(None, "What to play.", choices=MODES, required=True, gone=_GONE_MODES)
    input_data_pattern: str = flag(
        None, "TFRecord files of real images that nobody trained on; a battle draws from them.", required=True
    )
    reference_data_pattern: str = flag(
        None,
        "TFRecord files of real images that everybody may see, such as validation data. A discriminator that looks at "
        "its batch sees each image beside 15 of them, the same for all matches of an event. Not set: 15 of "
        "--input_data_pattern, which are then not shown.",
    )
    teams: str = flag(None, "Who takes part: a CSV file with the columns team,path.")
    snapshots: str = flag(
        None, "Instead of --teams, for a match or a check: folders or snapshots, with commas; NAME=PATH names one."
    )
    arena_dir: str = flag("arena/", "Folder that keeps everything; the same command goes on from it.")
    event: str = flag(
        None,
        "Name of the event. Not set: tournament, or the first of match 1, match 2 ... (or of league or check) that is "
        "not over. Mock battles are named for their times.",
    )
    seed: int = flag(None, "Of noise, choice of real images, order and draw. Not set: drawn and printed.", at_least=0)
    seeding: str = flag(
        events.BY_DRAW,
        "Who is seeded best in a tournament: by lot, or by the ratings from earlier events.",
        choices=(events.BY_DRAW, events.BY_RATING),
    )
    num_rounds: int = flag(
        rules.MATCH_ROUNDS,
        f"Rounds, for --mode=match; a tournament's final has {rules.FINAL_ROUNDS[rules.VERSION]}.",
        at_least=1,
    )
    open_snapshots: int = flag(
        open_snapshots.usual_number(),
        "Snapshots kept open at a time, some 50 MiB each; the default is by this machine's memory.",
        at_least=2,
    )
    no_secret_images: bool = flag(
        False, "For --mode=mock: lets them begin in an arena that knows of no secret images, as there are none."
    )
    show_again: bool = flag(
        False, "For --mode=tournament: lets it show real images that were shown in earlier events of the arena."
    )
    use_mnist: bool = flag(False, "Images are MNIST digits, 28x28, instead of 50x50 faces.")
    first_battle: str = flag("12:00", "The first one: a time, or day and time, 2026-11-23 12:00.", group=_TIMETABLE)
    period_minutes: float = flag(
        120.0,
        "From one to the next; a rehearsal may take 0.5.",
        at_least=timetable.SHORTEST_PERIOD,
        at_most=24 * 60,
        group=_TIMETABLE,
    )
    time_zone: str = flag("Asia/Seoul", "Of --first_battle.", group=_TIMETABLE)
    num_battles: int = flag(None, "How many; not set: until Ctrl-C.", at_least=1, group=_TIMETABLE)
    train_data_pattern: str = flag(
        None, "TFRecord files that teams trained on: generated images are compared with them.", group=_COPIES
    )
    forfeit_copies: bool = flag(
        False, f"A generator fails if {arena.COPIES_TO_FORFEIT} or more of its 15 images look copied.", group=_COPIES
    )
    require_isolation: bool = flag(
        False, "Refuses to begin if this machine cannot confine snapshots well.", group=_SNAPSHOTS
    )
    memory_mb: int = flag(_DEFAULTS.memory // 2**20, "MiB of memory.", at_least=64, group=_SNAPSHOTS)
    processor_seconds: int = flag(
        _DEFAULTS.processor_seconds, "Seconds of processor time, in all.", at_least=1, group=_SNAPSHOTS
    )
    open_seconds: float = flag(_DEFAULTS.open_seconds, "Seconds to open it and check it.", at_least=1, group=_SNAPSHOTS)
    call_seconds: float = flag(
        _DEFAULTS.call_seconds, "Seconds to make 15 or judge 30.", at_least=0.1, group=_SNAPSHOTS
    )
    max_data_mb: int = flag(_SIZES.data // 2**20, "MiB of its .data-* files.", at_least=1, group=_SNAPSHOTS)
    max_meta_mb: int = flag(_SIZES.meta // 2**20, "MiB of its .meta file.", at_least=1, group=_SNAPSHOTS)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    with signals.terminated_as_interrupted():
        return command.run(battle, BattleConfig, argv)


def battle(config: BattleConfig) -> int | None:
    """Plays; the exit code is 1 if something is left to the organiser."""
    _refuse_useless_flags(config)
    paths.check_on_disk(config.arena_dir, "arena_dir")
    entrants = _entrants(config)
    if config.mode == events.MOCK:
        _timetable(config)  # so that a mistake in it is found at once
    size = pixels.image_size(config.use_mnist)
    given = _given_images(config, size)
    seed = config.seed if config.seed is not None else secrets.randbelow(2**31)
    with _arena(config, size, given) as opened:
        begun = _going_on(opened, config)
        _check_enough(opened, config, begun)
        consent = secrecy.Consent(config.no_secret_images, config.show_again)
        secrecy.check(opened.store, config.mode, given, consent, goes_on=begun is not None)
        print(opened.isolation.described(), flush=True)
        if config.mode == events.MOCK:
            outcome = _hold_mock_battles(opened, config, seed)
        else:
            outcome = _play(opened, config, entrants, seed)
        return _tell(opened, outcome) if outcome else None


def _refuse_useless_flags(config: BattleConfig) -> None:
    """Raises UserError for a flag that this mode would not follow."""
    followed_by = {
        "seeding": (events.TOURNAMENT,),
        "num_rounds": (events.MATCH,),
        "snapshots": (events.MATCH, events.CHECK),
        "no_secret_images": (events.MOCK,),
        "show_again": (events.TOURNAMENT,),
        "event": (events.MATCH, events.TOURNAMENT, events.LEAGUE, events.CHECK),
    }
    defaults = {field.name: field.default for field in dataclasses.fields(config)}
    for name, modes in followed_by.items():
        if getattr(config, name) != defaults[name] and config.mode not in modes:
            raise UserError(f"--{name} is for --mode={' or '.join(modes)}, not for --mode={config.mode}")
    if config.forfeit_copies and not config.train_data_pattern:
        raise UserError("--forfeit_copies needs --train_data_pattern: TFRecord files that may have been copied from")


def _entrants(config: BattleConfig) -> list[teams.Entrant]:
    """Who takes part; raises UserError if nobody is named, or too few or too many for the mode."""
    if config.snapshots:
        given, found = f"--snapshots={config.snapshots}", teams.of_paths(flags.named_paths(config.snapshots))
    elif config.teams:
        given, found = f"--teams={config.teams}", _listed(config)
    else:
        other = ", or --snapshots" if config.mode in (events.MATCH, events.CHECK) else ""
        raise UserError(f"--teams is needed{other}: a file with the columns team,path")
    try:
        events.check_number(config.mode, len(found))
    except UserError as error:
        raise UserError(f"{given}: {error}") from None
    return found


def _listed(config: BattleConfig) -> list[teams.Entrant]:
    return teams.read(config.teams, [mock_battles.HOUSE_TEAM.name] if config.mode == events.MOCK else ())


def _timetable(config: BattleConfig, begun: datetime.datetime | None = None) -> timetable.Timetable:
    return timetable.Timetable(config.first_battle, config.period_minutes, config.time_zone, begun)


def _given_images(config: BattleConfig, size: int) -> list[secrecy.GivenImages]:
    """The images that half rounds draw from, then those for references if they are named."""
    given = []
    for name in ("input_data_pattern", "reference_data_pattern"):
        if pattern := getattr(config, name):
            images = tfrecords.read_all(cache.find_files(pattern, name), size)
            given.append(secrecy.GivenImages(f"--{name}={pattern}", images))
    return given


def _going_on(opened: arena.Arena, config: BattleConfig) -> schema.Event | None:
    """The tournament that this command goes on with; None if it begins one, or plays something else."""
    if config.mode != events.TOURNAMENT:
        return None
    begun = opened.store.events.named(config.event or events.unused_name(opened.store, config.mode))
    if begun:
        events.check_rules(begun)
    return begun


def _check_enough(opened: arena.Arena, config: BattleConfig, begun: schema.Event | None) -> None:
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


def _arena(config: BattleConfig, size: int, given: list[secrecy.GivenImages]) -> arena.Arena:
    (_, real_images), *public = given
    limits = child_process.SandboxLimits(
        config.memory_mb * 2**20, config.processor_seconds, config.open_seconds, config.call_seconds
    )
    sizes = dataclasses.replace(_SIZES, data=config.max_data_mb * 2**20, meta=config.max_meta_mb * 2**20)
    known = None
    if config.train_data_pattern:
        files = cache.find_files(config.train_data_pattern, "train_data_pattern")
        known = copy_check.CopyCheck(tfrecords.read_all(files, size), real_images)
    settings = arena.ArenaSettings(
        limits, sizes, config.require_isolation, config.forfeit_copies, config.open_snapshots
    )
    return arena.Arena(config.arena_dir, size, real_images, settings, known, *(named.images for named in public))


def _play(opened: arena.Arena, config: BattleConfig, entrants: list[teams.Entrant], seed: int) -> events.Outcome:
    name = config.event or events.unused_name(opened.store, config.mode)
    options: dict[str, dict[str, object]] = {
        events.TOURNAMENT: {"seeding": config.seeding},
        events.MATCH: {"num_rounds": config.num_rounds},
    }
    event = events.begin(opened, name, config.mode, entrants, seed, options.get(config.mode))
    if config.seed not in (None, event.seed):
        raise UserError(f"--seed={config.seed}: {event.name} was begun with seed {event.seed}, which goes on")
    print(f"{event.name}: seed {event.seed}, kept in {opened.store.path}", flush=True)
    if event.finished is not None:
        print(f"{event.name} is over; --event=NAME plays another one")
    return events.play(opened, event, _print_match)


def _hold_mock_battles(opened: arena.Arena, config: BattleConfig, seed: int) -> events.Outcome | None:
    seed = mock_battles.keep_seed(opened, seed)
    if config.seed not in (None, seed):
        raise UserError(f"--seed={config.seed}: mock battles in {opened.store.path} have seed {seed}, which goes on")
    print(f"mock battles: seed {seed}, kept in {opened.store.path}; Ctrl-C ends", flush=True)
    clock = mock_battles.Clock()
    table = _timetable(config, mock_battles.begun(opened) or clock.now())
    telling = mock_battles.Telling(_print_match, _say)
    battles = mock_battles.MockBattles(opened, lambda: _listed(config), table, seed, clock, telling)
    return battles.hold(config.num_battles)


def _say(text: str) -> None:
    print(text, flush=True)


def _print_match(match: schema.Match, home: schema.Team, away: schema.Team | None) -> None:
    if home is not away:  # the result of a check is told at the end
        _say(f"{match.id}: {terminal.line(match, home, away)}")


def _tell(opened: arena.Arena, outcome: events.Outcome) -> int:
    """Prints how an event ended; returns the exit code."""
    event, kept = outcome.event, opened.store
    if event.mode == events.CHECK:
        text, is_good = terminal.check_text(kept, event)
        _say(text)
        return 0 if is_good else command.EXIT_MISTAKE
    listed, suspects = kept.teams.of_event(event.id), kept.suspects.of_event(event.id)
    page = result_pages.write_suspects(opened.folder, event, listed, suspects)
    _say(terminal.outcome_text(kept, outcome, opened.folder, page))
    return command.EXIT_MISTAKE if outcome.held or outcome.is_frozen else 0


if __name__ == "__main__":
    sys.exit(main())
