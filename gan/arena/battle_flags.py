"""Flags of `battle`. No TensorFlow."""

import dataclasses

from gan.arena import arena, events, open_snapshots, pairing, timetable
from gan.console.flags import flag
from gan.contest import languages, rules
from gan.distributed import worker_flags
from gan.sandbox import child_process, staging

MODES = (events.MATCH, events.TOURNAMENT, events.MOCK, events.LEAGUE, events.CHECK)
_ORGANISING = ("annul", "disqualify", "freeze", "thaw", "replay", "log")  # modes of earlier versions
_GONE_MODES = {mode: f"it is now a command of its own, `python -m gan.organise {mode}`" for mode in _ORGANISING}
_LIMITS, _SIZES = child_process.DEFAULT_LIMITS, staging.DEFAULT_SIZES
_TIMETABLE, _COPIES, _SNAPSHOTS = "Mock battles", "Copies and known images", "What a snapshot may use"
NO_PROBE, PROBE_BEFORE, PROBE_AFTER = "no", "before", "after"  # the matches of a tournament


@dataclasses.dataclass(frozen=True)
class BattleFlags(worker_flags.WorkerFlags):
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
    seed: int = flag(
        None,
        "Of noise, choice of real images, order and draw. Not set: drawn and printed.",
        at_least=0,
        at_most=2**63 - 1,
    )
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
        "Snapshots kept open at a time, some 60 MiB each; the default is by this machine's memory.",
        at_least=2,
    )
    no_secret_images: bool = flag(
        False, "For --mode=mock: lets them begin in an arena that knows of no secret images, as there are none."
    )
    forfeit_wrong_names: bool = flag(
        False, "Begins an event although --teams gives a team no name that it can have: it forfeits its matches."
    )
    show_again: bool = flag(
        False, "For --mode=tournament: lets it show real images that were shown in earlier events of the arena."
    )
    use_mnist: bool = flag(False, "Images are MNIST digits, 28x28, instead of 50x50 faces.")
    language: str = flag(
        languages.ENGLISH,
        "Of the pages that mock battles write to teams' buckets: results and status.",
        choices=languages.LANGUAGES,
    )
    webhook: str = flag(
        None,
        "Address of a webhook, such as a chat room's of Slack, Discord or Mattermost, that is told the next or a "
        "skipped battle, results, champions and what is held, ahead of the screen. It is secret: a --flagfile keeps "
        "it off the command line.",
    )
    allow_other_bits: bool = worker_flags.other_bits()
    first_battle: str = flag("12:00", "The first one: a time, or day and time, 2026-11-23 12:00.", group=_TIMETABLE)
    period_minutes: float = flag(
        120.0,
        "From one to the next; a rehearsal may take 0.5, with --first_battle=00:00 to begin at once.",
        at_least=timetable.SHORTEST_PERIOD,
        at_most=24 * 60,
        group=_TIMETABLE,
    )
    time_zone: str = flag("Asia/Seoul", "Of --first_battle.", group=_TIMETABLE)
    num_battles: int = flag(None, "How many; not set: until Ctrl-C.", at_least=1, group=_TIMETABLE)
    matches_per_battle: int = flag(
        3,
        "Matches of each team in a battle, each against another opponent.",
        at_least=1,
        at_most=1023,
        group=_TIMETABLE,
    )
    pairing: str = flag(
        pairing.RANDOM,
        "Who meets whom: by lot, or those of whose order the ratings know least.",
        choices=(pairing.RANDOM, pairing.INFORMATIVE),
        group=_TIMETABLE,
    )
    train_data_pattern: str = flag(
        None, "TFRecord files that teams trained on: generated images are compared with them.", group=_COPIES
    )
    forfeit_copies: bool = flag(
        False, f"A generator fails if {arena.COPIES_TO_FORFEIT} or more of its 15 images look copied.", group=_COPIES
    )
    probe: str = flag(
        NO_PROBE,
        "When to look who knows the test images by heart, for --mode=tournament; only the organiser is told. They are "
        "compared with the images of --reference_data_pattern.",
        choices=(NO_PROBE, PROBE_BEFORE, PROBE_AFTER),
        group=_COPIES,
    )
    forfeit_known_images: bool = flag(
        False, "With --probe=before: a team whose discriminator knows test images forfeits its matches.", group=_COPIES
    )
    require_isolation: bool = flag(
        False, "Refuses to begin if this machine cannot confine snapshots well.", group=_SNAPSHOTS
    )
    memory_mb: int = flag(_LIMITS.memory // 2**20, "MiB of memory.", at_least=64, group=_SNAPSHOTS)
    all_memory_mb: int = flag(
        None,
        "MiB of memory for all open snapshots together. The one that takes the most beyond its share fails. Not set: "
        "60% of this machine's memory.",
        at_least=128,
        group=_SNAPSHOTS,
    )
    processor_seconds: int = flag(
        _LIMITS.processor_seconds, "Seconds of processor time, in all.", at_least=1, group=_SNAPSHOTS
    )
    open_seconds: float = flag(_LIMITS.open_seconds, "Seconds to open it and check it.", at_least=1, group=_SNAPSHOTS)
    call_seconds: float = flag(_LIMITS.call_seconds, "Seconds to make 15 or judge 30.", at_least=0.1, group=_SNAPSHOTS)
    max_data_mb: int = flag(_SIZES.data // 2**20, "MiB of its .data-* files.", at_least=1, group=_SNAPSHOTS)
    max_meta_mb: int = flag(_SIZES.meta // 2**20, "MiB of its .meta file.", at_least=1, group=_SNAPSHOTS)
